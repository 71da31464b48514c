"""Costs and taxes: from revenue to profit, and the two sides of value added."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from jiqun.model.dimensions import Array

Flag = npt.NDArray[np.bool_]


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
    def value_added(self) -> Array:
        """Production side: sales with VAT payable, less what was bought in."""
        return self.revenue + self.vat - self.materials - self.energy_cost

    @cached_property
    def profit(self) -> Array:
        """Profit before income tax: receipts less costs (VAT collected is passed on)."""
        costs = (
            self.materials + self.energy_cost + self.surcharges + self.services + self.wages
            + self.interest + self.depreciation + self.rd
        )  # fmt: skip
        return self.revenue + self.other_income - costs

    @property
    def income_side(self) -> Array:
        """Wages, production tax, interest, depreciation, services, R&D, profit, less subsidies."""
        return (
            self.wages + self.vat + self.surcharges + self.interest + self.depreciation
            + self.services + self.rd + self.profit - self.other_income
        )  # fmt: skip


def income_tax(
    profit: Array, losses: Array, deduction: Array, high_tech: Flag, small: Flag,
    rates: IncomeTaxRates,
) -> tuple[Array, Array, Array]:  # fmt: skip
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
        Tax, tax forgone by the deduction, losses carried forward; yuan, shape (rows,).
    """
    used, before, taken = _set_off(profit, losses, deduction)
    tax = _tax_on(before - taken, high_tech, small, rates)
    # Where nothing is deducted nothing is forgone.
    rows, forgone = np.flatnonzero(taken), np.zeros(len(tax))
    forgone[rows] = _tax_on(before[rows], high_tech[rows], small[rows], rates) - tax[rows]
    carried = losses - used + np.maximum(-profit, 0.0) + (deduction - taken)
    return tax, np.maximum(forgone, 0.0), carried


def taxable(profit: Array, losses: Array, deduction: Array) -> Array:
    """Income that is taxed in a quarter, yuan, shape (rows,).

    Args:
        profit: Profit before tax, yuan a quarter, shape (rows,).
        losses: Losses carried forward, yuan, shape (rows,).
        deduction: Extra deduction claimed for R&D, yuan a quarter, shape (rows,).
    """
    _, before, taken = _set_off(profit, losses, deduction)
    return before - taken


def _set_off(profit: Array, losses: Array, deduction: Array) -> tuple[Array, Array, Array]:
    """Losses set against profit, profit that is left, and what of it is deducted, yuan."""
    gross = np.maximum(profit, 0.0)
    used = np.minimum(losses, gross)
    before = gross - used
    return used, before, np.minimum(deduction, before)


def _tax_on(base: Array, high_tech: Flag, small: Flag, rates: IncomeTaxRates) -> Array:
    yearly = 4.0 * base
    first = np.minimum(yearly, rates.small_first_limit)
    reduced = (rates.small_first * first + rates.small_rest * (yearly - first)) / 4.0
    full = base * np.where(high_tech, rates.high_tech, rates.ordinary)
    return np.where(small & (yearly <= rates.small_limit), np.minimum(reduced, full), full)


def rd_user_cost(rate: Array, extra: Array | float, usable: Array) -> Array:
    """User cost of R&D that is expensed (B-index, Warda 2001; Hall and Jorgenson 1967).

    `(1 - rate * (1 + extra * usable)) / (1 - rate)`, with `usable` the share of the extra deduction
    that is claimed and finds profit to be set against.

    Args:
        rate: Rate of income tax, shape (rows,).
        extra: Extra deduction for a yuan of R&D, a share; one number or shape (rows,).
        usable: Share of the extra deduction that is claimed and used, shape (rows,).
    """
    return (1.0 - rate * (1.0 + extra * usable)) / (1.0 - rate)
