"""Certificates of a test's own authority."""

import ssl
from pathlib import Path
from typing import Any

import trustme


class Certificates:
    """A certificate authority, a server's certificate as files, and contexts for both sides."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.ca = folder / "ca.pem"
        self.chain = folder / "chain.pem"
        self.key = folder / "key.pem"
        self.authority.cert_pem.write_to_path(self.ca)
        server = self.authority.issue_cert("localhost", "127.0.0.1")
        server.cert_chain_pems[0].write_to_path(self.chain)
        server.private_key_pem.write_to_path(self.key)

    @property
    def settings(self) -> dict[str, Any]:
        """The gateway's settings for its listeners."""
        return {"tls_certificate": self.chain, "tls_key": self.key}

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context

    def client_context(self, *, shows: trustme.CA | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.ca))
        if shows is not None:
            shows.issue_cert("relay@example.org").configure_cert(context)
        return context
