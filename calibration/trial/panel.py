"""The simulated panel of a trial: who is eligible, who is treated, and what a study would see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from jiqun.calibration.emergent.arms import GREEN_CUT, Observed, equal_worth
from jiqun.calibration.facts import estimators as fit
from jiqun.calibration.panel import with_productivity
from jiqun.model.agents.enterprises import NEVER, Role
from jiqun.model.calendar import year_of
from jiqun.model.dimensions import CITIES, FIELDS
from jiqun.model.economy import energy
from jiqun.model.elementary import log
from jiqun.model.innovation.titles import high_tech_threshold
from jiqun.model.lever import always
from jiqun.model.policy.eligibility import eligible
from jiqun.model.randomness import uniform
from jiqun.scenarios.levers import declarations, issued

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from jiqun.calibration.trial.form import Scope, Shock
    from jiqun.calibration.trial.ready import Trial
    from jiqun.model import Population
    from jiqun.model.dimensions import Array
    from jiqun.model.lever import Lever
    from jiqun.model.scenario import Scenario

    Flag = npt.NDArray[np.bool_]
    Whole = npt.NDArray[np.int64]

LEAST_OF_SALES = 0.1
"""Part of a supplier's sales from which a customer is reported (US accounting rules: a tenth)."""


class TrialModel(Observed):
    """The panel with what trials measure beside, and a shock to some of the enterprises.

    Attributes:
        quarters: Sales of each enterprise, one table a quarter.
        hit: Enterprises under a shock to what they deliver.
        cut: Part of the sales asked for that they do not deliver.
        until: Last quarter of the shock.
    """

    def __init__(self, scenario: Scenario, rng: int, population: Population) -> None:
        super().__init__(scenario, rng, population)
        self.quarters: list[tuple[int, Whole, Array]] = []
        self.hit: Whole = np.zeros(0, dtype=np.int64)
        self.cut, self.until = 0.0, -1
        self._audited = self._adopted = np.zeros(len(self.enterprises))

    def step(self) -> None:
        """One quarter; projects looked at and made are counted."""
        e = self.enterprises
        self._hold_back()
        before = e.green_upgrades.copy()
        super().step()
        new = len(e) - len(before)
        # The draw by which the model decides who looks at a project.
        rate = self.parameters["audit_rate"] / 4.0
        looked = uniform(self.seed_of_run, "audit", e.id, self.quarter) < rate
        made = e.green_upgrades - np.pad(before, (0, new))
        self._audited = np.pad(self._audited, (0, new)) + looked
        self._adopted = np.pad(self._adopted, (0, new)) + made
        self.quarters.append((self.quarter, e.id.copy(), e.revenue.copy()))

    def _hold_back(self) -> None:
        """Those hit make as much less of what is asked as if that part of their inputs missed."""
        if self.quarter + 1 > self.until:
            return
        e, specific = self.enterprises, self.parameters["link_specific"]
        rows = np.flatnonzero(np.isin(e.id, self.hit) & (e.weight > 0.0))
        e.input_shortfall[rows] = min(self.cut / specific, 1.0)
        e.input_cover[rows] = 0.0

    def observe(self) -> None:
        """Record the year."""
        super().observe()
        alive = int((self.enterprises.weight > 0.0).sum())
        self._audited, self._adopted = np.zeros(alive), np.zeros(alive)

    def _payback(self) -> Array:
        """Years in which the next green project pays back at the price of energy that all pay."""
        e, p = self.enterprises, self.parameters
        one = np.ones(len(e))
        cost = energy.upgrade_cost(one, e.green_upgrades, p["cost_tce"], p["green_slope"])
        return cost / energy.price(p["energy_price"], self.energy_rise, 1.0)

    def _table(self) -> pd.DataFrame:
        e = self.enterprises
        interest = np.maximum(e.rate * (e.debt_short + e.debt_long), 1.0)
        notch = high_tech_threshold(e.year_revenue) * np.maximum(e.year_revenue, 1.0)
        return (
            super()
            ._table()
            .assign(
                role=e.role,
                unit_cost=e.unit_cost,
                plant_ratio=self.production.plant_ratio,
                payback=self._payback(),
                technique=e.energy_technique,
                audited=self._audited,
                adopted=self._adopted,
                rd_over_notch=e.year_rd_reported / notch,
                leverage=(e.debt_short + e.debt_long) / np.maximum(e.capital, 1.0),
                interest_cover=e.year_profit / interest,
                high_tech_title=e.high_tech > NEVER,
            )
        )


