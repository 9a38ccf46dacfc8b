"""The server answers its own page and nobody else, and nothing that comes does harm."""

import errno
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("websockets")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from zerokara.errors import UsageError
from zerokara.lab import gate
from zerokara.lab import server as served
from zerokara.lab.core import Lab
from zerokara.lab.messages import Message, packed, unpacked
from zerokara.lab.server import MOST_ARRIVING, MOST_PAGES, LabServer
from zerokara.training.recipe import Recipe

SAFE = {
    "Referrer-Policy: no-referrer",
    "Cache-Control: no-store",
    "X-Content-Type-Options: nosniff",
    "Connection: close",
}


def raw(server: LabServer, request: bytes, *, timeout: float = 5) -> bytes:
    """What the server answers to these bytes, until it ends the connection."""
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=timeout)) as connected:
        connected.sendall(request)
        answer = b""
        while piece := connected.recv(1 << 16):
            answer += piece
        return answer


def get(server: LabServer, target: str, *lines: str, method: str = "GET") -> bytes:
    """The answer to a request; `lines` stand in place of the right Host."""
    lines = lines or (f"Host: 127.0.0.1:{server.port}",)
    return raw(server, "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode("latin-1"))


def status(answer: bytes) -> int:
    """Of an answer; 0 where there was none."""
    return int(answer.split()[1]) if answer else 0


def page_query(server: LabServer) -> str:
    return server.address.partition("/?")[2]


def dial(server: LabServer, *, origin: str | None = "", host: str = "", **more: Any) -> ClientConnection:
    """Open the socket as a browser does, or as one that is told something else."""
    own = f"127.0.0.1:{server.port}"
    address = f"ws://{host or own}/ws?{page_query(server)}"
    connected = socket.create_connection(("127.0.0.1", server.port), timeout=5)
    origin = f"http://{own}" if origin == "" else origin
    return connect(address, sock=connected, origin=origin, compression=None, **more)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A server of an untrained lab, on a free port."""
    lab = Lab(Recipe(dataset="digits", hidden=5), out=tmp_path_factory.mktemp("runs"))
    with serving(LabServer(lab, 0)) as server:
        yield server
    lab.close()


@contextmanager
def serving(server: LabServer) -> Iterator[LabServer]:
    """Have it answer in a thread."""
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield server
    server.stop()
    thread.join(5)
    assert not thread.is_alive()


@pytest.fixture
def client(server: LabServer) -> Iterator[ClientConnection]:
    """One that has been greeted."""
    with dial(server) as client:
        assert unpacked(client.recv()).type == "hello"
        yield client


def answers(client: ClientConnection) -> bool:
    """Whether this one still gets an answer, even if it is that it asks for what nobody knows."""
    client.send(packed(Message("nothing of the kind", {"id": 7})))
    while (message := unpacked(client.recv(timeout=5))).type != "refused":
        pass
    return message.fields["id"] == 7


# Files


def test_the_page_and_its_files_come_with_headers_that_keep_them_here(server: LabServer) -> None:
    for name, kind in {
        "": "text/html",
        "boot.js": "text/javascript",
        "lab.js": "text/javascript",
        "lab.css": "text/css",
    }.items():
        head, _, body = get(server, f"/{name}?{page_query(server)}").partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        assert lines[0] == "HTTP/1.1 200 OK"
        assert set(lines) >= SAFE
        assert f"Content-Type: {kind}; charset=utf-8" in lines
        assert f"Content-Length: {len(body)}" in lines
        policy = next(line for line in lines if line.startswith("Content-Security-Policy: "))
        assert "default-src 'self'; style-src 'self' 'unsafe-inline'; " in policy
        assert "frame-ancestors 'none'" in policy
        assert not any(line.startswith("Server") for line in lines)


def test_every_file_of_the_page_is_asked_for_with_the_token(server: LabServer) -> None:
    page = get(server, f"/?{page_query(server)}").decode()
    assert page.count(server.gate.token) == 2
    assert "$" not in page


def test_an_unknown_file_is_told_only_to_those_who_know_the_token(server: LabServer) -> None:
    assert status(get(server, f"/none?{page_query(server)}")) == 404
    assert status(get(server, f"/../conftest.py?{page_query(server)}")) == 404
    assert status(get(server, "/none")) == status(get(server, "/lab.js")) == 403


def test_what_asks_badly_for_the_socket_is_kept_here_too(server: LabServer) -> None:
    own = f"127.0.0.1:{server.port}"
    lines = (f"Host: {own}", f"Origin: http://{own}")
    upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 8", "Sec-WebSocket-Key: x")
    for more, expected in (((), 426), (upgrade, 400)):
        answer = get(server, f"/ws?{page_query(server)}", *lines, *more)
        assert status(answer) == expected
        head = answer.partition(b"\r\n\r\n")[0].decode()
        assert set(head.split("\r\n")) >= SAFE
        assert "Content-Security-Policy: default-src 'self'; " in head


@pytest.mark.parametrize("query", ["", "token=", "token=x", "{}x", "x{}", "{}&a=1", "token=%00", "&{}"])
def test_without_the_token_there_is_nothing(server: LabServer, query: str) -> None:
    query = query.format(page_query(server))
    answer = get(server, f"/?{query}")
    assert status(answer) == 403
    assert server.gate.token.encode() not in answer
    assert set(answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")) >= SAFE
    assert status(get(server, f"/ws?{query}")) == 403


def test_a_ticket_opens_the_page_once(server: LabServer, monkeypatch: pytest.MonkeyPatch) -> None:
    target = server.address_for_browser().partition(str(server.port))[2]
    assert server.gate.token not in target
    answer = get(server, target)
    assert status(answer) == 302
    assert f"Location: /?token={server.gate.token}\r\n".encode() in answer
    assert status(get(server, target)) == 403
    monkeypatch.setattr(gate, "TICKET_SECONDS", 0)
    late = server.address_for_browser().partition(str(server.port))[2]
    assert status(get(server, late)) == 403
    fresh = server.address_for_browser().partition("/?")[2]
    for file in ("/ws", "/lab.js"):
        assert status(get(server, f"{file}?{fresh}")) == 403


@pytest.mark.parametrize(
    "lines",
    [
        ["Host: evil.example"],
        ["Host: evil.example:{port}"],
        ["Host: 127.0.0.1"],
        ["Host: 127.0.0.1:{port}", "Host: evil.example"],
        ["Host: 127.0.0.1:{port}.evil.example"],
        ["Host: 127.0.0.2:{port}"],
        ["Accept: */*"],
        ["Host: 127.0.0.1:{port}", "Origin: http://evil.example"],
        ["Host: 127.0.0.1:{port}", "Origin: null"],
        ["Host: 127.0.0.1:{port}", "Origin: https://127.0.0.1:{port}"],
    ],
)
def test_a_foreign_host_or_origin_is_refused(server: LabServer, lines: list[str]) -> None:
    lines = [line.format(port=server.port) for line in lines]
    for path in ("/", "/lab.js", "/ws"):
        assert status(get(server, f"{path}?{page_query(server)}", *lines)) == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "get"])
def test_nothing_can_be_sent_but_over_the_socket(server: LabServer, method: str) -> None:
    assert status(get(server, f"/?{page_query(server)}", method=method)) in (0, 405)
    assert status(get(server, "/", method=method)) in (0, 403)  # no stranger is told anything else


# The socket


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "https://127.0.0.1:{port}", "http://localhost:{port}"]
)
def test_only_a_page_of_this_server_gets_the_socket(server: LabServer, origin: str | None) -> None:
    origin = origin and origin.format(port=server.port)
    with pytest.raises(InvalidStatus, match="403"), dial(server, origin=origin):
        pass


def test_a_page_may_call_this_machine_by_its_name(server: LabServer) -> None:
    host = f"localhost:{server.port}"
    with dial(server, host=host, origin=f"http://{host}") as client:
        assert unpacked(client.recv()).type == "hello"


NOT_MESSAGES = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=50),
    st.builds(
        lambda length, rest: length.to_bytes(4, "little") + rest, st.integers(0, 2**32 - 1), st.binary(max_size=50)
    ),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["type", "arrays", "buffers", "id", "x"]), inner)
        ),
        max_leaves=12,
    ).map(lambda content: len(text := json.dumps(content).encode()).to_bytes(4, "little") + text),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(frame=NOT_MESSAGES)
def test_what_is_no_message_ends_at_most_its_own_connection(
    server: LabServer, client: ClientConnection, frame: bytes | str
) -> None:
    with dial(server) as stranger, suppress(ConnectionClosed):
        stranger.recv()
        stranger.send(frame)
        stranger.send(packed(Message("nothing of the kind", {"id": 1})))
        stranger.recv(timeout=5)
    assert answers(client)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(noise=st.binary(min_size=1, max_size=400))
def test_bytes_that_are_no_frames_end_at_most_their_own_connection(
    server: LabServer, client: ClientConnection, noise: bytes
) -> None:
    own = f"127.0.0.1:{server.port}"
    head = (
        f"GET /ws?{page_query(server)} HTTP/1.1\r\nHost: {own}\r\nOrigin: http://{own}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    for start in (head.encode(), b""):
        with closing(socket.create_connection(("127.0.0.1", server.port), timeout=5)) as stranger:
            stranger.sendall(start + noise)
    assert answers(client)


def test_a_message_that_is_too_long_ends_its_connection(server: LabServer, client: ClientConnection) -> None:
    with dial(server) as stranger:
        stranger.recv()
        stranger.send(bytes((1 << 20) + 1))
        with pytest.raises(ConnectionClosed):
            stranger.recv(timeout=5)
        assert stranger.close_code == 1009
    assert answers(client)


def test_a_page_whose_message_is_malformed_is_told_so(server: LabServer) -> None:
    with dial(server) as stranger:
        stranger.recv()
        stranger.send("text")
        with pytest.raises(ConnectionClosed):
            stranger.recv(timeout=5)
        assert stranger.close_code == 1007


# Crowds


def test_half_open_connections_keep_nobody_out(server: LabServer) -> None:
    before = threading.active_count()
    waiting = [socket.create_connection(("127.0.0.1", server.port), timeout=5) for _ in range(MOST_ARRIVING + 20)]
    try:
        for one in waiting[-30:]:
            one.sendall(b"GET / HT")
        assert status(get(server, f"/?{page_query(server)}")) == 200
        assert waiting[0].recv(1) == b"", "the one that has waited longest still does"
        deadline = time.monotonic() + 10  # threads of those that were cut off need a moment to end
        while threading.active_count() > before + 2 * (MOST_ARRIVING + 2) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert threading.active_count() <= before + 2 * (MOST_ARRIVING + 2)
    finally:
        for one in waiting:
            one.close()


def test_one_page_too_many_is_told_so_and_the_others_go_on(server: LabServer, client: ClientConnection) -> None:
    with ExitStack() as pages:
        several = [pages.enter_context(dial(server)) for _ in range(MOST_PAGES - 1)]
        assert all(unpacked(page.recv()).type == "hello" for page in several)
        with dial(server) as late:
            with pytest.raises(ConnectionClosed):
                late.recv(timeout=5)
            assert late.close_code == 1013
        assert answers(client)
        several[0].close()
        with dial(server) as later:
            assert unpacked(later.recv()).type == "hello"


@pytest.mark.slow
def test_a_page_that_asks_and_does_not_read_is_left(
    server: LabServer, client: ClientConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "PATIENCE_SECONDS", 1)
    long = packed(Message("x" * 30, {"id": "x" * 100_000}))
    with dial(server, max_queue=(1, 0)) as deaf:

        def ask() -> None:
            for _ in range(2000):
                deaf.send(long)

        with pytest.raises(ConnectionClosed):
            ask()
    assert answers(client)


# What is written, and what is not


def test_the_token_is_in_no_log(
    server: LabServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        get(server, f"/?{page_query(server)}")
        get(server, f"/none?{page_query(server)}", method="POST")
        with dial(server) as page:
            page.recv()
            page.send("no message")
    ours = [record.getMessage() for record in caplog.records if record.name != "websockets.client"]
    assert not any(server.gate.token in text for text in ours)
    assert capfd.readouterr() == ("", "")


# Ports, beginning and end


def test_it_listens_on_this_machine_alone(server: LabServer) -> None:
    assert server._server.socket.getsockname()[0] == "127.0.0.1"
    assert server.address == f"http://127.0.0.1:{server.port}/?token={server.gate.token}"
    assert len(server.gate.token) == 32


def test_each_server_has_a_token_of_its_own(server: LabServer) -> None:
    with serving(LabServer(server.lab, 0)) as other:
        assert other.gate.token != server.gate.token


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_is_none_is_refused(server: LabServer, port: int) -> None:
    with pytest.raises(UsageError, match=f"port must be a whole number from 0 to 65535. Got {port}."):
        LabServer(server.lab, port)


def test_a_port_that_is_not_for_everybody_is_a_sentence(server: LabServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(address: tuple[str, int]) -> None:
        text = f"Permission denied (while attempting to bind on address {address})"  # as Python words it
        raise PermissionError(errno.EACCES, text)

    monkeypatch.setattr(served.socket, "create_server", refuse)
    with pytest.raises(UsageError, match=r"^Port 80 cannot be used: Permission denied\. Name another"):
        LabServer(server.lab, 80)


def test_a_busy_port_is_a_sentence_and_the_usual_one_gives_way(
    server: LabServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match=f"Port {server.port} is used by another program"):
        LabServer(server.lab, server.port)
    monkeypatch.setattr(served, "USUAL_PORT", server.port)
    with serving(LabServer(server.lab)) as other:
        assert other.port not in (0, server.port)


def test_it_ends_soon_whoever_is_connected_and_tells_its_pages(server: LabServer) -> None:
    before = threading.active_count()
    with serving(LabServer(server.lab, 0)) as other:
        half_open = socket.create_connection(("127.0.0.1", other.port))
        with dial(other) as page:
            page.recv()
            began = time.monotonic()
            other.stop()
            assert time.monotonic() - began < 3
            with pytest.raises(ConnectionClosed):
                page.recv(timeout=5)
            assert page.close_code == 1001
        half_open.close()
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


@pytest.mark.slow
def test_ten_pages_do_not_make_it_grow(server: LabServer) -> None:
    """Ten at a time, again and again, each painting some frames, asking, and going in one of three ways."""
    before = threading.active_count()
    sizes = []
    for _ in range(8):
        with ExitStack() as pages:
            several = [pages.enter_context(dial(server)) for _ in range(10)]
            for page in several:
                hello = unpacked(page.recv(timeout=5))
                page.send(packed(Message("seen", {"frame": hello.fields["frame"]})))
                assert answers(page)
            several[0].socket.close()  # as where a browser is killed
            several[1].send("no message")
        sizes.append(resident())
    deadline = time.monotonic() + 5
    while (threading.active_count() > before or server.lab.views) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before
    assert server.lab.views == []
    assert max(sizes[-3:]) - sizes[2] < 8_000_000, sizes


def resident() -> int:
    """Bytes of memory that this process has; 0 where that cannot be told."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
    return 0
