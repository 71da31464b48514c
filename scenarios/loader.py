"""From a scenario's name or file to the resolved scenario the model takes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from jiqun.model.calendar import quarter_name
from jiqun.model.region import REGION
from jiqun.model.scenario import Scenario
from jiqun.model.start import sampling
from jiqun.scenarios import levers, notices, shocks
from jiqun.scenarios.errors import InputError, ScenarioError, listed, nearest_name
from jiqun.scenarios.language import say
from jiqun.scenarios.limits import FIRST_END, LAST_END, in_range
from jiqun.scenarios.outside import ORIGIN, outside_world
from jiqun.scenarios.province import province
from jiqun.scenarios.resolved import is_resolved, resolved
from jiqun.scenarios.schema import SCALED_SETTINGS, ScenarioFile, checked
from jiqun.scenarios.tables import data_hash, table
from jiqun.scenarios.units import parse_quarter
from jiqun.scenarios.yaml_file import Document, parse_yaml, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.lever import Lever
    from jiqun.model.scenario import Notice
    from jiqun.model.shocks import Shock
    from jiqun.scenarios.yaml_file import Key

SHIPPED = REGION.own("scenarios")
"""Folder of the scenarios that come with the region."""
DESIGNS, WORLDS = SHIPPED / "designs", SHIPPED / "worlds"
"""Folders of the designs of support and of variants of the outside world."""
DEFAULT_ROWS = 12_000
"""Enterprise rows where a scenario says nothing."""


@dataclass(frozen=True)
class _Draft:
    """A scenario on its way: what its chain of baselines and itself have set so far."""

    label: tuple[str, str] | None = None
    start: int | None = None
    end: int | None = None
    rows: int = DEFAULT_ROWS
    levers: Mapping[str, Lever] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)
    origin: int = ORIGIN
    position: Mapping[str, float] = field(default_factory=dict)
    times: Mapping[str, float] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    shocks: Mapping[str, Shock] = field(default_factory=dict)


@dataclass(frozen=True)
class Design:
    """A scenario whose size can be set.

    Attributes:
        scenario: The scenario as written, which is scale 1.
        scaled: Lever to the terms that the scale multiplies, each with its first quarter.
        limit: Largest scale that keeps every term inside its bounds.
    """

    scenario: Scenario
    scaled: Mapping[str, Mapping[str, int]]
    limit: float

    def at(self, scale: float) -> Scenario:
        """The scenario with the terms that are scaled multiplied by a number."""
        changed = tuple(
            replace(lever, terms={**lever.terms, **self._times(lever, scale)})
            for lever in self.scenario.levers
        )
        return replace(self.scenario, levers=changed)

    def _times(self, lever: Lever, scale: float) -> dict[str, tuple[tuple[int, float], ...]]:
        return {
            term: tuple((t, scale * v if t >= first else v) for t, v in lever.terms[term])
            for term, first in self.scaled.get(lever.id, {}).items()
        }


def load(name_or_path: str | Path) -> Scenario:
    """Read, check and resolve a scenario.

    Args:
        name_or_path: Name of a shipped scenario, such as ``without_document_55``, or a YAML file:
            one that was written, or one of a store, which holds a scenario as resolved.

    Returns:
        The scenario with every parameter, path and lever in base units.

    Raises:
        ScenarioError: The file or one of its baselines is wrong; the message names file, line,
            key, what is allowed and the nearest valid name.
    """
    document = read_yaml(_find(name_or_path))
    return resolved(document) if is_resolved(document) else _load(document)[0]


def load_text(text: str, at: Path) -> Scenario:
    """A scenario of a text, as if it stood in a file.

    Args:
        text: What would stand in the file.
        at: The file: baselines are looked for beside it, then among the shipped scenarios.

    Raises:
        ScenarioError: As `load`.
    """
    return _load(parse_yaml(at, text))[0]


def baseline_file(name_or_path: str | Path) -> Path | None:
    """File of the baseline that a scenario names; None where it names none.

    Raises:
        ScenarioError: There is no such scenario, or no such baseline.
    """
    document = read_yaml(_find(name_or_path))
    named = document.data.get("baseline") if isinstance(document.data, dict) else None
    return _baseline(document, named) if isinstance(named, str) else None


def folder_of(name_or_path: str | Path) -> Path:
    """Folder of a scenario's file, where one that builds on it finds it.

    Raises:
        ScenarioError: No shipped scenario has this name.
    """
    return _find(name_or_path).parent


def load_design(name_or_path: str | Path) -> Design:
    """Read a scenario whose file says what of it is scaled.

    Args:
        name_or_path: Name of a shipped design, such as ``green_retrofit``, or a YAML file.

    Raises:
        ScenarioError: As `load`; or the file has no `scale`, or scales what it does not set.
    """
    document = read_yaml(_find(name_or_path))
    scenario, written = _load(document)
    if not written.scale:
        problem = say("a design says what its scale multiplies")
        allowed, example = say("lever to a list of its terms"), ScenarioFile.EXAMPLES["scale"]
        raise document.error(("scale",), problem, allowed, None, example)
    settings = {setting.id: (i, setting) for i, setting in enumerate(written.levers)}
    scaled: dict[str, dict[str, int]] = {}
    limit = float("inf")
    for lever_id, terms in written.scale.items():
        if lever_id not in settings:
            near = nearest_name(lever_id, settings)
            problem = say("the file does not set lever {lever}", lever=repr(lever_id))
            raise document.error(("scale", lever_id), problem, listed(settings), near)
        number, setting = settings[lever_id]
        lever = scenario.lever(lever_id)
        declared = levers.declaration(document, lever_id, ("levers", number, "id"))
        given = [
            name
            for name in declared.scalable
            if name in (setting.model_extra or {}) or getattr(setting, name, None)
        ]
        for place, term in enumerate(terms):
            if term not in given or lever is None:
                at = ("scale", lever_id, place)
                problem = say(
                    "the file does not set {term} of {lever}", term=repr(term), lever=lever_id
                )
                raise document.error(at, problem, listed(given), nearest_name(term, given))
            first = (parse_quarter(setting.from_) if setting.from_ else None) or lever.start
            for part in SCALED_SETTINGS.get(term, (term,)):
                scaled.setdefault(lever_id, {})[part] = first
                largest = max(value for quarter, value in lever.terms[part] if quarter >= first)
                if largest > 0.0:
                    limit = min(limit, declared.bounds_of(term)[1] / largest)
    return Design(scenario, scaled, limit)


def _load(document: Document) -> tuple[Scenario, ScenarioFile]:
    written, draft = _resolve(document, ())
    start, end = _period(document, draft)
    label = draft.label or (written.name, written.name)
    central = Scenario(
        name=written.name,
        label_zh=label[0],
        label_en=label[1],
        baseline=written.baseline,
        start=start,
        end=end,
        parameters={row.name: row.value for row in table("parameters")},
        outside=outside_world(draft.origin, draft.position, draft.times),
        levers=tuple(draft.levers.values()),
        province=province(),
        rows=draft.rows,
        data_hash=data_hash(),
        notices=draft.notices,
        shocks=tuple(shock for _, shock in sorted(draft.shocks.items())),
    )
    # Terms of levers that follow a parameter move with it.
    scenario = central.with_draw(draft.parameters, {})
    check_rows(document, ("rows",), scenario, scenario.rows)
    return scenario, written


def check_rows(document: Document, at: Key, scenario: Scenario, rows: int) -> None:
    """Refuse a number of rows that no population of a scenario has.

    Args:
        document: The file that asks for it.
        at: Where in the file.
        scenario: The scenario.
        rows: The number; 0 is one row an enterprise.

    Raises:
        ScenarioError: It is below the fewest.
    """
    fewest = least_rows(scenario)
    if 0 < rows < fewest:
        problem = say("{rows} rows are fewer than the large enterprises need", rows=rows)
        allowed = say("{least} or more, or 0 for one row an enterprise", least=fewest)
        raise document.error(at, problem, allowed)


def least_rows(scenario: Scenario) -> int:
    """Fewest rows that the population of a scenario can have."""
    return sampling.least_rows(scenario.province.marginals, scenario.parameters)


def with_parameters(scenario: Scenario, values: Mapping[str, float]) -> Scenario:
    """The same scenario at other values of parameters; terms of levers that follow them move along.

    Args:
        scenario: The scenario.
        values: Parameter to value, inside its range in `calibration/data/parameters.csv`.

    Raises:
        ScenarioError: A parameter is unknown, or its value is out of range.
    """
    at = Document(Path(scenario.name), None, {})
    return scenario.with_draw(in_range(at, values), {})


def check(name_or_path: str | Path) -> list[InputError]:
    """What is wrong with a scenario: an empty list if nothing is, else its first problem."""
    try:
        load(name_or_path)
    except InputError as error:
        return [error]
    return []


def shipped() -> list[str]:
    """Names of the scenarios that come with the region, designs and worlds apart."""
    return _names(SHIPPED)


def designs() -> list[str]:
    """Names of the designs of support that come with the region."""
    return _names(DESIGNS)


def worlds() -> list[str]:
    """Names of the variants of the outside world that come with the region."""
    return _names(WORLDS)


def _names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.yaml"))


def _find(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1 or path.is_file():
        return path
    known = {name: folder for folder in (SHIPPED, DESIGNS, WORLDS) for name in _names(folder)}
    if str(name_or_path) not in known:
        allowed = say("a YAML file, or one of {names}", names=", ".join(known))
        near = nearest_name(str(name_or_path), known)
        raise ScenarioError(name_or_path, None, "", say("no such scenario"), allowed, near)
    return known[str(name_or_path)] / f"{name_or_path}.yaml"


def _resolve(document: Document, above: tuple[Path, ...]) -> tuple[ScenarioFile, _Draft]:
    """Check a file and lay it over its chain of baselines."""
    written = checked(document, ScenarioFile, document.data)
    draft = _Draft()
    if written.baseline is not None:
        chain = (*above, document.path.resolve())
        below = _baseline(document, written.baseline)
        if below.resolve() in chain:
            names = " -> ".join([*(p.stem for p in chain), written.baseline])
            raise document.error(("baseline",), say("circular baseline: {names}", names=names))
        base = read_yaml(below)
        if is_resolved(base):
            problem = say("{file} holds a scenario as resolved", file=base.path)
            raise document.error(("baseline",), problem, say("a scenario as written"))
        base_written, draft = _resolve(base, chain)
        if base_written.name != written.baseline:
            problem = say(
                "{file} holds a scenario named {name}", file=base.path, name=repr(base_written.name)
            )
            raise document.error(("baseline",), problem, say("file and scenario of one name"))
    return written, _overlay(document, written, draft)


def _baseline(document: Document, name: str) -> Path:
    """File of a baseline: beside the scenario first, then among the shipped ones."""
    folders = (document.path.parent, SHIPPED)
    for folder in folders:
        path = folder / f"{name}.yaml"
        if path.is_file():
            return path
    known = sorted({name for folder in folders for name in _names(folder)})
    problem = say("unknown baseline {name}", name=repr(name))
    raise document.error(("baseline",), problem, listed(known), nearest_name(name, known))


def _overlay(document: Document, written: ScenarioFile, base: _Draft) -> _Draft:
    """What a file sets, laid over its baseline."""
    outside = written.outside
    end = parse_quarter(written.end) if written.end else base.end
    found = _levers(document, written, base.levers)
    return replace(
        base,
        label=(written.label.zh, written.label.en) if written.label else None,
        start=parse_quarter(written.start) if written.start else base.start,
        end=end,
        rows=base.rows if written.rows is None else written.rows,
        levers=found,
        shocks=shocks.laid_over(document, written.shocks, base.shocks),
        parameters=dict(base.parameters) | in_range(document, written.parameters),
        origin=(outside.origin if outside else None) or base.origin,
        position=dict(base.position) | (outside.positions() if outside else {}),
        times=dict(base.times) | (outside.factors() if outside else {}),
        notices=(*base.notices, *notices.of_file(document, written, base.levers, found, end)),
    )


def _levers(
    document: Document, written: ScenarioFile, base: Mapping[str, Lever]
) -> dict[str, Lever]:
    found = dict(base)
    at: Key
    taken = [row.id for row in levers.declarations().values() if row.origin in written.take]
    for i, lever_id in enumerate(written.without):
        if lever_id not in found and lever_id not in taken:
            at = ("without", i)
            problem = say("the baseline has no lever {lever}", lever=repr(lever_id))
            there = [*found, *taken]
            allowed = listed(there) or say("none")
            raise document.error(at, problem, allowed, nearest_name(lever_id, there))
        found.pop(lever_id, None)
    seen: set[str] = set()
    for at, setting in levers.settings(written):
        declared = levers.declaration(document, setting.id, (*at, "id"))
        if setting.id in seen:
            problem = say("lever {lever} is set twice", lever=setting.id)
            raise document.error((*at, "id"), problem, say("once"))
        seen.add(setting.id)
        inherited = setting.id in found
        below = found[setting.id] if inherited else levers.issued(declared)
        found[setting.id] = levers.apply(document, setting, below, at, inherited=inherited)
    return found


def _period(document: Document, draft: _Draft) -> tuple[int, int]:
    """First and last quarter, checked."""
    for key, value in (("start", draft.start), ("end", draft.end)):
        if value is None:
            allowed = say("a quarter such as 2024-Q1, or a baseline")
            example = ScenarioFile.EXAMPLES["baseline"]
            raise document.error((key,), say("is missing"), allowed, None, example)
    start, end = draft.start or 0, draft.end or 0
    if start != 0:
        # The population is that of end-2018: no other start means anything.
        problem = say("{given} is not allowed", given=quarter_name(start))
        raise document.error(("start",), problem, quarter_name(0))
    if not FIRST_END <= end <= LAST_END:
        problem = (
            say("{date} ends before the first year does", date=quarter_name(end))
            if end < FIRST_END
            else say("{date} ends too late", date=quarter_name(end))
        )
        allowed = say(
            "{first} to {last}", first=quarter_name(FIRST_END), last=quarter_name(LAST_END)
        )
        raise document.error(("end",), problem, allowed)
    return start, end
