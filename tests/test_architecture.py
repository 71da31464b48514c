"""The house: imports run one way, workers stay light, and no file names a machine or an index."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
# Each package may import those before it.
HOUSE = ("model", "scenarios", "experiments", "calibration", "notebooks", "jiqun")
MODULES = sorted(path for package in HOUSE for path in (ROOT / package).rglob("*.py"))
# What neither a worker nor a reader of the model should have to load.
HEAVY = frozenset({"matplotlib", "pandas", "pydantic", "pyarrow"})


def imports(nodes: Iterator[ast.AST] | list[ast.stmt]) -> set[str]:
    """Top-level names that these statements import; of `jiqun` those of its packages."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    # The package itself makes one object of each module; whoever imports it takes nothing else.
    parts = [each.split(".") for each in names if each != "jiqun"]
    packages = {each[1] for each in parts if each[0] == "jiqun"}
    top = {each[0] for each in parts} - {"jiqun"}
    return top | {each if each in HOUSE else "jiqun" for each in packages}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_run_one_way(path: Path) -> None:
    rank = HOUSE.index(path.relative_to(ROOT).parts[0])
    upward = imports(ast.walk(ast.parse(path.read_text("utf-8")))) & set(HOUSE[rank + 1 :])
    assert not upward, f"{name(path)} may import only {HOUSE[: rank + 1]}, not {sorted(upward)}"


def modules_of_the_model(text: str, known: Set[str]) -> set[str]:
    """Modules of the model that one imports, anywhere in it, also for annotations alone.

    The run itself (`ClusterPolicyModel`) is handed to every stage: its annotation is left out.
    """
    tree, found = ast.parse(text), set[str]()
    typed = {
        inner
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for inner in ast.walk(block)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            named = {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            ours = {each.removeprefix("jiqun.model.") for each in named} & known
            found |= ours - ({"model"} if node in typed else set())
    return found


def circle(sources: dict[str, str]) -> list[str]:
    """Modules that import each other in a circle, if any do."""
    graph = {m: modules_of_the_model(text, sources.keys()) for m, text in sources.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_modules_of_the_model_import_each_other_in_no_circle() -> None:
    sources = {
        name(p).removeprefix("model/").removesuffix(".py").replace("/", "."): p.read_text("utf-8")
        for p in MODULES
        if name(p).startswith("model/") and p.stem != "__init__"
    }
    assert circle(sources) == []
    # Hidden in a function or in annotations a circle is one all the same.
    for hidden in (
        "def late():\n    from jiqun.model.economy import plans\n",
        "if TYPE_CHECKING:\n    from jiqun.model.economy.plans import Plan\n",
    ):
        planted = {**sources, "policy.rationing": sources["policy.rationing"] + hidden}
        assert set(circle(planted)) >= {"economy.plans", "policy.rationing"}


def compiled_on_others(text: str) -> set[str]:
    """Names that compiled functions of a module use and that rest on other modules."""
    tree = ast.parse(text)
    foreign = {
        alias.asname or alias.name.split(".")[0]
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("jiqun")
        for alias in node.names
    }
    for node in tree.body:
        if isinstance(node, ast.Assign) and names_in([node.value]) & foreign - {"compiled"}:
            foreign |= names_in(node.targets)
    return {
        used
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(re.search("compiled|_loop|_inner", ast.unparse(at)) for at in node.decorator_list)
        for used in names_in(node.body) & foreign - set_in(node.body)
    }


def set_in(nodes: Sequence[ast.AST]) -> set[str]:
    """Names that are given a value below some nodes."""
    found = (found for node in nodes for found in ast.walk(node))
    return {x.id for x in found if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)}


def names_in(nodes: Sequence[ast.AST]) -> set[str]:
    """All names below some nodes."""
    return {found.id for node in nodes for found in ast.walk(node) if isinstance(found, ast.Name)}


@pytest.mark.parametrize("path", sorted((ROOT / "model").rglob("*.py")), ids=name)
def test_compiled_code_rests_on_its_own_module_alone(path: Path) -> None:
    """Numba would keep using what it compiled before another module, or the region, changed."""
    assert not compiled_on_others(path.read_text(encoding="utf-8"))


def test_a_compiled_function_that_rests_on_another_module_is_found() -> None:
    text = (
        "from jiqun.model.elementary import compiled, exp\n"
        "from jiqun.model.dimensions import FIELDS\n"
        "N = len(FIELDS)\nHALF = 0.5\n"
        "@compiled('void(float64[::1])')\ndef f(x):\n    x[N] = HALF * exp(x[0])\n"
    )
    assert compiled_on_others(text) == {"exp", "N"}


@pytest.mark.parametrize("path", [p for p in MODULES if name(p).startswith("model/")], ids=name)
def test_model_needs_no_tables_plots_or_schemas_at_import(path: Path) -> None:
    heavy = imports(ast.parse(path.read_text("utf-8")).body) & HEAVY
    assert not heavy, f"{name(path)} imports {sorted(heavy)} at its top"


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        # Mesa itself loads pandas, and pandas loads pyarrow.
        ("jiqun.model.model", {"matplotlib", "pydantic", "duckdb", *HOUSE[1:-1], "cli"}),
        ("jiqun.experiments.runs.runner", {"matplotlib", "papermill", *HOUSE[3:-1], "cli"}),
        # So that `jiqun --help` answers at once.
        ("jiqun.cli", {"matplotlib", "mesa", "pandas", "scipy", "duckdb", "distributed"}),
    ],
)
def test_import_stays_light(module: str, unwanted: set[str]) -> None:
    code = f"import {module}, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = {each.removeprefix("jiqun.") for each in done.stdout.split()}
    assert not unwanted & loaded


