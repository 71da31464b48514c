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
# # One enterprise's story through the quarters
#
# The model is run quarter by quarter, and one enterprise is followed in two worlds that share
# every random draw: with the document and without it.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from jiqun import ClusterPolicyModel, load
from jiqun.experiments.runs.runner import with_rows
from jiqun.model.agents.enterprises import COLUMNS as REGISTER
from jiqun.model.calendar import quarter_index, quarter_name
from jiqun.model.dimensions import CITIES, FIELDS, TIERS

ROWS, QUARTERS = 1_100, 32
models = {
    name: ClusterPolicyModel(with_rows(load(name), ROWS), rng=1)
    for name in ("without_document_55", "as_issued")
}

# %% [markdown]
# A row stands for `weight` enterprises. We take the largest one above scale that belongs to a
# provincial cluster. `docs/reference/columns.md` lists the columns and their units.

# %%
e = models["as_issued"].enterprises
inside = np.flatnonzero((e.tier == TIERS.index("provincial")) & e.above_scale)
chosen = int(e.id[inside[np.argmax(e.revenue[inside])]])
row = int(np.flatnonzero(e.id == chosen)[0])
FIELDS[e.field[row]], CITIES[e.city[row]], float(e.weight[row]), float(e.employees[row])

# %% [markdown]
# `run_for(1)` is one quarter. An enterprise keeps its id; its row moves as others come and go,
# and it may leave.

# %%
COLUMNS = ["revenue", "employees", "rd", "productivity", "digital_stage", "debt_long"]
story = []
for world, model in models.items():
    for _ in range(QUARTERS):
        model.run_for(1)
        found = np.flatnonzero(model.enterprises.id == chosen)
        if not len(found):
            break
        values = {name: float(getattr(model.enterprises, name)[found[0]]) for name in COLUMNS}
        story.append({"world": world, "quarter": model.quarter, **values})
story = pd.DataFrame(story)
story.groupby("world").tail(1)

# %% [markdown]
# Until the end of 2023 the two are the same to the last bit. What differs later is due to the
# document, at this enterprise and through its markets; one enterprise of one seed is an example,
# not an estimate.

# %%
wide = story.pivot(index="quarter", columns="world", values="revenue")
before = wide.loc[: quarter_index(2023, 4)]
assert (before["as_issued"] == before["without_document_55"]).all()
(wide["as_issued"] / wide["without_document_55"] - 1.0).tail(4)

# %%
figure, panels = plt.subplots(len(COLUMNS), 1, figsize=(7, 11), sharex=True)
for axes, name in zip(panels, COLUMNS, strict=True):
    for world, rows in story.groupby("world"):
        axes.plot(rows["quarter"], rows[name], label=world)
    axes.set_ylabel(f"{name}\n{REGISTER[name].unit}")
ticks = range(0, QUARTERS, 8)
panels[-1].set_xticks(ticks, [quarter_name(quarter) for quarter in ticks])
panels[0].legend()

# %% [markdown]
# For many enterprises and many runs, have a batch record them: `run(..., panel=500)`, then
# `results.panel()` (docs/store.md).
