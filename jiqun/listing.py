"""Levers and parameters as data and as text: what each is, who pays, what it is drawn by."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from jiqun.experiments.effects.costs import BEARERS, BUDGET
from jiqun.model.extensions import installed
from jiqun.scenarios.evidence import evidence_of
from jiqun.scenarios.levers import channels, declarations, of_extensions, parameter_of
from jiqun.scenarios.schema import SETTINGS, Part
from jiqun.scenarios.tables import added, table
from jiqun.scenarios.units import UNITS, to_base

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from jiqun.model.extensions import Extension
    from jiqun.scenarios.schema import LeverDeclaration, Term


def lever_rows() -> list[dict[str, Any]]:
    """Every lever in the order of its file; values are in the base unit of their kind."""
    return [_lever(lever) for lever in declarations().values()]


def lever_lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The levers as text."""
    for row in rows:
        article = f"article {row['article'].replace(';', ', ')}" if row["article"] else "no article"
        label = row["label"]
        yield f"{row['id']}  {label['zh']}  {label['en']}  [{row['origin']}, {article}]"
        payer = ", ".join(_payer(*item) for item in row["payer"].items()) or "nobody directly"
        period = f"from {row['from']}" + (f" to {row['to']}" if row["to"] else "")
        fund = f"; fund: {row['fund']}" if row["fund"] else ""
        cap = f"; cap for a {row['cap_per']}" if "cap" in row["terms"] else ""
        yield f"    channel: {row['channel']}; payer: {payer}{fund}; {period}{cap}"
        yield f"    touches: {row['channel_meaning']['en']}"
        evidence = row["evidence"]
        borne = ", ".join(row["paid_by"]) or "nobody"
        yield f"    cost borne by: {borne}; {row['cost_basis']['en']}"
        yield f"    evidence of its cost: {evidence['grade']}; {evidence['source']}"
        yield f"    evidence of its effect: {_effect_evidence(row['effect_evidence'])}"
        for name, term in row["terms"].items():
            yield f"    {name}: {_values(term)}"
        if row["who"]:
            groups = "; ".join(f"{k} {', '.join(v)}" for k, v in row["eligible"].items())
            yield f"    aimed by: {', '.join(row['who'])}; eligible: {groups or 'all'}"
        if row["settings"]:
            yield f"    settings: {', '.join(_setting(row, name) for name in row['settings'])}"
        yield from brought(row)


def parameter_rows() -> list[dict[str, Any]]:
    """Every parameter in the order of its table."""
    by = added("parameters")
    return [
        row.model_dump() | {"package": package(by.get(row.name))} for row in table("parameters")
    ]


def parameter_lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The parameters as text."""
    for row in rows:
        drawn = f"drawn {row['low']:g} to {row['high']:g}, {row['distribution']}"
        spread = drawn if row["low"] < row["high"] else "fixed"
        yield f"{row['name']}  {row['value']:g} {row['unit']}  [{row['group']}, {spread}]"
        yield f"    {row['meaning']}"
        yield f"    evidence: {row['grade']}; {row['source']}"
        yield from brought(row)


def package(extension: Extension | None) -> str | None:
    """The package that something came with; None for what is of the project."""
    return f"{extension.package} {extension.version}" if extension else None


def package_of(kind: str, function: Callable[..., Any]) -> str | None:
    """The package that an entry of a register came with; None for one of the project.

    Args:
        kind: Kind of extension that adds to the register.
        function: What the entry is computed with.
    """
    top = str(getattr(function, "__module__", "")).partition(".")[0]
    return package(next((each for each in installed(kind) if each.top == top), None))


def brought(row: Mapping[str, Any]) -> Iterator[str]:
    """The package that an entry of a list came with, where it is not of the project."""
    if row["package"]:
        yield f"    came with: {row['package']}"


def shown(value: float, kind: str) -> str:
    """A value in base units as people write it."""
    if kind == "share":
        return f"{100 * value:.6g} %"
    if kind == "money":
        large = abs(value) >= 1e8
        return f"{value / (1e8 if large else 1e4):,.6g} {'亿元' if large else '万元'}"
    return f"{value:.6g} {next(iter(UNITS[kind]))}"


def _lever(lever: LeverDeclaration) -> dict[str, Any]:
    return {
        "id": lever.id,
        "label": lever.label.model_dump(),
        "origin": lever.origin,
        "article": lever.article,
        "channel": lever.channel,
        "channel_meaning": channels()[lever.channel].model_dump(),
        "payer": lever.paid_by,
        "fund": lever.fund,
        "paid_by": bearers(lever),
        "cost_basis": lever.cost_basis.model_dump(),
        "evidence": _evidence(lever),
        "effect_evidence": asdict(evidence_of(lever.id)),
        "cap_per": lever.cap_per,
        "from": lever.from_,
        "to": lever.to,
        "who": lever.who,
        "eligible": lever.eligible.model_dump(exclude_none=True) if lever.eligible else {},
        "settings": {name: _default(lever, name) for name in SETTINGS if name in lever.settings},
        "terms": {name: _term(lever, term) for name, term in lever.terms.items()},
        "package": package(of_extensions().get(lever.id)),
    }


def bearers(lever: LeverDeclaration) -> list[str]:
    """All who bear any of a lever's cost: of grants, of tax that is shared, of what is beside."""
    found = {*lever.paid_by, *(BUDGET if lever.tax else ())}
    for cost in lever.costs:
        if cost.kind != "received":
            found |= {*(cost.paid_by or BUDGET)}
    return [name for name in BEARERS if name in found]


