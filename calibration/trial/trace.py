"""A trial followed link by link: the treated against the same enterprises without the treatment.

``python -m jiqun.calibration.trial.trace R15a --draws 4`` prints, by class of size, who has the
treatment and what changes at each link from what was bought to sales, jobs and energy, in the last
year of the row's panel. Nothing is stored: it tells where an estimate comes from, and gives none.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jiqun.calibration.trial import panel as panels
from jiqun.calibration.trial.estimators import SPIKE
from jiqun.calibration.trial.files import chosen
from jiqun.calibration.trial.runs import ARMS, Bench, branches, values_in
from jiqun.experiments.runs.draws import draws
from jiqun.experiments.runs.ensemble import in_use
from jiqun.model.calendar import quarter_index, year_of
from jiqun.scenarios.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from jiqun.calibration.trial.ready import Outcomes, Trial
    from jiqun.experiments.runs.draws import Draw
    from jiqun.model.dimensions import Array

    Flag = npt.NDArray[np.bool_]

SIZES = ("large", "medium", "small", "below scale")
LOGS = {
    "plant": "capital", "sales": "revenue", "output": "value_added_real", "jobs": "employees",
    "energy": "energy", "R&D": "rd", "R&D reported": "rd_reported", "loans": "debt",
}  # fmt: skip
"""Links that are looked at in logs, with their column of the panel."""


def trace(
    trial: Trial, row: Outcomes, draw: Draw, bench: Bench, arm: str = "as_is"
) -> pd.DataFrame:
    """Links of a row by class of enterprises, the mean over the choices of the treated.

    Args:
        trial: The trial.
        row: The row: its years, and its border of staff where small are set against large.
        draw: The draw.
        bench: Runs of the draw.
        arm: As it is, off or doubled.
    """
    assert row.panel is not None
    first, last = year_of(trial.start), row.panel.after[1]
    values, found = values_in(row, arm, draw, trial.written.parameters), []
    for base, branch in branches(trial, row, arm, draw, bench):
        without = panels.panel_of(bench.history(base, quarter_index(last + 1, 1)))
        passed = values.get("cost_passed", base.parameters["cost_passed"])
        per = row.spec.per if len(set(branch.who.dose.values()) - {0.0}) > 1 else None
        found.append(
            links(
                without, branch.frame, branch.who.dose, (first, last), passed, row.spec.small, per
            )
        )
    return pd.concat(found).groupby(level=0, sort=False).mean()


def links(
    without: pd.DataFrame, treated: pd.DataFrame, dose: Mapping[int, float],
    years: tuple[int, int], passed: float, small: float | None = None, per: float | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Paired means by link and class; changes in percent are logs times 100.

    Args:
        without: The panel without the treatment.
        treated: That of the same run with it.
        dose: Enterprise to the size of its treatment.
        years: First and last year of the treatment.
        passed: Part of a change of unit cost that enters the price.
        small: Staff under which an enterprise is small; classes of the model if absent.
        per: Rise of a price that changes are brought to, where doses differ.
    """
    before = without[without["year"] == years[0] - 1].set_index("id")
    two = _pairs(without, treated, years)
    two = two[two.index.isin(before.index)]
    base = before.loc[two.index]
    size = two.index.map(dose).to_numpy(dtype=float)
    served = np.nan_to_num(size) != 0.0
    if small is None:
        classes = {name: base["size"].to_numpy() == i for i, name in enumerate(SIZES)}
    else:
        few = base["employees"].to_numpy() < small
        classes = {f"under {small:g} staff": few, f"{small:g} staff and more": ~few}
    groups = {"treated": served, **{name: served & rows for name, rows in classes.items()}}
    groups["others"] = ~served
    scale = np.ones(len(two))
    if per is not None:
        scale[served] = np.log1p(per) / np.log1p(per * size[served])
    made = _changes(two, base, passed, scale)
    weight = two["weight"].to_numpy(dtype=float)
    columns = {name: _means(made, two, weight, rows) for name, rows in groups.items()}
    return pd.DataFrame(columns)


def _pairs(without: pd.DataFrame, treated: pd.DataFrame, years: tuple[int, int]) -> pd.DataFrame:
    """Enterprises that are there at the end of both runs, with sums over the years of treatment."""
    both = []
    for frame in (without, treated):
        part = frame[(frame["year"] >= years[0]) & (frame["year"] <= years[1])]
        held = part["capital"] - part["plant_bought"]
        spike = part["plant_bought"] > SPIKE * np.maximum(held, 1.0)
        part = part.assign(spikes=part["plant_bought"] * spike, spike=spike)
        sums = part.groupby("id")[
            ["subsidy", "plant_bought", "spikes", "spike", "audited", "adopted"]
        ].sum()
        end = part[(part["year"] == years[1]) & ~part["exited"]].set_index("id")
        both.append(end.drop(columns=list(sums)).join(sums))
    return both[0].merge(both[1], left_index=True, right_index=True, suffixes=("", "_arm"))


