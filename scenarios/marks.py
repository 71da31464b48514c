"""What people type where YAML reads something else: the cause, and what to type instead.

Input methods leave full-width and invisible characters, and some plain marks have a meaning in YAML
that one may not have in mind. Nothing is put right silently: the cause is named.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jiqun.scenarios.language import say

if TYPE_CHECKING:
    from jiqun.scenarios.yaml_file import Key

THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:[, _]\d{3})+(?:\.\d+)?")
"""A number with something between its thousands."""
WIDE = "：，、；｛｝［］【】＂＇－—＃　“”‘’"
PLAIN = (*":,,,{}[][]\"'--# ", '"', '"', "'", "'")
"""Marks of Chinese input, and the plain mark of each."""
ENDS = "｝］】"
CODES = {"utf-16": "UTF-16", "gb18030": "GBK"}
"""Encodings that editors save texts in beside UTF-8, and what they are called."""
_TYPED = str.maketrans(dict(zip(WIDE, PLAIN, strict=True)))
_WIDE_KEY = re.compile(r"\s*(?:[-－—] *)?([A-Za-z_][A-Za-z0-9_]*)\s*：")
_TIGHT_KEY = re.compile(r"(?:^|[{,])\s*(?:- +)?([A-Za-z_][A-Za-z0-9_]*):(?=[^\s:])")
_TEXT_KEY = re.compile(r"\s*(?:- +)?([A-Za-z_][A-Za-z0-9_]*): +([^\d\s].*)")
_OF_YAML = re.compile(r":\s+(?P<text>[%@`][^,}\]]*)")
_CUT_LABEL = re.compile(r"\s*(?:zh|en): +(?P<text>[^\"'#{\[|>\s][^#]*?) (?P<rest>#\d.*)")
_LEADING_ZERO = re.compile(r"[-+]?0\d+(?:\.\d*)?")


@dataclass(frozen=True)
class Cause:
    """Why something is not read as it was meant.

    Attributes:
        problem: What is wrong.
        allowed: What may stand there, or an empty string.
        example: An entry that would do, or an empty string.
        key: The key that is meant, or an empty string.
    """

    problem: str
    allowed: str = ""
    example: str = ""
    key: str = ""


def of_bytes(raw: bytes) -> Cause:
    """Why a file is not UTF-8 text."""
    marked = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    encoding = "utf-16" if marked else "gb18030"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = ""
    # Whatever is no text decodes to something in GB 18030, to rare characters most of all.
    usual = sum(c.isascii() or "\u3000" <= c <= "\u9fff" or "\uff00" <= c <= "\uffef" for c in text)
    if not text or not all(c.isprintable() or c in "\t\r\n" for c in text) or usual < len(text):
        return Cause(say("not a text file"), say("UTF-8 text"))
    problem = say(
        "the text is not saved as UTF-8 (it reads as {encoding})", encoding=CODES[encoding]
    )
    return Cause(problem, say("UTF-8: choose this encoding where the editor saves the file"))


def of_any_line(line: str) -> Cause | None:
    """What is amiss with a line, whatever YAML takes it for."""
    if wide := _WIDE_KEY.match(line):
        return _wide_colon(wide[1])
    if cut := _CUT_LABEL.match(line):
        text = f"{cut['text']} {cut['rest']}".rstrip()
        problem = say("what follows # is a comment and would be lost: {text}", text=cut["rest"])
        return Cause(problem, say("the whole text in quotes"), f'"{text}"')
    return None


def of_line(line: str) -> Cause | None:
    """Why a line, where YAML stumbled or just before, is no plain YAML."""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return Cause(say("a tab at the beginning of the line"), say("spaces"))
    bare = re.sub(r'"[^"]*"|\'[^\']*\'', '""', line.partition(" #")[0])
    if tight := _TIGHT_KEY.search(bare):
        return _tight_colon(tight[1])
    for part in re.split(r"[][{},]", bare):
        text = _TEXT_KEY.fullmatch(part)
        if text and re.search(r":(?:\s|$)", text[2]) and not _of_wide_mark(text[2]):
            told = text[2].rstrip()
            problem = say("a colon inside a text: {text}", text=told)
            return Cause(problem, say("the whole text in quotes"), f'{text[1]}: "{told}"')
    if found := _OF_YAML.search(bare):
        text_ = found["text"].strip()
        problem = say("{mark} at the beginning of a text", mark=text_[0])
        return Cause(problem, say("the whole text in quotes"), f'"{text_}"')
    return of_invisible(line) or _of_wide_mark(line)


def _of_wide_mark(line: str) -> Cause | None:
    """A mark of Chinese input that stands among plain text, so no part of a Chinese one."""
    for place, mark in enumerate(line):
        beside = line[:place].rstrip()[-1:] + line[place + 1 :].lstrip()[:1]
        if mark in WIDE and (mark in ENDS or not beside or any(c.isascii() for c in beside)):
            return _wide_mark(mark)
    return None


def of_key(name: str) -> Cause | None:
    """What is amiss with a key: none of the names that are known has such characters."""
    if wide := _WIDE_KEY.match(name):
        return _wide_colon(wide[1])
    if tight := re.match(r"([A-Za-z_][A-Za-z0-9_]*):", name):
        return _tight_colon(tight[1])
    mark = next((c for c in name if c in WIDE), "")
    odd = of_invisible(name) or (_wide_mark(mark) if mark else None)
    return odd or _of_wide_text(name, listed=False)


def of_value(text: str, key: Key) -> Cause | None:
    """What is amiss with a text or number: full-width characters, or ones that are not seen.

    Args:
        text: The text, or the number as written.
        key: Its key: labels may have full-width characters.
    """
    if _LEADING_ZERO.fullmatch(text):
        problem = say("{given} begins with a zero", given=text)
        return Cause(problem, re.sub(r"^([-+]?)0+(?=\d)", r"\1", text))
    if text.isascii():
        return None
    label = "label" in key
    hidden = of_invisible(text)
    if hidden and not (label and "\u00a0" in text):
        return hidden
    return None if label else _of_wide_text(text, listed=bool(key) and isinstance(key[-1], int))


def _of_wide_text(text: str, *, listed: bool) -> Cause | None:
    """What is a number, unit or name but for full-width characters."""
    plain = re.sub(r"^[\u2212\u2013](?=\d)", "-", text.translate(_TYPED))
    plain = unicodedata.normalize("NFKC", plain).strip().strip("\"'")
    if plain == text.strip() or not plain.isascii() or len(plain.split()) != 1:
        return None
    if THOUSANDS.fullmatch(plain):
        return thousands(text)
    wide = "".join(dict.fromkeys(c for c in text if not c.isascii()))
    problem = say("{given} has full-width characters: {wide}", given=text, wide=wide)
    return Cause(problem, plain.replace(",", ", ") if listed else plain)


def of_invisible(text: str) -> Cause | None:
    """A character that is not seen: it has no width, or looks like a space and is none."""
    for character in text:
        if unicodedata.category(character) == "Cf" or character == "\u00a0":
            code = f"U+{ord(character):04X}"
            return Cause(
                say("invisible character {code}", code=code),
                say("a plain space, or nothing"),
            )
    return None


def thousands(given: str) -> Cause:
    """Of a number as written, with something between its thousands."""
    plain = re.sub(r"[,\s_]", "", unicodedata.normalize("NFKC", given))
    if re.search("[,，]", given):
        return Cause(say("{given}: write {plain} without the comma", given=given, plain=plain))
    return Cause(say("{given}: write {plain}", given=given, plain=plain))


def _wide_colon(key: str) -> Cause:
    problem = say("full-width colon ： after {key}", key=key)
    return Cause(problem, say("a plain colon and a space"), f"{key}: ...", key)


def _tight_colon(key: str) -> Cause:
    problem = say("no space after the colon of {key}", key=key)
    return Cause(problem, say("a plain colon and a space"), f"{key}: ...", key)


def _wide_mark(mark: str) -> Cause:
    problem = say("full-width character {mark}", mark=mark)
    return Cause(problem, say("the plain character {plain}", plain=PLAIN[WIDE.index(mark)]))
