"""A cache of its own for every test, a tiny published data set, and mirrors on loopback that do what mirrors do."""

import gzip
import hashlib
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from zerokara.data import ENTRIES, Entry, catalog, search_paths, whereabouts
from zerokara.data.entries import FILE_NAMES, PublishedFile


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    """The folder with the real files; only for tests marked `mnist`."""
    path = whereabouts("mnist")[FILE_NAMES[0]]
    assert path is not None
    return path.parent


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; no data folders, no mirror of one's own, and no patience."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("ZEROKARA_CACHE", str(folder))
    monkeypatch.delenv("ZEROKARA_DATA", raising=False)
    monkeypatch.delenv("ZEROKARA_MIRROR", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(
        catalog, "LIMITS", catalog.Limits(connect=2.0, silence=2.0, window=1.5, rate=2000, size=100_000)
    )
    search_paths.warn_unwritable.cache_clear()
    return folder


def idx_bytes(array: np.ndarray) -> bytes:
    """The IDX file of an array of bytes, written down from the description of the format."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


@dataclass(frozen=True)
class Published:
    """A data set with its entry in the catalogue: 30 training and 12 test images of 5×4, three classes."""

    entry: Entry
    unpacked: dict[str, bytes]
    packed: dict[str, bytes]
    arrays: tuple[np.ndarray, ...]

    def put(self, folder: Path, *, packed: bool = True) -> Path:
        """Lay the four files into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in self.packed:
            if packed:
                (folder / name).write_bytes(self.packed[name])
            else:
                (folder / name.removesuffix(".gz")).write_bytes(self.unpacked[name])
        return folder


def published(name: str, algorithm: str, seed: int) -> Published:
    """A made-up data set whose packed sums are published, and with sha256 also the sums of the unpacked files."""
    generator = np.random.default_rng(seed)
    arrays = (
        generator.integers(0, 256, (30, 5, 4), dtype=np.uint8),
        (np.arange(30) % 3).astype(np.uint8),
        generator.integers(0, 256, (12, 5, 4), dtype=np.uint8),
        (np.arange(12) % 3).astype(np.uint8),
    )
    unpacked = {file: idx_bytes(array) for file, array in zip(FILE_NAMES, arrays, strict=True)}
    packed = {file: gzip.compress(data, mtime=0) for file, data in unpacked.items()}
    files = tuple(
        PublishedFile(
            file,
            f"{algorithm}:{hashlib.new(algorithm, packed[file]).hexdigest()}",
            zlib.crc32(unpacked[file]) if algorithm == "sha256" else None,
        )
        for file in FILE_NAMES
    )
    entry = Entry(name, name, "made up", "none", "nowhere", ("a", "b", "c"), (5, 4), (), files)
    return Published(entry, unpacked, packed, arrays)


def in_catalogue(monkeypatch: pytest.MonkeyPatch, made: Published, mirrors: tuple[str, ...] = ()) -> Published:
    """Enter a made-up data set into the catalogue for the time of one test."""
    entry = replace(made.entry, mirrors=mirrors)
    monkeypatch.setitem(ENTRIES, entry.name, entry)
    return replace(made, entry=entry)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Published:
    """A data set like MNIST: the sums of packed and unpacked files are known; it has no mirrors."""
    return in_catalogue(monkeypatch, published("tiny", "sha256", seed=1))


@pytest.fixture
def dim(monkeypatch: pytest.MonkeyPatch) -> Published:
    """A data set like Fashion-MNIST: only MD5 sums of its packed files are known."""
    return in_catalogue(monkeypatch, published("dim", "md5", seed=2))


class Mirrors:
    """A server whose first part of the path says how it behaves: `server.base("403")` is the address of a mirror."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []
        self.over = threading.Event()
        mirrors = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                mirrors.asked.append(self.path)
                behaviour, _, name = self.path.strip("/").partition("/")
                with suppress(BrokenPipeError, ConnectionResetError):  # the client has given up, as it should
                    mirrors.behave(self, behaviour, mirrors.files.get(name.rpartition("/")[2], b""))

            def log_message(self, *_: object) -> None:
                """Tests are quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def base(self, behaviour: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/{behaviour}/"

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def behave(self, handler: BaseHTTPRequestHandler, behaviour: str, body: bytes) -> None:
        handler.close_connection = True
        if behaviour.isdecimal():
            handler.send_error(int(behaviour))
        elif behaviour == "reset":
            return
        elif behaviour == "silence":
            self.over.wait(5)
        elif behaviour == "loop":
            self._head(handler, 302, Location=handler.path)
        elif behaviour == "header-drip":
            self._drip(handler, b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100)
        else:
            self._answer(handler, behaviour, body)

    def _answer(self, handler: BaseHTTPRequestHandler, behaviour: str, body: bytes) -> None:
        if behaviour == "html":
            body = b"<!DOCTYPE html><html><body>Sign in to the network</body></html>"
        elif behaviour == "text":
            body = b"moved elsewhere"
        elif behaviour == "corrupt":
            body = body[:-9] + bytes([body[-9] ^ 1]) + body[-8:]
        if behaviour == "endless":
            self._head(handler, 200)
            for _ in range(1000):
                handler.wfile.write(bytes(10_000))
        elif behaviour == "chunked":
            self._head(handler, 200, Transfer_Encoding="chunked")
            for start in range(0, len(body), 50):
                piece = body[start : start + 50]
                handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            handler.wfile.write(b"0\r\n\r\n")
        elif behaviour == "encoded":
            self._head(handler, 200, Content_Length=str(len(body)), Content_Encoding="gzip")
            handler.wfile.write(body)
        elif behaviour == "truncated":
            self._head(handler, 200, Content_Length=str(len(body) + 100))
            handler.wfile.write(body)
        else:
            self._head(handler, 200, Content_Length=str(len(body)))
            if behaviour == "drip":
                self._drip(handler, body)
            elif behaviour == "stall":
                handler.wfile.write(body[:20])
                self.over.wait(5)
            else:
                handler.wfile.write(body)

    @staticmethod
    def _head(handler: BaseHTTPRequestHandler, status: int, **headers: str) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()

    def _drip(self, handler: BaseHTTPRequestHandler, data: bytes) -> None:
        for byte in data[:100]:
            handler.wfile.write(bytes([byte]))
            if self.over.wait(0.05):
                return


@pytest.fixture
def mirrors(tiny: Published) -> Iterator[Mirrors]:
    """Mirrors of the tiny data set, each with a behaviour of its own."""
    server = Mirrors(tiny.packed)
    yield server
    server.close()


def stray_files(folder: Path) -> list[str]:
    """Names of what unfinished work may have left behind."""
    return [
        path.name
        for path in folder.rglob("*")
        if path.is_file() and path.name not in FILE_NAMES and path.suffix != ".idx"
    ]