@dataclass(frozen=True)
class Chosen:
    """Who a trial is about.

    Attributes:
        eligible: Ids of those that treatment was open to.
        dose: Ids of the treated to the size of treatment; 1 where there is one size.
        score: Ids of the eligible to their place in the order of the score, 0 to 1.
        cities: Names of treated cities, where cities are treated.
    """

    eligible: Whole
    dose: Mapping[int, float]
    score: Mapping[int, float]
    cities: tuple[str, ...] = ()

    @property
    def treated(self) -> Whole:
        """Ids of the treated."""
        return np.array([i for i, size in self.dose.items() if size != 0.0], dtype=np.int64)


def choose(model: TrialModel, trial: Trial, repeat: int) -> Chosen:
    """Who is eligible and who is treated, from the columns at the end of the year before.

    Args:
        model: The run at the end of the year before treatment.
        trial: The trial.
        repeat: Number of the choice, from 0.
    """
    treat = trial.treat
    assert treat is not None
    last = model.years[-1]
    last = last[~last["exited"]]
    ids = last["id"].to_numpy()
    open_ = _open_to(model, trial)
    kept = np.isin(ids, open_)
    columns = {name: last[name].to_numpy() for name in ("employees", "revenue", "energy",
               "capital", "rd_over_notch", "leverage", "interest_cover", "age")}  # fmt: skip
    for name, least in treat.least.items():
        kept &= columns[name] >= least
    for name, most in treat.most.items():
        kept &= columns[name] <= most
    if treat.suppliers:
        kept &= np.isin(ids, _suppliers(model))
    part = last[kept]
    names = part["id"].to_numpy()
    dose, score, cities = _dose(model, trial, part, repeat)
    return Chosen(
        names, dict(zip(names.tolist(), dose.tolist(), strict=True)),
        dict(zip(names.tolist(), score.tolist(), strict=True)), cities,
    )  # fmt: skip


def _dose(
    model: TrialModel, trial: Trial, part: pd.DataFrame, repeat: int
) -> tuple[Array, Array, tuple[str, ...]]:
    """Size of treatment and score of each eligible enterprise, and the cities treated."""
    assert trial.treat is not None
    assign, seed = trial.treat.assign, model.seed_of_run
    name = f"trial {trial.written.study} {repeat}"
    score, cities = np.full(len(part), np.nan), tuple[str, ...]()
    if assign.by == "cities":
        order = np.argsort(uniform(seed, name, np.arange(len(CITIES))), kind="stable")
        treated = np.sort(order[: round((assign.share or 0.0) * len(CITIES))])
        cities = tuple(CITIES[i] for i in treated)
        dose = np.isin(part["city"].to_numpy(), treated)
    elif assign.by == "score":
        score = safety(part)
        dose = score >= (assign.cutoff or 0.0)
    elif assign.by == "notch":
        low, high = assign.window or (0.0, np.inf)
        ratio = part["rd_over_notch"].to_numpy()
        dose = (ratio >= low) & (ratio < high)
    elif assign.by == "all":
        dose = np.ones(len(part), dtype=bool)
    else:
        unit = part["id"].to_numpy()
        if assign.by == "region_field":
            unit = part["city"].to_numpy() * len(FIELDS) + part["field"].to_numpy()
        lot, levels = uniform(seed, name, unit), assign.levels
        if levels:
            place = np.minimum((lot * len(levels)).astype(int), len(levels) - 1)
            return np.array(levels, dtype=float)[place], score, cities
        dose = lot < (assign.share or 0.0)
    return dose.astype(float), score, cities


def safety(part: pd.DataFrame) -> Array:
    """Place of each in the order of risk, 0 the riskiest and 1 the safest, by weight.

    The index is the mean of the places by leverage, by interest cover and by age.
    """
    w = part["weight"].to_numpy()
    signs = (("leverage", -1.0), ("interest_cover", 1.0), ("age", 1.0))
    mean = sum(_place(sign * part[name].to_numpy(), w) for name, sign in signs)
    return _place(np.asarray(mean), w)


