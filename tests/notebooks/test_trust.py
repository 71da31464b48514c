"""How far to trust the results: words follow the numbers on record."""

import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.figure import Figure

from jiqun.calibration import outlook
from jiqun.calibration.backtest import data as backtest_data
from jiqun.calibration.facts import run as facts
from jiqun.calibration.fitting.space import DUMMY
from jiqun.model.agents.enterprises import COLUMNS
from jiqun.notebooks.record import Record, Skill, read_record
from jiqun.notebooks.show import png
from jiqun.notebooks.trust import figures as trust_figures
from jiqun.notebooks.trust import page as trust
from jiqun.notebooks.trust.evidence import Evidence
from jiqun.notebooks.words import LANGS, Lang, Words, texts, translations
from jiqun.notebooks.worlds import Worlds
from jiqun.scenarios.tables import table
from tests.notebooks.made_up_record import FITTED, write_record


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return read_record(write_record(tmp_path_factory.mktemp("results")))


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return read_record(tmp_path_factory.mktemp("none"))


def skill(record: Record) -> Skill:
    assert record.skill is not None
    return record.skill


def scored(record: Record, **scores: float) -> Skill:
    return replace(skill(record), scores={**skill(record).scores, **scores})


@pytest.mark.parametrize("lang", LANGS)
def test_what_was_not_computed_is_said_with_its_command(
    nothing: Record, evidence: Evidence, worlds: Worlds, lang: Lang
) -> None:
    words = Words(lang)
    for part in ("fit", "skill", "facts", "trials"):
        told = words("clause_absent", part=words.name("trust_parts", part))
        assert told in trust.sentence(nothing, words)
        assert trust.COMMANDS[part] in trust.missing(part, words)
    glance = trust.glance_table(nothing, words)
    assert glance.count(words("not_computed")) == 4
    assert "jiqun" not in glance
    assert "jiqun calibrate reference --adopt" in trust.fit_text(nothing, evidence, words)
    assert "jiqun calibrate reference --adopt" in trust.unseen_text(nothing, words)
    assert "jiqun.calibration.facts" in trust.facts_text(nothing, words)
    assert "jiqun.calibration.backtest" in trust.missing("skill", words)
    assert trust.checks(nothing, words) == []
    assert "{" not in trust.effect_text(nothing, worlds, words)


def test_a_fit_without_recovery_says_how_to_recover(record: Record) -> None:
    told = trust.checks(replace(record, recovered=None), Words("en"))
    assert "jiqun recover reference" in told[1]


def test_a_fit_with_another_seed_is_told_by_how_many_medians_stay(record: Record) -> None:
    told = trust.checks(record, Words("en"))
    assert "of 3 effects" in told[-1]
    assert "medians of 2 " in told[-1]
    assert len(trust.checks(replace(record, other_seed=None), Words("en"))) == len(told) - 1


@pytest.mark.parametrize("lang", LANGS)
def test_texts_are_whole_and_speak_no_ids(
    record: Record, evidence: Evidence, worlds: Worlds, lang: Lang
) -> None:
    words = Words(lang)
    told = [
        trust.sentence(record, words),
        trust.glance_table(record, words),
        trust.fit_text(record, evidence, words),
        trust.misfit_table(record, words),
        trust.skill_text(skill(record), words),
        trust.improved_text(skill(record), words),
        *trust.hindsight(skill(record), words),
        trust.facts_text(record, words),
        trust.facts_table(record, words),
        trust.unseen_text(record, words),
        trust.effect_text(record, worlds, words),
        *trust.checks(record, words),
    ]
    assert all(told)
    for text in told:
        assert not re.search(r"\b(nan|inf|None|True|False)\b|[{}]", text)
        assert not re.search(r"[a-z]+_[a-z0-9]+", text.replace("`", ""))
        if lang == "zh":
            plain = re.sub(r"CRPS|Subbotin|#trust", "", text)
            assert not re.search(r"[A-Za-z]{3,}", plain), plain


def test_the_first_sentence_leads_to_the_section(record: Record) -> None:
    told = trust.sentence(record, Words("en"))
    assert "](#trust)" in told
    assert f"{len(FITTED) - 1} of {len(FITTED)} fitted figures" in told
    assert "3 of 4 parameters" in told


def test_misfits_are_the_figures_whose_median_is_outside(record: Record) -> None:
    lines = trust.misfit_table(record, Words("en")).splitlines()[2:]
    assert len(lines) == 1
    assert "Little giants" in lines[0]
    # Two errors and a half below what was published.
    assert lines[0].rstrip(" |").endswith("−2.5")


def test_a_reason_names_other_figures_by_their_labels() -> None:
    assert trust.spoken("as lg_2020; then", Words("en")) == "as Little giants (2020); then"
    assert trust.spoken("同lg_2020", Words("zh")) == "同专精特新“小巨人”企业（2020）"
    assert trust.spoken("as nobody_2020", Words("en")) == "as nobody_2020"


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(0.5, 0.9, 1), (0.9, 1.1, 0), (1.0, 1.3, 0), (1.1, 1.5, -1)]
)
def test_the_interval_decides_who_forecasts_better(
    record: Record, low: float, high: float, verdict: int
) -> None:
    found = scored(record, rmse_ratio_low=low, rmse_ratio_high=high)
    assert found.verdict == verdict
    for lang in LANGS:
        words = Words(lang)
        assert words.name("trust_verdicts", str(verdict)) in trust.skill_text(found, words)
        told = trust.glance_table(replace(record, skill=found), words)
        assert f"**{words.name('glance_verdict', str(verdict))}**" in told