def _evidence(lever: LeverDeclaration) -> dict[str, str]:
    """How well the cost of a lever is known: by the weakest of its unit costs, else of its size."""
    rows = {row.name: row for row in table("parameters")}
    units = [rows[c.unit_cost] for c in lever.costs if c.unit_cost]
    if units:
        told = [(row.grade, row.source) for row in units]
        return _weakest(told, "ABCDE")
    sized = [lever.terms[name] for name in lever.size if name in lever.terms] or list(
        lever.terms.values()
    )
    told = [
        (term.grade, item["source"]) for term in sized for item in _term(lever, term)["default"]
    ]
    return _weakest(told, ("published", "recalled", "assumption"))


def _effect_evidence(told: dict[str, str]) -> str:
    """What the effect of a lever rests on, in a line."""
    number = f"{told['parameter']} (grade {told['grade']})" if told["parameter"] else "no number"
    trial = f", trial {told['trial']}" if told["word"] == "trial" else ""
    return f"{told['word']}: {number}{trial}; {told['reason']}"


def _weakest(told: Sequence[tuple[str, str]], order: Sequence[str]) -> dict[str, str]:
    grade = max((grade for grade, _ in told), key=order.index)
    return {"grade": grade, "source": "; ".join(dict.fromkeys(source for _, source in told))}


def _default(lever: LeverDeclaration, setting: str) -> Any:
    """What a lever sets if a scenario says nothing; None where it sets nothing."""
    value = getattr(lever, setting, None)
    return value.model_dump() if isinstance(value, Part) else value


def _term(lever: LeverDeclaration, term: Term) -> dict[str, Any]:
    row, rules = parameter_of(term), {rule.id: rule for rule in table("rules")}
    dated = [
        {
            "from": item.from_,
            "value": to_base(item.value, item.unit, term.kind),
            "source": rules[item.source].source if item.source in rules else item.source,
            "rule": item.source if item.source in rules else None,
        }
        for item in term.default or ()
    ]
    if row:
        dated = [{"from": lever.from_, "value": row.value, "source": row.source, "rule": None}]
    drawn = ("name", "low", "high", "distribution")
    return {
        "kind": term.kind,
        "unit": next(iter(UNITS[term.kind])),
        "default": dated,
        "bounds": term.bounds,
        "grade": term.grade,
        "parameter": {key: getattr(row, key) for key in drawn} if row else None,
        "note": term.note or None,
    }


def _payer(name: str, share: float) -> str:
    return name if share == 1 else f"{name} {100 * share:.6g} %"


def _values(term: dict[str, Any]) -> str:
    """A term in a line: values with their dates, where they are from, bounds."""
    kind = term["kind"]
    dated = term["default"]
    value = ", ".join(
        shown(item["value"], kind) + (f" from {item['from']}" if len(dated) > 1 else "")
        for item in dated
    )
    drawn = term["parameter"]
    if drawn:
        span = f"{shown(drawn['low'], kind)} to {shown(drawn['high'], kind)}"
        origin = f"{term['grade']}; drawn {span} as {drawn['name']}"
    else:
        # An assumption has its reason in the note of its rule, or of the term if it has no rule.
        told = (
            i["rule"] or term["note"] or i["source"]
            if i["source"] == term["grade"]
            else i["source"]
            for i in dated
        )
        origin = f"{term['grade']}; {', '.join(dict.fromkeys(told))}"
    low, high = (shown(bound, kind) for bound in term["bounds"])
    return f"{value} ({origin}); bounds {low} to {high}"


def _setting(row: dict[str, Any], name: str) -> str:
    default = row["settings"][name]
    if isinstance(default, dict):
        return f"{name} ({', '.join(f'{key} {value}' for key, value in default.items())})"
    return name if default is None else f"{name} {default}"
