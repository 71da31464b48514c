"""Designs of support at equal cost, and regret over worlds."""
