"""Wrong scenario files: each is refused with one message that says where and what is allowed."""

import pickle

import pytest

from jiqun.scenarios import ScenarioError, check, levers, load
from jiqun.scenarios.tables import table

BASE = "name: trial\nbaseline: without_document_55\n"
VAT = BASE + "levers:\n  - id: vat_rate\n    "
TITLES = BASE + "levers:\n  - id: title_awards\n    "
ISSUED = "name: trial\nbaseline: as_issued\nlevers:\n  - id: cluster_award\n    "
DIGITAL = BASE + "levers:\n  - id: digital_subsidy_2021_2023\n    to: 2027-Q4\n    "

# name: (text, line, key, parts of the message)
WRONG = {
    "bad_yaml": ("name: x\n  levers: [", 2, "", ["plain YAML"]),
    "tab": ("name: x\nlevers:\n\t- id: y\n", 3, "", ["a tab at the beginning", "spaces"]),
    "list_on_top": ("- name: x\n", 1, "", ["mapping"]),
    "text_on_top": ("hello\n", 1, "", ["mapping"]),
    "two_documents": ("name: x\n---\nname: y\n", 2, "", ["one document"]),
    "unknown_key": (BASE + "leverz: []\n", 3, "leverz", ["unknown key", "nearest: levers"]),
    "misspelt_lever": (
        BASE + "levers:\n  - id: rd_super_deducton\n", 4, "levers[0].id",
        ["unknown lever", "vat_rate", "nearest: rd_super_deduction"],
    ),
    "misspelt_term": (VAT + 'rat: {value: 3, unit: "%"}\n', 5, "levers[0].rat", ["nearest: rate"]),
    "misspelt_name_in_value": (
        VAT + 'rate: {valu: 3, unit: "%"}\n', 5, "levers[0].rate.valu", ["nearest: value"],
    ),
    "missing_unit": (VAT + "rate: {value: 3}\n", 5, "levers[0].rate.unit", ["is missing"]),
    "bare_number": (VAT + "rate: 0.13\n", 5, "levers[0].rate", ["no unit", "share, %"]),
    "unit_of_another_kind": (
        VAT + "rate: {value: 3, unit: 万元}\n", 5, "levers[0].rate.unit", ["share, %"],
    ),
    "unknown_unit": (
        TITLES + "srdi: {value: 3, unit: 万园}\n", 5, "levers[0].srdi.unit",
        ["yuan, 元, 万元, 亿元", "nearest: 万元"],
    ),
    "out_of_bounds": (
        VAT + 'rate: {value: 80, unit: "%"}\n', 5, "levers[0].rate.value", ["0 to 30 %"],
    ),
    "nan": (VAT + 'rate: {value: .nan, unit: "%"}\n', 5, "levers[0].rate.value", ["finite"]),
    "inf": (VAT + 'rate: {value: -.inf, unit: "%"}\n', 5, "levers[0].rate.value", ["finite"]),
    "overflow": (VAT + 'rate: {value: 1e999, unit: "%"}\n', 5, "levers[0].rate.value", ["finite"]),
    "huge_integer": (
        VAT + "rate: {value: " + "9" * 5000 + ', unit: "%"}\n', 5, "levers[0].rate.value",
        ["finite"],
    ),
    "text_for_number": (
        VAT + 'rate: {value: "3", unit: "%"}\n', 5, "levers[0].rate.value", ["number"],
    ),
    "true_for_number": (
        VAT + 'rate: {value: true, unit: "%"}\n', 5, "levers[0].rate.value", ["number"],
    ),
    "date_before_start": (VAT + "from: 2018-Q1\n", 5, "levers[0].from", ["2019-Q1 or later"]),
    "dated_value_before_start": (
        VAT + 'rate: [{from: 2017-Q1, value: 3, unit: "%"}]\n', 5, "levers[0].rate[0].from",
        ["2019-Q1 or later"],
    ),
    "dates_out_of_order": (
        VAT + 'rate:\n      - {from: 2020-Q1, value: 3, unit: "%"}\n'
        '      - {from: 2019-Q1, value: 3, unit: "%"}\n',
        7, "levers[0].rate[1].from", ["later than 2020-Q1"],
    ),
    "no_dated_value": (VAT + "rate: []\n", 5, "levers[0].rate", ["is empty"]),
    "end_before_begin": (
        VAT + "from: 2024-Q1\n    to: 2023-Q4\n", 6, "levers[0].to", ["2024-Q1 or later"],
    ),
    "begins_after_inherited_end": (
        BASE + "levers:\n  - id: digital_subsidy_2021_2023\n    from: 2024-Q1\n", 5,
        "levers[0].from", ["2023-Q4"],
    ),
    "scenario_ends_before_it_begins": (BASE + "end: 2018-Q4\n", 3, "end", ["2019-Q4 to"]),
    "scenario_ends_too_late": (BASE + "end: 2099-Q4\n", 3, "end", ["2040-Q4"]),
    "scenario_starts_early": (BASE + "start: 2018-Q1\n", 3, "start", ["2019-Q1"]),
    "calendar_date": (BASE + "end: 2027-12-31\n", 3, "end", ["2024-Q1"]),
    "fifth_quarter": (BASE + "end: 2027-Q5\n", 3, "end", ["2024-Q1"]),
    "unknown_tier": (
        TITLES + "who: {tier: [county, provincal]}\n", 5, "levers[0].who.tier[1]",
        ["world, national", "nearest: provincial"],
    ),
    "unknown_city": (
        TITLES + "who: {city: [hefe]}\n", 5, "levers[0].who.city[0]", ["nearest: hefei"],
    ),
    "unknown_field": (
        TITLES + "who: {field: [pv]}\n", 5, "levers[0].who.field[0]", ["nearest: pv_storage"],
    ),
    "unknown_size": (
        DIGITAL + "who: {size: [smal]}\n", 6, "levers[0].who.size[0]", ["nearest: small"],
    ),
    "unknown_group": (
        TITLES + "who: {tiers: [county]}\n", 5, "levers[0].who.tiers", ["nearest: tier"],
    ),
    "group_the_lever_lacks": (
        TITLES + "who: {role: [supporting]}\n", 5, "levers[0].who.role", ["field, city, tier"],
    ),
    "nobody": (TITLES + "who: {tier: []}\n", 5, "levers[0].who.tier", ["at least one"]),
    "missing_baseline": (
        "name: trial\nbaseline: without_document_5\n", 2, "baseline",
        ["unknown baseline", "nearest: without_document_55"],
    ),
    "no_period_and_no_baseline": (
        "name: trial\n", 1, "start", ["is missing", "example: baseline: as_issued"],
    ),
    "own_baseline": ("name: own\nbaseline: own_baseline\n", 2, "baseline", ["circular"]),
    "duplicate_key": (
        BASE + "end: 2025-Q4\nend: 2026-Q4\n", 4, "end", ["duplicate key", "line 3"],
    ),
    "duplicate_nested_key": (
        VAT + 'rate: {value: 3, value: 4, unit: "%"}\n', 5, "levers[0].rate.value",
        ["duplicate key"],
    ),
    "lever_twice": (
        BASE + "levers:\n  - id: vat_rate\n  - id: vat_rate\n", 5, "levers[1].id", ["twice"],
    ),
    "empty": ("", 1, "", ["empty"]),
    "only_a_comment": ("# nothing\n", 1, "", ["empty"]),
    "python_tag": (
        BASE + 'end: !!python/object/apply:os.system ["true"]\n', 3, "", ["tags such as"],
    ),
    "own_tag": ("name: !mine x\n", 1, "", ["tags such as"]),
    "alias_bomb": (
        "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\nname: x\n", 1, "", ["aliases"],
    ),
    "deep_nesting": ("name: " + "[" * 5000, 1, "", ["nested deeper"]),
    "key_that_is_a_list": ("? [a]\n: b\n", 1, "", ["plain name"]),
    "binary": (b"\x00\x01\x02\xff", 1, "", ["not a text file"]),
    "other_encoding": ("name: x\nlabel: {zh: \u00e9}\n".encode("latin-1"), 2, "", ["UTF-8"]),
    "control_character": ("name: x\nend: \x07\n", 2, "", ["not a text file"]),
    "too_large": ("name: x\n#" + "x" * 300_000, None, "", ["too large"]),
    "wrong_name": ("name: My trial\n", 1, "name", ["small letters"]),
    "setting_the_lever_lacks": (
        VAT + "budget: {value: 3, unit: 亿元, per: year}\n", 5, "levers[0].budget", ["takes no"],
    ),
    "wrong_period_of_budget": (
        TITLES + "budget: {value: 3, unit: 亿元, per: yeer}\n", 5, "levers[0].budget.per",
        ["nearest: year"],
    ),
    "negative_budget": (
        TITLES + "budget: {value: -3, unit: 亿元, per: year}\n", 5, "levers[0].budget.value",
        ["0 or more"],
    ),
    "unknown_order_of_service": (
        TITLES + "budget: {value: 3, unit: 亿元, per: year, first: scor}\n", 5,
        "levers[0].budget.first", ["nearest: score"],
    ),
    "take_up_above_one": (
        DIGITAL + "take_up: {start: 0.2, full: 1.6, years: 3}\n", 6, "levers[0].take_up.full",
        ["1"],
    ),
    "lag_in_money": (
        DIGITAL + "lag: {value: 2, unit: 万元}\n", 6, "levers[0].lag.unit", ["quarters, years"],
    ),
    "instalments_that_do_not_sum_to_one": (
        DIGITAL + "instalments: [0.4, 0.3]\n", 6, "levers[0].instalments", ["sum to 1"],
    ),
    "unknown_path": (
        BASE + "outside:\n  demand_growth: {path: centre}\n", 4, "outside.demand_growth.path",
        ["low, central, high", "nearest: central"],
    ),
    "unknown_series": (
        BASE + "outside:\n  demand: {path: low}\n", 4, "outside.demand", ["nearest: demand_growth"],
    ),
    "origin_too_early": (BASE + "outside: {origin: 2019}\n", 3, "outside.origin", ["2020"]),
    "origin_not_known_yet": (BASE + "outside: {origin: 2024}\n", 3, "outside.origin", ["2023"]),
    "unknown_parameter": (
        BASE + "parameters: {no_such_parameter_at_all: 3}\n", 3,
        "parameters.no_such_parameter_at_all", ["unknown parameter"],
    ),
    "parameter_that_is_nan": (BASE + "parameters: {x: .nan}\n", 3, "parameters.x", ["finite"]),
    "without_what_is_not_there": (
        BASE + "without: [vat_rat]\n", 3, "without[0]", ["nearest: vat_rate"],
    ),
    "rows_not_whole": (BASE + "rows: 1.5\n", 3, "rows", ["whole number"]),
    "levers_not_a_list": (BASE + "levers: vat_rate\n", 3, "levers", ["a list"]),
    "switch_half_on": (
        ISSUED + "additional: {value: 2, unit: switch}\n", 5, "levers[0].additional.value",
        ["out of bounds", "0 to 1 switch"],
    ),
    "switch_as_word": (
        ISSUED + "additional: perhaps\n", 5, "levers[0].additional",
        ["'perhaps' is neither off nor on", "0 (off) or 1 (on)", "example: additional: on"],
    ),
    "switch_for_a_share": (ISSUED + "projects: on\n", 5, "levers[0].projects", ["no unit"]),
    "switch_in_per_cent": (
        ISSUED + 'additional: {value: 1, unit: "%"}\n', 5, "levers[0].additional.unit", ["switch"],
    ),
    "award_of_another_name": (
        ISSUED + "provintial: {value: 500, unit: 万元}\n", 5, "levers[0].provintial",
        ["nearest: provincial"],
    ),
    "award_by_instalments_over_one": (
        ISSUED + "instalments: [0.8, 0.8]\n", 5, "levers[0].instalments", ["sum to 1.6"],
    ),
    "more_instalments_than_any_award_has": (
        ISSUED + "instalments: [" + "0.1, " * 9 + "0.1]\n", 5, "levers[0].instalments", ["9"],
    ),
    "award_aimed_at_a_tier": (
        ISSUED + "who: {tier: [county]}\n", 5, "levers[0].who.tier", ["is not aimed by tier"],
    ),
    "theta_over_all": (
        "name: trial\nbaseline: as_issued\nlevers:\n  - id: fund_steering\n"
        '    theta: {value: 110, unit: "%"}\n', 5, "levers[0].theta.value", ["0 to 100 %"],
    ),
    "points_out_of_bounds": (
        "name: trial\nbaseline: as_issued\nlevers:\n  - id: cluster_recognition\n"
        "    maturity: {value: 140, unit: points}\n", 5, "levers[0].maturity.value",
        ["0 to 100 points"],
    ),
    "clusters_in_money": (
        "name: trial\nbaseline: as_issued\nlevers:\n  - id: cluster_recognition\n"
        "    total: {value: 30, unit: 万元}\n", 5, "levers[0].total.unit", ["clusters"],
    ),
    "award_where_the_document_is_absent": (
        BASE + "without: [cluster_award]\n", 3, "without[0]", ["the baseline has no lever"],
    ),
    "lever_without_id": (BASE + "levers:\n  - to: 2023-Q4\n", 4, "levers[0].id", ["is missing"]),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(WRONG))
