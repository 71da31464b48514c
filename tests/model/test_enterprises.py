"""Enterprises as columns: the agent-set methods, views that change nothing, and what is refused."""

import numpy as np
import pytest
from mesa import Agent, Model
from mesa.agentset import AbstractAgentSet

from jiqun.model.agents.enterprises import COLUMNS, DTYPES, NEVER, Enterprise, Enterprises, empty


@pytest.fixture
def five():
    columns = empty(5)
    columns["id"][:] = [11, 12, 13, 14, 15]
    columns["weight"][:] = [1.0, 1.0, 4.0, 4.0, 9.0]
    columns["field"][:] = [0, 3, 3, 0, 3]
    columns["revenue"][:] = [50.0, 40.0, 30.0, 20.0, 10.0]
    return Enterprises(Model(), columns)


def state(model):
    return {name: values.tobytes() for name, values in model.enterprises.columns.items()}


def test_columns_have_declared_names_and_types(start):
    columns = start().enterprises.columns
    assert list(columns) == list(COLUMNS)
    assert {name: values.dtype for name, values in columns.items()} == DTYPES


def test_columns_stay_within_their_bounds(start):
    model = start()
    model.run_until_year(2021)
    for name, column in COLUMNS.items():
        values = model.enterprises.get(name)
        assert np.all(np.isfinite(values)), name
        assert values.min() >= column.low, f"{name} below {column.low} {column.unit}"
        assert values.max() <= column.high, f"{name} above {column.high} {column.unit}"


def test_ids_are_unique_after_entry_and_exit(start):
    model = start()
    model.run_until_year(2021)
    ids = model.enterprises.id
    assert len(np.unique(ids)) == len(ids)
    assert np.all(model.enterprises.weight > 0.0)


@pytest.mark.parametrize("change", ["drop", "add"])
def test_columns_must_match_the_declaration(change):
    columns = empty(2)
    if change == "drop":
        del columns["cash"]
    else:
        columns["mood"] = np.zeros(2)
    with pytest.raises(ValueError, match=r"cash|mood"):
        Enterprises(Model(), columns)


def test_it_is_an_agent_set_of_agents(five):
    assert isinstance(five, AbstractAgentSet)
    assert isinstance(five[0], Agent)
    assert len(five) == 5
    assert [view.unique_id for view in five] == [11, 12, 13, 14, 15]
    assert five.to_list() == list(five)
    assert five[-1].unique_id == 15
    with pytest.raises(IndexError):
        five[5]


def test_membership_is_by_id(five):
    assert five[2] in five
    assert five[2] not in five.select(lambda e: e.field == 0)
    assert "13" not in five
    assert 13 not in five


def test_get_gives_copies(five):
    revenue, weight = five.get(["revenue", "weight"])
    revenue[:] = 0.0
    assert weight.tolist() == [1.0, 1.0, 4.0, 4.0, 9.0]
    assert five.get("revenue").tolist() == [50.0, 40.0, 30.0, 20.0, 10.0]
    assert five.get("mood", handle_missing="default", default_value=7).tolist() == [7] * 5
    with pytest.raises(AttributeError):
        five.get("mood")


def test_set_and_agg(five):
    assert five.set("revenue", 2.0) is five
    assert five.agg("revenue", np.sum) == 10.0
    assert five.agg("weight", [np.min, np.max]) == [1.0, 9.0]


def test_select_gives_a_set_of_its_own(five):
    chosen = five.select(lambda e: e.revenue > 15.0, at_most=3)
    assert isinstance(chosen, Enterprises)
    assert chosen.id.tolist() == [11, 12, 13]
    chosen.set("revenue", 0.0)
    assert five.revenue.tolist() == [50.0, 40.0, 30.0, 20.0, 10.0]
    assert five.select().id.tolist() == five.id.tolist()
    assert len(five.select(lambda e: e.revenue > 1e9)) == 0


def test_groupby_splits_all_rows_once(five):
    groups = five.groupby("field")
    assert {key: group.id.tolist() for key, group in groups.items()} == {
        0: [11, 14],
        3: [12, 13, 15],
    }


