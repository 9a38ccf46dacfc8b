"""A hint below the traceback, for the mistakes that learners are known to make. The mistake itself stays as it is."""

from __future__ import annotations

import ast
import importlib
import inspect
import linecache
import math
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from types import FrameType
from typing import Any, TypeGuard

import numpy as np

from zerokara.findings import Finding, Findings
from zerokara.runner.finder import HOME, MODULES
from zerokara.runner.prelude import PRELUDE
from zerokara.sources.cells import Cell, is_encoded_in, likely_encodings
from zerokara.sources.magics import syntax_tree
from zerokara.words import paragraph, sentence, translatable

ONE_HOT = translatable(
    "Hint: {name} has shape {shape}: one class index per sample. This code expects one-hot rows, (samples, classes), "
    "which load_mnist(one_hot_label=True) gives."
)
OTHER_BATCH = translatable(
    "Hint: there are {rows} rows of scores, but {labels} labels. Both must come from the same samples."
)
BATCH_AXIS = translatable(
    "Hint: {name} has shape {shape}: a single sample. This code expects a batch, so give it an axis for the samples: "
    "{name}[np.newaxis]."
)
IN_CELL = translatable(
    "Hint: {name} is defined only in cell {cell} (line {line}), which has not been run before this line."
)
IN_LINE = translatable("Hint: {name} is defined only in line {line}, which has not been run before this line.")


class Hint(str):
    """A hint that a finding may be about as well.

    Attributes:
        cause: of that finding.
    """

    cause: str

    def __new__(cls, text: str, cause: str) -> Hint:
        hint = super().__new__(cls, text)
        hint.cause = cause
        return hint


def new_beside(hints: Iterable[str], found: Iterable[Finding]) -> Findings:
    """Those of the findings that say more than hints that were given: at least, where the mistake stands."""
    causes = {hint.cause for hint in hints if isinstance(hint, Hint)}
    return Findings(finding for finding in found if finding.cause not in causes or finding.line is not None)


def hints_for(error: BaseException, path: Path, cells: list[Cell], names: dict[str, Any]) -> list[str]:
    """What may help with this error, to be shown as it is; nothing, for an error that is not known.

    Args:
        cells: of a notebook or note, all of them; none for a script.
        names: of `__main__`, as the error left them.
    """
    if _is_undefined(error):
        return list(_undefined(error, path, cells)) if _is_of_file(error, names) else []
    if isinstance(error, SyntaxError):
        return list(_unreadable(error, path))
    if isinstance(error, ImportError):
        return [*_not_in_own_module(error), *_misspelt_import(error)]
    if isinstance(error, TypeError):
        return list(_misspelt_keyword(error, names))
    if isinstance(error, FileNotFoundError):
        return list(_missing_file(error))
    if isinstance(error, OSError) and type(error).__name__ in ("HTTPError", "URLError"):
        return list(_own_download(error))
    if isinstance(error, ValueError | IndexError):
        return list(_shapes(error))
    return []


def hints_in_cell(error: BaseException, path: Path, cells: list[Cell], names: dict[str, Any]) -> list[str]:
    """The same in Jupyter, where a name may have got its value in any cell.

    Args:
        path: what a traceback calls the cell.
    """
    if _is_undefined(error):
        return [_undefined_in_cell(error, path)] if _is_of_file(error, names) else []
    return [] if isinstance(error, SyntaxError) else hints_for(error, path, cells, names)


def _is_undefined(error: BaseException) -> TypeGuard[NameError]:
    return isinstance(error, NameError) and not isinstance(error, UnboundLocalError)


def _is_of_file(error: NameError, names: dict[str, Any]) -> bool:
    return bool(error.name) and any(frame.f_globals is names for frame, _ in _frames(error)[-1:])


def _undefined_in_cell(error: NameError, path: Path) -> str:
    name = str(error.name)
    if later := _defined_later(name, error, path, []):
        return later
    if line := _importing(name):
        return sentence("Hint: {name} is not defined yet. {line} brings it.", name=name, line=line)
    return sentence("Hint: {name} is not defined yet. Run the cell that defines it first.", name=name)


def _importing(name: str) -> str | None:
    """The line that brings a name of the textbook's; None for another name."""
    module, attribute = PRELUDE.get(name, ("", ""))
    if attribute is None:
        return f"import {module} as {name}"
    home = "two_layer_net" if name == "TwoLayerNet" else _module_with(name)
    return f"from {home} import {name}" if home else None


