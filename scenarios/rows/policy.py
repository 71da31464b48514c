"""Rows of the document: its articles, its counterfactual, rules and levers in force."""

from __future__ import annotations

from typing import Annotated, Literal

from jiqun.scenarios.rows.base import Confidence, Row, Text, described


class Article(Row):
    """The articles of document 55 and what each becomes in the model."""

    article: Text
    heading_zh: Text
    heading_en: Text
    kind: Literal["context", "mechanism", "target", "lever"]
    what_it_becomes: Text
    in_model: Literal["yes", "partly", "no"]
    reason: Annotated[str, described("what is not in the model, and why")]
    read: Annotated[str, described("files to read, separated by semicolons")]
    targets: str
    outcomes: Annotated[
        str,
        described(
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

    id: Annotated[Text, described("identifier the lever declarations point to")]
    rule: Text
    condition: Text
    value: Text
    unit: Text
    date_from: Annotated[str, described("first quarter in force, where dated")]
    date_to: Annotated[str, described("last quarter in force, where dated")]
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
    modelled_as: Annotated[str, described("lever it became; empty if it is not in the model")]
    reason: Annotated[str, described("why it is not in the model, or how it differs there")]
    source: str
