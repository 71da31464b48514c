"""The command started in a folder that holds modules of the user's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMALL = ("--rows", "1100", "--workers", "1")


@pytest.mark.parametrize(
    ("start", "path"),
    [
        ("module", ""), ("script", "."), ("code", "."),
        pytest.param("module", ".", marks=pytest.mark.slow),
        pytest.param("script", "", marks=pytest.mark.slow),
        pytest.param("code", "", marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_files_of_the_user_in_the_current_folder_do_no_harm(tmp_path, start, path):
    for name in ("model", "scenarios", "experiments", "calibration", "notebooks"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not this one')")
    script = tmp_path / "bin" / "start"
    script.parent.mkdir()
    script.write_text("from jiqun.cli import main\nif __name__ == '__main__':\n    main()\n")
    begun = {
        "module": ["-m", "jiqun"],
        "script": [str(script)],
        "code": ["-c", "from jiqun.cli import main; main()"],
    }[start]
    command = ["run", "without_document_55", *SMALL, "--until", "2019", "--out", "store"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [path, str(ROOT)]))}
    done = subprocess.run(
        [sys.executable, *begun, *command],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "1 runs made" in done.stderr
