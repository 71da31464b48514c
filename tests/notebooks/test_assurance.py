"""The assurance page: whole in both languages, of the stored results, and never behind them."""

import re
import string

import pytest

from jiqun.notebooks import assurance
from jiqun.notebooks.record import read_record
from jiqun.notebooks.trust.page import glance_table
from jiqun.notebooks.words import LANGS, Words
from jiqun.scenarios.tables import table


@pytest.fixture(autouse=True)
def nothing_adopted(tmp_path, monkeypatch):
    monkeypatch.setenv("JIQUN_HOME", str(tmp_path / "none"))


def both(node):
    """Every pair of texts in both languages below a node."""
    if isinstance(node, dict) and set(node) & set(LANGS):
        assert set(node) == set(LANGS), node
        yield node
    elif isinstance(node, dict | list):
        for each in node.values() if isinstance(node, dict) else node:
            yield from both(each)


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_the_pages_are_up_to_date_and_old_ones_are_found(tmp_path, monkeypatch, capsys):
    assert assurance.main(["--check"]) == 0, "run python -m jiqun.notebooks.assurance"
    monkeypatch.setattr(assurance, "DOCS", tmp_path)
    assert assurance.main(["--check"]) == 1
    said = capsys.readouterr().out
    assert "assurance.md is out of date" in said
    assert "assurance.zh.md is out of date" in said
    assert assurance.main([]) == 0
    assert assurance.main(["--check"]) == 0


def test_a_page_of_an_adopted_fit_is_not_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("JIQUN_HOME", str(tmp_path))
    monkeypatch.setattr(assurance, "DOCS", tmp_path)
    assert assurance.main([]) == 1
    assert f"move {tmp_path} away" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_every_text_is_there_in_both_languages_with_the_same_numbers():
    pairs = [*both(assurance.texts()), *both(list(assurance.defects()))]
    assert len(pairs) > 50
    for pair in pairs:
        zh, en = pair["zh"], pair["en"]
        if isinstance(zh, dict):
            assert set(zh) == set(en)
            continue
        assert zh.count("\n") == en.count("\n"), en
        assert fields(zh) == fields(en), en
        assert fields(zh) <= {*assurance.figures(), "tests"}, en
        assert re.search("[\u4e00-\u9fff]", zh), en
        assert not re.search("[\u3000-\u9fff]", en.replace("中文", "")), en


def test_every_number_is_named_by_a_text():
    used = set().union(
        *(fields(pair["en"]) for pair in both(assurance.texts()) if isinstance(pair["en"], str)),
        *(fields(pair["en"]) for pair in both(list(assurance.defects()))),
    )
    assert {*assurance.figures()} <= used


def test_defects_are_told_once_and_lead_to_a_page():
    known = assurance.defects()
    assert len({each["id"] for each in known}) == len(known) >= 10
    for each in known:
        assert set(each) == {"id", "page", "what", "matters"}
        assert (assurance.DOCS / each["page"]).is_file(), each["page"]


@pytest.mark.parametrize("lang", LANGS)
def test_validation_is_what_reports_say(lang):
    assert glance_table(read_record(), Words(lang)) in assurance.page(lang)


@pytest.mark.parametrize("lang", LANGS)
def test_numbers_follow_the_results(lang, monkeypatch):
    """A score that is stored otherwise is told otherwise."""
    before = assurance.page(lang)
    ratio = f"{read_record().skill.scores['rmse_ratio']:.2f}"
    assert before.count(ratio) >= 2
    record = read_record()
    record.skill.scores["rmse_ratio"] = 7.77
    monkeypatch.setattr(assurance, "read_record", lambda: record)
    assurance.figures.cache_clear()
    try:
        after = assurance.page(lang)
    finally:
        assurance.figures.cache_clear()
    assert after.count("7.77") == before.count(ratio)


def test_grades_count_every_parameter():
    rows = assurance._grades("en")
    assert [row[0] for row in rows] == list(assurance.GRADES)
    assert sum(row[-1] for row in rows) == len(table("parameters"))


def test_every_folder_of_tests_is_counted_and_named():
    tests = assurance.tests_by_kind()
    assert set(tests) == set(assurance.texts()["tests"]["en"])
    assert min(tests.values()) > 0
    here = len(re.findall(r"^def test_", assurance.Path(__file__).read_text("utf-8"), re.M))
    assert tests["notebooks"] > here


@pytest.mark.parametrize(
    ("count", "shown"), [(4, 0), (19, 15), (50, 50), (99, 75), (999, 975), (1099, 1000)]
)
def test_numbers_of_tests_are_rounded_down(count, shown):
    assert assurance.at_least(count) == shown


def test_what_it_is_not_for_is_said_beside_what_it_is_for():
    fits = [use["fit"] for use in assurance.texts()["uses"]]
    assert {"yes", "limited", "no"} == set(fits)
    assert fits.count("no") >= 3
