"""Cities and registered clusters: who is there, their history, effect, titles and money.

Effects are those of `worlds`, with the same rule of when nothing is concluded. Cities stand in the
order of the region and clusters in that of the register: no order here is a ranking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jiqun.calibration.named_clusters import stored
from jiqun.experiments import Results
from jiqun.experiments.effects.comparison_data import is_current
from jiqun.experiments.effects.effect import Estimate
from jiqun.experiments.stores.places import names_in
from jiqun.experiments.stores.populations import load_population
from jiqun.model.dimensions import ASSUMPTION_ONLY_FIELDS, CITIES, TIERS
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.model.region import REGION
from jiqun.notebooks import designs, director, money, race
from jiqun.notebooks.tables import markdown
from jiqun.notebooks.trust.evidence import AS_ISSUED, HORIZON, ORIGIN, REFERENCE, Band
from jiqun.notebooks.words import ABSENT
from jiqun.notebooks.worlds import NO_AWARD, Worlds, gather_worlds
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from jiqun.model.agents.clusters import ClusterSeat
    from jiqun.notebooks.money import Paid
    from jiqun.notebooks.trust.evidence import Unit
    from jiqun.notebooks.words import Words
    from jiqun.notebooks.worlds import Effect

SHOWN = ("value_added", "rd_real", "employees", "enterprises")
"""Outcomes that a city is shown by."""
TITLED = "cluster_titled"
HISTORY = tuple(range(2019, ORIGIN + 1))
MAIN = "value_added"


@dataclass(frozen=True)
class Places:
    """What a store says of cities and clusters.

    Attributes:
        worlds: Runs of its scenarios: outcomes of cities and clusters.
        seats: Clusters of the population; none where the store keeps no population.
        members: Above-scale enterprises at the start, shape (cities, tiers); None without one.
        money: Money by city; None where the store keeps no ledger.
        compared: Designs at equal cost, of the store or as shipped.
    """

    worlds: Worlds
    seats: tuple[ClusterSeat, ...]
    members: np.ndarray[Any, Any] | None
    money: Paid | None
    compared: Mapping[str, Any] | None

    def effect(self, unit: Unit, outcome: str = MAIN) -> Effect | None:
        """What the document changes at the horizon."""
        return self.worlds.effect(outcome, unit)


def has_cities(store: Path) -> bool:
    """Whether a store holds cities of both worlds at the horizon."""
    with Results(store).connect() as connection:
        found = connection.execute(
            f"""
            SELECT count(DISTINCT scenario) FROM outcome
            WHERE level = 'city' AND outcome = '{MAIN}' AND year = {HORIZON}
                AND scenario IN ('{AS_ISSUED}', '{REFERENCE}')
            """
        ).fetchone()
    return bool(found and found[0] == 2)


def gather_places(store: Path, paid: Paid | None) -> Places | None:
    """Read what a store says of cities and clusters; None where it holds no cities.

    Args:
        store: Folder of the store.
        paid: Money by city, as `money.gather_paid` reads it.
    """
    if not has_cities(store):
        return None
    worlds = gather_worlds(
        store, ("city", "cluster"), (*SHOWN, TITLED), (*HISTORY, HORIZON), money.SCENARIOS
    )
    seats, members = population_of(worlds.results)
    return Places(worlds, seats, members, paid, director.options(store))


def population_of(
    results: Results,
) -> tuple[tuple[ClusterSeat, ...], np.ndarray[Any, Any] | None]:
    """Clusters and above-scale enterprises by city and tier of the population that was simulated.

    Returns:
        The clusters, and numbers of enterprises, shape (cities, tiers); nothing and None where the
        store has not kept it.
    """
    form = results.chosen().get(AS_ISSUED)
    folder = results.folder / "populations"
    names = names_in(folder) if folder.exists() else []
    kept = (load_population(folder / name) for name in names if name.endswith(".arrow"))
    people = next((one for one in kept if form and one.digest == form.population), None)
    if people is None:
        return (), None
    column = people.columns
    weight = column["weight"] * column["above_scale"]
    members = np.zeros((len(CITIES), len(TIERS)))
    np.add.at(members, (column["city"], column["tier"]), weight)
    return people.clusters, members


def registered(city: str) -> list[Any]:
    """Clusters of the register that a city hosts, in its order."""
    return [row for row in table("clusters") if row.cities == city and row.field != "mixed"]


# Cities side by side


def city_name(city: str, words: Words) -> str:
    """A city's name."""
    return str(getattr(REGION.cities[city], words.lang))


def index_table(places: Places, words: Words, page: str = "") -> str:
    """A line a city: effect, money received, registered clusters, and the way to its section.

    Args:
        places: What the store says of cities.
        words: Texts and number formats of the page's language.
        page: File that holds the sections, where it is another one.
    """
    gap = "、" if words.lang == "zh" else "; "
    rows = [
        [
            f"[{city_name(city, words)}]({page}#{city})",
            gap.join(cluster_name(row, words) for row in registered(city)) or ABSENT,
            words.concluded(places.effect(("city", city))),
            new_money(places, city, words),
        ]
        for city in REGION.cities
    ]
    head = [text.format(unit=words.money_unit) for text in words.lines("cities_head")]
    return markdown(head, rows, 2)


