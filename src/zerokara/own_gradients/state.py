"""Mistakes that show when a gradient is asked for more than once, or that change what they should only read.

Each is a fact: an array before and after, two calls with the same arguments. What legitimately differs is silent: an
update that is what the function is for, momentum, counters, masks of dropout, which are drawn in the forward pass.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.findings import Finding, Findings
from zerokara.own_gradients.isolation import quietly
from zerokara.own_gradients.keeping import Snapshot, everything_in
from zerokara.own_gradients.reached import functions_reached
from zerokara.own_gradients.subject import Array, Arrays, Subject
from zerokara.own_gradients.substitution import Instrumented, Site, TooLate
from zerokara.words import sentence, translatable

ROWS = 7
CHANGED = translatable("Asking for the gradient changes the values of {name}, in place.")
EQUAL = 1e-9
"""Relative to the largest element: sums that are the same in another order."""


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
    for look in (_shared, _changed_arrays, _is_parameter, _too_early, _changed_weights, _accumulating, _drawn_anew, _stale, _cut):
        yield from look(asked)


class Asked:
    """A subject at weights of ours, which its code is asked about from the same start each time.

    Attributes:
        x, t: a batch; `other` is one more.
        weights: what `subject.params` are at the start.
        gradient: of the batch.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        rows = max(1, min(ROWS, len(subject.x) // 2))
        self.x, self.t = subject.x[:rows].copy(), subject.t[:rows].copy()
        self.other = subject.x[rows : 2 * rows].copy(), subject.t[rows : 2 * rows].copy()
        subject.set({n: w for n, w in subject.weights(11).items() if subject.params[n].dtype.kind == "f"})
        self.weights = {name: array.copy() for name, array in subject.params.items()}
        self._start = Snapshot([*subject.state, *subject.functions, *subject.params.values()])
        self.code = Instrumented(functions_reached(subject.functions, subject.state))
        self.gradient = self.anew()

    def back(self) -> None:
        """To the start."""
        self._start.restore()
        self.subject.set(self.weights)

    def anew(self) -> Arrays:
        """The gradient of the batch from the start."""
        self.back()
        return self.again(self.x, self.t)

    def again(self, x: Array, t: Array) -> Arrays:
        """A gradient without going back, but for weights and random numbers."""
        self.subject.set(self.weights)
        np.random.seed(5)
        return self.subject.gradient(x.copy(), t.copy())

    def loss(self, seed: int) -> float:
        """Of the batch from the start, with these random numbers."""
        self.back()
        np.random.seed(seed)
        return self.subject.loss(self.x.copy(), self.t.copy())

    def listened(self, listener: Callable[[int, Any], None], x: Array, t: Array) -> Arrays:
        """The gradient from the start, every value heard."""
        self.back()
        np.random.seed(5)
        with self.code.installed(), self.code.listening(listener):
            return self.subject.gradient(x, t)


# Before and after


def _shared(asked: Asked) -> Iterator[Finding]:
    """One array at two places of a list or dict, where the gradient is none of such an array."""
    asked.anew()
    gradients = {name: gradient for name, gradient in asked.gradient.items() if np.any(gradient)}
    for one, other, array in _twice(asked.subject.state):
        whose = [name for name, param in asked.subject.params.items() if param is array]
        whose += [name for name, gradient in gradients.items() if _same(gradient, array)]
        if whose and not all(_has_slope(asked, name) for name in whose):
            yield Finding(
                cause="shared-arrays",
                text=sentence("{one} and {other} are one array: what is written to one is in the other.", one=one, other=other),
                remedy=sentence("Make an array for each."),
                file=asked.subject.file,
                parameter=whose[0],
                evidence={"places": [one, other]},
            )
            return


def _twice(roots: tuple[Any, ...]) -> list[tuple[str, str, Array]]:
    found = []
    for thing in everything_in(roots):
        entries = thing.items() if isinstance(thing, dict) else enumerate(thing) if isinstance(thing, list) else ()
        seen: dict[int, Any] = {}
        for key, value in entries:
            if isinstance(value, np.ndarray) and value.size > 1 and id(value) in seen:
                found.append((f"[{seen[id(value)]!r}]", f"[{key!r}]", value))
            seen.setdefault(id(value), key)
    return found


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

        def listener(number: int, _: Any, name: str = name, kept: Array = kept, given: Any = given, seen: Any = seen) -> None:
            if not seen and not _same(given[name], kept):
                seen.append(asked.code.sites[number])

        asked.listened(listener, given["x"], given["t"])
        if not _same(given[name], kept):
            yield _finding_at(
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
            if gradient.size == weights.size and np.any(weights) and np.array_equal(np.ravel(gradient), np.ravel(weights)):
                yield Finding(
                    cause="gradient-is-parameter",
                    text=sentence("The gradient of {name} is the array {other} itself, number for number.", name=name, other=other),
                    file=asked.subject.file,
                    parameter=name,
                    evidence={"equals": other},
                )


@dataclass(frozen=True, eq=False)
class Read:
    """A parameter read after it was changed: which evaluation of which site."""

    site: Site
    evaluation: int
    turned: bool


def _too_early(asked: Asked) -> Iterator[Finding]:
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
        wrong = [other for other in others if not _equal(moved[other], asked.gradient[other])]
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
        yield _finding_at(asked, changed, cause=cause, text=text, remedy=remedy, parameter=wrong[0], evidence={"changed": name})
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
            is_live = np.shares_memory(value, live) and not np.array_equal(live, weights) and np.array_equal(plain, live)
            if is_live or _is_update(weights, plain, gradient):
                site = asked.code.sites[number]
                if not changed:
                    changed.append(site)
                    written.append(plain.shape == gradient.shape and _equal(plain, gradient))
                if isinstance(site.node, ast.expr):
                    reads.append(Read(site, evaluation, turned))
                return

    asked.listened(listener, asked.x.copy(), asked.t.copy())
    return (changed[0] if changed else None), reads, bool(written and written[0])


def _is_update(weights: Array, value: Array, gradient: Array) -> bool:
    """Whether a value is the weights after a step down the gradient."""
    if gradient.shape != weights.shape or not np.any(gradient):
        return False
    step = weights - value
    largest = np.unravel_index(np.argmax(np.abs(gradient)), gradient.shape)
    rate = step[largest] / gradient[largest]
    return bool(rate > 0 and np.allclose(step, rate * gradient, rtol=1e-6, atol=1e-9 * np.max(np.abs(step))))


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


def _changed_weights(asked: Asked) -> Iterator[Finding]:
    """Weights that a function changes that only gives their gradient, other than by a step down."""
    if asked.subject.rate is not None:
        return
    asked.back()
    asked.subject.gradient(asked.x.copy(), asked.t.copy())
    after = {name: array.copy() for name, array in asked.subject.params.items()}
    for name, weights in asked.weights.items():
        gradient = asked.gradient.get(name)
        if _same(after[name], weights) or gradient is None or _is_update(weights, after[name], gradient):
            continue
        overwritten = after[name].shape == gradient.shape and _equal(after[name], gradient)
        yield _finding_at(
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
        if not found and not _same(asked.subject.params[name], asked.weights[name]):
            found.append(asked.code.sites[number])

    asked.listened(listener, asked.x.copy(), asked.t.copy())
    return found[0] if found else None


# Again


def _accumulating(asked: Asked) -> Iterator[Finding]:
    first = asked.anew()
    second, third = asked.again(asked.x, asked.t), asked.again(asked.x, asked.t)
    for name in first:
        if not all(np.shape(each.get(name)) == first[name].shape for each in (second, third)):
            continue
        step = second[name] - first[name]
        if not np.any(step) or not _equal(third[name] - second[name], step) or _equal(second[name], first[name]):
            continue
        yield _finding_at(
            asked,
            _adding(asked, name, first[name]),
            cause="accumulates",
            text=sentence("Called a second time with the same batch, the gradient of {name} has the first one added to it.", name=name),
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
    return any(v.shape == wanted.shape and _equal(v, wanted) for v in (value, value.T))


def _drawn_anew(asked: Asked) -> Iterator[Finding]:
    """Random numbers that only the backward part draws: a mask of dropout is drawn before the output is there."""
    asked.back()
    np.random.seed(6)
    other = asked.subject.gradient(asked.x.copy(), asked.t.copy())
    wrong = [name for name in asked.gradient if name in other and not _equal(other[name], asked.gradient[name])]
    if not wrong or asked.loss(5) != asked.loss(6):
        return
    site = _drawing_in_backward(asked)
    if site is not None:
        yield _finding_at(
            asked,
            site,
            cause="random-gradient",
            text=sentence("The gradient of {name} is another each time, while the loss is the same: `{found}` draws random numbers that the loss does not have.", name=wrong[0], found=site.text),
            parameter=wrong[0],
        )


def _drawing_in_backward(asked: Asked) -> Site | None:
    """The call that draws, if it comes after the first value that both x and t have a part in."""
    heard = [_values_of(asked, *batch) for batch in ((asked.x, asked.t), (asked.other[0], asked.t), (asked.x, asked.other[1]))]
    if not all([number for number, _, _ in each] == [number for number, _, _ in heard[0]] for each in heard):
        return None
    met, forward = False, set[int]()
    for one, two, three in zip(*heard, strict=True):
        number, value, state = one
        site = asked.code.sites[number]
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
    _, keys, place, gauss, kept = np.random.get_state()  # type: ignore[misc]
    return int(keys[0]), int(place), int(gauss), float(kept)


def _is_other(value: Any, other: Any) -> bool:
    numbers = isinstance(value, np.ndarray | np.number) and np.shape(value) == np.shape(other)
    return bool(numbers and not np.array_equal(value, other))


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
        if not all(name in each for each in (second, after, third, alone)) or not _equal(second[name], first[name]):
            continue
        if not _equal(third[name], first[name]) or not _equal(after[name], alone[name]):
            yield Finding(
                cause="forward-differs",
                text=sentence("After a call with another batch, the gradient of {name} for the same batch is another: something of the other batch is still in it.", name=name),
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
            if name in asked.gradient and not _equal(right[name], asked.gradient[name], 1e-4):
                yield Finding(
                    cause="dtype",
                    text=sentence("With x as floating numbers the gradient of {name} is another than with {dtype}.", name=name, dtype=asked.x.dtype),
                    remedy=sentence("Convert it first: {name}.astype(float).", name="x"),
                    file=asked.subject.file,
                    parameter=name,
                    evidence={"dtype": str(asked.x.dtype)},
                )
                return


# Words and comparisons


def _finding_at(asked: Asked, site: Site | None, **fields: Any) -> Finding:
    if site is None:
        return Finding(file=asked.subject.file, **fields)
    return Finding(file=Path(site.filename), line=site.line, **fields)


def _same(one: Array, other: Array) -> bool:
    return one.shape == other.shape and bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))


def _equal(one: Any, other: Any, tolerance: float = EQUAL) -> bool:
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape:
        return False
    largest = float(np.max(np.abs(other))) if other.size else 0.0
    return bool(np.all(np.abs(one - other) <= tolerance * largest))