def test_do_calls_once_with_the_columns(five):
    seen = []

    def double(e, factor, *, name):
        seen.append(len(e))
        e.set(name, factor * e.get(name))

    assert five.do(double, 2.0, name="revenue") is five
    assert seen == [5]
    assert five.revenue.tolist() == [100.0, 80.0, 60.0, 40.0, 20.0]
    with pytest.raises(TypeError, match="function of columns"):
        five.do("step")


def test_map_goes_over_views(five):
    assert five.map("revenue") == [50.0, 40.0, 30.0, 20.0, 10.0]
    assert five.map(lambda view, plus: view.field + plus, 1) == [1, 4, 4, 1, 4]


def test_append_and_keep_hold_the_order(five):
    more = empty(1)
    more["id"][:] = 99
    five.append(more)
    five.keep(five.id != 12)
    assert five.id.tolist() == [11, 13, 14, 15, 99]
    assert five.srdi.tolist() == [NEVER] * 5


@pytest.mark.parametrize("method", ["add", "discard", "remove", "shuffle", "shuffle_do", "sort"])
def test_what_would_change_rows_or_order_is_refused(five, method):
    with pytest.raises(TypeError, match=r"model/economy/demography\.py"):
        getattr(five, method)(five[0])
    assert five.id.tolist() == [11, 12, 13, 14, 15]


def test_inherited_set_methods_are_refused_too(five):
    with pytest.raises(TypeError, match=r"model/economy/demography\.py"):
        five.pop()
    with pytest.raises(TypeError, match=r"model/economy/demography\.py"):
        five.clear()
    with pytest.raises(TypeError, match=r"model/economy/demography\.py"):
        five |= {five[0]}
    with pytest.raises(TypeError, match="inplace"):
        five.select(lambda e: e.field == 0, inplace=True)
    assert five.id.tolist() == [11, 12, 13, 14, 15]


def test_views_read_plain_values(five):
    view = five[1]
    assert (view.unique_id, view.field, view.revenue, view.rd_active) == (12, 3, 40.0, False)
    assert [type(value) for value in (view.field, view.revenue, view.rd_active)] == [
        int,
        float,
        bool,
    ]
    assert "12" in repr(view)
    with pytest.raises(AttributeError, match="mood"):
        _ = view.mood


def test_views_are_equal_by_model_and_id(five):
    assert five[1] == five[1]
    assert five[1] != five[2]
    assert len({five[1], five[1], five[2]}) == 2
    same_ids = Enterprises(Model(), five.columns)
    assert same_ids[1] != five[1]
    assert five.select(lambda e: e.id == 12)[0] == five[1]
    assert five[1] != 12


def test_reading_changes_nothing(start, same):
    read, untouched = start(), start()
    for _ in range(8):
        before, generator = state(read), read.random.getstate()
        registered = len(read.agents)
        view = read.enterprises[17]
        _ = (view.unique_id, repr(view), hash(view), view == read.enterprises[18])
        _ = [getattr(view, name) for name in COLUMNS]
        _ = (view in read.enterprises, read.enterprises.map("revenue")[:3])
        _ = read.enterprises.agg("revenue", np.sum), read.enterprises.groupby("tier")
        assert len(read.agents) == registered, "a view must not register with the model"
        assert state(read) == before
        assert read.random.getstate() == generator
        read.run_for(1)
        untouched.run_for(1)
    assert state(read) == state(untouched)
    same(read.records(), untouched.records())


def test_a_view_is_made_without_registering():
    assert Enterprise.__init__ is not Agent.__init__


def test_a_view_follows_its_enterprise(start):
    model = start()
    views = model.enterprises.to_list()
    model.run_until_year(2019)
    revenue = dict(zip(model.enterprises.id.tolist(), model.enterprises.revenue, strict=True))
    alive = [view for view in views if view in model.enterprises]
    assert len(alive) < len(views)
    for view in alive:
        assert view.revenue == revenue[view.unique_id]


def test_writing_to_a_view_writes_the_column_or_is_refused(five):
    view = five[1]
    try:
        view.revenue = 7.0
    except (AttributeError, TypeError):
        assert five.revenue[1] == 40.0
    else:
        assert five.revenue[1] == 7.0
    assert view.revenue == five.revenue[1]


def test_at_most_may_be_a_share_as_in_mesa(five):
    assert len(five.select(at_most=0.4)) == 2