def new_money(places: Places, city: str, words: Words) -> str:
    """What the document directs to a city's enterprises over the four years.

    Args:
        places: What the store says of cities.
        city: Id of the city.
        words: Texts and number formats of the page's language.
    """
    if places.money is None:
        return ABSENT
    return money.paid(places.money, words, AS_ISSUED, {"sort": money.NEW, "place": city})


def by_sign(places: Places, words: Words) -> list[str]:
    """Cities that rise, that fall, and on which nothing is concluded."""
    found: dict[int, list[str]] = {1: [], -1: [], 0: []}
    for city in REGION.cities:
        effect = places.effect(("city", city))
        found[effect.sign if effect else 0].append(city_name(city, words))
    gap = "、" if words.lang == "zh" else ", "
    return [
        words.name("map_signs", str(sign)) + (gap.join(names) or ABSENT)
        for sign, names in found.items()
    ]


# One city


def city_sentence(places: Places, city: str, words: Words) -> str:
    """The answer for a city.

    Args:
        places: What the store says of cities.
        city: Id of the city.
        words: Texts and number formats of the page's language.
    """
    effect = places.effect(("city", city))
    if effect is None:
        return words("city_absent")
    return words(
        "city_answer",
        city=city_name(city, words),
        effect=words.concluded(effect),
        pairs=effect.pairs,
    )


def history_table(places: Places, city: str, words: Words) -> str:
    """Outcomes of a city from 2019 to 2023, in 2027 without and with the document, the effect.

    Args:
        places: What the store says of cities.
        city: Id of the city.
        words: Texts and number formats of the page's language.
    """
    rows = [_history(places, ("city", city), name, words.headed(name), words) for name in SHOWN]
    head = words.lines("city_history_head")
    return markdown([head[0], *map(str, HISTORY), *head[1:]], [row for row in rows if row])


def _history(places: Places, unit: Unit, outcome: str, name: str, words: Words) -> list[str] | None:
    """Medians by year, and the effect at the horizon; None where there is nothing of the unit.

    Args:
        places: What the store says of cities.
        unit: Level and name of what the outcome is of.
        outcome: Id of the outcome.
        name: What the line is called.
        words: Texts and number formats of the page's language.
    """
    effect = places.effect(unit, outcome)
    if effect is None:
        return None
    bands = [places.worlds.band(REFERENCE, outcome, unit, year) for year in (*HISTORY, HORIZON)]
    bands.append(places.worlds.band(AS_ISSUED, outcome, unit, HORIZON))
    known = iter(words.numbers([band.median for band in bands if band], outcome))
    cells = [next(known) if band else ABSENT for band in bands]
    return [name, *cells, words.concluded(effect)]


def members_table(places: Places, city: str, words: Words) -> str:
    """A line a tier: clusters of the register, synthetic ones, enterprises and their share.

    Args:
        places: What the store says of cities.
        city: Id of the city.
        words: Texts and number formats of the page's language.
    """
    if places.members is None:
        return ""
    number = CITIES.index(city)
    register = {row.id for row in table("clusters")}
    own = [seat for seat in places.seats if seat.city == number]
    counts = places.members[number]
    rows = []
    for place, tier in enumerate(TIERS):
        named = [seat.id in register for seat in own if seat.tier == tier]
        clusters = [str(sum(named)), str(len(named) - sum(named))]
        rows.append(
            [
                words.name("tier_names", tier),
                *(clusters if tier != "none" else [ABSENT] * 2),
                f"{counts[place]:,.0f}",
                words.percent(float(counts[place] / counts.sum())) if counts.sum() else ABSENT,
            ]
        )
    return markdown(words.lines("city_members_head"), rows)


def titles_sentence(places: Places, city: str, words: Words) -> str:
    """Titles that the register lists, and how many of the city's clusters hold one in 2027.

    Args:
        places: What the store says of cities.
        city: Id of the city.
        words: Texts and number formats of the page's language.
    """
    held = [row for row in registered(city) if row.status_end_2023 not in ("candidate", "county")]
    names = words.listing(
        cluster_name(row, words)
        + words.bracketed(words.name("cluster_status", row.status_end_2023))
        for row in held
    )
    told = words("city_titles", names=names or words("city_no_title"))
    counts = [titles(places, city, scenario) for scenario in (AS_ISSUED, REFERENCE)]
    if any(count is None for count in counts):
        return told
    with_, without = (_counted(count, words) for count in counts if count is not None)
    gap = "" if words.lang == "zh" else " "
    return told + gap + words("city_titles_later", with_=with_, without=without)


