"""Compiled rules of market, costs and taxes give every bit of what whole columns give."""

import numpy as np
import pytest

from jiqun.model.economy import market, network, production, sales, supply, taxes, unit_cost
from tests.model.plain import market as plain_market
from tests.model.plain import production as plain_production
from tests.model.plain import supply as plain_supply
from tests.model.plain import taxes as plain_taxes
from tests.model.plain import unit_cost as plain_unit_cost

FIELDS = 10
RATES = taxes.IncomeTaxRates(0.25, 0.15, 3e6, 1e6, 0.05, 0.10)

sizes = pytest.mark.parametrize("rows", [0, 1, 7, 5_000])


def columns(rows):
    """Maker of columns up to a size: many are nothing, others equal, some huge."""
    rng = np.random.default_rng(rows)

    def column(most=1e6, least=0.0, length=rows):
        values = rng.uniform(least, most, length)
        kind = rng.random(length)
        values[kind < 0.1] = max(least, 0.0)
        values[(kind > 0.1) & (kind < 0.3)] = most
        values[(kind > 0.3) & (kind < 0.31)] = 1e9 * most
        return values

    return rng, column, rng.random(rows) < 0.5, rng.integers(0, FIELDS, rows)


def links(rng, rows):
    """Links to the first tenth of the rows, more than one from most that have any."""
    many = 2 * rows
    return network.Links.of(
        rng.integers(0, max(rows, 1), many) // 2 * 2, rng.integers(0, 1 + rows // 10, many), rows
    )


