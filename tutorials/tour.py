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
# # Researcher's tour
#
# A scenario, a batch of paired runs, a query and a plot. Sizes here are for learning: results to
# cite need the 12,000 rows of a scenario and 100 draws or more (`rows=None`, `draws=100`).

# %%
from pathlib import Path

import matplotlib.pyplot as plt

from jiqun import load, run

ROWS, DRAWS, UNTIL = 1_100, 8, 2026
folder = Path("build/tutorials/tour")
folder.mkdir(parents=True, exist_ok=True)

# %% [markdown]
# A scenario is a YAML file that names its baseline and says only what differs. `load` refuses an
# incorrect one with the line and the allowed values.

# %%
mine = folder / "twice_the_award.yaml"
mine.write_text(
    """name: twice_the_award
label: {zh: 补助加倍, en: Twice the award}
baseline: as_issued
levers: [{id: cluster_award, times: 2}]
""",
    "utf-8",
)
scenario = load(mine)
scenario.label_en, scenario.baseline, len(scenario.levers)

# %% [markdown]
# `run` makes what the store lacks and gives its `Results`. Draw i of parameters and outside world
# goes with seed i in each scenario, so scenarios are compared run by run.

# %%
results = run(
    ["without_document_55", "as_issued", mine],
    folder / "store",
    draws=DRAWS,
    rows=ROWS,
    until=UNTIL,
    workers=2,
)
results.outcomes(outcome="value_added", level="tier", years=UNTIL).head()

# %% [markdown]
# Each scenario against its own baseline, over the pairs of runs: `mean` with its 95 % interval from
# `low` to `high`, here in yuan (`jiqun outcomes` lists units); `change_mean` and its like are
# relative. `sign` is 0 where the effect cannot be told from zero, as is often so with eight draws.
#
# `twice_the_award` stands against `as_issued`: its rows say what the second half of the award
# does, and not what the document does.

# %%
effects = results.effects(outcome="value_added", level="tier", years=UNTIL)
effects[["scenario", "baseline", "unit_name", "mean", "low", "high", "sign"]]

# %% [markdown]
# The ledger says who pays for what: median and 90 % interval over the runs, in yuan. `connect`
# gives DuckDB over the Parquet files in place, as `run`, `outcome`, `ledger` and `panel`.

# %%
results.money(by=["lever", "payer"], scenario="as_issued", years=UNTIL).head()

# %%
results.connect().sql(
    "SELECT scenario, year, median(value) / 1e8 AS value_added FROM outcome "
    "WHERE outcome = 'value_added' AND level = 'province' GROUP BY ALL ORDER BY ALL"
).df().head()

# %% [markdown]
# The band holds nine of ten draws. It is wide since draws differ in the outside world, and the
# scenarios lie on each other: levels do not show an effect, pairs do.

# %%
figure, axes = plt.subplots(figsize=(7, 4))
for name, rows in results.intervals(outcome="rd_expenditure", level="province").groupby("scenario"):
    axes.plot(rows["year"], rows["median"] / 1e8, label=name)
    axes.fill_between(rows["year"], rows["p05"] / 1e8, rows["p95"] / 1e8, alpha=0.15)
axes.set_ylabel("R&D, 100m yuan")
axes.legend()
figure.savefig(folder / "rd.png")
