"""Fetching, against mirrors on loopback that refuse, lie, stop, drip and vanish."""

import socket
import stat
import time
from pathlib import Path

import pytest

from zerokara.data import catalog
from zerokara.data.catalog import fetch_file, mirrors_of
from zerokara.data.entries import ENTRIES, FILE_NAMES
from zerokara.errors import DownloadError

from .conftest import Mirrors, Published, stray_files

IMAGES = FILE_NAMES[0]
FAULTS = {
    "403": "answered 403 Forbidden",
    "404": "answered 404 Not Found",
    "500": "answered 500 Internal Server Error",
    "html": "sent a page of HTML instead of the file",
    "text": r"sent something else: 15 bytes that start with b'moved elsewhere'",
    "corrupt": "sent a damaged file: the checksum of its [0-9]+ bytes is wrong",
    "truncated": "stopped after [0-9]+ bytes, 100 too early",
    "silence": r"sent nothing for 2 s",
    "stall": r"sent nothing for 2 s",
    "drip": r"sends only [0-9]+ bytes per second\. Expected at least 2,000",
    "header-drip": r"gave no answer for 4 s",
    "loop": "redirected more than 5 times",
    "reset": "connection failed .*without response",
    "endless": "sent more than 100,000 bytes",
}


def fetch(made: Published, folder: Path, mirrors: list[str], **options: object) -> Path:
    return fetch_file(made.entry, made.entry.files[0], folder, mirrors, **options)  # type: ignore[arg-type]


PATIENCE = ("silence", "stall", "drip", "header-drip")
"""Faults that only waiting finds out, for seconds."""
MOST = [pytest.param(fault, marks=pytest.mark.slow if fault in PATIENCE else ()) for fault in FAULTS]


@pytest.mark.parametrize("fault", MOST)
def test_every_fault_leads_to_the_next_mirror(fault: str, tiny: Published, mirrors: Mirrors, tmp_path: Path) -> None:
    order = [mirrors.base(fault), mirrors.base("good")]
    began = time.monotonic()
    path = fetch(tiny, tmp_path / "to", order)
    assert time.monotonic() - began < 20
    assert path == tmp_path / "to" / IMAGES
    assert path.read_bytes() == tiny.packed[IMAGES]
    assert order == [mirrors.base("good"), mirrors.base(fault)]  # the next file does not wait for it again
    assert not stray_files(tmp_path)


@pytest.mark.parametrize("fault", MOST)
def test_the_error_says_what_each_mirror_did(fault: str, tiny: Published, mirrors: Mirrors, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=rf"(?m)^  {mirrors.base(fault)}{IMAGES}: {FAULTS[fault]}"):
        fetch(tiny, tmp_path / "to", [mirrors.base(fault)])
    assert not (tmp_path / "to" / IMAGES).exists()
    assert not stray_files(tmp_path)


