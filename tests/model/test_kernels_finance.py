"""Loops of investment, loans and outlays give the bits of the operations that they replace."""

import numpy as np
import pytest

from jiqun.model import model as peers
from jiqun.model.accounting import YUAN
from jiqun.model.agents.enterprises import NEVER
from jiqun.model.economy import credit, energy, finance, investment, outlays
from tests.model.plain import credit as plain_credit
from tests.model.plain import finance as plain_finance
from tests.model.plain import investment as plain_investment
from tests.model.plain import model as plain_peers
from tests.model.plain import outlays as plain_outlays

CASES = [(rows, seed) for rows in (0, 1, 7, 5_000) for seed in range(4)]


class Drawn:
    """Random columns of one length, among them zeros, equal values and huge ones."""

    def __init__(self, rows, seed):
        self.rows, self.rng = rows, np.random.default_rng(seed)

    def yuan(self, number):
        """Money of zero or more: `number` columns, which are equal at some rows."""
        columns = self.rng.lognormal(12.0, 3.0, (number, self.rows))
        columns[self.rng.random(columns.shape) < 0.2] = 0.0
        columns[self.rng.random(columns.shape) < 0.02] = 1e18
        columns[:, self.rng.random(self.rows) < 0.2] = 1e6
        return tuple(columns.copy())

    def signed(self, number):
        """Money that may be owed."""
        return tuple(
            x * sign
            for x, sign in zip(
                self.yuan(number), self.rng.choice([-1.0, 1.0], (number, self.rows)), strict=True
            )
        )

    def uniform(self, number):
        """Numbers between 0 and 1."""
        return tuple(self.rng.random((number, self.rows)).copy())

    def flags(self, number):
        """Flags, one in four set."""
        return tuple(self.rng.random((number, self.rows)) < 0.25)


def flat(found):
    """Arrays of nested tuples, in order."""
    if isinstance(found, np.ndarray):
        return [found]
    return [array for part in found for array in flat(part)]


def assert_same_bits(found, plain):
    """Each array has the bits of the plain one; a zero's sign is of no account."""
    found, plain = flat(found), flat(plain)
    assert len(found) == len(plain)
    for mine, other in zip(found, plain, strict=True):
        assert mine.dtype == other.dtype
        assert (mine + 0.0).tobytes() == (other + 0.0).tobytes()


@pytest.fixture(params=CASES, ids=str)
def drawn(request):
    return Drawn(*request.param)


def test_plans(drawn):
    (capital, wanted), (review, threshold, upkeep) = drawn.yuan(2), drawn.uniform(3)
    # Some reviews are drawn at the chance itself, which is not under it.
    chance = 0.25 * (1.0 + np.maximum(wanted - capital, 0.0) / np.maximum(capital, 1.0))
    review = np.where(drawn.uniform(1)[0] < 0.3, chance, review)
    given = capital, wanted, review, threshold, upkeep, 0.09, 0.25, (0.05, 0.35), 0.25
    assert_same_bits(investment.plan(*given), plain_investment.plan(*given))


def test_limits(drawn):
    columns = *drawn.yuan(1), *drawn.signed(1), *drawn.yuan(1)
    for lent in (drawn.uniform(3), (0.6, 1.5, 0.1), (*drawn.uniform(2), 0.1)):
        given = *columns, *lent
        assert_same_bits(finance.borrowing_limit(*given), plain_finance.borrowing_limit(*given))


def test_interest_rates(drawn):
    small, leverage = drawn.uniform(2)
    given = 0.04, small, 2.0 * leverage, *drawn.flags(1), 0.012, 0.01, 0.002
    for base in (0.0, 0.04, 0.15):
        found = finance.interest_rate(base, *given[1:])
        assert_same_bits(found, plain_finance.interest_rate(base, *given[1:]))


def test_loans_asked_for(drawn):
    room, chain = *drawn.signed(1), *drawn.uniform(1)
    revenue, owed, long, line, bridge = drawn.yuan(5)
    given = revenue, owed, room, long, line, chain, bridge, 0.15, 0.3
    assert_same_bits(credit._working(*given), plain_credit.working(*given))


