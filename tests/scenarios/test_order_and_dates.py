"""Order in a file means nothing, and what a setting changes it changes from its date on."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.model import ClusterPolicyModel
from jiqun.model.calendar import quarter_index
from jiqun.scenarios import ScenarioError, designs, load, shipped
from jiqun.scenarios.levers import declarations

BEFORE, AFTER = quarter_index(2025, 4), quarter_index(2026, 1)


def written(tmp_path, text, name="trial"):
    path = tmp_path / f"{name}.yaml"
    path.write_text(f"name: {name}\n{text}", encoding="utf-8")
    return load(path)


def over_issued(tmp_path, lever, text):
    return written(tmp_path, f"baseline: as_issued\nlevers:\n  - id: {lever}\n{text}")


def test_levers_in_any_order_are_one_scenario(tmp_path):
    ids = [x.id for x in load("as_issued").levers if x.origin == "document_55"]
    found = []
    for order in (ids, ids[::-1], sorted(ids)):
        text = "baseline: without_document_55\nlevers:\n"
        found.append(written(tmp_path, text + "".join(f"  - id: {name}\n" for name in order)))
    assert len({scenario.digest for scenario in found}) == 1
    assert len({tuple(lever.id for lever in each.levers) for each in found}) == 1


def test_levers_in_any_order_run_to_the_same_bits(tmp_path):
    issued = replace(load("as_issued"), rows=400)
    records = []
    for scenario in (issued, replace(issued, levers=issued.levers[::-1])):
        model = ClusterPolicyModel(scenario, rng=1)
        model.run_until_year(2024)
        records.append(model.records()["value"].tobytes())
    assert records[0] == records[1]


@pytest.mark.parametrize("name", [*shipped(), *designs()])
def test_levers_stand_in_the_order_of_the_register(name):
    register = list(declarations())
    places = [register.index(lever.id) for lever in load(name).levers]
    assert places == sorted(places)


def test_order_of_ids_terms_and_outside_paths_is_no_difference(tmp_path):
    one = """baseline: as_issued
outside: {demand_growth: {path: low}, price_growth: {path: high}}
parameters: {steered_share: 0.4, voucher_rate: 0.3}
without: [cluster_award, patent_pool]
levers:
  - id: digital_voucher
    from: 2026-Q1
    who: {tier: [provincial, county], size: [small, below_scale]}
    cap: {value: 30, unit: 万元}
    rate: {value: 25, unit: "%"}
"""
    other = """without: [patent_pool, cluster_award]
parameters: {voucher_rate: 0.3, steered_share: 0.4}
levers:
  - rate: {unit: "%", value: 25}
    cap: {value: 30, unit: 万元}
    who: {size: [below_scale, small], tier: [county, provincial, county]}
    from: 2026-Q1
    id: digital_voucher
outside: {price_growth: {path: high}, demand_growth: {path: low}}
baseline: as_issued
"""
    assert written(tmp_path, one).digest == written(tmp_path, other).digest


def test_target_groups_hold_from_the_date_of_the_change(tmp_path):
    text = "    from: 2026-Q1\n    who: {size: [small]}\n"
    issued = load("as_issued").lever("digital_voucher")
    changed = over_issued(tmp_path, "digital_voucher", text).lever("digital_voucher")
    assert changed.groups(BEFORE) == issued.groups(BEFORE)
    assert changed.groups(AFTER) == {**issued.groups(AFTER), "size": ("small",)}
    assert changed.terms == issued.terms


def test_groups_of_a_lever_that_was_open_to_all_hold_from_their_date(tmp_path):
    text = "    from: 2026-Q1\n    who: {city: [hefei]}\n"
    changed = over_issued(tmp_path, "title_awards", text).lever("title_awards")
    assert (changed.groups(BEFORE), changed.groups(AFTER)) == ({}, {"city": ("hefei",)})


def test_groups_changed_twice_are_kept_in_order(tmp_path):
    over_issued(tmp_path, "digital_voucher", "    from: 2026-Q1\n    who: {size: [small]}\n")
    text = "baseline: trial\nlevers:\n  - id: digital_voucher\n    from: 2025-Q1\n"
    twice = written(tmp_path, f"{text}    who: {{city: [wuhu]}}\n", "twice")
    lever = twice.lever("digital_voucher")
    sizes = ("medium", "small", "below_scale")
    for year, city, size in ((2024, None, sizes), (2025, ("wuhu",), sizes),
                             (2026, ("wuhu",), ("small",))):  # fmt: skip
        groups = lever.groups(quarter_index(year, 1))
        assert (groups.get("city"), groups["size"]) == (city, size)


def test_instalments_from_a_date_leave_earlier_grants_paid_at_once(tmp_path):
    text = "    from: 2026-Q1\n    instalments: [0.5, 0.5]\n"
    lever = over_issued(tmp_path, "digital_voucher", text).lever("digital_voucher")
    shares = [[lever.value(f"instalment_{i}", t) for i in (1, 2)] for t in (BEFORE, AFTER)]
    assert shares == [[1.0, 0.0], [0.5, 0.5]]


# lever: what is set of it from 2026 on
CHANGES = {
    "digital_voucher": "who: {size: [small]}",
    "rd_grant": "instalments: [0.5, 0.5]",
    "equipment_grant": "take_up: {start: 0.1, full: 0.2, years: 1}",
    "open_bid_projects": "lag: {value: 2, unit: quarters}",
    "skills_training": "who: {city: [hefei]}",
    "guidance_fund": "take_up: {start: 0.1, full: 0.2, years: 1}",
    "cluster_award": "instalments: [1]",
    "title_awards": "budget: {value: 1, unit: 万元, per: year}",
    "city_matching": "who: {city: [hefei]}",
    "fund_steering": "who: {tier: [world]}",
    "investment_promotion": "who: {field: [nev]}",
}


def test_nothing_a_setting_changes_from_a_date_is_changed_before_it(tmp_path):
    """All at once: as the past of one is to the last bit that of the other."""
    text = "".join(f"  - id: {k}\n    from: 2026-Q1\n    {v}\n" for k, v in CHANGES.items())
    changed = written(tmp_path, f"baseline: as_issued\nlevers:\n{text}")
    values = []
    for scenario in (load("as_issued"), changed):
        model = ClusterPolicyModel(replace(scenario, rows=400), rng=1)
        model.run_until_year(2026)
        records = model.records()
        past = records["year"] < 2026
        values.append((records["value"][past], records["value"][~past]))
    assert np.array_equal(values[0][0], values[1][0])
    assert not np.array_equal(values[0][1], values[1][1])


@pytest.mark.parametrize(
    ("lever", "text", "key", "said"),
    [
        (
            "digital_voucher", "    from: 2026-Q1\n    fund: additional\n", "levers[0].fund",
            "from: 2024-Q1",
        ),
        (
            "digital_subsidy_2021_2023", "    from: 2026-Q1\n    to: 2027-Q4\n",
            "levers[0].from", "from: 2024-Q1 or earlier",
        ),
    ],
    ids=["fund", "gap"],
)  # fmt: skip
def test_what_has_no_dates_is_refused_where_it_would_change_the_past(
    tmp_path, lever, text, key, said
):
    with pytest.raises(ScenarioError, match=said) as caught:
        over_issued(tmp_path, lever, text)
    assert caught.value.key == key


def test_a_fund_from_the_first_quarter_on_is_taken(tmp_path):
    text = "    from: 2024-Q1\n    fund: additional\n"
    assert over_issued(tmp_path, "digital_voucher", text).lever("digital_voucher").fund == (
        "additional"
    )
