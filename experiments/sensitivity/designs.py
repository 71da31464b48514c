"""Designs of a sensitivity analysis, and the guards that stand between a design and its indices.

SALib draws the points. It would take a seed of 0 for none, an N that is no power of two, outputs of
another design and, for Sobol, a NaN (as indices of zero) without a word; all of that is refused
here.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from SALib.sample import latin as latin_sampling
from SALib.sample import morris as morris_sampling
from SALib.sample import sobol as sobol_sampling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.model.dimensions import Array

DUMMY = "dummy"
"""Factor of every design that nothing depends on."""
LEVELS = 4
"""Levels of a Morris design, at thirds of the range; a step goes over two of them."""
VERSIONS = ("SALib", "scipy", "numpy")
"""What the points of a design depend on beside what it is asked for."""


class SensitivityError(Exception):
    """An analysis that would not hold; the message says why."""


class Method(StrEnum):
    """How points are chosen."""

    SOBOL = "sobol"
    MORRIS = "morris"
    LATIN = "latin"
    INDEPENDENT = "independent"


@dataclass(frozen=True)
class Factor:
    """What is varied.

    Attributes:
        name: Its name.
        group: Factors of one group move together and have one index; the name itself for none.
        low: Lower bound.
        high: Upper bound.
    """

    name: str
    group: str
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True, eq=False)
class Design:
    """Points to run.

    Attributes:
        method: How they were chosen.
        factors: What is varied; the last one is the dummy.
        size: Base points (Sobol), trajectories (Morris) or points (Latin, independent).
        seed: Seed of the points.
        points: Values, shape (rows, factors), in the factors' units.
    """

    method: Method
    factors: tuple[Factor, ...]
    size: int
    seed: int
    points: Array

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups in the order of their first factor; the last one is the dummy's."""
        return tuple(dict.fromkeys(factor.group for factor in self.factors))

    @property
    def block(self) -> int:
        """Rows of one base point, trajectory or point; rows of one stand together."""
        if self.method in (Method.LATIN, Method.INDEPENDENT):
            return 1
        return len(self.groups) + (2 if self.method is Method.SOBOL else 1)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all that the points follow from; stored with outputs."""
        parts = {
            "method": self.method,
            "factors": [asdict(factor) for factor in self.factors],
            "size": self.size,
            "seed": self.seed,
            "levels": LEVELS,
            "versions": {name: version(name) for name in VERSIONS},
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:20]


@dataclass(frozen=True, eq=False)
class Outputs:
    """What the runs of a design gave.

    Attributes:
        fingerprint: Fingerprint of the design they were run for.
        values: Shape (rows, seeds, columns); every row with the same seeds.
        columns: Name of each output.
        runs: Name of the run of each row and seed.
    """

    fingerprint: str
    values: Array
    columns: Sequence[str]
    runs: Sequence[Sequence[str]]


def sobol(factors: Sequence[Factor], size: int, seed: int | None) -> Design:
    """Design for first and total order indices of groups, size x (groups + 2) rows.

    Rows of a base point are A, then A with one group after the other from B, then B.

    Args:
        factors: What is varied, without the dummy.
        size: Base points, a power of two: other sizes unbalance the sequence.
        seed: Seed, 1 or more.
    """
    if size < 2 or size & (size - 1):
        raise SensitivityError(f"N of a Sobol design is a power of two, not {size}")
    return _design(Method.SOBOL, factors, size, seed)


def morris(factors: Sequence[Factor], trajectories: int, seed: int | None) -> Design:
    """Design for elementary effects of groups, trajectories x (groups + 1) rows.

    Args:
        factors: What is varied; a dummy is added.
        trajectories: Number of trajectories, two or more.
        seed: Seed of the points, 1 or more; None is refused.
    """
    if trajectories < 2:
        raise SensitivityError(
            f"a Morris design needs two trajectories or more, not {trajectories}"
        )
    return _design(Method.MORRIS, factors, trajectories, seed)


def latin(factors: Sequence[Factor], size: int, seed: int | None) -> Design:
    """Latin hypercube for PAWN, one row a point.

    Every factor stands for itself: SALib would give all members of a group the same place in their
    ranges, and their distributions could not be told apart.

    Args:
        factors: What is varied; a dummy is added.
        size: Number of points, two or more.
        seed: Seed of the points, 1 or more; None is refused.
    """
    if size < 2:
        raise SensitivityError(f"a Latin design needs two points or more, not {size}")
    return _design(Method.LATIN, _alone(factors), size, seed)


def independent(design: Design, outputs: Outputs) -> tuple[Design, Outputs]:
    """Rows A and B of a Sobol design and their outputs, for PAWN and surrogates without a run more.

    In these rows members of a group have places of their own, so every factor stands for itself.
    A row of A is followed by its row of B: the first half is that of the Sobol design's first half.

    Raises:
        SensitivityError: The design isn't a Sobol one, or the outputs do not belong to it.
    """
    if design.method is not Method.SOBOL:
        raise SensitivityError(f"a {design.method} design has no rows A and B")
    values = check(design, outputs)
    first = np.arange(design.size) * design.block
    rows = np.stack([first, first + design.block - 1], axis=1).ravel()
    points = Design(
        Method.INDEPENDENT, _alone(design.factors), len(rows), design.seed, design.points[rows]
    )
    runs = [outputs.runs[row] for row in rows.tolist()]
    return points, Outputs(points.fingerprint, values[rows], outputs.columns, runs)


def check(design: Design, outputs: Outputs) -> Array:
    """Values of outputs that belong to a design and are whole, shape (rows, seeds, columns).

    Raises:
        SensitivityError: They are of another design, of another shape, or a value isn't finite.
    """
    if outputs.fingerprint != design.fingerprint:
        raise SensitivityError(
            f"outputs of design {outputs.fingerprint} do not belong to design {design.fingerprint}"
        )
    values = np.asarray(outputs.values, dtype=np.float64)
    rows = len(design.points)
    if values.ndim != 3 or len(values) != rows or values.shape[2] != len(outputs.columns):
        raise SensitivityError(
            f"outputs of shape {values.shape} do not fit a design of {rows} rows and"
            f" {len(outputs.columns)} columns; needed: (rows, seeds, columns)"
        )
    if not values.size:
        raise SensitivityError("outputs without a seed or without a column")
    if [len(of_row) for of_row in outputs.runs] != [values.shape[1]] * rows:
        raise SensitivityError("every row and seed of the outputs needs the name of its run")
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, seed, column = bad[0]
        more = f"; {len(bad) - 1} values more are not finite" if len(bad) > 1 else ""
        raise SensitivityError(
            f"run {outputs.runs[row][seed]} (row {row} of the design, seed {seed} of its row):"
            f" {outputs.columns[column]} is {values[row, seed, column]}{more}"
        )
    return values


def _alone(factors: Sequence[Factor]) -> tuple[Factor, ...]:
    """Factors, each a group of its own."""
    return tuple(Factor(factor.name, factor.name, factor.low, factor.high) for factor in factors)


def _design(method: Method, factors: Sequence[Factor], size: int, seed: int | None) -> Design:
    if seed is None or seed < 1:
        raise SensitivityError(f"the seed of a design is a whole number from 1 on, not {seed}")
    varied = (*factors, Factor(DUMMY, DUMMY))
    names = [factor.name for factor in varied]
    if len(varied) < 2:
        raise SensitivityError("a design without a factor")
    if len(set(names)) < len(names) or DUMMY in {factor.group for factor in factors}:
        raise SensitivityError(f"names of factors are to differ, and {DUMMY} is the design's own")
    for factor in varied:
        if not (np.isfinite([factor.low, factor.high]).all() and factor.low < factor.high):
            raise SensitivityError(
                f"{factor.name}: bounds {factor.low} to {factor.high} hold no range"
            )
    problem: dict[str, Any] = {
        "num_vars": len(varied),
        "names": names,
        "groups": [factor.group for factor in varied],
        "bounds": [[factor.low, factor.high] for factor in varied],
    }
    if method is Method.SOBOL:
        points = sobol_sampling.sample(problem, size, calc_second_order=False, seed=seed)
    elif method is Method.MORRIS:
        points = morris_sampling.sample(problem, size, num_levels=LEVELS, seed=seed)
    else:
        points = latin_sampling.sample(problem, size, seed=seed)
    return Design(method, varied, size, seed, np.asarray(points, dtype=np.float64))
