"""A whole analysis of a small province: what it leaves behind, and what stops it."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from fake_work import fails_at_seed_2, one_value_is_no_number

from jiqun.experiments.runs.batch import Plan
from jiqun.experiments.runs.runner import Options, run_batch
from jiqun.experiments.sensitivity.analysis import analyse, recorded
from jiqun.experiments.sensitivity.designs import SensitivityError
from jiqun.experiments.sensitivity.lever_ranks import zipped
from jiqun.experiments.sensitivity.package import FINGERPRINT, measured
from jiqun.experiments.sensitivity.runs import TIERS, Bench
from jiqun.experiments.sensitivity.spec import HERE, Full, read_spec
from jiqun.experiments.sensitivity.tables import TABLES, read
from jiqun.experiments.stores.results import Results

LEVERS = ["cluster_award", "digital_voucher", "rd_super_deduction", "digital_subsidy_2021_2023"]
DRAWS = 6
MEASURED = 60


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    told = yaml.safe_load((HERE / "reference.yaml").read_text("utf-8"))
    for left_out in ("confirm", "conditions", "equal_cost", "ranges"):
        del told[left_out]
    told |= {
        "name": "small", "rows": 1100, "year": 2024, "levers": LEVERS, "latent": {},
        "outcomes": ["value_added", "digital_coverage_above"], "switches": ["peer_effects"],
        "effects": {"without": DRAWS, "alone": 2}, "measure": MEASURED, "parameters": ["q_peer"],
        "sobol": {"size": 2, "seeds": 2}, "morris": {"trajectories": 2, "seeds": 2},
    }  # fmt: skip
    path = tmp_path_factory.mktemp("spec") / "small.yaml"
    path.write_text(yaml.safe_dump(told), "utf-8")
    return read_spec(path)


def bench(folder, task, **options):
    return Bench(
        Path(folder), Options(workers=1, **options), lambda _: None, lambda _: None,
        recorded(task), task.spec.year,
    )  # fmt: skip


@pytest.fixture(scope="module")
def begun(task, tmp_path_factory):
    """A store with the runs of the stage `measure` but those of draws 2 and 3; to be copied."""
    folder = tmp_path_factory.mktemp("begun") / "store"
    drawn = [pair for pair in zipped(task.issued, MEASURED) if pair[0].index not in (2, 3)]
    bench(folder, task).run([(task.issued, drawn), (task.baseline, drawn)], "measure")
    return folder


@pytest.fixture(scope="module")
def made(task, begun, tmp_path_factory):
    folder = shutil.copytree(begun, tmp_path_factory.mktemp("ranking") / "store")
    # What another batch has made is there already.
    run_batch([task.issued, task.baseline], Plan(draws=2), folder, Options(workers=1))
    used = bench(folder, task)
    return folder, used, analyse(used, task)


def test_tables_are_whole_and_read_back(made, task):
    folder, used, analysis = made
    assert len(used.asked) == used.made + 2 * (MEASURED - 1)
    back = read(folder / "sensitivity" / "small")
    outputs = 2 * len(TIERS)
    for name, columns in TABLES.items():
        assert tuple(back.tables[name].columns) == columns
        assert len(back.tables[name]) == len(analysis.tables[name])
    ranks = back.tables["ranks"]
    whole = ranks[ranks["condition"] == "all"]
    assert len(whole) == 2 * len(LEVERS) * outputs
    assert set(whole["lever"]) == set(LEVERS)
    assert len(back.tables["sobol"]) == 2 * 5 * outputs
    assert set(back.tables["morris"]["kind"]) == {
        "lever", "parameter", "outside", "structure", "dummy",
    }  # fmt: skip
    assert back.facts["parameters"] == ["q_peer"]
    assert back.facts["model_hash"]
    assert back.facts["spec"] == task.text


def test_a_lever_that_has_ended_changes_nothing(made):
    ranks = made[2].tables["ranks"]
    ended = ranks[ranks["lever"] == "digital_subsidy_2021_2023"]
    assert not ended[["mean", "low", "high"]].to_numpy().any()
    assert not ended["above_noise"].any()
    assert (ended["top_1"] == 0.0).all()


def test_an_effect_is_the_difference_of_two_runs(made):
    folder, _, analysis = made
    ranks = analysis.tables["ranks"]
    row = ranks[
        (ranks["setting"] == "without")
        & (ranks["condition"] == "all")
        & (ranks["lever"] == "rd_super_deduction")
        & (ranks["outcome"] == "value_added")
        & (ranks["tier"] == "national")
    ].iloc[0]
    paired = Results(folder).paired(
        "as_issued", "as_issued.without.rd_super_deduction", "value_added", "tier", [2024]
    )
    paired = paired[paired["unit_name"] == "national"]
    assert len(paired) == row["draws"] == DRAWS
    assert row["mean"] == pytest.approx(paired["change"].mean(), abs=1e-7)  # brief records
    assert row["low"] <= row["mean"] <= row["high"]


def test_the_dummy_is_at_nought_and_designs_carry_their_fingerprint(made):
    folder, _, analysis = made
    for table, column in (("sobol", "estimate"), ("morris", "mu_star")):
        rows = analysis.tables[table]
        assert not rows.loc[rows["factor"] == "dummy", column].to_numpy().any()
    for name in ("sobol", "morris"):
        stored = pq.read_schema(folder / "sensitivity" / "small" / f"{name}_outputs.parquet")
        assert stored.metadata[FINGERPRINT].decode() == analysis.facts[f"{name}_design"]


def test_a_second_call_makes_no_run_and_finds_the_same(made, task):
    folder, _, before = made
    again = bench(folder, task)
    after = analyse(again, task)
    assert again.made == 0
    for name in TABLES:
        assert before.tables[name].equals(after.tables[name]), name
    assert before.facts["stages"] == after.facts["stages"]


def test_every_run_is_counted_with_the_stage_that_asks_for_it_first(made):
    folder, _, analysis = made
    stages = analysis.facts["stages"]
    runs = Results(folder, every=True).runs()
    assert sum(stage["runs"] for stage in stages.values()) == len(runs)
    total = sum(stage["cpu_seconds"] for stage in stages.values())
    assert total == pytest.approx(runs["seconds"].sum(), abs=0.1 * len(stages))


def test_levels_are_those_of_the_scenario_and_come_with_a_warning(made, task):
    folder, _, _ = made
    said = []
    used = bench(folder, task)
    used.say = said.append
    levels = replace(task, spec=task.spec.model_copy(update={"quantity": "level"}))
    drawn = zipped(task.issued, MEASURED)
    _, values = measured(used, levels, drawn)
    assert used.made == 0
    assert any("growth" in line for line in said)
    keys = used.keys(task.issued, drawn)
    assert np.array_equal(values, used.values(keys, task.columns))
    assert (values[:, 0] > 1e9).all()


def test_one_value_that_is_no_number_stops_with_the_run_named(begun, task, tmp_path):
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    poisoned = bench(tmp_path, task, work=one_value_is_no_number)
    with pytest.raises(SensitivityError, match=r"draw 3 seed 3.*value_added of county is nan"):
        analyse(poisoned, task)
    assert not (tmp_path / "sensitivity" / "small").exists()


def test_a_run_that_fails_stops_with_the_run_named(begun, task, tmp_path):
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    with pytest.raises(SensitivityError, match=r"draw 2, seed 2\) failed .*seed 2 is not liked"):
        analyse(bench(tmp_path, task, work=fails_at_seed_2), task)
    assert np.array_equal(sorted(p.name for p in (tmp_path / "sensitivity").glob("*")), [])


def test_every_factor_on_request_by_a_surrogate_that_tells_its_error(made, task):
    folder, _, _ = made
    said = []
    used = bench(folder, task)
    used.say = said.append
    few = {"name": "full", "sobol": None, "morris": None, "outside": ["demand"]}
    asked = replace(
        task,
        spec=task.spec.model_copy(update=few),
        full=Full(size=16, seeds=1, surrogate=True),
    )
    found = analyse(used, asked).tables["full"]
    # What it takes is said before it starts; it looks at the main outcome alone.
    assert any(line.startswith("full: 8 factors, 32 runs at most, about") for line in said)
    assert set(found["outcome"]) == {"value_added"}
    assert set(found["order"]) == {"first", "total"}
    assert found["error"].between(0.0, 10.0).all()
    inert = found[found["factor"].isin(["digital_subsidy_2021_2023", "dummy"])]
    assert not inert["above_noise"].any()


def of_file(folder, **told):
    path = folder / "asked.yaml"
    path.write_text(yaml.safe_dump(told), "utf-8")
    return read_spec(path, full="full" in told)


FEW = {
    "name": "asked", "scenario": "as_issued", "rows": 1100, "year": 2024, "seed": 1,
    "outcomes": ["value_added"], "main": "value_added",
}  # fmt: skip


def test_all_levers_asked_for_are_ranked_and_nothing_else_is_run(tmp_path):
    wanted = [
        "cluster_award", "digital_voucher", "open_bid_projects", "first_sets",
        "foundation_projects", "rd_super_deduction",
    ]  # fmt: skip
    task = of_file(tmp_path, **FEW, levers=wanted, tiers=["county"], effects={"without": 4})
    used = bench(tmp_path / "store", task)
    analysis = analyse(used, task)
    ranks = analysis.tables["ranks"]
    whole = ranks[ranks["condition"] == "all"]
    assert set(whole["lever"]) == set(wanted)
    assert len(whole) == len(wanted)
    alone = whole[whole["group"] == "other"].iloc[0]
    assert (alone["rank"], alone["tie_set"], alone["top_1"]) == (1.0, 1, 1.0)
    assert set(ranks["tier"]) == {"county"}
    assert list(analysis.facts["stages"]) == ["without"]
    assert used.made == 4 * (1 + len(wanted))
    assert analysis.tables["measure"].empty
    assert analysis.facts["draws"]["alone"] is None
    assert read(tmp_path / "store" / "sensitivity" / "asked").facts["tiers"] == ["county"]


@pytest.mark.slow
def test_the_least_that_is_allowed_works_in_every_stage(begun, tmp_path):
    store = shutil.copytree(begun, tmp_path / "store")
    task = of_file(
        tmp_path,
        **FEW,
        levers=["cluster_award", "digital_voucher"],
        tiers=["province", "county"],
        effects={"without": 4, "alone": 2},
        measure=MEASURED,
        parameters=1,
        outside=["demand"],
        switches=["peer_effects"],
        sobol={"size": 2, "seeds": 1},
        morris={"trajectories": 2, "seeds": 1},
        confirm={"levers": 1, "rows": 1100},
        conditions={"draws": 2},
        equal_cost={"solved_on": 2, "draws": 2},
        full={"size": 16, "seeds": 1, "surrogate": True},
    )
    used = bench(store, task)
    found = analyse(used, task).tables
    # What is measured is there already, but for draws 2 and 3.
    assert len(used.asked) >= used.made + 2 * (MEASURED - 2)
    for name in ("ranks", "survival", "sobol", "morris", "measure", "full"):
        assert len(found[name]), name


def test_levers_of_older_policy_alone_can_be_confirmed_and_seen_without_a_mechanism(tmp_path):
    task = of_file(
        tmp_path,
        **FEW,
        levers=["rd_super_deduction", "vat_rate"],
        ranges={"vat_rate": {"low": 0.69, "high": 1.23, "why": "as the law has it"}},
        tiers=["province"],
        effects={"without": 4},
        switches=["peer_effects"],
        confirm={"levers": 2, "rows": 1200},
        conditions={"draws": 2},
    )
    ranks = analyse(bench(tmp_path / "store", task), task).tables["ranks"]
    assert set(ranks.loc[ranks["condition"] == "confirmed", "lever"]) == set(task.levers)
    off = ranks.loc[ranks["condition"] == "off_peer_effects", "lever"]
    assert set(off) <= set(task.levers)
    assert len(off)
