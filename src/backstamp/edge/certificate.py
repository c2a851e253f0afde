"""The edge's own certificate: a renewed one is taken into use without a restart.

Whatever renews it replaces files or what links lead to, one file after the other.  So both are looked at
every few seconds, and taken together once they fit each other; until then the old pair serves on.
"""

import logging
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from backstamp.file_identity import FileIdentity, identity_of

_log = logging.getLogger("backstamp.edge")

LOOK_SECONDS: Final = 2.0

_Identity = tuple[FileIdentity, ...]


class Certificate:
    """A PEM chain and its private key."""

    def __init__(self, chain: Path, key: Path) -> None:
        """Take the pair as it is now for the one in use."""
        self.chain = chain
        self.key = key
        self._in_use = self._identity()
        self._refused: _Identity | None = None
        self._sightings = 0

    def fault(self) -> str:
        """Return why the pair cannot be used, or an empty text."""
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.chain, self.key)
        except OSError as error:  # ssl.SSLError is one
            return str(error.strerror or error)
        return ""

    def is_renewed(self) -> bool:
        """Return whether there is another pair than the one in use, and it can be used.

        A pair that cannot is spoken of when it is seen the second time: before, a renewal may be under way.
        """
        seen = self._identity()
        if seen is None or seen == self._in_use:
            return False
        fault = self.fault()
        if fault or seen != self._identity():
            self._sightings = self._sightings + 1 if seen == self._refused else 1
            self._refused = seen
            if self._sightings == 2:
                _log.error("the new certificate cannot be used (%s); the old one serves on", fault)
            return False
        self._in_use, self._refused = seen, None
        return True

    def watch(self, renewed: Callable[[], None]) -> None:
        """Look every few seconds, in a thread that ends with the process; call `renewed` after a renewal."""
        threading.Thread(target=self._watch, args=(renewed,), name="certificate", daemon=True).start()

    def _watch(self, renewed: Callable[[], None]) -> None:
        pause = threading.Event()
        while not pause.wait(LOOK_SECONDS):
            if self.is_renewed():
                _log.warning("a renewed certificate is taken into use")
                renewed()

    def _identity(self) -> _Identity | None:
        try:
            found = [path.stat() for path in (self.chain, self.key)]
        except OSError:
            return None
        return tuple(map(identity_of, found))
