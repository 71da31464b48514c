"""The report's words and numbers in one language.

Every sentence stands in `text.yaml` in Chinese and English; no other file holds text that a reader
of the report sees, but for the labels of the register of outcomes and for reasons that stand in
English beside the data they speak of; their Chinese is in `translated.yaml`. What is said of one
region alone stands in `texts.yaml` of its folder, and its names in `region.yaml`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import yaml

from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.model.region import DEFAULT_FOLDER, REGION, RegionError
from jiqun.notebooks import extension_words
from jiqun.notebooks.extension_words import ExtensionTexts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jiqun.experiments.effects.effect import Estimate
    from jiqun.model.observe.outcomes import Outcome
    from jiqun.notebooks.trust.evidence import Unit
    from jiqun.notebooks.worlds import Effect

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = ("zh", "en")
TEXT = Path(__file__).parent / "text.yaml"
TRANSLATED = TEXT.with_name("translated.yaml")
OF_REGION = "texts.yaml"
"""File of a region: every key of the one of the default region, and what else it says otherwise."""
ABSENT = "—"
INTERVAL = "interval"
SUM = "sum"
"""Last part of what an interval is of, and a change in the outcome's unit."""

FINEST = 9
"""Most decimals that any number is written with."""

_WIDE = "[\u3000-\u9fff\uff00-\uffef]"
_LETTER = "[\u4e00-\u9fff]"
_FULL = dict(zip(",;:()?!", "，；：（）？！", strict=True))


@dataclass(frozen=True)
class Shown:
    """How a stored unit is shown: name and factor in each language."""

    zh: str
    en: str
    factor_zh: float = 1.0
    factor_en: float = 1.0

    def name(self, lang: Lang) -> str:
        """The unit's name."""
        return self.zh if lang == "zh" else self.en

    def factor(self, lang: Lang) -> float:
        """What a stored value is multiplied by."""
        return self.factor_zh if lang == "zh" else self.factor_en


SHOWN: Mapping[str, Shown] = {
    "yuan": Shown("亿元", "bn yuan", 1e-8, 1e-9),
    "yuan of 2018": Shown("亿元（2018年价）", "bn yuan of 2018", 1e-8, 1e-9),
    "yuan a year": Shown("万元/年", "thousand yuan a year", 1e-4, 1e-3),
    "yuan a person": Shown("万元/人", "thousand yuan a person", 1e-4, 1e-3),
    "enterprises": Shown("家", "number"),
    "clusters": Shown("个", "clusters"),
    "projects a year": Shown("项/年", "projects a year"),
    "points": Shown("分", "points"),
    "switch": Shown("", ""),
    "persons": Shown("万人", "thousand", 1e-4, 1e-3),
    "share": Shown("%", "%", 1e2, 1e2),
    "share a year": Shown("%", "% a year", 1e2, 1e2),
    "index": Shown("指数", "index"),
    "stage": Shown("阶段0–4", ""),
    "upgrades": Shown("次/年", "a year"),
    "tce": Shown("万吨标准煤", "million tce", 1e-4, 1e-6),
    "tce per yuan of 2018": Shown("吨标准煤/万元", "tce per 10,000 yuan", 1e4, 1e4),
}
"""Stored units as readers meet them."""

COUNTED = frozenset({"enterprises", "upgrades", "clusters", "projects a year"})
"""Units of things that are counted whole."""
COARSE = frozenset({"share", "share a year", "stage"})
"""Units of ratios: two figures say all that an interval leaves certain."""


@cache
def texts() -> Mapping[str, Mapping[str, Any]]:
    """All texts: key to language to text (or list, or mapping of names).

    Raises:
        RegionError: The region says nothing of what every region has to.
    """
    own = _read(REGION.folder / OF_REGION)
    for key in _read(DEFAULT_FOLDER / OF_REGION):
        if key not in own:
            raise RegionError(REGION.folder / OF_REGION, key, "is missing", ())
    found = {**_read(TEXT), **own, **_names()}
    for lang in LANGS:
        # Outcomes of the whole province have its id as their unit.
        found["tier_names"][lang][REGION.id] = found["tier_names"][lang].pop("province")
        for group in ExtensionTexts.model_fields:
            # No package renames what is of the project.
            found[group][lang] = extension_words.names(group, lang) | found[group][lang]
    return {
        key: {lang: _closed(_named(both[lang], lang)) for lang in LANGS}
        for key, both in found.items()
    }


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """Texts of a file; none where there is no such file."""
    if not path.is_file():
        return {}
    found: dict[str, dict[str, Any]] = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return found


