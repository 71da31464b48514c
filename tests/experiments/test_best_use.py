"""The search of designs, on a made-up problem whose best plan is known."""

import numpy as np
import pytest

from jiqun.experiments.best_use.attitude import Attitude
from jiqun.experiments.best_use.judging import judge, shared, to_judge
from jiqun.experiments.best_use.search import Effort, hypervolume, search
from tests.experiments.made_up_designs import BUDGET, SPACE, MadeUp, known_best

EFFORT = Effort(mixes=8, rounds=3, each=6, seed=1)
HELD_OUT = range(101, 201)


@pytest.fixture(scope="module")
def found():
    return search(MadeUp(), Attitude(), EFFORT)


def judged(found, problem, named=(), chosen=1):
    places = list(dict.fromkeys([0, *to_judge(found, SPACE)]))
    plans = [found.plans[i] for i in places] + [SPACE.plan(plan) for plan in named]
    counts = [len(SPACE.used(found.plans[i])) for i in places] + [-1] * len(named)
    gains = problem.measure(plans).gains
    others = range(len(places), len(plans))
    return plans, judge(gains, found.attitude, chosen, counts, others)


def test_the_search_finds_the_known_best_within_its_interval(found):
    plans, verdict = judged(found, MadeUp(draws=HELD_OUT), [{0: BUDGET}, {2: BUDGET}])
    best = known_best()
    assert MadeUp().true(plans[1]) >= 0.97 * best
    assert verdict.low[1, 0] <= best <= verdict.high[1, 0]
    assert verdict.above_nothing
    assert verdict.named.better
    assert found.measured.costs[found.best] <= 1.01 * BUDGET


def test_the_best_so_far_never_falls_and_the_surrogate_was_checked(found):
    volumes = [row.volume for row in found.rounds]
    assert volumes == sorted(volumes)
    assert found.rounds[-2].explained[0] > 0.8


def test_good_designs_share_the_lever_that_brings_most(found):
    count, rows = shared(found, SPACE)
    assert count >= 2
    assert rows[0].used == 1.0
    every = {row.lever for row in rows if row.used == 1.0}
    assert {"grant", "credit"} <= every
    assert "award" not in every


def test_where_no_lever_does_anything_no_design_is_better_than_nothing():
    found = search(MadeUp(null=True), Attitude(), EFFORT)
    assert found.scores[found.best, 0] > 0.0, "luck of the draws of the search"
    _, verdict = judged(found, MadeUp(null=True, draws=HELD_OUT))
    assert not verdict.above_nothing
    assert verdict.scores[1, 0] < found.scores[found.best, 0]


def test_a_search_that_was_interrupted_finds_the_same(found):
    kept = {}
    with pytest.raises(KeyboardInterrupt):
        search(MadeUp(memory=kept, stop_after=3), Attitude(), EFFORT)
    again = MadeUp(memory=kept)
    before = len(kept)
    assert search(again, Attitude(), EFFORT).plans == found.plans
    assert len(kept) == len(found.plans) * len(again.draws) > before


def test_two_objectives_give_a_front_along_which_one_is_given_up_for_the_other():
    found = search(MadeUp(two=True), Attitude(), Effort(6, 1, 6, 1))
    scores = found.scores[found.front]
    assert len(scores) > 3
    assert (np.diff(scores[:, 0]) <= 0.0).all()
    assert (np.diff(scores[:, 1]) >= 0.0).all()


def test_where_every_lever_does_harm_the_search_itself_chooses_nothing():
    class Harm(MadeUp):
        def true(self, plan):
            return -super().true(plan)

    found = search(Harm(own=0.0), Attitude(), Effort(4, 1, 4, 1))
    assert found.best == 0
    _, verdict = judged(found, Harm(draws=HELD_OUT), chosen=0)
    assert not verdict.above_nothing
    assert verdict.simplest == 0


def test_no_regret_is_felt_for_a_plan_that_breaks_a_limit():
    gains = np.array([1.0, 5.0, 3.0]).reshape(3, 1, 1, 1)
    kept = np.array([True, False, True])
    assert Attitude("regret").scores(gains, kept)[:, 0].tolist() == [-2.0, 2.0, 0.0]


def test_volume_of_a_front_is_that_of_its_boxes():
    assert hypervolume(np.array([[2.0, 1.0], [1.0, 3.0], [0.5, 0.5], [-1.0, 9.0]])) == 4.0
    assert hypervolume(np.array([[1.0, 1.0, 1.0], [2.0, 1.0, 0.5]])) == pytest.approx(1.5)
    assert hypervolume(np.array([[-1.0, 1.0]])) == 0.0


def test_attitudes_tell_a_safe_design_from_a_bold_one():
    # Two worlds: the bold design gains more in the first and loses in the second.
    draws = np.arange(40.0)
    safe = np.stack([10.0 + 0.01 * draws, 10.0 + 0.01 * draws])
    bold = np.stack([draws, -10.0 + 0.0 * draws])
    gains = np.stack([safe, bold])[..., None]
    assert Attitude("mean").scores(gains)[:, 0].argmax() == 1
    assert Attitude("p10").scores(gains)[:, 0].argmax() == 0
    assert Attitude("satisficing", (8.0,)).scores(gains)[:, 0].tolist() == [1.0, 0.8]
    regret = Attitude("regret").scores(gains)[:, 0]
    assert regret.argmax() == 0
    assert regret[1] == pytest.approx(-(10.0 + 0.01 * draws.mean() + 10.0))


def test_a_design_with_fewer_levers_is_the_simplest_where_draws_do_not_tell_them_apart():
    rng = np.random.default_rng(1)
    luck = rng.normal(0.0, 1.0, (1, 1, 100, 1))
    noise = rng.normal(0.0, 0.1, (4, 1, 100, 1))
    noise[0] = 0.0
    level = np.array([0.0, 10.0, 10.0, 5.0]).reshape(4, 1, 1, 1)
    gains = np.where(level > 0.0, level + luck + noise, 0.0)
    verdict = judge(gains, Attitude(), 1, [0, 3, 2, 1])
    assert verdict.simplest == 2


@pytest.mark.parametrize(("lead", "simplest"), [(0.05, 2), (0.2, 1)])
def test_a_lever_that_adds_less_than_a_hundredth_makes_no_better_design(lead, simplest):
    luck = np.random.default_rng(1).normal(0.0, 1.0, 100)
    gains = np.stack([0.0 * luck, 10.0 + luck, 10.0 - lead + luck]).reshape(3, 1, 100, 1)
    assert judge(gains, Attitude(), 1, [0, 3, 2]).simplest == simplest
