"""Research: R&D of the next quarter, and the productivity it brings beside other sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from jiqun.model.agents.enterprises import NEVER
from jiqun.model.channels import reads
from jiqun.model.dimensions import CITIES, FIELDS
from jiqun.model.economy import skills
from jiqun.model.elementary import compiled, exp, log, power
from jiqun.model.innovation import audit, digital, innovation, titles
from jiqun.model.policy.reach import channel_value
from jiqun.model.randomness import laplace, uniform

if TYPE_CHECKING:
    from jiqun.model.dimensions import Array
    from jiqun.model.model import ClusterPolicyModel

MOST_STOPS = 2.0
"""Chance to stop R&D over that at 100 million yuan of revenue, at most."""

Flag = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]


@reads("spillover", rise="share")
@reads("skills", places="share")
def innovate(m: ClusterPolicyModel) -> None:
    """R&D of the next quarter, knowledge, spillovers, digital gains, shocks: productivity."""
    e, p = m.enterprises, m.parameters
    learnt, spill = _learn(m)
    digital_before = e.digital_gain
    e.digital_gain = digital.realised_gain(
        digital_before, e.digital_stage, m.on_productivity("phi_D"),
        1.0 / p["digital_lag_ratio"],
    )  # fmt: skip
    trained_before = e.trained
    e.trained = skills.staff_trained(
        trained_before, channel_value(m, "skills", "places"), p["training_loss"]
    )
    _gain(
        (learnt, spill, np.full(len(e), 1.0 + channel_value(m, "spillover", "rise"))),
        (digital_before, e.digital_gain, trained_before, e.trained),
        (e.rd_active, e.rd_institution), e.field,
        p["frontier_absorption"] * m.markets.frontier_growth + p["drift"] / 4.0,
        (p["absorb_without"], p["absorb_institution"], p["spill_most"]),
        (m.on_productivity("gamma_RD"), m.on_productivity("spill_RD"),
         m.on_productivity("skills_gain")),
        e.productivity,
    )  # fmt: skip
    _shocks(m)
    _rd(m)


@compiled(
    "void(UniTuple(float64[::1], 3), UniTuple(float64[::1], 4), UniTuple(boolean[::1], 2),"
    " int64[::1], float64[::1], UniTuple(float64, 3), UniTuple(float64, 3), float64[::1])"
)
def _gain(
    knowledge: tuple[Array, Array, Array], skilled: tuple[Array, Array, Array, Array],
    research: tuple[Flag, Flag], field: Whole, of_field: Array,
    absorbs: tuple[float, float, float], effects: tuple[float, float, float], productivity: Array,
) -> None:  # fmt: skip
    """Raise log productivity, in place, by what a quarter brings.

    Args:
        knowledge: Growth of the log of own knowledge and of that of others, and what spills over of
            the latter against the usual, each shape (rows,).
        skilled: Gain by digital stages before and after the quarter, and staff trained before and
            after, each shape (rows,).
        research: Who does R&D, and who has an institution for it, each shape (rows,).
        field: Field index, shape (rows,).
        of_field: What all of a field gain, log, shape (fields,).
        absorbs: What is made use of the knowledge of others without R&D, and with an institution,
            over that with R&D alone; and the most that its log is taken to move.
        effects: Effects of own knowledge, of that of others and of training on log productivity.
        productivity: Log, shape (rows,).
    """
    (learnt, spill, rise), (active, institution) = knowledge, research
    digital_before, digital, trained_before, trained = skilled
    (without, with_institution, most), (own, others, training) = absorbs, effects
    for i in range(len(learnt)):
        part = with_institution if institution[i] else (1.0 if active[i] else without)
        absorbed = others * (part * rise[i]) * min(max(spill[i], -most), most)
        gain = own * learnt[i] + absorbed
        gain += digital[i] - digital_before[i]
        gain += training * (trained[i] - trained_before[i])
        productivity[i] += gain + of_field[field[i]]


def _learn(m: ClusterPolicyModel) -> tuple[Array, Array]:
    """Knowledge after the quarter; growth of the log of own knowledge and that of others."""
    e, p = m.enterprises, m.parameters
    before, pool_before = e.knowledge, m.innovation.pool_knowledge
    real_rd = e.rd / m.markets.price_level
    e.knowledge = np.empty(len(e))
    added = np.zeros(m.places.number_of_pools)
    _add_knowledge(before, real_rd, e.weight, e.pool, 1.0 - p["delta_K"] / 4.0, e.knowledge, added)
    added += _from_other_cities(m, real_rd, added)
    pool_after = innovation.next_knowledge(pool_before, added, p["delta_K"])
    others_before, others_after = np.empty(len(e)), np.empty(len(e))
    _of_others(e.pool, pool_before, before, others_before)
    _of_others(e.pool, pool_after, e.knowledge, others_after)
    m.innovation.pool_knowledge = pool_after
    own = innovation.log_gain(before, e.knowledge, e.knowledge_floor)
    return own, innovation.log_gain(others_before, others_after, np.full(1, p["pool_floor"]))


@compiled(
    "void(float64[::1], float64[::1], float64[::1], int64[::1], float64, float64[::1],"
    " float64[::1])"
)
def _add_knowledge(
    before: Array, real_rd: Array, weight: Array, pool: Whole, kept: float,
    after: Array, added: Array,
) -> None:  # fmt: skip
    """Knowledge after a quarter of R&D (`next_knowledge`), and the R&D of each pool."""
    for i in range(len(before)):
        after[i] = before[i] * kept + real_rd[i]
        added[pool[i]] += weight[i] * real_rd[i]


@compiled("void(int64[::1], float64[::1], float64[::1], float64[::1])")
def _of_others(pool: Whole, whole: Array, own: Array, others: Array) -> None:
    """Knowledge of the others of each one's pool."""
    for i in range(len(pool)):
        others[i] = max(whole[pool[i]] - own[i], 0.0)


