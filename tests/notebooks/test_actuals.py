"""Later published values from a file of the reader's own."""

from pathlib import Path

import pytest

from jiqun.notebooks.actuals import actuals_table, read_actuals
from jiqun.notebooks.trust.evidence import Evidence
from jiqun.notebooks.words import LANGS, Lang, Words
from jiqun.scenarios import InputError
from jiqun.scenarios.errors import TableError
from jiqun.scenarios.language import VARIABLE

HEAD = "indicator,year,value,unit,scope\n"
GOOD = "as_revenue,2024,51000,100m yuan,above-scale industry\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "later.csv"
    path.write_text(text, "utf-8")
    return path


def test_a_good_file_is_read_into_stored_units(tmp_path: Path) -> None:
    growth = "as_va_growth,2026,6.5,%,above-scale industry\n"
    field = "pv_revenue,2025,400000,万元,PV manufacturing\n"
    first, second, third = read_actuals(written(tmp_path, HEAD + GOOD + growth + field))
    assert first.unit == ("province", "anhui")
    assert (first.outcome, first.year) == ("revenue", 2024)
    assert first.value == pytest.approx(5.1e12)
    assert second.outcome == "va_real_growth"
    assert second.value == pytest.approx(0.065)
    assert third.unit == ("field", "pv_storage")
    assert third.value == pytest.approx(4e9)


