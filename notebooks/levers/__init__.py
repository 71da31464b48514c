"""The pages of levers."""
