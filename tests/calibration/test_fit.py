"""The fit: recovers known parameters, resumes to the same result, depends on no worker count."""

import shutil

import numpy as np
import pytest

from jiqun.calibration.fitting import fit as fitting
from jiqun.calibration.fitting.emulate import agreement, emulator, sample
from jiqun.calibration.fitting.ensemble import provenance, read_ensemble, write_ensemble
from jiqun.calibration.fitting.fit import FitError, fit, smooth
from jiqun.calibration.fitting.forward import Simulated
from jiqun.calibration.fitting.recover import recover_sets
from jiqun.calibration.fitting.screen import Signal, design, scores, seen, signals
from jiqun.calibration.fitting.smoother import assimilate, error_covariance
from jiqun.calibration.fitting.space import DUMMY, Space
from jiqun.calibration.fitting.spec import RecoverSpec, SmootherSpec, Task, read_spec
from jiqun.calibration.outlook import figures, learnt, state_of
from jiqun.calibration.targets import Prior, Target, known

SEEN, HALF_SEEN, NAMES = 6, 3, 24


def prior(name, distribution="uniform"):
    return Prior(name=name, low=1.0, mode=2.0, high=4.0, distribution=distribution, grade="E")


def target(number, value=0.0):
    return Target(
        id=f"figure_{number}",
        outcome="revenue",
        level="province",
        unit_name="anhui",
        year=2020,
        kind="level",
        value=value,
        unit="yuan",
        scale=1.0,
        error=1.0,
        discrepancy=0.0,
        use="fit",
    )


SPACE = Space(tuple(prior(f"p{i}") for i in range(NAMES)))
FIGURES = 20
SMOOTHER = SmootherSpec(
    members=120, iterations=4, seeds=2, chance_seeds=20, localisation=2.0, seed=5
)


class Toy:
    """A province in which the first parameters are seen, a few in part and the others not."""

    def __init__(self):
        rng = np.random.default_rng(3)
        self.effect = np.zeros((FIGURES, NAMES))
        for i in range(SEEN):
            self.effect[rng.choice(FIGURES, 8, replace=False), i] = 3.0 * rng.choice([-1, 1], 8)
        for i in range(SEEN, SEEN + HALF_SEEN):
            self.effect[rng.choice(FIGURES, 4, replace=False), i] = 0.6
        self.made = 0
        self.fail_after = None

    def __call__(self, points, seeds, progress=lambda _done, _total: None):
        if self.fail_after is not None and self.made >= self.fail_after:
            raise KeyboardInterrupt
        self.made += 1
        found = np.empty((len(points), len(seeds), FIGURES))
        for m, point in enumerate(points):
            place = (np.array([point.get(f"p{i}", 2.5) for i in range(NAMES)]) - 2.5) / 0.866
            for s, seed in enumerate(seeds):
                chance = np.random.default_rng(seed).normal(0.0, 0.3, FIGURES)
                found[m, s] = self.effect @ (place + 0.1 * place**2) + chance
        progress(len(points), len(points))
        return Simulated(found, ())


def task(spec=None):
    return Task(
        spec or read_spec("reference").spec,
        tuple(target(i) for i in range(FIGURES)),
        (True,) * FIGURES,
        SPACE.priors,
    )


def covariance(runs):
    chance = runs([{}], range(900, 920)).values[0]
    return error_covariance([target(i) for i in range(FIGURES)], chance, SMOOTHER.seeds)


def fitted(folder, truth, spec=SMOOTHER, runs=None):
    runs = runs or Toy()
    folder.mkdir(exist_ok=True)
    observed = runs(SPACE.points(truth), [77]).values[0, 0]
    return smooth(
        SPACE,
        runs,
        observed,
        covariance(runs),
        spec,
        folder,
        lambda *_: None,
        fitted=np.ones(FIGURES, dtype=bool),
    )


@pytest.fixture(scope="module")
def truth():
    return np.random.default_rng(9).standard_normal((len(SPACE), 1))


@pytest.fixture(scope="module")
def steps(tmp_path_factory, truth):
    return fitted(tmp_path_factory.mktemp("toy") / "a", truth)


