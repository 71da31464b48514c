"""R&D, knowledge and titles at end-2018: what enterprises had done before the first quarter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jiqun.model.agents.enterprises import NEVER
from jiqun.model.dimensions import ENERGY_FIELD
from jiqun.model.elementary import exp, power
from jiqun.model.randomness import normal, uniform
from jiqun.model.start.choosing import chosen, in_turn
from jiqun.model.start.raking import scaled_to
from jiqun.model.start.sampling import CERTAINTY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.dimensions import Array
    from jiqun.model.province import Province

TITLE_TERM = 12
"""Quarters a title is valid (rules.csv: three years)."""
TAXED = 0.47
"""Reward of the deduction at the start over claims at the ordinary rate: titles pay 15 %, and not
all have profit to set it against (as the first simulated quarters have it)."""


def innovate_before(
    e: dict[str, npt.NDArray[Any]], revenue: Array, province: Province, p: Mapping[str, float],
    seed: int,
) -> None:  # fmt: skip
    """R&D, institutions, knowledge and the titles held at end-2018.

    Args:
        e: Columns of the enterprises; those of innovation are filled.
        revenue: Yearly revenue, yuan, shape (rows,).
        province: Published and proxied facts.
        p: Parameter values.
        seed: Seed of the population.
    """
    _active(e, revenue, province, p, seed)
    _spending(e, revenue, province, p, seed)
    _titles(e, revenue, province.marginals, seed)


def _active(
    e: dict[str, npt.NDArray[Any]], revenue: Array, province: Province, p: Mapping[str, float],
    seed: int,
) -> None:  # fmt: skip
    """Who does R&D, and who has an institution for it."""
    m, facts = province.marginals, province.fields
    ids, w, above, field = e["id"], e["weight"], e["above_scale"], e["field"]
    score = facts["rd_active"][field] * power(revenue / 100e6, p["rd_size_power"])
    active = uniform(seed, "rd active", ids)
    doing = above & chosen(active, np.where(above, score, 0.0), w, m["rd_active"])
    upper = ~above & (revenue > p["rd_least_revenue"])
    # Rows below scale stand for dozens: taken in random order until the number is reached.
    doing |= in_turn(active, np.where(upper, score, 0.0), w, m["below_scale_rd_active"])
    e["rd_active"][:] = doing
    held = uniform(seed, "institution", ids)
    with_rd = doing & above & (held < p["institution_given_rd"])
    rest = max(m["rd_institution"] - float(w[with_rd].sum()), 0.0)
    others = np.where(above & ~doing, power(revenue / 100e6, p["rd_size_power"]), 0.0)
    e["rd_institution"][:] = with_rd | chosen(held, others, w, rest)


def _spending(
    e: dict[str, npt.NDArray[Any]], revenue: Array, province: Province, p: Mapping[str, float],
    seed: int,
) -> None:  # fmt: skip
    """What is wanted, spent and claimed on R&D, and the knowledge from it."""
    m, facts = province.marginals, province.fields
    ids, w, field, doing = e["id"], e["weight"], e["field"], e["rd_active"]
    taste = facts["rd_intensity"][field] * power(revenue / 100e6, -0.1)
    taste = np.minimum(taste * exp(0.6 * normal(seed, "rd taste", ids) - 0.18), 0.25)
    # At the deduction of 2018 (75 % extra), as far as it is claimed.
    relabelled = 1.0 + p["relabel_share"] * p["deduction_start"] * p["deduction_take_up"] * TAXED
    factory = doing & e["above_scale"] & (field != ENERGY_FIELD)
    # Scaled to the published total, which is reported R&D of above-scale manufacturing.
    taste = scaled_to(taste * revenue, w, factory, m["rd_expenditure"] / relabelled) / revenue
    e["rd_intensity"][:] = np.where(doing, np.minimum(taste, 0.3), 0.0)
    # The deduction rose from 50 to 75 % in 2018: what is wanted runs ahead of what is done.
    later = np.where(doing, p["rd_gap_start"], p["rd_taste_inactive"])
    e["rd_taste"][:] = np.minimum(taste * later, 0.3)
    yearly = e["rd_intensity"] * revenue
    # The last quarter of a year of growth runs above the year's mean.
    e["rd_intensity"][:] *= p["rd_run_rate"]
    e["rd"][:] = p["rd_run_rate"] * yearly / 4.0
    e["rd_reported"][:] = e["rd"] * relabelled
    e["last_rd_reported"][:] = yearly * relabelled
    e["knowledge"][:] = yearly / (p["delta_K"] + p["knowledge_growth"])
    e["knowledge_floor"][:] = p["knowledge_floor"] * revenue


def _titles(
    e: dict[str, npt.NDArray[Any]], revenue: Array, m: Mapping[str, float], seed: int
) -> None:
    """Titles held, and since when."""
    ids, w, doing = e["id"], e["weight"], e["rd_active"]
    since = -1 - np.floor(TITLE_TERM * uniform(seed, "title age", ids)).astype(np.int64)
    draw = uniform(seed, "title", ids)
    intense = np.where(doing, 0.2 + np.minimum(e["rd_taste"] / 0.03, 1.0), 0.0)
    tech = chosen(draw, intense, w, m["hightech_enterprises"] - m["hightech_services"])
    e["high_tech"][:] = np.where(tech, since, NEVER)
    small = np.where(
        doing & (revenue > 10e6) & (revenue < CERTAINTY), intense, 0.02 * e["above_scale"]
    )
    special = chosen(uniform(seed, "srdi", ids), small, w, m["srdi_provincial"])
    e["srdi"][:] = np.where(special, since, NEVER)
    novel = special | (doing & (draw < 0.3))
    e["innovative_sme"][:] = np.where(novel & (revenue < CERTAINTY), since, NEVER)
