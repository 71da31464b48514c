"""Lets ``python -m jiqun`` do what ``jiqun`` does."""

from jiqun.cli import main

main()
