"""What the command line says of levers and articles."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from typer.testing import CliRunner

from jiqun.cli import app
from jiqun.experiments import Results
from jiqun.experiments.effects.costs import BEARERS
from jiqun.experiments.runs.batch import Plan
from jiqun.experiments.runs.runner import Options, run_batch, with_rows
from jiqun.listing import _evidence, bearers, lever_lines, lever_rows, shown
from jiqun.scenarios import InputError, load
from jiqun.scenarios import levers as declared
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.schema import SETTINGS, WHO
from jiqun.scenarios.tables import table

ROOT = Path(__file__).parents[2]
ONE = Options(workers=1)


def jiqun(*arguments):
    done = CliRunner().invoke(app, [*map(str, arguments)], prog_name="jiqun")
    assert done.exit_code == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    pair = [with_rows(load(name), 600).until(2025) for name in ("as_issued", "without_document_55")]
    run_batch(pair, Plan(draws=3), folder, ONE)
    return folder


@pytest.fixture(scope="module")
def traced(store):
    return json.loads(jiqun("trace", store, "--json"))


def test_all_who_bear_a_cost_are_named_whether_they_grant_it_or_not():
    guarantee = declarations()["credit_guarantee"]
    costs = [
        SimpleNamespace(kind="accrued", paid_by={"banks": 1}, unit_cost="size_tail"),
        SimpleNamespace(kind="received", paid_by={"households": 1}, unit_cost=None),
    ]
    declared = SimpleNamespace(
        paid_by={"city": 0.6, "province": 0.4}, tax="", costs=costs, fund="guarantee_fund",
        terms=guarantee.terms, size=guarantee.size,
    )  # fmt: skip
    assert bearers(declared) == ["province", "city", "banks"]
    assert _evidence(declared)["grade"] == "C"
    assert bearers(declarations()["rd_super_deduction"]) == ["province", "city", "centre"]


def test_levers_lists_the_register_with_all_that_can_be_set():
    rows = json.loads(jiqun("levers", "--json"))
    assert [row["id"] for row in rows] == list(declarations())
    for row in rows:
        assert row["label"]["zh"]
        assert row["label"]["en"]
        assert set(row["who"]) <= set(WHO)
        assert set(row["settings"]) <= set(SETTINGS)
        assert set(row["paid_by"]) <= set(BEARERS)
        assert set(row["payer"]) <= set(row["paid_by"])
        assert row["cost_basis"]["zh"]
        assert row["cost_basis"]["en"]
        assert row["evidence"]["grade"]
        assert row["evidence"]["source"]
        for name, term in row["terms"].items():
            low, high = term["bounds"]
            assert term["grade"], (row["id"], name)
            assert all(low <= item["value"] <= high for item in term["default"])
            for item in term["default"]:
                assert item["source"]
                assert item["source"] != item["rule"]
            drawn = term["parameter"]
            assert drawn is None or low <= drawn["low"] <= drawn["high"] <= high
    lever = next(row for row in rows if row["id"] == "digital_voucher")
    assert lever["payer"] == {"province": 1}
    assert lever["paid_by"] == ["province"]
    assert lever["fund"] == "special_funds"
    assert lever["settings"]["take_up"] == {"start": 0.15, "full": 0.4, "years": 3.0}
    assert lever["terms"]["cap"]["default"][0]["value"] == 400_000
    assert lever["terms"]["rate"]["parameter"]["name"] == "voucher_rate"


def test_levers_as_text_name_everything():
    text = jiqun("levers")
    for lever in declarations().values():
        assert f"{lever.id}  {lever.label.zh}  {lever.label.en}" in text
        for name, term in lever.terms.items():
            assert f"    {name}: " in text
            assert term.parameter is None or f"as {term.parameter})" in text
    assert "cap: 40 万元 (assumption; digital_voucher_1); bounds 0 万元 to 1 亿元" in text
    assert "cap for a year" in text
    assert "cap for a project" in text


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.0005, "share", "0.05 %"),
        (5e6, "money", "500 万元"),
        (2.5e9, "money", "25 亿元"),
        (8.0, "quarters", "8 quarters"),
        (1.0, "switch", "1 switch"),
    ],
)
def test_values_as_people_write_them(value, kind, text):
    assert shown(value, kind) == text


def test_trace_shows_every_article_in_order_without_a_store():
    traced = json.loads(jiqun("trace", "--json"))
    assert traced["store"] is None
    assert [row["article"] for row in traced["articles"]] == list(range(1, 23))
    for row in traced["articles"]:
        assert row["levers"] or row["in_model"] != "yes" or row["kind"] != "lever"
        assert row["in_model"] == "yes" or row["reason"]
        assert [path for path in row["read"] if not (ROOT / path).is_file()] == []
        assert all(not target["results"] for target in row["targets"])
    named = {lever["id"] for row in traced["articles"] for lever in row["levers"]}
    assert named == {lever.id for lever in declarations().values() if lever.article}
    targets = [target["id"] for row in traced["articles"] for target in row["targets"]]
    assert sorted(targets) == sorted(row.id for row in table("policy_targets"))


def test_trace_as_text_names_articles_levers_and_what_is_missing():
    text = jiqun("trace")
    assert [int(n) for n in re.findall(r"^(\d+)  ", text, re.MULTILINE)] == list(range(1, 23))
    assert "10  坚定高端化方向  Move up-market  [lever]" in text
    assert "lever: quality_brand (document_55)\n" in text
    assert "    in part: parks that trade what they own (REIT)" in text
    assert "    not in the model:" not in text
    for row in json.loads(jiqun("trace", "--json"))["articles"]:
        if row["article"] >= 4:
            assert row["read"], row["article"]
            assert row["levers"] or row["kind"] == "mechanism", row["article"]
    assert "lever: cluster_award (document_55)\n" in text
    assert "智能工厂" in text


def test_trace_reads_the_targets_of_a_store(store, traced):
    assert (traced["scenario"], traced["baseline"]) == ("as_issued", "without_document_55")
    assert traced["year"] == 2025
    by_id = {t["id"]: t for row in traced["articles"] for t in row["targets"]}
    (result,) = by_id["srdi_provincial"]["results"]
    results = Results(store)
    known = results.intervals("as_issued", "srdi_provincial", "province", [2025]).iloc[0]
    assert (result["median"], result["runs"]) == (pytest.approx(known["median"]), 3)
    assert result["p05"] <= result["median"] <= result["p95"]
    pairs = results.paired(
        "as_issued", "without_document_55", "srdi_provincial", "province", [2025]
    )
    assert result["difference"]["median"] == pytest.approx(pairs["difference"].median())
    tiers = [row["unit_name"] for row in by_id["digital_coverage_above"]["results"]]
    assert tiers == ["world", "national", "provincial", "county"]
    assert by_id["standards_per_year"]["results"] == []


def test_trace_reads_how_many_projects_were_chosen(store, traced):
    levers = {v["id"]: v for row in traced["articles"] for v in row["levers"]}
    known = Results(store).intervals("as_issued", "chosen_design_centres", "province", [2025])
    assert levers["design_centres"]["chosen"]["median"] == pytest.approx(known["median"].iloc[0])
    assert levers["design_centres"]["chosen"]["p95"] > 0.0
    for row in traced["articles"]:
        if row["article"] in (7, 10, 15):
            assert any(lever["chosen"] for lever in row["levers"])
    assert levers["cluster_award"]["chosen"] is None


def test_every_article_from_the_fourth_on_has_a_result_in_a_store(store, traced):
    for row in traced["articles"]:
        if row["article"] < 4:
            continue
        assert row["levers"] or row["kind"] == "mechanism", row["article"]
        assert all(lever["origin"] for lever in row["levers"])
        assert row["read"], row["article"]
        assert row["outcomes"], row["article"]
        for outcome in row["outcomes"]:
            (result,) = outcome["results"]
            assert result["runs"] == result["difference"]["runs"] == 3
            assert result["p05"] <= result["median"] <= result["p95"]
    by_article = {row["article"]: row["outcomes"] for row in traced["articles"]}
    small = by_article[14][0]["results"][0]
    assert (small["outcome"], small["unit_name"]) == ("value_added", "small")
    known = Results(store).intervals("as_issued", "value_added", "size", [2025], "small").iloc[0]
    assert small["median"] == pytest.approx(known["median"])
    assert by_article[18][0]["results"][0]["difference"]["median"] > 0.0
    assert by_article[19][0]["results"][0]["difference"]["median"] > 0.0
    text = jiqun("trace", store)
    assert "    result: Clusters with a plan and a task force (clusters_with_plan)\n" in text


def test_trace_reads_the_money_of_a_store(store, traced):
    levers = {v["id"]: v for row in traced["articles"] for v in row["levers"]}
    ledger = Results(store).ledger("as_issued", years=[2024, 2025])

    def median(rows):
        return rows.groupby("run_key")["yuan"].sum().median()

    paid = ledger[ledger["kind"] == "paid"]
    grants = paid[paid["lever"] == "rd_grant"]
    assert levers["rd_grant"]["money"]["median"] == pytest.approx(median(grants))
    steered = paid[paid["origin"] == "steered"]
    assert levers["fund_steering"]["money"]["median"] == pytest.approx(median(steered))
    assert levers["rd_super_deduction"]["money"]["kind"] == "forgone"
    assert levers["rd_conditionality"]["money"] is None
    text = jiqun("trace", store)
    assert "lever: rd_conditionality (document_55): no money of its own" in text
    assert "lever: digital_subsidy_2021_2023 (older): none 2024-2025" in text
    assert "lever: rd_grant (older): paid 2024-2025 " in text
    assert "changed by" in text


def test_trace_of_a_store_without_the_document_says_what_to_run(tmp_path):
    run_batch([with_rows(load("without_document_55"), 600).until(2019)], Plan(), tmp_path, ONE)
    done = CliRunner().invoke(app, ["trace", str(tmp_path)], prog_name="jiqun")
    assert done.exit_code == 2
    assert "holds no run of as_issued" in done.stderr
    assert done.stdout == ""


def test_trace_without_the_reference_run_shows_no_differences(tmp_path):
    run_batch([with_rows(load("as_issued"), 600).until(2024)], Plan(seeds=2), tmp_path, ONE)
    traced = json.loads(jiqun("trace", tmp_path, "--json"))
    assert traced["baseline"] is None
    found = [r for row in traced["articles"] for t in row["targets"] for r in t["results"]]
    assert found
    assert all(result["difference"] is None for result in found)


@pytest.fixture
def assumed(tmp_path, monkeypatch):
    """Declarations with a value that some source is written beside."""

    def loaded(source, note="as in the pilot"):
        text = declared.DECLARATIONS.read_text("utf-8")
        told = yaml.safe_load(text)
        term = told["levers"][0]["terms"]["extra"]
        term |= {"grade": "assumption", "note": note}
        for item in term["default"]:
            item["source"] = source
        path = tmp_path / "levers.yaml"
        path.write_text(yaml.safe_dump(told, allow_unicode=True), "utf-8")
        monkeypatch.setattr(declared, "DECLARATIONS", path)
        declared.declarations.cache_clear()
        return declared.declarations()

    yield loaded
    monkeypatch.undo()
    declared.declarations.cache_clear()


def test_an_assumption_without_a_rule_is_listed_with_its_reason(assumed):
    lever = next(iter(assumed("assumption").values()))
    row = next(row for row in lever_rows() if row["id"] == lever.id)
    assert row["terms"]["extra"]["default"][0]["source"] == "assumption"
    assert any("as in the pilot" in line for line in lever_lines([row]))


@pytest.mark.parametrize(("source", "note"), [("assumption", ""), ("r_0", "x"), ("", "x")])
def test_a_source_that_is_nothing_known_is_refused_on_load(assumed, source, note):
    with pytest.raises(InputError, match=r"source: .*no rule.*allowed: id of a rule"):
        assumed(source, note)
