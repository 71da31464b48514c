"""Stylised facts, measured on the panel."""
