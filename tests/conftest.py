"""For all tests: no clock and no chance decides, and the collector does not look at what collecting made."""

import gc

from hypothesis import HealthCheck, settings

# A machine that has much else to do is no fault of an example that takes a quarter of a second.
BUSY = [HealthCheck.too_slow]
# The same examples each time: a test fails by a change, never by chance. `make soak` looks at others.
settings.register_profile(
    "any machine", settings(), deadline=None, suppress_health_check=BUSY, derandomize=True, database=None
)
settings.register_profile("hunt", settings.get_profile("any machine"), derandomize=False)
settings.load_profile("any machine")


def pytest_sessionstart() -> None:
    gc.disable()


def pytest_collection_finish() -> None:
    """Eleven thousand items lie in memory then; looking through them took a quarter of the time."""
    gc.enable()
    gc.collect()
    gc.freeze()
