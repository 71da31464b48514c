"""The state that a link carries: there and back, and refused where it is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiqun.app.state import LONGEST, State, read_query
from jiqun.scenarios import InputError, load
from jiqun.scenarios.levers import declarations

LEVERS = sorted(declarations())
PARTS = st.dictionaries(
    st.sampled_from(LEVERS), st.floats(0, 3).map(lambda x: f"*{x:.3g}"), max_size=5
)


@given(PARTS, st.sampled_from(["", "demand_low"]), st.sampled_from(["", "without_document_55"]))
def test_a_link_carries_the_state_there_and_back(parts, world, against):
    state = State("as_issued", against, world, tuple(parts.items()))
    assert read_query("?" + state.query() + "&lang=zh") == state


@given(st.text(max_size=300))
def test_whatever_stands_in_a_link_is_a_state_or_refused(text):
    try:
        state = read_query(text)
    except InputError:
        return
    assert read_query(state.query()) == state


@pytest.mark.parametrize(
    "query",
    [
        "set=__import__('os')",
        "set=cluster_award*2;cluster_award*3",
        "set=cluster_award*two",
        "on=../../etc/passwd",
        "on=/etc/passwd",
        "world=a.yaml",
        "on=as_issued&on=market_only",
        "set=" + "a" * LONGEST,
        "set=" + ";".join(f"a{i}*2" for i in range(100)),
        "%ff=%ff",
        "&".join(f"a{i}=1" for i in range(50)),
    ],
)
def test_a_bad_link_is_refused(query):
    with pytest.raises(InputError):
        read_query(query)


def test_a_part_is_said_again_or_taken_back():
    state = State().put("cluster_award", "*2").put("digital_voucher.rate", "=50%")
    assert state.line == "cluster_award*2;digital_voucher.rate=50%"
    assert state.times == {"cluster_award": 2.0}
    assert not state.only_times
    again = state.put("cluster_award", "*3").put("digital_voucher.rate", None)
    assert again.parts == (("cluster_award", "*3"),)
    assert again.only_times


def test_names_that_are_not_there_are_refused_where_they_are_used(shelf):
    for query in ("on=as_isued", "world=demand_lw", "against=nothing", "set=clster_award*2"):
        with pytest.raises(InputError) as refused:
            shelf.asked(read_query(query))
        assert refused.value.allowed


def test_the_line_of_a_state_is_the_question_of_the_command(shelf):
    state = read_query("set=cluster_award*2")
    asked = shelf.asked(state)
    assert asked.baseline.identity == load("as_issued").identity
    assert asked.scenario.lever("cluster_award").value("provincial", 20) == 10_000_000.0
