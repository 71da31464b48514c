"""Which levers matter most: the analysis a report goes by, and its answer in three sentences.

A sentence is written in a form that the intervals bear out: no lever is named first where it cannot
be told apart from the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jiqun.experiments.runs.adopted import ANALYSIS, in_use
from jiqun.experiments.runs.batch import model_hash
from jiqun.experiments.sensitivity.arms import DOCUMENT, GROUPS
from jiqun.experiments.sensitivity.lever_ranks import ALL, AT_ONE_COST, EQUAL_COST
from jiqun.experiments.sensitivity.runs import PROVINCE
from jiqun.experiments.sensitivity.tables import FACTS, FOLDER, SHIPPED, read
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.model.region import REGION
from jiqun.notebooks.words import ABSENT
from jiqun.scenarios.tables import data_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jiqun.notebooks.words import Words

FIRST = 5
"""Levers of a tier that are shown and compared two by two."""
SHOWN = 20
"""Levers and factors that fit in a picture."""
NAMED = 5
"""Levers that a sentence names."""
PATHS, SWITCHES = "path", "switch"


@dataclass(frozen=True, eq=False)
class Levers:
    """An analysis of sensitivity, as a report reads it.

    Attributes:
        facts: How it came about (see `experiments.sensitivity.tables`).
        tables: Table to its rows.
        origin: Where it is from: `stored` with the runs, `adopted` or `shipped`.
        current: Whether it was made by the model and on the data that are here now.
    """

    facts: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    origin: str
    current: bool

    @property
    def units(self) -> list[str]:
        """What effects are of: the province where it was looked at, then the tiers."""
        return list(self.facts["tiers"])

    @property
    def tiers(self) -> list[str]:
        """The tiers, in their order; the province where no tier was looked at."""
        return [unit for unit in self.units if unit != PROVINCE] or self.units

    @property
    def outcomes(self) -> list[str]:
        """The outcomes; beside those that sit at their limit, what they are a cut-off of."""
        flat = set(self.tables["saturated"]["outcome"])
        beside = self.facts.get("latent", {})
        parts = ([name, beside.get(name)] if name in flat else [name] for name in self._asked)
        return [name for part in parts for name in part if name]

    @property
    def _asked(self) -> list[str]:
        return list(self.facts["outcomes"])

    @property
    def main(self) -> str:
        """The outcome that the answer is about."""
        return str(self.facts["main"])

    def of(self, name: str, **wanted: object) -> pd.DataFrame:
        """Rows of a table that have some values."""
        rows = self.tables[name]
        kept = np.ones(len(rows), dtype=bool)
        for column, value in wanted.items():
            kept &= (rows[column] == value).to_numpy()
        return rows[kept]

    def ranks(
        self, group: str, *, condition: str = "all", setting: str = "without", **wanted: object
    ) -> pd.DataFrame:
        """Levers of a group by size of their effects, the largest first.

        Args:
            group: Group of levers, `document_55` or `other`.
            condition: Name of the condition that the draws hold.
            setting: `without`: levers are taken out of the scenario; `alone`: laid over none.
            **wanted: Further columns of the table to the value that counts.
        """
        rows = self.of("ranks", setting=setting, condition=condition, group=group, **wanted)
        return rows.sort_values("rank", kind="stable")

    def first(self, group: str, tier: str, outcome: str | None = None) -> pd.DataFrame:
        """The first five of a group in a tier.

        Args:
            group: Group of levers, `document_55` or `other`.
            tier: Tier, or `province`.
            outcome: Id of the outcome; the main one if None.
        """
        return self.ranks(group, tier=tier, outcome=outcome or self.main).head(FIRST)

    def count(self, group: str) -> int:
        """Number of levers of a group that were ranked."""
        return int(self.ranks(group)["lever"].nunique())

    def conditions(self, group: str) -> list[str]:
        """Conditions that the order was looked at under, in the order of the tables."""
        rows = self.of("survival", setting="without", group=group, outcome=self.main)
        return [name for name in dict.fromkeys(rows["condition"]) if name != ALL]

    def survival(self, group: str) -> pd.DataFrame:
        """Whether the order of the first five survives in each tier, wherever all five are.

        At equal cost some are missing: that is told apart.
        """
        rows = self.of("survival", setting="without", group=group, outcome=self.main)
        return rows[~rows["condition"].isin([ALL, *AT_ONE_COST])]

    def compared(self, group: str, condition: str = EQUAL_COST) -> list[str]:
        """Levers that were set at one cost, by size of their effects on the first unit there."""
        rows = self.ranks(group, condition=condition, outcome=self.main, tier=self.units[0])
        return [str(lever) for lever in rows["lever"]]


def gather_levers(store: Path, shipped: Path = SHIPPED) -> Levers | None:
    """The analysis of a store if the current model made it, else the one adopted or shipped.

    An older one of the store is taken where there is no other; the newest where there are several.

    Args:
        store: Folder of the store.
        shipped: Folder of the analysis that comes with the project.
    """
    other = in_use(ANALYSIS, shipped)
    own = [_read(path.parent, "stored") for path in (store / FOLDER).glob(f"*/{FACTS}")]
    own.sort(key=lambda found: (found.current, str(found.facts["date"]), str(found.facts["name"])))
    if own and own[-1].current:
        return own[-1]
    if (other / FACTS).is_file():
        return _read(other, "shipped" if other == shipped else "adopted")
    return own[-1] if own else None


def _read(folder: Path, origin: str) -> Levers:
    found = read(folder)
    hashes = (found.facts["model_hash"], found.facts["data_hash"])
    return Levers(found.facts, found.tables, origin, hashes == (model_hash(), data_hash()))


def draws_of(rows: pd.DataFrame, words: Words) -> str:
    """Number of draws that rows of a table rest on; a dash where there are none."""
    return _span(rows["draws"].astype(int).tolist(), words) if len(rows) else ABSENT


def kind(condition: str) -> str:
    """What a condition changes: the rows, the cost, a switch, or the path of the outside world."""
    if condition in ("confirmed", *AT_ONE_COST):
        return condition
    return SWITCHES if condition.startswith("off_") else PATHS


def measure(found: Levers, outcome: str, words: Words) -> tuple[float, str]:
    """What a stored effect on an outcome is multiplied by, and the unit it is then in.

    Args:
        found: The analysis of sensitivity.
        outcome: Id of the outcome.
        words: Texts and number formats of the page's language.
    """
    if OUTCOMES[outcome].unit.startswith("share"):
        return 100.0, words("points")
    if found.facts["units"][outcome] == "share":
        return 100.0, "%"
    return words.scaled(1.0, outcome), words.unit(outcome)


def label(found: Levers, words: Words, lever: str) -> str:
    """A lever's name.

    Args:
        found: The analysis of sensitivity.
        words: Texts and number formats of the page's language.
        lever: Id of the lever.
    """
    return words.full(str(found.facts["levers"][lever][words.lang]))


def directed(found: Levers, words: Words, lever: str, mean: float) -> str:
    """A lever's name, marked where it lowers the outcome: a large effect need not be a gain.

    Args:
        found: The analysis of sensitivity.
        words: Texts and number formats of the page's language.
        lever: Id of the lever.
        mean: Its mean effect, of which the sign counts.
    """
    name = label(found, words, lever)
    return name + words.bracketed("−") if mean < 0.0 else name


def condition_label(found: Levers, words: Words, condition: str) -> str:
    """A condition's name.

    Args:
        found: The analysis of sensitivity.
        words: Texts and number formats of the page's language.
        condition: Name of the condition.
    """
    return words.full(str(found.facts["conditions"][condition][words.lang]))


def outcome_name(outcome: str, words: Words) -> str:
    """An outcome's short name, as it stands within a sentence."""
    name: str = words.names("lever_outcomes").get(outcome, words.label(outcome))
    return name[0].lower() + name[1:] if name[1:2].islower() else name


