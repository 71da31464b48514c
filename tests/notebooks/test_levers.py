"""Which levers matter most: sentences, tables and figures follow the intervals."""

import json
import re
import shutil
import warnings
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from jiqun.experiments.sensitivity.arms import DOCUMENT, GROUPS
from jiqun.experiments.sensitivity.tables import FACTS, FOLDER, save
from jiqun.model.dimensions import TIERS
from jiqun.notebooks import first
from jiqun.notebooks.figures import FONT
from jiqun.notebooks.levers import (
    cost as levers_cost,
)
from jiqun.notebooks.levers import (
    figures as levers_figures,
)
from jiqun.notebooks.levers import (
    page as levers,
)
from jiqun.notebooks.levers import (
    tables as levers_tables,
)
from jiqun.notebooks.levers.page import Levers, gather_levers
from jiqun.notebooks.render import render
from jiqun.notebooks.show import png
from jiqun.notebooks.words import LANGS, Lang, Words
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.structure import switches
from tests.notebooks.made_up_levers import COMPARED, CONDITIONS, OUTCOMES, SIZES, UNITS, analysis
from tests.notebooks.made_up_levers import levers as made_up

NO_WINNER = {"zh": "没有哪一种在多数梯度独占第一", "en": "no single lever"}


@cache
def of(sizes: str, *, turned: str = "") -> Levers:
    """A made-up analysis, to be read only."""
    made = analysis(sizes, turned=turned)
    return Levers(made.facts, made.tables, origin="stored", current=True)


@pytest.fixture(scope="module", params=sorted(SIZES))
def any_found(request: pytest.FixtureRequest) -> Levers:
    return of(request.param)


@pytest.fixture(scope="module")
def clear() -> Levers:
    return of("clear")


@pytest.fixture(scope="module")
def tied() -> Levers:
    return of("tied")


def names(found: Levers, words: Words) -> list[str]:
    return [levers.label(found, words, lever) for lever in made_up()[DOCUMENT]]


def lines(table: str) -> list[list[str]]:
    rows = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in rows[2:]]


@pytest.mark.parametrize("lang", LANGS)
def test_a_lever_told_apart_from_all_others_is_named_first(clear: Levers, lang: Lang) -> None:
    words = Words(lang)
    told = levers.front_sentence(clear, words)
    assert [name in told for name in names(clear, words)] == [True] + [False] * 7


@pytest.mark.parametrize("lang", LANGS)
def test_no_winner_is_named_among_ties(tied: Levers, lang: Lang) -> None:
    words = Words(lang)
    told = levers.front_sentence(tied, words)
    fronts = [levers.front(tied, DOCUMENT, tier) for tier in TIERS]
    sizes = [len(rows) for rows in fronts]
    assert min(sizes) > 1
    assert words.between(str(min(sizes)), str(max(sizes))) in told or f"{sizes[0]}" in told
    # Seven that nobody can tell apart: counted, and named by id up to what a sentence bears.
    assert "7" in told
    often = sorted(made_up()[DOCUMENT][:7])
    for place, lever in enumerate(often):
        assert (levers.label(tied, words, lever) in told) == (place < levers.NAMED)
    assert words("levers_more_names", count=2) in told
    assert NO_WINNER[lang] in told


@pytest.mark.parametrize("lang", LANGS)
def test_a_front_of_ties_with_one_above_noise_names_no_winner(clear: Levers, lang: Lang) -> None:
    words = Words(lang)
    winner, second = made_up()[DOCUMENT][:2]
    rows = clear.tables["ranks"].copy()
    rows.loc[rows["lever"] == second, "tie_set"] = 1
    rows.loc[rows["lever"] == second, "above_noise"] = False
    told = levers.front_sentence(replace(clear, tables={**clear.tables, "ranks": rows}), words)
    assert levers.label(clear, words, winner) in told
    assert "2" in told
    assert NO_WINNER[lang] in told


