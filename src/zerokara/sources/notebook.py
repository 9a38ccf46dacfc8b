"""The code of a notebook, read with nbformat, which comes with the extra `notebook`."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from zerokara.errors import UsageError, ZerokaraError
from zerokara.words import sentence, to_install

NEEDED = ("ipython", "nbformat")
"""The packages that reading and running notebooks takes."""


def read(path: Path) -> list[str]:
    """The sources of a notebook's code cells.

    Raises ZerokaraError where nbformat is missing, UsageError for a file that is no notebook, or not one of Python.
    """
    try:
        import nbformat
    except ImportError:
        raise ZerokaraError(
            sentence(
                "{path} is a notebook, and reading it needs nbformat, which is not installed. {install} brings it.",
                path=path,
                install=to_install(*NEEDED),
            ),
            "missing-package",
        ) from None
    try:
        text = path.read_bytes().decode("utf-8-sig")
        with warnings.catch_warnings(action="ignore"):  # of what older notebooks lack, their authors can do nothing
            notebook: Any = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
        language = (notebook.metadata.get("kernelspec") or {}).get("language") or "python"
        sources = [str(cell.source) for cell in notebook.cells if cell.cell_type == "code"]
    except (nbformat.ValidationError, ValueError, TypeError, LookupError, AttributeError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(
            sentence("{path} is not a notebook that can be read: {reason}", path=path, reason=reason)
        ) from error
    if str(language).lower() != "python":
        raise UsageError(
            sentence(
                "{path} is a notebook in {language}. Only Python notebooks can be run.", path=path, language=language
            )
        )
    return sources
