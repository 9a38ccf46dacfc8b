"""What a learner's own script left behind, as a folder among the runs: `zerokara run --keep NAME FILE`.

    script.json           what it is (see `ScriptFacts`), and a digest of each of the other files
    losses.csv, epochs.csv    as those of a run
    params.safetensors    the parameters, by the names that they had; where there were any
    findings.json         what was found about the training, in facts; where something was

script.json is written last, so that a folder is whole or is none. When it is read, nothing in it is trusted: every file
must have its digest, and every array the shape and type that its header says.
"""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from zerokara.data.entries import ENTRIES
from zerokara.errors import RunError
from zerokara.findings import CAUSES, Finding, Findings
from zerokara.nn.activations import STANDARD_ACTIVATIONS
from zerokara.runs.digest import sealed_file
from zerokara.runs.files import TABLES, json_file
from zerokara.runs.folder import RunFolder
from zerokara.runs.layout import ACCURACY_PICTURE, FINDINGS, LOSS_PICTURE, PARAMS, SCRIPT_JSON
from zerokara.runs.provenance import HOLDS, NEWER_FORMAT
from zerokara.runs.reading import check_described, load_arrays, read_header
from zerokara.runs.untrusted import MOST_TEXT, attempt, damaged, impossible, json_object, opened, read_json
from zerokara.training.history import Evaluation, History
from zerokara.version import VERSION
from zerokara.words import sentence

FORMAT = 1
MOST_RECORDED = 10_000_000
"""Losses of a script: a hundred epochs of MNIST, one sample at a time, have six million."""
MOST_ARRAYS = 2_000
LONGEST_ROW = 130
"""Bytes of a line of either table: five float64 of 24 letters, and commas."""

KINDS = {np.dtype(np.float32): "F32", np.dtype(np.float64): "F64"}
HOLDS_HERE: dict[str, Callable[[Any], bool]] = {
    **HOLDS,
    "float": lambda value: type(value) in (int, float) and 0 <= value < 1e300,
    "Digests": lambda value: (
        isinstance(value, dict)
        and set(value) <= {*TABLES, PARAMS, FINDINGS}
        and set(TABLES) <= set(value)
        and all(map(HOLDS["Digest"], value.values()))
    ),
}
Digests = dict[str, str]

if TYPE_CHECKING:
    from zerokara.own_training.kept import Kept


@dataclass(frozen=True)
class ScriptFacts:
    """What script.json says.

    Attributes:
        file: the name of the learner's file, without its folder.
        digest: of its bytes when it was started.
        error: the type of what it ended with, such as "ValueError"; "KeyboardInterrupt" for Ctrl-C; "" if nothing.
        began: when; seconds: how long it ran.
        zerokara, numpy, python: versions.
        losses, evaluations: how many of each there are.
        spread, counted: see `zerokara.own_training.kept.Kept`.
        looked_into: whether the doctor was asked; not after Ctrl-C.
        others: how many networks there were besides the one that is kept.
        sizes, activation: of its network, where it is one of affine layers that zerokara knows; else empty.
        dataset, checksum: of the catalogue's data that it was trained with; "" where that is not known.
        scale: what its inputs are, divided by those of the data set from 0 to 1.
        params: the names of its parameters, in their order.
        files: the digest of each other file.
    """

    file: str
    digest: str
    error: str
    began: str
    seconds: float
    zerokara: str
    numpy: str
    python: str
    losses: int
    evaluations: int
    spread: bool
    counted: bool
    looked_into: bool
    others: int
    sizes: list[int]
    activation: str
    dataset: str
    checksum: str
    scale: float
    params: list[str]
    files: Digests

    @classmethod
    def from_json(cls, path: Path, facts: dict[str, Any]) -> Self:
        """The facts in a file that anybody may have written. Raises RunError with what is wrong."""
        number = facts.pop("format", None)
        if isinstance(number, int) and not isinstance(number, bool) and FORMAT < number < 2**53:
            text = sentence(NEWER_FORMAT, path=path, got=number, oldest=FORMAT, known=FORMAT)
            raise RunError(text, "run-newer")
        if number != FORMAT or isinstance(number, bool):
            raise impossible(path, "format")
        for f in fields(cls):
            if f.name not in facts or not HOLDS_HERE[str(f.type)](facts[f.name]):
                raise impossible(path, f.name)
        if len(facts) != len(fields(cls)):
            raise damaged(path, sentence("The file has entries that do not belong there."))
        made = cls(**facts)
        made._check(path)
        return made

    def _check(self, path: Path) -> None:
        """Raise RunError where the entries do not fit together."""
        if self.digest and not HOLDS["Digest"](self.digest):
            raise impossible(path, "digest")
        if max(self.losses, self.evaluations) > MOST_RECORDED:
            raise impossible(path, "losses")
        if (self.activation != "") != bool(self.sizes) or self.activation not in ("", *STANDARD_ACTIVATIONS):
            raise impossible(path, "activation")
        if self.sizes and (len(self.sizes) < 2 or PARAMS not in self.files):
            raise impossible(path, "sizes")
        if self.dataset and (self.dataset not in ENTRIES or not self._fits(ENTRIES[self.dataset])):
            raise impossible(path, "dataset")
        if self.scale <= 0:
            raise impossible(path, "scale")

    def _fits(self, entry: Any) -> bool:
        return not self.sizes or (self.sizes[0], self.sizes[-1]) == (
            math.prod(entry.image_shape),
            len(entry.class_names),
        )