def test_refused_with_place_and_reason(tmp_path, case):
    text, line, key, said = WRONG[case]
    path = tmp_path / f"{case}.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ScenarioError) as caught:
        load(path)
    error = caught.value
    assert (error.file, error.line, error.key) == (str(path), line, key)
    message = str(error)
    assert "\n" not in message
    assert len(message) < 600
    for part in said:
        assert part in message
    assert check(path)[0].args == error.args


def test_circular_baselines_name_the_circle(tmp_path):
    for name, below in (("one", "two"), ("two", "three"), ("three", "one")):
        (tmp_path / f"{name}.yaml").write_text(f"name: {name}\nbaseline: {below}\n")
    with pytest.raises(ScenarioError, match="circular baseline: one -> two -> three -> one"):
        load(tmp_path / "one.yaml")


def test_baseline_of_another_name_is_refused(tmp_path):
    (tmp_path / "below.yaml").write_text("name: other\nbaseline: without_document_55\n")
    (tmp_path / "top.yaml").write_text("name: top\nbaseline: below\n")
    with pytest.raises(ScenarioError, match="'other'"):
        load(tmp_path / "top.yaml")


def test_parameter_out_of_its_range(tmp_path):
    row = next(row for row in table("parameters") if row.low < row.high)
    path = tmp_path / "p.yaml"
    path.write_text(f"{BASE}parameters:\n  {row.name}: {row.high * 2 + 1}\n")
    with pytest.raises(ScenarioError, match="out of bounds") as caught:
        load(path)
    assert (caught.value.line, caught.value.key) == (4, f"parameters.{row.name}")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("without_document_5", "nearest: without_document_55"),
        ("levers", "no such scenario"),
        ("nowhere/trial.yaml", "cannot be read"),
    ],
)
def test_no_such_scenario(given, said):
    with pytest.raises(ScenarioError, match=said):
        load(given)


