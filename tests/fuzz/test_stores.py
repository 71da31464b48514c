"""Folders of stores with bytes changed and files taken away, copied and swapped.

Whatever is done to a store that has its digests, what is read of it was written by a batch.
"""

import json
import shutil
import warnings
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from jiqun.cli import app
from jiqun.experiments import Results
from jiqun.experiments.runs.batch import Plan
from jiqun.experiments.runs.runner import Options, run_batch, with_rows
from jiqun.experiments.stores import selection
from jiqun.experiments.stores.digests import SUMS
from jiqun.experiments.stores.errors import StoreError
from jiqun.scenarios import load
from tests.fuzz.cases import cases

pytestmark = pytest.mark.slow


def flipped(path, _, content, place):
    if content:
        at = place % len(content)
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])


def swapped(path, other, content, _):
    path.write_bytes(other.read_bytes())
    other.write_bytes(content)


def a_folder(path, *_):
    path.unlink()
    path.mkdir()


def linked(path, other, *_):
    if path != other:
        path.unlink()
        path.symlink_to(other)


DONE = {
    "cut": lambda path, _, content, place: path.write_bytes(content[: place % (len(content) + 1)]),
    "flipped": flipped,
    "emptied": lambda path, *_: path.write_bytes(b""),
    "out": lambda path, *_: path.unlink(),
    "copied": lambda path, _, content, __: path.with_name(
        f"{path.stem} (1){path.suffix}"
    ).write_bytes(content),
    "swapped": swapped,
    "longer": lambda path, _, content, __: path.write_bytes(content + b"\n"),
    "a folder": a_folder,
    "linked": linked,
}
MANIFESTS = (
    *('{"store_version": 2}', "{}", "[]", "", "null", "{", '"x"', '{"store_version": "1"}'),
    *('{"store_version": 1}', '{"store_version": 1, "batches": 3}', "\ufeff{}", "\x00"),
    *('{"store_version": 1, "batches": [{}]}', '{"store_version": 1, "batches": {"a": 1}}'),
    *('{"store_version": 1, "region": 5, "batches": []}', '{"store_version": 1, "batches": [1]}'),
)
COMMANDS = (
    ("verify", "--strict"), ("verify",), ("export",), ("record",),
    ("compare", "--baseline", "without_document_55"), ("compare", "--baseline", "no_levers"),
    ("trace",), ("discover",), ("report",),
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small store, and what is in it."""
    folder = tmp_path_factory.mktemp("made") / "store"
    small = with_rows(load("without_document_55"), 1_100).until(2020)
    scenarios = [small, replace(small, name="no_levers", levers=())]
    for seeds in (1, 3):
        run_batch(scenarios, Plan(seeds=seeds), folder, Options(workers=1))
    found = Results(folder)
    return folder, rows(found)


def rows(results):
    """All outcomes and entries of the ledger that are read, as plain tuples."""
    outcomes = results.outcomes(["no_levers", "without_document_55"])
    return {tuple(row) for row in outcomes.itertuples(index=False)}, len(outcomes)


@st.composite
def damage(draw):
    """What is done to a store: to files by number, and to its manifest."""
    one = st.tuples(st.integers(0, 99), st.sampled_from(sorted(DONE)), st.integers(0, 10**6))
    manifest = st.none() | st.none() | st.sampled_from(MANIFESTS)
    return draw(st.lists(one, max_size=3)), draw(manifest)


def spoil(folder, done, manifest):
    """Damage a store; its digests stay."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    for number, what, place in done:
        path, other = files[number % len(files)], files[place % len(files)]
        if path.is_file() and other.is_file():
            DONE[what](path, other, path.read_bytes(), place)
    if manifest is not None:
        shutil.rmtree(folder / "manifest.json", ignore_errors=True)
        (folder / "manifest.json").unlink(missing_ok=True)
        (folder / "manifest.json").write_text(manifest, "utf-8")


def refused(folder, error):
    assert "\n" not in str(error)
    # What is asked for by name may be in none of the files that are left.
    assert str(folder) in str(error) or "is unknown; there are" in str(error)


@cases(0.03)
@given(case=damage())
def test_what_is_read_of_a_damaged_store_was_written_by_a_batch(made, case, tmp_path_factory):
    whole, (every, _) = made
    folder = tmp_path_factory.mktemp("fuzz") / "store"
    shutil.copytree(whole, folder)
    spoil(folder, *case)
    selection._WARNED.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found, count = rows(Results(folder))
        except StoreError as error:
            refused(folder, error)
        else:
            assert found <= every
            assert count == len(found)
    shutil.rmtree(folder)


@cases(0.02)
@given(case=damage(), command=st.sampled_from(COMMANDS))
def test_commands_on_a_damaged_store(made, case, command, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz") / "store"
    shutil.copytree(made[0], folder)
    spoil(folder, *case)
    selection._WARNED.clear()
    name, *options = command
    done = CliRunner().invoke(app, [name, str(folder), *options], prog_name="jiqun")
    assert done.exit_code in (0, 1, 2), (command, done.output)
    assert isinstance(done.exception, SystemExit | None), (command, repr(done.exception))
    assert "Traceback" not in done.output
    if done.exit_code:
        assert done.stderr.strip()
    shutil.rmtree(folder)


@cases(0.003)
@given(case=damage())
def test_a_damaged_store_is_mended_by_running_again(made, case, tmp_path_factory):
    whole, (every, _) = made
    folder = tmp_path_factory.mktemp("fuzz") / "store"
    shutil.copytree(whole, folder)
    spoil(folder, *case)
    selection._WARNED.clear()
    small = with_rows(load("without_document_55"), 1_100).until(2020)
    scenarios = [small, replace(small, name="no_levers", levers=())]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            report = run_batch(scenarios, Plan(seeds=3), folder, Options(workers=1))
        except StoreError as error:
            refused(folder, error)
        else:
            assert not report.failures
            found, count = rows(Results(folder))
            assert (found, count) == (every, len(every))
            json.loads((folder / "manifest.json").read_text("utf-8"))
    shutil.rmtree(folder)
