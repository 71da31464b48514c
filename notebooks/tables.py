"""The report's tables and sentences, as Markdown in one language."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pandas as pd

from jiqun.calibration.markdown import pipe_table
from jiqun.model.calendar import year_of
from jiqun.model.dimensions import TIERS
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.notebooks.trust.evidence import (
    AS_ISSUED,
    ASSUMED_UNIT,
    HORIZON,
    ORIGIN,
    PROVINCE,
    REFERENCE,
    SOURCES,
    Band,
    mean_growth,
)
from jiqun.notebooks.words import ABSENT
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jiqun.notebooks.trust.evidence import Compared, Evidence, Unit
    from jiqun.notebooks.words import Words

GROUPS: dict[str, tuple[str, ...]] = {
    "size": ("enterprises", "revenue", "value_added", "employees"),
    "innovation": ("rd_intensity", "labour_productivity", "tfp"),
    "digital": ("digital_coverage_above", "digital_coverage_below", "digital_depth"),
    "green": ("energy_per_va", "quality_enterprises"),
}
"""Outcomes that the tiers are shown by; a figure and a table each."""
SOURCED = (
    "revenue",
    "value_added",
    "employees",
    "enterprises",
    "rd_expenditure",
    "labour_productivity",
    "digital_coverage_above",
    "digital_coverage_below",
    "energy_per_va",
    "quality_enterprises",
)
"""Outcomes whose width is taken apart."""
PROVINCE_PATHS = ("revenue", "value_added", "rd_expenditure", "employees", "srdi_provincial")
"""Outcomes that the province is shown by."""
GIVEN = {REFERENCE: "given_reference", AS_ISSUED: "given_as_issued"}
"""How a projection is introduced, by scenario."""
WEAK = ("proxy", "assumption")
"""Kinds of inputs that nobody published."""
POLICY = "policy"
"""Group of the parameters that describe the document's measures and their neighbours."""
WEAK_GRADES = ("D", "E")
ASSUMED = ("enterprises", "revenue", "value_added", "employees")
COUNTY = ("county_clusters_revenue", "county_clusters_enterprises")
# How a number of the tables came about, as the report groups it.
KINDS = (("published",), ("derived", "interpolated"), ("recalled",), ("proxy",), ("assumption",))


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> str:
    """A pipe table: the first columns to the left, the others to the right.

    Args:
        head: Names of the columns.
        rows: Cells of each row, one a column.
        text_columns: Number of columns to the left.
    """
    return pipe_table(head, rows, ("l" * text_columns).ljust(len(head), "r")[: len(head)])


# The first page


def cover(evidence: Evidence, words: Words) -> str:
    """What the page is, in two sentences."""
    key = "cover" if evidence.scenario == REFERENCE else "cover_alone"
    return words(key, scenario=evidence.labels[words.lang])


def not_meant_alone(scenario: str, words: Words) -> list[str]:
    """What the projection of one scenario is not."""
    first, *rest = words.lines("not_list")
    return [first if scenario == REFERENCE else words("not_list_alone"), *rest]


def summary(evidence: Evidence, words: Words) -> str:
    """Three to five sentences with numbers from the runs."""
    sentences = [_size(evidence, words), _tiers(evidence, words), _digital(evidence, words)]
    sentences.append(_fit(evidence, words))
    shares = evidence.shares("value_added")
    if shares:
        sentences.append(
            words("summary_sources", **{k: words.percent(v) for k, v in shares.items()})
        )
    return "\n".join(f"- {sentence}" for sentence in sentences if sentence)


def _size(evidence: Evidence, words: Words) -> str:
    then, now = (evidence.band("revenue", PROVINCE, year) for year in (ORIGIN, HORIZON))
    growth = evidence.mean_growth("va_real_growth", PROVINCE)
    at_origin = (
        p.published
        for p in evidence.compared
        if p.target.indicator == "as_revenue" and p.target.year == ORIGIN
    )
    published = next(at_origin, None)
    if then is None or now is None or growth is None or published is None:
        return ""
    text = words(
        "summary_size",
        given=words(GIVEN.get(evidence.scenario, "given_other")),
        revenue=words.measured(now.median, "revenue"),
        interval=words.ranged(now.low, now.high, "revenue"),
        before=words.measured(then.median, "revenue"),
        published=words.measured(published, "revenue"),
        growth=words.percent(growth.median, 1),
        growth_interval=words.percents(growth.low, growth.high, 1),
    )
    revenue = evidence.set_right("as_revenue")
    growth = mean_growth(evidence.set_right("as_va_growth"))
    if HORIZON not in revenue.columns or growth is None:
        return text
    now = Band.of(revenue[HORIZON])
    gap = "" if words.lang == "zh" else " "
    return (
        text
        + gap
        + words(
            "summary_set_right",
            revenue=words.measured(now.median, "revenue"),
            interval=words.ranged(now.low, now.high, "revenue"),
            growth=words.percent(growth.median, 1),
            growth_interval=words.percents(growth.low, growth.high, 1),
        )
    )


