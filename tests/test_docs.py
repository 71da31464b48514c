"""The description is of the model as it is: pages are current, and ODD names what is there."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from jiqun.calibration import reference
from jiqun.model.agents.enterprises import COLUMNS
from jiqun.model.channels import READERS
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.model.quarter import QUARTER, YEAR_END
from jiqun.scenarios.levers import channels, declarations
from jiqun.scenarios.structure import switches
from jiqun.scenarios.tables import TABLES, files_of

ROOT = Path(__file__).parents[1]
ODD = ROOT / "docs" / "ODD.md"
# Machinery, not a part of the province.
NO_SUBMODEL = {"__init__"}
HOUSE = ("scenarios", "model", "experiments", "notebooks")
"""Packages in the order in which a run passes them."""
SECTIONS = (
    "Purpose and patterns",
    "Entities, state variables and scales",
    "Process overview and scheduling",
    "Design concepts",
    "Initialisation",
    "Input data",
    "Submodels",
)
CONCEPTS = (
    "Basic principles",
    "Emergence",
    "Adaptation",
    "Objectives",
    "Learning",
    "Prediction",
    "Sensing",
    "Interaction",
    "Stochasticity",
    "Collectives",
    "Observation",
)
"""Design concepts of the protocol's second update (Grimm et al. 2020)."""


def test_reference_pages_are_current() -> None:
    assert reference.main(["--check"]) == 0, "run python -m jiqun.calibration.reference"


def test_check_finds_an_old_page_and_writing_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reference, "ROOT", tmp_path)
    monkeypatch.setattr(reference, "PAGES", tmp_path / "reference")
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0
    page = tmp_path / "reference" / "columns.md"
    page.write_text(page.read_text("utf-8") + "edited by hand\n", "utf-8")
    capsys.readouterr()
    assert reference.main(["--check"]) == 1
    assert "columns.md" in capsys.readouterr().out
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("channels.md", [*channels(), *declarations(), *(r.name for r in READERS)]),
        ("columns.md", COLUMNS),
        ("outcomes.md", OUTCOMES),
        ("schedule.md", [stage.name for stage in (*QUARTER, *YEAR_END)]),
        ("structure.md", [*switches()]),
    ],
)
def test_reference_pages_list_everything(page: str, names: list[str]) -> None:
    text = (reference.PAGES / page).read_text("utf-8")
    assert [name for name in names if f" {name} " not in text and f"`{name}`" not in text] == []


def test_tables_of_the_reference_pages_are_whole() -> None:
    for page in reference.REFERENCE:
        text = (reference.PAGES / page).read_text("utf-8").replace("\\|", "")
        for block in text.split("\n\n"):
            widths = {line.count("|") for line in block.splitlines() if line.startswith("|")}
            assert len(widths) <= 1, f"{page}: rows of unequal width"


@pytest.mark.parametrize(
    "module",
    sorted(
        p.relative_to(ROOT).as_posix()
        for p in (ROOT / "model").rglob("*.py")
        if p.stem not in NO_SUBMODEL
    ),
)
def test_odd_names_every_file_of_the_model(module: str) -> None:
    assert module in ODD.read_text("utf-8")


def test_odd_has_the_seven_elements_in_order() -> None:
    heads = [line for line in ODD.read_text("utf-8").splitlines() if line.startswith("## ")]
    assert heads[: len(SECTIONS)] == [f"## {i}. {name}" for i, name in enumerate(SECTIONS, 1)]


def test_odd_has_the_eleven_design_concepts_in_order() -> None:
    part = ODD.read_text("utf-8").partition("## 4. ")[2].partition("\n## 5. ")[0]
    named = re.findall(r"^\*\*([\w ]+?)\.?\*\*", part, re.MULTILINE)
    assert [name for name in named if name in CONCEPTS] == [*CONCEPTS]


def test_odd_links_only_to_files_that_exist() -> None:
    text = ODD.read_text("utf-8")
    targets = [part.partition(")")[0] for part in text.split("](")[1:]]
    missing = [t for t in targets if "://" not in t and not (ODD.parent / t).exists()]
    assert not missing


def test_odd_names_nothing_that_is_gone() -> None:
    """Every word in code type is a name of the code, of a scenario file or of a table."""
    files = [
        *(ROOT / "model").rglob("*.py"),
        *(ROOT / "experiments").rglob("*.py"),
        *(ROOT / "scenarios").rglob("*.yaml"),
        *(files_of(name)[0] for name in TABLES),
    ]
    known = set(re.findall(r"\w+", " ".join(path.read_text("utf-8") for path in files)))
    known |= {path.name for path in files} | {path.relative_to(ROOT).as_posix() for path in files}
    quoted = re.findall(r"`([A-Za-z_]\w+(?:[./]\w+)*)`", ODD.read_text("utf-8"))
    assert len(quoted) > 100
    assert sorted(set(quoted) - known) == []


def test_hops_of_a_rate_lead_on_through_functions_that_are_there() -> None:
    text = (ROOT / "docs" / "development" / "hops.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if re.match(r"\| \d", line)]
    seen: list[str] = []
    for row in rows:
        named = re.findall(r"`([a-z]+(?:\.\w+)+)`", row.split("|")[2])
        modules = []
        for name in named:
            parts = name.split(".")
            while not (ROOT / "/".join(parts)).with_suffix(".py").is_file():
                parts.pop()
            found: object = import_module("jiqun." + ".".join(parts))
            for attribute in name.split(".")[len(parts) :]:
                found = getattr(found, attribute)
            modules.append(".".join(parts))
        assert not set(modules) & set(seen), row
        seen += modules
    packages = [HOUSE.index(module.partition(".")[0]) for module in seen]
    assert packages == sorted(packages)
    assert {*packages} == {*range(len(HOUSE))}
