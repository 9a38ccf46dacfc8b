"""Reading a checkpoint that anybody may have written: everything is checked before anything is made of it.

The header is read first. Its facts and the recipe say which arrays there must be; only if the file describes exactly
those, and is exactly as long as they are, is the rest read, its digest compared and its numbers looked at.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from zerokara.data.entries import ENTRIES
from zerokara.errors import UsageError
from zerokara.runs.checkpoint import Array, Checkpoint, Summary, as_evaluation, expected_arrays
from zerokara.runs.digest import is_sealed
from zerokara.runs.provenance import CheckpointFacts, differing_field, refuse_others
from zerokara.runs.untrusted import attempt, damaged, impossible, json_object, opened, unreadable
from zerokara.training.changes import in_order
from zerokara.training.recipe import Recipe
from zerokara.words import sentence

MOST_HEADER = 16_000_000
"""Bytes of names, shapes and facts; real ones have some two thousand, and those of a thousand layers a million."""


def read_checkpoint(path: Path, recipe: Recipe) -> Checkpoint:
    """Read and check a checkpoint of a run with this recipe. Raises RunError with what is wrong."""
    with opened(path) as file:
        header, described, found = read_header(path, file)
        facts = _checked_facts(path, found, recipe)
        size = check_described(path, file, header, described, expected_arrays(facts, recipe))
        content = header + file.read(size)
    check_digest(path, content, facts.digest, len(header))
    arrays = load_arrays(path, content)
    _check_numbers(path, arrays, facts)
    evaluations = arrays["evaluations"]
    return Checkpoint(path, facts, as_evaluation(evaluations[-1]) if len(evaluations) else None, arrays)


def read_summary(path: Path, recipe: Recipe) -> Summary:
    """Read the header of a checkpoint, and the row of its latest evaluation; RunError as for all of it.

    That takes as long for a large network as for a small one. Only the digest would tell whether each byte is right.
    """
    with opened(path) as file:
        header, described, found = read_header(path, file)
        facts = _checked_facts(path, found, recipe)
        check_described(path, file, header, described, expected_arrays(facts, recipe))
        if not facts.evaluations:
            return Summary(path, facts, None)
        row = _last_row(path, described["evaluations"], file, len(header))
    if not _are_possible(row[None], facts.iteration):
        raise damaged(path, sentence("The file has impossible evaluations."))
    return Summary(path, facts, as_evaluation(row))


def _end_of(begin: Any, end: Any) -> int:
    return int(end)


def _last_row(path: Path, described: Mapping[str, Any], file: BinaryIO, start: int) -> Array:
    """(5,) float64 the last of the evaluations, from a file whose arrays begin at `start`."""
    length = np.dtype(np.float64).itemsize * described["shape"][1]
    end = attempt(path, lambda: _end_of(*described.get("data_offsets", ())))
    attempt(path, lambda: file.seek(start + end - length))
    content = file.read(length)
    if len(content) < length:
        raise damaged(path, sentence("The file is shorter than its header says."))
    return np.frombuffer(content, "<f8")


def read_header(path: Path, file: BinaryIO) -> tuple[bytes, dict[str, Any], dict[str, Any]]:
    """The header's bytes, name → description of each array, and the facts. Raises RunError for anything else."""
    prefix = file.read(8)
    length = int.from_bytes(prefix, "little")
    if len(prefix) < 8 or length > MOST_HEADER:
        raise damaged(path, sentence("The file does not begin as a safetensors file does."))
    text = file.read(length)
    described = json_object(path, attempt(path, lambda: text.decode("utf-8")))
    metadata = described.pop("__metadata__", None)
    if not isinstance(metadata, dict) or list(metadata) != ["zerokara"] or not isinstance(metadata["zerokara"], str):
        raise damaged(path, sentence("The file was not written by zerokara."))
    return prefix + text, described, json_object(path, metadata["zerokara"])


