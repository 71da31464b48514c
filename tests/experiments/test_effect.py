"""What is told of pairs of runs: the mean, its interval, and what is distinguishable from zero."""

import numpy as np
import pandas as pd
import pytest

from jiqun.experiments import Results
from jiqun.experiments.effects.bootstrap import CONFIDENCE
from jiqun.experiments.effects.costs import runs_of
from jiqun.experiments.effects.effect import (
    CUTS,
    LEAST_PAIRS,
    NO_EFFECT,
    WITHHELD,
    Estimate,
    distinguishable,
    estimates,
    main_of,
    main_runs,
    paired,
    withheld,
)
from jiqun.experiments.stores.results import pairs as of_pairs
from jiqun.notebooks.words import Words
from tests.notebooks import made_up


def test_an_interval_holds_its_mean_and_narrows_with_pairs():
    values = np.random.default_rng(1).normal(1.0, 2.0, 400)
    few, many = Estimate.of(values[:25]), Estimate.of(values)
    for found in (few, many):
        assert found.low < found.mean < found.high
        assert found.p05 < found.low
        assert found.high < found.p95
    assert many.high - many.low < 0.5 * (few.high - few.low)
    # How far single pairs lie apart does not.
    assert many.p95 - many.p05 > 0.8 * (few.p95 - few.p05)


def test_the_interval_of_a_normal_mean_is_that_of_the_textbook():
    values = np.random.default_rng(2).normal(3.0, 1.0, 200)
    found = Estimate.of(values)
    reach = 1.96 * values.std(ddof=1) / np.sqrt(200)
    assert (found.low, found.high) == pytest.approx(
        (values.mean() - reach, values.mean() + reach), abs=0.02
    )


@pytest.mark.parametrize("pairs", [LEAST_PAIRS, 20, 64])
def test_an_effect_of_nobody_is_seldom_distinguishable_from_zero(pairs):
    rng = np.random.default_rng(pairs)
    found = [Estimate.of(rng.normal(size=pairs)) for _ in range(400)]
    share = np.mean([each.sign != 0 for each in found])
    assert share <= 1.0 - CONFIDENCE + 3.0 * np.sqrt(0.05 * 0.95 / 400)
    # By the interval alone it would be twice as often where pairs are few.
    alone = np.mean([Estimate(e.low, e.median, e.high, e.mean).sign != 0 for e in found])
    assert alone >= share
    assert alone > 0.09 or pairs > LEAST_PAIRS


def test_a_clear_effect_is_distinguishable_unless_pairs_are_few():
    values = np.linspace(1.0, 2.0, LEAST_PAIRS)
    assert (Estimate.of(values).sign, Estimate.of(-values).sign) == (1, -1)
    assert Estimate.of(values[1:]).sign == 0


def test_many_estimates_are_those_of_one_by_one():
    values = np.random.default_rng(4).normal(size=(12, 3))
    many = estimates(values)
    for column in range(3):
        one = Estimate.of(values[:, column])
        assert one == Estimate(**{name: pytest.approx(many[name][column]) for name in many})


def test_a_ratio_is_that_of_means_with_an_interval_of_the_same_resamples():
    gain, cost = np.arange(1.0, 21.0), np.linspace(2.0, 4.0, 20)
    found = Estimate.ratio(gain, cost)
    assert found.mean == pytest.approx(gain.mean() / cost.mean())
    assert found.low < found.mean < found.high
    # Pairs in which next to nothing is paid do not decide it.
    assert Estimate.ratio(gain, np.append(cost[:-1], 1e-9)).mean < 5.0
    same = Estimate.ratio(gain, 2.0 * gain)
    assert (same.low, same.mean, same.high) == pytest.approx((0.5, 0.5, 0.5))


def test_the_rule_is_the_same_for_tables_and_for_pairs():
    values = np.random.default_rng(5).normal(0.4, 1.0, size=(40, 30))
    rows = pd.DataFrame(estimates(values)).assign(draws=40)
    one_by_one = [Estimate.of(column).sign != 0 for column in values.T]
    assert distinguishable(rows).tolist() == one_by_one
    assert 0 < sum(one_by_one) < 30
    assert not distinguishable(rows.assign(draws=LEAST_PAIRS - 1)).any()


def test_a_ratio_is_withheld_for_the_cost_first_then_for_the_effect():
    assert withheld("costs", 1, 1) is None
    assert withheld("costs", 0, 1) == withheld("costs", 1, 0) == NO_EFFECT
    assert withheld("unclear", 1, 1) == "unclear"


def test_why_a_ratio_is_withheld_is_said_in_the_same_words_on_pages_and_by_commands():
    known = Words("en").names("cost_said")
    assert {key: known[key] for key in WITHHELD} == WITHHELD
    assert Words("en")("designs_nothing") == WITHHELD[NO_EFFECT]


def test_runs_without_a_partner_make_no_pair_and_a_base_of_zero_no_change():
    one, other = pd.Series({1: 3.0, 2: 5.0, 3: 1.0}), pd.Series({2: 4.0, 3: 0.0, 4: 9.0})
    found = paired(one, other)
    assert found["gain"].to_dict() == {2: 1.0, 3: 1.0}
    assert found["change"].dropna().to_dict() == {2: 0.25}


def test_main_runs_are_the_same_in_tables_and_in_sql(tmp_path):
    store = made_up.write_compared_store(tmp_path / "store", triples=3, each=2)
    results = Results(store)
    every = results.runs()
    with results.connect() as connection:
        query = f"SELECT scenario, draw, seed FROM run WHERE {main_runs('run')}"
        by_sql = set(connection.execute(query).fetchall())
    by_table = {
        (str(name), int(draw), int(seed))
        for name, its in every.groupby("scenario")
        for draw, seed in zip(*(main_of(its)[key] for key in ("draw", "seed")), strict=True)
    }
    assert by_sql == by_table
    assert {draw for _, draw, _ in by_sql} == {1, 2, 3}
    assert {len(runs) for runs in runs_of(results).values()} == {3}
    # Without zipped draws the seeds of the central draw are taken, never a side batch.
    side = every[~every["draw"].between(1, 10_000)]
    assert set(main_of(side)["draw"]) == {0}


def test_a_table_of_effects_tells_what_each_effect_is(tmp_path):
    store = made_up.write_compared_store(tmp_path / "store", triples=9, each=0)
    results = Results(store)
    names = ("as_issued", "without_document_55")
    pairs = results.paired(*names, "value_added", ["province", "tier"], [2027])
    # A unit that some runs lack has fewer pairs, and so has no interval.
    short = pairs[~((pairs["unit_name"] == "world") & (pairs["draw"] > 5))]
    table = of_pairs.intervals(short).set_index("unit_name")
    for unit, its in short.groupby("unit_name"):
        one = Estimate.of(its["change"])
        row = table.loc[unit]
        assert row["change_mean"] == pytest.approx(one.mean)
        assert row["change_sign"] == one.sign
        assert np.isnan(row["low"]) == (one.low is None) == (unit == "world")
    assert set(CUTS["tier"]) < set(table.index)