@pytest.mark.parametrize("granted", [0.0, 0.7, 1.0])
def test_loans_granted(drawn, granted):
    long, line, raised, wanted = drawn.yuan(4)
    short, more = drawn.signed(2)
    counts = (*drawn.flags(1), *drawn.yuan(2))
    counts = tuple(x.astype(float) for x in counts)
    same = tuple(x.copy() for x in counts)
    asked = (long, line, short, raised), (wanted, more), granted
    found = credit._grant(*asked, YUAN, counts)
    assert_same_bits((found, counts), (plain_credit.grant(*asked, same), same))


def test_room_and_wishes(drawn):
    given = drawn.yuan(4), *drawn.yuan(2), 0.6
    assert_same_bits(credit._wishes(*given), plain_credit.wishes(*given))
    room, wanted = credit._wishes(*given)
    found = finance.within_limit(wanted, room)
    assert_same_bits(found, np.minimum(wanted, np.maximum(room, 0.0)))


def test_debtors(drawn):
    titles = tuple(np.where(flag, 7, NEVER) for flag in drawn.flags(3))
    given = drawn.yuan(3), titles, NEVER
    assert_same_bits(credit._debtors(*given), plain_credit.debtors(*given))


def test_what_new_plant_brings(drawn):
    bought, capital, value = drawn.yuan(3)
    now, own = drawn.uniform(2)
    found = investment.embodied_gain(bought, capital, 0.03)
    assert_same_bits(found, plain_outlays.embodied_gain(bought, capital, 0.03))
    for new in (own, np.full(1, 0.8)):
        found = energy._technique(now, bought, capital, new)
        assert_same_bits(found, plain_outlays.technique(now, bought, capital, new))
    expected = value + (bought - 0.02 * value)
    outlays._install(bought, 0.02, value)
    assert_same_bits(value, expected)


def test_user_cost(drawn):
    dearer = 0.2 * drawn.uniform(1)[0] - 0.1
    expected = np.maximum(1.0 + dearer / 0.14, 0.5)
    assert_same_bits(investment._user_cost(dearer, 0.14, 0.5), expected)


def test_what_is_owed(drawn):
    debts, given = drawn.yuan(4), (drawn.yuan(4), *drawn.yuan(1), 0.9)
    expected = plain_credit.owe(debts, *given)
    credit._owe(debts, *given)
    assert_same_bits(debts, expected)


def test_own_funds_and_what_they_do_not_cover(drawn):
    given = *drawn.signed(2), *drawn.yuan(2), drawn.yuan(4), 0.55
    assert_same_bits(outlays._financed(*given), plain_outlays.financed(*given))


def test_what_is_bought(drawn):
    (funds, long, owners), (upkeep, digital, green, lump) = drawn.yuan(3), drawn.yuan(4)
    # Some outlays are what there is, or under or over it by about what it may be short.
    left = np.maximum(funds + long + owners - upkeep, 0.0)
    over = drawn.rng.choice([-1.0, 0.0, 0.5, 1.0, 2.0], drawn.rows)
    digital = np.where(drawn.uniform(1)[0] < 0.3, np.maximum(left + over, 0.0), digital)
    green = np.where(drawn.uniform(1)[0] < 0.3, np.maximum(left + over, 0.0), green)
    given = (funds, long, owners), (upkeep, digital, green, lump), drawn.flags(2)
    assert_same_bits(outlays._bought(*given, YUAN), plain_outlays.bought(*given))


def test_what_is_paid_out(drawn):
    received = *drawn.yuan(1), *drawn.signed(1), *drawn.yuan(2), *drawn.signed(1), *drawn.yuan(1)
    given = received, *drawn.yuan(3), *drawn.signed(1), 0.3, 0.1
    assert_same_bits(outlays._paid_out(*given), plain_outlays.paid_out(*given))


def test_shares_of_peers(drawn):
    pools = 3 + drawn.rows // 2
    pool = drawn.rng.integers(0, pools, drawn.rows)
    given = pool, 2.0 * drawn.uniform(1)[0], drawn.flags(1)[0], pools
    assert_same_bits(peers._peer_share(*given), plain_peers.peer_share(*given))
