"""For all tests: Python's cycle collector does not look at what collecting the tests made, which stays."""

import gc


def pytest_sessionstart() -> None:
    gc.disable()


def pytest_collection_finish() -> None:
    """Eleven thousand items lie in memory then; to look through them again and again took a quarter of all time."""
    gc.enable()
    gc.collect()
    gc.freeze()
