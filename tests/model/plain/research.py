"""Plain form of `model/innovation/research.py`: every step for every row."""

import numpy as np

from jiqun.model.agents.enterprises import NEVER
from jiqun.model.dimensions import CITIES, FIELDS
from jiqun.model.economy import skills
from jiqun.model.elementary import exp, log, power
from jiqun.model.innovation import audit, digital, innovation, titles
from jiqun.model.policy.reach import channel_value
from jiqun.model.randomness import laplace, uniform


def innovate(m):
    """R&D of the next quarter, knowledge, spillovers, digital gains, shocks: productivity."""
    e, p, t, seed = m.enterprises, m.parameters, m.quarter, m.seed_of_run
    before = e.knowledge
    real_rd = e.rd / m.markets.price_level
    e.knowledge = innovation.next_knowledge(before, real_rd, p["delta_K"])
    gain = m.on_productivity("gamma_RD") * innovation.log_gain(
        before, e.knowledge, e.knowledge_floor
    )
    size = m.places.number_of_pools
    added = np.bincount(e.pool, e.weight * real_rd, size)
    added += _from_other_cities(m, real_rd, added)
    pool_after = innovation.next_knowledge(m.innovation.pool_knowledge, added, p["delta_K"])
    others_before = np.maximum(m.innovation.pool_knowledge.take(e.pool) - before, 0.0)
    others_after = np.maximum(pool_after.take(e.pool) - e.knowledge, 0.0)
    absorb = np.where(
        e.rd_institution, p["absorb_institution"], np.where(e.rd_active, 1.0, p["absorb_without"])
    )
    absorb = absorb * (1.0 + channel_value(m, "spillover", "rise"))
    spill = innovation.log_gain(others_before, others_after, np.full(1, p["pool_floor"]))
    gain += (
        m.on_productivity("spill_RD") * absorb * np.clip(spill, -p["spill_most"], p["spill_most"])
    )
    m.innovation.pool_knowledge = pool_after
    digital_before = e.digital_gain
    e.digital_gain = digital.realised_gain(
        digital_before, e.digital_stage, m.on_productivity("phi_D"),
        1.0 / p["digital_lag_ratio"],
    )  # fmt: skip
    gain += e.digital_gain - digital_before
    trained_before = e.trained
    e.trained = skills.staff_trained(
        trained_before, channel_value(m, "skills", "places"), p["training_loss"]
    )
    gain += m.on_productivity("skills_gain") * (e.trained - trained_before)
    gain += p["frontier_absorption"] * m.markets.frontier_growth.take(e.field) + p["drift"] / 4.0
    e.productivity += gain

    chance = p["shock_chance"]

    def shock(name):
        lot, result = uniform(seed, f"{name} comes", e.id, t), np.zeros(len(e))
        rows = np.flatnonzero(lot < chance)
        result[rows] = innovation.seldom(laplace(seed, name, e.id[rows], t), lot[rows], chance)
        return result

    slow = innovation.level_noise(shock("level"), p["level_shock"], chance)
    giant = log(np.maximum(e.expected_revenue / p["giant_size"], 1.0))
    e.size_level += slow - p["giant_reversion"] / 4.0 * giant
    scale = innovation.noise_scale(e.expected_revenue, p["noise"], p["noise_size_slope"])
    e.size_noise *= 1.0 - p["noise_reversion"]
    e.size_noise += scale * shock("noise")

    _rd(m)


