"""Sizes of levers: what a number multiplies, from when on, and how far it may go."""

import pytest

from jiqun.model.calendar import quarter_index
from jiqun.model.lever import Lever
from jiqun.scenarios import ScenarioError, load, load_design
from jiqun.scenarios.levers import declarations, issued, most_times

BEFORE, FIRST = quarter_index(2023, 4), quarter_index(2024, 1)


def lever_of(**terms):
    bounds = {"rate": (0.0, 1.0), "rise": (-0.5, 2.0), "budget": (0.0, float("inf"))}
    return Lever("trial", "older", "tax", "", 0, None, terms, size=bounds)


def test_a_size_holds_from_its_first_quarter_on():
    lever = lever_of(rate=((0, 0.1), (8, 0.2)), rise=((30, -0.2),), lag=((0, 2.0),))
    double = lever.sized(2.0, FIRST)
    assert double.terms["rate"] == ((0, 0.1), (8, 0.2), (FIRST, 0.4))
    assert double.terms["rise"] == ((30, -0.4),)
    assert double.terms["lag"] == ((0, 2.0),)
    assert "budget" not in double.terms
    assert lever.sized(1.0, FIRST) is lever
    dated = lever_of(rate=((0, 0.1), (FIRST, 0.3), (24, 0.4))).sized(0.5, FIRST)
    assert dated.terms["rate"] == ((0, 0.1), (FIRST, 0.15), (24, 0.2))


def test_a_size_stays_in_the_bounds_of_its_terms():
    lever = lever_of(rate=((0, 0.4),), rise=((0, -0.2),), budget=((0, 1e9),))
    assert lever.most_times(FIRST) == pytest.approx(2.5)
    large = lever.sized(10.0, FIRST)
    assert [large.value(t, FIRST) for t in ("rate", "rise", "budget")] == [1.0, -0.5, 1e10]
    # What was before is no limit, and nothing cannot be multiplied.
    assert lever_of(rate=((0, 0.9), (FIRST, 0.25))).most_times(FIRST) == pytest.approx(4.0)
    assert lever_of(rate=((0, 0.0),)).most_times(FIRST) == float("inf")


@pytest.mark.parametrize("name", declarations())
def test_each_lever_may_be_larger_within_its_bounds(name):
    declared, lever = declarations()[name], issued(declarations()[name])
    most = most_times(name)
    assert most > 1.0
    assert set(declared.size) <= set(declared.scalable)
    # Instalments, lags, dates, thresholds and switches are not scaled.
    kinds = {declared.terms[term].kind for term in lever.size if term in declared.terms}
    assert kinds <= {"share", "money", "clusters", "projects", "plants", "quarters"}
    times = min(most, 100.0)
    large = lever.sized(times, FIRST)
    for term, (low, high) in lever.size.items():
        for quarter in range(FIRST, FIRST + 16):
            value = large.value(term, quarter)
            assert low <= value <= high
            assert value == pytest.approx(times * lever.value(term, quarter))
    assert all(large.terms[t] == path for t, path in lever.terms.items() if t not in lever.size)


def test_where_a_design_scales_a_number_it_is_the_size_of_the_lever():
    for design, lever in (
        ("award_in_instalments", "cluster_award"),
        ("credit_guarantee", "credit_guarantee"),
        ("investment_promotion", "investment_promotion"),
        ("rd_tax_credit", "rd_super_deduction"),
    ):
        found = load_design(design)
        assert set(found.scaled[lever]) == set(found.scenario.lever(lever).size)


def test_sizes_come_on_top_of_the_values_of_a_draw():
    scenario = load("as_issued")
    drawn = scenario.with_draw({"voucher_rate": 0.3}, {}, {"digital_voucher": 2.0, "rd_grant": 0.5})
    assert drawn.lever("digital_voucher").value("rate", FIRST) == 0.6
    assert drawn.lever("digital_voucher").value("cap", FIRST) == 8e5
    older, was = drawn.lever("rd_grant"), scenario.lever("rd_grant")
    assert older.value("rate", BEFORE) == was.value("rate", BEFORE)
    assert older.value("rate", FIRST) == 0.5 * was.value("rate", FIRST)
    same = {"digital_voucher", "rd_grant"}
    for before, after in zip(scenario.levers, drawn.levers, strict=True):
        assert before == after or before.id in same
    assert scenario.with_draw({}, {}, dict.fromkeys(declarations(), 1.0)).digest == scenario.digest
    # A lever that the scenario lacks stays absent.
    root = load("without_document_55")
    assert root.with_draw({}, {}, {"digital_voucher": 2.0}).digest == root.digest


