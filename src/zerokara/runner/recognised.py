"""What was found out about the numerical gradients of a run, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from zerokara import recognise
from zerokara.errors import UsageError
from zerokara.files import replace_file
from zerokara.say import say
from zerokara.words import sentence

FIELDS = ("function", "file", "line", "recognised", "network", "reason")
"""Of each object in the file; the fields of `zerokara.recognise.record.Record` have these names."""


def check_path(path: Path) -> None:
    """Raises UsageError where no file can be written: a run of hours shall not end with that."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise UsageError(
            sentence("--recognised needs a file in a folder that is there. Got {path}. Nothing was run.", path=path),
            "wrong-value",
        )


def write(path: Path) -> None:
    """Write one object for each function that was looked into, as a JSON list. A disk that is full is told of."""
    found = [{name: getattr(record, name) for name in FIELDS} for record in recognise.records()]
    try:
        replace_file(path, [json.dumps(found, indent=2, ensure_ascii=False).encode() + b"\n"])
    except OSError as error:
        say(sentence("{path} cannot be written: {reason}.", path=path, reason=error.strerror))


def mistakes() -> Iterator[tuple[str, int, str]]:
    """(file, line, remark) for each loop of the learner's own that computes something else than its author meant."""
    for record in recognise.records():
        if record.remark:
            yield record.file, record.line, record.remark
