"""A question in one line becomes a scenario file, or is refused with what is allowed."""

import pytest

from jiqun.model.calendar import quarter_index
from jiqun.scenarios import ScenarioError, load
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.loader import SHIPPED
from jiqun.scenarios.question import ask

BEFORE, FIRST = quarter_index(2023, 4), quarter_index(2024, 1)
ACTING = [lever.id for lever in load("as_issued").levers if lever.end is None or lever.end >= FIRST]


@pytest.fixture(scope="module")
def on():
    return load("as_issued")


def asked(line, on):
    return ask(line, on, SHIPPED)


@pytest.mark.parametrize(
    "line",
    [
        "cluster_award*2",
        "cluster_award＊２",
        " cluster_award × 2.0 ;",
        "先进制造业集群补助＊２",
        "Award to newly recognised clusters * 2",
    ],
)
def test_a_doubled_award_is_asked_in_many_ways(on, line):
    found = asked(line, on).scenario
    lever, was = found.lever("cluster_award"), on.lever("cluster_award")
    assert lever.value("provincial", FIRST) == 2 * was.value("provincial", FIRST) == 1e7
    assert lever.value("national", FIRST) == 2 * was.value("national", FIRST)
    assert lever.value("projects", FIRST) == was.value("projects", FIRST)
    assert found.baseline == "as_issued"
    assert [x for x in found.levers if x.id != lever.id] == [
        x for x in on.levers if x.id != lever.id
    ]


def test_parts_are_joined_and_history_stays(on):
    line = "cluster_award=off，rd_grant=off；digital_voucher.rate＝５０％, credit_guarantee=on"
    found = asked(line, on).scenario
    assert found.lever("cluster_award") is None
    grant, was = found.lever("rd_grant"), on.lever("rd_grant")
    assert grant.value("rate", BEFORE) == was.value("rate", BEFORE) > 0.0
    assert not grant.in_force(FIRST)
    assert found.lever("digital_voucher").value("rate", FIRST) == 0.5
    assert found.lever("digital_voucher").value("cap", FIRST) == 4e5
    assert found.lever("credit_guarantee").start == FIRST
    assert not [each for each in found.notices if each.kind == "changes_history"]


def test_sums_switches_and_budgets(on):
    line = (
        "cluster_award.provincial=1000万元; cluster_award.upgrade_as_new=off;"
        "digital_voucher.budget=2亿元"
    )
    found = asked(line, on).scenario
    award, voucher = found.lever("cluster_award"), found.lever("digital_voucher")
    assert award.value("provincial", FIRST) == 1e7
    assert award.value("upgrade_as_new", FIRST) == 0.0
    assert voucher.value("budget", FIRST) == 2e8


def test_the_file_of_a_question_is_a_scenario_file(on, tmp_path):
    question = asked("cluster_award*2, digital_voucher.rate=50%", on)
    path = tmp_path / "mine.yaml"
    path.write_text(question.text, "utf-8")
    assert load(path).digest == question.scenario.digest
    assert load(path).label_zh == "先进制造业集群补助×2；集群企业数字化改造补助：50%"


def test_names_follow_the_question(on):
    names = {
        line: asked(line, on).scenario.name
        for line in ("cluster_award*2", "cluster_award*3", "cluster_award*1.5", "rd_grant=off")
    }
    assert names["cluster_award*2"] == "cluster_award_times_2"
    assert len(set(names.values())) == len(names)
    long = ",".join(f"{name}*1.01" for name in ACTING)
    assert len(asked(long, on).scenario.name) <= 80


@pytest.mark.parametrize("lever", ACTING)
def test_every_lever_can_be_asked_about(on, lever):
    assert asked(f"{lever}*1.1", on).scenario.digest != on.digest
    off = asked(f"{lever}=off", on).scenario.lever(lever)
    assert off is None or not off.in_force(FIRST)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "nothing is asked"),
        ("clster_award*2", "unknown lever 'clster_award'.*nearest: cluster_award$"),
        ("cluster_award.provinical=3", "no term 'provinical'.*nearest: provincial$"),
        ("cluster_award.provincial=5", "'5' has no unit; allowed: yuan, 元, 万元, 亿元$"),
        ("cluster_award.provincial=5万园", "is not a unit of money.*nearest: 万元"),
        ("cluster_award.provincial=900亿元", "cluster_award.provincial: .*allowed: 0 to 10 亿元$"),
        ("cluster_award.upgrade_as_new=3", "neither off nor on"),
        ("cluster_award*2*3", "is no question; allowed: lever"),
        ("cluster_award", "is no question"),
        ("cluster_award.provincial*2", "is no question"),
        ("cluster_award*two", "is no question"),
        ("cluster_award*-1", "cluster_award.times: "),
        ("cluster_award*1e999", "is no question"),
        ("cluster_award*" + "9" * 400, "cluster_award.times: "),
        ("cluster_award=5", "neither on nor off.*allowed: cluster_award.provincial"),
        ("cluster_award=on", "as_issued has cluster_award already"),
        ("credit_guarantee*2", "as_issued has no lever credit_guarantee; .*=on puts it in"),
        ("credit_guarantee=off", "as_issued has no lever credit_guarantee"),
        ("digital_voucher*3", "digital_voucher.times: 3 times leaves .*allowed: 0 to 2.5$"),
        ("cluster_award*2, cluster_award*3", "is set twice"),
        ("cluster_award*2, cluster_award=off", "is set twice"),
        ("cluster_award=off, cluster_award*2", "is set twice"),
        ("digital_voucher*2, digital_voucher.rate=50%", "set and multiplied as well"),
        ("__import__('os').system('ls')=1", "unknown lever"),
        ("digital_subsidy_2021_2023*2", "ends 2023-Q4; allowed: levers that act from 2024-Q1 on"),
        ("a" * 5000, "nothing is asked|is no question"),
        ("{{cluster_award}}*2", "unknown lever"),
    ],
)
def test_what_cannot_be_asked_is_refused(on, line, said):
    with pytest.raises(ScenarioError, match=said) as caught:
        asked(line, on)
    assert caught.value.line is None
    assert len(str(caught.value)) < 1_000


def test_questions_are_asked_of_every_lever_by_its_labels(on):
    for lever in ACTING:
        label = declarations()[lever].label
        for name in (label.zh, label.en):
            assert asked(f"{name}=off", on).scenario.lever(lever) != on.lever(lever), name
