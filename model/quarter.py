"""The quarter on one page: its stages in order, and those of the year's end after the fourth.

Each stage reads columns and state, calls the pure rules of its submodel with this quarter's draws,
writes the results and books every payment with its counterparty. What a stage writes it declares: a
test runs the stages and finds a write that is not declared.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jiqun.model.agents import clusters
from jiqun.model.economy import network, sales, turnover
from jiqun.model.economy.outlays import invest
from jiqun.model.economy.outside import outside_world
from jiqun.model.economy.production import produce
from jiqun.model.innovation import audit, titles
from jiqun.model.innovation.research import innovate
from jiqun.model.policy import bearers, horse_race
from jiqun.model.policy.programmes import programmes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jiqun.model.model import ClusterPolicyModel


@dataclass(frozen=True)
class Stage:
    """A stage of the quarter or of the year's end.

    Attributes:
        name: Name.
        sentence: What happens.
        run: The function that does it.
        writes: Owner of state (`enterprises`, a record of `model/state.py`, an agent or the ledger)
            to what the stage writes of it, names separated by blanks; `rows` of the enterprises are
            written where some come or leave.
        rare: Reason why a run may never write some of it, to what that is, as `owner.name`.
    """

    name: str
    sentence: str
    run: Callable[[ClusterPolicyModel], None]
    writes: Mapping[str, str]
    rare: Mapping[str, str] = field(default_factory=dict)

    @property
    def written(self) -> frozenset[str]:
        """All that the stage may write, as `owner.name`."""
        return frozenset(
            f"{owner}.{name}" for owner, names in self.writes.items() for name in names.split()
        )

    @property
    def rarely_written(self) -> frozenset[str]:
        """What of it a run may never write."""
        return frozenset(name for names in self.rare.values() for name in names.split())


QUARTER: tuple[Stage, ...] = (
    Stage(
        "outside world",
        "Demand, prices, the frontier and tax rates move as the outside world gives them.",
        outside_world,
        writes={
            "accounts": "income_tax",
            "banks": "base_rate",
            "labour": "wage",
            "markets": (
                "demand demand_growth frontier_growth frontier_level industry_growth "
                "input_price outside_mass outside_share past_demand price price_level "
                "two_year_growth"
            ),
        },
        rare={
            "rates change with the law": ("accounts.income_tax"),
            "the published rate moves in some years": ("banks.base_rate"),
        },
    ),
    Stage(
        "entry",
        "Once a year enterprises move into clusters and entrants come; new plants run up.",
        turnover.entry,
        writes={
            "enterprises": "rows city cluster tier pool moved_from role capital size_level",
            "accounts": "books bridge_loans",
            "city_funds": "left",
            "counts": "refused_plant refused_projects",
            "ledger": "entries",
            "network": "links search",
            "programmes": "cost_quantities entry_plant_refused payments_due",
        },
        rare={
            "few enterprises with a title stand outside the clusters of their field": (
                "enterprises.city enterprises.cluster enterprises.tier enterprises.pool "
                "enterprises.moved_from enterprises.capital"
            ),
            "a limit meets few of the year's entrants": (
                "counts.refused_projects counts.refused_plant"
            ),
        },
    ),
    Stage(
        "programmes",
        "Size classes are set; once a year budgets open, awards are paid and calls are held.",
        programmes,
        writes={
            "enterprises": "chosen heard size brand rd_grant_rate cash year_misused",
            "accounts": "books transfers_paid",
            "banks": "line_left",
            "city_funds": "left",
            "clusters": "platform received",
            "counts": "projects_chosen",
            "ledger": "entries",
            "programmes": (
                "cost_quantities granted grants_paid instalments_due misused payments_due "
                "purchases_by_channel rd_conditional_grants rd_supported"
            ),
            "province": "award_fund own purses",
        },
    ),
    Stage(
        "supply network",
        "Suppliers and chain leaders form links and end them.",
        network.form_links,
        writes={
            "enterprises": "role",
            "network": "links",
            "programmes": "reach",
        },
    ),
    Stage(
        "market",
        "The market clears; plant, energy quotas and missing inputs limit what is sold.",
        sales.sell,
        writes={
            "enterprises": (
                "revenue expected_revenue orders_filled input_shortfall input_cover "
                "unit_cost energy_quota year_capacity year_at_ceiling"
            ),
            "accounts": "smallness",
            "markets": "own_mass plant_price revenue_per_mass",
            "network": "digital_demand local_share orders purchases quality_demand",
            "production": "plant_ratio quota_price",
            "programmes": "cost_quantities reach",
        },
    ),
    Stage(
        "costs and taxes",
        "Enterprises bear costs and taxes and earn profit; jobs, the wage and energy use follow.",
        produce,
        writes={
            "enterprises": (
                "value_added value_added_real employees profit losses year_revenue "
                "year_value_added year_value_added_real year_vat year_profit year_wages "
                "year_rd year_rd_reported year_energy year_tax year_tax_forgone "
                "year_subsidy year_relabel_gain"
            ),
            "accounts": (
                "books cash_flow profit_after_tax transfers_paid turnover value_added_gap"
            ),
            "innovation": "rd_cost_ratio relabelling_reward",
            "labour": "previous wage wage_gap",
            "ledger": "entries",
            "programmes": "cost_quantities payments_due reach",
        },
        rare={
            "what reaches whom is settled by an earlier stage of the year in most runs": (
                "programmes.reach"
            ),
        },
    ),
    Stage(
        "investment and finance",
        "Enterprises buy plant and upgrades out of own funds, loans and grants.",
        invest,
        writes={
            "enterprises": (
                "heard capital productivity digital_stage energy_per_va energy_technique "
                "plant_limit plant_refused energy_saved green_upgrades upgrades_value cash "
                "debt_short debt_long debt_line debt_covered rate grant_income "
                "year_investment year_subsidy year_asked year_granted year_bound "
                "year_upgrades"
            ),
            "accounts": "books bridge_loans transfers_paid",
            "banks": "credit granted line_left lost premium",
            "city_funds": "left",
            "counts": "refused_plant refused_projects",
            "ledger": "entries",
            "programmes": "cost_quantities granted payments_due purchases_by_channel reach",
            "province": "own purses",
        },
        rare={
            "loans are rationed until the origin of the outside world alone": ("banks.granted"),
            "a limit meets few projects": ("counts.refused_projects counts.refused_plant"),
            "levers pay for outlays at once unless a scenario gives them a lag": (
                "programmes.payments_due"
            ),
            "cities pay for outlays where a scenario has them do so": ("city_funds.left"),
        },
    ),
    Stage(
        "innovation",
        "R&D of the next quarter is planned; knowledge, spillovers and shocks move productivity.",
        innovate,
        writes={
            "enterprises": (
                "size_level size_noise productivity trained rd_active rd_institution "
                "rd_intensity rd rd_reported knowledge digital_gain"
            ),
            "innovation": "pool_knowledge",
            "markets": "lasting_price",
            "programmes": "reach",
        },
    ),
    Stage(
        "costs beside grants",
        "What levers cost beside their grants in the quarter is booked.",
        bearers.bear,
        writes={
            "accounts": "books",
            "ledger": "entries",
            "programmes": "cost_quantities entry_plant_refused reach",
        },
        rare={
            "what reaches whom is settled by an earlier stage of the year in most runs": (
                "programmes.reach"
            ),
            "a limit meets few of the year's entrants": ("programmes.entry_plant_refused"),
        },
    ),
    Stage(
        "exit",
        "Enterprises close; banks and guarantors lose their part of what these owe.",
        turnover.leave,
        writes={
            "enterprises": (
                "weight revenue capital orders_filled input_shortfall input_cover "
                "upgrades_value cash debt_short debt_long debt_line debt_covered "
                "grant_income year_subsidy"
            ),
            "accounts": "books bridge_loans transfers_paid",
            "banks": "lost",
            "counts": "exits",
            "ledger": "entries",
        },
    ),
)
"""A quarter, in order. The year's end follows the fourth (`year_end`)."""


