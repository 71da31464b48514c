"""Costs, effects and regret from tables small enough to work out by hand."""

import json
import signal
from dataclasses import asdict, replace

import fake_work
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from jiqun import comparing
from jiqun.cli import app
from jiqun.cli.refusals import interrupt
from jiqun.comparing import _told
from jiqun.experiments import Results
from jiqun.experiments.designs.designs import Bench, DesignError, Shape, compare_designs
from jiqun.experiments.designs.regret import often_best, regret_over_worlds, regrets
from jiqun.experiments.effects import comparison_data
from jiqun.experiments.effects.additionality import BreakEven, break_even
from jiqun.experiments.effects.compare import (
    compare,
    displaced,
    effect_of,
    gather,
    private_moved,
)
from jiqun.experiments.effects.comparison_data import (
    compared_data,
    is_current,
    pairs_data,
    read,
    save,
)
from jiqun.experiments.effects.costs import BUDGET, OTHERS, Books, money, set_otherwise
from jiqun.experiments.effects.effect import NO_EFFECT, Estimate, costs_of, per_yuan
from jiqun.experiments.runs.batch import Plan
from jiqun.experiments.runs.draws import Vary
from jiqun.experiments.runs.runner import Options, run_batch, with_rows
from jiqun.experiments.stores.errors import StoreError
from jiqun.experiments.stores.store import Store
from jiqun.scenarios import load
from tests.notebooks import made_up

RUN = ["draw", "seed", "population"]
RUNS = pd.MultiIndex.from_tuples([(1, 1, "p"), (2, 2, "p")], names=RUN)
ONE = Options(workers=1)


def row(scenario, draw, payer, lever, kind, yuan, origin="pooled", fund="special_funds"):
    return {
        "scenario": scenario, "draw": draw, "seed": draw, "population": "p", "payer": payer,
        "fund": fund, "lever": lever, "origin": origin, "kind": kind, "tier": "none",
        "place": "hefei", "payee": "small", "yuan": yuan,
    }  # fmt: skip


def books(*rows):
    return Books(pd.DataFrame([*rows]), dict.fromkeys(("design", "root"), RUNS))


def test_cost_is_what_changed_levers_cost_whoever_bears_it():
    found = books(
        row("design", 1, "province", "grant", "paid", 60.0),
        row("design", 1, "city", "grant", "paid", 40.0),
        row("design", 1, "centre", "relief", "forgone", 30.0, "tax"),
        row("design", 1, "province", "relief", "forgone", 20.0, "tax"),
        row("root", 1, "province", "relief", "forgone", 5.0, "tax"),
        row("design", 1, "banks", "relief", "forgone", 8.0, ""),
        row("design", 1, "province", "title_awards", "paid", 7.0, "older"),
    )
    changed = {"grant", "relief"}
    assert found.cost("design", "root", changed).tolist() == [153.0, 0.0]
    assert found.cost("design", "root", changed, BUDGET).tolist() == [145.0, 0.0]
    assert found.cost("design", "root", changed, OTHERS).tolist() == [8.0, 0.0]
    assert found.cost("design", "root", changed, ("centre",)).tolist() == [30.0, 0.0]
    assert found.feedback("design", "root", changed).tolist() == [7.0, 0.0]
    assert found.cost("design", "root", {"grant"}).tolist() == [100.0, 0.0]


