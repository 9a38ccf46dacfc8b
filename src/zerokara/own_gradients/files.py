"""Everything in a learner's file that can be checked: classes, functions, layers."""

from __future__ import annotations

import ast
import linecache
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from zerokara.errors import UsageError
from zerokara.own_gradients.checking import checked
from zerokara.own_gradients.construction import Arguments, Data, guesses
from zerokara.own_gradients.definitions import Definitions
from zerokara.own_gradients.isolation import TimeUp, quietly, raised, time_limit, without_files
from zerokara.own_gradients.keeping import Snapshot
from zerokara.own_gradients.layer_alone import is_layer, layer_findings
from zerokara.own_gradients.parameters import arrays_in
from zerokara.own_gradients.reading import Unchecked, subjects_of
from zerokara.own_gradients.results import OwnCheck
from zerokara.own_gradients.roles import named_for, role_of
from zerokara.own_gradients.subject import Subject
from zerokara.sources.cells import NOTEBOOKS, SCRIPTS, cells_of
from zerokara.sources.magics import syntax_tree
from zerokara.words import paragraph, sentence

SECONDS = 10.0
"""For the imports and definitions of a file."""
SECONDS_EACH = 30.0
"""For each class; a check needs less than two, but on a busy machine."""

LARGEST_BATCH = 512

MODULE = "checked_by_zerokara"


@dataclass
class FileCheck:
    """What is said of one class or function.

    Attributes:
        name: of it.
        line: where it is defined.
        check: the verdict.
        data: the name of the data set that it was checked on; "" for random numbers.
        samples: how many rows.
    """

    name: str
    line: int | None
    check: OwnCheck
    data: str = ""
    samples: int = 0


@dataclass
class FileChecks:
    """All of a file, and the own modules that were run because it imports them."""

    checks: list[FileCheck] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)


def check_file(
    path: Path, only: str | None, arguments: Arguments | None, data_for: Callable[[str], Data]
) -> FileChecks:
    """Check what a file defines, without running what else stands in it.

    Args:
        path: a script, a notebook or a note.
        only: the name of a class or function; None for all.
        arguments: of the constructor; None to guess them.
        data_for: from the text of the file to data.

    Raises UsageError where the file cannot be read, where its definitions raise, and where there is nothing to check.
    """
    with as_own_file(path), without_files(), quietly():
        snapshot, before = Snapshot([]), set(sys.modules)
        try:
            text, definitions = _defined_in(path)
            ran = _own_modules(path, before)
            data = data_for(text)
            checks = list(_checks(path, definitions, only, arguments, data))
        finally:
            snapshot.restore()
    if not checks:
        raise _nothing(path, only, definitions)
    return FileChecks(checks, ran)


@contextmanager
def as_own_file(path: Path) -> Iterator[None]:
    """`sys.path` and the modules as Python has them for a file in this folder; all is put back."""
    search, modules, argv = list(sys.path), dict(sys.modules), sys.argv
    sys.path.insert(0, str(path.absolute().parent))
    sys.argv = [str(path)]
    try:
        yield
    finally:
        sys.path[:], sys.argv = search, argv
        for name in set(sys.modules) - set(modules):
            if _is_own(sys.modules[name], path) or name == MODULE:
                del sys.modules[name]


def _is_own(module: Any, path: Path) -> bool:
    """Whether a module is the learner's: it lies neither in Python nor among installed packages."""
    file = getattr(module, "__file__", None)
    if not file:
        return False
    parts = Path(file).parts
    return not (
        "site-packages" in parts
        or "dist-packages" in parts
        or str(file).startswith((os.path.dirname(os.__file__), sys.prefix + os.sep + "lib"))
        or str(getattr(module, "__name__", "")).startswith("zerokara")
    )


def _own_modules(path: Path, before: set[str]) -> list[str]:
    """The learner's modules that were imported since."""
    found = {
        Path(module.__file__ or "").name
        for module in list(sys.modules.values())
        if isinstance(module, ModuleType)
        and module.__name__ not in {MODULE, *before}
        and _is_own(module, path)
        and path.absolute().parent in (Path(module.__file__ or "").absolute().parents)
    }
    return sorted(found)


