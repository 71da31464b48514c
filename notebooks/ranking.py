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
# Which levers matter most. `notebooks.render` runs this notebook once a language where there is an
# analysis of sensitivity: the store's own (`jiqun sensitivity SPEC.yaml --out DIR`) or the one that
# comes with the project.

# %% tags=["parameters"]
lang: str = "en"
store: str = "build/report/store"

# %%
# ruff: noqa: D100, E402
from pathlib import Path

from jiqun.experiments.sensitivity.arms import GROUPS
from jiqun.experiments.sensitivity.lever_ranks import AT_ONE_COST
from jiqun.notebooks.levers import (
    cost as levers_cost,
)
from jiqun.notebooks.levers import (
    even as levers_even,
)
from jiqun.notebooks.levers import (
    figures as levers_figures,
)
from jiqun.notebooks.levers import (
    page as levers,
)
from jiqun.notebooks.levers import (
    tables as levers_tables,
)
from jiqun.notebooks.show import figure, section, text
from jiqun.notebooks.tables import bullets
from jiqun.notebooks.words import Words

words = Words("zh" if lang == "zh" else "en", marked=True)
found = levers.gather_levers(Path(store))
if found is None:
    raise FileNotFoundError(f"{store} keeps no analysis of sensitivity, and none is shipped")

# %%
text(words("levers_question"))
text(levers.made(found, words, Path(store).name))
section(words("levers_answer_title"), level=3)
text(levers.sentences(found, words))
section(words("levers_reading_title"), level=3)
text(levers_tables.reading(found, words))

# %%
section(words("levers_tiers_title"))
text(
    words(
        "levers_tiers_text",
        outcome=levers.outcome_name(found.main, words),
        year=found.facts["year"],
    )
)
for unit in found.units:
    section(levers.unit_label(unit, words), level=3)
    for group in GROUPS:
        section(words.name("levers_group_names", group), level=4)
        text(levers_tables.tier_table(found, words, group, unit))

# %%
section(words("levers_survival_title"))
text(words("levers_survival_text"))
for group in GROUPS:
    survival = levers_tables.survival_table(found, words, group)
    if survival:
        section(words.name("levers_group_names", group), level=4)
        text(survival)

# %%
if levers_cost.is_priced(found):
    section(words("levers_yuan_title"))
    text(words("levers_yuan_text", unit=words.money_unit))
    for group in GROUPS:
        section(words.name("levers_group_names", group), level=4)
        text(levers_cost.per_yuan_table(found, words, group))

# %%
even = levers_even.read()
if even is not None:
    section(words("levers_even_title"))
    text(levers_even.explained(even, words))
    for group in GROUPS:
        section(words.name("levers_group_names", group), level=4)
        text(levers_even.sentence(even, words, group))
        text(levers_even.even_table(even, words, group))
    told = (line.format(draws=int(even["draws"].iloc[0])) for line in words.lines("even_reading"))
    text(bullets(told))

# %%
for condition in AT_ONE_COST:
    if found.facts.get(condition):
        section(words.name("levers_cost_titles", condition))
        (cost,) = words.money(found.facts[condition]["envelope"])
        text(words("levers_cost_text", sum=cost, unit=words.money_unit))
        for group in GROUPS:
            section(words.name("levers_group_names", group), level=4)
            text(levers_cost.cost_text(found, words, group, condition))
            if found.compared(group, condition):
                text(levers_cost.cost_table(found, words, group, condition))

# %%
section(words("levers_heat_title"))
text(levers_tables.heat_text(found, words))
figure(levers_figures.heat(found, words), words("levers_heat_alt"))

# %%
section(words("levers_bars_title"))
text(words("levers_bars_text"))
for group in GROUPS:
    section(words.name("levers_group_names", group), level=4)
    figure(
        levers_figures.ranked(found, words, group),
        words("levers_bars_alt", group=words.name("levers_group_names", group)),
    )

# %%
section(words("levers_sobol_title"))
if found.facts["sobol"]:
    text(words("levers_sobol_text"))
    figure(levers_figures.sobol(found, words), words("levers_sobol_alt"))
else:
    text(words("levers_not_asked"))

# %%
section(words("levers_morris_title"))
if found.facts["morris"]:
    text(words("levers_morris_text"))
    figure(levers_figures.morris(found, words), words("levers_morris_alt"))
else:
    text(words("levers_not_asked"))

# %%
section(words("levers_measure_title"))
if found.facts["measure"]:
    text(words("levers_measure_text"))
    text(levers_tables.measure_table(found, words))
else:
    text(words("levers_not_asked"))

# %%
section(words("levers_convergence_title"))
text(words("levers_convergence_text"))
text(levers_tables.converged(found, words))
figure(levers_figures.convergence(found, words), words("levers_convergence_alt"))

# %%
section(words("levers_saturated_title"))
saturated = levers_tables.saturated_table(found, words)
text(words("levers_saturated_text") if saturated else words("levers_saturated_none"))
text(saturated)

# %%
section(words("levers_method_title"))
text(levers_tables.method(found, words))
