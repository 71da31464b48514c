"""Where targets are missed, in words."""

from typing import Any

import pytest

from jiqun.experiments.discovery import FEW
from jiqun.notebooks.discovering import box_table, section, sentence, value_text
from jiqun.notebooks.words import LANGS, Words
from jiqun.scenarios.tables import table

LIMITS: list[dict[str, Any]] = [
    {
        "factor": "local_sourcing",
        "side": "most",
        "value": 0.31,
        "share": 0.4,
        "quasi_p": 0.001,
        "kept": 0.85,
        "alike": ["drift"],
    },
    {
        "factor": "outside_demand",
        "side": "least",
        "value": -0.25,
        "share": 0.62,
        "quasi_p": 0.01,
        "kept": 0.6,
        "alike": [],
    },
]
BOX = {"coverage": 0.71, "density": 0.85, "runs": 32, "limits": LIMITS}
NONE = {"boxes": [], "coverage_left_out": None, "density_left_out": None}
FOUND = {"boxes": [BOX], "coverage_left_out": 0.6, "density_left_out": 0.7}


def row(*looks: dict[str, Any], cases: int = 38) -> dict[str, Any]:
    named = [{"method": m, **look} for m, look in zip(("prim", "cart"), looks, strict=False)]
    return {
        "target": "srdi_provincial",
        "year": 2027,
        "runs": 100,
        "cases": cases,
        "looks": named,
    }


def test_a_box_is_told_with_units_and_shares() -> None:
    told = sentence(row(FOUND, NONE), Words("en"))
    assert "38 of 100 runs miss it" in told
    assert "71 % lie where local sourcing share of leaders in 2018 is at most 31.0 %" in told
    assert "(the lowest 40 % of its draws) and demand of the national market is at least" in told
    assert "85 % miss it, of all runs 38 %" in told
    assert "the two shares are 60 % and 70 %" in told
    assert "moves together with own productivity drift" in told
    told = sentence(row(FOUND, NONE), Words("zh"))
    assert "100次运行中38次未达成" in told
    assert "不高于31.0%（取值中最低的40%）" in told
    assert "全国市场需求不低于−0.250" in told


@pytest.mark.parametrize("lang", LANGS)
def test_what_is_not_found_or_not_searched_is_said(lang: Any) -> None:
    words = Words(lang)
    assert words("discover_none") in sentence(row(NONE, NONE), words)
    assert words("discover_few", few=FEW) in sentence(row(cases=3), words)
    # The second look is told where the first finds nothing.
    assert words("discover_none") not in sentence(row(NONE, FOUND), words)


@pytest.mark.parametrize("lang", LANGS)
def test_the_section_holds_a_sentence_a_target_and_a_line_a_box(lang: Any) -> None:
    words = Words(lang)
    data = {"scenario": "as_issued", "runs": 100, "factors": 204, "shuffles": 19}
    shown = section(data | {"targets": [row(FOUND, FOUND), row(cases=0)]}, words)
    assert shown.count("\n- ") == 2
    assert words("discover_none") not in shown
    assert box_table({"targets": [row(FOUND, FOUND)]}, words).count("\n") == 3
    assert box_table({"targets": [row(NONE)]}, words) == ""


def test_every_drawn_parameter_has_a_unit_in_words() -> None:
    units = {row.unit for row in table("parameters") if row.low < row.high} | {"place"}
    for lang in LANGS:
        assert units <= set(Words(lang).names("parameter_units"))
    assert value_text("size_tail", 0.97, Words("en")).startswith("0.970")
    assert value_text("outside_price", 0.5, Words("en")) == "0.500 (low path −1, high path 1)"