@dataclass(frozen=True, eq=False)
class ScriptRun:
    """What a folder keeps of a script.

    Attributes:
        path: the folder.
        facts: as in script.json.
        history: losses and evaluations, with NaN for what is not known.
        params: by name; empty where there were none.
        findings: what was found about the training.
    """

    path: Path
    facts: ScriptFacts
    history: History
    params: Mapping[str, NDArray[Any]]
    findings: Findings

    @property
    def name(self) -> str:
        """The folder's."""
        return os.path.basename(os.path.abspath(self.path))


# Writing


def write_script(folder: RunFolder, kept: Kept, findings: Findings | None, told: Mapping[str, Any]) -> None:
    """Write a whole run of kind "script" into a new folder, or leave nothing there.

    Args:
        findings: None where nobody looked.
        told: the fields of `ScriptFacts` that are neither in `kept` nor follow from it.

    Raises RunError where it cannot be written.
    """
    history = History([kept.losses], list(kept.evaluations), float(told["seconds"]))
    files: dict[str, bytes] = {name: table(history).encode() for name, table in TABLES.items()}
    if kept.params:
        files[PARAMS] = sealed_file(kept.params, {"of": SCRIPT_JSON})
    if findings:
        files[FINDINGS] = json_file({"findings": [_in_facts(finding) for finding in findings]}).encode()
    facts = ScriptFacts(
        **told,
        zerokara=VERSION,
        numpy=np.__version__,
        python=platform.python_version(),
        losses=len(kept.losses),
        evaluations=len(kept.evaluations),
        spread=kept.spread,
        counted=kept.counted,
        looked_into=findings is not None,
        others=kept.others,
        sizes=list(kept.sizes),
        activation=kept.activation,
        params=list(kept.params),
        files={name: _digest(content) for name, content in files.items()},
    )
    described = json_file({"format": FORMAT, **asdict(facts)})
    try:
        folder.lock.take()
        for name, content in files.items():
            folder.write(name, content)
        folder.write(SCRIPT_JSON, described)
    except RunError:
        for name in files:
            with suppress(OSError):
                folder.directory.remove(name)
        raise


