"""Asking another process of ours, at the processor level that a run was trained at.

NumPy and its matrix library choose their instructions once, when they are loaded; the compiled core at every call. So a
lower level needs a process of its own, with the variables set that all three read. What an instruction does that this
processor lacks can only end that process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.words import language

LEVELS = ("baseline", "v3", "v4")
SECONDS_MORE = 60.0
"""That a child may take for all but the training."""


class Elsewhere(Exception):
    """The level cannot be had here."""


def variables_for(then: str, now: str) -> dict[str, str] | None:
    """The environment that brings a process from level `now` to `then`, as `machine.environment` words them.

    None where there is none, or it is there already. Whether it did can be told there alone.

    >>> variables_for("x86_64, core v3", "x86_64, core v4")
    {'ZEROKARA_LEVEL': 'v3'}
    >>> variables_for("arm64, core v3", "x86_64, core v4") is None
    True
    """
    before, here = then.split(", "), now.split(", ")
    if len(before) != len(here) or before[0] != here[0]:
        return None
    variables: dict[str, str] = {}
    for part, current in zip(before[1:], here[1:], strict=True):
        if part != current:
            asked = _variable(part, current)
            if asked is None:
                return None
            variables |= asked
    already = all(os.environ.get(name) == value for name, value in variables.items())
    return None if already else variables


def _variable(then: str, now: str) -> dict[str, str] | None:
    """The variable that changes one part of a level; None where nothing does."""
    kind, _, name = then.partition(" ")
    if now.partition(" ")[0] == kind and name.isalnum():
        if kind == "core":
            lower = name in LEVELS and name < now.partition(" ")[2]
            return {"ZEROKARA_LEVEL": name} if lower or name == "baseline" else None
        return {"OPENBLAS_CORETYPE": name} if kind == "openblas" else None
    return _numpy_variable(then)


def _numpy_variable(then: str) -> dict[str, str] | None:
    found: Any = np.show_config(mode="dicts")
    levels = list(found.get("SIMD Extensions", {}).get("found") or [])
    if then != "baseline" and then not in levels:
        return None
    above = levels[levels.index(then) + 1 :] if then in levels else levels
    return {"NPY_DISABLE_CPU_FEATURES": " ".join(above)} if above else None


def answer_of_child(path: Path, variables: dict[str, str], seconds: float, data_dir: Path | None) -> dict[str, Any]:
    """What a process at that level says of a run: verdict, reasons with their texts, differs_from.

    Raises Elsewhere where it cannot: an instruction that is not there ends it.
    """
    request = {"path": os.path.abspath(path), "seconds": seconds, "data_dir": data_dir and os.path.abspath(data_dir)}
    environment = {**os.environ, **variables, "ZEROKARA_LANG": language()}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "zerokara.runs.verification"],
            input=json.dumps(request),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
            timeout=seconds + SECONDS_MORE,
            check=True,
        )
        told: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        raise Elsewhere from error
    if any(code == "other-level" for code, _ in told["reasons"]):
        raise Elsewhere
    return told
