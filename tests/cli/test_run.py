"""`zerokara run` and `zerokara book` as commands: what they parse, and which exit status they give."""

from pathlib import Path

import pytest

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
        (["init", "a", "b"], 2, "takes one FOLDER. Got a b. Nothing was written."),
    ],
)
def test_book(argv: list[str], status: int, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert book_command(argv) == status
    captured = capsys.readouterr()
    assert text in (captured.err if status else captured.out)
