"""Batches: draws, runs, workers and what identifies a run."""
