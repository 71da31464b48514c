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
# Designs of support at equal cost. `notebooks.render` runs this notebook once a language where a
# store keeps a comparison (`jiqun compare DIR --baseline NAME --equal-cost`).

# %% tags=["parameters"]
lang: str = "en"
store: str = "build/report/store"

# %%
# ruff: noqa: D100, E402
from pathlib import Path

from jiqun.experiments.effects.comparison_data import read
from jiqun.experiments.effects.effect import CUTS
from jiqun.notebooks import designs, director
from jiqun.notebooks.show import figure, section, text
from jiqun.notebooks.words import Words

words = Words("zh" if lang == "zh" else "en", marked=True)
data = read(Path(store))
if data is None:
    raise FileNotFoundError(f"{store} keeps no comparison of designs")

# %%
text(designs.made(data, words, Path(store).name))
for envelope in designs.envelopes_of(data):
    section(words.name("envelopes", envelope), level=3)
    text(designs.answer(data, words, envelope))
    text(designs.summary_table(data, words, envelope))
if (credit := director.leading_credit(data)) is not None:
    text(director.credit_note(credit, words))
text(designs.reading(data, words))

# %%
figure(designs.forest(data, words), words("designs_alt"))

# %%
section(words("designs_cost_title"))
runs = {"solved": data["solved_on"], "pairs": data["reported_on"]}
text(words("designs_cost_text", unit=words.money_unit, **runs))
for envelope in designs.envelopes_of(data):
    text(f"**{words.name('envelopes', envelope)}**")
    text(designs.cost_table(data, words, envelope))

# %%
section(words("designs_gain_title"))
text(words("designs_gain_text", unit=words.money_unit))
for envelope in designs.envelopes_of(data):
    text(f"**{words.name('envelopes', envelope)}**")
    for grouping in CUTS:
        text(designs.gain_table(data, words, envelope, grouping))

# %%
if data["promotion"]:
    section(words("apart_title"))
    text(designs.promotion(data, words))

# %%
section(words("regret_title"))
tables = [(name, designs.regret_table(data, words, name)) for name in designs.envelopes_of(data)]
if any(table for _, table in tables):
    text(words("regret_text", unit=words.money_unit))
    for name, table in tables:
        text(f"**{words.name('envelopes', name)}**")
        text(table)
else:
    baseline = data["baseline"]["scenario"]
    command = f"jiqun compare {Path(store).name} --baseline {baseline} --equal-cost --worlds"
    text(words("regret_missing", command=command))
