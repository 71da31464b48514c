"""Regions: no place and no count is in the code, and a made-up region runs, fits and reports."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from jiqun.experiments.runs.batch import model_hash
from jiqun.experiments.stores.errors import StoreError
from jiqun.experiments.stores.store import STORE_VERSION, Store
from jiqun.model.dimensions import CITIES, FIELDS
from jiqun.model.region import (
    DEFAULT,
    DEFAULT_FOLDER,
    REGION,
    REGIONS,
    VARIABLE,
    Region,
    RegionError,
    read_region,
)
from jiqun.notebooks.words import TEXT, texts
from jiqun.scenarios import TableError, tables
from jiqun.scenarios.levers import DECLARATIONS
from jiqun.scenarios.loader import SHIPPED, designs, shipped, worlds
from jiqun.scenarios.tables import (
    OF_DOCUMENT,
    OF_PLACES,
    REGIONAL,
    SHARED,
    TABLES,
    data_hash,
    files_of,
    read_table,
    table,
)

ROOT = Path(__file__).parents[2]
MADE_UP = Path(__file__).with_name("made_up")
HOUSE = ("model", "scenarios", "experiments", "calibration", "notebooks", "jiqun", "benchmarks")
CODE = sorted(path for folder in HOUSE for path in (ROOT / folder).rglob("*.py"))
OF_DATA = {
    "jiqun/__init__.py", "calibration/document.py", "calibration/guarantee.py",
    "calibration/prior_page.py", "scenarios/rows/evidence.py",
}  # fmt: skip
"""Pages and descriptions of Anhui's data: what they say of it is true of it alone."""
RULE_OF_PV = "calibration/large_projects.py"
"""Counts the PV projects that the rule of a search, committed before it, sets a limit to."""
CITY_LEVERS = ("digital_subsidy_2024_2025", "equipment_grant_hefei", "title_awards_hefei")
RUN = """
import json
from dataclasses import replace
from jiqun.experiments.runs.batch import model_hash
from jiqun.model import ClusterPolicyModel
from jiqun.model.agents.enterprises import COLUMNS
from jiqun.model.region import REGION
from jiqun.scenarios import load
from jiqun.scenarios.tables import data_hash

model = ClusterPolicyModel(replace(load("as_issued"), rows=1200), rng=1)
model.run_until_year(2025)
found = model.outcomes
found = found[(found["year"] == 2025) & (found["outcome"] == "value_added")]
e = model.enterprises
print(json.dumps({
    "id": REGION.id,
    "value_added": {
        level: dict(zip(part["unit_name"], part["value"]))
        for level, part in found.groupby("level") if level in ("province", "field", "city")
    },
    "seen": {name: [int(e.get(name).min()), int(e.get(name).max())] for name in ("field", "city")},
    "most": {name: COLUMNS[name].high for name in ("field", "city", "moved_from")},
    "clusters": [c.tier for c in model.clusters],
    "residual": float(model.outcomes.query("outcome == 'accounting_residual'")["value"].max()),
    "parameters": dict(model.policy.parameters),
    "hashes": [model_hash(), data_hash()],
}))
"""
FIT = """
from jiqun.calibration import targets
from jiqun.cli import app

targets.main([])
app()
"""
TINY = """
name: tiny
rows: 1100
parameters: [births_above, credit_growth, little_giant_share_2020]
train_until: 2021
smoother: {members: 10, iterations: 1, seeds: 1, chance_seeds: 3, localisation: 0.0, seed: 1}
"""


def copy_of(folder: Path) -> Path:
    """The made-up region with levers and scenarios: Anhui's without what its cities pay.

    They are made for each test and not kept, since they change with the project's.
    """
    region = Path(shutil.copytree(MADE_UP, folder / MADE_UP.name))
    head, *each = re.split(r"(?m)^(?=  - id: )", DECLARATIONS.read_text("utf-8"))
    kept = [text for text in each if text.split()[2] not in CITY_LEVERS]
    levers = "".join([head, *kept]).replace("field: [other_materials]", "field: [goods]")
    (region / "levers.yaml").write_text(levers, "utf-8")
    (region / "scenarios").mkdir()
    dropped = re.compile(rf"(?m)^  - id: (?:{'|'.join(CITY_LEVERS)})\n(?:    .*\n)*")
    for path in SHIPPED.glob("*.yaml"):
        text = dropped.sub("", path.read_text("utf-8"))
        (region / "scenarios" / path.name).write_text(text, "utf-8")
    return region


