"""Pseudo out-of-sample forecasts, scored against what was published."""
