"""`zerokara run` and `zerokara book` as commands: what they parse, and which exit status they give."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from zerokara.cli import run_lab
from zerokara.cli.run import book_command, run_command


def test_options_end_at_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text("import sys\nprint(sys.argv)\nsys.exit(7)")
    assert run_command(["--no-remarks", "--seed=1", "a.py", "--seed", "x", "--help"]) == 7
    assert capsys.readouterr().out == "['a.py', '--seed', 'x', '--help']\n"


@pytest.mark.parametrize(
    ("argv", "status", "text"),
    [
        ([], 0, "Usage: zerokara book init"),
        (["init", __file__], 2, "test_run.py is none; nothing was written."),
        (["init", "--help"], 0, "Usage: zerokara book init"),
        (["unit"], 2, "zerokara book must be one of init. Got 'unit'. Did you mean init?"),
        (["init", "--force"], 2, "zerokara book init has no option --force. See zerokara book init --help."),
        (["init", "a", "b"], 2, "takes one FOLDER. Got a b. Nothing was written."),
    ],
)
def test_book(argv: list[str], status: int, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert book_command(argv) == status
    captured = capsys.readouterr()
    assert text in (captured.err if status else captured.out)


TYPED = [["run", "--help"], ["run", "--list", "a.md"], ["book", "--help"]]
COMMAND = [sys.executable, "-c", "import sys; from zerokara.cli import main; sys.exit(main(sys.argv[1:]))"]


def into(stdout: int, argv: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command whose standard output goes there."""
    (folder / "a.md").write_text("```python\nprint('重み')\n```\n", encoding="utf-8")
    return subprocess.run(
        [*COMMAND, *argv], cwd=folder, stdout=stdout, stderr=subprocess.PIPE, env={**os.environ, **environment}
    )


@pytest.mark.parametrize("argv", TYPED, ids=" ".join)
def test_what_a_terminal_cannot_show_is_no_reason_to_fail(argv: list[str], tmp_path: Path) -> None:
    done = into(subprocess.PIPE, argv, tmp_path, ZEROKARA_LANG="ja", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u" in done.stdout


@pytest.mark.parametrize("argv", TYPED, ids=" ".join)
def test_nobody_reads_what_is_printed(argv: list[str], tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = into(writer, argv, tmp_path)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
@pytest.mark.parametrize("argv", TYPED, ids=" ".join)
def test_what_is_printed_goes_to_a_full_disk(argv: list[str], tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = into(full.fileno(), argv, tmp_path)
    assert (done.returncode, done.stderr) == (
        1,
        f"zerokara: Output cannot be written: {os.strerror(errno.ENOSPC)}.\n".encode(),
    )


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["--lab", "--list", "a.md"], "--list runs nothing that --lab could show. Give one of them. Nothing was run."),
        (["--exit", "a.md"], "--exit, --no-browser and --port are about the page of --lab, which is not given."),
        (["--no-browser", "--port", "0", "a.md"], "--exit, --no-browser and --port are about the page of --lab"),
        (["--lab", "--port", "many", "a.md"], "--port must be a whole number. Got 'many'."),
        (["--lab", "--port=70000", "a.md"], "port must be a whole number from 0 to 65535. Got 70000."),
        (["--lab", "b.md"], "There is no file b.md."),
    ],
)
def test_what_is_said_of_a_page_that_cannot_be(
    argv: list[str], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("websockets")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.md").write_text("```python\nprint(1)\n```\n")
    assert run_command(argv) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert text in said.err
    assert "http" not in said.err


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="signals as Linux has them")
def test_what_a_script_has_left_ends_no_page() -> None:
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 100)
    run_lab._take_back_from_the_script(before)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert {signum: signal.getsignal(signum) for signum in before} == before
