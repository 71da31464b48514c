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
# The report of one scenario. `notebooks.render` runs this notebook once a language; what it shows
# goes to the page, its code does not. Texts stand in `text.yaml`.

# %% tags=["parameters"]
lang: str = "en"
store: str = "build/report/store"

# %%
# ruff: noqa: D100, E402
from pathlib import Path

from notebooks import figures, tables
from notebooks.evidence import gather
from notebooks.show import figure, section, text
from notebooks.words import Words

words = Words("zh" if lang == "zh" else "en")
evidence = gather(Path(store))

# %%
text(tables.cover(evidence, words))
section(words("summary_title"))
if evidence.joint == "seeds":
    text(words("seeds_only"))
text(tables.summary(evidence, words))
section(words("not_title"), level=3)
text(tables.bullets(words.lines("not_list")))

# %%
section(words("fit_title"))
text(words("fit_text"))
figure(figures.against_published(evidence, words), words("fit_alt"))
text(words("fit_table"))
text(tables.published_table(evidence, words))
text(words("start_note"))

# %%
section(words("county_title"), level=3)
text(words("county_text"))
text(tables.county_table(evidence, words))

# %%
section(words("tiers_title"))
text(words("tiers_text", triples=evidence.count(evidence.joint)))
for group, outcomes in tables.GROUPS.items():
    name = words.name("groups", group)
    section(name, level=3)
    text(words.name("group_notes", group))
    text(tables.tier_table(evidence, words, outcomes))
    figure(figures.tiers(evidence, words, outcomes), words("tiers_alt", group=name))

# %%
section(words("assumed_title"), level=3)
text(words("assumed_text"))
text(tables.assumed_table(evidence, words))

# %%
section(words("sources_title"))
if evidence.shares("value_added"):
    text(words("sources_text"))
    figure(figures.sources(evidence, words, tables.SOURCED), words("sources_alt"))
    text(tables.sources_table(evidence, words))
    text(tables.luck(evidence, words))
else:
    text(words("sources_missing"))

# %%
section(words("assumptions_title"))
text(words("assumptions_data"))
text(tables.basis_table(words))
text(words("assumptions_parameters"))
text(tables.parameters_table(words))
section(words("assumed_list_title"), level=3)
text(tables.bullets(words.lines("assumed_list")))
section(words("missing_title"), level=3)
text(tables.bullets(words.lines("missing_list")))
text(tables.residual(evidence, words))

# %%
section(words("footer_title"))
text(tables.provenance_table(evidence, words, Path(store).name))
