"""Numbers that stand on two pages, or on a page and in what a command prints, are the same."""

import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import pytest

from jiqun import comparing
from jiqun.calibration.effects import break_even
from jiqun.calibration.effects.page import page
from jiqun.calibration.effects.run import TABLE
from jiqun.experiments import Results
from jiqun.experiments.effects.compare import STATES, compare, gather
from jiqun.experiments.effects.comparison_data import pairs_data
from jiqun.experiments.effects.effect import NO_EFFECT, WITHHELD, Estimate
from jiqun.experiments.sensitivity.arms import GROUPS
from jiqun.experiments.sensitivity.runs import TIERS
from jiqun.notebooks import designs, effects, first
from jiqun.notebooks.levers import cost as levers_cost
from jiqun.notebooks.levers import even as levers_even
from jiqun.notebooks.levers import tables as levers_tables
from jiqun.notebooks.levers.page import Levers, gather_levers
from jiqun.notebooks.trust.evidence import AS_ISSUED, HORIZON, REFERENCE
from jiqun.notebooks.words import Words
from jiqun.notebooks.worlds import UNITS, Worlds, gather_worlds, measure_of
from jiqun.trace import trace
from tests.notebooks import made_up
from tests.notebooks.test_designs import comparison

EN = Words("en")
PAIR = (AS_ISSUED, REFERENCE)
NUMBER = re.compile(r"[-−+]?\d[\d,]*(?:\.\d+)?")


def numbers(cell: str) -> list[str]:
    """The numbers of a cell, as they are written."""
    return [text.replace("−", "-").replace(",", "") for text in NUMBER.findall(cell)]


def alike(one: str, other: str) -> bool:
    """Whether two cells hold the same numbers, to the digits that both write."""
    left, right = numbers(one), numbers(other)
    if not left or len(left) != len(right):
        return one == other
    return all(
        abs(float(a) - float(b)) <= 1.001 * (half_a_digit(a) + half_a_digit(b))
        for a, b in zip(left, right, strict=True)
    )


def half_a_digit(number: str) -> float:
    """Half of the last digit of a number as it is written."""
    return 0.5 * 10.0 ** -len(number.partition(".")[2])


def cells(text: str) -> list[list[str]]:
    """Cells of the lines of tables, without the marks of bold type and of ties."""
    plain = text.replace("**", "").replace("\\*", "")
    rows = [line for line in plain.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]


def section(text: str, title: str) -> dict[str, list[str]]:
    """Lines of a table of the page of effects by lever."""
    part = text[text.index(f"## {title}") :].split("\n## ", maxsplit=1)[0]
    return {row[0].split("`")[1]: row for row in cells(part) if "`" in row[0]}


def apart(found: Levers, text: str) -> list[str]:
    """Levers whose effect or ratio differs between the page of levers and that of effects."""
    beside, by_tier = section(text, "Levers by effect"), section(text, "Effect by tier")
    wrong = []
    for group in GROUPS:
        ranked = found.ranks(group, tier=found.units[0], outcome=found.main)["lever"]
        table = cells(levers_cost.per_yuan_table(found, EN, group))[2:]
        for lever, row in zip(ranked, table, strict=True):
            other = beside[lever]
            if not alike(row[1], other[2]):
                wrong.append(f"effect of {lever}")
            if not alike(row[-1], other[-1]):
                wrong.append(f"a yuan of {lever}")
        for place, tier in enumerate(TIERS, 1):
            first_five = found.first(group, tier)["lever"]
            table = cells(levers_tables.tier_table(found, EN, group, tier))[2:]
            for lever, row in zip(first_five, table, strict=True):
                if not alike(numbers(row[1])[0], by_tier[lever][place]):
                    wrong.append(f"effect of {lever} in {tier}")
    return wrong


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return pd.read_parquet(TABLE)


@pytest.fixture(scope="module")
def shipped() -> Levers:
    found = gather_levers(Path("nowhere"))
    assert found is not None
    return found


def test_a_lever_has_one_effect_and_brings_one_sum_on_both_pages(
    shipped: Levers, frame: pd.DataFrame
) -> None:
    assert apart(shipped, page(frame)) == []


def test_a_planted_difference_between_the_pages_is_named(
    shipped: Levers, frame: pd.DataFrame
) -> None:
    ranks = shipped.tables["ranks"]
    text = page(frame)

    def planted(lever: str, tier: str, column: str, factor: float) -> list[str]:
        rows = ranks.copy()
        here = (rows["lever"] == lever) & (rows["tier"] == tier) & (rows["condition"] == "all")
        rows.loc[here, column] = (rows.loc[here, column] * factor).astype(rows[column].dtype)
        return apart(replace(shipped, tables={**shipped.tables, "ranks": rows}), text)

    assert planted("skills_training", "province", "mean", 1.05) == [
        "effect of skills_training",
        "effect of skills_training in province",
    ]
    assert planted("skills_training", "province", "per_yuan", 1.05) == ["a yuan of skills_training"]
    # One page that withholds a ratio and one that does not disagree too.
    assert planted("skills_training", "province", "above_noise", 0) == ["a yuan of skills_training"]
    named = planted("rd_super_deduction", "county", "mean", 1.05)
    assert named == ["effect of rd_super_deduction in county"]


