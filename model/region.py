"""The region that a process simulates: its names, fields and cities, read once from its folder.

All that is a region's lies in one folder of `scenarios/regions/`; `region.yaml` there names its
parts, and `docs/region.md` says what each file is for. The environment variable `JIQUN_REGION`
names the folder, or gives its path; worker processes inherit it. A process has one region, since
fields and cities are the axes of its arrays.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from jiqun.model.extensions import ExtensionError, installed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.extensions import Extension

VARIABLE = "JIQUN_REGION"
DEFAULT = "anhui"
"""Region where the variable says nothing, and of stores from before regions were recorded."""
PROJECT = Path(__file__).resolve().parents[1]
"""Folder of the project: of the checkout, or of the package where it is installed."""
REGIONS = PROJECT / "scenarios" / "regions"
"""Folder of the regions that come with the project."""
DEFAULT_FOLDER = REGIONS / DEFAULT
"""Folder of the default region: what a region without a document of its own falls back on."""
FILE = "region.yaml"
ID = re.compile("[a-z][a-z0-9_]*")
"""What fields, cities and groups are called: names of units in results and in queries."""


class RegionError(ValueError):
    """A region that cannot be used; the message names file, key, what is allowed and the nearest.

    Attributes:
        file: The file that is wrong, or the region asked for.
        key: Key that is wrong, such as ``fields.robots.high_teck``; empty for the whole file.
        problem: What is wrong.
        allowed: Names that are allowed there.
    """

    def __init__(self, file: Path | str, key: str, problem: str, allowed: tuple[str, ...]) -> None:
        # All go to the base class, so that the error survives the way out of a worker process.
        super().__init__(file, key, problem, allowed)
        self.file, self.key, self.problem, self.allowed = str(file), key, problem, allowed

    def __str__(self) -> str:
        """The message."""
        wrong = self.key.rpartition(".")[2] or Path(self.file).name
        parts = [": ".join(filter(None, (self.file, self.key, self.problem)))]
        parts += [f"allowed: {', '.join(self.allowed)}"] if self.allowed else []
        near = difflib.get_close_matches(wrong, self.allowed, n=1, cutoff=0.5)
        return "; ".join(parts + [f"nearest: {name}" for name in near])


@dataclass(frozen=True)
class Label:
    """A name in both languages.

    Attributes:
        zh: In Chinese.
        en: In English.
    """

    zh: str
    en: str


@dataclass(frozen=True)
class FieldOf(Label):
    """A field of manufacturing.

    Attributes:
        high_tech: Whether its revenue counts as that of high-technology manufacturing.
        residual: Whether it holds what no named field does.
        assumed: Whether nothing is published of it; reports mark it 'assumption only'.
        energy: Whether it is energy supply: part of industry, not of manufacturing.
        listed: Parameter that is the share of it on the lists of the larger R&D deduction.
        marginal: Row of `marginals.csv` that is its revenue, if one is published.
        trades: National trades whose use of capacity it is held against, in equal parts.
    """

    high_tech: bool = False
    residual: bool = False
    assumed: bool = False
    energy: bool = False
    listed: str = ""
    marginal: str = ""
    trades: tuple[str, ...] = ()


@dataclass(frozen=True)
class City(Label):
    """A city.

    Attributes:
        tile: Column and row of its tile on the map of reports, from 0; none where it has no place.
    """

    tile: tuple[int, ...] = ()


@dataclass(frozen=True)
class CityGroup(Label):
    """Cities that reports show together.

    Attributes:
        cities: Its cities; none for the group of all that are in no other.
    """

    cities: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClusterCounts:
    """Clusters of the tiers below the national one, with those that have no published name.

    Attributes:
        provincial: Of the provincial tier.
        county: Of the county tier.
    """

    provincial: int
    county: int


@dataclass(frozen=True)
class Region:
    """A region: what of a run is neither behaviour, policy nor a number of a table.

    Attributes:
        folder: Its folder, whose name is the region's id.
        name: Its name.
        document: The document whose effects reports tell of.
        fields: Fields in the order of all arrays.
        cities: Cities in the order of all arrays.
        city_groups: Groups of cities in reports; the last one holds all other cities.
        clusters: Number of clusters.
        tables: Folder of its tables.
        fit: Folder of its fitted parameters, and of what was computed with them.
    """

    folder: Path
    name: Label
    document: Label
    fields: Mapping[str, FieldOf]
    cities: Mapping[str, City]
    city_groups: Mapping[str, CityGroup]
    clusters: ClusterCounts
    tables: Path
    fit: Path

    @property
    def id(self) -> str:
        """Its id: unit of outcomes at the level of the province."""
        return self.folder.name

    @property
    def results(self) -> Path:
        """Folder of what was computed with its fit, as shipped."""
        return self.fit / "results"

    @cached_property
    def digest(self) -> str:
        """Hash of what runs depend on; labels and folders are no part of it."""
        shown = ("zh", "en", "assumed", "marginal", "trades")
        of_fields = {
            name: {key: value for key, value in vars(field).items() if key not in shown}
            for name, field in self.fields.items()
        }
        parts = [self.id, [*of_fields.items()], [*self.cities], vars(self.clusters)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:20]

    def own(self, name: str) -> Path:
        """Its own file or folder of a name where it has one, else that of the default region."""
        return (self.folder if (self.folder / name).exists() else DEFAULT_FOLDER) / name

    def fields_that(self, is_so: str) -> tuple[str, ...]:
        """Fields of a property, such as ``high_tech``, in their order."""
        return tuple(name for name, field in self.fields.items() if getattr(field, is_so))

    def group_of(self, city: str) -> str:
        """Group that reports show a city in."""
        *named, rest = self.city_groups
        return next((group for group in named if city in self.city_groups[group].cities), rest)


def project_path(path: Path) -> str:
    """A file or folder as texts name it: from the project's folder on where it lies in it."""
    return path.relative_to(PROJECT).as_posix() if path.is_relative_to(PROJECT) else str(path)


