"""The notebooks of `tutorials/` run from beginning to end, each in a folder of its own."""

import json
from pathlib import Path

import jupytext
import papermill
import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "tutorials").glob("*.py"))
IN_A_KERNEL = "lever"
"""Adds an extension, which a process finds at its start alone."""


def test_every_notebook_is_listed_with_what_it_shows():
    text = (ROOT / "tutorials/README.md").read_text("utf-8")
    assert NOTEBOOKS
    for path in NOTEBOOKS:
        assert f"`{path.name}`" in text, path.name
        cells = jupytext.read(path).cells
        assert cells[0].cell_type == "markdown"
        assert sum(cell.cell_type == "markdown" for cell in cells) >= 3
        assert len(path.read_text("utf-8").splitlines()) < 100


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", [p for p in NOTEBOOKS if p.stem != IN_A_KERNEL], ids=lambda path: path.stem
)
def test_a_notebook_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = path.read_text("utf-8")
    exec(compile(code, str(path), "exec"), {"__name__": "tutorial"})
    if path.stem == "figure":
        folder = tmp_path / "build/tutorials/figure"
        assert {file.suffix for file in folder.glob("figure.*")} == {".pdf", ".svg", ".png", ".csv"}
        assert "8 paired runs" in (folder / "caption.txt").read_text("utf-8")
        assert json.loads((folder / "store/ro-crate-metadata.json").read_text("utf-8"))


@pytest.mark.slow
def test_a_notebook_runs_in_a_kernel_and_adds_a_lever(tmp_path):
    notebook = tmp_path / "lever.ipynb"
    jupytext.write(jupytext.read(ROOT / f"tutorials/{IN_A_KERNEL}.py"), notebook)
    done = papermill.execute_notebook(
        str(notebook), None, cwd=str(tmp_path), progress_bar=False, kernel_name="python3"
    )
    shown = [output for cell in done.cells for output in cell.get("outputs", ())]
    assert any("extension: apprentices of jiqun.levers" in o.get("text", "") for o in shown)
    assert "small" in shown[-1]["data"]["text/plain"]
