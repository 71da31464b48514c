"""A yearly panel of enterprises from a run, as a statistical office would hold it.

The model drops enterprises that leave when it closes a year. The panel is read just before, so that
it holds each enterprise up to the year it leaves in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jiqun.model import ClusterPolicyModel, build_population
from jiqun.model.agents.enterprises import NEVER
from jiqun.model.dimensions import FIELDS

if TYPE_CHECKING:
    from jiqun.model import Population
    from jiqun.model.dimensions import Array
    from jiqun.model.scenario import Scenario

POPULATION_SEED = 1


class PanelModel(ClusterPolicyModel):
    """The model with a memory: it behaves as the model does and draws nothing of its own.

    Attributes:
        years: One table a completed year, as `panel` gives them.
    """

    def __init__(self, scenario: Scenario, rng: int, population: Population) -> None:
        super().__init__(scenario, rng=rng, population=population)
        self.years: list[pd.DataFrame] = []
        self._plant = self._flow = np.zeros(len(self.enterprises))

    def step(self) -> None:
        """One quarter; plant bought and cash earned are added up, as the model keeps no sums."""
        before = self.enterprises.capital.copy()
        super().step()
        e = self.enterprises
        new = len(e) - len(before)
        kept = 1.0 - self.parameters["capital_depreciation"] / 4.0
        bought = np.zeros(len(e))
        alive = e.weight[: len(before)] > 0.0
        bought[: len(before)][alive] = (e.capital[: len(before)] - kept * before)[alive]
        self._plant = np.pad(self._plant, (0, new)) + np.maximum(bought, 0.0)
        self._flow = np.pad(self._flow, (0, new)) + self.accounts.cash_flow

    def observe(self) -> None:
        """Record the outcomes of the year, and the enterprises."""
        super().observe()
        self.years.append(self._table())
        alive = int((self.enterprises.weight > 0.0).sum())
        self._plant, self._flow = np.zeros(alive), np.zeros(alive)

    def _table(self) -> pd.DataFrame:
        e, p = self.enterprises, self.parameters
        weight, exited = e.weight.copy(), np.zeros(len(e), dtype=bool)
        for rows, gone in self.counts.exits:
            # A row that has left may be drawn to leave again, with nothing left to weigh.
            weight[rows] += gone
            exited[rows] = True
        price = self.markets.price[e.field]
        return pd.DataFrame(
            {
                "id": e.id,
                "year": self.year,
                "weight": weight,
                "exited": exited,
                "field": e.field,
                "age": (self.quarter + 1 - e.founded) / 4.0,
                "plant": e.plant,
                "above": e.above_scale,
                "was_above": e.was_above_scale,
                "revenue": e.year_revenue,
                "revenue_real": e.year_revenue / price,
                "value_added": e.year_value_added,
                "value_added_real": e.year_value_added_real,
                "wages": e.year_wages,
                "employees": e.employees,
                "capital": e.capital,
                "capital_real": e.capital / self.markets.plant_price[e.field],
                "plant_bought": self._plant,
                "cash_flow": self._flow,
                "profit": e.year_profit,
                "debt": e.debt_short + e.debt_long,
                "rate": e.rate,
                "user_cost": e.rate + p["capital_depreciation"],
                "rd": e.year_rd,
                "rd_reported": e.year_rd_reported,
                "rd_cost": self.innovation.rd_cost_ratio,
                "rd_active": e.rd_active,
                "knowledge": e.knowledge,
                "digital_stage": e.digital_stage,
                "energy": e.year_energy,
                "tax_forgone": e.year_tax_forgone,
                "high_tech": e.high_tech > NEVER,
                "titled": (e.srdi > NEVER) | (e.little_giant > NEVER),
                "productivity": e.productivity,
            }
        )


def panel(
    scenario: Scenario, seed: int, until: int, population: Population | None = None
) -> pd.DataFrame:
    """Enterprises by year, sorted by enterprise and year, with productivity and its lags.

    Args:
        scenario: The scenario.
        seed: Seed of the run.
        until: Last year.
        population: Population at the start; built if absent.
    """
    if population is None:
        population = build_population(
            scenario.province, scenario.parameters, scenario.rows, POPULATION_SEED
        )
    model = PanelModel(scenario, seed, population)
    model.run_until_year(until)
    frame = pd.concat(model.years, ignore_index=True).sort_values(["id", "year"], kind="stable")
    return with_productivity(frame.reset_index(drop=True))


def with_productivity(frame: pd.DataFrame) -> pd.DataFrame:
    """Add log productivity by index number: real value added less inputs at their field's shares.

    The share of labour is that of wages in wages and the user cost of plant, pooled over the
    enterprises above scale of a field.
    """
    above = frame["above"] & (frame["value_added_real"] > 0.0)
    weight = frame["weight"] * above
    sums = [
        np.bincount(frame["field"], weight * cost, len(FIELDS))
        for cost in (frame["wages"], frame["user_cost"] * frame["capital"])
    ]
    total = sums[0] + sums[1]
    share = np.where(total > 0.0, sums[0] / np.where(total > 0.0, total, 1.0), 0.5)
    labour = share[frame["field"]]
    inputs = labour * _log(frame["employees"]) + (1.0 - labour) * _log(frame["capital_real"])
    tfp = _log(frame["value_added_real"]) - inputs
    return frame.assign(tfp=np.where(np.isfinite(tfp), tfp, np.nan))


def lag(frame: pd.DataFrame, column: str, years: int = 1) -> Array:
    """A column some years before, NaN where the enterprise was not there; sorted frames only.

    Args:
        frame: A panel with `id` and `year`, sorted by id and then year.
        column: Name of the column.
        years: How many years before.
    """
    values = frame[column].to_numpy(dtype=np.float64)
    ids, year = frame["id"].to_numpy(), frame["year"].to_numpy()
    result = np.full(len(values), np.nan)
    if years < len(values):
        same = (ids[years:] == ids[:-years]) & (year[years:] - year[:-years] == years)
        result[years:][same] = values[:-years][same]
    return result


def _log(values: pd.Series[float]) -> Array:
    numbers = values.to_numpy(dtype=np.float64)
    return np.log(np.where(numbers > 0.0, numbers, np.nan))