def _changes(
    two: pd.DataFrame, base: pd.DataFrame, passed: float, scale: Array
) -> dict[str, Array]:
    """Change of each link at each enterprise, with treatment less without."""
    grant = (two["subsidy_arm"] - two["subsidy"]).to_numpy()
    plant = np.maximum(base["capital"].to_numpy(dtype=float), 1.0)
    bought = (two["plant_bought_arm"] - two["plant_bought"]).to_numpy()
    spikes = (two["spikes_arm"] - two["spikes"]).to_numpy()
    cost = (two["unit_cost_arm"] - two["unit_cost"]).to_numpy()
    # Less than a hundredth of a percent of plant is what other things move, no grant.
    made: dict[str, Array] = {
        "with a grant, %": grant > 1e-4 * plant,
        "grant, % of plant": grant / plant,
        "plant bought without, % of plant": two["plant_bought"].to_numpy() / plant,
        "plant bought, % of plant": bought / plant,
        "of it in years of a spike, % of plant": spikes / plant,
        "enterprises with another number of spikes, %": np.asarray(
            two["spike_arm"] != two["spike"]
        ),
        "plant over that wanted, %": np.log(two["plant_ratio_arm"] / two["plant_ratio"]),
        "unit cost, %": cost,
        "price (unit cost passed on), %": passed * cost,
    }
    for name, column in LOGS.items():
        made[f"{name}, %"] = _log(two[f"{column}_arm"]) - _log(two[column])
    made["jobs over output, %"] = made["jobs, %"] - made["output, %"]
    made["energy over output, %"] = made["energy, %"] - made["output, %"]
    made["technique, %"] = _log(two["technique_arm"]) - _log(two["technique"])
    made["green upgrades, a hundred enterprises"] = (two["green_arm"] - two["green"]).to_numpy()
    made["productivity, %"] = (two["productivity_arm"] - two["productivity"]).to_numpy()
    titled, before = (
        two["high_tech_arm"].to_numpy(dtype=float),
        two["high_tech"].to_numpy(dtype=float),
    )
    made["high-tech title, points"] = titled - before
    return {name: 100.0 * scale * np.asarray(each, dtype=float) for name, each in made.items()}


def _means(
    made: Mapping[str, Array], two: pd.DataFrame, weight: Array, rows: Flag
) -> dict[str, float]:
    told = {"enterprises": float(weight[rows].sum())}
    for name, each in made.items():
        known = rows & np.isfinite(each)
        told[name] = _mean(each[known], weight[known])
    jobs, with_it = (weight * two[f"employees{end}"].to_numpy(dtype=float) for end in ("", "_arm"))
    total = max(float(jobs[rows].sum()), 1.0)
    told["jobs of all together, %"] = 100.0 * (float(with_it[rows].sum()) / total - 1.0)
    told["payback of a green project, years"] = _mean(
        two["payback_arm"].to_numpy()[rows], weight[rows]
    )
    looked = float((weight * two["audited_arm"])[rows].sum())
    took = float((weight * two["adopted_arm"])[rows].sum())
    told["green projects carried out, %"] = 100.0 * took / looked if looked else np.nan
    return told


def _mean(values: Array, weight: Array) -> float:
    return float(np.average(values, weights=weight)) if weight.sum() else np.nan


def _log(values: pd.Series[float]) -> Array:
    numbers = values.to_numpy(dtype=float)
    return np.log(np.where(numbers > 0.0, numbers, np.nan))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the links of rows."""
    parser = argparse.ArgumentParser(
        prog="python -m jiqun.calibration.trial.trace", description=__doc__
    )
    parser.add_argument("rows", nargs="+", help="ids of rows, names of trials, or files")
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--enterprises", type=int, default=2_500)
    parser.add_argument("--arm", choices=ARMS, default="as_is")
    given = parser.parse_args(arguments)
    try:
        asked = chosen(given.rows)
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 2
    for trial, ids in asked:
        for row in (each for each in trial.rows if each.id in ids and each.represented):
            found = []
            for draw in draws(trial.base, range(1, given.draws + 1), in_use()):
                bench = Bench(draw.index, given.enterprises)
                found.append(trace(trial, row, draw, bench, given.arm))
            mean = pd.concat(found).groupby(level=0, sort=False).mean()
            assert row.panel is not None
            print(f"{row.id}, {given.arm}, {row.panel.after[1]}, {given.draws} draws")
            print(mean.to_string(float_format=lambda value: f"{value:.3g}"), end="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
