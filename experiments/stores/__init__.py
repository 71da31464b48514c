"""Stores: what they hold, which of it is read, and what is written out of it."""
