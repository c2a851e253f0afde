"""A DNS server on this machine that knows some names."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

SOA = "ns.example. hostmaster.example. 1 2 3 4 300"


class DnsServer:
    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {}
        self.everything = ""
        """The address of all other names."""
        self.asked: list[str] = []
        self.rcode: dns.rcode.Rcode | None = None
        self.failing = ""
        """The zone about which it cannot answer."""
        self._heard: set[tuple[int, str]] = set()
        """Numbers and names of questions; who waits too long for a busy machine sends the same again."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                data, sender = self._socket.recvfrom(4096)
            except OSError:
                return
            if not data:
                return
            self._socket.sendto(self._answer(data), sender)

    def _answer(self, data: bytes) -> bytes:
        query = dns.message.from_wire(data)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        name = query.question[0].name.to_text()
        if (query.id, name) not in self._heard:
            self._heard.add((query.id, name))
            self.asked.append(name)
        if self.rcode is not None:
            response.set_rcode(self.rcode)
        elif self.failing and name.endswith(self.failing):
            response.set_rcode(dns.rcode.SERVFAIL)
        elif addresses := self.names.get(name, [self.everything] if self.everything else []):
            response.answer.append(dns.rrset.from_text(name, 900, "IN", "A", *addresses))
        else:
            response.set_rcode(dns.rcode.NXDOMAIN)
            response.authority.append(dns.rrset.from_text("example.", 600, "IN", "SOA", SOA))
        return response.to_wire()

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self._socket.getsockname())


@contextmanager
def dns_server() -> Iterator[DnsServer]:
    server = DnsServer()
    serving = threading.Thread(target=server.serve, daemon=True)
    serving.start()
    try:
        yield server
    finally:
        server.close()
        serving.join(2)
        server._socket.close()
