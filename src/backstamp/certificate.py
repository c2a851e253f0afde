"""certificate: that of a listener of ours; a renewed one is taken into use without a restart.

Whatever renews it replaces files or what links lead to, one file after the other.  So both are looked at
every few seconds, and taken together once they fit each other; until then the old pair serves on.  Who reads
the pair may do so in the midst of that, as a worker of the edge that is just starting, so what it reads is a
copy in memory.
"""

import logging
import multiprocessing
import os
import ssl
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from backstamp.file_identity import FileIdentity, identity_of

_log = logging.getLogger("backstamp.certificate")

LOOK_SECONDS: Final = 2.0

_PAIRS_KEPT: Final = 4
"""A worker that is just starting may still read an earlier one."""

_Identity = tuple[FileIdentity, ...]


class _Pair:
    """A copy in memory, which this process and its children read by the paths `chain` and `key` (proc(5)).

    Forked children have the files themselves. Others look into this process, which nobody of its user may
    where the interpreter has capabilities of its own (setcap(8)).
    """

    def __init__(self, chain: bytes, key: bytes) -> None:
        self.octets = (chain, key)
        self._files = [_in_memory(octets) for octets in self.octets]
        process = "self" if multiprocessing.get_start_method() == "fork" else os.getpid()
        self.chain, self.key = (Path(f"/proc/{process}/fd/{file}") for file in self._files)

    def close(self) -> None:
        for file in self._files:
            os.close(file)


def _in_memory(octets: bytes) -> int:
    file = os.memfd_create("certificate")
    os.write(file, octets)
    return file


class Certificate:
    """A PEM chain and its private key."""

    def __init__(self, chain: Path, key: Path) -> None:
        """Take the files as they are now for those in use."""
        self._chain = chain
        self._key = key
        self._in_use = self._identity()
        self._refused: _Identity | None = None
        self._sightings = 0
        self._pairs: deque[_Pair] = deque()
        self._taking = threading.RLock()  # a signal's handler may interrupt itself

    def fault(self) -> str:
        """Return why the pair cannot be used as it is now, or an empty text."""
        return _fault(self._chain, self._key)

    def take(self) -> str:
        """Copy the pair as it is now; return why it cannot be used, and then keep the copy of before."""
        with self._taking:
            try:
                octets = (self._chain.read_bytes(), self._key.read_bytes())
                if self._pairs and octets == self._pairs[-1].octets:
                    return ""
                pair = _Pair(*octets)
            except OSError as error:
                return str(error.strerror or error)
            if fault := _fault(pair.chain, pair.key):
                pair.close()
                return fault
            self._pairs.append(pair)
            while len(self._pairs) > _PAIRS_KEPT:
                self._pairs.popleft().close()
            return ""

    @property
    def copies(self) -> tuple[str, str]:
        """The paths of the chain and the key that were taken last: those always fit each other."""
        pair = self._pairs[-1]
        return str(pair.chain), str(pair.key)

    def is_renewed(self) -> bool:
        """Return whether there is another pair than the one in use, and it can be used; then it is taken.

        A pair that cannot is spoken of when it is seen the second time: before, a renewal may be under way.
        """
        seen = self._identity()
        if seen is None or seen == self._in_use:
            return False
        if fault := self.take():
            self._sightings = self._sightings + 1 if seen == self._refused else 1
            self._refused = seen
            if self._sightings == 2:
                _log.error("the new certificate cannot be used (%s); the old one serves on", fault)
            return False
        self._in_use, self._refused = seen, None
        _log.warning("a renewed certificate is taken into use")
        return True

    def watch(self, renewed: Callable[[], None]) -> None:
        """Look every few seconds, in a thread that ends with the process; call `renewed` after a renewal."""
        threading.Thread(target=self._watch, args=(renewed,), name="certificate", daemon=True).start()

    def _watch(self, renewed: Callable[[], None]) -> None:
        pause = threading.Event()
        while not pause.wait(LOOK_SECONDS):
            if self.is_renewed():
                renewed()

    def _identity(self) -> _Identity | None:
        try:
            found = [path.stat() for path in (self._chain, self._key)]
        except OSError:
            return None
        return tuple(map(identity_of, found))


def _fault(chain: Path, key: Path) -> str:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key)
    except OSError as error:  # ssl.SSLError is one
        return str(error.strerror or error)
    return ""
