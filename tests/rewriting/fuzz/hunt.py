"""Hunt for octets that break a harness: `python -m tests.rewriting.fuzz.hunt HARNESS SECONDS`.

Guided by coverage (atheris over libFuzzer). What breaks is written to `finds/`, from where every test run
tries it again, and the exit status is not 0.
"""

import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["backstamp", "tests.rewriting.fuzz"]):
    from tests.rewriting.fuzz.harnesses import HARNESSES
    from tests.rewriting.fuzz.seeds import MAX_OCTETS, seeds

FINDS = Path(__file__).parent / "finds"
WORDS = Path(__file__).parent / "words.dict"
SLOW_SECONDS = 20
MEMORY_MB = 2048


def main(harness: str, seconds: int) -> None:
    """Hunt for that long, or until something breaks. Does not return: libFuzzer ends the process."""
    corpus = Path(tempfile.mkdtemp(prefix="hunt-"))
    for number, seed in enumerate(seeds(harness)):
        (corpus / str(number)).write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={MAX_OCTETS}",
        f"-timeout={SLOW_SECONDS}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-dict={WORDS}",
        f"-artifact_prefix={FINDS}/{harness}-",
        "-print_final_stats=1",
        "-verbosity=0",
        str(corpus),
    ]
    atheris.Setup([sys.argv[0], *options], HARNESSES[harness])
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
