"""Comparisons as plain data: what `jiqun compare --json` prints and the report reads."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from jiqun.experiments.designs.regret import often_best
from jiqun.experiments.effects.bootstrap import CONFIDENCE
from jiqun.experiments.effects.costs import DISCOUNT, FIRST, LAST
from jiqun.experiments.effects.effect import CUTS, LEAST_PAIRS, SPREAD, STATISTIC
from jiqun.experiments.runs.batch import model_hash
from jiqun.experiments.runs.ensemble import fitted, in_use
from jiqun.experiments.stores.store import write_text
from jiqun.model.region import REGION
from jiqun.scenarios.tables import tables_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from jiqun.experiments.designs.designs import Compared, Shape
    from jiqun.experiments.designs.regret import Regret
    from jiqun.experiments.effects.additionality import Promotion
    from jiqun.experiments.effects.compare import Comparison
    from jiqun.experiments.stores.forms import Form

FILE = "designs.json"
"""Where a store keeps the last comparison at equal cost."""
SHIPPED = REGION.fit / "results"
"""Folder of the comparison that is shipped."""


def comparison_data(comparison: Comparison) -> dict[str, Any]:
    """A comparison as plain data."""
    return asdict(comparison) | {
        "content": _content(comparison.content),
        "baseline_content": _content(comparison.baseline_content),
        "distinguishable": comparison.distinguishable,
        "costs": comparison.costs,
        "gainers": {grouping: comparison.gainers(grouping) for grouping in CUTS},
    }


def _content(form: Form) -> dict[str, Any]:
    """What tells the runs of a form apart, and not when they were asked for."""
    whole = asdict(form)
    return {name: whole[name] for name in ("scenario_hash", "population", "rows", "model_hash")}


def compared_data(
    compared: Compared, shape: Shape, regret: Mapping[str, Sequence[Regret]] | None = None
) -> dict[str, Any]:
    """Designs at equal cost as plain data.

    Args:
        compared: The designs, their scales and their effects.
        shape: How the designs were run.
        regret: Regrets of the designs, by envelope; none where no worlds were run.
    """
    best = often_best(compared, shape.reported_on)
    return _frame() | {
        "baseline": comparison_data(compared.baseline) | {"label": _label(compared.label)},
        "made_by": made_by(),
        "borne": shape.borne,
        "solved_on": shape.solved_on,
        "reported_on": shape.reported_on,
        "envelopes": dict(compared.targets),
        "designs": [
            {
                "design": row.design,
                "envelope": row.envelope,
                "label": _label(row.label),
                **asdict(row.solution),
                "solved_cost": row.solution.cost,
                "best": best[row.envelope, row.design],
                **comparison_data(row.comparison),
            }
            for row in compared.scaled
        ],
        "promotion": _promotion(compared.promotion),
        "regret": {k: [asdict(row) for row in rows] for k, rows in (regret or {}).items()},
    }


def _promotion(promotion: Promotion | None) -> dict[str, Any] | None:
    if promotion is None:
        return None
    return comparison_data(promotion.comparison) | {
        "break_even": asdict(promotion.break_even),
        "drawn": list(promotion.drawn),
    }


def pairs_data(
    baseline: str,
    comparisons: Sequence[Comparison],
    forms: Iterable[Form] = (),
    not_compared: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Scenarios of a store against one of them, as plain data.

    Args:
        baseline: The one.
        comparisons: The others against it.
        forms: All that the store holds of them.
        not_compared: Scenario to why it is not among the others.
    """
    taken = {form for row in comparisons for form in (row.content, row.baseline_content)}
    return _frame() | {
        "baseline": baseline,
        "scenarios": [comparison_data(row) for row in comparisons],
        "contents": [asdict(form) | {"taken": form in taken} for form in forms],
        "not_compared": dict(not_compared or {}),
    }


def save(folder: Path, data: Mapping[str, Any]) -> Path:
    """Keep a comparison with its store."""
    path = folder / FILE
    write_text(path, json.dumps(data, ensure_ascii=False, indent=1))
    return path


def read(folder: Path) -> dict[str, Any] | None:
    """The last comparison at equal cost of a store, or None.

    One whose effects were estimated in another way is none: it cannot be set beside others.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    data = dict(json.loads(path.read_text("utf-8")))
    return data if data.get("confidence") == CONFIDENCE else None


def is_current(data: Mapping[str, Any]) -> bool:
    """Whether a comparison was made by the model, on the data and with the fit in use now."""
    return bool(data.get("made_by") == made_by())


def made_by() -> dict[str, str]:
    """Hashes of the model, the data and the fit that are in use."""
    ensemble = fitted(in_use())
    fit = ensemble.digest if ensemble else ""
    return {"model": model_hash(), "tables": tables_hash(), "fit": fit}


def _frame() -> dict[str, Any]:
    return {
        "years": [FIRST, LAST],
        "discount": DISCOUNT,
        "unit": "yuan, present value",
        "statistic": STATISTIC,
        "confidence": CONFIDENCE,
        "spread": list(SPREAD),
        "least_pairs": LEAST_PAIRS,
    }


def _label(label: tuple[str, str]) -> dict[str, str]:
    return dict(zip(("zh", "en"), label, strict=True))
