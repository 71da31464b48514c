"""Fixtures for batches: a small province, a short horizon, and stores read as plain rows."""

import sys
from pathlib import Path

# Workers import the functions of `fake_work` by name.
sys.path.insert(0, str(Path(__file__).parent))

import pytest

from jiqun.experiments.runs.runner import with_rows
from jiqun.scenarios import load


@pytest.fixture(scope="session")
def small():
    return with_rows(load("without_document_55"), 1_100).until(2020)
