"""The first thing that lines of credit and titles move, by the amount they state."""

import numpy as np
import pytest

from jiqun.model.economy import credit, finance
from tests.model.policy import (
    ALL,
    RACING,
    fork,
    lacking,
    of_year,
    run_to,
    setting,
    with_and_without,
)


@pytest.fixture
def lent(end_of_2023, older, monkeypatch):
    """A quarter with and without the credit line: models, and room asked for and limits of it."""
    rooms, limits = [], []
    within, limit = finance.within_limit, finance.borrowing_limit

    def within_seen(wanted, room):
        rooms.append(room)
        return within(wanted, room)

    def limit_seen(*given):
        limits.append(limit(*given))
        return limits[-1]

    monkeypatch.setattr("jiqun.model.economy.finance.within_limit", within_seen)
    monkeypatch.setattr("jiqun.model.economy.finance.borrowing_limit", limit_seen)
    pair = with_and_without(
        end_of_2023, older, "cluster_credit_line", "investment and finance",
        line=5e9, discount=0.004, limit=0.1, additional=0.3, **ALL,
    )  # fmt: skip
    return (*pair, rooms, limits[0])


def test_the_line_is_asked_for_under_a_wider_limit(lent):
    _, _, (room, wider, without), limit = lent
    assert np.array_equal(room, without)
    assert np.allclose(wider - room, 0.1 * limit)


def test_the_line_serves_those_who_claim_it(lent):
    one, other, _, _ = lent
    e = one.enterprises
    served = e.debt_line > 0.0
    assert np.all(np.isin(e.tier[served], RACING))
    borrows = np.isin(e.tier, RACING) & (other.enterprises.year_investment > 0.0)
    share = one.parameters["delivery_base"]
    assert 0.0 < served[borrows].mean() < share + 4 * np.sqrt(0.25 / borrows.sum())


def test_loans_under_the_line_are_cheaper_by_the_discount(lent):
    one, other, _, _ = lent
    e = one.enterprises
    owed = e.debt_short + e.debt_long
    served = e.debt_line > 0.0
    assert served.any()
    assert np.all(np.isin(e.tier[served], RACING))
    paid = credit.interest_due(one)
    assert np.allclose(paid, e.rate * owed - 0.004 * e.debt_line)
    assert np.array_equal(paid[~served], (e.rate * owed)[~served])
    assert not np.any(other.enterprises.debt_line)


def test_the_line_is_not_exceeded_and_adds_its_part_to_credit(lent):
    one, other, _, _ = lent
    used = 5e9 - one.banks.line_left
    assert 0.0 < used <= 5e9 * (1 + 1e-12)
    assert one.banks.credit - other.banks.credit == pytest.approx(0.3 * used, rel=1e-6)


def test_a_short_line_is_shared_out(end_of_2023, older):
    model = fork(end_of_2023, setting(older, "cluster_credit_line", line=1e7, **ALL))
    run_to(model, "investment and finance")
    assert model.banks.line_left == pytest.approx(0.0, abs=1.0)


TITLES = ("national_cluster_contest", "cluster_recognition")


@pytest.fixture
def titled(end_of_2023, older):
    """Two models at the end of 2024: with a title that brings something, and one that does not."""

    def run(lever, **terms):
        of = older
        for name in TITLES:
            of = setting(of, name, credit=0.0, appeal=0.0)
        one, other = fork(end_of_2023, setting(of, lever, **terms)), fork(end_of_2023, of)
        for model in (one, other):
            # A cheaper loan is asked for more, and who owes more pays more: looked at apart.
            model.parameters = {**model.parameters, "interest_elasticity": 0.0}
            model.run_until_year(2024)
        status = "national" if lever == TITLES[0] else "provincial"
        won = [i for i, c in enumerate(one.clusters) if c.status == status and c.titled_since > 0]
        assert len(won) == (1 if status == "national" else 8)
        return one, other, won

    return run


@pytest.mark.parametrize("lever", TITLES)
def test_a_title_gives_its_appeal_to_members_alone(titled, lever):
    one, other, won = titled(lever, appeal=0.002)
    member = np.isin(one.enterprises.cluster, won)
    assert np.array_equal(one.enterprises.appeal, np.where(member, 0.002, 0.0))
    assert not other.enterprises.appeal.any()
    # Entrants of a titled cluster have it too.
    run_to(one, "entry")
    member = np.isin(one.enterprises.cluster, won)
    assert np.array_equal(one.enterprises.appeal, np.where(member, 0.002, 0.0))


@pytest.mark.parametrize("lever", TITLES)
def test_a_title_cuts_the_rate_that_members_pay_alone(titled, lever):
    one, other, won = titled(lever, credit=0.001)
    for model in (one, other):
        run_to(model, "investment and finance")
    fell = other.enterprises.rate - one.enterprises.rate
    member = np.isin(one.enterprises.cluster, won)
    assert np.allclose(fell[member], 0.001)
    assert np.array_equal(fell[~member], np.zeros((~member).sum()))


def test_county_recognition_adds_clusters_above_the_threshold_and_nothing_else(end_of_2023, older):
    of = setting(older, "county_cluster_recognition", per_year=4.0, threshold=3e9)
    one, other = fork(end_of_2023, of), fork(end_of_2023, lacking(of, "county_cluster_recognition"))
    for model in (one, other):
        model.run_until_year(2024)
    new = [
        i for i, (a, b) in enumerate(zip(one.clusters, other.clusters, strict=True))
        if a.status != b.status
    ]  # fmt: skip
    assert len(new) == 4
    assert {(one.clusters[i].tier, one.clusters[i].status) for i in new} == {("county", "county")}
    for name, values in one.enterprises.columns.items():
        assert values.tobytes() == other.enterprises.columns[name].tobytes(), name
    assert of_year(one, "clusters_county")[2024] == of_year(other, "clusters_county")[2024] + 4


def test_titles_without_money_credit_or_appeal_leave_enterprises_alone(end_of_2023, older):
    """Draws are addressed: the lots of juries and audits disturb no draw of an enterprise."""
    one = fork(end_of_2023, setting(older, "cluster_recognition", credit=0.0, appeal=0.0))
    other = fork(end_of_2023, older)
    for model in (one, other):
        model.run_until_year(2026)
    assert of_year(one, "clusters_provincial")[2026] > 10
    for name, values in one.enterprises.columns.items():
        assert values.tobytes() == other.enterprises.columns[name].tobytes(), name
