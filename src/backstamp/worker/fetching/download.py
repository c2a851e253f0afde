"""A list that may be big: into a file, and from where it broke off when it broke off."""

import contextlib
import hashlib
import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from backstamp.worker.fetching.asking import Answer, Validators, asked, refused
from backstamp.worker.fetching.connecting import FetchError
from backstamp.worker.fetching.whole import Unchanged, conditions

_RANGE: Final = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)")
_CODINGS: Final = frozenset({"", "gzip", "x-gzip"})


class Downloaded(NamedTuple):
    """The file is whole, as far as can be told; and the version that it is."""

    validators: Validators
    tells_its_end: bool = True
    """Whether it would have been noticed if it had been cut short."""


class _Begun(msgspec.Struct, frozen=True):
    """Of what the bytes in the file are the beginning. A URL may hold a key, so that its hash is kept."""

    url_hash: str
    etag: str
    last_modified: str
    coding: str

    @property
    def validator(self) -> str:
        """What If-Range takes: a strong entity tag, or else a date (RFC 9110, section 13.1.5).

        A date says nothing of the coding: nginx sends gzip, and the rest of it as it is.
        """
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return "" if self.coding else self.last_modified


def download(
    url: str,
    into: Path,
    *,
    max_bytes: int,
    known: Validators,
    seconds: float,
    secrets: Mapping[str, str] | None = None,
) -> Downloaded | Unchanged:
    """Get a list into a file unless it is the version that we have.

    A download that breaks off leaves its bytes in `into` where the publisher said which version they are of;
    the next call asks for the rest. The body is kept as it is sent: gzip stays gzip.

    Args:
        url: http or https.
        into: the file, whole only after this function has returned `Downloaded`.
        max_bytes: a longer list is refused, whatever is said of its length.
        known: the version that we have.
        seconds: for this call.
        secrets: header fields for the URL's own origin.

    Raises:
        FetchError: it cannot be had, or not in time, or not whole.
        OSError: the file cannot be written.
    """
    note = into.with_name(into.name + ".json")
    begun, have = _begun(into, note, url)
    headers = {"Accept-Encoding": "gzip"}
    if begun is not None:
        headers |= {"Range": f"bytes={have}-", "If-Range": begun.validator}
    else:
        headers |= conditions(known)
    with asked(url, headers=headers, secrets=secrets, seconds=seconds) as answer:
        if begun is not None and answer.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            _forget(into, note)
            raise FetchError("its first part does not fit any more; it is asked for anew the next time")
        if begun is None and any(known) and answer.status == HTTPStatus.NOT_MODIFIED:
            return Unchanged()
        resumes = begun is not None and answer.status == HTTPStatus.PARTIAL_CONTENT
        if not resumes and answer.status != HTTPStatus.OK:
            raise refused(answer)
        coding = answer.header("content-encoding").lower().replace("identity", "")
        if coding not in _CODINGS:
            raise FetchError("it is compressed in a way that was not asked for")
        total = ""
        if resumes:
            total = _total(answer, begun, coding, have)
            if not total:
                _forget(into, note)
                raise FetchError("the server sent another part than was asked for")
        else:
            begun = _Begun(_hash(url), *answer.validators, coding)
            note.write_bytes(msgspec.json.encode(begun))
        tells_its_end = answer.tells_its_end
        try:
            with into.open("ab" if resumes else "wb") as file:
                for chunk in answer.chunks(max_bytes - (have if resumes else 0)):
                    file.write(chunk)
        except FetchError:
            if begun is None or not begun.validator or into.stat().st_size >= max_bytes:
                _forget(into, note)
            raise
    if total.isdigit() and (size := into.stat().st_size) < int(total):
        # A server may send less than was asked for (RFC 9110, section 15.3.7).
        raise FetchError(f"it ended after {size} of {total} bytes")
    assert begun is not None, "either it goes on, or it has just begun"
    note.unlink(missing_ok=True)
    return Downloaded(Validators(begun.etag, begun.last_modified), tells_its_end)


def _begun(into: Path, note: Path, url: str) -> tuple[_Begun | None, int]:
    """Return what lies there of an earlier try, and how much; it must be of the same URL."""
    with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
        begun = msgspec.json.decode(note.read_bytes(), type=_Begun)
        have = into.stat().st_size
        if begun.url_hash == _hash(url) and begun.validator and have:
            return begun, have
    return None, 0


def _hash(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


def _total(answer: Answer, begun: _Begun | None, coding: str, have: int) -> str:
    """Return of how many bytes an answer is the rest, "*" where it does not say; "" where it is not the rest.

    A server that knows no If-Range sends that of whatever version it has now.
    """
    match = _RANGE.fullmatch(answer.header("content-range"))
    if match is None or int(match[1]) != have or begun is None or coding != begun.coding:
        return ""
    etag, last_modified = answer.validators
    same = etag in ("", begun.etag) and last_modified in ("", begun.last_modified)
    return match[2] if same else ""


def _forget(into: Path, note: Path) -> None:
    into.unlink(missing_ok=True)
    note.unlink(missing_ok=True)