def _shocks(m: ClusterPolicyModel) -> None:
    """Shocks to the slow level of competitiveness and to its transitory part."""
    e, p, chance = m.enterprises, m.parameters, m.parameters["shock_chance"]
    rows, shock = _shock(m, "level")
    slow = np.zeros(len(e))
    slow[rows] = shock
    slow = innovation.level_noise(slow, p["level_shock"], chance)
    giants = (e.expected_revenue > p["giant_size"]).nonzero()[0]
    slow[giants] -= p["giant_reversion"] / 4.0 * log(e.expected_revenue[giants] / p["giant_size"])
    e.size_level += slow
    rows, shock = _shock(m, "noise")
    scale = innovation.noise_scale(e.expected_revenue[rows], p["noise"], p["noise_size_slope"])
    e.size_noise *= 1.0 - p["noise_reversion"]
    e.size_noise[rows] += scale * shock


def _shock(m: ClusterPolicyModel, name: str) -> tuple[Whole, Array]:
    """Rows that a shock comes to in the quarter, and the shock (`innovation.seldom`)."""
    ids, chance = m.enterprises.id, m.parameters["shock_chance"]
    lot = uniform(m.seed_of_run, f"{name} comes", ids, m.quarter)
    rows = (lot < chance).nonzero()[0]
    draw = laplace(m.seed_of_run, name, ids[rows], m.quarter)
    return rows, innovation.seldom(draw, lot[rows], chance)


@reads("joint_research", part="share")
def _from_other_cities(m: ClusterPolicyModel, real_rd: Array, own: Array) -> Array:
    """R&D that knowledge pools take over where cities build clusters of a field together.

    A part of what members served do in the same field in other cities, of which no more can be
    made use of than is done at home; nothing where there are none. Yuan of 2018 a quarter, shape
    (pools,).

    Args:
        m: The model.
        real_rd: R&D of each enterprise, yuan of 2018 a quarter, shape (rows,).
        own: R&D done in each pool, yuan of 2018 a quarter, shape (pools,).
    """
    e, size = m.enterprises, m.places.number_of_pools
    part = channel_value(m, "joint_research", "part")
    if not isinstance(part, np.ndarray):
        return np.zeros(size)
    done, taken = np.zeros((len(FIELDS), len(CITIES))), np.zeros(size)
    _do(e.field, e.city, e.weight, part, real_rd, done)
    elsewhere = done.sum(axis=1, keepdims=True) - done
    _take_over((e.field, e.city, e.pool), e.weight, part, elsewhere, own, taken)
    return taken


