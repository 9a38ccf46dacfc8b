"""`zerokara check FILE[:Class]`: the gradient of a learner's own code."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from zerokara.data import load, whereabouts
from zerokara.errors import UsageError
from zerokara.findings import Finding, Findings
from zerokara.nn.check import AGREES, CANNOT_BE_TOLD, DISAGREES
from zerokara.own_gradients.construction import Data, read_arguments
from zerokara.own_gradients.files import FileCheck, FileChecks, check_file
from zerokara.sources.cells import NOTEBOOKS, TEXTS
from zerokara.training.batches import BATCHES, generator
from zerokara.words import plural, sentence, translatable

ENDINGS = (".py", ".pyw", *NOTEBOOKS, *TEXTS)
SAMPLES = 18
"""Two batches of 7 and 11, primes that are no width of a network: what is broadcast by mistake fails to fit."""


def as_file(given: Path) -> tuple[Path, str | None] | None:
    """The file and the name in it that FILE[:Class] means; None for a run's folder or name.

    >>> as_file(Path("net.py:TwoLayerNet")) == (Path("net.py"), "TwoLayerNet")
    True
    >>> as_file(Path("2026-01-31-mnist")) is None
    True
    """
    if given.is_dir():
        return None
    if given.suffix.lower() in ENDINGS:
        return given, None
    file, colon, name = str(given).rpartition(":")
    if colon and name.isidentifier() and Path(file).suffix.lower() in ENDINGS:
        return Path(file), name
    return None


def check_own_file(
    path: Path, only: str | None, *, args: str | None, dataset: str | None, data_dir: Path | None, as_json: bool
) -> int:
    """Print a line for each class and what is wrong with it; 1 for a wrong gradient, else 0."""
    from zerokara.runner import start

    if not path.is_file():
        raise UsageError(sentence("FILE must be a script, a notebook or a note. There is no file {file}.", file=path))
    arguments = read_arguments(args) if args is not None else None
    start()
    found = check_file(path, only, arguments, lambda text: _data(text, dataset, data_dir))
    if as_json:
        print(json.dumps(_all(path, found).to_json(), ensure_ascii=False, allow_nan=False))
    else:
        print("\n\n".join(_told(path, found)))
    return 1 if any(one.check.verdict == DISAGREES for one in found.checks) else 0


def _data(text: str, dataset: str | None, data_dir: Path | None) -> Data:
    """A small batch of the data that the file uses; digits where MNIST is not here, or does not fit."""
    digits = _batch("digits", None)
    name = dataset or _named_in(text)
    if name == "digits" or (dataset is None and not all(whereabouts(name, data_dir).values())):
        return digits
    return replace(_batch(name, data_dir), others=() if dataset else (digits,))


def _batch(name: str, data_dir: Path | None) -> Data:
    data = load(name, data_dir=data_dir)
    chosen = generator(0, BATCHES).integers(len(data.train), size=SAMPLES)
    return Data(data.name, data.train.rows(chosen, np.float64), data.train.t[chosen], len(data.class_names))


def _named_in(text: str) -> str:
    return "digits" if re.search(r"\bload_digits\b|[\"']digits[\"']", text) else "mnist"


def _told(path: Path, found: FileChecks) -> list[str]:
    lines = []
    if found.ran:
        lines.append(
            plural(
                "{names} was run as a whole, because it is imported; of {file}, only definitions were run.",
                "{names} were run as a whole, because they are imported; of {file}, only definitions were run.",
                n=len(found.ran),
                names=", ".join(found.ran),
                file=path.name,
            )
        )
    for one in found.checks:
        findings = f"\n\n{one.check.findings}" if one.check.findings else ""
        lines.append(f"{_line(path, one)}{findings}")
    return lines


AGREE = {
    "network": translatable(
        "{name} ({place}): the gradient agrees with central differences of the loss, on {samples} samples of {data}."
    ),
    "random": translatable(
        "{name} ({place}): the gradient agrees with central differences of the loss, on {samples} rows of random "
        "numbers."
    ),
    "layer": translatable("{name} ({place}): backward agrees with central differences of forward."),
}
OTHERWISE = {
    DISAGREES: translatable("{name} ({place}): the gradient is WRONG."),
    CANNOT_BE_TOLD: translatable("{name} ({place}): the gradient cannot be told to be right or wrong."),
}


def _line(path: Path, one: FileCheck) -> str:
    place = f"{path.name}:{one.line}" if one.line else path.name
    facts = {"name": one.name, "place": place, "samples": one.samples, "data": one.data}
    if one.check.verdict == AGREES:
        on = "layer" if one.check.of_layer else "network" if one.data else "random"
        return sentence(AGREE[on], **facts)
    told = sentence(OTHERWISE[one.check.verdict], **facts)
    return f"{told}\n{one.check.reason}" if one.check.reason else told


def _all(path: Path, found: FileChecks) -> Findings:
    return Findings(_with_file(path, one, finding) for one in found.checks for finding in one.check.findings)


def _with_file(path: Path, one: FileCheck, finding: Finding) -> Finding:
    """The finding with the file, and the line where the class begins where none is more exact."""
    return replace(finding, file=finding.file or path, line=finding.line or one.line)
