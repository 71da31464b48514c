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
# # From store to paper figure
#
# A figure whose numbers can be traced: the data beside it, and in its caption the runs it is made
# of.

# %%
from pathlib import Path

import matplotlib.pyplot as plt

from jiqun import run
from jiqun.model.dimensions import TIERS
from jiqun.recording import record

ROWS, DRAWS, UNTIL = 1_100, 8, 2026
folder = Path("build/tutorials/figure")
folder.mkdir(parents=True, exist_ok=True)
results = run(
    ["without_document_55", "as_issued"],
    folder / "store",
    draws=DRAWS,
    rows=ROWS,
    until=UNTIL,
    workers=2,
)

# %% [markdown]
# The effect in per cent of the baseline, by tier, with the interval of the mean. Tiers are fixed
# at the end of 2023. Effects that cannot be told from zero are drawn hollow.

# %%
effects = results.effects("as_issued", "value_added", "tier", UNTIL)
columns = ["unit_name", "change_mean", "change_low", "change_high", "change_sign", "runs"]
data = effects.set_index("unit_name").loc[[*reversed(TIERS)]].reset_index()[columns]
data.to_csv(folder / "figure.csv", index=False)
data

# %%
plt.rcParams |= {"font.size": 8, "pdf.fonttype": 42, "svg.fonttype": "none"}
figure, axes = plt.subplots(figsize=(3.4, 2.2), layout="constrained")
axes.axvline(0.0, color="grey", linewidth=0.6)
for place, row in enumerate(data.itertuples()):
    span = [100 * row.change_low, 100 * row.change_high]
    axes.plot(span, [place, place], color="black", linewidth=1.0)
    fill = "black" if row.change_sign else "white"
    axes.plot(100 * row.change_mean, place, "o", color="black", markerfacecolor=fill, markersize=4)
axes.set_yticks(range(len(data)), data["unit_name"])
axes.set_xlabel(f"Change of value added {UNTIL}, %")
for kind in ("pdf", "svg", "png"):
    figure.savefig(folder / f"figure.{kind}", dpi=300)

# %% [markdown]
# The caption says what the figure is: paired runs of a model, their number and size, the version.
# The run record binds all files of the store by their hashes; `jiqun verify` checks it anywhere.

# %%
batch = results.manifest["batches"][-1]
caption = (
    f"Mean effect over {DRAWS} paired runs of {ROWS:,} rows with 95 % interval; hollow: not "
    f"distinguishable from zero. jiqun {batch['versions']['jiqun']}, "
    f"model {batch['model_hash'][:8]}, data {batch['data_hash'][:8]}, "
    f"fit {batch['ensemble'][:8]}. A projection, not a forecast."
)
(folder / "caption.txt").write_text(caption)
record(folder / "store")
caption
