"""The glossary: whole in both languages, on its page and in the report."""

import re

import pytest

from jiqun.notebooks import glossary
from jiqun.notebooks.words import LANGS, Words


def test_every_term_has_one_sentence_in_both_languages():
    assert 40 <= len(glossary.entries()) <= 60
    for key, both in glossary.entries().items():
        assert set(both) == set(LANGS), key
        assert re.fullmatch(r"[^。]+。", both["zh"].text), key
        assert re.fullmatch(r"[^\u3000-\u9fff]+\.", both["en"].text), key
        assert re.search(r"[\u4e00-\u9fff]", both["zh"].term), key
        assert not re.search(r"[.!?] ", both["en"].text), key


@pytest.mark.parametrize("lang", LANGS)
def test_no_term_is_explained_twice(lang):
    terms = [both[lang].term.lower() for both in glossary.entries().values()]
    assert len(terms) == len(set(terms))


def test_the_page_is_up_to_date_and_an_old_one_is_found(tmp_path, monkeypatch, capsys):
    assert glossary.main(["--check"]) == 0, "run python -m jiqun.notebooks.glossary"
    monkeypatch.setattr(glossary, "PAGE", tmp_path / "glossary.md")
    assert glossary.main(["--check"]) == 1
    assert "glossary.md is out of date" in capsys.readouterr().out
    assert glossary.main([]) == 0
    assert glossary.main(["--check"]) == 0


@pytest.mark.parametrize("lang", LANGS)
def test_the_report_has_every_term_in_its_language(lang):
    lines = glossary.glossary_table(Words(lang)).splitlines()
    assert len(lines) == 2 + len(glossary.entries())
    for both in glossary.entries().values():
        assert f"| **{both[lang].term}** | {both[lang].text} |" in lines


def test_the_report_ends_with_the_glossary():
    notebook = glossary.TERMS.with_name("report.py").read_text("utf-8")
    shown = notebook.index("glossary.glossary_table(words)")
    assert (
        notebook.index('words("missing_title")') < shown < notebook.index('words("footer_title")')
    )
