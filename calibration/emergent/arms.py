"""Runs that the patterns of conduct are measured on: one without support, and one an arm.

All arms of a seed share the population and every draw, so that an enterprise in one arm is the same
enterprise in another. Some arms serve a random half of those eligible, for a comparison inside the
run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jiqun.calibration.facts.panels import DEARER, END, LAST
from jiqun.calibration.panel import PanelModel, with_productivity
from jiqun.model.agents.enterprises import LABELS, NEVER
from jiqun.model.calendar import quarter_index, year_of
from jiqun.model.lever import always
from jiqun.model.policy import eligibility
from jiqun.model.randomness import uniform
from jiqun.scenarios import load
from jiqun.scenarios.levers import declarations, issued

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jiqun.calibration.facts.estimators import Whole
    from jiqun.model import Population
    from jiqun.model.lever import Lever
    from jiqun.model.scenario import Scenario

HALF = 0.5
"""Share of those eligible that an arm with random treatment serves."""
EQUIPMENT_CUT = 1.0 - 1.0 / 1.17
"""Price cut of the value-added tax reform of 2009 (effects.csv: .17/1.17)."""
DISCOUNT = 0.02
"""Interest discount of its arm, a year's interest on loans drawn."""
GREEN_CUT = 0.2
"""Green grant of its arm, share of cost."""
PROJECT_YEARS = 10
"""Life of a green project, over which the savings of a dearer energy price are discounted."""
BETTER = 0.1
"""Rise of competitiveness (log) of the half that the displacement arm makes better."""
VOUCHER = 0.8
"""Voucher of the digital arms, share of cost; half of it, as issued, in the arms of a small one."""
DEARER_LOANS = 0.01
"""Rise of the loan rate in its arm, a share a year."""
CAPACITY = 5.0
"""Rise of the capacity of digital providers in the arms that do not want for it."""
AFTER = quarter_index(2020, 1)
"""Quarter that measures on investment, the quota and guarantees begin in: a year to compare with is
before."""
QUOTA = "energy_quota"
"""Lever of the quota arm, with the threshold and fall that it has as a design."""
SMALLER = {"size": ("medium", "small", "below_scale")}
"""Whom vouchers and guarantees are for, in clusters or not."""
WITHOUT = ("special_funds", "rd_grant", "equipment_grant", "digital_subsidy_2021_2023")


class Observed(PanelModel):
    """The panel with what the measures of conduct need beside, and a shock to a random half.

    Defaults are told by the position at the start of the quarter of exit: loans that cash and scrap
    did not cover then.

    Args:
        scenario: The scenario.
        rng: Seed of the run.
        population: Population at the start.
        better: Rise of the competitiveness of a random half at the start, log.
    """

    def __init__(
        self, scenario: Scenario, rng: int, population: Population, better: float = 0.0
    ) -> None:
        super().__init__(scenario, rng, population)
        e = self.enterprises
        e.size_level += better * treated(e.id, rng, "better")
        self._unpaid = np.zeros(len(e))

    def step(self) -> None:
        """One quarter, with what those who leave in it cannot pay back."""
        e, scrap = self.enterprises, self.parameters["scrap_value"]
        short = np.maximum(e.debt_short + e.debt_long - e.cash - scrap * e.capital, 0.0)
        super().step()
        new = len(e) - len(short)
        gone = np.isin(np.arange(len(e)), self.counts.exits[-1][0])
        self._unpaid = np.pad(self._unpaid, (0, new)) + gone * np.pad(short, (0, new))

    def observe(self) -> None:
        """Record the year."""
        super().observe()
        self._unpaid = np.zeros(int((self.enterprises.weight > 0.0).sum()))

    def _table(self) -> pd.DataFrame:
        e = self.enterprises
        news = self.policy.lever(NEWS)
        none = np.zeros(len(e), dtype=bool)
        return (
            super()
            ._table()
            .assign(
                city=e.city,
                tier=e.tier,
                size=e.size,
                organised=e.rd_institution
                | np.any([getattr(e, label) > NEVER for label in LABELS], 0),
                claims=none if news is None else eligibility.claimants(self, news),
                eligible=none if news is None else eligibility.eligible(news, e, self.quarter),
                subsidy=e.year_subsidy,
                misused=e.year_misused,
                saved=e.energy_saved,
                green=e.green_upgrades,
                upgrades=e.year_upgrades,
                unpaid=self._unpaid,
            )
        )


