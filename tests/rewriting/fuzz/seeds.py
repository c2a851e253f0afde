"""Where a hunt begins: our golden messages, cut to what each harness takes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from backstamp.rewriting import Direction, Options, rewrite
from tests.rewriting.fuzz.harnesses import MANIFEST_BELOW
from tests.rewriting.fuzz.payloads import CONTROL_OCTETS, CTES
from tests.rewriting.sealers import FixedSealer

MAX_OCTETS: Final = 4096
"""A hunt tries nothing longer: what breaks does so in little, and little is tried often."""
GOLDEN: Final = Path(__file__).parent.parent / "golden"


def seeds(harness: str) -> Iterator[bytes]:
    """Give what the harness of that name begins with."""
    for path in sorted(GOLDEN.glob("*.eml")):
        raw = path.read_bytes()
        if path.stem.endswith(".expected") or len(raw) > MAX_OCTETS:
            continue
        header, _, body = raw.partition(b"\n\n")
        match harness:
            case "html" | "text":
                yield b"\0" + body
            case "payloads":
                for number, name in enumerate(CTES):
                    if name.encode() in header:
                        yield bytes((number, 20, 5, 60, 30, 1, 1))[:CONTROL_OCTETS] + body
            case "unwrapping":
                done = rewrite(raw, Options(direction=Direction.OUTBOUND), FixedSealer())
                yield done.raw + MANIFEST_BELOW + done.manifest.to_json()
            case _:
                yield raw
