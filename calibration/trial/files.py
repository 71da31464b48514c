"""Files of trials: what was done to whom, what is measured, and what was published.

A trial is a YAML file, checked as scenario files are: a wrong one is refused before anything runs,
with file, line, key, what is allowed and the nearest valid name. Rows that stand in
`calibration/data/policy_trials.csv` take estimate, band and use from there; rows of one's own bring
theirs. `docs/own_trial.md` shows how to write one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jiqun.calibration.trial.form import FIRST, LAST, NEEDED, Mechanism, Treat, TrialFile, TrialRow
from jiqun.calibration.trial.ready import Outcomes, Published, Trial
from jiqun.model.calendar import year_of
from jiqun.model.extensions import ExtensionError, installed
from jiqun.model.lever import Lever
from jiqun.scenarios import levers as lever_files
from jiqun.scenarios import load
from jiqun.scenarios.errors import ScenarioError, listed, nearest_name
from jiqun.scenarios.language import say
from jiqun.scenarios.loader import shipped
from jiqun.scenarios.schema import checked
from jiqun.scenarios.structure import switches
from jiqun.scenarios.tables import table
from jiqun.scenarios.units import parse_quarter
from jiqun.scenarios.yaml_file import Document, Key, read_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.model.scenario import Scenario
    from jiqun.scenarios.rows.evidence import PolicyTrial

FOLDER = Path(__file__).resolve().parents[1] / "trials"
"""Folder of the trials that come with the project."""


def names() -> list[str]:
    """Names of the trials that come with the project."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def of_extensions() -> tuple[Trial, ...]:
    """Trials of installed packages, each a file of a folder that one names.

    Raises:
        ExtensionError: A folder holds none, or two trials or rows have one name.
    """
    found: list[Trial] = []
    known = {*names(), *(row.id for trial in all_trials() for row in trial.rows)}
    for extension in installed("trials"):
        paths = sorted(extension.folder.glob("*.yaml"))
        if not paths:
            raise ExtensionError(extension, f"{extension.module} has no file *.yaml")
        for path in paths:
            trial = read_trial(path)
            for name in dict.fromkeys((path.stem, *(row.id for row in trial.rows))):
                if name in known:
                    raise ExtensionError(extension, f"there is a trial or row {name} already")
                known.add(name)
            found.append(trial)
    return tuple(found)


@cache
def all_trials() -> tuple[Trial, ...]:
    """Every trial that comes with the project; read once a process."""
    return tuple(read_trial(FOLDER / f"{name}.yaml") for name in names())


def chosen(asked: Sequence[str]) -> list[tuple[Trial, tuple[str, ...]]]:
    """Trials that were asked for, each with the ids of its rows; all of the project if none is.

    Args:
        asked: Ids of rows, names of trials, or files.

    Raises:
        ScenarioError: A name is unknown, or a file wrong.
    """
    if not asked:
        return [(trial, tuple(row.id for row in trial.rows)) for trial in all_trials()]
    found: dict[Path, tuple[Trial, list[str]]] = {}
    for name in asked:
        trial, ids = _named(name)
        held = found.setdefault(trial.path, (trial, []))[1]
        held += [each for each in ids if each not in held]
    return [(trial, tuple(ids)) for trial, ids in found.values()]


def _named(name: str) -> tuple[Trial, list[str]]:
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1 or path.is_file():
        trial = read_trial(path)
        return trial, [row.id for row in trial.rows]
    every = (*all_trials(), *of_extensions())
    by_row = {row.id: trial for trial in every for row in trial.rows}
    by_name = {trial.path.stem: trial for trial in every}
    if name in by_name:
        return by_name[name], [row.id for row in by_name[name].rows]
    if name in by_row:
        return by_row[name], [name]
    known = [*by_row, *by_name]
    allowed = say("a YAML file, or one of {names}", names=", ".join(known))
    raise ScenarioError(name, None, "", say("no such trial"), allowed, nearest_name(name, known))


