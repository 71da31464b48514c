"""Levers of no size change nothing, bit for bit; levers of any size leave finite results."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.model import ClusterPolicyModel
from jiqun.model.branching import first_difference
from jiqun.scenarios import load
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.tables import table
from tests.model.policy import (
    DESIGNS,
    ISSUED,
    assert_same_run,
    having,
    lacking,
    of_year,
    setting,
)

ROWS = 1_200


@pytest.fixture(scope="module")
def to_date():
    """The province with every lever there is; none is at nothing, the centre of some ranges.

    Nor is any so small that it reaches no row: limits on projects refuse one in two hundred of a
    field, of which 600 rows hold a few dozen.
    """
    both = {row.name: row.high for row in table("parameters") if row.value == 0.0 > row.low}
    found = having(replace(load("policy_to_date"), rows=ROWS), *DESIGNS).with_draw(both, {})
    found = setting(found, "energy_heavy_limits", share=0.5)
    assert {lever.id for lever in found.levers} == set(ISSUED)
    return found


@pytest.mark.parametrize(
    ("lever", "terms"),
    [
        ("rd_grant", {"rate": 0.8}),
        ("rd_grant", {"rate": 1.0}),
        ("equipment_grant", {"rate": 1.0}),
        ("equipment_grant_hefei", {"rate": 1.0}),
        ("digital_voucher", {"rate": 1.0}),
        ("green_retrofit_grant", {"rate": 1.0}),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value["rate"]),
)
def test_support_of_everything_has_finite_results(start, to_date, lever, terms):
    rich = setting(to_date, "special_funds", yearly=30e9)
    model = start(of=setting(rich, lever, **terms, cap=1e9))
    with np.errstate(invalid="raise", divide="raise"):
        model.run_until_year(2025)
    assert np.all(np.isfinite(model.records()["value"]))
    assert max(of_year(model, "accounting_residual").values()) < 1e-9


# levers of no size -----------------------------------------------------------------------------

SIZES = {
    name: tuple(term for term in lever.size if term in lever.terms and term != "cap")
    for name, lever in declarations().items()
} | {"credit_guarantee": ("limit", "coverage")}  # sized by those who claim: these are what they get
"""Terms of the declared size of a lever: with all of them zero it is as if there were none. A cap
alone does so as well (`ALSO`)."""
# Other terms without which a lever has nothing to give.
ALSO = (
    *((name, "cap") for name in ISSUED if "cap" in ISSUED[name].terms),
    *((name, "budget") for name in ISSUED if "rate" in ISSUED[name].terms and ISSUED[name].grants),
    ("loan_interest_discount", "budget"),
    ("title_awards", "budget"),
    ("title_awards_hefei", "budget"),
    *((name, "rate") for name in ISSUED if {"projects", "rate"} <= set(ISSUED[name].terms)),
    *(("innovation_institutes", term) for term in ("amount", "budget")),
    ("first_sets", "sales"),
    ("quality_brand", "sales"),
    ("service_manufacturing", "sales"),
    ("design_centres", "sales"),
    ("guidance_fund", "stake"),
    ("cluster_recognition", "total"),
    ("implementation_capacity", "plans"),
)
AIMED = tuple(name for name, lever in ISSUED.items() if lever.who)


def test_each_lever_has_a_size():
    assert set(SIZES) == set(ISSUED)
    for name, terms in SIZES.items():
        assert set(terms) <= set(ISSUED[name].terms)


@pytest.fixture(scope="module")
def end_of_2023(populate, to_date):
    """The small province under every lever, to be branched and not to be run."""
    model = ClusterPolicyModel(replace(to_date, rows=600), rng=3, population=populate(600))
    model.run_until_year(2023)
    return model


@pytest.fixture(scope="module")
def ran(populate, end_of_2023):
    """Runs a scenario on a small population to 2027, from where it first differs."""

    def run(scenario):
        of = replace(scenario, rows=600)
        if first_difference(of, end_of_2023.policy) > end_of_2023.quarter:
            model = end_of_2023.branch(of)
        else:
            model = ClusterPolicyModel(of, rng=3, population=populate(600))
        model.run_until_year(2027)
        return model

    return run


@pytest.fixture(scope="module")
def runs_without(to_date, ran):
    """Lever to the run that lacks it; each is run once."""
    made = {}

    def run(lever):
        if lever not in made:
            made[lever] = ran(lacking(to_date, lever))
        return made[lever]

    return run


@pytest.fixture(scope="module")
def whole(ran, to_date):
    """The run with every lever."""
    return ran(to_date)


@pytest.mark.parametrize("lever", SIZES)
def test_a_lever_changes_something(whole, runs_without, lever):
    with pytest.raises(AssertionError):
        assert_same_run(whole, runs_without(lever))


@pytest.mark.parametrize("lever", SIZES)
def test_a_lever_of_no_size_changes_nothing(ran, runs_without, to_date, lever):
    none = setting(to_date, lever, **dict.fromkeys(SIZES[lever], 0.0))
    for term in SIZES[lever]:
        assert none.lever(lever).value(term, 30) == 0.0
    # At no rate all of a tax is forgone, and the books say so.
    assert_same_run(
        ran(none), runs_without(lever), lever if ISSUED[lever].channel == "tax" else None
    )


@pytest.mark.parametrize(("lever", "term"), ALSO, ids=str)
def test_a_lever_with_nothing_to_give_changes_nothing(ran, runs_without, to_date, lever, term):
    assert_same_run(ran(setting(to_date, lever, **{term: 0.0})), runs_without(lever), lever)


@pytest.mark.parametrize("lever", AIMED)
def test_a_lever_nobody_is_eligible_for_changes_nothing(ran, runs_without, to_date, lever):
    nobody = setting(to_date, lever, who={next(iter(ISSUED[lever].who[0][1])): ()})
    assert_same_run(ran(nobody), runs_without(lever))
