"""Later published values from a file of the reader's own."""

from pathlib import Path

import pytest

from notebooks.actuals import ActualsError, actuals_table, read_actuals
from notebooks.evidence import Evidence
from notebooks.words import LANGS, Lang, Words

HEAD = "outcome,level,unit_name,year,value,source\n"
GOOD = "revenue,province,anhui,2024,5.1e12,a yearbook\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "later.csv"
    path.write_text(text, "utf-8")
    return path


def test_a_good_file_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + GOOD + "rd_intensity,tier,world,2026,0.031,a yearbook\n")
    first, second = read_actuals(path)
    assert first.unit == ("province", "anhui")
    assert (first.year, first.value) == (2024, 5.1e12)
    assert second.outcome == "rd_intensity"


def test_a_spreadsheets_mark_at_the_start_is_read_over(tmp_path: Path) -> None:
    path = tmp_path / "later.csv"
    path.write_bytes(b"\xef\xbb\xbf" + (HEAD + GOOD).replace("\n", "\r\n").encode())
    assert len(read_actuals(path)) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("outcome,year,value\n", r"later.csv:1: .*allowed: outcome,level,unit_name,year"),
        (HEAD, "no figures"),
        (HEAD + "revenu,province,anhui,2024,1,x\n", r":2: outcome 'revenu'.*nearest: revenue"),
        (HEAD + "revenue,city,hefei,2024,1,x\n", r":2: level 'city'; allowed: province, tier"),
        (HEAD + "revenue,tier,word,2024,1,x\n", r":2: unit_name 'word'.*nearest: world"),
        (HEAD + "revenue,province,anhui,2023,1,x\n", r":2: year '2023'; allowed: 2024 to 2032"),
        (HEAD + "revenue,province,anhui,soon,1,x\n", r":2: year 'soon'"),
        (HEAD + "revenue,province,anhui,2024,lots,x\n", r":2: value 'lots'.*a number in yuan"),
        (HEAD + "revenue,province,anhui,2024,nan,x\n", r":2: value 'nan'"),
        (HEAD + "revenue,province,anhui,2024,1, \n", r":2: source ' '"),
        (HEAD + "revenue,province,anhui,2024,1\n", r":2: 6 columns are needed"),
        (HEAD + GOOD + GOOD, r":3: the same figure as in line 2"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ActualsError, match=message):
        read_actuals(written(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ActualsError, match="No such file"):
        read_actuals(tmp_path / "none.csv")


@pytest.mark.parametrize("lang", LANGS)
def test_a_value_is_placed_against_its_interval(
    tmp_path: Path, evidence: Evidence, lang: Lang
) -> None:
    band = evidence.band("revenue", ("province", "anhui"), 2025)
    assert band is not None
    rows = "".join(
        f"revenue,province,anhui,{year},{value},made up\n"
        for year, value in ((2025, band.median), (2026, 9e13), (2027, 1e9), (2030, 1e13))
    )
    words = Words(lang)
    lines = actuals_table(evidence, read_actuals(written(tmp_path, HEAD + rows)), words)
    found = lines.splitlines()[2:]
    for line, key in zip(found, ("inside", "above", "below", "not_projected"), strict=True):
        assert words(key) in line
