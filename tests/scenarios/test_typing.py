"""Numbers, units and marks as people type them: taken in full, or refused with the plain form."""

import pytest

from jiqun.model.start import sampling
from jiqun.scenarios import ScenarioError, check, load
from jiqun.scenarios.loader import least_rows
from jiqun.scenarios.units import UNITS, to_base

AWARD = "name: trial\nbaseline: as_issued\nlevers:\n  - id: cluster_award\n    "
VOUCHER = "name: trial\nbaseline: as_issued\nlevers:\n  - id: digital_voucher\n    "
CONTEST = "name: trial\nbaseline: as_issued\nlevers:\n  - id: national_cluster_contest\n    "


def of(tmp_path, text):
    path = tmp_path / "trial.yaml"
    path.write_text(text, "utf-8")
    return load(path)


# name: (text, line, key, parts of the message)
REFUSED = {
    "full_width_digits": (
        AWARD + "provincial: {value: ５００, unit: 万元}\n", 5, "levers[0].provincial.value",
        ["５００", "allowed: 500"],
    ),
    "full_width_per_cent": (
        VOUCHER + 'rate: {value: 40, unit: "％"}\n', 5, "levers[0].rate.unit", ["allowed: %"],
    ),
    "full_width_date": (VOUCHER + "from: ２０２５-Q1\n", 5, "levers[0].from", ["2025-Q1"]),
    "full_width_name": (
        "name: trial\nｂaseline: as_issued\n", 2, "ｂaseline", ["allowed: baseline"],
    ),
    "full_width_colon": ("name：full\nbaseline: as_issued\n", 1, "name", ["colon ：", "name: "]),
    "full_width_colon_of_an_item": (
        "name: full\nbaseline: as_issued\nlevers:\n  - id：cluster_award\n", 4, "id", ["colon ："],
    ),
    "full_width_colon_in_braces": (
        AWARD + "provincial: {value：500, unit: 万元}\n", 5, "value", ["colon ："],
    ),
    "full_width_comma": (
        AWARD + "provincial: {value: 500， unit: 万元}\n", 5, "", ["，", "plain character ,"],
    ),
    "thousands": (
        AWARD + "provincial: {value: 1,000, unit: 万元}\n", 5, "levers[0].provincial.value",
        ["1,000: write 1000 without the comma"],
    ),
    "thousands_of_a_list_of_lines": (
        AWARD + "provincial:\n      value: 1,000\n      unit: 万元\n", 6,
        "levers[0].provincial.value", ["1,000: write 1000 without the comma"],
    ),
    "thousands_without_a_unit": (
        AWARD + "provincial: 1,000\n", 5, "levers[0].provincial", ["write 1000 without"],
    ),
    "thousands_with_a_full_width_comma": (
        AWARD + "provincial: {value: 1，000, unit: 万元}\n", 5, "levers[0].provincial.value",
        ["1，000: write 1000 without the comma"],
    ),
    "millions": (
        AWARD + "provincial: {value: 1,000,000, unit: 元}\n", 5, "levers[0].provincial.value",
        ["1,000,000: write 1000000 without the comma"],
    ),
    "thousands_with_a_space": (
        AWARD + "provincial: {value: 1 000, unit: 万元}\n", 5, "levers[0].provincial.value",
        ["1 000: write 1000"],
    ),
    "thousands_with_a_stroke": ("name: x\nrows: 12_000\n", 2, "rows", ["12_000: write 12000"]),
    "zero_in_front": ("name: x\nrows: 012000\n", 2, "rows", ["begins with a zero", "12000"]),
    "base_of_sixty": (
        AWARD + "provincial: {value: 1:30, unit: 万元}\n", 5, "levers[0].provincial.value",
        ["'1:30' is not allowed", "a number"],
    ),
    "calendar_day": (VOUCHER + "from: 2025-01-01\n", 5, "levers[0].from", ["from: 2025-Q1"]),
    "chinese_quotes": (
        AWARD + "provincial: {value: “700”, unit: 万元}\n", 5, "levers[0].provincial.value",
        ["“700” has full-width characters: “”", "allowed: 700"],
    ),
    "sign_of_minus": (
        AWARD + "provincial: {value: −700, unit: 万元}\n", 5, "levers[0].provincial.value",
        ["allowed: -700"],
    ),
    "list_with_full_width_commas": (
        VOUCHER + "who: {tier: [provincial、county]}\n", 5, "levers[0].who.tier[0]",
        ["allowed: provincial, county"],
    ),
    "full_width_dash": (
        "name: x\nlevers:\n  － id: cluster_award\n", 3, "levers.－ id", ["－", "character -"],
    ),
    "long_dash": (
        "name: x\nlevers:\n  — id: cluster_award\n", 3, "levers.— id", ["—", "character -"],
    ),
    "full_width_space": (
        "name: x\nlevers:\n\u3000- id: cluster_award\n", 3, "\u3000- id", ["the plain character"],
    ),
    "no_break_space": ("name: x\nend:\u00a02027-Q4\n", 2, "", ["invisible character U+00A0"]),
    "no_width": ("name: x\nend: 2027-Q4\u200b\n", 2, "end", ["invisible character U+200B"]),
    "no_width_in_a_key": ("na\u200bme: x\n", 1, "na\u200bme", ["invisible character U+200B"]),
    "turned_text": (
        'name: x\nlabel: {zh: "a\\u202eb", en: c}\n', 2, "label.zh", ["character U+202E"],
    ),
    "label_that_is_not_printed": (
        'name: x\nlabel: {zh: "a\\0b", en: c}\n', 2, "label.zh", ["characters that are printed"],
    ),
    "blank_label": ("name: x\nlabel: {zh: ' ', en: c}\n", 2, "label.zh", ["at least 1"]),
    "year_as_a_label": ("name: x\nlabel: {zh: 2025, en: c}\n", 2, "label.zh", ['zh: "2025"']),
    "no_space_after_a_colon": (
        "name: x\nend:2027-Q4\n", 2, "end", ["no space after the colon of end"],
    ),
    "no_space_after_any_colon": (
        "name:x\nbaseline:as_issued\n", 1, "name", ["no space after the colon of name"],
    ),
    "no_space_in_braces": (
        AWARD + "provincial: {value:500, unit: 万元}\n", 5, "value", ["no space after the colon"],
    ),
    "colon_in_a_label": (
        "name: x\nlabel:\n  zh: 奖补: 加倍\n  en: Awards\n", 3, "",
        ["a colon inside a text: 奖补: 加倍", 'zh: "奖补: 加倍"'],
    ),
    "colon_in_a_label_in_braces": (
        "name: x\nlabel: {zh: 奖补，加倍, en: Awards: doubled}\n", 2, "",
        ["a colon inside a text: Awards: doubled", 'en: "Awards: doubled"'],
    ),
    "comma_in_a_label": (
        "name: x\nlabel: {zh: 甲, 乙, en: A, B}\n", 2, "label.zh", ['zh: "甲, 乙"'],
    ),
    "number_sign_in_a_label": (
        "name: x\nlabel:\n  zh: 方案 #2\n  en: Plan\n", 3, "",
        ["#2", "would be lost", '"方案 #2"'],
    ),
    "per_cent_without_quotes": (
        VOUCHER + "rate: {value: 40, unit: %}\n", 5, "", ["% at the beginning", 'example: "%"'],
    ),
    "per_cent_and_value_in_one": (
        VOUCHER + "rate: {value: 50%, unit: share}\n", 5, "levers[0].rate.value",
        ["value: 50, unit: '%'"],
    ),
    "half_a_switch": (
        AWARD + "upgrade_as_new: {value: 0.5, unit: switch}\n", 5,
        "levers[0].upgrade_as_new.value", ["neither off nor on", "0 (off) or 1 (on)"],
    ),
    "half_another_switch": (
        AWARD + "additional: [{from: 2024-Q1, value: 0.1, unit: switch}]\n", 5,
        "levers[0].additional[0].value", ["0 (off) or 1 (on)"],
    ),
    "half_a_quarter": (
        VOUCHER + "lag: {value: 0.5, unit: quarters}\n", 5, "levers[0].lag.value",
        ["multiples of 1 quarters"],
    ),
    "a_year_and_a_half": (
        CONTEST + "interval: {value: 1.5, unit: years}\n", 5, "levers[0].interval.value",
        ["multiples of 1 years"],
    ),
    "year_for_a_quarter": (VOUCHER + "from: 2025\n", 5, "levers[0].from", ["from: 2025-Q1"]),
    "year_for_the_end": (VOUCHER + "to: 2026\n", 5, "levers[0].to", ["to: 2026-Q4"]),
    "text_for_a_list": (
        VOUCHER + "who: {tier: provinces}\n", 5, "levers[0].who.tier", ["tier: [provincial]"],
    ),
    "bare_lag": (VOUCHER + "lag: 3\n", 5, "levers[0].lag", ["lag: {value: 3, unit: quarters}"]),
    "bare_take_up": (
        VOUCHER + "take_up: 0.4\n", 5, "levers[0].take_up",
        ["take_up: {start: 0.4, full: 0.4, years: 1}"],
    ),
    "take_up_over_one": (
        VOUCHER + "take_up: {start: 2024, full: 1, years: 1}\n", 5, "levers[0].take_up.start",
        ["less than or equal to 1", "example: take_up: {start: 0.1"],
    ),
    "number_and_unit_in_one": (
        AWARD + "provincial: 700万元\n", 5, "levers[0].provincial",
        ["provincial: {value: 700, unit: 万元}"],
    ),
    "per_cent_in_one": (
        VOUCHER + "rate: 40%\n", 5, "levers[0].rate", ["rate: {value: 40, unit: '%'}"],
    ),
    "award_to_a_city": (
        AWARD + "who: {city: [wuhu]}\n", 5, "levers[0].who.city",
        ["cluster_award is not aimed by city", "the same for all", "city_matching"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_refused_with_the_plain_form(tmp_path, case):
    text, line, key, said = REFUSED[case]
    with pytest.raises(ScenarioError) as caught:
        of(tmp_path, text)
    assert (caught.value.line, caught.value.key) == (line, key)
    for part in said:
        assert part in str(caught.value)


@pytest.mark.parametrize("label", ["按文件执行（全）", "奖补，加倍", "Awards, scale：2", "甲、乙"])
def test_full_width_marks_of_a_label_stay(tmp_path, label):
    text = f'name: trial\nbaseline: as_issued\nlabel: {{zh: "{label}", en: "{label}"}}\n'
    assert of(tmp_path, text).label_zh == label


@pytest.mark.parametrize(
    "label", [">\n    甲\n    乙", "|\n    甲\n    乙", '"甲 \\n 乙"', "甲  乙"]
)
def test_a_label_is_one_line(tmp_path, label):
    text = f"name: trial\nbaseline: as_issued\nlabel:\n  zh: {label}\n  en: A\n"
    assert of(tmp_path, text).label_zh == "甲 乙"


@pytest.mark.parametrize(
    ("before", "after"),
    [("\ufeff", "\n"), ("", "\r\n"), ("", "\r"), ("---\n", "\n"), ("%YAML 1.1\n---\n", "\n")],
)
def test_whatever_editor_saved_a_file_it_is_the_same(tmp_path, before, after):
    text = AWARD + "provincial: {value: 700, unit: 万元}\n"
    path = tmp_path / "edited.yaml"
    path.write_bytes((before + text.replace("\n", after)).encode())
    assert load(path).digest == of(tmp_path, text).digest


@pytest.mark.parametrize(
    ("encoding", "line", "said"),
    [("gbk", 3, "it reads as GBK"), ("utf-16", 1, "it reads as UTF-16")],
)
def test_another_encoding_is_named(tmp_path, encoding, line, said):
    path = tmp_path / "trial.yaml"
    text = "name: trial\nbaseline: as_issued\nlabel: {zh: 奖补標題鵝, en: A}\n"
    path.write_bytes(text.encode(encoding))
    (error,) = check(path)
    assert error.line == line
    assert said in str(error)
    assert "UTF-8" in str(error)


@pytest.mark.parametrize("note", ["#说明", "# 说明: 甲", "  #2"])
def test_notes_beside_values_are_read_over(tmp_path, note):
    text = f"{AWARD}provincial: {{value: 700, unit: 万元}} {note}\n"
    assert of(tmp_path, text).lever("cluster_award").value("provincial", 24) == 7e6


# One sum in two units: (lever and term, one, the other).
SUMS = [
    (AWARD + "provincial: ", "{value: 0.07, unit: 亿元}", "{value: 700, unit: 万元}"),
    (AWARD + "provincial: ", "{value: 0.0807, unit: 亿元}", "{value: 8070000, unit: yuan}"),
    (AWARD + "provincial: ", "{value: 3.3e-2, unit: 亿元}", "{value: 330., unit: 万元}"),
    (AWARD + "provincial: ", "{value: 0.012345678901234567, unit: 亿元}",
     "{value: 123.45678901234567, unit: 万元}"),
    (VOUCHER + "rate: ", '{value: 29, unit: "%"}', "{value: 0.29, unit: share}"),
    (VOUCHER + "rate: ", '{value: 0.57e2, unit: "%"}', "{value: 0.570, unit: share}"),
    (VOUCHER + "lag: ", "{value: 1, unit: years}", "{value: 4.0, unit: quarters}"),
    (VOUCHER + "budget: ", "{value: 0.07, unit: 亿元, per: quarter}",
     "{value: 2800, unit: 万元, per: year}"),
]  # fmt: skip


@pytest.mark.parametrize(("start", "one", "other"), SUMS)
def test_one_sum_in_two_units_is_one_scenario(tmp_path, start, one, other):
    found = [of(tmp_path, f"{start}{given}\n") for given in (one, other)]
    assert found[0].digest == found[1].digest


@pytest.mark.parametrize("number", range(1, 1000, 7))
def test_conversions_give_the_nearest_float(number):
    assert to_base(number / 100, "亿元", "money") == number * 1e6
    assert to_base(number / 10, "%", "share") == float(f"{number}e-3")
    assert set(UNITS["money"]) == {"yuan", "元", "万元", "亿元"}


@pytest.mark.parametrize("rows", [1, 5, 100, 400, 1099])
def test_fewer_rows_than_large_enterprises_need_are_refused(tmp_path, rows):
    with pytest.raises(ScenarioError, match="1100 or more") as caught:
        of(tmp_path, f"name: trial\nbaseline: as_issued\nrows: {rows}\n")
    assert (caught.value.line, caught.value.key) == (3, "rows")


def test_the_fewest_rows_are_had_to_the_row(tmp_path):
    scenario = of(tmp_path, "name: trial\nbaseline: as_issued\nrows: 1100\n")
    facts = scenario.province.marginals, scenario.parameters
    assert least_rows(scenario) == 1100
    for rows in (1100, 1101, 1130, 1200):
        ids, weight = sampling.sample(*facts, rows, 1)
        assert len(ids) == rows
        assert weight.sum() == sampling.sample(*facts, 0, 1)[1].sum()
    assert of(tmp_path, "name: trial\nbaseline: as_issued\nrows: 0\n").rows == 0


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("on", 1), ("off", 0), ("true", 1), ("False", 0), ("yes", 1), ("No", 0), ("开", 1),
        ("关", 0), ("是", 1), ("否", 0), ("1", 1), ("0", 0), ("{value: on}", 1),
        ("{value: 1, unit: switch}", 1), ("[{from: 2024-Q1, value: off}]", 0),
    ],
)  # fmt: skip
def test_a_switch_is_on_or_off(tmp_path, written, value):
    lever = of(tmp_path, f"{AWARD}additional: {written}\n").lever("cluster_award")
    assert lever.value("additional", 24) == value
    plain = of(tmp_path, f"{AWARD}additional: {{value: {value}, unit: switch}}\n")
    assert plain.lever("cluster_award") == lever


def test_a_switch_has_no_other_unit(tmp_path):
    with pytest.raises(ScenarioError, match="'%' is not a unit of switch"):
        of(tmp_path, f'{AWARD}additional: {{value: on, unit: "%"}}\n')
