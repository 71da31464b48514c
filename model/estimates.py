"""Estimates of the literature as effects on log productivity A, by what each held fixed.

What a study calls productivity is seldom A. Under demand of elasticity σ and a constant mark-up,
quantity is q = A F and revenue at the prices of the industry is q^((σ-1)/σ): a study that deflates
revenue by the industry and holds inputs F sees (σ-1)/σ of A; one that lets inputs follow sees σ-1,
since sales and inputs both rise by that. In quantities at own prices these are 1 and σ (Foster,
Haltiwanger and Syverson 2008; De Loecker 2011).
"""

from __future__ import annotations

from dataclasses import dataclass

OWN, INDUSTRY = "own", "industry"
"""Prices that output is taken at: own ones give quantities, those of the industry revenue."""
HELD, FREE = "capital and labour", "none"
"""Inputs that are held while output is compared."""


@dataclass(frozen=True)
class Basis:
    """What an estimate stands on (`calibration/data/estimates.csv`).

    Attributes:
        prices: ``own`` or ``industry``.
        inputs: Inputs held: ``capital and labour`` or ``none``.
    """

    prices: str
    inputs: str


def on_productivity(estimate: float, basis: Basis, sigma: float) -> float:
    """An estimate as one on log productivity A.

    Args:
        estimate: Effect on log output, or an elasticity of it.
        basis: What the study held fixed.
        sigma: Elasticity of substitution, over 1.

    Returns:
        Effect on A; physical productivity (own prices, inputs held) is A itself.
    """
    seen = {
        (OWN, HELD): 1.0,
        (INDUSTRY, HELD): (sigma - 1.0) / sigma,
        (INDUSTRY, FREE): sigma - 1.0,
        (OWN, FREE): sigma,
    }
    return estimate / seen[basis.prices, basis.inputs]
