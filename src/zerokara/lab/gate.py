"""Who may talk to the lab's server: browsers on this machine that were given its token.

Loopback is shared by all who use the machine, and any page that a browser shows may try to reach it. So whoever asks
must know the token, ask for this server by its own name (a foreign page that has its name point here does not), and,
for the socket, come from a page of this server, as a browser tells in `Origin`.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Sequence

TOKEN_BYTES = 24
TICKET_SECONDS = 60
"""How long a browser may take to start."""
HEADERS = (
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' {sockets}; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'"
)
"""What the page may load: from this server alone, and an icon that is written out, so that no browser asks for one.
Not every browser counts the socket as 'self'."""


class Gate:
    """The token of one server, and what it asks of requests.

    A browser is started with a ticket, which works once, and not for long: whoever lists the machine's programs sees
    how each was called, but comes too late.
    """

    def __init__(self, port: int) -> None:
        named = ("127.0.0.1", "localhost")
        self.hosts = [f"{name}:{port}" for name in named] + (list(named) if port == 80 else [])
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self._tickets: dict[str, float] = {}
        self._lock = threading.Lock()

    def headers(self) -> list[tuple[str, str]]:
        """What every answer carries."""
        sockets = " ".join(f"ws://{host}" for host in self.hosts)
        return [*HEADERS, ("Content-Security-Policy", POLICY.format(sockets=sockets))]

    def comes_from_here(self, hosts: Sequence[str], origins: Sequence[str], *, socket: bool) -> bool:
        """Whether this server was asked for by its name, and by its own page. Only opening a page needs no Origin."""
        if len(hosts) != 1 or hosts[0] not in self.hosts:
            return False
        return list(origins) == [f"http://{hosts[0]}"] or (not socket and not origins)

    def knows_token(self, query: str) -> bool:
        """Whether this is the query with the token, compared in a time that tells nothing of it."""
        return _same(query, f"token={self.token}")

    def ticket(self) -> str:
        """A query that opens the page once."""
        ticket = f"ticket={secrets.token_urlsafe(TOKEN_BYTES)}"
        with self._lock:
            self._tickets[ticket] = time.monotonic()
        return ticket

    def takes_ticket(self, query: str) -> bool:
        """Whether this is the query of a ticket that nobody has used; from now on it is used."""
        with self._lock:
            since = [self._tickets.pop(ticket) for ticket in list(self._tickets) if _same(query, ticket)]
        return bool(since) and time.monotonic() - since[0] < TICKET_SECONDS


def _same(got: str, secret: str) -> bool:
    return secrets.compare_digest(got.encode("utf-8", "surrogateescape"), secret.encode())
