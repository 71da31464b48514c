"""The IAMC layout, which scenario tools read."""

from __future__ import annotations

import pandas as pd

from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.model.region import REGION

SUFFIXES = {"median": "", "p05": "|p05", "p95": "|p95"}
"""Statistic over the runs to what its variable is called beside the outcome."""
COLUMNS = ["model", "scenario", "region", "variable", "unit"]


def iamc(frame: pd.DataFrame) -> pd.DataFrame:
    """Medians and ends of 90 % intervals in the IAMC layout: a row a variable, a column a year.

    Args:
        frame: Rows of `Results.intervals`.
    """
    region = REGION.name.en
    part = frame["level"].where(frame["level"] != "province", "")
    names = part.str.capitalize() + " " + frame["unit_name"].astype(str)
    rows = pd.DataFrame(
        {
            "model": "jiqun",
            "scenario": frame["scenario"],
            "region": region + ("|" + names).where(part != "", ""),
            "variable": frame["outcome"],
            "unit": frame["outcome"].map({o.id: o.unit for o in OUTCOMES.values()}),
            "year": frame["year"],
        }
    ).astype({"scenario": str, "variable": str, "unit": str})
    layers = [
        rows.assign(variable=rows["variable"] + suffix, value=frame[statistic])
        for statistic, suffix in SUFFIXES.items()
    ]
    wide = pd.concat(layers).pivot(index=COLUMNS, columns="year", values="value")
    return wide.rename_axis(columns=None).reset_index()
