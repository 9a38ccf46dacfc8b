"""Reading a checkpoint that anybody may have written: everything is checked before anything is made of it.

The header is read first. Its facts and the recipe say which arrays there must be; only if the file describes exactly
those, and is exactly as long as they are, is the rest read, its digest compared and its numbers looked at.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from zerokara.data.entries import ENTRIES
from zerokara.errors import RunError
from zerokara.runs.checkpoint import FORMAT, Array, Checkpoint, Summary, as_evaluation, expected_arrays
from zerokara.runs.digest import is_sealed
from zerokara.runs.reading import attempt, damaged, json_object, opened
from zerokara.runs.run import STATES
from zerokara.training.recipe import ADDED_LATER, Recipe
from zerokara.words import sentence

MOST_HEADER = 16_000_000
"""Bytes of names, shapes and facts; real ones have some two thousand, and those of a thousand layers a million."""

MOST_UNITS = 2**31


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _word(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 1000 and value.isprintable()


def _sizes(value: Any) -> bool:
    return isinstance(value, list) and all(_whole(size) and 0 < size < MOST_UNITS for size in value)


def _undecided(value: Any) -> bool:
    return isinstance(value, dict) and all(
        name in ("training", "test")
        and isinstance(pair, list)
        and len(pair) == 2
        and all(map(_whole, pair))
        and pair[0] <= pair[1]
        for name, pair in value.items()
    )


FACTS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("format", "iteration", "evaluations", "threads"), _whole),
    **dict.fromkeys(("zerokara", "numpy", "level", "engine", "data", "began"), _word),
    "digest": lambda value: isinstance(value, str) and re.fullmatch("sha256:[0-9a-f]{64}", value) is not None,
    "state": STATES.__contains__,
    "sizes": _sizes,
    "recipe": lambda value: isinstance(value, dict),
    "seconds": lambda value: isinstance(value, int | float) and math.isfinite(value) and value >= 0,
    "keep_going": lambda value: isinstance(value, bool),
    "forced": lambda value: isinstance(value, list) and all(map(_word, value)),
}
"""Every fact of a checkpoint, and what its value must be."""

NOW_AND_THEN: dict[str, Callable[[Any], bool]] = {"undecided": _undecided}
"""Facts that most checkpoints have no need of."""


def read_checkpoint(path: Path, recipe: Recipe) -> Checkpoint:
    """Read and check a checkpoint of a run with this recipe. Raises RunError with what is wrong."""
    with opened(path) as file:
        header, described, facts = read_header(path, file)
        size = _check_header(path, file, header, described, facts, recipe)
        content = header + file.read(size)
    check_digest(path, content, facts["digest"], len(header))
    arrays = load_arrays(path, content)
    _check_numbers(path, arrays, facts)
    evaluations = arrays["evaluations"]
    return Checkpoint(path, facts, as_evaluation(evaluations[-1]) if len(evaluations) else None, arrays)


def read_summary(path: Path, recipe: Recipe) -> Summary:
    """Read the header of a checkpoint, and the row of its latest evaluation; RunError as for a whole one.

    That takes as long for a large network as for a small one. Only the digest would tell whether each byte is right.
    """
    with opened(path) as file:
        header, described, facts = read_header(path, file)
        _check_header(path, file, header, described, facts, recipe)
        if not facts["evaluations"]:
            return Summary(path, facts, None)
        row = _last_row(path, described["evaluations"], file, len(header))
    if not _are_possible(row[None], facts["iteration"]):
        raise damaged(path, sentence("its evaluations are impossible"))
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
        raise damaged(path, sentence("it is shorter than its header says"))
    return np.frombuffer(content, "<f8")


def _check_header(
    path: Path, file: BinaryIO, header: bytes, described: Mapping[str, Any], facts: dict[str, Any], recipe: Recipe
) -> int:
    """Raise RunError unless a header is that of a run with this recipe, and its file as long as it says; the bytes
    that follow it."""
    _check_facts(path, facts, recipe)
    return check_described(path, file, header, described, expected_arrays(facts, recipe))


def read_header(path: Path, file: BinaryIO) -> tuple[bytes, dict[str, Any], dict[str, Any]]:
    """The header's bytes, name → description of each array, and the facts."""
    prefix = file.read(8)
    length = int.from_bytes(prefix, "little")
    if len(prefix) < 8 or length > MOST_HEADER:
        raise damaged(path, sentence("it does not begin as a checkpoint does"))
    text = file.read(length)
    described = json_object(path, attempt(path, lambda: text.decode("utf-8")))
    metadata = described.pop("__metadata__", None)
    if not isinstance(metadata, dict) or list(metadata) != ["zerokara"] or not isinstance(metadata["zerokara"], str):
        raise damaged(path, sentence("zerokara did not write it"))
    return prefix + text, described, json_object(path, metadata["zerokara"])