def titles(places: Places, city: str, scenario: str) -> Band | None:
    """Number of a city's racing clusters, synthetic ones too, that hold a title at the horizon.

    Args:
        places: What the store says of cities.
        city: Id of the city.
        scenario: Name of the scenario.
    """
    number = CITIES.index(city)
    own = [seat.id for seat in places.seats if seat.city == number and seat.tier in race.RACING]
    found: list[pd.Series[float]] = [
        places.worlds.values(scenario, TITLED, ("cluster", name), HORIZON) for name in own
    ]
    found = [values for values in found if len(values)]
    if not found:
        return None
    return Band.of(sum(found[1:], start=found[0]))


def _counted(band: Band, words: Words) -> str:
    if band.low == band.high:
        return f"{band.median:.0f}"
    return f"{band.median:.0f}{words.bracketed(f'{band.low:.0f}–{band.high:.0f}')}"


def money_table(places: Places, city: str, words: Words) -> str:
    """What a city's enterprises receive over the four years, with the document and without.

    Args:
        places: What the store says of cities.
        city: Id of the city.
        words: Texts and number formats of the page's language.
    """
    if places.money is None:
        return ""
    head = words.lines("money_tier_head")
    cells = money.received(places.money, words, {"place": city})
    return markdown(head[1:], [cells], 0)


def alternative(places: Places, city: str, words: Words) -> str:
    """The nearest alternative: the document without the award, or the best option at equal cost.

    Args:
        places: What the store says of cities.
        city: Id of the city.
        words: Texts and number formats of the page's language.
    """
    own = places.worlds.effect(MAIN, ("city", city), HORIZON, NO_AWARD, REFERENCE)
    if own is not None:
        return words("city_without_award", effect=words.concluded(own))
    envelope, rows = director.chosen(places.compared) if places.compared else ("", [])
    group = REGION.group_of(city)
    if not rows or group not in rows[0]["gains"]["place"]:
        return words("city_no_alternative")
    gain = rows[0]["gains"]["place"][group]
    estimate = Estimate(**gain["gain"])
    scale = words.scaled(1.0, MAIN)
    unit = words.money_unit if words.lang == "zh" else f" {words.money_unit}"
    told = (
        "".join(words.estimate(estimate, scale)) + unit
        if gain["distinguishable"]
        else designs.nothing(gain["gain"], words)
    )
    alone = len([name for name in REGION.cities if REGION.group_of(name) == group]) == 1
    old = "" if is_current(places.compared or {}) else words("director_options_old")
    gap = "" if words.lang == "zh" else " "
    return words(
        "city_option",
        name=rows[0]["label"][words.lang],
        envelope=words.name("envelope_names", envelope),
        place=words.name("city_groups", group),
        gain=told,
        whole="" if alone else words("city_option_group"),
    ) + (old and gap + old)


# Clusters


def cluster_name(row: Any, words: Words) -> str:
    """Name of a cluster of the register."""
    return str(row.name_zh if words.lang == "zh" else row.name_en)


def clusters_tables(places: Places, city: str, words: Words) -> list[str]:
    """Registered clusters of a city: what they are, and what changes; empty where it has none.

    Those of fields of which nothing is published stand in the first table without numbers.

    Args:
        places: What the store says of cities.
        city: Id of the city.
        words: Texts and number formats of the page's language.
    """
    rows = registered(city)
    if not rows:
        return []
    sizes = {size.row.id: size for size in stored()}
    first, second = [], []
    for row in rows:
        unit = ("cluster", row.id)
        assumed = row.field in ASSUMPTION_ONLY_FIELDS
        members = places.worlds.band(REFERENCE, "enterprises", unit, ORIGIN)
        first.append(
            [
                f"[{cluster_name(row, words)}]{{#{row.id}}}",
                words.name("tier_names", row.cultivation_tier),
                words.name("cluster_status", row.status_end_2023),
                ABSENT if assumed or members is None else f"{members.median:,.0f}",
                *(
                    race.size_cells(sizes[row.id], words)
                    if row.id in sizes and not assumed
                    else [ABSENT] * 2
                ),
            ]
        )
        history = None if assumed else _history(places, unit, MAIN, cluster_name(row, words), words)
        if history is None:
            history = [cluster_name(row, words), *[ABSENT] * (len(HISTORY) + 2)]
            history.append(words("cluster_assumed" if assumed else "cluster_absent"))
        if not places.worlds.missing(NO_AWARD):
            own = places.worlds.effect(MAIN, unit, HORIZON, NO_AWARD, REFERENCE)
            history.append(ABSENT if assumed else words.concluded(own))
        second.append(history)
    head = words.lines("cluster_history_head")
    if places.worlds.missing(NO_AWARD):
        head.pop()
    head[0] += words.bracketed(words.headed(OUTCOMES[MAIN]))
    return [
        markdown(words.lines("cluster_head"), first, 3),
        markdown([head[0], *map(str, HISTORY), *head[1:]], second),
    ]


def caution(words: Words) -> str:
    """How many of the weights of cities are proxies."""
    rows: Sequence[Any] = table("cities")
    weak = sum(row.kind not in ("published",) for row in rows)
    return words("cities_caution", count=len(rows), weak=weak)