@pytest.mark.parametrize("lang", LANGS)
def test_without_an_effect_above_noise_none_is_named(lang: Lang) -> None:
    words = Words(lang)
    found = of("noise")
    told = levers.sentences(found, words)
    assert not any(name in told for name in names(found, words))
    assert levers.front_sentence(found, words).count("8") == 1


@pytest.mark.parametrize("lang", LANGS)
def test_counts_are_those_of_the_tables(any_found: Levers, lang: Lang) -> None:
    words = Words(lang)
    rows = any_found.ranks(DOCUMENT)
    rows = rows[rows["tier"] != levers.PROVINCE]
    main = rows[rows["outcome"] == "value_added"].groupby("lever")["above_noise"].any()
    quiet = int((~main).sum())
    nowhere = int((~rows.groupby("lever")["above_noise"].any()).sum())
    told = levers.noise_sentence(any_found, words)
    numbers = [int(number) for number in re.findall(r"\d+", told)]
    assert sorted(numbers) == sorted([8, quiet, nowhere, len(OUTCOMES)])


def test_both_languages_tell_the_same_numbers(any_found: Levers) -> None:
    told = [levers.sentences(any_found, Words(lang)) for lang in LANGS]
    zh, en = (sorted(re.findall(r"\d+", text)) for text in told)
    assert zh == en
    assert [len(text.splitlines()) for text in told] == [3, 3]


@pytest.mark.parametrize("lang", LANGS)
def test_a_reversal_that_can_be_told_is_told(clear: Levers, lang: Lang) -> None:
    words = Words(lang)
    turned = of("clear", turned="demand_low")
    zh, en = CONDITIONS["demand_low"]
    label = zh if lang == "zh" else en
    assert label in levers.firm(turned, words)
    assert label not in levers.firm(clear, words)
    table = {
        row[0]: row[2:] for row in lines(levers_tables.survival_table(turned, words, DOCUMENT))
    }
    assert all(cell.startswith("**") for cell in table[label])
    assert not any(cell.startswith("**") for name in table if name != label for cell in table[name])
    # Five tiers and four conditions; in one of them every tier has a reversal.
    assert {"20", "15"} <= set(re.findall(r"\d+", levers.firm(turned, words)))


@pytest.mark.parametrize("lang", LANGS)
def test_equal_cost_is_told_of_those_alone_that_can_be_compared(clear: Levers, lang: Lang) -> None:
    words = Words(lang)
    known = names(clear, words)
    text, table = (
        tell(clear, words, DOCUMENT) for tell in (levers_cost.cost_text, levers_cost.cost_table)
    )
    assert sorted(row[0] for row in lines(table)) == sorted(known[:COMPARED])
    assert all(len(row) == 3 + len(UNITS) for row in lines(table))
    assert all(row[1:3] == [words.money(1.2e9)[0], "0.25"] for row in lines(table))
    assert not any(name in text for name in known[:COMPARED])
    # What cannot spend the sum says what it could.
    most = words.bracketed(words("levers_cost_most", most=words.money(1.7e8)[0]))
    told = {"cannot spend": known[COMPARED] + most, "nobody pays": known[COMPARED + 1]}
    for why, name in told.items():
        assert words.name("levers_cost_lacking", why).format(names=name) in text
    assert words("levers_cost_unpriced", count=8 - COMPARED - 2) in text
    # A reversal there is none of the order of the first five, some of whom are missing.
    turned = of("clear", turned="equal_cost")
    assert levers.firm(turned, words) == levers.firm(clear, words)
    assert str(COMPARED) in levers.cost_clause(clear, words, DOCUMENT)
    rows = lines(levers_tables.tier_table(clear, words, DOCUMENT, "world"))
    assert [row[6].endswith(f"/{COMPARED}") for row in rows] == [
        row[0][2:].strip("*") in known[:COMPARED] for row in rows
    ]


