"""Experiments: many runs, their store, and what is read from it."""

from jiqun.experiments.stores.results import Results

__all__ = ["Results"]
