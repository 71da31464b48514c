"""The whole chain at a tiny size: designs, runs, effects, fit, judgement, file and page."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.calibration.emulator_page import page
from jiqun.experiments import Results
from jiqun.experiments.effects.change import change
from jiqun.experiments.effects.compare import compare, gather
from jiqun.experiments.effects.comparison_data import made_by
from jiqun.experiments.emulator.build import Made, build
from jiqun.experiments.emulator.designs import (
    BASELINE,
    OLDER,
    dials,
    draw_designs,
    scenario_of,
)
from jiqun.experiments.emulator.emulator import read, save
from jiqun.experiments.emulator.runs import (
    CELLS,
    COST,
    HELD_OUT,
    LEARNT,
    Batch,
    measure,
)
from jiqun.experiments.runs.runner import Options
from jiqun.experiments.stores.errors import StoreError
from jiqun.model.calendar import quarter_index
from jiqun.scenarios import load
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.outside import ORIGIN

SMALL = Batch("training", designs=12, pairs=2, groups=3, first=1, seed=3)
OTHER = Batch("held_out", designs=4, pairs=2, groups=2, first=101, seed=4)
ROWS = 400


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    how = Made(tmp_path_factory.mktemp("emulator"), Options(workers=2), rows=ROWS)
    return how, build(how, [SMALL], OTHER)


def test_it_is_of_the_model_and_judged(made, tmp_path):
    _, emulator = made
    assert emulator.made_by == made_by()
    assert {(c.outcome, c.level, c.unit) for c in emulator.cells} == set(CELLS)
    assert {cell.held_out.designs for cell in emulator.cells} == {OTHER.designs}
    save(emulator, tmp_path / "emulator.json")
    assert read(tmp_path / "emulator.json") == emulator
    assert "**failed**" in page(emulator)
    assert "Not judged" in page(
        replace(emulator, cells=tuple(replace(c, held_out=None) for c in emulator.cells))
    )


def test_effects_and_costs_are_those_of_comparisons(made):
    """No second definition: what is measured is what `jiqun ask` tells of the same pairs."""
    how, _ = made
    folder = how.store(SMALL)
    measured, name = measure(SMALL, folder), SMALL.drawn()[3].name
    means = measured.loc[name].mean()
    results = Results(folder)
    told = change(results, name, BASELINE)
    compared = compare(gather(results, [name, BASELINE]), name, BASELINE)
    for (outcome, unit), moved in told.moved.items():
        assert means[outcome, *unit] == pytest.approx(moved.change.mean, rel=1e-9, abs=1e-15)
    for payer, cost in compared.bearers.items():
        assert means[COST, "payer", payer] == pytest.approx(cost.mean, rel=1e-9, abs=1e-3)
    assert means[COST, "payer", "total"] == pytest.approx(compared.cost.mean, rel=1e-9, abs=1e-3)


def test_what_was_made_is_not_made_again_and_what_lacks_is_refused(made):
    how, emulator = made
    shards = {path: path.stat().st_mtime_ns for path in how.folder.rglob("*.parquet")}
    assert build(how, [SMALL], OTHER) == emulator
    assert {path: path.stat().st_mtime_ns for path in how.folder.rglob("*.parquet")} == shards
    with pytest.raises(StoreError, match="lacks"):
        measure(replace(SMALL, pairs=3), how.store(SMALL))


def test_a_part_of_the_pairs_is_the_first_of_them(made):
    how, _ = made
    whole = measure(SMALL, how.store(SMALL))
    part = measure(replace(SMALL, pairs=1), how.store(SMALL))
    assert len(part) == SMALL.designs
    assert np.array_equal(part.to_numpy(), whole.loc[part.index].to_numpy())


def test_dials_are_levers_of_the_document_and_the_older_grant():
    issued = load(BASELINE)
    found = dials()
    for dial in found:
        lever = issued.lever(dial.lever)
        assert lever.size
        assert dial.lever in OLDER or declarations()[dial.lever].origin == "document_55"
        assert dial.high <= lever.most_times(quarter_index(ORIGIN + 1, 1))
        assert (dial.low, dial.high) in {(0.0, 3.0), (0.0, 2.0)}
    assert "credit_guarantee" not in {dial.lever for dial in found}


def test_designs_are_asked_for_as_users_do():
    """A level means what `times` means in a scenario file, and draws of the two batches differ."""
    issued = load(BASELINE)
    for design in LEARNT[0].drawn()[:10]:
        scenario = scenario_of(design, issued)
        for lever, times in design.at.items():
            term = next(
                term for term in issued.lever(lever).size if issued.lever(lever).terms[term]
            )
            now, before = (
                each.lever(lever).value(term, quarter_index(ORIGIN + 1, 1))
                for each in (scenario, issued)
            )
            assert now == pytest.approx(times * before)
    assert draw_designs(dials(), 20, 7, "x") == draw_designs(dials(), 20, 7, "x")
    both = [
        {draw for group in range(batch.groups) for draw in batch.draws(group)}
        for batch in (*LEARNT, HELD_OUT)
    ]
    assert len(set.union(*both)) == sum(map(len, both))