def read_trial(path: Path) -> Trial:
    """Read and check a file of a trial.

    Raises:
        ScenarioError: The file is wrong; the message names file, line, key and what is allowed.
    """
    document = read_yaml(path)
    written = checked(document, TrialFile, document.data)
    base = _base(document, written)
    start, treatment = 0, tuple[Lever, ...]()
    if written.treat is not None:
        start, treatment = _treatment(document, written.treat, base)
        base = base.until(LAST)
    _check_parameters(document, written)
    rows = tuple(_row(document, written, i) for i in range(len(written.rows)))
    seen: set[str] = set()
    for i, row in enumerate(rows):
        if row.id in seen:
            raise document.error(("rows", i, "id"), say("declared twice"))
        seen.add(row.id)
    return Trial(written, path, base, treatment, start, rows, _digest(written), written.treat)


def _base(document: Document, written: TrialFile) -> Scenario:
    beside = document.path.parent / f"{written.base}.yaml"
    if beside.is_file():
        scenario = load(beside)
    elif written.base in shipped():
        scenario = load(written.base)
    else:
        problem = say("unknown baseline {name}", name=repr(written.base))
        near = nearest_name(written.base, shipped())
        raise document.error(("base",), problem, listed(shipped()), near)
    found = {lever.id: lever for lever in scenario.levers}
    for i, name in enumerate(written.without):
        if name not in found:
            problem = say("the baseline has no lever {lever}", lever=repr(name))
            near = nearest_name(name, found)
            raise document.error(("without", i), problem, listed(found) or say("none"), near)
        del found[name]
    for i, setting in enumerate(written.levers):
        at: Key = ("levers", i)
        declared = lever_files.declaration(document, setting.id, (*at, "id"))
        inherited = setting.id in found
        below = found[setting.id] if inherited else lever_files.issued(declared)
        found[setting.id] = lever_files.apply(document, setting, below, at, inherited=inherited)
    # Under one name, so that trials of one base share its history.
    return replace(scenario, name="trial", baseline=None, levers=tuple(found.values()))


def _treatment(document: Document, treat: Treat, base: Scenario) -> tuple[int, tuple[Lever, ...]]:
    """First quarter and levers of a treatment."""
    start = parse_quarter(treat.from_) or 0
    if start % 4 or start < 4:
        # The books of a year are opened in its first quarter, and a year to compare with is before.
        at: Key = ("treat", "from")
        problem = say("{given} is not allowed", given=treat.from_)
        raise document.error(at, problem, say("the first quarter of a year from {year}", year=2020))
    if not (treat.levers or treat.shock or treat.parameters):
        raise document.error(("treat",), say("treats nobody"), "levers, shock, parameters")
    needed = NEEDED.get(treat.assign.by)
    if needed and getattr(treat.assign, needed) is None:
        key: Key = ("treat", "assign", needed)
        raise document.error(key, say("is missing"), needed, None, TrialFile.EXAMPLES[needed])
    found: list[Lever] = []
    for i, setting in enumerate(treat.levers):
        spot: Key = ("treat", "levers", i)
        declared = lever_files.declaration(document, setting.id, (*spot, "id"))
        inherited = base.lever(setting.id) is not None
        if inherited and treat.assign.by not in ("all", "notch"):
            problem = say("{lever} is in force for all before", lever=setting.id)
            allowed = say("without: [{lever}], or assign: {{by: all}}", lever=setting.id)
            raise document.error((*spot, "id"), problem, allowed)
        if setting.from_ is None:
            setting = setting.model_copy(update={"from_": treat.from_})  # noqa: PLW2901
        elif (parse_quarter(setting.from_) or 0) < start:
            problem = say("{date} is before the start", date=setting.from_)
            allowed = say("{date} or later", date=treat.from_)
            raise document.error((*spot, "from"), problem, allowed)
        below = base.lever(setting.id) or lever_files.issued(declared)
        lever = lever_files.apply(document, setting, below, spot, inherited=inherited)
        if not inherited:
            # A study's measure is no part of the document: nothing of it is held up in offices.
            fund = setting.fund or ("upgrade_plan" if lever.grants else lever.fund)
            lever = replace(lever, origin="later", end=None, fund=fund)
        found.append(lever)
    return start, tuple(found)


