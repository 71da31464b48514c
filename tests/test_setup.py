"""Set-up on machines of every kind: which Python is taken, and when .venv is built again."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# What the script calls beside the shell's own commands.
COMMANDS = ("cat", "chmod", "cksum", "cp", "dirname", "mkdir", "rm", "sh", "tr")

# Answers to the script's questions as an interpreter of the given version would.
INTERPRETER = """#!{python}
import sys
sys.version_info = ({version}, 0, "final", 0)
sys._base_executable = "{label}"
if sys.argv[1:] != ["-"]:
    raise SystemExit("unexpected call")
exec(sys.stdin.read())
"""

# Stands for a Python with venv and pip, and writes down what it was asked to install.
INSTALLER = """#!/bin/sh
[ -z "${PYTHONPATH:-}${PYTHONHOME:-}" ] || exit 8
case "$1 ${2:-}" in
"- ") cat >/dev/null; echo "$FAKE" ;;
"--version ") echo "Python 3.13.0" ;;
"-m venv") mkdir -p "$3/bin"; cp "$FAKE" "$3/bin/python"; : >"$3/pyvenv.cfg"; echo venv >>"$LOG" ;;
"-m pip") echo "$*" >>"$LOG"; [ ! -e "$LOG.fail" ] ;;
"-m compileall") echo compiled >>"$LOG"; exit 1 ;;
"-c ") ;;
*) echo "unexpected: $*" >&2; exit 9 ;;
esac
"""


def interpreter(path: Path, version: str, label: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = INTERPRETER.format(
        python=sys.executable, version=version.replace(".", ", "), label=label
    )
    path.write_text(text, "utf-8")
    path.chmod(0o755)


class Machine:
    """A machine with nothing but the basic commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        for command in COMMANDS:
            target = shutil.which(command)
            assert target
            (self.bin / command).symlink_to(target)
        self.env = {"PATH": str(self.bin), "HOME": str(folder), "JIQUN_ROOTS": ""}
        self.script = ROOT / "tools/setup.sh"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.bin / "sh", self.script, *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )

    def find(self) -> str:
        done = self.run("--find")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "a machine")


def test_a_machine_without_python_is_told_how_to_get_one(machine: Machine) -> None:
    done = machine.run("--find")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Python 3.12 or newer" in done.stderr
    assert "uv python install 3.13" in done.stderr
    assert "JIQUN_PYTHON=" in done.stderr


@pytest.mark.parametrize("command", ["python3", "python", "python3.12", "python3.13"])
def test_an_older_python_is_refused_whatever_its_name(machine: Machine, command: str) -> None:
    interpreter(machine.bin / command, "3.11", "old")
    assert machine.run("--find").returncode == 2


def test_an_active_python_that_will_do_is_taken(machine: Machine) -> None:
    interpreter(machine.bin / "python3", "3.12", "active")
    interpreter(machine.bin / "python3.13", "3.13", "other")
    assert machine.find() == "active"


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_an_activated_environment_comes_before_the_path(machine: Machine, variable: str) -> None:
    interpreter(machine.bin / "python3", "3.13", "path")
    interpreter(machine.folder / "environment/bin/python", "3.12", "environment")
    machine.env[variable] = str(machine.folder / "environment")
    assert machine.find() == "environment"


def test_a_newer_python_beside_an_older_python3_is_found(machine: Machine) -> None:
    interpreter(machine.bin / "python3", "3.9", "old")
    interpreter(machine.bin / "python3.12", "3.12", "new")
    assert machine.find() == "new"


def test_pyenv_is_searched_though_its_version_is_not_active(machine: Machine) -> None:
    interpreter(machine.bin / "python3", "3.9", "shim")
    interpreter(machine.folder / "my pyenv/versions/3.11.7/bin/python3", "3.11", "older")
    interpreter(machine.folder / "my pyenv/versions/3.13.0/bin/python3.13", "3.13", "newer")
    machine.env["PYENV_ROOT"] = str(machine.folder / "my pyenv")
    del machine.env["JIQUN_ROOTS"]
    assert machine.find() == "newer"


