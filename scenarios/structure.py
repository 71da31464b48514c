"""Mechanisms of the model that can be switched off, each by values of parameters."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jiqun.scenarios.errors import nearest_name
from jiqun.scenarios.language import say
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.schema import Switch, SwitchFile, checked
from jiqun.scenarios.tables import table
from jiqun.scenarios.yaml_file import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

SWITCHES = Path(__file__).with_name("structure.yaml")


@cache
def switches() -> Mapping[str, Switch]:
    """Every switch by id, in the order of the file; read once a process.

    A switch holds from the first quarter on: its values take the place of a draw's. No parameter is
    in two switches, so any of them can be off together.

    Raises:
        ScenarioError: A switch has the name of something else that is varied, or sets a parameter
            that is unknown, at its central value already, or of another switch.
    """
    document = read_yaml(SWITCHES)
    rows = {row.name: row for row in table("parameters")}
    central = {name: row.value for name, row in rows.items()}
    found: dict[str, Switch] = {}
    owner: dict[str, str] = {}
    for i, switch in enumerate(checked(document, SwitchFile, document.data).switches):
        if switch.id in found:
            raise document.error(("switches", i, "id"), say("declared twice"))
        if switch.id in central or switch.id in declarations():
            problem = say("{name} is a parameter or a lever", name=repr(switch.id))
            raise document.error(("switches", i, "id"), problem, say("a name of its own"))
        found[switch.id] = switch
        for name, value in switch.off.items():
            at = ("switches", i, "off", name)
            if name not in central:
                near = nearest_name(name, central)
                problem = say("unknown parameter {name}", name=repr(name))
                raise document.error(at, problem, say("names of parameters.csv"), near)
            # A range on both sides of zero is switched off at its centre: draws differ from it.
            both = value == 0.0 and rows[name].low < 0.0 < rows[name].high
            if value == central[name] and not both:
                problem = say("{value:g} is its central value", value=value)
                raise document.error(at, problem, say("another value"))
            if name in owner:
                problem = say("{name} is set by {switch} too", name=name, switch=owner[name])
                raise document.error(at, problem, say("a parameter in one switch"))
            owner[name] = switch.id
    return found
