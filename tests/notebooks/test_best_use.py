"""What to do with a budget: the page's sentences and tables, from a made-up search."""

import copy
import re

import numpy as np
import pytest

from jiqun.experiments.effects.comparison_data import made_by
from jiqun.notebooks import best_use
from jiqun.notebooks.levers import even as levers_even
from jiqun.notebooks.show import png
from jiqun.notebooks.words import LANGS, Words

YI = 1e8
GRANT = {"zh": "研发配套补助", "en": "R&D matching grants"}


def estimate(mean, width):
    parts = {"mean": mean, "median": mean, "low": mean - width, "high": mean + width}
    return parts | {"p05": mean - 3 * width, "p95": mean + 3 * width, "floor": width / 2}


def design(name, zh, en, roles, gain, cost, searched=None, amounts=()):
    return {
        "id": name,
        "label": {"zh": zh, "en": en},
        "roles": roles,
        "amounts": [
            {"lever": x, "lever_label": GRANT, "group": "sme", "yuan": 10 * YI} for x in amounts
        ],
        "searched": None if searched is None else {"score": [searched * YI], "cost": cost * YI},
        "cost": estimate(cost * YI, 0.5 * YI),
        "borne": {
            "province": 0.3 * cost * YI,
            "city": 0.002 * cost * YI,
            "centre": 0.7 * cost * YI,
        },
        "kept": True,
        "score": {"value": [gain * YI], "low": [0.8 * gain * YI], "high": [1.2 * gain * YI]},
        "gains": {"value_added": estimate(gain * YI, 0.2 * gain * YI)},
    }


def worth(value, *, clear):
    return {
        "value": value * YI,
        "low": 0.5 * value * YI,
        "high": 1.5 * value * YI,
        "floor": 0.1 * YI,
        "changes": 0.18,
        "clear": clear,
    }


SME = {"zh": "中小企业", "en": "SMEs"}
DATA = {
    "name": "made_up",
    "label": {"zh": "演示", "en": "Demonstration"},
    "made_by": made_by(),
    "years": [2024, 2027],
    "budget": [{"yuan": 44 * YI, "borne": "total"}],
    "objectives": ["value_added"],
    "attitude": {"kind": "mean", "enough": []},
    "draws": {"search": [1, 32], "judging": [33, 232]},
    "searched": {
        "plans": 321,
        "kept": 300,
        "levers": {"rd_matching_grant": GRANT},
        "options": [{"lever": "rd_matching_grant", "group": "sme"}] * 5,
        "groups": {"sme": SME},
        "left_out": {"digital_capacity": "costs nothing"},
    },
    "rounds": [
        {"plans": 200, "volume": 20 * YI, "explained": [], "foretold": []},
        {"plans": 321, "volume": 31 * YI, "explained": [0.87], "foretold": [0.62]},
    ],
    "designs": [
        design("nothing", "不新增支持", "No further support", ["nothing"], 0.0, 0.0, 0.0),
        design("best", "甲；乙", "A; B", ["front"], 30.0, 43.8, 33.0, ("a", "b")),
        design("simple", "甲", "A", ["simple"], 29.0, 43.9, 30.0, ("a",)),
        design("old", "旧方案", "Old", ["named"], 21.0, 44.1),
        design("as_issued", "按文件执行", "As issued", ["document"], 25.0, 35.0),
    ],
    "front": ["best"],
    "chosen": "best",
    "simplest": "simple",
    "held_out": {
        "sure": 0.9,
        "above_nothing": True,
        "nothing": {},
        "named": {"probability": 0.97, "best": "old", "better": True},
    },
    "shared": {
        "designs": 12,
        "levers": [
            {
                "lever": "rd_matching_grant",
                "label": GRANT,
                "used": 1.0,
                "low": 8 * YI,
                "high": 21 * YI,
                "groups": {"sme": 0.75, "": 0.25},
            }
        ],
    },
    "information": {
        "unit": "yuan",
        "choices": 4,
        "everything": worth(3.0, clear=True),
        "unknowns": [
            {"name": "x", "label": GRANT, "parameters": ["eps_RD"], **worth(1.2, clear=True)},
            {"name": "outside", "label": None, "parameters": [], **worth(0.1, clear=False)},
        ],
        "studies": [
            {
                "label": GRANT,
                "spread": 8.0,
                "why": {"zh": "判断值。", "en": "Judged."},
                "worth": [{"enterprises": 1000, **worth(0.4, clear=True)}],
            }
        ],
    },
    "robust": [
        {
            "condition": name,
            "label": label,
            "draws": 24,
            "best": best,
            "designs": {
                "best": estimate((30 if best == "best" else 20) * YI, 5 * YI),
                "old": estimate(21 * YI, 5 * YI),
                "as_issued": estimate(60 * YI, 5 * YI),
            },
        }
        for name, label, best in (
            ("central", None, "best"),
            ("demand_low", None, "best"),
            ("peer_effects", GRANT, "old"),
        )
    ],
}


def changed(**parts):
    return copy.deepcopy(DATA) | parts


def everything(data, words):
    return "\n\n".join(
        [
            best_use.stands_on(data, words),
            best_use.answer(data, words),
            best_use.curse(data, words),
            best_use.simplest(data, words),
            best_use.designs_table(data, words),
            best_use.shared_table(data, words),
            best_use.robust_sentence(data, words),
            best_use.robust_table(data, words),
            best_use.worth_sentence(data, words),
            best_use.worth_table(data, words),
            best_use.studies_note(data, words),
            best_use.even_table(data, levers_even.read(), words),
            best_use.course_table(data, words),
        ]
    )


