"""The estimate: where there is one, why there is none elsewhere, and where runs disagree."""

import pytest

from jiqun.app import show
from jiqun.app.estimate import cost_of, disagrees, estimated
from jiqun.app.state import State, read_query
from jiqun.app.words import PageWords
from jiqun.experiments.effects.change import Moved
from jiqun.experiments.effects.effect import Estimate
from jiqun.model.dimensions import TIERS
from jiqun.model.region import REGION

PROVINCE = ("province", REGION.id)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("on=market_only&set=rd_grant*2", "scenario"),
        ("against=without_document_55&set=cluster_award*2", "scenario"),
        ("world=demand_low&set=cluster_award*2", "world"),
        ("", "nothing_moved"),
        ("set=digital_voucher.rate=50%", "terms"),
        ("set=fund_steering=off", "terms"),
        ("set=fund_steering*2", "dials"),
        ("set=digital_voucher*2.5", "far"),
        ("set=cluster_award*2", ""),
        ("set=patent_pool*2", ""),
    ],
)
def test_where_there_is_no_estimate_it_says_why(query, why, emulator):
    found = estimated(read_query(query), emulator)
    assert found.why == why
    assert bool(found.guesses) == (not why)


def test_without_an_emulator_there_is_none():
    assert estimated(read_query("set=cluster_award*2"), None).why == "none"
    assert cost_of(read_query("set=cluster_award*2"), None) is None


def test_cost_is_told_where_the_estimate_can_tell(emulator):
    assert cost_of(read_query("set=cluster_award*2"), emulator) == pytest.approx(1e8)
    assert cost_of(State(), emulator) is None


def moved(mean, low, high):
    return Moved(Estimate(low, mean, high, mean), Estimate(low, mean, high, mean), 1.0, 20)


@pytest.mark.parametrize(
    ("low", "high", "apart"),
    [(0.016, 0.02, True), (0.0, 0.004, True), (0.014, 0.02, False), (None, None, False)],
)
def test_runs_disagree_where_the_intervals_have_nothing_in_common(emulator, low, high, apart):
    guess = estimated(read_query("set=cluster_award*2"), emulator)
    one = guess.guesses["value_added", *PROVINCE]
    assert disagrees(one, Estimate(low, 0.01, high, 0.01)) == apart
    runs = {("value_added", PROVINCE): moved(0.01, low, high)}
    found = show.disagreements(guess, runs)
    assert found == ([("value_added", PROVINCE)] if apart else [])
    for lang in ("zh", "en"):
        words = PageWords(lang)
        table = str(show.tier_table(guess, runs, TIERS, words))
        assert (words.said("disagree_mark") in table) == apart
        said = show.agreement(guess, runs, words)
        assert said == (
            "" if low is None else words.said("disagree", count=1) if apart else words.said("agree")
        )


def test_what_cannot_be_told_is_said_in_its_place(emulator):
    guess = estimated(read_query("set=cluster_award*2"), emulator)
    # R&D of the made-up emulator tells nothing, so no run can disagree with it.
    runs = {("rd_real", PROVINCE): moved(9.0, 8.0, 10.0)}
    assert show.disagreements(guess, runs) == []
    words = PageWords("en")
    table = str(show.tier_table(guess, runs, ["world"], words))
    assert table.count(words.said("cannot_tell")) == 2
    assert words.name("tier_names", "national") not in table


def test_costs_of_estimate_and_runs_stand_side_by_side(emulator):
    guess = estimated(read_query("set=cluster_award*2"), emulator)
    words = PageWords("en")
    table = str(show.cost_table(guess, None, words))
    assert words.said("not_yet") in table
    assert words.name("payers", "province") in table
    assert words.name("payers", "banks") not in table
    assert show.cost_table(estimated(State(), emulator), None, words) is None
