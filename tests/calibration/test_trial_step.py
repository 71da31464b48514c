"""Published trials in the fit: which rows are heard, and that members listen to them once."""

import numpy as np
import pytest

from jiqun.calibration.fitting import fit as fitting
from jiqun.calibration.fitting.fit import FitError, after_trials
from jiqun.calibration.fitting.spec import TrialStepSpec, read_spec
from jiqun.calibration.trial import step as trial_step
from jiqun.calibration.trial.step import Heard, asked, digests, spoken_of
from jiqun.scenarios.tables import table
from tests.calibration.test_fit import SMOOTHER, SPACE, Toy, task

USES = {row.id: row.use for row in table("policy_trials")}


def test_only_rows_marked_fit_are_heard():
    assert set(asked()) == {name for name, use in USES.items() if use == "fit"}
    assert set(digests()) == set(asked())
    assert "equipment_elasticity" in spoken_of()
    assert spoken_of() <= {row.name for row in table("parameters")}


def test_the_reference_hears_them_and_fits_what_they_are_about():
    asked_for = read_spec("reference")
    assert asked_for.spec.trials is not None
    assert spoken_of() <= {prior.name for prior in asked_for.priors}


def test_a_dearer_response_of_plant_is_seen_by_its_trial():
    rows = {"R3a": asked()["R3a"]}
    low, high = (
        trial_step._estimates(rows, 600, (7, {"equipment_elasticity": value}))[0]
        for value in (0.25, 1.2)
    )
    assert np.isfinite([low, high]).all()
    assert low < high


@pytest.fixture
def listening():
    """A task with a step of trials, and an ensemble of scores."""
    asked_for = task()
    spec = asked_for.spec.model_copy(update={"trials": TrialStepSpec(rows=500, chance_seeds=3)})
    return type(asked_for)(spec, asked_for.targets, asked_for.fitted, asked_for.priors), (
        SPACE.drawn(SMOOTHER.members, 1)
    )


def heard_of(ensemble, error=0.5):
    """A row that is three times the first score, published at three."""
    return Heard(("X1a",), 3.0 * ensemble[:1], np.array([3.0]), np.array([[error**2]]))


def test_members_move_to_what_a_trial_found_and_no_further(listening, tmp_path, monkeypatch):
    asked_for, ensemble = listening
    calls = []

    def hear(*_):
        calls.append(1)
        return heard_of(ensemble)

    monkeypatch.setattr(fitting, "hear", hear)
    args = asked_for, SPACE, Toy(), ensemble, tmp_path, 1, lambda *_: None
    moved, simulated = after_trials(*args)
    assert moved[0].mean() == pytest.approx(1.0, abs=0.15)
    assert moved[0].std() < 0.4 * ensemble[0].std()
    others = np.abs(moved[1:].mean(axis=1) - ensemble[1:].mean(axis=1))
    assert np.median(others) < 0.05
    assert simulated.shape[:2] == (SMOOTHER.members, asked_for.spec.smoother.seeds)
    again, _ = after_trials(*args)
    assert np.array_equal(moved, again)
    assert len(calls) == 1


def test_members_with_nothing_to_compare_are_left_out_and_many_end_the_fit(
    listening, tmp_path, monkeypatch
):
    asked_for, ensemble = listening
    for lost, ends in ((3, False), (60, True)):
        row = heard_of(ensemble)
        row.simulated[0, :lost] = np.nan
        monkeypatch.setattr(fitting, "hear", lambda *_, row=row: row)
        place = tmp_path / str(lost)
        place.mkdir()
        args = asked_for, SPACE, Toy(), ensemble, place, 1, lambda *_: None
        if ends:
            with pytest.raises(FitError, match="nothing to compare"):
                after_trials(*args)
        else:
            assert after_trials(*args)[0].shape[1] == SMOOTHER.members - lost
