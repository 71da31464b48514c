"""Rows of fields, cities and clusters, and of the outside world."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from jiqun.model.dimensions import CITIES, FIELDS
from jiqun.model.outside_world import SERIES
from jiqun.model.region import DEFAULT_FOLDER, REGION
from jiqun.scenarios.rows.base import (
    CityId,
    Confidence,
    FieldId,
    Kind,
    MaybeNumber,
    MaybeYear,
    Number,
    Row,
    StatusId,
    Text,
    TierId,
    Year,
    blank_to_none,
    described,
    one_of,
)

Month = Annotated[str, Field(pattern=r"^20(1[6-9]|2[0-3])-(0[1-9]|1[0-2])$")]


class Cluster(Row):
    """Named clusters as known at end-2023."""

    id: Text
    name_zh: Text
    name_en: Text
    field: Annotated[str, one_of(*FIELDS, "mixed")]
    cities: Annotated[str, one_of(*CITIES, ""), described("host city; empty for the county total")]
    cultivation_tier: TierId
    status_end_2023: StatusId
    scale_100m_yuan: MaybeNumber
    scale_year: MaybeYear
    scale_kind: str
    above_scale_firms: MaybeNumber
    firms: MaybeNumber
    known_from: Year
    note: str
    rake: Annotated[Literal["yes", "no"], described("whether the size may be used as a marginal")]
    source: Text
    confidence: Confidence


class LaterCluster(Row):
    """Clusters that became known after 2023: names for the to-date runs, never tiers of a run."""

    id: Text
    name_zh: Text
    name_en: Text
    field: FieldId
    cities: CityId
    cultivation_tier: TierId
    status_end_2023: StatusId
    known_from: Annotated[int, Field(ge=2024)]
    note: str
    source: Text
    confidence: Confidence


class FieldRow(Row):
    """What is known or assumed of each field at end-2018, one quantity a row."""

    field: FieldId
    quantity: Annotated[
        Literal[
            "revenue",
            "enterprises",
            "market_share",
            "va_rate",
            "energy_per_va",
            "capital_per_revenue",
            "rd_intensity",
            "rd_active",
            "large_plant_share",
            "entry_share",
        ],
        described("relative weights where the note says so"),
    ]
    year: Text
    value: Annotated[Number, Field(ge=0)]
    low: Annotated[Number, Field(ge=0)]
    high: Annotated[Number, Field(ge=0)]
    unit: Text
    scope: Text
    kind: Kind
    source: Text
    confidence: Confidence
    note: str


class CityRow(Row):
    """Weights of the cities."""

    city: CityId
    name_zh: Text
    quantity: Literal["secondary_va", "gdp"]
    year: Year
    value: Annotated[Number, Field(gt=0)]
    unit: Text
    scope: Text
    kind: Kind
    source: Text
    confidence: Confidence
    note: str


class Marginal(Row):
    """Totals the population at end-2018 is raked to or checked against."""

    name: Text
    published_value: MaybeNumber
    published_year: Annotated[str, described("year of the published value; empty if none")]
    value: Annotated[Number, described("value carried to end-2018")]
    low: Number
    high: Number
    unit: Text
    year: Literal["2018"]
    scope: Text
    rule: Annotated[Text, described("how the published value was carried back")]
    kind: Kind
    judged_in: Annotated[str, described("year in which the simulated value is judged")]
    source: Text
    confidence: Confidence
    note: str


def _of_own_region(field: str, info: ValidationInfo) -> str:
    """A field that the region has; the shared table has the fields of the default region."""
    own = REGION.folder == DEFAULT_FOLDER or (REGION.tables / "outside_world.csv").is_file()
    if own and info.data.get("series") != "rule" and field not in (*FIELDS, "all"):
        raise PydanticCustomError("one_of", "unknown name", {"expected": ", ".join(FIELDS)})
    return field


class OutsideRow(Row):
    """Yearly growth of the outside world, the loan rate, and the rule that projects them."""

    series: Annotated[
        str, one_of(*SERIES, "nominal_demand", "input_price", "loan_rate", "credit", "rule")
    ]
    field: Annotated[
        Text,
        AfterValidator(_of_own_region),
        described("field, or 'all' for fields without a series of their own"),
    ]
    year: MaybeYear
    value: Number
    unit: Text
    scope: Text
    kind: Kind
    source: Text
    confidence: Confidence
    note: str


class LargeProject(Row):
    """Large manufacturing projects by the month in which they became public, to end-2023.

    Gathered by the rule of `calibration/large_projects.yaml`, committed before the search; what it
    gave is judged in `calibration/large_projects_found.yaml`. No run and no fit reads them.
    """

    id: Text
    name_zh: Text
    name_en: Text
    field: FieldId
    city: CityId
    investment_100m_yuan: Annotated[
        Number, Field(gt=0), described("total investment as the source that dates it told it")
    ]
    first_public: Annotated[Month, described("earliest month seen; the true one may be earlier")]
    dated_by: Annotated[
        Literal["publication", "signing", "start", "announcement"], described("what dates it")
    ]
    source_kind: Annotated[
        Literal["provincial_list", "city_list", "company_announcement", "official_report"],
        described("kind of source, as the rule names them"),
    ]
    start: Annotated[
        Month | None, BeforeValidator(blank_to_none), described("start of work, if told")
    ]
    planned_opening: Annotated[str, described("as planned then, if told; never what came of it")]
    capacity: Annotated[str, described("as planned then, if told")]
    source: Text
    url: str
    confidence: Annotated[
        Literal["high", "medium", "low", "recalled"],
        described("'recalled' rows were not seen, have no address and are used by nothing"),
    ]
    note: str

    @field_validator("confidence")
    @classmethod
    def _seen(cls, value: str, info: ValidationInfo) -> str:
        if (value == "recalled") == bool(info.data.get("url")):
            raise PydanticCustomError(
                "seen",
                "address and confidence disagree",
                {"expected": "recalled only without address"},
            )
        return value
