"""renewal: a renewed certificate of our listeners is taken into use without a restart."""

import asyncio
import ssl
from pathlib import Path

from backstamp.certificate import LOOK_SECONDS, Certificate


class Renewal:
    """Looks at the files of a certificate for as long as the gateway runs."""

    def __init__(self, chain: Path, key: Path | None) -> None:
        """Take note of the files, whose content is about to be in use; `key` is None where one has both."""
        self._certificate = Certificate(chain, key or chain)

    async def run(self, context: ssl.SSLContext) -> None:
        """Give `context` each new pair; handshakes that follow show it, connections that stand stay."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if await asyncio.to_thread(self._certificate.is_renewed):
                context.load_cert_chain(*self._certificate.copies)