def test_envelopes_hold_awards_and_what_is_steered_out_of_a_sum_that_stays():
    found = books(
        row("design", 1, "province", "cluster_award", "paid", 10.0, "steered"),
        row("design", 1, "city", "cluster_award", "paid", 3.0, "steered", "city_funds"),
        row("design", 1, "province", "rd_grant", "paid", 30.0, "steered"),
        row("design", 1, "province", "rd_grant", "paid", 60.0),
        row("root", 1, "province", "rd_grant", "paid", 100.0),
    )

    def first(parts):
        return {name: values.iloc[0] for name, values in parts.items()}

    one = {"cluster_award"}
    assert first(found.envelopes("design", "root", one)) == {"award": 13.0, "programme": 43.0}
    without_cities = found.envelopes("design", "root", one, ("province", "centre"))
    assert first(without_cities) == {"award": 10.0, "programme": 40.0}
    # What comes out of a sum that stays is what others lose.
    assert first(found.new("design", "root", one)) == {"award": 3.0, "programme": 3.0}
    # Where the sum itself is set otherwise, it is new by as much as it grows.
    both = {"cluster_award", "special_funds"}
    assert first(found.new("design", "root", both)) == {"award": 3.0, "programme": 3.0}
    assert found.cost("design", "root", one).iloc[0] == 13.0


def ledger_rows(*booked):
    """A ledger as a run has it: year, payer, lever, kind, yuan."""
    return pd.DataFrame(
        [
            {
                "year": year, "payer": payer, "fund": "", "origin": "pooled", "city": "hefei",
                "tier": "none", "payee": "small", "lever": lever, "article": "", "kind": kind,
                "yuan": yuan,
            }
            for year, payer, lever, kind, yuan in booked
        ]
    )  # fmt: skip


def priced(folder, *booked):
    """Present cost by lever and payer of a run with some bookings."""
    batch = made_up.runs(1, 0, "as_issued")
    rows = ledger_rows(*booked).assign(run_key=batch["run_key"].iloc[0])
    outcomes = made_up.outcomes_of(batch, range(2024, 2025), fields=False)
    made_up.write_shard(folder, batch, outcomes, rows)
    made_up.write_manifest(folder, ["as_issued"])
    rows = money(Results(folder), ["as_issued"])
    return rows.groupby(["lever", "payer"])["yuan"].sum().to_dict()


def test_each_kind_of_booking_costs_what_it_takes_from_its_payer(tmp_path):
    found = priced(
        tmp_path,
        (2024, "city", "grant", "committed", 1e6),
        (2024, "city", "grant", "paid", 1e5),
        (2024, "city", "grant", "repaid", 2e4),
        (2024, "banks", "discount", "forgone", 3e4),
        (2025, "province", "training", "spent", 1.03e4),
        (2024, "enterprises", "surcharge", "charged", 5e4),
        (2024, "province", "surcharge", "received", 5e4),
        (2024, "province", "stake", "invested", 1e6),
        (2028, "city", "grant", "paid", 1e9),
        (2023, "city", "grant", "paid", 1e9),
    )
    assert found == pytest.approx(
        {
            ("grant", "city"): 8e4,
            ("discount", "banks"): 3e4,
            ("training", "province"): 1e4,
            ("surcharge", "enterprises"): 5e4,
            ("surcharge", "province"): -5e4,
        }
    )


def test_pay_outs_draw_on_what_was_accrued_and_stakes_cost_their_provision(tmp_path):
    found = priced(
        tmp_path,
        (2024, "province", "credit_guarantee", "accrued", 4e5),
        (2024, "banks", "credit_guarantee", "accrued", 1e5),
        (2026, "province", "credit_guarantee", "paid", 9e5),
        (2024, "province", "guidance_fund", "invested", 1e6),
        (2024, "province", "guidance_fund", "accrued", 2e5),
        (2024, "city", "grant", "paid", 1e5),
    )
    assert found == pytest.approx(
        {
            ("credit_guarantee", "province"): 4e5,
            ("credit_guarantee", "banks"): 1e5,
            ("guidance_fund", "province"): 2e5,
            ("grant", "city"): 1e5,
        }
    )


