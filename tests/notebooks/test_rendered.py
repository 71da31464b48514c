"""Pages as they are written: a quantity has one number, sentences keep to tables, no stray signs.

Numbers are marked where they are written with what they are of (`Words.told`). Here the pages are
read back, and every quantity is looked up wherever it stands.
"""

from __future__ import annotations

import io
import re
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from openpyxl import load_workbook

from jiqun.experiments import Results
from jiqun.experiments.effects.change import change
from jiqun.experiments.effects.comparison_data import SHIPPED, read, save
from jiqun.notebooks import effects, what_changes
from jiqun.notebooks.formats import workbook
from jiqun.notebooks.formats.document import Document
from jiqun.notebooks.trust.evidence import AS_ISSUED, REFERENCE
from jiqun.notebooks.words import LANGS, Lang, Words, texts
from tests.notebooks.made_up import (
    EFFECT,
    clusters_of,
    ledger_of,
    outcomes_of,
    runs,
    write_manifest,
    write_shard,
)
from tests.notebooks.rendered import CELL, SENTENCE, Mark, Page, pages, written
from tests.notebooks.test_agreement import numbers
from tests.notebooks.test_director import cities_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from jiqun.notebooks.worlds import Worlds

NAMES = ("index", "designs", "levers", "cities")
PAIRS = 8
MADE = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
ANNEX = ("footer_title", "commands_title")
"""Parts of a page that are no text for policy staff."""
Pages = list[tuple[Page, Document]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of all scenarios, with cities, clusters, a ledger and a comparison of designs."""
    folder = tmp_path_factory.mktemp("rendered") / "store"
    for scenario, effect in EFFECT.items():
        main = scenario in (REFERENCE, AS_ISSUED)
        batch = runs(PAIRS, 3 if main else 0, scenario)
        found = [outcomes_of(batch, effect=effect, fields=False)]
        if main:
            found += [
                clusters_of(batch, effect),
                cities_of(batch, changed=scenario == AS_ISSUED),
            ]
        ledger = ledger_of(batch, new=scenario.startswith(("as_issued", "policy")))
        write_shard(folder, batch, pd.concat(found), ledger)
    write_manifest(folder, list(EFFECT))
    designs = read(SHIPPED)
    assert designs is not None
    save(folder, designs)
    return folder


@pytest.fixture(scope="module")
def reports(store: Path) -> dict[Lang, Pages]:
    """All pages of the report by language, and the answer to a question on the same runs."""
    found = change(Results(store), AS_ISSUED, REFERENCE)
    made: dict[Lang, Pages] = {}
    for lang in LANGS:
        asked = "\n\n".join(what_changes.whole(found, Words(lang, marked=True)))
        with pytest.MonkeyPatch.context() as patch:
            made[lang] = pages(store, lang, NAMES, patch)
        made[lang].append(written(asked, store, lang, "index", []))
    return made


@pytest.fixture(params=LANGS)
def report(request: pytest.FixtureRequest, reports: dict[Lang, Pages]) -> Pages:
    """The pages of a language."""
    return reports[request.param]


def marks_of(report: Pages) -> list[Mark]:
    return [mark for page, _ in report for mark in page.marks]


def apart(marks: Iterable[Mark]) -> list[str]:
    """Quantities that are written with numbers that differ at the precision they are written in."""
    by_quantity: dict[str, set[str]] = defaultdict(set)
    for mark in marks:
        by_quantity[mark.of].add(mark.text)
    return sorted(
        of
        for of, said in by_quantity.items()
        if any(not same(one, other) for one in said for other in said)
    )


def same(one: str, other: str) -> bool:
    """Whether two texts tell the same numbers, to the figures that the coarser of them has."""
    left, right = numbers(one), numbers(other)
    if not left or len(left) != len(right):
        return one == other
    return all(_near(a, b) for a, b in zip(left, right, strict=True))


def _near(one: str, other: str) -> bool:
    return abs(float(one) - float(other)) <= 0.501 * max(_last(one), _last(other))


def _last(number: str) -> float:
    """Value of a unit of the last figure: the noughts of a large number may be rounded ones."""
    digits = number.lstrip("+-")
    if "." in digits:
        return 10.0 ** -len(digits.partition(".")[2])
    noughts = len(digits) - len(digits.rstrip("0")) if len(digits) > 2 else 0
    return 10.0**noughts


def untabled(marks: Iterable[Mark]) -> list[str]:
    """Quantities that a sentence tells and no table holds."""
    places: dict[str, set[str]] = defaultdict(set)
    for mark in marks:
        places[mark.of].add(mark.place)
    return sorted(of for of, found in places.items() if CELL not in found)


@pytest.mark.slow
def test_a_quantity_has_one_number_wherever_it_stands(report: Pages) -> None:
    marks = marks_of(report)
    assert apart(marks) == []
    # Each page takes part, and many quantities stand in several places.
    assert {mark.page for mark in marks} == {page.name for page, _ in report}
    several = defaultdict(set)
    for number, (page, _) in enumerate(report):
        for mark in page.marks:
            several[mark.of].add((number, mark.place))
    assert sum(len(places) > 1 for places in several.values()) > 60


@pytest.mark.slow
def test_the_number_of_a_sentence_stands_in_a_table(report: Pages) -> None:
    assert untabled(marks_of(report)) == []


@pytest.mark.slow
def test_a_planted_difference_is_found(report: Pages) -> None:
    marks = marks_of(report)
    twice = {mark.of for mark in marks if mark.place == SENTENCE}
    planted = 0
    for place, mark in enumerate(marks):
        if mark.of not in twice or mark.place != CELL or mark.of in str(apart(marks[:place])):
            continue
        first = numbers(mark.text)[0]
        other = f"{float(first) * 1.5 + 1.0:.{len(first.partition('.')[2])}f}"
        moved = replace(mark, text=other)
        if len(numbers(mark.text)) == 1:
            found = [*marks[:place], moved, *marks[place + 1 :]]
            assert mark.of in apart(found), mark
            planted += 1
        if planted == 20:
            break
    assert planted == 20
    alone = [mark for mark in marks if mark.place == SENTENCE]
    assert len(untabled(alone)) == len({mark.of for mark in alone})


@pytest.mark.slow
def test_a_difference_planted_at_the_source_is_found(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer tells more than its tables hold."""
    plain = effects.headline

    def wrong(worlds: Worlds, words: Words) -> str:
        told = plain(worlds, words)
        return re.sub(r"\[([+−][\d.]+)\]", lambda m: f"[{m[1][0]}9{m[1][1:]}]", told)

    monkeypatch.setattr(effects, "headline", wrong)
    found = apart(marks_of(pages(store, "en", ("index",), monkeypatch)))
    assert any(of.startswith("effect/value_added/") for of in found)


@pytest.mark.slow
def test_both_languages_tell_the_same_quantities(reports: dict[Lang, Pages]) -> None:
    both = [{mark.of for mark in marks_of(report)} for report in reports.values()]
    assert both[0] == both[1]


@pytest.mark.slow
def test_tables_of_the_workbook_hold_what_the_page_holds(report: Pages) -> None:
    for page, document in report:
        book = load_workbook(io.BytesIO(workbook.write(document, MADE)))
        sheets = book.worksheets[-len(page.tables) :]
        assert len(page.tables) == len(document.tables)
        for table, sheet in zip(page.tables, sheets, strict=True):
            held = {str(cell.value) for row in sheet.iter_rows() for cell in row}
            numbers_held = {n for text in held for n in numbers(text)}
            said = {n for row in table for cell in row for n in numbers(cell)}
            missing = {n for n in said - numbers_held if not _among(n, numbers_held)}
            assert not missing, (page.name, sheet.title)


def _among(number: str, held: set[str]) -> bool:
    """Whether a sheet has a number in another form: 12 for 12.0, .5 for 50 %."""
    forms = (float(number), float(number) / 100.0)
    return any(abs(float(h) - v) <= 1e-9 * max(1.0, abs(v)) for h in held for v in forms)


# Language

WIDE = "\u4e00-\u9fff"
HALF = re.compile(rf"[{WIDE}][,;:()?!]|[,;:()?!][{WIDE}]")
"""A half-width sign beside a Chinese character."""
RAW = re.compile(
    r"\b[a-z]+_[a-z0-9_]+\b|\bjiqun [a-z]+|--[a-z]+|\b\w+/\w+\.\w+\b|\w+\.(?:md|py|yaml|csv)\b"
)
"""An identifier, a command or an option, a path or the name of a file."""


@pytest.mark.slow
def test_chinese_pages_have_the_punctuation_of_chinese(report: Pages) -> None:
    for page, _ in report:
        if page.name.startswith("zh"):
            assert [text for text in page.words if HALF.search(text)] == []


@pytest.mark.slow
def test_policy_text_has_no_identifiers_commands_or_paths(report: Pages) -> None:
    for page, _ in report:
        words = Words("zh" if page.name.startswith("zh") else "en")
        annex = {words(key) for key in ANNEX}
        said = [text for part, text in page.texts if part not in annex]
        tables = page.tables[:-1] if page.name.endswith("index") else page.tables
        said += [cell for table in tables for row in table for cell in row] + page.figures
        assert [text for text in said if RAW.search(text)] == []


def test_a_command_and_a_half_width_sign_are_found() -> None:
    assert RAW.search("补上：jiqun run as_issued")
    assert RAW.search("see docs/designs.md")
    assert HALF.search("集群奖补(一次性)")
    assert not HALF.search("增加值（%）：+0.2 (R&D)")


def test_no_conclusion_is_said_in_one_way() -> None:
    said = "no effect found|not distinguishable from zero|无法与零区分|未发现.{0,6}效果"
    other = re.compile(said, re.IGNORECASE)
    for key, both in texts().items():
        # Of the slope of a fitted line, which is no effect, statistics may speak as it does.
        if key != "even_text":
            assert not other.search(str(both)), key
