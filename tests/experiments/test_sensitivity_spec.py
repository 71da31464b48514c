"""What an analysis is told: the file, the pairs behind a lever, and the draws of a design."""

import re
from itertools import pairwise

import numpy as np
import pytest
import yaml

from jiqun.experiments.runs.draws import draws
from jiqun.experiments.runs.ensemble import fitted
from jiqun.experiments.sensitivity.arms import DOCUMENT, OTHER, group_of, pairs, with_lever, without
from jiqun.experiments.sensitivity.designs import DUMMY, morris, sobol
from jiqun.experiments.sensitivity.factors import draws_of, grouped, numbered, single
from jiqun.experiments.sensitivity.spec import HERE, LEAST_FOR_SURROGATE, SpecFile, read_spec
from jiqun.experiments.sensitivity.surrogate import FOLDS
from jiqun.experiments.sensitivity.survival import FEWEST as FEWEST_BY_THIRDS
from jiqun.experiments.sensitivity.survival import thirds
from jiqun.model.branching import first_difference
from jiqun.scenarios import InputError, load
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.structure import switches
from jiqun.scenarios.tables import table

DOCS = HERE.parents[1] / "docs" / "sensitivity.md"


@pytest.fixture(scope="module")
def task():
    return read_spec("reference")


def written(tmp_path, **changes):
    """The shipped specification with some keys changed."""
    told = yaml.safe_load((HERE / "reference.yaml").read_text("utf-8")) | changes
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(told), "utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "key", "nearest"),
    [
        ({"outcomes": ["value_aded"]}, "outcomes", "value_added"),
        ({"main": "rd_expenditure"}, "main", None),
        ({"levers": ["cluster_awards"]}, "levers", "cluster_award"),
        ({"parameters": ["q_pear"]}, "parameters", "q_peer"),
        ({"switches": ["peer_effect"]}, "switches", "peer_effects"),
        ({"scenario": "as_issue"}, "scenario", "as_issued"),
        ({"sobol": {"size": 500, "seeds": 2}}, "sobol.size", None),
        ({"seed": 0}, "seed", None),
        ({"effects": {"without": 1, "alone": 8}}, "effects.without", None),
        ({"latent": {"value_added": "digital_dept"}}, "latent.value_added", "digital_depth"),
        ({"ranges": {"vat": {"low": 0, "high": 1, "why": "x"}}}, "ranges.vat", "vat_rate"),
        ({"tiers": ["nationl"]}, "tiers", "national"),
    ],
)
def test_a_wrong_file_is_refused_with_its_key(tmp_path, changes, key, nearest):
    with pytest.raises(InputError) as refused:
        read_spec(written(tmp_path, **changes))
    assert refused.value.key.startswith(key)
    assert refused.value.nearest == nearest