def test_a_yuan_of_cost_brings_a_ratio_only_where_the_cost_is_told_from_zero():
    gain = pd.Series(np.linspace(10.0, 30.0, 9))
    assert per_yuan(gain, pd.Series([10.0] * 9)).ratio.mean == pytest.approx(2.0)
    found = per_yuan(gain, 0.5 * gain).ratio
    assert (found.low, found.high) == pytest.approx((2.0, 2.0))
    for cost, said in (
        ([0.0] * 9, "nothing"), ([-2e-5] * 9, "nothing"), ([2e-5] * 9, "nothing"),
        (np.linspace(-3.0, 5.0, 9), "unclear"), ([-2.0] * 9, "brings in"),
    ):  # fmt: skip
        assert costs_of(Estimate.of(pd.Series(cost))) == said
        none = per_yuan(gain, pd.Series(cost))
        assert (none.ratio, none.withheld(1)) == (None, said)


def test_a_ratio_is_withheld_beside_a_gain_that_is_not_distinguishable_from_zero():
    cost = pd.Series([10.0] * 9)
    gain = pd.Series(np.linspace(-80.0, 100.0, 9))
    assert per_yuan(gain, cost).withheld(Estimate.of(gain).sign) == NO_EFFECT
    clear = pd.Series(np.linspace(80.0, 100.0, 9))
    assert per_yuan(clear, cost).withheld(Estimate.of(clear).sign) is None
    # Of two pairs nothing is distinguishable, however large the ratio.
    few = per_yuan(clear[:2], cost[:2])
    assert (few.ratio.low, few.ratio.high) == (None, None)
    assert few.withheld(Estimate.of(clear[:2]).sign) == NO_EFFECT


def test_levers_set_otherwise_are_those_that_differ_or_are_missing():
    one = [{"id": "a", "rate": 1}, {"id": "b", "rate": 1}]
    other = [{"id": "a", "rate": 2}, {"id": "b", "rate": 1}, {"id": "c"}]
    assert set_otherwise(one, other) == {"a", "c"}
    assert set_otherwise(one, one) == set()


def test_private_money_is_what_is_spent_beyond_the_public_money():
    public = pd.Series([100.0, 100.0])
    assert private_moved(pd.Series([0.0, 0.0]), public).mean == -1.0
    assert private_moved(pd.Series([150.0, 170.0]), public).mean == pytest.approx(0.6)
    assert private_moved(pd.Series([150.0]), pd.Series([0.0])) is None


def gaps(**gains):
    return {
        tier: pd.DataFrame({"gain": gain, "base": [100.0] * len(gain)})
        for tier, gain in gains.items()
    }


def test_an_interval_that_touches_zero_shows_no_effect():
    assert Estimate(0.1, 0.5, 1.0, 0.5).sign == 1
    assert Estimate(0.001, 0.5, 1.0, 0.5).sign == 0
    assert Estimate(-1.0, -0.5, -0.1, -0.5).sign == -1
    assert Estimate(-1.0, -0.5, -0.001, -0.5).sign == 0
    assert Estimate(0.0, 0.0, 0.0, 0.0).sign == Estimate(-1.0, 0.0, 1.0, 0.0).sign == 0


def test_few_pairs_have_a_mean_and_no_interval():
    seven, eight = (Estimate.of(pd.Series([10.0] * n)) for n in (7, 8))
    assert seven == Estimate(None, 10.0, None, 10.0, 10.0, 10.0)
    assert (seven.sign, eight.sign) == (0, 1)
    tiers = gaps(world=[10.0, 12.0], none=[-4.0, -4.8])
    province = tiers["world"]["gain"] + tiers["none"]["gain"]
    assert displaced(province, tiers, {"world": 0.9, "none": 0.1}) is None


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([10.0] * 8, "+10.00 (+10.00 to +10.00)"),
        ([10.0] * 7, "+10.00"),
        ([-6.0, 7.0] * 4, "no conclusion (-4.38 to +5.38)"),
        ([0.0] * 8, "0"),
    ],
)
def test_no_number_stands_bare_whose_interval_holds_zero(values, told):
    assert _told(asdict(Estimate.of(pd.Series(values)))) == told