def unit_label(unit: str, words: Words) -> str:
    """The name of a tier or of the province."""
    return words.name("tier_names", REGION.id if unit == PROVINCE else unit)


def factor_label(found: Levers, words: Words, factor: str) -> str:
    """The name of a factor: of the report's own words, where they have one, or of the analysis.

    Args:
        found: The analysis of sensitivity.
        words: Texts and number formats of the page's language.
        factor: Name of the factor.
    """
    if factor in words.names("parameter_names"):
        return words.name("parameter_names", factor)
    known = found.facts["factors"].get(factor)
    return words.full(str(known[words.lang])) if known else factor


def made(found: Levers, words: Words, store: str) -> str:
    """Which analysis it is, of what day, and whether an earlier model made it.

    Args:
        found: The analysis of sensitivity.
        words: Texts and number formats of the page's language.
        store: Folder of the store, for the command that renews the analysis.
    """
    told = words(f"levers_{found.origin}", name=found.facts["name"], date=found.facts["date"])
    if found.current:
        return told
    return told + "\n\n" + words("levers_old", command=f"jiqun sensitivity SPEC.yaml --out {store}")


def sentences(found: Levers, words: Words) -> str:
    """The answer for the levers of document 55: who is at the front, how many are noise, how firm.

    Each is one sentence; the numbers they stand on are those of the tables.
    """
    told = [front_sentence(found, words), noise_sentence(found, words), firm(found, words)]
    return "\n".join(f"{n}. {text}" for n, text in enumerate(told, 1))