def _check_facts(path: Path, facts: dict[str, Any], recipe: Recipe) -> None:
    if _whole(facts.get("format")) and facts["format"] != FORMAT:
        raise RunError(
            sentence(
                "{path} was written by {another} zerokara, in format {got}; this one reads format {known}. "
                "Install that one.",
                path=path,
                another=sentence("a newer") if facts["format"] > FORMAT else sentence("an older"),
                got=facts["format"],
                known=FORMAT,
            )
        )
    for name, holds in (FACTS | {name: NOW_AND_THEN[name] for name in NOW_AND_THEN if name in facts}).items():
        if name not in facts or not holds(facts[name]):
            raise damaged(path, sentence("its {name} is missing or impossible", name=name))
    if set(facts) - set(NOW_AND_THEN) != set(FACTS):
        raise damaged(path, sentence("its facts are not those of format {known}", known=FORMAT))
    if difference := differing_field(facts["recipe"], recipe):
        name, then, now = difference
        words = "{name} was {then!r:.80}, and recipe.toml now says {now!r:.80}: put that back, or start another run"
        raise damaged(path, sentence(words, name=name, then=then, now=now))
    if not _fits(facts["sizes"], recipe):
        raise damaged(path, sentence("its network of {sizes} is not that of the recipe", sizes=facts["sizes"]))
    if facts["evaluations"] > facts["iteration"] + 1:
        raise damaged(path, sentence("it has more evaluations than updates"))


def recorded_recipe(recipe: Recipe) -> dict[str, Any]:
    """What a file records of the recipe that its numbers were made with, as JSON has it."""
    return {**recipe.decisive(), "dataset": recipe.dataset}


def differing_field(recorded: Mapping[str, Any], recipe: Recipe) -> tuple[str, Any, Any] | None:
    """The first field in which a recorded recipe is not this one, lengths aside: its name, then and now.

    A folder of one's own data may have been moved, and has a checksum; and files of before did not record the name.
    """
    now = recorded_recipe(recipe)
    then = {"dataset": recipe.dataset, **ADDED_LATER, **recorded}
    if str(then["dataset"]) not in ENTRIES and recipe.dataset not in ENTRIES:
        now.pop("dataset")
    return next(((name, then.get(name), now[name]) for name in now if then.get(name) != now[name]), None)


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
            raise damaged(
                path,
                sentence(
                    "its array {name!r:.80} is {got!s:.80}; expected {expected}",
                    name=name,
                    got=got.get(name, "missing"),
                    expected=expected.get(name, "none of that name"),
                ),
            )
    size = sum((4 if kind == "F32" else 8) * math.prod(shape) for kind, shape in expected.values())
    if size > _memory():
        raise damaged(path, sentence("it would need {size:,} bytes of memory, more than this machine has", size=size))
    if os.fstat(file.fileno()).st_size != len(header) + size:
        raise damaged(path, sentence("it is not as long as its header says"))
    return size


def check_digest(path: Path, content: bytes, digest: str, header: int) -> None:
    """Raise RunError where a whole file is not the one that its digest was made of."""
    if not is_sealed(content, digest, header):
        raise damaged(path, sentence("its content does not match its checksum"))


def load_arrays(path: Path, content: bytes) -> dict[str, Array]:
    """The arrays in the bytes of a safetensors file. Raises RunError where they are none."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays: dict[str, Array] = load(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise damaged(path, error) from error
    return arrays


def _check_numbers(path: Path, arrays: Mapping[str, Array], facts: Mapping[str, Any]) -> None:
    if not facts["keep_going"]:
        for name, array in arrays.items():
            if name != "evaluations" and not np.isfinite(array).all():
                raise damaged(path, sentence("{name} holds numbers that are not finite", name=name))
    if not _are_possible(arrays["evaluations"], facts["iteration"]):
        raise damaged(path, sentence("its evaluations are impossible"))


def _are_possible(evaluations: Array, iteration: int) -> bool:
    """Whether these (k, 5) evaluations may have been made in `iteration` updates."""
    iterations, others = evaluations[:, 0], evaluations[:, [1, 3, 4]]
    rising = (np.diff(iterations, prepend=-1) > 0).all() and (iterations <= iteration).all()
    return bool(rising and (iterations % 1 == 0).all() and (others >= 0).all() and (evaluations[:, 3:] <= 1).all())


def _memory() -> int:
    """Bytes of memory in this machine; a great number where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 2**62
