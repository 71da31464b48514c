"""What levers pay first, and out of which fund: windows, awards and caps."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.model.calendar import quarter_index
from jiqun.model.dimensions import CITIES
from jiqun.model.innovation import titles
from jiqun.model.policy import eligibility, projects
from jiqun.scenarios import load
from tests.model.policy import (
    ALL,
    ISSUED,
    books_of,
    changed,
    entries,
    fork,
    having,
    lacking,
    most_promised,
    of_year,
    run_to,
    setting,
    summed,
    watching,
)

ROWS = 1_200
DOCUMENT = load("as_issued")


@pytest.mark.parametrize("yearly", [1e9, 2.5e9, 13e9])
@pytest.mark.parametrize("theta", [0.0, 0.25, 1.0])
def test_windows_hold_the_special_funds_whole(end_of_2023, older, yearly, theta):
    of = setting(setting(older, "special_funds", yearly=yearly), "fund_steering", theta=theta)
    model = fork(end_of_2023, having(of, ISSUED["digital_voucher"], ISSUED["green_retrofit_grant"]))
    model.quarter += 1
    model.province.open_year()
    model.province.divide(projects.most_asked(model, projects.choose(model)))
    part = {"steered": 0.0, "pooled": 0.0}
    for (lever, origin), yuan in model.province.purses.items():
        part[origin] += yuan
        assert origin == "steered" or ISSUED[lever].origin == "older"
    assert part == pytest.approx({"steered": theta * yearly, "pooled": (1 - theta) * yearly})


def test_a_small_voucher_locks_up_little_of_the_funds(end_of_2023):
    """A window is held open for as many as bought in the year before, with room for more."""
    issued = having(replace(DOCUMENT, rows=ROWS), ISSUED["digital_voucher"])
    purse = {}
    for times in (0.03, 1.0):
        voucher = ISSUED["digital_voucher"].sized(times, quarter_index(2024, 1))
        model = fork(end_of_2023, having(lacking(issued, "digital_voucher"), voucher))
        bought = (
            model.programmes.purchases_by_channel["price_of_digital"]
            / model.enterprises.weight.sum()
        )
        assert 0.0 < bought < 0.5
        run_to(model, "programmes")
        purse[times] = model.province.purses["digital_voucher", "steered"]
        ready = eligibility.applicants(model, voucher)
        most = model.enterprises.weight[ready].sum() * voucher.value("cap", model.quarter)
        assert purse[times] <= model.parameters["window_room"] * bought * most + 1.0
    assert purse[0.03] < 0.1 * purse[1.0]


def test_steered_money_goes_where_it_is_steered(end_of_2023):
    of = setting(replace(DOCUMENT, rows=ROWS), "fund_steering", who={"tier": ("world",)}, theta=0.5)
    model = fork(end_of_2023, lacking(of, "cluster_award"))
    model.run_until_year(2024)
    books = entries(books_of(model), fund="special_funds")
    steered = entries(books, origin="steered")
    assert steered["yuan"].sum() > 0.0
    assert set(steered["tier"]) == {"world"}
    # Older grants stay open to all in the other half.
    assert {"county", "none"} <= set(entries(books, year=2024, origin="pooled")["tier"])
    assert set(entries(books, year=2024, origin="pooled")["lever"]) == {
        "rd_grant",
        "equipment_grant",
    }


def test_awards_come_out_of_the_windows_unless_they_are_additional(end_of_2024, older):
    left = {}
    for additional in (0.0, 1.0):
        model = fork(
            end_of_2024, setting(end_of_2024.policy, "cluster_award", additional=additional)
        )
        due = sum(yuan for _, yuan in model.programmes.instalments_due)
        run_to(model, "programmes")
        paid = summed(books_of(model), lever="cluster_award", kind="paid", year=2025)
        assert 0.0 < paid < due
        left[additional] = model.province.award_fund
    assert due == pytest.approx(0.4 * 8 * 5e6 + 0.4 * 10e6)
    yearly = end_of_2024.lever_value("special_funds", "yearly")
    assert left == pytest.approx({0.0: yearly - due, 1.0: yearly})


def test_an_award_is_split_in_projects_and_platforms(end_of_2024):
    alone = lacking(end_of_2024.policy, "city_matching", "innovation_institutes")
    model = run_to(fork(end_of_2024, alone), "programmes")
    e, share = model.enterprises, model.lever_value("cluster_award", "projects")
    projects = {
        entry.ids.tolist()[0]: entry
        for entry in model.programmes.payments_due
        if entry.lever.channel == "award"
    }
    members = {int(e.cluster[e.id == first][0]): entry for first, entry in projects.items()}
    for number, yuan in end_of_2024.programmes.instalments_due:
        cluster, entry = model.clusters[number], members[number]
        rows = np.flatnonzero(np.isin(e.id, entry.ids))
        assert np.all(e.cluster[rows] == number)
        assert np.all(e.rd_active[rows])
        assert e.weight[rows] @ entry.yuan == pytest.approx(share * yuan)
        built = cluster.platform - end_of_2024.clusters[number].platform
        assert built == pytest.approx((1 - share) * yuan / model.markets.price_level)
        assert cluster.received == yuan


@pytest.mark.parametrize("lever", ["title_awards", "title_awards_hefei"])
def test_awards_of_titles_are_paid_to_the_newly_titled(end_of_2023, older, monkeypatch, lever):
    of = setting(
        having(older, ISSUED[lever]), lever, srdi=1e5, little_giant=2e5, champion=4e5, high_tech=7e4
    )
    model = fork(end_of_2023, of)
    award, fresh = titles.award_titles, {}

    def seen(*given):
        fresh.update(award(*given))
        return fresh

    monkeypatch.setattr("jiqun.model.innovation.titles.award_titles", seen)
    for _ in range(3):
        model.run_for(1)
    model.programmes.payments_due.clear()
    ids, city = model.enterprises.id.copy(), model.enterprises.city.copy()
    model.run_for(1)
    amount = 1e5 * fresh["srdi"] + 2e5 * fresh["little_giant"]
    amount += 4e5 * fresh["champion"] + 7e4 * fresh["high_tech"]
    if lever.endswith("hefei"):
        amount *= city == CITIES.index("hefei")
    (entry,) = [entry for entry in model.programmes.payments_due if entry.lever.id == lever]
    assert entry.quarter == model.quarter + 1
    assert dict(zip(entry.ids.tolist(), entry.yuan.tolist(), strict=True)) == {
        i: yuan for i, yuan in zip(ids.tolist(), amount.tolist(), strict=True) if yuan > 0.0
    }


def test_first_quarter_of_each_later_measure():
    for name, first in (
        ("equipment_upgrade_grant", (2025, 3)), ("loan_interest_discount", (2025, 3)),
        ("digital_subsidy_2024_2025", (2024, 1)), ("equipment_grant_hefei", (2024, 1)),
        ("title_awards_hefei", (2024, 1)), ("cluster_award", (2024, 1)),
    ):  # fmt: skip
        assert ISSUED[name].start == quarter_index(*first)


@pytest.mark.parametrize("lever", [name for name, lever in ISSUED.items() if lever.cap_a_year])
def test_a_cap_for_a_year_holds_over_its_quarters(end_of_2023, older, lever):
    opened = changed(replace(ISSUED[lever], start=0), cap=1e4, **ALL)
    with watching() as watch:
        model = fork(end_of_2023, having(older, opened))
        model.run_until_year(2025)
    assert most_promised(watch, lever, by_year=True) == pytest.approx(1e4)
    assert max(of_year(model, "accounting_residual").values()) < 1e-9