def front(found: Levers, group: str, tier: str) -> pd.DataFrame:
    """Levers that cannot be told apart from a tier's largest; none where that may be noise.

    Args:
        found: The analysis of sensitivity.
        group: Group of levers, `document_55` or `other`.
        tier: Tier, or `province`.
    """
    rows = found.ranks(group, tier=tier, outcome=found.main)
    tied = rows[rows["tie_set"] == 1]
    return tied if tied["above_noise"].any() else tied.head(0)


def front_sentence(found: Levers, words: Words, group: str = DOCUMENT) -> str:
    """Which levers are at the front in most tiers; one alone only where all else is told apart.

    Args:
        found: The analysis of sensitivity.
        words: Texts and number formats of the page's language.
        group: Group of levers, `document_55` or `other`.
    """
    by_tier = {tier: front(found, group, tier) for tier in found.tiers}
    fronts = [rows for rows in by_tier.values() if len(rows)]
    most = len(found.tiers) // 2 + 1
    common = {
        "outcome": outcome_name(found.main, words),
        "year": found.facts["year"],
        "tiers": len(found.tiers),
        "most": most,
    }
    if not fronts:
        return words("levers_none", count=found.count(group), **common)
    alone = [rows["lever"].iloc[0] for rows in fronts if len(rows) == 1]
    winner = max(alone, key=alone.count, default="")
    if alone.count(winner) >= most:
        mean = float(pd.concat(fronts).groupby("lever")["mean"].sum()[winner])
        name = directed(found, words, winner, mean)
        return words("levers_one", name=name, count=alone.count(winner), **common)
    leading = [lever for rows in fronts for lever in rows.loc[rows["above_noise"], "lever"]]
    common["between"] = _span([len(rows) for rows in fronts], words)
    # Named by id, so that their order says nothing.
    often = sorted({lever for lever in leading if leading.count(lever) >= most})
    quiet = len(found.tiers) - len(fronts)
    rest = words("levers_quiet", count=quiet) if quiet else ""
    if not often:
        named = words.listing(
            words(
                "levers_first_of",
                tier=unit_label(unit, words),
                names=_first_names(found, words, front(found, group, unit)),
            )
            for unit in found.units
        )
        return words("levers_varied", names=named, **common)
    means = pd.concat(fronts).groupby("lever")["mean"].sum()
    names = words.listing(
        directed(found, words, lever, float(means[lever])) for lever in often[:NAMED]
    )
    if len(often) > NAMED:
        names += words("levers_more_names", count=len(often) - NAMED)
    return words("levers_several", names=names, count=len(often), rest=rest, **common)


def _first_names(found: Levers, words: Words, rows: pd.DataFrame) -> str:
    """The levers at a tier's front: named where they are few, else counted."""
    if rows.empty or len(rows) > NAMED:
        return words("levers_first_many" if len(rows) else "levers_first_none", count=len(rows))
    joint = "、" if words.lang == "zh" else ", "
    names = joint.join(
        directed(found, words, str(lever), float(mean))
        for lever, mean in zip(rows["lever"], rows["mean"], strict=True)
    )
    return names + (words("levers_first_tied") if len(rows) > 1 else "")


def noise_sentence(found: Levers, words: Words, group: str = DOCUMENT) -> str:
    """How many levers cannot be told from noise, on the main outcome and on any.

    Args:
        found: The analysis of sensitivity.
        words: Texts and number formats of the page's language.
        group: Group of levers, `document_55` or `other`.
    """
    rows = found.ranks(group)
    rows = rows[rows["tier"].isin(found.tiers) & rows["outcome"].isin(found.facts["outcomes"])]
    heard = rows.groupby("lever")["above_noise"].any()
    main = rows[rows["outcome"] == found.main].groupby("lever")["above_noise"].any()
    noise = int((~main).sum())
    common = {
        "outcome": outcome_name(found.main, words),
        "outcomes": len(found.facts["outcomes"]),
        "count": len(main),
    }
    if not noise:
        return words("levers_all_heard", **common)
    nowhere = int((~heard).sum())
    if not nowhere:
        return words("levers_noise_somewhere", noise=noise, **common)
    return words("levers_noise", noise=noise, nowhere=nowhere, **common)