@compiled("void(int64[::1], int64[::1], float64[::1], float64[::1], float64[::1], float64[:, ::1])")
def _do(field: Whole, city: Whole, weight: Array, part: Array, real_rd: Array, done: Array) -> None:
    """Add up what those served do, shape (fields, cities)."""
    for i in range(len(field)):
        if part[i] > 0.0:
            done[field[i], city[i]] += weight[i] * real_rd[i]


@compiled(
    "void(UniTuple(int64[::1], 3), float64[::1], float64[::1], float64[:, ::1], float64[::1],"
    " float64[::1])"
)
def _take_over(
    where: tuple[Whole, Whole, Whole], weight: Array, part: Array, elsewhere: Array, own: Array,
    taken: Array,
) -> None:  # fmt: skip
    """Add up what the members of each pool make use of, a mean over all of them."""
    field, city, pool = where
    members = np.zeros(len(taken))
    for i in range(len(field)):
        members[pool[i]] += weight[i]
        if part[i] > 0.0:
            used = min(elsewhere[field[i], city[i]], own[pool[i]])
            taken[pool[i]] += weight[i] * part[i] * used
    for k in range(len(taken)):
        taken[k] /= max(members[k], 1e-9)


def _rd(m: ClusterPolicyModel) -> None:
    """Starts, stops and intensity of R&D."""
    e, p = m.enterprises, m.parameters
    draw = uniform(m.seed_of_run, "rd start", e.id, m.quarter)
    starts, stops = _may_turn(
        e.rd_active, draw, e.expected_revenue, innovation.MOST_STARTS / 4.0,
        p["rd_least_revenue"], p["rd_stop"] / 4.0 * MOST_STOPS,
    )  # fmt: skip
    starts, stops = _starts(m, starts, draw), _stops(m, stops, draw)
    e.rd_active = e.rd_active.copy()
    e.rd_active[starts], e.rd_active[stops] = True, False
    # Laboratories are staffed for volumes: budgets follow lasting prices, and swings in part.
    m.markets.lasting_price += (
        p["lasting_price_speed"] / 4.0 * (m.markets.price - m.markets.lasting_price)
    )
    _budget(m, starts)
    founds = (e.rd_active & ~e.rd_institution & e.above_scale).nonzero()[0]
    lot = uniform(m.seed_of_run, "rd institution", e.id[founds], m.quarter)
    e.rd_institution[founds[lot < p["institution_rate"] / 4.0]] = True


@compiled(
    "UniTuple(int64[::1], 2)(boolean[::1], float64[::1], float64[::1], float64, float64, float64)"
)
def _may_turn(
    active: Flag, draw: Array, revenue: Array, most_starts: float, least: float, most_stops: float
) -> tuple[Whole, Whole]:
    """Rows that may start R&D and that may stop it: the draw of the others is above any chance.

    Args:
        active: Who does R&D, shape (rows,).
        draw: Uniform draw, shape (rows,).
        revenue: Expected revenue, yuan a year, shape (rows,).
        most_starts: Chance to start in a quarter, at most.
        least: Revenue from which R&D is begun, yuan a year.
        most_stops: Chance to stop in a quarter, at most.
    """
    starts, stops = np.empty(len(draw), dtype=np.int64), np.empty(len(draw), dtype=np.int64)
    begin, end = 0, 0
    for i in range(len(draw)):
        # Written first and kept where it may be: a branch on what is random would be guessed wrong.
        starts[begin], stops[end] = i, i
        begin += (not active[i]) & (draw[i] < most_starts) & (revenue[i] > least)
        end += active[i] & (draw[i] < most_stops)
    return starts[:begin].copy(), stops[:end].copy()


