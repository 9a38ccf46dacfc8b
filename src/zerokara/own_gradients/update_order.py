"""Weights that are read after the same call has changed them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from zerokara.findings import Finding
from zerokara.own_gradients.asked import Asked, equal, finding_at, is_update
from zerokara.own_gradients.sites import Site
from zerokara.own_gradients.subject import Arrays
from zerokara.words import sentence


@dataclass(frozen=True, eq=False)
class Read:
    """A parameter read after it was changed: which evaluation of which site."""

    site: Site
    evaluation: int
    turned: bool


def updated_too_early(asked: Asked) -> Iterator[Finding]:
    for name, weights in asked.weights.items():
        if weights.ndim < 1 or name not in asked.gradient:
            continue
        changed, reads, overwritten = _reads_after_change(asked, name)
        if not reads or changed is None:
            continue
        moved = _with_original(asked, name, reads)
        if moved is None:
            continue
        others = [other for other in asked.gradient if other != name and other in moved]
        wrong = [other for other in others if not equal(moved[other], asked.gradient[other])]
        if not wrong:
            continue
        text = sentence(
            "The gradient of {wrong} needs {name} as it was before `{found}` changed it in line {line}.",
            wrong=wrong[0],
            name=name,
            found=changed.text,
            line=changed.line,
        )
        cause = "overwritten" if overwritten else "updated-too-early"
        remedy = sentence("Compute all gradients first, then update.")
        yield finding_at(
            asked, changed, cause=cause, text=text, remedy=remedy, parameter=wrong[0], evidence={"changed": name}
        )
        return


def _reads_after_change(asked: Asked, name: str) -> tuple[Site | None, list[Read], bool]:
    """The statement that changes a parameter, where it is read afterwards, and whether it is then its gradient."""
    weights, gradient = asked.weights[name], asked.gradient[name]
    live = asked.subject.params[name]
    counts: dict[int, int] = {}
    changed: list[Site] = []
    reads: list[Read] = []
    written: list[bool] = []

    def listener(number: int, value: Any) -> None:
        evaluation = counts[number] = counts.get(number, -1) + 1
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            return
        for turned in (False, True):
            plain = value.T if turned else value
            if plain.shape != weights.shape or (turned and weights.ndim < 2) or np.array_equal(plain, weights):
                continue
            is_live = (
                np.shares_memory(value, live) and not np.array_equal(live, weights) and np.array_equal(plain, live)
            )
            if is_live or is_update(weights, plain, gradient):
                site = asked.code.sites[number]
                if not changed:
                    changed.append(site)
                    written.append(plain.shape == gradient.shape and equal(plain, gradient))
                if isinstance(site.node, ast.expr):
                    reads.append(Read(site, evaluation, turned))
                return

    asked.listened(listener, asked.x.copy(), asked.t.copy())
    return (changed[0] if changed else None), reads, bool(written and written[0])


def _with_original(asked: Asked, name: str, reads: list[Read]) -> Arrays | None:
    weights = asked.weights[name]
    places: dict[int, dict[int, bool]] = {}
    for read in reads:
        places.setdefault(read.site.number, {})[read.evaluation] = read.turned

    def replacement(number: int) -> Callable[[int, Any], Any]:
        def given(evaluation: int, value: Any) -> Any:
            turned = places[number].get(evaluation)
            return value if turned is None else (weights.T.copy() if turned else weights.copy())

        return given

    asked.back()
    np.random.seed(5)
    try:
        with asked.code.installed(), asked.code.replacing({number: replacement(number) for number in places}):
            return asked.subject.gradient(asked.x.copy(), asked.t.copy())
    except (Exception, SystemExit):
        return None
