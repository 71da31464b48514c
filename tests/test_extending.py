"""Extensions of installed packages: the recipes of docs/extending.md, carried out as they stand."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from jiqun import Results, load, run
from jiqun.calibration.facts import measures
from jiqun.calibration.facts import run as facts
from jiqun.calibration.facts.panels import Panels
from jiqun.calibration.trial.files import chosen
from jiqun.checking import shock_lines
from jiqun.cli.refusals import _is_refusal
from jiqun.experiments.effects import change
from jiqun.experiments.effects.change import Change
from jiqun.experiments.runs.batch import model_hash
from jiqun.experiments.runs.draws import draws
from jiqun.experiments.sensitivity.spec import HERE
from jiqun.listing import lever_lines
from jiqun.model import ClusterPolicyModel, extensions, shocks
from jiqun.model.branching import first_difference
from jiqun.model.calendar import quarter_index
from jiqun.model.extensions import ExtensionError
from jiqun.model.observe.outcomes import Outcome, declare
from jiqun.model.observe.quantities import quantity
from jiqun.model.region import read_region
from jiqun.notebooks import extension_words
from jiqun.notebooks.what_changes import how_they_differ
from jiqun.notebooks.words import Words
from jiqun.scenarios import ScenarioError
from jiqun.scenarios.errors import TableError
from jiqun.scenarios.rows.evidence import Parameter
from jiqun.scenarios.tables import columns, files_of, read_table

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs/extending.md").read_text("utf-8")
FILES = dict(re.findall(r"(?m)^`([\w./]+)`:\n\n```\w+\n(.*?)^```", DOCUMENT, re.DOTALL))
"""Files of the recipes by name."""
ROWS, UNTIL = 1_100, 2026
ACT = """
import json
from pathlib import Path

from typer.testing import CliRunner

from jiqun import Results, load, run
from jiqun.checking import shock_lines
from jiqun.cli import app
from jiqun.experiments.runs.batch import model_hash
from jiqun.experiments.runs.draws import draws
from jiqun.experiments.sensitivity.factors import single
from jiqun.experiments.sensitivity.spec import read_spec
from jiqun.listing import lever_rows, parameter_rows
from jiqun.notebooks.what_changes import _shock
from jiqun.notebooks.words import Words
from jiqun.recording import parts_in, record
from jiqun.versions import version_lines

if __name__ == "__main__":
    files = ["advice.yaml", "flooded.yaml"]
    run(["without_document_55", *files], "store", seeds=1, rows=1100, until=2026, workers=2)
    results = Results("store")
    record(Path("store"))
    crate = json.loads(Path("store/ro-crate-metadata.json").read_text("utf-8"))
    stored = load(str(results.scenario_file(results.chosen()["flooded"].scenario_hash)))
    advice = load("advice.yaml")
    found = list(draws(advice, range(65)))
    task = read_spec("sensitivity.yaml")
    print(json.dumps({
        "draws": [[dict(each.values), dict(each.outside)] for each in found],
        "gains": [each.of(advice).lever("advice_visits").terms["gain"] for each in found],
        "factors": [each.name for each in single(task, task.spec.parameters)],
        "parameters": parameter_rows(),
        "shocks": [*shock_lines(load("flooded.yaml"))],
        "words": {
            lang: [
                _shock(load("flooded.yaml").shocks[0], Words(lang)),
                Words(lang).term("advice_visits", "gain"), Words(lang).term("pilot_grant", "rate"),
                Words(lang).name("parameter_names", "advice_gain"),
                Words(lang).name("parameter_names", "sigma"),
            ]
            for lang in ("zh", "en")
        },
        "outcomes": json.loads(CliRunner().invoke(app, ["outcomes", "--json"]).stdout),
        "model": model_hash(), "versions": version_lines(),
        "levers": lever_rows(),
        "record": [name for kind, name in parts_in(crate) if kind == "extension"],
        "stored": [stored.identity, results.chosen()["flooded"].scenario_hash],
    }))