def _starts(m: ClusterPolicyModel, rows: Whole, draw: Array) -> Whole:
    """Who of some rows starts R&D in the quarter.

    Args:
        m: The model.
        rows: Rows that may start it.
        draw: Uniform draw, shape of all rows.
    """
    e, p = m.enterprises, m.parameters
    taste, revenue = e.rd_taste[rows], e.expected_revenue[rows]
    # Where R&D is a condition of grants, it brings more than its own return (article 5).
    opened = m.programmes.rd_conditional_grants.take(e.size[rows]) / np.maximum(
        taste * revenue, 1.0
    )
    entry_cost = 1.0 - np.minimum(opened, p["ticket_most"])
    start = innovation.start_hazard(
        p["rd_start"], revenue, p["rd_start_size_power"],
        m.innovation.rd_cost_ratio[rows] * entry_cost, p["eps_RD"],
        m.peer_share(e.rd_active)[rows], p["rd_peer"],
    )  # fmt: skip
    return rows[(draw[rows] < start) & (e.cash[rows] > p["rd_sunk"] * taste * revenue)]


def _stops(m: ClusterPolicyModel, rows: Whole, draw: Array) -> Whole:
    """Who of some rows stops R&D in the quarter.

    Args:
        m: The model.
        rows: Rows that may stop it.
        draw: Uniform draw, shape of all rows.
    """
    e, p = m.enterprises, m.parameters
    size = power(e.expected_revenue[rows] / 100e6, -p["rd_stop_size_power"])
    return rows[draw[rows] < p["rd_stop"] / 4.0 * np.minimum(np.maximum(size, 0.2), MOST_STOPS)]


def _budget(m: ClusterPolicyModel, starts: Whole) -> None:
    """R&D of those who do it, and what they report of it; `starts` are rows that begin with it."""
    e, p, t = m.enterprises, m.parameters, m.quarter
    rows = e.rd_active.nonzero()[0]
    revenue = e.expected_revenue[rows]
    trend = exp(p["rd_taste_growth"] * (t + 1) / 4.0)
    planned = innovation.rd_intensity(
        e.rd_intensity[rows], trend * e.rd_taste[rows], m.innovation.rd_cost_ratio[rows],
        p["eps_RD"], p["rd_adjust_speed"],
    )  # fmt: skip
    new = np.zeros(len(e), dtype=bool)
    new[starts] = True
    steady = power(m.markets.lasting_price / m.markets.price, 1.0 - p["rd_price_pass"])
    e.rd_intensity, e.rd, e.rd_reported = (np.zeros(len(e)) for _ in range(3))
    _spend(
        rows, planned, new, e.field, steady,
        (e.rd_taste, e.expected_revenue, e.cash, e.value_added),
        (p["rd_start_level"], p["rd_sunk"], p["rd_most"], p["rd_of_cash"], p["rd_of_value_added"]),
        e.rd_intensity, e.rd,
    )  # fmt: skip
    reported = innovation.reported(
        e.rd[rows], m.innovation.relabelling_reward[rows], p["relabel_share"]
    )
    notch = titles.high_tech_threshold(revenue) * revenue / 4.0
    reach = 1.0 + audit.expected(p["report_reach"] - 1.0, audit.chance(m))
    e.rd_reported[rows] = innovation.up_to_notch(
        reported, (1.0 + p["notch_margin"]) * notch, e.high_tech[rows] > NEVER,
        reach[rows] if isinstance(reach, np.ndarray) else reach,
    )  # fmt: skip


@compiled(
    "void(int64[::1], float64[::1], boolean[::1], int64[::1], float64[::1],"
    " UniTuple(float64[::1], 4), UniTuple(float64, 5), float64[::1], float64[::1])"
)
def _spend(
    rows: Whole, planned: Array, new: Flag, field: Whole, steady: Array,
    columns: tuple[Array, Array, Array, Array], terms: tuple[float, float, float, float, float],
    intensity: Array, rd: Array,
) -> None:  # fmt: skip
    """Intensity and R&D of those who do it, at prices without their swings.

    Never more than cash flow and half of cash can pay: R&D gives way before wages do.
    """
    taste, revenue, cash, value_added = columns
    start_level, sunk, most, of_cash, of_value_added = terms
    for k in range(len(rows)):
        i = rows[k]
        share, lump = planned[k], 0.0
        if new[i]:
            share, lump = start_level * taste[i], sunk * taste[i] * revenue[i]
        intensity[i] = min(share, most)
        able = max(of_cash * cash[i] + of_value_added * max(value_added[i], 0.0), 0.0)
        rd[i] = min(intensity[i] * (revenue[i] * steady[field[i]]) / 4.0 + lump, able)
