"""What a run is told: the resolved scenario, as plain data.

The package `scenarios` reads and checks files and builds these objects; the model only takes them.
Everything here is in base units: yuan, tce, persons, shares (0.05 is five per cent) and rates per
year. Quarters are counted from 2019-Q1, which is quarter 0.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from jiqun.model.calendar import quarter_index
from jiqun.model.lever import IF_ANY

if TYPE_CHECKING:
    from jiqun.model.lever import Lever
    from jiqun.model.outside_world import Outside
    from jiqun.model.province import Province


@dataclass(frozen=True)
class Notice:
    """What a reader of a scenario should know: it stops no run and is no part of its identity.

    Attributes:
        kind: ``changes_history``, ``never_acts``, ``reaches_nobody`` or ``small_share``.
        levers: Levers it is about.
        zh: Text in Chinese.
        en: Text in English.
    """

    kind: str
    levers: tuple[str, ...]
    zh: str
    en: str


@dataclass(frozen=True)
class Scenario:
    """A resolved scenario: all that decides a run but its seed.

    Attributes:
        name: Name, unique among the scenarios of a batch.
        label_zh: Chinese label.
        label_en: English label.
        baseline: Name of the scenario it is compared with, if any.
        start: First quarter (index).
        end: Last quarter (index).
        parameters: Behavioural parameters, name to value (`calibration/data/parameters.csv`).
        outside: Paths of the outside world.
        levers: Instruments in force, in the order of the lever register.
        province: Tables the population is built from.
        rows: Enterprise rows at the start; 0 means one row an enterprise.
        data_hash: Hash of the data tables behind it.
        notices: What its files give readers to know.
    """

    name: str
    label_zh: str
    label_en: str
    baseline: str | None
    start: int
    end: int
    parameters: Mapping[str, float]
    outside: Outside
    levers: tuple[Lever, ...]
    province: Province
    rows: int
    data_hash: str
    notices: tuple[Notice, ...] = ()

    def __post_init__(self) -> None:
        """Put the levers in the order of the register, whatever order they came in.

        Of grants of one rate the first is offered, and sums have their last digits by their order.
        """
        ordered = tuple(sorted(self.levers, key=lambda lever: lever.place))
        object.__setattr__(self, "levers", ordered)

    def lever(self, lever_id: str) -> Lever | None:
        """The lever with this id, or None where the scenario has none."""
        return self._by_id.get(lever_id)

    def levers_of(self, channel: str) -> tuple[Lever, ...]:
        """The levers of a channel, in the order of the register."""
        return self._by_channel.get(channel, ())

    def levers_with(self, channel: str, term: str) -> tuple[Lever, ...]:
        """The levers of a channel that have set a term, in the order of the register."""
        return self._by_term.get((channel, term), ())

    @cached_property
    def _by_id(self) -> dict[str, Lever]:
        return {lever.id: lever for lever in self.levers}

    def levers_with_cost(self, quantity: str) -> tuple[Lever, ...]:
        """The levers that have a cost by a quantity, in the order of the register."""
        return self._by_quantity.get(quantity, ())

    @cached_property
    def _by_quantity(self) -> dict[str, tuple[Lever, ...]]:
        quantities = dict.fromkeys(cost.quantity for lever in self.levers for cost in lever.costs)
        return {
            quantity: tuple(
                lever for lever in self.levers
                if any(cost.quantity == quantity for cost in lever.costs)
            )
            for quantity in quantities
        }  # fmt: skip

    @cached_property
    def _by_term(self) -> dict[tuple[str, str], tuple[Lever, ...]]:
        found: dict[tuple[str, str], tuple[Lever, ...]] = {}
        for lever in self.levers:
            for term in lever.terms:
                at = lever.channel, term
                found[at] = (*found.get(at, ()), lever)
        return found

    @cached_property
    def _by_channel(self) -> dict[str, tuple[Lever, ...]]:
        channels = dict.fromkeys(lever.channel for lever in self.levers)
        return {
            channel: tuple(lever for lever in self.levers if lever.channel == channel)
            for channel in channels
        }

    def with_draw(
        self,
        values: Mapping[str, float],
        outside: Mapping[str, float],
        sizes: Mapping[str, float] | None = None,
    ) -> Scenario:
        """The same scenario at other parameter values, outside paths and sizes of levers.

        For draws, whose values are inside the ranges of the parameters. By hand, take
        `scenarios.with_parameters`, which checks them; `dataclasses.replace` would leave behind the
        terms of levers that follow a parameter.

        Args:
            values: Parameter to value; terms of levers that are drawn move with their parameters.
            outside: Series to its place between the low and the high path.
            sizes: Lever to how many times as large it is after the origin of the outside world as
                the scenario has it; a lever that the scenario lacks stays absent.

        Raises:
            KeyError: A parameter is unknown.
        """
        unknown = set(values) - set(self.parameters)
        if unknown:
            raise KeyError(f"unknown parameters: {sorted(unknown)}")
        moved = {**self.outside.position, **outside}
        times, first = sizes or {}, quarter_index(self.outside.origin + 1, 1)
        return replace(
            self,
            parameters={**self.parameters, **values},
            levers=tuple(
                lever.with_draw(values).sized(times.get(lever.id, 1.0), first)
                for lever in self.levers
            ),
            outside=replace(self.outside, position=moved),
        )

    def until(self, year: int) -> Scenario:
        """The same scenario with another last year."""
        return replace(self, end=quarter_index(year, 4))

    def canonical(self) -> dict[str, Any]:
        """The scenario as JSON-able data; equal scenarios give equal data."""
        plain: dict[str, Any] = _plain(
            {
                name: getattr(self, name)
                for name in self.__dataclass_fields__
                if name not in ("label_zh", "label_en", "baseline", "notices")
            }
        )
        return plain

    @cached_property
    def digest(self) -> str:
        """Hash of the canonical form."""
        text = json.dumps(self.canonical(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    @cached_property
    def identity(self) -> str:
        """Digest of the scenario whatever its horizon."""
        return replace(self, end=self.start).digest


def _plain(value: Any) -> Any:
    """Turn dataclasses, arrays and mappings into JSON-able data."""
    if isinstance(value, np.ndarray):
        return [float(item) if item.ndim == 0 else _plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        fields_of = value.__dataclass_fields__.values()
        return {
            each.name: _plain(getattr(value, each.name))
            for each in fields_of
            if each.compare and (each.metadata != IF_ANY or getattr(value, each.name))
        }
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in sorted(value.items())}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
