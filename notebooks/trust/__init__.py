"""How far to trust the results."""
