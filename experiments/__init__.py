"""Experiments: many runs, their store, and what is read from it."""

from experiments.results import Results

__all__ = ["Results"]
