"""Scenario files of all kinds: read as they were meant, or refused in one line that says where."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiqun.experiments.stores.store import Store
from jiqun.scenarios import check, levers, load
from jiqun.scenarios.units import UNITS, in_unit, to_base
from tests.fuzz.cases import cases

pytestmark = pytest.mark.slow

SOUND = """name: trial
label: {zh: 试, en: Trial}
baseline: without_document_55
end: 2025-Q4
levers:
  - id: digital_subsidy_2021_2023
    from: 2022-Q1
    to: 2027-Q4
    who: {tier: [provincial, county]}
    rate: {value: 40, unit: "%"}
    cap: [{from: 2022-Q1, value: 40, unit: 万元}]
    budget: {value: 2, unit: 亿元, per: year, first: score}
    take_up: {start: 0.25, full: 0.6, years: 3}
    instalments: [0.4, 0.6]
outside: {demand_growth: {path: low}}
""".encode()
PIECES = st.sampled_from(
    (
        *("", ":", "- ", "[", "{", "}", "!", "&a ", "*a", "#", "'", '"', "|", ">", "?", "%", ","),
        *(".nan", "~", "null", "1e400", "<<: ", "---", " ", "\n", "\t", "\x00", "\x80", "0", "00"),
        *(
            "：",
            "，",
            "　",
            "％",
            "５",
            "－",
            "“",
            "、",
            "\u200b",
            "\u00a0",
            "\ufeff",
            "\r",
            "\u2028",
        ),
        *(
            "on",
            "no",
            "true",
            "1:30",
            "1,000",
            "1_000",
            "0x1",
            "0o7",
            "2025-01-01",
            "+",
            ".5",
            "5.",
        ),
    )
)
ODD = ("\u200b", "\u00a0", "\u3000", "\t", "，", "：", " ", "０", "'", '"', "#", "%", ",", "_")
STYLES = {
    "plain": lambda n: n,
    "signed": lambda n: n if n.startswith("-") else f"+{n}",
    "spaced": lambda n: f"  {n} ",
    "wide": lambda n: n.translate(str.maketrans("0123456789.", "０１２３４５６７８９．")),
    "thousands": lambda n: f"{Decimal(n):,}",
    "wide thousands": lambda n: f"{Decimal(n):,}".replace(",", "，"),
    "spaced thousands": lambda n: f"{Decimal(n):,}".replace(",", " "),
    "stroked thousands": lambda n: f"{Decimal(n):,}".replace(",", "_"),
    "zeros in front": lambda n: f"00{n}",
    "exponent": lambda n: f"{n}e0",
    "decimal comma": lambda n: n.replace(".", ","),
    "in quotes": lambda n: f'"{n}"',
    "in Chinese quotes": lambda n: f"“{n}”",
    "with a per cent sign": lambda n: f"{n}%",
    "with a unit": lambda n: f"{n}万元",
    "of sixty": lambda n: f"{n}:00",
}
TAKEN = ("plain", "signed", "spaced", "exponent")
"""Ways to write a number that are read."""


def amounts():
    """Lever, term, unit and bounds of every amount that a scenario can set over `as_issued`."""
    there = {each.id for each in load("as_issued").levers if each.end is None or each.end >= 24}
    return [
        (lever.id, name, unit, term.kind, *(in_unit(b, unit, term.kind) for b in term.bounds))
        for lever in levers.declarations().values()
        for name, term in lever.terms.items()
        for unit in UNITS[term.kind]
        if lever.id in there and term.whole is None
    ]


AMOUNTS = amounts()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("fuzz")
    (made / "store" / "scenarios").mkdir(parents=True)
    return made


def comes_back(folder, scenario):
    """A scenario as a store keeps it is the same scenario."""
    path = folder / "store" / "scenarios" / f"{scenario.digest}.yaml"
    path.unlink(missing_ok=True)  # a store keeps the labels that a scenario came with first
    Store(folder / "store").add_scenario(scenario.digest, scenario)
    again = load(path)
    assert (again.digest, again.identity) == (scenario.digest, scenario.identity)
    assert (again.label_zh, again.label_en) == (scenario.label_zh, scenario.label_en)


def read(path):
    """The scenario of a file, or None where it is refused in one line that begins with the file."""
    if wrong := check(path):
        assert "\n" not in str(wrong[0])
        assert str(wrong[0]).startswith(str(path))
        return None
    return load(path)


@cases(0.25)
@given(
    start=st.integers(0, len(SOUND)),
    length=st.integers(0, 12),
    piece=PIECES.map(str.encode) | st.binary(max_size=4),
)
def test_damaged_files(folder, start, length, piece):
    path = folder / "trial.yaml"
    path.write_bytes(SOUND[:start] + piece + SOUND[start + length :])
    if scenario := read(path):
        comes_back(folder, scenario)


@st.composite
def typed(draw):
    """An amount and a file that says it in some way."""
    lever, term, unit, kind, low, high = draw(st.sampled_from(AMOUNTS))
    places = draw(st.integers(0, 3))
    most = int(min(high, 10**6) * 10**places)
    number = draw(st.integers(-(-int(low * 10**places) // 1), max(most, 0)))
    text = f"{Decimal(number).scaleb(-places):f}"
    style = draw(st.sampled_from(sorted(STYLES)))
    shown = draw(st.sampled_from((repr(unit), unit, f'"{unit}"')))
    ending = draw(st.sampled_from(("\n", "\r\n", "\r")))
    body = (
        f"name: typed\nbaseline: as_issued\nlevers:\n  - id: {lever}\n    from: 2024-Q1\n"
        f"    {term}: {{value: {STYLES[style](text)}, unit: {shown}}}\n"
    )
    fair = style in TAKEN and not (shown == unit and unit.startswith("%"))
    if draw(st.booleans()):
        # Not before the term: that may make a comment of it.
        after = body.rindex(f"{term}:") + len(term)
        place = draw(st.integers(after, len(body) - 1))
        body = body[:place] + draw(st.sampled_from(ODD)) + body[place:]
        fair = False
    return lever, term, to_base(Decimal(text), unit, kind), body.replace("\n", ending), fair


@cases(0.25)
@given(typed())
def test_an_amount_is_read_as_it_was_meant_or_not_at_all(folder, case):
    lever, term, meant, text, fair = case
    path = Path(folder) / "typed.yaml"
    path.write_bytes(text.encode())
    scenario = read(path)
    assert scenario or not fair
    if scenario:
        assert scenario.lever(lever).value(term, 24) == meant
        comes_back(folder, scenario)
