"""Which columns a lever may be the first to move, and what an outcome has to be moved by.

A lever moves what an enterprise sees: money, a price, a limit, a rate, what buyers see, who has a
title. Outcomes follow by the rules of the model. So in the stage in which a lever first moves
anything, only columns of its channel may differ, and an outcome among them only where what carries
it has moved at the same enterprise.
"""

import numpy as np

from jiqun.model.quarter import QUARTER, year_end

CASH = {"cash", "debt_short", "debt_long", "rate", "year_subsidy"}
"""Money, and what is borrowed less for having it."""
LOANS = {"year_asked", "year_granted", "year_bound"}
"""Loans asked for and granted, and who meets its limit: what is bought is asked of banks too."""
BOUGHT = CASH | LOANS | {
    "capital", "productivity", "energy_technique", "year_investment", "digital_stage",
    "year_upgrades", "energy_saved", "green_upgrades", "upgrades_value", "grant_income",
}  # fmt: skip
"""What is bought, and what comes with it."""
SALES = {
    "unit_cost", "rivals", "revenue", "expected_revenue", "year_at_ceiling", "orders_filled",
    "input_shortfall", "input_cover",
}  # fmt: skip
"""Unit cost and so prices, what buyers turn to for them, and what a fuller supplier delivers."""
TAXES = {"year_tax", "year_tax_forgone", "year_relabel_gain", "losses"}
INCOME = TAXES | {"profit", "year_profit", "year_subsidy"}
CALLS = {"rd_grant_rate", "year_misused"}
"""R&D grants, which a grant out of the same purse moves too, and those diverted."""

FIRST = {
    "price_of_rd": CALLS | TAXES,
    "price_of_equipment": CALLS | BOUGHT,
    "price_of_digital": CALLS | BOUGHT,
    "price_of_green": CALLS | BOUGHT,
    "price_of_credit": BOUGHT | {"debt_line"},
    "credit_terms": BOUGHT | {"debt_covered"},
    "digital_terms": BOUGHT,
    "capacity": BOUGHT,
    "permit": BOUGHT | {"plant_limit", "plant_refused"},
    "eligibility": BOUGHT,
    "equity": {"cash"},
    "tax": INCOME | {"year_vat", "value_added", "year_value_added"},
    "price_of_energy": SALES | {"levy"},
    "title_award": INCOME,
    "award_matching": INCOME,
    "award": CALLS | INCOME,
    "fund": CALLS | BOUGHT,
    "audit": CALLS,
    "public_platform": CALLS,
    "project_grant": CALLS | {"brand"},
    "appeal": {"brand", "appeal"},
    "title": {"appeal"},
    "title_rate": {
        "innovative_sme",
        "high_tech",
        "srdi",
        "green_factory",
        "moved_from",
        "city",
        "cluster",
        "tier",
        "pool",
        "capital",
    },
    "matching": {"links", "role"},
    "local_sourcing": {"links", "role"},
    "delivery": {"links", "role"},
    "governance": {"links", "role"},
    "energy_quota": SALES | {"energy_quota", "quotas"},
    "spillover": {"productivity"},
    "joint_research": {"pool", "productivity"},
    "skills": {"trained", "productivity"},
    # Cities pay incentives to plants that would have come anyway, too.
    "entry": {"rows", "city", "cluster", "tier", "pool"} | INCOME,
}
"""Channel to the columns that its levers may be the first to move; none but these."""