def _digest(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"


def _in_facts(finding: Finding) -> dict[str, Any]:
    """A finding without its sentences, which are in the language of whoever ran the script, nor folders."""
    told = finding.to_json()
    file = finding.file.name if finding.file else ""
    evidence = {name: value for name, value in told["evidence"].items() if _is_plain(value)}
    place = {"file": file, "line": finding.line, "parameter": finding.parameter}
    return {"cause": finding.cause, **place, "evidence": evidence}


def script_pictures(script: ScriptRun) -> Iterator[tuple[str, bytes]]:
    """The curves of what a script recorded, as those of a run."""
    from zerokara.report.figures import accuracy_figure, loss_figure, png

    yield LOSS_PICTURE, png(loss_figure(script.history, script.facts.file))
    yield ACCURACY_PICTURE, png(accuracy_figure(script.history, script.facts.file))


# Reading


def read_script_facts(folder: Path) -> ScriptFacts:
    """What script.json says. Raises RunError where it is not there, or is damaged."""
    path = folder / SCRIPT_JSON
    return ScriptFacts.from_json(path, read_json(path))


def read_last_evaluation(folder: Path, facts: ScriptFacts) -> Evaluation | None:
    """The latest evaluation; None where there is none. Raises as `read_script`."""
    evaluations = _evaluations(folder, facts)
    return evaluations[-1] if evaluations else None


def read_script(folder: Path) -> ScriptRun:
    """All that is kept of a script. Raises RunError for what is damaged or impossible, and says what."""
    facts = read_script_facts(folder)
    history = History([_losses(folder, facts)], _evaluations(folder, facts), float(facts.seconds))
    params = _params(folder, facts) if PARAMS in facts.files else {}
    findings = _findings(folder, facts) if FINDINGS in facts.files else Findings()
    return ScriptRun(folder, facts, history, params, findings)


def _content(folder: Path, name: str, facts: ScriptFacts, most: int) -> bytes:
    """The bytes of a file that has its digest, and not more than these."""
    path = folder / name
    with opened(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise damaged(path, sentence("The file has more than {most:,} bytes.", most=most))
    if _digest(content) != facts.files[name]:
        raise damaged(path, sentence("The file's content does not match its checksum."))
    return content


def _rows(folder: Path, name: str, facts: ScriptFacts, count: int, columns: int) -> NDArray[np.float64]:
    """(count, columns) the numbers of a table, as a script's tables have them."""
    path = folder / name
    content = _content(folder, name, facts, 100 + count * LONGEST_ROW)

    def parse() -> NDArray[np.float64]:
        lines = content.decode("ascii").splitlines()[1:]
        rows = [[float(number) for number in line.split(",")] for line in lines]
        return np.array(rows, np.float64).reshape(count, columns)

    rows: NDArray[np.float64] = attempt(path, parse)
    return rows


def _losses(folder: Path, facts: ScriptFacts) -> NDArray[np.float64]:
    name, table = next(iter(TABLES.items()))
    losses = _rows(folder, name, facts, facts.losses, 2)[:, 1].copy()
    _check_same(folder / name, table(History([losses])), facts.files[name])
    return losses


def _evaluations(folder: Path, facts: ScriptFacts) -> list[Evaluation]:
    name, table = list(TABLES.items())[1]
    path, rows = folder / name, _rows(folder, name, facts, facts.evaluations, 5)
    iterations, shares = rows[:, 0], rows[:, 3:]
    rising = (
        np.isfinite(iterations).all() and (np.diff(iterations, prepend=-1) > 0).all() and (iterations < 2**53).all()
    )
    possible = (np.isnan(shares) | ((shares >= 0) & (shares <= 1))).all() and not (rows[:, 1] < 0).any()
    if not (rising and possible and (iterations % 1 == 0).all()):
        raise damaged(path, sentence("The file has impossible evaluations."))
    evaluations = [Evaluation(int(iteration), *others) for iteration, *others in rows.tolist()]
    _check_same(path, table(History([], evaluations)), facts.files[name])
    return evaluations


def _check_same(path: Path, written: str, digest: str) -> None:
    """Raise RunError unless a table is as it is written: its numbers could be read, but what else is in it?"""
    if _digest(written.encode()) != digest:
        raise damaged(path, sentence("The file's content does not match its checksum."))


def _params(folder: Path, facts: ScriptFacts) -> dict[str, NDArray[Any]]:
    path = folder / PARAMS
    with opened(path) as file:
        header, described, _ = read_header(path, file)
        size = check_described(path, file, header, described, _expected(path, described))
        content = header + file.read(size)
    if _digest(content) != facts.files[PARAMS]:
        raise damaged(path, sentence("The file's content does not match its checksum."))
    arrays = load_arrays(path, content)
    sizes = facts.sizes
    for i, (inputs, outputs) in enumerate(pairwise(sizes), start=1):
        if {f"W{i}", f"b{i}"} - set(arrays) or len(arrays) != 2 * len(sizes) - 2:
            raise impossible(path, f"W{i}")
        if (arrays[f"W{i}"].shape, arrays[f"b{i}"].shape) != ((inputs, outputs), (outputs,)):
            raise impossible(path, f"W{i}")
    if sorted(arrays) != sorted(facts.params):
        raise impossible(path, "params")
    return {name: arrays[name] for name in facts.params}


def _expected(path: Path, described: Mapping[str, Any]) -> dict[str, tuple[str, list[int]]]:
    """What a header says of its arrays, where all of it is possible."""
    if not 0 < len(described) <= MOST_ARRAYS:
        raise damaged(path, sentence("The facts in the file's header are not those of weights."))
    expected: dict[str, tuple[str, list[int]]] = {}
    for name, entry in described.items():
        kind, shape = (entry.get("dtype"), entry.get("shape")) if isinstance(entry, dict) else (None, None)
        if kind not in KINDS.values() or not _is_shape(shape) or not HOLDS["str"](name):
            raise damaged(path, sentence("The file has an array {name!r:.80} that does not belong there.", name=name))
        expected[name] = str(kind), list(shape or ())
    return expected


def _is_shape(shape: Any) -> bool:
    return isinstance(shape, list) and len(shape) <= 8 and all(type(n) is int and 0 < n < 2**31 for n in shape)


def _findings(folder: Path, facts: ScriptFacts) -> Findings:
    path = folder / FINDINGS
    content = _content(folder, FINDINGS, facts, MOST_TEXT)
    found = json_object(path, attempt(path, content.decode)).get("findings")
    if not isinstance(found, list) or not all(map(_is_finding, found)):
        raise impossible(path, "findings")
    return Findings(map(_finding, found))


def _is_finding(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get("cause") in list(CAUSES)
        and HOLDS["str"](value.get("file"))
        and (value.get("line") is None or HOLDS["int"](value["line"]))
        and (value.get("parameter") is None or HOLDS["str"](value["parameter"]))
        and isinstance(value.get("evidence"), dict)
        and all(map(_is_plain, value["evidence"].values()))
    )


def _is_plain(value: Any) -> bool:
    """A number, a text, or a list of them: nothing that is nested."""
    values = value if isinstance(value, list) else [value]
    return all(one is None or isinstance(one, str | int | float) for one in values)


def _finding(value: Mapping[str, Any]) -> Finding:
    """The finding in the language that is spoken now."""
    return Finding(
        cause=value["cause"],
        text=sentence(
            "This was found when the script was run. Run it again with zerokara run to be told how it shows."
        ),
        file=Path(value["file"]) if value["file"] else None,
        line=value["line"],
        parameter=value["parameter"],
        evidence=value["evidence"],
    )
