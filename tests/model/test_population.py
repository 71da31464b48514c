"""The population at end-2018: raked to its marginals, and the large ones alike at every size."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from jiqun.model import build_population
from jiqun.model.agents.enterprises import NEVER
from jiqun.model.dimensions import CITIES, ENERGY_FIELD, FIELDS, TIERS
from jiqun.model.model import POPULATION_SEED
from jiqun.model.start.membership import revenue_margins
from jiqun.model.start.places import city_given_field
from jiqun.model.start.raking import RakingError, missed
from jiqun.model.start.sampling import CERTAINTY, THRESHOLD, revenue_by_rank, sample

DEFAULT = 12_000


@pytest.fixture
def drawn(populate):
    return populate(DEFAULT)


@pytest.fixture
def columns(drawn):
    return drawn.columns


@pytest.fixture
def marginals(scenario):
    return scenario.province.marginals


def over(columns, values, mask=True):
    """Weighted sum of values over the rows of a mask."""
    return float(np.sum(columns["weight"] * values * mask))


@pytest.mark.parametrize("rows", [1_200, 2_500, DEFAULT])
@pytest.mark.parametrize(
    ("name", "value", "tolerance"),
    [
        ("revenue", lambda c: 4.0 * over(c, c["revenue"], c["above_scale"]), 0.01),
        ("value_added", lambda c: 4.0 * over(c, c["value_added"], c["above_scale"]), 0.03),
        ("enterprises", lambda c: over(c, c["above_scale"]), 1e-9),
        ("below_scale_enterprises", lambda c: over(c, ~c["above_scale"]), 1e-9),
        ("employees", lambda c: over(c, c["employees"], c["above_scale"]), 0.01),
        ("loans", lambda c: over(c, c["debt_short"] + c["debt_long"]), 1e-9),
        (
            "energy",
            lambda c: over(c, c["energy_per_va"] * 4.0 * c["value_added_real"], c["above_scale"]),
            1e-9,
        ),
        ("county_revenue", None, 0.02),
    ],
)
def test_sums_meet_their_marginals(populate, marginals, rows, name, value, tolerance):
    c = populate(rows).columns
    if name == "county_revenue":
        assert 4.0 * over(c, c["revenue"], in_county(populate(rows))) == pytest.approx(
            marginals[name], rel=tolerance
        )
    else:
        assert value(c) == pytest.approx(marginals[name], rel=tolerance)


def in_county(population):
    """Above-scale rows of the registered county clusters."""
    registered = np.array([seat.registered for seat in population.clusters] + [False])
    c = population.columns
    return c["above_scale"] & registered[c["county_cluster"]]


def sampling(columns, flags, chance):
    """Three standard errors of a weighted count drawn by enterprise, as a share of the count."""
    count = over(columns, flags)
    return 3.0 * np.sqrt(np.sum(columns["weight"] ** 2 * flags * (1.0 - chance))) / count


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("rd_active", lambda c: c["rd_active"] & c["above_scale"]),
        ("below_scale_rd_active", lambda c: c["rd_active"] & ~c["above_scale"]),
        ("rd_institution", lambda c: c["rd_institution"] & c["above_scale"]),
        ("srdi_provincial", lambda c: c["srdi"] > NEVER),
    ],
)
def test_counts_meet_their_marginals_within_sampling(columns, marginals, name, flags):
    tolerance = sampling(columns, flags(columns), 0.0)
    assert tolerance < 0.5
    assert over(columns, flags(columns)) == pytest.approx(marginals[name], rel=tolerance)


def test_high_tech_enterprises_leave_room_for_services(columns, marginals):
    flags = columns["high_tech"] > NEVER
    wanted = marginals["hightech_enterprises"] - marginals["hightech_services"]
    tolerance = sampling(columns, flags, 0.0)
    assert over(columns, flags) == pytest.approx(wanted, rel=tolerance)


def test_no_little_giant_before_the_first_list(columns):
    assert np.all(columns["little_giant"] == NEVER)
    assert np.all(columns["champion"] == NEVER)


@pytest.mark.parametrize("rows", [1_200, DEFAULT])
def test_reported_rd_of_manufacturing_is_the_published(populate, marginals, rows):
    c = populate(rows).columns
    factory = c["above_scale"] & (c["field"] != ENERGY_FIELD)
    # A few intensities stand at their upper bound after the scaling.
    assert over(c, c["last_rd_reported"], factory) == pytest.approx(
        marginals["rd_expenditure"], rel=0.02
    )


def test_county_clusters_have_their_published_number(drawn, marginals):
    members = over(drawn.columns, in_county(drawn))
    tolerance = 3.0 * np.sqrt(np.sum(drawn.columns["weight"][in_county(drawn)] ** 2)) / members
    assert tolerance < 0.25
    assert members == pytest.approx(marginals["county_enterprises"], rel=tolerance)


def test_the_expected_table_meets_both_margins(scenario, drawn):
    province, located = scenario.province, drawn.city_given_field
    fields = province.fields["revenue"] / province.fields["revenue"].sum()
    assert np.allclose(located.sum(axis=1), 1.0, rtol=1e-12)
    cities = (fields[:, None] * located).sum(axis=0)
    assert np.allclose(cities, province.city_weight / province.city_weight.sum(), rtol=1e-9)
    # The pattern of the seed is kept: a field is more where it has a cluster of a high tier.
    nev, energy, hefei = FIELDS.index("nev"), FIELDS.index("other_energy"), CITIES.index("hefei")
    assert located[nev, hefei] > 1.5 * located[energy, hefei]


def off_target(population, province, tolerance=1e-6):
    c = population.columns
    margins = revenue_margins(c, population.clusters, province)
    assert [m.name for m in margins[-3:]] == ["county_revenue", "city", "field"]
    assert {m.name for m in margins[:-3]} == {"cluster_maanshan_food", "cluster_wuwei_cables"}
    return missed(4.0 * c["revenue"], c["weight"], margins, tolerance)


@pytest.mark.parametrize("rows", [5_000, DEFAULT])
def test_revenue_meets_every_margin(scenario, populate, rows):
    assert off_target(populate(rows), scenario.province) == {}


@pytest.mark.parametrize("rows", [1_100, 1_200, 2_500])
def test_few_rows_miss_only_fields_smaller_than_a_row(scenario, populate, rows):
    """A row stands for dozens: of quantum information, three enterprises, there is one or none."""
    province = scenario.province
    found = off_target(populate(rows), province, 5e-3)
    revenue = province.fields["revenue"]
    for name, number in found:
        assert name == "field"
        assert revenue[number] / revenue.sum() < 0.003


@pytest.mark.parametrize("seed", [2, 3, 4, 5])
def test_raking_converges_from_other_draws(scenario, seed):
    population = build_population(scenario.province, scenario.parameters, 2_500, seed)
    found = off_target(population, scenario.province, 5e-3)
    assert {name for name, _ in found} <= {"field"}


def test_margins_that_contradict_each_other_are_refused(scenario):
    province = scenario.province
    # More than the whole of its city.
    size = 1.2 * province.marginals["revenue"] * province.city_weight[CITIES.index("maanshan")]
    size /= province.city_weight.sum()
    wrong = replace(province, marginals={**province.marginals, "cluster_maanshan_food": size})
    with pytest.raises(RakingError, match="does not converge"):
        build_population(wrong, scenario.parameters, 2_500, POPULATION_SEED)


def test_sizes_that_are_no_marginals_spread_a_field_and_move_no_margin(scenario):
    """Twice the size of all others: where a field is may move, its revenue and cities' do not."""
    province = scenario.province
    doubled = tuple(
        replace(r, scale=2.0 * r.scale) if r.scale and not r.rake else r for r in province.clusters
    )
    assert sum(r != s for r, s in zip(doubled, province.clusters, strict=True)) == 14
    for clusters in (province.clusters, doubled):
        of = replace(province, clusters=clusters)
        table = city_given_field(of, scenario.parameters) * province.fields["revenue"][:, None]
        cities = province.city_weight / province.city_weight.sum()
        assert np.allclose(table.sum(axis=1), province.fields["revenue"], rtol=1e-9)
        assert np.allclose(table.sum(axis=0), cities * table.sum(), rtol=1e-9)
    # Copper is mostly Tongling's, whatever margins leave of what was published.
    copper = table[FIELDS.index("cu_mg_materials")]
    assert copper[CITIES.index("tongling")] > 0.5 * copper.sum()


