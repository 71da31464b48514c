"""An analysis of sensitivity, made up: twelve levers, five tiers, three outcomes."""

from typing import Any

import numpy as np
import pandas as pd

from jiqun.experiments.runs.batch import model_hash
from jiqun.experiments.sensitivity.lever_ranks import AT_ONE_COST
from jiqun.experiments.sensitivity.ranks import Ranks, convergence, growing, ranks
from jiqun.experiments.sensitivity.runs import relative
from jiqun.experiments.sensitivity.tables import TABLES, Analysis
from jiqun.model.dimensions import TIERS
from jiqun.model.observe.outcomes import OUTCOMES as ALL
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.tables import data_hash, table

OUTCOMES = ("value_added", "energy_per_va", "quality_enterprises")
SCALE = (1e-3, 1e-3, 3.0)
DRAWS = 64
OFF = "off_peer_learning"
CONDITIONS = {
    "all": ("全部抽样", "all draws"),
    "confirmed": ("默认行数", "default rows"),
    "equal_cost": ("等成本", "equal cost"),
    "equal_budget": ("等财政成本", "equal cost to the budgets"),
    "demand_low": ("需求最弱的三分之一", "weakest third of demand"),
    "demand_high": ("需求最强的三分之一", "strongest third of demand"),
    OFF: ("同行学习关闭", "peer learning off"),
}
FACTORS = {
    "levers": ("工具的力度", "sizes of the levers"),
    "behaviour": ("企业行为", "behaviour"),
    "outside": ("外部环境", "outside world"),
    "structure": ("模型结构", "structure"),
    "dummy": ("虚拟因子", "dummy"),
    OFF: ("同行学习", "peer learning"),
}
SIZES = {
    # One lever far ahead; three that tie behind it; the rest without effect.
    "clear": (10.0, 3.0, 3.0, 3.0, 0.0, 0.0, 0.0, 0.0),
    # Seven levers that nobody can tell apart.
    "tied": (3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 0.0),
    "noise": (0.0,) * 8,
}
"""Effects of the levers of document 55, in standard errors of their means."""
COMPARED = 3
"""Levers of a group that can be set at one cost."""
UNITS = ("province", *TIERS)
COLUMNS = [(outcome, unit) for outcome in OUTCOMES for unit in UNITS]


def levers(count: int = 8, others: int = 4) -> dict[str, list[str]]:
    """The first levers by group."""
    ids = [lever.id for lever in declarations().values() if lever.origin == "document_55"]
    rest = [lever.id for lever in declarations().values() if lever.origin != "document_55"]
    return {"document_55": ids[:count], "other": rest[:others]}


def analysis(sizes: str = "clear", *, turned: str = "") -> Analysis:
    """An analysis in which the first levers have effects of some sizes.

    Args:
        sizes: Which effects (see `SIZES`).
        turned: Condition under which the two largest change places.
    """
    groups = levers()
    found: dict[tuple[str, str, str], Ranks] = {}
    grown: list[pd.DataFrame] = []
    for number, (group, names) in enumerate(groups.items()):
        wanted = SIZES[sizes] if group == "document_55" else (5.0, 4.0, 0.0, 0.0)
        for setting in ("without", "alone"):
            effects = effects_of(wanted, number)
            for condition in CONDITIONS:
                own = effects.copy()
                if condition == turned:
                    own[[0, 1]] = own[[1, 0]]
                if condition in AT_ONE_COST:
                    own = own[:COMPARED]
                found[setting, condition, group] = ranks(
                    names[: len(own)],
                    own,
                    [str(c) for c in COLUMNS],
                    [str(i) for i in range(DRAWS)],
                    200,
                )
            whole = found[setting, "all", group]
            for size, tau in convergence(growing(effects), whole.sets).items():
                rows = _outputs(tau=tau)
                grown.append(rows.assign(method=setting, group=group, size=size, whole=DRAWS))
    tables = {
        "ranks": pd.concat([_ranks(*key, own) for key, own in found.items()]),
        "pairs": pd.concat([_pairs(*key, own) for key, own in found.items() if key[1] == "all"]),
        "survival": pd.concat(
            [
                _survival(*key, found[key[0], "all", key[2]], own)
                for key, own in found.items()
                if key[1] != "all"
            ]
        ),
        "convergence": pd.concat(grown),
        **_indices(),
    }
    return Analysis(facts(), {name: tables[name][list(TABLES[name])] for name in TABLES})


