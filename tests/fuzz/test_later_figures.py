"""Tables of later figures as spreadsheets save them: read as they were meant, or refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiqun.calibration.actuals import COLUMNS, read_actuals
from jiqun.calibration.backtest.data import LAST, ORIGIN, UNITS, all_series
from jiqun.scenarios.errors import TableError
from tests.fuzz.cases import cases

pytestmark = pytest.mark.slow

SERIES = sorted(all_series())
SOUND = (
    "指标,年份,数值,单位,范围\nas_revenue,2024,51000,亿元,Anhui\nas_va_growth,2026,6.5,%,Anhui\n"
)
THOUSANDS = {"none": "", "comma": ",", "wide": "，", "space": " ", "stroke": "_", "quote": "'"}
ABOVE = ("", ",,,,", "表1 安徽省规模以上工业", "表1,,,,", "单位：亿元", "\n")
"""What stands above the head, in one merged cell or in none."""


def read(path, content):
    """The figures of a file, or None where it is refused in one line that begins with the file."""
    path.write_bytes(content)
    try:
        return read_actuals(path)
    except TableError as error:
        return refused(path, error)


def refused(path, error):
    assert "\n" not in str(error)
    assert str(error).startswith(str(path))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "later.csv"


@cases(0.1)
@given(
    start=st.integers(0, len(SOUND)),
    length=st.integers(0, 8),
    piece=st.text(max_size=4) | st.sampled_from([",", ";", "\t", '"', "\n", "，", "\x00", "1e999"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
)
def test_damaged_tables(path, start, length, piece, encoding):
    text = SOUND[:start] + piece + SOUND[start + length :]
    for figure in read(path, text.encode(encoding, "surrogatepass")) or ():
        assert ORIGIN < figure.year <= LAST
        assert Decimal(figure.value).is_finite()


@cases(0.02)
@given(st.binary(max_size=200))
def test_bytes_that_are_no_table(path, content):
    assert read(path, content) is None


@st.composite
def saved(draw):
    """A figure, and a table that says it as a spreadsheet might."""
    name = draw(st.sampled_from(SERIES))
    series = all_series()[name]
    measures, own = UNITS[series.unit]
    unit = draw(st.sampled_from([u for u, (what, _) in UNITS.items() if what == measures]))
    last = Decimal(repr(series.known(ORIGIN)[-1].value)) if series.known(ORIGIN) else Decimal(7)
    factor = Decimal(draw(st.integers(70, 140))) / 100
    number = (last * factor * Decimal(own) / Decimal(UNITS[unit][1])).quantize(
        Decimal(1).scaleb(-draw(st.integers(0, 3)))
    )
    between = draw(st.sampled_from(sorted(THOUSANDS)))
    text = f"{number:,f}".replace(",", THOUSANDS[between])
    if draw(st.booleans()) and unit.startswith("%"):
        text += draw(st.sampled_from(["%", " %", "％"]))
    if draw(st.integers(0, 5)) == 0:
        text = text.translate(str.maketrans("0123456789.-", "０１２３４５６７８９．－"))
    mark = draw(st.sampled_from(",;\t"))
    if mark in text or draw(st.booleans()):
        text = f'"{text}"'
    head = draw(st.sampled_from([list(COLUMNS), list(COLUMNS.values())]))
    row = [name, draw(st.sampled_from(["2024", "2025年"])), text, unit]
    scope = draw(st.sampled_from(sorted(series.scopes)))
    row.append(f'"{scope}"' if mark in scope else scope)
    lines = [mark.join(head), mark.join(row)]
    above = draw(st.sampled_from(ABOVE))
    ending = draw(st.sampled_from(["\n", "\r\n"]))
    table = ending.join([above, *lines, ""] if above else [*lines, ""])
    fair = not above and between in ("none", "comma", "space") and mark == ","
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]))
    return (name, float(number) * UNITS[unit][1] / own), table.encode(encoding), fair


@cases(0.08)
@given(saved())
def test_a_figure_is_read_as_it_was_meant_or_not_at_all(path, case):
    (name, meant), content, fair = case
    found = read(path, content)
    assert found or not fair or meant <= 0
    if found:
        (figure,) = found
        assert figure.indicator == name
        assert figure.value == pytest.approx(meant, rel=1e-9)
