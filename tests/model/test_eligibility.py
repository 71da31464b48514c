"""Who a lever is open to, and who claims: target groups and take-up."""

import numpy as np
import pytest

from jiqun.model.agents.enterprises import NEVER
from jiqun.model.dimensions import CITIES, FIELDS, TIERS
from jiqun.model.policy import eligibility
from tests.model.policy import trial


@pytest.mark.parametrize(
    ("who", "member"),
    [
        ({}, lambda e: e.weight > 0.0),
        ({"tier": ("world", "none")}, lambda e: np.isin(e.tier, [0, TIERS.index("none")])),
        ({"field": ("nev",)}, lambda e: e.field == FIELDS.index("nev")),
        ({"city": ("hefei", "wuhu")}, lambda e: np.isin(e.city, [0, CITIES.index("wuhu")])),
        ({"role": ("chain_leader",)}, lambda e: e.role == 2),
        ({"size": ("below_scale",)}, lambda e: ~e.above_scale),
        ({"id": ("3", "17", "99999999")}, lambda e: np.isin(e.id, [3, 17])),
        ({"label": ("srdi", "high_tech")}, lambda e: np.maximum(e.srdi, e.high_tech) > NEVER),
        (
            {"field": ("nev",), "city": ("hefei",)},
            lambda e: (e.field == FIELDS.index("nev")) & (e.city == 0),
        ),
    ],
    ids=["all", "tier", "field", "city", "role", "size", "id", "label", "two groups"],
)
def test_a_lever_serves_the_groups_it_names(start, who, member):
    e = start().enterprises
    e.size = eligibility.size_class(e.above_scale, e.expected_revenue, e.employees)
    mask = eligibility.eligible(trial(who), e, 0)
    assert mask.any()
    assert np.array_equal(mask, member(e))


def test_a_rising_take_up_only_adds_claimants(start):
    e = start().enterprises
    rising = trial(take_up_start=0.2, take_up_full=0.8, take_up_years=2.0)
    before = np.zeros(len(e), bool)
    for quarter in range(12):
        now = eligibility.claims(rising, e, 1, quarter, 0.5)
        assert not np.any(before & ~now)
        rate = min(0.2 + 0.6 * quarter / 8.0, 0.8)
        assert now.mean() == pytest.approx(rate, abs=4.0 * np.sqrt(0.25 / len(e)))
        before = now


def test_without_a_take_up_all_claim_the_usual_share(start):
    e = start().enterprises
    some = {"field": ("nev",)}
    share = eligibility.claimed_share(trial(some), e, 1, 0, 0.4)
    assert np.array_equal(share, 0.4 * (e.field == FIELDS.index("nev")))
    all_or_none = eligibility.claimed_share(trial(some, take_up_full=1.0), e, 1, 0, 0.4)
    assert np.array_equal(all_or_none, 1.0 * (e.field == FIELDS.index("nev")))
