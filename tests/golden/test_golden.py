"""The small runs still give the numbers that were kept, to the last bit."""

import pytest

from tests.golden.renew import FOLDER, YEARS, kept, results

GRANTED = ("committed", "paid", "invested", "repaid")


@pytest.mark.parametrize("name", YEARS)
def test_results_are_those_kept(name):
    now, before = dict(results(name)), kept(name)
    assert set(now) == set(before)
    moved = {key: (before[key], value) for key, value in now.items() if value != before[key]}
    assert not moved, f"{len(moved)} results moved; if they were meant to, run `make golden`"


def test_no_results_are_kept_of_what_is_not_run():
    assert {path.stem for path in FOLDER.glob("*.csv")} == set(YEARS)


def test_what_the_document_adds_is_seen():
    """The pairs differ where the document acts and nowhere in what it does not touch."""
    for one, other in (
        ("as_issued", "without_document_55"), ("policy_to_date", "without_document_55_to_date"),
    ):  # fmt: skip
        with_it, without = kept(one), kept(other)
        key = (2026, "province", "anhui", "clusters_provincial")
        assert with_it[key] > without[key] == 0.0
        added = {(year, lever, kind) for year, level, lever, kind in set(with_it) - set(without)
                 if level == "lever"}  # fmt: skip
        assert {lever for _, lever, kind in added if kind in GRANTED} == {
            "city_matching", "cluster_award", "digital_voucher", "foundation_projects",
            "green_retrofit_grant", "guidance_fund", "innovation_institutes",
            "investment_promotion", "open_bid_projects", "rd_audit", "short_board_projects",
        }  # fmt: skip
