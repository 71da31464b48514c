"""Others act too: what the document gives enterprises here, competitors outside gain as well."""

from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from jiqun.model import ClusterPolicyModel
from jiqun.model.calendar import quarter_index
from jiqun.model.dimensions import FIELDS
from jiqun.model.economy import others
from jiqun.scenarios import load
from jiqun.scenarios.structure import switches
from tests.model.policy import assert_same_run, lacking, of_year

N, ROWS, LAST = len(FIELDS), 1_200, 2026
MATCHES = (0.0, 0.5, 1.0)


def world(name, match=1.0):
    return replace(load(name), rows=ROWS).with_draw({"others_match": match}, {})


@pytest.fixture(scope="module")
def made(populate):
    """Runs to the last year, each made once and read only."""

    @cache
    def run(name, match=1.0):
        model = ClusterPolicyModel(world(name, match), rng=1, population=populate(ROWS))
        model.run_until_year(LAST)
        return model

    return run


@pytest.fixture
def begun(populate):
    def make(of):
        return ClusterPolicyModel(of, rng=1, population=populate(ROWS))

    return make


def test_the_switch_lets_others_match_in_full():
    assert switches()["others_do_the_same"].off == {"others_match": 1.0}
    assert load("as_issued").parameters["others_match"] == 0.0


def state(match, usual):
    return SimpleNamespace(
        markets=SimpleNamespace(outside_mass=np.full(N, 9.0)),
        parameters={"others_match": match},
        twin=None if usual is None else SimpleNamespace(markets=SimpleNamespace(own_mass=usual)),
    )


def test_others_gain_in_proportion_what_the_province_gained():
    own = np.linspace(0.9, 1.3, N)
    assert others.outside_mass(state(1.0, np.ones(N)), own) == pytest.approx(9.0 * own)
    half = others.outside_mass(state(0.5, np.ones(N)), own)
    assert half == pytest.approx(9.0 * np.sqrt(own))
    model = state(1.0, np.ones(N))
    for _ in range(3):  # the level of today, however long it has lasted
        assert others.outside_mass(model, own) == pytest.approx(9.0 * own)
    assert (model.markets.outside_mass == 9.0).all()


def test_what_is_not_there_is_not_matched():
    own, usual = np.ones(N), np.ones(N)
    own[0], usual[1] = 0.0, 0.0
    assert (others.outside_mass(state(1.0, usual), own) == 9.0).all()
    assert (others.outside_mass(state(1.0, None), own) == 9.0).all()
    assert (others.outside_mass(state(1.0, own), own) == 9.0).all()


def test_without_a_document_there_is_nothing_to_match(made):
    one, other = made("without_document_55", 0.0), made("without_document_55", 1.0)
    assert other.twin is None
    assert one.records()["value"].tobytes() == other.records()["value"].tobytes()


def test_where_others_look_on_there_is_no_twin(made):
    assert made("as_issued", 0.0).twin is None


def test_history_is_the_same_and_runs_without_a_twin(begun):
    models = [begun(world("as_issued", match)) for match in (0.0, 1.0)]
    for model in models:
        model.run_until_year(2023)
    assert models[1].twin is None
    assert_same_run(*models)
    models[1].run_for(1)
    assert models[1].twin is not None


def test_the_twin_is_the_province_without_the_document(made):
    twin = made("as_issued").twin
    assert twin is not None
    assert twin.twin is None
    assert {lever.origin for lever in twin.policy.levers}.isdisjoint(others.MATCHED)
    assert_same_run(twin, made("without_document_55"))
    later = made("policy_to_date").twin
    assert later is not None
    assert_same_run(later, made("without_document_55_to_date"))


