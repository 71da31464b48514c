"""A store of made-up numbers: the shape of a real one, without the minutes it takes to run."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jiqun.experiments.stores.digests import shard_name
from jiqun.experiments.stores.store import STORE_VERSION
from jiqun.model.dimensions import CITIES, FIELDS, TIERS
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.notebooks import places

YEARS = range(2019, 2028)
SCENARIO = "without_document_55"
HASHES = {"scenario": "5c5c5c5c5c", "population": "9b9b9b9b9b", "model": "e0e0e0e0e0"}
SHARE = {"world": 0.2, "national": 0.18, "provincial": 0.15, "county": 0.2, "none": 0.27}
# Province values in 2019, in stored units; other outcomes take a value by their unit.
LEVEL = {
    "enterprises": 18_700.0,
    "revenue": 3.7e12,
    "value_added": 8.7e11,
    "employees": 2.62e6,
    "profit": 2.1e11,
    "rd_expenditure": 5.1e10,
    "rd_intensity": 0.015,
    "profit_margin": 0.0565,
    "va_real_growth": 0.07,
    "revenue_growth": 0.06,
    "rd_growth": 0.12,
    "labour_productivity": 3.3e5,
    "digital_coverage_above": 0.4,
    "digital_coverage_below": 0.1,
    "digital_depth": 1.1,
    "energy_per_va": 1.2e-4,
    "energy_per_va_change": -0.08,
    "srdi_provincial": 2_200.0,
    "little_giants": 80.0,
    "hightech_enterprises": 6_600.0,
    "county_clusters_revenue": 5.6e11,
    "county_clusters_enterprises": 3_100.0,
    "new_above_scale": 2_700.0,
    "loans": 4.5e11,
    "mlt_loans": 2.0e11,
    "loan_rate": 0.045,
    "accounting_residual": 3e-13,
    "tfp": 1.0,
}
BY_UNIT = {
    "yuan": 1e10,
    "enterprises": 500.0,
    "share": 0.3,
    "share a year": 0.06,
    "persons": 1e5,
    "tce": 1e8,
    "upgrades": 3_000.0,
    "clusters": 20.0,
}
GAIN = {"hefei": 0.02, "wuhu": -0.02}
"""What the document does to two cities; the others move by chance alone."""
TOTALS = ("yuan", "enterprises", "persons", "tce", "upgrades")
# What each scenario does to every total by 2027, against the reference.
EFFECT = {
    "without_document_55": 0.0,
    "as_issued": 0.02,
    "market_only": -0.03,
    "document_55_without_older": -0.012,
    "as_issued_without_award": 0.0199,
    "without_document_55_to_date": 0.004,
    "policy_to_date": 0.023,
}
MOST_RUNS = 64
"""Runs of the largest batch: noise is drawn for so many, so that batches of any size share it."""
RACING = (
    "hefei_nev",
    "hefei_voice",
    "tongling_copper",
    "bengbu_silicon",
    "luan_other_health_provincial",
)


def runs(triples: int, each: int, scenario: str = SCENARIO, end: int = 35) -> pd.DataFrame:
    """Draws and seeds of the joint batch and of the three side batches."""
    pairs = [(i, i) for i in range(1, triples + 1)]
    pairs += [(0, i) for i in range(1, each + 1)]
    pairs += [(10_000 + i, 1) for i in range(1, each + 1)]
    pairs += [(20_000 + i, 1) for i in range(1, each + 1)]
    frame = pd.DataFrame(pairs, columns=["draw", "seed"])
    return frame.assign(
        run_key=[f"{scenario}-{i:020x}" for i in range(len(pairs))],
        scenario=scenario,
        scenario_hash=HASHES["scenario"],
        population=HASHES["population"],
        model_hash=HASHES["model"],
        data_hash="d4d4d4d4d4",
        rows=12_000,
        start=0,
        end=end,
        record="all",
        values="{}",
        outside="{}",
        seconds=0.3,
        residual=4e-13,
    )


def write_store(folder: Path, triples: int = 12, each: int = 6) -> Path:
    """Write a store of the reference alone and return its folder."""
    batch = runs(triples, each)
    write_shard(folder, batch, outcomes_of(batch))
    write_manifest(folder, [SCENARIO])
    return folder


def write_compared_store(
    folder: Path, triples: int = 8, each: int = 3, *, cities: bool = False
) -> Path:
    """Write a store of every shipped scenario, two of them to 2032, with a ledger and clusters."""
    for scenario, effect in EFFECT.items():
        main = scenario in (SCENARIO, "as_issued")
        batch = runs(triples, each if main else 0, scenario, 55 if main else 35)
        years = range(2019, 2033 if main else 2028)
        found = [outcomes_of(batch, years, effect, fields=False)]
        if main:
            found.append(clusters_of(batch, effect))
        if main and cities:
            found.append(cities_of(batch, changed=scenario == "as_issued"))
        ledger = ledger_of(batch, new=scenario.startswith(("as_issued", "policy")))
        write_shard(folder, batch, pd.concat(found), ledger)
    write_manifest(folder, list(EFFECT))
    return folder


def outcomes_of(
    batch: pd.DataFrame, years: range = YEARS, effect: float = 0.0, *, fields: bool = True
) -> pd.DataFrame:
    """Outcomes of some runs: noise that all scenarios share, and an effect that grows from 2023."""
    rng = np.random.default_rng(7)
    spread = np.where(batch["draw"] == 0, 0.02, np.where(batch["draw"] > 20_000, 0.03, 0.04))
    units = [("province", "anhui", 1.0)]
    units += [("tier", name, SHARE[name]) for name in TIERS]
    if fields:
        units += [("field", name, 0.01 if name != "pv_storage" else 0.011) for name in FIELDS]
        units += [("size", "small", 0.3)]
    names: list[tuple[int, str, str, str]] = []
    values = []
    for outcome in OUTCOMES.values():
        base = LEVEL.get(outcome.id, BY_UNIT.get(outcome.unit, 1.0))
        total = outcome.unit in TOTALS
        for level, name, share in units:
            # Drawn for units that are left out too, so that scenarios share their noise.
            noise = rng.normal(size=MOST_RUNS)[: len(batch)] * spread
            if level not in outcome.levels:
                continue
            for year in years:
                steps = year - years[0]
                factor = 1.0 + effect * max(year - 2023, 0) / 4 * (1.0 + 10.0 * noise)
                names.append((year, level, name, outcome.id))
                values.append(
                    base
                    * (share if total else 1.0)
                    * (1 + (0.06 if total else 0.01)) ** steps
                    * np.exp(noise * (0.3 + 0.15 * steps))
                    * factor
                )
    return tidy(batch, names, values)


def clusters_of(batch: pd.DataFrame, effect: float) -> pd.DataFrame:
    """Score, titles and value added of a few racing clusters."""
    rng = np.random.default_rng(11)
    names: list[tuple[int, str, str, str]] = []
    values = []
    for place, cluster in enumerate(RACING):
        luck = rng.normal(size=MOST_RUNS)[: len(batch)]
        score = 75.0 - 12.0 * place + 4.0 * luck
        for year in range(2023, 2028):
            titled = (score + 2.0 * (year - 2023) > 55.0) & (year > 2023) & (effect > 0.0)
            revoked = (luck < -1.0) & (year == 2027)
            made = 5e10 * (1.0 + (0.02 * (5 - place) + effect / 4) * (year - 2023))
            for outcome, value in (
                ("cluster_score", score),
                ("cluster_titled", np.where(revoked, 0.0, titled)),
                ("cluster_revoked", np.where(revoked & (effect > 0.0), 1.0, 0.0)),
                ("value_added", np.full(len(batch), made)),
            ):
                names.append((year, "cluster", cluster, outcome))
                values.append(value)
    return tidy(batch, names, values)


def cities_of(batch: pd.DataFrame, *, changed: bool) -> pd.DataFrame:
    """Outcomes of all cities: noise that both worlds share, and an effect on two cities."""
    rng = np.random.default_rng(5)
    names: list[tuple[int, str, str, str]] = []
    values = []
    for place, city in enumerate(CITIES):
        for outcome in places.SHOWN:
            luck = rng.normal(size=len(batch))
            beside = 1e-3 * np.where(np.arange(len(batch)) % 2, 1.0, -1.0)
            for year in range(2019, 2028):
                effect = GAIN.get(city, 0.0) * (1.0 + 0.1 * luck) + beside * (city not in GAIN)
                factor = 1.0 + effect * (changed and year == 2027)
                names.append((year, "city", city, outcome))
                values.append((place + 1) * 1e9 * (1.0 + 0.01 * luck) * factor)
    return tidy(batch, names, values)


def tidy(batch: pd.DataFrame, names: list[Any], values: list[Any]) -> pd.DataFrame:
    """Rows of the store: every run, for every name."""
    kinds = dict.fromkeys(("level", "unit_name", "outcome"), "category")
    rows = pd.DataFrame(names, columns=["year", *kinds]).astype(kinds)
    keys = batch[["run_key", "scenario", "draw", "seed"]]
    keys = keys.astype({"run_key": "category", "scenario": "category"})
    return pd.concat(
        [
            pd.concat([keys] * len(names), ignore_index=True),
            rows.loc[rows.index.repeat(len(batch))].reset_index(drop=True),
        ],
        axis=1,
    ).assign(value=np.concatenate(values).astype("float32"))


def ledger_of(batch: pd.DataFrame, *, new: bool) -> pd.DataFrame:
    """Money of some runs: with the document a quarter of 4 bn yuan a year goes to clusters."""
    rows = []
    for year in range(2019, 2028):
        steered = new and year > 2023
        for tier in TIERS:
            pooled = 5e8 if not steered else (2e8 if tier in SHARE_OF_STEERED else 4.5e8)
            rows.append((year, "special_funds", "pooled", tier, "rd_grant", "paid", pooled))
            rows.append((year, "older_programmes", "older", tier, "title_awards", "paid", 1e8))
            rows.append((year, "tax", "tax", tier, "rd_super_deduction", "forgone", 2e9))
            if steered and tier in SHARE_OF_STEERED:
                fund = ("special_funds", "steered", tier)
                rows.append((year, *fund, "digital_voucher", "paid", 3e8))
                rows.append((year, *fund, "cluster_award", "paid", 1e7))
                rows.append((year, *fund, "cluster_award", "committed", 2.5e7))
                stake = ("guidance_funds", "pooled", tier, "guidance_fund", "invested", 2e7)
                rows.append((year, *stake))
    columns = ["year", "fund", "origin", "tier", "lever", "kind", "yuan"]
    frame = pd.DataFrame(rows, columns=columns).assign(
        payer="province", city="hefei", payee="large", article="21"
    )
    frame = frame.merge(batch[["run_key", "draw"]], how="cross")
    return frame.assign(yuan=frame["yuan"] * (1.0 + frame["draw"] / 1e3)).drop(columns="draw")


SHARE_OF_STEERED = ("world", "national", "provincial")


def write_shard(
    folder: Path,
    batch: pd.DataFrame,
    outcomes: pd.DataFrame,
    ledger: pd.DataFrame | None = None,
) -> None:
    """Write what some runs made."""
    parts, name = {"outcomes": outcomes, "runs": batch}, shard_name(batch["run_key"])
    if ledger is not None:
        parts["ledger"] = ledger
    for kind, frame in parts.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        frame.to_parquet(folder / kind / name, index=False)


def write_manifest(folder: Path, scenarios: list[str]) -> None:
    """Note the batch."""
    facts = {"hash": HASHES["scenario"], "population": HASHES["population"]}
    entry = {
        "started": "2026-01-02T03:04:05+00:00",
        "command": f"jiqun run {' '.join(scenarios)}",
        "scenarios": dict.fromkeys(scenarios, facts),
        "model_hash": HASHES["model"],
        "versions": {"python": "3.13.0"},
    }
    manifest = {"store_version": STORE_VERSION, "batches": [entry]}
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