def _checked_facts(path: Path, found: dict[str, Any], recipe: Recipe) -> CheckpointFacts:
    """The facts of a run with this recipe. Raises RunError for anything else."""
    facts = CheckpointFacts.from_json(path, found)
    if difference := differing_field(path, facts.provenance.recipe, recipe):
        name, then, now = difference
        reason = sentence(
            "{name} was {then!r:.80}, and recipe.toml now says {now!r:.80}: put that back, or start another run.",
            name=name,
            then=then,
            now=now,
        )
        raise damaged(path, reason, "run-edited")
    refuse_others(path, facts.provenance, recipe)
    _check_changes(path, facts, recipe)
    if not _fits(facts.sizes, recipe):
        raise damaged(path, sentence("The file's network of {sizes} is not that of the recipe.", sizes=facts.sizes))
    described = facts.provenance.described
    if described is not None and not described.fits(facts.sizes):
        raise impossible(path, "described")
    if facts.evaluations > facts.iteration + 1:
        raise damaged(path, sentence("The file has more evaluations than updates."))
    return facts


def _check_changes(path: Path, facts: CheckpointFacts, recipe: Recipe) -> None:
    try:
        in_order(facts.changes, recipe.make_optimizer())
    except UsageError as error:
        raise damaged(path, str(error)) from error


def _fits(sizes: list[int], recipe: Recipe) -> bool:
    if tuple(sizes[1:-1]) != recipe.hidden:
        return False
    entry = ENTRIES.get(recipe.dataset)
    return entry is None or (sizes[0], sizes[-1]) == (math.prod(entry.image_shape), len(entry.class_names))


def check_described(
    path: Path,
    file: BinaryIO,
    header: bytes,
    described: Mapping[str, Any],
    expected: Mapping[str, tuple[str, list[int]]],
) -> int:
    """Raise RunError unless a header describes exactly the arrays expected, and its file is as long as they are; their
    bytes altogether."""
    got = {
        name: (entry.get("dtype"), entry.get("shape")) if isinstance(entry, dict) else None
        for name, entry in described.items()
    }
    for name in [*expected, *got]:
        if got.get(name) != expected.get(name):
            raise damaged(path, _other_array(name, got, expected))
    size = sum((4 if kind == "F32" else 8) * math.prod(shape) for kind, shape in expected.values())
    if size > memory_of_machine():
        raise damaged(
            path, sentence("The file would need {size:,} bytes of memory, more than this machine has.", size=size)
        )
    if os.fstat(file.fileno()).st_size != len(header) + size:
        raise damaged(path, sentence("The file is not as long as its header says."))
    return size


def _other_array(name: str, got: Mapping[str, object], expected: Mapping[str, object]) -> str:
    if name not in got:
        return sentence("The array {name!r} is missing; expected {expected}.", name=name, expected=expected[name])
    if name not in expected:
        return sentence("The file has an array {name!r:.80} that does not belong there.", name=name)
    return sentence(
        "The array {name!r} is {got!s:.80}; expected {expected}.", name=name, got=got[name], expected=expected[name]
    )


def check_digest(path: Path, content: bytes, digest: str, header: int) -> None:
    """Raise RunError where a whole file is not the one that its digest was made of."""
    if not is_sealed(content, digest, header):
        raise damaged(path, sentence("The file's content does not match its checksum."))


def load_arrays(path: Path, content: bytes) -> dict[str, Array]:
    """The arrays in the bytes of a safetensors file. Raises RunError where they are none."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays: dict[str, Array] = load(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise unreadable(path, error) from error
    return arrays


def _check_numbers(path: Path, arrays: Mapping[str, Array], facts: CheckpointFacts) -> None:
    if not facts.provenance.keep_going:
        for name, array in arrays.items():
            if name != "evaluations" and not np.isfinite(array).all():
                raise damaged(path, sentence("The array {name} holds numbers that are not finite.", name=name))
    if not _are_possible(arrays["evaluations"], facts.iteration):
        raise damaged(path, sentence("The file has impossible evaluations."))


def _are_possible(evaluations: Array, iteration: int) -> bool:
    """Whether these (k, 5) evaluations may have been made in `iteration` updates."""
    iterations, others = evaluations[:, 0], evaluations[:, [1, 3, 4]]
    rising = (np.diff(iterations, prepend=-1) > 0).all() and (iterations <= iteration).all()
    return bool(rising and (iterations % 1 == 0).all() and (others >= 0).all() and (evaluations[:, 3:] <= 1).all())


def memory_of_machine() -> int:
    """Bytes of memory in this machine; a great number where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 2**62
