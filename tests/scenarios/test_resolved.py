"""A scenario as a store keeps it is a scenario: it comes back to what it was."""

import math
import re
from dataclasses import replace

import pytest
import yaml

from jiqun.experiments.stores.digests import examine
from jiqun.experiments.stores.store import FOLDERS, Store
from jiqun.scenarios import ScenarioError, check, designs, load, shipped, with_parameters, worlds
from jiqun.scenarios.tables import table
from jiqun.scenarios.yaml_file import read_yaml

TRIAL = """name: trial
baseline: as_issued
outside: {origin: 2022, demand_growth: {path: low}, energy_price: {times: 1.2}}
without: [rd_grant]
levers:
  - id: digital_voucher
    from: 2026-Q1
    who: {size: [small]}
    budget: {value: 0.07, unit: 亿元, per: year, first: even}
"""


@pytest.fixture
def kept(tmp_path):
    """Keeps a scenario in a store and gives its file."""

    def keep(scenario):
        store = Store(tmp_path / "store")
        for name in FOLDERS:
            (store.folder / name).mkdir(parents=True, exist_ok=True)
        store.add_scenario(scenario.identity, scenario)
        return store.folder / "scenarios" / f"{scenario.identity}.yaml"

    return keep


@pytest.mark.parametrize("name", [*shipped(), *designs(), *worlds()])
def test_a_stored_scenario_is_the_scenario(kept, name):
    scenario = load(name)
    path = kept(scenario)
    again = load(path)
    assert check(path) == []
    assert (again.digest, again.identity) == (scenario.digest, scenario.identity)
    assert again.levers == scenario.levers
    assert (again.name, again.label_zh, again.baseline) == (
        scenario.name, scenario.label_zh, scenario.baseline,
    )  # fmt: skip


def test_a_stored_scenario_is_told_as_it_was_said_last(kept):
    scenario = load("as_issued")
    path = kept(scenario)
    notes = path.parents[1] / "sha256sums.txt"
    text, noted = path.read_text("utf-8"), notes.read_text("utf-8")
    # Nothing is written again where nothing is said otherwise.
    assert kept(scenario) == path
    assert (path.read_text("utf-8"), notes.read_text("utf-8")) == (text, noted)
    renamed = replace(scenario, label_zh="新名称", label_en="A new label", baseline="market_only")
    # A shorter horizon does not cut what was kept of a longer one.
    assert kept(renamed.until(2025)) == path
    again = load(path)
    assert (again.label_zh, again.label_en, again.baseline) == (
        "新名称", "A new label", "market_only",
    )  # fmt: skip
    assert again.digest == scenario.digest
    assert examine(path.parents[1]).damaged == {}


def test_what_was_drawn_noted_and_set_comes_back(kept, tmp_path):
    path = tmp_path / "trial.yaml"
    path.write_text(TRIAL, "utf-8")
    values = {"voucher_rate": 1 / 3, "special_fund_sum": 2.345678901234567e9, "eps_RD": 0.7}
    drawn = load(path).with_draw(values, {"price": 0.1234567890123456}, {"cluster_award": 1.7})
    again = load(kept(drawn))
    assert again.digest == drawn.digest
    assert again.notices == drawn.notices != ()
    twin = again.with_draw({"voucher_rate": 0.4}, {})
    assert twin.digest == drawn.with_draw({"voucher_rate": 0.4}, {}).digest