NEWS = "equipment_upgrade_grant"
"""The grant that enterprises learn of in the arm of take-up; nothing else sets it there."""


def treated(ids: Whole, seed: int, name: str) -> Whole:
    """The random half of an arm: 1 or 0, shape as ids.

    Args:
        ids: Enterprise ids, shape (rows,).
        seed: Seed of the run.
        name: Id of the lever, so that the half is the one that claims it in a run.
    """
    return (uniform(seed, f"claims {name}", ids) < HALF).astype(np.int64)


def _put(lever_id: str, start: int = 0, share: float | None = 1.0, **terms: float) -> Lever:
    """A lever open to all it is for from a quarter on, at once, without limit but those given.

    Args:
        lever_id: The lever.
        start: First quarter.
        share: Share of the eligible that claim; None leaves it to the model.
        terms: Terms in base units.
    """
    lever = issued(declarations()[lever_id])
    kept = {name: ((start, path[0][1]),) for name, path in lever.terms.items()}
    kept = {name: path for name, path in kept.items() if not name.startswith("take_up")}
    if share is not None:
        terms |= {"take_up_start": share, "take_up_full": share}
    given = {name: ((start, float(value)),) for name, value in terms.items()}
    # Of the document only part is delivered and nobody knows at first; here conduct is looked at.
    return replace(
        lever, start=start, end=None, origin="later", drawn={}, terms={**kept, **given},
        fund="upgrade_plan" if lever.grants else lever.fund,
    )  # fmt: skip


def _with(scenario: Scenario, *levers: Lever) -> Scenario:
    names = {lever.id for lever in levers}
    kept = tuple(lever for lever in scenario.levers if lever.id not in names)
    return replace(scenario, levers=(*kept, *levers))


def _equipment(rate: float) -> Lever:
    return _put("equipment_upgrade_grant", AFTER, HALF, rate=rate, cap=1e12)


def _rd_grant(rate: float, **cap: float) -> Lever:
    return _put("rd_grant", 0, HALF, rate=rate, **cap)


def _voucher(rate: float) -> Lever:
    return replace(_put("digital_voucher", rate=rate), who=always(SMALLER))


def _green() -> Lever:
    # A dearer energy that it is compared with meets members of clusters and others alike.
    who = {"size": ("large", "medium", "small")}
    return replace(_put("green_retrofit_grant", rate=GREEN_CUT, cap=1e12), who=always(who))


def _guarantee() -> Lever:
    return replace(_put("credit_guarantee", AFTER, HALF), who=always(SMALLER))


def _deduction(extra: float) -> Lever:
    return replace(_put("rd_super_deduction", share=None, extra=extra), origin="older")


def _audit(rate: float) -> Lever:
    return _put("rd_audit", share=None, rate=rate)


def _capacity() -> Lever:
    return _put("digital_capacity", share=None, above=CAPACITY, below=CAPACITY)


ARMS: dict[str, tuple[Lever, ...]] = {
    "plain": (),
    "news": (_put(NEWS, AFTER, None, rate=0.01),),
    "price": (_equipment(EQUIPMENT_CUT),),
    "discount": (_put("loan_interest_discount", AFTER, HALF, discount=DISCOUNT, cap=1e12),),
    "rd grant": (_rd_grant(0.2),),
    "rd grant, no cap": (_rd_grant(0.2, cap=1e12),),
    "rd grant, audit": (_rd_grant(0.2), _audit(0.5)),
    "rd grant, higher": (_rd_grant(0.4),),
    "no deduction": (_deduction(0.0),),
    "deduction": (_deduction(1.0),),
    "deduction, audit": (_deduction(1.0), _audit(0.5)),
    "deduction, full audit": (_deduction(1.0), _audit(1.0)),
    "green": (_green(),),
    "quota": (_put(QUOTA, AFTER, None),),
    "guarantee": (_guarantee(),),
    "voucher, small": (_voucher(VOUCHER / 2.0),),
    "voucher": (_voucher(VOUCHER),),
    "capacity": (_capacity(),),
    "voucher, small, capacity": (_voucher(VOUCHER / 2.0), _capacity()),
    "voucher, capacity": (_voucher(VOUCHER), _capacity()),
}
"""Levers of each arm, on top of the policy of 2019 without grants."""