def _from_other_cities(m, real_rd, own):
    """R&D that knowledge pools take over where cities build clusters of a field together.

    A part of what members served do in the same field in other cities, of which no more can be
    made use of than is done at home; nothing where there are none. Yuan of 2018 a quarter, shape
    (pools,).
    """
    e, size = m.enterprises, m.places.number_of_pools
    part = channel_value(m, "joint_research", "part")
    if not isinstance(part, np.ndarray):
        return np.zeros(size)
    place, shape = e.field * len(CITIES) + e.city, (len(FIELDS), len(CITIES))
    joint = e.weight * (part > 0.0)
    done = np.bincount(place, joint * real_rd, shape[0] * shape[1]).reshape(shape)
    elsewhere = (done.sum(axis=1, keepdims=True) - done).take(place)
    members = np.bincount(e.pool, e.weight, size)
    taken = np.bincount(e.pool, e.weight * part * np.minimum(elsewhere, own.take(e.pool)), size)
    return np.asarray(taken / np.maximum(members, 1e-9))


def _rd(m):
    """Starts, stops and intensity of R&D."""
    e, p, t, seed = m.enterprises, m.parameters, m.quarter, m.seed_of_run
    trend = exp(p["rd_taste_growth"] * (t + 1) / 4.0)
    peers = m.peer_share(e.rd_active)
    # Where R&D is a condition of grants, it brings more than its own return (article 5).
    opened = m.programmes.rd_conditional_grants.take(e.size) / np.maximum(
        e.rd_taste * e.expected_revenue, 1.0
    )
    entry_cost = 1.0 - np.minimum(opened, p["ticket_most"])
    start = innovation.start_hazard(
        p["rd_start"], e.expected_revenue, p["rd_start_size_power"],
        m.innovation.rd_cost_ratio * entry_cost, p["eps_RD"], peers, p["rd_peer"],
    )  # fmt: skip
    draw = uniform(seed, "rd start", e.id, t)
    sunk = p["rd_sunk"] * e.rd_taste * e.expected_revenue
    starts = ~e.rd_active & (draw < start) & (e.cash > sunk)
    starts &= e.expected_revenue > p["rd_least_revenue"]
    size = np.clip(power(e.expected_revenue / 100e6, -p["rd_stop_size_power"]), 0.2, 2.0)
    stops = e.rd_active & (draw < p["rd_stop"] / 4.0 * size)
    intensity = innovation.rd_intensity(
        e.rd_intensity,
        trend * e.rd_taste,
        m.innovation.rd_cost_ratio,
        p["eps_RD"],
        p["rd_adjust_speed"],
    )
    intensity = np.where(starts, p["rd_start_level"] * e.rd_taste, intensity)
    e.rd_active = (e.rd_active | starts) & ~stops
    e.rd_intensity = np.where(e.rd_active, np.minimum(intensity, p["rd_most"]), 0.0)
    sunk_paid = np.where(starts, sunk, 0.0)
    # Never more than cash flow and half of cash can pay: R&D gives way before wages do.
    made = np.maximum(e.value_added, 0.0)
    able = np.maximum(p["rd_of_cash"] * e.cash + p["rd_of_value_added"] * made, 0.0)
    # Laboratories are staffed for volumes: budgets follow lasting prices, and swings in part.
    m.markets.lasting_price += (
        p["lasting_price_speed"] / 4.0 * (m.markets.price - m.markets.lasting_price)
    )
    steady = power(m.markets.lasting_price / m.markets.price, 1.0 - p["rd_price_pass"])
    sales = e.expected_revenue * steady.take(e.field)
    e.rd = np.minimum(e.rd_intensity * sales / 4.0 + sunk_paid, able)
    reported = innovation.reported(e.rd, m.innovation.relabelling_reward, p["relabel_share"])
    notch = titles.high_tech_threshold(e.expected_revenue) * e.expected_revenue / 4.0
    reach = 1.0 + audit.expected(p["report_reach"] - 1.0, audit.chance(m))
    e.rd_reported = innovation.up_to_notch(
        reported, (1.0 + p["notch_margin"]) * notch, e.high_tech > NEVER, reach
    )
    founds = e.rd_active & ~e.rd_institution & e.above_scale
    founds &= uniform(seed, "rd institution", e.id, t) < p["institution_rate"] / 4.0
    e.rd_institution |= founds
