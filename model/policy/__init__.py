"""Levers: who may claim, what is offered, what is paid, by whom, and how clusters race."""
