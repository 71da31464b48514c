"""`jiqun record` and `jiqun verify`: whatever is changed after the record is named."""

import json
import re
import shutil
import socket
import subprocess
from urllib.parse import unquote

import fake_work
import pytest
from typer.testing import CliRunner

from jiqun import bill, installed, recording
from jiqun.cli import app
from jiqun.experiments.runs.batch import Plan
from jiqun.experiments.runs.runner import Options, run_batch
from jiqun.experiments.stores.digests import SUMS, digest_of
from jiqun.experiments.stores.digests import recorded as sums_of

KINDS = (
    "runs/*.parquet", "outcomes/*.parquet", "ledger/*.parquet", "populations/*.arrow",
    "scenarios/*.yaml", "failures/*.json", "manifest.json", SUMS, "report/zh/*.html",
    bill.FILE, recording.FILE,
)  # fmt: skip
"""A pattern for each kind of file of a store."""


def jiqun(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)], prog_name="jiqun")


@pytest.fixture(scope="module")
def parts():
    """What is installed, worked out once."""
    return installed.parts()


@pytest.fixture(autouse=True)
def in_english(parts, monkeypatch):
    monkeypatch.setenv("JIQUN_LANG", "en")
    monkeypatch.setattr(installed, "parts", lambda: parts)


