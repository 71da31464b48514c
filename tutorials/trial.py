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
# # Add a trial
#
# A trial re-runs a published quasi-experiment on the simulated panel: the same treatment, the
# same estimator. A file describes it (`docs/own_trial.md`); nothing else is needed.

# %%
from pathlib import Path

import pandas as pd

from jiqun.calibration.trial.files import chosen
from jiqun.calibration.trial.runs import complete
from jiqun.calibration.trial.verdicts import verdicts

ROWS, DRAWS = 1_100, 2
folder = Path("build/tutorials/trial")
folder.mkdir(parents=True, exist_ok=True)

# %% [markdown]
# A random half of the enterprises gets a fifth of its equipment paid from 2021 on. The published
# effect and its band are made up here.

# %%
file = folder / "my_trial.yaml"
file.write_text(
    """study: grants_at_random
label: {zh: 随机补助, en: Grants at random}
done: {zh: 2021年起随机一半企业设备补助20%, en: 20 % of equipment for a random half from 2021 on}
base: without_document_55
without: [special_funds, rd_grant, equipment_grant, digital_subsidy_2021_2023]
treat:
  from: 2021-Q1
  levers:
    - id: equipment_upgrade_grant
      rate: {value: 20, unit: "%"}
      cap: {value: 10, unit: 亿元}
      take_up: {start: 1, full: 1, years: 1}
  assign: {by: random, share: 0.5, repeats: 2}
panel: {before: [2019, 2020], after: [2021, 2022], scope: {eligible: true}}
mechanism: {off: {equipment_elasticity: 0}, doubled: [equipment_elasticity]}
rows:
  - id: my_investment
    estimator: did
    outcome: investment
    result: {published: 30, band: [15, 45], unit: "%", citation: An author (2020)}
    why: {zh: 未命中的原因, en: why it misses}
""",
    "utf-8",
)
trials = chosen([str(file)])
trials[0][0].rows[0].published

# %% [markdown]
# Each draw has three arms: as is, with the mechanism switched off, and with it doubled. An
# estimate that stays in its band with the mechanism off is no test of it. The command is `jiqun
# trial my_trial.yaml`.

# %%
estimates = complete(folder / "trials.csv", trials, DRAWS, ROWS, 2, lambda done, total: None)
estimates.pivot_table(index="draw", columns="arm", values="value")

# %%
(verdict,) = verdicts(estimates, trials)
found, published = verdict.found, verdict.row.published
table = {
    "published": published.estimate,
    "band": f"{published.low:g} to {published.high:g}",
    "estimate": found.mean,
    "mechanism off": found.off,
    "doubled": found.doubled,
    "answer": verdict.answer,
}
pd.Series(table)

# %% [markdown]
# Two draws of 1,100 rows are too few for an answer, and the verdict says so. A package of your
# own can bring trials as well (`docs/extending.md`).
