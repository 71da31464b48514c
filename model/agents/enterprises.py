"""The enterprises: one NumPy array a column, one row an enterprise (or a weighted sample of some).

Each column is declared once, with its unit, bounds and meaning; the documentation and the checks
read the declaration. `Enterprise` is a view of one row for reading, tests and notebooks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import numpy as np
import numpy.typing as npt
from mesa import Agent
from mesa.agentset import AbstractAgentSet

from jiqun.model.dimensions import CITIES, FIELDS
from jiqun.model.randomness import uniform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mesa import Model

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Flag = npt.NDArray[np.bool_]

LABELS = (
    "innovative_sme", "high_tech", "srdi", "little_giant", "champion", "green_factory",
)  # fmt: skip
OWNERSHIP = ("private", "state", "foreign")


class Role(IntEnum):
    """Role of an enterprise in the supply network."""

    INDEPENDENT = 0
    SUPPORTING = 1
    CHAIN_LEADER = 2


ROLES = tuple(role.name.lower() for role in Role)


@dataclass(frozen=True)
class Column:
    """Declaration of a column: unit, bounds and meaning."""

    unit: str
    low: float
    high: float
    meaning: str


INF = float("inf")
NEVER = -(10**6)
"""Quarter of an event that has not happened."""


def _real(unit: str, low: float, high: float, meaning: str) -> Column:
    return Column(unit, low, high, meaning)


class Columns:
    """The columns of the population; instances hold one array each, all of one length."""

    # identity
    id: Annotated[Whole, Column("", 1, INF, "address of all draws; equal at every number of rows")]
    weight: Annotated[Real, _real("enterprises", 0, INF, "real enterprises the row stands for")]
    field: Annotated[Whole, Column("index", 0, len(FIELDS) - 1, "field of manufacturing (FIELDS)")]
    city: Annotated[Whole, Column("index", 0, len(CITIES) - 1, "city (CITIES)")]
    cluster: Annotated[Whole, Column("index", -1, INF, "primary cluster; -1 is none")]
    county_cluster: Annotated[
        Whole, Column("index", -1, INF, "county cluster, whatever the primary one; -1 is none")
    ]
    tier: Annotated[Whole, Column("index", 0, 4, "cultivation tier of the primary cluster")]
    pool: Annotated[Whole, Column("index", 0, INF, "knowledge pool: cluster, or field in city")]
    moved_from: Annotated[
        Whole,
        Column(
            "index", -1, len(CITIES) - 1, "city it moved into a cluster from; -1 if it never did"
        ),
    ]
    role: Annotated[Whole, Column("index", 0, 2, "independent, supporting (linked) or leader")]
    ownership: Annotated[Whole, Column("index", 0, 2, "private, state or foreign")]
    founded: Annotated[Whole, Column("quarter", -INF, INF, "quarter of foundation")]
    plant: Annotated[Flag, Column("", 0, 1, "large new plant that came up after 2018")]
    # size
    above_scale: Annotated[Flag, Column("", 0, 1, "counted by statistics: 20 million yuan")]
    size: Annotated[Whole, Column("index", 0, 3, "size class of this quarter (SIZES)")]
    was_above_scale: Annotated[Flag, Column("", 0, 1, "above scale at the last year end")]
    revenue: Annotated[Real, _real("yuan a quarter", 0, INF, "revenue without VAT")]
    expected_revenue: Annotated[Real, _real("yuan a year", 0, INF, "smoothed revenue")]
    value_added: Annotated[Real, _real("yuan a quarter", 0, INF, "value added with VAT payable")]
    value_added_real: Annotated[
        Real, _real("yuan of 2018 a quarter", 0, INF, "value added in prices of 2018")
    ]
    capital: Annotated[Real, _real("yuan", 0, INF, "fixed capital, net")]
    employees: Annotated[Real, _real("persons", 0, INF, "employees")]
    profit: Annotated[Real, _real("yuan a quarter", -INF, INF, "profit before tax")]
    wage: Annotated[Real, _real("ratio", 0, INF, "wage against the provincial wage")]
    # supply network
    orders_filled: Annotated[
        Real, _real("share", 0, 1, "sales over sales asked for, with a link; 0 without")
    ]
    input_shortfall: Annotated[
        Real, _real("share", 0, 1, "part of a leader's needs that suppliers fail to deliver")
    ]
    input_cover: Annotated[
        Real, _real("quarters of needs", 0, INF, "stocks a leader has of inputs that are missing")
    ]
    # technology
    va_rate: Annotated[Real, _real("share", 0, 1, "value added without VAT over revenue: wedge")]
    capital_rate: Annotated[Real, _real("ratio", 0, INF, "capital wanted over yearly revenue")]
    labour_need: Annotated[
        Real, _real("persons per yuan of 2018 a year", 0, INF, "labour per real value added, 2018")
    ]
    size_level: Annotated[Real, _real("log yuan", -INF, INF, "slow level of competitiveness z")]
    size_noise: Annotated[Real, _real("log", -INF, INF, "transitory part of z")]
    productivity: Annotated[Real, _real("log", -INF, INF, "total factor productivity, 2018 = 0")]
    unit_cost: Annotated[Real, _real("log", -INF, INF, "unit cost against one elsewhere")]
    appeal: Annotated[Real, _real("log", -INF, INF, "product appeal q, 2018 = 0")]
    brand: Annotated[
        Real, _real("log", -INF, INF, "appeal by first sales, standards, shows and services; fades")
    ]
    trained: Annotated[
        Real, _real("share", 0, 1, "staff whose training under a lever still counts")
    ]
    # innovation
    rd_active: Annotated[Flag, Column("", 0, 1, "does R&D")]
    rd_institution: Annotated[Flag, Column("", 0, 1, "has an R&D institution")]
    rd_taste: Annotated[Real, _real("share", 0, INF, "R&D over revenue wanted at cost of 2018")]
    rd_intensity: Annotated[Real, _real("share", 0, INF, "R&D over revenue carried out")]
    rd: Annotated[Real, _real("yuan a quarter", 0, INF, "R&D carried out")]
    rd_reported: Annotated[Real, _real("yuan a quarter", 0, INF, "R&D reported")]
    rd_grant_rate: Annotated[
        Real, _real("share", 0, 1, "R&D grant on a further yuan of R&D this year")
    ]
    knowledge: Annotated[Real, _real("yuan of 2018", 0, INF, "knowledge stock")]
    knowledge_floor: Annotated[Real, _real("yuan of 2018", 0, INF, "floor that keeps its log")]
    # digital and green
    digital_stage: Annotated[Whole, Column("stage", 0, 4, "digital stage")]
    digital_gain: Annotated[Real, _real("log", 0, INF, "productivity gained by digital stages")]
    energy_per_va: Annotated[Real, _real("tce per yuan of 2018", 0, INF, "energy per value added")]
    energy_technique: Annotated[
        Real, _real("ratio", 0, INF, "energy per value added over that for the price of 2018")
    ]
    energy_quota: Annotated[
        Real, _real("tce a year", 0, INF, "energy allowed by an energy quota; 0 is none")
    ]
    plant_limit: Annotated[
        Real, _real("yuan", 0, INF, "plant allowed where new plant is refused; 0 is no limit")
    ]
    plant_refused: Annotated[
        Real, _real("yuan", -INF, INF, "plant there would be had none been refused, less plant")
    ]
    energy_saved: Annotated[
        Real, _real("tce per yuan of 2018", 0, INF, "energy saved by own upgrades")
    ]
    green_upgrades: Annotated[Whole, Column("upgrades", 0, INF, "green upgrades made")]
    upgrades_value: Annotated[
        Real, _real("yuan", 0, INF, "digital and green outlays not yet written off")
    ]
    # finance
    cash: Annotated[Real, _real("yuan", -1, INF, "deposits")]
    debt_short: Annotated[Real, _real("yuan", 0, INF, "short loans")]
    debt_long: Annotated[Real, _real("yuan", 0, INF, "medium- and long-term loans")]
    debt_line: Annotated[Real, _real("yuan", 0, INF, "long loans under the cluster credit line")]
    debt_covered: Annotated[Real, _real("yuan", 0, INF, "long loans whose loss a guarantor bears")]
    rate: Annotated[Real, _real("share a year", 0, 1, "interest rate before the line's discount")]
    losses: Annotated[Real, _real("yuan", 0, INF, "losses carried forward for tax")]
    grant_income: Annotated[
        Real, _real("yuan", 0, INF, "grants for outlays of last quarter: income of this one")
    ]
    # quality titles: quarter of the last award
    innovative_sme: Annotated[Whole, Column("quarter", -INF, INF, "innovative SME since")]
    high_tech: Annotated[Whole, Column("quarter", -INF, INF, "high-tech enterprise since")]
    srdi: Annotated[Whole, Column("quarter", -INF, INF, "provincial SRDI since")]
    little_giant: Annotated[Whole, Column("quarter", -INF, INF, "little giant since")]
    champion: Annotated[Whole, Column("quarter", -INF, INF, "single champion since")]
    green_factory: Annotated[Whole, Column("quarter", -INF, INF, "green factory since")]
    mu_class: Annotated[Whole, Column("index", 0, 3, "per-mu performance class, A to D")]
    # the year so far, and the year before
    year_revenue: Annotated[Real, _real("yuan", 0, INF, "revenue of the year so far")]
    year_value_added: Annotated[Real, _real("yuan", 0, INF, "value added, year so far")]
    year_value_added_real: Annotated[Real, _real("yuan of 2018", 0, INF, "real, year so far")]
    year_vat: Annotated[Real, _real("yuan", 0, INF, "VAT payable, year so far")]
    year_profit: Annotated[Real, _real("yuan", -INF, INF, "profit, year so far")]
    year_wages: Annotated[Real, _real("yuan", 0, INF, "wages, year so far")]
    year_rd: Annotated[Real, _real("yuan", 0, INF, "R&D carried out, year so far")]
    year_rd_reported: Annotated[Real, _real("yuan", 0, INF, "R&D reported, year so far")]
    year_energy: Annotated[Real, _real("tce", 0, INF, "energy, year so far")]
    year_investment: Annotated[Real, _real("yuan", 0, INF, "investment, year so far")]
    year_tax: Annotated[Real, _real("yuan", -INF, INF, "taxes, year so far")]
    year_tax_forgone: Annotated[Real, _real("yuan", 0, INF, "tax forgone, year so far")]
    year_subsidy: Annotated[
        Real, _real("yuan", -INF, INF, "subsidies less what is paid back, year so far")
    ]
    year_misused: Annotated[
        Real, _real("yuan", 0, INF, "R&D grant of the year that is spent on other things")
    ]
    year_relabel_gain: Annotated[
        Real, _real("yuan", 0, INF, "tax saved by relabelled R&D, year so far")
    ]
    year_asked: Annotated[Real, _real("yuan", 0, INF, "new loans asked for within its limit")]
    year_granted: Annotated[Real, _real("yuan", 0, INF, "new loans granted, year so far")]
    year_bound: Annotated[Real, _real("", 0, 1, "wanted more loans this year than its limit")]
    year_capacity: Annotated[
        Real, _real("yuan", 0, INF, "sales at the rated capacity of its plant, year so far")
    ]
    year_at_ceiling: Annotated[
        Real, _real("yuan", 0, INF, "sales of the quarters of this year at the plant's ceiling")
    ]
    year_upgrades: Annotated[Real, _real("upgrades", 0, INF, "digital upgrades, year so far")]
    last_revenue: Annotated[Real, _real("yuan", 0, INF, "revenue of the year before")]
    last_value_added_real: Annotated[Real, _real("yuan of 2018", 0, INF, "real, year before")]
    last_profit: Annotated[Real, _real("yuan", -INF, INF, "profit of the year before")]
    last_rd_reported: Annotated[Real, _real("yuan", 0, INF, "R&D reported, year before")]
    last_energy: Annotated[Real, _real("tce", 0, INF, "energy of the year before")]


COLUMNS: dict[str, Column] = {
    name: hint.__metadata__[0]
    for name, hint in get_type_hints(Columns, include_extras=True).items()
}
DTYPES: dict[str, type] = {
    name: np.float64 if hint == Real else np.int64 if hint == Whole else np.bool_
    for name, hint in get_type_hints(Columns).items()
}
YEARLY = tuple(name for name in COLUMNS if name.startswith("year_"))
CARRIED_OVER = {
    name: name.replace("last_", "year_") for name in COLUMNS if name.startswith("last_")
}
"""Column of the year before to that of the year."""


def empty(rows: int) -> dict[str, npt.NDArray[Any]]:
    """Columns of zeros, titles never held."""
    columns: dict[str, npt.NDArray[Any]] = {
        name: np.zeros(rows, dtype=dtype) for name, dtype in DTYPES.items()
    }
    for title in LABELS:
        columns[title][:] = NEVER
    columns["cluster"][:] = -1
    columns["county_cluster"][:] = -1
    columns["moved_from"][:] = -1
    return columns


class Enterprise(Agent):  # type: ignore[misc]
    """One row of the population, read and written in place.

    It does not register with the model: a view is made when asked for and changes nothing.
    """

    def __init__(self, enterprises: Enterprises, row: int) -> None:
        self.model = enterprises.model
        self.unique_id = int(enterprises.id[row])
        self._enterprises = enterprises
        self._row = row

    def _place(self) -> int:
        """Row of the enterprise now: rows move when others leave."""
        ids = self._enterprises.id
        if self._row >= len(ids) or ids[self._row] != self.unique_id:
            rows = (ids == self.unique_id).nonzero()[0]
            if not len(rows):
                raise LookupError(f"enterprise {self.unique_id} has left")
            self._row = int(rows[0])
        return self._row

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in COLUMNS:
            raise AttributeError(f"an enterprise has no column {name!r}")
        return getattr(self._enterprises, name)[self._place()].item()

    def __setattr__(self, name: str, value: Any) -> None:
        if name in COLUMNS:
            getattr(self._enterprises, name)[self._place()] = value
        else:
            super().__setattr__(name, value)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Enterprise)
            and self.model is other.model
            and self.unique_id == other.unique_id
        )

    def __hash__(self) -> int:
        return hash((id(self.model), self.unique_id))

    def __repr__(self) -> str:
        return f"Enterprise {self.unique_id} (weight {self.weight:.3g})"


class Enterprises(Columns, AbstractAgentSet[Enterprise]):  # type: ignore[misc]
    """All enterprises as columns, with the reading methods of a Mesa agent set."""

    def __init__(self, model: Model, columns: Mapping[str, npt.NDArray[Any]]) -> None:
        missing = set(COLUMNS) ^ set(columns)
        if missing:
            raise ValueError(f"columns do not match the declaration: {sorted(missing)}")
        self.model = model
        self.random = model.random
        self.heard: dict[str, Real] = {}
        """Lever to the hazard added up so far of learning of it, shape (rows,)."""
        self.chosen: dict[str, Flag] = {}
        """Contest that pays nothing to who has been chosen in it, shape (rows,)."""
        self._draws: dict[tuple[int, str], tuple[Whole | None, Real | None]] = {}
        for name, values in columns.items():
            setattr(self, name, np.array(values, dtype=DTYPES[name]))

    def lasting_draw(self, seed: int, purpose: str) -> Real:
        """A uniform draw that each enterprise keeps for life, shape (rows,).

        It is worked out once for as long as the rows stay the same.
        """
        ids, values = self._draws.get((seed, purpose), (None, None))
        if ids is not self.id:
            values = uniform(seed, purpose, self.id)
            self._draws[seed, purpose] = (self.id, values)
        return np.asarray(values)

    @property
    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays by name (not copies)."""
        return {name: getattr(self, name) for name in COLUMNS}

    def append(self, columns: Mapping[str, npt.NDArray[Any]]) -> None:
        """Add rows at the end."""
        for name in COLUMNS:
            setattr(self, name, np.concatenate([getattr(self, name), columns[name]]))
        new = len(columns["id"])
        for table in (self.heard, self.chosen):
            for lever, column in table.items():
                table[lever] = np.concatenate([column, np.zeros(new, column.dtype)])

    def keep(self, mask: Flag) -> None:
        """Drop the rows outside the mask; the order of the others stays."""
        rows = mask.nonzero()[0]
        for name in COLUMNS:
            setattr(self, name, getattr(self, name).take(rows))
        self.heard = {lever: heard.take(rows) for lever, heard in self.heard.items()}
        self.chosen = {lever: had.take(rows) for lever, had in self.chosen.items()}

    def carry_over_year(self) -> None:
        """Keep the year's sums as those of the year before."""
        for kept, name in CARRIED_OVER.items():
            setattr(self, kept, getattr(self, name))

    def __len__(self) -> int:
        return len(self.id)

    def __iter__(self) -> Iterator[Enterprise]:
        return (Enterprise(self, row) for row in range(len(self)))

    def __getitem__(self, row: int) -> Enterprise:
        return Enterprise(self, range(len(self))[row])

    def __contains__(self, agent: object) -> bool:
        return isinstance(agent, Enterprise) and bool(np.any(self.id == agent.unique_id))

    def to_list(self) -> list[Enterprise]:
        """Views of all rows."""
        return list(self)

    def get(
        self, attr_names: str | list[str], handle_missing: str = "error", default_value: Any = None
    ) -> Any:
        """A column as an array (a copy), or a list of columns.

        Args:
            attr_names: Name of a column, or a list of names.
            handle_missing: `default` fills in for an unknown column; anything else raises
                AttributeError.
            default_value: What each row of an unknown column then holds.
        """
        if isinstance(attr_names, str):
            if attr_names not in COLUMNS and handle_missing == "default":
                return np.full(len(self), default_value)
            return getattr(self, attr_names).copy()
        return [self.get(name, handle_missing, default_value) for name in attr_names]

    def set(self, attr_name: str, value: Any) -> Enterprises:
        """Write a column in place."""
        getattr(self, attr_name)[:] = value
        return self

    def agg(self, attribute: str, func: Callable[..., Any] | Iterable[Callable[..., Any]]) -> Any:
        """Apply a function (or several) to a column."""
        if callable(func):
            return func(getattr(self, attribute))
        return [each(getattr(self, attribute)) for each in func]

    def select(
        self,
        filter_func: Callable[[Enterprises], Flag] | None = None,
        at_most: int | float = INF,
        inplace: bool = False,
        agent_type: type[Enterprise] | None = None,
    ) -> Enterprises:
        """Rows for which a function of the columns is true, as a set of their own.

        Args:
            filter_func: Takes this set and returns a mask, shape (rows,).
            at_most: Keep only the first so many; a float up to one is a share, as in Mesa.
            inplace: Refused: the population of a model is changed by entry and exit alone.
            agent_type: Ignored; all rows are enterprises.

        Returns:
            A new set with copies of the columns.
        """
        if inplace:
            raise TypeError(
                "rows enter and leave by model/economy/demography.py alone: inplace is refused"
            )
        mask = np.ones(len(self), dtype=bool) if filter_func is None else filter_func(self)
        rows = mask.nonzero()[0]
        if isinstance(at_most, float) and at_most <= 1.0:
            at_most = int(at_most * len(rows))
        rows = rows[: int(min(at_most, len(rows)))]
        return Enterprises(self.model, {n: a[rows] for n, a in self.columns.items()})

    def groupby(self, by: str, result_type: str = "agentset") -> dict[Any, Enterprises]:
        """Split by the values of a column."""
        values = getattr(self, by)
        return {
            value.item(): self.select(lambda e, v=value: getattr(e, by) == v)  # type: ignore[misc]
            for value in np.unique(values)
        }

    def do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Enterprises:
        """Call a function once with the whole set (columns, not objects).

        Args:
            method: Function of the set and the further arguments; a name is refused.
            *args: Passed on to it.
            **kwargs: Passed on to it by name.
        """
        if isinstance(method, str):
            raise TypeError("enterprises have no methods of their own: pass a function of columns")
        method(self, *args, **kwargs)
        return self

    def map(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Apply a function to a view of every row (slow; for reading and tests).

        Args:
            method: Function of a view and the further arguments, or the name of an attribute of the
                view.
            *args: Passed on to the function.
            **kwargs: Passed on to the function by name.
        """
        if isinstance(method, str):
            return [getattr(view, method) for view in self]
        return [method(view, *args, **kwargs) for view in self]

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError(
            "the order of rows carries no meaning and rows enter and leave by"
            " model/economy/demography.py alone: add, discard, shuffle and sort are refused"
        )

    add = discard = remove = shuffle = shuffle_do = sort = _update = _refuse
