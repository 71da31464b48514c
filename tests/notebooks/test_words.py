"""Texts and numbers of the report in both languages."""

import re
import string
from typing import Any, Literal

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from jiqun.experiments.effects.effect import Estimate
from jiqun.model.dimensions import TIERS
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.model.region import REGION
from jiqun.notebooks.figures import FONT
from jiqun.notebooks.tables import missing, not_meant
from jiqun.notebooks.words import (
    LANGS,
    SHOWN,
    Words,
    decimals_of,
    full_width,
    texts,
    translations,
    written,
)
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.tables import TABLES, files_of, table


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    return [text for part in parts for text in strings(part)]


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(texts()))
def test_both_languages_say_the_same_things(key: str) -> None:
    zh, en = texts()[key]["zh"], texts()[key]["en"]
    assert type(zh) is type(en)
    if isinstance(zh, dict):
        assert set(zh) == set(en)
    else:
        assert len(strings(zh)) == len(strings(en))
    assert [gaps(text) for text in strings(zh)] == [gaps(text) for text in strings(en)]
    assert all(text.strip() for text in strings(zh) + strings(en))


def test_carried_font_has_every_letter() -> None:
    known = set(TTFont(FONT).getBestCmap())
    shown = "".join(strings([text["zh"] for text in texts().values()]))
    shown += "".join(outcome.zh + outcome.note for outcome in OUTCOMES.values())
    shown += "".join(translations().values())
    shown += "".join(unit.zh for unit in SHOWN.values()) + "0123456789.,−–%±→—·"
    # Names of cities, clusters and levers, and all else that tables hold.
    shown += "".join(path.read_text("utf-8") for name in TABLES for path in files_of(name))
    shown += (REGION.folder / "levers.yaml").read_text("utf-8")
    missing = {letter for letter in shown if ord(letter) not in known} - {"\n", "\r"}
    assert not missing


def test_font_comes_with_its_licence() -> None:
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FONT.parent / "OFL.txt").read_text("utf-8")


def test_every_unit_and_name_is_shown_in_words() -> None:
    assert {outcome.unit for outcome in OUTCOMES.values()} <= set(SHOWN)
    for lang in LANGS:
        words = Words(lang)
        assert set(words.names("tier_names")) == {*TIERS, "anhui"}
        assert {row.confidence for row in table("calibration_targets")} <= set(
            words.names("confidence")
        )
        assert {row.group for row in table("parameters")} <= set(words.names("parameter_groups"))
        drawn = {row.name for row in table("parameters") if row.low < row.high}
        assert drawn <= set(words.names("parameter_names"))


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (0.0, 3, "0"),
        (-1e-300, 3, "0"),
        (50_875.0, 3, "50,900"),
        (9.96, 2, "10"),
        (0.0999, 2, "0.10"),
        (-10.7, 3, "−10.7"),
        (16.6, 2, "17"),
        (1.0, 2, "1.0"),
        (999.6, 3, "1,000"),
    ],
)
def test_numbers_are_rounded_to_what_they_bear(value: float, digits: int, shown: str) -> None:
    assert written(value, decimals_of(value, digits)) == shown


@given(st.floats(-1e15, 1e15, allow_nan=False), st.integers(1, 4))
def test_rounding_stays_near(value: float, digits: int) -> None:
    shown = written(value, decimals_of(value, digits))
    back = float(shown.replace(",", "").replace("−", "-"))
    assert back == pytest.approx(value, rel=0.5 * 10.0 ** (1 - digits) * 1.01, abs=1e-11)


def test_counts_stay_whole() -> None:
    assert Words("en").number(7.0, "little_giants") == "7"
    assert Words("en").number(7.4, "enterprises") == "7"
    assert Words("zh").measured(5.0875e12, "revenue") == "50,900亿元"
    assert Words("en").measured(5.0875e12, "revenue") == "5,090 bn yuan"