def test_folder_for_a_file(tmp_path):
    assert "cannot be read" in str(check(tmp_path)[0])


def test_error_survives_the_way_out_of_a_process():
    error = ScenarioError("f.yaml", 3, "end", "is wrong", "right", "near")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert again.line == 3


DECLARED = """levers:
  - id: voucher
    label: {zh: 券, en: Voucher}
    article: "11"
    origin: document_55
    channel: price_of_digital
    paid_by: {province: 1}
    fund: special_funds
    from: 2024-Q1
    settings: [instalments]
    terms:
      rate: {kind: share, bounds: [0, 1], parameter: voucher_rate, grade: assumption}
    size: [rate]
    cost_basis: {zh: 补助。, en: The grant.}
channels: {price_of_digital: {zh: 价格, en: A price.}}
"""
DEFAULT = '[{from: 2024-Q1, value: 10, unit: "%"}]'

# name: (text replaced, its replacement, line, key, parts of the message)
MISDECLARED = {
    "no_value": ("parameter: voucher_rate, ", "", 12, "levers[0].terms.rate", ["one of default"]),
    "two_values": (
        "grade:", f"default: {DEFAULT}, grade:", 12, "levers[0].terms.rate", ["one of default"],
    ),
    "unknown_parameter": (
        "voucher_rate", "voucher_rat", 12, "levers[0].terms.rate.parameter",
        ["unknown parameter", "nearest: voucher_rate"],
    ),
    "range_outside_bounds": (
        "[0, 1]", "[0, 0.3]", 12, "levers[0].terms.rate.parameter", ["0.2 to 0.5", "0 to 0.3"],
    ),
    "default_outside_bounds": (
        "parameter: voucher_rate, grade", f"default: {DEFAULT.replace('10', '400')}, grade", 12,
        "levers[0].terms.rate.default[0].value", ["0 to 100 %"],
    ),
    "take_up_of_what_nobody_claims": (
        "settings: [instalments]", "settings: [instalments]\n    usual_take_up: voucher_rate", 11,
        "levers[0].usual_take_up", ["takes no take_up", "settings: [instalments, take_up]"],
    ),
    "unknown_payer": (
        "{province: 1}", "{provinces: 1}", 7, "levers[0].paid_by.provinces",
        ["province, city, centre", "nearest: province"],
    ),
    "payers_over_one": (
        "{province: 1}", "{province: 1, city: 1}", 7, "levers[0].paid_by", ["sum to 1"],
    ),
    "unknown_fund": (
        "fund: special_funds", "fund: special_fund", 8, "levers[0].fund",
        ["nearest: special_funds"],
    ),
    "instalments_over_one": (
        "settings: [instalments]", "instalments: [1.0, 1.0]", 10, "levers[0].instalments",
        ["sum to 1"],
    ),
    "size_of_no_term": (
        "size: [rate]", "size: [rates]", 13, "levers[0].size[0]", ["'rates'", "nearest: rate"],
    ),
    "size_of_no_number": (
        "size: [rate]", "size: [rate, instalments]", 13, "levers[0].size[1]",
        ["that a number may multiply"],
    ),
    "no_size": ("size: [rate]", "size: []", 13, "levers[0].size", ["at least 1"]),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(MISDECLARED))