def distributions(nodes: Iterator[ast.AST] | list[ast.stmt]) -> set[str]:
    """Packages of an index that these statements import, as pyproject.toml names them."""
    foreign = imports(nodes) - sys.stdlib_module_names - {*HOUSE, "benchmarks", "tests"}
    return {canonicalize_name(providers().get(each, [each])[0]) for each in foreign}


@cache
def providers() -> Mapping[str, list[str]]:
    return packages_distributions()


def declared() -> dict[str, set[str]]:
    """Names of the packages asked for: of every installation (`""`), and by extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = {"": project["dependencies"], **project["optional-dependencies"]}
    return {
        extra: {canonicalize_name(Requirement(line).name) for line in lines}
        for extra, lines in asked.items()
    }


def test_packages_that_are_imported_are_declared() -> None:
    asked, undeclared = declared(), []
    for path in MODULES:
        tree = ast.parse(path.read_text("utf-8"))
        missing = distributions(ast.walk(tree)) - asked[""]
        undeclared += [f"{name(path)}: {package}" for package in sorted(missing)]
    assert not undeclared


def test_packages_that_tests_import_are_declared() -> None:
    helpers = {canonicalize_name(path.stem) for path in (ROOT / "tests").rglob("*.py")}
    asked = helpers.union(*declared().values())
    undeclared = [
        f"{name(path)}: {package}"
        for part in ("tests", "benchmarks")
        for path in sorted((ROOT / part).rglob("*.py"))
        for package in distributions(ast.walk(ast.parse(path.read_text("utf-8")))) - asked
    ]
    assert not undeclared


def tracked() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:  # sources without their history: all but what is made here
        files = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        return [ROOT / path for path in files if path.parts[0] not in (".venv", "build")]
    return [ROOT / line for line in done.stdout.split("\0") if line and (ROOT / line).is_file()]


def test_no_file_names_an_index_or_a_machine() -> None:
    # The brackets keep the pattern from finding itself.
    forbidden = re.compile(
        r"py[p]i\.org|python[h]osted|(?<!no-emit-)index-[u]rl|(?<![\w.])/(?:[w]ork|[r]oot|[h]ome|[t]mp)/"
    )
    found = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name(path)}: {match.group()}" for match in forbidden.finditer(text)]
    assert not found


def pins() -> dict[str, str]:
    """Pinned version by package."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, flags=re.M))


def test_every_pin_carries_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8").replace("\\\n", " ")
    for line in lock.splitlines():
        assert re.match(r"[a-z0-9-]+==\S+ ", line), line
        assert "--hash=sha256:" in line, line


def test_pins_hold_what_the_project_asks_for() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    asked = [
        *table["build-system"]["requires"],
        *table["project"]["dependencies"],
        *(name for extra in table["project"]["optional-dependencies"].values() for name in extra),
    ]
    pinned = pins()
    for requirement in map(Requirement, asked):
        assert requirement.specifier.contains(pinned[requirement.name]), requirement
    assert pinned["mesa"].startswith("3.")
