"""What scenarios of one's own change: the page of any store, and what it says where runs lack."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from jiqun import notebooks
from jiqun.experiments import Results
from jiqun.experiments.effects.change import (
    MAIN,
    PROVINCE,
    change,
    differences,
    failed,
    pairs_of,
)
from jiqun.experiments.stores.store import FOLDERS, Store
from jiqun.model.dimensions import CITIES, TIERS
from jiqun.model.region import REGION
from jiqun.model.scenario import Scenario
from jiqun.notebooks import show, what_changes
from jiqun.notebooks.words import LANGS, Lang, Words
from jiqun.scenarios import load, with_parameters
from jiqun.scenarios.loader import SHIPPED, load_text
from jiqun.scenarios.question import ask
from tests.notebooks.made_up import (
    clusters_of,
    ledger_of,
    outcomes_of,
    runs,
    tidy,
    write_manifest,
    write_shard,
)

EN, ZH = Words("en"), Words("zh")


def scenario_of(name: str, baseline: str | None, line: str = "cluster_award*2") -> Scenario:
    """A scenario as a file of one's own gives it."""
    made = ask(line, load("as_issued"), SHIPPED).scenario
    return replace(
        made, name=name, label_zh=f"情景{name}", label_en=f"Own {name}", baseline=baseline
    )


def of_cities(batch: pd.DataFrame, effect: float) -> pd.DataFrame:
    """Value added of the cities; in the first alone it changes."""
    names = [(2027, "city", city, outcome) for city in CITIES for outcome in (MAIN, "rd_real")]
    values = []
    for _, _, city, _ in names:
        gain = effect * (1.0 + batch["draw"].to_numpy() / 1e3) if city == CITIES[0] else 0.0
        values.append(1e11 * (1.0 + gain) * (1.0 + 0.0 * batch["draw"].to_numpy()))
    return tidy(batch, names, values)


def own_store(
    folder: Path,
    scenarios: Mapping[str, tuple[Scenario, float]],
    draws: int = 10,
    last: int = 2027,
) -> Path:
    """A store of some scenarios, each with what it changes of every total."""
    store = Store(folder)
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, (scenario, effect) in scenarios.items():
        store.add_scenario(scenario.identity, scenario)
        batch = runs(draws, 0, name, 4 * (last - 2019) + 3)
        batch = batch.assign(scenario_hash=scenario.identity)
        parts = [
            outcomes_of(batch, range(2019, last + 1), effect, fields=False),
            clusters_of(batch, effect),
            of_cities(batch, effect),
        ]
        rows = pd.concat(parts)
        ledger = ledger_of(batch, new=effect > 0.0)
        ledger = ledger[ledger["year"] <= last]
        write_shard(folder, batch, rows[rows["year"] <= last], ledger)
    write_manifest(folder, list(scenarios))
    return folder