def _names() -> dict[str, dict[str, Any]]:
    """Names of the fields of the region and of its groups of cities."""
    groups = {"fields": REGION.fields, "city_groups": REGION.city_groups}
    return {
        key: {lang: {name: getattr(of, lang) for name, of in named.items()} for lang in LANGS}
        for key, named in groups.items()
    }


@cache
def translations() -> Mapping[str, str]:
    """Chinese of sentences that are kept in English beside the data."""
    files = (TRANSLATED, REGION.folder / TRANSLATED.name)
    return {
        row["en"]: row["zh"]
        for path in files
        if path.is_file()
        for row in yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    }


@dataclass(frozen=True)
class Words:
    """Texts, labels and numbers in one language.

    Attributes:
        lang: The language.
        marked: Whether numbers bear what they are of, as pages do (`told`): figures and terminals
            take `bare` words.
    """

    lang: Lang
    marked: bool = False

    @property
    def bare(self) -> Words:
        """The same words without marks."""
        return replace(self, marked=False)

    def told(self, of: str, text: str) -> str:
        """A number, or an interval, marked with what it is of.

        A reader sees nothing of the mark; a page carries it as an attribute. Numbers that stand in
        several places, or in a sentence and in its table, bear one mark, so that a test of the
        pages as they are written finds those that differ.

        Args:
            of: What it is of (`quantity`), without spaces; nothing for a number of no other place.
            text: The number as it is written.
        """
        return f'[{text}]{{n="{of}"}}' if self.marked and of and text != ABSENT else text

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, with its gaps filled."""
        text = cast("str", texts()[key][self.lang])
        return text.format(**values) if values else text

    def counts(self, of: str, **values: object) -> dict[str, str]:
        """Counts of one subject, each marked with what it is of: gaps of a text by name."""
        return {name: self.told(quantity(of, name), str(value)) for name, value in values.items()}

    def translated(self, sentence: str) -> str:
        """A sentence that is kept in English beside the data."""
        return translations().get(sentence, sentence) if self.lang == "zh" else sentence

    def lines(self, key: str) -> list[str]:
        """A text that is a list."""
        return list(texts()[key][self.lang])

    def name(self, group: str, key: str) -> str:
        """The name of an id (a tier, a field, a source), or the id where it has none."""
        return str(texts()[group][self.lang].get(key, key))

    def term(self, owner: str, term: str) -> str:
        """The name of a term of a lever or shock, or its id where it has none."""
        names = self.names("term_names")
        return names.get(f"{owner}.{term}") or names.get(term) or term

    def names(self, group: str) -> Mapping[str, str]:
        """All names of a group, by id."""
        found: Mapping[str, str] = texts()[group][self.lang]
        return found

    def unit_name(self, unit: Unit) -> str:
        """The name of what an outcome is of: the province, a tier or a field."""
        return self.name("fields" if unit[0] == "field" else "tier_names", unit[1])

    def label(self, outcome: Outcome | str) -> str:
        """An outcome's label."""
        found = OUTCOMES[outcome] if isinstance(outcome, str) else outcome
        return self.full(found.zh if self.lang == "zh" else found.en)

    def full(self, text: str) -> str:
        """A label that is kept with half-width signs, as figures show it."""
        return full_width(text) if self.lang == "zh" else text

    def unit(self, outcome: Outcome | str) -> str:
        """The unit an outcome is shown in."""
        found = OUTCOMES[outcome] if isinstance(outcome, str) else outcome
        return _shown(found).name(self.lang)

    def headed(self, outcome: Outcome | str) -> str:
        """Label and unit, as a table's head or a figure's title shows them."""
        if self.lang == "zh":
            return f"{self.label(outcome)}（{self.unit(outcome)}）"
        return ", ".join(filter(None, (self.label(outcome), self.unit(outcome))))

    def scaled(self, value: float, outcome: Outcome | str) -> float:
        """A stored value in the unit it is shown in."""
        found = OUTCOMES[outcome] if isinstance(outcome, str) else outcome
        return value * _shown(found).factor(self.lang)

    def number(self, value: float, outcome: Outcome | str, digits: int | None = None) -> str:
        """A stored value as shown, without its unit; rounded to what it can bear.

        Args:
            value: The value, in the stored unit of the outcome.
            outcome: The outcome or its id, for its unit.
            digits: Significant figures; those usual for the unit if None.
        """
        return self.numbers([value], outcome, digits)[0]

    def numbers(
        self, values: Sequence[float], outcome: Outcome | str, digits: int | None = None
    ) -> list[str]:
        """Stored values that stand together: as many decimals as the largest can bear.

        Args:
            values: Values, in the stored unit of the outcome.
            outcome: The outcome or its id, for its unit.
            digits: Significant figures of the largest; those usual for the unit if None.
        """
        found = OUTCOMES[outcome] if isinstance(outcome, str) else outcome
        scaled = [self.scaled(value, found) for value in values]
        figures = digits or (2 if found.unit in COARSE else 3)
        decimals = decimals_of(max(map(abs, scaled)), figures)
        if found.unit in COUNTED:
            decimals = min(decimals, 0)
        return [written(value, decimals) for value in scaled]

    def measured(self, value: float, outcome: Outcome | str) -> str:
        """A stored value with its unit, for use in a sentence."""
        return self._with_unit(self.number(value, outcome), outcome)

    def ranged(self, low: float, high: float, outcome: Outcome | str) -> str:
        """An interval of stored values with its unit, for use in a sentence.

        Args:
            low: Lower end, in the stored unit of the outcome.
            high: Upper end, in the same unit.
            outcome: The outcome or its id, for its unit.
        """
        return self._with_unit(self.interval(low, high, outcome), outcome)

    def _with_unit(self, number: str, outcome: Outcome | str) -> str:
        found = OUTCOMES[outcome] if isinstance(outcome, str) else outcome
        if self.lang == "zh":
            return number + ("%" if found.unit.startswith("share") else self.unit(found))
        if found.unit == "enterprises":
            return number
        return f"{number} {'%' if found.unit.startswith('share') else self.unit(found)}"

    def between(self, low: str, high: str) -> str:
        """An interval of two numbers already written."""
        if {"−", "+"} & set(low + high):
            return f"{low}至{high}" if self.lang == "zh" else f"{low} to {high}"
        return f"{low}–{high}"

    def interval(
        self, low: float, high: float, outcome: Outcome | str, digits: int | None = None
    ) -> str:
        """An interval of stored values, without unit.

        Args:
            low: Lower end, in the stored unit of the outcome.
            high: Upper end, in the same unit.
            outcome: The outcome or its id, for its unit.
            digits: Significant figures of the larger end; those usual for the unit if None.
        """
        return self.between(*self.numbers([low, high], outcome, digits))

    def percent(self, share: float, decimals: int = 0, *, signed: bool = False) -> str:
        """A share as per cent.

        Args:
            share: The share, 1 for the whole.
            decimals: Decimals of the percentage.
            signed: Whether a rise gets a plus sign.
        """
        plus = "+" if signed and round(100 * share, decimals) > 0 else ""
        return plus + written(100 * share, decimals) + ("%" if self.lang == "zh" else " %")

    def percents(self, low: float, high: float, decimals: int = 0, *, signed: bool = False) -> str:
        """An interval of shares as per cent.

        Args:
            low: Lower end, 1 for the whole.
            high: Upper end, 1 for the whole.
            decimals: Decimals of both percentages.
            signed: Whether a rise gets a plus sign.
        """
        first, last = (self.percent(value, decimals, signed=signed) for value in (low, high))
        return self.between(first.rstrip(" %"), last)

    def signed(self, values: Sequence[float], digits: int = 2, most: int = 3) -> list[str]:
        """Changes that stand together, with their signs; as many decimals as the largest bears.

        Args:
            values: Changes, in the unit they are shown in.
            digits: Significant figures of the largest value.
            most: Most decimals.
        """
        largest = max(map(abs, values))
        decimals = min(decimals_of(largest, digits), most)
        return [
            ("+" if round(value, decimals) > 0 else "") + written(value, decimals)
            for value in values
        ]

    def effect(self, effect: Effect | None, *, bold: bool = True) -> str:
        """An effect with its interval; in bold where it is distinguishable from zero."""
        if effect is None:
            return ABSENT
        mean, interval = self.estimate(effect.estimate, 100.0, of=effect.of)
        gap = "" if self.lang == "zh" else " "
        unit = "%" if effect.measure == "percent" else self("points")
        shown = f"**{mean}{gap}{unit}**" if bold and effect.sign else f"{mean}{gap}{unit}"
        return shown + interval

    def concluded(self, effect: Effect | None) -> str:
        """An effect with its interval; the interval alone, after 'no conclusion', where it is none.

        `Effect.verdict` is the one rule, and its words are the same wherever it is told.
        """
        if effect is None:
            return ABSENT
        if effect.sign:
            return self.effect(effect)
        told = self.name("verdict_of_effect", effect.verdict)
        if effect.estimate.low is None or effect.estimate.high is None:
            return told
        ends = self.signed([100.0 * effect.estimate.low, 100.0 * effect.estimate.high])
        gap = "" if self.lang == "zh" else " "
        unit = "%" if effect.measure == "percent" else self("points")
        interval = self.told(quantity(effect.of, INTERVAL), self.between(*ends))
        return told + self.bracketed(f"{interval}{gap}{unit}")

    def estimate(
        self, found: Estimate, factor: float = 1.0, *, of: str = "", **digits: int
    ) -> tuple[str, str]:
        """Mean, and its interval in brackets: nothing where the runs are too few for one.

        Args:
            found: The estimate.
            factor: What its values are multiplied by.
            of: What it is an estimate of.
            digits: Those of `signed`.
        """
        if found.low is None or found.high is None:
            return self.told(of, self.signed([factor * found.mean], **digits)[0]), ""
        values = [factor * value for value in (found.mean, found.low, found.high)]
        texts = self.signed(values, **digits)
        # An interval that is clear of zero does not end in a nought that rounding made.
        while found.sign and digits.get("most", 3) < FINEST and any(map(_is_nought, texts)):
            digits = {"digits": digits.get("digits", 2) + 1, "most": digits.get("most", 3) + 1}
            texts = self.signed(values, **digits)
        mean, low, high = texts
        interval = self.told(quantity(of, INTERVAL), self.between(low, high))
        return self.told(of, mean), self.bracketed(interval)

    def bracketed(self, text: str) -> str:
        """A text in brackets, to follow another."""
        return f"（{text}）" if self.lang == "zh" else f" ({text})"

    def money(self, yuan: float | Sequence[float], digits: int = 2) -> list[str]:
        """Sums of the ledger as shown, without unit; small sums beside large ones."""
        values = [yuan] if isinstance(yuan, float | int) else list(yuan)
        scaled = [self.scaled(value, "value_added") for value in values]
        return [written(v, max(0, min(decimals_of(v, digits), 3))) for v in scaled]

    @property
    def money_unit(self) -> str:
        """The unit that sums of the ledger are shown in."""
        return self.unit("value_added")

    def listing(self, parts: Iterable[str]) -> str:
        """An enumeration."""
        return ("；" if self.lang == "zh" else "; ").join(parts)

    def place(self, number: int) -> str:
        """A number that tells things of one name apart."""
        return (
            "一二三四五六七八九"[number - 1] if self.lang == "zh" and number < 10 else str(number)
        )