def test_displaced_is_what_others_lose_of_the_gain_of_those_served():
    tiers = gaps(world=[10.0, 12.0] * 4, none=[-4.0, -4.8] * 4)
    province = tiers["world"]["gain"] + tiers["none"]["gain"]
    found = displaced(province, tiers, {"world": 0.9, "none": 0.1})
    assert found.mean == pytest.approx(0.4)
    assert displaced(province, tiers, {"world": None, "none": None}) is None
    # Where those served do not gain, nothing of their gain is displaced.
    assert displaced(province, tiers, {"world": 0.1, "none": 0.9}) is None


def test_regret_is_the_distance_to_the_best_of_each_triple():
    index = pd.MultiIndex.from_product([["central", "low"], [1, 2]], names=["world", "draw"])
    gains = pd.DataFrame({"a": [5.0, 5.0, 0.0, 0.0], "b": [4.0, 6.0, 2.0, 4.0]}, index)
    best, worst = regrets(gains)
    assert (best.design, best.largest, best.best) == ("b", 0.5, 0.75)
    assert worst.by_world == {"central": 0.5, "low": 3.0}
    assert (worst.largest, worst.best) == (3.0, 0.25)


def test_promotion_breaks_even_where_what_is_additional_is_worth_its_cost():
    additional = pd.Series([0.0, 0.2, 0.4])
    cost = pd.Series([3.0, 3.0, 3.0])
    sure = break_even(additional, 10.0 * additional, cost)
    assert (sure.low, sure.at, sure.high) == pytest.approx((0.3, 0.3, 0.3))
    # A gain that scatters about the same slope leaves the place open, to both sides of it.
    loose = break_even(additional, 10.0 * additional + pd.Series([1.0, 0.4, -0.2]), cost)
    assert loose.low < loose.at < loose.high
    wild = break_even(additional, 10.0 * additional + pd.Series([9.0, 8.0, -4.0]), cost)
    assert wild.low < wild.at
    assert wild.high is None
    assert break_even(additional, -additional, cost) == BreakEven(None, None, None)
    assert break_even(0.0 * additional, additional, cost) == BreakEven(None, None, None)


SHAPE = Shape("as_issued", ("rd_tax_credit", "interest_discount"), 2, 2, 300)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("designs")


@pytest.fixture(scope="module")
def compared(folder):
    return compare_designs(Bench(folder, ONE, lambda _: None, lambda _: None), SHAPE)


def test_designs_cost_what_the_baseline_directs(compared):
    assert set(compared.targets) == {"award", "programme"}
    assert len(compared.scaled) == 4
    assert compared.failures == ()
    for scaled in compared.scaled:
        cost, solution = scaled.comparison.cost.mean, scaled.solution
        # Solved on the triples that are reported here, so the two are one number.
        assert cost == pytest.approx(solution.cost)
        if solution.verdict == "equal":
            assert cost == pytest.approx(compared.targets[scaled.envelope], rel=0.01)
        assert scaled.comparison.pairs == 2
        assert np.isfinite(scaled.comparison.effects["value_added"].gain.mean)
    assert {s.solution.verdict for s in compared.scaled if s.envelope == "award"} == {"equal"}
    credit = next(s.comparison for s in compared.scaled if s.design == "rd_tax_credit")
    assert credit.bearers["centre"].mean > 0.5 * credit.cost.mean > 0.0
    gains = credit.gains["tier"]
    assert sum(gain.gain.mean for gain in gains.values()) == pytest.approx(
        credit.effects["value_added"].gain.mean,
        abs=1e6,  # outcomes of designs are kept in single precision: 1e5 yuan of 1e12
    )


