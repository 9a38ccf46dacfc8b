"""What the files beside the checkpoints say, held against the newest checkpoint, which alone is believed.

`weights.safetensors`, `losses.csv`, `epochs.csv` and `run.json` are made of the state that the last checkpoint holds,
and run.json comes last. Whatever differs from it was damaged, edited, or belongs to another run. While a run goes on,
or after it was killed, run.json says "unfinished", and the others may be missing or older.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from zerokara.data.entries import ENTRIES
from zerokara.errors import Code, RunError
from zerokara.runs.checkpoint import Checkpoint, Summary
from zerokara.runs.files import TABLES
from zerokara.runs.layout import RUN_JSON, WEIGHTS
from zerokara.runs.reading import read_checkpoint, read_summary
from zerokara.runs.run import DIVERGED, FINISHED, UNFINISHED, final_figures, recorded_remark, told_of_changes
from zerokara.runs.store import Read, newest_by
from zerokara.runs.untrusted import MOST_RUN_JSON, command, damaged, opened, read_json
from zerokara.runs.weights import WeightsHeader, check_weights, read_weights_header
from zerokara.training.recipe import LENGTHS, Recipe
from zerokara.words import paragraph, sentence

LOOKS = 5
"""Looks at a run whose files do not fit together, while newer checkpoints come."""

ABSENT = object()
"""What run.json has of a figure that it does not name."""

UNTOUCHED: dict[str, Any] = {"changes": [], "parent": None}
"""What run.json does not name of a run that nobody changed, and that began at its beginning."""

RemarkCode = Literal["file-missing", "no-digest", "no-finite-score", "only-results-left"]
"""What there is to remark beside errors: a file that is not there; weights without a digest, as before there were any;
images without a finite score; checkpoints that are gone."""


@dataclass(frozen=True, order=True)
class Remark:
    """What is to be said of a run's folder, for programs and for people.

    Attributes:
        code: the same in every language. That of an error: a file cannot be used, or contradicts the checkpoint.
        text: whole sentences in the language that is spoken.
    """

    code: Code | RemarkCode
    text: str = field(compare=False)


@dataclass(frozen=True)
class Results:
    """What a run's files say beside its newest checkpoint.

    Attributes:
        state: of the run; "unfinished" also where the last files were never written.
        written: whether run.json says that all files were written after the newest checkpoint.
        remarks: what contradicts the checkpoint.
        notes: what else there is to know: no digest, as before there were any; files that are older or not there.
    """

    state: str
    written: bool
    remarks: list[Remark]
    notes: list[Remark]


def passed_over_for_an_older_one(error: RunError) -> Remark:
    """The remark on a checkpoint that cannot be used, where there is another one."""
    return Remark(error.code, paragraph(str(error), sentence("The checkpoint before it is taken.")))


def look_at(folder: Path, recipe: Recipe) -> tuple[Summary, list[RunError], Results]:
    """The newest checkpoint and the results as far as their headers tell; what was wrong with newer ones.

    Raises as `zerokara.runs.store.newest` does.
    """
    return _settled(folder, recipe, read_summary, partial(_look, folder, recipe))


def read_all(folder: Path, recipe: Recipe) -> tuple[Checkpoint, list[RunError], Results]:
    """The newest checkpoint and the results, every byte of them; what was wrong with newer ones.

    Raises as `zerokara.runs.store.newest` does, and RunError where the weights are damaged or not those of this run:
    other programs may be using them.
    """
    return _settled(folder, recipe, read_checkpoint, partial(check_results, folder, recipe))


def check_results(folder: Path, recipe: Recipe, checkpoint: Checkpoint) -> Results:
    """Hold every byte of the results against the newest checkpoint. Raises RunError for the weights."""
    results = _figures(folder, recipe, checkpoint)
    try:
        _note_weights(folder, recipe, checkpoint, results, check_weights)
    except RunError as error:
        intact = sentence("The newest checkpoint is intact.")
        raise RunError(paragraph(str(error), intact, _to_mend(folder, checkpoint)), error.code) from error
    if results.written:
        results.remarks.extend(_edited_tables(folder, checkpoint))
    return results


def _settled(
    folder: Path, recipe: Recipe, read: Callable[[Path, Recipe], Read], look: Callable[[Read], Results]
) -> tuple[Read, list[RunError], Results]:
    """Read a run again where files do not fit because it went on between reading one and the next."""
    for looks in range(LOOKS):
        checkpoint, passed_over = newest_by(read, folder, recipe)
        try:
            results = look(checkpoint)
            if passed_over:  # the results may well be those of a newer one, which is damaged
                results.remarks.clear()
        except RunError:
            if looks == LOOKS - 1 or _is_newest(folder, recipe, checkpoint):
                raise
        else:
            if not results.remarks or _is_newest(folder, recipe, checkpoint):
                break
    return checkpoint, passed_over, results


def _is_newest(folder: Path, recipe: Recipe, checkpoint: Summary) -> bool:
    return newest_by(read_summary, folder, recipe)[0].facts == checkpoint.facts


def _look(folder: Path, recipe: Recipe, checkpoint: Summary) -> Results:
    results = _figures(folder, recipe, checkpoint)
    try:
        _note_weights(folder, recipe, checkpoint, results, read_weights_header)
    except RunError as error:
        results.remarks.append(Remark(error.code, str(error)))
    return results


def _figures(folder: Path, recipe: Recipe, checkpoint: Summary) -> Results:
    """What run.json says, held against the checkpoint."""
    try:
        said = read_json(folder / RUN_JSON, MOST_RUN_JSON)
        if "state" not in said:
            raise damaged(folder / RUN_JSON, sentence("The file does not say how the run stands."))
    except RunError as error:
        return Results(checkpoint.state, False, [], [Remark(error.code, str(error))])
    if said.get("state") == UNFINISHED:
        return Results(UNFINISHED, False, [], [])
    known = _expected(recipe, checkpoint)
    said = {**UNTOUCHED, **said}
    found = {name: _found(said, name) for name in known}
    differing = [name for name, got in found.items() if isinstance(got, bool) or got != known[name]]
    remarks = _contradictions(found, known, differing)
    written = said.get("state") == checkpoint.state and said.get("iterations") == checkpoint.iteration
    if written:
        remarks += _edited_length(recipe, checkpoint)
    return Results(checkpoint.state, written, remarks, [])


def _expected(recipe: Recipe, checkpoint: Summary) -> dict[str, Any]:
    """What run.json must say where it was written after this checkpoint; DATA.CHECKSUM is one within another."""
    facts = checkpoint.facts
    expected = {"state": facts.state, **final_figures(facts.iteration, checkpoint.last, facts.seconds)}
    expected["seed"] = recipe.seed
    for name, value in facts.provenance.reported().items():
        within = {f"{name}.{part}": of_part for part, of_part in value.items()} if isinstance(value, dict) else {}
        expected |= within or {name: value}
    expected |= {**UNTOUCHED, **told_of_changes(facts.changes, facts.provenance.parent)}
    if facts.undecided:
        expected["remark"] = recorded_remark(facts.undecided)
    return expected | ({"dataset": recipe.dataset} if recipe.dataset in ENTRIES else {})


def _found(said: dict[str, Any], name: str) -> Any:
    value: Any = said
    for part in name.split("."):
        value = value.get(part, ABSENT) if isinstance(value, dict) else ABSENT
    return value


def _contradictions(found: dict[str, Any], known: dict[str, Any], differing: list[str]) -> list[Remark]:
    """A remark on the figures that run.json has otherwise than the checkpoint, and one on those that it lacks."""
    others = [name for name in differing if found[name] is not ABSENT]
    absent = [name for name in differing if found[name] is ABSENT]
    remarks = []
    if others:
        text = sentence(
            "run.json says {found}, but its checkpoint has {known}.",
            found=", ".join(f"{name}={found[name]!r:.60}" for name in others),
            known=", ".join(f"{name}={known[name]!r:.200}" for name in others),
        )
        remarks.append(Remark("run-edited", text))
    if absent:
        text = sentence(
            "run.json says nothing of what its checkpoint has: {known}.",
            known=", ".join(f"{name}={known[name]!r:.200}" for name in absent),
        )
        remarks.append(Remark("run-edited", text))
    return remarks


def _edited_length(recipe: Recipe, checkpoint: Summary) -> list[Remark]:
    """What a finished run's recipe says about its length, if that is not how long it was."""
    if checkpoint.state != FINISHED:
        return []
    done = {"iterations": checkpoint.iteration, "epochs": checkpoint.last and checkpoint.last.epoch}
    return [
        Remark(
            "run-edited",
            sentence(
                "recipe.toml says {name} {got}, but the run finished with {done}.",
                name=name,
                got=getattr(recipe, name),
                done=done[name],
            ),
        )
        for name in LENGTHS
        if getattr(recipe, name) not in (None, done[name])
    ]


