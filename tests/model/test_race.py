"""The horse race: scores, recognition, appraisal, rounds and plans; status moves, tier does not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jiqun.model import ClusterPolicyModel
from jiqun.model.agents.enterprises import COLUMNS
from jiqun.model.calendar import quarter_index
from jiqun.model.policy.horse_race import (
    DIMENSIONS,
    RACING,
    indicators,
    points,
    score,
    whole_places,
    winners,
)
from jiqun.scenarios import load
from tests.model.policy import books_of, entries, fork, having, lacking, setting, summed, watching

ROWS = 600
CLUSTERS = 30

scores = arrays(np.float64, CLUSTERS, elements=st.floats(0.0, 100.0))
DIMENSION_SCORES = st.fixed_dictionaries(dict.fromkeys(DIMENSIONS, scores))
WEIGHTS = st.fixed_dictionaries({f"score_weight_{d}": st.floats(0.1, 10.0) for d in DIMENSIONS})


@pytest.fixture(scope="module")
def issued():
    """Document 55 with a jury that sees scores as they are, on a small population."""
    found = replace(load("as_issued"), rows=ROWS)
    return found.with_draw({"score_noise": 0.0, "fraud_found": 0.0}, {})


@pytest.fixture(scope="module")
def end_of_2023(issued, populate):
    """Just before the first race, to be forked and not to be run."""
    model = ClusterPolicyModel(issued, rng=1, population=populate(ROWS))
    model.run_until_year(2023)
    return model


@pytest.fixture
def race(end_of_2023, issued):
    """Runs to a year with terms of a lever set."""

    def run(year, lever="cluster_recognition", of=issued, **terms):
        model = fork(end_of_2023, setting(of, lever, **terms))
        model.run_until_year(year)
        return model

    return run


def held(model, *status):
    """Numbers of the clusters that hold a status."""
    return [i for i, cluster in enumerate(model.clusters) if cluster.status in status]


def won(model, status, year):
    """Numbers of the clusters that won a status at the end of a year."""
    quarter = 4 * (year - 2019) + 3
    return [i for i in held(model, status) if model.clusters[i].titled_since == quarter]


# scores -----------------------------------------------------------------------------------------


@given(
    arrays(np.float64, (CLUSTERS, 3), elements=st.floats(-1e3, 1e3)),
    st.integers(0, CLUSTERS - 1), st.integers(0, 2), st.floats(0.0, 1e3),
)  # fmt: skip
def test_points_rise_with_each_indicator_and_stay_between_0_and_100(values, who, which, more):
    mean, spread = values.mean(axis=0), values.std(axis=0)
    before = points(values, mean, spread)
    better = values.copy()
    better[who, which] += more
    after = points(better, mean, spread)
    assert after[who] >= before[who]
    others = np.arange(CLUSTERS) != who
    assert np.array_equal(after[others], before[others])
    assert after.min() >= 0.0
    assert after.max() <= 100.0


@given(DIMENSION_SCORES, WEIGHTS, st.floats(1e-3, 1e3))
def test_the_scale_of_the_weights_does_not_matter(dimensions, weights, scale):
    total = score(dimensions, weights)
    scaled = score(dimensions, {name: scale * weight for name, weight in weights.items()})
    assert np.allclose(scaled, total)
    stacked = np.stack(list(dimensions.values()))
    assert np.all(total >= stacked.min(axis=0) - 1e-9)
    assert np.all(total <= stacked.max(axis=0) + 1e-9)


@given(DIMENSION_SCORES, WEIGHTS, st.sampled_from(DIMENSIONS), st.floats(0.0, 50.0))
def test_a_score_rises_with_each_dimension_by_its_weight(dimensions, weights, which, more):
    raised = {**dimensions, which: dimensions[which] + more}
    gained = score(raised, weights) - score(dimensions, weights)
    part = weights[f"score_weight_{which}"] / sum(weights.values())
    assert np.allclose(gained, part * more)


@given(scores, st.floats(0.0, 100.0), st.integers(-1, 40), st.randoms())
def test_winners_are_the_best_in_whatever_order_they_are_listed(value, least, places, random):
    order = list(range(CLUSTERS))
    first = winners(order, value, least, places)
    random.shuffle(order)
    assert winners(order, value, least, places) == first
    assert len(first) == min(max(places, 0), int((value >= least).sum()))
    rest = [value[i] for i in order if i not in first]
    assert all(value[i] >= least for i in first)
    if first and len(first) == places:
        assert min(value[i] for i in first) >= max((v for v in rest if v >= least), default=0.0)


@given(st.floats(0.0, 20.0))
def test_places_are_whole_and_right_on_average(number):
    draws = (np.arange(1000) + 0.5) / 1000
    places = [whole_places(number, draw) for draw in draws]
    assert np.mean(places) == pytest.approx(number, abs=2e-3)
    assert set(places) <= {int(number), int(number) + 1}


BETTER = {
    "innovation": ("year_rd_reported", "rd_institution"),
    "scale": ("year_revenue",),
    "manufacturing": ("year_value_added_real", "digital_stage", "green_factory"),
    "quality": ("little_giant", "champion", "high_tech"),
    "ecosystem": ("role",),
}


@pytest.mark.parametrize(
    ("dimension", "column"), [(d, c) for d, columns in BETTER.items() for c in columns]
)
def test_better_members_raise_their_own_cluster_alone(end_of_2023, issued, dimension, column):
    model = fork(end_of_2023, issued)
    model.run_for(3)
    e = model.enterprises
    before = indicators(model)
    number = next(i for i, c in enumerate(model.clusters) if c.tier in RACING)
    members = np.flatnonzero((e.cluster == number) & e.above_scale)
    values = getattr(e, column)
    if values.dtype == bool:
        values[members] = True
    elif column in ("little_giant", "champion", "high_tech", "green_factory"):
        values[members] = model.quarter
    elif values.dtype == np.int64:
        values[members] = values[members].clip(min=1) + (column == "digital_stage")
    else:
        values[members] *= 2.0
    after = indicators(model)
    assert np.any(after[dimension][number] > before[dimension][number])
    if column != "year_revenue":  # R&D is judged over revenue
        for name in DIMENSIONS:
            assert np.all(after[name][number] >= before[name][number]), name
    others = np.arange(len(model.clusters)) != number
    for name in DIMENSIONS:
        assert np.array_equal(after[name][others], before[name][others]), name


def test_the_order_of_enterprises_does_not_matter(end_of_2023, issued):
    model = fork(end_of_2023, issued)
    model.run_for(3)
    before = indicators(model)
    e = model.enterprises
    order = np.random.default_rng(1).permutation(len(e))
    for name in COLUMNS:
        setattr(e, name, getattr(e, name)[order])
    for name, values in indicators(model).items():
        assert np.allclose(values, before[name], rtol=1e-12)


def test_points_are_measured_against_the_clusters_of_end_2023(end_of_2023, race):
    racing = [cluster for cluster in end_of_2023.clusters if cluster.tier in RACING]
    for name in DIMENSIONS:
        assert np.mean([c.scores[name] for c in racing]) == pytest.approx(50.0, abs=6.0)
    later = race(2026)
    assert later.cluster_terms.score_base.keys() == end_of_2023.cluster_terms.score_base.keys()
    for name, base in end_of_2023.cluster_terms.score_base.items():
        assert all(
            np.array_equal(a, b)
            for a, b in zip(base, later.cluster_terms.score_base[name], strict=True)
        )
    assert not any(cluster.scores for cluster in later.clusters if cluster.tier not in RACING)


# recognition and appraisal ----------------------------------------------------------------------


@pytest.mark.parametrize("capacity", [0, 3, 40])
def test_the_best_mature_clusters_are_recognised_up_to_capacity(race, capacity):
    model = race(2024, capacity=capacity, maturity=50.0)
    new = won(model, "provincial", 2024)
    mature = [
        i for i, cluster in enumerate(model.clusters)
        if cluster.tier in RACING and cluster.score >= 50.0 and cluster.status != "national"
    ]  # fmt: skip
    assert len(new) == min(capacity, 30, len(mature))
    assert set(new) <= set(mature)
    worst = min((model.clusters[i].score for i in new), default=100.0)
    assert all(model.clusters[i].score <= worst for i in set(mature) - set(new))
    assert all(model.clusters[i].promotion_body for i in new)


def test_there_are_never_more_than_in_all(race):
    model = race(2027, capacity=40.0, maturity=0.0, appraisal=0.0)
    assert len(held(model, "provincial")) == 30
    assert len(held(race(2027, capacity=40.0, maturity=0.0, total=12.0), "provincial")) <= 12


def test_nobody_is_mature_enough_for_a_perfect_score(race):
    assert not held(race(2027, maturity=100.0), "provincial")


def test_a_failed_appraisal_stops_money_and_not_the_title_unless_it_is_revoked(race, issued):
    with watching() as watch:
        model = race(2027, appraisal=100.0, revocation=0.0, maturity=40.0)
    provincial = held(model, "provincial")
    assert len(provincial) > 20
    # The first part comes with the title; the next would need an appraisal that is passed.
    for i in provincial:
        parts = [yuan for _, who, yuan, _ in watch.instalments if who == i]
        assert parts in ([2e6], [])
    assert not held(model, "revoked")


def test_a_revoked_cluster_is_out_for_good_and_gets_nothing_more(race):
    with watching() as watch:
        model = race(2027, appraisal=100.0, revocation=1.0, maturity=40.0)
    revoked = held(model, "revoked")
    assert len(revoked) > 15
    for year in range(2025, 2028):
        before, now = watch.titles[year - 1], watch.titles[year]
        was = {i for i, status in enumerate(before) if status == "provincial"}
        # A cluster may win the national title in the year it would have failed: none did first.
        assert was <= {i for i, status in enumerate(now) if status in ("revoked", "national")}
    for quarter, who, yuan, status in watch.instalments:
        assert status in ("provincial", "national")
        assert yuan in (2e6, 4e6, 3e6)
        assert watch.titles[2019 + quarter // 4 - 1][who] == status
    for i in revoked:
        assert sum(yuan for _, who, yuan, _ in watch.instalments if who == i) == 2e6
        assert not model.clusters[i].promotion_body
        assert not model.cluster_terms.loan_discount[i]


def test_fraud_that_is_found_fails_the_appraisal(race):
    assert not held(race(2026, fraud=0.0, appraisal=0.0, revocation=1.0), "revoked")
    model = race(2026, fraud=1.0, appraisal=0.0, revocation=1.0)
    assert len(held(model, "revoked")) >= 14


def test_three_parts_follow_three_years_of_passing(race):
    with watching() as watch:
        model = race(2027, appraisal=0.0, capacity=6.0)
    first = won(model, "provincial", 2024)
    assert first
    for i in first:
        parts = [(quarter, yuan) for quarter, who, yuan, _ in watch.instalments if who == i]
        assert parts == [(24, 2e6), (28, 1.5e6), (32, 1.5e6)]
        assert model.clusters[i].received == 5e6


def test_what_was_promised_is_paid_after_the_lever_has_ended(race, issued):
    award = replace(issued.lever("cluster_award"), end=quarter_index(2024, 4))
    with watching() as watch:
        model = race(2027, of=having(issued, award), appraisal=0.0)
    first = won(model, "provincial", 2024)
    assert {who for _, who, _ in watch.awards} >= set(first)
    assert {quarter for quarter, _, _ in watch.awards} == {quarter_index(2024, 4)}
    for i in first:
        assert [yuan for _, who, yuan, _ in watch.instalments if who == i] == [2e6, 1.5e6, 1.5e6]


def test_only_the_named_fields_are_recommended_and_all_racing_tiers_are_recognised(race):
    model = race(2027, capacity=15.0, maturity=0.0)
    assert {model.clusters[i].tier for i in held(model, "national")} <= {"world", "national"}
    assert {model.clusters[i].tier for i in held(model, "provincial")} >= {"national", "provincial"}
    assert not held(model, "world")
    county = [c for c in model.clusters if c.tier == "county"]
    assert {c.status for c in county} <= {"candidate", "county"}


# national rounds --------------------------------------------------------------------------------


@pytest.mark.parametrize("titles", [0, 1, 2])
def test_anhui_wins_its_share_of_each_round(race, end_of_2023, titles):
    model = race(2027, "national_cluster_contest", titles=float(titles), interval=8.0)
    before = len(held(end_of_2023, "national"))
    assert len(held(model, "national")) == before + 2 * titles
    assert len(won(model, "national", 2024)) == titles
    assert len(won(model, "national", 2026)) == titles


def test_rounds_come_at_their_interval(race):
    model = race(2027, "national_cluster_contest", titles=1.0, interval=4.0)
    assert [len(won(model, "national", year)) for year in range(2024, 2028)] == [1, 1, 1, 1]


@pytest.mark.parametrize("as_new", [0.0, 1.0])
def test_an_upgrade_is_paid_as_new_or_not_at_all(race, issued, as_new):
    of = setting(issued, "national_cluster_contest", titles=2.0, interval=4.0)
    of = setting(of, "cluster_recognition", appraisal=0.0, maturity=0.0)
    with watching() as watch:
        model = race(2027, "cluster_award", of=of, upgrade_as_new=as_new)
    raised = [
        i for i in held(model, "national")
        if any(watch.titles[year][i] == "provincial" for year in (2024, 2025, 2026))
    ]  # fmt: skip
    assert raised
    for i in raised:
        promised = [yuan for _, who, yuan in watch.awards if who == i]
        assert promised == ([5e6, 10e6] if as_new else [5e6])
    paid = summed(books_of(model), lever="cluster_award", kind="paid")
    assert paid == pytest.approx(sum(yuan for _, _, yuan, _ in watch.instalments))


def test_the_national_award_needs_no_provincial_race(race, issued):
    with watching() as watch:
        model = race(2027, "cluster_award", of=lacking(issued, "cluster_recognition"))
    (first,) = won(model, "national", 2024)
    parts = [yuan for _, who, yuan, _ in watch.instalments if who == first]
    assert parts == [4e6, 3e6, 3e6]


# plans, tiers, money ----------------------------------------------------------------------------


@pytest.mark.parametrize("yearly", [0.0, 0.5, 1.0, 2.0])
def test_cities_draw_up_plans_for_their_best_clusters(race, yearly):
    model = race(2025, "implementation_capacity", plans=yearly)
    for city in model.cities:
        own = [c for c in model.clusters if c.city == city.number and c.tier in RACING]
        planned = [c for c in own if c.plan]
        if yearly == 0.5:
            assert len(planned) <= 2
        else:
            assert len(planned) == min(2 * yearly, len(own))
    first = race(2024, "implementation_capacity", plans=yearly)
    for one, later in zip(first.clusters, model.clusters, strict=True):
        assert later.plan or not one.plan
    assert not any(c.plan for c in model.clusters if c.tier == "county")


def test_the_first_plans_go_to_the_best(race):
    model = race(2024, "implementation_capacity", plans=1.0)
    for city in model.cities:
        own = [c for c in model.clusters if c.city == city.number and c.tier in RACING]
        if own:
            (planned,) = [c for c in own if c.plan]
            assert planned.score == max(c.score for c in own)


def test_status_moves_and_tier_does_not(race, end_of_2023):
    model = race(2027, capacity=15.0, appraisal=45.0, revocation=1.0)
    was = {c.id: (c.tier, c.status) for c in end_of_2023.clusters}
    now = {c.id: (c.tier, c.status) for c in model.clusters}
    assert list(was) == list(now)
    assert all(was[name][0] == now[name][0] for name in was)
    assert sum(was[name][1] != now[name][1] for name in was) > 15
    tier = dict(zip(end_of_2023.enterprises.id, end_of_2023.enterprises.tier, strict=True))
    stayed = np.isin(model.enterprises.id, list(tier))
    for i, now_tier in zip(
        model.enterprises.id[stayed], model.enterprises.tier[stayed], strict=True
    ):
        assert tier[i] == now_tier


def test_without_money_for_awards_clusters_wait(race, issued):
    """An award is promised and not paid where the special funds are empty; nothing is made up."""
    model = race(2026, "special_funds", of=issued, yearly=3e6)
    books = books_of(model)
    award = entries(books, lever="cluster_award", kind="paid").groupby("year")["yuan"].sum()
    assert 0.0 < award.max() <= 3e6
    assert model.programmes.instalments_due
    poor = race(2026, "special_funds", of=issued, yearly=0.0)
    assert entries(books_of(poor), lever="cluster_award", kind="paid").empty


def test_a_cluster_that_loses_its_title_while_it_waits_for_money_gets_none(race, issued):
    of = setting(issued, "special_funds", yearly=3e6)
    with watching() as watch:
        model = race(2027, of=of, appraisal=100.0, revocation=1.0, maturity=40.0)
    promised = {who for _, who, _ in watch.awards}
    paid = {who for _, who, _, _ in watch.instalments}
    assert len(promised - paid) > 5
    for quarter, who, _, status in watch.instalments:
        assert status in ("provincial", "national")
        assert watch.titles[2019 + quarter // 4 - 1][who] == status
    assert not any(model.clusters[i].received for i in promised - paid)


def test_recognition_is_the_same_whatever_else_is_in_force(race, issued, end_of_2023):
    """Only what changes members moves the race: lots are addressed by cluster and quarter."""
    alone = fork(
        end_of_2023,
        having(
            replace(issued, levers=tuple(x for x in issued.levers if x.origin == "older")),
            replace(issued.lever("cluster_recognition")),
        ),
    )
    alone.run_until_year(2024)
    with_all = race(2024, capacity=8.0)
    same = set(held(alone, "provincial")) & set(held(with_all, "provincial"))
    assert len(same) >= 7
