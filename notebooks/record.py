"""What is on record of the model's worth: its fit, its forecasts, its facts, what the data see.

Each part is read from what the calibration stored; a part that was never computed is absent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jiqun.calibration.backtest import data as backtest_data
from jiqun.calibration.backtest import page as backtest_page
from jiqun.calibration.fitting.space import DUMMY
from jiqun.calibration.outlook import reasons
from jiqun.calibration.trial import page as trial_page
from jiqun.calibration.trial.verdicts import counts
from jiqun.experiments.runs import adopted
from jiqun.model.region import REGION
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jiqun.calibration.trial.verdicts import Verdict

RESULTS = REGION.results
STATES = ("identified", "bounded", "unseen")
YES_NO = {"yes": True, "no": False}


@dataclass(frozen=True)
class Skill:
    """A stored back-test.

    Attributes:
        scores: Its scores, as `jiqun backtest --json` gives them.
        points: A row a forecast; errors in points for growth, 100 times the log ratio for levels.
        unfitted: Scores with parameters that are not fitted, where `scores` are of fitted ones.
    """

    scores: Mapping[str, Any]
    points: pd.DataFrame
    unfitted: Mapping[str, Any] | None

    @property
    def verdict(self) -> int:
        """1 if the forecasts beat the rival, -1 if they lose, 0 if the interval holds both."""
        low, high = self.scores["rmse_ratio_low"], self.scores["rmse_ratio_high"]
        return int(high < 1.0) - int(low > 1.0)


@dataclass(frozen=True)
class Trials:
    """Published trials that were run again.

    Attributes:
        made: Verdicts on their rows, in the order of the table.
        draws: Draws that the estimates are means over.
        model: Versions of the model that made them.
    """

    made: tuple[Verdict, ...]
    draws: int
    model: frozenset[str]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many rows there are, are tests, are counted, and came out inside and outside."""
        return counts(self.made)


@dataclass(frozen=True)
class Record:
    """What is on record; None where it was not computed.

    Attributes:
        fit: Provenance of the fit.
        figures: A row a published figure, with its target: published, allowed, median, low, high,
            inside, covered, reason.
        parameters: A row a parameter: state, spread after over before, group.
        agreement: A row a fitted parameter: both methods' means and spreads, in prior spreads.
        recovered: A row a parameter, found again or not in histories whose parameters are known.
        other_seed: A row an effect, beside that under a fit with another seed.
        skill: The back-test; of fitted parameters where there is one.
        facts: A row a stylised fact that was measured; `chosen` if something was chosen by it.
        pictures: Points of the pictures of the facts.
        trials: Published trials, run again on the simulated enterprises.
        adopted: Whether the fit is one that was adopted, which forecasts and facts are not of.
    """

    fit: Mapping[str, Any] | None
    figures: pd.DataFrame | None
    parameters: pd.DataFrame | None
    agreement: pd.DataFrame | None
    recovered: pd.DataFrame | None
    other_seed: pd.DataFrame | None
    skill: Skill | None
    facts: pd.DataFrame | None
    pictures: pd.DataFrame | None
    trials: Trials | None
    adopted: bool

    @property
    def fitted(self) -> pd.DataFrame:
        """The figures that were fitted; empty without a fit."""
        if self.figures is None:
            return pd.DataFrame(columns=["inside", "covered"])
        return self.figures[self.figures["use"] == "fit"]

    @property
    def must(self) -> pd.DataFrame:
        """The measured facts that must hold; empty where none was measured."""
        if self.facts is None:
            return pd.DataFrame(columns=["passed", "chosen"])
        return self.facts[self.facts["must"] == "yes"]

    @property
    def met(self) -> int:
        """Fitted figures whose median is within the error."""
        return int(self.fitted["inside"].sum())

    @property
    def held(self) -> int:
        """Facts that must hold and do."""
        return int(self.must["passed"].sum())

    @property
    def chosen(self) -> int:
        """Those of them by which a rule or parameter was chosen: a fit, no test."""
        return int((self.must["passed"] & self.must["chosen"]).sum())

    @property
    def states(self) -> dict[str, int]:
        """Number of parameters by what the fit learnt of them; empty without a fit."""
        if self.parameters is None:
            return {}
        return {state: int((self.parameters["state"] == state).sum()) for state in STATES}