def _undefined(error: NameError, path: Path, cells: list[Cell]) -> Iterator[str]:
    name = str(error.name)
    later = _defined_later(name, error, path, cells)
    if later:
        yield later
    elif name in PRELUDE:
        yield sentence(
            "Hint: {name} is never imported in this file. If it was left out, as on slides, "
            "zerokara run --prelude {path} supplies {all}.",
            name=name,
            path=path,
            all=", ".join(PRELUDE),
        )
    elif module := _module_with(name):
        yield sentence(
            "Hint: {name} is never imported in this file. from {module} import {name} brings it.",
            name=name,
            module=module,
        )
    else:
        yield sentence(
            "Hint: {name} is defined nowhere in this file. What defines it, perhaps a cell that was left out, has to "
            "be run first.",
            name=name,
        )


def _defined_later(name: str, error: NameError, path: Path, cells: list[Cell]) -> str | None:
    """Where the name gets its value too late: in a cell, or in a line of a script below the one that failed."""
    for cell in cells:
        if lines := _lines_defining(name, cell.source):
            return sentence(IN_CELL, name=name, cell=cell.number, line=cell.line + lines[0] - 1)
    script = str(path)
    used = next((line for frame, line in _frames(error) if frame.f_code.co_filename == script), None)
    lines = [] if cells or used is None else _lines_defining(name, "".join(linecache.getlines(script)))
    too_late = lines and used is not None and lines[0] > used
    return sentence(IN_LINE, name=name, line=lines[0]) if too_late else None


def _lines_defining(name: str, source: str) -> list[int]:
    tree = syntax_tree(source)
    return [node.lineno for node in _outside_functions(tree) if name in _bound(node)] if tree else []


def _outside_functions(tree: ast.AST) -> Iterator[ast.stmt]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda | ast.AsyncFunctionDef):
            yield from _outside_functions(node)