def firm(found: Levers, words: Words, group: str = DOCUMENT) -> str:
    """Whether the order of the first five survives what it was looked at under.

    Args:
        found: The analysis of sensitivity.
        words: Texts and number formats of the page's language.
        group: Group of levers, `document_55` or `other`.
    """
    rows = found.survival(group)
    rows = rows[rows["tier"].isin(found.tiers)]
    pairs = found.of("pairs", setting="without", condition="all", group=group, outcome=found.main)
    pairs = pairs[pairs["tier"].isin(found.tiers)]
    apart = int((~pairs["tied"].astype(bool)).sum())
    if rows.empty:
        return words("levers_unchecked")
    common = {
        "checks": checks(found, words, group),
        "kept": _span(rows["kept"].astype(int).tolist(), words),
        "first": FIRST,
        "pairs": len(pairs),
        "apart": apart,
        "cost": cost_clause(found, words, group),
    }
    turned = rows[rows["reversed"] > 0]
    if len(turned):
        names = dict.fromkeys(turned["condition"])
        return words(
            "levers_reversed",
            good=len(rows) - len(turned),
            total=len(rows),
            names=words.listing(condition_label(found, words, name) for name in names),
            **common,
        )
    return words("levers_firm" if apart else "levers_no_order", **common)


def checks(found: Levers, words: Words, group: str) -> str:
    """What the order was looked at under, counted by kind.

    Args:
        found: The analysis of sensitivity.
        words: Texts and number formats of the page's language.
        group: Group of levers, `document_55` or `other`.
    """
    kinds = [kind(name) for name in found.conditions(group) if name not in AT_ONE_COST]
    joint = "、" if words.lang == "zh" else ", "
    return joint.join(
        words.name("lever_checks", name).format(count=kinds.count(name))
        for name in dict.fromkeys(kinds)
    )


def cost_clause(found: Levers, words: Words, group: str) -> str:
    """How much of the order is spoken of at equal cost; empty where it was not looked at.

    Args:
        found: The analysis of sensitivity.
        words: Texts and number formats of the page's language.
        group: Group of levers, `document_55` or `other`.
    """
    compared, firsts = found.compared(group), first_levers(found, group)
    if not compared:
        return ""
    return words(
        "levers_cost_clause",
        compared=len(compared),
        count=found.count(group),
        named=sum(lever in compared for lever in firsts),
        firsts=len(firsts),
        first=FIRST,
    )


def first_levers(found: Levers, group: str) -> list[str]:
    """Levers that are among the first five of any tier."""
    rows = [found.first(group, tier)["lever"] for tier in found.tiers]
    return list(dict.fromkeys(str(lever) for part in rows for lever in part))


def loudest(found: Levers) -> tuple[list[str], int]:
    """Levers that most effects of can be told from noise, by group; how many are left out.

    With as many outputs as levers are ranked on, one effect above its floor is no news, so it is
    their number that levers are chosen by.
    """
    rows = shown(found)
    heard = rows[rows["above_noise"].astype(bool)].groupby(["group", "lever"]).size()
    chosen = heard.sort_values(ascending=False, kind="stable").head(SHOWN)
    order = [lever for group in GROUPS for own, lever in chosen.index if own == group]
    return order, int(rows["lever"].nunique()) - len(order)


def shown(found: Levers) -> pd.DataFrame:
    """The effects that the heat map is of: every lever, outcome and tier."""
    rows = found.of("ranks", setting="without", condition="all")
    return rows[rows["tier"].isin(found.tiers) & rows["outcome"].isin(found.outcomes)]


def strength(rows: pd.DataFrame) -> pd.Series[float]:
    """Effects in units of half the width of their intervals."""
    half = (rows["high"] - rows["low"]) / 2.0
    return (rows["mean"] / half.where(half > 0.0, np.inf)).astype(float)


def by_size(rows: pd.DataFrame, most: int, column: str) -> list[str]:
    """Factors that are largest on average over the tiers, each tier's largest taken as one.

    Args:
        rows: A line a factor and tier.
        most: Factors that are given.
        column: Column that holds the size.
    """
    real = rows[rows["kind"] != "dummy"] if "kind" in rows else rows
    wide = real.pivot_table(index="factor", columns="tier", values=column)
    top = wide.max()
    size = (wide / top.where(top > 0.0, 1.0)).mean(axis=1)
    return [str(name) for name in size.sort_values(ascending=False, kind="stable").index[:most]]


def _span(numbers: Sequence[int], words: Words) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else words.between(str(low), str(high))
