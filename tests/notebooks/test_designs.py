"""The page that compares designs: tables in both languages from made-up comparisons."""

import json
import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont

from jiqun.experiments.effects.bootstrap import CONFIDENCE
from jiqun.experiments.effects.comparison_data import made_by, save
from jiqun.experiments.effects.costs import BEARERS
from jiqun.experiments.effects.effect import NO_EFFECT, WITHHELD
from jiqun.notebooks import designs
from jiqun.notebooks.figures import FONT
from jiqun.notebooks.render import render
from jiqun.notebooks.show import png
from jiqun.notebooks.words import LANGS, Words
from jiqun.scenarios import designs as shipped
from jiqun.scenarios import load, worlds

ENVELOPES = {"award": 2.6e8, "programme": 4e9}


def interval(mean: float, width: float) -> dict[str, float]:
    return {"low": mean - width, "median": mean, "high": mean + width, "mean": mean}


def comparison(gain: float, width: float, cost: float) -> dict[str, Any]:
    found = abs(gain) > width
    unit = {"money": 0.4, "gain": interval(gain / 4, width), "distinguishable": found}
    groups = {"tier": ("world", "none"), "place": ("hefei", "wuhu", "other"), "size": ("large",)}
    effect = {
        "gain": interval(gain, width),
        "change": interval(gain / 1e13, width / 1e13),
        "distinguishable": found,
        "per_unit": interval(cost / gain, 0.1) if found and gain > 0 else None,
    }
    return {
        "scenario": "made_up",
        "baseline": "without_document_55",
        "pairs": 100,
        "cost": interval(cost, cost / 10),
        "budget": interval(cost, cost / 10),
        "others": interval(0.0, 0.0),
        "bearers": dict.fromkeys(BEARERS, interval(cost / 6, 0.0)),
        "costs": "costs",
        "per_yuan": interval(gain / cost, width / cost) if found else None,
        "per_yuan_withheld": None if found else NO_EFFECT,
        "feedback": interval(1e6, 1e7),
        "envelopes": {name: interval(yuan, yuan / 10) for name, yuan in ENVELOPES.items()},
        "new": {name: interval(yuan / 4, yuan / 10) for name, yuan in ENVELOPES.items()},
        "effects": dict.fromkeys(("value_added", "employees"), effect),
        "private": interval(-0.4, 0.2),
        "displaced": interval(0.3, 0.1) if found else None,
        "gains": {name: dict.fromkeys(units, unit) for name, units in groups.items()},
        "distinguishable": found,
        "gainers": {name: list(units) if found else [] for name, units in groups.items()},
    }


@pytest.fixture
def data() -> dict[str, Any]:
    rows = []
    for envelope, yuan in ENVELOPES.items():
        for place, name in enumerate(shipped()):
            scenario = load(name)
            rows.append(
                {
                    "design": name,
                    "envelope": envelope,
                    "label": {"zh": scenario.label_zh, "en": scenario.label_en},
                    "scale": 1.5 + place,
                    "verdict": "cannot spend" if place == 1 else "equal",
                    "target": yuan,
                    "solved_cost": yuan,
                    "best": 0.4 if place == 0 else 0.1,
                    **comparison((3 - place) * yuan / 4, yuan / 3, yuan),
                }
            )
    regret = [
        {
            "design": shipped()[0],
            "by_world": dict.fromkeys(("central", *worlds()), 2e8),
            "largest": 2e8,
            "best": 0.4,
        }
    ]
    return {
        "years": [2024, 2027],
        "discount": 0.03,
        "borne": "total",
        "confidence": CONFIDENCE,
        "baseline": comparison(1e8, 3e8, 1e7) | {"label": {"zh": "按文件执行", "en": "As issued"}},
        "solved_on": 20,
        "reported_on": 100,
        "envelopes": ENVELOPES,
        "designs": rows,
        "promotion": comparison(5e9, 1e9, 3e9)
        | {"break_even": {"low": 0.2, "at": 0.3, "high": 0.6}, "drawn": [0.05, 0.45]},
        "regret": {"programme": regret, "award": []},
    }


def lines(table: str) -> list[list[str]]:
    rows = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in rows[2:]]


@pytest.mark.parametrize("lang", LANGS)
def test_the_first_table_has_a_line_a_design_and_the_baseline_last(data: Any, lang: Any) -> None:
    words = Words(lang)
    table = lines(designs.summary_table(data, words, "programme"))
    assert len(table) == len(shipped()) + 1
    assert {len(row) for row in table} == {8}
    assert table[-1][0].startswith(data["baseline"]["label"][lang])
    nothing = words("designs_nothing")
    assert [row[3].startswith("**") for row in table[:3]] == [True, True, False]
    assert len(lines(designs.summary_table(data, words, "award"))) == len(shipped())
    # What is not distinguishable from zero has no mean and no ratio; nor has what sets the sum.
    for row in (table[2], table[-1]):
        assert row[3].startswith(nothing)
    assert [row[4] == nothing for row in table[:3]] == [False, False, True]
    assert table[-1][4] == "—"
    # The sum that it sets is no cost of the budgets alone, so it stands by its name.
    assert words.money(ENVELOPES["programme"] / 4)[0] in table[-1][0]
    assert table[-1][1] == words.money(1e7)[0]
    # The largest effect stands first, and a design that leaves money over says so.
    assert table[0][0] == data["designs"][0]["label"][lang]
    assert words.name("design_verdicts", "cannot spend") in table[1][0]