@pytest.mark.parametrize("lang", LANGS)
def test_each_lever_has_its_cost_by_bearer_and_what_a_yuan_brings(
    clear: Levers, lang: Lang
) -> None:
    words = Words(lang)
    assert levers_cost.is_priced(clear)
    table = lines(levers_cost.per_yuan_table(clear, words, DOCUMENT))
    assert len(table) == len(names(clear, words))
    paid = [row for row in table if row[2] != "—"]
    assert len(paid) == COMPARED
    for row in paid:
        assert row[2:5] == [words.money(yuan)[0] for yuan in (3e8, 1e8, 4e8)]
        assert row[5].startswith("+1.5")
    # What costs nobody anything has no ratio.
    assert {row[5] for row in table if row not in paid} == {words.name("cost_said", "nothing")}
    head = words.lines("levers_yuan_head")
    assert head[2].startswith("由财政承担" if lang == "zh" else "Paid by the budgets")
    assert head[3].startswith("由其他主体承担" if lang == "zh" else "Borne by others")
    old = clear.tables["ranks"].drop(columns=["total_cost"])
    assert not levers_cost.is_priced(replace(clear, tables={**clear.tables, "ranks": old}))


@pytest.mark.parametrize("lang", LANGS)
def test_an_analysis_without_equal_cost_says_nothing_of_it(clear: Levers, lang: Lang) -> None:
    words = Words(lang)
    ranks = clear.tables["ranks"]
    less = {**clear.tables, "ranks": ranks[ranks["condition"] != "equal_cost"]}
    assert levers.cost_clause(replace(clear, tables=less), words, DOCUMENT) == ""


@pytest.mark.parametrize("lang", LANGS)
def test_an_order_that_was_never_there_is_not_said_to_survive(tied: Levers, lang: Lang) -> None:
    words = Words(lang)
    pairs = tied.of("pairs", setting="without", group=DOCUMENT, outcome="value_added")
    assert pairs["tied"].all()
    start = words("levers_firm").split("{")[0]
    assert not levers.firm(tied, words).startswith(start)
    for tier in TIERS:
        told = levers_tables.pairs_sentence(tied, words, DOCUMENT, tier)
        assert told == words("levers_pairs_none", first=5)


def test_pairs_told_apart_are_listed_by_letter(clear: Levers) -> None:
    told = levers_tables.pairs_sentence(clear, Words("en"), DOCUMENT, "world")
    apart = clear.of(
        "pairs", setting="without", group=DOCUMENT, outcome="value_added", tier="world"
    )
    assert len(re.findall(r"[A-E]–[A-E]", told)) == int((~apart["tied"]).sum())
    assert {"A–B", "A–C", "A–D", "A–E"} <= set(re.findall(r"[A-E]–[A-E]", told))


@pytest.mark.parametrize("lang", LANGS)
def test_tables_are_whole(any_found: Levers, lang: Lang) -> None:
    words = Words(lang)
    front = lines(levers_tables.front_table(any_found, words))
    assert [row[0] for row in front] == [levers.unit_label(unit, words) for unit in UNITS]
    pages = [levers_tables.measure_table(any_found, words)]
    for group in GROUPS:
        survival = levers_tables.survival_table(any_found, words, group)
        assert len(lines(survival)) == len(CONDITIONS) - 1
        pages.append(survival)
        for tier in UNITS:
            table = levers_tables.tier_table(any_found, words, group, tier)
            rows = lines(table)
            assert len(rows) == min(5, len(made_up()[group]))
            heard = any_found.first(group, tier)["above_noise"]
            assert [row[0][2:].startswith("**") for row in rows] == heard.tolist()
            pages.append(table)
    pages += [
        levers_tables.saturated_table(any_found, words),
        levers_tables.reading(any_found, words),
        levers_tables.heat_text(any_found, words),
        levers_tables.converged(any_found, words),
        levers_tables.method(any_found, words),
    ]
    assert all(pages)
    assert not re.search(r"\b(nan|inf|None)\b|[{}]", "\n".join(pages))
    for page in pages:
        widths = {line.count("|") for line in page.splitlines() if line.startswith("|")}
        assert len(widths) <= 1