CARRIED = {
    "productivity": {"capital", "trained", "pool"},
    # Less for a digital stage leaves more for plant: the outlay may stay what it was.
    # And a move leaves some behind.
    "capital": {"year_investment", "upgrades_value", "moved_from"},
    "energy_technique": {"capital"},
    "digital_stage": {"year_upgrades"},
    "energy_saved": {"green_upgrades"},
    # Relief, surcharge or award is an entry of the income statement; value added as published
    # counts VAT payable and moves with it.
    "profit": {"year_tax", "losses", "year_subsidy"},
    "value_added": {"year_vat"},
    # In the first quarter plant is what it was. Others count through their prices alone, and those
    # of a supplier in its own field.
    "unit_cost": {"levy", "energy_quota"},
    "revenue": {"rivals", "quotas"},
    "expected_revenue": {"rivals", "quotas"},
    "orders_filled": {"rivals"},
    "input_shortfall": {"rivals"},
    "year_at_ceiling": {"revenue"},
    "input_cover": {"input_shortfall"},
    "year_granted": {"year_asked"},
    "plant_refused": {"plant_limit"},
    **dict.fromkeys(
        (
            "value_added_real", "employees", "wage", "va_rate",
            "labour_need", "capital_rate", "size_level", "size_noise", "digital_gain", "knowledge",
            "energy_per_va", "rd", "rd_intensity", "rd_taste",
        ),
        (),
    ),
}  # fmt: skip
"""Outcome to what has to have moved at the same enterprise, by one of which it comes; by default
by none: such an outcome is never moved first."""

BY_RULE = {
    # How well others' knowledge is taken up is no column.
    ("spillover", "productivity"),
}
"""Channel and outcome that no column carries, with the reason."""


def stages(model):
    """Run quarters and year ends stage by stage; yields the quarter after each stage."""
    while True:
        model.open_quarter()
        for stage in QUARTER:
            stage.run(model)
            yield model.quarter
        if model.quarter % 4 == 3:
            year_end(model)
            yield model.quarter


def levy(model):
    """Rise of the price of energy by levers as settled so far; asking would settle it early."""
    rise = np.zeros(len(model.enterprises))
    for lever in model.policy.levers_of("price_of_energy"):
        for settled, part in model.programmes.reach.items():
            if settled[0] == lever.id:
                rise += lever.value("rise", model.quarter) * part
    return rise


def state(model):
    """Columns of the enterprises, with what each can draw on or meets that is no column.

    Links, the knowledge of its pool, the levy on energy, and the unit cost of its rivals: the sum
    over its field, itself included, which moves where that of anybody there does. So do the quotas
    of its field: what one may not sell others do.
    """
    e = model.enterprises
    quotas = np.bincount(e.field, np.where(np.isfinite(e.energy_quota), e.energy_quota, 0.0))
    rivals = np.bincount(e.field, e.weight * e.unit_cost)
    links = model.network.links.number
    number = np.zeros(len(e))
    number[: len(links)] = links[: len(e)]
    return {
        **e.columns,
        "links": number,
        "pool": model.innovation.pool_knowledge.take(e.pool),
        "levy": levy(model),
        "rivals": rivals[e.field],
        "quotas": quotas[e.field],
    }


def moved(one, other):
    """Columns that differ between two models, each with the rows at which it does."""
    mine, theirs = state(one), state(other)
    if not np.array_equal(mine["id"], theirs["id"]):
        return {"rows": np.ones(1, dtype=bool)}
    return {
        name: values != theirs[name]
        for name, values in mine.items()
        if not np.array_equal(values, theirs[name])
    }


def first_moved(one, other, last):
    """What differs after the first stage in which anything does; None where nothing ever does.

    Args:
        one: A model with the lever.
        other: The same without it.
        last: Last quarter that is looked at.
    """
    for quarter, _ in zip(stages(one), stages(other), strict=True):
        if found := moved(one, other):
            return found
        if quarter > last:
            return None
    return None


def faults(channel, found):
    """What a lever moved first that it may not, as sentences; empty where all is well.

    Args:
        channel: Channel of the lever.
        found: Column to the rows at which it moved.
    """
    told = [f"{channel} moves {name}" for name in sorted(set(found) - FIRST[channel])]
    for outcome in sorted(set(found) & set(CARRIED)):
        if (channel, outcome) in BY_RULE:
            continue
        carried = np.zeros(len(found[outcome]), dtype=bool)
        for name in CARRIED[outcome]:
            carried |= found.get(name, False)
        if np.any(found[outcome] & ~carried):
            told.append(f"{channel} writes {outcome}, which nothing carries")
    return told
