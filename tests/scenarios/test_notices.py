"""What is said of sound scenarios whose levers do not do what they seem to."""

import json

import pytest
from typer.testing import CliRunner

from jiqun.cli import app
from jiqun.model.calendar import quarter_index
from jiqun.scenarios import acting, designs, load, shipped, warnings_of, worlds

OVER = "name: trial\nbaseline: as_issued\n"


def written(tmp_path, text, name="trial.yaml"):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def jiqun(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)], prog_name="jiqun")


def lever(name, *lines):
    return f"{OVER}levers:\n  - id: {name}\n" + "".join(f"    {line}\n" for line in lines)


# name: (text, kind, levers, parts of the text)
NOTED = {
    "history": (
        lever("equipment_grant", "budget: {value: 1, unit: 亿元, per: year}"),
        "changes_history", ("equipment_grant",), ["trial.yaml:4", "2019-2023", "from: 2024-Q1"],
    ),
    "history_by_groups": (
        lever("rd_grant", "who: {city: [hefei]}"), "changes_history", ("rd_grant",), ["2019-2023"],
    ),
    "part_of_history": (
        lever("digital_subsidy_2021_2023", 'rate: {value: 5, unit: "%"}'),
        "changes_history", ("digital_subsidy_2021_2023",), ["2021-2023"],
    ),
    "taken_out_of_history": (
        OVER + "without: [equipment_grant]\n", "changes_history", ("equipment_grant",),
        ["2019-2023", "{id: equipment_grant, to: 2023-Q4}"],
    ),
    "a_change_after_the_end": (
        lever("cluster_award", "from: 2031-Q1"), "never_acts", ("cluster_award",),
        ["2031-Q1", "2027-Q4"],
    ),
    "a_value_after_the_end": (
        lever("cluster_award", "provincial: [{from: 2031-Q1, value: 1, unit: 亿元}]"),
        "never_acts", ("cluster_award",), ["2031-Q1"],
    ),
    "a_lever_after_the_end": (
        lever("cluster_award", "from: 2031-Q1").replace("as_issued", "without_document_55"),
        "never_acts", ("cluster_award",), ["2027-Q4"],
    ),
    "nobody": (
        lever(
            "digital_voucher",
            "who: {city: [hefei], tier: [county], size: [large], field: [quantum]}",
        ),
        "reaches_nobody", ("digital_voucher",), ["2024-Q1"],
    ),
    "nobody_from_a_date": (
        lever(
            "digital_voucher", "from: 2026-Q1",
            "who: {city: [hefei], tier: [county], size: [large], field: [quantum]}",
        ),
        "reaches_nobody", ("digital_voucher",), ["2026-Q1"],
    ),
    "ended_in_history": (
        lever("rd_grant", "to: 2021-Q4"), "changes_history", ("rd_grant",), ["2022-2023"],
    ),
    "a_quarter_of_one_per_cent": (
        lever("digital_voucher", 'rate: {value: 0.25, unit: "%"}'), "small_share",
        ("digital_voucher",), ["trial.yaml:5", "0.25 %", "did you mean 25 %"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NOTED)
def test_noted_with_place_and_mend(tmp_path, case):
    text, kind, levers, said = NOTED[case]
    (found,) = warnings_of(load(written(tmp_path, text)))
    assert (found.kind, found.levers) == (kind, levers)
    for part in said:
        assert part in found.en
    assert any("一" <= character <= "鿿" for character in found.zh)


SOUND = {
    "dated": lever("equipment_grant", "from: 2024-Q1", 'rate: {value: 5, unit: "%"}'),
    "dated_values": lever(
        "equipment_grant", 'rate: [{from: 2021-Q1, value: 5, unit: "%"}]', "to: 2026-Q4"
    ),
    "later": lever("digital_voucher", 'rate: {value: 5, unit: "%"}'),
    "begun_earlier_by_date": lever("digital_voucher", "from: 2022-Q1"),
    "labels_that_are_earned": lever("digital_voucher", "who: {label: [little_giant]}"),
    "a_discount_that_is_small": lever("cluster_credit_line", 'discount: {value: 0.5, unit: "%"}'),
    "taken_out": OVER + "without: [cluster_award]\n",
}


@pytest.mark.parametrize("case", SOUND)
def test_what_is_meant_is_not_noted(tmp_path, case):
    assert warnings_of(load(written(tmp_path, SOUND[case]))) == ()


@pytest.mark.parametrize("name", [*shipped(), *designs(), *worlds()])
def test_shipped_scenarios_give_no_notice(name):
    assert warnings_of(load(name)) == ()


def test_notices_stay_with_those_laid_over_and_out_of_the_identity(tmp_path):
    below = load(written(tmp_path, NOTED["history"][0]))
    top = load(written(tmp_path, "name: top\nbaseline: trial\n", "top.yaml"))
    assert [note.kind for note in top.notices] == ["changes_history"]
    dated = NOTED["history"][0].replace("    budget", "    from: 2019-Q1\n    budget")
    assert load(written(tmp_path, dated)).digest == below.digest


def test_when_levers_act_and_whom_they_reach(tmp_path):
    text = lever("digital_voucher", "from: 2026-Q1", "who: {size: [small]}")
    found = {each.lever: each for each in acting(load(written(tmp_path, text)))}
    award, voucher = found["cluster_award"], found["digital_voucher"]
    assert (award.start, award.end, award.reach) == (20, 35, None)
    (begin, all_sizes), (change, small) = voucher.reach
    assert (begin, change) == (quarter_index(2024, 1), quarter_index(2026, 1))
    assert 100 < small < all_sizes < 110_000
    assert found["digital_subsidy_2021_2023"].end == quarter_index(2023, 4)


def test_check_tells_them_and_passes(tmp_path):
    path = written(tmp_path, NOTED["nobody"][0])
    done = jiqun("check", path)
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{path}: ok\n")
    assert "digital_voucher: acts 2024-Q1 to 2027-Q4; can reach 0 enterprises" in done.stdout
    assert "warning: digital_voucher reaches nobody" in done.stderr
    (said,) = json.loads(jiqun("check", path, "--json").stdout)
    assert (said["ok"], [each["kind"] for each in said["warnings"]]) == (True, ["reaches_nobody"])
    rows = {row["id"]: row for row in said["levers"]}
    assert rows["digital_voucher"]["reach"] == [{"from": "2024-Q1", "enterprises": 0}]
    assert rows["cluster_award"]["from"] == "2024-Q1"


def test_run_repeats_them(tmp_path):
    path = written(tmp_path, NOTED["history"][0] + "rows: 1100\n")
    out = ("--until", "2019", "--workers", "1", "--out", tmp_path / "store")
    done = jiqun("run", path, *out)
    assert done.exit_code == 0, done.stderr
    assert "warning" in done.stderr
    assert "2019-2023" in done.stderr
    # The levers of after the last year that was asked for.
    assert "never acts: " in done.stderr