"""


def install(folder, name, groups):
    """Make a package found on a path, as pip does."""
    info = folder / f"{name.replace('-', '_')}-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
    lines = [
        line
        for group, points in groups.items()
        for line in (f"[{group}]", *(f"{point} = {module}" for point, module in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with the files of the recipes; nothing of it is installed yet."""
    folder = tmp_path_factory.mktemp("extension")
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    shutil.copytree(ROOT / "tests/regions/made_up", folder / "my_ext/made_up")
    (folder / "my_ext/made_up/__init__.py").touch()
    return folder


@pytest.fixture(scope="module")
def groups(made):
    points = tomllib.loads((made / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    assert set(points) == {extensions.PREFIX + kind for kind in extensions.KINDS}
    return points


@pytest.fixture
def finding(monkeypatch):
    """Puts a folder on the path of this process; what was found there is forgotten afterwards."""
    known = {*sys.modules}

    def find(folder):
        monkeypatch.syspath_prepend(str(folder))
        importlib.invalidate_caches()
        extensions.everything.cache_clear()

    yield find
    monkeypatch.undo()
    extensions.everything.cache_clear()
    for name in {*sys.modules} - known:
        if name.partition(".")[0] in ("my_ext", "broken"):
            del sys.modules[name]


@pytest.fixture(scope="module")
def acted(made, groups):
    """What a process with the package tells, whose workers make runs with it."""
    install(made / "site", "my-ext", groups)
    told = yaml.safe_load((HERE / "reference.yaml").read_text("utf-8"))
    told |= {"parameters": ["advice_gain", "sigma"]}
    (made / "sensitivity.yaml").write_text(yaml.safe_dump(told), "utf-8")
    path = os.pathsep.join([str(made), str(made / "site"), str(ROOT)])
    (made / "act.py").write_text(ACT, "utf-8")
    done = subprocess.run(
        [sys.executable, "act.py"], cwd=made, env=os.environ | {"PYTHONPATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain") / "store"
    run("without_document_55", folder, seeds=1, rows=ROWS, until=UNTIL, workers=1)
    return Results(folder)


def test_what_an_extension_leaves_alone_has_the_same_bits_under_other_keys(acted, made, plain):
    results, name = Results(made / "store"), "without_document_55"
    mine, other = results.outcomes(name), plain.outcomes()
    added = mine[mine["outcome"] == "short_loans"]
    assert set(added["level"]) == {"province", "tier"}
    assert (added.loc[added["level"] == "province", "value"] > 0).all()
    same = mine[mine["outcome"] != "short_loans"].drop(columns="run_key").reset_index(drop=True)
    pd.testing.assert_frame_equal(same, other.drop(columns="run_key"), check_exact=True)
    assert not {*mine["run_key"]} & {*other["run_key"]}
    assert acted["model"] != model_hash()
    assert set(results.runs()["model_hash"]) == {acted["model"]}


def test_an_extension_is_named_wherever_its_results_are(acted, made):
    manifest = json.loads((made / "store/manifest.json").read_text("utf-8"))
    noted = manifest["batches"][-1]["extensions"]
    assert {each["kind"] for each in noted} == set(extensions.KINDS)
    assert {(each["package"], each["version"]) for each in noted} == {("my-ext", "0.1")}
    assert len({each["digest"] for each in noted}) == 1
    told = [line for line in acted["versions"] if line.startswith("extension: ")]
    assert len(told) == len(extensions.KINDS)
    assert sum("part of the version of the model" in line for line in told) == 4
    assert len(acted["record"]) == len(extensions.KINDS)
    assert "advice of jiqun.levers (my-ext 0.1)" in acted["record"]


def test_lists_name_the_package_that_something_came_with(acted):
    own = {
        "levers": {"pilot_grant", "advice_visits"}, "outcomes": {"short_loans"},
        "parameters": {"advice_gain", "flood_exposed"},
    }  # fmt: skip
    for kind, names in own.items():
        by = {row.get("id", row.get("name")): row["package"] for row in acted[kind]}
        assert {name for name, package in by.items() if package == "my-ext 0.1"} == names
        assert {*by.values()} == {None, "my-ext 0.1"}
    assert acted["shocks"] == ["flood: strikes 2026-Q1 to 2026-Q1, loss 0.1 (my-ext 0.1)"]
    (row,) = (row for row in acted["levers"] if row["id"] == "advice_visits")
    assert [*lever_lines([row])][-1] == "    came with: my-ext 0.1"


def test_pages_have_words_for_what_an_extension_adds(acted):
    zh, en = acted["words"]["zh"], acted["words"]["en"]
    assert zh[:2] == ["洪水（2026年第1季度至2026年第1季度，毁损比例 0.1）", "生产率年增幅"]
    assert en[:2] == ["Flood (2026-Q1 to 2026-Q1, share lost 0.1)", "growth of productivity"]
    assert (zh[3], en[3]) == ("受访企业的生产率增幅", "growth of productivity at those visited")
    # A name of the project is no package's to change.
    for words, found in ((Words("zh"), zh), (Words("en"), en)):
        assert found[2] == words.term("pilot_grant", "rate") == words.names("term_names")["rate"]
        assert found[4] == words.name("parameter_names", "sigma")


def test_words_of_another_form_are_refused_with_their_line(made, groups, finding, tmp_path):
    shutil.copytree(made / "my_ext", tmp_path / "my_ext")
    install(tmp_path, "my-ext", {"jiqun.shocks": groups["jiqun.shocks"]})
    finding(tmp_path)
    assert extension_words.names("term_names", "en")["flood.loss"] == "share lost"
    path = tmp_path / "my_ext/texts.yaml"
    path.write_text("term_names:\n  zh: {flood.loss: 毁损比例}\n", "utf-8")
    with pytest.raises(ScenarioError, match=r"texts.yaml:1: term_names.en: is missing"):
        extension_words.names("term_names", "en")
    path.write_text("terms: {}\n", "utf-8")
    with pytest.raises(ScenarioError, match=r"unknown key.*nearest: term_names"):
        extension_words.names("term_names", "en")


def test_a_lever_from_outside_acts_and_its_cost_is_booked(acted, made):
    results = Results(made / "store")
    assert {"pilot_grant", "advice_visits"} < {row["id"] for row in acted["levers"]}
    found = results.effects("advice", ["value_added", "rd_expenditure"], "province")
    found = found.set_index(["outcome", "year"])["mean"]
    assert (found.loc["value_added"].loc[:2023] == 0.0).all()
    assert found["value_added", 2026] > 0.0
    assert found["rd_expenditure", 2026] > 0.0
    booked = results.ledger("advice", years=2026).groupby(["lever", "kind"])["yuan"].sum()
    assert booked["advice_visits", "spent"] > 0.0
    assert booked["pilot_grant", "paid"] > 0.0
    assert results.runs()["residual"].max() < 1e-9


def test_a_parameter_from_outside_is_drawn_and_moves_no_other(acted):
    listed = {row["name"]: row for row in acted["parameters"]}
    ranges = {"advice_gain": (0.0, 0.02), "flood_exposed": (0.2, 0.6)}
    with_it = acted["draws"]
    (values, _), *drawn = with_it
    assert not ranges.keys() & values.keys(), "draw 0 is central"
    for name, (low, high) in ranges.items():
        found = np.array([values.pop(name) for values, _ in drawn])
        ends = 0.2 * (high - low)
        assert low <= found.min() < low + ends
        assert high - ends < found.max() <= high
        assert len(set(found)) == 64
        assert listed[name]["source"] == "judged: a made-up number"
    without = [[dict(d.values), dict(d.outside)] for d in draws(load("as_issued"), range(65))]
    assert with_it == without
    assert {"parameter.advice_gain", "parameter.sigma"} <= {*acted["factors"]}


def test_a_term_moves_with_the_parameter_that_an_extension_draws(acted):
    at = quarter_index(2024, 1)
    gains = [value for ((start, value),) in acted["gains"] if start == at]
    assert len(set(gains)) == 65
    assert gains[0] == 0.01


def test_a_shock_strikes_when_its_scenario_says(acted, made):
    frame = Results(made / "store").effects("flooded", "revenue", "city")
    hefei = frame[frame["unit_name"] == "hefei"].set_index("year")["mean"]
    assert (frame.loc[frame["year"] < 2026, "mean"] == 0.0).all()
    assert hefei[2026] < 0.0
    # The scenario as the store keeps it is the same again.
    assert acted["stored"][0] == acted["stored"][1]


@pytest.fixture
def data_alone(made, groups, finding, tmp_path):
    """The kinds that act in no run, in this process."""
    kept = ("trials", "facts", "regions")
    install(tmp_path, "my-ext", {f"jiqun.{kind}": groups[f"jiqun.{kind}"] for kind in kept})
    finding(made)
    finding(tmp_path)


@pytest.mark.usefixtures("data_alone")
def test_a_trial_from_outside_is_found_by_its_name_and_its_row():
    for asked in ("my_grants", "my_investment"):
        ((trial, rows),) = chosen([asked])
        assert (trial.path.name, rows) == ("my_grants.yaml", ("my_investment",))
    assert "my_grants" not in {trial.path.stem for trial, _ in chosen([])}


@pytest.mark.usefixtures("data_alone")
def test_a_fact_from_outside_is_measured_with_its_texts(monkeypatch):
    monkeypatch.setattr(measures, "MEASURES", {**measures.MEASURES})
    monkeypatch.setattr(facts, "MEASURES", measures.MEASURES)
    told = facts.told_of()
    rows = {"year": 2023, "weight": [2.0, 1.0], "employees": [10.0, 60.0], "age": [3.0, 30.0]}
    panels = Panels(pd.DataFrame(rows), pd.DataFrame())
    found = measures.MEASURES["young_jobs"](panels)
    assert (found.value, found.passed, found.observations) == (0.25, True, 2)
    measured = [facts.Fact(key, *said, [found]) for key, said in told.items()]
    line = facts.results(measured).iloc[-1]
    assert (line["key"], line["value"], line["source"]) == ("young_jobs", 0.25, "An author (2020)")
    assert "Share of jobs in young enterprises" in facts.page(measured)
    monkeypatch.delitem(measures.MEASURES, "young_jobs")
    with pytest.raises(ExtensionError, match="young_jobs is measured by no function"):
        facts.told_of()
    # The pages of the project are not written with it.
    monkeypatch.setattr(sys, "argv", ["facts"])
    with pytest.raises(SystemExit):
        facts.main()


@pytest.mark.usefixtures("data_alone")
def test_a_region_from_outside_is_found_by_its_name():
    assert read_region("made_up").id == "made_up"
    assert len(read_region("made_up").fields) == 6


BROKEN = {
    "no module": ({"jiqun.levers": {"x": "broken.nothing"}}, "no module"),
    "an object": ({"jiqun.levers": {"x": "broken:X"}}, "leave out the colon"),
    "a group": ({"jiqun.lever": {"x": "broken"}}, "no such group; allowed: levers"),
    "its code": ({"jiqun.outcomes": {"x": "broken.fails"}}, "ZeroDivisionError"),
    "nothing": ({"jiqun.shocks": {"x": "broken.empty"}}, "declares nothing"),
    "no table": ({"jiqun.levers": {"x": "broken"}}, "has no file levers.yaml"),
    "no parameters": ({"jiqun.parameters": {"x": "broken"}}, "has no file parameters.csv"),
    "no folder": ({"jiqun.trials": {"x": "broken.empty"}}, "no folder with an __init__.py"),
    "no trial": ({"jiqun.trials": {"x": "broken"}}, r"has no file \*.yaml"),
    "another name": ({"jiqun.regions": {"x": "broken.province"}}, "give both one name"),
}


@pytest.mark.parametrize(("points", "told"), BROKEN.values(), ids=BROKEN)
def test_a_broken_extension_is_refused_with_its_package_and_the_mend(
    points, told, finding, tmp_path
):
    (tmp_path / "broken/province").mkdir(parents=True)
    for name, text in {
        "__init__": "", "empty": "", "fails": "1 / 0", "province/__init__": "",
    }.items():  # fmt: skip
        (tmp_path / f"broken/{name}.py").write_text(text)
    (tmp_path / "broken/province/region.yaml").write_text("name: x")
    install(tmp_path, "broken-package", points)
    finding(tmp_path)
    use = {
        "levers": lambda: [each.file("levers.yaml") for each in extensions.installed("levers")],
        "outcomes": lambda: extensions.load("outcomes", {}),
        "shocks": lambda: extensions.load("shocks", {}),
        "parameters": lambda: files_of("parameters"),
        "trials": lambda: chosen(["my_grants"]),
        "regions": lambda: read_region("anhui"),
    }.get(next(iter(points)).removeprefix("jiqun."), extensions.everything)
    with pytest.raises(ExtensionError, match=told) as caught:
        use()
    assert "mend package broken-package, or take it out: pip uninstall" in str(caught.value)
    assert _is_refusal(caught.value)


def test_what_an_extension_consists_of_is_part_of_what_it_is(made, groups, finding, tmp_path):
    shutil.copytree(made / "my_ext", tmp_path / "my_ext")
    install(tmp_path, "my-ext", {"jiqun.levers": groups["jiqun.levers"]})
    finding(tmp_path)
    (each,) = extensions.acting()
    before = each.digest
    table = tmp_path / "my_ext/levers/levers.yaml"
    table.write_bytes(table.read_bytes().replace(b"\n", b"\r\n"))
    (tmp_path / "my_ext/__pycache__").mkdir(exist_ok=True)
    (tmp_path / "my_ext/__pycache__/x.pyc").write_bytes(b"1")
    assert each.digest == before
    table.write_text(table.read_text("utf-8").replace("value: 30", "value: 31"), "utf-8")
    assert each.digest != before


def test_a_name_is_declared_once_and_names_of_the_project_are_taken(monkeypatch):
    monkeypatch.setattr(shocks, "KNOWN", {})
    shocks.shock("hail", zh="冰雹", en="Hail")(print)
    with pytest.raises(ValueError, match="hail is declared twice"):
        shocks.shock("hail", zh="冰雹", en="Hail")(print)
    mine = Outcome("revenue", "收入", "Revenue", "yuan", ("province",), 0, len)
    with pytest.raises(ValueError, match="revenue is declared twice"):
        declare(mine)
    with pytest.raises(ValueError, match="levels are some of province"):
        declare(replace(mine, id="mine", levels=("street",)))
    with pytest.raises(ValueError, match="does not begin with own_"):
        quantity("count")(len)


@pytest.fixture
def hail(monkeypatch):
    struck = []
    kind = shocks.ShockKind(
        "hail", "冰雹", "Hail", {"loss": (0.0, 0.5)},
        lambda m, terms: struck.append((m.quarter, terms["loss"])),
    )  # fmt: skip
    monkeypatch.setitem(shocks.KNOWN, "hail", kind)
    return struck


def scenario(folder, text, name="struck"):
    path = folder / f"{name}.yaml"
    path.write_text(f"name: {name}\nbaseline: without_document_55\n{text}", "utf-8")
    return path


def test_a_shock_strikes_in_its_quarters_alone_and_a_past_before_it_is_shared(hail, tmp_path):
    struck = load(scenario(tmp_path, "shocks: [{id: hail, from: 2019-Q2, to: 2019-Q3, loss: 0.2}]"))
    base = load("without_document_55")
    assert "shocks" not in base.canonical()
    assert struck.identity != base.identity
    assert first_difference(base, struck) == quarter_index(2019, 2)
    assert first_difference(struck, struck) > struck.end
    model = ClusterPolicyModel(replace(struck, rows=ROWS), rng=1)
    model.run_until_year(2019)
    assert hail == [(1, 0.2), (2, 0.2)]
    # A scenario on top has it too, and may put its own in its place.
    scenario(tmp_path, "shocks: [{id: hail, from: 2019-Q2, loss: 0.1}]")
    (tmp_path / "on_top.yaml").write_text("name: on_top\nbaseline: struck\n", "utf-8")
    assert load(tmp_path / "on_top.yaml").shocks[0].values == (("loss", 0.1),)


def test_shocks_are_told_in_words_where_scenarios_are_compared(hail, tmp_path):
    struck = load(scenario(tmp_path, "shocks: [{id: hail, from: 2026-Q1, loss: 0.2}]"))
    assert list(shock_lines(struck)) == ["hail: strikes 2026-Q1 to 2027-Q4, loss 0.2"]
    told = Change(
        "struck", "base", {}, 2027, 0, False, {}, {}, (), {}, False, True, None, "",
        change._shocks(struck, load("without_document_55")),
    )  # fmt: skip
    assert how_they_differ(told, Words("en")) == ["a shock: Hail (2026-Q1 to the end, loss 0.2)"]
    back = replace(told, shocks=told.shocks[::-1])
    assert how_they_differ(back, Words("zh")) == ["没有冲击：冰雹（2026年第1季度至期末，loss 0.2）"]


REFUSED = {
    "{id: hale, from: 2024-Q1, loss: 0.1}": "unknown shock 'hale'.*nearest: hail",
    "{id: hail, from: 2024-Q1}": r"shocks\[0\].loss: is missing",
    "{id: hail, from: 2024-Q1, loss: 0.9}": "0.9 is not allowed; allowed: 0 to 0.5",
    "{id: hail, from: 2024-Q1, loss: yes}": "is not allowed",
    "{id: hail, from: 2024-Q1, loss: 0.1, los: 1}": "unknown key of shock hail.*nearest: loss",
    "{id: hail, from: 2024-Q1, to: 2023-Q4, loss: 0.1}": "ends 2023-Q4, before it begins",
    "{id: hail, from: 2018-Q1, loss: 0.1}": "2018-Q1 is before the start",
    "{id: hail, loss: 0.1}": "is missing",
    "{id: hail, from: 2024-Q1, loss: 0}, {id: hail, from: 2024-Q1, loss: 0}": "set twice",
}


@pytest.mark.usefixtures("hail")
@pytest.mark.parametrize(("written", "told"), REFUSED.items())
def test_a_wrong_shock_is_refused(written, told, tmp_path):
    with pytest.raises(ScenarioError, match=told):
        load(scenario(tmp_path, f"shocks: [{written}]"))


WRONG = {
    "value": ("3", "low <= 3 <= high"),
    "high": ("-1", "low <= 0.1 <= high"),
    "low": ("x", "number"),
    "distribution": ("normal", "triangular"),
    "grade": ("F", "'A', 'B', 'C', 'D'"),
    "source": ("", "not allowed"),
    "use": ("output", "fixed"),
}


@pytest.mark.parametrize("column", WRONG)
def test_a_parameter_without_a_range_law_grade_or_source_is_refused(column, tmp_path):
    row = dict.fromkeys(columns(Parameter), "x") | {
        "value": "0.1", "low": "0", "high": "0.2", "distribution": "uniform", "grade": "E",
        "use": "input",
    }  # fmt: skip
    given, told = WRONG[column]
    path = tmp_path / "parameters.csv"
    for each in (row, row | {column: given}):
        path.write_text(",".join(each) + "\n" + ",".join(each.values()) + "\n", "utf-8")
        if each == row:
            assert len(read_table(path, Parameter)) == 1
    with pytest.raises(TableError, match=re.escape(told)):
        read_table(path, Parameter)
