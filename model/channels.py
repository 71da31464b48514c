"""Channels: what levers touch, and the functions that read the terms of their levers.

A channel stands in the region's `levers.yaml` with its meaning. A function that reads terms says so
where it is defined, with `reads`; a declaration that no function would read is refused on loading
(`scenarios/levers.py`). So a lever of a behaviour that exists is a declaration alone, and a new
behaviour is a function beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jiqun.model import extensions

if TYPE_CHECKING:
    from jiqun.model.model import ClusterPolicyModel


@dataclass(frozen=True)
class Reader:
    """A function that reads terms of levers.

    Attributes:
        channel: Channel of the levers.
        lever: The one lever that is read, by its id; empty where any lever of the channel is.
        terms: Term to its kind (`scenarios/units.py`). Without the first the others do nothing.
        function: The function; what it calls counts as its own.
    """

    channel: str
    lever: str
    terms: Mapping[str, str]
    function: Callable[..., Any]

    @property
    def name(self) -> str:
        """Name of the function with its module."""
        return f"{self.function.__module__}.{self.function.__qualname__}"


READERS: list[Reader] = []
"""Every reader, in the order of import: complete once the model is imported."""


def reads[Function: Callable[..., Any]](
    channel: str, lever: str = "", /, **terms: str
) -> Callable[[Function], Function]:
    """Declare that a function reads terms of levers, all in base units.

    Args:
        channel: Channel of the levers.
        lever: Id of the one lever that is read; empty where any lever of the channel is.
        **terms: Term to its kind, that without which the others do nothing first.
    """

    def declare(function: Function) -> Function:
        READERS.append(Reader(channel, lever, terms, function))
        return function

    return declare


def readers_of(channel: str, lever: str) -> tuple[Reader, ...]:
    """The readers of a lever; none where nothing of the model would read it."""
    return tuple(r for r in READERS if r.channel == channel and r.lever in ("", lever))


def act_from_outside(m: ClusterPolicyModel) -> None:
    """Call the functions of extensions that read a lever in force, each once a quarter.

    Those of the project stand in the stages of the quarter. The books are open: what is paid and
    not booked is seen in the accounting residual.
    """
    if not extensions.installed("levers"):
        return
    called = dict.fromkeys(
        reader.function
        for reader in READERS
        if not reader.function.__module__.startswith("jiqun.")
        and any(
            lever.in_force(m.quarter) and reader.lever in ("", lever.id)
            for lever in m.policy.levers_of(reader.channel)
        )
    )
    for function in called:
        function(m)
