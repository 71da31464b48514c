"""Words that packages with extensions bring for what they add: `texts.yaml` of the package."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from jiqun.model.extensions import acting
from jiqun.scenarios.schema import Part, checked
from jiqun.scenarios.tables import added, table
from jiqun.scenarios.yaml_file import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = "texts.yaml"


class Names(Part):
    """Names by id, in each language."""

    zh: dict[str, str]
    en: dict[str, str]


class ExtensionTexts(Part):
    """What an extension may name: terms of its levers and shocks, and its parameters."""

    term_names: Names = Field(default_factory=lambda: Names(zh={}, en={}))
    parameter_names: Names = Field(default_factory=lambda: Names(zh={}, en={}))


def names(group: str, lang: str) -> dict[str, str]:
    """Names of a group of `text.yaml` that extensions bring in a language.

    Args:
        group: One of the fields of `ExtensionTexts`.
        lang: The language.

    Raises:
        ScenarioError: A file has another form.
    """
    found: dict[str, str] = {}
    if group == "parameter_names":
        # The table has one name of each, which stands where the package brings no other.
        found = {
            row.name: row.meaning for row in table("parameters") if row.name in added("parameters")
        }
    for path in _files():
        document = read_yaml(path)
        texts = checked(document, ExtensionTexts, document.data)
        found |= getattr(getattr(texts, group), lang)
    return found


def _files() -> Iterator[Path]:
    for top in dict.fromkeys(each.top for each in acting()):
        spec = find_spec(top)
        # A module that is no package lies in a folder that it shares with others.
        for folder in (spec.submodule_search_locations if spec else None) or ():
            path = Path(folder) / FILE
            if path.is_file():
                yield path
