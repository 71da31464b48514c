"""What two scenarios differ by, run by run, and what the differences can show.

Runs of one draw and seed share every shock that both scenarios use, so a difference within a pair
is far less noisy than one between means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from experiments.draws import BLOCK, FIRST_OF_BLOCK, Vary

if TYPE_CHECKING:
    import pandas as pd

UNIT = ["outcome", "level", "unit_name", "year"]
"""What a row of a summary is about."""
CONFIDENCE, POWER = 0.95, 0.80
SOURCES = (Vary.PARAMETERS, Vary.OUTSIDE, Vary.SEEDS)


def central_of(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs at the central draw: seeds alone differ."""
    return pairs[pairs["draw"] == 0]


def main_of(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs over the zipped draws, or over the seeds of the central draw where there are none."""
    zipped = pairs[pairs["draw"].between(1, BLOCK)]
    return zipped if len(zipped) else central_of(pairs)


def intervals(pairs: pd.DataFrame) -> pd.DataFrame:
    """Median and 90 % interval of the differences, one row a unit and year."""
    chosen = main_of(pairs)
    grouped = chosen.assign(
        share_positive=chosen["difference"] > 0.0, share_negative=chosen["difference"] < 0.0
    ).groupby(UNIT, sort=True)
    difference, change = grouped["difference"], grouped["change"]
    frame = grouped[["share_positive", "share_negative"]].mean()
    frame = frame.assign(
        p05=difference.quantile(0.05),
        median=difference.median(),
        p95=difference.quantile(0.95),
        mean=difference.mean(),
        runs=difference.size(),
        value=grouped["value"].median(),
        baseline=grouped["baseline"].median(),
        change_p05=change.quantile(0.05),
        change_median=change.median(),
        change_p95=change.quantile(0.95),
    )
    return frame.reset_index()


def shares(pairs: pd.DataFrame) -> pd.DataFrame:
    """Variance of the differences where one source moves alone, and its share in the sum.

    Empty where a side batch is missing. Where nothing moves at all, the shares are absent.
    """
    source = np.select(
        [
            pairs["draw"] == 0,
            pairs["draw"].between(*_block(Vary.PARAMETERS)),
            pairs["draw"].between(*_block(Vary.OUTSIDE)),
        ],
        [str(Vary.SEEDS), str(Vary.PARAMETERS), str(Vary.OUTSIDE)],
        default="",
    )
    alone = pairs.assign(source=source)
    alone = alone[alone["source"] != ""]
    grouped = alone.groupby([*UNIT, "source"], sort=True)["difference"]
    frame = grouped.agg(runs="size", variance="var")
    frame = frame.assign(width=grouped.quantile(0.95) - grouped.quantile(0.05)).reset_index()
    frame = frame[frame["runs"] > 1]
    unit = frame.groupby(UNIT)
    frame = frame[unit["source"].transform("size") == len(SOURCES)]
    total = frame.groupby(UNIT)["variance"].transform("sum")
    frame = frame.assign(share=frame["variance"] / total.where(total > 0.0))
    whole: pd.DataFrame = frame.reset_index(drop=True)
    return whole


def needed(pairs: pd.DataFrame, effect: float) -> pd.DataFrame:
    """Seeds it takes to see an effect, as pairs and as runs of independent seeds.

    Seen means: found by a two-sided test at 95 % with a power of 80 %, by the normal
    approximation, which is a little short below about ten.

    Args:
        pairs: Pairs of two scenarios.
        effect: Effect as a share of the baseline's mean.
    """
    grouped = central_of(pairs).groupby(UNIT, sort=True)
    frame = grouped.agg(
        runs=("difference", "size"),
        baseline=("baseline", "mean"),
        difference=("difference", "mean"),
        sd_difference=("difference", "std"),
        sd_value=("value", "std"),
        sd_baseline=("baseline", "std"),
    ).reset_index()
    frame = frame[(frame["runs"] > 1) & (frame["baseline"] != 0.0)].reset_index(drop=True)
    reach = norm.ppf((1.0 + CONFIDENCE) / 2.0) + norm.ppf(POWER)
    target = (effect * frame["baseline"]) ** 2
    paired = reach**2 * frame["sd_difference"] ** 2 / target
    independent = reach**2 * (frame["sd_value"] ** 2 + frame["sd_baseline"] ** 2) / target
    return frame.assign(
        effect=effect, pairs_needed=_whole(paired), independent_needed=_whole(independent)
    )


def _whole(number: pd.Series[float]) -> pd.Series[int]:
    """Number of runs, at least one."""
    return number.map(np.ceil).clip(lower=1.0).astype("int64")


def _block(vary: Vary) -> tuple[int, int]:
    first = FIRST_OF_BLOCK[vary]
    return first + 1, first + BLOCK
