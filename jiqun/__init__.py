"""The command line: a thin layer above the packages that do the work."""