def pair(effect: float = 0.02) -> dict[str, tuple[Scenario, float]]:
    """A baseline of one's own, and a scenario that names it."""
    return {
        "base": (scenario_of("base", None, "cluster_award=off"), 0.0),
        "mine": (scenario_of("mine", "base"), effect),
    }


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What the page of a store says, run in this process and without drawing its pictures."""
    code = (Path(notebooks.__file__).parent / "report.py").read_text("utf-8")

    def shown(store: Path, lang: Lang = "en", baseline: str = "") -> str:
        said: list[str] = []
        monkeypatch.setattr(show, "figure", lambda _, alt: said.append(str(alt)))
        monkeypatch.setattr(show, "display", lambda part: said.append(str(part.data)))
        told = code.replace('store: str = "build/report/store"', f"store: str = {str(store)!r}")
        told = told.replace('lang: str = "en"', f"lang: str = {lang!r}")
        told = told.replace('baseline: str = ""', f"baseline: str = {baseline!r}")
        exec(compile(told, "report.py", "exec"), {"__name__": "page"})
        whole = "\n\n".join(said)
        assert not re.search(r"\b(nan|None)\b", whole)
        return whole

    return shown


def part_of(store: Path, words: Words = EN, given: str | None = None) -> str:
    """What the page of a store says of its scenarios, without the rest of the page."""
    asked = what_changes.gather_asked(store, given)
    parts = [what_changes.whole(found, words) for found in asked.changes]
    said = [what_changes.said_of_runs(asked, words), *(text for part in parts for text in part)]
    said.append(what_changes.not_meant(asked, asked.subject or "", words))
    return "\n\n".join(said)


def of_document(words: Words) -> list[str]:
    """Headings and sentences that are about the document or the reference scenarios."""
    keys = (
        "effects_title", "way_title", "board_title", "quota_title", "plan_title", "clusters_title",
        "money_title", "designs_title", "levers_title", "long_title", "later_title", "question",
    )  # fmt: skip
    first = words("missing_runs").split("{")[0]
    names = ("without_document_55", "as_issued", "market_only", words.lines("not_list")[0])
    return [*(f"# {words(key)}\n" for key in keys), first, *names]


@pytest.mark.parametrize("lang", LANGS)
def test_a_store_of_ones_own_says_first_what_changes(
    tmp_path: Path, page: Callable[..., str], lang: Lang
) -> None:
    words, store = Words(lang), own_store(tmp_path / "store", pair())
    said = page(store, lang)
    label = "情景mine" if lang == "zh" else "Own mine"
    asked = said.index(words("change_title"))
    assert asked < said.index(f"## {words('tiers_title')}") < said.index("{#trust ")
    assert label in said[asked : asked + 400]
    assert words.name("change_verdict", "1") in said
    assert [text for text in of_document(words) if text in said] == []
    results = Results(store)
    found = results.paired_intervals("mine", "base", MAIN, ["tier", "province"], [2027])
    rows = {row.unit_name: row for row in found.itertuples()}
    assert set(rows) == {*TIERS, REGION.id}
    for row in rows.values():
        mean = words.signed([100.0 * value for value in (row.change_mean, row.change_low)])[0]
        assert mean in said
    # The levers that differ, in words.
    assert ("增加“先进制造业集群补助”" if lang == "zh" else "with “Award to newly") in said


def test_numbers_of_the_answer_are_those_of_the_store(tmp_path: Path) -> None:
    store = own_store(tmp_path / "store", pair())
    found = change(Results(store), "mine", "base")
    told = Results(store).paired_intervals("mine", "base", years=[2027], level="tier")
    for row in told[told["outcome"] == MAIN].itertuples():
        moved = found.of(MAIN, ("tier", str(row.unit_name)))
        assert moved is not None
        assert moved.change is not None
        assert (moved.gain.mean, moved.gain.low) == (
            pytest.approx(row.mean),
            pytest.approx(row.low),
        )
        assert moved.change.mean == pytest.approx(row.change_mean)
    # Cities add up to their groups, and one that changes is told.
    assert what_changes.told(found, "city") == [CITIES[0]]
    groups = [found.of(MAIN, ("place", name)) for name in REGION.city_groups]
    cities = [found.of(MAIN, ("city", name)) for name in CITIES]
    sums = [sum(each.gain.mean for each in part if each) for part in (groups, cities)]
    assert sums[0] == pytest.approx(sums[1])
    assert sum(share for _, share in found.tiers.values()) == pytest.approx(1.0)


def test_a_scenario_without_its_baseline_is_told_and_the_rest_is_there(
    tmp_path: Path, page: Callable[..., str]
) -> None:
    only = {"mine": (scenario_of("mine", "somewhere"), 0.02)}
    store = own_store(tmp_path / "store", only)
    # Nor does an outcome do harm that is unknown now.
    path = next((store / "outcomes").glob("*.parquet"))
    rows = pd.read_parquet(path)
    more = rows[rows["outcome"] == MAIN].assign(outcome="of_another_time")
    pd.concat([rows.astype({"outcome": str}), more]).to_parquet(path, index=False)
    said = page(store)
    assert "holds no runs of the baseline of “Own mine”, `somewhere`" in said
    assert "jiqun run somewhere --draws" in said
    assert EN("tiers_title") in said
    assert EN("change_title") not in said
    assert [text for text in of_document(EN) if text in said] == []
    none = {"mine": (scenario_of("mine", None), 0.02)}
    assert "notes no baseline of “Own mine”" in part_of(own_store(tmp_path / "other", none))


def test_one_that_is_given_stands_in_for_a_baseline_that_lacks(tmp_path: Path) -> None:
    both = {
        "base": (scenario_of("base", None, "cluster_award=off"), 0.0),
        "mine": (scenario_of("mine", "somewhere"), 0.02),
        "other": (scenario_of("other", "mine", "cluster_award*3"), 0.03),
    }
    store = own_store(tmp_path / "store", both)
    assert pairs_of(Results(store), "base") == {"mine": "base", "other": "mine"}
    assert pairs_of(Results(store)) == {"other": "mine", "base": None}
    said = part_of(store, given="base")
    assert "Against “Own base”, “Own mine”" in said
    assert "Against “Own mine”, “Own other”" in said


@pytest.mark.parametrize("lang", LANGS)
def test_few_pairs_and_one_are_told(tmp_path: Path, lang: Lang) -> None:
    words = Words(lang)
    one = part_of(own_store(tmp_path / "one", pair(), draws=1), words)
    assert words("change_one_pair", least=8) in one
    assert words.name("change_verdict", "few") in one
    few = part_of(own_store(tmp_path / "few", pair(), draws=4), words)
    assert words("change_few", pairs=4, least=8) in few


def test_failed_runs_are_told_and_the_others_are_there(tmp_path: Path) -> None:
    store = own_store(tmp_path / "store", pair())
    for number, name in enumerate(("mine", "mine", "gone")):
        text = json.dumps({"scenario": name, "message": "no luck"})
        (store / "failures" / f"{number}.json").write_text(text, "utf-8")
    assert failed(Results(store)) == {"mine": 2, "gone": 1}
    said = part_of(store)
    assert "“mine”: 2 runs failed and are left out" in said
    assert "“gone”: all 1 runs failed" in said
    assert EN.name("change_verdict", "1") in said


def test_runs_that_end_early_are_told_of_their_last_year(tmp_path: Path) -> None:
    said = part_of(own_store(tmp_path / "store", pair(), last=2025))
    assert EN("change_early", year=2025) in said
    assert EN("change_cost_early", first=2024, last=2027) in said
    assert "value added of above-scale industry in 2025" in said


def test_a_change_that_does_nothing_is_told(tmp_path: Path) -> None:
    said = part_of(own_store(tmp_path / "store", pair(0.0)))
    assert EN("change_same") in said
    assert EN.name("change_verdict", "0") in said
    assert EN("change_told_all") in said
    assert "not stated: it costs nobody anything" in said


def test_beside_the_document_the_own_scenario_has_its_section(
    tmp_path: Path, page: Callable[..., str]
) -> None:
    whole = {
        "without_document_55": (load("without_document_55"), 0.0),
        "as_issued": (load("as_issued"), 0.02),
        "mine": (scenario_of("mine", "as_issued"), 0.03),
    }
    said = page(own_store(tmp_path / "store", whole))
    assert said.index(EN("question")) < said.index(EN("change_also"))
    assert "Against “As issued”, “Own mine”" in said
    assert said.count(EN("change_differs")) == 1


def test_registered_clusters_are_listed_where_they_move(tmp_path: Path) -> None:
    found = change(Results(own_store(tmp_path / "store", pair())), "mine", "base")
    table = what_changes.clusters_table(found, EN)
    assert len(table.rows) == 4  # of five the last is not in the register
    assert what_changes.clusters_rest(found, EN) == ""
    still = change(Results(own_store(tmp_path / "other", pair(0.0))), "mine", "base")
    assert what_changes.clusters_table(still, EN).rows == []
    told_ = what_changes.clusters_rest(still, EN)
    assert told_ == "No conclusion for any of the 4 registered clusters."


def told(line: str, lang: Lang) -> list[str]:
    """How a question differs from the document as issued, in words."""
    on = load("as_issued")
    return said_of(ask(line, on, SHIPPED).scenario, on, lang)


def said_of(one: Scenario, other: Scenario, lang: Lang) -> list[str]:
    words = Words(lang)
    return [what_changes.in_words(each, words) for each in differences(one, other)]


@pytest.mark.parametrize(
    ("line", "zh", "en"),
    [
        (
            "cluster_award*2",
            "“先进制造业集群补助”为2倍：省级集群由500万元改为1,000万元；国家级集群由1,000万元改为2,000万元"
            "（自2024年第1季度起）",
            "“Award to newly recognised clusters” at 2 times its size: a provincial cluster "
            "10 million yuan instead of 5 million yuan, a national cluster 20 million yuan instead "
            "of 10 million yuan (from 2024-Q1)",
        ),
        (
            "cluster_award=off",
            "取消“先进制造业集群补助”",
            "without “Award to newly recognised clusters”",
        ),
        (
            "digital_voucher.rate=50%",
            "“集群企业数字化改造补助”：比例由40%改为50%；为取值区间的中心值，随抽样变动（自2024年第1季度起）",
            "“Digital vouchers for cluster enterprises”: rate 50 % instead of 40 %; centres of "
            "ranges, which draws move (from 2024-Q1)",
        ),
        (
            "rd_grant=off",
            "“研发项目补助”的起止时间不同（自2024年第1季度起）",
            "“R&D project grants” begins or ends at another time (from 2024-Q1)",
        ),
        (
            "cluster_award.additional=on",
            "“先进制造业集群补助”：在专项资金之外列支由关改为开（自2024年第1季度起）",
            "“Award to newly recognised clusters”: paid on top of the special funds on instead of "
            "off (from 2024-Q1)",
        ),
    ],
)
def test_what_differs_is_said_in_words(line: str, zh: str, en: str) -> None:
    assert told(line, "zh") == [zh]
    assert told(line, "en") == [en]


def test_every_question_of_a_lever_is_said_in_words_without_identifiers() -> None:
    on = load("as_issued")
    for lever in on.levers:
        if lever.end is not None and lever.end < 20:
            continue
        for lang in LANGS:
            (line,) = told(f"{lever.id}*1.1", lang)
            assert "_" not in line, line
            assert "1.1" in line, line


def test_every_term_has_a_name() -> None:
    on = load("as_issued")
    known = {term for lever in on.levers for term in lever.terms if "instalment" not in term}
    for words in (ZH, EN):
        assert known <= set(words.names("term_names"))


def test_parameters_and_worlds_are_told_too(tmp_path: Path) -> None:
    on = load("as_issued")
    moved = replace(with_parameters(on, {"voucher_rate": 0.3}), name="moved")
    (line,) = said_of(moved, on, "en")
    assert "rate 30 % instead of 40 %" in line
    world = load_text(
        "name: world\nbaseline: as_issued\noutside: {demand_growth: {path: low}}\n",
        SHIPPED / "world.yaml",
    )
    both = {"as_issued": (on, 0.0), "world": (world, 0.01)}
    found = change(Results(own_store(tmp_path / "store", both)), "world", "as_issued")
    assert what_changes.how_they_differ(found, EN) == [EN("change_outside")]
    assert found.of(MAIN, PROVINCE) is not None