def _place(values: Array, weight: Array) -> Array:
    order = np.argsort(values, kind="stable")
    place = np.empty(len(values))
    through = weight[order].cumsum()
    place[order] = (through - 0.5 * weight[order]) / max(through[-1], 1e-12)
    return place


def _open_to(model: TrialModel, trial: Trial) -> Whole:
    """Ids in the groups that the file names and every lever of the treatment serves."""
    assert trial.treat is not None
    e, given = model.enterprises, trial.treat.who
    groups = {} if given is None else given.model_dump(exclude_none=True)
    mask = in_groups(model, groups)
    for lever in trial.treatment:
        mask &= eligible(lever, e, trial.start)
    return e.id[mask]


def in_groups(model: TrialModel, groups: Mapping[str, list[str]]) -> Flag:
    """Enterprises in every one of some groups."""
    any_lever = issued(next(iter(declarations().values())))
    who = always({name: tuple(ids) for name, ids in groups.items()})
    return eligible(replace(any_lever, who=who), model.enterprises, model.quarter)


def _suppliers(model: TrialModel) -> Whole:
    """Suppliers that sell a reported part of what they make to one leader; leaders are none."""
    supplier, _, share = reported_links(model)
    e = model.enterprises
    rows = np.unique(supplier[share >= LEAST_OF_SALES])
    found: Whole = e.id[rows[e.role[rows] != Role.CHAIN_LEADER]]
    return found


def reported_links(model: TrialModel) -> tuple[Whole, Whole, Array]:
    """Links: row of the supplier, row of the leader, part of the supplier's sales."""
    e = model.enterprises
    linked = np.flatnonzero(model.network.links.number)
    at, leader, part = model.network.orders.parts(model.network.links, linked)
    supplier = linked[at]
    sold = part * model.network.orders.needs[leader]
    return supplier, leader, sold / np.maximum((e.weight * e.revenue)[supplier], 1.0)


@dataclass(frozen=True)
class Customers:
    """Leaders that suppliers sell a reported part of their sales to.

    Attributes:
        ids: The leaders.
        exposed: Whether one of its suppliers is hit.
        suppliers: Class by number of reported suppliers, of three: more of them, more are hit.
    """

    ids: Whole
    exposed: Flag
    suppliers: Whole


def customers(model: TrialModel, hit: Whole) -> Customers:
    """Leaders with reported suppliers, and whether one of these is hit."""
    e = model.enterprises
    supplier, leader, share = reported_links(model)
    told = share >= LEAST_OF_SALES
    rows, number = np.unique(leader[told], return_counts=True)
    struck = np.unique(leader[told & np.isin(e.id[supplier], hit)])
    edges = np.quantile(number, [1 / 3, 2 / 3]) if len(number) else np.zeros(2)
    return Customers(e.id[rows], np.isin(rows, struck), np.searchsorted(edges, number))


def treated_scenario(base: Scenario, trial: Trial, who: Chosen, values: Mapping[str, float]) -> (
    Scenario
):  # fmt: skip
    """The base with the levers of the treatment, at the treated and at the values of a draw.

    Args:
        base: The base at the values of the draw.
        trial: The trial.
        who: Who is treated.
        values: Parameter to value.
    """
    made: list[Lever] = []
    for lever in trial.treatment:
        drawn = lever.with_draw(values)
        made += _served(drawn, trial, who)
    names = {lever.id for lever in made}
    kept = tuple(lever for lever in base.levers if lever.id not in names)
    return replace(base, levers=(*kept, *made))


def _served(lever: Lever, trial: Trial, who: Chosen) -> list[Lever]:
    """A lever of the treatment, aimed at the treated; one a level where doses differ."""
    assert trial.treat is not None
    by = trial.treat.assign.by
    if by in ("all", "notch"):
        return [lever]
    if by == "cities":
        groups = lever.groups(trial.start)
        return [replace(lever, who=always({**groups, "city": who.cities}))]
    made = []
    for size in sorted(set(who.dose.values()) - {0.0}):
        ids = tuple(str(i) for i, dose in who.dose.items() if dose == size)
        # Who is treated in the study stays so, whatever class it grows or shrinks into.
        aimed = replace(lever, who=always({"id": ids}))
        if size != 1.0:
            aimed = replace(aimed.sized(size, trial.start), id=f"{lever.id}_{size:g}")
        made.append(aimed)
    return made


