"""Targets judged by their class."""

from types import SimpleNamespace

import pandas as pd
import pytest

from jiqun.notebooks import board
from jiqun.notebooks.trust.evidence import AS_ISSUED, HORIZON, PROVINCE, Band
from jiqun.notebooks.words import LANGS, Lang, Words
from jiqun.notebooks.worlds import Worlds
from jiqun.scenarios.tables import table

TARGETS = {row.id: row for row in table("policy_targets")}


def test_every_target_is_on_the_board_once(worlds: Worlds) -> None:
    modelled = {item.target.id for item in board.judged(worlds)}
    yearly = {row.id for row in board.targets("modelled") if row.kind == "flow"}
    rest = {row.id for row in board.targets("quota", "plan")}
    parts = [modelled, yearly, set(board.COUNTS), rest, set(board.ELSEWHERE)]
    assert set().union(*parts) == set(TARGETS)
    assert sum(map(len, parts)) == len(TARGETS)


@pytest.mark.parametrize(
    ("target", "values", "met"),
    [
        ("srdi_provincial", {2023: 5_000, 2027: 8_000}, False),
        ("srdi_provincial", {2023: 5_000, 2027: 8_001}, True),
        ("digital_coverage_above", {2023: 0.5, 2027: 0.99}, False),
        ("digital_coverage_above", {2023: 0.5, 2027: 0.996}, True),
        ("local_sourcing_share", {2023: 0.5, 2027: 0.51}, True),
        ("local_sourcing_share", {2023: 0.5, 2027: 0.5}, False),
        ("mlt_loans", {2023: 5e11, 2027: 4e11}, False),
        ("energy_intensity_2025", {2023: -0.1, 2025: -0.15}, True),
        ("energy_intensity_2025", {2023: -0.1, 2025: -0.14}, False),
        ("energy_intensity_2027", {2023: 1.2, 2025: 1.0, 2027: 0.99}, True),
        ("energy_intensity_2027", {2023: 1.2, 2025: 1.0, 2027: 1.0}, False),
    ],
)
def test_a_target_is_met_as_the_document_words_it(
    target: str, values: dict[int, float], met: bool
) -> None:
    row = TARGETS[target]
    year = int(row.deadline) if row.deadline.isdigit() else HORIZON
    runs = pd.DataFrame({y: [v] for y, v in values.items()})
    assert board.met(row, runs, year).tolist() == [met]


def test_gap_and_pace_are_in_the_targets_unit() -> None:
    row = TARGETS["srdi_provincial"]
    outcome = board.outcome_of(row)
    assert outcome is not None
    item = board.Judged(row, outcome, 8_000.0, 4_000.0, 2027, Band(5e3, 6e3, 7e3), 0.1, None)
    assert item.gap == 2_000.0
    assert item.needed == 1_000.0
    assert item.pace == 500.0
    row = TARGETS["energy_intensity_2025"]
    item = board.Judged(row, outcome, -0.15, -0.09, 2025, Band(-0.2, -0.16, -0.1), 0.6, None)
    assert item.gap == pytest.approx(-0.01)
    assert item.needed == pytest.approx(-0.03)


def test_coverage_of_clusters_is_that_of_the_lowest_tier(worlds: Worlds) -> None:
    runs = board.paths(worlds, AS_ISSUED, TARGETS["digital_coverage_above"])
    tiers = [
        worlds.values(AS_ISSUED, "digital_coverage_above", ("tier", tier), HORIZON)
        for tier in board.CLUSTER_TIERS
    ]
    assert runs[HORIZON].to_numpy() == pytest.approx(pd.concat(tiers, axis=1).min(axis=1))


def test_a_count_is_on_course_on_the_line_to_the_last_deadline() -> None:
    value, before = pd.Series([23.9, 24.0, 30.0]), pd.Series([0.0, 0.0, 0.0])
    assert board.on_course(value, before, 30.0).tolist() == [False, True, True]


def test_the_share_of_a_quota_brings_the_stock_to_the_aim(worlds: Worlds) -> None:
    found = board.share_needed(worlds)
    assert found is not None
    parameters = {row.name: row.value for row in table("parameters")}
    stock = worlds.values(AS_ISSUED, "little_giants", PROVINCE, HORIZON)
    batch, passed = parameters["little_giant_batch_later"], parameters["little_giant_pass"]
    more = (found.median - parameters["little_giant_share_later"]) * batch * (3 + passed)
    assert stock.median() + more == pytest.approx(800.0, rel=0.02)


@pytest.mark.parametrize(
    ("share", "shown"), [(0.0, "<1 %"), (0.004, "<1 %"), (0.5, "50 %"), (1.0, ">99 %")]
)
def test_runs_do_not_show_certainty(share: float, shown: str) -> None:
    assert board.probability(share, Words("en")) == shown


@pytest.mark.parametrize("lang", LANGS)
def test_only_modelled_targets_have_a_probability(worlds: Worlds, lang: Lang) -> None:
    words = Words(lang)
    for page in (board.plan_table(words), board.quota_table(worlds, words)):
        assert "**" not in page
        assert "<1" not in page
    assert len(board.plan_table(words).splitlines()) == 2 + len(board.targets("plan"))
    assert len(board.yearly_table(worlds, words).splitlines()) == 2 + 2 * 2
    assert len(board.counts_table(worlds, words).splitlines()) == 2 + 2
    assert len(board.board_table(worlds, words).splitlines()) == 2 + 9


def test_every_lead_department_has_a_short_name() -> None:
    short = Words("en").names("departments")
    for row in TARGETS.values():
        named = [name for name in short if name in row.lead_zh]
        assert named
        rest = row.lead_zh
        for name in named:
            rest = rest.replace(name, "")
        assert set(rest) <= set("、;()配合省财政厅为责任主体"), rest
    only = SimpleNamespace(lead_zh="省科技厅、省财政厅")
    assert board.departments(only, Words("en")) == "DST"