def test_a_wrong_declaration_is_refused(tmp_path, monkeypatch, case):
    old, new, line, key, said = MISDECLARED[case]
    path = tmp_path / "levers.yaml"
    path.write_text(DECLARED.replace(old, new), "utf-8")
    monkeypatch.setattr(levers, "DECLARATIONS", path)
    levers.declarations.cache_clear()
    try:
        with pytest.raises(ScenarioError) as caught:
            levers.declarations()
    finally:
        levers.declarations.cache_clear()
    assert (caught.value.line, caught.value.key) == (line, key)
    for part in said:
        assert part in str(caught.value)


def test_a_take_up_that_another_leaves_without_effect_is_refused_of_an_extension(
    tmp_path, monkeypatch
):
    path = tmp_path / "levers.yaml"
    both = "usual_take_up: grant_take_up\n    take_up: {start: 0.1, full: 0.4, years: 3}"
    text = DECLARED.replace("origin: document_55", "origin: design")
    text = text.replace("settings: [instalments]", f"settings: [take_up]\n    {both}")
    path.write_text(text, "utf-8")
    monkeypatch.setattr(levers, "_paths", lambda: [(path, object())])
    levers.declarations.cache_clear()
    try:
        with pytest.raises(ScenarioError, match="one of take_up and usual_take_up") as caught:
            levers.declarations()
    finally:
        levers.declarations.cache_clear()
    assert (caught.value.line, caught.value.key) == (11, "levers[0].usual_take_up")
