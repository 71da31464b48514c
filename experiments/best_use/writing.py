"""A design as a scenario file: its levers, and a label and a sentence that say it in words."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import yaml

from jiqun.scenarios.levers import declarations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.experiments.best_use.spec import LeverEntry, SpecFile

FIGURES = 5
"""Significant figures of what is scaled: sums that add up otherwise must not ask for other runs."""
UNIT = {"zh": (1e8, "{:.2f}亿元"), "en": (1e9, "{:.3f} bn yuan")}
LANGS = ("zh", "en")


def entry_of(spec: SpecFile, entry: LeverEntry, group: str, scale: float) -> dict[str, Any]:
    """A lever as a scenario file sets it at a scale.

    Args:
        spec: The specification, for its groups.
        entry: The lever.
        group: Name of the target group; empty for the lever's own.
        scale: What the terms that are scaled are multiplied by.
    """
    found = {"id": entry.id, **entry.set}
    if group:
        found["who"] = spec.groups[group].who.model_dump(exclude_none=True)
    for term in entry.scale:
        found[term] = _times(found.get(term), scale)
    return found


def _times(value: Any, scale: float) -> Any:
    if isinstance(value, dict):
        parts = ("value", "start", "full")
        return {k: _times(v, scale) if k in parts else v for k, v in value.items()}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(f"{value * scale:.{FIGURES}g}")
    return value


def scenario_text(
    spec: SpecFile,
    name: str,
    label: Mapping[str, str],
    levers: Sequence[Mapping[str, Any]],
    said: Sequence[str] = (),
    scale: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """A scenario file.

    Args:
        spec: The specification.
        name: Name of the scenario.
        label: Label by language.
        levers: Entries of the levers.
        said: Lines above it.
        scale: What a scale multiplies, where the file is a design to be scaled.
    """
    whole: dict[str, Any] = {"name": name, "label": dict(label), "baseline": spec.baseline}
    whole["levers"] = [dict(lever) for lever in levers]
    if scale:
        whole["scale"] = {lever: list(terms) for lever, terms in scale.items()}
    body = yaml.safe_dump(whole, allow_unicode=True, sort_keys=False, width=100)
    return "".join(f"# {line}\n" for line in said) + body


def beside(entry: LeverEntry) -> list[dict[str, Any]]:
    """Levers that go with one, as a scenario file sets them."""
    return [lever.model_dump(by_alias=True, exclude_none=True) for lever in entry.beside]


def name_of(spec: SpecFile, levers: Sequence[Mapping[str, Any]]) -> str:
    """Name of a design: the same for the same levers."""
    text = json.dumps(levers, sort_keys=True, ensure_ascii=False)
    return f"{spec.name}_{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def label_of(spec: SpecFile, parts: Sequence[tuple[LeverEntry, str, float]]) -> dict[str, str]:
    """Label of a design: each lever with its group and its sum, the largest first.

    Args:
        spec: The specification, for the labels of its groups.
        parts: Lever, group and yuan.
    """
    if not parts:
        return {"zh": "不新增支持", "en": "No further support"}
    ordered = sorted(parts, key=lambda part: -part[2])
    return {
        "zh": "；".join(_part(spec, part, "zh") for part in ordered),
        "en": "; ".join(_part(spec, part, "en") for part in ordered),
    }


def lever_label(entry: LeverEntry, lang: str) -> str:
    """Name of a lever of a specification."""
    return str(getattr(entry.label or declarations()[entry.id].label, lang))


def _part(spec: SpecFile, part: tuple[LeverEntry, str, float], lang: str) -> str:
    entry, group, yuan = part
    factor, form = UNIT[lang]
    whom = ""
    if group:
        name = getattr(spec.groups[group].label, lang)
        whom = f"（{name}）" if lang == "zh" else f" ({name})"
    gap = "" if lang == "zh" else " "
    return f"{lever_label(entry, lang)}{whom}{gap}{form.format(yuan / factor)}"


def sentence_of(spec: SpecFile, label: Mapping[str, str], cost: float) -> list[str]:
    """What a scenario file says above itself, a line a language.

    Args:
        spec: The specification.
        label: Label of the design.
        cost: What it costs on the draws of the search, yuan.
    """
    money = {lang: UNIT[lang][1].format(cost / UNIT[lang][0]) for lang in LANGS}
    return [
        f"{spec.label.zh}：{label['zh']}。2024—2027年成本现值{money['zh']}。",
        f"{spec.label.en}: {label['en']}. Present cost over 2024-2027: {money['en']}.",
    ]
