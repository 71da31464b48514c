"""Levers as they are moved: bounds, units, and why something is refused."""

from string import Formatter

import pytest

from jiqun.app import page
from jiqun.app.controls import MAIN, MOST, controls, refusal
from jiqun.app.state import State
from jiqun.app.words import PageWords, page_texts
from jiqun.notebooks.words import LANGS
from jiqun.scenarios import load
from jiqun.scenarios.language import language, speaking
from jiqun.scenarios.levers import declarations


@pytest.fixture(scope="module")
def on():
    return load("as_issued")


def test_every_lever_is_there_once_the_main_ones_first(on):
    found = controls(on)
    assert tuple(each.lever.id for each in found[: len(MAIN)]) == MAIN
    ended = {"digital_subsidy_2021_2023"}
    assert {each.lever.id for each in found} == set(declarations()) - ended
    assert {each.group for each in found if each.present is None} == {"other"}


def test_the_ends_of_every_slider_and_field_can_be_asked(on, tmp_path):
    for each in controls(on):
        if each.present is not None:
            assert 0.0 < each.most <= MOST
            for times in (0.0, each.most):
                assert refusal(each.lever.id, f"*{times:g}", on, tmp_path) is None
        for field in each.fields:
            if field.kind == "switch":
                continue
            for lang in LANGS:
                for bound in (field.low, field.high):
                    said = field.said(f"{field.shown(bound, lang):.12g}", lang)
                    assert refusal(field.key, said, on, tmp_path) is None, (field, said)


def test_what_is_out_of_bounds_is_refused_with_what_is_allowed(on, tmp_path):
    for key, said in (
        ("cluster_award", "*1000"), ("cluster_award", "*-1"), ("cluster_award", "*abc"),
        ("digital_voucher.rate", "=250%"), ("digital_voucher.rate", "=?%"), ("nothing", "*2"),
    ):  # fmt: skip
        error = refusal(key, said, on, tmp_path)
        assert error is not None, (key, said)
        assert error.problem
        assert error.allowed


def test_a_refusal_is_in_the_language_of_the_session(on, tmp_path):
    said = {}
    for lang in LANGS:
        with speaking(lang):
            assert language() == lang
            error = refusal("cluster_award", "*1000", on, tmp_path)
            assert error is not None
            said[lang] = error.problem
    assert said["zh"] != said["en"]
    assert language() == "en"


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_shows_unit_bounds_article_and_evidence_of_levers(on, lang):
    words = PageWords(lang)
    state = State(parts=(("cluster_award", "*2"), ("digital_voucher.rate", "=50%")))
    html = str(page.levers(controls(on), state, words))
    for each in controls(on):
        assert getattr(each.lever.label, lang) in html or "&" in html
        assert html.count(f'id="refusal-{each.lever.id}"') == 1
        for field in each.fields:
            assert html.count(f'data-key="{field.key}"') == 1
    assert 'data-key="cluster_award"' in html
    assert 'value="2"' in html
    assert 'value="50"' in html
    assert words.said("article", article="21") in html
    assert words.said("evidence", word=words.name("lever_evidence", "judged"), grade="")[:4] in html


def test_every_text_of_the_page_is_in_both_languages():
    for key, both in page_texts().items():
        assert set(both) == set(LANGS), key
        zh, en = both["zh"], both["en"]
        assert type(zh) is type(en), key
        parts = [(zh, en)]
        if isinstance(zh, dict):
            assert zh.keys() == en.keys(), key
            parts = [(zh[name], en[name]) for name in zh]
        if isinstance(zh, list):
            assert len(zh) == len(en), key
            parts = list(zip(zh, en, strict=True))
        for one, other in parts:
            assert gaps(one) == gaps(other), key


def gaps(text):
    return {name for _, name, _, _ in Formatter().parse(str(text)) if name}
