"""How many cases the tests of this folder try: some hundred, or as many as `make fuzz` asks for."""

import os

from hypothesis import HealthCheck, settings

ASKED = os.environ.get("JIQUN_FUZZ", "")
USUAL = 400
"""Cases of the slow tests, the same in every run: new ones are for `make fuzz`."""


def cases(share):
    """Settings of a test that tries this share of all cases."""
    return settings(
        max_examples=max(1, round(int(ASKED or USUAL) * share)),
        derandomize=not ASKED,
        database=None,
        print_blob=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
