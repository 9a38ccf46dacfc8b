"""What is said where a command fails, and what a program may go by."""

import errno
import json
import os

import pytest

from zerokara.cli import main
from zerokara.cli.failure import failure_of
from zerokara.errors import DataError, RunError, UsageError


def wrapped() -> BaseException:
    """Ctrl-C in the middle of an import, as some libraries pass it on."""
    try:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise ImportError("cannot import name")  # noqa: B904
    except ImportError as error:
        return error


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
GONE = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "somewhere")


@pytest.mark.parametrize(
    ("error", "status", "code", "text"),
    [
        (UsageError("It is wrong."), 2, "usage", "It is wrong."),
        (UsageError("It is wrong.", "wrong-value"), 2, "wrong-value", "It is wrong."),
        (DataError("It is not there.", "data-missing"), 1, "data-missing", "It is not there."),
        (RunError("It is broken."), 1, "run", "It is broken."),
        (KeyboardInterrupt(), 130, "interrupted", "Stopped."),
        (wrapped(), 130, "interrupted", "Stopped."),
        (MemoryError(), 1, "out-of-memory", "There is not enough memory for this. Try a smaller network, batch or data "
         "set."),
        (FULL, 1, "file-error", "Output cannot be written: No space left on device."),
        (GONE, 1, "file-error", "somewhere cannot be used: No such file or directory."),
    ],
    ids=repr,
)  # fmt: skip
def test_every_failure_is_a_sentence_a_code_and_a_status(
    error: BaseException,
    status: int,
    code: str,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("zerokara.cli.train.recipe_of", fail)
    assert main(["train", "digits", "--json"]) == status
    printed = capsys.readouterr()
    assert printed.err == f"zerokara: {text}\n"
    assert json.loads(printed.out) == {"error": text, "code": code, "exit_status": status}
    assert main(["train", "digits"]) == status
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"zerokara: {text}\n")


@pytest.mark.parametrize("error", [GONE, FULL, KeyboardInterrupt(), MemoryError()], ids=repr)
def test_each_is_one_sentence_in_the_language_that_is_spoken(error: BaseException, marked: None) -> None:
    failure = failure_of(error)
    assert failure is not None
    assert failure.text.startswith("⟦")
    assert failure.text.endswith("⟧")
    assert failure.text.count("⟦") == 1


def test_a_mistake_in_zerokara_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("this should not happen")

    assert failure_of(ValueError("x")) is None
    monkeypatch.setattr("zerokara.cli.info.usable_cores", fail)
    with pytest.raises(RuntimeError, match="should not happen"):
        main(["info"])
