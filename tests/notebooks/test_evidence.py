"""What the report knows of a store."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jiqun.model.dimensions import ASSUMPTION_ONLY_FIELDS, TIERS
from jiqun.notebooks.trust.evidence import ASSUMED_UNIT, PROVINCE, SOURCES, Evidence, gather
from jiqun.scenarios.tables import table
from tests.notebooks.made_up import write_store


def test_intervals_come_from_the_triples_alone(evidence: Evidence) -> None:
    assert evidence.count("triples") == 12
    band = evidence.band("revenue", PROVINCE, 2027)
    values = evidence.by_run("revenue", PROVINCE)[2027]
    assert band is not None
    assert len(values) == 12
    assert band.median == pytest.approx(values.median())
    assert (band.low, band.high) == pytest.approx(tuple(np.quantile(values, [0.05, 0.95])))


def test_central_line_falls_back_where_seeds_are_recorded_in_brief(evidence: Evidence) -> None:
    brief = (evidence.frame.source == "seeds") & (evidence.frame.level == "field")
    without = replace(evidence, frame=evidence.frame[~brief])
    unit = ("field", "pv_storage")
    band = without.band("revenue", unit, 2023)
    assert band is not None
    assert without.central["revenue", *unit, 2023] == pytest.approx(band.median)
    assert (
        without.central["revenue", *PROVINCE, 2023] == evidence.central["revenue", *PROVINCE, 2023]
    )


def test_every_tier_has_a_whole_path(evidence: Evidence) -> None:
    for tier in TIERS:
        path = evidence.path("value_added", ("tier", tier))
        assert list(path.index) == list(range(2019, 2028))
        assert np.isfinite(path.to_numpy(dtype=float)).all()


def test_what_was_missed_at_the_origin_is_carried_and_fades(evidence: Evidence) -> None:
    def known(indicator: str) -> float:
        points = (p for p in evidence.compared if p.target.indicator == indicator)
        return next(p.published for p in points if p.target.year == 2023)

    levels, rates = evidence.set_right("as_revenue"), evidence.set_right("as_va_growth")
    revenue = evidence.by_run("revenue", PROVINCE)
    growth = evidence.by_run("va_real_growth", PROVINCE)
    # Half of a miss of a level is left after seven years, of a growth rate after one.
    left = np.log(levels / revenue[[2024, 2025, 2026, 2027]])
    miss = np.log(known("as_revenue") / revenue[2023])
    np.testing.assert_allclose(left[2027], 0.5 ** (4 / 7) * miss)
    missed = known("as_va_growth") - growth[2023]
    np.testing.assert_allclose((rates - growth[[2024, 2025, 2026, 2027]])[2026], missed / 8)


def test_a_series_without_a_figure_of_the_origin_is_not_set_right(evidence: Evidence) -> None:
    assert evidence.set_right("as_profit").empty


def test_shares_of_the_spread_add_up(evidence: Evidence) -> None:
    shares = evidence.shares("value_added")
    assert set(shares) == set(SOURCES)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert min(shares.values()) >= 0.0


def test_no_share_is_stated_without_the_side_batches(tmp_path: Path) -> None:
    assert gather(write_store(tmp_path / "store", triples=4, each=0)).shares("revenue") == {}


def test_every_published_row_is_compared(evidence: Evidence) -> None:
    assert len(evidence.compared) == len(table("calibration_targets"))
    for point in evidence.compared:
        if point.target.year < 2019:
            assert point.verdict == "start"
        elif point.target.error_kind == "report only" or point.target.note == "input":
            assert point.verdict == "shown"
        else:
            assert point.verdict in ("near", "far")


def test_distance_counts_growth_in_points(evidence: Evidence) -> None:
    for point in evidence.compared:
        if point.distance is None or point.central is None:
            continue
        if point.target.kind in ("growth", "real growth", "change"):
            assert point.distance == pytest.approx(point.central - point.published)
        else:
            assert point.distance * abs(point.published) == pytest.approx(
                point.central - point.published
            )


def test_assumption_only_fields_are_one_group(evidence: Evidence) -> None:
    assert len(evidence.path("revenue", ASSUMED_UNIT)) == 9
    # A ratio of the three is no sum, so it is not shown.
    assert evidence.path("rd_intensity", ASSUMED_UNIT).empty
    assert not set(ASSUMPTION_ONLY_FIELDS) & set(evidence.frame.unit_name)


def test_another_scenario_is_refused(store: Path) -> None:
    with pytest.raises(ValueError, match="no run of as_issued"):
        gather(store, "as_issued")
