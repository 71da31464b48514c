"""The data tables, read and checked against their schema.

Each table is a CSV file whose rows are described here once: columns, types, allowed values and
meaning. Loading refuses what does not fit; `docs/data.md` prints the same descriptions. A region
has a folder of its tables; those of the nation and of the literature it need not repeat, since
where it has none, that of `calibration/data/` holds (`docs/region.md`).
"""

from __future__ import annotations

import csv
import hashlib
import io
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from jiqun.model.region import REGION
from jiqun.model.scenario import CITIES, FIELDS, SERIES, STATUSES, TIERS
from jiqun.scenarios.errors import TableError, allowed_by, nearest_name
from jiqun.scenarios.language import say
from jiqun.scenarios.laws import Law, mean

DATA = REGION.tables
"""Folder of the tables of the region."""
SHARED = Path(__file__).resolve().parent.parent / "calibration" / "data"
"""Folder of the tables that hold where a region has none of its own."""


def _blank_to_none(value: Any) -> Any:
    return None if value == "" else value


Number = Annotated[float, Field(allow_inf_nan=False)]
MaybeNumber = Annotated[Number | None, BeforeValidator(_blank_to_none)]
MaybeYear = Annotated[
    Annotated[int, Field(ge=1990, le=2023)] | None, BeforeValidator(_blank_to_none)
]
Year = Annotated[int, Field(ge=1990, le=2023)]
Text = Annotated[str, Field(min_length=1)]
Confidence = Literal["high", "medium", "low", "derived", "proxy", "assumption"]
Kind = Literal[
    "published", "derived", "interpolated", "recalled", "proxy", "assumption"
]  # how a number came about


def _one_of(*names: str) -> AfterValidator:
    def check(value: str) -> str:
        if value not in names:
            raise PydanticCustomError("one_of", "unknown name", {"expected": ", ".join(names)})
        return value

    return AfterValidator(check)


FieldId = Annotated[str, _one_of(*FIELDS)]
CityId = Annotated[str, _one_of(*CITIES)]
TierId = Annotated[str, _one_of(*TIERS)]
StatusId = Annotated[str, _one_of(*STATUSES)]


def _doc(text: str) -> Any:
    return Field(description=text)


