"""Priors of the most telling parameters: laws, sources, page; what effects of levers rest on."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from jiqun.calibration import prior_page
from jiqun.calibration.trial.sources import Source, cited_tests
from jiqun.experiments.runs.priors import Law
from jiqun.listing import lever_lines, lever_rows
from jiqun.scenarios import evidence
from jiqun.scenarios.errors import TableError
from jiqun.scenarios.evidence import evidence_of
from jiqun.scenarios.laws import at_or_below, mean
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.rows.evidence import PriorEvidence
from jiqun.scenarios.tables import SHARED, columns, read_table, table

ROWS = table("prior_evidence")
PARAMETERS = {row.name: row for row in table("parameters")}
EVEN = (np.arange(200_000) + 0.5) / 200_000


def law_of(row):
    """The law as draws will make it, with the centre as `value`."""
    return Law(row.distribution, row.low, row.high, row.centre)


# laws -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "low", "high", "mode"),
    [
        ("uniform", -1.0, 3.0, 0.0),
        ("loguniform", 1.0, 13.0, 2.5),
        ("triangular", 0.0, 0.05, 0.01),
        ("triangular", -0.02, 0.10, 0.04),
        ("triangular", 0.0, 1.0, 0.0),
        ("triangular", 0.0, 1.0, 1.0),
    ],
)
def test_means_and_probabilities_are_those_of_draws(name, low, high, mode):
    drawn = Law(name, low, high, mode).quantile(EVEN)
    assert mean(name, low, high, mode) == pytest.approx(drawn.mean(), abs=1e-6 * (high - low))
    for value in (low - 1.0, low, low + 0.3 * (high - low), mode, high, high + 1.0, 0.0):
        share = np.mean(drawn <= value)
        assert at_or_below(value, name, low, high, mode) == pytest.approx(share, abs=1e-3)


def test_mean_of_a_fixed_value_is_the_value():
    assert mean("triangular", 2.0, 2.0, 2.0) == 2.0


# table ------------------------------------------------------------------------------------------


def test_there_are_twenty_of_the_drawn_parameters():
    names = [row.parameter for row in ROWS]
    assert len(names) == len(set(names)) == 20
    assert [name for name in names if PARAMETERS[name].low >= PARAMETERS[name].high] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.parameter)
def test_runs_draw_by_the_law_that_the_evidence_gives(row):
    used = PARAMETERS[row.parameter]
    assert (used.low, used.high, used.value) == (row.low, row.high, row.centre)
    assert (used.distribution, used.grade) == (row.distribution, row.grade)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.parameter)
def test_mean_is_the_centre(row):
    width = row.high - row.low
    assert law_of(row).quantile(EVEN).mean() == pytest.approx(row.centre, abs=1e-3 * width)
    assert row.mode in (None, row.centre)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.parameter)
def test_zero_and_less_are_where_the_literature_has_them(row):
    assert (row.below_zero == "negative found") <= (row.low < 0)
    assert (row.below_zero == "zero found") <= (row.low <= 0)
    assert (row.below_zero == "none below zero") <= (row.low >= 0)
    if row.low < 0:
        assert row.model_bears_negative == "yes"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.parameter)
def test_laws_stay_inside_the_bounds_of_the_terms_they_stand_behind(row):
    for lever in declarations().values():
        for term in lever.terms.values():
            if term.parameter == row.parameter:
                assert term.bounds[0] <= row.low < row.high <= term.bounds[1]


def test_chosen_levers_are_the_first_ones_of_the_document_and_rest_on_the_parameter():
    chosen = {prior_page._first(row): row.lever_rank for row in ROWS if row.chosen_by == "lever"}
    assert sorted(chosen.values()) == [*range(1, 15)]
    assert {declarations()[name].origin for name in chosen} == {"document_55"}
    by_lever = {row.lever: row.parameter for row in table("lever_evidence")}
    for name in chosen:
        rests = {row.parameter for row in ROWS if prior_page._first(row) == name}
        assert by_lever[name] in rests


def test_no_test_row_is_a_source():
    words = [
        Source("prior_evidence.csv", row.parameter, text)
        for row in ROWS
        for text in row.model_dump().values()
        if isinstance(text, str)
    ]
    assert cited_tests(table("policy_trials"), words) == []
    planted = replace(words[0], text="Criscuolo, Martin, Overman and Van Reenen (2019)")
    assert cited_tests(table("policy_trials"), [planted])


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"centre": "0.02"}, "centre"),
        ({"distribution": "triangular", "mode": "0.005"}, "centre"),
        ({"distribution": "triangular"}, "mode"),
        ({"mode": "0.01"}, "mode"),
        ({"distribution": "normal"}, "distribution"),
        ({"below_zero": "perhaps"}, "below_zero"),
        ({"seen": "", "recalled": ""}, "recalled"),
        ({"grade": "F"}, "grade"),
    ],
)
def test_a_row_that_does_not_fit_is_refused(tmp_path, change, column):
    with (SHARED / "prior_evidence.csv").open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    assert (row["distribution"], row["mode"]) == ("uniform", "")
    path = tmp_path / "prior_evidence.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns(PriorEvidence))
        writer.writeheader()
        writer.writerow(row | change)
    with pytest.raises(TableError, match=rf":2: {column}:"):
        read_table(path, PriorEvidence)


# page -------------------------------------------------------------------------------------------


def test_the_page_is_current(capsys):
    assert prior_page.main(["--check"]) == 0, capsys.readouterr().out


def test_an_old_page_is_found_and_mended(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(prior_page, "PAGE", tmp_path / "priors.md")
    assert prior_page.main(["--check"]) == 1
    assert "priors.md is out of date" in capsys.readouterr().out
    assert prior_page.main() == 0
    assert prior_page.main(["--check"]) == 0


def test_the_page_says_what_the_tables_say():
    text = prior_page.page()
    lines = text.splitlines()
    for row in ROWS:
        assert f"### `{row.parameter}`" in lines
        laws = next(
            line for line in lines
            if line.startswith(f"| `{row.parameter}`") and row.distribution in line
        )  # fmt: skip
        cells = [cell.strip(" *") for cell in laws.strip("|").split("|")]
        assert float(cells[2]) == pytest.approx(row.centre)
        assert float(cells[3].rstrip(" %")) == pytest.approx(
            100 * np.mean(law_of(row).quantile(EVEN) <= 0), abs=0.6
        )
    widths = {}
    for block in text.replace("\\|", "").split("\n\n"):
        rows = [line.count("|") for line in block.splitlines() if line.startswith("|")]
        widths[block[:40]] = len(set(rows)) <= 1
    assert all(widths.values())


# levers -----------------------------------------------------------------------------------------


def test_every_lever_has_its_number_and_a_reason():
    rows = table("lever_evidence")
    assert len({row.lever for row in rows}) == len(rows)
    assert {row.lever for row in rows} == set(declarations())
    assert {row.parameter for row in rows} - {""} <= set(PARAMETERS)


def test_a_trial_that_is_named_has_set_the_number_and_is_no_test():
    for row in table("lever_evidence"):
        if row.trial:
            assert evidence_of(row.lever).word == "trial", row.lever
            uses = {t.use for t in table("policy_trials") if t.id.startswith(row.trial)}
            assert uses
            assert "test" not in uses


@pytest.mark.parametrize(
    ("lever", "word"),
    [
        ("rd_super_deduction", "trial"),
        ("cluster_recognition", "trial"),
        ("skills_training", "literature"),
        ("digital_capacity", "literature"),
        ("energy_heavy_limits", "judged"),
        ("vat_rate", "judged"),
        ("no such lever", "judged"),
    ],
)
def test_word_of_a_lever(lever, word):
    assert evidence_of(lever).word == word


def test_the_word_follows_the_grade_and_a_test_sets_nothing(monkeypatch):
    graded = [
        row.model_copy(update={"grade": "B"}) if row.name == "promotion_additional" else row
        for row in table("parameters")
    ]
    tests = [row.model_copy(update={"use": "test"}) for row in table("policy_trials")]
    changed = {"parameters": graded, "policy_trials": tests}
    monkeypatch.setattr(evidence, "table", lambda name: changed.get(name) or table(name))
    assert evidence_of("investment_promotion").word == "literature"
    assert evidence_of("rd_super_deduction").word == "literature"


def test_a_source_that_only_points_to_a_prior_is_told_in_full():
    found = evidence_of("green_retrofit_grant")
    assert found.parameter == "kappa_upfront"
    assert "Anderson-Newell 1.4" in found.source


def test_the_listing_has_the_evidence_of_the_effect_beside_that_of_the_cost():
    rows = {row["id"]: row for row in lever_rows()}
    told = rows["cluster_recognition"]["effect_evidence"]
    assert (told["word"], told["parameter"]) == ("trial", "cluster_title_appeal")
    assert set(rows["cluster_recognition"]["evidence"]) == {"grade", "source"}
    text = "\n".join(lever_lines([*rows.values()]))
    assert text.count("    evidence of its effect: ") == len(rows)
    assert "trial: cluster_title_appeal (grade B), trial R11c;" in text
    assert "judged: no number; value added as published counts VAT" in text
