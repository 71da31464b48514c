"""What a calibration leaves behind, made up: the files that the report reads its worth from."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jiqun.calibration.backtest.data import protocol
from jiqun.calibration.facts import run as facts
from jiqun.calibration.fitting.space import DUMMY
from jiqun.calibration.trial.files import all_trials
from jiqun.calibration.trial.runs import COLUMNS, DRAWS
from jiqun.scenarios.tables import table

FITTED = ("rev_2021", "rev_2023", "vag_2019", "lg_2022", "pv_2023")
MISSED = "lg_2022"
HELD_OUT = "ht_2021"
SPREADS = {"rd_adjust_speed": 0.2, "drift": 0.9, "gamma_RD": 1.0, "special_fund_sum": 1.0}
SERIES = {"as_va_growth": (6.0, 8.0), "as_revenue": (50_000.0, 47_000.0), "pv_revenue": (2e3, 9e2)}
SCORES = {
    "points": 6, "series": 3, "rmse": 22.2, "rmse_ratio": 1.31, "rmse_ratio_low": 1.06,
    "rmse_ratio_high": 1.61, "crps": 10.9, "crps_ratio": 0.88, "coverage_50": 0.36,
    "coverage_90": 0.84,
}  # fmt: skip


def write_record(folder: Path, *, fitted_forecasts: bool = False) -> Path:
    """Write every file and return the folder."""
    figures().to_csv(folder / "figures.csv", index=False)
    parameters().to_csv(folder / "parameters.csv", index=False)
    agreement().to_csv(folder / "agreement.csv", index=False)
    other_seed().to_csv(folder / "other_seed.csv", index=False)
    recovered().to_csv(folder / "recover.csv", index=False)
    measured().to_csv(folder / "facts.csv", index=False)
    pictures().to_csv(folder / "facts_pictures.csv", index=False)
    trials().to_csv(folder / "trials.csv", index=False)
    fit = {"members": 200, "model_hash": "another", "dummy_spread": 0.98}
    (folder / "fit.json").write_text(json.dumps(fit), "utf-8")
    for training in ("prior", "posterior") if fitted_forecasts else ("prior",):
        forecasts().to_csv(folder / f"backtest_{training}.csv", index=False)
        text = json.dumps(scores(training))
        (folder / f"backtest_{training}.json").write_text(text, "utf-8")
    return folder


def trials() -> pd.DataFrame:
    """Estimates of all shipped trials: amid the band, and out of it without the mechanism."""
    rows = []
    for trial in all_trials():
        for row in trial.rows:
            low, high = row.published.low, row.published.high
            for draw in range(1, DRAWS + 1):
                for arm, at in (("as_is", 0.5), ("off", -1.0), ("doubled", 2.0)):
                    value = low + (at + 1e-3 * draw) * (high - low)
                    rows.append((row.id, draw, arm, value, np.nan, "", draw, 800, trial.digest))
    made = pd.DataFrame(rows, columns=COLUMNS[: len(rows[0])])
    return made.assign(model="m", data="d", fit="f")


def figures() -> pd.DataFrame:
    """Fitted figures, one of them missed by two errors and a half, and one that was kept out."""
    known = {row.id: row for row in table("calibration_targets")}
    rows = []
    for name in (*FITTED, HELD_OUT):
        value = known[name].value
        allowed = 0.0 if name == HELD_OUT else 0.04 * value
        off = -2.5 if name == MISSED else 0.5
        middle = value + off * allowed
        inside = "" if name == HELD_OUT else "no" if name == MISSED else "yes"
        rows.append(
            {
                "id": name, "use": "test" if name == HELD_OUT else "fit", "year": known[name].year,
                "unit": known[name].unit, "published": value, "allowed": allowed, "before": middle,
                "median": middle, "low": 0.95 * middle, "high": 1.05 * middle, "inside": inside,
                "covered": "yes", "reason": "",
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def parameters() -> pd.DataFrame:
    """Parameters of which the figures see one."""
    states = ["identified" if spread < 0.5 else "unseen" for spread in SPREADS.values()]
    return pd.DataFrame({"name": list(SPREADS), "state": states, "spread": list(SPREADS.values())})


def agreement() -> pd.DataFrame:
    """Both methods on the fitted parameters."""
    return pd.DataFrame({"name": [*SPREADS][:2], "mean": 0.1, "mean_chain": 0.2, "apart": 0.3})


def other_seed() -> pd.DataFrame:
    """Three effects, one of which moved with the seed."""
    return pd.DataFrame({"outcome": "value_added", "within": [True, True, False]})


def recovered() -> pd.DataFrame:
    """Parameters found again, and the dummy, which is not."""
    names = ["rd_adjust_speed", "drift", DUMMY]
    found = pd.DataFrame({"name": names, "state": ["identified", "unseen", "unseen"]})
    return found.assign(spread=[0.2, 0.9, 1.0], covered=[0.85, 0.9, 0.9], sets=20)


def measured() -> pd.DataFrame:
    """Two facts that must hold, one of which does, and one that need not."""
    said = facts.words()["facts"]
    rows: list[dict[str, Any]] = [
        {"key": "exit_rate", "must": "yes", "passed": True, "fitted": None},
        {"key": "size_tail", "must": "yes", "passed": False, "fitted": None},
        {"key": "labour_share", "must": "no", "passed": True, "fitted": "a parameter"},
    ]
    found = pd.DataFrame(rows)
    found["asks"] = [said[key]["asks"] for key in found["key"]]
    return found.assign(fact=found["key"], value=-0.07, low=-0.08, high=-0.06, seeds=8)


def pictures() -> pd.DataFrame:
    """Points of every picture."""
    x = np.linspace(0.05, 2.0, 20)
    parts = [
        pd.DataFrame({"fact": fact, "series": "simulated", "x": x, "y": 0.1 / x})
        for fact in facts.facts_picture.TITLES
    ]
    return pd.concat(parts, ignore_index=True)


def scores(training: str) -> dict[str, Any]:
    """Scores as a back-test leaves them."""
    ratios = dict(zip(SERIES, (0.8, 0.4, 1.7), strict=True))
    by_series = {name: SCORES | {"rmse_ratio": ratio} for name, ratio in ratios.items()}
    return {
        "training": training,
        "origins": [2021, 2022],
        "hindsight": protocol().hindsight,
        "cuts": {"series": by_series},
        "first_method": SCORES | {"rmse_ratio": 1.38, "coverage_90": 0.72},
        **SCORES,
    }


def forecasts() -> pd.DataFrame:
    """A forecast of 2023 by series and origin, and one set apart."""
    rows = []
    for name, (published, forecast) in (*SERIES.items(), ("little_giant_cumulative", (599, 310))):
        growth = name == "as_va_growth"
        for origin in (2021, 2022):
            error = forecast - published if growth else 100 * np.log(forecast / published)
            rows.append(
                {
                    "indicator": name, "kind": "growth" if growth else "level", "origin": origin,
                    "year": 2023, "published": published, "forecast": forecast,
                    "p05": 0.7 * forecast, "p95": 1.3 * forecast, "error": error,
                    "rival_error": -error, "inside_90": abs(error) < 30.0,
                    "apart": "a quota" if name.startswith("little") else "",
                }
            )  # fmt: skip
    return pd.DataFrame(rows)