@pytest.mark.parametrize("lang", LANGS)
def test_what_to_measure_names_only_what_is_above_noise(clear: Levers, lang: Lang) -> None:
    words = Words(lang)
    rows = clear.of("measure", outcome="value_added")
    heard = rows.loc[rows["above_noise"], "factor"].nunique()
    shown = lines(levers_tables.measure_table(clear, words))
    assert len(shown) == min(heard, levers_tables.MOST)
    assert all(row[3].startswith("**") for row in shown)
    quiet = clear.tables["measure"].assign(above_noise=False)
    silent = replace(clear, tables={**clear.tables, "measure": quiet})
    told = words("levers_measure_none", draws=1_024)
    assert levers_tables.measure_table(silent, words) == told


def test_heat_map_shows_the_loudest_and_counts_the_rest(any_found: Levers) -> None:
    shown, left = levers.loudest(any_found)
    rows = levers.shown(any_found)
    assert set(rows["tier"]) == set(TIERS)
    assert len(shown) + left == 12
    assert set(shown) == set(rows.loc[rows["above_noise"], "lever"])
    strong = levers.strength(rows)
    assert (np.sign(strong) == np.sign(rows["mean"])).all()
    # A zero among zeros has no strength rather than none that is a number.
    still = rows.assign(mean=0.0, low=0.0, high=0.0)
    assert (levers.strength(still) == 0.0).all()