def test_the_cost_of_a_design_is_that_of_the_ledger(compared, folder):
    ledger = Results(folder).ledger(["interest_discount.award"], years=range(2024, 2028))
    paid = ledger[(ledger["lever"] == "loan_interest_discount") & (ledger["kind"] == "paid")]
    present = (paid["yuan"] / 1.03 ** (paid["year"] - 2024)).sum() / 2
    scaled = next(s for s in compared.scaled if s.design == "interest_discount")
    assert scaled.comparison.cost.mean == pytest.approx(present)
    assert scaled.comparison.bearers["centre"].mean == 0.0


def test_a_second_call_runs_nothing_and_says_the_same(compared, folder):
    made = []
    again = compare_designs(Bench(folder, ONE, made.append, lambda _: None), SHAPE)
    assert made == []
    assert compared_data(again, SHAPE) == compared_data(compared, SHAPE)


@pytest.fixture
def heeds():
    """Both requests to end are heeded as the command heeds them, wherever the tests are started."""
    kept = {
        each: signal.signal(each, does)
        for each, does in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, interrupt))
    }
    yield
    for each, does in kept.items():
        signal.signal(each, does)


def test_a_comparison_that_is_interrupted_twice_ends_as_one_that_was_not(
    compared, folder, tmp_path, monkeypatch, heeds
):
    asked, added, honest = {2: signal.SIGINT, 5: signal.SIGTERM}, [], Store.add

    def add(store, result):
        honest(store, result)
        added.append(result)
        if len(added) in asked:
            signal.raise_signal(asked[len(added)])

    monkeypatch.setattr(Store, "add", add)
    # Fewer than a user may ask for.
    monkeypatch.setattr("jiqun.cli.results.row_count", lambda *_: SHAPE.rows)
    line = f"compare {tmp_path} --baseline as_issued --equal-cost --workers 1 --json"
    few = ["--draws", "2", "--solve-draws", "2", *(f"--design={name}" for name in SHAPE.designs)]
    done = [CliRunner().invoke(app, [*line.split(), *few], prog_name="jiqun") for _ in range(3)]
    assert [each.exit_code for each in done] == [130, 130, 0], [each.stderr for each in done]
    for each in done[:2]:
        assert each.stdout == ""
        assert each.stderr.splitlines()[-1].endswith("is kept, run again to go on")
        assert "Traceback" not in each.stderr
    # What was begun before the end was asked for is there once, with the same bits.
    made = [run.key for each in added for run in each.chunk.runs]
    assert len(made) == len(set(made))
    assert fake_work.same(folder, tmp_path) > 1000
    data = json.loads(json.dumps(compared_data(compared, SHAPE)))
    assert json.loads(done[2].stdout) == read(tmp_path) == data
    assert not list(tmp_path.rglob("*.part"))


def test_a_comparison_is_kept_with_its_store_and_is_plain_data(compared, folder):
    data = compared_data(compared, SHAPE)
    save(folder, data)
    assert read(folder) == json.loads(json.dumps(data))
    assert is_current(read(folder))
    assert not is_current(data | {"made_by": {"model": "older"}})
    assert Results(folder).scenarios()  # the file is no stranger to the store


def test_the_shipped_comparison_is_taken_where_a_store_keeps_none(
    compared, folder, tmp_path, monkeypatch
):
    data = json.loads(json.dumps(compared_data(compared, SHAPE)))
    shipped = tmp_path / "results"
    shipped.mkdir()
    monkeypatch.setattr(comparing, "SHIPPED", shipped)
    store = tmp_path / "store"
    store.mkdir()
    assert comparing.kept(store, SHAPE.baseline) == {}
    save(shipped, data)
    assert comparing.kept(store, "market_only") == {}
    assert comparing.kept(store, SHAPE.baseline, "budget") == {}
    assert comparing.kept(store, SHAPE.baseline, worlds=True) == {}
    assert comparing.kept(store, SHAPE.baseline) == data == read(store)
    # One of another fit is none.
    monkeypatch.setattr(comparison_data, "fitted", lambda _: None)
    assert comparing.kept(store, SHAPE.baseline) == {}


