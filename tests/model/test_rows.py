"""Results do not hang on the number of rows: means over seeds agree at 5,000 and 20,000 rows."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pytest

from jiqun.model.agents.enterprises import NEVER, Enterprises
from jiqun.model.economy.demography import FIRST_ENTRANT

FEW, MANY = 5_000, 20_000
SEEDS = range(1, 21)
YEAR = 2023

SUMS = ("revenue", "value_added", "employees", "rd_expenditure", "rd_real", "energy")
STOCKS = {
    "enterprises": lambda e: e.above_scale,
    "rd_active": lambda e: e.above_scale & e.rd_active,
    "rd_institutions": lambda e: e.above_scale & e.rd_institution,
    "hightech_enterprises": lambda e: e.high_tech > NEVER,
    "srdi_provincial": lambda e: e.srdi > NEVER,
    "little_giants": lambda e: e.little_giant > NEVER,
    "champions": lambda e: e.champion > NEVER,
    "innovative_smes": lambda e: e.innovative_sme > NEVER,
    "green_factories": lambda e: e.green_factory > NEVER,
}
FLOWS = ("new_above_scale", "exits", "digital_upgrades_above", "digital_upgrades_below")


class Ensemble(NamedTuple):
    """Outcomes of the province, shape (seeds,), and sampling variances of stocks (a run's mean)."""

    values: Mapping[str, np.ndarray]
    variance: Mapping[str, float]


def variance(e: Enterprises, flags: np.ndarray) -> float:
    """Sampling variance of a weighted count: strata are the rows of one weight.

    Entrants do not count, as they are the same at every number of rows.
    """
    _, stratum = np.unique(np.where(e.id >= FIRST_ENTRANT, 1.0, e.weight), return_inverse=True)
    weight = np.where(e.id >= FIRST_ENTRANT, 1.0, e.weight)
    share = np.bincount(stratum, flags) / np.bincount(stratum)
    spread = (share * (1.0 - share))[stratum]
    return float(np.sum(weight**2 * spread * (weight > 1.0)))


@pytest.fixture(scope="module")
def ensembles(scenario, populate):
    from jiqun.model import ClusterPolicyModel  # noqa: PLC0415

    found = {}
    for rows in (FEW, MANY):
        values: dict[str, list[float]] = {}
        variances = dict.fromkeys(STOCKS, 0.0)
        for seed in SEEDS:
            model = ClusterPolicyModel(scenario, rng=seed, population=populate(rows))
            model.run_until_year(YEAR)
            records = model.records()
            last = (records["year"] == YEAR) & (records["level"] == "province")
            for name, value in zip(records["outcome"][last], records["value"][last], strict=True):
                values.setdefault(name, []).append(value)
            for name, flags in STOCKS.items():
                variances[name] += variance(model.enterprises, flags(model.enterprises)) / len(
                    SEEDS
                )
        found[rows] = Ensemble({k: np.array(v) for k, v in values.items()}, variances)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", SUMS)
def test_sums_agree_within_three_per_cent(ensembles, name):
    few, many = (ensembles[rows].values[name].mean() for rows in (FEW, MANY))
    assert few == pytest.approx(many, rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("name", STOCKS)
def test_stocks_agree_within_sampling(ensembles, name):
    few, many = (ensembles[rows].values[name].mean() for rows in (FEW, MANY))
    error = np.sqrt(sum(ensembles[rows].variance[name] for rows in (FEW, MANY)))
    assert abs(few - many) < 3.0 * error


@pytest.mark.slow
@pytest.mark.parametrize("name", FLOWS)
def test_flows_agree_within_sampling(ensembles, name):
    """Who enters, leaves or upgrades is drawn anew with each seed, so seeds show the error."""
    few, many = (ensembles[rows].values[name] for rows in (FEW, MANY))
    error = np.sqrt((few.var(ddof=1) + many.var(ddof=1)) / len(SEEDS))
    assert abs(few.mean() - many.mean()) < 3.0 * error
