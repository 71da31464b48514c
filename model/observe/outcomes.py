"""The register of outcomes: declared once, read by everything downstream.

An outcome is computed from weighted sums over a group of enterprises (`model/observe/quantities.py`
collects them), so that every ratio, share and rate is a ratio of sums. A unit of a level for which
the denominator is zero has no row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from jiqun.model.dimensions import Array

LEVELS = ("province", "tier", "status", "cluster", "city", "field", "size")
PROVINCE = ("province",)

Sums = Mapping[str, Array]


@dataclass(frozen=True)
class Outcome:
    """One outcome.

    Attributes:
        id: Identifier, used in stores, files and figures.
        zh: Chinese label.
        en: English label.
        unit: Unit of the stored value (base units; shares are 0 to 1).
        levels: Levels it is recorded at.
        direction: 1 if more is better, -1 if less is better, 0 if neither.
        measure: Group sums to values, shape (groups,); NaN where the outcome is absent.
        indicator: Name of the published series it is compared with, if any.
        target: Id of the policy target (`policy_targets.csv`) it is judged by, if any.
        target_class: ``modelled``, ``quota`` or ``plan``; empty without a target.
        note: Scope, where the label does not say it.
    """

    id: str
    zh: str
    en: str
    unit: str
    levels: tuple[str, ...]
    direction: int
    measure: Callable[[Sums], Array]
    indicator: str = ""
    target: str = ""
    target_class: str = ""
    note: str = ""


def _total(name: str) -> Callable[[Sums], Array]:
    return lambda sums: sums[name]


def _ratio(top: str, bottom: str) -> Callable[[Sums], Array]:
    return lambda sums: _divide(sums[top], sums[bottom])


def _growth(now: str, before: str) -> Callable[[Sums], Array]:
    return lambda sums: _divide(sums[now], sums[before]) - 1.0


def _divide(top: Array, bottom: Array) -> Array:
    """Quotient; NaN where the denominator is not positive (the unit is absent)."""
    result: Array = np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0.0)
    return result


def _energy_change(sums: Sums) -> Array:
    now = _divide(sums["energy"], sums["value_added_real"])
    base = _divide(sums["energy_2020"], sums["value_added_real_2020"])
    return _divide(now, base) - 1.0


CHOSEN = {
    "innovation_institutes": ("新增产业创新研究院等机构", "Institutes and centres set up"),
    "open_bid_projects": ("新增关键核心技术攻关项目", "Key-technology projects chosen"),
    "short_board_projects": ("新增补短板项目", "Short-board projects chosen"),
    "first_sets": ("新增首台套首批次首版次", "First sets, batches and versions chosen"),
    "foundation_projects": ("新增工业强基项目", "Foundation projects chosen"),
    "quality_brand": ("新增行业标准", "Industry standards chosen"),
    "service_manufacturing": ("新增服务型制造示范", "Service-oriented manufacturers chosen"),
    "design_centres": ("新增省级工业设计中心", "Industrial design centres chosen"),
}
"""Lever whose projects, or institutes, are counted to the labels of their number."""

_DECLARED = (
    # size
    Outcome("enterprises", "规模以上企业数", "Enterprises above scale", "enterprises", LEVELS, 1,
            _total("count"), "as_firms"),
    Outcome("revenue", "营业收入", "Revenue", "yuan", LEVELS, 1, _total("revenue"), "as_revenue"),
    Outcome("revenue_growth", "营业收入增速(可比口径)", "Revenue growth, comparable base",
            "share a year", LEVELS, 1, _growth("revenue", "revenue_before"), "as_revenue_growth"),
    Outcome("value_added", "工业增加值", "Value added", "yuan", LEVELS, 1, _total("value_added")),
    Outcome("value_added_without_vat", "工业增加值(不含应交增值税)",
            "Value added without VAT payable", "yuan", LEVELS, 1,
            lambda sums: sums["value_added"] - sums["vat"],
            note="value added as published counts VAT payable, so a change of the VAT rate moves "
            "it by definition: effects of that rate are read here"),
    Outcome("value_added_moved", "迁入企业增加值(净)", "Value added that moved in, net", "yuan",
            ("tier", "cluster", "city"), 0, _total("moved"),
            note="enterprises that moved into a cluster, in the place they are less in the place "
            "they left: nothing of it is a gain of the province"),
    Outcome("value_added_rate", "增加值率", "Value added over revenue", "share", LEVELS, 1,
            _ratio("value_added", "revenue")),
    Outcome("va_real_growth", "增加值实际增速(可比口径)", "Real growth of value added",
            "share a year", LEVELS, 1, _growth("value_added_real", "value_added_real_before"),
            "as_va_growth"),
    Outcome("profit", "利润总额", "Profit before tax", "yuan", LEVELS, 1, _total("profit"),
            "as_profit"),
    Outcome("profit_margin", "营业收入利润率", "Profit over revenue", "share", LEVELS, 1,
            _ratio("profit", "revenue"), "as_profit_margin"),
    Outcome("employees", "从业人员", "Jobs", "persons", LEVELS, 1, _total("employees"),
            "as_employees"),
    Outcome("wage", "年人均工资", "Wage per employee", "yuan a year", LEVELS, 1,
            _ratio("wages", "employees")),
    Outcome("investment", "固定资产投资", "Investment", "yuan", LEVELS, 1, _total("investment")),
    Outcome("utilisation", "产能利用率", "Use of capacity", "share", LEVELS, 1,
            _ratio("revenue", "capacity"), "nat_capacity_utilisation",
            note="sales over those at rated capacity; the published figure is of the nation"),
    Outcome("sales_at_ceiling", "达到产能上限的销售占比", "Sales at the ceiling of plant", "share",
            LEVELS, -1, _ratio("at_ceiling", "revenue")),
    Outcome("market_share", "占全国市场份额", "Share of the national market", "share",
            ("province", "field"), 1, _ratio("revenue_all", "market"),
            note="all sizes; national market of the fields as modelled"),
    Outcome("local_sourcing_share", "近地化配套率", "Local sourcing share", "share",
            ("province", "field"), 1, _ratio("local_sourcing", "leader_purchases"),
            target="local_sourcing_share", target_class="modelled"),
    # innovation
    Outcome("rd_expenditure", "研发经费(申报口径)", "R&D expenditure, reported", "yuan", LEVELS, 1,
            _total("rd_manufacturing"), "as_rd_expenditure", note="above-scale manufacturing"),
    Outcome("rd_real", "研发经费(实际)", "R&D expenditure, real activity", "yuan", LEVELS, 1,
            _total("rd_real"), note="above-scale, without relabelled cost"),
    Outcome("grants_misused", "挪作他用的研发补助", "R&D grants spent on other things", "yuan",
            LEVELS, -1, _total("misused"), note="above-scale, found by audits or not"),
    Outcome("rd_growth", "企业资金研发经费增速", "Growth of enterprise-funded R&D",
            "share a year", LEVELS, 1, _growth("rd_funded", "rd_funded_before"),
            "rd_enterprise_funded_growth", note="all sizes"),
    Outcome("rd_intensity", "研发投入强度", "R&D over revenue", "share", LEVELS, 1,
            _ratio("rd", "revenue")),
    Outcome("rd_active_share", "有研发活动企业占比", "Share of enterprises with R&D", "share",
            LEVELS, 1, _ratio("rd_active_manufacturing", "manufacturing"), "as_rd_active_share",
            note="above-scale manufacturing"),
    Outcome("rd_active", "有研发活动企业数", "Enterprises with R&D", "enterprises", LEVELS, 1,
            _total("rd_active"), "as_firms_with_rd"),
    Outcome("rd_institutions", "有研发机构企业数", "Enterprises with an R&D institution",
            "enterprises", LEVELS, 1, _total("rd_institution"), "as_firms_with_rd_institution"),
    Outcome("rd_activity_100m", "1亿元以上企业研发活动覆盖率",
            "R&D activity at 100 million yuan and more", "share", LEVELS, 1,
            _ratio("rd_active_100m", "over_100m"), target="rd_activity_100m",
            target_class="modelled", note="above-scale manufacturing"),
    Outcome("rd_institution_500m", "5亿元以上企业研发机构覆盖率",
            "R&D institution at 500 million yuan and more", "share", LEVELS, 1,
            _ratio("rd_institution_500m", "over_500m"), target="rd_institution_500m",
            target_class="modelled", note="above-scale manufacturing"),
    Outcome("labour_productivity", "全员劳动生产率", "Value added per employee",
            "yuan a person", LEVELS, 1, _ratio("value_added", "employees")),
    Outcome("tfp", "全要素生产率(相对2018年)", "Productivity against 2018, revenue-weighted",
            "index", LEVELS, 1, _ratio("revenue_times_tfp", "revenue")),
    Outcome("hightech_revenue", "高技术制造业营业收入", "Revenue of high-tech manufacturing",
            "yuan", PROVINCE, 1, _total("hightech_revenue"), "hightech_mfg_revenue",
            note="proxy: the fields that the region counts as high-technology"),
    # digital and green
    Outcome("digital_coverage_above", "规上企业数字化改造覆盖率",
            "Digital coverage above scale", "share", LEVELS, 1, _ratio("digital", "count"),
            target="digital_coverage_above", target_class="modelled"),
    Outcome("digital_coverage_below", "规下企业数字化应用覆盖率",
            "Digital coverage below scale", "share", LEVELS, 1,
            _ratio("digital_below", "count_below"), target="digital_coverage_below",
            target_class="modelled"),
    Outcome("digital_depth", "数字化平均阶段", "Mean digital stage, 0 to 4", "stage", LEVELS, 1,
            _ratio("digital_stage", "count")),
    Outcome("digital_upgrades_above", "规上数字化改造(年)", "Digital upgrades above scale, a year",
            "upgrades", LEVELS, 1, _total("digital_upgrades"), target="digital_above_per_year",
            target_class="modelled"),
    Outcome("digital_upgrades_below", "规下数字化应用(年)", "Digital upgrades below scale, a year",
            "upgrades", LEVELS, 1, _total("digital_upgrades_below"),
            target="digital_below_per_year", target_class="modelled"),
    Outcome("energy", "综合能源消费量", "Energy use", "tce", LEVELS, -1, _total("energy")),
    Outcome("energy_per_va", "单位增加值能耗", "Energy per value added", "tce per yuan of 2018",
            LEVELS, -1, _ratio("energy", "value_added_real"), target="energy_intensity_2027",
            target_class="modelled"),
    Outcome("energy_per_va_change", "单位增加值能耗累计变化(比2020年)",
            "Energy per value added against 2020", "share", LEVELS, -1, _energy_change,
            "energy_per_va_cum_change", target="energy_intensity_2025", target_class="modelled"),
    # quality enterprises
    Outcome("hightech_enterprises", "高新技术企业", "High-tech enterprises", "enterprises",
            LEVELS, 1, _total("hightech"), "hightech_enterprises",
            note="industry of all sizes; for the province with services as a constant share"),
    Outcome("srdi_provincial", "省级专精特新企业", "Provincial SRDI enterprises", "enterprises",
            LEVELS, 1, _total("srdi"), "srdi_provincial_cumulative", "srdi_provincial",
            "modelled"),
    Outcome("little_giants", "专精特新“小巨人”企业", "Little giants", "enterprises", LEVELS, 1,
            _total("little_giant"), "little_giant_cumulative", "little_giants", "quota"),
    Outcome("champions", "制造业单项冠军", "Single champions", "enterprises", LEVELS, 1,
            _total("champion")),
    Outcome("innovative_smes", "创新型中小企业", "Innovative SMEs", "enterprises", LEVELS, 1,
            _total("innovative")),
    Outcome("green_factories", "绿色工厂", "Green factories", "enterprises", LEVELS, 1,
            _total("green_factory")),
    Outcome("quality_enterprises", "优质企业(专精特新、小巨人、单项冠军)",
            "Quality enterprises (SRDI, little giants, champions)", "enterprises", LEVELS, 1,
            _total("quality")),
    # finance and the state
    Outcome("loans", "制造业贷款", "Manufacturing loans", "yuan", LEVELS, 0, _total("loans"),
            "manufacturing_loans", note="all sizes"),
    Outcome("mlt_loans", "制造业中长期贷款", "Medium- and long-term loans", "yuan", LEVELS, 1,
            _total("mlt_loans"), "manufacturing_mlt_loans", "mlt_loans", "modelled",
            "all sizes"),
    Outcome("loans_granted_share", "已发放贷款占合格贷款需求", "Loans granted over bankable demand",
            "share", LEVELS, 1, _ratio("granted", "asked"),
            note="all sizes; demand inside each enterprise's own limit, new plants included"),
    Outcome("limit_bound", "受自身贷款限额约束的企业占比",
            "Enterprises bound by their own borrowing limit", "share", LEVELS, -1,
            _ratio("bound", "all"), note="all sizes; wanted more in some quarter of the year"),
    Outcome("loan_rate", "新发放企业贷款利率", "Rate of new corporate loans", "share a year",
            PROVINCE, -1, _ratio("loan_rate_sum", "loan_rate_weight"), "new_corporate_loan_rate",
            note="an input until 2023, held afterwards"),
    Outcome("rate_paid", "企业贷款实际利率", "Interest rate paid on loans", "share a year", LEVELS,
            -1, _ratio("interest_due", "loans"), note="all sizes, all loans outstanding"),
    Outcome("tax", "税收", "Taxes paid", "yuan", LEVELS, 0, _total("tax")),
    Outcome("tax_forgone", "研发加计与增值税加计抵减减税", "Tax forgone by the two deductions",
            "yuan", LEVELS, 0, _total("tax_forgone")),
    Outcome("subsidies", "财政补助", "Subsidies received", "yuan", LEVELS, 0,
            _total("subsidy")),
    # demography and clusters
    Outcome("new_above_scale", "新增规上企业", "Newly above scale, a year", "enterprises", LEVELS,
            1, _total("new_above_scale"), "new_as_firms"),
    Outcome("exits", "退出企业(含规下)", "Exits of all sizes, a year", "enterprises", LEVELS, -1,
            _total("exits")),
    Outcome("large_new_plants", "新投产大项目", "Large new plants started, a year", "enterprises",
            LEVELS, 1, _total("large_plants")),
    Outcome("county_clusters_revenue", "县域特色产业集群营业收入", "Revenue of the county clusters",
            "yuan", PROVINCE, 1, _total("county_revenue"), "county_clusters_revenue",
            note="the 72 registered county clusters, by membership, not by tier"),
    Outcome("county_clusters_enterprises", "县域特色产业集群规上企业",
            "Enterprises above scale in the county clusters", "enterprises", PROVINCE, 1,
            _total("county_count"), "county_clusters_above_scale"),
    Outcome("clusters_provincial", "省级先进制造业集群", "Clusters with the provincial title",
            "clusters", PROVINCE, 1, _total("clusters_provincial"), target="clusters_provincial",
            target_class="modelled", note="held at the year's end, without those gone national"),
    Outcome("clusters_national", "国家级先进制造业集群", "Clusters with a national title",
            "clusters", PROVINCE, 1, _total("clusters_national"),
            target="clusters_national_fields", target_class="quota"),
    Outcome("clusters_county", "县域制造业集群", "County clusters recognised", "clusters",
            PROVINCE, 1, _total("clusters_county"), target="clusters_county",
            target_class="modelled"),
    Outcome("clusters_with_body", "有促进机构的集群", "Clusters with a promotion body", "clusters",
            PROVINCE, 1, _total("clusters_with_body")),
    Outcome("clusters_with_plan", "有专门方案的集群", "Clusters with a plan and a task force",
            "clusters", PROVINCE, 1, _total("clusters_with_plan")),
    Outcome("clusters", "集群数", "Clusters by status", "clusters", ("status",), 0,
            _total("clusters")),
    Outcome("cluster_score", "集群得分", "Score in the horse race", "points", ("cluster",), 1,
            _total("cluster_score"), note="0 to 100 against the racing clusters of end-2023"),
    Outcome("cluster_titled", "持有省级及以上称号", "Holds a provincial or higher title", "share",
            ("cluster",), 1, _total("cluster_titled"), note="1 or 0; the mean is a probability"),
    Outcome("cluster_revoked", "称号被撤销", "Title revoked", "share", ("cluster",), -1,
            _total("cluster_revoked"), note="1 or 0; the mean is a probability"),
    Outcome("cluster_platform", "集群公共平台存量", "Stock of public platforms of a cluster",
            "yuan of 2018", ("cluster",), 1, _total("cluster_platform")),
    *(
        Outcome(f"chosen_{lever}", f"{zh}(超出原有速度)", en, "projects a year", PROVINCE, 1,
                _total(f"chosen_{lever}"), note="beyond the older pace, by the lever alone")
        for lever, (zh, en) in CHOSEN.items()
    ),
    Outcome("refused_projects", "不予批准的新建扩建项目", "New plant and expansions refused",
            "projects a year", PROVINCE, 0, _total("refused_projects"),
            note="beyond national rules: energy-heavy projects, and land by performance"),
    Outcome("refused_plant", "不予批准项目的投资额", "Plant of the projects refused",
            "yuan a year", PROVINCE, 0, _total("refused_plant"),
            note="beyond national rules: energy-heavy projects, and land by performance"),
    Outcome("accounting_residual", "核算残差(相对)", "Accounting residual, relative", "share",
            PROVINCE, -1, _total("accounting_residual"),
            note="largest of the year's four quarters, both sides computed"),
)  # fmt: skip

OUTCOMES: dict[str, Outcome] = {outcome.id: outcome for outcome in _DECLARED}
"""All outcomes by id, in the order in which they are shown."""


def declare(outcome: Outcome) -> Outcome:
    """Add an outcome of one's own to the register.

    Args:
        outcome: It is measured from sums that `quantities` collects, or `quantity` adds.

    Raises:
        ValueError: Its id is taken, or it is of no level that there is.
    """
    if outcome.id in OUTCOMES:
        raise ValueError(f"outcome {outcome.id} is declared twice")
    unknown = [level for level in outcome.levels if level not in LEVELS]
    if unknown or not outcome.levels:
        raise ValueError(f"outcome {outcome.id}: levels are some of {', '.join(LEVELS)}")
    OUTCOMES[outcome.id] = outcome
    return outcome