def test_a_unit_costs_least_where_most_is_gained(compared):
    for scaled in compared.scaled:
        effect = scaled.comparison.effects["value_added"]
        # What is lost for sure has no price either.
        if effect.gain.sign <= 0:
            assert effect.per_unit is None
        else:
            gain, cost = effect.gain, scaled.comparison.cost.mean
            assert effect.per_unit.low == pytest.approx(cost / gain.high)
            assert effect.per_unit.high == pytest.approx(cost / gain.low)


def test_a_unit_has_a_cost_where_most_pairs_gain_nothing():
    gains = pd.Series([0.0] * 60 + [1.0] * 40)
    found = effect_of(pd.DataFrame({"gain": gains, "change": gains}), "employees", 8.0)
    assert found.gain.median == 0.0
    assert found.distinguishable
    assert found.per_unit is not None
    assert found.per_unit.mean == found.per_unit.median == pytest.approx(8.0 / 0.4)


def test_only_the_triples_asked_for_are_compared(compared, folder):
    names = ["interest_discount.award", "without_document_55"]
    assert compare(gather(Results(folder), names, 1), *names).pairs == 1
    assert compare(gather(Results(folder), names), *names).pairs == 2


def test_each_triple_has_a_best_design(compared):
    best = often_best(compared, 2)
    for envelope in compared.targets:
        shares = [share for (at, _), share in best.items() if at == envelope]
        assert len(shares) == 2
        assert sum(shares) >= 1.0


def test_regret_over_worlds_takes_the_scales_as_solved(compared, folder):
    bench = Bench(folder, ONE, lambda _: None, lambda _: None)
    found = regret_over_worlds(bench, compared, SHAPE, ["energy_dear"])
    assert set(found) == {"award", "programme"}
    for rows in found.values():
        assert {row.design for row in rows} == {"rd_tax_credit", "interest_discount"}
        assert set(rows[0].by_world) == {"central", "energy_dear"}
        assert min(min(row.by_world.values()) for row in rows) >= 0.0
        assert sum(row.best for row in rows) >= 1.0


def test_any_scenario_of_a_store_can_be_the_baseline(compared, folder):
    results = Results(folder)
    names = ["as_issued", "interest_discount.award"]
    facts = gather(results, names)
    forth, back = (compare(facts, *pair) for pair in (names, names[::-1]))
    assert forth.effects["value_added"].gain.mean == pytest.approx(
        -back.effects["value_added"].gain.mean
    )
    assert forth.cost.mean == pytest.approx(-back.cost.mean)
    data = pairs_data(names[0], [back])
    assert data["scenarios"][0]["scenario"] == names[1]
    with pytest.raises(StoreError, match="nearest: as_issued"):
        gather(results, ["as_isued"])


def test_side_batches_are_no_part_of_an_interval(compared, folder):
    side = Plan(draws=1, vary=Vary.SEEDS)
    pair = [with_rows(load(name), 300) for name in ("without_document_55", "as_issued")]
    run_batch(pair, side, folder, ONE)
    names = ["as_issued", "without_document_55"]
    assert compare(gather(Results(folder), names), *names).pairs == 2


def test_a_baseline_without_a_baseline_or_cost_is_refused(tmp_path):
    bench = Bench(tmp_path, ONE, lambda _: None, lambda _: None)
    with pytest.raises(DesignError, match="has no baseline of its own"):
        compare_designs(bench, replace(SHAPE, baseline="without_document_55"))


def test_runs_that_end_too_early_are_told(tmp_path):
    pair = [with_rows(load(n), 300).until(2024) for n in ("without_document_55", "as_issued")]
    run_batch(pair, Plan(draws=1), tmp_path, ONE)
    with pytest.raises(StoreError, match="end before 2027"):
        gather(Results(tmp_path), ["as_issued", "without_document_55"])
