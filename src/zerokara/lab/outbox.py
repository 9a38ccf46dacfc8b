"""Messages on their way to one page, in a thread of their own: whoever has something to say never waits for a page."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from contextlib import suppress
from queue import SimpleQueue

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from zerokara.lab.messages import Message, packed

MOST_WAITING = 100
"""Messages; a page that asks more than it reads is left."""
PATIENCE_SECONDS = 10
"""How long a page may take no byte of a message."""


class Outbox:
    """What one page is sent. It begins at once, and ends with `close` or where the page is gone."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self._waiting: SimpleQueue[Message | None] = SimpleQueue()
        threading.Thread(target=self._send_all, name="lab-outbox", daemon=True).start()

    def put(self, message: Message) -> None:
        """Have a message sent; any thread may call this. Its arrays must stay as they are."""
        if self._waiting.qsize() < MOST_WAITING:
            self._waiting.put(message)
        else:
            cut_off(self._connection.socket)

    def close(self) -> None:
        """Send nothing after what is waiting."""
        self._waiting.put(None)

    def _send_all(self) -> None:
        with suppress(ConnectionClosed):
            while (message := self._waiting.get()) is not None:
                self._connection.send(packed(message))


def limit_patience(connected: socket.socket) -> None:
    """Have sending fail where the other side takes nothing for too long. Receiving waits as ever."""
    windows = sys.platform == "win32"
    limit = struct.pack("@L", PATIENCE_SECONDS * 1000) if windows else struct.pack("@ll", PATIENCE_SECONDS, 0)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def cut_off(connected: socket.socket) -> None:
    """End a connection, whoever waits for it; the threads that do clear it away."""
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
