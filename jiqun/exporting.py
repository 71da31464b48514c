"""What `jiqun export` does: outcomes of a store as a table for other tools, with its columns."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from jiqun.cli.options import Form
from jiqun.cli.refusals import WrongOptionError
from jiqun.experiments import Results
from jiqun.experiments.runs.panel import NAMED
from jiqun.experiments.stores.iamc import iamc
from jiqun.experiments.stores.store import write_file
from jiqun.model.agents.enterprises import COLUMNS
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.notebooks.words import Words
from jiqun.scenarios.language import say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDER = "export"
MEANING = ["kind", "name", "unit", "zh", "en"]
"""Columns of the table of meanings."""
MOST_ROWS = 1_048_575
"""Rows of a sheet below its head."""


FILES = {Form.CSV: "outcomes.csv", Form.XLSX: "outcomes.xlsx", Form.IAMC: "iamc.csv"}
OWN = "unit of the outcome"
TABLE: Mapping[str, tuple[str, str, str]] = {
    "scenario": ("", "情景", "scenario"),
    "outcome": ("", "指标（标识）", "outcome, by its id"),
    "unit": ("", "指标的单位", "unit of the outcome"),
    "level": ("", "层级", "level: province, tier, city, ..."),
    "unit_name": ("", "层级中的单位", "unit of the level"),
    "year": ("year", "年份", "year"),
    "runs": ("runs", "运行次数", "runs that have the unit in that year"),
    "median": (OWN, "各次运行的中位数", "median over the runs"),
    "mean": (OWN, "各次运行的均值", "mean over the runs"),
    "p05": (OWN, "第5百分位数", "5th percentile over the runs"),
    "p25": (OWN, "第25百分位数", "25th percentile"),
    "p75": (OWN, "第75百分位数", "75th percentile"),
    "p95": (OWN, "第95百分位数", "95th percentile"),
}
"""Columns of csv and xlsx: unit, meaning in Chinese and in English."""
LAYOUT: Mapping[str, tuple[str, str, str]] = {
    "model": ("", "模型", "model"),
    "scenario": ("", "情景", "scenario"),
    "region": ("", "地区，其后为层级和单位", "region, then level and unit"),
    "variable": (
        "",
        "指标（标识）：中位数，加 |p05、|p95 为第5、第95百分位数",
        "outcome by its id: the median; with |p05 or |p95 that percentile over the runs",
    ),
    "unit": ("", "指标的单位", "unit of the outcome"),
    "2019, 2020, ...": (OWN, "该年的取值", "value in that year"),
}
"""Columns of the IAMC layout."""
PANEL: Mapping[str, tuple[str, str, str]] = {
    "run_key": ("", "运行的标识", "identity of the run"),
    "scenario": ("", "情景", "scenario"),
    "draw": ("", "参数抽取的序号", "number of the draw of parameters; 0 is the central one"),
    "seed": ("", "随机种子", "seed"),
    "year": ("year", "年份", "year; columns are as of its end"),
    "exited": ("", "当年退出", "left in the year"),
}
"""Columns of a panel that enterprises do not have themselves."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        file: The table.
        columns: File that describes its columns and outcomes; the table itself if it is a workbook.
        rows: Rows of the table.
    """

    file: Path
    columns: Path
    rows: int


def export(store: Path, form: Form, out: Path | None) -> Exported:
    """Write the outcomes of a store over its runs, and what columns and outcomes mean.

    Args:
        store: Folder of the store.
        form: Form of the table.
        out: File of the table; in the folder `export` of the store if None.

    Raises:
        StoreError: The store holds no runs.
        WrongOptionError: The table has more rows than a sheet.
    """
    path = out or store / FOLDER / FILES[form]
    found = Results(store).intervals()
    units = found["outcome"].astype(str).map({each.id: each.unit for each in OUTCOMES.values()})
    rows = iamc(found) if form is Form.IAMC else found.assign(unit=units)[[*TABLE]]
    meanings = dictionary(found, LAYOUT if form is Form.IAMC else TABLE)
    return _written(rows, meanings, "outcomes", form, path)


def _written(
    rows: pd.DataFrame, meanings: pd.DataFrame, name: str, form: Form, path: Path
) -> Exported:
    if form is Form.XLSX and len(rows) > MOST_ROWS:
        template = "{rows:,} rows are more than a sheet holds: --format csv"
        raise WrongOptionError(say(template, rows=len(rows)))
    path.parent.mkdir(parents=True, exist_ok=True)
    if form is Form.XLSX:
        # A workbook whose file could not be written complains of it once more when it is freed.
        content = io.BytesIO()
        with pd.ExcelWriter(content, engine="openpyxl") as book:
            rows.to_excel(book, sheet_name=name, index=False)
            meanings.to_excel(book, sheet_name="columns", index=False)
        write_file(path, partial(_save_bytes, content.getvalue()))
        return Exported(path, path, len(rows))
    beside = path.with_name(f"{path.stem}_columns.csv")
    # The mark tells spreadsheets that the Chinese is UTF-8.
    write_file(beside, lambda part: meanings.to_csv(part, index=False, encoding="utf-8-sig"))
    write_file(path, lambda part: rows.to_csv(part, index=False))
    return Exported(path, beside, len(rows))


def _save_bytes(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def export_panel(store: Path, form: Form, out: Path | None) -> Exported:
    """Write the newest panel of enterprises of a store, and what its columns mean.

    Args:
        store: Folder of the store.
        form: Form of the table, csv or xlsx.
        out: File of the table; in the folder `export` of the store if None.

    Raises:
        StoreError: The store holds no panel.
        WrongOptionError: The form has no place for enterprises, or the table more rows than it has.
    """
    if form is Form.IAMC:
        raise WrongOptionError(say("a panel of enterprises has no IAMC layout: --format csv"))
    rows = Results(store).panel()
    chinese = Words("zh")
    # Of a place in a list a panel holds the name.
    units = {name: "" if name in NAMED else column.unit for name, column in COLUMNS.items()}
    own = {
        name: (units[name], chinese.translated(c.meaning), c.meaning) for name, c in COLUMNS.items()
    }
    told = [("column", name, *{**own, **PANEL}[name]) for name in rows.columns]
    meanings = pd.DataFrame(told, columns=MEANING)
    return _written(rows, meanings, "panel", form, out or store / FOLDER / f"panel.{form}")


def dictionary(rows: pd.DataFrame, columns: Mapping[str, tuple[str, str, str]]) -> pd.DataFrame:
    """What the columns of a table and its outcomes mean, with their units.

    Args:
        rows: The outcomes that it has.
        columns: Column to its unit and meanings.
    """
    told = [("column", name, *each) for name, each in columns.items()]
    held = set(rows["outcome"].astype(str))
    told += [
        ("outcome", each.id, each.unit, each.zh, each.en)
        for each in OUTCOMES.values()
        if each.id in held
    ]
    return pd.DataFrame(told, columns=MEANING)
