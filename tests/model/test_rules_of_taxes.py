"""The rules of taxes and accounts: bounds and identities at any values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiqun.model.economy import taxes
from tests.model.strategies import MONEY, ROWS, flags, real, reals

RATES = taxes.IncomeTaxRates(
    ordinary=0.25, high_tech=0.15, small_limit=3e6, small_first_limit=1e6, small_first=0.05,
    small_rest=0.10,
)  # fmt: skip
PROFITS = reals(-1e9, 1e9)


@given(PROFITS, MONEY, MONEY, flags(), flags())
def test_income_tax_is_bounded_and_nothing_is_lost(profit, losses, deduction, high_tech, small):
    tax, forgone, carried, _ = taxes.income_tax(profit, losses, deduction, high_tech, small, RATES)
    gross = np.maximum(profit, 0.0)
    rate = np.where(high_tech, RATES.high_tech, RATES.ordinary)
    assert np.all((tax >= 0.0) & (tax <= rate * gross * (1.0 + 1e-12)))
    assert np.all(carried >= -1e-6)
    # What is not set against profit now is carried to later years.
    used = gross - (losses + deduction + np.maximum(-profit, 0.0) - carried)
    assert np.all(used >= -1e-4)
    untaxed, nothing, *_ = taxes.income_tax(profit, losses, np.zeros(ROWS), high_tech, small, RATES)
    assert np.all(nothing == 0.0)
    assert np.allclose(tax + forgone, untaxed, rtol=1e-12, atol=1e-6)


@given(PROFITS, MONEY, flags())
def test_a_deduction_is_worth_nothing_without_profit(profit, deduction, high_tech):
    profit = -np.abs(profit)
    tax, forgone, carried, _ = taxes.income_tax(
        profit, np.zeros(ROWS), deduction, high_tech, np.zeros(ROWS, bool), RATES
    )
    assert not tax.any()
    assert not forgone.any()
    assert np.allclose(carried, deduction - profit)


@given(PROFITS, MONEY, MONEY, flags())
def test_a_deduction_forgoes_at_most_its_rate(profit, losses, deduction, high_tech):
    _, forgone, *_ = taxes.income_tax(
        profit, losses, deduction, high_tech, np.zeros(ROWS, bool), RATES
    )
    rate = np.where(high_tech, RATES.high_tech, RATES.ordinary)
    assert np.all(forgone <= rate * deduction * (1.0 + 1e-9) + 1e-6)
    _, more, *_ = taxes.income_tax(
        profit, losses, 2.0 * deduction, high_tech, np.zeros(ROWS, bool), RATES
    )
    assert np.all(more >= forgone - 1e-6)


@given(st.lists(real(0.0, 1e7), min_size=2, max_size=2).map(sorted), st.booleans())
def test_more_profit_never_means_less_ordinary_tax(profits, high_tech):
    tax, *_ = taxes.income_tax(
        np.array(profits), np.zeros(2), np.zeros(2), np.full(2, high_tech), np.zeros(2, bool), RATES
    )
    assert tax[0] <= tax[1]


def test_small_low_profit_rates_are_by_published_steps():
    # 2 million yuan a year: 1 million at 5 %, the other at 10 %.
    tax, *_ = taxes.income_tax(
        np.array([0.5e6]), np.zeros(1), np.zeros(1), np.zeros(1, bool), np.ones(1, bool), RATES
    )
    assert 4.0 * tax[0] == pytest.approx(0.15e6)


@given(real(0.05, 0.25), real(0.0, 1.0), real(0.01, 1.0), real(0.05, 1.0))
def test_user_cost_of_rd_falls_with_the_deduction(rate, extra, more, usable):
    def cost(share, use):
        return taxes.rd_user_cost(np.array([rate]), share, np.array([use]))[0]

    assert cost(0.0, usable) == pytest.approx(1.0)
    assert cost(extra + more, usable) < cost(extra, usable)
    assert cost(extra + more, usable) <= cost(extra + more, 0.5 * usable)
    # At the lower rate a deduction is worth less.
    low = taxes.rd_user_cost(np.array([0.6 * rate]), extra + more, np.array([usable]))[0]
    assert low > cost(extra + more, usable)


@given(st.lists(MONEY, min_size=11, max_size=11))
def test_value_added_is_the_same_from_both_sides(items):
    books = taxes.Accounts(*items)
    scale = sum(float(item.sum()) for item in items) + 1.0
    assert np.abs(books.value_added - books.income_side).max() < 1e-12 * scale
