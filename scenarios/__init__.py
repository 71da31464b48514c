"""Scenarios: what is asked, read from files and resolved into what the model takes."""

from scenarios.errors import InputError, ScenarioError, TableError
from scenarios.language import use_language
from scenarios.loader import (
    Design,
    check,
    designs,
    load,
    load_design,
    shipped,
    with_parameters,
    worlds,
)
from scenarios.notices import acting, warnings_of

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