def _closed(text: Any) -> Any:
    """Take out the spaces that a folded line leaves between Chinese characters."""
    if isinstance(text, str):
        return re.sub(f"(?<={_WIDE}) (?={_WIDE}|[{{“])", "", text)
    return text


def _named(text: Any, lang: Lang) -> Any:
    """Put the names of the region and of its document where a text has `<region>`, `<document>`."""
    if isinstance(text, list):
        return [_named(part, lang) for part in text]
    if isinstance(text, dict):
        return {key: _named(part, lang) for key, part in text.items()}
    region, document = (getattr(of, lang) for of in (REGION.name, REGION.document))
    text = text.replace("<region>", region).replace("<document>", document)
    return text.replace("<Document>", document[:1].upper() + document[1:])


def full_width(text: str) -> str:
    """Chinese text with the punctuation of Chinese where it follows or precedes a character."""
    marks = re.sub(rf"(?<={_LETTER})[,;:()?!]|[(](?={_LETTER})", lambda m: _FULL[m[0]], text)
    # What a full-width bracket opens, one closes, whatever stands before it.
    return re.sub(r"（([^（()）]*)\)", r"（\1）", marks)


def quantity(*parts: object) -> str:
    """What a number is of, from its parts; nothing where the first is nothing."""
    return "/".join(str(part) for part in parts if part != "") if parts[0] else ""


def _is_nought(text: str) -> bool:
    return not text.strip("+−0.")


def decimals_of(value: float, digits: int) -> int:
    """Decimals that give a number so many significant figures; negative for tens and hundreds."""
    if abs(value) < 1e-12:
        return 0
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    # Rounding 9.96 to two figures gives 10.0, one figure too many.
    return decimals - (abs(round(value, decimals)) >= 10.0 ** (digits - decimals))


def written(value: float, decimals: int) -> str:
    """A number with so many decimals, thousands separators and a proper minus sign."""
    # Not by Babel: both languages group digits alike, and what is left here, figures that stand
    # together and rounding to tens, it does not do.
    near = round(value, decimals)
    return ("−" if near < 0 else "") + f"{abs(near):,.{max(decimals, 0)}f}"


def _shown(outcome: Outcome) -> Shown:
    return SHOWN.get(outcome.unit, Shown(outcome.unit, outcome.unit))