def read_region(name_or_path: str) -> Region:
    """Read a region and check it.

    Args:
        name_or_path: Name of a folder of `scenarios/regions/`, or path of any other.

    Raises:
        RegionError: There is no such region, or its file lacks something, holds what no region
            has, or contradicts itself.
    """
    known = {found.parent.name: found.parent for found in sorted(REGIONS.glob(f"*/{FILE}"))}
    known = {each.name: _of_extension(each) for each in installed("regions")} | known
    folder = known.get(name_or_path, Path(name_or_path)).resolve()
    path = folder / FILE
    if not path.is_file():
        raise RegionError(
            name_or_path, "", f"no such region ({VARIABLE}: a name or a folder)", tuple(known)
        )
    try:
        data = yaml.load(path.read_text("utf-8"), Loader=_Unrepeated)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RegionError(path, "", f"not a plain YAML file: {error}", ()) from error
    told = _checked_keys(path, "", data, Region, skip=("folder",))
    region = Region(
        folder,
        name=_made(path, "name", told["name"], Label),
        document=_made(path, "document", told["document"], Label),
        fields=_each(path, "fields", told["fields"], FieldOf),
        cities=_each(path, "cities", told["cities"], City),
        city_groups=_each(path, "city_groups", told["city_groups"], CityGroup),
        clusters=_made(path, "clusters", told["clusters"], ClusterCounts),
        tables=(folder / str(told["tables"])).resolve(),
        fit=(folder / str(told["fit"])).resolve(),
    )
    _check_groups(path, region)
    _check_tiles(path, region)
    return region


def _of_extension(extension: Extension) -> Path:
    """Folder of a region that a package adds; its name is the id of the region.

    Raises:
        ExtensionError: The folder has another name, or is no region.
    """
    folder = extension.file(FILE).parent
    if folder.name != extension.name:
        raise ExtensionError(extension, f"the folder is called {folder.name}: give both one name")
    return folder


