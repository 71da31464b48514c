"""Research, links, entry and exit give the same bits as their plain forms, in which all is NumPy.

Stages are compared on the columns of a run in which every lever acts, their loops on made-up
columns besides.
"""

import copy
import zlib
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from jiqun.model import ClusterPolicyModel
from jiqun.model.calendar import quarter_index
from jiqun.model.economy import demography, network
from jiqun.model.elementary import power
from jiqun.model.innovation import digital, innovation, research
from jiqun.model.randomness import uniform
from tests.golden.renew import everything
from tests.model.plain import network as plain_network
from tests.model.plain import randomness as plain_randomness
from tests.model.plain import research as plain_research
from tests.model.plain import turnover as plain_turnover

SIZES = (0, 1, 7, 5_000)
POOLS = 5


def same_bits(one, other):
    assert one.dtype == other.dtype
    assert_array_equal(one.view(np.uint8), other.view(np.uint8))


@pytest.fixture(scope="module")
def begun():
    """A small province under every lever before the third quarter of 2027."""
    scenario = everything()
    model = ClusterPolicyModel(scenario, rng=1)
    model.run_through(quarter_index(2027, 2))
    model.open_quarter()
    return model


@pytest.fixture
def running(begun):
    """A copy of it."""
    return copy.deepcopy(begun)


def compared(model, stage, plain):
    """Both forms of a stage on copies of the model."""
    one, other = copy.deepcopy(model), copy.deepcopy(model)
    stage(one)
    plain(other)
    for name, column in other.enterprises.columns.items():
        same_bits(getattr(one.enterprises, name), column)
    return one, other


def same_links(one, other):
    for part in ("supplier", "leader", "first"):
        same_bits(getattr(one.network.links, part), getattr(other.network.links, part))


@pytest.mark.parametrize("lot", [0, 1, 2])
def test_research_is_that_of_the_plain_form(running, lot):
    running.seed_of_run = lot
    one, other = compared(running, research.innovate, plain_research.innovate)
    same_bits(one.innovation.pool_knowledge, other.innovation.pool_knowledge)
    same_bits(one.markets.lasting_price, other.markets.lasting_price)
    before, after = running.enterprises, one.enterprises
    assert np.any(after.rd_active & ~before.rd_active)
    assert np.any(~after.rd_active & before.rd_active)
    assert np.any(after.rd_institution & ~before.rd_institution)


def test_where_rd_is_sure_to_start_and_to_end_it_does(running):
    sure = {"rd_start": 100.0, "rd_stop": 20.0, "shock_chance": 1.0}
    running.parameters = {**running.parameters, **sure}
    compared(running, research.innovate, plain_research.innovate)


def test_research_without_levers_is_that_of_the_plain_form(running):
    running.policy, running.programmes.reach = replace(running.policy, levers=()), {}
    compared(running, research.innovate, plain_research.innovate)


@pytest.mark.parametrize("lot", [0, 1, 2])
def test_links_form_and_end_as_in_the_plain_form(running, lot):
    running.seed_of_run = lot
    one, other = compared(running, network.form_links, plain_network.form_links)
    same_links(one, other)
    assert len(one.network.links) != len(running.network.links)


def test_links_without_levers_are_those_of_the_plain_form(running):
    running.policy, running.programmes.reach = replace(running.policy, levers=()), {}
    same_links(*compared(running, network.form_links, plain_network.form_links))


@pytest.mark.parametrize("came", [1, 40])
def test_entrants_are_linked_as_in_the_plain_form(running, came):
    before = len(running.enterprises) - came
    supplier, leader = running.network.links.ends
    old = (supplier < before) & (leader < before)
    running.network.links = network.Links.of(supplier[old], leader[old], before)
    same_links(*compared(
        running,
        lambda m: network.link_entrants(m, before),
        lambda m: plain_network.link_entrants(m, before),
    ))  # fmt: skip


def test_who_closes_is_who_closes_in_the_plain_form(running):
    e, p = running.enterprises, running.parameters
    for lot in range(20):
        draw = uniform(lot, "exit", e.id, 1)
        one, other = demography.closing(e, draw, p), plain_turnover.closing(e, draw, p)
        same_bits(one, other)
    assert len(one)


def test_plants_run_up_as_in_the_plain_form(running):
    compared(
        running,
        lambda m: demography.ramp(m.enterprises, m.quarter),
        lambda m: plain_turnover.ramp(m.enterprises, m.quarter),
    )


@pytest.mark.parametrize("name", ["closing", "starts"])
def test_a_draw_above_the_highest_chance_decides_nothing(name):
    """What is left out because of its draw could not have happened."""
    size, draw = np.array([1e-9, 1.0, 1e5, 1e9, 1e13]), np.random.default_rng(1).random(5)
    if name == "closing":
        chance = demography.exit_hazard(
            np.array([True, True, False, True, False]), size, -size, -size, 0.9, 0.9, 0.5, 0.95
        )
        most = (max(0.9, 0.9 * demography.SMALL_EXIT) + 0.95) / 4.0
    else:
        chance = innovation.start_hazard(0.9, size, 0.5, 0.05 + draw, 2.0, draw, 3.0)
        most = innovation.MOST_STARTS / 4.0
    assert chance.max() <= most