def read_record(folder: Path = RESULTS) -> Record:
    """Read what the calibration left.

    Args:
        folder: Folder of shipped results; an adopted fit and adopted trials go before them.
    """
    of_fit = adopted.in_use(adopted.FIT, folder)
    fit = of_fit / "fit.json"
    return Record(
        json.loads(fit.read_text("utf-8")) if fit.is_file() else None,
        _figures(of_fit / "figures.csv"),
        _parameters(of_fit / "parameters.csv"),
        _rows(of_fit / "agreement.csv"),
        _rows(folder / "recover.csv"),
        _rows(of_fit / "other_seed.csv"),
        _skill(folder),
        _facts(folder / "facts.csv"),
        _rows(folder / "facts_pictures.csv"),
        _trials(adopted.in_use(adopted.TRIALS, folder / adopted.TRIALS)),
        of_fit != folder,
    )


def _rows(path: Path) -> pd.DataFrame | None:
    return pd.read_csv(path) if path.is_file() else None


def _figures(path: Path) -> pd.DataFrame | None:
    rows = _rows(path)
    if rows is None:
        return None
    targets = {row.id: row for row in table("calibration_targets")}
    known = rows[rows["id"].isin(targets)]
    # Reasons may have been looked into after the fit, so they are read where they are kept.
    return known.assign(
        target=known["id"].map(targets),
        inside=known["inside"].map(YES_NO),
        covered=known["covered"].map(YES_NO),
        reason=known["id"].map(reasons()).fillna(""),
    )


def _parameters(path: Path) -> pd.DataFrame | None:
    rows = _rows(path)
    if rows is None:
        return None
    groups = {row.name: row.group for row in table("parameters")}
    known = rows[rows["name"].isin(groups)]
    return known.assign(group=known["name"].map(groups))


def _facts(path: Path) -> pd.DataFrame | None:
    rows = _rows(path)
    if rows is None:
        return None
    measured = rows[rows["key"].notna()]
    # What was measured before anything was chosen by a fact has no such column.
    return measured.assign(chosen=measured["fitted"].notna() if "fitted" in measured else False)


def _trials(path: Path) -> Trials | None:
    if not path.is_file():
        return None
    rows = trial_page.stored(path)
    made = tuple(trial_page.current(rows))
    return Trials(made, int(rows["draw"].nunique()), frozenset(rows["model"].astype(str)))


def _skill(folder: Path) -> Skill | None:
    found = backtest_page.stored(backtest_data.protocol(), folder)
    if not found:
        return None
    names = list(found)
    scores, rows = found[names[-1]]
    points = pd.DataFrame(rows).replace("", np.nan)
    numbers = ("published", "p05", "p95", "error", "rival_error")
    points = points.assign(
        **{name: points[name].astype(float) for name in numbers},
        year=points["year"].astype(int),
        origin=points["origin"].astype(int),
        inside=points["inside_90"] == "True",
    )
    for bound in ("p05", "p95"):
        # As the scores measure errors: points for growth, 100 times the log ratio for levels.
        ratio = np.maximum(points[bound], 1e-12) / points["published"]
        points[f"{bound}_error"] = np.where(
            points["kind"] == "growth",
            points[bound] - points["published"],
            100.0 * np.log(np.where(points["kind"] == "growth", 1.0, ratio)),
        )
    return Skill(scores, points, found[names[0]][0] if len(names) > 1 else None)


def of_parameters(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of parameters without the dummy."""
    return rows[rows["name"] != DUMMY]
