"""What is taken along and brought: files that `jiqun check` accepts, a program, refusals."""

import io
import runpy
import zipfile

import pytest

from jiqun.app import keep
from jiqun.app.shelf import LARGEST, Shelf
from jiqun.app.state import State, read_query
from jiqun.asking import Asked
from jiqun.checking import checked
from jiqun.experiments.effects.change import change
from jiqun.experiments.runs.run import run
from jiqun.scenarios import InputError, load

STATES = (
    "set=cluster_award*2",
    "set=cluster_award*0.5;digital_voucher.rate=50%;fund_steering=off",
    "set=credit_guarantee=on;cluster_award.provincial=600万元;cluster_award.additional=on",
    "set=rd_grant=off",
    "on=credit_guarantee&set=credit_guarantee*0.5",
    "world=demand_low&set=cluster_award*2",
    "on=credit_guarantee&world=demand_low",
    "on=as_issued",
)


@pytest.mark.parametrize("query", STATES)
def test_what_is_saved_is_accepted_and_asks_the_same(query, shelf, tmp_path):
    asked = shelf.asked(read_query(query))
    name, content = keep.saved(shelf.files(asked))
    there = tmp_path / "there"
    there.mkdir()
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            archive.extractall(there)
    else:
        (there / name).write_bytes(content)
    path = there / f"{asked.scenario.name}.yaml"
    assert checked(str(path)).scenario is not None
    assert load(path).identity == asked.scenario.identity


@pytest.mark.parametrize("query", STATES[:6])
def test_what_is_saved_moves_the_levers_again_where_it_is_loaded(query, shelf, tmp_path):
    state = read_query(query)
    asked = shelf.asked(state)
    again = keep.restored(asked.text, Shelf(tmp_path / "other"))
    assert (again.on, again.world) == (state.on, state.world)
    assert Shelf(tmp_path / "third").asked(again).scenario.identity == asked.scenario.identity


def test_a_file_that_does_more_is_kept_whole_as_a_scenario_of_its_own(shelf):
    text = "name: mine\nbaseline: as_issued\noutside: {demand_growth: {path: low}}\n"
    state = keep.restored(text, shelf)
    assert state == State(on="mine")
    assert shelf.asked(state).baseline.name == "as_issued"
    # It can be moved like any other, in another world too.
    moved = shelf.asked(State("mine", "", "energy_dear", (("cluster_award", "*2"),)))
    assert moved.baseline.name == "mine_energy_dear"


@pytest.mark.parametrize(
    "text",
    [
        "name: [",
        "just words",
        "name: mine\nbaseline: ../../../etc/passwd\n",
        "name: ../mine\nbaseline: as_issued\n",
        "name: as_issued\nbaseline: without_document_55\nrows: 2000\n",
        "name: mine\nbaseline: as_issued\nlevers:\n  - {id: clster_award, times: 2}\n",
        "name: mine\nbaseline: as_issued\nx: !!python/object/apply:os.system [ls]\n",
        "#" * (LARGEST + 1),
        "",
    ],
)
def test_a_wrong_file_is_refused_and_leaves_nothing(text, shelf):
    before = sorted(shelf.folder.rglob("*"))
    with pytest.raises(InputError):
        keep.restored(text, shelf)
    assert sorted(shelf.folder.rglob("*")) == before


def test_the_program_gives_the_numbers_of_the_page(shelf, tmp_path, monkeypatch, capsys):
    asked = shelf.asked(read_query("world=demand_low&set=cluster_award*2")).at(1_100)
    text = keep.program(shelf.files(asked), asked, 2)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "program.py").write_text(text, "utf-8")
    runpy.run_path(str(tmp_path / "program.py"), run_name="__main__")
    printed = capsys.readouterr().out.splitlines()
    results = run([asked.baseline, asked.scenario], tmp_path / "store", draws=2)
    found = change(results, asked.scenario.name, asked.baseline.name)
    main = found.of("value_added")
    assert main is not None
    assert main.change is not None
    assert f"value_added anhui {main.change.mean} None None" in printed
    rows = keep.rows_of(found).splitlines()
    assert rows[0] == ",".join(keep.COLUMNS)
    assert any(f"value_added,province,anhui,2027,2,relative,{main.change.mean}" in r for r in rows)
    assert any(row.startswith("cost,payer,total,") for row in rows)


def test_a_question_names_its_files_first(shelf):
    asked = shelf.asked(read_query("on=credit_guarantee&world=demand_low&set=credit_guarantee*2"))
    assert isinstance(asked, Asked)
    first, *others = shelf.files(asked)
    assert first == f"{asked.scenario.name}.yaml"
    assert set(others) == {"credit_guarantee_demand_low.yaml", "credit_guarantee.yaml"}
