"""Functions whose indices are known, and outputs made of them."""

import numpy as np

from jiqun.experiments.sensitivity.designs import Factor, Outputs


def ishigami(x):
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


ISHIGAMI = tuple(Factor(f"x{i}", f"x{i}", -np.pi, np.pi) for i in (1, 2, 3))
ISHIGAMI_FIRST = np.array([0.3139, 0.4424, 0.0])
ISHIGAMI_TOTAL = np.array([0.5576, 0.4424, 0.2437])

WEIGHTS = np.array([0.0, 0.5, 3.0, 9.0, 99.0, 99.0])
PART = 1.0 / 3.0 / (1.0 + WEIGHTS) ** 2
WHOLE = np.prod(1.0 + PART) - 1.0
G_FIRST = PART / WHOLE
G_TOTAL = PART * np.prod(1.0 + PART) / (1.0 + PART) / WHOLE
GROUPS = ("a", "b", "b", "a", "c", "c")


def g(x):
    return np.prod((np.abs(4.0 * x[:, :6] - 2.0) + WEIGHTS) / (1.0 + WEIGHTS), axis=1)


def g_factors(groups=None):
    names = [f"x{i}" for i in range(6)]
    return [Factor(name, group) for name, group in zip(names, groups or names, strict=True)]


def closed(members):
    """Share of the variance of G that these factors explain alone."""
    return (np.prod(1.0 + PART[members]) - 1.0) / WHOLE


def grouped():
    """First and total order of the groups of G."""
    inside = [np.array([name == group for name in GROUPS]) for group in "abc"]
    first = [closed(mask) for mask in inside]
    return np.array(first), np.array([1.0 - closed(~mask) for mask in inside])


def outputs(design, values):
    """Outputs of shape (rows,), (rows, seeds) or (rows, seeds, columns)."""
    values = np.asarray(values, dtype=float)
    values = values.reshape(*values.shape, *[1] * (3 - values.ndim))
    rows, seeds, columns = values.shape
    runs = [[f"run-{row}-{seed}" for seed in range(seeds)] for row in range(rows)]
    return Outputs(design.fingerprint, values, [f"column-{i}" for i in range(columns)], runs)


def noisy(values, seed, common=0.5, fresh=0.05, seeds=2):
    """Values with noise in deviations of theirs: one set of seeds, and anew at each row."""
    rng = np.random.default_rng([seed, 7])
    shared = common * rng.standard_normal((1, seeds))
    noise = shared + fresh * rng.standard_normal((len(values), seeds))
    return values[:, None] + values.std() * noise
