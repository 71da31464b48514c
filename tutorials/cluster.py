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
# # One cluster in depth
#
# Its title and scores year by year, its members, what reaches it, and what the document changes
# there.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from jiqun import ClusterPolicyModel, load, run
from jiqun.experiments.runs.runner import with_rows

ROWS, DRAWS, UNTIL = 1_100, 8, 2026
folder = Path("build/tutorials/cluster")

# %% [markdown]
# Clusters with a published name come first; the others are synthetic. We take the first of the
# provincial tier. The tier is fixed; the title that a cluster holds is its `status`, which changes.

# %%
model = ClusterPolicyModel(with_rows(load("as_issued"), ROWS), rng=1)
number, cluster = next((i, c) for i, c in enumerate(model.clusters) if c.tier == "provincial")
cluster.id, cluster.name_en, cluster.name_zh, cluster.status

# %% [markdown]
# The race is held once a year, from 2023 on: five dimensions are scored against the other clusters.
# At 1,100 rows one row stands for thousands of small enterprises, so counts jump with its links.

# %%
years = []
for year in range(2019, UNTIL + 1):
    model.run_until_year(year)
    e = model.enterprises
    members = e.cluster == number
    years.append(
        {
            "year": year,
            "status": str(cluster.status),
            "score": cluster.score,
            **cluster.scores,
            "plan": cluster.plan,
            "body": cluster.promotion_body,
            "award received": cluster.received,
            "enterprises": float(e.weight[members].sum()),
            "linked": float((e.weight * (e.role > 0))[members].sum()),
        }
    )
history = pd.DataFrame(years).set_index("year")
history

# %%
e = model.enterprises
members = np.flatnonzero(e.cluster == number)
largest = members[np.argsort(-e.last_revenue[members])][:5]
pd.DataFrame(
    {name: getattr(e, name)[largest] for name in ("id", "last_revenue", "employees", "role")}
)

# %% [markdown]
# One run is one possible course. What the document changes at the cluster is the difference of
# pairs.

# %%
results = run(
    ["without_document_55", "as_issued"],
    folder / "store",
    draws=DRAWS,
    rows=ROWS,
    until=UNTIL,
    workers=2,
)
effects = results.effects("as_issued", ["value_added", "employees"], "cluster")
mine = effects[effects["unit_name"] == cluster.id]
mine[["outcome", "year", "change_mean", "change_low", "change_high", "sign"]].tail(6)

# %%
figure, axes = plt.subplots(figsize=(7, 4))
rows = mine[mine["outcome"] == "value_added"]
axes.axhline(0.0, color="grey", linewidth=0.8)
axes.plot(rows["year"], 100 * rows["change_mean"])
axes.fill_between(rows["year"], 100 * rows["change_low"], 100 * rows["change_high"], alpha=0.2)
axes.set_ylabel("value added, % of the baseline")
axes.set_title(cluster.name_en)
