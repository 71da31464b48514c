"""A declaration that no function of the model reads is refused: its channel, itself or a term."""

import re
from itertools import count

import pytest

from jiqun.model.channels import READERS
from jiqun.scenarios import ScenarioError, levers, load, use_language
from jiqun.scenarios.language import VARIABLE

ISSUED = tuple(levers.declarations())
MADE_UP = """
  - id: made_up
    label: {zh: 试设工具, en: Made-up lever}
    article: ""
    origin: design
    channel: CHANNEL
    cost_basis: {zh: 不计。, en: "Nobody pays."}
    from: 2024-Q1
    size: [TERM]
    terms:
      TERM:
        kind: share
        bounds: [0, 1]
        grade: assumption
        note: As in the pilot of another province.
        default:
          - {from: 2024-Q1, value: 30, unit: "%", source: assumption}
"""


@pytest.fixture
def declaring(tmp_path, monkeypatch):
    """Loads a copy of the shipped declarations with texts replaced, or added at the end."""
    number = count()

    def declare(*changes, added=""):
        text = levers.DECLARATIONS.read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / f"levers_{next(number)}.yaml"
        path.write_text(text + added, "utf-8")
        monkeypatch.setattr(levers, "DECLARATIONS", path)
        levers.declarations.cache_clear()
        return levers.declarations()

    yield declare
    levers.declarations.cache_clear()


def added(channel, term):
    return MADE_UP.replace("CHANNEL", channel).replace("TERM", term)


@pytest.mark.parametrize(
    ("changes", "new", "key", "told"),
    [
        (
            [("channel: price_of_digital", "channel: price_of_digitl")], "",
            "levers[digital_subsidy_2021_2023].channel",
            ["unknown channel 'price_of_digitl'", "nearest: price_of_digital"],
        ),
        (
            [("  audit: {zh", "  no_channel: {zh: 无, en: None.}\n  audit: {zh")], "",
            "channels.no_channel",
            ["no function of the model reads channel no_channel", "price_of_rd"],
        ),
        (
            [("  audit: {zh", "  auditt: {zh")], "",
            "channels.auditt", ["no function of the model reads", "nearest: audit"],
        ),
        (
            [("- id: rd_audit", "- id: rd_audits")], "",
            "levers[rd_audit].id",
            ["reads lever 'rd_audits' of channel audit", "allowed: rd_audit", "nearest: rd_audit"],
        ),
        (
            [], added("title", "capacity"), "levers[made_up].id",
            ["reads lever 'made_up' of channel title", "county_cluster_recognition"],
        ),
        (
            [], added("skills", "plaecs"), "levers[made_up].terms.plaecs",
            ["reads term 'plaecs' of channel skills", "allowed: places", "nearest: places"],
        ),
        (
            # Only what guarantors bear of a loan is counted: of another lever nobody would pay it.
            [], added("credit_terms", "coverage"), "levers[made_up].terms.coverage",
            ["reads term 'coverage' of channel credit_terms", "pledge"],
        ),
        (
            [("kind: clusters\n        bounds: [0, 5]", "kind: points\n        bounds: [0, 5]")],
            "",
            "levers[national_cluster_contest].terms.titles.kind",
            ["the model reads titles in another kind", "clusters"],
        ),
        (
            [], added("price_of_green", "cap").replace("kind: share", "kind: money"),
            "levers[made_up].terms", ["made_up do nothing by themselves", "at least rate"],
        ),
    ],
    ids=[
        "misspelt_channel", "channel_of_no_reader", "misspelt_channel_of_the_list", "misspelt_id",
        "lever_of_no_reader", "misspelt_term", "term_of_one_lever", "kind", "cap_without_rate",
    ],
)  # fmt: skip
def test_what_no_function_reads_is_refused(declaring, changes, new, key, told):
    with pytest.raises(ScenarioError) as caught:
        declaring(*changes, added=new)
    ids = [*ISSUED, "made_up"]
    place = {f"[{name}]": f"[{i}]" for i, name in enumerate(ids)}
    assert caught.value.key == re.sub(r"\[\w+\]", lambda found: place[found[0]], key)
    assert caught.value.line > 1
    for text in told:
        assert text in str(caught.value)


def test_a_refusal_is_told_in_chinese(declaring, monkeypatch):
    monkeypatch.setenv(VARIABLE, "zh")
    use_language("zh")
    with pytest.raises(ScenarioError, match="模型中没有函数读取渠道 skills 的条款 'plaecs'"):
        declaring(added=added("skills", "plaecs"))


def test_a_lever_of_a_known_behaviour_is_a_declaration_alone(declaring, tmp_path):
    assert "made_up" in declaring(added=added("appeal", "appeal"))
    path = tmp_path / "trial.yaml"
    path.write_text("name: trial\nbaseline: as_issued\nlevers: [{id: made_up}]\n", "utf-8")
    assert load(path).lever("made_up").value("appeal", 24) == 0.3


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("size: [provincial, national]", "size: [provincial, additional]", "size[1]"),
        (
            "default:\n          - {from: 2024-Q1, value: 1, unit: switch, "
            "source: cluster_award_3}",
            "parameter: award_projects", "terms.upgrade_as_new.parameter",
        ),
    ],
    ids=["sized", "drawn"],
)  # fmt: skip
def test_a_switch_is_neither_sized_nor_drawn(declaring, old, new, key):
    with pytest.raises(ScenarioError) as caught:
        declaring((old, new))
    assert caught.value.key.endswith(key)


def test_every_channel_that_is_read_has_its_meaning():
    assert {reader.channel for reader in READERS} == set(levers.channels())


def test_every_channel_is_of_a_lever():
    assert {lever.channel for lever in levers.declarations().values()} == set(levers.channels())
