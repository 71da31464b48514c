"""How far to trust the results: fit, forecasts, facts, and what the data cannot see.

Every number is read from what the calibration stored; which word is chosen is decided by them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jiqun.calibration.facts.run import WANTED
from jiqun.calibration.facts.run import words as fact_words
from jiqun.calibration.fitting.space import DUMMY
from jiqun.calibration.outlook import state_of
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.notebooks import first
from jiqun.notebooks.record import of_parameters
from jiqun.notebooks.tables import POLICY, markdown
from jiqun.notebooks.words import ABSENT
from jiqun.notebooks.worlds import UNITS
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any

    import pandas as pd

    from jiqun.notebooks.record import Record, Skill
    from jiqun.notebooks.trust.evidence import Evidence
    from jiqun.notebooks.words import Words
    from jiqun.notebooks.worlds import Worlds

COVERED = (0.75, 0.97)
"""Shares of the published values between which 90 % intervals are as wide as asked."""
FOUND_AGAIN = 0.8
"""Share of synthetic histories in which the interval of an identified parameter should hold it."""
COMMANDS = {
    "fit": "jiqun calibrate reference --adopt",
    "skill": "python -m jiqun.calibration.backtest --train",
    "facts": "python -m jiqun.calibration.facts",
    "recovered": "jiqun recover reference",
    "trials": "jiqun trial --adopt",
}
"""What computes a part that is missing."""


def missing(part: str, words: Words) -> str:
    """Say that a part of the record was not computed, and what computes it."""
    return words("trust_missing", part=words.name("trust_parts", part), command=COMMANDS[part])


def sentence(record: Record, words: Words) -> str:
    """The first page's one sentence, with the way to the section."""
    parts = []
    if len(record.fitted):
        parts.append(words("clause_fit", inside=record.met, fitted=len(record.fitted)))
    if record.skill is not None:
        parts.append(words.name("clause_skill", str(record.skill.verdict)))
    if len(record.must):
        parts.append(
            words("clause_facts", passed=record.held, must=len(record.must), chosen=record.chosen)
        )
    if record.trials is not None and record.trials.counts["counted"]:
        parts.append(words("clause_trials", **record.trials.counts))
    if states := record.states:
        parts.append(words("clause_unseen", unseen=states["unseen"], count=sum(states.values())))
    parts += [
        words("clause_absent", part=words.name("trust_parts", part)) for part in _absent(record)
    ]
    return words("trust_sentence", told=words.listing(parts))


def _absent(record: Record) -> list[str]:
    """Main parts of the record that were not computed."""
    known = {
        "fit": record.figures, "skill": record.skill, "facts": record.facts,
        "trials": record.trials,
    }  # fmt: skip
    return [part for part, found in known.items() if found is None]


# At a glance


def glance_table(record: Record, words: Words) -> str:
    """Up to six questions, each with an answer in words and the numbers behind it."""
    rows = []
    if fitted := len(record.fitted):
        counts = words.counts("fit", inside=record.met, fitted=fitted)
        numbers = words("glance_fit", **counts)
        rows.append(("fit", _how_much(record.met / fitted, words), numbers))
    if record.skill is not None:
        scores, verdict = record.skill.scores, str(record.skill.verdict)
        numbers = skill_numbers(record.skill, words)
        rows.append(("skill", words.name("glance_verdict", verdict), numbers))
        covered = float(scores["coverage_90"])
        numbers = words("glance_width", covered=words.percent(covered), points=scores["points"])
        rows.append(("width", words.name("glance_widths", _width(covered)), numbers))
    if must := len(record.must):
        enough = words.name("glance_enough", str(record.held / must >= WANTED))
        counts = words.counts("facts", passed=record.held, must=must, chosen=record.chosen)
        numbers = words("glance_facts", **counts)
        rows.append(("facts", enough, numbers))
    if record.trials is not None:
        told = record.trials.counts
        share = told["inside"] / told["counted"] if told["counted"] else 0.0
        answer = _how_much(share, words) if told["counted"] else words("trials_none_short")
        rows.append(("trials", answer, words("glance_trials", **words.counts("trials", **told))))
    if states := record.states:
        seen = 1.0 - states["unseen"] / sum(states.values())
        rows.append(
            ("seen", _how_much(seen, words), words("glance_seen", **words.counts("seen", **states)))
        )
    rows += [(part, words("not_computed"), ABSENT) for part in _absent(record)]
    asked = words.names("glance_questions")
    shown = [[asked[key], f"**{answer}**", numbers] for key, answer, numbers in rows]
    return markdown(words.lines("glance_head"), shown, 3)


