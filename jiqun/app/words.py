"""The page's words: its own texts in both languages, and those of the report for all else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from jiqun.notebooks.words import LANGS, Words
from jiqun.scenarios.language import language

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.notebooks.words import Lang

TEXT = Path(__file__).with_name("texts.yaml")


@cache
def page_texts() -> Mapping[str, Mapping[str, Any]]:
    """Texts of the page: key to language to text, or to a mapping of names."""
    found: dict[str, dict[str, Any]] = yaml.load(TEXT.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return found


@dataclass(frozen=True)
class PageWords(Words):
    """Texts, labels and numbers of the page in one language."""

    def said(self, key: str, **values: object) -> str:
        """A text of the page, with its gaps filled."""
        return str(page_texts()[key][self.lang]).format(**values)

    def named(self, group: str, key: str, **values: object) -> str:
        """A text of a group of the page's texts, with its gaps filled.

        Args:
            group: Key of the group.
            key: Key of the text in it.
            **values: Name of a gap to what fills it.
        """
        return str(page_texts()[group][self.lang][key]).format(**values)

    def row(self, key: str) -> list[str]:
        """A text of the page that is a list."""
        return [str(each) for each in page_texts()[key][self.lang]]


def lang_of(text: str) -> Lang:
    """A language that a link names; else that of messages."""
    zh, en = LANGS
    asked = text if text in LANGS else language()
    return zh if asked == zh else en
