"""Stores as people make them: few draws, one scenario, horizons that differ, rows in any order."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from jiqun import notebooks
from jiqun.notebooks import board, effects, first, race, show
from jiqun.notebooks.money import Money, city_table, gather_paid, tier_table, year_table
from jiqun.notebooks.words import ABSENT, LANGS, Lang, Words
from jiqun.notebooks.worlds import Worlds, gather_worlds
from tests.notebooks.made_up import (
    clusters_of,
    ledger_of,
    outcomes_of,
    runs,
    write_manifest,
    write_shard,
)

EN = Words("en")


def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sample(frac=1.0, random_state=3)


def of_frame(worlds: Worlds, frame: pd.DataFrame) -> Worlds:
    return replace(worlds, frame=frame, _wide={})


def tables_of(worlds: Worlds, ledger: Money | None) -> list[str]:
    """Every table that is made of runs side by side."""
    found = [
        first.question(worlds, EN),
        first.findings(worlds, ledger, EN),
        first.width(worlds, EN),
        effects.effects_table(worlds, EN),
        *(effects.detail_table(worlds, EN, group) for group in effects.DETAIL),
        *(effects.way_table(worlds, EN, name) for name in effects.WATERFALL),
        effects.long_table(worlds, EN),
        effects.later_table(worlds, EN),
        board.board_table(worlds, EN),
        board.yearly_table(worlds, EN),
        board.counts_table(worlds, EN),
        board.quota_table(worlds, EN),
    ]
    if ledger:
        found += [year_table(ledger, EN), tier_table(ledger, EN), city_table(ledger, EN)]
    return found


def test_nothing_rests_on_the_order_of_rows(worlds: Worlds, ledger: Money) -> None:
    found = race.gather_race(worlds)
    assert found is not None
    other = of_frame(worlds, shuffled(worlds.frame))
    assert tables_of(other, replace(ledger, frame=shuffled(ledger.frame))) == tables_of(
        worlds, ledger
    )
    moved = race.Race(shuffled(found.frame))
    assert race.clusters_table(moved, EN) == race.clusters_table(found, EN)
    assert race.before_after(moved) == race.before_after(found)


def test_runs_are_read_in_one_order(worlds: Worlds, ledger: Money) -> None:
    found = race.gather_race(worlds)
    assert found is not None
    keys = ["scenario", "draw", "seed", "population", "year"]
    for frame in (worlds.frame, ledger.frame, found.frame):
        assert frame[keys].equals(frame[keys].sort_values(keys, ignore_index=True))


@pytest.mark.parametrize("short", ["as_issued", "without_document_55"])
@pytest.mark.parametrize("last", [2022, 2024, 2025, 2027])
def test_scenarios_may_end_in_different_years(worlds: Worlds, short: str, last: int) -> None:
    frame = worlds.frame
    kept = frame[(frame["scenario"] != short) | (frame["year"] <= last)]
    tables_of(of_frame(worlds, shuffled(kept)), None)


def test_a_tier_that_lacks_a_year_is_left_out_of_the_lowest(worlds: Worlds) -> None:
    target = next(row for row in board.targets("modelled") if row.id in board.OF_CLUSTERS)
    whole = board.paths(worlds, "as_issued", target)
    frame = worlds.frame
    lacking = (frame["unit_name"] == "county") & (frame["year"] == 2025) & (frame["draw"] == 1)
    found = board.paths(of_frame(worlds, frame[~lacking]), "as_issued", target)
    assert found.notna().all().all()
    assert (found >= whole).all().all()


def written(folder: Path, *scenarios: tuple[str, int], draws: int) -> Path:
    """A store of some scenarios, each to a year of its own."""
    for number, (scenario, last) in enumerate(scenarios):
        batch = runs(draws, 0, scenario, 4 * (last - 2019) + 3)
        effect = 0.02 * number
        found = [outcomes_of(batch, range(2019, last + 1), effect), clusters_of(batch, effect)]
        rows = pd.concat(found)
        ledger = ledger_of(batch, new=bool(number))
        ledger = ledger[ledger["year"] <= last]
        write_shard(folder, batch, shuffled(rows[rows["year"] <= last]), ledger)
    write_manifest(folder, [scenario for scenario, _ in scenarios])
    return folder


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], list[str]]:
    """What the page of a store says, run in this process and without drawing its pictures."""
    code = (Path(notebooks.__file__).parent / "report.py").read_text("utf-8")

    def shown(store: Path) -> list[str]:
        said: list[str] = []
        monkeypatch.setattr(show, "figure", lambda _, alt: said.append(str(alt)))
        monkeypatch.setattr(show, "display", lambda part: said.append(str(part.data)))
        told = code.replace('store: str = "build/report/store"', f"store: str = {str(store)!r}")
        exec(compile(told, "report.py", "exec"), {"__name__": "page"})
        return said

    return shown


@pytest.mark.parametrize(
    ("scenarios", "draws"),
    [
        ((("without_document_55", 2027), ("as_issued", 2027)), 1),
        ((("without_document_55", 2032), ("as_issued", 2027)), 4),
        ((("my_own", 2023),), 2),
    ],
)
def test_an_ordinary_store_gives_a_page(
    tmp_path: Path,
    page: Callable[[Path], list[str]],
    scenarios: tuple[tuple[str, int], ...],
    draws: int,
) -> None:
    said = page(written(tmp_path / "store", *scenarios, draws=draws))
    assert len(said) > 50
    assert not any("nan" in part.split() for part in said)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("draws", "told"), [(1, False), (7, False), (8, True)])
def test_too_few_pairs_are_a_sentence_and_no_dash_in_place_of_figures(
    tmp_path: Path, lang: Lang, draws: int, told: bool
) -> None:
    pair = (("without_document_55", 2027), ("as_issued", 2027))
    words = Words(lang)
    said = effects.headline(
        gather_worlds(written(tmp_path / "store", *pair, draws=draws)), words
    ).replace("\n", " ")
    assert ABSENT not in said
    spread = {"zh": "十对中有九对", "en": "nine of ten pairs lie"}
    few = {"zh": "至少需要8对运行", "en": "takes at least 8 pairs"}
    assert (spread[lang] in said, few[lang] in said) == (told, not told)


def test_worlds_without_runs_of_today_have_no_scenario(tmp_path: Path) -> None:
    worlds = gather_worlds(written(tmp_path / "store", ("as_issued", 2021), draws=2))
    assert not worlds.names
    assert gather_paid(worlds.results) is None
