"""Named clusters beside their published sizes."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.calibration import named_clusters
from jiqun.calibration.named_clusters import Size, measure, stored
from jiqun.model import build_population
from jiqun.model.model import POPULATION_SEED
from jiqun.scenarios import load
from jiqun.scenarios.tables import table

REGISTER = {row.id: row for row in table("clusters")}


def test_every_named_cluster_with_a_published_size_is_stored():
    wanted = [row.id for row in table("clusters") if row.cities and row.scale_100m_yuan]
    assert [size.row.id for size in stored()] == wanted
    assert all(size.year == max(size.row.scale_year, 2018) for size in stored())


def test_sizes_of_part_of_a_year_are_brought_to_a_year():
    half = Size(REGISTER["bengbu_silicon"], 1000.0, 2021)
    assert half.published == 1200.0
    assert half.within_a_third
    assert Size(REGISTER["tongling_copper"], 1.0, 2021).published == pytest.approx(1288.1 / 0.75)
    assert Size(REGISTER["hefei_nev"], 1.0, 2023).published == 4000.0


@pytest.mark.parametrize(
    ("simulated", "near"), [(4000 * 1.33, True), (4000 * 0.76, True), (4000 * 1.34, False),
                            (4000 * 0.74, False), (0.0, False)],
)  # fmt: skip
def test_a_third_is_counted_from_the_smaller(simulated, near):
    assert Size(REGISTER["hefei_nev"], simulated, 2023).within_a_third == near


def test_sizes_are_those_of_all_members(monkeypatch):
    scenario = replace(load(named_clusters.REFERENCE), rows=1_100)
    population = build_population(
        scenario.province, scenario.parameters, scenario.rows, POPULATION_SEED
    )
    monkeypatch.setattr(named_clusters, "LAST", 2018)
    # The year of a size has a part in how fields are spread: the population is the usual one.
    monkeypatch.setattr(named_clusters, "build_population", lambda *_: population)
    frame = measure_at_start(scenario)
    c = population.columns
    for number, seat in enumerate(population.clusters[: len(scenario.province.clusters)]):
        member = (c["cluster"] == number) | (c["county_cluster"] == number)
        sales = 4.0 * np.sum((c["weight"] * c["revenue"] * c["above_scale"])[member])
        if seat.id in frame.index:
            assert frame.loc[seat.id, "simulated"] == pytest.approx(sales / 1e8), seat.id
    # The one published for a year before the start is a marginal, and met.
    assert frame.loc["wuwei_cables", "simulated"] == pytest.approx(352.1, rel=1e-6)


def measure_at_start(scenario):
    clusters = tuple(
        replace(record, scale_year=2018) if record.scale else record
        for record in scenario.province.clusters
    )
    province = replace(scenario.province, clusters=clusters)
    return measure(replace(scenario, province=province), [1]).set_index("id")