def test_raking_leaves_most_large_enterprises_near_the_size_they_drew(scenario, populate):
    p, m = scenario.parameters, scenario.province.marginals
    for rows, within in ((1_200, 0.5), (2_500, 0.35), (DEFAULT, 0.25)):
        c = populate(rows).columns
        drawn = revenue_by_rank(c["id"], m, p, POPULATION_SEED)
        large = drawn >= CERTAINTY
        change = 4.0 * c["revenue"][large] / drawn[large] - 1.0
        assert np.quantile(np.abs(change), 0.95) < within, rows


def test_sums_by_city_and_field_agree_across_numbers_of_rows(populate):
    few, many = (
        np.bincount(16 * c["field"] + c["city"], c["weight"] * c["revenue"] * c["above_scale"], 256)
        for c in (populate(2_500).columns, populate(DEFAULT).columns)
    )
    # Half of the distance between two tables, as a share of the total.
    assert 0.5 * np.abs(few - many).sum() / many.sum() < 0.1


def test_clusters_of_the_higher_tiers_share_no_pair(drawn):
    pairs = [(seat.field, seat.city) for seat in drawn.clusters if seat.tier != "county"]
    assert len(set(pairs)) == len(pairs)


def test_other_clusters_take_their_share_of_the_pair(scenario, drawn):
    c, share = drawn.columns, scenario.parameters["cluster_join_share"]
    sized = {"maanshan_food", "wuwei_cables"}
    inside = outside = 0.0
    for number, seat in enumerate(drawn.clusters):
        if seat.tier != "county" and seat.id not in sized:
            pair = (c["field"] == seat.field) & (c["city"] == seat.city)
            member = c["cluster"] == number
            assert not np.any(member & ~pair)
            inside += float(c["weight"][member].sum())
            outside += float(c["weight"][pair & ~member].sum())
    assert inside / (inside + outside) == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("rows", [1_200, 2_500, DEFAULT])