# loops on made-up columns -------------------------------------------------------------------------


def columns(size, number):
    """Columns with zeros, equal and huge values, and pools."""
    r = np.random.default_rng(zlib.crc32(b"%d" % size))
    made = r.choice([0.0, 1.0, 1e-3, 1e9, 1e15], (number, size)) * r.random((number, size)).round(2)
    return r.integers(0, POOLS, size), *made


@pytest.mark.parametrize("size", SIZES)
def test_knowledge_is_added_as_in_the_plain_form(size):
    pool, before, rd, weight = columns(size, 3)
    after, added, others = np.empty(size), np.zeros(POOLS), np.empty(size)
    research._add_knowledge(before, rd, weight, pool, 1.0 - 0.15 / 4.0, after, added)
    same_bits(after, innovation.next_knowledge(before, rd, 0.15))
    same_bits(added, np.bincount(pool, weight * rd, POOLS).astype(np.float64))
    research._of_others(pool, added, rd, others)
    same_bits(others, np.maximum(added.take(pool) - rd, 0.0))


@pytest.mark.parametrize("size", SIZES)
def test_productivity_rises_as_in_the_plain_form(size):
    field, own, other, rise, *gains, productivity = columns(size, 8)
    stages_before, stages, trained_before, trained = gains
    spill, active, institution = own - other, own > other, own > rise
    of_field = np.linspace(-0.01, 0.02, POOLS)
    part = np.where(institution, 1.7, np.where(active, 1.0, 0.4)) * rise
    gain = 0.1 * own + 0.3 * part * np.clip(spill, -0.2, 0.2)
    gain = gain + (stages - stages_before) + 0.05 * (trained - trained_before)
    expected = productivity + (gain + of_field.take(field))
    research._gain(
        (own, spill, rise), tuple(gains), (active, institution), field, of_field,
        (0.4, 1.7, 0.2), (0.1, 0.3, 0.05), productivity,
    )  # fmt: skip
    same_bits(productivity, expected)


@pytest.mark.parametrize("size", SIZES)
def test_digital_gains_arrive_as_in_the_plain_form(size):
    stage, gain = columns(size, 1)
    full, closed = 0.12, 1.0 - power(1.0 - 0.2, 0.25)
    expected = gain + closed * (full * stage / 4.0 - gain)
    same_bits(digital.realised_gain(gain, stage, full, 0.2), expected)


@pytest.mark.parametrize("size", SIZES)
def test_ordered_links_merge_as_all_are_sorted(size):
    r = np.random.default_rng(size)
    rows, more = size + 3, size // 2
    supplier, leader = r.integers(0, size, (2, 2 * size)) if size else np.zeros((2, 0), np.int64)
    links = network.Links.of(supplier, leader, size)
    old = links.ends
    assert_array_equal(old[0], np.repeat(np.arange(size), links.number))
    have_one = (old[0] * rows + old[1])[::3]
    new = np.unique(np.concatenate([r.integers(0, rows * rows, more), have_one]))
    new = new // rows, new % rows
    for lasts in (np.ones(len(links), dtype=bool), r.random(len(links)) < 0.6):
        got = network.merged(links, lasts, new, rows)
        every = zip((side[lasts] for side in old), new, strict=True)
        wanted = network.Links.of(*(np.concatenate(sides) for sides in every), rows)
        for part in ("supplier", "leader", "first"):
            same_bits(getattr(got, part), getattr(wanted, part))


def test_needs_of_leaders_are_those_of_the_plain_form(running):
    e = running.enterprises
    for share in (0.0, 0.3, 50.0):
        same_bits(network.needs(e, e.revenue, share), plain_network.needs(e, e.revenue, share))


def test_pairs_and_choices_are_those_of_the_plain_form(running):
    e, s = running.enterprises, running.network.search
    suppliers = np.flatnonzero(s.sought)
    for rows in (suppliers[:0], suppliers[:1], suppliers[:7], suppliers):
        for one, other in zip(s.pairs(e, rows), plain_network.pairs(s, e, rows), strict=True):
            same_bits(one, other)
        for lot in range(3):
            chosen = network.choose(e, s, rows, lot, 1)
            same_bits(chosen, plain_network.choose(e, s, rows, lot, 1))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("step", [1, 2])
def test_uniform_numbers_are_those_of_the_plain_form(size, step):
    ids = np.random.default_rng(size).integers(0, 2**63 - 1, size * step)[::step]
    ids.flags.writeable = False
    for quarter in (-4, 0, 35):
        wanted = plain_randomness.uniform(3, "a purpose", ids, quarter)
        same_bits(uniform(3, "a purpose", ids, quarter), wanted)
