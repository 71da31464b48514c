"""What decides whether a lever beats an R&D grant: words say no more than intervals bear out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jiqun.experiments.runs.batch import model_hash
from jiqun.experiments.sensitivity.arms import GROUPS
from jiqun.notebooks.levers import even as levers_even
from jiqun.notebooks.words import ABSENT, LANGS, Lang, Words
from jiqun.scenarios.evidence import evidence_of
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.tables import data_hash

NAN = float("nan")


def row(lever: str, said: str = "independent", **values: object) -> dict[str, object]:
    return {
        "lever": lever, "parameter": "co_building_part", "in_use": 0.01, "low": 0.0, "high": 0.05,
        "said": said, "sure": True, "slope": 1.0, "curved": False, "at": NAN, "at_low": NAN,
        "at_high": NAN, "chance": 0.7, "beats": 0.6, "below": 0.25, "mean_below": 0.001,
        "grant": 0.2, "grant_low": 0.1, "grant_high": 0.3, "net": 1.0, "net_low": 0.5,
        "net_high": 1.5, "draws": 64, "model": model_hash(),
        "data": data_hash(),
    } | values  # fmt: skip


@pytest.fixture(scope="module")
def even() -> pd.DataFrame:
    return pd.DataFrame(
        [
            row("co_building", "inside", at=0.01, at_low=-0.004, at_high=0.02),
            row("patent_pool", "everywhere", sure=False, net=0.5, net_low=-0.1),
            row("digital_voucher", net=-2.0, net_low=-3.0, net_high=-1.0),
            row("cluster_award", sure=False, net=0.1, net_low=-1.0, net_high=1.0),
            row("supply_chain_finance", "nothing", chance=NAN, beats=NAN, net=NAN, net_low=NAN,
                net_high=NAN),
            row("rd_matching_grant", "reference", chance=NAN, beats=NAN, net=NAN, net_low=NAN,
                net_high=NAN),
        ]
    )  # fmt: skip


def cells(table: str) -> list[list[str]]:
    lines = [line for line in table.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


@pytest.mark.parametrize("lang", LANGS)
def test_levers_are_counted_by_what_their_intervals_say(even: pd.DataFrame, lang: Lang) -> None:
    words = Words(lang)
    told = levers_even.sentence(even, words, GROUPS[0])
    assert told == words(
        "even_sentence", group=words.name("levers_group_names", GROUPS[0]), count=5, compared=4,
        better=1, worse=1, open=2, hang=1,
    )  # fmt: skip
    old = levers_even.sentence(even.assign(model="before"), words, GROUPS[0])
    assert words("even_old") in old


@pytest.mark.parametrize("lang", LANGS)
def test_the_table_says_no_more_than_intervals_do(even: pd.DataFrame, lang: Lang) -> None:
    words = Words(lang)
    lines = {line[0]: line[2:] for line in cells(levers_even.even_table(even, words, GROUPS[0]))}

    def of(lever: str) -> list[str]:
        return lines[getattr(declarations()[lever].label, lang)]

    assert next(iter(lines)) == getattr(declarations()["co_building"].label, lang)
    assert "<0%" in of("co_building")[1]
    assert "1%" in of("co_building")[1].replace(" ", "")
    assert of("co_building")[-1].startswith("<1")
    assert of("patent_pool")[1] == words.name("even_said", "everywhere unsure")
    assert of("digital_voucher")[1] == words.name("even_said", "independent less")
    assert of("cluster_award")[1] == words.name("even_said", "independent open")
    assert of("supply_chain_finance")[:4] == [
        ABSENT, words.name("even_said", "nothing"), ABSENT, ABSENT,
    ]  # fmt: skip


@pytest.mark.parametrize("lang", LANGS)
def test_what_an_effect_rests_on_stands_beside_it(even: pd.DataFrame, lang: Lang) -> None:
    words = Words(lang)
    table = levers_even.even_table(even, words, GROUPS[0])
    assert words("lever_evidence_head") in table
    label = {getattr(declarations()[name].label, lang): name for name in even["lever"]}
    for line in cells(table):
        assert line[1] == words.name("lever_evidence", evidence_of(label[line[0]]).word)


def test_values_have_units_that_fit_their_size() -> None:
    zh, en = Words("zh"), Words("en")
    assert levers_even.value_text("special_fund_sum", 2.5e9, 1.3e10, zh) == "25亿元/年"
    assert levers_even.value_text("special_fund_sum", 2.5e9, 1.3e10, zh, whole=False) == "25亿"
    assert levers_even.value_text("special_fund_sum", 2.5e9, 1.3e10, en) == "2.5 bn yuan a year"
    assert levers_even.value_text("award_projects", 0.5, 0.7, zh) == "50%"


@pytest.mark.parametrize("lang", LANGS)
def test_what_is_shipped_can_be_told(lang: Lang, tmp_path: Path) -> None:
    assert levers_even.read(tmp_path) is None
    found = levers_even.read()
    assert found is not None
    words = Words(lang)
    for group in GROUPS:
        table = levers_even.even_table(found, words, group)
        assert len(cells(table)) == len(levers_even.of_group(found, group))
        assert not {"nan", "nan%", "nan %"} & {cell for line in cells(table) for cell in line}
        assert "{" not in levers_even.sentence(found, words, group)
    assert "{" not in levers_even.explained(found, words)
    assert np.isfinite(found["below"]).all()