@pytest.mark.parametrize(
    ("changes", "key", "allowed"),
    [
        ({"effects": {"without": 3, "alone": 2}}, "effects.without", "4"),
        ({"effects": {"without": 4, "alone": 1}}, "effects.alone", "2"),
        ({"effects": {"without": 10_001}}, "effects.without", "10000"),
        ({"measure": 59}, "measure", "60"),
        ({"sobol": {"size": 1, "seeds": 1}}, "sobol.size", "2"),
        ({"sobol": {"size": 100, "seeds": 1}}, "sobol.size", "64, 128"),
        ({"sobol": {"size": 131_072, "seeds": 1}}, "sobol.size", "65536"),
        ({"sobol": {"size": 8, "seeds": 0}}, "sobol.seeds", "1"),
        ({"morris": {"trajectories": 1, "seeds": 1}}, "morris.trajectories", "2"),
        ({"morris": {"trajectories": 10_001, "seeds": 1}}, "morris.trajectories", "10000"),
        ({"confirm": {"levers": 0, "rows": 400}}, "confirm.levers", "1"),
        ({"confirm": {"levers": 1, "rows": 99}}, "confirm.rows", "1100"),
        ({"conditions": {"draws": 1}}, "conditions.draws", "2"),
        ({"conditions": {"draws": 2}, "switches": []}, "conditions", "switches"),
        ({"equal_cost": {"solved_on": 1, "draws": 2}}, "equal_cost.solved_on", "2"),
        ({"equal_cost": {"solved_on": 2, "draws": 1}}, "equal_cost.draws", "2"),
        (
            {"equal_cost": {"solved_on": 2, "draws": 2}, "levers": ["rd_super_deduction"]},
            "equal_cost",
            "cluster_award",
        ),
        ({"full": {"size": 8, "seeds": 1, "surrogate": True}}, "full.size", "16 to 4,096"),
        ({"full": {"size": 8_192, "seeds": 1, "surrogate": True}}, "full.size", "16 to 4,096"),
        ({"full": {"size": 24, "seeds": 1}}, "full.size", "16, 32"),
        ({"parameters": 0}, "parameters", ""),
        ({"parameters": 10_000}, "parameters", "1 to"),
        ({"rows": 99}, "rows", "1100"),
        ({"year": 2041}, "year", "2040"),
        (
            {"ranges": {"vat_rate": {"low": 1.2, "high": 1.2, "why": "x"}}},
            "ranges.vat_rate.high",
            "more than 1.2",
        ),
        (
            {"ranges": {"cluster_award": {"low": 0, "high": 1e6, "why": "x"}}},
            "ranges.cluster_award.high",
            "at most",
        ),
    ],
)
def test_a_number_that_a_stage_cannot_work_with_is_refused_on_load(tmp_path, changes, key, allowed):
    path = written(tmp_path, **changes)
    with pytest.raises(InputError) as refused:
        read_spec(path)
    assert refused.value.key.startswith(key)
    assert allowed in f"{refused.value.problem} {refused.value.allowed}"
    lines = path.read_text("utf-8").splitlines()
    last = key.split(".")[-1]
    assert lines[refused.value.line - 1].strip().startswith((f"{last}:", key.split(".")[0]))


def test_most_telling_parameters_are_asked_for_with_what_finds_them(tmp_path):
    told = yaml.safe_load((HERE / "reference.yaml").read_text("utf-8"))
    del told["measure"]
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(told), "utf-8")
    with pytest.raises(InputError, match=r"parameters: .*`measure: 60` or more"):
        read_spec(path)


def test_limits_are_those_of_the_stages():
    for count, enough in ((FEWEST_BY_THIRDS - 1, False), (FEWEST_BY_THIRDS, True)):
        low, high = thirds(np.arange(count) / count)
        assert (min(low.sum(), high.sum()) >= 2) == enough
    assert LEAST_FOR_SURROGATE / 2 < FOLDS <= LEAST_FOR_SURROGATE