@pytest.fixture(scope="module")
def made(tmp_path_factory, small):
    """A store with a run that failed, a page, and a file that an earlier batch set aside."""
    folder = tmp_path_factory.mktemp("made") / "store"
    options = Options(1, None, "jiqun run mine", fake_work.fails_at_seed_2)
    report = run_batch([small], Plan(draws=2), folder, options)
    assert (report.made, len(report.failures)) == (1, 1)
    for file in ("report/zh/index.html", "report/zh/附表 1.csv", "set_aside/runs/old.parquet"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(f"{file}: 1", "utf-8")
    return folder


@pytest.fixture
def store(made, tmp_path):
    folder = shutil.copytree(made, tmp_path / "store")
    done = jiqun("record", folder)
    assert done.exit_code == 0, done.stderr
    return folder


def crate_of(store):
    return json.loads((store / recording.FILE).read_text("utf-8"))


def problems(store):
    done = jiqun("verify", store, "--json")
    assert done.exit_code == 1, done.stderr
    return json.loads(done.stdout)["problems"]


def with_a_byte_changed(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_what_was_recorded_holds_also_in_another_folder_without_a_network(
    store, tmp_path, monkeypatch
):
    copy = shutil.copytree(store, tmp_path / "elsewhere" / "副本")
    monkeypatch.setattr(socket, "socket", None)
    for folder in (store, copy):
        done = jiqun("verify", folder)
        assert done.exit_code == 0, done.stdout
        assert "are as recorded" in done.stdout
    assert jiqun("verify", copy, "--strict").exit_code == 0


@pytest.mark.parametrize("pattern", KINDS)
def test_one_changed_byte_fails_and_the_file_is_named(store, pattern):
    path = sorted(store.glob(pattern))[0]
    file = path.relative_to(store).as_posix()
    with_a_byte_changed(path)
    done = jiqun("verify", store)
    assert done.exit_code == 1
    assert f"{file}: is not as it was recorded" in done.stdout.splitlines()
    assert problems(store) == {file: "changed"}


def test_every_byte_of_the_record_counts(store):
    """A number, a description, a space: whatever of the record is changed is told."""
    path = store / recording.FILE
    text = path.read_text("utf-8")
    places = [text.index(word) for word in ("BSD-3", "jiqun run mine", '"sha256": "', "  ")]
    for place in places:
        path.write_text(text[:place] + "x" + text[place + 1 :], "utf-8")
        assert problems(store)[recording.FILE] == "changed"
    for content in (text.replace("\n", "\r", 1), text.replace("\n", "\r\n"), text + " ", ""):
        path.write_bytes(content.encode())
        assert problems(store)[recording.FILE] == "changed"
    path.write_bytes(b"\xff" + text.encode())
    assert problems(store) == {recording.FILE: "changed"}
    path.write_text("{}", "utf-8")
    assert problems(store) == {recording.FILE: "changed"}
    path.write_text(text, "utf-8")
    assert jiqun("verify", store).exit_code == 0


def test_what_is_missing_or_was_added_is_named(store):
    shard = next((store / "ledger").iterdir())
    shard.unlink()
    (store / "report" / "en").mkdir()
    (store / "report" / "en" / "index.html").write_text("new", "utf-8")
    lost = f"ledger/{shard.name}"
    assert problems(store) == {lost: "missing", "report/en/index.html": "added"}
    said = jiqun("verify", store).stdout
    assert f"{lost}: is missing" in said
    assert "report/en/index.html: was added after the record" in said


def test_a_file_that_is_no_part_of_the_results_is_not_bound(store):
    assert not any("set_aside" in file for file in recording.digests_in(crate_of(store)))
    (store / "set_aside" / "runs" / "old.parquet").unlink()
    (store / ".DS_Store").write_text("of the system", "utf-8")
    assert jiqun("verify", store).exit_code == 0


def test_a_later_batch_is_named_and_recorded_anew(store, small):
    manifest = store / "manifest.json"
    first = json.loads(manifest.read_text("utf-8"))
    first["batches"][0]["started"] = "2020-01-01T00:00:00+00:00"
    manifest.write_text(json.dumps(first), "utf-8")
    assert jiqun("record", store).exit_code == 0
    run_batch([small], Plan(draws=2), store, Options(1, command="jiqun run mine --again"))
    done = jiqun("verify", store)
    assert done.exit_code == 1
    assert re.search(r"recorded before the batch of 20\S+ \(jiqun run mine --again\)", done.stdout)
    assert f"run jiqun record {store} again" in done.stdout
    found = problems(store)
    assert {"added", "changed", "missing"} == set(found.values())
    assert [f.partition("/")[0] for f, why in found.items() if why == "missing"] == ["failures"]
    assert jiqun("record", store).exit_code == 0
    assert jiqun("verify", store).exit_code == 0


def test_failed_runs_are_bound_and_counted(store):
    done = jiqun("record", store, "--json")
    assert json.loads(done.stdout)["failed"] == 1
    assert "1 of them tell of runs that failed" in jiqun("record", store).stdout
    assert "runs that failed: 1" in recording.entities(crate_of(store))["./"]["description"]


def test_the_record_has_the_digests_that_the_store_noted(store):
    noted, sums = recording.digests_in(crate_of(store)), sums_of(store)
    assert sums.items() <= noted.items()
    assert all(digest_of(store / file) == digest for file, digest in noted.items())


def test_the_record_is_whole_as_linked_data(store):
    """What a reader of RO-Crate 1.1 relies on: a flat graph in which every link leads somewhere."""
    crate = crate_of(store)
    known = recording.entities(crate)
    assert len(known) == len(crate["@graph"])
    assert known[recording.FILE]["about"] == {"@id": "./"}
    assert {"name", "description", "datePublished", "license", "creditText"} <= known["./"].keys()
    led = {"./", recording.FILE}
    for entity in crate["@graph"]:
        assert {"@id", "@type"} <= entity.keys()
        assert "name" in entity or entity["@id"] == recording.FILE
        for value in entity.values():
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, dict):
                    assert each.keys() == {"@id"}
                    led.add(each["@id"])
    outside = {"https://w3id.org/ro/crate/1.1"}
    assert led - outside == known.keys()
    files = {unquote(e["@id"]) for e in crate["@graph"] if e["@type"] == "File"}
    assert files == {*recording.files_of(store)}
    assert "report/zh/附表 1.csv" in files


def test_the_batch_has_its_command_and_its_inputs(store):
    known = recording.entities(crate_of(store))
    batch = known["#batch-1"]
    assert batch["name"] == "jiqun run mine"
    inputs = {each["@id"] for each in batch["object"]}
    assert any(each.startswith("scenarios/") for each in inputs)
    assert "#table/calibration/data/parameters.csv" in inputs
    assert known["#batch-1/model_hash"]["value"] == installed.versions()["model_hash"]
    assert known["#result/calibration/ensemble.parquet"]["sha256"]
    assert known["#package/numpy"]["softwareVersion"]


def test_inputs_that_are_not_installed_are_not_given_as_those_of_a_batch(store):
    manifest = store / "manifest.json"
    noted = json.loads(manifest.read_text("utf-8"))
    noted["batches"][0]["data_hash"] = "0" * 20
    manifest.write_text(json.dumps(noted), "utf-8")
    done = jiqun("record", store)
    assert done.exit_code == 0
    assert "was made with another data_hash than is installed" in done.stderr
    inputs = recording.entities(crate_of(store))["#batch-1"]["object"]
    assert not any(each["@id"].startswith("#table/") for each in inputs)


def test_another_program_is_a_note_unless_strict(store, parts, monkeypatch):
    changed = tuple(
        installed.Part(p.kind, p.name, "other", p.size)
        if (p.kind, p.name) in {("code", "model"), ("package", "numpy")}
        else p
        for p in parts
    )
    monkeypatch.setattr(installed, "parts", lambda: changed)
    done = jiqun("verify", store)
    assert done.exit_code == 0
    assert "note: what is installed is not what was recorded: code: model" in done.stdout
    assert "packages: numpy" in done.stdout
    strict = jiqun("verify", store, "--strict")
    assert strict.exit_code == 1
    assert "but NOT what is installed" in strict.stdout
    data = json.loads(jiqun("verify", store, "--strict", "--json").stdout)
    assert (data["ok"], data["problems"]) == (False, {})
    assert data["installed_differs"] == {"code": ["model"], "package": ["numpy"]}


def test_a_store_that_is_not_whole_is_not_recorded(made, tmp_path):
    store = shutil.copytree(made, tmp_path / "store")
    shard = next((store / "outcomes").iterdir())
    with_a_byte_changed(shard)
    done = jiqun("record", store)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"outcomes/{shard.name} is not as it was written" in done.stderr
    assert not (store / recording.FILE).exists()


def test_without_a_record_or_a_store_the_status_is_2(made, tmp_path):
    for folder in (made, tmp_path / "nowhere"):
        done = jiqun("verify", folder)
        assert (done.exit_code, done.stdout) == (2, "")
        assert f"jiqun record {folder}" in done.stderr
    done = jiqun("record", tmp_path / "nowhere")
    assert done.exit_code == 2
    assert "no store of runs" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_both_commands_speak_chinese(store, monkeypatch):
    with_a_byte_changed(store / "manifest.json")
    done = jiqun("--lang", "zh", "verify", store)
    assert "manifest.json：与登记时不一致" in done.stdout
    assert re.search("[a-z]{4,} [a-z]{4,}", done.stdout.replace(str(store), "")) is None


def test_a_batch_that_is_at_work_is_waited_for(store):
    """The record is written under the lock that batches take."""
    with recording.Store(store).held():
        waited = []
        with pytest.raises(KeyboardInterrupt):
            recording.record(store, lambda: (waited.append(1), _interrupt()))
    assert waited == [1]


def _interrupt():
    raise KeyboardInterrupt


def test_parts_are_of_no_machine_and_cover_what_is_used(parts):
    names = {(part.kind, part.name) for part in parts}
    assert len(names) == len(parts)
    assert {("code", name) for name in installed.PACKAGES} <= names
    assert {
        ("table", "scenarios/regions/anhui/tables/figures.csv"),
        ("region", "scenarios/regions/anhui/levers.yaml"),
        ("result", "calibration/results/trials.csv"),
        ("result", "calibration/results/fit.json"),
        ("package", "duckdb"),
    } <= names
    assert not [part.name for part in parts if part.name.startswith("/") or ":" in part.name]
    assert not {("package", "pytest"), ("package", "jiqun")} & names


def test_the_bill_lists_what_is_installed_as_cyclonedx(store, parts):
    """What a reader of CycloneDX 1.6 relies on: unique references that all lead somewhere."""
    written = (store / bill.FILE).read_text("utf-8")
    found = json.loads(written)
    assert (found["bomFormat"], found["specVersion"], found["version"]) == ("CycloneDX", "1.6", 1)
    components = found["components"]
    assert [(c["name"], c["version"]) for c in components] == [
        (part.name, part.digest) for part in parts if part.kind == "package"
    ]
    own = found["metadata"]["component"]
    assert (own["name"], own["type"]) == ("jiqun", "application")
    assert {each["type"] for each in components} == {"library"}
    for each in (own, *components):
        assert each["bom-ref"] == each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}"
        (licence,) = each["licenses"]
        # The schema takes one of the two, and no empty licence.
        assert licence.keys() in ({"expression"}, {"license"})
        assert licence.get("expression") or licence["license"]["name"]
    assert all(
        len(set(link["dependsOn"])) == len(link["dependsOn"]) for link in found["dependencies"]
    )
    links = {link["ref"]: link["dependsOn"] for link in found["dependencies"]}
    assert links.keys() == {each["bom-ref"] for each in (own, *components)}
    reached, pending = set(), [own["bom-ref"]]
    while pending:
        reached.add(ref := pending.pop())
        pending += [each for each in links[ref] if each not in reached]
    assert reached == links.keys()
    # One installation has one bill: nothing in it is of a time or of a machine.
    assert bill.text() == written
    entity = recording.entities(crate_of(store))[bill.FILE]
    assert entity["encodingFormat"] == bill.KIND


def test_the_commit_is_noted_with_what_was_changed_since(tmp_path, monkeypatch):
    monkeypatch.setattr(installed, "PROJECT", tmp_path)
    assert installed.commit() == ""
    (tmp_path / "pyproject.toml").write_text("", "utf-8")
    if not shutil.which("git"):
        assert installed.commit() == ""
        return
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for command in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "one")):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    assert re.fullmatch("[0-9a-f]{40}", installed.commit())
    (tmp_path / "pyproject.toml").write_text("changed", "utf-8")
    assert installed.commit().endswith(", with changes that are not committed")