def _loans_dearer(scenario: Scenario) -> Scenario:
    outside = scenario.outside
    first = year_of(AFTER)
    path = tuple(
        (year, rate + DEARER_LOANS if year >= first else rate) for year, rate in outside.loan_rate
    )
    return replace(scenario, outside=replace(outside, loan_rate=path))


def equal_worth(p: Mapping[str, float], rate: float) -> float:
    """Rise of the energy price that is worth as much to a project as the green grant, a share.

    Both are per tce saved in a year: the grant now, the dearer energy saved over the project's life
    at the interest rate.
    """
    worth = (1.0 - (1.0 + rate) ** -PROJECT_YEARS) / rate
    return GREEN_CUT * p["cost_tce"] / (p["energy_price"] * worth)


@dataclass
class Arms:
    """The runs of one seed, made when asked for.

    Attributes:
        seed: Seed of the runs.
        population: Population at the start.
        draw: Parameter values of the seed; empty for the central ones.
    """

    seed: int
    population: Population
    draw: Mapping[str, float]

    def __post_init__(self) -> None:
        self._made: dict[str, pd.DataFrame] = {}

    @cached_property
    def policy(self) -> Scenario:
        """Policy before the document."""
        return load("without_document_55").with_draw(self.draw, {})

    @cached_property
    def bare(self) -> Scenario:
        """The same without grants."""
        kept = tuple(lever for lever in self.policy.levers if lever.id not in WITHOUT)
        return replace(self.policy, levers=kept)

    def __getitem__(self, name: str) -> pd.DataFrame:
        """The panel of an arm."""
        if name not in self._made:
            self._made[name] = self._special[name]() if name in self._special else self._arm(name)
        return self._made[name]

    def _arm(self, name: str) -> pd.DataFrame:
        return self._run(_with(self.bare, *ARMS[name]), LAST)

    @cached_property
    def _special(self) -> Mapping[str, Callable[[], pd.DataFrame]]:
        return {
            "history": lambda: self._run(self.policy, END),
            "energy dearer": lambda: self._run(self._dearer(self.policy, DEARER), END),
            "document": lambda: self._run(load("as_issued").with_draw(self.draw, {}), END),
            "grant of the discount's worth": self._equal_grant,
            "energy of the grant's worth": lambda: self._run(
                self._dearer(self.bare, 1.0 + self.dearer_by), LAST
            ),
            "loans dearer": lambda: self._run(_loans_dearer(self.bare), LAST),
            "better half": lambda: self._run(self.bare, LAST, better=BETTER),
        }

    @property
    def dearer_by(self) -> float:
        """Rise of the energy price in the arm of the green grant's worth."""
        return equal_worth(self.bare.parameters, self.bare.outside.loan_rate_in(2019))

    def _dearer(self, scenario: Scenario, by: float) -> Scenario:
        # Over other prices, so that new plant is built for it: a higher level alone moves upgrades
        # and not technique.
        return scenario.with_draw({"energy_price_rise": by}, {})

    def _equal_grant(self) -> pd.DataFrame:
        """The equipment grant of such a rate that it pays what the interest discount pays."""
        paid = [
            float((self[n]["weight"] * self[n]["subsidy"]).sum()) for n in ("discount", "plain")
        ]
        trial = 0.5 * DISCOUNT
        first = self._run(_with(self.bare, _equipment(trial)), LAST)
        cost = float((first["weight"] * first["subsidy"]).sum()) - paid[1]
        return self._run(_with(self.bare, _equipment(trial * (paid[0] - paid[1]) / cost)), LAST)

    def _run(self, scenario: Scenario, until: int, better: float = 0.0) -> pd.DataFrame:
        model = Observed(scenario, self.seed, self.population, better)
        model.run_until_year(until)
        frame = pd.concat(model.years, ignore_index=True).sort_values(["id", "year"], kind="stable")
        return with_productivity(frame.reset_index(drop=True))
