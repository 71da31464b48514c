"""Rows of parameters, of the literature behind them and of published experiments."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from jiqun.scenarios.laws import Law, mean
from jiqun.scenarios.rows.base import MaybeNumber, Number, Row, Text, blank_to_none, described

Prices = Literal["own", "industry"]
InputsHeld = Literal["capital and labour", "none"]


class Parameter(Row):
    """Behavioural parameters; a row with a range is drawn, whatever its grade."""

    name: Text
    value: Number
    low: Number
    high: Number
    distribution: Law
    unit: Text
    grade: Literal["A", "B", "C", "D", "E"]
    group: Text
    meaning: Text
    source: Text
    use: Literal["input", "fixed", "cost"]

    @field_validator("high")
    @classmethod
    def _holds_its_value(cls, high: float, info: ValidationInfo) -> float:
        low, value = (info.data.get(name, high) for name in ("low", "value"))
        if not low <= value <= high:
            raise PydanticCustomError(
                "range", "no range", {"expected": f"low <= {value:g} <= high"}
            )
        return high

    @field_validator("distribution")
    @classmethod
    def _has_a_logarithm(cls, law: Law, info: ValidationInfo) -> Law:
        if law == "loguniform" and not info.data.get("low", 1.0) > 0.0:
            problem = {"expected": "uniform or triangular where low is not above 0"}
            raise PydanticCustomError("logarithm", "no logarithm", problem)
        return law


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


class PolicyTrial(Row):
    """Published quasi-experiments that are re-run on the simulated panel, one row an outcome."""

    id: Annotated[Text, described("identifier that files of trials answer")]
    study: Text
    mechanism: Text
    treatment: Text
    treated: Text
    comparison: str
    window: str
    estimator: Text
    outcome: Text
    unit: Literal["%", "points", "share", "ratio"]
    published: Annotated[MaybeNumber, described("estimate; empty where only the sign was seen")]
    band_low: Number
    band_high: Number
    band_basis: Annotated[
        Text,
        described("'sign' where only the sign was seen, 'analyst' where no interval was published"),
    ]
    use: Annotated[
        Literal["fit", "test", "input", "report"],
        described(
            "target of the fit; never sets a parameter; the estimate is the source of parameters"
            " already; shown and never counted"
        ),
    ]
    typed_by: Annotated[str, described("parameters whose source is the estimate, by semicolons")]
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


class PriorEvidence(Row):
    """What the literature says of the twenty most telling parameters, and the law it asks for.

    No run reads it: `parameters.csv` takes it over at the next fit, with `centre` as its `value`.
    As `value` is the mode of a triangular law too, a triangular law here is symmetric.
    """

    parameter: Annotated[Text, described("parameter of parameters.csv")]
    chosen_by: Annotated[
        Literal["lever", "analysis"],
        described(
            "a lever of the document that ranks first rests on it, or the analyses single it out"
        ),
    ]
    levers: Annotated[
        Text, described("levers that rest on it, the first of them that it is chosen by")
    ]
    lever_rank: Annotated[
        Annotated[int, Field(ge=1)] | None,
        BeforeValidator(blank_to_none),
        described("rank of that lever when it was chosen"),
    ]
    lever_effect: Annotated[
        MaybeNumber, described("its effect on value added of the province in 2027, per cent")
    ]
    variance_share: Annotated[
        Number,
        described(
            "share of the variance of the package's effect that goes with it, less what chance fits"
        ),
    ]
    elementary_effect: Annotated[
        MaybeNumber,
        described(
            "mean step of the package's effect (Morris), per cent of value added, if looked at"
        ),
    ]
    seen: Annotated[
        str, described("sources whose text was read, or that a table of the project holds")
    ]
    recalled: Annotated[
        str, described("sources known and not seen again; a number that leans on one says so")
    ]
    estimate: Annotated[Text, described("what they found")]
    transfers: Annotated[Text, described("what of it holds in Anhui, and what does not")]
    below_zero: Annotated[
        Literal["negative found", "zero found", "none below zero"],
        described("the lowest that the literature has"),
    ]
    below_zero_reason: Text
    grade: Annotated[
        Literal["A", "B", "C", "D", "E"], described("evidence grade that goes with the law")
    ]
    model_bears_negative: Annotated[
        Literal["yes", "no"], described("whether the code that reads it takes a value below zero")
    ]
    bears_reason: Text
    distribution: Law
    low: Number
    mode: Annotated[MaybeNumber, described("of a triangular law")]
    high: Number
    centre: Annotated[
        Number,
        described(
            "mean of the law to a thousandth of its range: `value` of the parameter at the next fit"
        ),
    ]
    reason: Annotated[Text, described("why this law")]

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
    parameter: Annotated[str, described("parameter that decides; empty where there is none")]
    trial: Annotated[
        str,
        described("trial of policy_trials.csv that is of this instrument and set the parameter"),
    ]
    reason: Text
