"""Serves the lab to browsers on this machine: a few files, and a socket."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from zerokara.lab import module
from zerokara.lab.core import Lab
from zerokara.lab.messages import MOST_BYTES, Malformed, Message, packed, unpacked

FILES: Mapping[str, tuple[Callable[[], str], str]] = {
    "/": (module.page, "text/html; charset=utf-8"),
    "/boot.js": (module.boot, "text/javascript; charset=utf-8"),
    "/lab.js": (module.script, "text/javascript; charset=utf-8"),
    "/lab.css": (module.style, "text/css; charset=utf-8"),
}


class LabServer:
    """A server of one lab on 127.0.0.1.

    Attributes:
        address: what to open in a browser, with the token.
    """

    def __init__(self, lab: Lab, port: int = 0) -> None:
        self.lab, self.token = lab, secrets.token_urlsafe(24)
        self._server: Server = serve(
            self._converse,
            "127.0.0.1",
            port,
            process_request=self._requested,
            compression=None,
            max_size=MOST_BYTES,
        )
        self.port: int = self._server.socket.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/?token={self.token}"

    def serve(self) -> None:
        """Until `stop`."""
        self._server.serve_forever()

    def stop(self) -> None:
        """End serving; any thread may call this."""
        self._server.shutdown()

    def _requested(self, connection: ServerConnection, request: Request) -> Response | None:
        path, query = urlsplit(request.path).path, parse_qs(urlsplit(request.path).query)
        if not secrets.compare_digest(query.get("token", [""])[0], self.token):
            return connection.respond(HTTPStatus.FORBIDDEN, "")
        if path == "/ws":
            return None
        if path not in FILES:
            return connection.respond(HTTPStatus.NOT_FOUND, "")
        content, kind = FILES[path]
        body = content().replace("TOKEN", self.token) if path == "/" else content()
        encoded = body.encode()
        headers = Headers([("Content-Type", kind), ("Content-Length", str(len(encoded))), ("Connection", "close")])
        return Response(200, "OK", headers, encoded)

    def _converse(self, connection: ServerConnection) -> None:
        sending = threading.Lock()

        def send(message: Message) -> None:
            with sending:
                connection.send(packed(message))

        view = self.lab.connect(send)
        try:
            for frame in connection:
                view.receive(unpacked(frame))  # type: ignore[arg-type]
        except (ConnectionClosed, Malformed):
            pass
        finally:
            view.close()
