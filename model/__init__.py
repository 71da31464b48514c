"""The simulated province: enterprises, markets, finance, innovation, titles and their books."""

from jiqun.model import (
    _mesa,  # noqa: F401  (before anything that needs Mesa)
    extensions,
    shocks,
)
from jiqun.model.model import ClusterPolicyModel
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.model.start.population import Population, build_population

__all__ = ["ClusterPolicyModel", "Population", "build_population"]

# The last of all: what extensions import of the model is there by now.
extensions.load("levers")
extensions.load("outcomes", OUTCOMES)
extensions.load("shocks", shocks.KNOWN)
