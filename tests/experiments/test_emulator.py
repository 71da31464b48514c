"""An emulator: what it says follows from its numbers, and what it cannot say is refused."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiqun.experiments.effects.comparison_data import made_by
from jiqun.experiments.emulator import Dial, Emulator, Guess, shipped
from jiqun.experiments.emulator.emulator import NAME, from_data, read, save, to_data
from jiqun.experiments.runs import adopted
from tests.experiments.made_up_emulator import LEVERS, made_up

AT = st.fixed_dictionaries({}, optional={lever: st.floats(0.0, 2.0) for lever in LEVERS})


def test_as_issued_nothing_is_estimated_and_nothing_is_open():
    for at in ({}, dict.fromkeys(LEVERS, 1.0)):
        for guess in made_up().guess(at):
            assert (guess.mean, guess.low, guess.high) == (0.0, 0.0, 0.0)


def test_an_estimate_is_the_sum_of_its_features():
    guess = made_up().guess({"cluster_award": 3.0, "fund_steering": 0.0})[0]
    assert isinstance(guess, Guess)
    assert (guess.outcome, guess.level, guess.measure) == ("value_added", "province", "relative")
    # Twice more of the award, all of steering away (with its hinge), and what they do together.
    assert guess.mean == pytest.approx(0.001 * (1 * 2 - 3 * 1 - 0.5 * 1 - 0.25 * 2))
    half = math.sqrt(2 * 0.0002**2 + 0.0003**2 * (4 + 1))
    assert guess.high - guess.mean == pytest.approx(half)
    assert guess.mean - guess.low == pytest.approx(half)


@given(AT)
def test_intervals_hold_their_mean_and_grow_with_the_distance(at):
    emulator = made_up()
    near = {lever: 1.0 + 0.5 * (times - 1.0) for lever, times in at.items()}
    for far, close in zip(emulator.guess(at), emulator.guess(near), strict=True):
        assert far.low <= far.mean <= far.high
        assert far.high - far.low >= (close.high - close.low) * (1 - 1e-12)


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ({"vat_rate": 2.0}, "vat_rate is no dial"),
        ({"cluster_award": 3.1}, "allowed: 0 to 3"),
        ({"digital_voucher": 2.5}, "allowed: 0 to 2"),
        ({"cluster_award": -0.1}, "allowed: 0 to 3"),
        ({"cluster_award": float("nan")}, "allowed: 0 to 3"),
    ],
)
def test_what_is_no_dial_or_out_of_its_range_is_refused(at, told):
    with pytest.raises(ValueError, match=told):
        made_up().guess(at)


def test_it_is_the_same_when_read_back(tmp_path):
    emulator = made_up(made_by())
    save(emulator, tmp_path / NAME)
    assert read(tmp_path / NAME) == emulator
    assert from_data(json.loads(json.dumps(to_data(emulator)))) == emulator


@pytest.mark.parametrize("name", ["model", "tables", "fit"])
def test_one_of_another_model_data_or_fit_is_none(tmp_path, name):
    save(made_up(made_by() | {name: "another"}), tmp_path / NAME)
    assert read(tmp_path / NAME) is None
    assert read(tmp_path / "absent.json") is None


def test_one_that_was_adopted_takes_the_place_of_the_shipped(monkeypatch, tmp_path):
    monkeypatch.setenv(adopted.VARIABLE, str(tmp_path))
    save(made_up(made_by()), tmp_path / NAME)
    found = shipped()
    assert isinstance(found, Emulator)
    assert found.dials[0] == Dial("cluster_award", 0.0, 3.0)
    assert found.explain() == found.cells
