"""Settings that hold for the whole suite."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

# Messages are asserted in English, whatever the locale of the machine.
os.environ["JIQUN_LANG"] = "en"

# A busy machine is no failure: how long an example takes is measured by the benchmarks.
settings.register_profile("jiqun", deadline=None)
settings.load_profile("jiqun")


@pytest.fixture(autouse=True, scope="session")
def _own_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes what the user of this machine has adopted."""
    os.environ["JIQUN_HOME"] = str(tmp_path_factory.mktemp("home") / "adopted")


TESTS = Path(__file__).parent
LONGEST = (
    "app/test_browser.py",
    "notebooks/test_pages_in_browser.py",
    "golden/test_processors.py",
    "experiments/test_best_use_spec.py",
    "notebooks/test_formats.py",
    "notebooks/test_rendered.py",
    "regions/test_regions.py",
    "model/test_levers_of_no_size.py",
    "experiments/test_sensitivity_analysis.py",
    "experiments/test_compare.py",
    "notebooks/test_report.py",
    "experiments/test_sensitivity_surrogate.py",
    "experiments/test_steady.py",
    "experiments/test_sensitivity_equal_cost.py",
    "calibration/test_backtest.py",
    "experiments/test_together.py",
    "calibration/test_calibrate.py",
    "calibration/test_fit.py",
    "notebooks/test_levers.py",
    "experiments/test_runner.py",
    "cli/test_cli.py",
    "cli/test_stores.py",
    "cli/test_user_files.py",
    "model/test_policy_money.py",
    "model/test_first_effects_of_services.py",
)
"""Files that take longest: those of slow tests, then the others, the longest first (`--durations`
tells which do)."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest files first: started last, one would leave the other workers idle."""
    place = {TESTS / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


def pytest_collection_finish() -> None:
    """Keep what is imported and collected out of every later search for garbage.

    It is hundreds of thousands of objects that last to the end; to look through them again and
    again took an eighth of the tests' time.
    """
    gc.collect()
    gc.freeze()