def test_a_spreadsheets_mark_at_the_start_is_read_over(tmp_path: Path) -> None:
    path = tmp_path / "later.csv"
    path.write_bytes(b"\xef\xbb\xbf" + (HEAD + GOOD).replace("\n", "\r\n").encode())
    assert len(read_actuals(path)) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("indicator,year,value\n", r"later.csv:1: "),
        (
            "outcome,level,unit_name,year,value,source\n",
            r"later.csv:1: outcome.*allowed: indicator",
        ),
        (HEAD, "no figures"),
        (HEAD + "as_revenu,2024,1,亿元,Anhui\n", r":2: indicator: .*nearest: as_revenue"),
        (HEAD + "as_revenue,2024,1,亿元,Hefei\n", r":2: scope: .*allowed: above-scale industry"),
        (HEAD + "as_revenue,2024,1,persons,Anhui\n", r":2: unit: .*allowed: 100m yuan"),
        (HEAD + "as_revenue,2023,1,亿元,Anhui\n", r":2: year: .*greater than 2023"),
        (HEAD + "as_revenue,soon,1,亿元,Anhui\n", r":2: year: "),
        (HEAD + "as_revenue,2024,lots,亿元,Anhui\n", r":2: value: .*number"),
        (HEAD + "as_revenue,2024,nan,亿元,Anhui\n", r":2: value: .*finite"),
        (HEAD + "as_revenue,2024,1,亿元\n", r":2: scope: has fewer cells"),
        (HEAD + GOOD + GOOD, r":3: .*the same figure as in line 2"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_actuals(written(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_actuals(tmp_path / "none.csv")


@pytest.mark.parametrize("lang", LANGS)
def test_a_value_is_placed_against_its_interval(
    tmp_path: Path, evidence: Evidence, lang: Lang
) -> None:
    band = evidence.band("revenue", ("province", "anhui"), 2025)
    assert band is not None
    rows = "".join(
        f"as_revenue,{year},{value},yuan,Anhui\n"
        for year, value in ((2025, band.median), (2026, 9e13), (2027, 1e12), (2030, 1e13))
    )
    words = Words(lang)
    lines = actuals_table(evidence, read_actuals(written(tmp_path, HEAD + rows)), words)
    found = lines.splitlines()[2:]
    for line, key in zip(found, ("inside", "above", "below", "not_projected"), strict=True):
        assert words(key) in line


ZH = "指标,年份,数值,单位,范围\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (HEAD + "as_revenue,2024,51000,亿元,Anhui\n", "utf-8"),
        (HEAD + "as_revenue,2024,51000,亿元,Anhui\n", "utf-8-sig"),
        (HEAD + "as_revenue,2024,51000,亿元,安徽省\n", "gbk"),
        (HEAD.replace(",", "\t") + "as_revenue\t2024\t51000\t亿元\tAnhui\n", "utf-16"),
        (HEAD.replace(",", ";") + "as_revenue;2024;51000;亿元;Anhui\n", "utf-8"),
        (HEAD + 'as_revenue,2024,"51,000",亿元,Anhui\n', "utf-8"),
        (HEAD + "as_revenue,2024,５１０００,亿元,Anhui\n", "utf-8"),
        (HEAD + "as_revenue,2024,51 000.0,亿元,Anhui,,\n,,,,\n", "utf-8"),
        (ZH + "as_revenue,2024年,51000,亿元,Anhui\n", "utf-8"),
        (ZH + "as_revenue,2024,51000,亿元,规模以上工业\n", "gbk"),
        ("﻿" + ZH.replace(",", ";") + 'as_revenue;2024;"51000";亿元;安徽\n', "utf-8"),
        ("Year,Indicator,Unit,Scope,Value\n2024,as_revenue,亿元,Anhui,51000\n", "utf-8"),
    ],
)
def test_what_a_spreadsheet_saves_is_read_where_it_means_one_thing(
    tmp_path: Path, text: str, encoding: str
) -> None:
    path = tmp_path / "later.csv"
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    (found,) = read_actuals(path)
    assert (found.outcome, found.year) == ("revenue", 2024)
    assert found.value == pytest.approx(5.1e12)


@pytest.mark.parametrize("cell", ["7.0%", "7.0 %", "７.0％", "7"])
def test_a_per_cent_sign_beside_its_unit_is_read(tmp_path: Path, cell: str) -> None:
    (found,) = read_actuals(written(tmp_path, HEAD + f"as_va_growth,2024,{cell},%,Anhui\n"))
    assert found.value == pytest.approx(0.07)


@pytest.mark.parametrize(
    ("content", "message", "zh"),
    [
        (b"PK\x03\x04rest", r"workbook.*CSV UTF-8", "工作簿"),
        (b"\xff\x00\x81", r"neither UTF-8 nor GBK", "GBK"),
        (b"revenues|2024\n", r":1: no known column", "没有认得的列"),
        (
            ("表1 规模以上工业,,,,\n" + ZH + "as_revenue,2024,51000,亿元,安徽\n").encode("gbk"),
            r":1: the head stands in line 2; allowed: nothing above",
            "表头在第 2 行",
        ),
        (
            (ZH + "as_revenue,2024,51000,亿元,安徽\n,2025,52000,亿元,安徽\n").encode("gbk"),
            r":3: indicator: is empty; allowed: .*merged",
            "合并过的单元格",
        ),
        (
            "指标,年份,数值（亿元）,单位,范围\n".encode("gbk"),
            r":1: 数值（亿元）: unknown column; .*nearest: 数值",
            "最接近的名称：数值",
        ),
        (
            (ZH + "as_revenue,2024,51000,万元,安徽\n").encode("gbk"),
            r":2: value: 51000 makes 5.1 .*separator or a unit amiss",
            "单位是否有误",
        ),
        ((HEAD + "as_revenue,2024,50,000,亿元,Anhui\n").encode(), r'more cells.*"50,000"', "多于"),
        (
            (HEAD + "as_revenue,2024,51000,亿元,Anhui\n").replace(",", ";").encode()
            + b"as_va_growth;2024;7,0;%;Anhui\n",
            r":3: value: '7,0': in a file without commas between columns",
            "各列不以逗号分隔",
        ),
        (
            (HEAD + "as_revenue,2024,50.000,亿元,Anhui\n").encode(),
            r":2: value: 50.000 makes 50 .*last published figure is 50875",
            "分隔符或单位是否有误",
        ),
        ("指标，年份，数值，单位，范围\n".encode(), r":1: full-width character ，", "全角字符"),
        (
            (HEAD + "as_va_growth,2024,7.500,%,Anhui\n").replace(",", "\t").encode("utf-16"),
            r":2: value: '7.500': in a file without commas",
            "各列不以逗号分隔",
        ),
        (
            b"\t".join(HEAD.encode().split(b",")) + b"as_va_growth\t2024\t7,500\t%\tAnhui\n",
            r":2: value: '7,500': in a file without commas",
            "各列不以逗号分隔",
        ),
        ((HEAD + "as_revenue,2024,7%,亿元,Anhui\n").encode(), r"value: '7%' has a per", "百分号"),
        (
            (HEAD + "as_revenue,2024,#N/A,亿元,Anhui\n").encode(),
            r"value: '#N/A' is no",
            "value: '#N/A' 不是数值",
        ),
        (
            (HEAD + 'as_revenue,2024,"5,00",亿元,Anhui\n').encode(),
            r"value: '5,00' is no",
            "value: '5,00' 不是数值",
        ),
        ("指标,年份,数值,单位\n".encode(), r":1: scope: column is missing", "缺少"),
    ],
)
def test_what_may_mean_two_things_is_refused_in_both_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, message: str, zh: str
) -> None:
    path = tmp_path / "later.csv"
    path.write_bytes(content)
    for lang, wanted in (("en", message), ("zh", zh)):
        monkeypatch.setenv(VARIABLE, lang)
        with pytest.raises(TableError, match=wanted):
            read_actuals(path)