def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    stored = (node for target in targets if target is not None for node in ast.walk(target))
    return {node.id for node in stored if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _module_with(name: str) -> str | None:
    """The textbook's module that has this name."""
    modules = (module for module in MODULES if module.startswith(("common.", "dataset.")))
    return next((m for m in modules if name in importlib.import_module(f"{HOME}.{m}").__all__), None)


def _unreadable(error: SyntaxError, path: Path) -> Iterator[str]:
    data = path.read_bytes()
    encodings = [] if is_encoded_in(data, "utf-8") or "utf-8" not in str(error).lower() else likely_encodings(data)
    if encodings:
        yield sentence(
            "Hint: the file is not UTF-8; it looks like {encoding}. Save it as UTF-8, or let its first line be "
            "# -*- coding: {encoding} -*-.",
            encoding=encodings[0],
        )


def _missing_file(error: FileNotFoundError) -> Iterator[str]:
    name = Path(str(error.filename)).name
    if name in {Path(file).name for file in importlib.import_module(f"{HOME}.samples").FILES}:
        yield sentence(
            "Hint: zerokara book init FOLDER makes {name} and the other files that the textbook's scripts open.",
            name=name,
        )


def _not_in_own_module(error: ImportError) -> Iterator[str]:
    """A module of the learner's own hides the textbook's, and lacks something that one has."""
    name = getattr(error, "name_from", None) or (re.match(r"cannot import name '(\w+)'", str(error)) or [None, None])[1]
    if error.name in MODULES and error.path and name in importlib.import_module(f"{HOME}.{error.name}").__all__:
        yield sentence(
            "Hint: {file} is your own {module}, which comes before zerokara's and lacks {name}. Add it there, or "
            "rename the file to use zerokara's.",
            file=error.path,
            module=error.name,
            name=name,
        )


def _misspelt_import(error: ImportError) -> Iterator[str]:
    """The textbook's module, or a name in it, but for a letter or two."""
    module = str(error.name).removeprefix(f"{HOME}.")
    if isinstance(error, ModuleNotFoundError):
        lines = (linecache.getline(frame.f_code.co_filename, line) for frame, line in reversed(_frames(error)))
        asked = next(
            (found[1] for line in lines if (found := re.match(r"\s*(?:from|import)\s+([\w.]+)", line))), module
        )
        if near := get_close_matches(asked, MODULES, n=1, cutoff=0.87):
            yield sentence("Hint: there is no module {asked}. Did you mean {near}?", asked=asked, near=near[0])
    elif module in MODULES and module != error.name and (name := re.match(r"cannot import name '(\w+)'", str(error))):
        near = get_close_matches(name[1], importlib.import_module(f"{HOME}.{module}").__all__, n=1)
        yield paragraph(
            sentence("Hint: {module}, which zerokara supplies, has no {name}.", module=module, name=name[1]),
            sentence("Did you mean {near}?", near=near[0]) if near else "",
        )


def _misspelt_keyword(error: TypeError, names: dict[str, Any]) -> Iterator[str]:
    """A function's argument, but for a letter or two."""
    match = re.search(r"([\w.]+)\(\) got an unexpected keyword argument '(\w+)'", str(error))
    if match is None:
        return
    function, *inner = match[1].split(".")
    called = names.get(function)
    for name in inner:
        called = getattr(called, name, None)
    try:
        known = inspect.signature(called).parameters if callable(called) else {}
    except (ValueError, TypeError):  # what is not written in Python need not have one
        return
    if near := get_close_matches(match[2], known, n=1):
        yield sentence("Hint: {function} takes {near}, not {got}.", function=function, near=near[0], got=match[2])


def _own_download(error: OSError) -> Iterator[str]:
    files = [frame.f_code.co_filename for frame, _ in _frames(error)]
    if own := next((file for file in files if Path(file).name == "mnist.py"), None):
        yield sentence(
            "Hint: {file} is your own copy, and what it downloads from no longer answers. Without it, zerokara "
            "supplies load_mnist with its own data.",
            file=own,
        )


def _shapes(error: ValueError | IndexError) -> Iterator[str]:
    """At the innermost line that is not NumPy's own: labels that are not one-hot, or a sample without its batch."""
    outside = [
        (frame, line) for frame, line in _frames(error) if "numpy" not in frame.f_globals.get("__name__", "").split(".")
    ]
    for frame, line in reversed(outside):
        text = linecache.getline(frame.f_code.co_filename, line)
        arrays = {name: value for name, value in frame.f_locals.items() if isinstance(value, np.ndarray)}
        used = {name: value for name, value in arrays.items() if re.search(rf"\b{re.escape(name)}\b", text)}
        if hint := _labels_hint(error, used) or _batch_hint(error, used) or _flatten_hint(error, used):
            yield hint
            return


def _labels_hint(error: BaseException, arrays: dict[str, Any]) -> str | None:
    unequal = re.search(
        r"indexing arrays could not be broadcast together with shapes \((\d+),\) \((\d+),\)", str(error)
    )
    if unequal:
        return sentence(OTHER_BATCH, rows=unequal[1], labels=unequal[2])
    rows = re.search(r"operands could not be broadcast together with shapes \((\d+),\d+\) \(\1,\)", str(error))
    if rows or re.search("out of bounds for array of dimension 1", str(error)):
        for name, array in arrays.items():
            if array.ndim == 1 and array.dtype.kind in "iu" and re.fullmatch(r"t(_\w+)?|y_true|labels?|targets?", name):
                return Hint(sentence(ONE_HOT, name=name, shape=array.shape), "labels-not-one-hot")
    return None


def _batch_hint(error: BaseException, arrays: dict[str, Any]) -> str | None:
    unpacked = re.search(r"not enough values to unpack \(expected (\d), got (\d)\)", str(error))
    if re.search("axis 1 is out of bounds for array of dimension 1", str(error)):
        ndim = 1
    elif unpacked and int(unpacked[1]) == int(unpacked[2]) + 1:
        ndim = int(unpacked[2])
    else:
        return None
    single = ((name, array) for name, array in arrays.items() if array.ndim == ndim)
    return next((sentence(BATCH_AXIS, name=name, shape=array.shape) for name, array in single), None)


def _flatten_hint(error: BaseException, arrays: dict[str, Any]) -> str | None:
    match = re.search(r"shapes \(([\d,]+)\) and \((\d+),?[\d,]*\) not aligned", str(error))
    if match is None:
        return None
    shape, features = tuple(int(size) for size in match[1].split(",") if size), int(match[2])
    for rows, reshaped in ((shape, f"(1, {features})"), (shape[1:], f"({shape[0]}, {features})")):
        if len(shape) > 1 and math.prod(rows) == features:
            return sentence(
                "Hint: an array of shape {shape} holds images that are not flattened; reshape it to {reshaped}, or use "
                "load_mnist(flatten=True).",
                shape=shape,
                reshaped=reshaped,
            )
    return None


def _frames(error: BaseException) -> list[tuple[FrameType, int]]:
    """The frames of the traceback and their lines, outermost first."""
    frames, trace = [], error.__traceback__
    while trace is not None:
        frames.append((trace.tb_frame, trace.tb_lineno))
        trace = trace.tb_next
    return frames