@pytest.mark.parametrize(
    ("covered", "key"), [(0.74, "narrow"), (0.75, "right"), (0.97, "right"), (0.98, "wide")]
)
def test_coverage_decides_whether_intervals_are_too_narrow(
    record: Record, covered: float, key: str
) -> None:
    words = Words("en")
    told = trust.skill_text(scored(record, coverage_90=covered), words)
    assert words.name("glance_widths", key) in told


def test_errors_of_bounds_are_measured_as_the_scores_measure_them(record: Record) -> None:
    rows = skill(record).points.set_index(["indicator", "origin"])
    growth = rows.loc[("as_va_growth", 2021)]
    assert growth["p05_error"] == pytest.approx(growth["p05"] - growth["published"])
    level = rows.loc[("as_revenue", 2022)]
    assert level["p95_error"] == pytest.approx(100 * np.log(level["p95"] / level["published"]))


@pytest.mark.parametrize("lang", LANGS)
def test_facts_that_fail_come_first_and_say_why(record: Record, lang: Lang) -> None:
    words = Words(lang)
    lines = trust.facts_table(record, words).splitlines()[2:]
    assert len(lines) == len(record.must) == 2
    assert words.name("trust_passed", "False") in lines[0]
    why = facts.words()["facts"]["size_tail"]["falls_short"]
    assert words.translated(why) in lines[0]
    assert words.name("trust_passed", "True") in lines[1]
    told = trust.facts_text(record, words)
    assert words.name("trust_enough", "False") in told
    # The tail that fails and the rate that holds were chosen by nothing.
    mark = words("trust_chosen")
    assert mark not in "".join(lines)
    assert record.chosen == 0
    taken = replace(record, facts=record.must.assign(chosen=True))
    assert taken.chosen == 1
    assert trust.facts_table(taken, words).count(mark) == 2
    better = replace(record, facts=record.must.assign(passed=True))
    assert words.name("trust_enough", "True") in trust.facts_text(better, words)


def test_states_are_counted_and_the_dummy_is_no_parameter(record: Record) -> None:
    assert record.states == {"identified": 1, "bounded": 0, "unseen": 3}
    assert record.recovered is not None
    assert DUMMY in set(record.recovered["name"])
    told = trust.checks(record, Words("en"))[1]
    # One parameter is called identified, and its interval holds the truth in 17 sets of 20.
    assert "1 of the 1 parameters called identified" in told
    assert "the lowest in 85 %" in told


def test_a_fit_of_another_version_is_said_to_be_one(record: Record, evidence: Evidence) -> None:
    words = Words("en")
    older = words("trust_fit_older")
    assert older in trust.fit_text(record, evidence, words)
    own = {**(record.fit or {}), "model_hash": evidence.runs["model_hash"].iloc[0]}
    assert older not in trust.fit_text(replace(record, fit=own), evidence, words)


def test_fitted_forecasts_are_gone_by_where_there_are_some(tmp_path: Path, record: Record) -> None:
    folder = write_record(tmp_path, fitted_forecasts=True)
    found = skill(read_record(folder))
    assert found.scores["training"] == "posterior"
    assert found.unfitted is not None
    assert skill(record).unfitted is None
    words = Words("en")
    assert words("trust_unfitted", ratio="1.31") in trust.improved_text(found, words)


def test_sentences_kept_in_english_have_their_chinese() -> None:
    said = set(yaml.safe_load(outlook.MISFITS.read_text("utf-8")).values())
    for fact in facts.words()["facts"].values():
        said |= {fact["asks"], fact.get("falls_short", fact["asks"])}
    said |= set(backtest_data.protocol().hindsight)
    said |= {row.reason for row in table("articles") if row.reason}
    said |= {column.meaning for column in COLUMNS.values()}
    assert said == set(translations())


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    "draw",
    [
        trust_figures.fit,
        lambda record, words: trust_figures.forecasts(skill(record), words),
        lambda record, words: trust_figures.facts(record.pictures, words),
        trust_figures.seen,
    ],
)
def test_figures_are_drawn_inside_their_page(
    record: Record, draw: Callable[[Record, Words], Figure], lang: Lang
) -> None:
    figure = draw(record, Words(lang))
    with warnings.catch_warnings():
        # matplotlib warns of a glyph that the font lacks.
        warnings.simplefilter("error")
        assert png(figure).startswith(b"\x89PNG")
    page = figure.bbox.padded(2)
    for axis in figure.axes:
        box = axis.get_tightbbox()
        assert box is not None
        assert page.x0 <= box.x0 <= box.x1 <= page.x1
        assert page.y0 <= box.y0 <= box.y1 <= page.y1


def test_what_lies_outside_the_picture_is_marked_at_its_edge(record: Record) -> None:
    rows = record.fitted
    far = rows.assign(median=rows["published"] + 50.0 * rows["allowed"])
    figure = trust_figures.fit(replace(record, figures=far), Words("en"))
    marks = [line for line in figure.axes[0].lines if line.get_marker() == ">"]
    assert marks
    assert all(float(line.get_xdata()[0]) == trust_figures.MOST_ERRORS for line in marks)


def test_every_picture_of_a_fact_has_its_words() -> None:
    named = {key for key in texts() if key.startswith("fact_")}
    assert named == {f"fact_{fact}" for fact in facts.facts_picture.TITLES}


def test_the_record_on_file_can_be_told(evidence: Evidence, worlds: Worlds) -> None:
    found = read_record()
    for lang in LANGS:
        words = Words(lang)
        assert trust.sentence(found, words)
        for text in (
            trust.fit_text(found, evidence, words),
            trust.facts_table(found, words),
            trust.unseen_text(found, words),
            trust.effect_text(found, worlds, words),
        ):
            assert "nan" not in text
    if found.parameters is not None:
        assert isinstance(found.parameters, pd.DataFrame)
        assert sum(found.states.values()) == len(found.parameters)
