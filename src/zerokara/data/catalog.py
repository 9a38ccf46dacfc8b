"""Fetching a published file from the first mirror that delivers it whole. The only file of zerokara that downloads.

Mirrors refuse, vanish, answer with a page of HTML, stop half-way or drip; each is a reason to try the next one.
Pooch keeps the file under a temporary name until its checksum is right and then renames it; how long to wait is ours.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from zerokara.data.entries import Entry, PublishedFile
from zerokara.data.search_paths import cache_folder
from zerokara.errors import DownloadError
from zerokara.files import sync_folder
from zerokara.words import sentence, translatable

if TYPE_CHECKING:
    import requests

Progress = Callable[[str, int, int | None], None]
"""Called with a file's name, the bytes that have arrived, and how many there will be (None: not known)."""


@dataclass(frozen=True)
class Limits:
    """How patient a download is.

    Attributes:
        connect, silence: seconds to wait for a connection, and for the next byte.
        window, rate: in every `window` seconds at least `rate` bytes per second must arrive.
        size: the most bytes a file may have; the largest published one has some 27 million.
        redirects: how many redirections to follow.
    """

    connect: float = 10.0
    silence: float = 10.0
    window: float = 10.0
    rate: float = 4096.0
    size: int = 1 << 26
    redirects: int = 5


LIMITS = Limits()


def mirrors_of(entry: Entry) -> list[str]:
    """Base addresses to fetch from, in order; `ZEROKARA_MIRROR/NAME/` comes first if that variable is set.

    A classroom can serve its own copy: `python -m http.server` in the folder above `mnist/` is enough.
    """
    own = os.environ.get("ZEROKARA_MIRROR")
    return [*([f"{own.rstrip('/')}/{entry.name}/"] if own else []), *entry.mirrors]


def fetch_file(
    entry: Entry,
    file: PublishedFile,
    folder: Path,
    mirrors: list[str],
    progress: Progress | None = None,
    known: tuple[str, ...] = (),
) -> Path:
    """Fetch one file into `folder`, which is made if need be, and return its path; its checksum is right.

    Args:
        mirrors: base addresses in order. One that fails goes to the end, so that the next file does not wait for it.
        progress: told of every piece that arrives.
        known: sentences on what was found before, for the error.

    Raises:
        DownloadError: no mirror delivered; it says what each of them answered and what to do.
        OSError: the folder cannot be written. Nothing is left behind.
    """
    said = list(known)
    for mirror in list(mirrors):
        try:
            return _fetch_from(f"{mirror}{file.name}", file, folder, progress)
        except _MirrorFailed as failure:
            said.append(failure.told_of(f"{mirror}{file.name}"))
            mirrors.append(mirrors.pop(mirrors.index(mirror)))  # the caller's list: the next file asks it last
    raise DownloadError(_nowhere(entry, file, said))


def _nowhere(entry: Entry, file: PublishedFile, said: list[str]) -> str:
    by_hand = sentence(
        "You can put its files by hand into {cache}, or into a folder named {name} in a folder that ZEROKARA_DATA "
        "names, packed or unpacked: {files}.",
        name=entry.name,
        cache=cache_folder() / entry.name,
        files=", ".join(one.name for one in entry.files),
    )
    return "\n".join(
        [
            sentence("{name} is not here, and no mirror delivered {file}.", name=entry.name, file=file.name),
            *(f"  {line}" for line in said),
            by_hand,
            sentence("The data set digits needs no download and always works."),
        ]
    )


class _MirrorFailed(Exception):
    """What a mirror did instead of delivering: a sentence that names its address, and the other facts of it."""

    def __init__(self, template: str, **facts: object) -> None:
        super().__init__(template, facts)
        self.template, self.facts = template, facts

    def told_of(self, address: str) -> str:
        """The sentence, of the file at that address."""
        return sentence(self.template, address=address, **self.facts)


def _fetch_from(address: str, file: PublishedFile, folder: Path, progress: Progress | None) -> Path:
    import pooch

    pooch.get_logger().setLevel("WARNING")  # what happens is told through `progress`, and by errors
    transfer = _Transfer(LIMITS, file.name, progress)
    try:
        path = Path(pooch.retrieve(address, file.known_sum, file.name, folder, downloader=transfer))
    except ValueError as error:  # a wrong checksum; pooch has removed what came
        raise transfer.wrong_content() from error
    sync_folder(folder)
    return path