def test_the_package_has_one_effect_on_the_first_page_and_on_that_of_effects(
    frame: pd.DataFrame,
) -> None:
    text = page(frame)
    (whole,) = [row for row in cells(text) if row[0] == "province"]
    survival = {row[0]: row for row in cells(text) if row[0] in first.OTHERWISE}
    assert alike(survival["none"][2], whole[1])
    told = numbers(first.otherwise(EN))
    for name in first.OTHERWISE:
        shown = [f"{float(number):+.2f}" for number in numbers(survival[name][2])]
        assert all(any(alike(number, other) for other in told) for number in shown), name


def test_a_yuan_of_the_grant_brings_the_same_on_both_pages(frame: pd.DataFrame) -> None:
    even = break_even.stored()
    assert even is not None
    (said,) = re.findall(r"a yuan of it brings ([^)]*\))", page(frame, even))
    text = levers_even.explained(even, EN)
    (shown,) = re.findall(r"brings ([^ ]* yuan in the mean \([^)]*\))", text)
    assert alike(said, shown.replace("95 %", ""))


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = made_up.write_compared_store(tmp_path_factory.mktemp("agreement") / "store", 12)
    (store / "scenarios").mkdir()
    (store / "scenarios" / f"{made_up.HASHES['scenario']}.yaml").write_text("levers: []\n", "utf-8")
    return store


@pytest.fixture(scope="module")
def both(compared: Path) -> Worlds:
    return gather_worlds(compared)


def test_compare_and_the_report_tell_the_same_effects(compared: Path, both: Worlds) -> None:
    found = compare(gather(Results(compared), PAIR), *PAIR)
    data = json.loads(json.dumps(pairs_data(REFERENCE, [found])))
    (row,) = data["scenarios"]
    assert row["pairs"] == 12
    for name in STATES:
        effect = both.effect(name, UNITS[-1])
        assert effect is not None
        stored = row["effects"][name]["change" if measure_of(name) == "percent" else "gain"]
        assert stored == pytest.approx(asdict(effect.estimate)), name
        assert Estimate(**stored).sign == effect.sign
        # What the page writes of it is written of the number of the command.
        again = replace(effect, estimate=Estimate(**stored))
        assert EN.effect(again) in effects.detail_table(both, EN, _group(name)), name


def _group(outcome: str) -> str:
    return next(group for group, names in effects.DETAIL.items() if outcome in names)


def test_the_store_tells_by_tier_what_the_report_tells(compared: Path, both: Worlds) -> None:
    results, levels = Results(compared), ["tier", "province"]
    table = results.paired_intervals(*PAIR, "value_added", levels, [HORIZON])
    rows = {str(row["unit_name"]): row for _, row in table.iterrows()}
    for unit in UNITS:
        effect = both.effect("value_added", unit)
        assert effect is not None
        for name, value in asdict(effect.estimate).items():
            assert rows[unit[1]][f"change_{name}"] == pytest.approx(value), (unit, name)
        assert rows[unit[1]]["change_sign"] == effect.sign


def test_trace_tells_the_changes_that_the_report_tells(compared: Path, both: Worlds) -> None:
    seen = 0
    for article in trace(compared)["articles"]:
        for result in (r for each in article["outcomes"] for r in each["results"]):
            unit, name = (result["level"], result["unit_name"]), result["outcome"]
            gap = both.difference(name, unit, result["year"])
            if gap.empty:
                continue
            found = asdict(Estimate.of(gap))
            told = result["difference"]
            keys = ("mean", "low", "high", "median", "p05", "p95")
            assert [told[k] for k in keys] == pytest.approx([found[k] for k in keys]), name
            seen += 1
    assert seen


@pytest.mark.parametrize("gain", [3e9, 1e8])
def test_the_page_of_designs_and_the_command_tell_the_same_of_a_design(gain: float) -> None:
    words = Words("zh")  # sums in the unit of the command
    label = {"zh": "方案", "en": "Design"}
    row = comparison(gain, 1e9, 1e9) | {"label": label, "verdict": "equal"}
    shown = designs.line(row, words)
    told = comparing._told(row["effects"]["value_added"]["gain"], comparing.YI, "+,.4g")
    assert alike(shown[3].replace("**", ""), told.replace("no conclusion ", "")) or gain == 1e8
    if row["distinguishable"]:
        assert alike(shown[4], comparing._brings(row))
    else:
        # No ratio stands beside a gain that is not distinguishable from zero, in the same words.
        assert designs.per_yuan(row, EN) == comparing._brings(row) == WITHHELD[NO_EFFECT]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_column_of_the_page_of_levers_says_how_many_draws_it_rests_on(
    shipped: Levers, lang: str
) -> None:
    words = Words("zh" if lang == "zh" else "en")
    group, tier = GROUPS[0], shipped.units[0]

    def heads(found: Levers) -> list[str]:
        tables = (
            levers_tables.tier_table(found, words, group, tier),
            levers_cost.per_yuan_table(found, words, group),
            levers_cost.cost_table(found, words, group),
        )
        return [head for table in tables for head in cells(table)[0]]

    facts = shipped.facts["draws"]
    assert facts == {"without": 64, "alone": 8}
    draws = [numbers(head)[-1] for head in heads(shipped) if re.search("组抽样|draws", head)]
    assert draws == ["64", "8", "8", "22", "8", "64", "8"]
    # Read from the table, not written by hand.
    rows = shipped.tables["ranks"]
    more = rows["draws"].where(rows["setting"] != "alone", 31)
    other = replace(shipped, tables={**shipped.tables, "ranks": rows.assign(draws=more)})
    assert any("31" in head for head in heads(other))