def python(region: Path | str, *words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, as that of a region."""
    done = subprocess.run(
        [sys.executable, *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | {VARIABLE: str(region), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of(tmp_path_factory.mktemp("regions"))


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return copy_of(tmp_path)


@pytest.fixture(scope="module")
def ran(region: Path) -> dict:
    return json.loads(python(region, "-c", RUN).stdout)


# What stands in the code


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def constants(path: Path) -> Iterator[ast.Constant]:
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return (node for node in nodes if isinstance(node, ast.Constant))


def test_no_code_names_a_place_of_a_region() -> None:
    labels = [REGION.name, *REGION.cities.values()]
    places = {REGION.id, *CITIES} | {part for label in labels for part in (label.zh, label.en)}
    named = re.compile(rf"\b({'|'.join(map(re.escape, places))})\b", re.I)
    files = [*CODE, TEXT]
    found = {name(path): named.findall(path.read_text("utf-8")) for path in files}
    told = {path: words for path, words in found.items() if words and path not in OF_DATA}
    assert told == {"model/region.py": [DEFAULT]}


def test_no_code_names_a_field_of_a_region() -> None:
    found = {
        name(path): fields
        for path in CODE
        if (fields := {node.value for node in constants(path)} & set(FIELDS))
    }
    assert found == {RULE_OF_PV: {"pv_storage"}}


def test_no_code_of_the_model_counts_fields_or_cities() -> None:
    counts = {n - least for n in (len(FIELDS), len(CITIES)) for least in (0, 1)}
    found = [
        f"{name(path)}:{node.lineno}: {node.value}"
        for path in CODE
        if name(path).startswith("model/")
        for node in constants(path)
        if type(node.value) is int and node.value in counts
    ]
    assert found == []


# The file of a region


def test_the_region_of_a_process_is_the_one_it_names() -> None:
    assert REGION.id == DEFAULT
    assert REGION.folder == REGIONS / DEFAULT
    assert read_region(str(MADE_UP)).id == "made_up"


@pytest.mark.parametrize(
    ("asked", "near"), [("anhuii", "nearest: anhui"), ("no/such/folder", "allowed: anhui")]
)
def test_a_wrong_region_is_refused(asked: str, near: str) -> None:
    with pytest.raises(RegionError, match=f"{asked}: no such region .*{near}"):
        read_region(asked)


def test_a_wrong_region_ends_a_command_with_status_2_and_one_line() -> None:
    done = python("anhuii", "-m", "jiqun", "check", "as_issued", code=2)
    assert done.stderr.count("\n") == 1
    assert "nearest: anhui" in done.stderr


WRONG = {
    "unknown_key": ("cities:", "citys: {}\ncities:", "citys: unknown key.*nearest: cities"),
    "missing_key": (r"clusters: \{.*\}", "", "clusters: is missing"),
    "unknown_property": (
        "high_tech: true", "high_teck: true", "fields.chips.high_teck: .*nearest: high_tech",
    ),
    "no_label": ("zh: 汽车, ", "", "fields.vehicles.zh: is missing"),
    "wrong_type": ("high_tech: true", "high_tech: much", "fields.chips.high_tech: bool is wanted"),
    "not_a_number": ("county: 12", "county: many", "clusters.county: int is wanted"),
    "unknown_city": (
        r"cities: \[eastport\]", "cities: [eastprt]",
        "city_groups.eastport.cities.eastprt: unknown city.*nearest: eastport",
    ),
    "last_group": (
        "The other 4 cities}", "Others, cities: [midtown]}", "the last group holds all other",
    ),
    "no_energy": (", energy: true", "", "one field is energy supply"),
    "two_of_energy": (
        "Batteries, ", "Batteries, energy: true, ", "one field is energy supply",
    ),
    "no_name": ("  midtown:", "  mid town:", "cities.mid town: small letters"),
    "twice": ("  batteries:", "  chips:", "a key stands twice"),
    "empty": (r"(?s).*", "[]", "a mapping of keys and values is wanted"),
    "tile_of_one": (
        "en: Eastport}", "en: Eastport, tile: [1]}", "eastport.tile: a column and a row",
    ),
    "tile_below_zero": (
        "en: Eastport}", "en: Eastport, tile: [0, -1]}", "eastport.tile: a column and a row",
    ),
    "tile_no_list": (
        "en: Eastport}", "en: Eastport, tile: 3}", r"eastport.tile: tuple\[int, ...\] is wanted",
    ),
    "some_tiles": (
        "en: Eastport}", "en: Eastport, tile: [0, 1]}", "every city has a tile, or none",
    ),
    "one_tile_twice": (
        r"(en: Eastport)\}([^}]*)\}", r"\1, tile: [0, 1]}\2, tile: [0, 1]}",
        "the tile is that of eastport",
    ),
    "no_yaml": ("cities:", "cities: [", "not a plain YAML file"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_of_a_region_is_refused_by_name(case: str, tmp_path: Path) -> None:
    old, new, message = WRONG[case]
    text = (MADE_UP / "region.yaml").read_text("utf-8")
    spoilt = re.sub(old, new, text, count=1)
    assert spoilt != text
    (tmp_path / "region.yaml").write_text(spoilt, "utf-8")
    with pytest.raises(RegionError, match=message):
        read_region(str(tmp_path))


def spoilt_digest(tmp_path: Path, old: str, new: str) -> str:
    folder = tmp_path / "made_up"
    folder.mkdir()
    text = (MADE_UP / "region.yaml").read_text("utf-8")
    assert old in text
    (folder / "region.yaml").write_text(text.replace(old, new), "utf-8")
    return read_region(str(folder)).digest


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("en: Chips", "en: Microchips", True),
        ("tables: tables", "tables: other", True),
        ("high_tech: true, ", "", False),
        ("county: 12", "county: 13", False),
        ("  eastport: {zh", "  newtown: {zh: 新城, en: Newtown}\n  eastport: {zh", False),
    ],
)  # fmt: skip
def test_labels_move_no_hash_and_what_runs_depend_on_does(
    old: str, new: str, same: bool, tmp_path: Path
) -> None:
    assert (spoilt_digest(tmp_path, old, new) == read_region(str(MADE_UP)).digest) == same


def test_every_region_says_what_the_default_one_says() -> None:
    keys = {
        folder: set(yaml.safe_load((folder / "texts.yaml").read_text("utf-8")))
        for folder in (REGION.folder, MADE_UP)
    }
    assert keys[MADE_UP] == keys[REGION.folder] <= set(texts())


def test_every_city_is_in_one_group() -> None:
    def groups(region: Region) -> set[str]:
        return {region.group_of(city) for city in region.cities}

    for each in (REGION, read_region(str(MADE_UP))):
        assert groups(each) == set(each.city_groups)


# Tables


@pytest.mark.parametrize("name", ["fields", "outside_world"])
def test_an_extra_field_of_a_table_is_refused_by_name(name: str, tmp_path: Path) -> None:
    lines = files_of(name)[0].read_text("utf-8").splitlines()
    place = next(i for i, line in enumerate(lines) if FIELDS[0] in line.split(",")[:2])
    lines.append(lines[place].replace(FIELDS[0], "fusion"))
    (tmp_path / "extra.csv").write_text("\n".join(lines) + "\n", "utf-8")
    refusal = rf"extra.csv:{len(lines)}: field: 'fusion' is not allowed; allowed: {FIELDS[0]}, "
    with pytest.raises(TableError, match=refusal):
        read_table(tmp_path / "extra.csv", TABLES[name])


def test_a_field_without_rows_is_refused_by_name(changed: Path) -> None:
    path = changed / "region.yaml"
    more = "  fusion: {zh: 聚变, en: Fusion}\n\ncities:\n"
    path.write_text(path.read_text("utf-8").replace("\ncities:\n", more, 1), "utf-8")
    done = python(changed, "-m", "jiqun", "check", "as_issued", code=2)
    assert "fields.csv: revenue: there is no value of fusion" in done.stderr


def test_a_region_has_tables_of_its_own_shares_others_and_lacks_some(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = MADE_UP / "tables"
    monkeypatch.setattr(tables, "DATA", own)
    for name in (*REGIONAL, "clusters"):
        assert files_of(name) == (own / f"{name}.csv",)
    assert files_of("parameters") == (SHARED / "parameters.csv", own / "parameters.csv")
    assert files_of("effects") == (SHARED / "effects.csv",)
    for name in OF_DOCUMENT:
        assert files_of(name) == (DEFAULT_FOLDER / "tables" / f"{name}.csv",)
    assert files_of("large_projects") == files_of("figures") == ()
    monkeypatch.setattr(tables, "DATA", own / "empty")
    for name in REGIONAL:
        with pytest.raises(TableError, match=rf"empty.{name}\.csv: cannot be read"):
            read_table(*files_of(name), TABLES[name])


def test_all_that_is_of_a_region_or_its_document_lies_in_its_folder() -> None:
    own = {name for name in TABLES if files_of(name)[0].is_relative_to(REGION.folder)}
    assert own == {*REGIONAL, *OF_PLACES, *OF_DOCUMENT}
    assert {files_of(name)[0].parent for name in set(TABLES) - own} == {SHARED}
    assert DECLARATIONS.parent == SHIPPED.parent == REGION.folder
    assert shipped()
    assert designs()
    assert worlds()


def test_a_region_without_levers_and_scenarios_has_those_of_the_default_one(tmp_path: Path) -> None:
    region = read_region(str(shutil.copytree(MADE_UP, tmp_path / "bare")))
    for name in ("levers.yaml", "scenarios"):
        assert region.own(name) == DEFAULT_FOLDER / name
    (region.folder / "scenarios").mkdir()
    assert region.own("scenarios") == region.folder / "scenarios"


# A made-up region


def test_the_made_up_region_runs(ran: dict) -> None:
    made = read_region(str(MADE_UP))
    assert ran["id"] == "made_up"
    added = ran["value_added"]
    assert list(added["province"]) == ["made_up"]
    assert set(added["field"]) == set(made.fields)
    assert set(added["city"]) == set(made.cities)
    for level in ("field", "city"):
        assert sum(added[level].values()) == pytest.approx(added["province"]["made_up"])
    assert ran["residual"] < 1e-9


def test_rows_of_the_made_up_region_take_the_place_of_shared_ones(ran: dict) -> None:
    parameters = {row.name: row.value for row in table("parameters")}
    assert set(ran["parameters"]) == set(parameters)
    assert ran["parameters"]["sigma"] == parameters["sigma"]
    assert ran["parameters"]["births_above"] == 0.1 * parameters["births_above"]


def test_tiles_move_no_hash(tmp_path: Path) -> None:
    text = (MADE_UP / "region.yaml").read_text("utf-8")
    head, rest = text.split("\ncities:\n", 1)
    place = iter(range(100))
    cities, groups = rest.split("city_groups:", 1)
    tiled = re.sub(r"\}", lambda _: f", tile: [{next(place)}, 0]}}", cities)
    folder = tmp_path / "made_up"
    folder.mkdir()
    whole = f"{head}\ncities:\n{tiled}city_groups:{groups}"
    (folder / "region.yaml").write_text(whole, "utf-8")
    made = read_region(str(folder))
    assert all(city.tile for city in made.cities.values())
    assert made.digest == read_region(str(MADE_UP)).digest


def test_axes_of_the_made_up_region_are_its_fields_and_cities(ran: dict) -> None:
    made = read_region(str(MADE_UP))
    last = {"field": len(made.fields) - 1, "city": len(made.cities) - 1}
    assert ran["most"] == last | {"moved_from": last["city"]}
    assert ran["seen"] == {name: [0, most] for name, most in last.items()}
    assert ran["clusters"].count("provincial") == made.clusters.provincial
    assert ran["clusters"].count("county") == made.clusters.county


def test_runs_of_two_regions_share_no_key(ran: dict) -> None:
    assert ran["hashes"][0] != model_hash()
    assert ran["hashes"][1] != data_hash()


def test_the_made_up_region_is_fitted(changed: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY, "utf-8")
    out = tmp_path / "out"
    python(changed, "-c", FIT, "calibrate", tmp_path / "tiny.yaml", "--out", out, "--workers", 1)
    assert (changed / "docs" / "targets.md").is_file()
    fit = json.loads((out / "fit.json").read_text("utf-8"))
    assert fit["members"] == 10
    assert set(fit["figures"]) == {"rev_2021", "vag_2020", "vag_2021", "profit_2021", "new_2021"}


@pytest.mark.slow
def test_the_made_up_region_is_reported(region: Path, tmp_path: Path) -> None:
    store, out = tmp_path / "store", tmp_path / "report"
    names = ("as_issued", "without_document_55")
    python(region, "-m", "jiqun", "run", *names, "--draws", 2, "--rows", 1200, "--out", store)
    assert json.loads((store / "manifest.json").read_text("utf-8"))["region"] == "made_up"
    python(region, "-m", "jiqun", "report", store, "--lang", "both", "--out", out)
    for lang, own, others in (
        ("en", ("Madeup", "the made-up plan", "Eastport"), ("Anhui", "Hefei", "document 55")),
        ("zh", ("虚构省", "虚构文件", "东港"), ("安徽", "合肥", "皖", "55号")),
    ):
        page = re.sub(r'src="data:[^"]*"', "", (out / lang / "index.html").read_text("utf-8"))
        assert [word for word in own if word not in page] == []
        assert [word for word in others if word in page] == []
        # Without tiles the cities are listed; each has a section.
        cities = (out / lang / "cities.html").read_text("utf-8")
        assert 'id="eastport"' in cities
        assert [word for word in others if word in cities] == []
        assert 'href="cities.html#eastport"' in page


# Stores


def test_a_store_of_another_region_is_refused(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    facts = {"store_version": STORE_VERSION, "batches": []}
    manifest.write_text(json.dumps(facts | {"region": "made_up"}), "utf-8")
    with pytest.raises(StoreError, match=f"region made_up, .*set {VARIABLE}=made_up"):
        Store(tmp_path)
    manifest.write_text(json.dumps(facts), "utf-8")
    assert Store(tmp_path).manifest == facts