def _how_much(share: float, words: Words) -> str:
    """A share in words."""
    if share in (0.0, 1.0):
        return words.name("glance_shares", "all" if share else "none")
    key = "most" if share > 0.5 else "some" if share > 0.25 else "few"
    return words.name("glance_shares", key)


def _width(covered: float) -> str:
    low, high = COVERED
    return "narrow" if covered < low else "wide" if covered > high else "right"


def skill_numbers(skill: Skill, words: Words) -> str:
    """How large forecast errors are beside those of the naive rule."""
    ratio = words.told("skill/ratio", f"{skill.scores['rmse_ratio']:.2f}")
    interval = words.told("skill/ratio/interval", _ratio(skill.scores, words))
    return words("glance_skill", ratio=ratio, interval=interval)


def _ratio(scores: Any, words: Words) -> str:
    return words.between(f"{scores['rmse_ratio_low']:.2f}", f"{scores['rmse_ratio_high']:.2f}")


# Fit


def fit_text(record: Record, evidence: Evidence, words: Words) -> str:
    """What was fitted, how many figures are met, and whose version of the model that was.

    Args:
        record: What calibration and tests of the model found.
        evidence: Results of the scenario that the page is about.
        words: Texts and number formats of the page's language.
    """
    if record.figures is None or record.fit is None:
        return missing("fit", words)
    fitted = record.fitted
    held_out = record.figures[record.figures["use"] == "test"]
    text = words(
        "trust_fit",
        members=record.fit["members"],
        covered=int(fitted["covered"].sum()),
        **words.counts("fit", fitted=len(fitted), inside=record.met),
    )
    if len(held_out):
        text += _gap(words) + words(
            "trust_fit_test", count=len(held_out), covered=int(held_out["covered"].sum())
        )
    if record.fit["model_hash"] not in set(evidence.runs["model_hash"]):
        text += _gap(words) + words("trust_fit_older")
    if record.adopted:
        text += _gap(words) + words("trust_fit_adopted")
    return text


def misfit_table(record: Record, words: Words) -> str:
    """Fitted figures whose median is off by more than the error, with the reason."""
    missed = record.fitted[~record.fitted["inside"].astype(bool)]
    rows = [_misfit(row, words) for row in missed.to_dict("records")]
    return markdown(words.lines("misfit_head"), rows, 3) if rows else ""


def _misfit(row: dict[Hashable, Any], words: Words) -> list[str]:
    target = row["target"]
    outcome = OUTCOMES[target.outcome]
    values = [row[name] / target.scale for name in ("published", "median", "low", "high")]
    published, median, low, high = words.numbers(values, outcome, 3)
    off = (row["median"] - row["published"]) / row["allowed"]
    reason = spoken(words.translated(row["reason"]), words) or words("trust_no_reason")
    return [
        of_unit(target, words) + words.bracketed(words.unit(outcome)),
        str(target.year),
        reason,
        published,
        f"{median}{words.bracketed(words.between(low, high))}",
        words.signed([off], most=1)[0],
    ]


def dated(label: str, year: int, words: Words) -> str:
    """A label with the year of its figure.

    Args:
        label: Label of the figure.
        year: Year of the figure.
        words: Texts and number formats of the page's language.
    """
    return label + words.bracketed(str(year))


def of_unit(target: Any, words: Words) -> str:
    """Label of what a target or a series measures, with its field where it is of one."""
    label = words.label(target.outcome)
    if target.level != "field":
        return label
    gap = "：" if words.lang == "zh" else ": "
    return words.unit_name((target.level, target.unit_name)) + gap + label


