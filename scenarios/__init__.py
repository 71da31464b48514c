"""Scenarios: what is asked, read from files and resolved into what the model takes."""

from jiqun.scenarios.errors import InputError, ScenarioError, TableError
from jiqun.scenarios.language import use_language
from jiqun.scenarios.loader import (
    Design,
    check,
    designs,
    load,
    load_design,
    shipped,
    with_parameters,
    worlds,
)
from jiqun.scenarios.notices import acting, warnings_of

__all__ = [
    "Design",
    "InputError",
    "ScenarioError",
    "TableError",
    "acting",
    "check",
    "designs",
    "load",
    "load_design",
    "shipped",
    "use_language",
    "warnings_of",
    "with_parameters",
    "worlds",
]
