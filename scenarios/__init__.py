"""Scenarios: what is asked, read from files and resolved into what the model takes."""

from scenarios.errors import InputError, ScenarioError, TableError
from scenarios.loader import check, load, shipped

__all__ = ["InputError", "ScenarioError", "TableError", "check", "load", "shipped"]
