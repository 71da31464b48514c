"""Scenarios: what is asked, read from files and resolved into what the model takes."""

from scenarios.errors import InputError, ScenarioError, TableError
from scenarios.loader import Design, check, designs, load, load_design, shipped, worlds

__all__ = [
    "Design",
    "InputError",
    "ScenarioError",
    "TableError",
    "check",
    "designs",
    "load",
    "load_design",
    "shipped",
    "worlds",
]