@pytest.mark.parametrize("lang", LANGS)
def test_figures_are_drawn_inside_their_page_with_letters_of_the_font(
    any_found: Levers, lang: Lang
) -> None:
    words = Words(lang)
    drawn = [
        levers_figures.heat(any_found, words),
        *(levers_figures.ranked(any_found, words, group) for group in GROUPS),
        levers_figures.sobol(any_found, words),
        levers_figures.morris(any_found, words),
        levers_figures.convergence(any_found, words),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert all(png(figure).startswith(b"\x89PNG") for figure in drawn)
    for figure in drawn:
        page = figure.bbox.padded(2)
        for axis in figure.axes:
            box = axis.get_tightbbox()
            assert box is not None
            assert page.x0 <= box.x0 <= box.x1 <= page.x1
            assert page.y0 <= box.y0 <= box.y1 <= page.y1


def test_names_of_levers_and_switches_are_in_the_carried_font() -> None:
    known = set(TTFont(FONT).getBestCmap())
    shown = "".join(row.label.zh for row in (*declarations().values(), *switches().values()))
    assert not {letter for letter in shown if ord(letter) not in known}


def test_the_stores_own_analysis_goes_first_if_the_model_is_that_of_today(tmp_path: Path) -> None:
    made = analysis("clear")
    old = replace(made, facts={**made.facts, "model_hash": "0", "name": "old"})
    newer = replace(made, facts={**made.facts, "date": "2024-01-01", "name": "newer"})
    store, shipped = tmp_path / "store", tmp_path / "shipped"
    assert gather_levers(store, shipped) is None
    save(store / FOLDER / "old", old)
    found = gather_levers(store, shipped)
    assert found is not None
    assert (found.facts["name"], found.origin, found.current) == ("old", "stored", False)
    save(shipped, old)
    found = gather_levers(store, shipped)
    assert found is not None
    assert (found.origin, found.current) == ("shipped", False)
    save(store / FOLDER / "made_up", made)
    save(store / FOLDER / "newer", newer)
    found = gather_levers(store, shipped)
    assert found is not None
    assert (found.facts["name"], found.origin, found.current) == ("newer", "stored", True)


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_says_whose_analysis_it_is_of_what_day_and_how_old(
    clear: Levers, lang: Lang
) -> None:
    words = Words(lang)
    own = levers.made(clear, words, "s")
    assert own == words("levers_stored", name="made_up", date="2023-12-31")
    old = replace(clear, origin="shipped", current=False)
    told = levers.made(old, words, "s")
    assert words("levers_shipped", name="made_up", date="2023-12-31") in told
    assert words("levers_old", command="jiqun sensitivity SPEC.yaml --out s") in told
    assert words("levers_old_short") in first.levers_answer(old, words)
    assert levers.sentences(old, words) not in first.levers_answer(old, words)
    answer = first.levers_answer(clear, words)
    assert words("levers_old_short") not in answer
    assert answer.startswith(levers.sentences(clear, words))


def test_a_latent_quantity_stands_beside_what_sits_at_its_limit(clear: Levers) -> None:
    assert clear.outcomes == list(OUTCOMES)
    beside = {"quality_enterprises": "little_giants", "energy_per_va": "revenue"}
    found = replace(clear, facts={**clear.facts, "latent": beside})
    assert found.outcomes == [*OUTCOMES, "little_giants"]


def test_an_effect_is_shown_in_the_unit_that_the_analysis_tells_it_in(clear: Levers) -> None:
    words = Words("en")
    assert levers.measure(clear, "value_added", words) == (100.0, "%")
    assert levers.measure(clear, "energy_per_va", words) == (100.0, "%")
    assert levers.measure(clear, "quality_enterprises", words)[0] == 1.0


def test_parts_that_were_not_asked_for_are_left_out_of_the_method(clear: Levers) -> None:
    words = Words("en")
    whole = levers_tables.method(clear, words)
    asked = {**clear.facts, "sobol": None, "morris": None, "confirm_rows": None}
    less = levers_tables.method(replace(clear, facts=asked), words)
    assert len(whole.splitlines()) == len(less.splitlines()) + 3


@pytest.mark.slow
def test_a_store_with_an_analysis_has_its_answer_in_front_and_a_page_of_its_own(
    compared_store: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    shutil.copytree(compared_store, store)
    made = analysis("tied")
    save(store / FOLDER / "made_up", made)
    assert json.loads((store / FOLDER / "made_up" / FACTS).read_text("utf-8"))["year"] == 2027
    pages = render(store, ("zh",))
    assert [page.name for page in pages] == ["index.html", "levers.html"]
    words = Words("zh")
    index, own = (page.read_text("utf-8") for page in pages)
    # What is read: no tags of terms and numbers, no ends of lines.
    shown, apart = (re.sub(r"<[^>]*>|\s", "", html) for html in (index, own))
    answer = [
        re.sub(r"\s", "", sentence.split(". ", 1)[1])
        for sentence in levers.sentences(of("tied"), words).splitlines()
    ]
    for text in answer:
        assert shown.count(text) == 2
        assert apart.count(text) == 1
    # The answer stands on the first page, before the doubts.
    assert shown.index(answer[0]) < shown.rindex(words("doubts_title"))
    for html in (index, own):
        assert "Traceback" not in html
        assert not re.search(r"https?://", html)
    assert own.count("<img") == 6
    assert own.count("<table") >= 15


@pytest.mark.parametrize("lang", LANGS)
def test_where_the_first_differ_by_tier_each_tier_has_its_own(clear: Levers, lang: Lang) -> None:
    words = Words(lang)
    rows = clear.tables["ranks"].copy()
    # The front of one tier after the other is another lever's.
    for place, unit in enumerate(clear.units):
        own = (rows["tier"] == unit) & (rows["group"] == DOCUMENT)
        rows.loc[own, "tie_set"] = 2
        rows.loc[own & (rows["lever"] == made_up()[DOCUMENT][place]), "tie_set"] = 1
        rows.loc[own, "above_noise"] = True
    told = levers.front_sentence(replace(clear, tables={**clear.tables, "ranks": rows}), words)
    for place, unit in enumerate(clear.units):
        assert levers.unit_label(unit, words) in told
        assert levers.label(clear, words, made_up()[DOCUMENT][place]) in told
    assert words("levers_first_tied") not in told