def test_clusters_are_as_many_as_declared(scenario, populate, rows):
    seats = populate(rows).clusters
    tiers = Counter(seat.tier for seat in seats)
    named = Counter(record.tier for record in scenario.province.clusters)
    assert tiers["world"] == named["world"]
    assert tiers["national"] == named["national"]
    assert tiers["provincial"] == 30
    assert tiers["county"] == 100
    assert sum(seat.registered for seat in seats) == 72
    assert all(seat.tier == "county" for seat in seats if seat.registered)
    ids = [seat.id for seat in seats]
    assert len(set(ids)) == len(ids)
    assert {record.id for record in scenario.province.clusters} <= set(ids)


def test_members_sit_in_the_field_and_city_of_their_cluster(drawn):
    c = drawn.columns
    for name in ("cluster", "county_cluster"):
        member = c[name] >= 0
        assert member.any()
        seats = [drawn.clusters[number] for number in c[name][member]]
        assert c["field"][member].tolist() == [seat.field for seat in seats]
        assert c["city"][member].tolist() == [seat.city for seat in seats]
    tiers = [drawn.clusters[i].tier if i >= 0 else "none" for i in c["cluster"]]
    assert [TIERS[i] for i in c["tier"]] == tiers
    county = c["county_cluster"][c["county_cluster"] >= 0]
    assert {drawn.clusters[number].tier for number in county} == {"county"}


def test_every_tier_and_city_has_enterprises(columns):
    assert set(columns["tier"].tolist()) == set(range(len(TIERS)))
    assert set(columns["city"].tolist()) == set(range(len(CITIES)))


