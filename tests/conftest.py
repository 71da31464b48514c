"""Settings that hold for the whole suite."""

import os

from hypothesis import settings

# Messages are asserted in English, whatever the locale of the machine.
os.environ["JIQUN_LANG"] = "en"

# A busy machine is no failure: how long an example takes is measured by the benchmarks.
settings.register_profile("jiqun", deadline=None)
settings.load_profile("jiqun")
