"""No lever writes an outcome: each first moves what enterprises see, pay or have, and no more."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.model.policy.reach import channel_value
from jiqun.model.quarter import QUARTER
from jiqun.scenarios.levers import channels, declarations
from tests.model import lever_reach
from tests.model import test_document_levers as document
from tests.model.policy import ISSUED, changed, fork, having, in_place_of, lacking, setting, stage

base = document.base
"""A year under recognition, steering and delivery of the document, to be forked."""

COUNTED = {"county_cluster_recognition"}
"""Levers that move a count of clusters and no enterprise."""
YEARS = 3


def pair(base, name):
    """Two models at the end of 2024, with a lever at the upper end of its terms and without it."""
    lever = document.highest(name)
    if lever.end is not None or lever.start > base.quarter + 1:
        # What has ended, or begins late, is looked at as if it began now.
        lever = replace(lever, start=base.quarter + 1, end=None, terms={}, who=lever.who[-1:])
        now = document.highest(name).terms
        lever = changed(lever, **{term: steps[-1][1] for term, steps in now.items()})
    # A purse that is used up, so that what one lever takes of it another lacks.
    of = setting(base.policy, "special_funds", yearly=2.5e9)
    if name == "city_coordination":
        # Plants that cities bid for, with incentives that all of them have the money for.
        bid = changed(document.highest("investment_promotion"), incentive=0.001)
        of = having(of, bid)
    models = [fork(base, having(of, lever)), fork(base, lacking(of, name))]
    for model in models:
        model.banks.credit = 1e16  # what one borrows makes no loan dearer
    return models


@pytest.mark.parametrize("name", declarations())
def test_a_lever_moves_first_what_its_channel_may_and_writes_no_outcome(base, name):
    one, other = pair(base, name)
    found = lever_reach.first_moved(one, other, base.quarter + 4 * YEARS)
    assert (found is None) == (name in COUNTED)
    assert not lever_reach.faults(ISSUED[name].channel, found or {})


def test_every_channel_says_what_it_may_move_first():
    assert set(lever_reach.FIRST) == {lever.channel for lever in declarations().values()}
    assert set(lever_reach.FIRST) <= set(channels())


def _training_as_a_gift(m):
    m.enterprises.productivity += 0.01 * channel_value(m, "skills", "places")


def _service_as_a_rate(m):
    m.enterprises.va_rate[m.enterprises.chosen.get("service_manufacturing", slice(0))] *= 1.005


def _surcharge_for_all(m):
    m.enterprises.unit_cost += 0.001 * np.max(channel_value(m, "price_of_energy", "rise"))


def _surcharge_on_sales(m):
    m.enterprises.revenue *= 1.0 - 0.001 * channel_value(m, "price_of_energy", "rise")


@pytest.mark.parametrize(
    ("name", "fault", "told"),
    [
        ("energy_by_performance", _surcharge_for_all, "price_of_energy writes unit_cost"),
        ("energy_by_performance", _surcharge_on_sales, "price_of_energy writes revenue"),
        ("skills_training", _training_as_a_gift, "skills writes productivity"),
        ("service_manufacturing", _service_as_a_rate, "project_grant moves va_rate"),
    ],
)
def test_a_lever_that_writes_an_outcome_is_found(base, monkeypatch, name, fault, told):
    programmes = stage("programmes")

    def with_fault(m):
        programmes(m)
        fault(m)

    monkeypatch.setattr(lever_reach, "QUARTER", in_place_of(QUARTER, "programmes", with_fault))
    found = lever_reach.first_moved(*pair(base, name), base.quarter + 4)
    assert any(told in fault for fault in lever_reach.faults(ISSUED[name].channel, found))
