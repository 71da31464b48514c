"""A scenario as a store keeps it is a scenario: it comes back to what it was."""

from dataclasses import replace

import pytest
import yaml

from experiments.store import FOLDERS, Store
from scenarios import ScenarioError, check, load, with_parameters

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


@pytest.mark.parametrize("name", ["as_issued", "policy_to_date", "energy_dear", "even_over_tiers"])
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


def test_what_was_drawn_noted_and_set_comes_back(kept, tmp_path):
    path = tmp_path / "trial.yaml"
    path.write_text(TRIAL, "utf-8")
    values = {"voucher_rate": 1 / 3, "special_fund_sum": 2.345678901234567e9, "sigma": 3.3}
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
    ],
    ids=["missing", "parameter", "lever", "bounds", "fields"],
)  # fmt: skip
def test_a_stored_scenario_that_was_changed_is_refused(kept, change, key, said):
    path = kept(load("as_issued"))
    data = yaml.safe_load(path.read_text("utf-8"))
    change(data)
    path.write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    with pytest.raises(ScenarioError, match=said) as caught:
        load(path)
    assert caught.value.key == key


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
