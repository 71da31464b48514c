"""Later published values from a file of the reader's own."""

from pathlib import Path

import pytest

from notebooks.actuals import actuals_table, read_actuals
from notebooks.evidence import Evidence
from notebooks.words import LANGS, Lang, Words
from scenarios import InputError

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
        for year, value in ((2025, band.median), (2026, 9e13), (2027, 1e9), (2030, 1e13))
    )
    words = Words(lang)
    lines = actuals_table(evidence, read_actuals(written(tmp_path, HEAD + rows)), words)
    found = lines.splitlines()[2:]
    for line, key in zip(found, ("inside", "above", "below", "not_projected"), strict=True):
        assert words(key) in line
