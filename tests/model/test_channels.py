"""Functions read the terms they declare, of the levers they declare, and no others.

A run with all levers is watched: every term passes `Lever.value`, so who reads what is seen there.
"""

import sys
from types import SimpleNamespace

import pytest

from jiqun.model import ClusterPolicyModel
from jiqun.model.channels import READERS, Reader, readers_of
from jiqun.model.innovation import audit
from jiqun.model.lever import Lever
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.schema import SETTING_TERMS
from tests.golden.renew import everything
from tests.model.policy import setting

UNTIL = 2027
SETTINGS = {term for terms in SETTING_TERMS.values() for term in terms}
"""Terms of settings, which every lever may have."""


def watched(until, monkeypatch, scenario=None):
    """(Lever, channel, term, whether the read says what an absent one counts as) to functions."""
    seen, value = {}, Lever.value

    def noting(self, term, quarter, *absent):
        functions = seen.setdefault((self.id, self.channel, term, bool(absent)), set())
        frame = sys._getframe(1)
        while frame is not None:
            functions.add(frame.f_code)
            frame = frame.f_back
        return value(self, term, quarter, *absent)

    with monkeypatch.context() as patch:
        patch.setattr(Lever, "value", noting)
        ClusterPolicyModel(scenario or everything(), rng=1).run_until_year(until)
    return seen


@pytest.fixture(scope="module")
def seen():
    # Every round wins a title, and a cluster that has an award already may win a higher one.
    scenario = setting(everything(), "national_cluster_contest", titles=5.0, interval=4.0)
    with pytest.MonkeyPatch.context() as monkeypatch:
        return watched(UNTIL, monkeypatch, scenario)


def unread(seen, readers=READERS, declared=None):
    """Terms that a function says it reads of a lever and never does."""
    levers = declared or declarations().values()
    return [
        f"{lever.id}.{term} by {reader.name}"
        for lever in levers
        for reader in readers
        if reader.channel == lever.channel and reader.lever in ("", lever.id)
        for term in reader.terms
        if term in lever.terms
        and not any(
            reader.function.__code__ in functions
            for (id_, _, read, _), functions in seen.items()
            if (id_, read) == (lever.id, term)
        )
    ]


def undeclared(seen):
    """Terms that are read of a lever and no function of its channel declares.

    A read that says what an absent term counts as may be of a lever without it.
    """
    return [
        f"{lever}.{term}"
        for lever, channel, term, absent in seen
        if term not in SETTINGS
        and not absent
        and not any(term in reader.terms for reader in readers_of(channel, lever))
    ]


def test_every_term_is_read_by_the_functions_that_declare_it(seen):
    assert unread(seen) == []


def test_every_reader_reads_a_term_of_some_lever():
    of = {(lever.channel, lever.id): set(lever.terms) for lever in declarations().values()}
    for reader in READERS:
        terms = [
            own
            for (channel, lever), own in of.items()
            if channel == reader.channel and reader.lever in ("", lever)
        ]
        assert set(reader.terms) <= set().union(*terms), reader.name


def test_no_term_is_read_that_is_not_declared(seen):
    assert undeclared(seen) == []


def test_a_term_has_one_kind_in_a_channel():
    for lever in declarations().values():
        kinds = {}
        for reader in readers_of(lever.channel, lever.id):
            for term, kind in reader.terms.items():
                assert kinds.setdefault(term, kind) == kind, f"{reader.name}: {term}"


def test_a_function_that_reads_another_term_than_it_says_is_found(monkeypatch):
    def chance(m):
        return m.lever_value("rd_audit", "rat")

    fault = Reader("audit", "rd_audit", {"rate": "share"}, chance)
    monkeypatch.setattr(audit, "chance", chance)
    seen = watched(2024, monkeypatch)
    lever = SimpleNamespace(id="rd_audit", channel="audit", terms={"rate": None})
    (told,) = unread(seen, [fault], [lever])
    assert told.startswith("rd_audit.rate by ")
    assert told.endswith("chance")
    assert undeclared(seen) == ["rd_audit.rat"]
