"""Removing a run: what zerokara wrote goes, from the folder that is locked; anything else stays where it is.

So the run of a later zerokara, which may have written one more file, can be removed, and what somebody put beside their
weights is never lost: the folder goes only when nothing is left in it, and whoever asked is told what is.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from zerokara.errors import RunError, UsageError
from zerokara.runs.directory import Directory
from zerokara.runs.layout import LAYOUT, LOCK_FILE, RUN_JSON, is_ours, is_ours_in
from zerokara.runs.listing import BROKEN, EMPTY, line_of
from zerokara.runs.lock import Lock
from zerokara.runs.untrusted import read_json
from zerokara.words import sentence


def check_removable(out: Path, name: str) -> Path:
    """The folder of a run in `out`, by its name or as OUT/NAME.

    Raises UsageError unless it is a real folder in `out`, no link, and RunError unless it is a run, or what is left of
    one with nothing in it that zerokara did not write.
    """
    given = Path(name)
    inside = given.name == name or os.path.abspath(given.parent) == os.path.abspath(out)
    if given.name in ("", "..") or not inside:
        raise UsageError(
            sentence(
                "A run to remove must lie in {out}. Got {name}; nothing was removed. Say where with --out.",
                out=out,
                name=name,
            ),
            "wrong-value",
        )
    folder = out / given.name
    if folder.is_symlink():
        raise UsageError(sentence("{path} is a link; nothing was removed.", path=folder), "wrong-value")
    if not folder.exists():
        raise UsageError(sentence("{path} does not exist; nothing was removed.", path=folder), "run-missing")
    if not folder.is_dir():
        raise UsageError(sentence("{path} is no folder; nothing was removed.", path=folder), "run-missing")
    _check_a_run(folder)
    return folder


def _check_a_run(folder: Path) -> None:
    """Raise RunError unless it is a run's: a recipe.toml among other things may be anybody's."""
    line = line_of(folder)
    if line is None:
        raise RunError(sentence("{path} is not the folder of a run; nothing was removed.", path=folder), "run-missing")
    foreign = list(foreign_in(Directory(folder)))
    if foreign and line.state in (BROKEN, EMPTY) and not _says_it_is_a_run(folder):
        raise RunError(
            sentence(
                "{path} also holds {foreign}, which zerokara did not write. Nothing was removed. Move it away first.",
                path=folder,
                foreign=", ".join(foreign[:3]),
            )
        )


def _says_it_is_a_run(folder: Path) -> bool:
    """Whether run.json is one of ours, as in the run of a later zerokara that this one cannot read otherwise."""
    with suppress(RunError):
        versions = read_json(folder / RUN_JSON).get("versions")
        return isinstance(versions, dict) and "zerokara" in versions
    return False


def foreign_in(directory: Directory) -> Iterator[str]:
    """What lies in a run's folder that is not in the table of its files, by name, such as checkpoints/notes."""
    for name in sorted(directory.names()):
        if not is_ours(name):
            yield name
        elif stat.S_ISDIR(directory.stat(name).st_mode):
            if name not in LAYOUT or LAYOUT[name].inside is None:
                yield name
            else:
                found = sorted(directory.subfolder(name).names())
                yield from (f"{name}/{inner}" for inner in found if not is_ours_in(name, inner))


def remove(folder: Path) -> list[str]:
    """Remove a run that `check_removable` gave; what was left because zerokara did not write it.

    Raises RunError where somebody is training it, or where it cannot be removed.
    """
    with Lock(folder) as lock:
        return remove_from(lock.directory)


def remove_from(directory: Directory) -> list[str]:
    """Remove a run from its folder, which is locked, and the folder where that leaves nothing; what is left, if any.

    Raises RunError where something cannot be removed.
    """
    try:
        left = list(foreign_in(directory))
        _clear(directory, left)
        path = directory.where()
        if path is not None and not left:
            path.rmdir()
    except OSError as error:
        reason = error.strerror or error
        text = sentence("{path} could not be removed: {reason}.", path=directory.path, reason=reason)
        raise RunError(text, "file-error") from error
    return left


def _clear(directory: Directory, foreign: list[str]) -> None:
    """Remove what is ours from this folder, and from no other that took its name; the lock at last."""
    for name in sorted(directory.names(), key=LOCK_FILE.__eq__):
        if name in foreign:
            continue
        if not stat.S_ISDIR(directory.stat(name).st_mode):
            directory.remove(name)
        elif not any(left.startswith(f"{name}/") for left in foreign):
            directory.remove_folder(name)
        else:
            subfolder = directory.subfolder(name)
            for inner in subfolder.names():
                if is_ours_in(name, inner):
                    subfolder.remove(inner)