def test_an_interval_with_a_minus_is_spelled_out() -> None:
    assert Words("en").interval(-0.03, 0.05, "rd_growth") == "−3.0 to 5.0"
    assert Words("zh").interval(0.03, 0.05, "rd_growth") == "3.0–5.0"
    assert Words("en").percents(-0.031, 0.05, signed=True) == "−3 to +5 %"


def test_numbers_that_stand_together_have_as_many_decimals() -> None:
    assert Words("zh").interval(0.062, 0.30, "digital_coverage_below") == "6–30"
    assert Words("en").numbers([838.0, 1_030.4], "enterprises") == ["840", "1,030"]


@pytest.mark.parametrize("lang", LANGS)
def test_what_is_not_modelled_is_told_article_by_article(lang: Literal["zh", "en"]) -> None:
    words = Words(lang)
    told = "\n".join(missing(words))
    for row in table("articles"):
        assert bool(row.reason) == (row.in_model != "yes")
        if row.reason:
            assert words.translated(row.reason) in told
            assert lang == "en" or row.reason not in told, row.article
        heading = row.heading_zh if lang == "zh" else row.heading_en
        assert (heading in told) == bool(row.reason), row.article
    # Nothing that is in the model is said to be missing by hand.
    by_hand = "\n".join(words.lines("missing_list_compared") + words.lines("missing_list"))
    labels = [getattr(lever.label, lang).lower() for lever in declarations().values()]
    assert [label for label in labels if label in by_hand.lower()] == []
    assert not re.search(r"[Aa]rticles? \d|第[一二三四五六七八九十\d]+条", by_hand)


@pytest.mark.parametrize("lang", LANGS)
def test_terms_whose_sign_is_open_are_named(lang: Literal["zh", "en"]) -> None:
    words = Words(lang)
    told = "\n".join(not_meant(words))
    assert "{" not in told
    parameters = {row.name: row for row in table("parameters")}
    for lever in declarations().values():
        for term in lever.terms.values():
            row = parameters.get(term.parameter or "")
            if lever.origin == "document_55" and row:
                name = words.name("parameter_names", row.name)
                assert (name in told) == (row.low < 0.0 < row.high), name


@pytest.mark.parametrize(
    ("half", "wanted"),
    [
        ("集群奖补(一次性)", "集群奖补（一次性）"),
        ("关闭:知识溢出,等成本;完", "关闭：知识溢出，等成本；完"),
        ("(2025-2027)年", "(2025-2027)年"),
        ("增加值(%)", "增加值（%）"),
        ("R&D (real), 2,480", "R&D (real), 2,480"),
    ],
)
def test_chinese_has_its_own_punctuation(half: str, wanted: str) -> None:
    assert full_width(half) == wanted
    assert Words("en").full(half) == half


@pytest.mark.parametrize("low", [0.012, 0.0012, 0.3])
def test_an_interval_that_is_clear_of_zero_does_not_end_in_a_nought(low: float) -> None:
    found = Estimate(low, 1.3, 2.7, 1.3)
    assert found.sign == (low >= 0.027)
    ends = Words("en").estimate(found)[1].strip(" ()").split(" to ")
    assert (float(ends[0]) > 0.0) == (found.sign == 1)
    clear = Estimate(0.03, 1.3, 2.7, 1.3)
    assert Words("en").estimate(clear) == ("+1.30", " (+0.03 to +2.70)")


def test_a_mark_is_on_pages_alone() -> None:
    page, bare = Words("en", marked=True), Words("en")
    found = Estimate(1.0, 2.0, 3.0, 2.0)
    mean, interval = page.estimate(found, of="money/a")
    assert mean == '[+2.0]{n="money/a"}'
    assert interval == ' ([+1.0 to +3.0]{n="money/a/interval"})'
    assert page.bare.estimate(found, of="money/a") == bare.estimate(found, of="money/a")
    assert page.told("", "2.0") == bare.told("money/a", "2.0") == "2.0"
