"""A store of made-up numbers: the shape of a real one, without the minutes it takes to run."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.store import STORE_VERSION
from model.outcomes import OUTCOMES
from model.scenario import FIELDS, TIERS

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
}
TOTALS = ("yuan", "enterprises", "persons", "tce", "upgrades")


def runs(triples: int, each: int) -> pd.DataFrame:
    """Draws and seeds of the joint batch and of the three side batches."""
    pairs = [(i, i) for i in range(1, triples + 1)]
    pairs += [(0, i) for i in range(1, each + 1)]
    pairs += [(10_000 + i, 1) for i in range(1, each + 1)]
    pairs += [(20_000 + i, 1) for i in range(1, each + 1)]
    frame = pd.DataFrame(pairs, columns=["draw", "seed"])
    return frame.assign(
        run_key=[f"{i:020x}" for i in range(len(pairs))],
        scenario=SCENARIO,
        scenario_hash=HASHES["scenario"],
        population=HASHES["population"],
        model_hash=HASHES["model"],
        data_hash="d4d4d4d4d4",
        rows=12_000,
        start=0,
        end=35,
        record="all",
        values="{}",
        outside="{}",
        seconds=0.3,
        residual=4e-13,
    )


def write_store(folder: Path, triples: int = 12, each: int = 6) -> Path:
    """Write a store and return its folder."""
    batch = runs(triples, each)
    rng = np.random.default_rng(7)
    spread = np.where(batch["draw"] == 0, 0.02, np.where(batch["draw"] > 20_000, 0.03, 0.04))
    units = [("province", "anhui", 1.0)]
    units += [("tier", name, SHARE[name]) for name in TIERS]
    units += [("field", name, 0.01 if name != "pv_storage" else 0.011) for name in FIELDS]
    names: list[tuple[int, str, str, str]] = []
    values = []
    for outcome in OUTCOMES.values():
        base = LEVEL.get(outcome.id, BY_UNIT.get(outcome.unit, 1.0))
        pace = 0.06 if outcome.unit in TOTALS else 0.01
        for level, name, share in units:
            if level not in outcome.levels:
                continue
            start = base * (share if outcome.unit in TOTALS else 1.0)
            noise = rng.normal(size=len(batch)) * spread
            for year in YEARS:
                steps = year - YEARS[0]
                names.append((year, level, name, outcome.id))
                values.append(start * (1 + pace) ** steps * np.exp(noise * (0.3 + 0.15 * steps)))
    rows = pd.DataFrame(names, columns=["year", "level", "unit_name", "outcome"])
    outcomes = pd.concat(
        [
            pd.concat(
                [batch[["run_key", "scenario", "draw", "seed"]]] * len(names), ignore_index=True
            ),
            rows.loc[rows.index.repeat(len(batch))].reset_index(drop=True),
        ],
        axis=1,
    ).assign(value=np.concatenate(values).astype("float32"))
    for kind, frame in (("outcomes", outcomes), ("runs", batch)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        frame.to_parquet(folder / kind / "0001.parquet", index=False)
    facts = {"hash": HASHES["scenario"], "population": HASHES["population"]}
    entry = {
        "command": "jiqun run without_document_55",
        "scenarios": {SCENARIO: facts},
        "model_hash": HASHES["model"],
        "versions": {"python": "3.13.0"},
    }
    manifest = {"store_version": STORE_VERSION, "batches": [entry]}
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return folder