def test_a_specification_needs_little(tmp_path):
    (example,) = re.findall(r"```yaml\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    path = tmp_path / "six.yaml"
    path.write_text(example, "utf-8")
    task = read_spec(path)
    assert len(task.levers) == 6
    assert [group_of(name) for name in task.levers].count(OTHER) == 1
    assert task.tiers == ("province", "provincial", "county")
    assert task.columns == ("value_added", "rd_real")
    spec = task.spec
    asked = (spec.measure, spec.sobol, spec.morris, spec.confirm, spec.conditions, spec.equal_cost)
    assert not any(asked)
    assert spec.most_draws == spec.effects.without


def test_every_key_is_in_the_manual():
    text = DOCS.read_text("utf-8")
    missing = [name for name in SpecFile.model_fields if f"| `{name}`" not in text]
    assert not missing


def test_indices_of_every_factor_are_found_on_request_alone(tmp_path):
    path = written(tmp_path, full={"size": 64, "seeds": 1, "surrogate": True})
    assert read_spec(path).full is None
    assert read_spec(path, full=True).full.surrogate
    with pytest.raises(InputError, match="full: is missing"):
        read_spec("reference", full=True)


def test_every_lever_is_in_one_group(task):
    assert set(task.levers) == set(declarations())
    assert {group_of(name) for name in task.levers} == {DOCUMENT, OTHER}
    of_document = [name for name in task.levers if group_of(name) == DOCUMENT]
    assert {lever.id for lever in task.baseline.levers}.isdisjoint(of_document)


@pytest.mark.parametrize("base", ["issued", "none"])
def test_a_pair_differs_by_its_lever_after_history(task, base):
    scenario = getattr(task, base)
    for pair in pairs(task, scenario, task.levers):
        assert scenario in (pair.with_it, pair.without)
        assert first_difference(pair.with_it, pair.without) >= task.first
        ids = [lever.id for lever in pair.with_it.levers if lever.id != pair.lever]
        assert ids == [lever.id for lever in pair.without.levers if lever.id != pair.lever]
        left = pair.without.lever(pair.lever)
        taxed = pair.lever in task.spec.ranges
        assert left is None or taxed or (left.end is not None and left.end < task.first)


def test_a_lever_taken_out_and_put_back_is_as_it_was(task):
    for name in ("cluster_award", "rd_super_deduction"):
        gone = without(task, task.issued, name)
        assert with_lever(task, gone, name).levers == task.issued.levers


def test_some_tax_is_always_levied(task):
    lower = without(task, task.issued, "vat_rate").lever("vat_rate")
    assert lower.value("rate", task.first) == pytest.approx(0.69 * 0.13)
    assert lower.value("rate", task.first - 1) == 0.13


def test_groups_hold_all_that_is_varied_once(task):
    factors = grouped(task)
    names = [factor.name for factor in factors]
    assert len(set(names)) == len(names)
    drawn = {row.name for row in table("parameters") if row.low < row.high}
    taken = {name.partition(".")[2] for name in names if name.startswith("parameter.")}
    assert taken - {"member"} == drawn - set(fitted().columns)
    assert dict.fromkeys(f.group for f in factors) == dict.fromkeys(
        ("levers", "behaviour", "outside", "structure")
    )


def test_a_member_of_the_fit_stays_whole(task):
    design = sobol(grouped(task), 8, 1)
    members = [fitted().member(place) for place in range(fitted().size)]
    for draw in draws_of(task, design):
        kept = {name: draw.values[name] for name in fitted().columns}
        off = set().union(*(switch.off for switch in task.switches.values()))
        assert any(all(m[n] == kept[n] for n in kept if n not in off) for m in members)


def test_each_step_of_a_trajectory_moves_one_thing(task):
    design = morris(single(task, ["spill_RD", "q_peer"]), 2, 1)
    drawn = draws_of(task, design)
    for start in range(0, len(drawn), design.block):
        block = drawn[start : start + design.block]
        moves = []
        for before, after in pairwise(block):
            moved = [
                name
                for of in ("values", "outside", "sizes")
                for name in getattr(after, of) | getattr(before, of)
                if getattr(before, of).get(name) != getattr(after, of).get(name)
            ]
            moves.append(moved)
        switched = {frozenset(switch.off) for switch in task.switches.values()}
        # A switch may move several parameters; one that is off hides a parameter's own step.
        assert all(len(m) <= 1 or frozenset(m) in switched for m in moves)
        assert sum(not m for m in moves) >= 1  # the dummy
    assert design.factors[-1].name == DUMMY


def test_points_that_a_scenario_cannot_tell_apart_are_one_run(task):
    central = next(iter(draws(task.issued, [0])))
    one = type(central)(0, central.values, {"demand": 0.5}, {"cluster_award": 0.5})
    other = type(central)(0, central.values, {"demand": 0.5}, {"cluster_award": 1.5})
    assert numbered(one, task.issued).index != numbered(other, task.issued).index
    assert numbered(one, task.baseline) == numbered(other, task.baseline)
    assert numbered(one, task.baseline).index < 2**31


def test_a_switched_draw_holds_the_values_of_its_switch(task):
    names = [f"structure.{name}" for name in task.switches]
    design = sobol(grouped(task), 4, 3)
    columns = [[f.name for f in design.factors].index(name) for name in names]
    for draw, point in zip(draws_of(task, design), design.points, strict=True):
        for name, place in zip(task.switches, point[columns], strict=True):
            off = switches()[name].off
            assert (place < 0.5) == all(draw.values.get(p) == v for p, v in off.items())


def test_levers_in_force_are_sized_and_others_switched(task):
    factors = {f.name: f for f in single(task, [])}
    assert (factors["lever.cluster_award"].low, factors["lever.cluster_award"].high) == (0.0, 2.0)
    assert factors["lever.rd_matching_grant"].high == 1.0
    assert factors["lever.vat_rate"].low == 0.69
    assert not np.isnan([f.high for f in factors.values()]).any()
    assert load("as_issued").lever("rd_matching_grant") is None
