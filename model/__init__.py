"""The simulated province: enterprises, markets, finance, innovation, titles and their books."""

from jiqun.model import _mesa  # noqa: F401  (before anything that needs Mesa)
from jiqun.model.model import ClusterPolicyModel
from jiqun.model.start.population import Population, build_population

__all__ = ["ClusterPolicyModel", "Population", "build_population"]