def _tiers(evidence: Evidence, words: Words) -> str:
    found = {tier: evidence.changes("revenue", ("tier", tier)) for tier in TIERS}
    known = pd.DataFrame({tier: values for tier, values in found.items() if len(values)})
    if known.empty:
        return ""
    opened, closed, gap = ("（", "）", "") if words.lang == "zh" else (" (", ")", " ")
    parts = []
    for tier in known:
        band = Band.of(known[tier])
        interval = words.percents(band.low, band.high, signed=True)
        median = words.percent(band.median, signed=True)
        parts.append(
            f"{words.name('tier_names', str(tier))}{gap}{median}{opened}{interval}{closed}"
        )
    first = known.idxmax(axis=1).value_counts(normalize=True)
    return words(
        "summary_tiers",
        tiers=words.listing(parts),
        first=words.name("tier_names", str(first.index[0])),
        often=words.percent(float(first.iloc[0])),
    )


def _digital(evidence: Evidence, words: Words) -> str:
    names = {
        "above": "digital_coverage_above",
        "below": "digital_coverage_below",
        "srdi": "srdi_provincial",
    }
    values: dict[str, str] = {}
    for key, outcome in names.items():
        band = evidence.band(outcome, PROVINCE, HORIZON)
        if band is None:
            return ""
        values[key] = words.measured(band.median, outcome)
        values[f"{key}_interval"] = words.ranged(band.low, band.high, outcome)
    return words("summary_digital", **values)


def _fit(evidence: Evidence, words: Words) -> str:
    verdicts = Counter(point.verdict for point in evidence.compared)
    return words(
        "summary_fit",
        judged=verdicts["near"] + verdicts["far"],
        near=verdicts["near"],
        shown=verdicts["shown"],
    )


def bullets(lines: Iterable[str]) -> str:
    """A Markdown list."""
    return "\n".join(f"- {line}" for line in lines)


def not_meant(words: Words) -> list[str]:
    """What a comparison is not, with the drawn terms of the document that may be negative."""
    rows = {row.name: row for row in table("parameters") if row.low < row.high}
    drawn = {
        term.parameter
        for lever in declarations().values()
        for term in lever.terms.values()
        if lever.origin == "document_55" and term.parameter in rows
    }
    open_ = sorted(name for name in drawn if name and rows[name].low < 0.0)
    names = words.listing(words.name("parameter_names", name) for name in open_) or ABSENT
    return [line.format(count=len(drawn), names=names) for line in words.lines("not_list_compared")]


def missing(words: Words) -> list[str]:
    """What of the document is not in the model, article by article, and what else is not."""
    return [
        words(
            "missing_article",
            article=row.article,
            heading=row.heading_zh if words.lang == "zh" else row.heading_en,
            reason=words.translated(row.reason),
        )
        for row in table("articles")
        if row.reason
    ] + words.lines("missing_list_compared")


def missing_of(scenario: str, words: Words, *, document: bool) -> list[str]:
    """What is not in the model of what a page is about.

    Args:
        scenario: Name of the scenario that the page projects.
        words: Texts and number formats of the page's language.
        document: Whether the page is about the document, or a scenario that holds levers of it.
    """
    if document:
        return missing(words)
    return words.lines("missing_list" if scenario == REFERENCE else "missing_list_compared")


# Simulated against published


def published_table(evidence: Evidence, words: Words) -> str:
    """Every row of the calibration targets."""
    rows = [
        [*_fit_cells(point, words, named=True), _verdict(point, words), _confidence(point, words)]
        for point in evidence.compared
    ]
    return markdown(words.lines("fit_head"), rows)