def same(found, expected):
    """Equal to the last bit, whatever the sign of a zero."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal((one + 0.0).view(np.int64), (other + 0.0).view(np.int64))


def written(kernel, number, rows, *given):
    """What a kernel writes into so many columns."""
    result = tuple(np.empty((number, rows)))
    kernel(*given, result)
    return result


@sizes
def test_accounts(rows):
    _, column, _, _ = columns(rows)
    books = taxes.Accounts(*(column() for _ in range(11)))
    same((books.value_added, books.profit, books.income_side), plain_taxes.sides(books))


@sizes
def test_income_tax(rows):
    rng, column, high_tech, _ = columns(rows)
    profit, losses, deduction = column(1e6, -1e6), column(5e5), column(2e5)
    losses[rng.random(rows) < 0.5] = 0.0
    given = profit, losses, deduction, high_tech, rng.random(rows) < 0.8, RATES
    same(taxes.income_tax(*given), plain_taxes.income_tax(*given))


@sizes
def test_user_cost_of_rd(rows):
    rng, column, high_tech, _ = columns(rows)
    given = (high_tech, rng.random(rows) < 0.5), (column(1.2), column(1.0), column(0.5))
    before, rates = (0.75, 0.6), (RATES.ordinary, RATES.high_tech)
    start = tuple(
        taxes.rd_user_cost(rate, before[0], usable) for rate in rates for usable in (0.0, before[1])
    )
    saved = rng.integers(-1, 5, rows), column(0.1, 0.0, 6), 0.05
    found = written(production._rd_terms, 2, rows, *given, start, rates, *saved)
    same(found, plain_production.rd_terms(*given, before, rates, *saved))


@sizes
def test_what_is_borne(rows):
    _, column, _, _ = columns(rows)
    given = tuple(column() for _ in range(8)), (0.03, 0.05, 0.09, 0.2)
    same(written(production._bear, 4, rows, *given), plain_production.bear(*given))


@sizes
def test_what_is_added_to_the_sums_of_the_year(rows):
    _, column, _, _ = columns(rows)
    sums, amounts = (tuple(column(1e6, -1e6) for _ in range(12)) for _ in range(2))
    expected = [one + other for one, other in zip(sums, amounts, strict=True)]
    production._add(sums, amounts)
    same(sums, expected)


@sizes
def test_what_is_made(rows):
    _, column, _, field = columns(rows)
    energy = column(1e-4), column(1e-4), column(1.5)
    by_field = column(2.0, 0.5, FIELDS), column(0.6, -0.2, FIELDS)
    given = column(1e8), column(0.5), energy, field, *by_field, (0.04, 0.03), 3_000.0
    same(written(production._make, 6, rows, *given), plain_production.make(*given))


@sizes
def test_employees(rows):
    _, column, _, field = columns(rows)
    of_rows = column(1e-5), column(1e7), column(1.5), column(2.0, 0.5)
    given = of_rows, field, column(2.0, 0.5, FIELDS), 0.3, 2e4
    employees, wages = column(1e3), np.empty(rows)
    expected = plain_production.employ(*given, employees)
    production._employ(*given, employees, wages)
    same((employees, wages), expected)


@sizes
def test_where_what_is_earned_goes(rows):
    _, column, _, _ = columns(rows)
    given = tuple(column(1e6, -1e6) for _ in range(8)), tuple(column() for _ in range(5))
    same(written(production._flow, 5, rows, *given), plain_production.flow(*given))


@sizes
def test_labour_by_plant(rows):
    _, column, _, _ = columns(rows)
    given, log_ratio = (column(0.3), column(0.2)), column(1.0, -1.0)
    expected = plain_unit_cost.of_labour(*given, log_ratio)
    unit_cost._of_labour(*given, log_ratio)
    same([log_ratio], [expected])


@sizes
def test_competitiveness_and_the_way_to_it(rows):
    _, column, _, _ = columns(rows)
    given = *(column(3.0, -3.0) for _ in range(4)), 3.5
    same([market._log_mass(*given)], [plain_market.log_mass(*given)])
    given = column(), column(), column(1.3, 0.7), 0.25
    same([market.adjust_revenue(*given)], [plain_market.adjust_revenue(*given)])


@sizes
def test_what_is_expected_of_sales(rows):
    _, column, _, _ = columns(rows)
    rated, sums = column(), (column(), column(), column())
    # Some sell what the plant makes at its ceiling, which is not under it.
    revenue = np.where(column(1.0) < 0.3, 1.1 * rated, column())
    given = revenue, column(), rated, 1.1, 0.4
    expected = plain_market.expect(*given, sums)
    sales._expect(*given, sums)
    same(sums, expected)


@sizes
def test_shares_in_cost(rows):
    _, column, _, _ = columns(rows)
    given = (column(1e-5), column(2.0), column(0.5), column(3.0)), 6e4, 0.96, 0.15, 1.5
    plant, labour = np.empty((2, rows))
    unit_cost._shares(*given, plant, labour)
    same((plant, labour), plain_unit_cost.shares(*given))


@sizes
def test_cost_by_plant(rows):
    _, column, _, _ = columns(rows)
    given, log_ratio = (column(0.3), column(0.2), 0.5), column(1.0, -1.0)
    expected = plain_unit_cost.of_plant(*given, log_ratio)
    unit_cost._of_plant(*given, log_ratio)
    same([log_ratio], [expected])


@sizes
def test_cost_by_energy(rows):
    _, column, _, field = columns(rows)
    energy = column(1e-4), column(1e-4), column(1.5), column(0.5)
    given = energy, field, column(2.0, 0.5, FIELDS), 0.96, 3_000.0, column(2.0)
    found = column(0.2, -0.2)
    expected = found + plain_unit_cost.of_energy(*given)
    unit_cost._of_energy(*given, found)
    same([found], [expected])


@sizes
def test_plant_in_place(rows):
    _, column, running, field = columns(rows)
    given = (column(), column(3.0), column(1e5)), field, column(0.5, 0.1, FIELDS), running, 0.3, 3.0
    found = np.empty((2, rows))
    unit_cost._plant_in_place(*given, *found)
    same(found, plain_unit_cost.plant_in_place(*given))


@sizes
@pytest.mark.parametrize("demand", [0.0, 1e9, 1e14])
def test_sales_within_plant(rows, demand):
    rng, column, _, field = columns(rows)
    wanted = column()
    most = np.where(rng.random(rows) < 0.2, wanted, column())
    most[rng.random(rows) < 0.1] = np.inf
    given = wanted, most, column(50.0), field, np.full(FIELDS, demand)
    same([market.sold(*given)], [plain_market.sold(*given)])


@sizes
def test_deliveries(rows):
    rng, column, _, _ = columns(rows)
    net = links(rng, rows)
    given = column(), column(), column(1.0)
    found = filled, fall = np.zeros((2, rows))
    supply._fill(net.first, *given, filled, fall)
    same(found, plain_supply.fill(net, *given))


@sizes
def test_inputs_that_leaders_miss(rows):
    rng, column, some, _ = columns(rows)
    net, short = links(rng, rows), np.flatnonzero(some)
    orders = supply.Orders(column(), column(), column())
    fall = column(1.0, -1.0)[short]
    stocks = supply.covered(fall, 0.3, 0.5)
    found = missing, cover = np.zeros((2, rows))
    ordered = orders.mass, orders.bought, orders.needs
    supply._add_up(net.first, net.leader, short, fall, stocks, ordered, missing, cover)
    same(found, plain_supply.add_up(net, short, fall, stocks, orders))


@sizes
def test_sales_through_links(rows):
    rng, column, asking, _ = columns(rows)
    net, mass, bought = links(rng, rows), column(), column()
    carried = np.zeros(rows)
    network._carry(net.supplier, net.leader, mass, carried)
    same([carried], [plain_supply.carried(net, mass)])
    linked = np.zeros(rows)
    network._carry(net.leader, net.supplier, bought, linked)
    same([linked], [plain_supply.linked(net, bought)])
    given = net, bought, linked, asking
    same([network.asked(*given)], [plain_supply.asked(*given)])
