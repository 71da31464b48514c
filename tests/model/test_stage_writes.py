"""Stages write what they declare, and nothing else."""

from dataclasses import replace

import pytest

from jiqun.model import ClusterPolicyModel
from jiqun.model import quarter as stages
from jiqun.model.agents.enterprises import COLUMNS
from jiqun.model.quarter import QUARTER, YEAR_END
from tests.golden.renew import everything
from tests.model.policy import fork, in_place_of, stage
from tests.model.stage_writes import Before, state, undeclared

ALL = (*QUARTER, *YEAR_END)


def watched(model, monkeypatch, quarter=QUARTER, quarters=1):
    """Run quarters and note what each stage writes: name of the stage to `owner.name`s."""
    found = {each.name: set() for each in ALL}

    def watch(each):
        def run(m):
            if m is not model:  # the twin
                each.run(m)
                return
            before = Before(m)
            each.run(m)
            found[each.name] |= before.written(m)

        return replace(each, run=run)

    with monkeypatch.context() as patch:
        patch.setattr("jiqun.model.model.QUARTER", tuple(watch(each) for each in quarter))
        patch.setattr(stages, "YEAR_END", tuple(watch(each) for each in YEAR_END))
        model.run_for(quarters)
    return found


@pytest.fixture(scope="module")
def at_end_of_2023():
    """All levers at once, and others who match them."""
    model = ClusterPolicyModel(everything(), rng=1)
    model.run_until_year(2023)
    return model


def test_stages_write_what_they_declare_and_nothing_else(at_end_of_2023, monkeypatch):
    model = fork(at_end_of_2023, at_end_of_2023.policy)
    found = watched(model, monkeypatch, quarters=8)
    assert [fault for each in ALL for fault in undeclared(each, found[each.name])] == []
    idle = [
        f"{each.name} never writes {name}"
        for each in ALL
        for name in sorted(each.written - found[each.name] - each.rarely_written)
    ]
    assert idle == []


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("enterprises.employees", lambda m: m.enterprises.employees.__imul__(1.01)),
        ("markets.price", lambda m: setattr(m.markets, "price", 1.01 * m.markets.price)),
        ("banks.base_rate", lambda m: setattr(m.banks, "base_rate", 0.1)),
        ("clusters.score", lambda m: setattr(m.clusters[0], "score", -1.0)),
        ("fresh", lambda m: setattr(m, "fresh", 1.0)),
    ],
)
def test_a_write_that_is_not_declared_is_named(at_end_of_2023, monkeypatch, name, fault):
    innovate = stage("innovation")

    def faulty(m):
        innovate(m)
        fault(m)

    model = fork(at_end_of_2023, at_end_of_2023.policy)
    found = watched(model, monkeypatch, in_place_of(QUARTER, "innovation", faulty))
    faults = [fault for each in QUARTER for fault in undeclared(each, found[each.name])]
    assert faults == [f"innovation writes {name}"]


def test_what_is_declared_exists_and_each_reason_is_of_a_declared_write(at_end_of_2023):
    known = {f"enterprises.{name}" for name in (*COLUMNS, "rows")} | set(state(at_end_of_2023))
    for each in ALL:
        assert each.written <= known
        assert each.rarely_written <= each.written


def test_names_of_stages_are_unlike_each_other():
    assert len({each.name for each in ALL}) == len(ALL)
