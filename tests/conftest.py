"""What every test may rely on: real data where it is asked for, a cache of its own, no stray settings."""

import os
import signal
from pathlib import Path

# Two test processes on two cores: a matrix library with threads of its own would wait for them more than compute.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest

from zerokara.data import whereabouts
from zerokara.runs.interrupt import SIGNALS


def _hear_signals() -> None:
    """Undo what nohup or a shell's `&` may have ignored: tests, and the programs they start, need to hear it.

    A program started from here gets the default, as always where a handler was. These processes themselves go on
    overhearing what they were told to, but for Ctrl-C.
    """
    for signum in SIGNALS:
        if signal.getsignal(signum) is signal.SIG_IGN:
            signal.signal(signum, signal.default_int_handler if signum == signal.SIGINT else lambda *_: None)


_hear_signals()

NEEDS = {
    "mnist": "MNIST is not here: set ZEROKARA_DATA to a folder with its four files",
    "notes": "the learners' scripts are not here: set ZEROKARA_NOTES to their folder",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-missing", action="store_true", help="fail, instead of skipping, where data or notes are missing"
    )


def _is_here(need: str) -> bool:
    if need == "notes":
        return Path(os.environ.get("ZEROKARA_NOTES", "nowhere")).is_dir()
    return all(whereabouts("mnist").values())


def pytest_runtest_setup(item: pytest.Item) -> None:
    for need, reason in NEEDS.items():
        if item.get_closest_marker(need) and not _is_here(need):
            if item.config.getoption("--no-missing"):
                pytest.fail(reason)
            pytest.skip(reason)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tests never touch the user's cache, but share one of their own, and find relative data folders from anywhere."""
    if all(whereabouts("mnist").values()):
        places = [str(path.parent) for path in whereabouts("mnist").values() if path]
        os.environ["ZEROKARA_DATA"] = os.pathsep.join(dict.fromkeys(places))
    root = tmp_path_factory.getbasetemp()
    shared = root.parent if os.environ.get("PYTEST_XDIST_WORKER") else root
    os.environ["ZEROKARA_CACHE"] = str(shared / "zerokara-cache")