class _Transfer:
    """Pooch's downloader: one address into one file, within limits."""

    def __init__(self, limits: Limits, name: str, progress: Progress | None) -> None:
        self._limits = limits
        self._name = name
        self._progress = progress
        self._start = b""
        self._arrived = 0

    def __call__(self, address: str, output_file: str | os.PathLike[str], _pooch: Any) -> None:
        with open(output_file, "wb") as file:
            for piece in self._pieces(address):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(output_file, 0o644)  # temporary files are private, but what is published may be shared

    def wrong_content(self) -> _MirrorFailed:
        """What arrived, when it was not the file."""
        if self._start.lstrip().lower().startswith((b"<!doctype", b"<html")):
            return _MirrorFailed(translatable("{address}: sent a page of HTML instead of the file."))
        if not self._start.startswith(b"\x1f\x8b"):
            return _MirrorFailed(
                translatable("{address}: sent something else: {got:,} bytes that start with {start}."),
                got=self._arrived,
                start=self._start,
            )
        return _MirrorFailed(
            translatable("{address}: sent a damaged file: the checksum of its {got:,} bytes is wrong."),
            got=self._arrived,
        )

    def _pieces(self, address: str) -> Iterator[bytes]:
        response = _answer(address, self._limits)
        with response:
            if response.status_code != 200:
                raise _MirrorFailed(
                    translatable("{address}: answered {status} {reason}."),
                    status=response.status_code,
                    reason=response.reason,
                )
            length = response.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else None
            pace = _Pace(self._limits)
            while piece := _next_piece(response, self._limits):
                self._start = self._start or piece[:16]
                self._arrived += len(piece)
                pace.count(len(piece))
                self._check_size()
                yield piece
                if self._progress:
                    self._progress(self._name, self._arrived, total)
        if total is not None and self._arrived != total:
            text = translatable("{address}: stopped after {got:,} of {total:,} bytes.")
            raise _MirrorFailed(text, got=self._arrived, total=total)

    def _check_size(self) -> None:
        if self._arrived > self._limits.size:
            text = translatable("{address}: sent more than {size:,} bytes, which is more than any file has.")
            raise _MirrorFailed(text, size=self._limits.size)


class _Pace:
    """Whether enough bytes arrive in each window of time: a drip would otherwise keep a download alive for days."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._begin()

    def _begin(self) -> None:
        self._since = time.monotonic()
        self._arrived = 0

    def count(self, arrived: int) -> None:
        self._arrived += arrived
        seconds = time.monotonic() - self._since
        if seconds < self._limits.window:
            return
        if self._arrived < self._limits.rate * seconds:
            raise _MirrorFailed(
                translatable("{address}: sends only {got:,.0f} bytes per second. Expected at least {rate:,.0f}."),
                got=self._arrived / seconds,
                rate=self._limits.rate,
            )
        self._begin()


def _answer(address: str, limits: Limits) -> "requests.Response":
    """The response to a request, its body still to be read.

    The request runs in a thread, because a header that drips byte by byte is never silent for long enough to notice.
    The thread of a mirror that is given up ends with its connection, and does not keep the program from ending.
    """
    answers: SimpleQueue[Any] = SimpleQueue()
    Thread(target=lambda: answers.put(_request(address, limits)), daemon=True).start()
    try:
        answer = answers.get(timeout=limits.connect + limits.silence)
    except Empty:
        text = translatable("{address}: gave no answer for {seconds:g} s.")
        raise _MirrorFailed(text, seconds=limits.connect + limits.silence) from None
    if isinstance(answer, Exception):
        raise _failure(answer, limits) from answer
    response: requests.Response = answer
    return response


def _request(address: str, limits: Limits) -> Any:
    """The response, or the exception that came instead of it."""
    import requests

    try:
        with requests.Session() as session:
            session.max_redirects = limits.redirects
            # Some servers pack a second time on the way if that is allowed.
            session.headers["Accept-Encoding"] = "identity"
            return session.get(address, stream=True, timeout=(limits.connect, limits.silence))
    except Exception as error:
        return error


def _next_piece(response: "requests.Response", limits: Limits) -> bytes:
    """What has arrived, as soon as anything has: a read of fixed size would wait for a drip without end."""
    import urllib3

    try:
        piece: bytes = response.raw.read1(1 << 18, decode_content=False)
        return piece
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _failure(error, limits) from error


def _failure(error: Exception, limits: Limits) -> _MirrorFailed:
    """What went wrong with a connection. Exceptions of several libraries arrive here."""
    import requests
    import urllib3

    if isinstance(error, requests.ConnectTimeout):
        return _MirrorFailed(
            translatable("{address}: could not be reached within {seconds:g} s."), seconds=limits.connect
        )
    if isinstance(error, requests.ReadTimeout | urllib3.exceptions.ReadTimeoutError | TimeoutError):
        return _MirrorFailed(translatable("{address}: sent nothing for {seconds:g} s."), seconds=limits.silence)
    if isinstance(error, requests.TooManyRedirects):
        return _MirrorFailed(translatable("{address}: redirected more than {count} times."), count=limits.redirects)
    cause = _innermost(error)
    if isinstance(cause, urllib3.exceptions.IncompleteRead):
        return _MirrorFailed(
            translatable("{address}: stopped after {got:,} bytes, {missing:,} too early."),
            got=cause.partial,
            missing=cause.expected,
        )
    reason = getattr(cause, "strerror", None) or cause
    return _MirrorFailed(translatable("{address}: connection failed ({reason})."), reason=reason)


def _innermost(error: BaseException) -> BaseException:
    """The cause at the bottom: "Connection refused" rather than the pool that reports it."""
    for _ in range(10):  # an exception may be its own cause
        nested = (getattr(error, "reason", None), *error.args, error.__cause__)
        cause = next((one for one in nested if isinstance(one, BaseException)), None)
        if cause is None:
            break
        error = cause
    return error