@pytest.mark.parametrize("lang", LANGS)
def test_all_parts_are_told_in_words_without_identifiers(lang):
    told = everything(DATA, Words(lang))
    assert not re.search(r"None|nan|\{|\}|`|[a-z]+_[a-z]+", told)
    if lang == "zh":
        assert not re.search(r"[\u4e00-\u9fff],|[\u4e00-\u9fff]\(", told)
    assert png(best_use.forest(DATA, Words(lang)))


def test_the_page_begins_with_the_pairs_behind_it_and_what_was_not_searched():
    words = Words("en")
    first = best_use.stands_on(DATA, words)
    assert "200 pairs" in first
    assert "What was not searched" in first
    assert "1 more ways" in first


def test_the_chosen_design_is_called_better_only_where_draws_bear_it_out():
    words = Words("en")
    assert "It is better than the best of the named designs" in best_use.answer(DATA, words)
    held = DATA["held_out"] | {"named": {"probability": 0.7, "best": "old", "better": False}}
    said = best_use.answer(changed(held_out=held), words)
    assert "not shown to be better" in said
    assert "70 %" in said


def test_where_nothing_is_better_than_doing_nothing_no_design_is_recommended():
    held = DATA["held_out"] | {"above_nothing": False}
    for lang in LANGS:
        words = Words(lang)
        said = best_use.answer(changed(held_out=held), words)
        assert DATA["designs"][1]["label"][lang] not in said
        assert not best_use.simplest(changed(held_out=held), words)


def test_where_no_design_keeps_the_constraints_that_is_said():
    none = changed(searched=DATA["searched"] | {"kept": 0})
    assert "keeps all constraints" in best_use.answer(none, Words("en"))


def test_a_design_that_costs_more_than_the_sum_in_the_judging_is_said_to():
    dear = changed()
    dear["designs"][1]["cost"] = estimate(50 * YI, YI)
    assert "14 % above the sum" in best_use.answer(dear, Words("en"))
    assert "above the sum" not in best_use.answer(DATA, Words("en"))


def test_a_document_that_brings_more_is_said_to_hold_what_was_not_searched():
    more = changed()
    more["designs"][-1]["gains"]["value_added"] = estimate(62 * YI, 4 * YI)
    for lang, said in (("zh", "没有搜索的措施"), ("en", "not searched here")):
        assert said in best_use.answer(more, Words(lang))
        assert said not in best_use.answer(DATA, Words(lang))


def test_unclear_unknowns_are_not_called_worth_knowing():
    blank = changed()
    for row in blank["information"]["unknowns"]:
        row["clear"] = False
    assert "hardly change the choice" in best_use.worth_sentence(blank, Words("en"))
    said = best_use.worth_sentence(DATA, Words("en"))
    assert "R&D matching grants" in said
    assert said.count("bn yuan") == 2


def test_a_probability_that_draws_told_is_never_certain():
    held = DATA["held_out"] | {"named": {"probability": 1.0, "best": "old", "better": True}}
    assert "a probability of >99 %" in best_use.answer(changed(held_out=held), Words("en"))


def test_a_result_of_an_earlier_model_is_said_to_be_one():
    old = changed(made_by=DATA["made_by"] | {"model": "another"})
    assert "Search again" in best_use.stands_on(old, Words("en"))


def test_other_objectives_and_attitudes_have_their_units():
    words = Words("en")
    other = changed(objectives=["energy", "spread"], attitude={"kind": "p10", "enough": []})
    for row in other["designs"]:
        row["gains"] = {"energy": estimate(2e4, 1e3), "spread": estimate(0.02, 0.01)}
        row["score"] = {key: [2e4, 0.02] for key in ("value", "low", "high")}
    for row in other["robust"]:
        row["designs"] = {name: estimate(2e4, 1e3) for name in row["designs"]}
    table = best_use.designs_table(other, words)
    assert "Fall: Energy use" in table
    assert "million tce" in table
    assert np.isfinite(len(everything(other, words)))


def test_the_answer_says_what_the_centre_bears_and_the_table_who_bears_each():
    words = Words("zh")
    assert "由中央财政承担，省内无权单独决定" in best_use.answer(DATA, words)
    own = copy.deepcopy(DATA)
    for row in own["designs"]:
        row["borne"] = {"province": row["cost"]["mean"], "centre": 0.0}
    assert "中央" not in best_use.answer(own, words)
    table = best_use.designs_table(DATA, words)
    assert "中央31；省13" in table
    # A fifth of a per cent is left out.
    assert "市" not in table


@pytest.mark.parametrize(("lang", "turned"), [("zh", "为“旧方案”"), ("en", "'Old' without")])
def test_conditions_in_which_another_design_is_best_are_named(lang, turned):
    words = Words(lang)
    said = best_use.robust_sentence(DATA, words)
    assert turned in said
    assert GRANT[lang] in said
    held = copy.deepcopy(DATA)
    for row in held["robust"]:
        # Less than a hundredth makes no other choice, and the document is none.
        row["designs"]["best"] = estimate(20.9 * YI, 5 * YI)
    assert turned not in best_use.robust_sentence(held, words)


@pytest.mark.parametrize(
    ("lever", "told"), [("rd_super_deduction", True), ("cluster_award", False), ("a", False)]
)
def test_a_rule_of_the_country_that_others_are_not_given_is_named(lever, told):
    data = copy.deepcopy(DATA)
    for row in data["designs"]:
        for amount in row["amounts"]:
            amount["lever"] = lever
    assert ("全国性规定" in best_use.answer(data, Words("zh"))) is told
