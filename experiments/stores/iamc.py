"""The IAMC layout, which scenario tools read."""

from __future__ import annotations

import pandas as pd

from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.model.region import REGION


def iamc(frame: pd.DataFrame) -> pd.DataFrame:
    """Medians and ends of 90 % intervals in the IAMC layout, a variable each.

    Args:
        frame: Rows of `Results.intervals`.
    """
    region = REGION.name.en
    part = frame["level"].where(frame["level"] != "province", "")
    names = part.str.capitalize() + " " + frame["unit_name"].astype(str)
    wide = pd.DataFrame(
        {
            "model": "jiqun",
            "scenario": frame["scenario"],
            "region": region + ("|" + names).where(part != "", ""),
            "variable": frame["outcome"],
            "unit": frame["outcome"].map({o.id: o.unit for o in OUTCOMES.values()}),
            "year": frame["year"],
        }
    )
    layers = [
        wide.assign(variable=wide["variable"] + suffix, value=frame[column])
        for column, suffix in (("median", ""), ("p05", "|p05"), ("p95", "|p95"))
    ]
    return pd.concat(layers)