def county_table(evidence: Evidence, words: Words) -> str:
    """The county clusters, by membership."""
    points = [p for p in evidence.compared if p.target.outcome in COUNTY]
    return markdown(words.lines("county_head"), [_fit_cells(p, words) for p in points])


def _fit_cells(point: Compared, words: Words, *, named: bool = False) -> list[str]:
    outcome = OUTCOMES[point.target.outcome]
    label = words.headed(outcome)
    if named and point.target.level == "field":
        gap = "：" if words.lang == "zh" else ": "
        label = words.name("fields", point.target.unit_name) + gap + label
    central, band = point.central, point.band
    return [
        label,
        str(point.target.year),
        words.number(point.published, outcome, 3),
        ABSENT if central is None else words.number(central, outcome, 3),
        ABSENT if band is None else words.interval(band.low, band.high, outcome, 3),
        _distance(point, words),
    ]


def _distance(point: Compared, words: Words) -> str:
    if point.distance is None:
        return ABSENT
    value = 100 * point.distance
    sign = "+" if value > 0.05 else ("−" if value < -0.05 else "")
    number = f"{sign}{abs(value):.1f}" if abs(value) < 9.95 else f"{sign}{abs(value):.0f}"
    gap = "" if words.lang == "zh" else " "
    return number + gap + (words("points") if point.points else "%")


def _verdict(point: Compared, words: Words) -> str:
    return words.name("verdicts", point.verdict)


def _confidence(point: Compared, words: Words) -> str:
    return words.name("confidence", point.target.confidence)


# The tiers


def tier_table(evidence: Evidence, words: Words, outcomes: Sequence[str]) -> str:
    """The tiers and the province: a column an outcome, origin to horizon with interval.

    Args:
        evidence: Results of the scenario that the page is about.
        words: Texts and number formats of the page's language.
        outcomes: Ids of the outcomes.
    """
    units: list[Unit] = [*(("tier", tier) for tier in TIERS), PROVINCE]
    rows = [
        [
            words.name("tier_names", unit[1]),
            *(path_cell(evidence, words, name, unit) for name in outcomes),
        ]
        for unit in units
    ]
    return markdown([words("tier_head"), *(words.headed(name) for name in outcomes)], rows)


def path_cell(evidence: Evidence, words: Words, outcome: str, unit: Unit) -> str:
    """Median at the origin and at the horizon, and the interval of the latter.

    Args:
        evidence: Results of the scenario that the page is about.
        words: Texts and number formats of the page's language.
        outcome: Id of the outcome.
        unit: Level and name of what the outcome is of.
    """
    then, now = (evidence.band(outcome, unit, year) for year in (ORIGIN, HORIZON))
    if then is None or now is None:
        return ABSENT
    values = [then.median, now.median, now.low, now.high]
    before, after, low, high = words.numbers(values, outcome)
    return f"{before} → **{after}** ({words.between(low, high)})"


def assumed_table(evidence: Evidence, words: Words) -> str:
    """The fields that rest on assumption alone, as one group."""
    cells = [path_cell(evidence, words, name, ASSUMED_UNIT) for name in ASSUMED]
    return markdown(
        [words("assumed_head"), *(words.headed(name) for name in ASSUMED)],
        [[words("assumed_name"), *cells]],
    )


# Where the width comes from


def sources_table(evidence: Evidence, words: Words) -> str:
    """Half widths and the shares of the sources in the spread."""
    rows = []
    for name in SOURCED:
        band = evidence.band(name, PROVINCE, HORIZON)
        shares = evidence.shares(name)
        if band is None or not shares:
            continue
        joint = float(evidence.by_run(name, PROVINCE)[HORIZON].var(ddof=1))
        ratio = sum(evidence.variances(name).values()) / joint if joint else 0.0
        rows.append(
            [
                words.label(name),
                f"±{words.percent(band.half_width)}",
                *(words.percent(shares[source]) for source in SOURCES),
                f"{ratio:.2f}",
            ]
        )
    return markdown(words.lines("sources_head"), rows)


def luck(evidence: Evidence, words: Words) -> str:
    """How much chance among large enterprises alone moves the province."""
    value, research = evidence.luck("value_added"), evidence.luck("rd_expenditure")
    if value is None or research is None:
        return ""
    return words("luck", value=words.percent(value, 1), rd=words.percent(research, 1))


# What it rests on


