"""The simulated province: enterprises, markets, finance, innovation, titles and their books."""

from model.model import ClusterPolicyModel
from model.population import Population, build_population

__all__ = ["ClusterPolicyModel", "Population", "build_population"]
