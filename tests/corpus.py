"""Other people's mail and hits to test against, where `BACKSTAMP_CORPUS` names their folder."""

import os
from pathlib import Path

import pytest


def corpus(name: str = "") -> Path:
    """Return the corpus, or one file or folder of it; skip where there is none."""
    folder = os.environ.get("BACKSTAMP_CORPUS", "")
    if not folder:
        pytest.skip("no corpus: BACKSTAMP_CORPUS names no folder")
    path = Path(folder) / name
    assert path.exists(), f"{path} is missing: BACKSTAMP_CORPUS is not a corpus"
    return path
