"""Enterprises with a title move into clusters: who, where to, at what cost, how it is counted."""

from copy import deepcopy

import numpy as np
import pytest

from jiqun.model import ClusterPolicyModel
from jiqun.model.agents.enterprises import COLUMNS, NEVER
from jiqun.model.dimensions import CITIES, FIELDS, TIERS
from jiqun.model.economy import relocation
from jiqun.model.policy import eligibility
from jiqun.model.randomness import uniform
from jiqun.scenarios.structure import switches
from tests.model.policy import ISSUED, changed, fork, having, of_year, run_to

MOVED = {"moved_from", "city", "cluster", "tier", "pool", "capital"}
RATE, LOSS = 0.3, 0.2
NONE = TIERS.index("none")


def ladder(gather=RATE, who=None):
    return changed(ISSUED["label_ladder"], who, rise=0.0, gather=gather)


@pytest.fixture
def before(end_of_2023, older):
    """Makes the province in 2024-Q1 before anybody moves, with a ladder in force."""

    def make(lever=None, loss=LOSS):
        model = fork(end_of_2023, having(older, lever or ladder()))
        model.parameters["moving_loss"] = loss
        return run_to(model, "outside world")

    return make


@pytest.fixture
def moved(before):
    """The same before and after the moves of the year, with the rows that moved."""

    def make(lever=None):
        model = before(lever)
        earlier = deepcopy(model.enterprises.columns)
        relocation.gather(model)
        return model, earlier, np.flatnonzero(model.enterprises.moved_from >= 0)

    return make


def titled(e):
    return (e.srdi > NEVER) | (e.little_giant > NEVER) | (e.champion > NEVER)


def test_history_knows_no_moves(end_of_2023, before):
    assert (end_of_2023.enterprises.moved_from == -1).all()
    assert not any(of_year(end_of_2023, "value_added_moved", "tier").values())
    model = before(ladder(0.0))
    columns = deepcopy(model.enterprises.columns)
    relocation.gather(model)
    for name, values in model.enterprises.columns.items():
        assert np.array_equal(values, columns[name]), name


def test_those_with_a_title_outside_clusters_move_at_the_rate_that_is_delivered(moved):
    model, earlier, rows = moved()
    e, lever = model.enterprises, model.policy.lever("label_ladder")
    hosted = np.zeros(len(FIELDS), dtype=bool)
    for cluster in model.clusters:
        hosted[cluster.field] |= cluster.tier in lever.groups(model.quarter)["tier"]
    may = (earlier["cluster"] < 0) & titled(e) & hosted[e.field]
    draw = uniform(model.seed_of_run, "gathers", e.id, model.quarter)
    # No cluster has a plan yet, so all deliver the same.
    brought = eligibility.delivery(model, lever, np.array([0]))[0]
    assert 0.0 < brought < 1.0
    assert np.array_equal(rows, np.flatnonzero(may & (draw < RATE * brought)))
    assert 4 < len(rows) < may.sum()


def test_they_go_to_a_cluster_of_their_field_that_is_served(moved):
    model, earlier, rows = moved()
    e = model.enterprises
    for row in rows:
        cluster = model.clusters[e.cluster[row]]
        assert (cluster.field, cluster.city) == (e.field[row], e.city[row])
        assert cluster.tier in ("world", "national", "provincial")
        assert TIERS[e.tier[row]] == cluster.tier
        assert e.pool[row] == e.cluster[row]
    assert np.array_equal(e.moved_from[rows], earlier["city"][rows])
    assert (earlier["tier"][rows] == NONE).all()
    assert (e.city[rows] != earlier["city"][rows]).any()


@pytest.mark.parametrize(
    ("who", "holds"),
    [
        ({"tier": ("national",)}, lambda e, rows: e.tier[rows] == TIERS.index("national")),
        ({"city": ("hefei", "wuhu")}, lambda e, rows: e.city[rows] <= CITIES.index("wuhu")),
        ({"field": ("appliances", "nev")}, lambda e, rows: np.isin(e.field[rows], [0, 4])),
        ({"label": ("little_giant",)}, lambda e, rows: e.little_giant[rows] > NEVER),
    ],
    ids=["tier", "city", "field", "label"],
)
def test_groups_say_which_clusters_and_whom(moved, who, holds):
    model, _, rows = moved(ladder(1.0, who))
    assert len(rows)
    assert holds(model.enterprises, rows).all()


