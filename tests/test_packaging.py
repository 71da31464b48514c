"""What is installed: one import name, one object a module, and all that the code imports."""

import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from jiqun.aliases import PACKAGES

ROOT = Path(__file__).parents[1]
FOREIGN = 'raise RuntimeError("a module of the user\'s")\n'
SNIPPET = """
from jiqun import ClusterPolicyModel, Results, __version__, load, run
from jiqun.notebooks import demonstration
from pathlib import Path

demonstration.unpack(Path("demo"))
assert len(Results("demo").runs()) == 12 and not demonstration.stale()
scenario = load("as_issued")
model = ClusterPolicyModel(scenario=scenario, rng=1)
store = run("without_document_55", "store", rows=1_200, until=2019, workers=1)
assert isinstance(store, Results)
assert set(store.outcomes()["scenario"]) == {"without_document_55"}
assert __version__ != "unknown"
print(*sorted(path.name for path in __import__("pathlib").Path(".").iterdir()))
"""


def python(code: str, folder: Path, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env={**os.environ, **env},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_snippet_of_the_readme_uses_what_jiqun_offers(tmp_path: Path) -> None:
    """As printed, of the same words in both languages, on a small province and a short horizon."""
    shown = set()
    for name in ("README.md", "README.zh.md"):
        text = (ROOT / name).read_text("utf-8")
        shown.add(next(iter(re.findall(r"```python\n(.*?)```", text, re.DOTALL))))
    (code,) = shown
    assert set(re.findall(r"^(?:from|import) (\S+)", code, re.MULTILINE)) == {"jiqun"}
    small = code.replace("2027", "2019").replace("draws=20", "rows=1_200, until=2019, workers=1")
    assert small.count("2019") == 2
    small += 'assert set(Results("build/two").outcomes()["scenario"]) == '
    small += '{"without_document_55", "as_issued"}\n'
    python(small, tmp_path, PYTHONPATH=str(ROOT))


@pytest.mark.parametrize("first", ["jiqun", "model", "calibration.panel", "notebooks.words"])
def test_a_module_is_one_object_by_either_name(first: str) -> None:
    names = ("model.quarter", "scenarios.loader", "experiments.stores.results", "calibration.panel")
    code = f"import {first}, sys, importlib\n" + "".join(
        f"a = importlib.import_module({name!r}); b = importlib.import_module('jiqun.' + {name!r})\n"
        f"assert a is b, {name!r}\n"
        f"assert a.__name__ == a.__spec__.name == 'jiqun.' + {name!r}\n"
        for name in names
    )
    code += f"for n in {PACKAGES}:\n    a = sys.modules.get(n)\n"
    code += "    assert a is None or a is sys.modules['jiqun.' + n], n\n"
    python(code, ROOT, PYTHONPATH=str(ROOT))


def test_a_command_runs_by_either_name() -> None:
    for name in ("calibration.targets", "jiqun.calibration.targets"):
        done = subprocess.run(
            [sys.executable, "-m", name, "--check"], cwd=ROOT, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["model", "scenarios", "notebooks"])
def test_modules_of_the_users_are_left_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.py").write_text("MINE = 1\n", "utf-8")
    code = f"import jiqun.{name}, {name}; assert {name}.MINE and {name} is not jiqun.{name}"
    python(code, tmp_path, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")


def bring_compiled(installed: Path) -> None:
    """Puts the kernels that are compiled here where the same sources are installed.

    Numba knows by its time and size that a source is the same.
    """
    for compiled in (ROOT / "model").rglob("__pycache__/*.nb[ci]"):
        source = compiled.parents[1] / f"{compiled.name.partition('.')[0]}.py"
        copy = installed / source.relative_to(ROOT)
        assert copy.read_bytes() == source.read_bytes()
        shutil.copystat(source, copy)
        (copy.parent / "__pycache__").mkdir(exist_ok=True)
        shutil.copy2(compiled, copy.parent / "__pycache__")


@pytest.mark.slow
def test_the_wheel_works_beside_a_model_of_the_users(tmp_path: Path) -> None:
    """Packages that the project needs are taken from here; the project itself is the wheel's."""
    # What an earlier build left beside the sources would go into the wheel, listed or not.
    left = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__")
    sources = shutil.copytree(ROOT, tmp_path / "sources", ignore=left, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path, sources], check=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    top = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"jiqun"}
    kept = {
        f"jiqun/{path.relative_to(ROOT).as_posix()}"
        for folder in ("scenarios/regions", "calibration/data")
        for path in (ROOT / folder).rglob("*.*")
    }
    assert {"jiqun/py.typed", *kept} <= {*zipfile.ZipFile(wheel).namelist()}
    venv.create(tmp_path / "env")
    own = next((tmp_path / "env").glob("lib/python*/site-packages"))
    here = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    (own / "needed.pth").write_text(f"{here}\n", "utf-8")
    run = tmp_path / "env/bin"
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    install = ["--python", run / "python", "install", "--no-deps", "--no-index", wheel]
    subprocess.run([*pip, *install], env=env, check=True)
    bring_compiled(own / "jiqun")
    folder = tmp_path / "of the user"
    folder.mkdir()
    for name in ("model", "notebooks"):
        (folder / f"{name}.py").write_text(FOREIGN, "utf-8")
    for arguments in (
        [run / "python", "-c", SNIPPET],
        [run / "jiqun", "run", "as_issued", "--rows", "1200", "--until", "2019", "--out", "store"],
    ):
        done = subprocess.run(
            arguments, cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
