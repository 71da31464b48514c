"""The horse race: named clusters, and why a before-after by status is no effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jiqun.calibration.named_clusters import stored
from jiqun.experiments.effects.effect import RUN, Estimate, main_runs
from jiqun.experiments.stores.sql import frame_of
from jiqun.model.dimensions import ASSUMPTION_ONLY_FIELDS
from jiqun.notebooks.tables import markdown
from jiqun.notebooks.trust.evidence import AS_ISSUED, HORIZON, ORIGIN, REFERENCE, Band
from jiqun.notebooks.words import ABSENT
from jiqun.notebooks.worlds import IN_ORDER
from jiqun.scenarios.tables import table
from jiqun.scenarios.units import TABLE_UNITS

if TYPE_CHECKING:
    import pandas as pd

    from jiqun.calibration.named_clusters import Size
    from jiqun.notebooks.words import Words
    from jiqun.notebooks.worlds import Worlds

RACING = ("world", "national", "provincial")
"""Tiers whose clusters are scored."""
OUTCOMES_READ = ("cluster_score", "cluster_titled", "value_added")


@dataclass(frozen=True)
class Race:
    """Clusters of the run as issued, and value added of the same clusters without the document.

    Attributes:
        frame: Rows scenario, draw, seed, population, year, unit_name, outcome, value.
    """

    frame: pd.DataFrame

    def of(self, outcome: str, year: int, scenario: str = AS_ISSUED) -> pd.DataFrame:
        """Values of an outcome: a row a run, a column a cluster.

        Args:
            outcome: Id of the outcome.
            year: Calendar year.
            scenario: Name of the scenario.
        """
        rows = self.frame
        rows = rows[
            (rows["scenario"] == scenario) & (rows["outcome"] == outcome) & (rows["year"] == year)
        ]
        return rows.pivot(index=RUN, columns="unit_name", values="value")

    @property
    def runs(self) -> int:
        """Number of runs as issued."""
        rows = self.frame.loc[self.frame["scenario"] == AS_ISSUED, RUN]
        return len(rows.drop_duplicates())


def gather_race(worlds: Worlds) -> Race | None:
    """Read the clusters of a store; None where it holds none of the run as issued."""
    with worlds.results.connect() as connection:
        frame = frame_of(
            connection,
            f"""
            SELECT o.scenario, o.draw, o.seed, run.population, o.year, o.unit_name, o.outcome,
                o.value
            FROM outcome o JOIN run USING (run_key)
            WHERE o.level = 'cluster' AND o.outcome IN (SELECT unnest(?))
                AND o.scenario IN (SELECT unnest(?))
                AND o.year BETWEEN {ORIGIN} AND {HORIZON}
                AND {main_runs("o")}
            ORDER BY {IN_ORDER}, o.unit_name, o.outcome
            """,
            [list(OUTCOMES_READ), [AS_ISSUED, REFERENCE]],
        )
    if not (frame["outcome"] == "cluster_score").any():
        return None
    return Race(frame)


def named() -> list[Any]:
    """Named clusters that race, in the order of the register."""
    return [row for row in table("clusters") if row.cultivation_tier in RACING]


def named_county() -> int:
    """Number of named county clusters, which do not race."""
    rows = table("clusters")
    return sum(row.cultivation_tier == "county" and row.field != "mixed" for row in rows)


def clusters_table(race: Race, words: Words) -> str:
    """Named clusters with score, and simulated size beside the published one and its scope."""
    score = race.of("cluster_score", HORIZON)
    sizes = {size.row.id: size for size in stored()}
    rows = []
    for row in named():
        if row.field in ASSUMPTION_ONLY_FIELDS or row.id not in score:
            continue
        band = Band.of(score[row.id].dropna())
        rows.append(
            [
                row.name_zh if words.lang == "zh" else row.name_en,
                words.name("tier_names", row.cultivation_tier),
                f"{band.median:.0f}{words.bracketed(f'{band.low:.0f}–{band.high:.0f}')}",
                *(size_cells(sizes[row.id], words) if row.id in sizes else [ABSENT] * 2),
            ]
        )
    rows.append([words("clusters_assumed"), words.name("tier_names", "national"), *[ABSENT] * 3])
    return markdown(words.lines("clusters_head"), rows, 2)


def size_cells(size: Size, words: Words) -> list[str]:
    """Simulated size with its year; published size as printed, with what it counts and its year."""
    simulated, published = (
        words.money(value * TABLE_UNITS["100m yuan"], 3)[0]
        for value in (size.simulated, size.row.scale_100m_yuan)
    )
    gap = "" if words.lang == "zh" else " "
    scope = f"{words.name('scope_names', size.row.scale_kind)}{gap}{size.row.scale_year}"
    return [
        f"{simulated}{words.bracketed(str(size.year))}",
        f"{published}{words.bracketed(scope)}",
    ]


def before_after(race: Race) -> tuple[Estimate, Estimate, Estimate, Estimate] | None:
    """Growth of value added by status at the horizon, their gap, and the effect on the titled.

    Returns:
        Growth from 2023 of clusters that hold a title at the horizon; of those in the race that
        hold none; the first less the second; and the paired effect on the titled ones. None where
        the store lacks what it takes.
    """
    titled = race.of("cluster_titled", HORIZON)
    racing = race.of("cluster_score", HORIZON)
    then, now = (race.of("value_added", year) for year in (ORIGIN, HORIZON))
    without = race.of("value_added", HORIZON, REFERENCE)
    runs = titled.index.intersection(then.index).intersection(now.index)
    shared = racing.columns.intersection(then.columns).intersection(now.columns)
    if runs.empty or shared.empty:
        return None
    present = then.loc[runs, shared].notna() & now.loc[runs, shared].notna()
    bears = titled.reindex(index=runs, columns=shared).fillna(0.0) > 0.5

    def grown(chosen: pd.DataFrame) -> pd.Series[float]:
        first = then.loc[runs, shared].where(chosen).sum(axis=1)
        last = now.loc[runs, shared].where(chosen).sum(axis=1)
        found: pd.Series[float] = last / first.where(first > 0.0) - 1.0
        return found

    with_title, no_title = grown(present & bears), grown(present & ~bears)
    gap = (with_title - no_title).dropna()
    if gap.empty or without.empty:
        return None
    chosen = present & bears & without.reindex(index=runs, columns=shared).notna()
    base = without.reindex(index=runs, columns=shared).where(chosen).sum(axis=1)
    effect = now.loc[runs, shared].where(chosen).sum(axis=1) / base.where(base > 0.0) - 1.0
    found = [Estimate.of(s.dropna()) for s in (with_title, no_title, gap, effect)]
    return found[0], found[1], found[2], found[3]


def before_after_table(race: Race, words: Words) -> str:
    """The naive before-after by status, once, beside the paired effect on the same clusters."""
    found = before_after(race)
    if found is None:
        return ""
    labels = words.lines("naive_rows")
    rows = []
    for label, each in zip(labels, found, strict=True):
        mean, interval = words.estimate(each, 100.0)
        gap = "" if words.lang == "zh" else " "
        rows.append([label, f"{mean}{gap}%{interval}"])
    return markdown(words.lines("naive_head"), rows)
