"""What `jiqun check` says: what is wrong, when levers act and whom they can reach."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from jiqun.listing import package_of
from jiqun.model.calendar import quarter_name
from jiqun.model.shocks import KNOWN
from jiqun.scenarios import InputError, acting, load
from jiqun.scenarios.language import say
from jiqun.scenarios.notices import warnings_among

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jiqun.model.scenario import Notice, Scenario
    from jiqun.scenarios.notices import Acting

FIELDS = ("file", "line", "key", "problem", "allowed", "nearest", "example")
"""Parts of a refusal in machine-readable output."""


@dataclass(frozen=True)
class Checked:
    """A scenario as checked: either its problem, or what it is."""

    name: str
    scenario: Scenario | None = None
    problem: InputError | None = None
    acting: tuple[Acting, ...] = ()
    warnings: tuple[Notice, ...] = ()

    def data(self) -> dict[str, Any]:
        """What was found as JSON-able data."""
        problems = [self.problem] if self.problem else []
        return {
            "scenario": self.name,
            "ok": self.problem is None,
            "problems": [{name: getattr(each, name) for name in FIELDS} for each in problems],
            "levers": [_lever(each) for each in self.acting],
            "warnings": [asdict(warning) for warning in self.warnings],
        }


def checked(name: str) -> Checked:
    """Check a scenario by name or file."""
    try:
        scenario = load(name)
    except InputError as error:
        return Checked(name, problem=error)
    found = acting(scenario)
    return Checked(name, scenario, None, found, warnings_among(scenario, found))


def lever_lines(found: Checked) -> Iterator[str]:
    """When each lever acts and whom it can reach, one line a lever."""
    for each in found.acting:
        if each.start is None:
            yield f"{each.lever}: {say('never acts')}"
            continue
        period = {"first": quarter_name(each.start), "last": quarter_name(each.end)}
        parts = [say("acts {first} to {last}", **period)]
        if each.reach is None:
            parts.append(say("the same for all"))
        for i, (date, number) in enumerate(each.reach or ()):
            parts.append(
                say("from {date} {number:,.0f}", date=quarter_name(date), number=number)
                if i
                else say("can reach {number:,.0f} enterprises", number=number)
            )
        yield f"{each.lever}: {'; '.join(parts)}"


def shock_lines(scenario: Scenario) -> Iterator[str]:
    """When each shock strikes and how hard, one line a shock."""
    for each in scenario.shocks:
        last = scenario.end if each.end is None else each.end
        period = {"first": quarter_name(each.start), "last": quarter_name(last)}
        terms = "".join(f", {name} {value:g}" for name, value in each.values)
        package = package_of("shocks", KNOWN[each.id].strike)
        came = f" ({package})" if package else ""
        yield f"{each.id}: {say('strikes {first} to {last}', **period)}{terms}{came}"


def _lever(each: Acting) -> dict[str, Any]:
    return {
        "id": each.lever,
        "from": None if each.start is None else quarter_name(each.start),
        "to": None if each.start is None else quarter_name(each.end),
        "reach": None
        if each.reach is None
        else [{"from": quarter_name(date), "enterprises": number} for date, number in each.reach],
    }