def test_a_file_may_say_how_many_times_as_large_a_lever_is(tmp_path):
    """What a draw gives is multiplied, not the centre that it is drawn around."""
    path = tmp_path / "double.yaml"
    path.write_text(
        "name: double\nbaseline: as_issued\nlevers:\n"
        "  - {id: digital_voucher, times: 2, from: 2024-Q1}\n"
        "  - {id: rd_grant, times: 0.5, from: 2025-Q1}\n",
        "utf-8",
    )
    scenario, issued_ = load(path), load("as_issued")
    later = quarter_index(2025, 1)
    for values in ({}, {"voucher_rate": 0.3, "rd_grant_rate": 0.25}):
        drawn, base = scenario.with_draw(values, {}), issued_.with_draw(values, {})
        for name, times, first in (("digital_voucher", 2.0, FIRST), ("rd_grant", 0.5, later)):
            lever, was = drawn.lever(name), base.lever(name)
            for term in lever.size.keys() & lever.terms.keys():
                assert lever.value(term, first) == times * was.value(term, first)
                assert lever.value(term, first - 1) == was.value(term, first - 1)
                assert lever.value(term, first + 8) == times * was.value(term, first + 8)
    # Beyond the bounds of a term a draw stays at them.
    assert scenario.with_draw({"voucher_rate": 0.6}, {}).lever("digital_voucher").value(
        "rate", FIRST
    ) == pytest.approx(1.0)


def test_multiples_come_on_top_of_each_other_and_end_with_a_value_of_its_own(tmp_path):
    base, top = tmp_path / "double.yaml", tmp_path / "mine.yaml"
    base.write_text(
        "name: double\nbaseline: as_issued\nlevers:\n  - {id: fund_steering, times: 2}\n", "utf-8"
    )
    top.write_text(
        "name: mine\nbaseline: double\nlevers:\n"
        "  - {id: fund_steering, times: 0.5, from: 2025-Q1}\n",
        "utf-8",
    )
    drawn = load(top).with_draw({"steered_share": 0.3}, {}).lever("fund_steering")
    assert [drawn.value("theta", t) for t in (FIRST, FIRST + 3, FIRST + 4)] == [0.6, 0.6, 0.3]
    top.write_text(
        "name: mine\nbaseline: double\nlevers:\n"
        '  - {id: fund_steering, from: 2025-Q1, theta: {value: 45, unit: "%"}}\n',
        "utf-8",
    )
    drawn = load(top).with_draw({"steered_share": 0.3}, {}).lever("fund_steering")
    assert [drawn.value("theta", t) for t in (FIRST, FIRST + 3, FIRST + 4)] == [0.6, 0.6, 0.45]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("{id: digital_voucher, times: 3}", r"times: 3 times leaves .*allowed: 0 to 2\.5"),
        ("{id: digital_voucher, times: -1}", "times: .*0"),
        (
            '{id: digital_voucher, times: 2, rate: {value: 30, unit: "%"}}',
            "rate is set and multiplied as well",
        ),
    ],
)
def test_a_size_that_means_nothing_is_refused(tmp_path, setting, said):
    path = tmp_path / "mine.yaml"
    path.write_text(f"name: mine\nbaseline: as_issued\nlevers:\n  - {setting}\n", "utf-8")
    with pytest.raises(ScenarioError, match=said):
        load(path)


def test_scenarios_without_multiples_are_stored_as_ever():
    """Stores made before there were any keep their keys."""
    plain = load("as_issued").canonical()
    assert all("multiples" not in lever for lever in plain["levers"])
