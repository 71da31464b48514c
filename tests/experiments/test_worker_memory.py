"""A worker makes many runs: what it keeps of them does not grow."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MANY = """
import gc
import sys
from dataclasses import replace
from pathlib import Path

from jiqun.experiments.runs.batch import LEAN, Chunk, Plan, PopulationRef, drawn_pairs
from jiqun.experiments.runs.batch import POPULATION_SEED, model_hash, runs_of
from jiqun.experiments.runs.runner import with_rows
from jiqun.experiments.runs.worker import run_chunk
from jiqun.model import ClusterPolicyModel, build_population, randomness
from jiqun.scenarios import load

def own():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Anonymous"))

scenario = with_rows(load("without_document_55"), 2_500).until(2020)
population = build_population(
    scenario.province, scenario.parameters, scenario.rows, POPULATION_SEED
)
ref = PopulationRef("nowhere", population.digest)
runs = runs_of(scenario, drawn_pairs(scenario, Plan(draws=60)), ref)
said = []
for first in range(0, 60, 2):
    chunk = Chunk(tuple(runs[first:first + 2]), {scenario.name: scenario}, ref, model_hash(), LEAN)
    assert not run_chunk(chunk).failures
    said.append(own())
alive = sum(isinstance(each, ClusterPolicyModel) for each in gc.get_objects())
print(said[9], said[-1], alive, randomness._key.cache_info().currsize)
"""


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is read on Linux")
def test_a_process_that_makes_many_runs_does_not_grow():
    command = [sys.executable, "-c", MANY]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    after_20, after_60, alive, keys = map(int, done.stdout.split())
    assert after_60 - after_20 < 10_000  # kilobytes; a model and its columns have as many
    assert alive == 0
    assert keys <= 4_096