@pytest.mark.parametrize("lang", LANGS)
def test_a_yuan_of_cost_brings_a_ratio_or_the_reason_why_none_is_told(lang: Any) -> None:
    words = Words(lang)
    row = {"costs": "costs", "per_yuan": interval(1.2, 0.5), "per_yuan_withheld": None}
    assert designs.per_yuan(row, words).startswith("+1.2")
    for said in WITHHELD:
        none = {"costs": said, "per_yuan": None, "per_yuan_withheld": said}
        assert designs.per_yuan(none, words) == words.name("cost_said", said)


@pytest.mark.parametrize("lang", LANGS)
def test_displaced_is_a_number_only_where_others_are_found_to_lose(lang: Any) -> None:
    words = Words(lang)
    assert designs.displaced(interval(0.3, 0.1), words) == words.percent(0.3)
    assert designs.displaced(interval(0.1, 0.3), words) == words("designs_unclear")
    assert designs.displaced(interval(-0.8, 0.3), words) == words("designs_spill")
    assert designs.displaced(None, words) == "—"


@pytest.mark.parametrize("lang", LANGS)
def test_the_headline_names_the_best_or_says_that_none_is_found(data: Any, lang: Any) -> None:
    words = Words(lang)
    first, other = data["designs"][:2]
    best = designs.headline(data, words, "programme")
    assert first["label"][lang] in best
    assert words.percent(0.4) in best
    assert other["label"][lang] in best
    # What others than the budgets bear is no small print.
    for row in data["designs"]:
        row["others"] = interval(7.7e9, 0.0)
    assert words.money(7.7e9)[0] in designs.headline(data, words, "programme")
    for row in data["designs"]:
        row["distinguishable"] = False
    assert first["label"][lang] not in designs.headline(data, words, "programme")


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_says_how_small_and_how_old_its_comparison_is(data: Any, lang: Any) -> None:
    words = Words(lang)
    whole, small, old = (
        words(key, pairs=100, solved=20, command="jiqun compare s --baseline made_up --equal-cost")
        for key in ("designs_whole", "designs_small", "designs_old")
    )
    assert designs.made(data, words, "s") == f"{whole}\n\n{old}"
    data["made_by"] = made_by()
    assert designs.made(data, words, "s") == whole
    data["solved_on"] = 4
    assert designs.made(data, words, "s") == small.replace("20", "4", 1)


@pytest.mark.parametrize("lang", LANGS)
def test_other_tables_are_whole(data: Any, lang: Any) -> None:
    words = Words(lang)
    for envelope in ENVELOPES:
        found = [designs.cost_table(data, words, envelope)]
        found += [designs.gain_table(data, words, envelope, name) for name in designs.NAMES]
        for table in found:
            assert len(lines(table)) == len(shipped())
            assert len({line.count("|") for line in table.splitlines()}) == 1
    regret = lines(designs.regret_table(data, words, "programme"))
    assert regret[0][0] == data["designs"][0]["label"][lang]
    assert len(regret[0]) == len(worlds()) + 4
    assert designs.regret_table(data, words, "award") == ""


@pytest.mark.parametrize("lang", LANGS)
def test_investment_promotion_is_told_apart_with_its_break_even(data: Any, lang: Any) -> None:
    words = Words(lang)
    assert words.percent(0.3) in designs.promotion(data, words)
    data["promotion"]["break_even"] = {"low": 0.2, "at": 0.3, "high": None}
    assert words("apart_from", low=words.percent(0.2)) in designs.promotion(data, words)
    data["promotion"]["break_even"] = {"low": 1.2, "at": 1.4, "high": None}
    assert words("apart_never") in designs.promotion(data, words)
    data["promotion"] = None
    assert designs.promotion(data, words) == ""


@pytest.mark.parametrize("lang", LANGS)
def test_the_figure_is_drawn_with_letters_that_the_font_has(data: Any, lang: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert png(designs.forest(data, Words(lang))).startswith(b"\x89PNG")


def test_names_of_designs_and_worlds_are_in_the_carried_font_and_in_words() -> None:
    known = set(TTFont(FONT).getBestCmap())
    shown = "".join(load(name).label_zh for name in (*shipped(), *worlds()))
    assert not {letter for letter in shown if ord(letter) not in known}
    for lang in LANGS:
        assert set(Words(lang).names("world_names")) == {"central", *worlds()}


@pytest.mark.slow
def test_a_store_with_a_comparison_has_a_page_of_its_own(
    compared_store: Path, data: Any, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    shutil.copytree(compared_store, store)
    save(store, json.loads(json.dumps(data)))
    pages = render(store, ("en",))
    assert [page.name for page in pages][:2] == ["index.html", "designs.html"]
    for page in pages[:2]:
        html = page.read_text("utf-8")
        assert "Comparing designs at equal cost" in html
        assert re.search("Award up front", html)


def test_few_pairs_without_intervals_are_shown(data: dict[str, Any]) -> None:
    def without_ends(value: Any) -> Any:
        if isinstance(value, dict):
            ends = dict.fromkeys({"low", "high"} & value.keys())
            return {key: without_ends(item) for key, item in value.items()} | ends
        return [without_ends(item) for item in value] if isinstance(value, list) else value

    few = without_ends(data) | {"promotion": None}
    for row in few["designs"]:
        row["distinguishable"] = row["effects"]["value_added"]["distinguishable"] = False
        row["displaced"] = None
        for effect in row["effects"].values():
            effect["per_unit"] = None
    words = Words("en")
    for table in (designs.summary_table, designs.cost_table):
        assert "None" not in table(few | {"baseline": few["designs"][0]}, words, "award")
    designs.forest(few, words)