def _note_weights(
    folder: Path, recipe: Recipe, checkpoint: Summary, results: Results, read: Callable[..., WeightsHeader]
) -> None:
    if not os.path.lexists(folder / WEIGHTS):
        if results.written:
            results.remarks.append(_missing(folder, WEIGHTS, checkpoint))
        return
    header = read(folder / WEIGHTS, recipe, checkpoint, final=results.written)
    if not header.has_digest:
        text = sentence("{name} has no digest: an older zerokara wrote it.", name=WEIGHTS)
        results.notes.append(Remark("no-digest", text))


def _edited_tables(folder: Path, checkpoint: Checkpoint) -> Iterator[Remark]:
    """A remark on each of the CSV files that is not what the checkpoint's history gives."""
    for name, table in TABLES.items():
        if not os.path.lexists(folder / name):
            yield _missing(folder, name, checkpoint)
            continue
        expected = table(checkpoint.history).encode()
        try:
            with opened(folder / name) as file:
                same = file.read(len(expected) + 1) == expected
        except RunError as error:
            yield Remark(error.code, str(error))
            continue
        if not same:
            text = sentence("{name} is not as it was written, and contradicts the checkpoint.", name=name)
            yield Remark("run-edited", paragraph(text, _to_mend(folder, checkpoint)))


def _missing(folder: Path, name: str, checkpoint: Summary) -> Remark:
    text = sentence("{name} is missing.", name=name)
    return Remark("file-missing", paragraph(text, _to_mend(folder, checkpoint)))


def _to_mend(folder: Path, checkpoint: Summary) -> str:
    """How to get a file back, as a sentence; a run that diverged is not gone on with, but reads well without it."""
    if checkpoint.state == DIVERGED:
        return sentence("Without that file the run is opened by its checkpoint.")
    return sentence("Write the file anew with: {command}", command=command("resume", folder))
