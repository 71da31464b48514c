"""Published trials in the report: words follow the verdicts, and all of them have Chinese names."""

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pandas as pd
import pytest
from fontTools.ttLib import TTFont

from jiqun.calibration.trial.page import current, stored
from jiqun.notebooks import trials
from jiqun.notebooks.figures import FONT
from jiqun.notebooks.record import Trials
from jiqun.notebooks.show import png
from jiqun.notebooks.words import LANGS, Lang, Words, texts

if TYPE_CHECKING:
    from jiqun.notebooks.trust.evidence import Evidence

EVIDENCE = cast("Evidence", SimpleNamespace(runs=pd.DataFrame({"model_hash": ["here"]})))


@pytest.fixture(scope="module")
def shipped() -> Trials:
    rows = stored()
    return Trials(tuple(current(rows)), int(rows["draw"].nunique()), frozenset({"here"}))


def answered(found: Trials, inside: int, outside: int) -> Trials:
    """So many rows counted inside and outside; the others are not counted."""
    answers = ["inside"] * inside + ["outside"] * outside
    made = [
        replace(each, answer=answers[i], counted=True, because=("", ""))
        if i < len(answers)
        else replace(each, counted=False, because=("仅作展示", "shown"))
        for i, each in enumerate(found.made)
    ]
    return replace(found, made=tuple(made))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    ("inside", "outside", "key"),
    [(1, 4, "few"), (2, 2, "few"), (3, 1, "most"), (3, 0, "all")],
)
def test_the_sentence_says_how_it_came_out(
    shipped: Trials, lang: Lang, inside: int, outside: int, key: str
) -> None:
    words = Words(lang)
    told = trials.headline(answered(shipped, inside, outside), EVIDENCE, words)
    said = {k: words(f"trials_verdict_{k}") in told for k in ("few", "most", "all")}
    assert said == {k: k == key for k in said}
    assert f"{inside}" in told
    assert words("trials_older") not in told


@pytest.mark.parametrize("lang", LANGS)
def test_nothing_counted_and_another_model_are_said(shipped: Trials, lang: Lang) -> None:
    words = Words(lang)
    old = replace(answered(shipped, 0, 0), model=frozenset({"before"}))
    told = trials.headline(old, EVIDENCE, words)
    assert words("trials_none") in told
    assert words("trials_older") in told


@pytest.mark.parametrize("lang", LANGS)
def test_every_row_is_in_the_table_and_every_miss_has_its_reason(
    shipped: Trials, lang: Lang
) -> None:
    words = Words(lang)
    table = trials.trials_table(shipped, words)
    assert len(table.splitlines()) == 2 + len(shipped.made)
    told = [trials.misses(shipped, words, counted=counted) for counted in (True, False)]
    outside = [each for each in shipped.made if each.answer == "outside"]
    for each in outside:
        assert trials.named(each, words) in told[not each.counted]
        assert trials.named(each, words) not in told[each.counted]
    lines = "\n".join(told).strip().splitlines()
    assert len(lines) == len(outside)
    left = [e for e in shipped.made if e.row.published.use == "test" and not e.counted]
    assert (f"{len(left)}" in trials.uncounted(shipped, words)) == bool(left)
    # Names of the project's own files and rows mean nothing to who reads the report.
    for text in (table, *told, trials.uncounted(shipped, words)):
        assert "_" not in text
        assert "{" not in text


def test_every_shipped_row_has_a_name_that_the_font_can_write(shipped: Trials) -> None:
    zh = texts()["trial_outcomes"]["zh"]
    assert {each.row.id for each in shipped.made} == set(zh)
    words = Words("zh")
    letters = set(TTFont(FONT).getBestCmap())
    shown = "".join(trials.named(each, words) + "".join(each.because) for each in shipped.made)
    shown += trials.misses(shipped, words, counted=True)
    shown += trials.misses(shipped, words, counted=False)
    assert {letter for letter in shown if ord(letter) not in letters} <= {"\n"}
    units = {each.row.published.unit for each in shipped.made}
    assert units <= set(words.names("trial_units"))


@pytest.mark.parametrize("lang", LANGS)
def test_the_picture_is_drawn(shipped: Trials, lang: Lang) -> None:
    words = Words(lang)
    figure = trials.picture(shipped, words)
    assert png(figure).startswith(b"\x89PNG")
    (axis,) = figure.axes
    assert [label.get_text() for label in axis.get_yticklabels()] == [
        trials.named(each, words) for each in shipped.made
    ]