def spoken(text: str, words: Words) -> str:
    """A text in which other figures are named by their labels instead of their ids."""
    text = re.sub(
        r" ?[(（]([a-z]+(?:_[a-z]+)+)[)）]",
        lambda found: words.bracketed(words.name("parameter_names", found[1])),
        text,
    )
    return re.sub(r"[a-z]+_\d{4}\b", lambda found: _named(found[0], words), text)


def _named(key: str, words: Words) -> str:
    known = {row.id: row for row in table("calibration_targets")}
    return dated(of_unit(known[key], words), known[key].year, words) if key in known else key


# Forecasts


def skill_text(skill: Skill, words: Words) -> str:
    """What the back-test did and how it came out against the rival."""
    scores = skill.scores
    by_series = [row["rmse_ratio"] for row in scores["cuts"]["series"].values()]
    ratios = [ratio for ratio in by_series if ratio is not None]
    return words(
        "trust_skill",
        origins=("、" if words.lang == "zh" else " and ").join(map(str, scores["origins"])),
        training=words.name("trust_training", scores["training"]),
        points=scores["points"],
        series=scores["series"],
        ratio=f"{scores['rmse_ratio']:.2f}",
        interval=_ratio(scores, words),
        verdict=words.name("trust_verdicts", str(skill.verdict)),
        better=sum(ratio < 1.0 for ratio in ratios),
        judged=len(ratios),
        inside50=words.percent(scores["coverage_50"]),
        inside90=words.percent(scores["coverage_90"]),
        low=words.percent(COVERED[0]),
        high=words.percent(COVERED[1]),
        width=words.name("glance_widths", _width(scores["coverage_90"])),
        crps=f"{scores['crps_ratio']:.2f}",
        crps_verdict=words.name("trust_crps", str(scores["crps_ratio"] < 1.0)),
    )


def improved_text(skill: Skill, words: Words) -> str:
    """What was done after the first scoring, and what it changed."""
    scores = skill.scores
    before = scores["first_method"]
    text = words(
        "trust_improved",
        before=f"{before['rmse_ratio']:.2f}",
        after=f"{scores['rmse_ratio']:.2f}",
        covered_before=words.percent(before["coverage_90"]),
        covered_after=words.percent(scores["coverage_90"]),
    )
    if skill.unfitted is not None:
        text += _gap(words) + words("trust_unfitted", ratio=f"{skill.unfitted['rmse_ratio']:.2f}")
    return text


def hindsight(skill: Skill, words: Words) -> list[str]:
    """What the back-test could not leave out."""
    return [words.translated(item) for item in skill.scores["hindsight"]]


# Facts


def facts_text(record: Record, words: Words) -> str:
    """How many facts hold."""
    others = record.facts[record.facts["must"] != "yes"] if record.facts is not None else None
    if others is None or not len(record.must):
        return missing("facts", words)
    return words(
        "trust_facts",
        passed=record.held,
        must=len(record.must),
        enough=words.name("trust_enough", str(record.held / len(record.must) >= WANTED)),
        chosen=record.chosen,
        tests=record.held - record.chosen,
        others=len(others),
        others_passed=int(others["passed"].sum()),
        seeds=int(record.must["seeds"].max()),
    )


def facts_table(record: Record, words: Words) -> str:
    """The facts that must hold: value, what is asked, whether it holds, why not."""
    said = fact_words()["facts"]
    rows = []
    for row in record.must.sort_values("passed", kind="stable").to_dict("records"):
        known = said.get(row["key"], {})
        passed = bool(row["passed"])
        mark = words("trust_chosen") if row["chosen"] else ""
        why = "" if passed else words.translated(known.get("falls_short", ""))
        value, low, high = (_figures(row[name]) for name in ("value", "low", "high"))
        rows.append(
            [
                known["title"][words.lang] if known else row["fact"],
                words.name("trust_passed", str(passed)) + mark,
                words.translated(row["asks"]),
                why or ABSENT,
                value + words.bracketed(words.between(low, high)),
            ]
        )
    return markdown(words.lines("facts_head"), rows, 4)