def _defined_in(path: Path) -> tuple[str, Definitions]:
    module = sys.modules[MODULE] = ModuleType(MODULE)
    module.__file__ = str(path.absolute())
    definitions = Definitions(module)
    texts = []
    for text, filename in _pieces(path):
        tree = _tree(text, path)
        texts.append(text if isinstance(text, str) else text.decode(errors="replace"))
        try:
            with time_limit(SECONDS):
                definitions.run(tree, filename)
        except TimeUp:
            raise UsageError(
                sentence("The imports and definitions of {file} took more than {n:g} s.", file=path.name, n=SECONDS)
            ) from None
        except (Exception, SystemExit) as error:
            raise UsageError(raised(error)) from error
    return "\n".join(texts), definitions


def _pieces(path: Path) -> Iterator[tuple[str | bytes, str]]:
    """The code of a file, and under which name: lines of notes are those of the file, of a notebook those of a cell."""
    if path.suffix.lower() in SCRIPTS:
        yield path.read_bytes(), str(path)
        return
    for cell in cells_of(path):
        if path.suffix.lower() not in NOTEBOOKS:
            yield cell.in_place, str(path)
            continue
        name = f"{path}[{cell.number}]"
        linecache.cache[name] = (len(cell.source), None, cell.source.splitlines(keepends=True), name)
        yield cell.source, name


def _tree(text: str | bytes, path: Path) -> ast.Module:
    if isinstance(text, str) and (tree := syntax_tree(text)) is not None:
        return tree
    try:
        return ast.parse(text, str(path))
    except (SyntaxError, ValueError) as error:
        line, reason = getattr(error, "lineno", None), getattr(error, "msg", error)
        if line is None:
            raise UsageError(sentence("{file} is not Python: {reason}.", file=path.name, reason=reason)) from error
        raise UsageError(
            sentence("{file} is not Python in line {line}: {reason}.", file=path.name, line=line, reason=reason)
        ) from error


def _checks(
    path: Path, definitions: Definitions, only: str | None, arguments: Arguments | None, data: Data
) -> Iterator[FileCheck]:
    for thing in definitions.defined:
        name = getattr(thing, "__name__", "")
        if isinstance(thing, type) and only in (None, name):
            found = _limited(partial(_of_class, thing, definitions, arguments, data), name)
            if found is not None:
                yield replace(found, line=definitions.lines.get(id(thing)))
    functions = {f.__name__: f for f in definitions.defined if isinstance(f, FunctionType)}
    if only is None or only in functions:
        found = _limited(partial(_of_functions, path, functions, definitions, data), path.stem)
        if found is not None:
            yield found


def _limited(check: Callable[[], FileCheck | None], name: str) -> FileCheck | None:
    try:
        with time_limit(SECONDS_EACH):
            return check()
    except TimeUp:
        reason = sentence("It took more than {n:g} s, and was stopped.", n=SECONDS_EACH)
        return FileCheck(name, None, OwnCheck(name, reason=reason))


def _of_class(kind: type, definitions: Definitions, arguments: Arguments | None, data: Data) -> FileCheck | None:
    failure: BaseException | None = None
    noted = definitions.calls.get(kind.__name__, [])
    for values, named in [arguments] if arguments is not None else list(guesses(kind, data, noted)):
        try:
            made = kind(*values, **named)
        except (Exception, SystemExit) as error:
            failure = failure or error
            continue
        try:
            found = _of_object(kind.__name__, made, definitions, data) or _of_layer(made)
        except Unchecked as error:
            failure = error
            continue
        if found is not None:
            return found
    if failure is None or not _is_network(kind):
        return None
    reason = str(failure) if isinstance(failure, Unchecked) else _not_made(kind, failure)
    return FileCheck(kind.__name__, None, OwnCheck(kind.__name__, reason=reason))


