"""Mistakes that show when a gradient is asked for more than once, or that change what they should only read.

Each is a fact: an array before and after, two calls with the same arguments. What legitimately differs is silent: an
update that is what the function is for, momentum, counters, masks of dropout, which are drawn in the forward pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from zerokara.findings import Finding, Findings
from zerokara.own_gradients.asked import Asked, equal, finding_at, is_update, same
from zerokara.own_gradients.isolation import quietly
from zerokara.own_gradients.keeping import Snapshot, attributes_of, everything_in
from zerokara.own_gradients.parameters import is_object
from zerokara.own_gradients.random_draws import drawn_anew
from zerokara.own_gradients.sites import Site
from zerokara.own_gradients.subject import Array, Subject
from zerokara.own_gradients.substitution import TooLate
from zerokara.own_gradients.update_order import updated_too_early
from zerokara.words import sentence, translatable

CHANGED = translatable("Asking for the gradient changes the values of {name}, in place.")


def state_findings(subject: Subject) -> Findings:
    """What calling twice, and comparing before with after, tells of a gradient. Everything is put back."""
    before = Snapshot([*subject.state, *subject.functions, *subject.params.values()])
    try:
        with quietly():
            return Findings(_found(Asked(subject)))
    except (Exception, SystemExit, TooLate):
        return Findings()
    finally:
        before.restore()


def _found(asked: Asked) -> Iterator[Finding]:
    """Each place once."""
    places: set[tuple[Any, ...]] = set()
    for finding in _all(asked):
        place = finding.file, finding.line, None if finding.line else finding.cause
        if place not in places:
            places.add(place)
            yield finding


def _all(asked: Asked) -> Iterator[Finding]:
    for look in (
        _shared,
        _changed_arrays,
        _is_parameter,
        updated_too_early,
        _changed_weights,
        _accumulating,
        drawn_anew,
        _stale,
        _cut,
    ):
        yield from look(asked)


# Before and after


def _shared(asked: Asked) -> Iterator[Finding]:
    """One array at two places, where the gradient is none of such an array.

    Of an object only what asking has written to: a parameter that merely stands there is another mistake.
    """
    asked.anew()
    changed = {name for name, param in asked.subject.params.items() if not same(param, asked.weights[name])}
    gradients = {name: gradient for name, gradient in asked.gradient.items() if np.any(gradient)}
    for one, other, array in _twice(asked.subject.state):
        whose = [name for name, param in asked.subject.params.items() if param is array]
        if not one.startswith("[") and not changed & set(whose):
            continue
        whose += [name for name, gradient in gradients.items() if same(gradient, array)]
        if whose and not all(_has_slope(asked, name) for name in whose):
            yield Finding(
                cause="shared-arrays",
                text=sentence(
                    "{one} and {other} are one array: what is written to one is in the other.", one=one, other=other
                ),
                remedy=sentence("Make an array for each."),
                file=asked.subject.file,
                parameter=whose[0],
                evidence={"places": [one, other]},
            )
            return


def _twice(roots: tuple[Any, ...]) -> list[tuple[str, str, Array]]:
    found = []
    for thing in everything_in(roots):
        seen: dict[int, str] = {}
        for name, value in _entries(thing):
            if isinstance(value, np.ndarray) and value.size > 1 and id(value) in seen:
                found.append((seen[id(value)], name, value))
            seen.setdefault(id(value), name)
    return found


def _entries(thing: Any) -> Iterator[tuple[str, Any]]:
    """What a container or an object holds, each with how code names it."""
    if isinstance(thing, dict | list):
        entries = thing.items() if isinstance(thing, dict) else enumerate(thing)
        yield from ((f"[{key!r}]", value) for key, value in entries)
    elif is_object(thing):
        yield from attributes_of(thing).items()


def _has_slope(asked: Asked, name: str, h: float = 1e-5) -> bool:
    """Whether the loss rises along a gradient by as much as it says."""
    gradient = asked.gradient.get(name)
    asked.back()
    if gradient is None or gradient.shape != asked.weights[name].shape or not np.any(gradient):
        return False
    direction = gradient / np.linalg.norm(gradient)
    asked.subject.set({name: asked.weights[name] + h * direction})
    above = asked.subject.loss(asked.x.copy(), asked.t.copy())
    asked.subject.set({name: asked.weights[name] - h * direction})
    below = asked.subject.loss(asked.x.copy(), asked.t.copy())
    asked.back()
    expected = float(np.linalg.norm(gradient))
    return abs((above - below) / (2 * h) - expected) < 1e-3 * expected


def _changed_arrays(asked: Asked) -> Iterator[Finding]:
    for name, kept in (("x", asked.x), ("t", asked.t)):
        given = {"x": asked.x.copy(), "t": asked.t.copy()}
        seen: list[Site] = []

        def listener(
            number: int, _: Any, name: str = name, kept: Array = kept, given: Any = given, seen: Any = seen
        ) -> None:
            if not seen and not same(given[name], kept):
                seen.append(asked.code.sites[number])

        asked.listened(listener, given["x"], given["t"])
        if not same(given[name], kept):
            yield finding_at(
                asked,
                seen[0] if seen else None,
                cause="changed-in-place",
                text=sentence(CHANGED, name=name),
                remedy=sentence("Work on a copy, such as {name}.copy().", name=name),
                evidence={"array": name},
            )


def _is_parameter(asked: Asked) -> Iterator[Finding]:
    for name, gradient in asked.gradient.items():
        for other, weights in asked.weights.items():
            if (
                gradient.size == weights.size
                and np.any(weights)
                and np.array_equal(np.ravel(gradient), np.ravel(weights))
            ):
                yield Finding(
                    cause="gradient-is-parameter",
                    text=sentence(
                        "The gradient of {name} is the array {other} itself, number for number.", name=name, other=other
                    ),
                    file=asked.subject.file,
                    parameter=name,
                    evidence={"equals": other},
                )


def _changed_weights(asked: Asked) -> Iterator[Finding]:
    """Weights that a function changes that only gives their gradient, other than by a step down."""
    if asked.subject.rate is not None:
        return
    asked.back()
    asked.subject.gradient(asked.x.copy(), asked.t.copy())
    after = {name: array.copy() for name, array in asked.subject.params.items()}
    for name, weights in asked.weights.items():
        gradient = asked.gradient.get(name)
        if same(after[name], weights) or gradient is None or is_update(weights, after[name], gradient):
            continue
        overwritten = after[name].shape == gradient.shape and equal(after[name], gradient)
        yield finding_at(
            asked,
            _first_change(asked, name),
            cause="overwritten" if overwritten else "changed-in-place",
            text=sentence(CHANGED, name=name),
            remedy=sentence("Work on a copy, such as {name}.copy().", name=name),
            parameter=name,
            evidence={"array": name},
        )
        return


def _first_change(asked: Asked, name: str) -> Site | None:
    found: list[Site] = []

    def listener(number: int, _: Any) -> None:
        if not found and not same(asked.subject.params[name], asked.weights[name]):
            found.append(asked.code.sites[number])

    asked.listened(listener, asked.x.copy(), asked.t.copy())
    return found[0] if found else None


# Again


def _accumulating(asked: Asked) -> Iterator[Finding]:
    first = asked.anew()
    second, third = asked.again(asked.x, asked.t), asked.again(asked.x, asked.t)
    for name in first:
        if not all(name in each and each[name].shape == first[name].shape for each in (second, third)):
            continue
        step = second[name] - first[name]
        if not np.any(step) or not equal(third[name] - second[name], step) or equal(second[name], first[name]):
            continue
        yield finding_at(
            asked,
            _adding(asked, name, first[name]),
            cause="accumulates",
            text=sentence(
                "Called a second time with the same batch, the gradient of {name} has the first one added to it.",
                name=name,
            ),
            remedy=sentence("Set it to zero at the start of each call, or assign instead of adding."),
            parameter=name,
        )
        return


def _adding(asked: Asked, name: str, first: Array) -> Site | None:
    """Where the second call first has what its gradient then is."""
    asked.anew()
    second = asked.again(asked.x, asked.t)[name]
    asked.anew()
    found: list[Site] = []

    def listener(number: int, value: Any) -> None:
        if not found and isinstance(value, np.ndarray) and _same_or_turned(value, second):
            found.append(asked.code.sites[number])

    with asked.code.installed(), asked.code.listening(listener):
        asked.again(asked.x, asked.t)
    return found[0] if found else None


def _same_or_turned(value: Array, wanted: Array) -> bool:
    return any(v.shape == wanted.shape and equal(v, wanted) for v in (value, value.T))


def _stale(asked: Asked) -> Iterator[Finding]:
    if asked.subject.rate is not None or len(asked.other[0]) != len(asked.x):
        return
    first = asked.anew()
    second = asked.again(asked.x, asked.t)
    after = asked.again(*asked.other)
    third = asked.again(asked.x, asked.t)
    asked.back()
    alone = asked.again(*asked.other)
    for name in first:
        if not all(name in each for each in (second, after, third, alone)) or not equal(second[name], first[name]):
            continue
        if not equal(third[name], first[name]) or not equal(after[name], alone[name]):
            yield Finding(
                cause="forward-differs",
                text=sentence(
                    "After a call with another batch, the gradient of {name} for the same batch is another: something "
                    "of the other batch is still in it.",
                    name=name,
                ),
                remedy=sentence("Compute all that the gradient needs anew in each call."),
                file=asked.subject.file,
                parameter=name,
            )
            return


def _cut(asked: Asked) -> Iterator[Finding]:
    """Numbers of a type that cannot hold what is computed."""
    if asked.x.dtype.kind in "iu":
        asked.back()
        right = asked.again(asked.x.astype(np.float64), asked.t)
        for name in right:
            if name in asked.gradient and not equal(right[name], asked.gradient[name], 1e-4):
                yield Finding(
                    cause="dtype",
                    text=sentence(
                        "With x as floating numbers the gradient of {name} is another than with {dtype}.",
                        name=name,
                        dtype=asked.x.dtype,
                    ),
                    remedy=sentence("Convert it first: {name}.astype(float).", name="x"),
                    file=asked.subject.file,
                    parameter=name,
                    evidence={"dtype": str(asked.x.dtype)},
                )
                return