def test_a_move_costs_plant_and_moves_nothing_else(moved):
    model, earlier, rows = moved()
    e = model.enterprises
    stays = np.ones(len(e), dtype=bool)
    stays[rows] = False
    for name in COLUMNS:
        now = getattr(e, name)
        assert np.array_equal(now[stays], earlier[name][stays]), name
        if name not in MOVED:
            assert np.array_equal(now, earlier[name]), name
    assert e.capital[rows] == pytest.approx((1.0 - LOSS) * earlier["capital"][rows])
    # Who supplies whom stays.
    assert len(e) == len(model.network.links.number)


def without_cost(end_of_2023, older, gather):
    """A run in which moves cost nothing and leaders do not care where a supplier is."""
    model = fork(end_of_2023, having(older, ladder(gather)))
    model.parameters["moving_loss"] = model.parameters["link_near"] = 0.0
    return model


def test_in_the_quarter_of_the_move_the_province_sells_and_employs_the_same(end_of_2023, older):
    one, other = (
        run_to(without_cost(end_of_2023, older, gather), "market").enterprises
        for gather in (RATE, 0.0)
    )
    assert (one.moved_from >= 0).any()
    for name in COLUMNS:
        if name not in MOVED:
            assert np.array_equal(getattr(one, name), getattr(other, name)), name


def test_a_year_with_moves_leaves_the_province_as_it_was(older, populate):
    """Where place matters by no peers, spillovers or titles, to the last bit."""
    near = ("peer_effects", "knowledge_spillovers", "title_worth")
    values = {name: value for each in near for name, value in switches()[each].off.items()}
    base = ClusterPolicyModel(older.with_draw(values, {}), rng=1, population=populate())
    base.run_until_year(2023)
    models = [without_cost(base, base.policy, gather) for gather in (RATE, 0.0)]
    for model in models:
        model.run_until_year(2024)
    for outcome in ("value_added", "revenue", "employees", "rd_real", "loans", "enterprises"):
        one, other = (of_year(model, outcome)[2024] for model in models)
        assert one == pytest.approx(other, rel=1e-12), outcome
    assert of_year(models[0], "value_added_moved", "tier")[2024, "none"] < -1e8
    assert max(of_year(models[0], "accounting_residual").values()) < 1e-9


def test_what_moved_in_somewhere_has_left_elsewhere(end_of_2023, older):
    model = fork(end_of_2023, having(older, ladder()))
    model.run_until_year(2026)
    for year in (2024, 2025, 2026):
        tiers, cities, clusters = (
            {
                unit: v
                for (y, unit), v in of_year(model, "value_added_moved", level).items()
                if y == year
            }
            for level in ("tier", "city", "cluster")
        )
        into = -tiers["none"]
        assert into > 0.0
        assert sum(tiers.values()) == pytest.approx(0.0, abs=1e-6 * into)
        assert sum(cities.values()) == pytest.approx(0.0, abs=1e-6 * into)
        assert sum(clusters.values()) == pytest.approx(into)
        assert tiers["county"] == 0.0
        made, whole = of_year(model, "value_added", "tier"), of_year(model, "value_added")
        assert sum(made[year, tier] for tier in TIERS) == pytest.approx(whole[year])
        by_city = of_year(model, "value_added", "city")
        assert sum(by_city[year, c] for c in CITIES) == pytest.approx(whole[year])


def test_nobody_moves_out_of_a_cluster(end_of_2023, older):
    model = fork(end_of_2023, having(older, ladder(1.0)))
    model.run_until_year(2024)
    e = model.enterprises
    first = dict(zip(e.id.tolist(), e.cluster.tolist(), strict=True))
    came = set(e.id[e.moved_from >= 0].tolist())
    model.run_until_year(2026)
    for row in range(len(e)):
        number = int(e.id[row])
        if number in came:
            assert e.cluster[row] == first[number] >= 0
