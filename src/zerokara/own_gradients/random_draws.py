"""Random numbers that a gradient draws and its loss does not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from zerokara.findings import Finding
from zerokara.own_gradients.asked import Asked, equal, finding_at
from zerokara.own_gradients.sites import Site
from zerokara.own_gradients.subject import Array
from zerokara.words import sentence


def drawn_anew(asked: Asked) -> Iterator[Finding]:
    """Random numbers that only the backward part draws: a mask of dropout is drawn before the output is there."""
    asked.back()
    np.random.seed(6)
    other = asked.subject.gradient(asked.x.copy(), asked.t.copy())
    wrong = [name for name in asked.gradient if name in other and not equal(other[name], asked.gradient[name])]
    if not wrong or asked.loss(5) != asked.loss(6):
        return
    site = _drawing_in_backward(asked)
    if site is not None:
        yield finding_at(
            asked,
            site,
            cause="random-gradient",
            text=sentence(
                "The gradient of {name} is another each time, while the loss is the same: `{found}` draws random "
                "numbers that the loss does not have.",
                name=wrong[0],
                found=site.text,
            ),
            parameter=wrong[0],
        )


def _drawing_in_backward(asked: Asked) -> Site | None:
    """The call that draws, if it comes after the first value that both x and t have a part in."""
    heard = [
        _values_of(asked, *batch)
        for batch in ((asked.x, asked.t), (asked.other[0], asked.t), (asked.x, asked.other[1]))
    ]
    if not all([number for number, _, _ in each] == [number for number, _, _ in heard[0]] for each in heard):
        return None
    met, forward = False, set[int]()
    for one, two, three in zip(*heard, strict=True):
        number, value, state = one
        site: Site = asked.code.sites[number]
        if state is not None and isinstance(site.node, ast.Call):
            if met and number not in forward:
                return site
            forward.add(number)  # a loop over samples comes by here again after the first one's backward part
        met = met or (_is_other(value, two[1]) and _is_other(value, three[1]))
    return None


def _values_of(asked: Asked, x: Array, t: Array) -> list[tuple[int, Any, Any]]:
    """(site, value, whether random numbers were drawn since the value before)."""
    heard: list[tuple[int, Any, Any]] = []
    last = [_draws()]

    def listener(number: int, value: Any) -> None:
        now = _draws()
        drawn = True if now != last[0] else None
        last[0] = now
        heard.append((number, value.copy() if isinstance(value, np.ndarray) else value, drawn))

    asked.back()
    np.random.seed(5)
    last[0] = _draws()
    with asked.code.installed(), asked.code.listening(listener):
        asked.subject.gradient(x.copy(), t.copy())
    return heard


def _draws() -> tuple[Any, ...]:
    _, keys, place, gauss, kept = np.random.get_state()
    return int(keys[0]), int(place), int(gauss), float(kept)


def _is_other(value: Any, other: Any) -> bool:
    numbers = isinstance(value, np.ndarray | np.number) and np.shape(value) == np.shape(other)
    return bool(numbers and not np.array_equal(value, other))
