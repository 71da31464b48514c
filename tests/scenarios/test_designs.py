"""Designs of support and variants of the outside world: they load, and scale what they say."""

import pytest

from jiqun.model.calendar import quarter_index
from jiqun.scenarios import ScenarioError, designs, load, load_design, worlds
from jiqun.scenarios.levers import declarations

BEFORE, AFTER = quarter_index(2023, 4), quarter_index(2024, 1)
ROOT = "without_document_55"


def terms_of(lever):
    return {} if lever is None else lever.terms


@pytest.mark.parametrize("name", designs())
def test_a_design_is_the_reference_and_what_it_scales(name):
    design, root = load_design(name), load(ROOT)
    assert (design.scenario.name, design.scenario.baseline) == (name, ROOT)
    assert load(name).digest == design.scenario.digest == design.at(1.0).digest
    double = design.at(2.0)
    for lever in double.levers:
        scaled = design.scaled.get(lever.id, {})
        once = design.scenario.lever(lever.id)
        for term, path in lever.terms.items():
            factor = 2.0 if term in scaled else 1.0
            assert lever.value(term, AFTER) == factor * once.value(term, AFTER)
            assert lever.value(term, BEFORE) == once.value(term, BEFORE)
            assert len(path) == len(once.terms[term])
        # History is that of the reference: nothing of a design acts before 2024.
        older = root.lever(lever.id)
        if older is None:
            assert lever.start >= AFTER
        else:
            assert all(
                lever.value(t, q) == older.value(t, q) for q in range(AFTER) for t in older.terms
            )


@pytest.mark.parametrize("name", designs())
def test_a_design_stays_inside_the_bounds_up_to_its_limit(name):
    design = load_design(name)
    scale = min(design.limit, 1e6)
    assert scale > 1.0
    for lever_id, terms in design.scaled.items():
        lever = design.at(scale).lever(lever_id)
        for term in terms:
            if term in (declared := declarations()[lever_id].terms):
                assert lever.value(term, AFTER) <= declared[term].bounds[1] * (1 + 1e-12)
            elif term.startswith("take_up"):
                assert lever.value(term, AFTER) <= 1.0 + 1e-12


@pytest.mark.parametrize("name", designs())
def test_budgets_of_designs_come_on_top_of_all_funds(name):
    scenario = load(name)
    for lever_id, terms in load_design(name).scaled.items():
        if "budget" in terms:
            assert scenario.lever(lever_id).fund == "additional"


@pytest.mark.parametrize("name", worlds())
def test_a_world_is_the_reference_in_another_outside_world(name):
    world, root = load(name), load(ROOT)
    assert world.levers == root.levers
    assert world.outside.origin == root.outside.origin
    assert (world.outside.position, world.outside.times) != (
        root.outside.position,
        root.outside.times,
    )


def test_a_world_is_the_same_until_its_origin():
    dear, root = load("energy_dear").outside, load(ROOT).outside
    assert [dear.factor("energy_price", year) for year in (2019, 2023, 2024)] == [1.0, 1.0, 1.4]
    assert {root.factor("energy_price", year) for year in range(2019, 2030)} == {1.0}
    assert dear.factor("credit_growth", 2027) == 1.0


def written(tmp_path, text):
    path = tmp_path / "trial.yaml"
    path.write_text(f"name: trial\nbaseline: {ROOT}\n{text}", encoding="utf-8")
    return path


VOUCHER = "levers:\n  - id: digital_voucher\n    budget: {value: 1, unit: 亿元, per: year}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (VOUCHER, r"trial.yaml:1: scale: a design says what its scale multiplies"),
        (VOUCHER + "scale: {digital_vouchr: [budget]}\n", "nearest: digital_voucher"),
        (VOUCHER + "scale: {digital_voucher: [rate]}\n", "does not set 'rate'.*allowed: budget"),
        (VOUCHER + "scale: {digital_voucher: []}\n", "scale"),
        ("levers:\n  - {id: vat_rate, fund: additional}\n", "paid by nobody in particular"),
        ("levers:\n  - {id: rd_grant, fund: pocket}\n", "unknown name 'pocket'"),
        ("outside: {energy_price: {times: 0}}\n", "greater than or equal to 0.1"),
    ],
)
def test_wrong_designs_are_refused(tmp_path, text, said):
    with pytest.raises(ScenarioError, match=said):
        load_design(written(tmp_path, text))


def test_a_scale_can_say_how_many_are_served(tmp_path):
    text = "levers:\n  - id: credit_guarantee\n    take_up: {start: 0.1, full: 0.4, years: 3}\n"
    design = load_design(written(tmp_path, text + "scale: {credit_guarantee: [take_up]}\n"))
    half, root = design.at(0.5).lever("credit_guarantee"), load("credit_guarantee")
    assert half.value("take_up_start", AFTER) == pytest.approx(0.05)
    assert half.value("take_up_full", AFTER) == pytest.approx(0.2)
    assert half.value("take_up_years", AFTER) == 3.0
    assert half.value("limit", AFTER) == root.lever("credit_guarantee").value("limit", AFTER)
    assert design.limit == pytest.approx(2.5)


def test_a_lever_can_be_paid_on_top_of_all_funds(tmp_path):
    text = VOUCHER + "    fund: additional\nscale: {digital_voucher: [budget]}\n"
    design = load_design(written(tmp_path, text))
    assert design.scenario.lever("digital_voucher").fund == "additional"
    assert design.limit == float("inf")
    assert design.at(3.0).lever("digital_voucher").value("budget", AFTER) == 3e8