def basis(names: Iterable[str]) -> dict[str, dict[str, int]]:
    """Rows of some tables by how they came about: table to the first kind of a group to rows."""
    found = {}
    for name in names:
        kinds = Counter(row.kind for row in table(name))
        found[name] = {group[0]: sum(kinds[kind] for kind in group) for group in KINDS}
    return found


def basis_table(words: Words) -> str:
    """How the numbers behind the starting population came about."""
    found = basis(words.names("tables"))
    rows = [
        [words.name("tables", name), *map(str, counts.values()), str(sum(counts.values()))]
        for name, counts in found.items()
    ]
    fields = list(found).index("fields")
    published = words.told("inputs/published", rows[fields][1])
    rows[fields][1], rows[fields][-1] = published, words.told("inputs/fields", rows[fields][-1])
    whole = {kind: sum(counts[kind] for counts in found.values()) for kind in found["fields"]}
    count = sum(whole.values())
    weak = words.percent(sum(whole[kind] for kind in WEAK) / count)
    label = words("assumptions_data_total", share=words.told("inputs/share", weak))
    cells = [
        words.told(f"inputs/{kind}", str(n)) if kind in WEAK else str(n)
        for kind, n in whole.items()
    ]
    rows.append([label, *cells, words.told("inputs/count", str(count))])
    return markdown(words.lines("assumptions_data_head"), rows)


def parameters_table(words: Words) -> str:
    """Behavioural parameters by grade of evidence."""
    rows = table("parameters")
    lines = []
    for grade in sorted({row.grade for row in rows}):
        mine = [row for row in rows if row.grade == grade]
        drawn = sum(row.low < row.high for row in mine)
        groups = sorted({words.name("parameter_groups", row.group) for row in mine})
        joined = ("、" if words.lang == "zh" else ", ").join(groups)
        lines.append([grade or words.name("grades", "none"), str(len(mine)), str(drawn), joined])
    drawn = [row for row in rows if row.group == POLICY and row.low < row.high]
    poor = [row for row in drawn if row.grade in WEAK_GRADES]
    group = words.name("parameter_groups", POLICY)
    for key, own, of in (("policy", drawn, "count"), ("policy_weak", poor, "weak")):
        label = words.name("assumptions_parameters_rows", key)
        lines.append([label, str(len(own)), words.told(f"drawn/{of}", str(len(own))), group])
    return markdown(words.lines("assumptions_parameters_head"), lines, text_columns=4)


def residual(evidence: Evidence, words: Words) -> str:
    """The largest accounting residual of all runs."""
    return words("residual", value=f"{evidence.runs['residual'].max():.1e}")


# Provenance


def provenance_table(
    evidence: Evidence, words: Words, store: str, counts: Mapping[str, int] | None = None
) -> str:
    """What identifies the runs behind the page; `counts` are the runs of all scenarios.

    Args:
        evidence: Results of the scenario that the page is about.
        words: Texts and number formats of the page's language.
        store: Name of the store.
        counts: Runs in the store by scenario.
    """
    names = words.names("footer_rows")
    others = ", ".join(f"{name} ({count:,})" for name, count in (counts or {}).items())
    values = _provenance(evidence, store) | {"others": others}
    rows = [[names[key], values[key]] for key in names if values.get(key)]
    return markdown(words.lines("footer_head"), rows, text_columns=2)


def _provenance(evidence: Evidence, store: str) -> dict[str, str]:
    runs = evidence.runs
    versions = {
        f"{name} {v}" for batch in evidence.batches for name, v in batch["versions"].items()
    }
    commands = dict.fromkeys(batch["command"] for batch in evidence.batches if batch["command"])

    def column(name: str) -> str:
        return ", ".join(sorted({str(v) for v in runs[name]}))

    return {
        "scenario": evidence.scenario,
        "runs": f"{len(runs):,}",
        "triples": str(evidence.count("triples")),
        "side": ", ".join(str(evidence.count(source)) for source in SOURCES),
        "seeds": f"{runs['seed'].min()}–{runs['seed'].max()}",
        "rows": column("rows"),
        "until": ", ".join(str(year_of(int(end))) for end in sorted(set(runs["end"]))),
        "digest": column("scenario_hash"),
        "population": column("population"),
        "model": column("model_hash"),
        "data": column("data_hash"),
        "versions": ", ".join(sorted(versions, key=str.casefold)),
        "commands": "; ".join(f"`{command}`" for command in commands),
        "store": store,
    }
