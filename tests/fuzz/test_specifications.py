"""Specifications of analyses, searches, fits and trials: read, or refused in one line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiqun import calibration, experiments
from jiqun.calibration.fitting.spec import read_spec as read_fit
from jiqun.calibration.trial.files import read_trial
from jiqun.experiments.best_use.spec import read_spec as read_search
from jiqun.experiments.sensitivity.spec import read_spec as read_analysis
from jiqun.scenarios import InputError
from tests.fuzz.cases import cases

pytestmark = pytest.mark.slow

ANALYSES, SHIPPED = (Path(package.__path__[0]) for package in (experiments, calibration))
TRIALS = sorted((SHIPPED / "trials").glob("*.yaml"))
READ = {
    "analysis": (read_analysis, [ANALYSES / "sensitivity/reference.yaml"]),
    "search": (
        read_search,
        [ANALYSES / "best_use/tiny.yaml", ANALYSES / "best_use/programme.yaml"],
    ),
    "fit": (read_fit, [SHIPPED / "reference.yaml"]),
    "trial": (read_trial, TRIALS),
}
ODD = (
    *("0", "-1", "1", "2", "3", "1e9", "1e400", ".nan", ".inf", "-.inf", "99999999999999999999"),
    *(
        "x",
        "''",
        "[]",
        "{}",
        "[x]",
        "{x: 1}",
        "~",
        "true",
        "on",
        "５",
        "1,000",
        "50%",
        "2025-01-01",
    ),
    *("as_issued", "without_document_55", "value_added", "cluster_award", "eps_RD", "province"),
    *("0.5", "1.5", "1:30", "2026-Q1", "2031-Q4", "{value: 1, unit: 亿元}", "[0, 1]", "[1, 0]"),
)


@st.composite
def damaged(draw, texts):
    """A shipped specification with some lines taken out, doubled, moved or given another value."""
    lines = draw(st.sampled_from(texts)).splitlines()
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(lines) - 1))
        line = lines[place]
        done = draw(st.sampled_from(("value", "value", "value", "out", "twice", "moved", "bytes")))
        if done == "value" and ":" in line:
            lines[place] = f"{line[: line.index(':') + 1]} {draw(st.sampled_from(ODD))}"
        elif done == "out" and len(lines) > 1:
            del lines[place]
        elif done == "twice":
            lines.insert(place, line)
        elif done == "moved":
            lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(place))
        elif done == "bytes":
            at = draw(st.integers(0, len(line)))
            piece = draw(st.text(max_size=3) | st.sampled_from(ODD))
            lines[place] = line[:at] + piece + line[at + draw(st.integers(0, 3)) :]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("kind", sorted(READ))
def test_damaged_specifications(tmp_path, kind):
    read, shipped = READ[kind]
    texts = [path.read_text("utf-8") for path in shipped]
    path = tmp_path / "spec.yaml"

    @cases(0.04)
    @given(damaged(texts))
    def tried(text):
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            read(path)
        except InputError as error:
            said = str(error)
        else:
            return
        assert "\n" not in said
        assert said.startswith(str(path))

    tried()
