"""Scales at equal cost, on designs whose cost is a formula."""

import math

import pytest

from jiqun.experiments.designs.equal_cost import TOLERANCE, Search, solve

TARGETS = {"award": 2.5e8, "programme": 3e9}


def solved(cost, limit=math.inf, targets=TARGETS):
    asked = []

    def price(wanted):
        asked.extend(scale for _, _, scale in wanted)
        return [cost(scale) for _, _, scale in wanted]

    return solve({"design": limit}, targets, price), asked


def test_a_cost_in_proportion_takes_one_further_scale_an_envelope():
    found, asked = solved(lambda s: 3.7e8 * s)
    assert len(asked) == 3
    for envelope, target in TARGETS.items():
        done = found["design", envelope]
        assert (done.verdict, done.target) == ("equal", target)
        assert done.scale == pytest.approx(target / 3.7e8, rel=1e-5)
        assert done.cost == pytest.approx(target, rel=1e-5)


@pytest.mark.parametrize(
    "cost",
    [
        lambda s: 5e8 * (s - 1.0),  # scale 1 is what is in force
        lambda s: 4e9 * (1.0 - math.exp(-0.1 * s)),  # fewer and fewer ask
        lambda s: 3e8 * s**0.6,
        lambda s: 1e8 * s**1.5,
        lambda s: 3.7e8 * (s + 0.02 * math.sin(40 * s)),  # some noise
    ],
)
def test_costs_that_bend_are_met_within_the_tolerance(cost):
    found, asked = solved(cost)
    assert len(asked) <= 12
    for envelope, target in TARGETS.items():
        done = found["design", envelope]
        assert done.verdict == "equal"
        assert abs(done.cost / target - 1) <= TOLERANCE
        assert done.cost == cost(done.scale)


def test_a_design_that_nobody_asks_more_of_cannot_spend_the_envelope():
    found, asked = solved(lambda s: min(3.7e8 * s, 9e8))
    assert found["design", "award"].verdict == "equal"
    done = found["design", "programme"]
    assert done.verdict == "cannot spend"
    assert done.cost == pytest.approx(9e8, rel=TOLERANCE)
    assert len(asked) <= 6


def test_a_scale_at_its_limit_cannot_spend_more():
    found, asked = solved(lambda s: 3.7e8 * s, limit=2.0)
    assert found["design", "award"].verdict == "equal"
    done = found["design", "programme"]
    assert (done.verdict, done.scale, done.cost) == ("cannot spend", 2.0, 7.4e8)
    assert max(asked) == 2.0
    third, _ = solved(lambda s: 3.7e8 * s, limit=10.0 / 3.0)
    assert (third["design", "programme"].verdict, third["design", "programme"].scale) == (
        "cannot spend",
        10.0 / 3.0,
    )


def test_costs_that_differ_in_their_last_digits_ask_for_the_same_scales():
    _, asked = solved(lambda s: 3.7e8 * s**0.9)
    nearly = {name: target * (1.0 + 4e-15) for name, target in TARGETS.items()}
    _, again = solved(lambda s: 3.7e8 * s**0.9 * (1.0 - 3e-15), targets=nearly)
    assert again == asked


def test_a_design_that_costs_much_at_any_scale_says_so():
    found, asked = solved(lambda s: 9e8 + 5e8 * s)
    assert found["design", "programme"].verdict == "equal"
    done = found["design", "award"]
    assert done.verdict == "costs more"
    assert done.cost == pytest.approx(9e8, rel=0.01)
    assert len(asked) <= 8


def test_a_design_that_costs_nothing_ends_without_a_solution():
    found, _ = solved(lambda _: 0.0)
    assert {done.verdict for done in found.values()} == {"not within"}


def test_a_jump_over_the_envelope_is_told():
    found, asked = solved(lambda s: 1e8 if s < 3 else 9e8, targets={"award": 5e8})
    assert found["design", "award"].verdict == "not within"
    assert len(asked) < 12


def test_many_designs_are_priced_together_and_each_scale_once():
    rounds = []

    def price(wanted):
        rounds.append(wanted)
        return [scale * (2e8 if design == "one" else 5e8) for design, _, scale in wanted]

    found = solve({"one": math.inf, "two": math.inf}, TARGETS, price)
    assert [len(wanted) for wanted in rounds] == [2, 4]
    assert found["two", "programme"].scale == pytest.approx(6.0)
    assert Search(1.0).next() == 1.0
