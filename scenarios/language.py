"""The language of messages, and messages from their templates.

A template is an English sentence with fields in braces. `messages.yaml` holds the Chinese one of
each; identifiers, files, lines and keys go into the fields and stay as they are.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LANGUAGES = ("zh", "en")
VARIABLE = "JIQUN_LANG"
"""Environment variable that names the language; workers inherit it."""
LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
CATALOGUE = Path(__file__).with_name("messages.yaml")
_SPOKEN: ContextVar[str] = ContextVar("spoken", default="")


def language() -> str:
    """Language of messages: that of `speaking`, of `JIQUN_LANG`, of the locale, else English."""
    asked = _SPOKEN.get() or os.environ.get(VARIABLE, "")
    if asked in LANGUAGES:
        return asked
    locale = next((os.environ[name] for name in LOCALE if os.environ.get(name)), "")
    return "zh" if locale.lower().startswith("zh") else "en"


def use_language(name: str) -> None:
    """Set the language of messages for this process and those it starts.

    Args:
        name: ``zh`` or ``en``.

    Raises:
        ValueError: There are no messages in this language.
    """
    if name not in LANGUAGES:
        raise ValueError(f"{name!r}: allowed: {', '.join(LANGUAGES)}")
    os.environ[VARIABLE] = name


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Messages in a language inside a block: of one reader of a page that serves several.

    Args:
        name: ``zh`` or ``en``.
    """
    token = _SPOKEN.set(name)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def say(template: str, **fields: Any) -> str:
    """A message in the language of messages.

    Args:
        template: The English template.
        **fields: What goes into its braces.
    """
    return said_in(language(), template, **fields)


def said_in(lang: str, template: str, **fields: Any) -> str:
    """A message in a given language.

    Args:
        lang: `zh` or `en`.
        template: The message in English, with gaps in braces; key of the catalogue.
        **fields: What fills the gaps.
    """
    text = catalogue()[template] if lang == "zh" else template
    return text.format(**fields)


@cache
def catalogue() -> Mapping[str, str]:
    """Chinese template of each English one; read once a process."""
    found: dict[str, str] = yaml.load(CATALOGUE.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return found
