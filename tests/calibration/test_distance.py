"""Distances of simulated to published values."""

import pandas as pd
import pytest

from jiqun.calibration.fitting.distance import distances, population_distances
from jiqun.model import build_population
from jiqun.scenarios import load
from jiqun.scenarios.tables import table


class Simulated:
    """Results in which every published row is met, but for a factor and an addend."""

    def __init__(self, factor=1.0, points=0.0):
        self.factor, self.points = factor, points

    def intervals(self, *_):
        rows = [
            {
                "outcome": row.outcome,
                "level": row.level,
                "unit_name": row.unit_name,
                "year": row.year,
                "median": (row.value * self.factor + self.points) / row.scale,
            }
            for row in table("calibration_targets")
        ]
        return pd.DataFrame(rows).drop_duplicates(["outcome", "level", "unit_name", "year"])


def test_every_published_row_has_its_distance():
    found = distances(Simulated(), "any")
    assert [d.id for d in found] == [row.id for row in table("calibration_targets")]
    assert all(d.near for d in found)
    assert all(d.off == pytest.approx(0.0, abs=1e-9) for d in found)


def test_levels_are_judged_by_a_quarter_and_growth_by_five_points():
    levels = [d for d in distances(Simulated(1.24), "any") if not d.points]
    assert all(d.near for d in levels)
    assert not any(d.near for d in distances(Simulated(1.26), "any") if not d.points)
    assert not any(d.near for d in distances(Simulated(0.74), "any") if not d.points)
    assert all(d.near for d in distances(Simulated(1.0, 4.9), "any") if d.points)
    assert not any(d.near for d in distances(Simulated(1.0, 5.1), "any") if d.points)
    assert {d.id for d in distances(Simulated(), "any") if d.points} >= {"vag_2022", "revg_2021"}


def test_rows_for_showing_and_rows_without_simulation_are_not_judged():
    found = {d.id: d for d in distances(Simulated(), "any")}
    assert not found["rev_2020"].judged
    assert found["rev_2021"].judged
    assert not found["rate_2020"].judged

    class Nothing(Simulated):
        def intervals(self, *_):
            return super().intervals().iloc[:0]

    empty = distances(Nothing(), "any")
    assert all(d.simulated is None and not d.judged and not d.near for d in empty)


def test_the_population_meets_the_marginals_it_was_raked_to():
    scenario = load("without_document_55")
    population = build_population(scenario.province, scenario.parameters, 5000, 1)
    found = {d.id: d for d in population_distances(population, scenario.province)}
    for name in ("revenue", "value_added", "enterprises", "employees", "loans", "energy"):
        assert found[name].off == pytest.approx(0.0, abs=0.001), name
    for name in (
        "rd_active",
        "rd_institution",
        "county_revenue",
        "pv_revenue",
        "county_enterprises",
    ):
        assert found[name].near, name
