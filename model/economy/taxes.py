"""Costs and taxes: from revenue to profit, and the two sides of value added."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from jiqun.model.elementary import compiled

if TYPE_CHECKING:
    from jiqun.model.dimensions import Array

Flag = npt.NDArray[np.bool_]
Four = tuple["Array", "Array", "Array", "Array"]


CENTRE = {"vat": 0.5, "income": 0.6}
"""Share of the centre in a tax (rules.csv, tax_sharing)."""


def payers(tax: str, province: float) -> dict[str, float]:
    """Who bears a tax that is forgone.

    Args:
        tax: ``vat`` or ``income``.
        province: The province's part of the local share.
    """
    local = 1.0 - CENTRE[tax]
    return {"centre": CENTRE[tax], "province": local * province, "city": local * (1.0 - province)}


@dataclass(frozen=True)
class IncomeTaxRates:
    """Corporate income tax in force: rates, and limits of taxable income in yuan a year."""

    ordinary: float
    high_tech: float
    small_limit: float
    small_first_limit: float
    small_first: float
    small_rest: float


@dataclass
class Accounts:
    """Income statement of a quarter, yuan, one array an item, shape (rows,)."""

    revenue: Array
    materials: Array
    energy_cost: Array
    vat: Array
    surcharges: Array
    services: Array
    wages: Array
    interest: Array
    depreciation: Array
    rd: Array
    other_income: Array

    @cached_property
    def _sides(self) -> tuple[Array, Array, Array]:
        """Value added, profit and the income side."""
        value_added, profit, income = sides = tuple(np.empty((3, len(self.revenue))))
        bought = (self.materials, self.energy_cost, self.surcharges, self.services)
        paid = (self.wages, self.interest, self.depreciation, self.rd)
        _close(self.revenue, self.other_income, self.vat, bought, paid, sides)
        return value_added, profit, income

    @property
    def value_added(self) -> Array:
        """Production side: sales with VAT payable, less what was bought in."""
        return self._sides[0]

    @property
    def profit(self) -> Array:
        """Profit before income tax: receipts less costs (VAT collected is passed on)."""
        return self._sides[1]

    @property
    def income_side(self) -> Array:
        """Wages, production tax, interest, depreciation, services, R&D, profit, less subsidies."""
        return self._sides[2]


@compiled(
    "void(float64[::1], float64[::1], float64[::1], UniTuple(float64[::1], 4),"
    " UniTuple(float64[::1], 4), UniTuple(float64[::1], 3))"
)
def _close(
    revenue: Array,
    other_income: Array,
    vat: Array,
    bought: Four,
    paid: Four,
    sides: tuple[Array, ...],
) -> None:
    """Write value added, profit and the income side of accounts to `sides`, yuan."""
    materials, energy_cost, surcharges, services = bought
    wages, interest, depreciation, rd = paid
    value_added, profit, income = sides
    for i in range(len(revenue)):
        value_added[i] = revenue[i] + vat[i] - materials[i] - energy_cost[i]
        costs = materials[i] + energy_cost[i] + surcharges[i] + services[i] + wages[i]
        profit[i] = revenue[i] + other_income[i] - (costs + interest[i] + depreciation[i] + rd[i])
        earned = wages[i] + vat[i] + surcharges[i] + interest[i] + depreciation[i]
        income[i] = earned + services[i] + rd[i] + profit[i] - other_income[i]


def income_tax(
    profit: Array, losses: Array, deduction: Array, high_tech: Flag, small: Flag,
    rates: IncomeTaxRates,
) -> tuple[Array, Array, Array, Array]:  # fmt: skip
    """Corporate income tax of a quarter.

    A deduction is worth something only as far as there is profit to tax.

    Args:
        profit: Profit before tax, yuan a quarter.
        losses: Losses carried forward, yuan.
        deduction: Extra deduction claimed for R&D, yuan a quarter.
        high_tech: Holds the high-tech title.
        small: Small enough in staff and assets for the small low-profit rates.
        rates: Rates in force.

    Returns:
        Tax, tax forgone by the deduction, losses carried forward, income that is taxed; yuan,
        shape (rows,).
    """
    tax, forgone, carried, taxed = found = tuple(np.empty((4, len(profit))))
    terms = (
        rates.ordinary, rates.high_tech, rates.small_limit, rates.small_first_limit,
        rates.small_first, rates.small_rest,
    )  # fmt: skip
    _assess(profit, losses, deduction, high_tech, small, terms, found)
    return tax, forgone, carried, taxed


@compiled("float64(float64, float64, boolean, float64, float64, float64, float64)")
def _tax_on(
    base: float, rate: float, small: bool, limit: float, first_limit: float, first_rate: float,
    rest_rate: float,
) -> float:  # fmt: skip
    """Tax on the taxable income of a quarter, yuan; small enterprises pay by steps of a year's."""
    yearly = 4.0 * base
    first = yearly if yearly < first_limit else first_limit
    reduced = (first_rate * first + rest_rate * (yearly - first)) / 4.0
    full = base * rate
    return reduced if small & (yearly <= limit) & (reduced < full) else full


@compiled(
    "void(float64[::1], float64[::1], float64[::1], boolean[::1], boolean[::1],"
    " UniTuple(float64, 6), UniTuple(float64[::1], 4))"
)
def _assess(
    profit: Array, losses: Array, deduction: Array, high_tech: Flag, small: Flag,
    rates: tuple[float, float, float, float, float, float], found: tuple[Array, ...],
) -> None:  # fmt: skip
    """Write tax, tax forgone, losses carried forward and taxable income to `found`, yuan."""
    ordinary, titled, limit, first_limit, first_rate, rest_rate = rates
    tax, forgone, carried, taxed = found
    for i in range(len(profit)):
        gross = max(profit[i], 0.0)
        used = min(losses[i], gross)
        before = gross - used
        taken = min(deduction[i], before)
        rate = titled if high_tech[i] else ordinary
        base = before - taken
        tax[i] = _tax_on(base, rate, small[i], limit, first_limit, first_rate, rest_rate)
        # Where nothing is deducted the two are equal, and nothing is forgone.
        whole = _tax_on(before, rate, small[i], limit, first_limit, first_rate, rest_rate)
        forgone[i] = max(whole - tax[i], 0.0)
        carried[i] = losses[i] - used + max(-profit[i], 0.0) + (deduction[i] - taken)
        taxed[i] = base


def rd_user_cost[T: (float, Array)](rate: T, extra: T | float, usable: T) -> T:
    """User cost of R&D that is expensed (B-index, Warda 2001; Hall and Jorgenson 1967).

    `(1 - rate * (1 + extra * usable)) / (1 - rate)`, with `usable` the share of the extra deduction
    that is claimed and finds profit to be set against.

    Args:
        rate: Rate of income tax, one number or shape (rows,).
        extra: Extra deduction for a yuan of R&D, a share; one number or shape (rows,).
        usable: Share of the extra deduction that is claimed and used, as `rate`.
    """
    return (1.0 - rate * (1.0 + extra * usable)) / (1.0 - rate)
