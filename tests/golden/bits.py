"""Prints what a machine computes, as hashes: results that have to be equal, and canaries.

A canary is something that the processor or a library does decide, so that a setting which is
supposed to act as another machine proves that it does.
"""

import json
import math
import tempfile
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from pathlib import Path

import numpy as np
from numba import njit

from jiqun.calibration.fitting.forward import Forward
from jiqun.calibration.fitting.space import Space
from jiqun.calibration.targets import known
from jiqun.experiments.runs.draws import draws
from jiqun.scenarios import load
from tests.golden.renew import ROWS, YEARS, results


def hashed(data) -> str:
    """Hash of bytes, or of the text of something else: numbers are written to the last bit."""
    return sha256(data if isinstance(data, bytes) else repr(data).encode()).hexdigest()[:16]


@njit(fastmath=True)
def free_sum(x):
    """A sum that the compiler may take in any order: by the width of the processor's registers."""
    total = 0.0
    for i in range(len(x)):
        total += x[i]
    return total


def canaries() -> dict[str, str]:
    """What may move, by the part of the machine that decides it."""
    rng = np.random.default_rng(1)
    x, matrix = rng.normal(size=100_000), rng.normal(size=(100, 1000))
    return {
        "numpy": hashed(np.exp(x).tobytes()),
        "libm": hashed([[math.exp(v), math.log(abs(v)), abs(v) ** 0.37] for v in x]),
        "blas": hashed([(matrix @ matrix.T).tobytes(), float(np.dot(x, x))]),
        "numba": hashed(free_sum(x)),
    }


def fixed_ensemble() -> list[object]:
    """Runs of the history at a fixed ensemble, and their distances to what was published."""
    scenario = replace(load("without_document_55").until(2021), rows=ROWS)
    model = known()
    space = Space(model.priors, dummy=False)
    points = space.points(space.drawn(3, seed=1))
    targets = [target for target in model.targets if target.year <= 2021]
    with (
        tempfile.TemporaryDirectory() as folder,
        Forward(scenario, targets, Path(folder), workers=1) as forward,
    ):
        simulated = forward(points, [1, 2])
    observed = np.array([target.value for target in targets])
    errors = np.array([target.spread for target in targets])
    distances = ((simulated.values - observed) / errors) ** 2
    return [points, simulated.failures, simulated.values.tolist(), distances.sum(axis=2).tolist()]


def main() -> None:
    """Print the hashes as JSON."""
    drawn = list(islice(draws(load("as_issued"), range(1, 6)), 5))
    fixed = {name: hashed(list(results(name))) for name in YEARS}
    fixed["draws"] = hashed(drawn)
    fixed["fixed ensemble"] = hashed(fixed_ensemble())
    print(json.dumps({"fixed": fixed, "canaries": canaries()}))


if __name__ == "__main__":
    main()
