"""Runs set to published figures: they go on from them, and nothing else is touched."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.calibration.backtest import data, state
from jiqun.calibration.backtest import run as bt
from jiqun.calibration.backtest import second as second_
from jiqun.model import ClusterPolicyModel
from jiqun.model.agents.enterprises import COLUMNS
from jiqun.model.dimensions import FIELDS
from jiqun.model.elementary import dot
from jiqun.model.start.sampling import THRESHOLD
from jiqun.scenarios import load

ORIGIN = 2021
PV = ("revenue", "field", "pv_storage")
COUNT = ("enterprises", "province", "anhui")
PLAN = data.protocol().model_copy(update={"members": 10, "rows": 400})
SECOND = second_.second_protocol(data.protocol())


def at_origin(year=ORIGIN):
    scenario = bt.known_at(load("without_document_55"), ORIGIN)
    model = ClusterPolicyModel(replace(scenario, rows=800).until(ORIGIN + 1), rng=3)
    model.run_until_year(year)
    return model


@pytest.fixture(scope="module")
def unset():
    return at_origin()


@pytest.fixture(scope="module")
def figures(unset):
    """Figures that miss by more than those of the province do, one its own way each."""
    now = state._measured(unset)
    times = {PV: 1.5, state.REVENUE: 0.9, state.LOANS: 1.2, state.LONG_LOANS: 0.8}
    return {key: factor * now[key] for key, factor in times.items()}


@pytest.fixture(scope="module")
def both(unset, figures):
    """The model at the origin before and after setting, and what was told."""
    model = unset.copied(unset.policy)
    return unset, model, state.assimilate_state(model, figures)


def outcome(model, key, year):
    found = model.records()
    at = found["year"] == year
    for name, value in zip(("outcome", "level", "unit_name"), key, strict=True):
        at &= found[name] == value
    return float(found["value"][at][0])


def test_figures_are_hit(both, figures):
    _, model, told = both
    now = state._measured(model)
    for key, figure in figures.items():
        assert now[key] == pytest.approx(figure, rel=1e-12), key
    assert 1.5 - 1e-9 < told.factors["pv_storage"] < 1.6
    assert told.moved[PV] == pytest.approx(1.5)
    assert told.moved[state.REVENUE] == pytest.approx(0.9)
    assert not told.refused
    rest = {told.factors[name] for name in FIELDS if name != "pv_storage"}
    assert len(rest) == 1
    assert 0.8 < rest.pop() < 0.9


def test_enterprises_keep_their_ratios_and_the_small_all_they_have(unset, figures):
    sales = {key: figures[key] for key in (PV, state.REVENUE)}
    model = unset.copied(unset.policy)
    told = state.assimilate_state(model, sales)
    old, new = unset.enterprises, model.enterprises
    above = old.above_scale & (old.last_revenue >= 2.0 * THRESHOLD)
    times = np.array([told.factors[name] for name in FIELDS])[old.field]
    for name in COLUMNS:
        before, after = getattr(old, name), getattr(new, name)
        assert np.array_equal(before[~above], after[~above]), name
        if name in state.WITH_SALES:
            assert after[above] == pytest.approx((times * before)[above], rel=1e-12), name
        elif name != "size_level":
            assert np.array_equal(before, after), name
    owed = [state._owed(m) for m in (unset, model)]
    credit = [m.banks.credit for m in (unset, model)]
    assert credit[1] / credit[0] == pytest.approx(owed[1] / owed[0])


def test_cash_is_the_counter_entry_of_loans(unset, figures):
    model = unset.copied(unset.policy)
    loans = {key: figures[key] for key in (state.LOANS, state.LONG_LOANS)}
    told = state.assimilate_state(model, loans)
    assert set(told.factors) == {"debt_long", "debt_short"}
    assert model._position() - unset._position() == pytest.approx(told.owners, rel=1e-6)
    assert told.owners > 0.0
    assert np.all(model.enterprises.cash >= 0.0)
    line, long = model.enterprises.debt_line, model.enterprises.debt_long
    assert np.all(line <= long + 1.0)
    # Long loans alone leave short ones as they are.
    model = unset.copied(unset.policy)
    state.assimilate_state(model, {state.LONG_LOANS: figures[state.LONG_LOANS]})
    assert np.array_equal(model.enterprises.debt_short, unset.enterprises.debt_short)


def test_the_next_year_starts_from_the_figures_and_the_books_close(both, figures):
    before, model = (m.copied(m.policy) for m in both[:2])
    told, then = both[2], state._measured(before)
    e = before.enterprises
    were = e.id[e.above_scale & (e.last_revenue >= 2.0 * THRESHOLD)]
    for m in (before, model):
        m.run_until_year(ORIGIN + 1)

    def sales(m, field, *, old):
        e = m.enterprises
        kept = (e.field == field) & (np.isin(e.id, were) == old)
        return dot(e.weight * kept, e.last_revenue)

    # Who was set goes on from there with the growth of the run; who comes is as before.
    for name in ("pv_storage", "nev", "appliances", "other_equipment"):
        field = FIELDS.index(name)
        times = [sales(model, field, old=x) / sales(before, field, old=x) for x in (True, False)]
        assert times == pytest.approx([told.factors[name], 1.0], rel=0.02), name
    for key, near in ((PV, 0.06), (state.REVENUE, 0.02)):
        growth = outcome(before, key, ORIGIN + 1) / then[key]
        assert outcome(model, key, ORIGIN + 1) == pytest.approx(figures[key] * growth, rel=near)
    for name, near in (("enterprises", 0.02), ("new_above_scale", 0.02), ("profit_margin", 0.05)):
        key = (name, *COUNT[1:])
        one, other = (outcome(m, key, ORIGIN + 1) for m in (before, model))
        assert other == pytest.approx(one, rel=near), name
    growth = [outcome(m, ("revenue_growth", *COUNT[1:]), ORIGIN + 1) for m in (before, model)]
    assert growth[1] == pytest.approx(growth[0], abs=0.015)
    assert outcome(model, ("accounting_residual", *COUNT[1:]), ORIGIN + 1) < 1e-9
    # What is set between two quarters is no news to wages.
    assert model.labour.wage == pytest.approx(before.labour.wage, rel=0.005)


def test_setting_twice_is_setting_once(both, figures):
    _, model, told = both
    again = model.copied(model.policy)
    more = state.assimilate_state(again, figures)
    assert all(factor == pytest.approx(1.0) for factor in more.factors.values())
    assert more.owners == pytest.approx(0.0, abs=1.0)
    for name in COLUMNS:
        one, other = (getattr(m.enterprises, name) for m in (model, again))
        assert other == pytest.approx(one, rel=1e-9, abs=1e-3), name
    assert again.markets.outside_mass == pytest.approx(model.markets.outside_mass)
    assert told.moved


def test_without_figures_nothing_is_touched(unset):
    plain, model = (unset.copied(unset.policy) for _ in range(2))
    assert state.assimilate_state(model, {}) == state.Told({}, (), 0.0, {})
    for m in (plain, model):
        m.run_until_year(ORIGIN + 1)
    one, other = plain.records(), model.records()
    assert all(np.array_equal(one[name], other[name]) for name in one)
    for name in COLUMNS:
        assert np.array_equal(getattr(plain.enterprises, name), getattr(model.enterprises, name))


@pytest.mark.parametrize("times", [0.4, 2.5])
def test_what_is_out_of_bounds_is_refused_and_told(unset, times):
    now = state._measured(unset)
    model = unset.copied(unset.policy)
    wrong = {PV: times * now[PV], state.LOANS: times * now[state.LOANS]}
    told = state.assimilate_state(model, wrong)
    assert set(told.refused) == {"pv_storage", "debt_long", "debt_short"}
    assert not told.factors
    assert state._measured(model) == now


def test_only_the_end_of_a_year_of_published_prices_can_be_set(figures):
    model = at_origin(2020)
    model.run_for(1)
    with pytest.raises(state.StateError, match=r"set in 2021, quarter 1"):
        state.assimilate_state(model, figures)
    model.run_until_year(ORIGIN + 1)
    with pytest.raises(state.StateError, match="allowed: at the end of a year to 2021"):
        state.assimilate_state(model, figures)


def test_only_figures_of_the_very_year_are_taken():
    named = [data.all_series()[name] for name in SECOND.state.figures]
    known = {year: set(state.published_state(named, year)) for year in range(2019, 2024)}
    assert known[2019] == known[2022] == {PV}
    assert known[2020] == known[2021] == {PV, state.REVENUE}
    assert known[2023] == {PV, state.REVENUE, state.LOANS, state.LONG_LOANS}
    pv = state.published_state(named, 2022)[PV]
    assert pv == pytest.approx(1954.9e8)
    assert tuple(SECOND.state.bounds) == state.BOUNDS


def test_a_forecast_of_set_runs_stands_on_the_figures_and_knows_nothing_later(monkeypatch):
    def made(workers=1, *, whole=True):
        state_of = SECOND if whole else None
        return bt.forecast(ORIGIN, ORIGIN + 1, PLAN, "prior", workers, state=state_of)

    plain, found = made(whole=False).simulated, made()
    values = found.simulated
    refused = values["state_refused", ORIGIN] > 0.0
    assert not refused.all()
    assert ("keep something" in found.note) == bool(refused.any())
    for name in ("pv_revenue", "as_revenue"):
        published = data.all_series()[name].known(ORIGIN)[-1].value
        assert values[name, ORIGIN][~refused] == pytest.approx(published, rel=1e-9)
        # The past has come to where the run was set.
        times = [one[name, ORIGIN] / one[name, 2020] for one in (values, plain)]
        assert times[0] == pytest.approx(times[1])
        assert not np.array_equal(values[name, ORIGIN + 1], plain[name, ORIGIN + 1])
    for name in (
        "new_as_firms",
        "hightech_enterprises",
        "as_va_growth",
        "srdi_provincial_cumulative",
    ):
        assert np.array_equal(values[name, ORIGIN], plain[name, ORIGIN]), name

    original = data.all_series()
    later = {
        name: replace(
            one,
            figures=tuple(
                replace(f, value=9.0 * f.value) if f.year > ORIGIN else f for f in one.figures
            ),
        )
        for name, one in original.items()
    }
    monkeypatch.setattr(bt, "all_series", lambda: later)
    monkeypatch.setattr(second_, "all_series", lambda: later)
    again = made(workers=2).simulated
    for key, one in values.items():
        assert np.array_equal(one, again[key], equal_nan=True), key
