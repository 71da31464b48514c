"""No decision hangs on the last bits of a sum, and a small change moves only what it reaches."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.model import ClusterPolicyModel, accounting
from jiqun.model.policy.rationing import serve
from jiqun.scenarios import load

LOGS = {"size_level", "size_noise", "productivity", "appeal", "brand"}
"""Columns on a scale of logs: their differences are relative already."""


def moved(one, other, near=1e-8):
    """Columns in which two models differ by more than rounding can make them, with how many."""
    found = {}
    for name, x in one.enterprises.columns.items():
        y = other.enterprises.columns[name]
        if x.dtype.kind == "f":
            size = np.abs(x) + (1.0 if name in LOGS else 0.0)
            different = np.abs(x - y) > near * size + 1e-3
        else:
            different = x != y
        if different.any():
            found[name] = int(different.sum())
    return found


@pytest.fixture(scope="module")
def issued():
    return replace(load("as_issued"), rows=1_200)


@pytest.fixture(scope="module")
def at_2023(issued, populate):
    model = ClusterPolicyModel(issued, rng=1, population=populate(issued.rows))
    model.run_until_year(2023)
    return model


def test_the_last_bits_decide_nothing(at_2023, issued):
    """Every float column moved by 1e-13, quarter by quarter: all decisions are the same."""
    rng = np.random.default_rng(1)
    model = at_2023.branch(issued)
    for _ in range(9):
        moved_by_bits = model.branch(issued)
        for values in moved_by_bits.enterprises.columns.values():
            if values.dtype.kind == "f":
                values[:] = values * (1.0 + 1e-13 * rng.choice([-1.0, 1.0], size=len(values)))
        moved_by_bits.run_for(1)
        model.run_for(1)
        assert moved(model, moved_by_bits) == {}, model.quarter


@pytest.mark.parametrize(
    "lever", ["digital_voucher", "green_retrofit_grant", "quality_brand", "cluster_award"]
)
def test_a_thousandth_more_of_a_lever_moves_only_those_it_reaches(at_2023, issued, lever):
    one = at_2023.branch(issued)
    more = at_2023.branch(issued.with_draw({}, {}, {lever: 1.001}))
    for model in (one, more):
        model.run_until_year(2025)
    found = moved(one, more, near=1e-6)
    for name in found:
        assert one.enterprises.columns[name].dtype.kind == "f", name
    # A lever for members of clusters moves nobody outside them.
    outside = one.enterprises.cluster < 0
    for name in ("revenue", "capital", "cash", "debt_long", "rd", "employees"):
        x, y = one.enterprises.columns[name], more.enterprises.columns[name]
        assert np.all(np.abs(x - y)[outside] <= 1e-6 * np.abs(x[outside]) + 1.0), name
    made = [float(np.sum(m.enterprises.weight * m.enterprises.last_value_added_real))
            for m in (one, more)]  # fmt: skip
    assert abs(made[1] / made[0] - 1.0) < 1e-6


def test_a_credit_line_of_a_yuan_changes_nothing(at_2023, issued):
    """What a line widens shrinks with what it can lend."""
    levers = {lever.id: lever for lever in issued.levers}
    line = levers["cluster_credit_line"]

    def at(yuan):
        terms = {**line.terms, "line": ((line.start, yuan),)}
        changed = {**levers, "cluster_credit_line": replace(line, terms=terms)}
        model = at_2023.branch(replace(issued, levers=tuple(changed.values())))
        model.run_until_year(2025)
        return model

    # The yuan itself is lent.
    assert set(moved(at(0.0), at(1.0))) == {"debt_line"}


def test_sums_that_are_equal_on_paper_are_equal():
    claims = np.full(10, 1e7 / 3.0)
    paper = 1e8 / 3.0
    for money in (np.nextafter(paper, 0.0), paper, np.nextafter(paper, 1e8)):
        served = serve(np.ones(10, dtype=bool), claims, np.ones(10), np.arange(10.0), money)
        assert served.all()
        assert accounting.left_of(money, claims.cumsum()[-1]) == 0.0
    assert not accounting.covers(paper, np.array([paper + 1.5]))
    assert accounting.left_of(paper, 0.5 * paper) == 0.5 * paper


def test_nobody_is_served_out_of_nothing():
    few = np.full(3, 0.25)
    assert not serve(np.ones(3, dtype=bool), few, np.ones(3), np.arange(3.0), 0.0).any()


def test_rows_stand_in_the_order_of_their_ids(at_2023):
    """A stable sort so leaves ties in the order of ids."""
    assert np.all(np.diff(at_2023.enterprises.id) > 0)