def test_a_python_that_uv_installed_is_found(machine: Machine) -> None:
    interpreter(machine.folder / "uv-managed/python3", "3.13", "uv")
    uv = machine.bin / "uv"
    uv.write_text(f'#!/bin/sh\necho "{machine.folder}/uv-managed/python3"\n', "utf-8")
    uv.chmod(0o755)
    assert machine.find() == "uv"


def test_a_named_python_is_taken_or_refused_but_not_replaced(machine: Machine) -> None:
    interpreter(machine.bin / "python3", "3.13", "other")
    interpreter(machine.folder / "named", "3.12", "named")
    machine.env["JIQUN_PYTHON"] = str(machine.folder / "named")
    assert machine.find() == "named"
    interpreter(machine.folder / "named", "3.11", "named")
    done = machine.run("--find")
    assert done.returncode == 2
    assert "JIQUN_PYTHON" in done.stderr


class Checkout(Machine):
    """A checkout on a machine whose only Python writes down what it installs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.project = folder / "a checkout"
        self.place()
        fake = self.bin / "python3"
        fake.write_text(INSTALLER, "utf-8")
        fake.chmod(0o755)
        self.log = folder / "log"
        self.env |= {"FAKE": str(fake), "LOG": str(self.log)}

    def place(self) -> None:
        (self.project / "tools").mkdir(parents=True)
        for path in ("tools/setup.sh", "requirements.lock", "pyproject.toml"):
            shutil.copy(ROOT / path, self.project / path)
        self.script = self.project / "tools/setup.sh"

    def setup(self, status: int = 0) -> list[str]:
        """Runs the set-up and gives what it did."""
        self.log.write_text("", "utf-8")
        done = self.run()
        assert done.returncode == status, done.stderr
        return self.log.read_text("utf-8").splitlines()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "a machine")


def touch_up(path: Path) -> None:
    path.write_text(path.read_text("utf-8") + "\n# changed\n", "utf-8")


def test_pins_come_first_then_the_project_by_itself(checkout: Checkout) -> None:
    venv, pins, *compiled, project, last = checkout.setup()
    assert venv == "venv"
    assert [*compiled, last] == ["compiled"] * 2
    assert "--no-compile" in pins
    assert pins.endswith("--require-hashes -r requirements.lock")
    assert "--no-deps --no-build-isolation" in project
    assert project.endswith("-e .")
    assert checkout.setup() == []


def test_only_what_changed_is_done_again(checkout: Checkout) -> None:
    checkout.setup()
    touch_up(checkout.project / "pyproject.toml")
    assert len(checkout.setup()) == 2
    touch_up(checkout.project / "requirements.lock")
    assert len(checkout.setup()) == 5
    assert checkout.setup() == []


def test_a_half_built_environment_is_built_again(checkout: Checkout) -> None:
    failure = Path(f"{checkout.log}.fail")
    failure.touch()
    assert len(checkout.setup(status=1)) == 2
    failure.unlink()
    assert len(checkout.setup()) == 5


def test_an_environment_whose_python_is_gone_is_built_again(checkout: Checkout) -> None:
    checkout.setup()
    (checkout.project / ".venv/bin/python").unlink()
    assert len(checkout.setup()) == 5


def test_a_moved_checkout_gets_a_new_environment(checkout: Checkout) -> None:
    checkout.setup()
    moved = checkout.project.with_name("moved")
    checkout.project.rename(moved)
    checkout.script = moved / "tools/setup.sh"
    assert len(checkout.setup()) == 5


def test_a_folder_that_is_no_environment_is_left_alone(checkout: Checkout) -> None:
    (checkout.project / ".venv").mkdir()
    (checkout.project / ".venv/precious").touch()
    assert checkout.setup(status=2) == []
    assert (checkout.project / ".venv/precious").exists()


def test_nothing_leaks_in_from_another_interpreter(checkout: Checkout) -> None:
    checkout.env |= {"PYTHONPATH": "elsewhere", "PYTHONHOME": "elsewhere"}
    assert len(checkout.setup()) == 5
