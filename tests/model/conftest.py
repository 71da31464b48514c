"""A small province that all tests of the model share."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from jiqun.model import ClusterPolicyModel, Population, build_population
from jiqun.model.model import POPULATION_SEED
from jiqun.model.scenario import Scenario
from jiqun.scenarios import load
from tests.model.policy import fork

ROWS = 1_200

Records = Mapping[str, npt.NDArray[Any]]


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    return replace(load("without_document_55"), rows=ROWS)


@pytest.fixture(scope="session")
def populate(scenario: Scenario) -> Callable[[int], Population]:
    """Population by number of rows; each is built once and read only."""
    made: dict[int, Population] = {}

    def build(rows: int = ROWS) -> Population:
        if rows not in made:
            made[rows] = build_population(
                scenario.province, scenario.parameters, rows, POPULATION_SEED
            )
            for column in made[rows].columns.values():
                column.flags.writeable = False
        return made[rows]

    return build


@pytest.fixture(scope="session")
def older(scenario: Scenario) -> Scenario:
    """Older policy alone."""
    return scenario


@pytest.fixture(scope="session")
def end_of_2023(older: Scenario, populate: Callable[[int], Population]) -> ClusterPolicyModel:
    """The province at the end of 2023, to be forked and not to be run."""
    model = ClusterPolicyModel(older, rng=1, population=populate(ROWS))
    model.run_until_year(2023)
    return model


@pytest.fixture(scope="session")
def end_of_2024(end_of_2023: ClusterPolicyModel) -> ClusterPolicyModel:
    """A year after the document was issued, everything in force: to be forked and not to be run."""
    model = fork(end_of_2023, replace(load("as_issued"), rows=ROWS))
    model.run_until_year(2024)
    return model


@pytest.fixture
def start(
    scenario: Scenario, populate: Callable[[int], Population]
) -> Callable[..., ClusterPolicyModel]:
    """A model that has not run yet."""

    def make(seed: int = 1, of: Scenario = scenario, rows: int = ROWS) -> ClusterPolicyModel:
        return ClusterPolicyModel(replace(of, rows=rows), rng=seed, population=populate(rows))

    return make


@pytest.fixture
def same() -> Callable[[Records, Records], None]:
    """Asserts that two sets of records agree to the last bit."""

    def compare(one: Records, other: Records) -> None:
        assert set(one) == set(other)
        for name in one:
            if name == "value":
                assert one[name].tobytes() == other[name].tobytes()
            else:
                assert np.array_equal(one[name], other[name]), name

    return compare