def test_seen_parameters_are_found_again_and_unseen_ones_keep_their_spread(steps, truth):
    before, after = steps[0][0], steps[-1][0]
    spread = after.std(axis=1, ddof=1) / before.std(axis=1, ddof=1)
    assert (spread[:SEEN] < 0.5).all()
    assert (spread[SEEN + HALF_SEEN :] > 0.85).all()
    low, high = np.quantile(after, (0.05, 0.95), axis=1)
    inside = (low <= truth[:, 0]) & (truth[:, 0] <= high)
    assert inside[:SEEN].mean() >= 0.8
    assert inside.mean() >= 0.75
    assert np.abs(after.mean(axis=1) - truth[:, 0])[:SEEN].max() < 0.6


def test_a_fit_stopped_after_any_step_ends_as_one_never_stopped(tmp_path, steps, truth):
    for stop in (3, 5):
        folder = tmp_path / str(stop)
        broken = Toy()
        broken.fail_after = stop
        with pytest.raises(KeyboardInterrupt):
            fitted(folder, truth, runs=broken)
        assert len(list(folder.glob("step-*.npz"))) == stop - 2
        again = fitted(folder, truth)
        for (one, seen_one), (other, seen_other) in zip(again, steps, strict=True):
            assert np.array_equal(one, other)
            assert np.array_equal(seen_one, seen_other)


def test_another_seed_of_the_smoother_moves_seen_parameters_little(tmp_path, steps, truth):
    other = fitted(tmp_path / "b", truth, SMOOTHER.model_copy(update={"seed": 6}))
    moved = np.abs(other[-1][0].mean(axis=1) - steps[-1][0].mean(axis=1))
    assert moved[:SEEN].max() < 0.25


def test_accidental_correlations_do_not_collapse_what_the_data_do_not_see():
    rng = np.random.default_rng(0)
    ensemble, simulated = rng.standard_normal((30, 60)), rng.standard_normal((20, 60))
    moved = {
        level: assimilate(
            ensemble,
            simulated,
            np.zeros(20),
            0.01 * np.eye(20),
            iterations=1,
            localisation=level,
            seed=(1, 1),
        )
        for level in (0.0, 2.0)
    }
    assert moved[2.0].std(axis=1).mean() > 0.9 * ensemble.std(axis=1).mean()
    assert moved[0.0].std(axis=1).mean() < 0.9 * ensemble.std(axis=1).mean()


def test_members_whose_runs_failed_are_left_out_and_many_end_the_fit():
    scored, values = np.zeros((2, 30)), np.zeros((30, 2, 3))
    values[4, 1] = np.nan
    failure = type("Failure", (), {"origin": "jiqun.model.economy.market:1", "message": "wrong"})()
    kept, whole = fitting.whole_members(scored, Simulated(values, (failure,)))
    assert kept.shape == (2, 29)
    assert whole.shape == (29, 2, 3)
    values[:10] = np.nan
    with pytest.raises(FitError, match=r"model\.economy\.market:1"):
        fitting.whole_members(scored, Simulated(values, (failure,)))


def test_screening_ranks_by_effect_and_shows_the_dummy_as_nothing():
    runs = Toy()
    problem, points = design(SPACE, 4, 1)
    simulated = runs(SPACE.points(scores(points)), [1]).values.mean(axis=1)
    names = [f"figure_{i}" for i in range(FIGURES)]
    found = signals(problem, points, simulated, np.ones(FIGURES), names)
    assert {s.name for s in found[:SEEN]} == {f"p{i}" for i in range(SEEN)}
    assert next(s for s in found if s.name == DUMMY).strongest == 0.0
    simulated[0, 0] = np.nan
    with pytest.raises(FloatingPointError):
        signals(problem, points, simulated, np.ones(FIGURES), names)


def test_screening_keeps_numbers_within_their_bounds_and_never_the_dummy():
    found = [Signal(DUMMY, 9.0, "f"), *(Signal(f"p{i}", 1.0 - 0.1 * i, "f") for i in range(8))]
    assert seen(found, 0.65, 2, 6) == ["p0", "p1", "p2", "p3"]
    assert len(seen(found, 0.99, 3, 6)) == 3
    assert len(seen(found, 0.0, 2, 6)) == 6


def test_chance_adds_to_the_error_and_less_with_more_seeds():
    chance = np.random.default_rng(2).normal(0.0, 2.0, (200, FIGURES))
    targets = [target(i) for i in range(FIGURES)]
    few, many = (np.diag(error_covariance(targets, chance, seeds)) for seeds in (1, 100))
    assert few.mean() == pytest.approx(1.0 + 8.0, rel=0.1)
    assert many.mean() == pytest.approx(1.0 + 4.04, rel=0.1)


