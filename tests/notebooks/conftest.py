"""Stores and what the report knows of them, made once for its tests."""

from pathlib import Path

import pytest

from jiqun.notebooks.money import Money, gather_money, gather_paid
from jiqun.notebooks.trust.evidence import Evidence, gather
from jiqun.notebooks.worlds import Worlds, gather_worlds
from tests.notebooks.made_up import write_compared_store, write_store


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_store(tmp_path_factory.mktemp("report") / "store")


@pytest.fixture(scope="session")
def evidence(store: Path) -> Evidence:
    return gather(store)


@pytest.fixture(scope="session")
def compared_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_compared_store(tmp_path_factory.mktemp("compared") / "store")


@pytest.fixture(scope="session")
def worlds(compared_store: Path) -> Worlds:
    return gather_worlds(compared_store)


@pytest.fixture(scope="session")
def ledger(worlds: Worlds) -> Money:
    paid = gather_paid(worlds.results)
    assert paid is not None
    return gather_money(worlds.results, paid)
