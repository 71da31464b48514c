"""What a page asks: a scenario, what of it is moved, the outside world, what it is compared with.

The state is what a link carries. A link is read by patterns and checked against what there is;
nothing of it is run or opened.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from jiqun.asking import ON
from jiqun.scenarios.errors import ScenarioError
from jiqun.scenarios.language import say
from jiqun.scenarios.question import GRAMMAR

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 4_000
"""Longest link that is read, in characters."""
MOST_PARTS = 80
KEYS = ("on", "against", "world", "set")
_PART = re.compile(r"(?P<key>[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?)(?P<said>[*=][^*=;,]{1,40})")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")


@dataclass(frozen=True)
class State:
    """What is asked.

    Attributes:
        on: Scenario or design whose levers are moved.
        against: What it is compared with; if empty, `on` as it stands where something is moved,
            else the baseline of `on`.
        world: Variant of the outside world that both are set in; empty for the central one.
        parts: Lever, or lever and term, to what is said of it: ``cluster_award`` to ``*2``.
    """

    on: str = ON
    against: str = ""
    world: str = ""
    parts: tuple[tuple[str, str], ...] = ()

    @property
    def line(self) -> str:
        """What is moved, as a question in one line."""
        return ";".join(f"{key}{said}" for key, said in self.parts)

    @property
    def times(self) -> dict[str, float]:
        """Lever to how many times as large it is made, of those that are moved by that alone."""
        return {key: float(said[1:]) for key, said in self.parts if said.startswith("*")}

    @property
    def only_times(self) -> bool:
        """Whether nothing but sizes of levers is moved."""
        return len(self.times) == len(self.parts)

    def put(self, key: str, said: str | None) -> State:
        """The state with a part said otherwise, or, where nothing is said, without it."""
        parts: Mapping[str, str] = dict(self.parts) | ({key: said} if said else {})
        return replace(self, parts=tuple((k, s) for k, s in parts.items() if said or k != key))

    def query(self) -> str:
        """The state as the query of a link."""
        told = {"on": self.on, "against": self.against, "world": self.world, "set": self.line}
        return urlencode({key: value for key, value in told.items() if value})


def read_query(query: str) -> State:
    """The state that a link carries; keys that are no part of it are left to others.

    Raises:
        ScenarioError: It is none; names and values are checked later, where they are used.
    """
    if len(query) > LONGEST:
        raise _refused(say("is too long"), say("at most {most} characters", most=LONGEST))
    try:
        given = parse_qsl(query.removeprefix("?"), max_num_fields=20, errors="strict")
    except ValueError as error:
        raise _refused(say("cannot be read"), GRAMMAR) from error
    told = dict.fromkeys(KEYS, "")
    for key, value in given:
        if key not in told:
            continue
        if told[key]:
            raise _refused(say("is set twice"), say("once"), key)
        told[key] = value
    for key in KEYS[:3]:
        if told[key] and not _NAME.fullmatch(told[key]):
            allowed = say("small letters, digits and _, beginning with a letter")
            raise _refused(say("is no name"), allowed, key)
    return State(told["on"] or ON, told["against"], told["world"], _parts(told["set"]))


def _parts(line: str) -> tuple[tuple[str, str], ...]:
    """What a link moves, part by part."""
    found: dict[str, str] = {}
    for part in filter(None, line.split(";")):
        match = _PART.fullmatch(part.strip())
        if match is None or len(found) == MOST_PARTS:
            raise _refused(say("is no question"), GRAMMAR, "set")
        if match["key"] in found:
            raise _refused(say("is set twice"), say("once"), match["key"])
        if match["said"].startswith("*"):
            try:
                float(match["said"][1:])
            except ValueError as error:
                raise _refused(say("is no question"), GRAMMAR, "set") from error
        found[match["key"]] = match["said"].strip()
    return tuple(found.items())


def _refused(problem: str, allowed: str, key: str = "") -> ScenarioError:
    return ScenarioError(say("link"), None, key, problem, allowed)