def record_year(m: ClusterPolicyModel) -> None:
    """Record the outcomes of the year."""
    m.observe()


def next_year(m: ClusterPolicyModel) -> None:
    """Turn the year's sums into those of the year before, and begin to count anew."""
    m.enterprises.carry_over_year()
    m.start_year()


YEAR_END: tuple[Stage, ...] = (
    Stage(
        "statistical threshold",
        "Enterprises cross the statistical threshold of 20 million yuan, up or down.",
        turnover.review_scale,
        writes={
            "enterprises": "above_scale was_above_scale",
        },
    ),
    Stage(
        "audit",
        "Reported R&D is audited; what is found falls due to be paid back.",
        audit.close_year,
        writes={
            "enterprises": "year_rd_reported",
            "programmes": "cost_quantities payments_due",
        },
    ),
    Stage(
        "titles",
        "Titles that run out are reviewed, new ones are awarded and their awards promised.",
        titles.close_year,
        writes={
            "enterprises": (
                "innovative_sme high_tech srdi little_giant champion green_factory mu_class"
            ),
            "ledger": "entries",
            "programmes": "cost_quantities payments_due reach",
            "province": "own",
        },
        rare={
            "few champions are named in a year": ("enterprises.champion"),
        },
    ),
    Stage(
        "race of clusters",
        "Clusters are scored; titles, instalments of awards, plans and promotion bodies follow.",
        horse_race.close_year,
        writes={
            "cluster_terms": ("appeal loan_discount plan promotion_body rd_cost_cut score_base"),
            "clusters": (
                "award instalments_paid plan plan_since promotion_body score scores status "
                "titled_since"
            ),
            "ledger": "entries",
            "programmes": "instalments_due",
        },
        rare={
            "set at the end of 2023 alone": ("cluster_terms.score_base"),
        },
    ),
    Stage(
        "appeal",
        "Appeal takes in titles of clusters and what levers have shown to buyers, which fades.",
        sales.update_appeal,
        writes={
            "enterprises": "appeal brand",
            "programmes": "reach",
        },
    ),
    Stage(
        "platforms",
        "Public platforms of clusters wear out.",
        clusters.wear_platforms,
        writes={
            "clusters": "platform",
        },
    ),
    Stage(
        "yearly costs beside grants",
        "What levers cost beside their grants once a year is booked.",
        bearers.close_year,
        writes={
            "accounts": "books",
            "ledger": "entries",
            "programmes": "cost_quantities reach",
        },
        rare={
            "what reaches whom is settled by an earlier stage of the year in most runs": (
                "programmes.reach"
            ),
        },
    ),
    Stage(
        "observation",
        "The outcomes of the year are recorded.",
        record_year,
        writes={
            "observed": "base_2020 recorded",
        },
        rare={
            "set at the end of 2020 alone": ("observed.base_2020"),
        },
    ),
    Stage(
        "removal",
        "Rows of enterprises that have left are dropped, with their links.",
        turnover.remove_exited,
        writes={
            "enterprises": "rows role",
            "network": "links",
        },
    ),
    Stage(
        "next year",
        "The year's sums become those of the year before, and counting begins anew.",
        next_year,
        writes={
            "enterprises": (
                "year_revenue year_value_added year_value_added_real year_vat year_profit "
                "year_wages year_rd year_rd_reported year_energy year_investment year_tax "
                "year_tax_forgone year_subsidy year_misused year_relabel_gain year_asked "
                "year_granted year_bound year_capacity year_at_ceiling year_upgrades "
                "last_revenue last_value_added_real last_profit last_rd_reported "
                "last_energy"
            ),
            "counts": (
                "demand exits local_purchases projects_chosen purchases refused_plant "
                "refused_projects residual"
            ),
            "programmes": "reach",
        },
        rare={
            "a limit meets few projects": ("counts.refused_projects counts.refused_plant"),
        },
    ),
)
"""The yearly work after the fourth quarter, in order."""


def run_stages(m: ClusterPolicyModel, stages: Sequence[Stage]) -> None:
    """Stages in order; the CPU time of each goes to the timings of the run."""
    began = time.process_time()
    for stage in stages:
        stage.run(m)
        ended = time.process_time()
        m.timings[stage.name] += ended - began
        began = ended


def year_end(m: ClusterPolicyModel) -> None:
    """The stages of the year's end."""
    run_stages(m, YEAR_END)