def test_in_the_open_market_every_field_keeps_its_part(begun):
    model = begun(world("as_issued"))
    model.run_until_year(2023)
    for _ in range(12):
        model.run_for(1)
        assert model.twin is not None
        own, usual = model.markets.own_mass, model.twin.markets.own_mass
        there = usual > 0.0
        part = own / (own + others.outside_mass(model, own))
        assert part[there] == pytest.approx(
            (usual / (usual + model.twin.markets.outside_mass))[there], rel=1e-9
        )
    assert np.abs(own[there] / usual[there] - 1.0).max() > 1e-3


def effect(made, outcome, match, level="province"):
    """Relative effect of the document by unit."""
    with_it, without = (
        of_year(made(name, match), outcome, level) for name in ("as_issued", "without_document_55")
    )
    keys = [LAST] if level == "province" else [(LAST, f) for f in FIELDS if (LAST, f) in without]
    return np.array([with_it[key] / without[key] - 1.0 for key in keys])


def test_the_more_others_match_the_less_of_the_market_is_gained(made):
    shares = [effect(made, "market_share", match)[0] for match in MATCHES]
    assert shares[0] > shares[1] > shares[2]
    assert abs(shares[2]) < 0.25 * shares[0]
    # By field what is left goes through links and past full plants.
    fields = [np.abs(effect(made, "market_share", match, "field")).mean() for match in MATCHES]
    assert fields[0] > fields[1] > fields[2]
    assert fields[2] < 0.5 * fields[0]
    made_here = [effect(made, "value_added", match)[0] for match in MATCHES]
    assert made_here[0] > made_here[1] > made_here[2]


def test_what_enterprises_learn_is_hardly_less_where_others_learn_too(made):
    learnt = [effect(made, "tfp", match)[0] for match in MATCHES]
    assert learnt[2] == pytest.approx(learnt[0], rel=0.2)


def test_books_close_where_others_match(made):
    model = made("as_issued")
    assert max(of_year(model, "accounting_residual").values()) < 1e-9
    assert np.isfinite(model.records()["value"]).all()


@pytest.mark.parametrize("leave", [quarter_index(2023, 4), quarter_index(2023, 2)])
def test_a_branch_from_before_makes_its_own_twin(begun, made, leave):
    past = begun(world("without_document_55"))
    past.run_through(leave)
    branch = past.branch(world("as_issued"))
    branch.run_until_year(LAST)
    assert_same_run(branch, made("as_issued"))
    past.run_until_year(LAST)
    assert past.twin is None


def test_a_branch_takes_the_twin_along_and_leaves_the_other_its_own(begun, made):
    issued = world("as_issued")
    lever = issued.lever("skills_training")
    ended = replace(
        issued,
        levers=tuple(
            replace(x, end=quarter_index(2024, 4)) if x is lever else x for x in issued.levers
        ),
    )
    past = begun(issued)
    past.run_until_year(2024)
    branch, alone = past.branch(ended), begun(ended)
    assert branch.twin is not past.twin
    assert branch.twin.policy.levers == others.without_document(ended).levers
    for run in (branch, past, alone):
        run.run_until_year(LAST)
    assert_same_run(branch, alone)
    assert_same_run(past, made("as_issued"))
    assert not np.array_equal(branch.records()["value"], past.records()["value"])


def test_a_branch_to_a_document_that_began_a_year_before_it_acts(begun):
    """The trunk needs no twin before 2025; the branch's would have been due in the year before."""
    issued = world("as_issued")
    few = lacking(issued, *(x.id for x in issued.levers if x.id != "skills_training"))
    lever = few.lever("skills_training")

    def starting(quarter):
        terms = {t: ((quarter, lever.value(t, lever.start)),) for t in lever.terms}
        one = replace(lever, start=quarter, terms=terms)
        return replace(issued, levers=(*others.without_document(issued).levers, one))

    late, soon = starting(quarter_index(2025, 1)), starting(quarter_index(2024, 3))
    past, alone = begun(late), begun(soon)
    past.run_through(quarter_index(2024, 2))
    assert past.twin is None
    branch = past.branch(soon)
    for run in (branch, alone):
        run.run_until_year(2025)
        assert run.twin is not None
    assert_same_run(branch, alone)
