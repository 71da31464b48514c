"""Mechanisms that can be switched off: what the file says, and what is refused."""

import pytest

from jiqun.scenarios import ScenarioError, load, shipped, structure
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.tables import table

DECLARED = """switches:
  - id: peers
    label: {zh: 同行, en: Peers}
    off: {q_peer: 0, rd_peer: 0}
    why: Doubted.
  - id: spillovers
    label: {zh: 溢出, en: Spillovers}
    off: {spill_RD: 0}
    why: Doubted.
"""

# name: (old, new, line, key, parts of the message)
WRONG = {
    "unknown_parameter": (
        "rd_peer: 0", "rd_per: 0", 4, "switches[0].off.rd_per",
        ["unknown parameter", "parameters.csv", "nearest: rd_peer"],
    ),
    "set_by_two": (
        "spill_RD: 0", "q_peer: 0", 8, "switches[1].off.q_peer", ["set by peers too"],
    ),
    "central_value": (
        "spill_RD: 0", "spill_RD: 0.06", 8, "switches[1].off.spill_RD", ["central value"],
    ),
    "declared_twice": ("id: spillovers", "id: peers", 6, "switches[1].id", ["twice"]),
    "name_of_a_lever": (
        "id: spillovers", "id: rd_audit", 6, "switches[1].id", ["parameter or a lever"],
    ),
    "name_of_a_parameter": (
        "id: spillovers", "id: p_ext", 6, "switches[1].id", ["parameter or a lever"],
    ),
    "unknown_key": ("why: D", "way: D", 5, "switches[0].way", ["nearest: why"]),
    "no_reason": ("    why: Doubted.\n  - id: s", "  - id: s", 2, "switches[0].why", ["missing"]),
    "nothing_off": ("{spill_RD: 0}", "{}", 8, "switches[1].off", ["at least 1"]),
    "text_for_number": (
        "spill_RD: 0", "spill_RD: none", 8, "switches[1].off.spill_RD", ["number"],
    ),
    "not_finite": ("spill_RD: 0", "spill_RD: .inf", 8, "switches[1].off.spill_RD", ["finite"]),
}  # fmt: skip


@pytest.fixture
def declared(tmp_path, monkeypatch):
    """The switches of a file of one's own."""

    def read(text):
        path = tmp_path / "structure.yaml"
        path.write_text(text, "utf-8")
        monkeypatch.setattr(structure, "SWITCHES", path)
        structure.switches.cache_clear()
        return structure.switches()

    yield read
    structure.switches.cache_clear()


def test_the_switches_that_come_with_the_project():
    known = {row.name: row for row in table("parameters")}
    switches = structure.switches()
    assert 6 <= len(switches) <= 10
    assert not set(switches) & (set(known) | set(declarations()))
    for switch in switches.values():
        assert len(switch.why.split()) > 20
        assert switch.label.zh != switch.label.en
        for name, value in switch.off.items():
            # What describes the population at the start is drawn at central values. A range, or
            # what no draw moves: a world of its own.
            assert known[name].use == "input" or known[name].low == known[name].high
            assert known[name].group != "population"
            # Nothing may be the centre of a range on both sides of it.
            both = value == 0.0 and known[name].low < 0.0 < known[name].high
            assert value != known[name].value or both


def test_switches_off_together_set_what_each_sets(declared):
    switches = declared(DECLARED)
    assert list(switches) == ["peers", "spillovers"]
    assert switches["peers"].off == {"q_peer": 0.0, "rd_peer": 0.0}
    assert switches["spillovers"].off == {"spill_RD": 0.0}


@pytest.mark.parametrize("case", sorted(WRONG))
def test_a_wrong_switch_is_refused(declared, case):
    old, new, line, key, said = WRONG[case]
    assert old in DECLARED
    with pytest.raises(ScenarioError) as caught:
        declared(DECLARED.replace(old, new))
    assert (caught.value.line, caught.value.key) == (line, key)
    for part in said:
        assert part in str(caught.value)


def test_switches_are_no_scenario(tmp_path):
    assert "structure" not in shipped()
    with pytest.raises(ScenarioError, match="no such scenario"):
        load("structure")
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nbaseline: structure\n", "utf-8")
    with pytest.raises(ScenarioError, match="unknown baseline") as caught:
        load(path)
    assert "structure" not in caught.value.allowed.split(", ")
    assert "levers" not in caught.value.allowed.split(", ")