@pytest.mark.parametrize(
    ("change", "key", "said"),
    [
        (lambda d: d.pop("rows"), "rows", "is missing"),
        (lambda d: d["parameters"].pop("sigma"), "parameters.sigma", "is missing"),
        (lambda d: d["levers"][0].update(id="vat_rat"), "levers[0].id", "unknown lever"),
        (
            lambda d: d["levers"][2]["terms"]["rate"][0].__setitem__(1, 9.0),
            "levers[2].terms.rate[0]", "0 to 0.3",
        ),
        (lambda d: d["province"]["fields"].update(revenue=[1.0]), "province.fields.revenue", "16"),
        (lambda d: d["parameters"].update(sigma=99.0), "parameters.sigma", "99 is out of bounds"),
        (
            lambda d: d["parameters"].update(sigmas=3.0),
            "parameters.sigmas", "unknown parameter 'sigmas'.*nearest: sigma",
        ),
        (
            lambda d: d["levers"][2]["terms"].update(rat=[[0, 0.1]]),
            "levers[2].terms.rat", "unknown key of lever .*nearest: rate",
        ),
        (lambda d: d["levers"][2]["terms"].pop("rate"), "levers[2].terms.rate", "is missing"),
        (
            lambda d: d["levers"][17]["terms"].update(take_up_full=[[0, 1.5]]),
            "levers[17].terms.take_up_full[0]", "1.5 is out of bounds; allowed: 0 to 1",
        ),
        (
            lambda d: d["levers"][2].update(who=[[0, {"siz": ["small"]}]]),
            "levers[2].who[0][1].siz", "unknown key.*nearest: size",
        ),
        (
            lambda d: d["levers"][2].update(who=[[0, {"size": ["smal"]}]]),
            "levers[2].who[0][1].size[0]", "unknown name 'smal'.*nearest: small",
        ),
        (
            lambda d: d["levers"][17]["terms"].update(budget_first=[[0, 2.5]]),
            "levers[17].terms.budget_first[0]", r"2.5 is not allowed; allowed: 0 \(score\), 1",
        ),
        (
            lambda d: d["levers"][17]["terms"].update(budget_first=[[0, 6.0]]),
            "levers[17].terms.budget_first[0]", r"6.0 is not allowed; .*5 \(even\)",
        ),
        (lambda d: d.update(start=4), "start", "4 is not allowed; allowed: 0"),
        (lambda d: d.update(end=2), "end", "2 is not allowed; allowed: 3 to 87"),
        (lambda d: d.update(end=2027), "end", "2027 is not allowed; allowed: 3 to 87"),
        (
            lambda d: d["levers"][2].update(channel="audit"),
            "levers[2].channel", "'audit' is not allowed; allowed: ",
        ),
    ],
    ids=["missing", "parameter", "lever", "bounds", "fields", "range", "unknown_parameter", "term",
         "missing_term", "setting", "attribute", "id", "no_order", "sixth_order", "start",
         "early_end", "late_end", "channel"],
)  # fmt: skip
def test_a_stored_scenario_that_was_changed_is_refused(kept, change, key, said):
    path = kept(load("as_issued"))
    data = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    change(data)
    path.write_text(yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True), "utf-8")
    with pytest.raises(ScenarioError, match=said) as caught:
        load(path)
    assert caught.value.key == key
    assert caught.value.line == line_of(path, key)


def line_of(path, key):
    """Line of a key of a file, or of the nearest key above it."""
    lines = read_yaml(path).lines
    parts = [int(a) if a else b for a, b in re.findall(r"\[(\d+)\]|([^.\[\]]+)", key)]
    return next(
        (lines[tuple(parts[:n])] for n in range(len(parts), 0, -1) if tuple(parts[:n]) in lines), 1
    )


def test_an_end_of_a_range_may_be_missed_by_rounding(kept):
    """A draw at an end of its range may leave it by the last digit."""
    row = next(row for row in table("parameters") if row.name == "sigma")
    edge = math.nextafter(row.high, math.inf)
    drawn = load("as_issued").with_draw({"sigma": edge}, {})
    assert load(kept(drawn)).digest == drawn.digest
    beyond = load("as_issued").with_draw({"sigma": math.nextafter(edge, math.inf)}, {})
    with pytest.raises(ScenarioError, match="out of bounds"):
        load(kept(beyond))


def test_a_stored_scenario_is_no_baseline(kept, tmp_path):
    kept(load("as_issued")).rename(tmp_path / "mine.yaml")
    path = tmp_path / "top.yaml"
    path.write_text("name: top\nbaseline: mine\n", "utf-8")
    with pytest.raises(ScenarioError, match="as resolved"):
        load(path)


def test_parameters_by_hand_move_the_levers_that_follow_them():
    issued = load("as_issued")
    moved = with_parameters(issued, {"voucher_rate": 0.3})
    assert moved.parameters["voucher_rate"] == 0.3
    assert moved.lever("digital_voucher").value("rate", 24) == 0.3
    assert moved.digest == issued.with_draw({"voucher_rate": 0.3}, {}).digest
    assert replace(moved, rows=5_000).lever("digital_voucher").value("rate", 24) == 0.3


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"voucher_rate": 9.0}, "0.2 to 0.5"),
        ({"voucher_rat": 0.3}, "nearest: voucher_rate"),
        ({"voucher_rate": float("nan")}, "out of bounds"),
    ],
)
def test_parameters_out_of_range_are_refused(values, said):
    with pytest.raises(ScenarioError, match=said):
        with_parameters(load("as_issued"), values)


def test_a_draw_that_takes_a_lever_out_of_its_bounds_is_refused():
    with pytest.raises(ValueError, match=r"voucher_rate 9 is out of bounds"):
        load("as_issued").with_draw({"voucher_rate": 9.0}, {})