def effects_of(sizes: tuple[float, ...], seed: int) -> Any:
    """Effects by lever, draw and output, whose means are so many standard errors large."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(len(sizes), DRAWS, len(COLUMNS)))
    noise -= noise.mean(axis=1, keepdims=True)
    means = np.array(sizes) / np.sqrt(DRAWS)
    scale = np.repeat(SCALE, len(UNITS))
    return (means[:, None, None] + noise) * scale


def facts() -> dict[str, Any]:
    """How it came about."""
    named = {
        lever: {
            "zh": declarations()[lever].label.zh,
            "en": declarations()[lever].label.en,
            "origin": declarations()[lever].origin,
            "group": group,
        }
        for group, ids in levers().items()
        for lever in ids
    }
    return {
        "name": "made_up",
        "date": "2023-12-31",
        "year": 2027,
        "outcomes": list(OUTCOMES),
        "tiers": list(UNITS),
        "main": "value_added",
        "units": {name: "share" if relative(name) else ALL[name].unit for name in OUTCOMES},
        "latent": {},
        "rows": 5_000,
        "confirm_rows": 12_000,
        "draws": {"without": DRAWS, "alone": DRAWS},
        "sobol": {"size": 512, "seeds": 2},
        "morris": {"trajectories": 20, "seeds": 2},
        "measure": {"draws": 1_024},
        "levers": named,
        **{name: {"envelope": 3e8, "levers": costs()} for name in AT_ONE_COST},
        "conditions": {name: {"zh": zh, "en": en} for name, (zh, en) in CONDITIONS.items()},
        "factors": {name: {"zh": zh, "en": en} for name, (zh, en) in FACTORS.items()},
        "stages": {
            "without": {"runs": 700, "cpu_seconds": 1_200.0},
            "sobol": {"runs": 500, "cpu_seconds": 900.0},
        },
        "model_hash": model_hash(),
        "data_hash": data_hash(),
        "ensemble": "reference",
        "versions": {},
    }


def costs() -> dict[str, Any]:
    """Levers that are paid: those compared, one that cannot spend the sum, one that costs none."""
    found: dict[str, Any] = {}
    for names in levers().values():
        compared = dict.fromkeys(names[:COMPARED], "equal")
        verdicts = compared | {names[COMPARED]: "cannot spend"}
        if len(names) > COMPARED + 1:
            verdicts[names[COMPARED + 1]] = "nobody pays"
        found |= {
            lever: {
                "verdict": why,
                "scale": 0.25,
                "cost": 1.7e8,
                "issued": 1.2e9,
                "compared": lever in compared,
            }
            for lever, why in verdicts.items()
        }
    return found


def parameters(count: int = 22) -> list[str]:
    """Parameters that are drawn."""
    return [row.name for row in table("parameters") if row.low < row.high][:count]


def _outputs(**values: Any) -> pd.DataFrame:
    return pd.DataFrame(COLUMNS, columns=["outcome", "tier"]).assign(**values)


def _ranks(setting: str, condition: str, group: str, own: Ranks) -> pd.DataFrame:
    parts = [
        _outputs(
            lever=lever,
            mean=own.mean[i],
            low=own.low[i],
            high=own.high[i],
            floor=own.floor[i],
            above_noise=own.above_noise[i],
            rank=own.rank[i],
            rank_low=own.rank_low[i],
            rank_high=own.rank_high[i],
            top_1=own.top[1][i],
            top_3=own.top[3][i],
            top_5=own.top[5][i],
            tie_set=own.sets[i],
            budget_cost=3e8 * (i < COMPARED),
            others_cost=1e8 * (i < COMPARED),
            total_cost=4e8 * (i < COMPARED),
            costs="costs" if i < COMPARED else "nothing",
            per_yuan=1.5 if i < COMPARED else np.nan,
            per_yuan_low=0.5 if i < COMPARED else np.nan,
            per_yuan_high=2.5 if i < COMPARED else np.nan,
            origin=declarations()[lever].origin,
        )
        for i, lever in enumerate(own.names)
    ]
    named = {"setting": setting, "condition": condition, "group": group}
    return pd.concat(parts).assign(draws=DRAWS, rows=5_000, **named)


def _pairs(setting: str, condition: str, group: str, own: Ranks) -> pd.DataFrame:
    rows = []
    for column, (outcome, tier) in enumerate(COLUMNS):
        first = np.argsort(-np.abs(own.mean[:, column]), kind="stable")[:5]
        for place, lever in enumerate(first):
            rows += [
                {
                    "outcome": outcome,
                    "tier": tier,
                    "lever": own.names[lever],
                    "other": own.names[other],
                    "tied": bool(own.tied[lever, other, column]),
                }
                for other in first[place + 1 :]
            ]
    return pd.DataFrame(rows).assign(setting=setting, condition=condition, group=group)


def _survival(setting: str, condition: str, group: str, whole: Ranks, own: Ranks) -> pd.DataFrame:
    kept, turned = [], []
    for column in range(len(COLUMNS)):
        size = np.zeros(len(whole.names))
        size[: len(own.names)] = np.abs(own.mean[:, column])
        first = np.argsort(-np.abs(whole.mean[:, column]), kind="stable")[:5]
        kept.append(len(set(first) & set(np.argsort(-size, kind="stable")[:5])))
        turned.append(
            sum(
                size[after] > size[before] > 0.0 and not own.tied[before, after, column]
                for place, before in enumerate(first)
                for after in first[place + 1 :]
            )
        )
    named = {"setting": setting, "condition": condition, "group": group}
    return _outputs(kept=kept, reversed=turned, draws=DRAWS, tau=1.0, **named)


def _indices() -> dict[str, pd.DataFrame]:
    """Tables of variances: groups, factors, what sits at one value."""
    sobol = []
    for place, factor in enumerate(("levers", "behaviour", "outside", "structure", "dummy")):
        for order in ("first", "total"):
            share = (0.5, 0.3, 0.1, 0.05, 0.0)[place] + (0.05 if order == "total" else 0.0)
            sobol.append(_index(share, 0.04, 0.02).assign(factor=factor, order=order))
    kinds = {"dummy": "dummy", OFF: "structure"}
    kinds |= dict.fromkeys(parameters(), "parameter")
    factors = []
    for place, (factor, kind) in enumerate(kinds.items()):
        size = 0.0 if kind == "dummy" else 0.3 / (1.0 + place)
        factors.append(_index(size, 0.02, 0.01).assign(factor=factor, kind=kind))
    rows = pd.concat(factors)
    morris = rows.assign(mu_star=rows["estimate"], sigma=0.1)
    saturated = _outputs(
        method="without", at="largest", value=8_000.0, share=0.7, latent="little_giants"
    )
    return {
        "sobol": pd.concat(sobol),
        "morris": morris,
        "pawn": rows,
        "measure": rows,
        "full": rows.assign(order="total", error=0.1),
        "saturated": saturated[saturated["outcome"] == "quality_enterprises"],
    }


def _index(size: float, half: float, floor: float) -> pd.DataFrame:
    return _outputs(
        estimate=size,
        low=size - half,
        high=size + half,
        floor=floor,
        above_noise=size - half > floor,
        between_seeds=0.2,
        in_mean=0.1,
    )
