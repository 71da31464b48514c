"""The command line: what it prints where, and its exit status."""

import errno
import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jiqun.cli import app, main
from jiqun.experiments.runs import runner
from jiqun.experiments.runs.timing import Measurement
from jiqun.experiments.stores.store import Store
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.model.quarter import QUARTER, YEAR_END
from jiqun.scenarios.tables import table

ROOT = Path(__file__).parents[2]
SMALL = ("--rows", "1100", "--until", "2020", "--workers", "1")


def jiqun(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)], prog_name="jiqun")


COMMANDS = [
    "demo", "check", "run", "ask", "sweep", "compare", "levers", "trace", "outcomes",
    "parameters", "schedule", "export", "report", "app", "record", "verify",
    "calibrate", "recover", "backtest", "trial", "sensitivity", "discover", "design",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_carries_an_example(command):
    done = jiqun(command, "--help")
    assert done.exit_code == 0
    assert f"Example: jiqun {command}" in " ".join(done.stdout.split())


def test_only_commands_that_are_built_are_listed():
    text = jiqun("--help").stdout.partition("Commands:")[2]
    listed = [
        line.split()[0] for line in text.splitlines() if line.startswith("  ") and line[2] != " "
    ]
    assert listed == COMMANDS


def test_check_says_what_is_wrong_with_each(tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: bad\nstart: 2019-Q1\nend: 2027-Q4\nlevres: []\n", "utf-8")
    done = jiqun("check", "without_document_55", bad)
    assert done.exit_code == 2
    assert done.stdout.startswith("without_document_55: ok\n")
    assert done.stdout.count(": ok\n") == 1
    assert f"{bad}:4: levres: unknown key" in done.stderr
    assert "nearest: levers" in done.stderr
    done = jiqun("check", "without_document_55", bad, "--json")
    good, wrong = json.loads(done.stdout)
    assert (good["ok"], wrong["ok"]) == (True, False)
    assert (wrong["problems"][0]["line"], wrong["problems"][0]["nearest"]) == (4, "levers")


def test_a_run_prints_distances_and_json_stands_alone_on_stdout(tmp_path):
    out = tmp_path / "store"
    first = jiqun("run", "without_document_55", *SMALL, "--out", out, "--json")
    assert first.exit_code == 0, first.stderr
    said = json.loads(first.stdout)
    assert (said["made"], said["skipped"], said["failures"]) == (1, 0, [])
    distances = said["distances"]["without_document_55"]
    assert {"revenue", "enterprises", "loans"} <= {row["id"] for row in distances["population"]}
    assert any(row["id"] == "rev_2020" and row["simulated"] for row in distances["outcomes"])
    assert "1 of 1 runs" in first.stderr
    assert "rev_2020" in first.stderr
    again = jiqun("run", "without_document_55", *SMALL, "--out", out)
    assert (again.exit_code, again.stdout) == (0, "")
    assert "0 runs made, 1 there already" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "without_document_5"), "nearest: without_document_55"),
        (("run", "without_document_55", "--rows", "few"), "--rows few: allowed: 1,100 to"),
        (("schedule", "--rows", "few"), "--rows few: allowed: 1,100 to"),
        (("run", "without_document_55", "--until", "1999"), "--until 1999: allowed: 2019 to"),
        (("run", "without_document_55", "--seeds", "2", "--draws", "3"), "--cross"),
        (("run", "without_document_55", "without_document_55"), "one scenario named"),
        (("run", "without_document_55", "--vary", "weather"), "parameters"),
        (("run",), "scenarios"),
        (("report", "nowhere"), "no finished runs"),
        (("compare", "nowhere", "--baseline", "as_issued"), "no finished runs"),
        (("compare", "nowhere", "--baseline", "as_issued", "--worlds"), "go with --equal-cost"),
        (
            ("compare", "nowhere", "--baseline", "without_document_55", "--equal-cost"),
            "no baseline of its own",
        ),
        (
            ("compare", "x", "--baseline", "as_issued", "--equal-cost", "--design", "green_retro"),
            "nearest: green_retrofit",
        ),
        (("trace", "nowhere"), "no finished runs"),
        (("trace", "nowhere", "--json"), "no finished runs"),
    ],
)
def test_wrong_input_ends_with_status_2_and_nothing_runs(arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = jiqun(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert said in done.stderr.lower() if said == "scenarios" else said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_store_of_another_version_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text('{"store_version": 0}', "utf-8")
    done = jiqun("run", "without_document_55", *SMALL, "--out", tmp_path)
    assert done.exit_code == 2
    assert "is of version 0" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["manifest.json"]


def test_schedule_lists_the_stages_in_order_with_their_time():
    done = jiqun("schedule", "--rows", "1200", "--json")
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["scenario"], said["rows"]) == ("without_document_55", 1200)
    for key, stages in (("quarter", QUARTER), ("year_end", YEAR_END)):
        assert [row["name"]["en"] for row in said[key]] == [stage.name for stage in stages]
        assert [row["sentence"]["en"] for row in said[key]] == [each.sentence for each in stages]
        for row, stage in zip(said[key], stages, strict=True):
            names = {f"{owner}.{name}" for owner, all_ in row["writes"].items() for name in all_}
            assert names == stage.written
            assert row["function"] == f"{stage.run.__module__}.{stage.run.__name__}"
    times = said["milliseconds"]
    staged = {r["name"]["en"]: r["milliseconds"] for r in (*said["quarter"], *said["year_end"])}
    assert min(staged["investment and finance"], staged["observation"]) > 1.0
    parts = sum(staged.values()) + times["start"] + times["between"] + times["records"]
    assert parts == pytest.approx(times["total"])
    assert times["between"] >= 0.0


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_schedule_speaks_both_languages(lang, monkeypatch):
    one = Measurement(900, 36, 0.01, 0.3, 0.02, {s.name: 0.01 for s in (*QUARTER, *YEAR_END)})
    monkeypatch.setattr("jiqun.scheduling.measure", lambda *_: one)
    monkeypatch.setenv("JIQUN_LANG", "")
    done = jiqun("--lang", lang, "schedule")
    assert done.exit_code == 0, done.stderr
    head, *lines = done.stdout.splitlines()
    assert "330" in head
    assert len(lines) == 2 * len((*QUARTER, *YEAR_END)) + 3
    stage = QUARTER[4]
    told = "5. 市场：市场出清" if lang == "zh" else f"5. {stage.name}: {stage.sentence}"
    assert [line for line in lines if told in line and line.startswith("    10.0 ms")]
    assert lines[-1].count("100.0" if lang == "en" else "100.0 毫秒") == 1


def test_failed_runs_give_status_1(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tests/experiments"))
    from fake_work import fails_at_seed_2  # noqa: PLC0415

    defaults = (None, None, "", fails_at_seed_2, None)
    monkeypatch.setattr(runner.Options.__init__, "__defaults__", defaults)
    command = ("run", "without_document_55", "--seeds", "3", *SMALL)
    done = jiqun(*command, "--out", tmp_path / "store", "--json")
    assert done.exit_code == 1, done.stderr
    assert "failed: without_document_55 draw 0 seed 2" in done.stderr
    said = json.loads(done.stdout)
    assert said["made"] == 2
    assert said["failures"][0]["seed"] == 2


RANKED = """
name: ranked
scenario: as_issued
rows: 1100
year: 2027
seed: 1
levers: [cluster_award, digital_voucher]
outcomes: [value_added]
main: value_added
effects: {without: 200}
"""
FITTED = """
name: fitted
rows: 1100
parameters: [births_above, credit_growth]
train_until: 2020
smoother: {members: 100, iterations: 4, seeds: 4, chance_seeds: 20, localisation: 0.0, seed: 1}
"""


@pytest.mark.parametrize(
    ("command", "asked"),
    [
        ("run without_document_55 --seeds 200 --rows 1100 --until 2020", signal.SIGTERM),
        *(
            pytest.param(command, asked, marks=pytest.mark.slow)
            for command, asked in (
                ("run without_document_55 --seeds 200 --rows 1100 --until 2020", signal.SIGINT),
                ("sensitivity ranked.yaml", signal.SIGTERM),
                ("calibrate fitted.yaml", signal.SIGINT),
            )
        ),
    ],
)
def test_what_is_interrupted_keeps_what_is_finished(tmp_path, command, asked):
    for name, text in (("ranked.yaml", RANKED), ("fitted.yaml", FITTED)):
        (tmp_path / name).write_text(text, "utf-8")
    out = tmp_path / "out"
    words = [tmp_path / word if word.endswith(".yaml") else word for word in command.split()]
    words = [str(word) for word in (*words, "--workers", 1, "--out", out)]
    # A shell that runs the tests in its background has interrupts ignored, and children inherit it.
    heeds = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    driver = subprocess.Popen(
        [sys.executable, "-c", f"{heeds}; from jiqun.cli import main; main()", *words],
        cwd=ROOT, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 300
    # A shard of `runs` is the last of its runs; a fit keeps its own kind of file.
    done = "*.parquet" if command.startswith("calibrate") else "runs/*.parquet"
    while not list(out.rglob(done)) and time.monotonic() < until:
        time.sleep(0.01)
    driver.send_signal(asked)
    _, said = driver.communicate(timeout=120)
    assert driver.returncode == 130, said
    assert "what was finished is kept" in said
    assert "Traceback" not in said
    if command.startswith("run"):
        assert 1 <= len(Store(out).keys()) < 200
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "st/x"), "st/x: No space left on device"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "Disk quota exceeded"),
        (PermissionError(errno.EACCES, "Permission denied", "x"), "x: Permission denied"),
        (FileExistsError(errno.EEXIST, "File exists", "a.yaml"), "a.yaml: File exists"),
        (MemoryError(), "not enough memory"),
    ],
)
def test_what_the_machine_refuses_is_one_message(monkeypatch, error, said):
    def full(_):
        raise error

    monkeypatch.setattr("jiqun.scheduling.measure", lambda *_: full(None))
    done = jiqun("schedule", "--rows", "1100")
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_other_errors_of_files_are_faults_of_ours(monkeypatch):
    def lost(*_):
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", "of_ours.csv")

    monkeypatch.setattr("jiqun.scheduling.measure", lost)
    assert isinstance(jiqun("schedule").exception, FileNotFoundError)


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
def test_a_terminal_of_another_encoding_gets_all_that_it_can_show(monkeypatch, encoding):
    bytes_ = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(bytes_, encoding, write_through=True))
    monkeypatch.setattr("sys.argv", ["jiqun", "outcomes"])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("jiqun.cli.app", lambda **_: print("m² 增加值 €", "\U0001f600"))
    main()
    shown = bytes_.getvalue().decode(encoding)
    assert "\\U0001f600" in shown
    assert ("增加值" in shown) == (encoding == "gbk")


def test_outcomes_lists_the_register():
    done = jiqun("outcomes", "--json")
    assert [row["id"] for row in json.loads(done.stdout)] == list(OUTCOMES)
    plain = jiqun("outcomes").stdout
    assert all(name in plain for name in OUTCOMES)


def test_parameters_lists_the_table_with_ranges_and_sources():
    rows = json.loads(jiqun("parameters", "--json").stdout)
    assert [row["name"] for row in rows] == [row.name for row in table("parameters")]
    plain = jiqun("parameters").stdout
    told = "sigma  4 elasticity  [market, drawn 3 to 6, triangular]"
    assert told in plain
    assert all(row["source"] in plain for row in rows)


def test_sensitivity_refuses_a_wrong_specification(tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: bad\nscenario: as_issued\n", "utf-8")
    done = jiqun("sensitivity", bad, "--out", tmp_path / "store")
    assert done.exit_code == 2
    assert f"{bad}:" in done.stderr
    assert "rows: is missing" in done.stderr
    done = jiqun("sensitivity", "refrence", "--out", tmp_path / "store")
    assert done.exit_code == 2
    assert "nearest: reference" in done.stderr
    assert not (tmp_path / "store").exists()
