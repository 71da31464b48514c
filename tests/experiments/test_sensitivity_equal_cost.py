"""Single levers at one cost: sizes solved on formulas, and a small province priced by runs."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.experiments.designs.equal_cost import TOLERANCE
from jiqun.experiments.effects.costs import BEARERS, Books, money, runs_of
from jiqun.experiments.effects.effect import per_yuan
from jiqun.experiments.runs.runner import Options
from jiqun.experiments.runs.worker import _without_places
from jiqun.experiments.sensitivity.arms import without
from jiqun.experiments.sensitivity.designs import SensitivityError
from jiqun.experiments.sensitivity.equal_cost import (
    envelope_of,
    pricing,
    scalable_levers,
    sized,
    solved,
)
from jiqun.experiments.sensitivity.lever_ranks import lever_effects, ranks_of, table_of, zipped
from jiqun.experiments.sensitivity.levers_at_one_cost import at_one_cost
from jiqun.experiments.sensitivity.runs import Bench
from jiqun.experiments.sensitivity.spec import EqualCost, read_spec
from jiqun.experiments.stores.results import Results
from jiqun.model.accounting import YUAN
from jiqun.scenarios.levers import most_times

SUM = 2.5e8
COST = {
    "cluster_award": lambda size: SUM * size,
    "rd_super_deduction": lambda size: 1.2e10 * size,
    "investment_promotion": lambda size: 1e7 * size,
    "digital_voucher": lambda size: 4e8 * (1.0 - np.exp(-0.5 * size)),
    "guidance_fund": lambda size: 3e8 + 1e6 * size,
    "rd_audit": lambda size: -2e7 * size,
    "title_awards": lambda size: 0.0 * size,
}


def asked_and_found():
    asked = []

    def price(wanted):
        asked.append(list(wanted))
        return [float(COST[lever](size)) for lever, size in wanted]

    return asked, solved(price, {lever: cost(1.0) for lever, cost in COST.items()}, SUM)


def test_levers_are_sized_to_one_cost_or_told_apart():
    _, found = asked_and_found()
    verdicts = {lever: solution.verdict for lever, solution in found.items()}
    assert verdicts == {
        "cluster_award": "equal",
        "rd_super_deduction": "equal",
        "investment_promotion": "cannot spend",
        "digital_voucher": "equal",
        "guidance_fund": "costs more",
        "rd_audit": "nobody pays",
        "title_awards": "nobody pays",
    }
    assert found["cluster_award"].scale == 1.0
    assert found["rd_super_deduction"].scale == pytest.approx(SUM / 1.2e10, rel=2 * TOLERANCE)
    assert found["investment_promotion"].scale == most_times("investment_promotion")
    assert found["investment_promotion"].cost < SUM
    for lever, solution in found.items():
        assert solution.target == SUM
        assert solution.scale <= most_times(lever)
        if solution.verdict == "equal":
            assert abs(COST[lever](solution.scale) / SUM - 1.0) <= TOLERANCE


def test_nothing_is_priced_twice():
    asked, _ = asked_and_found()
    assert not any(size == 1.0 for round_ in asked for _, size in round_)
    every = [one for round_ in asked for one in round_]
    assert len(set(every)) == len(every)
    assert all(asked)


def test_the_sum_is_the_middle_of_what_the_documents_paid_levers_cost():
    # 250, 10, about 157 and 301 million; the audit brings money in, two are of other policy.
    assert envelope_of({lever: cost(1.0) for lever, cost in COST.items()}) == pytest.approx(
        (SUM + COST["digital_voucher"](1.0)) / 2.0
    )
    with pytest.raises(SensitivityError, match="no sum to spend"):
        envelope_of({"rd_super_deduction": 1.2e10, "rd_audit": -2e7})


def test_every_lever_that_can_go_from_none_up_is_priced():
    task = read_spec("reference")
    chosen = set(scalable_levers(task))
    # Of a sum that stays these take a part, whatever their size; some tax is always levied.
    left = {"rd_grant", "equipment_grant", "vat_rate", "corporate_income_tax"}
    assert left == set(task.levers) - chosen
    assert {"cluster_award", "promotion_bodies", "cluster_credit_line"} <= chosen
    assert len(chosen) > 50


def test_a_ledger_without_places_has_the_same_sums():
    records = {
        "year": np.array([2024, 2024, 2024, 2025], np.int16),
        "payer": np.array(["city", "city", "banks", "city"], object),
        "city": np.array(["hefei", "wuhu", "hefei", "hefei"], object),
        "tier": np.array(["world", "none", "none", "none"], object),
        "payee": np.array(["small", "large", "small", "small"], object),
        "yuan": np.array([0.1, 0.2, 0.5, 0.7]),
    }
    found = _without_places(records)
    assert [*zip(found["year"].tolist(), found["payer"], found["yuan"], strict=True)] == [
        (2024, "city", 0.1 + 0.2), (2024, "banks", 0.5), (2025, "city", 0.7),
    ]  # fmt: skip
    assert set(found) == set(records)
    assert {*found["city"], *found["tier"], *found["payee"]} == {""}


@pytest.mark.parametrize(
    ("cost", "said"),
    [(np.full(20, 2.0), "costs"), (np.zeros(20), "nothing"), (np.arange(20.0) - 9.5, "unclear")],
)
def test_a_ratio_is_told_where_the_cost_is(cost, said):
    gain = 3.0 * np.arange(1.0, 21.0)
    found = per_yuan(gain, cost)
    assert found.costs == said
    if said == "costs":
        assert found.ratio.mean == pytest.approx(gain.mean() / 2.0)
        assert found.ratio.low < found.ratio.mean < found.ratio.high
    else:
        assert found.ratio is None


@pytest.fixture(scope="module")
def task():
    found = read_spec("reference")
    of_some = ("rd_matching_grant", "cluster_award")
    few = {"rows": 400, "equal_cost": EqualCost(solved_on=2, draws=2), "outcomes": ["value_added"]}
    spec = found.spec.model_copy(update=few | {"latent": {}})
    sized_down = {
        name: replace(getattr(found, name), rows=400) for name in ("issued", "baseline", "none")
    }
    later = replace(found.later, rows=400)
    return replace(found, spec=spec, levers=of_some, later=later, **sized_down)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(
        tmp_path_factory.mktemp("cost"), Options(workers=1), lambda _: None, lambda _: None,
        ("value_added",), 2027,
    )  # fmt: skip


def test_a_size_is_on_top_of_what_the_draw_has(task):
    drawn = zipped(task.issued, 2)
    scenario, pairs = sized(task, "rd_grant", 0.5, drawn)
    for (draw, seed), (before, same_seed) in zip(pairs, drawn, strict=True):
        assert (draw.index, seed, draw.values) == (before.index, same_seed, before.values)
        half, whole = draw.of(scenario).lever("rd_grant"), before.of(scenario).lever("rd_grant")
        assert half.value("rate", task.first) == 0.5 * before.values["rd_grant_rate"]
        assert half.value("rate", task.first - 1) == whole.value("rate", task.first - 1)
    # A lever that is not in force as issued is added.
    added, _ = sized(task, "rd_matching_grant", 1.0, drawn)
    assert added.lever("rd_matching_grant") is not None
    assert without(task, added, "rd_matching_grant").levers == task.issued.levers


@pytest.mark.parametrize("lever", ["digital_voucher", "cluster_award", "innovation_institutes"])
def test_what_shares_the_special_funds_takes_nothing_from_others(task, bench, lever):
    drawn = zipped(task.issued, 2)
    arms = {size: sized(task, lever, size, drawn) for size in (0.0, 0.2, 1.0)}
    gone = (without(task, task.issued, lever), drawn)
    bench.run([*arms.values(), gone], "on top", bench.priced)
    results = Results(bench.folder)
    names = {size: scenario.name for size, (scenario, _) in arms.items()}
    rows = money(results, [*names.values(), gone[0].name])
    runs = runs_of(results, 2)
    books = Books(rows, {name: runs[name] for name in [*names.values(), gone[0].name]})
    others = set(rows["lever"]) - {lever}
    # At nought it is as if there were no such lever; then only its own money is more.
    assert (abs(books.more(names[0.0], gone[0].name, payer=BEARERS)) < YUAN).all()
    for size in (0.2, 1.0):
        own = books.more(names[size], names[0.0], lever=(lever,)).mean()
        rest = books.more(names[size], names[0.0], payer=BEARERS, lever=others).mean()
        assert own > 0.0
        assert abs(rest) < 0.5 * own  # cities add to an award by a rule of its size


def test_levers_at_one_cost_by_runs(task, bench):
    drawn = zipped(task.issued, 2)
    found, facts = at_one_cost(bench, task, drawn)
    told = facts["levers"]
    assert {name: one["verdict"] for name, one in told.items()} == dict.fromkeys(
        task.levers, "equal"
    )
    assert told["cluster_award"]["scale"] == 1.0
    assert told["cluster_award"]["issued"] == facts["envelope"]
    assert all(one["compared"] for one in told.values())
    assert found.levers == task.levers
    assert found.values.shape == (2, 2, 6)
    assert np.isfinite(found.values[:, :, 0]).all()
    assert found.of(["rd_matching_grant"]).values.any()
    # What was solved is what it costs, and what is asked for again is not run again.
    made, price = bench.made, pricing(bench, task, drawn)
    costs = price([(name, told[name]["scale"]) for name in found.levers])
    assert costs == pytest.approx([facts["envelope"]] * len(costs), rel=TOLERANCE)
    assert bench.made == made
    # Costs stand beside effects, and no lever of these costs anybody but the budgets.
    assert found.costs.shape == (2, 2, 2)
    assert (found.costs[:, :, 0] > 0.0).all()
    assert not found.costs[:, :, 1].any()
    assert np.isfinite(found.gains[:, :, 0]).all()
    again, budget = at_one_cost(bench, task, drawn, "budget")
    assert budget["envelope"] == facts["envelope"]
    assert again.condition == "equal_budget"
    assert np.array_equal(again.values, found.values)
    # A fund costs what is paid out of it.
    fund, voucher = price([("special_funds", 1.0), ("digital_voucher", 1.0)])
    assert fund > voucher > 0.0


def test_ranks_have_cost_by_bearer_and_what_a_yuan_brings(task, bench):
    drawn = zipped(task.issued, 3)
    found = lever_effects(bench, task, "without", drawn, ["cluster_award"])
    ranks = ranks_of(found, "document_55", task.columns)
    table = table_of(found, "document_55", ranks, task.columns)
    province = table[table["tier"] == "province"].iloc[0]
    results = Results(bench.folder)
    gone = without(task, task.issued, "cluster_award")
    rows = money(results, [task.issued.name, gone.name])
    own = rows[(rows["lever"] == "cluster_award") & (rows["draw"] <= 3)]
    own = own.groupby("scenario")["yuan"].sum()
    cost = (own[task.issued.name] - own.get(gone.name, 0.0)) / 3
    assert province["budget_cost"] == province["total_cost"] == pytest.approx(cost)
    assert province["others_cost"] == 0.0
    assert province["costs"] == "costs"
    assert province["per_yuan"] == pytest.approx(found.gains[0, :, 0].mean() / cost)
    # Runs that kept their last year alone have no cost to tell.
    other = replace(bench, folder=bench.folder.parent / "last_year")
    other.run([(task.issued, drawn), (gone, drawn)], "last year")
    keys = (other.keys(task.issued, drawn), other.keys(gone, drawn))
    assert np.isnan(other.costs([({"cluster_award"}, *keys)])).all()
    assert np.isnan(other.presents(keys[0], task.columns, task.tiers)).all()
