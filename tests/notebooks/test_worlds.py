"""Effects: differences of runs that belong together."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jiqun.experiments import Results
from jiqun.experiments.effects import displacement
from jiqun.experiments.effects.effect import LEAST_PAIRS, Estimate
from jiqun.experiments.runs.batch import model_hash
from jiqun.model.dimensions import TIERS
from jiqun.notebooks import effects, first
from jiqun.notebooks.trust.evidence import AS_ISSUED, HORIZON, ORIGIN, PROVINCE, REFERENCE, gather
from jiqun.notebooks.words import LANGS, Lang, Words
from jiqun.notebooks.worlds import (
    ALONE,
    LONG,
    MARKET,
    MEASURED,
    UNITS,
    Effect,
    Worlds,
    gather_worlds,
    measure_of,
)
from jiqun.scenarios.tables import data_hash
from tests.notebooks.made_up import EFFECT


def test_an_effect_is_over_pairs_of_the_joint_draws(worlds: Worlds) -> None:
    gap = worlds.difference("value_added", PROVINCE)
    assert len(gap) == 8
    assert set(gap.index.get_level_values("draw")) == set(range(1, 9))
    pairs = worlds.results.paired(AS_ISSUED, REFERENCE, "value_added", "province", [HORIZON])
    pairs = pairs[pairs["draw"].between(1, 10_000)].set_index(["draw", "seed", "population"])
    assert gap.sort_index().to_numpy() == pytest.approx(pairs["difference"].sort_index())
    effect = worlds.effect("value_added", PROVINCE)
    assert effect is not None
    assert effect.estimate.median == pytest.approx(pairs["change"].median())
    assert effect.estimate.mean == pytest.approx(pairs["change"].mean())
    assert effect.pairs == 8


def test_shares_differ_by_points_and_money_by_per_cent(worlds: Worlds) -> None:
    assert measure_of("digital_coverage_above") == measure_of("digital_depth") == "points"
    assert measure_of("value_added") == measure_of("energy_per_va") == "percent"
    effect = worlds.effect("digital_coverage_above", PROVINCE)
    gap = worlds.difference("digital_coverage_above", PROVINCE)
    assert effect is not None
    assert effect.estimate == Estimate.of(gap)


@pytest.mark.parametrize(
    ("low", "high", "sign"), [(0.1, 0.3, 1), (-0.3, -0.1, -1), (-0.1, 0.1, 0), (0.0, 0.0, 0)]
)
def test_an_interval_that_reaches_zero_shows_no_effect(low: float, high: float, sign: int) -> None:
    middle = (low + high) / 2
    found = Estimate(low, middle, high, middle)
    assert Effect(found, "percent", 0.5, 10).sign == sign
    assert set(Words("en").names("verdict_of_effect")) == {"-1", "0", "1", "few"}


def test_the_steps_add_up_run_by_run(worlds: Worlds) -> None:
    for unit in UNITS:
        found = effects.way(worlds, "value_added", unit)
        assert found is not None
        assert list(found.steps) == list(effects.STEPS)
        values = {
            name: worlds.values(name, "value_added", unit, HORIZON)
            for name in (MARKET, REFERENCE, ALONE, AS_ISSUED)
        }
        start = worlds.values(MARKET, "value_added", unit, ORIGIN)
        older = values[REFERENCE] - values[MARKET]
        document = values[ALONE] - values[MARKET]
        interaction = values[AS_ISSUED] - values[REFERENCE] - document
        whole = start + (values[MARKET] - start) + older + document + interaction
        assert whole.to_numpy() == pytest.approx(values[AS_ISSUED].to_numpy())
        assert found.steps["older"] == Estimate.of(older)
        means = [found.start, *(step.mean for step in found.steps.values())]
        assert sum(means) == pytest.approx(found.end)
        assert found.steps["interaction"].median == pytest.approx(interaction.median())


def test_the_made_up_effects_come_out(worlds: Worlds) -> None:
    for scenario, size in EFFECT.items():
        effect = worlds.effect("value_added", PROVINCE, HORIZON, scenario, REFERENCE)
        assert effect is not None
        assert effect.estimate.median == pytest.approx(size, abs=0.004)


def test_the_long_run_is_longer_for_two_scenarios(worlds: Worlds) -> None:
    assert worlds.last_year(AS_ISSUED, REFERENCE) == LONG
    assert worlds.last_year(AS_ISSUED, MARKET) == HORIZON
    near, far = (worlds.effect("value_added", PROVINCE, year) for year in (HORIZON, LONG))
    assert near is not None
    assert far is not None
    assert far.estimate.mean > near.estimate.mean


def test_shares_and_pairs_are_those_of_the_store(worlds: Worlds) -> None:
    for unit in UNITS:
        assert sum(worlds.shares("value_added", unit).values()) == pytest.approx(1.0)
        found = worlds.pairs("value_added", unit)
        assert found is not None
        needed, independent = found
        assert 1 <= needed <= independent


def test_tiers_that_need_more_than_twenty_pairs_are_named(worlds: Worlds) -> None:
    words = Words("en")

    class Needs(Worlds):
        def pairs(self, outcome: str, unit: tuple[str, str]) -> tuple[int, int] | None:
            return (35 if unit[1] == "world" else 3), 700

    few = Needs(worlds.frame, worlds.results, worlds.joint)
    assert "World-class 35;" in effects.enough(few, words)
    assert "National" not in effects.enough(few, words)
    assert effects.enough(worlds, words).startswith("20 pairs suffice")


def test_a_store_of_the_reference_alone_knows_what_is_missing(store: Path) -> None:
    alone = gather_worlds(store)
    assert alone.missing(AS_ISSUED, REFERENCE) == [AS_ISSUED]
    assert alone.effect("value_added", PROVINCE) is None
    assert alone.shares("value_added", PROVINCE) == {}
    assert alone.pairs("value_added", PROVINCE) is None
    assert effects.headline(alone, Words("en")) == ""
    assert effects.width_table(alone, Words("en")) == ""
    assert effects.way(alone, "value_added", PROVINCE) is None


def changed(worlds: Worlds, factor: float) -> Worlds:
    """The same runs with another effect: the reference times a factor after 2023."""
    frame = worlds.frame
    rest = frame[frame["scenario"] != AS_ISSUED]
    copied = rest[rest["scenario"] == REFERENCE].assign(scenario=AS_ISSUED)
    moved = np.where(copied["year"] > ORIGIN, factor, 1.0)
    copied = copied.assign(value=copied["value"] * moved)
    return Worlds(pd.concat([rest, copied]), worlds.results, worlds.joint)


@pytest.mark.parametrize(
    ("factor", "answer"),
    [
        (1.0, "No conclusion"),
        (1.01, "In the model the document raises"),
        (0.99, "In the model the document lowers"),
    ],
)
def test_the_answer_follows_the_results(worlds: Worlds, factor: float, answer: str) -> None:
    words = Words("en")
    other = changed(worlds, factor)
    assert effects.headline(other, words).startswith(f"**{answer}")
    found = first.by_tier(other, words)
    assert found.startswith("No conclusion") == (factor == 1.0)
    assert (effects.clearest(other) is None) == (factor == 1.0)


def test_few_pairs_tell_no_effect_and_no_absence_of_one() -> None:
    values = np.linspace(0.1, 0.3, LEAST_PAIRS)
    clear, few = (Effect(Estimate.of(of), "percent", 1.0, len(of)) for of in (values, values[1:]))
    assert (clear.sign, clear.verdict) == (1, "1")
    assert (few.sign, few.verdict) == (0, "few")
    for lang in LANGS:
        words = Words(lang)
        for name in ("answer_verdict", "verdict_of_effect"):
            assert words.name(name, "few") not in {words.name(name, key) for key in "01"}


def test_the_effect_where_others_act_is_told_of_this_model_alone(tmp_path: Path) -> None:
    made = {"draws": 64, "low": 0.003, "high": 0.005, "model": model_hash(), "data": data_hash()}
    means = {"none": 0.004, "others_do_the_same": 0.0011}
    rows = pd.DataFrame([{"switch": name, "mean": mean} | made for name, mean in means.items()])
    words = Words("en")
    for table, told in (
        (rows, True), (rows.assign(model="another"), False), (rows.iloc[:1], False),
    ):  # fmt: skip
        table.to_csv(tmp_path / "package.csv", index=False)
        found = first.otherwise(words, tmp_path)
        assert bool(found) == told
        assert all(text in found for text in ("+0.40 %", "+0.11 %")) == told
    assert first.otherwise(words, tmp_path / "none") == ""


@pytest.mark.parametrize("lang", LANGS)
def test_three_findings_and_three_doubts(
    worlds: Worlds, compared_store: Path, ledger: object, lang: Lang
) -> None:
    words = Words(lang)
    evidence = gather(compared_store)
    assert evidence.scenario == AS_ISSUED
    assert first.findings(worlds, ledger, words).count("\n") == 2  # type: ignore[arg-type]
    assert first.doubts(worlds, evidence, words).count("\n") == 2
    assert words("question") in first.question(worlds, words)


def test_a_parameter_that_decides_the_effect_is_named(worlds: Worlds) -> None:
    # The noise of the made-up effect goes with no parameter, so none is named; a parameter that
    # equals the effect itself is.
    assert first.strongest(worlds) == []
    gap = worlds.difference("value_added", PROVINCE)
    place = dict(zip(gap.index.get_level_values("draw"), gap, strict=True))

    class Drawn(Results):
        def runs(self) -> pd.DataFrame:
            frame = super().runs()
            values = [f'{{"steered_share": {place.get(d, 0.2)}}}' for d in frame["draw"]]
            return frame.assign(values=values)

    other = Worlds(worlds.frame, Drawn(worlds.results.folder), worlds.joint)
    assert [name for name, _ in first.strongest(other)] == ["steered_share"]


def test_parameters_that_did_not_move_are_not_spoken_of(worlds: Worlds) -> None:
    seeds = Worlds(worlds.frame, worlds.results, joint=False)
    words = Words("en")
    assert first.strongest_sentence(seeds, words) == words("doubt_not_drawn")


@pytest.mark.parametrize("lang", LANGS)
def test_effect_tables_are_whole(worlds: Worlds, lang: Lang) -> None:
    words = Words(lang)
    pages = [
        effects.effects_table(worlds, words),
        *(effects.detail_table(worlds, words, group) for group in effects.DETAIL),
        effects.width_table(worlds, words),
        *(effects.way_table(worlds, words, name) for name in effects.WATERFALL),
        effects.long_table(worlds, words),
        effects.later_table(worlds, words),
    ]
    for page in pages:
        lines = page.splitlines()
        assert len(lines) == 2 + len(UNITS)
        assert len({line.count("|") for line in lines}) == 1
        assert "nan" not in page
    assert set(MEASURED) == {name for group in effects.DETAIL.values() for name in group}


@pytest.mark.parametrize("lang", LANGS)
def test_what_a_tier_gains_is_shown_by_whom_it_comes_from(
    compared_store: Path, worlds: Worlds, lang: Lang, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, parts = Words(lang), ("effect", *displacement.PARTS)
    made = pd.DataFrame(
        {
            "unit_name": tier,
            "part": part,
            "p05": -1e10,
            "low": -1e9,
            "median": 1e9,
            "mean": 2e9 * number,
            "high": 2e10,
            "p95": 3e10,
            "floor": 0.0,
        }
        for tier in (*TIERS, "anhui")
        for number, part in enumerate(parts, 1)
    )
    # A store that keeps no fields cannot tell.
    assert effects.displaced_table(worlds, words) == ""
    monkeypatch.setattr(displacement, "displaced", lambda *_: made.sample(frac=1, random_state=1))
    rows = effects.displaced_table(worlds, words).splitlines()
    assert len(rows) == 2 + len(TIERS) + 1
    for row in rows[2:]:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        means = [float(cell.partition("（" if lang == "zh" else " (")[0]) for cell in cells[1:]]
        assert means == [
            2.0 * n * (10.0 if lang == "zh" else 1.0) for n in range(1, len(parts) + 1)
        ]