def shocked_scenario(base: Scenario, shock: Shock, start: int) -> Scenario:
    """The base under a shock that is the same for all: energy dearer by what a grant is worth.

    Both are per tce saved in a year, the grant now and the savings over the life of a project.

    Args:
        base: The scenario without the shock.
        shock: The shock; its points are those of a grant on green outlays.
        start: First quarter of the shock (index).
    """
    rise = equal_worth(base.parameters, base.outside.loan_rate_in(year_of(start)))
    rise *= shock.points / 100.0 / GREEN_CUT
    lever = issued(declarations()["energy_price"])
    dearer = replace(lever, start=start, origin="later", terms={"rise": ((start, rise),)})
    kept = tuple(each for each in base.levers if each.id != lever.id)
    return replace(base, levers=(*kept, dearer))


def cut_for(points: float, speed: float, quarters: int) -> float:
    """Part of the sales asked for to hold back each quarter, for sales to lie `points` lower.

    Buyers come back to what a seller sells by `speed` of the gap in a quarter, so what is held back
    adds up: r' = (1 - c) ((1 - speed) r + speed), with r the level over one without.

    Args:
        points: Fall of sales in the last quarter, percentage points.
        speed: Part of the gap in market share that is closed in a quarter.
        quarters: Quarters it lasts.
    """

    def level(cut: float) -> float:
        now = 1.0
        for _ in range(quarters):
            now = (1.0 - cut) * ((1.0 - speed) * now + speed)
        return now

    return float(brentq(lambda cut: level(cut) - (1.0 - points / 100.0), 0.0, 1.0))


def in_scope(model: TrialModel, scope: Scope, who: Chosen) -> Whole:
    """Ids of the enterprises that a study saw, at the end of the year before treatment.

    Args:
        model: A run at the end of the year before treatment.
        scope: What the study asks of an enterprise.
        who: The eligible and the treated.
    """
    last = model.years[-1]
    last = last[~last["exited"]]
    kept = np.ones(len(last), dtype=bool)
    if scope.above_scale:
        kept &= last["above"].to_numpy()
    if scope.with_rd:
        kept &= (last["rd_reported"] > 0.0).to_numpy()
    if scope.leaders:
        kept &= (last["role"] == Role.CHAIN_LEADER).to_numpy()
    if scope.staff_under is not None:
        kept &= (last["employees"] < scope.staff_under).to_numpy()
    if scope.eligible:
        kept &= np.isin(last["id"].to_numpy(), who.eligible)
    if scope.who is not None:
        rows = in_groups(model, scope.who.model_dump(exclude_none=True))
        kept &= np.isin(last["id"].to_numpy(), model.enterprises.id[rows])
    if scope.largest is not None and kept.any():
        sales, weight = last["revenue"].to_numpy(), last["weight"].to_numpy()
        kept &= sales >= float(fit.quantile(sales[kept], weight[kept], 1.0 - scope.largest))
    return np.asarray(last["id"].to_numpy()[kept])


def panel_of(model: TrialModel) -> pd.DataFrame:
    """Enterprises by year, sorted, with log productivity.

    `tfp` is the index at cost shares; `tfp_revenue` is revenue productivity with inputs at their
    revenue elasticities, which studies of proxies of productivity estimate.
    """
    frame = pd.concat(model.years, ignore_index=True).sort_values(["id", "year"], kind="stable")
    frame = with_productivity(frame.reset_index(drop=True))
    sigma = model.parameters["sigma"]
    made = frame["value_added_real"].to_numpy()
    logs = log(np.maximum(made, 1.0))
    tfp = (sigma - 1.0) / sigma * frame["tfp"].to_numpy() + logs / sigma
    return frame.assign(tfp_revenue=np.where(made > 0.0, tfp, np.nan))


def sales_growth(model: TrialModel) -> pd.DataFrame:
    """Growth of each enterprise's sales over the same quarter a year before, log."""
    parts = [
        pd.DataFrame({"id": ids, "quarter": quarter, "sales": sales})
        for quarter, ids, sales in model.quarters
    ]
    frame = pd.concat(parts, ignore_index=True)
    before = frame.assign(quarter=frame["quarter"] + 4).rename(columns={"sales": "before"})
    both = frame.merge(before, on=["id", "quarter"])
    both = both[(both["sales"] > 0.0) & (both["before"] > 0.0)]
    return both.assign(growth=np.log(both["sales"] / both["before"]))
