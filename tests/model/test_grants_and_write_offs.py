"""Grants for outlays are income that is taxed; digital and green outlays are written off."""

from dataclasses import replace

import numpy as np
import pytest

from tests.model.policy import ISSUED, changed, fork, having, of_year, run_to, setting, stage

ROWS = 1_200
ALL = {"take_up_start": 1.0, "take_up_full": 1.0}


@pytest.fixture(scope="module")
def bought(end_of_2023):
    """A quarter in which plant is bought with grants that are paid at once."""
    lever = changed(replace(ISSUED["equipment_grant"], terms={}), rate=0.2, cap=1e9, **ALL)
    of = setting(end_of_2023.policy, "special_funds", yearly=1e14)
    return run_to(fork(end_of_2023, having(of, lever)), "investment and finance")


def test_a_grant_for_plant_is_income_of_the_next_quarter_and_no_cash_then(bought):
    e = bought.enterprises
    assert e.grant_income.any()
    grant = e.grant_income.copy()
    one, other = fork(bought, bought.policy), fork(bought, bought.policy)
    other.enterprises.grant_income[:] = 0.0
    for model in (one, other):
        for name in ("innovation", "exit"):
            stage(name)(model)
        run_to(model, "costs and taxes")
    left = one.enterprises.weight > 0.0
    profit = one.enterprises.profit - other.enterprises.profit
    assert np.allclose(profit[left], one.enterprises.grant_income[left])
    assert np.allclose(one.enterprises.grant_income[left], grant[: len(left)][left])
    tax = profit - (one.accounts.profit_after_tax - other.accounts.profit_after_tax)
    assert np.all(tax >= -1e-6)
    assert tax.max() > 0.0
    # The cash was had when plant was bought: tax alone is paid now.
    assert np.allclose(
        (one.accounts.cash_flow - other.accounts.cash_flow)[left], -tax[left], atol=1e-3
    )


def test_digital_and_green_outlays_are_written_off_and_make_no_goods(bought):
    e, p = bought.enterprises, bought.parameters
    assert e.upgrades_value.max() > 0.0
    one, other = fork(bought, bought.policy), fork(bought, bought.policy)
    one.enterprises.upgrades_value[:] += 1e6
    for model in (one, other):
        run_to(model, "costs and taxes")
    a, b = one.enterprises, other.enterprises
    assert np.array_equal(a.revenue, b.revenue)
    assert np.array_equal(a.value_added, b.value_added)
    old = np.isin(a.id, e.id)
    assert np.allclose((b.profit - a.profit)[old], p["upgrade_depreciation"] / 4.0 * 1e6)
    # A cost without payment: what is left in hand is the tax saved.
    assert np.all(one.accounts.cash_flow >= other.accounts.cash_flow - 1e-3)


def test_books_close_with_grants_taxed_and_outlays_written_off(end_of_2023):
    of = setting(end_of_2023.policy, "special_funds", yearly=30e9)
    model = fork(end_of_2023, having(of, ISSUED["digital_voucher"]))
    model.run_until_year(2025)
    assert max(of_year(model, "accounting_residual").values()) < 1e-9
    assert model.enterprises.upgrades_value.sum() > 0.0


def test_value_added_without_vat_leaves_the_tax_out(end_of_2023):
    found = {}
    for rate in (0.13, 0.065):
        model = fork(end_of_2023, setting(end_of_2023.policy, "vat_rate", rate=rate))
        model.run_until_year(2024)
        found[rate] = [
            of_year(model, name)[2024] for name in ("value_added", "value_added_without_vat")
        ]
    whole, net = (found[0.065][i] / found[0.13][i] - 1.0 for i in (0, 1))
    assert whole < -0.01
    assert abs(net) < 0.1 * abs(whole)
