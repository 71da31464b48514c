"""Tables of what two scenarios differ by: effects, sources of their spread, pairs that are needed.

Runs of one draw and seed share every shock that both scenarios use, so a difference within a pair
is far less noisy than one between means.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from jiqun.experiments.effects.effect import RUN, SPREAD, estimates, main_of, sign_of
from jiqun.experiments.runs.draws import BLOCK, FIRST_OF_BLOCK, SOURCES, Vary

UNIT = ["outcome", "level", "unit_name", "year"]
"""What a row of a summary is about."""
ESTIMATED = ["mean", "low", "high", "floor", "median", "p05", "p95"]
CONFIDENCE, POWER = 0.95, 0.80


def central_of(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs at the central draw: seeds alone differ."""
    return pairs[pairs["draw"] == 0]


def intervals(pairs: pd.DataFrame) -> pd.DataFrame:
    """Effects and how far pairs lie apart, one row a unit and year."""
    chosen = main_of(pairs)
    grouped = chosen.assign(
        share_positive=chosen["difference"] > 0.0, share_negative=chosen["difference"] < 0.0
    ).groupby(UNIT, sort=True)
    frame = grouped[["share_positive", "share_negative"]].mean()
    for prefix, name in (("", "difference"), ("change_", "change")):
        frame = frame.join(_estimates(chosen, name).add_prefix(prefix))
    frame = frame.assign(
        runs=grouped.size(), value=grouped["value"].median(), baseline=grouped["baseline"].median()
    )
    return frame.reset_index()


def _estimates(pairs: pd.DataFrame, name: str) -> pd.DataFrame:
    """Estimates of a column by unit and year, with their sign; units of the same runs together."""
    wide = pairs.pivot(index=RUN, columns=UNIT, values=name)
    known = wide.notna().to_numpy()
    alike: dict[bytes, list[int]] = {}
    for place in np.flatnonzero(known.any(axis=0)).tolist():
        alike.setdefault(known[:, place].tobytes(), []).append(place)
    parts = [
        pd.DataFrame(
            estimates(wide.iloc[known[:, places[0]], places].to_numpy()), wide.columns[places]
        )
        for places in alike.values()
    ]
    found = pd.concat(parts) if parts else pd.DataFrame(columns=ESTIMATED, dtype=float)
    return found.assign(sign=sign_of(*(found[column].to_numpy() for column in ESTIMATED[:4])))


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
    low, high = SPREAD
    frame = frame.assign(width=grouped.quantile(high) - grouped.quantile(low)).reset_index()
    frame = frame[frame["runs"] > 1]
    unit = frame.groupby(UNIT)
    frame = frame[unit["source"].transform("size") == len(SOURCES)]
    total = frame.groupby(UNIT)["variance"].transform("sum")
    frame = frame.assign(share=frame["variance"] / total.where(total > 0.0))
    whole: pd.DataFrame = frame.reset_index(drop=True)
    return whole


def needed(pairs: pd.DataFrame, effect: float) -> pd.DataFrame:
    """Seeds it takes to see an effect, as pairs and as runs of independent seeds.

    Seen means: by a two-sided test at 95 % with a power of 80 %, by the normal
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
    reach = ndtri((1.0 + CONFIDENCE) / 2.0) + ndtri(POWER)
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