@pytest.mark.parametrize("rows", [1_200, 2_500, 5_000, 20_000])
def test_large_enterprises_are_alike_at_every_number_of_rows(scenario, marginals, rows):
    p = scenario.parameters
    (few, weight), (many, other) = (
        sample(marginals, p, n, POPULATION_SEED) for n in (rows, 12_000)
    )
    sizes = [revenue_by_rank(rank, marginals, p, POPULATION_SEED) for rank in (few, many)]
    large, also = sizes[0] >= CERTAINTY, sizes[1] >= CERTAINTY
    assert 900 < large.sum() < 1_200
    assert np.array_equal(few[large], many[also])
    assert np.array_equal(sizes[0][large], sizes[1][also])
    assert np.all(weight[large] == 1.0)
    assert np.all(other[also] == 1.0)


def test_large_enterprises_keep_the_attributes_they_draw(populate):
    few, many = populate(2_500).columns, populate(DEFAULT).columns
    # The leading rows of weight one at few rows are the certainty stratum.
    n = int((few["weight"] == 1.0).sum())
    assert np.array_equal(few["id"][:n], many["id"][:n])
    for name in ("field", "city", "role", "ownership", "digital_stage", "plant"):
        alike = few[name][:n] == many[name][:n]
        # What hangs on raked size or on the sampled small ones may tip at the margin.
        assert alike.mean() > 0.98, name


def test_chain_leaders_stand_for_themselves(populate):
    for rows in (1_200, DEFAULT):
        c = populate(rows).columns
        leader = c["role"] == 2
        assert leader.sum() > 20
        assert np.all(c["weight"][leader] == 1.0)


def test_sizes_stay_on_their_side_of_the_threshold(columns):
    yearly = 4.0 * columns["revenue"]
    assert np.all(yearly[columns["above_scale"]] >= THRESHOLD * (1.0 - 1e-12))
    assert np.all(yearly[~columns["above_scale"]] < THRESHOLD)


@pytest.mark.parametrize("rows", [1_200, 2_500, 12_000, 50_000])
def test_the_sample_stands_for_all_enterprises(scenario, marginals, rows):
    rank, weight = sample(marginals, scenario.parameters, rows, POPULATION_SEED)
    n = round(marginals["enterprises"])
    assert len(rank) == pytest.approx(rows, abs=2)
    assert np.all(np.diff(rank) > 0)
    assert weight[rank <= n].sum() == pytest.approx(n)
    assert weight.sum() == pytest.approx(n + marginals["below_scale_enterprises"])


@pytest.mark.parametrize(
    "rows",
    [
        1_200,
        2_500,
        5_000,
        12_000,
        20_000,
        50_000,
    ],
)
def test_no_enterprise_is_sampled_twice(scenario, marginals, rows):
    rank, _ = sample(marginals, scenario.parameters, rows, POPULATION_SEED)
    assert len(np.unique(rank)) == len(rank)


def test_every_number_of_rows_keeps_strata_apart(scenario, marginals):
    n = round(marginals["enterprises"])
    for rows in range(1_100, 20_000, 101):
        rank, weight = sample(marginals, scenario.parameters, rows, POPULATION_SEED)
        assert np.all(np.diff(rank) > 0), rows
        assert weight[rank <= n].sum() == pytest.approx(n), rows


def test_no_rows_given_means_one_row_an_enterprise(scenario, marginals):
    rank, weight = sample(marginals, scenario.parameters, 0, POPULATION_SEED)
    every = round(marginals["enterprises"]) + round(marginals["below_scale_enterprises"])
    assert np.array_equal(rank, np.arange(1, every + 1))
    assert np.all(weight == 1.0)


def test_one_seed_gives_one_population(scenario, populate):
    again = build_population(scenario.province, scenario.parameters, scenario.rows, POPULATION_SEED)
    assert again.digest == populate(scenario.rows).digest
    other = build_population(
        scenario.province, scenario.parameters, scenario.rows, POPULATION_SEED + 1
    )
    assert other.digest != again.digest
