"""Which levers matter most: the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jiqun.experiments.effects.bootstrap import CONFIDENCE
from jiqun.experiments.sensitivity.arms import DOCUMENT, GROUPS
from jiqun.experiments.sensitivity.lever_ranks import AT_ONE_COST, EQUAL_COST
from jiqun.notebooks.levers.cost import effect_of
from jiqun.notebooks.levers.page import (
    FIRST,
    PATHS,
    SWITCHES,
    by_size,
    condition_label,
    directed,
    draws_of,
    factor_label,
    front,
    kind,
    label,
    loudest,
    measure,
    shown,
    unit_label,
)
from jiqun.notebooks.tables import bullets, markdown
from jiqun.notebooks.words import ABSENT, INTERVAL, quantity, written
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from jiqun.notebooks.levers.page import Levers
    from jiqun.notebooks.words import Words

    Row = pd.Series[Any]

LETTERS = "ABCDE"
"""Names of the first five in the list of pairs: letters, for numbers would look like ranks."""
MOST = 10
"""Parameters that are worth a line each."""
DIGITS, DECIMALS = 2, 4


def front_table(found: Levers, words: Words, group: str = DOCUMENT) -> str:
    """A line a tier: the first five, pairs of them told apart, checks that they pass.

    Args:
        found: The analysis of sensitivity.
        words: Texts and number formats of the page's language.
        group: Group of levers, `document_55` or `other`.
    """
    rows = []
    for tier in found.units:
        first = found.first(group, tier)
        tied = set(front(found, group, tier)["lever"])
        names = [
            _named(found, words, row, marked=True) + ("\\*" if row["lever"] in tied else "")
            for _, row in first.iterrows()
        ]
        pairs = found.of(
            "pairs", setting="without", condition="all", group=group, outcome=found.main, tier=tier
        )
        kept = found.survival(group)
        kept = kept[kept["tier"] == tier]
        rows.append(
            [
                unit_label(tier, words),
                words.listing(names),
                f"{int((~pairs['tied'].astype(bool)).sum())} / {len(pairs)}",
                f"{int((kept['reversed'] == 0).sum())} / {len(kept)}" if len(kept) else ABSENT,
            ]
        )
    lines = markdown(words.lines("levers_front_head"), rows, 2)
    return f'<div class="fronts">\n\n{lines}\n\n</div>'


def tier_table(found: Levers, words: Words, group: str, tier: str) -> str:
    """The first five of a tier: effects, intervals, and their ranks under other conditions.

    Args:
        found: The analysis of sensitivity.
        words: Texts and number formats of the page's language.
        group: Group of levers, `document_55` or `other`.
        tier: Tier, or `province`.
    """
    scale, unit = measure(found, found.main, words)
    first = found.first(group, tier)
    alone_rows = found.ranks(group, setting="alone", tier=tier, outcome=found.main)
    alone = _by(alone_rows, "lever")
    under = {wanted: _under(found, group, tier, wanted) for wanted in (EQUAL_COST, PATHS, SWITCHES)}
    rows = []
    for letter, (_, row) in zip(LETTERS, first.iterrows(), strict=False):
        lever = str(row["lever"])
        set_of = int(row["tie_set"])
        rows.append(
            [
                f"{letter} {_named(found, words, row)}",
                _effect(row, scale, words, effect_of(lever, tier)),
                _effect(alone[lever], scale, words) if lever in alone else ABSENT,
                _ranks([row["rank_low"], row["rank_high"]], words),
                words.percent(float(row["top_5"])),
                words("levers_set_first") if set_of == 1 else words("levers_set", number=set_of),
                *(_places(found, words, own, lever, wanted) for wanted, own in under.items()),
            ]
        )
    columns = {"draws": first, "alone": alone_rows, **under}
    known = {name.replace(" ", "_"): draws_of(own, words) for name, own in columns.items()}
    head = [text.format(unit=unit, **known) for text in words.lines("levers_tier_head")]
    told = pairs_sentence(found, words, group, tier)
    return f'<div class="levers">\n\n{markdown(head, rows)}\n\n</div>\n\n{told}'


def pairs_sentence(found: Levers, words: Words, group: str, tier: str) -> str:
    """Which two of a tier's first five can be told apart.

    Args:
        found: The analysis of sensitivity.
        words: Texts and number formats of the page's language.
        group: Group of levers, `document_55` or `other`.
        tier: Tier, or `province`.
    """
    letters = dict(zip(found.first(group, tier)["lever"], LETTERS, strict=False))
    rows = found.of(
        "pairs", setting="without", condition="all", group=group, outcome=found.main, tier=tier
    )
    apart = rows[~rows["tied"].astype(bool)]
    if apart.empty:
        return words("levers_pairs_none", first=len(letters))
    if len(apart) == len(rows):
        return words("levers_pairs_all", first=len(letters))
    names = sorted(
        "–".join(sorted((letters[row.lever], letters[row.other])))
        for row in apart.itertuples()
        if row.lever in letters and row.other in letters
    )
    joint = "、" if words.lang == "zh" else ", "
    return words("levers_pairs_some", names=joint.join(names))


def survival_table(found: Levers, words: Words, group: str) -> str:
    """A line a condition: how many of each tier's first five stay, and pairs turned round.

    Args:
        found: The analysis of sensitivity.
        words: Texts and number formats of the page's language.
        group: Group of levers, `document_55` or `other`.
    """
    rows = found.of("survival", setting="without", group=group, outcome=found.main)
    lines = []
    for condition in found.conditions(group):
        own = _by(rows[rows["condition"] == condition], "tier")
        cells = [_kept(own[tier], words) if tier in own else ABSENT for tier in found.units]
        draws = int(next(iter(own.values()))["draws"])
        name = condition_label(found, words, condition)
        if condition in AT_ONE_COST:
            name += words("levers_cost_row", compared=len(found.compared(group, condition)))
        lines.append([name, f"{draws:,}", *cells])
    if not lines:
        return ""
    names = [unit_label(tier, words) for tier in found.units]
    return markdown([*words.lines("levers_survival_head"), *names], lines)


def measure_table(found: Levers, words: Words) -> str:
    """Parameters by the share of the variance that would go if they were known."""
    rows = found.of("measure", outcome=found.main)
    heard = set(rows.loc[rows["above_noise"].astype(bool), "factor"])
    grades = {row.name: row.grade for row in table("parameters")}
    lines = []
    for factor in [name for name in by_size(rows, len(rows), "estimate") if name in heard][:MOST]:
        own = _by(rows[rows["factor"] == factor], "tier")
        lines.append(
            [
                factor_label(found, words, factor),
                words.name("levers_kinds", str(next(iter(own.values()))["kind"])),
                grades.get(factor, ABSENT),
                *(_share(own[tier], words) if tier in own else ABSENT for tier in found.units),
            ]
        )
    if not lines:
        return words("levers_measure_none", draws=found.facts["measure"]["draws"])
    names = [unit_label(tier, words) for tier in found.units]
    return markdown([*words.lines("levers_measure_head"), *names], lines, 3)


def saturated_table(found: Levers, words: Words) -> str:
    """Outputs that mostly sit at one value; empty where there are none."""
    rows = found.tables["saturated"]
    lines = []
    for (method, outcome, at), own in rows.groupby(["method", "outcome", "at"], sort=False):
        tiers = [tier for tier in found.units if tier in set(own["tier"])]
        low, high = float(own["share"].min()), float(own["share"].max())
        latent = own["latent"].dropna()
        beside = str(latent.iloc[0]) if len(latent) else ""
        lines.append(
            [
                words.label(str(outcome)),
                words.name("levers_methods", str(method)),
                words.listing(unit_label(tier, words) for tier in tiers),
                words.name("levers_at", str(at)),
                words.percent(low) if low == high else words.percents(low, high),
                words.label(beside) if beside else ABSENT,
            ]
        )
    return markdown(words.lines("levers_saturated_head"), lines, 6) if lines else ""


def reading(found: Levers, words: Words) -> str:
    """What a tie, a noise floor and bold type mean; effects that chance alone lifts over it."""
    cells = len(shown(found))
    return bullets(
        line.format(chance=round(cells * (1.0 - CONFIDENCE)), cells=f"{cells:,}")
        for line in words.lines("levers_reading")
    )


def heat_text(found: Levers, words: Words) -> str:
    """How the heat map is read, and how many levers it leaves out."""
    chosen, left = loudest(found)
    return words("levers_heat_text", shown=len(chosen), left=left)


def converged(found: Levers, words: Words) -> str:
    """How many orders were there already with half of the draws, and how many have no order."""
    rows = found.of("convergence", method="without", group=DOCUMENT)
    rows = rows[rows["size"] * 2 == rows["whole"]]
    if rows.empty:
        return ""
    ranks = found.ranks(DOCUMENT)
    top = ranks[ranks["rank"] <= 2 * FIRST].groupby(["outcome", "tier"])["tie_set"].nunique()
    flat = [bool(top.get((row.outcome, row.tier), 0) < 2) for row in rows.itertuples()]
    told = rows[[not without for without in flat]]
    return words(
        "levers_converged",
        good=int((told["tau"] >= 0.9).sum()),
        count=len(told),
        flat=sum(flat),
        half=int(rows["size"].iloc[0]),
        whole=int(rows["whole"].iloc[0]),
    )


def method(found: Levers, words: Words) -> str:
    """How the analysis was made, and what a rank does not say."""
    facts = found.facts
    known = {
        "rows": f"{facts['rows']:,}",
        "without": facts["draws"]["without"],
        "alone": facts["draws"]["alone"] or ABSENT,
        "measure": f"{facts['measure']['draws']:,}" if facts["measure"] else ABSENT,
        "runs": f"{sum(stage['runs'] for stage in facts['stages'].values()):,}",
        "minutes": written(sum(s["cpu_seconds"] for s in facts["stages"].values()) / 60.0, 0),
        "document": found.count(GROUPS[0]),
        "other": found.count(GROUPS[1]),
        "parameters": words("levers_fitted" if facts["ensemble"] else "levers_prior"),
    }
    told = [line.format(**known) for line in words.lines("levers_method")]
    if facts["confirm_rows"]:
        told.append(words("levers_method_confirm", rows=f"{facts['confirm_rows']:,}"))
    told += [
        words(f"levers_method_{name}", **facts[name]) for name in ("sobol", "morris") if facts[name]
    ]
    return bullets(told + words.lines("levers_limits"))


def _by(rows: pd.DataFrame, column: str) -> dict[str, Row]:
    """Rows by what a column says of them."""
    return {str(row[column]): row for _, row in rows.iterrows()}


def _named(found: Levers, words: Words, row: Row, *, marked: bool = False) -> str:
    """A lever, in bold where its effect can be told from noise; marked if it is to lower."""
    lever = str(row["lever"])
    name = directed(found, words, lever, row["mean"]) if marked else label(found, words, lever)
    return f"**{name}**" if row["above_noise"] else name


def _effect(row: Row, scale: float, words: Words, of: str = "") -> str:
    values = [scale * float(row[name]) for name in ("mean", "low", "high")]
    mean, low, high = words.signed(values, DIGITS, DECIMALS)
    interval = words.told(quantity(of, INTERVAL), words.between(low, high))
    return words.told(of, mean) + words.bracketed(interval)


def _ranks(values: Sequence[float], words: Words) -> str:
    low, high = (f"{round(float(value))}" for value in (min(values), max(values)))
    return low if low == high else words.between(low, high)


def _under(found: Levers, group: str, tier: str, wanted: str) -> pd.DataFrame:
    """Rows of levers under the conditions of a kind."""
    rows = found.of("ranks", setting="without", group=group, outcome=found.main, tier=tier)
    kinds = rows["condition"].map(lambda name: kind(str(name)))
    return rows[(rows["condition"] != "all") & (kinds == wanted)]


def _places(found: Levers, words: Words, rows: pd.DataFrame, lever: str, wanted: str) -> str:
    """Ranks of a lever under the conditions of a kind, from the best to the worst."""
    own = rows[rows["lever"] == lever]
    if own.empty:
        return ABSENT
    ranks = _ranks(own["rank"].tolist(), words)
    compared = len(found.compared(str(own["group"].iloc[0])))
    return f"{ranks}/{compared}" if wanted == EQUAL_COST else ranks


def _kept(row: Row, words: Words) -> str:
    kept = f"{int(row['kept'])}/{FIRST}"
    turned = int(row["reversed"])
    return f"**{kept}{words('levers_turned', count=turned)}**" if turned else kept


def _share(row: Row, words: Words) -> str:
    share = words.percent(float(row["estimate"]))
    return f"**{share}**" if row["above_noise"] else share