def _of_object(name: str, made: Any, definitions: Definitions, data: Data) -> FileCheck | None:
    """The check of a network; where its gradient seems wrong, also with as many rows as the file says a batch has."""
    subject, used = _subject(made, data)
    if subject is None:
        return None
    check = checked(subject)
    if check.findings:
        for rows in _batch_sizes(made, definitions):
            other = _subject(made, data.resized(rows))[0]
            if other is not None and (again := checked(other)).agrees:
                return FileCheck(name, None, again, used.name, rows)
    return FileCheck(name, None, check, used.name, len(used.x))


def _batch_sizes(made: Any, definitions: Definitions) -> set[int]:
    """Numbers that are called the size of a batch, in the file or in the object."""
    names = {**vars(definitions.module), **(made if isinstance(made, dict) else getattr(made, "__dict__", {}))}
    return {
        value
        for name, value in names.items()
        if type(value) is int and 1 <= value <= LARGEST_BATCH and role_of(name) == "n"
    }


def _of_layer(made: Any) -> FileCheck | None:
    """The check of a layer alone."""
    if not is_layer(made):
        return None
    name = type(made).__name__
    try:
        return FileCheck(name, None, OwnCheck(name, findings=layer_findings(made), of_layer=True))
    except UsageError:
        return None


def _is_network(kind: type) -> bool:
    return bool(named_for("gradient", dir(kind))) and bool(named_for("loss", dir(kind)))


def _not_made(kind: type, error: BaseException) -> str:
    advice = sentence("Say with --args what {name} is made with.", name=kind.__name__)
    return paragraph(raised(error), advice)


def _subject(made: Any, data: Data) -> tuple[Subject | None, Data]:
    """The subject on these data, or on others; else on random numbers of the sizes of its first and last weights.

    Raises Unchecked where there is a loss, and no way to check it.
    """
    failure: Unchecked | None = None
    for batch in (data, *data.others, *_of_other_sizes(made, data)):
        try:
            return subjects_of(made, batch.x, batch.t, chosen=False)[0], batch
        except Unchecked as error:
            failure = max(failure or error, error, key=lambda one: one.stage)
        except UsageError:
            continue
    if failure is not None:
        raise failure
    return None, data


def _of_other_sizes(made: Any, data: Data) -> Iterator[Data]:
    matrices = [place.value for place in arrays_in(made) if place.value.ndim == 2 and place.value.size > 1]
    if not matrices:
        return
    generator = np.random.default_rng(0)
    sizes = dict.fromkeys(
        [(matrices[0].shape[0], matrices[-1].shape[1]), (matrices[0].shape[1], matrices[-1].shape[0])]
    )
    for features, classes in sizes:
        if (features, classes) != (data.features, data.classes):
            x = generator.uniform(0, 1, (len(data.x), features))
            yield Data("", x, generator.integers(0, max(classes, 2), len(x)), max(classes, 2))


def _of_functions(
    path: Path, functions: dict[str, FunctionType], definitions: Definitions, data: Data
) -> FileCheck | None:
    if not (named_for("gradient", functions) or named_for("update", functions)):
        return None
    try:
        found = _of_object(path.stem, definitions.module, definitions, data)
    except Unchecked as error:
        found = FileCheck(path.stem, None, OwnCheck(path.stem, reason=str(error)))
    named = [functions[name] for purpose in ("gradient", "update") for name in named_for(purpose, functions)]
    return None if found is None else replace(found, name=named[0].__name__, line=definitions.lines.get(id(named[0])))


def _nothing(path: Path, only: str | None, definitions: Definitions) -> UsageError:
    if only is not None and only not in {getattr(thing, "__name__", "") for thing in definitions.defined}:
        return UsageError(sentence("{file} defines no {name}.", file=path.name, name=only), "unknown-name")
    return UsageError(
        sentence(
            "{file} has nothing to check. Expected a class, or functions, with parameters (arrays), a loss such as "
            "loss(x, t), and a gradient such as gradient(x, t) or backward().",
            file=path.name,
        )
    )