@pytest.mark.parametrize(("each", "slow"), [(4095, True), (4096, False), (40_000, False)])
def test_a_file_must_come_at_4096_bytes_per_second_in_every_ten(
    each: int, slow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of 26 million bytes then takes two hours at the most."""
    now = 100.0
    monkeypatch.setattr(catalog.time, "monotonic", lambda: now)
    pace = catalog._Pace(catalog.Limits())
    for second in range(1, 31):
        now = 100.0 + second
        if slow and second == 10:
            with pytest.raises(catalog._MirrorFailed, match="sends only") as caught:
                pace.count(each)
            said = "here: sends only 4,095 bytes per second. Expected at least 4,096."
            assert caught.value.told_of("here") == said
            break
        pace.count(each)


def test_the_largest_published_file_may_come() -> None:
    """Fashion-MNIST's training images, packed: 26,421,880 bytes."""
    assert 26_421_880 < catalog.Limits().size < 100_000_000


def test_a_file_that_came_fast_may_not_begin_to_drip(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(catalog.time, "monotonic", lambda: now)
    pace = catalog._Pace(catalog.Limits())
    now = 10.0
    pace.count(10_000_000)
    now = 20.0
    with pytest.raises(catalog._MirrorFailed, match="sends only") as caught:
        pace.count(40_000)
    assert "sends only 4,000 bytes per second" in caught.value.told_of("here")


def test_redirections_are_followed_five_times(tiny: Published, mirrors: Mirrors, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="redirected more than 5 times"):
        fetch(tiny, tmp_path, [mirrors.base("loop")])
    assert len(mirrors.asked) == 6


def test_a_mirror_that_is_not_there(tiny: Published, mirrors: Mirrors, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    assert fetch(tiny, tmp_path, [nowhere, mirrors.base("good")]).is_file()
    (tmp_path / IMAGES).unlink()
    with pytest.raises(DownloadError, match=r"connection failed \(.*refused"):
        fetch(tiny, tmp_path, [nowhere])


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/", "no address/", "http:///"])
def test_an_address_that_is_none_is_only_another_fault(
    address: str, tiny: Published, mirrors: Mirrors, tmp_path: Path
) -> None:
    assert fetch(tiny, tmp_path, [address, mirrors.base("good")]).is_file()


def test_when_all_fail_one_error_says_what_to_do(
    tiny: Published, mirrors: Mirrors, cache: Path, tmp_path: Path
) -> None:
    order = [mirrors.base("403"), mirrors.base("html")]
    with pytest.raises(DownloadError, match=f"tiny is not here, and no mirror delivered {IMAGES}") as caught:
        fetch(tiny, tmp_path, order, known=("the cached file is damaged.",))
    lines = str(caught.value).splitlines()
    assert lines[1] == "  the cached file is damaged."
    assert [line.split()[0] for line in lines[2:4]] == [f"{mirrors.base(fault)}{IMAGES}:" for fault in ("403", "html")]
    assert str(cache / "tiny") in lines[4]
    assert "ZEROKARA_DATA" in lines[4]
    assert all(name in lines[4] for name in FILE_NAMES)
    assert "digits" in lines[5]


@pytest.mark.parametrize("manner", ["good", "chunked", "encoded"])
def test_the_file_arrives_as_published(manner: str, tiny: Published, mirrors: Mirrors, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    path = fetch(tiny, tmp_path, [mirrors.base(manner)], progress=lambda *news: seen.append(news))
    size = len(tiny.packed[IMAGES])
    assert path.read_bytes() == tiny.packed[IMAGES]
    assert seen[-1] == (IMAGES, size, None if manner == "chunked" else size)
    assert [news[1] for news in seen] == sorted(news[1] for news in seen)


def test_a_damaged_file_is_replaced_only_by_a_whole_one(tiny: Published, mirrors: Mirrors, tmp_path: Path) -> None:
    (tmp_path / IMAGES).write_bytes(b"damaged")
    with pytest.raises(DownloadError, match="damaged file"):
        fetch(tiny, tmp_path, [mirrors.base("corrupt")])
    assert (tmp_path / IMAGES).read_bytes() == b"damaged"
    fetch(tiny, tmp_path, [mirrors.base("good")])
    assert (tmp_path / IMAGES).read_bytes() == tiny.packed[IMAGES]


def test_others_may_read_what_was_fetched(tiny: Published, mirrors: Mirrors, tmp_path: Path) -> None:
    assert stat.S_IMODE(fetch(tiny, tmp_path, [mirrors.base("good")]).stat().st_mode) == 0o644


def test_an_interruption_leaves_nothing_behind(tiny: Published, mirrors: Mirrors, tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        fetch(tiny, tmp_path, [mirrors.base("good")], progress=interrupt)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_not_the_mirrors_fault(
    tiny: Published, mirrors: Mirrors, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        fetch(tiny, tmp_path / "file" / "to", [mirrors.base("good"), mirrors.base("good")])
    assert not mirrors.asked


@pytest.mark.parametrize("own", ["http://school:8000", "http://school:8000/"])
def test_a_mirror_of_ones_own_is_tried_first(own: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEROKARA_MIRROR", own)
    entry = ENTRIES["kmnist"]
    assert mirrors_of(entry) == ["http://school:8000/kmnist/", *entry.mirrors]
