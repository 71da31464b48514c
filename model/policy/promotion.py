"""Investment promotion: large plants that cities win for their clusters, from whom, and at what.

Most plants that a city wins would have come to the province anyway, elsewhere or to the same place
(article 17). The share that would not is an assumption between none and half; of the others the
city that pays takes a plant from a rival city of the province.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jiqun.model.accounting import covers, left_of
from jiqun.model.calendar import year_of
from jiqun.model.channels import reads
from jiqun.model.dimensions import CITIES, FIELDS
from jiqun.model.economy.demography import PLANTS
from jiqun.model.policy import payments
from jiqun.model.policy.eligibility import clusters_in, delivery
from jiqun.model.policy.ledger import Kind
from jiqun.model.randomness import uniform

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from jiqun.model.agents.enterprises import Flag
    from jiqun.model.dimensions import Array
    from jiqun.model.lever import Lever
    from jiqun.model.model import ClusterPolicyModel


@dataclass(frozen=True)
class Campaign:
    """A year's promotion campaign.

    Attributes:
        lever: The lever.
        plants: Plants a year that cities win beyond their older pace, as far as they deliver.
        additional: Part of them that would not have come to the province.
        seats: Pairs of field and city with a cluster it may serve, shape (fields, cities).
    """

    lever: Lever
    plants: float
    additional: float
    seats: Flag

    def with_plants(self, p: Mapping[str, float], quarter: int) -> Mapping[str, float]:
        """Parameters of entry with the plants that would not have come otherwise."""
        early = p["plants_before_2021"] if year_of(quarter) < 2021 else 1.0
        more = self.plants * self.additional / early
        return {**p, "plants_per_year": p["plants_per_year"] + more}

    @reads("entry", "city_coordination", share="share")
    def settle(
        self, m: ClusterPolicyModel, new: dict[str, npt.NDArray[Any]]
    ) -> tuple[dict[str, npt.NDArray[Any]], Flag]:
        """Place the promoted among the year's entrants in clusters of their field.

        Those that would have come anyway are won from a rival city, as far as cities do not
        coordinate (article 18); where they do, the plant goes where it would have gone and nobody
        pays. A further plant of a field without such a cluster does not come. A city promises no
        incentive that it has no money for: then a further plant does not come and a rival's is not
        won.

        Returns:
            The entrants, and which of them are promoted.
        """
        p, seed, ids = m.parameters, m.seed_of_run, new["id"]
        usual = p["plants_per_year"] * (p["plants_before_2021"] if m.year < 2021 else 1.0)
        more = new["plant"] & (uniform(seed, "plant comes", ids) >= usual / PLANTS)
        won = uniform(seed, "promoted", ids) < self.plants * (1.0 - self.additional) / usual
        agreed = m.lever_value("city_coordination", "share")
        won &= new["plant"] & (uniform(seed, "rivalry", ids) >= agreed)
        seated = self.seats.any(axis=1)[new["field"]]
        promoted = (more | won) & seated
        place, left = uniform(seed, "promoted city", ids), m.city_funds.left.copy()
        asked = self._incentive(m, new)
        comes = seated | ~more
        for row in promoted.nonzero()[0]:
            field = int(new["field"][row])
            chance = (m.places.city_given_field[field] * self.seats[field]).cumsum()
            city = min(int(np.searchsorted(chance, place[row] * chance[-1])), len(CITIES) - 1)
            if m.city_funds.holds(self.lever):
                if not covers(left[city], asked[row]):
                    promoted[row], comes[row] = False, not more[row]
                    continue
                left[city] = left_of(left[city], asked[row])
            cluster, tier, _, _ = m.places.pools[field * len(CITIES) + city]
            new["city"][row], new["cluster"][row] = city, cluster
            new["tier"][row], new["pool"][row], new["county_cluster"][row] = tier, cluster, -1
        return {name: values[comes] for name, values in new.items()}, promoted[comes]

    def _incentive(self, m: ClusterPolicyModel, new: Mapping[str, npt.NDArray[Any]]) -> Array:
        """What a city would pay for each entrant, yuan."""
        plant = new["capital_rate"] * new["expected_revenue"] * m.markets.price[new["field"]]
        return np.asarray(self.lever.value("incentive", m.quarter) * new["weight"] * plant)

    @reads("entry", "investment_promotion", incentive="share")
    def pay(self, m: ClusterPolicyModel, promoted: Flag) -> None:
        """Promise the incentive of the cities, due in the quarter in which the plants come.

        Args:
            m: The model; the entrants are its last rows.
            promoted: Which of the entrants are promoted, shape (entrants,).
        """
        e = m.enterprises
        rows = len(e) - len(promoted) + promoted.nonzero()[0]
        m.count(self.lever.id, "promoted_plants", e.weight[rows], rows)
        m.count(self.lever.id, "promoted_capital", e.weight[rows] * e.capital[rows], rows)
        yuan = self.lever.value("incentive", m.quarter) * e.capital[rows]
        if yuan.any():
            (source,) = m.province.sources(self.lever)
            payments.book(m, self.lever, Kind.COMMITTED, source, rows, yuan)
            if m.city_funds.holds(self.lever):
                for row, part in zip(rows, yuan, strict=True):
                    m.city_funds.spend(int(e.city[row]), float(e.weight[row] * part))
            m.programmes.payments_due.append(
                payments.Due(m.quarter, self.lever, source, e.id[rows], yuan)
            )


@reads("entry", "investment_promotion", plants="plants", additional="share")
def campaign(m: ClusterPolicyModel) -> Campaign | None:
    """The promotion campaign in force this quarter, if there is any."""
    lever = m.policy.lever("investment_promotion")
    plants = 0.0 if lever is None else lever.value("plants", m.quarter)
    if lever is None or plants <= 0.0:
        return None
    seats = hosts(m, lever)
    if not seats.any():
        return None
    clusters = [m.places.pools[int(pair)][0] for pair in np.flatnonzero(seats)]
    plants *= float(np.mean(delivery(m, lever, np.array(clusters))))
    return Campaign(lever, plants, lever.value("additional", m.quarter), seats)


def hosts(m: ClusterPolicyModel, lever: Lever) -> Flag:
    """Pairs of field and city with a cluster that a lever may serve, shape (fields, cities)."""
    field, city = np.divmod(np.arange(len(m.places.pools)), len(CITIES))
    at = {"tier": m.places.pools[:, 1], "field": field, "city": city}
    seats = (m.places.pools[:, 0] >= 0) & clusters_in(lever.groups(m.quarter), at)
    return seats.reshape(len(FIELDS), len(CITIES))
