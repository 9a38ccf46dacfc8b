"""Serves the lab to browsers on this machine: a few files, and a socket.

`websockets` answers one request a connection. Whatever comes may be anybody's: what is no request, or no message, ends
its connection and nothing else.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.sync.server import Server, ServerConnection, serve
from websockets.version import version

from zerokara.errors import UsageError
from zerokara.lab import module
from zerokara.lab.gate import Gate
from zerokara.lab.messages import MOST_BYTES, Malformed, Message, packed, unpacked
from zerokara.lab.view import Viewable
from zerokara.words import in_english, sentence

OLDEST = 17
"""Before it, `websockets` did not say by which method something was asked for."""
if int(version.partition(".")[0]) < OLDEST:
    raise ImportError(in_english("websockets {version} is too old", version=version), name="websockets")

HOST = "127.0.0.1"
USUAL_PORT = 8765
"""Where it is free; a port that is always the same can be forwarded from another machine."""
MOST_PAGES = 32
"""Sockets at a time."""
MOST_ARRIVING = 64
"""Connections that have not said yet what they want; more of them push out those that have waited longest."""
ARRIVING_SECONDS = 10
PATIENCE_SECONDS = 10
"""How long a page may take no byte of what it is sent."""
CLOSING_SECONDS = 1
TEXT = "text/plain; charset=utf-8"
FILES: Mapping[str, tuple[Callable[[], str], str]] = {
    "/boot.js": (module.boot, "text/javascript; charset=utf-8"),
    "/lab.js": (module.script, "text/javascript; charset=utf-8"),
    "/lab.css": (module.style, "text/css; charset=utf-8"),
}

_silent = logging.Logger("zerokara.lab.socket")
"""`websockets` would write requests, and the token with them, to whatever log is listening."""
_silent.disabled = True


class LabServer:
    """A server of one lab on 127.0.0.1, which takes connections at once, and answers them while `serve` runs.

    Args:
        port: 0 for any that is free; None for `USUAL_PORT`, or any where that is taken.

    Attributes:
        address: what to open in a browser, with the token.

    Raises UsageError where the port cannot be had.
    """

    def __init__(self, lab: Viewable, port: int | None = None) -> None:
        self.lab = lab
        listening = _listening(port)
        self.port: int = listening.getsockname()[1]
        self.gate = Gate(self.port)
        self.address = f"http://{HOST}:{self.port}/?token={self.gate.token}"
        self._lock = threading.Lock()
        self._arriving: list[ServerConnection] = []
        self._server: Server = serve(
            self._converse,
            sock=listening,
            create_connection=self._arrived,  # type: ignore[arg-type]  # it is only called
            process_request=self._answer,
            process_response=self._guard,
            compression=None,
            max_size=MOST_BYTES,
            open_timeout=ARRIVING_SECONDS,
            close_timeout=CLOSING_SECONDS,
            server_header=None,
            logger=_silent,
        )

    def address_for_browser(self) -> str:
        """What opens the page once; a program is called with it, which others on this machine may see."""
        return f"http://{HOST}:{self.port}/?{self.gate.ticket()}"

    def serve(self) -> None:
        """Until `stop`."""
        self._server.serve_forever()

    def stop(self) -> None:
        """End serving; pages are told, and those that do not listen are left. Any thread may call this."""
        with self._lock:
            arriving = self._still_arriving()
        for connection in arriving:
            _cut_off(connection.socket)
        closing = threading.Thread(target=self._server.shutdown, daemon=True)
        closing.start()
        closing.join(2 * CLOSING_SECONDS)
        for connection in list(self._server.all_connections):
            _cut_off(connection.socket)
        closing.join(CLOSING_SECONDS)

    def _arrived(self, connected: socket.socket, *of: Any, **more: Any) -> ServerConnection:
        """A connection that has said nothing yet."""
        _limit_patience(connected)
        connection = ServerConnection(connected, *of, **more)
        with self._lock:
            waiting = self._still_arriving()
            self._arriving = [*waiting[-MOST_ARRIVING + 1 :], connection]
        for one in waiting[: -MOST_ARRIVING + 1]:
            _cut_off(one.socket)
        return connection

    def _still_arriving(self) -> list[ServerConnection]:
        return [one for one in self._arriving if one.request is None and one.state is State.CONNECTING]

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """The answer to a request; None to open the socket."""
        path, _, query = request.path.partition("?")
        get = request.headers.get_all
        if not self.gate.comes_from_here(get("Host"), get("Origin"), socket=path == "/ws"):
            return self._response(HTTPStatus.FORBIDDEN)
        if path == "/" and self.gate.takes_ticket(query):
            return self._response(HTTPStatus.FOUND, location=f"/?token={self.gate.token}")
        if not self.gate.knows_token(query):
            text = sentence("Open the whole address that zerokara lab has printed, with its token.")
            return self._response(HTTPStatus.FORBIDDEN, text)
        if request.method not in ("GET", "HEAD"):
            return self._response(HTTPStatus.METHOD_NOT_ALLOWED)
        if path == "/ws":
            return None
        if path == "/":
            return self._response(HTTPStatus.OK, module.page(self.gate.token), "text/html; charset=utf-8")
        if path not in FILES:
            return self._response(HTTPStatus.NOT_FOUND)
        content, kind = FILES[path]
        return self._response(HTTPStatus.OK, content(), kind)

    def _response(self, status: HTTPStatus, text: str = "", kind: str = TEXT, location: str = "") -> Response:
        body = text.encode()
        headers = Headers({"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close"})
        if location:
            headers["Location"] = location
        return Response(status, status.phrase, headers, body)

    def _guard(self, connection: ServerConnection, request: Request, response: Response) -> None:
        """Every answer says what may be done with it, those of `websockets` to no proper handshake among them."""
        response.headers.update(self.gate.headers())

    def _converse(self, connection: ServerConnection) -> None:
        """Hand over what a page says, until it is gone."""
        if len(self._server.connections) > MOST_PAGES:
            connection.close(CloseCode.TRY_AGAIN_LATER)
            return

        def send(message: Message) -> None:
            connection.send(packed(message))

        with suppress(ConnectionClosed):
            view = self.lab.connect(send)
            try:
                for frame in connection:
                    view.receive(unpacked(frame))  # type: ignore[arg-type]  # a text is refused there
            except Malformed:
                connection.close(CloseCode.INVALID_DATA)
            finally:
                view.close()


def _listening(port: int | None) -> socket.socket:
    """The server's socket. Raises UsageError where the port cannot be had."""
    if port is None:
        try:
            return socket.create_server((HOST, USUAL_PORT))
        except OSError:
            port = 0
    if not 0 <= port <= 65535:
        raise UsageError(sentence("port must be a whole number from 0 to 65535. Got {got}.", got=port), "wrong-value")
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            text = sentence(
                "Port {port} is used by another program. Name another with --port, or 0 for any that is free.",
                port=port,
            )
        else:
            text = sentence(
                "Port {port} cannot be used: {reason}. Name another with --port, or 0 for any that is free.",
                port=port,
                reason=os.strerror(error.errno) if error.errno else error,  # Python adds the address to `strerror`
            )
        raise UsageError(text, "wrong-value") from error


def _limit_patience(connected: socket.socket) -> None:
    """Have sending fail where the other side takes nothing for too long. Receiving waits as ever."""
    windows = sys.platform == "win32"
    limit = struct.pack("@L", PATIENCE_SECONDS * 1000) if windows else struct.pack("@ll", PATIENCE_SECONDS, 0)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def _cut_off(connected: socket.socket) -> None:
    """End a connection, whoever waits for it; the threads that do clear it away."""
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
