"""Rows of published figures, of what is compared with them, and of targets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from jiqun.scenarios.rows.base import Confidence, Number, Row, Text, Year, described


class Figure(Row):
    """Published figures to 2023: official releases, yearbooks and their re-posts."""

    id: Annotated[Text, described("identifier other tables point to")]
    indicator: Text
    indicator_zh: str
    year: Year
    period: Annotated[Text, described("'full' for the year, else the months, the date or the span")]
    value: Number
    unit: Text
    scope: Text
    source: str
    url: str
    confidence: Annotated[Confidence, described("how plainly the page showed the figure")]
    note: str


class PublishedTarget(Row):
    """Targets set by government: compared with, never fitted to."""

    id: Text
    indicator: Text
    indicator_zh: str
    year: Annotated[int, described("year the target is set for")]
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
    outcome: Annotated[Text, described("outcome of the register that is compared")]
    level: Text
    unit_name: Text
    scale: Annotated[Number, described("multiplies the outcome to give the unit of the figure")]
    year: Year
    value: Number
    unit: Text
    scope: Text
    kind: Annotated[Text, described("level, growth, real growth, flow or change")]
    error: Annotated[Number, Field(ge=0)]
    error_kind: Annotated[
        Literal["%", "pp", "report only", "input"],
        described("'report only' rows are shown, 'input' rows are inputs; neither is fitted"),
    ]
    source: Annotated[str, described("rows of figures.csv")]
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
