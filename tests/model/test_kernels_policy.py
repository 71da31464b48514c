"""Compiled loops of policy give what NumPy gives, to the last bit."""

from types import SimpleNamespace

import numpy as np
import pytest

from jiqun.model.dimensions import CITIES, SIZES, TIERS
from jiqun.model.policy import eligibility, ledger, offers, rationing
from tests.model.plain import eligibility as plain_eligibility
from tests.model.plain import ledger as plain_ledger
from tests.model.plain import offers as plain_offers
from tests.model.plain import rationing as plain_rationing

SEEDS, ROWS = range(20), (0, 1, 7, 5_000)
EDGES = np.array([0.0, 0.5, 1.0, 1.0 + 1e-15, 3.0, 3.0, 1e9, 1e16, 1e300])


def yuan(rng, rows):
    """Sums of money, a third of them at an edge."""
    usual = np.exp(rng.normal(10.0, 3.0, rows))
    return np.where(rng.random(rows) < 1 / 3, rng.choice(EDGES, rows), usual)


def assert_same_bits(one, other):
    assert one.dtype == other.dtype
    assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_queue_serves_whom_passes_over_it_serve(seed, rows):
    rng = np.random.default_rng(seed)
    wanted, cost, weight = rng.random(rows) < 0.7, yuan(rng, rows), rng.uniform(0.5, 3.0, rows)
    turn = rng.integers(0, max(rows // 2, 1), rows).astype(float)  # some come at one time
    asked = float((weight * cost)[wanted & (cost < 1e8)].sum())
    for capacity in (0.0, 0.5, 1.0, 0.01 * asked, 0.6 * asked, asked, 1e12, np.inf):
        given = wanted, cost, weight, turn, capacity
        assert_same_bits(rationing.serve(*given), plain_rationing.serve(*given))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_queue_rounds_as_passes_over_it_do(seed):
    """Claims of tenths that use a budget up: the last bit of what is left decides."""
    rng = np.random.default_rng(seed)
    for rows in rng.integers(2, 12, 300):
        cost, turn = 1.0 + rng.integers(0, 60, rows) / 10.0, rng.random(rows)
        capacity = float(rng.integers(1, 300)) / 10.0
        given = np.ones(rows, dtype=bool), cost, np.ones(rows), turn, capacity
        assert_same_bits(rationing.serve(*given), plain_rationing.serve(*given))


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("seed", SEEDS)
def test_sums_by_cell_are_those_of_all_rows_and_of_some(seed, rows):
    rng = np.random.default_rng(seed)
    e = SimpleNamespace(
        city=rng.integers(0, len(CITIES), rows),
        tier=rng.integers(0, len(TIERS), rows),
        size=rng.integers(0, len(SIZES), rows),
    )
    amount = np.where(rng.random(rows) < 0.5, -1.0, 1.0) * yuan(rng, rows)
    assert_same_bits(ledger.sums_by_cell(e, amount), plain_ledger.sums_by_cell(e, amount))
    some = rng.permutation(rows)[: rows // 2]
    one, other = (module.sums_by_cell(e, amount[some], some) for module in (ledger, plain_ledger))
    assert_same_bits(one, other)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("seed", SEEDS)
def test_those_of_groups_that_are_not_allowed_leave_the_mask(seed, rows):
    rng = np.random.default_rng(seed)
    mask, allowed = rng.random(rows) < 0.8, rng.random(6) < 0.5
    group, other = rng.integers(0, 6, rows), mask.copy()
    eligibility._keep_allowed(mask, allowed, group)
    plain_eligibility.keep_allowed(other, allowed, group)
    assert_same_bits(mask, other)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("seed", SEEDS)
def test_those_above_the_rate_of_take_up_leave_the_mask(seed, rows):
    rng = np.random.default_rng(seed)
    mask, cluster = rng.random(rows) < 0.8, rng.integers(-1, 6, rows)
    part = rng.choice((0.0, 0.7, 0.95, 1.0), 7)
    # Some places are the rate itself: they are not under it.
    place = np.where(rng.random(rows) < 0.2, 0.4 * part[cluster], rng.random(rows))
    other = mask.copy()
    eligibility._keep_claiming(mask, place, 0.4, part, cluster)
    plain_eligibility.keep_claiming(other, place, 0.4, part, cluster)
    assert_same_bits(mask, other)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("seed", SEEDS)
def test_size_classes_begin_at_their_limits(seed, rows):
    rng = np.random.default_rng(seed)
    limits = (299.9, 300.0, 999.9, 1000.0), (19.9e6, 20e6, 399.9e6, 400e6)
    employees, revenue = (rng.choice(edges, rows) for edges in limits)
    given = rng.random(rows) < 0.7, revenue, employees
    assert_same_bits(eligibility.size_class(*given), plain_eligibility.size_class(*given))


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_queue_that_draws_no_turns_serves_whom_turns_would(seed, rows):
    """Where money covers all claims, and where it is short by next to nothing or by much."""
    rng = np.random.default_rng(seed)
    e = SimpleNamespace(weight=rng.uniform(0.5, 3.0, 2 * rows), id=np.arange(2 * rows))
    some, asks = np.sort(rng.permutation(2 * rows)[:rows]), rng.random(rows) < 0.7
    asked = 1.0 + yuan(rng, rows) * (rng.random(rows) < 0.9)
    lever = SimpleNamespace(id="grant", value=lambda _term, _quarter, usual: usual)
    turn = rationing.priority(lever, e, some, asked, 1, 3)
    total = float((e.weight[some] * asked)[asks].sum())
    for left in (0.0, 0.5 * total, total - 2.0, total, total * (1.0 + 2e-9), 1e301, np.inf):
        queue = rationing.Queue(lever, e, some, asked, 1, 3)
        won, taken = queue.served(asks, left)
        expected = plain_rationing.serve(asks, asked, e.weight[some], turn, left)
        assert_same_bits(won, np.flatnonzero(expected))
        assert taken == (e.weight[some] * asked)[won].sum()
    assert "turn" not in vars(queue)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_offer_is_the_first_of_the_highest_rate(seed, rows):
    rng = np.random.default_rng(seed)
    rates = [0.2, 0.1, 0.2, 0.0, 0.3][: seed % 6]
    caps = [np.where(rng.random(rows) < 0.5, yuan(rng, rows), 0.0) for _ in rates]
    made = offers.Offer.best_of([None] * len(rates), rates, caps, rows)
    found = plain_offers.best_of(rates, caps, rows)
    for one, other in zip((made.lever, made.rate, made.cap), found, strict=True):
        assert_same_bits(one, other)