class Row(BaseModel):
    """One row of a table; columns that are not declared are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Figure(Row):
    """Published figures to 2023: official releases, yearbooks and their re-posts."""

    id: Annotated[Text, _doc("identifier other tables point to")]
    indicator: Text
    indicator_zh: str
    year: Year
    period: Annotated[Text, _doc("'full' for the year, else the months, the date or the span")]
    value: Number
    unit: Text
    scope: Text
    source: str
    url: str
    confidence: Annotated[Confidence, _doc("how plainly the page showed the figure")]
    note: str


class PublishedTarget(Row):
    """Targets set by government: compared with, never fitted to."""

    id: Text
    indicator: Text
    indicator_zh: str
    year: Annotated[int, _doc("year the target is set for")]
    period: Text
    value: Number
    unit: Text
    scope: Text
    source: str
    url: str
    confidence: Confidence
    note: str


class CalibrationTarget(Row):
    """The series the model is fitted to, one row a point, with its error."""

    id: Text
    indicator: Text
    outcome: Annotated[Text, _doc("outcome of the register that is compared")]
    level: Text
    unit_name: Text
    scale: Annotated[Number, _doc("multiplies the outcome to give the unit of the figure")]
    year: Year
    value: Number
    unit: Text
    scope: Text
    kind: Annotated[Text, _doc("level, growth, real growth, flow or change")]
    error: Annotated[Number, Field(ge=0)]
    error_kind: Annotated[
        Literal["%", "pp", "report only", "input"],
        _doc("'report only' rows are shown, 'input' rows are inputs; neither is fitted"),
    ]
    source: Annotated[str, _doc("rows of figures.csv")]
    confidence: Confidence
    note: str


class PolicyTarget(Row):
    """Targets of document 55, by article and class."""

    id: Text
    article: Text
    label_zh: Text
    label_en: Text
    value: Text
    unit: Text
    kind: Text
    scope: Text
    deadline: Text
    class_: Annotated[Literal["modelled", "quota", "plan"], Field(alias="class")]
    lead_zh: str
    source: Text
    confidence: Confidence


class Article(Row):
    """The articles of document 55 and what each becomes in the model."""

    article: Text
    heading_zh: Text
    heading_en: Text
    kind: Literal["context", "mechanism", "target", "lever"]
    what_it_becomes: Text
    in_model: Literal["yes", "partly", "no"]
    reason: Annotated[str, _doc("what is not in the model, and why")]
    read: Annotated[str, _doc("files to read, separated by semicolons")]
    targets: str
    outcomes: Annotated[
        str,
        _doc(
            "outcomes its result is read in, separated by semicolons; of the province, or of the"
            " level and unit after an @"
        ),
    ]
    lead_zh: str
    source: Text
    confidence: Confidence


class Counterfactual(Row):
    """What each reference run holds of each instrument."""

    instrument: Text
    article: str
    origin: Literal["document_55", "older", "later"]
    without_document_55: Text
    as_issued: Text
    without_document_55_to_date: Text
    policy_to_date: Text
    reason: str


class Rule(Row):
    """Thresholds, rates and terms of titles and taxes, with their dates where they changed."""

    id: Annotated[Text, _doc("identifier the lever declarations point to")]
    rule: Text
    condition: Text
    value: Text
    unit: Text
    date_from: Annotated[str, _doc("first quarter in force, where dated")]
    date_to: Annotated[str, _doc("last quarter in force, where dated")]
    scope: Text
    source: Text
    confidence: Confidence
    note: str


class LeverInForce(Row):
    """Instruments seen in force, with rates and caps as the page gave them."""

    lever: Text
    instrument_zh: Text
    rate_or_amount: str
    cap: str
    eligibility: str
    period: str
    modelled_as: Annotated[str, _doc("lever it became; empty if it is not in the model")]
    reason: Annotated[str, _doc("why it is not in the model, or how it differs there")]
    source: str


class Cluster(Row):
    """Named clusters as known at end-2023."""

    id: Text
    name_zh: Text
    name_en: Text
    field: Annotated[str, _one_of(*FIELDS, "mixed")]
    cities: Annotated[str, _one_of(*CITIES, ""), _doc("host city; empty for the county total")]
    cultivation_tier: TierId
    status_end_2023: StatusId
    scale_100m_yuan: MaybeNumber
    scale_year: MaybeYear
    scale_kind: str
    above_scale_firms: MaybeNumber
    firms: MaybeNumber
    known_from: Year
    note: str
    rake: Annotated[Literal["yes", "no"], _doc("whether the size may be used as a marginal")]
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
        _doc("relative weights where the note says so"),
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
    published_year: Annotated[str, _doc("year of the published value; empty if none")]
    value: Annotated[Number, _doc("value carried to end-2018")]
    low: Number
    high: Number
    unit: Text
    year: Literal["2018"]
    scope: Text
    rule: Annotated[Text, _doc("how the published value was carried back")]
    kind: Kind
    judged_in: Annotated[str, _doc("year in which the simulated value is judged")]
    source: Text
    confidence: Confidence
    note: str


def _of_own_region(field: str, info: ValidationInfo) -> str:
    """A field that the region has, where the table is its own; a shared one has others too."""
    own = (DATA / "outside_world.csv").is_file() and info.data.get("series") != "rule"
    if own and field not in (*FIELDS, "all"):
        raise PydanticCustomError("one_of", "unknown name", {"expected": ", ".join(FIELDS)})
    return field


class OutsideRow(Row):
    """Yearly growth of the outside world, the loan rate, and the rule that projects them."""

    series: Annotated[
        str, _one_of(*SERIES, "nominal_demand", "input_price", "loan_rate", "credit", "rule")
    ]
    field: Annotated[
        Text,
        AfterValidator(_of_own_region),
        _doc("field, or 'all' for fields without a series of their own"),
    ]
    year: MaybeYear
    value: Number
    unit: Text
    scope: Text
    kind: Kind
    source: Text
    confidence: Confidence
    note: str


class Parameter(Row):
    """Behavioural parameters; a row with a range is drawn, whatever its grade."""

    name: Text
    value: Number
    low: Number
    high: Number
    distribution: Law
    unit: Text
    grade: Text
    group: Text
    meaning: Text
    source: str
    use: Text


Prices = Literal["own", "industry"]
InputsHeld = Literal["capital and labour", "none"]


class Estimate(Row):
    """Parameters that are estimates of the literature, and what each study held fixed.

    `model/estimates.py` turns them into effects on log productivity. `concept` is value added, or
    sales on capital and labour alone, which move with value added where materials move with
    output; an estimate on gross output with materials held is no row here until it is put on value
    added by hand.
    """

    parameter: Text
    prices: Prices
    inputs: InputsHeld
    concept: Literal["value added", "sales without materials"]
    horizon: Text
    kind: Literal["flow", "stock", "state"]
    seen: Literal["yes", "no"]
    source: Text
    note: str


class Effect(Row):
    """Published effect sizes."""

    topic: Text
    parameter_or_effect: Text
    estimate: str
    se_or_ci: str
    unit_meaning: str
    sample: str
    method: str
    source: Text
    url: str
    source_seen: str
    model_use: str


class Prior(Row):
    """Ranges from the literature, with an evidence grade."""

    parameter: Text
    meaning: Text
    distribution: Text
    low: Number
    mode: Number
    high: Number
    source: Text
    evidence_grade: Text
    use: Literal["input", "emergent_check"]
    acts_on: str


class PublishedRegression(Row):
    """Coefficients of published regressions that are run on the simulated panel."""

    key: Text
    estimator: Text
    study: Text
    window: Text
    published: Number
    low: MaybeNumber
    high: MaybeNumber
    source: Text
    note: str


class StylisedFact(Row):
    """Facts on populations of enterprises and how to measure each in a simulation."""

    fact: Text
    target_value: str
    range: str
    source: Text
    url: str
    source_seen: str
    how_to_measure_in_simulation: str
    must: Literal["yes", "no"]


class PolicyTrial(Row):
    """Published quasi-experiments that are re-run on the simulated panel, one row an outcome."""

    id: Annotated[Text, _doc("identifier that files of trials answer")]
    study: Text
    mechanism: Text
    treatment: Text
    treated: Text
    comparison: str
    window: str
    estimator: Text
    outcome: Text
    unit: Literal["%", "points", "share", "ratio"]
    published: Annotated[MaybeNumber, _doc("estimate; empty where only the sign was seen")]
    band_low: Number
    band_high: Number
    band_basis: Annotated[
        Text, _doc("'sign' where only the sign was seen, 'analyst' where no interval was published")
    ]
    use: Annotated[
        Literal["fit", "test", "input", "report"],
        _doc(
            "target of the fit; never sets a parameter; the estimate is the source of parameters"
            " already; shown and never counted"
        ),
    ]
    typed_by: Annotated[str, _doc("parameters whose source is the estimate, by semicolons")]
    citation: Text
    url: str
    source_seen: Literal["yes", "no"]
    note: str

    @field_validator("band_high")
    @classmethod
    def _above(cls, value: float, info: ValidationInfo) -> float:
        if not info.data.get("band_low", value - 1.0) < value:
            raise PydanticCustomError("band", "no band", {"expected": "more than band_low"})
        return value


Month = Annotated[str, Field(pattern=r"^20(1[6-9]|2[0-3])-(0[1-9]|1[0-2])$")]


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
        Number, Field(gt=0), _doc("total investment as the source that dates it told it")
    ]
    first_public: Annotated[Month, _doc("earliest month seen; the true one may be earlier")]
    dated_by: Annotated[
        Literal["publication", "signing", "start", "announcement"], _doc("what dates it")
    ]
    source_kind: Annotated[
        Literal["provincial_list", "city_list", "company_announcement", "official_report"],
        _doc("kind of source, as the rule names them"),
    ]
    start: Annotated[Month | None, BeforeValidator(_blank_to_none), _doc("start of work, if told")]
    planned_opening: Annotated[str, _doc("as planned then, if told; never what came of it")]
    capacity: Annotated[str, _doc("as planned then, if told")]
    source: Text
    url: str
    confidence: Annotated[
        Literal["high", "medium", "low", "recalled"],
        _doc("'recalled' rows were not seen, have no address and are used by nothing"),
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


class PriorEvidence(Row):
    """What the literature says of the twenty most telling parameters, and the law it asks for.

    No run reads it: `parameters.csv` takes it over at the next fit, with `centre` as its `value`.
    As `value` is the mode of a triangular law too, a triangular law here is symmetric.
    """

    parameter: Annotated[Text, _doc("parameter of parameters.csv")]
    chosen_by: Annotated[
        Literal["lever", "analysis"],
        _doc("a lever of the document that ranks first rests on it, or the analyses single it out"),
    ]
    levers: Annotated[Text, _doc("levers that rest on it, the first of them that it is chosen by")]
    lever_rank: Annotated[
        Annotated[int, Field(ge=1)] | None,
        BeforeValidator(_blank_to_none),
        _doc("rank of that lever when it was chosen"),
    ]
    lever_effect: Annotated[
        MaybeNumber, _doc("its effect on value added of the province in 2027, per cent")
    ]
    variance_share: Annotated[
        Number,
        _doc(
            "share of the variance of the package's effect that goes with it, less what chance fits"
        ),
    ]
    elementary_effect: Annotated[
        MaybeNumber,
        _doc("mean step of the package's effect (Morris), per cent of value added, if looked at"),
    ]
    seen: Annotated[str, _doc("sources whose text was read, or that a table of the project holds")]
    recalled: Annotated[
        str, _doc("sources known and not seen again; a number that leans on one says so")
    ]
    estimate: Annotated[Text, _doc("what they found")]
    transfers: Annotated[Text, _doc("what of it holds in Anhui, and what does not")]
    below_zero: Annotated[
        Literal["negative found", "zero found", "none below zero"],
        _doc("the lowest that the literature has"),
    ]
    below_zero_reason: Text
    grade: Annotated[
        Literal["A", "B", "C", "D", "E"], _doc("evidence grade that goes with the law")
    ]
    model_bears_negative: Annotated[
        Literal["yes", "no"], _doc("whether the code that reads it takes a value below zero")
    ]
    bears_reason: Text
    distribution: Law
    low: Number
    mode: Annotated[MaybeNumber, _doc("of a triangular law")]
    high: Number
    centre: Annotated[
        Number,
        _doc(
            "mean of the law to a thousandth of its range: `value` of the parameter at the next fit"
        ),
    ]
    reason: Annotated[Text, _doc("why this law")]

    @field_validator("recalled")
    @classmethod
    def _has_source(cls, value: str, info: ValidationInfo) -> str:
        if not value and not info.data.get("seen", " "):
            raise PydanticCustomError("source", "no source", {"expected": "a source"})
        return value

    @field_validator("centre")
    @classmethod
    def _is_mean(cls, value: float, info: ValidationInfo) -> float:
        given = info.data
        if not {"distribution", "low", "mode", "high"} <= given.keys():
            return value
        low, high, mode = given["low"], given["high"], given["mode"]
        wanted = mean(given["distribution"], low, high, value if mode is None else mode)
        near = 1e-3 * (high - low)
        symmetric = mode is None or abs(mode - value) <= near
        if not low < high or abs(wanted - value) > near or not symmetric:
            raise PydanticCustomError("centre", "not the mean", {"expected": f"{wanted:.12g}"})
        return value

    @field_validator("mode")
    @classmethod
    def _of_a_triangle(cls, value: float | None, info: ValidationInfo) -> float | None:
        if (value is not None) != (info.data.get("distribution") == "triangular"):
            raise PydanticCustomError("mode", "no mode", {"expected": "a triangular law's mode"})
        return value


class LeverEvidence(Row):
    """The number that the effect of each lever is most nearly proportional to."""

    lever: Text
    parameter: Annotated[str, _doc("parameter that decides; empty where there is none")]
    trial: Annotated[
        str, _doc("trial of policy_trials.csv that is of this instrument and set the parameter")
    ]
    reason: Text


INPUT_TABLES: dict[str, type[Row]] = {
    "parameters": Parameter,
    "fields": FieldRow,
    "cities": CityRow,
    "marginals": Marginal,
    "clusters": Cluster,
    "outside_world": OutsideRow,
    "estimates": Estimate,
}
"""Tables a run is made of: their hash is part of its identity."""

TABLES: dict[str, type[Row]] = INPUT_TABLES | {
    "figures": Figure,
    "calibration_targets": CalibrationTarget,
    "published_targets": PublishedTarget,
    "policy_targets": PolicyTarget,
    "articles": Article,
    "counterfactual": Counterfactual,
    "rules": Rule,
    "levers_in_force": LeverInForce,
    "clusters_known_later": LaterCluster,
    "effects": Effect,
    "priors": Prior,
    "published_regressions": PublishedRegression,
    "stylised_facts": StylisedFact,
    "policy_trials": PolicyTrial,
    "large_projects": LargeProject,
    "prior_evidence": PriorEvidence,
    "lever_evidence": LeverEvidence,
}
"""Every table with its row model."""

REGIONAL = ("fields", "cities", "marginals", "clusters", "calibration_targets")
"""Tables that every region has of its own."""
OF_PLACES = ("figures", "published_targets", "clusters_known_later", "large_projects")
"""Tables that are empty where a region has none: those of another would be false."""
BY_NAME = {"parameters": "name", "lever_evidence": "lever"}
"""Tables of which a region holds only the rows that differ, with the column that names a row."""
UNUSED = ("large_projects",)
"""Tables that nothing is made of or compared with, so that they leave earlier records valid."""


def columns(row: type[Row]) -> list[str]:
    """Column names of a table in order."""
    return [info.alias or name for name, info in row.model_fields.items()]


def read_table(path: Path, row: type[Row]) -> list[Row]:
    """Read a CSV file and check every row.

    Args:
        path: The file.
        row: What a row must look like.

    Returns:
        The rows in file order.

    Raises:
        TableError: The file is missing, not UTF-8, has other columns, or holds a value that does
            not fit; the message names file, line, column and what is allowed.
    """
    try:
        # Spreadsheets put a mark at the start of what they write.
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TableError(
            path, None, "", say("cannot be read: {reason}", reason=error.strerror)
        ) from error
    except UnicodeDecodeError as error:
        raise TableError(path, None, "", say("is not UTF-8 text")) from error
    reader = csv.DictReader(io.StringIO(text), restkey="", strict=True)
    _check_header(path, reader.fieldnames or (), columns(row))
    rows: list[Row] = []
    line = 2
    try:
        for record in reader:
            rows.append(_check_row(path, line, record, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise TableError(path, line, "", say("broken CSV: {error}", error=error)) from error
    return rows


def _check_header(path: Path, found: Any, wanted: list[str]) -> None:
    for name in found:
        if name not in wanted:
            raise TableError(
                path,
                1,
                str(name),
                say("unknown column"),
                ", ".join(wanted),
                nearest_name(str(name), wanted),
            )
    missing = [name for name in wanted if name not in found]
    if missing:
        raise TableError(path, 1, missing[0], say("column is missing"), ", ".join(wanted))


def _check_row(path: Path, line: int, record: dict[str, Any], row: type[Row]) -> Row:
    if "" in record:
        raise TableError(path, line, "", say("has more cells than columns"), str(len(columns(row))))
    short = [name for name, value in record.items() if value is None]
    if short:
        raise TableError(path, line, short[0], say("has fewer cells than columns"))
    try:
        return row.model_validate(record)
    except ValidationError as error:
        first = error.errors()[0]
        column = str(first["loc"][0])
        problem = say("{given} is not allowed", given=repr(record.get(column)))
        raise TableError(path, line, column, problem, allowed_by(first)) from error


def files_of(name: str) -> tuple[Path, ...]:
    """Files that a table is read from, the shared one first; none for an empty table."""
    own, shared = DATA / f"{name}.csv", SHARED / f"{name}.csv"
    if own == shared or name in REGIONAL or (name not in BY_NAME and own.is_file()):
        return (own,)
    if name in OF_PLACES:
        return ()
    return (shared, own) if own.is_file() else (shared,)


@cache
def table(name: str) -> tuple[Any, ...]:
    """Rows of a table, checked; read once a process."""
    files = files_of(name)
    rows = [row for path in files for row in read_table(path, TABLES[name])]
    if len(files) < 2:
        return tuple(rows)
    # A row of the region takes the place of the shared one, so that the order stays.
    return tuple({getattr(row, BY_NAME[name]): row for row in rows}.values())


def file_hash(path: Path) -> str:
    """SHA-256 of a file, whatever line endings the checkout gave it."""
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


@cache
def data_hash() -> str:
    """Hash of the tables that runs are made of."""
    return _joint_hash(tuple(INPUT_TABLES))


def tables_hash() -> str:
    """Hash of all tables in use, for records of what a batch was compared with."""
    return _joint_hash(tuple(name for name in TABLES if name not in UNUSED))


def _joint_hash(names: tuple[str, ...]) -> str:
    lines = [f"{name} {file_hash(path)}" for name in sorted(names) for path in files_of(name)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:20]
