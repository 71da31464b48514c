"""Patterns of conduct that designs depend on, measured on the arms of a seed.

Levels (take-up, relabelling, misuse, hurdle rate) are inputs; what is measured is how they move
with size, reward, audit, price and horizon.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.calibration.emergent.measures import (
    OPEN,
    Found,
    both,
    equipment_price,
    extra,
    grant_by_size,
    in_half,
    market_takes,
    plant_bought,
    total,
    under_quota,
)
from jiqun.calibration.facts.panels import FIRST, LAST
from jiqun.model.dimensions import SIZES

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from jiqun.calibration.emergent.arms import Arms
    from jiqun.calibration.emergent.measures import Flag


def grant_against_discount(data: Arms) -> Found:
    """Extra plant per yuan of a grant less that of an interest discount of the same cost."""
    per_yuan, cost = [], []
    for arm, lever in (
        ("grant of the discount's worth", "equipment_upgrade_grant"),
        ("discount", "loan_interest_discount"),
    ):
        two, half, _ = plant_bought(data, arm, lever)
        cost.append(extra(two, "subsidy", half))
        per_yuan.append(extra(two, "plant_bought", half) / cost[-1])
    return Found(
        per_yuan[0] - per_yuan[1], len(two),
        {"grant": per_yuan[0], "discount": per_yuan[1], "cost_ratio": cost[0] / cost[1]},
    )  # fmt: skip


def price_in_spikes(data: Arms) -> Found:
    """Share of the extra plant by a price cut that is bought in years of a spike."""
    found = equipment_price(data)
    return Found(found.also["share_in_spikes"], found.observations)


def grant_small_against_large(data: Arms) -> Found:
    """Extra R&D per yuan of grant, small less large enterprises."""
    found = {size: grant_by_size(data, size) for size in ("small", "medium", "large")}
    free = grant_by_size(data, "large", arm="rd grant, no cap")
    return Found(
        found["small"].value - found["large"].value, found["small"].observations,
        {size: one.value for size, one in found.items()} | {"large_without_cap": free.value},
    )  # fmt: skip


def take_up(data: Arms) -> Found:
    """Share of the eligible that claim a new grant in the fourth year over that in the first."""
    frame = data["news"]
    frame = frame[frame["eligible"] & (frame["year"] >= OPEN) & ~frame["exited"]]

    def share(rows: pd.Series[bool]) -> float:
        part = frame[rows]
        return float(np.average(part["claims"], weights=part["weight"]))

    first = frame["year"] == OPEN
    by_year = [share(frame["year"] == year) for year in range(OPEN, LAST + 1)]
    big = frame["size"].isin([SIZES.index("large"), SIZES.index("medium")])
    organised = frame["organised"].astype(bool)
    small = frame["size"] == SIZES.index("small")
    return Found(
        by_year[-1] / by_year[0], len(frame),
        {
            **{f"in_year_{i}": value for i, value in enumerate(by_year, 1)},
            "large_over_small": share(first & big) / share(first & small),
            "organised_over_others": share(first & small & organised)
            / share(first & small & ~organised),
        },
    )  # fmt: skip


def take_up_by_size(data: Arms) -> Found:
    """Share that claims a new grant in its first year: large and medium over small."""
    found = take_up(data)
    return Found(found.also["large_over_small"], found.observations)


def take_up_organised(data: Arms) -> Found:
    """The same: small ones with an R&D institution or a title over other small ones."""
    found = take_up(data)
    return Found(found.also["organised_over_others"], found.observations)


def reported_against_real(data: Arms) -> Found:
    """Growth of reported over that of real R&D by a full deduction against none, 2023."""
    two = both(data["no deduction"], data["deduction"])
    rows = (two["year"] == LAST).to_numpy()
    growth = {
        name: float(np.log(total(two, f"{name}_arm", rows) / total(two, name, rows)))
        for name in ("rd", "rd_reported")
    }
    return Found(
        growth["rd_reported"] / growth["rd"], int(rows.sum()),
        {"real": growth["rd"], "reported": growth["rd_reported"]},
    )  # fmt: skip


def _relabelled(frame: pd.DataFrame) -> float:
    part = frame[frame["year"] == LAST]
    return total(part, "rd_reported") / total(part, "rd") - 1.0


def relabelling_under_audit(data: Arms) -> Found:
    """Relabelled R&D where every second is audited over that without audits."""
    without = _relabelled(data["deduction"])
    half, full = (_relabelled(data[f"deduction, {name}"]) for name in ("audit", "full audit"))
    return Found(
        half / without, len(data["deduction"]),
        {"without": without, "half_audited": half, "all_audited": full,
         "without_deduction": _relabelled(data["no deduction"])},
    )  # fmt: skip


def _misused(frame: pd.DataFrame, plain: pd.DataFrame) -> float:
    return total(frame, "misused") / (total(frame, "subsidy") - total(plain, "subsidy"))


def misuse_by_reward(data: Arms) -> Found:
    """Share of R&D grants diverted at twice the rate over that at the usual one."""
    usual = _misused(data["rd grant"], data["plain"])
    higher = _misused(data["rd grant, higher"], data["plain"])
    return Found(higher / usual, len(data["rd grant"]), {"usual": usual, "higher": higher})


def misuse_under_audit(data: Arms) -> Found:
    """Yuan diverted where every second is audited over that without audits."""
    with_it, without = total(data["rd grant, audit"], "misused"), total(data["rd grant"], "misused")
    return Found(with_it / without, len(data["rd grant"]))


def green_against_price(data: Arms) -> Found:
    """Extra upgrades by a grant over those by a dearer energy worth as much to a project."""
    rise = {}
    for arm in ("green", "energy of the grant's worth"):
        two = both(data["plain"], data[arm])
        rows = ((two["year"] == LAST) & two["above"]).to_numpy()
        rise[arm] = extra(two, "green", rows) / total(two, "green", rows)
    grant, price = rise.values()
    return Found(
        grant / price, int(rows.sum()),
        {"grant": grant, "price": price, "price_rise": data.dearer_by},
    )  # fmt: skip


def quota_against_intensity(data: Arms) -> Found:
    """Part of the fall of energy under a quota that is not a fall of energy per value added."""
    two = both(data["plain"], data["quota"])
    under, _ = under_quota(two)

    def change(name: str, years: Flag) -> float:
        rows = under & years
        return float(np.log(total(two, f"{name}_arm", rows) / total(two, name, rows)))

    after, last = ((two["year"] >= OPEN).to_numpy(), (two["year"] == LAST).to_numpy())
    energy, output = (change(name, after) for name in ("energy", "value_added_real"))
    return Found(
        output / energy, int((under & after).sum()),
        {"energy": energy, "energy_per_value_added": energy - output, "output": output,
         "energy_in_the_last_year": change("energy", last),
         "output_in_the_last_year": change("value_added_real", last)},
    )  # fmt: skip


def displacement(data: Arms) -> Found:
    """Sales that others in the province lose over what a better half gains, against theory.

    Later years add what comes by credit.
    """
    whole = both(data["plain"], data["better half"])
    two = whole[whole["year"] == FIRST]
    expected = market_takes(data, two, in_half(two, data.seed, "better"))

    def lost(frame: pd.DataFrame) -> float:
        rows = in_half(frame, data.seed, "better")
        return -extra(frame, "revenue", ~rows) / extra(frame, "revenue", rows)

    return Found(
        lost(two) / expected, len(two),
        {"measured": lost(two), "expected": expected,
         "measured_in_the_last_year": lost(whole[whole["year"] == LAST])},
    )  # fmt: skip


def voucher_saturates(data: Arms) -> Found:
    """Extra upgrades by a voucher without new capacity over those with capacity enough."""

    def upgrades(arm: str) -> float:
        return total(data[arm], "upgrades")

    vouchers = ("voucher, small", "voucher")
    plain, alone = upgrades("plain"), upgrades("capacity")
    scarce = [upgrades(arm) - plain for arm in vouchers]
    ample = [upgrades(f"{arm}, capacity") - alone for arm in vouchers]
    return Found(
        scarce[1] / ample[1], len(data["plain"]),
        {"at_half_the_rate": scarce[0] / ample[0],
         "second_half_of_the_rate_over_the_first": (scarce[1] - scarce[0]) / scarce[0],
         "the_same_with_capacity": (ample[1] - ample[0]) / ample[0],
         "before": plain, "extra": scarce[1], "capacity_alone": alone - plain},
    )  # fmt: skip


PATTERNS: dict[str, Callable[[Arms], Found]] = {
    "grant_against_discount": grant_against_discount,
    "price_in_spikes": price_in_spikes,
    "grant_small_against_large": grant_small_against_large,
    "take_up": take_up,
    "take_up_by_size": take_up_by_size,
    "take_up_organised": take_up_organised,
    "reported_against_real": reported_against_real,
    "relabelling_under_audit": relabelling_under_audit,
    "misuse_by_reward": misuse_by_reward,
    "misuse_under_audit": misuse_under_audit,
    "green_against_price": green_against_price,
    "quota_against_intensity": quota_against_intensity,
    "displacement": displacement,
    "voucher_saturates": voucher_saturates,
}
"""Measure of each pattern, by its key in `emergent.yaml`."""
