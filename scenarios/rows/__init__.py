"""Rows of the data tables: columns, types, allowed values and meaning, described once."""
