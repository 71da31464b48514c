"""PRIM and CART: held against the definitions, and PRIM against the EMA Workbench."""

import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiqun.experiments.boxes import SIDES, inside
from jiqun.experiments.searches import MASS, SLICE, Peeled, cart, pasted, prim, trajectory

FACTORS = list("abcd")


def world(seed, *, runs=160, wrong=0.1, coarse=False):
    """Cases where a is low and b is high, some told wrongly; c and d tell nothing."""
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.random((runs, len(FACTORS))), columns=FACTORS)
    if coarse:
        x["a"] = x["a"].round(1)
    y = ((x["a"] < 0.5) & (x["b"] > 0.4)).to_numpy() ^ (rng.random(runs) < wrong)
    return x, y


WORLDS = st.builds(
    world,
    st.integers(0, 1000),
    runs=st.integers(30, 150),
    wrong=st.sampled_from([0.0, 0.1, 0.5]),
    coarse=st.booleans(),
)


@settings(max_examples=25, deadline=None)
@given(WORLDS)
def test_each_box_of_the_trajectory_is_its_limits_and_lies_in_the_one_before(world):
    x, y = world
    path = trajectory(x, y)
    assert path[0].held.all()
    for before, after in pairwise(path):
        assert (after.held == inside(x, after.places)).all()
        assert (after.held <= before.held).all()
        assert MASS * len(y) <= after.held.sum() < before.held.sum()
        assert after.coverage == y[after.held].sum() / y.sum()
        assert after.density == y[after.held].mean()
        # One limit moves at a time, so that what is told of a box is what was peeled.
        assert len(set(after.places.items()) - set(before.places.items())) == 1


@settings(max_examples=15, deadline=None)
@given(WORLDS)
def test_every_peel_takes_the_slice_whose_removal_raises_the_density_most(world):
    """Against all slices by the definition: the runs beyond a quantile of those in the box."""
    x, y = world
    path = trajectory(x, y)
    for before, after in pairwise(path):
        kept = []
        for factor in x:
            values = x[factor].to_numpy()
            for low in (True, False):
                mine = np.sort(values[before.held]) if low else -np.sort(-values[before.held])
                edge = mine[min(int(np.ceil(SLICE * len(mine))), len(mine) - 1)]
                if edge == mine[0]:  # the slice is no thinner than the runs that share a value
                    further = mine[mine != mine[0]]
                    if not len(further):
                        continue
                    edge = further[0]
                kept.append(before.held & (values >= edge if low else values <= edge))
        rises = [
            (y[held].mean() - before.density) / (before.held.sum() - held.sum())
            for held in kept
            if held.sum() >= MASS * len(y)
        ]
        taken = before.held.sum() - after.held.sum()
        assert (after.density - before.density) / taken == pytest.approx(max(rises))


@settings(max_examples=25, deadline=None)
@given(WORLDS, st.floats(0.0, 1.0))
def test_pasting_makes_a_box_denser_and_no_smaller(world, at):
    x, y = world
    path = trajectory(x, y)
    box = path[int(at * (len(path) - 1))]
    wider = pasted(x, y, box)
    assert (wider.held >= box.held).all()
    assert (wider.held == inside(x, wider.places)).all()
    assert wider.density > box.density or (wider.held == box.held).all()


def test_what_was_peeled_too_much_is_pasted_on_again():
    x = pd.DataFrame({"a": (np.arange(200) + 0.5) / 200.0})
    y = (x["a"] < 0.5).to_numpy()
    places = {("a", SIDES[0]): 0.2, ("a", SIDES[1]): 0.6}
    held = inside(x, places)
    box = pasted(x, y, Peeled(places, held, y[held].sum() / y.sum(), y[held].mean()))
    assert box.places == {("a", SIDES[1]): 0.6}
    assert (box.coverage, box.density) == (1.0, pytest.approx(0.5 / 0.6))


def test_the_trajectory_ends_where_all_are_cases():
    x, y = world(3, wrong=0.0)
    path = trajectory(x, y)
    assert path[-1].density == 1.0
    assert all(box.density < 1.0 for box in path[:-1])


@settings(max_examples=25, deadline=None)
@given(WORLDS)
def test_leaves_of_the_tree_do_not_overlap_and_are_denser_than_all(world):
    x, y = world
    leaves = [inside(x, box.places) for box in cart(x, y)]
    assert (np.sum(leaves, axis=0) <= 1).all()
    for held in leaves:
        assert y[held].mean() > y.mean()
        assert held.sum() >= int(MASS * len(y))


def test_leaves_of_the_tree_are_those_of_scikit_learn():
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415

    x, _ = world(4, runs=300)
    y = ((x["a"] < 0.3) | (x["b"] > 0.8)).to_numpy()
    tree = DecisionTreeClassifier(
        max_leaf_nodes=6, min_samples_leaf=15, min_impurity_decrease=0.01, random_state=0
    ).fit(x.to_numpy(), y)
    leaf = tree.apply(x.to_numpy())
    dense = {tuple(np.flatnonzero(leaf == n)) for n in set(leaf) if y[leaf == n].mean() > y.mean()}
    assert {tuple(np.flatnonzero(inside(x, box.places))) for box in cart(x, y)} == dense
    assert len(dense) > 1


def test_without_cause_a_tree_has_no_leaves():
    x = pd.DataFrame({"a": np.arange(160) // 2 % 8, "b": np.zeros(160)})
    assert cart(x, np.arange(160) % 2 == 0) == []


def peeled_by_workbench(x, y):
    """Coverage and density along the trajectory of the EMA Workbench."""
    prim_of = pytest.importorskip("ema_workbench.analysis.prim")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what else could be installed
        path = prim_of.Prim(x, y, peel_alpha=SLICE, mass_min=MASS).find_box().peeling_trajectory
    return path[["coverage", "density"]].to_numpy()


def test_a_planted_box_is_peeled_as_by_the_workbench():
    """Step by step as long as a peel adds something: after that it pastes, and we peel on."""
    for seed in range(6):
        x, y = world(seed, wrong=0.0)
        theirs = peeled_by_workbench(x, y)
        ours = np.array([[box.coverage, box.density] for box in trajectory(x, y)])
        steps = min(len(ours), len(theirs))
        np.testing.assert_allclose(ours[:steps], theirs[:steps], rtol=0.0, atol=1e-12)


def test_boxes_are_as_good_as_those_of_the_workbench():
    better = []
    for seed in range(16):
        x, y = world(seed, coarse=bool(seed % 2))
        theirs = (np.prod(peeled_by_workbench(x, y), axis=1)).max()
        better.append(prim(x, y)[0].score - theirs)
    assert min(better) > -0.05
    assert np.mean(better) > -0.005
