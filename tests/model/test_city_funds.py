"""Cities promise no more in a year than they have for new measures."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.model import ClusterPolicyModel
from jiqun.model.calendar import quarter_index
from jiqun.model.dimensions import CITIES
from jiqun.model.policy.budget import CITY_FUNDS
from jiqun.scenarios import load
from tests.model.policy import ISSUED, assert_same_run, books_of, entries, having, summed

ROWS = 1_200
LAST_OLD = quarter_index(2023, 4)
MANY = {"promoted_plants": 6.0, "promotion_incentive": 0.15, "city_match": 1.0}


@pytest.fixture(scope="module")
def asked():
    """Cities promise much, and pay for vouchers as well."""
    base = replace(load("policy_to_date"), rows=ROWS).with_draw(MANY, {})
    voucher = replace(ISSUED["digital_voucher"], fund=CITY_FUNDS, paid_by={"city": 1.0})
    return having(base, voucher)


@pytest.fixture(scope="module")
def under(asked, populate):
    past = ClusterPolicyModel(asked, rng=5, population=populate(ROWS))
    past.run_through(LAST_OLD)

    def run(ceiling, last=2026):
        model = past.branch(asked)
        model.parameters["city_fund_ceiling"] = ceiling
        model.run_until_year(last)
        return model

    return run


NEW = ["investment_promotion", "city_matching", "digital_voucher"]


@pytest.mark.parametrize("ceiling", [1e9, 3e8])
def test_no_city_promises_more_than_it_has(under, asked, ceiling):
    books = entries(books_of(under(ceiling)), kind="committed", lever=NEW, fund=CITY_FUNDS)
    weight = asked.province.city_weight / asked.province.city_weight.sum()
    sums = books.groupby(["year", "city"])["yuan"].sum()
    assert len(sums)
    for (_, city), yuan in sums.items():
        assert yuan <= ceiling * weight[CITIES.index(city)] + len(NEW)


def test_a_lower_ceiling_leaves_less(under):
    sums = [
        summed(books_of(under(ceiling)), kind="committed", lever=NEW, fund=CITY_FUNDS)
        for ceiling in (5e9, 1e9, 3e8)
    ]
    assert sums == sorted(sums, reverse=True)
    assert sums[-1] < sums[0]


def test_a_city_without_money_wins_no_plant(under):
    none = under(1.0)
    assert summed(books_of(none), lever="investment_promotion", kind="committed") == 0.0
    assert summed(books_of(none), lever="investment_promotion", origin="beside") == 0.0
    assert summed(books_of(none), lever="city_matching", kind="paid") <= 3.001


def test_measures_known_later_have_budgets_of_their_own(under):
    books = books_of(under(1.0))
    assert summed(books, lever="equipment_grant_hefei", kind="committed") > 0.0


def test_what_is_not_carried_out_goes_back(under):
    model = under(1e9, 2024)
    books = entries(books_of(model), kind="committed", lever=NEW, fund=CITY_FUNDS, year=2024)
    promised = books.groupby("city")["yuan"].sum().reindex(CITIES, fill_value=0.0)
    whole = 1e9 * model.policy.province.city_weight / model.policy.province.city_weight.sum()
    assert np.allclose(whole - model.city_funds.left, promised, atol=10.0)


def test_a_ceiling_that_nobody_meets_changes_nothing(under):
    assert_same_run(under(1e13), under(1e14))
