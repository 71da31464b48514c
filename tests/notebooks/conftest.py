"""A store and its evidence, made once for the tests of the report."""

from pathlib import Path

import pytest

from notebooks.evidence import Evidence, gather
from tests.notebooks.made_up import write_store


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_store(tmp_path_factory.mktemp("report") / "store")


@pytest.fixture(scope="session")
def evidence(store: Path) -> Evidence:
    return gather(store)
