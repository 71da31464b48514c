"""Enterprises as rows of columns, and clusters."""