def _figures(value: float) -> str:
    return f"{value:.2g}".replace("-", "−")


# What the data cannot see


def unseen_text(record: Record, words: Words) -> str:
    """How many parameters the figures say something of, and which."""
    if record.parameters is None:
        return missing("fit", words)
    rows = record.parameters
    policy = rows[rows["group"] == POLICY]
    text = words(
        "trust_unseen",
        count=len(rows),
        **record.states,
        policy=len(policy),
        policy_unseen=int((policy["state"] == "unseen").sum()),
    )
    seen = rows[rows["state"] != "unseen"].sort_values("spread")
    if seen.empty:
        return text
    names = [
        words.name("parameter_names", name) + words.bracketed(words.percent(spread))
        for name, spread in zip(seen["name"], seen["spread"], strict=True)
    ]
    return text + _gap(words) + words("trust_seen", names=words.listing(names))


def effect_text(record: Record, worlds: Worlds, words: Words) -> str:
    """What that does to the interval of the effect, and which strong parameters are unseen.

    Args:
        record: What calibration and tests of the model found.
        worlds: Runs of all scenarios of the store.
        words: Texts and number formats of the page's language.
    """
    parts = []
    shares = worlds.shares("value_added", UNITS[-1])
    if shares:
        parts.append(words("trust_share", share=words.percent(shares["parameters"])))
    strong = [name for name, _ in first.strongest(worlds)]
    if strong and record.parameters is not None:
        states = dict(zip(record.parameters["name"], record.parameters["state"], strict=True))
        names = words.listing(
            words.name("parameter_names", name)
            + words.bracketed(words.name("trust_states", states.get(name, "unseen")))
            for name in strong
        )
        unseen = sum(states.get(name, "unseen") == "unseen" for name in strong)
        parts.append(words("trust_strong", count=len(strong), unseen=unseen, names=names))
    return _gap(words).join(parts)


def checks(record: Record, words: Words) -> list[str]:
    """The dummy, simulate-and-recover, the other method and the other seed, a sentence each."""
    if record.fit is None or record.parameters is None:
        return []
    spread = float(record.fit["dummy_spread"])
    found = [
        words(
            "trust_dummy",
            share=words.percent(spread),
            state=words.name("trust_states", state_of(spread)),
        ),
        _recovered(record, words),
    ]
    if record.agreement is not None:
        found.append(_agreement(record.agreement, record.parameters, words))
    if record.other_seed is not None:
        within = record.other_seed["within"]
        found.append(words("trust_other_seed", count=len(within), within=int(within.sum())))
    return found


def _recovered(record: Record, words: Words) -> str:
    if record.recovered is None:
        return missing("recovered", words)
    rows = of_parameters(record.recovered)
    dummy = record.recovered[record.recovered["name"] == DUMMY]["state"]
    known = rows[rows["state"] == "identified"]
    if known.empty:
        return words("trust_recovered_none", sets=int(rows["sets"].max()))
    return words(
        "trust_recovered",
        sets=int(rows["sets"].max()),
        count=len(known),
        good=int((known["covered"] >= FOUND_AGAIN).sum()),
        asked=words.percent(FOUND_AGAIN),
        least=words.percent(float(known["covered"].min())),
        dummy=words.name("trust_states", str(dummy.iloc[0]) if len(dummy) else "unseen"),
    )


def _agreement(rows: pd.DataFrame, parameters: pd.DataFrame, words: Words) -> str:
    seen = parameters[parameters["state"] != "unseen"]["name"]
    both = rows[rows["name"].isin(seen)].sort_values("apart")
    if both.empty:
        return words("trust_agreement_none")
    worst = both.iloc[-1]
    return words(
        "trust_agreement",
        count=len(both),
        near=int((both["apart"] < 1.0).sum()),
        worst=words.name("parameter_names", str(worst["name"])),
        apart=f"{worst['apart']:.1f}",
    )


def _gap(words: Words) -> str:
    return "" if words.lang == "zh" else " "
