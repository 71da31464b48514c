"""How each pattern of conduct is measured on the arms of a seed.

Most measures follow the same enterprises in two arms that share every draw, so that a difference is
the effect; where the field compares treated with untreated, a random half is treated and the other
half is taken off. No number that is looked for enters a measure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from jiqun.calibration.emergent import arms
from jiqun.calibration.facts import estimators as fit
from jiqun.calibration.facts.innovation import rd_cash_flow
from jiqun.calibration.facts.panels import FIRST, LAST, Panels
from jiqun.calibration.facts.production import energy_price as facts_energy_price
from jiqun.calibration.facts.production import investment_equation
from jiqun.calibration.panel import lag
from jiqun.model.calendar import year_of
from jiqun.model.dimensions import CITIES, FIELDS, SIZES, TIERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt
    import pandas as pd

    from jiqun.calibration.emergent.arms import Arms
    from jiqun.model.dimensions import Array

    Flag = npt.NDArray[np.bool_]

OPEN = year_of(arms.AFTER)
"""First year of the arms on investment and take-up."""
SPIKE = 0.2
"""Plant bought over plant at hand from which a year is a spike."""
HORIZON = 5
"""Years after which the coming of a large plant is judged."""


@dataclass(frozen=True)
class Found:
    """What a seed gives.

    Attributes:
        value: The headline number.
        observations: Rows it rests on.
        also: Other numbers, by name.
    """

    value: float
    observations: int
    also: Mapping[str, float] = field(default_factory=dict)


def both(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """The same enterprises and years in two arms, those that left in either dropped."""
    first = one.loc[one["year"] == FIRST].set_index("id")["size"]
    two = one.merge(other, on=["id", "year"], suffixes=("", "_arm"))
    two = two[~two["exited"] & ~two["exited_arm"]]
    return two.assign(size_first=two["id"].map(first).fillna(-1).astype(int))


def total(frame: pd.DataFrame, name: str, rows: Flag | None = None) -> float:
    """Weighted sum of a column.

    Args:
        frame: A panel with `weight`, one row an enterprise and year.
        name: Name of the column.
        rows: Rows that count, shape (rows,); all if None.
    """
    part = frame if rows is None else frame[rows]
    return float((part["weight"] * part[name]).sum())


def extra(frame: pd.DataFrame, name: str, rows: Flag | None = None) -> float:
    """Sum in the arm less the sum without it.

    Args:
        frame: Two arms side by side, as `both` joins them.
        name: Name of the column, without the `_arm` of the arm.
        rows: Rows that count, shape (rows,); all if None.
    """
    return total(frame, f"{name}_arm", rows) - total(frame, name, rows)


def in_half(frame: pd.DataFrame, seed: int, lever: str) -> Flag:
    """The half that an arm treats.

    Args:
        frame: A panel, one row an enterprise and year.
        seed: Seed of the run.
        lever: Id of the lever that the arm adds.
    """
    result: Flag = arms.treated(frame["id"].to_numpy(), seed, lever).astype(bool)
    return result


def of_size(frame: pd.DataFrame, *sizes: str) -> Flag:
    """Enterprises of these size classes in the first year."""
    result: Flag = frame["size_first"].isin([SIZES.index(name) for name in sizes]).to_numpy()
    return result


def under_quota(two: pd.DataFrame) -> tuple[Flag, Flag]:
    """Rows of those whom the quota meets in its first year, and of those it never meets."""
    (quota,) = arms.ARMS["quota"]
    heavy = two[["energy", "energy_arm"]].max(axis=1) >= quota.value("threshold", arms.AFTER)
    first, ever = (
        two["id"].isin(two.loc[heavy & years, "id"]).to_numpy()
        for years in (two["year"] == OPEN - 1, two["year"] < LAST)
    )
    return first, ~ever


def market_takes(data: Arms, two: pd.DataFrame, moved: Flag) -> float:
    """Part of what some enterprises gain that others of the province lose, by theory.

    One market with constant elasticity: s (1 - m) / (1 - s m), with s the province's share of the
    market and m that of the moved enterprises in the province; fields weigh as what is gained.

    Args:
        data: The arms.
        two: Two arms in the years looked at, shape (rows,).
        moved: Enterprises whose competitiveness or sales the arm moves, shape (rows,).
    """
    w, number = two["weight"].to_numpy(), two["field"].to_numpy()
    change = w * (two["revenue_arm"] - two["revenue"]).to_numpy()
    before = w * two["revenue"].to_numpy()
    gain, mine = (np.bincount(number[moved], x[moved], len(FIELDS)) for x in (change, before))
    m = mine / np.maximum(np.bincount(number, before, len(FIELDS)), 1.0)
    s = data.bare.province.fields["market_share"]
    return float(np.dot(s * (1.0 - m) / (1.0 - s * m), gain) / gain.sum())


def _history(data: Arms) -> Panels:
    return Panels(data["history"], data["energy dearer"])


# rows of the priors -----------------------------------------------------------------------------


def grant_by_size(data: Arms, *sizes: str, arm: str = "rd grant") -> Found:
    """Extra R&D carried out per yuan of R&D grant, 2019-2023, grantees against themselves.

    Args:
        data: The runs of a seed.
        *sizes: Names of the size classes that count, as enterprises were in the first year.
        arm: Name of the arm with the grant.
    """
    two = both(data["plain"], data[arm])
    rows = in_half(two, data.seed, "rd_grant") & of_size(two, *sizes)
    got = extra(two, "subsidy", rows)
    last = rows & (two["year"] == LAST).to_numpy()
    # What is below the cap can move: what is at the cap is cash.
    capped = two["subsidy_arm"].to_numpy() - two["subsidy"].to_numpy() >= 0.999 * _cap()
    at_cap = float((two["weight"] * (two["subsidy_arm"] - two["subsidy"]))[rows & capped].sum())
    return Found(
        extra(two, "rd", rows) / got, int(rows.sum()),
        {
            "reported": extra(two, "rd_reported", rows) / got,
            "in_the_last_year": extra(two, "rd", last) / extra(two, "subsidy", last),
            "share_of_grant_at_the_cap": at_cap / got,
            "share_misused": total(two, "misused_arm", rows) / got,
        },
    )  # fmt: skip


def _cap() -> float:
    (grant,) = arms.ARMS["rd grant"]
    return grant.value("cap", 0)


def grant_small(data: Arms) -> Found:
    """Small enterprises."""
    return grant_by_size(data, "small")


def grant_large(data: Arms) -> Found:
    """Large enterprises."""
    return grant_by_size(data, "large")


def plant_bought(data: Arms, arm: str, lever: str) -> tuple[pd.DataFrame, Flag, Flag]:
    """Two arms in the years of the lever; the treated half and the other, above scale at first.

    Args:
        data: The runs of a seed.
        arm: Name of the arm with the lever.
        lever: Id of the lever.
    """
    two = both(data["plain"], data[arm])
    two = two[(two["year"] >= OPEN) & two["above"] & (of_size(two, "large", "medium", "small"))]
    half = in_half(two, data.seed, lever)
    return two, half, ~half


def equipment_price(data: Arms) -> Found:
    """Elasticity of plant bought to its price, treated half against the other."""
    two, half, rest = plant_bought(data, "price", "equipment_upgrade_grant")
    growth = [
        np.log(total(two, "plant_bought_arm", rows) / total(two, "plant_bought", rows))
        for rows in (half, rest)
    ]
    change = np.log(1.0 - arms.EQUIPMENT_CUT)
    return Found(
        float(-(growth[0] - growth[1]) / change), len(two),
        {"growth_of_treated": float(np.expm1(growth[0] - growth[1])),
         "share_in_spikes": _in_spikes(data, two, half)},
    )  # fmt: skip


def _in_spikes(data: Arms, two: pd.DataFrame, rows: Flag) -> float:
    """Share of the extra plant that is bought in years of a spike."""
    spiked = []
    for arm, name in (("plain", "plant_bought"), ("price", "plant_bought_arm")):
        frame = data[arm]
        before = lag(frame, "capital")
        rate = frame["plant_bought"].to_numpy() / np.where(before > 0.0, before, np.nan)
        high = set(zip(frame["id"][rate > SPIKE], frame["year"][rate > SPIKE], strict=True))
        spike = np.array([key in high for key in zip(two["id"], two["year"], strict=True)])
        spiked.append(total(two, name, rows & spike))
    return (spiked[1] - spiked[0]) / extra(two, "plant_bought", rows)


def interest(data: Arms) -> Found:
    """Elasticity of plant bought to its user cost, moved by a dearer loan rate alone."""
    two = both(data["plain"], data["loans dearer"])
    two = two[(two["year"] >= OPEN) & two["above"]]
    bought = np.log(total(two, "plant_bought_arm") / total(two, "plant_bought"))
    cost = [
        float(np.average(two[n], weights=two["weight"])) for n in ("user_cost", "user_cost_arm")
    ]
    equation = investment_equation(_history(data))
    return Found(
        float(-bought / np.log(cost[1] / cost[0])), len(two),
        {"coefficient_in_the_equation": -equation.also["cost_of_capital"],
         "t_in_the_equation": -equation.also["t_cost"]},
    )  # fmt: skip


def cash_flow(data: Arms) -> Found:
    """Long-run coefficient of cash flow in the investment equation."""
    found = investment_equation(_history(data))
    return Found(found.value, found.observations, {"t": found.also["t_cash"]})


def cash_flow_rd(data: Arms) -> Found:
    """Coefficient of cash flow on R&D, both over plant, of those with R&D."""
    found = rd_cash_flow(_history(data))
    return Found(found.also["spending"], found.observations, {"t": found.also["t_spending"]})


def energy_short(data: Arms) -> Found:
    """Elasticity of energy use to its price in the first year."""
    found = facts_energy_price(_history(data))
    return Found(-found.also["first_year"], found.observations)


def energy_long(data: Arms) -> Found:
    """Elasticity of energy use to its price in the ninth year."""
    found = facts_energy_price(_history(data))
    return Found(-found.value, found.observations, {"of_all_energy": -found.also["of_all_energy"]})


def rebound(data: Arms) -> Found:
    """Share of the saving that upgrades promise at unchanged output that is not seen in energy."""
    two = both(data["plain"], data["green"])
    saved = {}
    for name in ("saved", "saved_arm"):
        # Upgrades come over the year: the mean of its ends.
        saved[name] = 0.5 * (two[name].to_numpy() + np.nan_to_num(lag(two, name)))
    two = two.assign(promised=(saved["saved_arm"] - saved["saved"]) * two["value_added_real"])
    rows = ((two["year"] == LAST) & two["above"]).to_numpy()
    promised, seen = total(two, "promised", rows), -extra(two, "energy", rows)
    more = total(two, "value_added_real_arm", rows) / total(two, "value_added_real", rows) - 1.0
    return Found(1.0 - seen / promised, int(rows.sum()), {"output": float(more)})


def density(data: Arms) -> Found:
    """Log productivity on log jobs of others of the field in the city, field-year, city effects."""
    frame = data["history"]
    frame = frame[frame["above"] & ~frame["exited"] & np.isfinite(frame["tfp"])]
    w, jobs = frame["weight"].to_numpy(), (frame["weight"] * frame["employees"]).to_numpy()
    place = (frame["field"] * len(CITIES) + frame["city"]).to_numpy()
    cell = place + len(FIELDS) * len(CITIES) * (frame["year"].to_numpy() - FIRST)
    others = np.bincount(cell, jobs)[cell] - frame["employees"].to_numpy()
    kept = others > 1.0
    columns = np.column_stack([frame["tfp"].to_numpy()[kept], np.log(others[kept])])
    field_year = (frame["field"] * 10_000 + frame["year"]).to_numpy()[kept]
    table = fit.within(columns, w[kept], field_year, frame["city"].to_numpy()[kept])
    result = fit.least_squares(table[:, 0], table[:, 1:], w[kept], place[kept])
    return Found(float(result.coefficient[0]), int(kept.sum()), {"error": float(result.error[0])})


def cluster_innovators(data: Arms) -> Found:
    """Change of the share with R&D by the document, members of racing clusters less others."""
    two = both(data["history"], data["document"])
    rows = ((two["year"] == two["year"].max()) & two["above"]).to_numpy()
    racing = two["tier"].isin([TIERS.index(n) for n in ("world", "national", "provincial")])
    change = [
        extra(two, "rd_active", part) / float(two["weight"][part].sum())
        for part in (rows & racing.to_numpy(), rows & ~racing.to_numpy())
    ]
    return Found(change[0] - change[1], int(rows.sum()), {"members": change[0]})


def anchor(data: Arms) -> Found:
    """Productivity of incumbents after a large plant came to their field and city."""
    frame = data["history"]
    place = (frame["field"] * len(CITIES) + frame["city"]).to_numpy()
    year = frame["year"].to_numpy()
    size = len(FIELDS) * len(CITIES)
    came = np.zeros((size, year.max() + 1), dtype=bool)
    new = (frame["plant"] & (frame["age"] <= 1.0)).to_numpy()
    came[place[new], year[new]] = True
    tfp = frame["tfp"].to_numpy()
    change = tfp - lag(frame, "tfp", HORIZON + 1)
    start = year - HORIZON
    incumbent = frame["above"].to_numpy() & ~frame["plant"].to_numpy() & np.isfinite(change)
    incumbent &= start > FIRST
    first = came[place, np.maximum(start, 0)]
    later = np.array(
        [came[p, s : s + HORIZON + 1].any() for p, s in zip(place, start, strict=True)]
    )
    rows = incumbent & (first | ~later)
    w, group = frame["weight"].to_numpy()[rows], (frame["field"].to_numpy() * 10_000 + year)[rows]
    table = fit.within(np.column_stack([change[rows], first[rows].astype(float)]), w, group)
    result = fit.least_squares(table[:, 0], table[:, 1:], w, place[rows])
    return Found(
        float(result.coefficient[0]), int(rows.sum()),
        {"error": float(result.error[0]), "share_treated": float(np.average(first[rows]))},
    )  # fmt: skip


def leakage(data: Arms) -> Found:
    """Sales that others in the province gain over what plants under the energy quota lose."""
    two = both(data["plain"], data["quota"])
    _, free = under_quota(two)

    def shifted(name: str, years: Flag) -> float:
        return -extra(two, name, years & free) / extra(two, name, years & ~free)

    after, first = ((two["year"] >= OPEN).to_numpy(), (two["year"] == OPEN).to_numpy())
    return Found(
        shifted("revenue", after), int(after.sum()),
        {"in_the_first_year": shifted("revenue", first),
         "expected_of_the_market": market_takes(data, two[after], ~free[after]),
         "of_energy": shifted("energy", after)},
    )  # fmt: skip


def guarantee(data: Arms) -> Found:
    """Rise of the rate of default by a guarantee to a random half, over that of the other half."""

    def rates(arm: str, *, guaranteed: bool) -> Array:
        frame = data[arm]
        frame = frame[(frame["year"] >= OPEN) & (frame["size"] != SIZES.index("large"))]
        frame = frame[in_half(frame, data.seed, "credit_guarantee") == guaranteed]
        number, owed = float(frame["weight"].sum()), total(frame, "debt")
        failed = total(frame.assign(failed=frame["unpaid"] > 0.0), "failed")
        return np.array([failed / number, owed / number, total(frame, "unpaid") / owed])

    half, rest = (
        rates("guarantee", guaranteed=who) / rates("plain", guaranteed=who) for who in (True, False)
    )
    defaults, loans, unpaid = half / rest - 1.0
    frame = data["guarantee"]
    return Found(
        float(defaults), int(((frame["unpaid"] > 0.0) & (frame["year"] >= OPEN)).sum()),
        {"loans": float(loans), "part_of_loans_unpaid": float(unpaid)},
    )  # fmt: skip


PRIORS: dict[str, Callable[[Arms], Found]] = {
    "add_grant_small": grant_small,
    "add_grant_large": grant_large,
    "eps_I_price": equipment_price,
    "eps_I_interest": interest,
    "xi_cf_I": cash_flow,
    "xi_cf_RD": cash_flow_rd,
    "eps_E_sr": energy_short,
    "eps_E_lr": energy_long,
    "rebound": rebound,
    "alpha_agg": density,
    "cluster_p_innov": cluster_innovators,
    "anchor_spill": anchor,
    "leakage": leakage,
    "guar_default": guarantee,
}
"""Measure of each row of `priors.csv` that must come out of the model, by its name."""
