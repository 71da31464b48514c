"""The assurance page: purpose, uses, assumptions, tests passed, open defects, in both languages.

It is laid out after the Aqua Book. Run ``python -m jiqun.notebooks.assurance`` after tables,
shipped results, tests or `defects.yaml` have changed; ``--check`` only says whether the pages are
up to date. Validation comes from the functions that reports use.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml

from jiqun.calibration.credit_and_plant import BOUND
from jiqun.calibration.markdown import pipe_table
from jiqun.experiments.effects.effect import LEAST_PAIRS
from jiqun.experiments.runs import adopted
from jiqun.model.region import REGION
from jiqun.notebooks.record import of_parameters, read_record
from jiqun.notebooks.tables import POLICY
from jiqun.notebooks.trust import page as trust
from jiqun.notebooks.words import LANGS, SHOWN, Words
from jiqun.scenarios.evidence import evidence_of
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.notebooks.record import Record
    from jiqun.notebooks.words import Lang

TEXTS = Path(__file__).with_suffix(".yaml")
DEFECTS = TEXTS.with_name("defects.yaml")
ROOT = TEXTS.resolve().parents[1]
DOCS = ROOT / "docs"
PAGES: Mapping[Lang, str] = {"en": "assurance.md", "zh": "assurance.zh.md"}
GRADES = "ABCDE"
GROUPS = ("input", "cost", "fixed")
"""What parameters are used for, in the order of columns."""
LARGE = 1e6
"""Size from which a parameter is shown as money."""
STEPS = {1000: 100, 50: 25, 0: 5}
"""Number of tests from which on they are rounded down, and to what: few new tests change a page."""


@cache
def texts() -> Mapping[str, Any]:
    """The texts of the page."""
    found: dict[str, Any] = yaml.load(TEXTS.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return found


@cache
def defects() -> Sequence[Mapping[str, Any]]:
    """The open defects, in the order of their file."""
    found: list[dict[str, Any]] = yaml.load(DEFECTS.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return found


@cache
def figures() -> Mapping[str, str]:
    """Numbers that texts and defects name, from tables and shipped results.

    Raises:
        ValueError: A part of the results is not there.
    """
    found = _of_record(read_record()) | _of_emergent() | _of_credit() | _of_assumptions()
    return {name: str(value) for name, value in found.items()}


def _of_record(record: Record) -> dict[str, object]:
    if not record.fit or not record.skill or not record.trials or record.parameters is None:
        raise ValueError(f"{REGION.results}: fit, back-test and trials are needed")
    if record.recovered is None:
        raise ValueError(f"{REGION.results}: recovery is needed")
    covered = 100 * of_parameters(record.recovered).groupby("state")["covered"].mean()
    scores, trials = record.skill.scores, record.trials.counts
    policy = record.parameters[record.parameters["group"] == POLICY]
    return {
        "identity": record.fit["identity"],
        "written": record.fit["written"][:10],
        "ratio": f"{scores['rmse_ratio']:.2f}",
        "ratio_low": f"{scores['rmse_ratio_low']:.2f}",
        "ratio_high": f"{scores['rmse_ratio_high']:.2f}",
        "fitted": len(record.fitted),
        "missed": len(record.fitted) - record.met,
        "parameters": sum(record.states.values()),
        "unseen": record.states["unseen"],
        "policy": len(policy),
        "policy_unseen": int((policy["state"] == "unseen").sum()),
        "recovered_low": f"{covered.min():.0f}",
        "recovered_high": f"{covered.max():.0f}",
        "counted": trials["counted"],
        "trials_inside": trials["inside"],
        "trials_outside": trials["outside"],
        "must": len(record.must),
        "facts_failed": len(record.must) - record.held,
        "chosen": record.chosen,
    }


def _of_emergent() -> dict[str, object]:
    frame = pd.read_csv(REGION.results / "emergent.csv")
    effects, patterns = (frame[frame["kind"] == kind] for kind in ("effect", "pattern"))
    cash = frame.set_index("key").loc["xi_cf_I"]
    return {
        "effects": len(effects),
        "effects_inside": int(effects["inside"].sum()),
        "effects_outside": int((~effects["inside"]).sum()),
        "patterns": len(patterns),
        "patterns_inside": int(patterns["inside"].sum()),
        "cash_flow": f"{cash['value']:.2f}",
        "cash_flow_low": f"{cash['low']:g}",
        "cash_flow_high": f"{cash['high']:g}",
    }


def _of_credit() -> dict[str, object]:
    frame = pd.read_csv(REGION.results / "credit_and_plant.csv")
    rows = {(row["outcome"], row["unit_name"], row["year"]): row for _, row in frame.iterrows()}
    bound = rows["limit_bound", "small", 2022]
    ceiling = rows["sales_at_ceiling", REGION.id, 2021]
    low, high = BOUND["small"]
    return {
        "small_bound": f"{100 * float(bound['0.5']):.1f}",
        "small_low": low,
        "small_high": high,
        "ceiling_2021": f"{100 * float(ceiling['0.5']):.1f}",
        "ceiling_2021_low": f"{100 * float(ceiling['0.05']):.1f}",
        "ceiling_2021_high": f"{100 * float(ceiling['0.95']):.1f}",
    }


def _of_assumptions() -> dict[str, object]:
    known = table("parameters")
    judged = sum(row.grade == GRADES[-1] for row in known)
    words = Counter(evidence_of(name).word for name in declarations())
    rules = table("rules")
    return {
        "count": len(known),
        "judged_parameters": judged,
        "judged_drawn": sum(row.grade == GRADES[-1] and row.low < row.high for row in known),
        "share": f"{100 * judged / len(known):.0f}",
        "levers": sum(words.values()),
        **{word: words[word] for word in ("trial", "literature", "judged")},
        "rules": len(rules),
        "assumed_rules": sum(row.confidence == "assumption" for row in rules),
        "least": LEAST_PAIRS,
    }


def tests_by_kind() -> dict[str, int]:
    """Test functions by folder of `tests/`; those of no folder are of the house."""
    found: Counter[str] = Counter()
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        parts = path.relative_to(ROOT / "tests").parts
        nodes = ast.walk(ast.parse(path.read_text("utf-8")))
        functions = (node.name for node in nodes if isinstance(node, ast.FunctionDef))
        kind = parts[0] if len(parts) > 1 else "house"
        found[kind] += sum(name.startswith("test_") for name in functions)
    return dict(found)


def at_least(count: int) -> int:
    """A number of tests, rounded down."""
    step = next(step for least, step in STEPS.items() if count >= least)
    return count // step * step


def page(lang: Lang) -> str:
    """The text of the page in a language."""
    words, known = Words(lang), figures()

    def say(key: str) -> str:
        return str(texts()[key][lang]).format(**known)

    def heads(key: str) -> list[str]:
        return str(texts()[key][lang]).splitlines()

    record = read_record()
    tests = tests_by_kind()
    sections = [
        f"# {say('title')}", say("generated"),
        f"## {say('purpose_title')}", say("purpose"),
        f"## {say('uses_title')}", pipe_table(heads("uses_head"), _uses(lang)), say("roles"),
        f"## {say('assumptions_title')}", say("assumptions"),
        pipe_table(heads("grades_head"), _grades(lang), "llrrrr"),
        say("telling"), pipe_table(heads("telling_head"), _telling(words), "llrr"),
        f"## {say('verification_title')}",
        str(texts()["verification"][lang]).format(tests=f"{at_least(sum(tests.values())):,}"),
        pipe_table(heads("tests_head"), _tests(lang, tests), "llr"),
        f"## {say('validation_title')}", say("validation"), trust.glance_table(record, words),
        say("emergent"), say("pages"),
        f"## {say('defects_title')}", pipe_table(heads("defects_head"), _defects(lang)),
        f"## {say('updates_title')}", say("updates"),
    ]  # fmt: skip
    return "\n\n".join(sections) + "\n"


def _uses(lang: Lang) -> list[tuple[str, ...]]:
    return [
        (
            use["who"][lang],
            use["use"][lang],
            texts()["verdicts"][lang][use["fit"]],
            use["why"][lang].format(**figures()),
        )
        for use in texts()["uses"]
    ]


def _grades(lang: Lang) -> list[tuple[object, ...]]:
    counts = Counter((row.grade, row.use) for row in table("parameters"))
    return [
        (
            grade,
            texts()["grades"][lang][grade],
            *(counts[grade, group] for group in GROUPS),
            sum(counts[grade, group] for group in GROUPS),
        )
        for grade in GRADES
    ]


def _telling(words: Words) -> list[tuple[str, ...]]:
    return [
        (
            words.name("parameter_names", row.parameter),
            row.grade,
            words.between(_number(row.low, words), _number(row.high, words)),
            _number(row.centre, words),
        )
        for row in table("prior_evidence")
    ]


def _number(value: float, words: Words) -> str:
    """A bound of a parameter; of large ones, which are of money, in the unit of reports."""
    if abs(value) < LARGE:
        return f"{value:g}".replace("-", "−")
    unit = SHOWN["yuan"]
    gap = "" if words.lang == "zh" else " "
    return f"{value * unit.factor(words.lang):g}{gap}{unit.name(words.lang)}"


def _tests(lang: Lang, tests: Mapping[str, int]) -> list[tuple[object, ...]]:
    return [
        (what, f"`tests/{'' if kind == 'house' else kind}`", at_least(tests[kind]))
        for kind, what in texts()["tests"][lang].items()
    ]


def _defects(lang: Lang) -> list[tuple[str, ...]]:
    return [
        (
            each["what"][lang].format(**figures()),
            each["matters"][lang],
            f"[{each['page']}]({each['page']})",
        )
        for each in defects()
    ]


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with ``--check`` say which are out of date.

    Args:
        arguments: Command line without the program.

    Returns:
        Exit status: 1 if ``--check`` finds an old page, or if the fit in use is not that shipped.
    """
    if adopted.home().is_dir():
        print(f"the page is of what is shipped: move {adopted.home()} away")
        return 1
    old = []
    for lang in LANGS:
        path, text = DOCS / PAGES[lang], page(lang)
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text("utf-8") != text:
            old.append(path.name)
            print(f"{path.name} is out of date: run python -m jiqun.notebooks.assurance")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