@pytest.mark.parametrize("shape", ["uniform", "loguniform", "triangular"])
def test_scores_are_normal_under_the_prior_and_lead_nowhere_else(shape):
    space = Space((prior("p", shape),))
    values = space.values(space.drawn(400, 1))
    assert values.shape == (1, 400)
    # The median score is that of the prior's median.
    assert np.median(values) == pytest.approx(space.values(np.array([[0.0]])).item(), rel=0.01)
    extreme = space.values(np.array([[-60.0, 60.0]]))
    assert extreme.tolist() == [[1.0, 4.0]]


def test_the_other_method_agrees_where_the_data_speak(steps, truth):
    runs = Toy()
    observed = runs(SPACE.points(truth), [77]).values[0, 0]
    points = np.concatenate([z for z, _ in steps], axis=1)
    values = np.concatenate([y.mean(axis=1) for _, y in steps])
    emulated = emulator(points, values)
    assert emulated.skill.min() > 0.9
    chains = sample(emulated, observed, covariance(runs), len(SPACE), 1, length=8_000)
    rows = {row.name: row for row in agreement(SPACE, steps[-1][0], chains)}
    for i in range(SEEN):
        assert rows[f"p{i}"].apart < 0.75
    assert rows[DUMMY].spread_chain == pytest.approx(1.0, abs=0.1)


def test_recovering_calls_seen_parameters_identified_and_the_dummy_unseen(tmp_path):
    runs = Toy()
    asked = RecoverSpec(sets=6, members=100, iterations=4, seeds=2, rows=600)
    rows = recover_sets(
        task(),
        SPACE,
        runs,
        covariance(runs),
        SMOOTHER.model_copy(update={"members": 100}),
        asked,
        tmp_path,
        lambda *_: None,
    )
    found = {row.name: row for row in rows}
    for i in range(SEEN):
        assert found[f"p{i}"].state == "identified"
        assert found[f"p{i}"].correlation > 0.8
    identified = [row.covered for row in rows if row.state == "identified"]
    assert np.mean(identified) >= 0.8
    assert found[DUMMY].state == "unseen"
    made = runs.made
    recover_sets(task(), SPACE, runs, covariance(runs), SMOOTHER, asked, tmp_path, lambda *_: None)
    assert runs.made == made + 1  # only the chance asked for above: every set was kept


def test_what_was_learnt_is_said_of_every_candidate():
    assert [state_of(spread) for spread in (0.3, 0.7, 0.95)] == ["identified", "bounded", "unseen"]


SMALL = """
name: small
rows: 1100
parameters: [births_above, credit_growth, little_giant_share_2020]
smoother: {members: 10, iterations: 1, seeds: 1, chance_seeds: 3, localisation: 0.0, seed: 1}
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    (folder / "small.yaml").write_text(SMALL, "utf-8")
    asked = read_spec(folder / "small.yaml", train_until=2020)
    return folder, asked, fit(asked, folder / "one", 1)


def test_a_small_fit_of_the_province_gives_an_ensemble_with_its_provenance(real, tmp_path):
    _, asked, found = real
    write_ensemble(found, tmp_path / "e.parquet")
    columns, facts = read_ensemble(tmp_path / "e.parquet")
    assert list(columns) == ["credit_growth", "little_giant_share_2020", "births_above"]
    bounds = {p.name: (p.low, p.high) for p in known().priors}
    for name, values in columns.items():
        assert len(values) == 10
        low, high = bounds[name]
        assert low <= values.min() <= facts["centre"][name] <= values.max() <= high
    assert facts["train_until"] == 2020
    assert facts["identity"] == found.identity == provenance(found)["identity"]
    assert facts["model_hash"]
    rows = figures(found)
    assert [row.id for row in rows] == [t.id for t in asked.targets]
    assert max(row.year for row in rows) == 2020
    assert {row.name for row in learnt(found)} == set(columns)


def test_a_fit_is_the_same_with_more_workers(real):
    folder, asked, found = real
    other = fit(asked, folder / "two", 2)
    assert np.array_equal(other.posterior, found.posterior)
    assert np.array_equal(other.after, found.after)
    shutil.rmtree(folder / "two")


def test_a_fit_that_was_made_is_not_made_again(real):
    folder, asked, found = real
    kept = {p: p.stat().st_mtime_ns for p in (folder / "one").rglob("*.np?")}
    assert np.array_equal(fit(asked, folder / "one", 1).posterior, found.posterior)
    assert kept == {p: p.stat().st_mtime_ns for p in (folder / "one").rglob("*.np?")}