def _check_parameters(document: Document, written: TrialFile) -> None:
    """Refuse unknown parameters and switches."""
    known = [row.name for row in table("parameters")]
    places: list[tuple[Key, Any]] = [(("parameters", name), name) for name in written.parameters]
    if written.treat:
        places += [(("treat", "parameters", name), name) for name in written.treat.parameters]
    mechanisms: list[tuple[Key, Mechanism | None]] = [(("mechanism",), written.mechanism)]
    mechanisms += [(("rows", i, "mechanism"), row.mechanism) for i, row in enumerate(written.rows)]
    for at, mechanism in mechanisms:
        if mechanism is None:
            continue
        places += [((*at, "off", name), name) for name in mechanism.off]
        places += [((*at, "doubled", i), name) for i, name in enumerate(mechanism.doubled)]
        if mechanism.switch is not None and mechanism.switch not in switches():
            near = nearest_name(mechanism.switch, switches())
            problem = say("unknown name {given}", given=repr(mechanism.switch))
            raise document.error((*at, "switch"), problem, listed(switches()), near)
    for at, name in places:
        if name not in known:
            problem = say("unknown parameter {name}", name=repr(name))
            allowed = say("names of parameters.csv")
            raise document.error(at, problem, allowed, nearest_name(name, known))


def table_rows() -> dict[str, PolicyTrial]:
    """Rows of `policy_trials.csv` by id."""
    return {row.id: row for row in table("policy_trials")}


def _row(document: Document, written: TrialFile, number: int) -> Outcomes:
    spec, at = written.rows[number], ("rows", number)
    published = _published(document, written, spec, at)
    mechanism = spec.mechanism or written.mechanism
    if spec.not_represented is not None:
        return Outcomes(spec.id, spec, None, mechanism, published)
    panel = spec.panel or written.panel
    for name, given in (
        ("estimator", spec.estimator), ("outcome", spec.outcome),
    ):  # fmt: skip
        if given is None:
            raise document.error((*at, name), say("is missing"), f"{name}, not_represented")
    if written.treat is None or panel is None:
        key = "treat" if written.treat is None else "panel"
        raise document.error((key,), say("is missing"), ", ".join(TrialFile.model_fields))
    first = year_of(parse_quarter(written.treat.from_) or 0)
    where: Key = (*at, "panel") if spec.panel else ("panel",)
    for name, (low, high) in (("before", panel.before), ("after", panel.after)):
        right = low <= high < first if name == "before" else first <= low <= high
        if not right:
            problem = say("{given} is not allowed", given=f"[{low}, {high}]")
            span = (FIRST, first - 1) if name == "before" else (first, LAST)
            allowed = say("{first} to {last}", first=span[0], last=span[1])
            raise document.error((*where, name), problem, allowed)
    return Outcomes(spec.id, spec, panel, mechanism, published)


def _published(document: Document, written: TrialFile, spec: TrialRow, at: Key) -> Published:
    known = table_rows()
    row = known.get(spec.id)
    if row is not None:
        if spec.result is not None:
            problem = say("{row} is a row of the table, which says what was published", row=spec.id)
            raise document.error((*at, "result"), problem, say("an id of your own"))
        return Published(
            row.published, row.band_low, row.band_high, row.unit, row.use,
            row.band_basis == "sign", row.study, row.citation, row.outcome, row.note,
        )  # fmt: skip
    if spec.result is None:
        problem = say("{row} is no row of the table: say what was published", row=spec.id)
        near = nearest_name(spec.id, known)
        example = TrialFile.EXAMPLES["result"]
        raise document.error((*at, "result"), problem, listed(known, 30), near, example)
    low, high = spec.result.band
    if not low < high:
        problem = say("{given} is not allowed", given=f"[{low:g}, {high:g}]")
        allowed = say("greater than {gt}", gt=f"{low:g}")
        raise document.error((*at, "result", "band"), problem, allowed)
    given = spec.result
    return Published(
        given.published, low, high, given.unit, given.use, False, written.label.en, given.citation,
        spec.outcome or "", "",
    )  # fmt: skip


def _digest(written: TrialFile) -> str:
    """Hash of what decides estimates: all but texts and what was published."""
    data = written.model_dump(mode="json", exclude={"label", "done"}, exclude_unset=True)
    for row in data["rows"]:
        for name in ("why", "traced", "result", "not_represented"):
            row.pop(name, None)
    text = json.dumps(data, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
