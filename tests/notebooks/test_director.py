"""The first page says what the tables behind it say; cities and clusters follow the one rule."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jiqun import notebooks
from jiqun.experiments import Results
from jiqun.experiments.effects.comparison_data import SHIPPED, read
from jiqun.experiments.sensitivity.arms import DOCUMENT
from jiqun.model.dimensions import CITIES
from jiqun.model.region import REGION
from jiqun.notebooks import (
    board,
    brief,
    designs,
    director,
    effects,
    lights,
    panels,
    places,
    show,
    tables,
    tiles,
)
from jiqun.notebooks.levers import cost as levers_cost
from jiqun.notebooks.levers.page import Levers, gather_levers
from jiqun.notebooks.money import gather_paid
from jiqun.notebooks.record import read_record
from jiqun.notebooks.trust import page as trust
from jiqun.notebooks.words import LANGS, Lang, Words
from jiqun.notebooks.worlds import Worlds
from tests.notebooks.made_up import (
    GAIN,
    cities_of,
    clusters_of,
    ledger_of,
    outcomes_of,
    runs,
    write_manifest,
    write_shard,
)
from tests.notebooks.test_agreement import cells, numbers

EN = Words("en")
PAIRS = 8


def apart(worlds: Worlds, ranked: Levers, compared: Any, behind: Worlds) -> list[str]:
    """Tables of the first page that hold a number which the tables behind them have not.

    Args:
        worlds: Runs that the first page is made of.
        ranked: Analysis that its levers are of.
        compared: Comparison that its options are of.
        behind: Runs that the tables behind it are made of.
    """
    shipped, options = gather_levers(Path("nowhere")), read(SHIPPED)
    assert shipped is not None
    assert options is not None
    beneath = {
        "tiers": effects.effects_table(behind, EN),
        "targets": board.board_table(behind, EN)
        + board.yearly_table(behind, EN)
        + board.counts_table(behind, EN),
        "levers": levers_cost.per_yuan_table(shipped, EN, DOCUMENT),
        "options": "\n".join(
            designs.summary_table(options, EN, name) for name in designs.envelopes_of(options)
        ),
    }
    # Columns that the tables behind have too: change in per cent and sum; chance; all numbers.
    shown = {
        "tiers": [row[3:5] for row in cells(director.tiers_table(worlds, (), EN))[2:]],
        "targets": [
            row[2:3] for row in cells(director.targets_table(lights.lights(worlds, EN), EN))[2:]
        ],
        "levers": [row[1:] for row in cells(brief.levers_table(ranked, EN))[2:]],
        "options": [row[2:] for row in cells(brief.options_table(compared, EN))[2:]],
    }
    return [
        name
        for name, rows in shown.items()
        if not {n for row in rows for cell in row for n in numbers(cell)}
        <= {n for row in cells(beneath[name]) for cell in row for n in numbers(cell)}
    ]


@pytest.fixture(scope="module")
def ranked() -> Levers:
    found = gather_levers(Path("nowhere"))
    assert found is not None
    return found


def test_every_number_of_the_first_page_is_in_the_tables_behind_it(
    worlds: Worlds, ranked: Levers
) -> None:
    assert apart(worlds, ranked, read(SHIPPED), worlds) == []


def test_a_planted_difference_is_caught(worlds: Worlds, ranked: Levers) -> None:
    shipped = read(SHIPPED)
    assert shipped is not None
    frame = worlds.frame
    grown = (frame["scenario"] == "as_issued") & (frame["year"] >= 2024)
    moved = frame.assign(value=frame["value"] * np.where(grown, 1.013, 1.0))
    other = replace(worlds, frame=moved, _wide={})
    assert "tiers" in apart(other, ranked, shipped, worlds)
    ranks = ranked.tables["ranks"]
    column = ranks["mean"].where(ranks["condition"] != "all", ranks["mean"] * 1.05)
    larger = replace(ranked, tables={**ranked.tables, "ranks": ranks.assign(mean=column)})
    assert apart(worlds, larger, shipped, worlds) == ["levers"]
    _, rows = director.chosen(shipped)
    rows[0]["effects"]["value_added"]["gain"]["mean"] *= 1.2  # type: ignore[index]
    assert apart(worlds, ranked, shipped, worlds) == ["options"]


def test_options_are_those_that_can_spend_the_sum_and_gain_most(ranked: Levers) -> None:
    shipped = read(SHIPPED)
    assert shipped is not None
    for envelope in designs.envelopes_of(shipped):
        rows = director.options_at(shipped, envelope)
        able = designs.able(designs.rows_of(shipped, envelope))
        assert rows == able[: director.OPTIONS]
        assert all(row["verdict"] == "equal" for row in rows)
        # The largest that a headline names can spend the sum too.
        told = designs.headline(shipped, EN, envelope)
        if better := [row for row in able if designs.gains(row)]:
            assert f"that of '{better[0]['label']['en']}'" in told


@pytest.mark.parametrize("lang", LANGS)
def test_a_lever_that_costs_nobody_says_what_enterprises_pay(ranked: Levers, lang: Lang) -> None:
    words = Words(lang)
    free = [row for row in cells(brief.levers_table(ranked, words))[2:] if row[2] == row[3] == "—"]
    shown = [
        row for row in cells(brief.levers_table(ranked, words))[2:] if words("brief_own") in row
    ]
    assert shown
    assert not free
    assert "+0.14" in director.unpaid(ranked, words)


@pytest.mark.parametrize("lang", LANGS)
def test_what_numbers_rest_on_is_told_as_where_it_is_shown_in_full(lang: Lang) -> None:
    words, record = Words(lang), read_record()
    told = director.rests_on(record, words)
    assert record.skill is not None
    assert trust.skill_numbers(record.skill, words) in told
    assert trust.skill_numbers(record.skill, words) in trust.glance_table(record, words)
    # Without the line and the column of sums.
    shown = [list(map(int, row[1:-1])) for row in cells(tables.basis_table(words))[2:-1]]
    proxy, assumed = (sum(row[column] for row in shown) for column in (3, 4))
    weak = words.percent((proxy + assumed) / sum(map(sum, shown)))
    assert all(text in told for text in (str(proxy), str(assumed), weak))


@pytest.mark.parametrize(
    ("met", "runs_", "colour"),
    [
        (1.0, 20, "green"), (0.8, 20, "green"), (0.79, 20, "amber"), (0.21, 20, "amber"),
        (0.2, 20, "red"), (0.0, 20, "red"), (1.0, 7, "none"),
    ],
)  # fmt: skip
def test_a_colour_follows_from_the_chance_and_none_from_too_few_runs(
    met: float, runs_: int, colour: str
) -> None:
    assert lights.Light(None, "", "", met, True, runs_).colour == colour


def test_colours_have_words_and_directions_are_not_counted(worlds: Worlds) -> None:
    found = lights.lights(worlds, EN)
    numeric = [light for light in found if light.numeric]
    assert 0 < len(numeric) < len(found)
    assert found[: len(numeric)] == numeric
    counts = [sum(light.colour == name for light in numeric) for name in ("green", "amber", "red")]
    assert numbers(lights.sentence(found, EN))[:4] == [str(len(numeric)), *map(str, counts)]
    table = director.targets_table(found, EN)
    for light in found:
        assert f"[{EN.name('director_colours', light.colour)}]{{.light .{light.colour}}}" in table


# Cities and clusters


@pytest.fixture(scope="module")
def of_cities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cities") / "store"
    names = ("without_document_55", "as_issued")
    for changed, name in enumerate(names):
        batch = runs(PAIRS, 0, name)
        made = (outcomes_of(batch), clusters_of(batch, 0.02 * changed))
        rows = pd.concat([*made, cities_of(batch, changed=bool(changed))])
        write_shard(folder, batch, rows, ledger_of(batch, new=bool(changed)))
    write_manifest(folder, list(names))
    return folder


@pytest.fixture(scope="module")
def known(of_cities: Path) -> places.Places:
    found = places.gather_places(of_cities, gather_paid(Results(of_cities)))
    assert found is not None
    return found


@pytest.mark.parametrize("lang", LANGS)
def test_nothing_is_concluded_in_the_same_words_everywhere(
    known: places.Places, lang: Lang
) -> None:
    words = Words(lang)
    nothing = words.name("verdict_of_effect", "0")
    table = {
        row[0].split("#")[1][:-1]: row[2] for row in cells(places.index_table(known, words))[2:]
    }
    assert list(table) == list(CITIES)
    for city, told in table.items():
        assert told.startswith(nothing) == (city not in GAIN)
        assert told in places.city_sentence(known, city, words).replace("**", "")
    alt = panels.seen(tiles.tile_map(known, words))
    assert alt.count(nothing) == len(CITIES) - len(GAIN)
    for city in CITIES:
        assert places.city_name(city, words) in alt


def test_the_map_hatches_what_is_not_concluded(known: places.Places) -> None:
    drawn = tiles.tile_map(known, EN)
    hatched = [patch for patch in drawn.axes[0].patches if patch.get_hatch()]
    assert len(hatched) == len(CITIES) - len(GAIN)
    shown = [text.get_text() for text in drawn.axes[0].texts]
    assert shown.count(EN.name("verdict_of_effect", "0")) == len(hatched)
    assert sum(text[0] in "+−" for text in shown) == len(GAIN)


def test_every_city_of_the_default_region_has_a_tile_of_its_own() -> None:
    assert tiles.has_tiles()
    assert len({city.tile for city in REGION.cities.values()}) == len(CITIES)


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_of_cities_has_a_section_a_city_and_an_anchor_a_cluster(
    of_cities: Path, lang: Lang, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(show, "figure", lambda _, alt: said.append(str(alt)))
    monkeypatch.setattr(show, "display", lambda part: said.append(str(part.data)))
    code = (Path(notebooks.__file__).parent / "by_city.py").read_text("utf-8")
    code = code.replace('store: str = "build/report/store"', f"store: str = {str(of_cities)!r}")
    code = code.replace('lang: str = "en"', f'lang: str = "{lang}"')
    exec(compile(code, "by_city.py", "exec"), {"__name__": "page"})
    page = "\n".join(said)
    for city in CITIES:
        assert page.count(f"{{#{city}}}") == 1
        for row in places.registered(city):
            assert page.count(f"{{#{row.id}}}") == 1
    assert "nan" not in page.split()


def test_a_store_without_cities_has_no_page_of_them(compared_store: Path) -> None:
    assert not places.has_cities(compared_store)
    assert places.gather_places(compared_store, None) is None