def _check_groups(path: Path, region: Region) -> None:
    """Refuse groups that name unknown cities, and a region without one field of energy supply."""
    *named, rest = region.city_groups
    for group in named:
        for city in region.city_groups[group].cities:
            if city not in region.cities:
                at = f"city_groups.{group}.cities.{city}"
                raise RegionError(path, at, "unknown city", tuple(region.cities))
    if region.city_groups[rest].cities:
        problem = "the last group holds all other cities: it names none"
        raise RegionError(path, f"city_groups.{rest}.cities", problem, ())
    if len(region.fields_that("energy")) != 1:
        raise RegionError(path, "fields", "one field is energy supply (energy: true)", ())


def _check_tiles(path: Path, region: Region) -> None:
    """Refuse tiles that are no column and row, two cities on one, and a map without some cities."""
    tiles: dict[tuple[int, ...], str] = {}
    for city, known in region.cities.items():
        at = f"cities.{city}.tile"
        if not known.tile:
            continue
        if len(known.tile) != 2 or any(type(n) is not int or n < 0 for n in known.tile):
            raise RegionError(path, at, "a column and a row are wanted, such as [0, 2]", ())
        if known.tile in tiles:
            raise RegionError(path, at, f"the tile is that of {tiles[known.tile]}", ())
        tiles[known.tile] = city
    lacking = [city for city, known in region.cities.items() if not known.tile]
    if tiles and lacking:
        problem = "is missing: every city has a tile, or none"
        raise RegionError(path, f"cities.{lacking[0]}.tile", problem, ())


class _Unrepeated(yaml.CSafeLoader):
    """Reads plain YAML and refuses a key that stands twice: the later one would win unseen."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        if len(found) < len(node.value):
            raise yaml.MarkedYAMLError(problem="a key stands twice", problem_mark=node.start_mark)
        return found


def _each[T](path: Path, key: str, data: Any, kind: type[T]) -> dict[str, T]:
    """A mapping of names to parts, with at least one."""
    if not isinstance(data, dict) or not data:
        raise RegionError(path, key, "a mapping of names is wanted", ())
    for name in data:
        if not ID.fullmatch(str(name)):
            problem = "small letters, digits and _ are wanted, beginning with a letter"
            raise RegionError(path, f"{key}.{name}", problem, ())
    return {str(name): _made(path, f"{key}.{name}", part, kind) for name, part in data.items()}


def _made[T](path: Path, key: str, data: Any, kind: type[T]) -> T:
    """A part of the file, every value of the type that is declared."""
    told = _checked_keys(path, key, data, kind)
    made = {name: tuple(v) if isinstance(v, list) else v for name, v in told.items()}
    types = {
        "str": str,
        "bool": bool,
        "int": int,
        "tuple[str, ...]": tuple,
        "tuple[int, ...]": tuple,
    }
    for part in fields(kind):  # type: ignore[arg-type]
        if part.name in made and type(made[part.name]) is not types[str(part.type)]:
            raise RegionError(path, f"{key}.{part.name}", f"{part.type} is wanted", ())
    return kind(**made)


def _checked_keys(
    path: Path, key: str, data: Any, kind: type, skip: tuple[str, ...] = ()
) -> dict[str, Any]:
    """A mapping that has the keys of a dataclass: all without a default, and no other."""
    if not isinstance(data, dict):
        raise RegionError(path, key, "a mapping of keys and values is wanted", ())
    parts = {part.name: part for part in fields(kind) if part.name not in skip}
    at = f"{key}." if key else ""
    for name in data:
        if name not in parts:
            raise RegionError(path, f"{at}{name}", "unknown key", tuple(parts))
    for name, part in parts.items():
        if name not in data and part.default is MISSING:
            raise RegionError(path, f"{at}{name}", "is missing", ())
    return data


REGION = read_region(os.environ.get(VARIABLE) or DEFAULT)
"""The region of this process."""
