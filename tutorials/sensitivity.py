# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A sensitivity analysis of one's own
#
# Which of a few parameters moves the effect of the document most? Elementary effects after
# Morris, with SALib, on paired runs. `jiqun sensitivity` makes the large one, with intervals and
# a noise floor.

# %%
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from SALib.analyze import morris as analyze
from SALib.sample import morris as sample

from jiqun import load, run
from jiqun.scenarios.loader import with_parameters
from jiqun.scenarios.tables import table

ROWS, UNTIL, TRAJECTORIES = 1_100, 2025, 2
NAMES = ["equipment_elasticity", "interest_elasticity", "credit_supply_elasticity"]
folder = Path("build/tutorials/sensitivity")

# %% [markdown]
# Ranges are those that draws are made from; `jiqun parameters` lists them with their evidence.

# %%
ranges = {row.name: (row.low, row.high) for row in table("parameters") if row.low < row.high}
problem = {"num_vars": len(NAMES), "names": NAMES, "bounds": [[*ranges[n]] for n in NAMES]}
points = sample.sample(problem, TRAJECTORIES, num_levels=4, seed=1)
pd.DataFrame(points, columns=NAMES)

# %% [markdown]
# Each point is a pair of scenarios with names of their own, all in one batch. They share the
# seed, so chance is the same at every point.

# %%
pairs = {}
for i, point in enumerate(points):
    values = dict(zip(NAMES, map(float, point), strict=True))
    for world in ("without_document_55", "as_issued"):
        moved = with_parameters(load(world), values)
        pairs[world, i] = replace(moved, name=f"{world}_{i}", baseline=None)
results = run([*pairs.values()], folder / "store", seeds=1, rows=ROWS, until=UNTIL, workers=2)

# %%
last = results.outcomes(outcome="rd_expenditure", level="province", years=UNTIL)
value = last.set_index("scenario")["value"]
effect = np.array(
    [value[f"as_issued_{i}"] / value[f"without_document_55_{i}"] - 1.0 for i in range(len(points))]
)
found = analyze.analyze(problem, points, effect, num_levels=4, seed=1)
pd.DataFrame({"mu_star": found["mu_star"], "sigma": found["sigma"]}, index=NAMES).sort_values(
    "mu_star", ascending=False
)

# %% [markdown]
# `mu_star` is the mean size of an elementary effect on the relative effect of the document, over
# the whole range of the parameter. Two trajectories of one seed show the way; take ten or more,
# several seeds and 12,000 rows before you rank anything.
