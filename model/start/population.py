"""The population at end-2018: a weighted sample of enterprises raked to published marginals.

Real enterprises are numbered by size; each number is the address of that enterprise's draws. Every
enterprise above the certainty size has a row of its own at every number of rows; smaller ones are
sampled by size stratum, each row standing for a run of neighbours in size.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jiqun.model.agents.clusters import ClusterSeat, seats
from jiqun.model.agents.enterprises import NEVER, Role, empty
from jiqun.model.dimensions import CITIES, FIELDS, TIERS, Array
from jiqun.model.elementary import exp, log, power
from jiqun.model.estimates import on_productivity
from jiqun.model.innovation.innovation import noise_scale
from jiqun.model.randomness import Ids, normal, uniform
from jiqun.model.region import REGION
from jiqun.model.start.first_productivity import learned
from jiqun.model.start.raking import Margin, fitted_table, rake

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.province import Province

(ENERGY_FIELD,) = (FIELDS.index(name) for name in REGION.fields_that("energy"))
THRESHOLD = 20e6
"""Yearly revenue from which an enterprise is above scale (rules.csv, above_scale)."""
CERTAINTY = 400e6
"""Revenue of the statistical class of large enterprises; above it every enterprise has a row."""
LEAST_OF_STRATUM = 20
"""Fewest rows of a stratum below that size."""
TITLE_TERM = 12
"""Quarters a title is valid (rules.csv: three years)."""


@dataclass(frozen=True)
class Population:
    """Columns of the enterprises at end-2018, and the clusters they belong to."""

    columns: Mapping[str, npt.NDArray[Any]]
    clusters: tuple[ClusterSeat, ...]
    city_given_field: Array
    province_hash: str

    @cached_property
    def digest(self) -> str:
        """Hash of all columns."""
        h = hashlib.sha256(self.province_hash.encode())
        for name in sorted(self.columns):
            h.update(name.encode())
            h.update(np.ascontiguousarray(self.columns[name]).tobytes())
        return h.hexdigest()[:20]

    def __len__(self) -> int:
        return len(self.columns["id"])


TAXED = 0.47
"""Reward of the deduction at the start over claims at the ordinary rate: titles pay 15 %, and not
all have profit to set it against (as the first simulated quarters have it)."""


def build_population(
    province: Province, parameters: Mapping[str, float], rows: int, seed: int
) -> Population:
    """Draw the population at end-2018 and rake it to its marginals.

    Args:
        province: Published and proxied facts.
        parameters: Central parameter values.
        rows: Number of rows; 0 gives every enterprise its own row.
        seed: Seed of the population.

    Returns:
        The population.
    """
    p, m = parameters, province.marginals
    rank, weight = _sample(m, p, rows, seed)
    e = empty(len(rank))
    ids = rank
    e["id"][:], e["weight"][:] = rank, weight
    above = rank <= round(m["enterprises"])
    e["above_scale"][:] = e["was_above_scale"][:] = above
    revenue = _sizes(rank, m, p, seed)
    certain = revenue >= CERTAINTY

    field = _fields(ids, revenue, weight, above, certain, province, seed)
    located = _city_given_field(province, p)
    city = _cities(ids, field, revenue, certain, located, seed)
    e["field"][:], e["city"][:] = field, city

    clusters = _clusters(province, located)
    _join(e, clusters, ids, revenue, above, certain, m, p, seed)
    revenue = rake(revenue, e["weight"], revenue_margins(e, clusters, province), THRESHOLD)
    _describe(e, revenue, province, p, seed)
    facts = repr((sorted((k, v.tolist()) for k, v in province.fields.items()), sorted(m.items())))
    return Population(e, clusters, located, hashlib.sha256(facts.encode()).hexdigest()[:20])


def truncated_pareto(u: Array, low: float, high: float, tail: float) -> Array:
    """Size with upper-tail probability `u` of a Pareto law between `low` and `high`.

    Args:
        u: Probability of a larger size, in (0, 1), shape (rows,).
        low: Least size, yuan.
        high: Largest size, yuan.
        tail: Exponent of the law.
    """
    result: Array = power(u * power(low, -tail) + (1.0 - u) * power(high, -tail), -1.0 / tail)
    return result


def chosen(draw: Array, score: Array, weight: Array, target: float) -> npt.NDArray[np.bool_]:
    """Mark rows with probability proportional to `score` so that their weights sum to `target`.

    The sum holds in expectation: P = min(1, scale * score), the scale found by bisection.

    Args:
        draw: Uniform number in (0, 1) of each row, shape (rows,).
        score: Relative chance of each row, zero or more, shape (rows,).
        weight: What a row counts towards the target, shape (rows,).
        target: Sum of weights to be marked, unit of `weight`.
    """
    low, high = 0.0, 1e6 / max(float(score.max(initial=0.0)), 1e-12)
    for _ in range(80):
        scale = 0.5 * (low + high)
        if float(np.sum(weight * np.minimum(1.0, scale * score))) < target:
            low = scale
        else:
            high = scale
    return draw < np.minimum(1.0, high * score)


def in_turn(draw: Array, score: Array, weight: Array, target: float) -> npt.NDArray[np.bool_]:
    """Mark rows in random order, likelier ones earlier, until their weights reach `target`.

    An exponential race (Efraimidis and Spirakis 2006): the order is that of `-ln(draw) / score`.

    Args:
        draw: Uniform number in (0, 1) of each row, shape (rows,).
        score: Relative chance to be early, shape (rows,); rows of zero are never marked.
        weight: What a row counts towards the target, shape (rows,).
        target: Sum of weights to reach, unit of `weight`; a row counts in where half its weight
            fits.
    """
    rows = np.flatnonzero(score > 0.0)
    rows = rows[np.argsort(-log(draw[rows]) / score[rows], kind="stable")]
    taken = weight[rows].cumsum() <= target + 0.5 * weight[rows]
    marked = np.zeros(len(draw), dtype=bool)
    marked[rows[taken]] = True
    return marked


def least_rows(m: Mapping[str, float], p: Mapping[str, float]) -> int:
    """Fewest rows of a population: those of certainty, and the least of each stratum below.

    Args:
        m: Marginals of the province.
        p: Parameter values.
    """
    return len(_sample(m, p, 1, 0)[0])


def _sample(
    m: Mapping[str, float], p: Mapping[str, float], rows: int, seed: int
) -> tuple[Ids, Array]:
    """Ranks and weights: certainty stratum, then strata of falling size."""
    n, below = round(m["enterprises"]), round(m["below_scale_enterprises"])
    tail, top = p["size_tail"], p["size_top"]

    def number_over(size: float) -> int:
        result: int = round(
            n
            * (power(size, -tail) - power(top, -tail))
            / (power(THRESHOLD, -tail) - power(top, -tail))
        )
        return result

    tail_below, least = p["below_scale_tail"], p["below_scale_least"]
    upper = round(
        below * (power(0.5 * THRESHOLD, -tail_below) - power(THRESHOLD, -tail_below))
        / (power(least, -tail_below) - power(THRESHOLD, -tail_below))
    )  # fmt: skip
    certain, middle = number_over(CERTAINTY), number_over(0.25 * CERTAINTY)
    bounds = [certain, middle, n, n + upper, n + below]
    ranks = [np.arange(1, certain + 1, dtype=np.int64)]
    weights = [np.ones(certain)]
    left = rows - certain if rows else n + below
    shares = (0.22, 0.44, 0.16, 0.18)
    for i, share in enumerate(shares):
        size = bounds[i + 1] - bounds[i]
        quota = round(left * share / sum(shares[i:]))
        quota = min(quota, left - LEAST_OF_STRATUM * (len(shares) - 1 - i))
        taken = min(size, max(quota, LEAST_OF_STRATUM))
        left -= taken
        bins = np.arange(taken, dtype=np.int64)
        inside = uniform(seed, f"sample{i}", bins) if taken < size else np.full(taken, 0.5)
        # Runs of neighbours in whole numbers: no two rows share an id, and none leaves its stratum.
        edges = size * np.arange(taken + 1, dtype=np.int64) // taken
        width = np.diff(edges)
        ranks.append(bounds[i] + 1 + edges[:-1] + np.floor(inside * width).astype(np.int64))
        weights.append(width.astype(np.float64))
    return np.concatenate(ranks), np.concatenate(weights)


def _sizes(rank: Ids, m: Mapping[str, float], p: Mapping[str, float], seed: int) -> Array:
    """Yearly revenue by rank: a truncated Pareto above scale, a flatter one below."""
    n, below = round(m["enterprises"]), round(m["below_scale_enterprises"])
    u = uniform(seed, "size", rank)
    large = truncated_pareto(
        np.clip((rank - u) / n, 1e-9, 1.0), THRESHOLD, p["size_top"], p["size_tail"]
    )
    small = truncated_pareto(
        np.clip((rank - n - u) / below, 1e-9, 1.0),
        p["below_scale_least"], 0.999 * THRESHOLD, p["below_scale_tail"],
    )  # fmt: skip
    return np.where(rank <= n, large, small)


def _fields(
    ids: Ids, revenue: Array, weight: Array, above: npt.NDArray[np.bool_],
    certain: npt.NDArray[np.bool_], province: Province, seed: int,
) -> npt.NDArray[np.int64]:  # fmt: skip
    """Fields: small enterprises by number, large ones into what revenue is left of each field."""
    number = province.fields["enterprises"] / province.fields["enterprises"].sum()
    draw = uniform(seed, "field", ids)
    field = np.searchsorted(number.cumsum(), draw).clip(0, len(FIELDS) - 1)
    small_total = float(np.sum((weight * revenue)[above & ~certain]))
    wanted = province.fields["revenue"] / province.fields["revenue"].sum()
    total = float(np.sum((weight * revenue)[above]))
    budget = np.maximum(wanted * total - number * small_total, 0.02 * wanted * total)
    budget *= float(revenue[certain].sum()) / budget.sum()
    for i in np.flatnonzero(certain):
        chance = np.maximum(budget - 0.5 * revenue[i], 0.0)
        if chance.sum() <= 0.0:
            field[i] = int(np.argmax(budget))
        else:
            field[i] = int(np.searchsorted(chance.cumsum(), draw[i] * chance.sum()))
        budget[field[i]] -= revenue[i]
    return field.astype(np.int64)


def _city_given_field(province: Province, p: Mapping[str, float]) -> Array:
    """Chance of each city given the field, shape (fields, cities).

    Of the tables whose revenue by field and by city is as given, the one nearest to a seed in which
    a field's revenue is spread by the weight of cities, more where the field has a cluster, and a
    pair whose cluster has a published size begins with that.
    """
    pull = {"world": 6.0, "national": 6.0, "provincial": 3.0, "county": 1.0}
    lift = np.ones((len(FIELDS), len(CITIES)))
    known = np.zeros((len(FIELDS), len(CITIES)))
    unsized = np.zeros(len(FIELDS))
    growth = p["as_revenue_2023"] / province.marginals["revenue"]
    for record in province.clusters:
        pair = FIELDS.index(record.field), CITIES.index(record.city)
        unsized[pair[0]] += record.scale is None and record.tier != "county"
        if record.scale is None:
            lift[pair] += pull[record.tier]
        else:
            known[pair] = max(known[pair], record.size_at_start(growth))
    sales, cities = province.fields["revenue"], _shares(province.city_weight)
    rest = np.where(known > 0.0, 0.0, lift * cities)
    rest /= rest.sum(axis=1, keepdims=True)
    # Chains with services and other cities count more than a field has: sizes then only say how it
    # is spread. A residual field is more than its clusters, so a size is the least of its pair.
    most = np.where(_residual(), p["known_size_most_of_rest"], p["known_size_most"]) * sales
    # Clusters of the higher tiers without a published size are as large as those with one.
    sized = np.count_nonzero(known, axis=1)
    most *= sized / np.maximum(sized + unsized, 1.0)
    whole = known.sum(axis=1)
    known *= np.minimum(1.0, most / np.maximum(whole, 1.0))[:, None]
    plain = np.where(_residual()[:, None] & (known > 0.0), sales[:, None] * cities, 0.0)
    known = np.maximum(known, plain)
    seed = known + np.maximum(sales - known.sum(axis=1), 0.0)[:, None] * rest
    fields = _shares(sales)
    table = fitted_table(seed, fields, cities)
    return table / table.sum(axis=1, keepdims=True)


def _residual() -> npt.NDArray[np.bool_]:
    """Fields that hold what no named field does."""
    return np.array([field.residual for field in REGION.fields.values()])


def _shares(values: Array) -> Array:
    result: Array = values / values.sum()
    return result


def _cities(
    ids: Ids, field: npt.NDArray[np.int64], revenue: Array, certain: npt.NDArray[np.bool_],
    located: Array, seed: int,
) -> npt.NDArray[np.int64]:  # fmt: skip
    """Cities: small enterprises by the chance given the field, large ones into what is left.

    Left to chance, one giant would be more than the whole of a small city, and raking would have to
    make it small. So they are placed from the largest down, by what revenue of large enterprises
    the pair of field and city still lacks and by the room its city has.
    """
    draw = uniform(seed, "city", ids)
    city = (draw[:, None] > located.cumsum(axis=1)[field]).sum(axis=1).clip(0, len(CITIES) - 1)
    left = np.bincount(field[certain], revenue[certain], len(FIELDS))[:, None] * located
    whole = left.sum(axis=0)
    room = whole.copy()
    for i in np.flatnonzero(certain):
        chance = np.maximum(left[field[i]], 0.0) * np.maximum(room - 0.5 * revenue[i], 0.0) / whole
        if chance.sum() <= 0.0:
            city[i] = int(np.argmax(room))
        else:
            city[i] = int(np.searchsorted(chance.cumsum(), draw[i] * chance.sum()))
        left[field[i], city[i]] -= revenue[i]
        room[city[i]] -= revenue[i]
    return city.astype(np.int64)


def _clusters(province: Province, located: Array) -> tuple[ClusterSeat, ...]:
    """Seats of all clusters; synthetic provincial ones go to the pairs with the largest revenue.

    At end-2018 revenue and number are all that distinguishes pairs of field and city, and both are
    those expected from the facts, so that seats do not move with the sample. The score is the mean
    of their ranks.
    """
    count = province.fields["enterprises"][:, None] * located
    sales = province.fields["revenue"][:, None] * located
    ranks = [
        values.ravel().argsort(kind="stable").argsort(kind="stable").reshape(values.shape)
        for values in (count, sales)
    ]
    score = (ranks[0] + ranks[1]).astype(np.float64)
    registered = round(province.marginals["county_clusters"])
    return seats(province.clusters, score, count, registered)


def _join(
    e: dict[str, npt.NDArray[Any]], clusters: tuple[ClusterSeat, ...], ids: Ids, revenue: Array,
    above: npt.NDArray[np.bool_], certain: npt.NDArray[np.bool_], m: Mapping[str, float],
    p: Mapping[str, float], seed: int,
) -> None:  # fmt: skip
    """Membership: a share of the pair of field and city, or up to the size that is a marginal.

    No two clusters of the higher tiers share a pair. County clusters that do have equal chances.
    """
    pair = e["field"] * len(CITIES) + e["city"]
    weight = e["weight"]
    sized = _sized(clusters, m)
    county: dict[int, list[int]] = {}
    higher = np.full(len(FIELDS) * len(CITIES), -1, dtype=np.int64)
    for number, seat in enumerate(clusters):
        key = seat.field * len(CITIES) + seat.city
        if seat.tier != "county":
            higher[key] = number
        elif number not in sized:
            county.setdefault(key, []).append(number)
    joins = uniform(seed, "cluster member", ids)
    primary = np.where(joins < p["cluster_join_share"], higher[pair], -1)
    held = np.full(len(ids), -1, dtype=np.int64)
    for number, size in sized.items():
        seat = clusters[number]
        here = pair == seat.field * len(CITIES) + seat.city
        column = held if seat.tier == "county" else primary
        column[here & (column == number)] = -1
        score = np.where(here & (revenue < 0.5 * size), 1.0, 0.0)
        column[in_turn(joins, score, weight * revenue, size)] = number

    which = uniform(seed, "county cluster", ids)
    option = np.full(len(ids), -1, dtype=np.int64)
    for key, numbers in county.items():
        here = (pair == key) & (held < 0)
        option[here] = np.array(numbers)[(which[here] * len(numbers)).astype(np.int64)]
    registered = np.array([seat.registered for seat in clusters] + [False])
    taken = above & registered[held]
    share = _county_share(
        above & registered[option], certain, revenue, weight,
        m["county_enterprises"] - float(weight[taken].sum()),
        m["county_revenue"] - float((weight * revenue)[taken].sum()),
    )  # fmt: skip
    chance = np.where(certain, share[1], share[0])
    member = (option >= 0) & (uniform(seed, "county member", ids) < chance)
    held[member] = option[member]

    e["county_cluster"][:] = held
    e["cluster"][:] = np.where(primary >= 0, primary, held)
    tier = np.array([TIERS.index(seat.tier) for seat in clusters] + [TIERS.index("none")])
    e["tier"][:] = tier[e["cluster"]]
    e["pool"][:] = np.where(e["cluster"] >= 0, e["cluster"], len(clusters) + pair)


def _sized(clusters: tuple[ClusterSeat, ...], m: Mapping[str, float]) -> dict[int, float]:
    """Clusters whose published size is comparable (`rake` in the register), yuan a year."""
    return {
        number: m[f"cluster_{seat.id}"]
        for number, seat in enumerate(clusters)
        if f"cluster_{seat.id}" in m
    }


def _county_share(
    eligible: npt.NDArray[np.bool_], certain: npt.NDArray[np.bool_], revenue: Array,
    weight: Array, number: float, total: float,
) -> tuple[float, float]:  # fmt: skip
    """Shares of small and large enterprises of eligible pairs that give number and revenue."""
    small, large = eligible & ~certain, eligible & certain
    share = number / float(weight[small].sum())
    mass = float((weight * revenue)[small].sum())
    rest = (total - share * mass) / float((weight * revenue)[large].sum())
    return min(share, 0.95), float(np.clip(rest, 0.02, 0.95))


def revenue_margins(
    columns: Mapping[str, npt.NDArray[Any]], clusters: tuple[ClusterSeat, ...], province: Province
) -> list[Margin]:
    """Yearly revenue above scale that fields, cities and clusters are raked to, yuan.

    Args:
        columns: Columns of the enterprises.
        clusters: Seats of all clusters.
        province: Published and proxied facts.
    """
    m, above = province.marginals, columns["above_scale"]
    registered = np.array([seat.registered for seat in clusters] + [False])

    def margin(name: str, group: npt.NDArray[np.int64], *target: float) -> Margin:
        return Margin(name, np.where(above, group, -1), np.array(target))

    within = {
        f"cluster_{clusters[number].id}": (columns["cluster"] == number)
        | (columns["county_cluster"] == number)
        for number in _sized(clusters, m)
    }
    within["county_revenue"] = registered[columns["county_cluster"]]
    return [
        *(margin(name, np.where(inside, 0, -1), m[name]) for name, inside in within.items()),
        margin("city", columns["city"], *(m["revenue"] * _shares(province.city_weight))),
        margin("field", columns["field"], *(m["revenue"] * _shares(province.fields["revenue"]))),
    ]


def _spread(values: Array, weight: Array, mask: npt.NDArray[np.bool_], total: float) -> Array:
    """Scale values so that their weighted sum over the mask is `total`."""
    return values * (total / float((weight * values)[mask].sum()))


def _describe(
    e: dict[str, npt.NDArray[Any]], revenue: Array, province: Province, p: Mapping[str, float],
    seed: int,
) -> None:  # fmt: skip
    """All attributes but size, field and place, each raked to its marginal."""
    m, facts = province.marginals, province.fields
    ids, w, above, field = e["id"], e["weight"], e["above_scale"], e["field"]
    _innovation(e, revenue, province, p, seed)
    wedge = p["wedge_spread"] * normal(seed, "wedge", ids)

    tax = m["va_share_production_tax"] * p["vat_in_production_tax"]
    with_vat = np.minimum(
        facts["va_rate"][field] * exp(wedge + _known(e, revenue, province, p)), 0.75
    )
    with_vat = np.minimum(_spread(with_vat * revenue, w, above, m["value_added"]) / revenue, 0.85)
    e["va_rate"][:] = with_vat * (1.0 - tax)
    va = with_vat * revenue
    e["value_added"][:] = e["value_added_real"][:] = va / 4.0
    e["revenue"][:] = revenue / 4.0
    e["expected_revenue"][:] = e["last_revenue"][:] = revenue
    e["last_value_added_real"][:] = va
    # Part of today's size is passing luck. Given a Pareto tail t its posterior mean is t times its
    # variance, and with that the sum over all enterprises neither grows nor shrinks as luck fades.
    kept = 1.0 - p["noise_reversion"]
    scale = noise_scale(revenue, p["noise"], p["noise_size_slope"])
    luck = 2.0 * scale * scale / (1.0 - kept * kept)
    tail = np.where(above, p["size_tail"], p["below_scale_tail"])
    e["size_noise"][:] = tail * luck + np.sqrt(luck) * normal(seed, "luck", ids)
    e["size_level"][:] = log(revenue) - e["size_noise"]

    staff = power(revenue, p["labour_size_power"]) * exp(
        0.3 * normal(seed, "staff", ids) + 0.5 * wedge
    )
    staff = _spread(staff, w, above, m["employees"])
    e["employees"][:] = np.maximum(staff, 1.0)
    e["labour_need"][:] = e["employees"] / va
    pay = power(va / e["employees"], p["wage_productivity_power"])
    e["wage"][:] = pay / (float((w * pay * e["employees"])[above].sum())
                          / float((w * e["employees"])[above].sum()))  # fmt: skip

    _rising_plants(e, revenue, province, p, seed)
    full = np.where(e["plant"], 12.0 / (1.0 - e["founded"]), 1.0)
    depreciated = m["va_share_depreciation"] * m["value_added"] / p["capital_depreciation"]
    capital = facts["capital_per_revenue"][field] * revenue
    capital = capital * full * exp(0.3 * normal(seed, "capital", ids))
    capital = _spread(capital, w, above, depreciated)
    e["capital"][:] = capital
    # Wanted capital: the stock is on average a little under it, as plans run ahead of plant.
    e["capital_rate"][:] = (
        capital
        / full
        / revenue
        * exp(p["capital_gap_spread"] * (uniform(seed, "capital gap", ids) - 0.35))
    )

    debt = revenue * exp(0.6 * normal(seed, "debt", ids))
    debt = np.minimum(_spread(debt, w, w > 0.0, m["loans"]), 0.9 * capital)
    debt = _spread(debt, w, w > 0.0, m["loans"])
    e["debt_long"][:] = m["mlt_share"] * debt
    e["debt_short"][:] = debt - e["debt_long"]
    e["cash"][:] = p["cash_share"] * revenue * exp(0.4 * normal(seed, "cash", ids))

    _digital_and_energy(e, revenue, va, province, p, seed)

    e["ownership"][:] = _ownership(revenue, uniform(seed, "ownership", ids))
    aged = (-1 + 4.0 * p["age_mean"] * log(uniform(seed, "age", ids))).astype(np.int64)
    e["founded"][:] = np.where(e["plant"], e["founded"], aged)
    e["rate"][:] = 0.05
    leaders = np.zeros(len(ids), dtype=bool)
    for f in range(len(FIELDS)):
        rows = np.flatnonzero((field == f) & (revenue >= CERTAINTY))
        leaders[rows[np.argsort(-revenue[rows], kind="stable")[: int(p["leaders_per_field"])]]] = (
            True
        )
    # Who supplies them is in the links of the network.
    e["role"][:] = np.where(leaders, Role.CHAIN_LEADER, Role.INDEPENDENT)
    e["mu_class"][:] = 1


def _known(
    e: dict[str, npt.NDArray[Any]], revenue: Array, province: Province, p: Mapping[str, float]
) -> Array:
    """What knowledge adds to the log of value added from the same inputs, shape (rows,).

    At prices of the field that is (σ-1)/σ of what it adds to productivity: what studies that hold
    inputs see (`model/estimates.py`).
    """
    known = learned(e["knowledge"], e["knowledge_floor"], e["field"], e["weight"] * revenue)
    gain = on_productivity(p["gamma_RD"], province.estimates["gamma_RD"], p["sigma"])
    result: Array = gain * (p["sigma"] - 1.0) / p["sigma"] * known
    return result


def _digital_and_energy(
    e: dict[str, npt.NDArray[Any]], revenue: Array, va: Array, province: Province,
    p: Mapping[str, float], seed: int,
) -> None:  # fmt: skip
    """Digital stages, and energy raked to its total."""
    ids, w, above = e["id"], e["weight"], e["above_scale"]
    coverage = np.where(
        above,
        p["digital_start_above"] * power(revenue / 100e6, 0.12),
        p["digital_start_below"] * power(revenue / 5e6, 0.2),
    )
    adopted = uniform(seed, "digital", ids) < np.minimum(coverage, 0.95)
    depth = np.floor(log(uniform(seed, "digital depth", ids)) / log(0.38)).astype(np.int64)
    e["digital_stage"][:] = np.where(adopted, np.minimum(1 + depth, 4), 0)

    energy = (
        province.fields["energy_per_va"][e["field"]] * exp(0.5 * normal(seed, "energy", ids)) * va
    )
    e["energy_technique"][:] = 1.0
    e["energy_per_va"][:] = _spread(energy, w, above, province.marginals["energy"]) / va


def _rising_plants(
    e: dict[str, npt.NDArray[Any]], revenue: Array, province: Province, p: Mapping[str, float],
    seed: int,
) -> None:  # fmt: skip
    """Large plants of 2016-2018 that are still running up, as many a year as later ones."""
    ids, field = e["id"], e["field"]
    share = province.fields["large_plant_share"] / province.fields["revenue"]
    inside = (revenue >= CERTAINTY) & (revenue < 8e9)
    score = np.where(inside, share[field] * np.sqrt(revenue), 0.0)
    number = p["plants_rising_at_start"] * p["plants_per_year"]
    e["plant"][:] = chosen(uniform(seed, "rising plant", ids), score, e["weight"], number)
    age = 2 + np.floor(9 * uniform(seed, "plant age", ids)).astype(np.int64)
    e["founded"][e["plant"]] = 1 - age[e["plant"]]


def _ownership(revenue: Array, draw: Array) -> npt.NDArray[np.int64]:
    """Private, state or foreign; the state holds more of the large ones (judged, descriptive)."""
    state = np.clip(0.02 + 0.07 * log(np.maximum(revenue / 1e8, 1.0)), 0.0, 0.5)
    return np.where(draw < state, 1, np.where(draw > 0.95, 2, 0)).astype(np.int64)


def _innovation(
    e: dict[str, npt.NDArray[Any]], revenue: Array, province: Province, p: Mapping[str, float],
    seed: int,
) -> None:  # fmt: skip
    """R&D, institutions, knowledge and the titles held at end-2018."""
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

    taste = facts["rd_intensity"][field] * power(revenue / 100e6, -0.1)
    taste = np.minimum(taste * exp(0.6 * normal(seed, "rd taste", ids) - 0.18), 0.25)
    # At the deduction of 2018 (75 % extra), as far as it is claimed.
    relabelled = 1.0 + p["relabel_share"] * p["deduction_start"] * p["deduction_take_up"] * TAXED
    factory = doing & above & (field != ENERGY_FIELD)
    # Scaled to the published total, which is reported R&D of above-scale manufacturing.
    taste = _spread(taste * revenue, w, factory, m["rd_expenditure"] / relabelled) / revenue
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

    since = -1 - np.floor(TITLE_TERM * uniform(seed, "title age", ids)).astype(np.int64)
    draw = uniform(seed, "title", ids)
    intense = np.where(doing, 0.2 + np.minimum(e["rd_taste"] / 0.03, 1.0), 0.0)
    tech = chosen(draw, intense, w, m["hightech_enterprises"] - m["hightech_services"])
    e["high_tech"][:] = np.where(tech, since, NEVER)
    small = np.where(doing & (revenue > 10e6) & (revenue < CERTAINTY), intense, 0.02 * above)
    special = chosen(uniform(seed, "srdi", ids), small, w, m["srdi_provincial"])
    e["srdi"][:] = np.where(special, since, NEVER)
    novel = special | (doing & (draw < 0.3))
    e["innovative_sme"][:] = np.where(novel & (revenue < CERTAINTY), since, NEVER)
