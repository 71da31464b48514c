"""Settings that hold for the whole suite."""

from hypothesis import settings

# A busy machine is no failure: how long an example takes is measured by the benchmarks.
settings.register_profile("jiqun", deadline=None)
settings.load_profile("jiqun")
