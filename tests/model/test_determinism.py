"""The same key gives the same bits, whatever ran before and however far a run goes."""

from dataclasses import replace

import mesa
import numpy as np
import pytest

from jiqun.model import ClusterPolicyModel
from jiqun.scenarios import load


def test_same_seed_same_bits(start, same):
    one, other = start(seed=7), start(seed=7)
    one.run_until_year(2020)
    other.run_until_year(2020)
    same(one.records(), other.records())
    for name, values in one.enterprises.columns.items():
        assert values.tobytes() == other.enterprises.columns[name].tobytes(), name


def test_another_seed_gives_another_run(start):
    one, other = start(seed=1), start(seed=2)
    one.run_until_year(2019)
    other.run_until_year(2019)
    assert not np.array_equal(one.enterprises.size_noise[:500], other.enterprises.size_noise[:500])


def test_a_longer_run_begins_with_the_shorter_one(start, scenario, same):
    short, long = start(of=scenario.until(2021)), start(of=scenario.until(2023))
    short.run_until_year(2021)
    long.run_until_year(2023)
    records = long.records()
    first = records["year"] <= 2021
    assert 0 < first.sum() < len(first)
    same(short.records(), {name: values[first] for name, values in records.items()})


def test_running_in_parts_is_running_at_once(start, same):
    parts, whole = start(), start()
    for year in (2019, 2019, 2020, 2021):
        parts.run_until_year(year)
    whole.run_until_year(2021)
    same(parts.records(), whole.records())


def test_other_scenarios_before_change_nothing(start, scenario, same):
    alone = start(seed=3)
    alone.run_until_year(2020)
    other = replace(
        scenario,
        name="other",
        levers=(),
        parameters={**scenario.parameters, "sigma": 3.0, "exit_above": 0.045},
    )
    start(seed=3, of=other).run_until_year(2020)
    start(seed=4, of=other.until(2023)).run_until_year(2021)
    after = start(seed=3)
    after.run_until_year(2020)
    same(alone.records(), after.records())


def test_scenarios_that_run_in_turns_do_not_disturb_each_other(start, scenario, same):
    alone = start()
    alone.run_until_year(2019)
    one, other = start(), start(of=replace(scenario, levers=()))
    for _ in range(4):
        one.run_for(1)
        other.run_for(1)
    same(alone.records(), one.records())


def test_a_population_given_or_built_is_the_same(start, scenario, same):
    given, built = start(), ClusterPolicyModel(scenario, rng=1)
    given.run_until_year(2019)
    built.run_until_year(2019)
    same(given.records(), built.records())


def test_a_run_leaves_its_population_and_scenario_alone(start, scenario, populate):
    digest, before = scenario.digest, {k: v.copy() for k, v in populate(1200).columns.items()}
    start().run_until_year(2020)
    assert replace(scenario).digest == digest
    for name, values in populate(1200).columns.items():
        assert np.array_equal(values, before[name]), name


def test_scenarios_of_one_seed_share_their_draws(start, scenario):
    """A lever that starts later cannot move what came before it."""
    lever = scenario.lever("digital_subsidy_2021_2023")
    assert lever is not None
    without = replace(scenario, levers=tuple(x for x in scenario.levers if x.id != lever.id))
    year = 2019 + lever.start // 4
    one, other = start(), start(of=without)
    one.run_until_year(year - 1)
    other.run_until_year(year - 1)
    assert np.array_equal(one.records()["value"], other.records()["value"])
    one.run_until_year(year)
    other.run_until_year(year)
    assert not np.array_equal(one.records()["value"], other.records()["value"])


def test_a_longer_run_under_all_levers_begins_with_the_shorter_one(start, scenario, same):
    of = replace(load("policy_to_date"), rows=scenario.rows)
    short, long = start(of=of.until(2025)), start(of=of)
    short.run_until_year(2025)
    long.run_until_year(2027)
    records, books = long.records(), long.ledger_records()
    first, entered = records["year"] <= 2025, books["year"] <= 2025
    same(short.records(), {name: values[first] for name, values in records.items()})
    assert short.ledger_records()["yuan"].tobytes() == books["yuan"][entered].tobytes()


class Collected(ClusterPolicyModel):
    """With the collector that Mesa's batch runner asks every model for."""

    def __init__(self, scenario, rng=1):
        super().__init__(scenario, rng)
        self.datacollector = mesa.DataCollector({"seed": "seed_of_run"})

    def step(self):
        super().step()
        self.datacollector.collect(self)


@pytest.mark.parametrize(("asked", "runs"), [({"rng": [3, 4]}, 2), ({"iterations": 1}, 1)])
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_mesas_batch_runner_runs_it_with_seeds_and_without(scenario, asked, runs):
    rows = mesa.batch_run(
        Collected, {"scenario": scenario}, number_processes=1, max_steps=1,
        display_progress=False, **asked,
    )  # fmt: skip
    seeds = {row["seed"] for row in rows}
    assert len(seeds) == runs
    assert seeds == set(asked.get("rng", seeds))


def test_without_a_seed_each_model_draws_its_own(scenario):
    one, other = (ClusterPolicyModel(scenario, rng=None) for _ in range(2))
    assert one.seed_of_run != other.seed_of_run
