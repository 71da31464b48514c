"""Settings that hold for the whole suite."""

import os

import pytest
from hypothesis import settings

# Messages are asserted in English, whatever the locale of the machine.
os.environ["JIQUN_LANG"] = "en"

# A busy machine is no failure: how long an example takes is measured by the benchmarks.
settings.register_profile("jiqun", deadline=None)
settings.load_profile("jiqun")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share what their module makes on one worker: else each would make it."""
    for item in items:
        fixtures = item._fixtureinfo.name2fixturedefs.values()
        shared = any(made[-1].scope == "module" for made in fixtures)
        if shared and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
