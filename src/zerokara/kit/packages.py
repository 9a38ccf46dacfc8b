"""The wheels of all that zerokara needs on another Python or platform, by `pip download`.

Pip chooses wheels for another platform, but asks of *this* machine whether a requirement with a condition applies
(`colorama; sys_platform == "win32"`), so that its own walk would miss what a Windows PC needs, and fail for what only
this one does. Here the walk is ours: each round pip fetches, without their requirements, the newest wheels that satisfy
all that is known to be required, until nothing more is.
"""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from zipfile import ZipFile

from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename

from zerokara.errors import ZerokaraError
from zerokara.kit.target import Target
from zerokara.words import in_english, paragraph, sentence, to_install

ROUNDS = 20
"""At most; a tree of requirements is some five deep."""

Needed = dict[str, SpecifierSet]
"""Package → the versions that all who require it can do with."""


def collect(folder: Path, roots: Collection[str], target: Target, tell: Callable[[str], None]) -> None:
    """Fetch into `folder` every wheel that `roots` need on the target and that is not there yet.

    Raises:
        ZerokaraError: pip is missing, or could not deliver.
    """
    asked = list(map(Requirement, roots))
    for _ in range(ROUNDS):
        needed, missing = _needed(folder, asked, target)
        if not missing:
            _remove(folder, set(_wheels(folder)) - set(needed))
            _check(folder, needed, roots, target)
            return
        tell(sentence("Fetching {names}.", names=", ".join(sorted(missing))))
        _remove(folder, missing & set(_wheels(folder)))
        _pip(["download", "--no-deps", "--dest", str(folder), *_written(needed, missing)], target)
    raise ZerokaraError(
        sentence(
            "No versions of these packages were found that go together: {names}. Nothing was written.",
            names=", ".join(sorted(missing)),
        ),
        "download-failed",
    )


def _needed(folder: Path, roots: list[Requirement], target: Target) -> tuple[Needed, set[str]]:
    """All packages that are known to be needed, and those of which no wheel in the folder will do."""
    wheels, needed, todo = _wheels(folder), Needed(), list(roots)
    seen: set[tuple[str, str]] = set()
    while todo:
        one = todo.pop()
        name = canonicalize_name(one.name)
        needed[name] = needed.get(name, SpecifierSet()) & one.specifier
        for extra in {"", *one.extras} - {extra for of, extra in seen if of == name}:
            seen.add((name, extra))
            todo += [] if name not in wheels else _requirements(wheels[name], extra, target)
    return needed, {name for name, versions in needed.items() if not _is_there(wheels.get(name), versions)}


def _requirements(wheel: Path, extra: str, target: Target) -> Iterator[Requirement]:
    """What a wheel requires on the target, with one extra or with none ("")."""
    with ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n))
        found = Metadata.from_email(archive.read(name), validate=False)
    for one in found.requires_dist or ():
        if one.marker is None or one.marker.evaluate({**target.markers(), "extra": extra}):
            yield one


def _wheels(folder: Path) -> dict[str, Path]:
    """Package → its wheel. Of zerokara's two, which require the same, it is any."""
    return {parse_wheel_filename(path.name)[0]: path for path in sorted(folder.glob("*.whl"))}


def _remove(folder: Path, names: Collection[str]) -> None:
    """Remove wheels of versions that are no longer needed: a later one required others."""
    wheels = _wheels(folder)
    for name in names:
        wheels[name].unlink()


def _is_there(wheel: Path | None, versions: SpecifierSet) -> bool:
    return wheel is not None and versions.contains(parse_wheel_filename(wheel.name)[1], prereleases=True)


def _written(needed: Needed, names: Collection[str]) -> list[str]:
    return [f"{name}{needed[name]}" for name in sorted(names)]


def _check(folder: Path, needed: Needed, roots: Collection[str], target: Target) -> None:
    """Have pip itself find everything in the folder alone, so that what is missing is missed now, not in a classroom.

    Where this machine is of the target's kind, pip's walk is right, and it is asked for no more than the pupils ask.
    Elsewhere it gets the list, and `pip install` would hold the wheels' Requires-Python against the Python running.
    """
    foreign = ["--no-deps", "--ignore-requires-python", *_written(needed, needed)]
    asked = list(roots) if target.like_here else foreign
    options = ["--no-index", "--find-links", str(folder), "--target", str(folder / "nowhere")]
    isolated = ["--isolated", "install", "--dry-run", "--ignore-installed"]
    # --isolated alone still reads the system's settings, which may name an index or a folder.
    _pip([*isolated, *options, *asked], target, PIP_CONFIG_FILE=os.devnull)


def _pip(arguments: list[str], target: Target, **variables: str) -> None:
    """Run pip for the target."""
    if not importlib.util.find_spec("pip"):
        raise ZerokaraError(
            sentence(
                "The kit's packages are fetched by pip, which this Python does not have. Get it with: {command}",
                command=to_install("pip"),
            ),
            "missing-package",
        )
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments, *target.pip_options()]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=os.environ | variables)
    if done.returncode:
        raise _refused(done.stderr, target)


def _refused(said: str, target: Target) -> ZerokaraError:
    lines = [line for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR: ") and line != "ERROR: Exception:"] or lines[-1:]
    if "Retrying (" in said:
        advice = sentence("No package index was reached. A kit is made where there is internet.")
    elif in_english("No matching distribution") in said:
        advice = sentence("It may have no wheel for that platform. Try another Python, or a newer platform.")
    else:
        advice = ""
    text = sentence(
        "pip could not deliver all packages for Python {python} on {platform}. It said:\n{said}\nNothing was written.",
        python=target.python,
        platform=target.platform,
        said="\n".join(f"  {line}" for line in errors),
    )
    return ZerokaraError(paragraph(text, advice), "download-failed")
