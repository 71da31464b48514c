"""Targets and priors as data, and what a wrong specification is told."""

from collections import Counter

import pytest

from jiqun.calibration import targets
from jiqun.calibration.fitting.spec import read_spec
from jiqun.calibration.targets import known, uses
from jiqun.scenarios import InputError
from jiqun.scenarios.tables import table


def test_generated_files_follow_the_tables():
    assert targets.stale() == [], "run python -m jiqun.calibration.targets"


def test_every_datum_is_used_once():
    rows = table("calibration_targets")
    found = known().targets
    assert [t.id for t in found] == [row.id for row in rows]
    assert set(Counter(t.id for t in found).values()) == {1}
    place = [(t.outcome, t.level, t.unit_name, t.year) for t in found]
    assert set(Counter(place).values()) == {1}
    fitted = {source for t, row in zip(found, rows, strict=True) if t.use == "fit"
              for source in [(row.source, t.kind)]}  # fmt: skip
    given = {(row.source, row.kind) for row in rows if row.id in uses().inputs}
    assert not fitted & given


def test_uses_name_rows_that_are_there_and_inputs_are_never_fitted():
    rows = {row.id: row for row in table("calibration_targets")}
    told = uses()
    assert set(told.inputs) | set(told.repeats) | set(told.discrepancy) <= set(rows)
    use_of = {t.id: t.use for t in known().targets}
    for row in rows.values():
        if row.error_kind in ("report only", "input") or row.year < 2019:
            assert use_of[row.id] != "fit", row.id
        if row.error_kind == "input":
            assert use_of[row.id] == "input", row.id
    assert sum(use == "fit" for use in use_of.values()) >= 40
    assert all(t.error > 0.0 for t in known().targets if t.use == "fit")
    assert all(t.why for t in known().targets if t.use in ("input", "repeat"))
    assert all(t.why for t in known().targets if t.discrepancy)


def test_errors_are_in_the_unit_of_the_figure():
    found = {t.id: t for t in known().targets}
    assert found["rev_2021"].error == pytest.approx(447.759)
    assert found["vag_2022"].error == 2.0
    assert found["vag_2022"].discrepancy == 2.0
    assert found["rev_2023"].discrepancy == pytest.approx(0.04 * found["rev_2023"].value)


def test_priors_are_the_ranges_of_the_parameters_and_flat_where_fitted_by_hand():
    rows = {
        row.name: row for row in table("parameters") if row.low < row.high and row.use != "cost"
    }
    found = {p.name: p for p in known().priors}
    assert list(found) == list(rows)
    for name, row in rows.items():
        assert (found[name].low, found[name].high) == (row.low, row.high)
        assert found[name].grade == row.grade
    assert all(found[name].distribution == "uniform" for name in uses().hand_fitted)


def test_the_reference_asks_for_what_the_fit_must_have():
    spec = read_spec("reference").spec
    assert spec.smoother.members >= 200
    assert spec.smoother.seeds >= 4
    assert spec.screen.least >= 20
    assert spec.recover.sets >= 20
    assert spec.recover.members >= 100
    assert spec.recover.seeds >= 2


def test_only_figures_known_by_the_last_year_are_fitted():
    task = read_spec("reference", train_until=2021)
    assert max(t.year for t in task.targets) == 2021
    assert task.spec.train_until == 2021
    assert sum(task.fitted) < sum(read_spec("reference").fitted)


GOOD = """name: mine
rows: 1100
parameters:
  - drift
smoother:
  members: 20
  iterations: 2
  seeds: 1
  chance_seeds: 4
  localisation: 2.0
  seed: 1
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "said"),
    [
        ("  - drift", "  - drifft", 4, "parameters[0]", "nearest: drift"),
        ("  - drift", "  - drift\n  - drift", 5, "parameters[1]", "named twice"),
        ("rows: 1100", "row: 600", 2, "row", "nearest: rows"),
        ("rows: 1100", "rows: 7", 2, "rows", "greater than or equal to 100"),
        ("rows: 1100", "rows: 1099", 2, "rows", "1100 or more"),
        ("  members: 20", "  members: few", 6, "smoother.members", "a whole number"),
        ("  seeds: 1", "  seeds: 0", 8, "smoother.seeds", "greater than or equal to 1"),
        ("rows: 1100", "rows: 1100\ntargets: [rev_2012]", 3, "targets[0]", "nearest: rev_202"),
        ("rows: 1100", "rows: 1100\ntargets: [ht_2019]", 3, "targets[0]", "unknown name"),
        ("rows: 1100", "rows: 1100\ntrain_until: 2024", 3, "train_until", "2023"),
        ("rows: 1100", "rows: 1100\nscenario: as_isued", 3, "scenario", "nearest: as_issued"),
        (
            "rows: 1100",
            "rows: 1100\nscreen: {trajectories: 2, seeds: 1, keep: 1, least: 9, most: 3}",
            3,
            "screen.least",
            "1 to 3",
        ),
    ],
)
def test_a_wrong_specification_is_refused_with_its_place(tmp_path, old, new, line, key, said):
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD, "utf-8")
    assert read_spec(path).spec.name == "mine"
    path.write_text(GOOD.replace(old, new, 1), "utf-8")
    with pytest.raises(InputError) as caught:
        read_spec(path)
    assert caught.value.line == line
    assert caught.value.key == key
    assert said in str(caught.value)


def test_a_missing_specification_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_spec(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="nearest: reference"):
        read_spec("referense")
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD, "utf-8")
    with pytest.raises(InputError, match="recover: is missing"):
        read_spec(path, to_recover=True)
