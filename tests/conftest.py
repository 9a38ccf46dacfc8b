"""What every test may rely on: real data where it is asked for, a cache of its own, no stray settings."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Two test processes on two cores: a matrix library with threads of its own would wait for them more than compute.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ["ZEROKARA_LANG"] = "en"  # whatever the tester's locale; tests of other languages say which

import pytest

from zerokara import words
from zerokara.cli.run import run_command
from zerokara.data import whereabouts
from zerokara.findings import CAUSES
from zerokara.runner import finder
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
    "browser": "no browser is here: apt install chromium, and pip install playwright",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-missing",
        action="store_true",
        help="fail, instead of skipping, where data, notes or a browser are missing",
    )


WIDE = (
    *("recognise/test_own_loops.py", "recognise/test_variants.py", "recognise/test_left_to_the_loop.py"),
    *("recognise/test_language_attacked.py", "recognise/test_allowed.py", "runner/test_own_loops_everywhere.py"),
    *("nn/test_differences.py", "acceptance/test_languages.py"),
)
"""Grids of which make test has every other case, and the slow stage the rest."""


@pytest.hookimpl(tryfirst=True)  # before those that were not asked for are left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for file in WIDE:
        cases = [item for item in items if item.path.as_posix().endswith(f"tests/{file}")]
        for case in cases[1::2]:
            case.add_marker(pytest.mark.slow)


def _is_here(need: str) -> bool:
    if need == "notes":
        return Path(os.environ.get("ZEROKARA_NOTES", "nowhere")).is_dir()
    if need == "browser":
        return shutil.which("chromium") is not None and importlib.util.find_spec("playwright") is not None
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


class Marked:
    """A language for tests: every sentence in brackets. What is outside, or in two pairs, went past `sentence`."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


def outside(text: str) -> str:
    """What stands in no brackets, blanks and ends of lines aside. Fails where brackets are nested or left open."""
    rest = re.sub("⟦[^⟦⟧]*⟧", "", text)
    assert "⟦" not in rest, f"a sentence in a sentence: {text}"
    assert "⟧" not in rest, f"a sentence in a sentence: {text}"
    return " ".join(rest.split())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]  # nobody but root is in a container
        )  # fmt: skip
        yield chromium
        chromium.close()


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Sentences come in brackets, ⟦Stopped.⟧; marked(text) is what went past `sentence`, which should be ""."""
    monkeypatch.setattr(words, "_spoken", ("en", Marked()))
    return outside


# Running learners' files: in this process where nothing stays behind, in one of its own where that is the point.


@dataclass
class Result:
    status: int
    out: str
    err: str

    @property
    def causes(self) -> list[str]:
        """Those of all findings that were said."""
        return [cause for cause in CAUSES if f"[{cause}]" in self.err]


@pytest.fixture
def clean_imports() -> Iterator[None]:
    """Forget what a learner's file imported, so that the next one finds its own."""
    before, path = set(sys.modules), list(sys.path)
    yield
    finder.uninstall()
    finder.install()
    sys.path[:] = path
    for name in set(sys.modules) - before:
        if not name.startswith(("zerokara", "numpy", "matplotlib", "IPython", "traitlets", "scipy", "PIL")):
            del sys.modules[name]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], clean_imports: None
) -> Callable[..., Result]:
    """run(source, *options, name=…, args=…): write a file into an empty folder and `zerokara run` it there."""
    monkeypatch.chdir(tmp_path)

    def run(source: str | bytes, *options: str, name: str = "train.py", args: tuple[str, ...] = ()) -> Result:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.encode() if isinstance(source, str) else source)
        capfd.readouterr()
        status = run_command([*options, name, *args])
        return Result(status, *capfd.readouterr())

    return run


START = [
    sys.executable,
    "-c",
    "import sys; from zerokara.cli.run import run_command; sys.exit(run_command(sys.argv[1:]))",
]


@pytest.fixture
def run_apart() -> Callable[..., Result]:
    """run_apart(*argv, cwd=…): `zerokara run` in a process of its own, without a display."""

    def run_apart(*argv: str, cwd: Path, stdin: str = "", env: dict[str, str] | None = None) -> Result:
        done = subprocess.run(
            [*START, *argv],
            cwd=cwd,
            input=stdin,
            env=_environment() | (env or {}),
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return run_apart


@pytest.fixture
def interrupted() -> Callable[..., tuple[Result, float]]:
    """interrupted(*argv, cwd=…, after=…): send Ctrl-C once a line holds `after`; the seconds it took."""

    def interrupted(*argv: str, cwd: Path, after: str) -> tuple[Result, float]:
        with subprocess.Popen(
            [*START, *argv],
            cwd=cwd,
            env=_environment() | {"PYTHONUNBUFFERED": "1"},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                if after in line:
                    break
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            said += process.stdout.read()
            status = process.wait()
        return Result(status, said, ""), time.monotonic() - began

    return interrupted


def _environment() -> dict[str, str]:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")
    return {name: value for name, value in os.environ.items() if name not in hidden} | {"OPENBLAS_NUM_THREADS": "1"}
