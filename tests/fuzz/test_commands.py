"""The command line with whatever is typed: one message and a status, never a traceback.

Nothing is simulated here: where work would begin, the command ends.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from jiqun.app import checking, serving
from jiqun.calibration.backtest import run as backtesting
from jiqun.calibration.trial import runs as trials
from jiqun.cli import app
from jiqun.experiments.runs import pool, runner
from jiqun.notebooks import render
from jiqun.scenarios import load
from jiqun.scenarios.language import VARIABLE
from tests.fuzz.cases import cases

pytestmark = pytest.mark.slow

COMMANDS = {
    "check": ((1, 2), ["--json"]),
    "run": ((1, 2), ["--seeds", "--draws", "--cross", "--vary", "--rows", "--until", "--workers",
                     "--out", "--ensemble", "--json"]),
    "ask": ((1, 1), ["--on", "--draws", "--rows", "--lang", "--save", "--out", "--json"]),
    "sweep": ((1, 1), ["--set", "--settings", "--design", "--draws", "--outcome", "--level",
                       "--year", "--rows", "--table", "--out"]),
    "compare": ((1, 1), ["--baseline", "--equal-cost", "--design", "--draws", "--rows", "--take",
                         "--budget", "--keep", "--worlds", "--json"]),
    "levers": ((0, 0), ["--json"]),
    "trace": ((0, 1), ["--json"]),
    "outcomes": ((0, 0), ["--json"]),
    "schedule": ((0, 1), ["--rows", "--json"]),
    "export": ((1, 1), ["--format", "--out", "--json"]),
    "report": ((1, 1), ["--lang", "--format", "--actuals", "--baseline", "--out", "--json"]),
    "app": ((0, 1), ["--port", "--check"]),
    "record": ((1, 1), ["--json"]),
    "verify": ((1, 1), ["--strict", "--json"]),
    "calibrate": ((1, 1), ["--out", "--adopt", "--ship", "--workers", "--json"]),
    "recover": ((1, 1), ["--out", "--workers", "--json"]),
    "backtest": ((0, 0), ["--train-until", "--actuals", "--json"]),
    "trial": ((0, 2), ["--draws", "--rows", "--out", "--adopt", "--ship", "--json"]),
    "sensitivity": ((1, 1), ["--out", "--full", "--adopt", "--ship", "--json"]),
    "discover": ((1, 1), ["--scenario", "--target", "--year", "--json"]),
    "design": ((1, 1), ["--out", "--workers", "--json"]),
}  # fmt: skip
"""Commands, how many arguments each takes, and its options."""
FLAGS = {"--json", "--cross", "--equal-cost", "--budget", "--keep", "--worlds", "--strict",
         "--adopt", "--ship", "--full", "--check"}  # fmt: skip
WORDS = (
    *(
        "as_issued",
        "as_isued",
        "without_document_55",
        "tiny",
        "reference",
        "programme",
        "R3a",
        "R99",
    ),
    *(
        "cluster_award*2",
        "cluster_award*",
        "cluster_award=off",
        "digital_voucher.rate=50%",
        "*",
        "=",
    ),
    *(
        "digital_voucher.rate=20%..60%",
        "cluster_award*0.5,1",
        "cluster_award=５０",
        "lhs:3",
        "lhs:x",
    ),
    *(
        "0",
        "1",
        "-1",
        "2",
        "1100",
        "1e9",
        "９",
        "1.5",
        "all",
        "2027",
        "2031",
        "99999999999999999999",
    ),
    *("", " ", "x", "csv", "iamc", "html,docx", "html,", "zh", "en", "both", "value_added", "tier"),
    *(
        "--",
        "-x",
        "--help",
        "--nothing",
        "\u200b",
        "中文",
        "a'b",
        '"',
        "%",
        "a/b",
        "s3://",
        "x://y",
    ),
    *("seeds", "all=x", "parameters", "srdi_provincial", "as_issued=abc", "nan", "inf", "null"),
)
"""What is typed, beside files of the folder."""
FILES = {
    "good.yaml": "name: good\nbaseline: as_issued\n",
    "bad.yaml": "name: bad\nbaseline：as_issued\n",
    "empty.yaml": "",
    "later.csv": "indicator,year,value,unit,scope\nas_revenue,2024,51000,亿元,Anhui\n",
    "sweep.csv": "digital_voucher.rate\n50%\n６０％\n",
    "中 文.yaml": "name: zh\nlabel: {zh: 中文, en: zh}\nbaseline: as_issued\n",
    "bytes.csv": "\x00\x01",
}


class BeginsError(BaseException):
    """Work would begin here."""


def begins(*_, **__):
    raise BeginsError


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with some files, in which nothing is simulated, rendered or served."""
    folder = tmp_path_factory.mktemp("fuzz")
    for name, text in FILES.items():
        (folder / name).write_text(text, "utf-8")
    (folder / "folder.yaml").mkdir()
    (folder / "link.yaml").symlink_to("nothing.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv(VARIABLE, "en")
        patch.setattr(pool.Processes, "__init__", begins)
        patch.setattr(pool.DaskPool, "__init__", begins)
        patch.setattr(runner, "population_in", begins)
        patch.setattr(trials, "measure", begins)
        patch.setattr(backtesting, "_worked", begins)
        patch.setattr(render, "_executed", begins)
        patch.setattr(serving, "served", begins)
        patch.setattr(checking, "check", begins)
        patch.setattr("jiqun.scheduling.measure", begins)
        load("as_issued")
        yield folder


@st.composite
def typed(draw):
    """A command line: mostly a known command with known options, and values of all kinds."""
    name = draw(st.sampled_from(sorted(COMMANDS)))
    (least, most), options = COMMANDS[name]
    value = st.sampled_from([*WORDS, *FILES, "folder.yaml", "link.yaml", "."]) | st.text(max_size=4)
    arguments = draw(st.lists(value, min_size=least, max_size=most))
    if draw(st.integers(0, 9)) == 0:
        arguments = draw(st.lists(value, max_size=3))
    for option in draw(st.lists(st.sampled_from(options), max_size=3)):
        arguments += [option] if option in FLAGS else [option, draw(value)]
    before = draw(st.sampled_from(([], [], [], ["--lang", "zh"], ["--lang", "xx"], ["--version"])))
    return [*before, name, *arguments]


@cases(0.17)
@given(typed())
def test_whatever_is_typed(place, line):
    try:
        done = CliRunner().invoke(app, line, prog_name="jiqun")
    except BeginsError:
        return
    assert isinstance(done.exception, SystemExit | None), (line, repr(done.exception))
    assert done.exit_code in (0, 1, 2), line
    assert "Traceback" not in done.output, line
    if done.exit_code:
        assert done.stderr.strip(), line
