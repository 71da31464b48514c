"""Losses on guarantees beside what is provided for them at issue.

``python -m jiqun.calibration.guarantee`` runs the guarantee on seeds of its own, stops issuing
after 2027 with the outside world held as it then is, follows the debt to 2035, and writes
`calibration/results/guarantee.csv` and `docs/guarantee.md`. Nothing here is fitted: the provision
is from published pay-outs, and what the run makes of it is only told.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jiqun.calibration.markdown import pipe_table
from jiqun.experiments.runs.draws import draws
from jiqun.model import ClusterPolicyModel
from jiqun.model.calendar import quarter_index
from jiqun.model.elementary import dot
from jiqun.model.outside_world import Outside
from jiqun.model.policy import provisions
from jiqun.scenarios import load
from jiqun.scenarios.levers import declarations, issued

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jiqun.model.dimensions import Array
    from jiqun.model.scenario import Scenario

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "calibration" / "results" / "guarantee.csv"
PAGE = ROOT / "docs" / "guarantee.md"
LEVER, REFERENCE, ROWS = "credit_guarantee", "as_issued", 4_000
DRAWS, FIRST_SEED = range(101, 133), 9_000
"""Draws, and seeds from the next number on, that nothing else is chosen on."""
FIRST, LAST_ISSUE, LAST = 2024, 2027, 2035
SHOWN = {
    "provided": "provided, net of fees",
    "expected": "expected loss, before fees",
    "lost": "realised loss, before fees",
    "lost_net": "realised loss, net of fees",
    "lost_by_2027": "of which paid by the end of 2027",
    "left_open": "covered debt that stands at the end of 2035",
    "failed": "covered debt of those who left",
    "failed_a_year": "of covered debt that fails in a year",
    "lost_of_failed": "lost of what fails",
    "short_of_failed": "of what fails: owed more than cash and scrap at the start of the quarter",
    "unpaid_of_short": "of the debt of those: beyond cash and scrap",
    "covered_by_cash": "cash over debt of all who fail",
    "expected_a_year": "pay-outs a year, published",
    "expected_lost": "not recovered of pay-outs, published",
    "years_owed": "years that a covered yuan is owed, discounted",
}
"""Measures by name; those without a year are over a yuan of loans newly covered."""


class Held(Outside):
    """An outside world that goes on after `LAST_ISSUE` as in that year."""

    def growth(self, series: str, year: int, half_life: float) -> Array:
        """Growth of a series in a year, of `LAST_ISSUE` in later ones.

        Args:
            series: Demand, price or frontier.
            year: Calendar year.
            half_life: Years in which the distance from the long mean halves.
        """
        return super().growth(series, min(year, LAST_ISSUE), half_life)


def guaranteed(scenario: Scenario) -> Scenario:
    """The scenario with the guarantee as issued, no loan of which is new after `LAST_ISSUE`."""
    lever = issued(declarations()[LEVER])
    stop = quarter_index(LAST_ISSUE + 1, 1)
    # The lever stays in force, so that what it covered is paid; nobody claims it any more.
    claims = ("take_up_start", "take_up_full")
    terms = {name: (*lever.terms[name], (stop, 0.0)) for name in claims}
    outside = Held(**vars(scenario.outside))
    levers = (*scenario.levers, replace(lever, terms={**lever.terms, **terms}))
    return replace(scenario, levers=levers, outside=outside, rows=ROWS).until(LAST)


def follow(scenario: Scenario, seed: int) -> dict[str, float]:
    """Measures of a run: present values of 2024 over those of loans newly covered."""
    model = ClusterPolicyModel(scenario, rng=seed)
    p, e = model.parameters, model.enterprises
    model.run_until_year(FIRST - 1)
    owed, failed, short, unpaid, cash = np.zeros(5)

    def worth(year: int) -> float:
        return float((1.0 + p["discount_rate"]) ** (FIRST - year))

    for _ in range(model.quarter, quarter_index(LAST, 4)):
        ids, covered = e.id.copy(), e.weight * e.debt_covered
        debt = np.maximum(e.debt_short + e.debt_long, 1.0)
        means, held = e.cash + p["scrap_value"] * e.capital, e.cash / debt
        model.run_for(1)
        gone = ~np.isin(ids, e.id[e.weight > 0.0])
        left, beyond = worth(model.year) * covered * gone, np.maximum(1.0 - means / debt, 0.0)
        failed += left.sum()
        short += (left * (beyond > 0.0)).sum()
        unpaid += (left * beyond).sum()
        cash += (left * np.minimum(held, 1.0)).sum()
        owed += worth(model.year) * 0.25 * float(covered.sum())
    rows = pd.DataFrame(model.ledger_records())
    rows = rows[rows["lever"] == LEVER]
    rows["yuan"] *= rows["year"].map(worth)
    accrued, paid = (rows[rows["kind"] == kind] for kind in ("accrued", "paid"))
    provided = accrued.loc[accrued["payer"] != "banks", "yuan"].sum()
    new = provided / provisions.of_guarantee(p)
    lost, fees = paid["yuan"].sum(), p["guarantee_fee"] * owed
    return {
        "provided": provided / new,
        "expected": provisions.loss(p),
        "lost": lost / new,
        "lost_net": (lost - fees) / new,
        "lost_by_2027": paid.loc[paid["year"] <= LAST_ISSUE, "yuan"].sum() / new,
        "left_open": worth(LAST) * dot(e.weight, e.debt_covered) / new,
        "failed": failed / new,
        "failed_a_year": failed / owed,
        "lost_of_failed": lost / failed,
        "short_of_failed": short / failed,
        "unpaid_of_short": unpaid / short,
        "covered_by_cash": cash / failed,
        "expected_a_year": provisions.payouts(p),
        "expected_lost": p["guarantee_loss"],
        "years_owed": owed / new,
    }


def measure(scenario: Scenario, indices: Iterable[int]) -> pd.DataFrame:
    """Measures by draw, one row a draw."""
    found = [
        {"draw": draw.index} | follow(draw.of(scenario), FIRST_SEED + draw.index)
        for draw in draws(scenario, indices)
    ]
    return pd.DataFrame(found)


def page(frame: pd.DataFrame) -> str:
    """The page of the table."""
    gap = frame["lost"].mean() / frame["expected"].mean() - 1.0
    said = "agree within 10 %" if abs(gap) <= 0.1 else "do not agree within 10 %"
    shown = []
    for name, label in SHOWN.items():
        values = frame[name] * (1.0 if name == "years_owed" else 100.0)
        numbers = (values.mean(), values.min(), values.max())
        shown.append((label, *(f"{value:.2f}" for value in numbers)))
    lines = [
        "# Guarantees: provided and lost\n\n"
        "Generated by `python -m jiqun.calibration.guarantee`; do not edit by hand.\n\n"
        f"Scenario `{REFERENCE}` with the guarantee as issued, {len(frame)} draws on seeds of "
        f"their own; nothing is newly covered after {LAST_ISSUE}, the outside world goes on as in "
        f"that year, and debt is followed to {LAST}. Over a yuan of loans newly covered, both in "
        "present value, per cent. The provision is from published pay-outs of Anhui's guarantees "
        "and is not fitted to the run.\n",
        f"Loss expected and loss realised, both before fees, {said}: the realised one is "
        f"{100.0 * gap:+.0f} % off the expected one, means over draws.\n",
        "How often covered debt fails is left to the run: exit by size, and of those in distress, "
        "fitted to nothing about guarantees. What is lost of it is not a finding: who leaves with "
        "a loan has failed and the published part of pay-outs is not recovered, or all beyond its "
        "means. The provision is from published pay-outs alone, so the two differ by the rate of "
        "failures and by how long loans are owed.\n",
        pipe_table(("measure", "mean", "least", "most"), shown),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, and write the table and the page."""
    scenario = guaranteed(load(REFERENCE))
    found = measure(scenario, DRAWS)
    found.to_csv(RESULTS, index=False, float_format="%.5g", lineterminator="\n")
    PAGE.write_text(page(pd.read_csv(RESULTS)), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
