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
# Cities and registered clusters, a section a city. `notebooks.render` runs this notebook once a
# language where a store holds cities of the world with the document and of that without it.

# %% tags=["parameters"]
lang: str = "en"
store: str = "build/report/store"

# %%
# ruff: noqa: D100, E402
from pathlib import Path

from jiqun.experiments import Results
from jiqun.model.region import REGION
from jiqun.notebooks import money, places, tiles
from jiqun.notebooks.show import figure, section, text
from jiqun.notebooks.words import Words

words = Words("zh" if lang == "zh" else "en", marked=True)
found = places.gather_places(Path(store), money.gather_paid(Results(Path(store))))
if found is None:
    raise FileNotFoundError(f"{store} holds no cities with the document and without it")

# %%
text(words("cities_text"))
text(places.caution(words))
if tiles.has_tiles():
    figure(tiles.tile_map(found, words), words("map_alt"))
    text(words("map_note"))
text(places.index_table(found, words))

# %%
for city in REGION.cities:
    section(places.city_name(city, words), name=city)
    text(places.city_sentence(found, city, words))
    text(places.history_table(found, city, words))
    if members := places.members_table(found, city, words):
        section(words("city_members_title"), level=3)
        text(members)
    section(words("city_titles_title"), level=3)
    text(places.titles_sentence(found, city, words))
    section(words("city_money_title"), level=3)
    text(words("city_money_text", unit=words.money_unit))
    text(places.money_table(found, city, words))
    text(places.alternative(found, city, words))
    if clusters := places.clusters_tables(found, city, words):
        section(words("city_clusters_title"), level=3, source="clusters")
        for table in clusters:
            text(table)
