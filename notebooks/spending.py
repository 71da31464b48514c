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
# What to do with a budget. `notebooks.render` runs this notebook once a language where a store
# keeps what a search of designs found (`jiqun design SPEC`).

# %% tags=["parameters"]
lang: str = "en"
store: str = "build/design"

# %%
# ruff: noqa: D100, E402
from pathlib import Path

from jiqun.experiments.best_use.finding import read
from jiqun.notebooks import best_use
from jiqun.notebooks.levers import even as levers_even
from jiqun.notebooks.show import figure, section, text
from jiqun.notebooks.words import Words

words = Words("zh" if lang == "zh" else "en")
searches = read(Path(store))
if not searches:
    raise FileNotFoundError(f"{store} keeps no search of designs")
even = levers_even.read()

# %%
for data in searches:
    section(data["label"][words.lang])
    text(best_use.stands_on(data, words))
    section(words("use_answer_title"), level=3)
    text(f"**{best_use.answer(data, words)}**")
    text(best_use.curse(data, words))
    text(best_use.simplest(data, words))
    text(words("use_read"))
    text(best_use.designs_table(data, words))
    figure(best_use.forest(data, words), words("use_alt"))
    section(words("use_shared_title"), level=3)
    text(words("use_shared_text", count=data["shared"]["designs"]))
    text(best_use.shared_table(data, words))
    section(words("use_robust_title"), level=3)
    text(best_use.robust_sentence(data, words))
    text(best_use.robust_table(data, words))
    section(words("use_worth_title"), level=3)
    text(words("use_worth_text", choices=data["information"]["choices"]))
    text(f"**{best_use.worth_sentence(data, words)}**")
    text(best_use.worth_table(data, words))
    text(best_use.studies_note(data, words))
    if evens := best_use.even_table(data, even, words):
        section(words("use_even_title"), level=3)
        text(words("use_even_text"))
        text(evens)
    section(words("use_course_title"), level=3)
    text(words("use_course_text"))
    text(best_use.course_table(data, words))
