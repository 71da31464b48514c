"""Effects that are not typed in, measured and held against the literature."""
