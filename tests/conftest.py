"""For all tests: Python's cycle collector does not look at what collecting the tests made, which stays."""

import gc


def pytest_sessionstart() -> None:
    gc.disable()


def pytest_collection_finish() -> None:
    """Eleven thousand items lie in memory then; looking through them took a quarter of the time."""
    gc.enable()
    gc.collect()
    gc.freeze()
