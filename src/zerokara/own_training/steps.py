"""What is wrong with the steps of a training loop, found by taking a few of them again on copies."""

from __future__ import annotations

import ast
import copy
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.findings import Finding
from zerokara.own_training.copies import CannotWatch
from zerokara.own_training.program import Loop, Program, names_in, root_of
from zerokara.own_training.training_loops import Training, Update, stored_in
from zerokara.own_training.watching import Step, Turn, Watch
from zerokara.sources.data_flow import last_name
from zerokara.words import sentence, translatable

logger = logging.getLogger(__name__)

Array = NDArray[Any]
Arrays = dict[str, Array]

WEIGHTS = 3
"""Weights at which a step must go up the gradient to be said to."""


@dataclass
class Watched:
    """What a few turns have shown.

    Attributes:
        read: the arrays that the loss depends on, by their paths.
        first, second: two turns of the loop.
    """

    watch: Watch
    read: list[str]
    first: Turn
    second: Turn


def watched(program: Program, training: Training, deadline: float) -> Watched | None:
    """Two turns of a training loop on copies; None where it cannot be run again."""
    try:
        watch = Watch(program, training, deadline)
        first = watch.turn()
        second = watch.turn()
        return Watched(watch, _read(watch) if watch.loss_of is not None else [], first, second)
    except CannotWatch as error:
        logger.info("a loop cannot be run again", exc_info=error)
        return None


def _read(watch: Watch) -> list[str]:
    """The arrays whose values the loss depends on, at new weights: with the old ones it may not even be finite."""
    _renew(watch.arrays(), seed=0)
    before = _loss_or_nan(watch)
    if not np.isfinite(before) or _loss_or_nan(watch) != before:  # what computes it takes a step unnoticed
        return []
    found = []
    for number, (path, array) in enumerate(watch.arrays().items()):
        kept = array.copy()
        _renew({path: array}, seed=number + 1)
        if _loss_or_nan(watch) != before:
            found.append(path)
        array[...] = kept
    return found


def _loss_or_nan(watch: Watch) -> float:
    try:
        return watch.loss()
    except CannotWatch as error:
        if error.__cause__ is None:  # the time is up
            raise
        return float("nan")


def _renew(arrays: Arrays, seed: int) -> None:
    """Give arrays new values in place: N(0, 1.7/√fan_in), and N(0, 0.3) for what has one axis."""
    generator = np.random.default_rng(seed)
    for array in arrays.values():
        spread = 0.3 if array.ndim < 2 or 1 in array.shape else 1.7 / np.sqrt(array.shape[0])
        array[...] = generator.normal(0, spread, array.shape)


def _kept(watch: Watch, paths: list[str]) -> Arrays:
    arrays = watch.arrays()
    return {path: arrays[path].copy() for path in paths if path in arrays}


NOT_WRITTEN = translatable(
    "`{code}` computes new values, but the loss does not read them: after the step the loss of the same batch is still "
    "{loss:.6g}, to the last digit."
)
WRITE_BACK = translatable("Put them where the loss reads them: `{right}`.")
WRITE_BACK_SOMEWHERE = translatable("Put them where the loss reads them.")


def never_written_back(program: Program, seen: Watched) -> Iterator[Finding]:
    """Updated parameters that the loss never reads: in a local name, a copy, or beside the arrays of the layers."""
    watch = seen.watch
    if not seen.read:
        return
    first, one, before = watch.again(), watch.loss(), _kept(watch, seen.read)
    second, other, after = watch.again(), watch.loss(), _kept(watch, seen.read)
    unchanged = before.keys() == after.keys() and all(np.array_equal(before[path], after[path]) for path in before)
    moved = [step for step in second.steps if step.moved and _is_finite(step)]
    if not (unchanged and one == other and np.isfinite(one)) or not _same(first.batch, second.batch):
        return
    dropped = _dropped(watch)
    statement = _lost(program, watch, moved[0].update.statement) if moved else dropped
    if statement is None:
        return
    right = _written_back(moved[0], before) if moved else ""
    yield Finding(
        cause="never-written-back",
        text=sentence(NOT_WRITTEN, code=ast.unparse(statement), loss=one),
        remedy=sentence(WRITE_BACK, right=right) if right else sentence(WRITE_BACK_SOMEWHERE),
        evidence={"loss": one, "loss_after": other},
        proof={"unchanged": sorted(before)},
        parameter=next(iter(before), None),
        **program.place(statement),
    )


def _lost(program: Program, watch: Watch, step: ast.stmt) -> ast.stmt:
    """Where new values are lost: `new = update(params, grads)` rather than in a function that returns them."""
    function = program.function_of(step)
    if function is watch.training.function or not any(
        isinstance(part, ast.Return) for part in ast.walk(function or step)
    ):
        return step
    return _dropped(watch) or step


def _dropped(watch: Watch) -> ast.stmt | None:
    """A call whose result, new parameters, goes to a name that is never read: `new = update(params, grads)`."""
    calls = [update.statement for update in watch.training.updates if update.target is None]
    assigned = [call for call in calls if isinstance(call, ast.Assign)]
    return next((call for call in assigned if not stored_in(call) & (watch.live - {"loss"})), None)


def _is_finite(step: Step) -> bool:
    return all(np.isfinite(array).all() for array in step.after)


def _same(one: list[Array], other: list[Array]) -> bool:
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def _written_back(step: Step, read: Arrays) -> str:
    """`net.params['W1'] = W1`, where the array that the loss reads has the values from before the step."""
    target = step.update.target
    for path, array in read.items():
        if len(step.before) == 1 and np.array_equal(step.before[0], array) and isinstance(target, ast.Name):
            return f"{path} = {target.id}" if path != target.id else ""
    return ""


UP = translatable("`{code}` goes up the gradient: along this step the loss of its own batch grows.")
DOWN = translatable("`{right}` goes down it.")
TRIED = translatable("Tried on a copy with {n} other sets of weights: it grew each time.")


def step_up(program: Program, seen: Watched) -> Iterator[Finding]:
    """`+=` with the gradient itself. With its negative, such as that of t - y, `+=` is right."""
    for update, slopes in _going_up(seen):
        if update.sign > 0:
            yield Finding(
                cause="step-up-the-gradient",
                text=sentence(UP, code=ast.unparse(update.statement)),
                remedy=sentence(DOWN, right=_flipped(update.statement)),
                proven=sentence(TRIED, n=WEIGHTS),
                proof={"slopes": slopes},
                **program.place(update.statement),
            )
            return


OR_THE_GRADIENT = translatable("`{right}` goes down it; or the gradient has the wrong sign, as that of t - y has.")


def wrong_sign(program: Program, seen: Watched) -> Iterator[Finding]:
    """`-=` with the negative of the gradient, which the loop itself computes: a check of functions does not see it."""
    for update, slopes in _going_up(seen):
        yield Finding(
            cause="sign",
            text=sentence(UP, code=ast.unparse(update.statement)),
            remedy=sentence(OR_THE_GRADIENT, right=_flipped(update.statement)),
            proven=sentence(TRIED, n=WEIGHTS),
            proof={"slopes": slopes},
            **program.place(update.statement),
        )
        return


def _going_up(seen: Watched) -> list[tuple[Update, list[float]]]:
    """The updates along which the loss of their own batch grows at all weights that were tried, by their lines."""
    slopes: dict[int, list[float]] = {}
    updates: dict[int, Update] = {}
    for seed in range(WEIGHTS):
        for step, slope in _slopes(seen, seed):
            updates[id(step.update)] = step.update
            slopes.setdefault(id(step.update), []).append(slope)
    up = [(update, slopes[key]) for key, update in updates.items() if _rises(slopes[key])]
    return sorted(up, key=lambda each: each[0].statement.lineno)


def _rises(slopes: list[float]) -> bool:
    return len(slopes) >= WEIGHTS and min(slopes) > 0


def _slopes(seen: Watched, seed: int) -> Iterator[tuple[Step, float]]:
    """(step, how the loss of the batch grows along it), for each array that the loss reads, at new weights."""
    watch = seen.watch
    arrays = watch.arrays()
    _renew({path: arrays[path] for path in seen.read if path in arrays}, seed + 1)
    _forget(watch, seen.read)
    before = _kept(watch, seen.read)
    turn = watch.again()
    after = _kept(watch, seen.read)
    if not _same(turn.batch, seen.second.batch):
        return
    for path in before:
        step = next((step for step in turn.steps if _is_of(step, before[path], after.get(path))), None)
        if step is not None:
            slope = _slope(watch, before, path, after[path] - before[path])
            if slope is not None:
                yield step, slope


def _forget(watch: Watch, read: list[str]) -> None:
    """Let what an optimizer remembers be 0: arrays of the shape of a parameter that the loss does not read."""
    arrays = watch.arrays()
    shapes = {arrays[path].shape for path in read if path in arrays}
    parameters = {id(arrays[path]) for path in read if path in arrays}
    for array in watch.reachable():
        if array.shape in shapes and id(array) not in parameters:
            array[...] = 0


def _is_of(step: Step, before: Array, after: Array | None) -> bool:
    """Whether a step is the one that changed an array."""
    if after is None or np.array_equal(before, after) or not np.isfinite(after).all():
        return False
    pairs = zip(step.before, step.after, strict=False)
    return any(np.array_equal(a, before) and np.array_equal(b, after) for a, b in pairs)


def _slope(watch: Watch, weights: Arrays, path: str, direction: Array) -> float | None:
    """The derivative of the loss along a direction of one array; None where rounding may have decided it."""
    length = 1e-3 * (np.linalg.norm(weights[path]) + 1e-3) / np.linalg.norm(direction)
    losses = []
    for side in (length, -length):
        _set(watch, weights)
        watch.arrays()[path][...] += (side * direction).astype(direction.dtype)
        losses.append(_loss_or_nan(watch))
    _set(watch, weights)
    middle = _loss_or_nan(watch)
    rounding = 1e-9 if direction.dtype == np.float64 else 1e-4
    change = losses[0] - losses[1]
    if _loss_or_nan(watch) != middle:
        return None
    if not np.isfinite(change) or abs(change) < rounding * abs(middle):
        return None
    return float(change / (2 * length))


def _set(watch: Watch, values: Arrays) -> None:
    arrays = watch.arrays()
    for path, value in values.items():
        if path in arrays:
            arrays[path][...] = value


class _Flip(ast.NodeTransformer):
    """The other sign in the outermost sum of a statement."""

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        if isinstance(node.op, ast.Add | ast.Sub):
            node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        return node


def _flipped(statement: ast.stmt) -> str:
    return ast.unparse(_Flip().visit(copy.deepcopy(statement)))


IN_LOOP = translatable(
    "`{code}` stands inside of the loop that trains: each turn begins with new weights, and what the turns before have "
    "learnt is lost."
)
BEFORE_LOOP = translatable("Make it once, before the loop in line {line}.")


def made_anew(program: Program, training: Training, seen: Watched | None) -> Iterator[Finding]:
    """`net = TwoLayerNet(…)` in the loop of the iterations, or of the epochs. One per experiment is meant so."""
    for loop in (training.loop, *training.outer):
        inner = loop is training.loop
        if not inner and not _is_of_epochs(loop):
            break
        for statement in loop.body:
            if _makes(program, training, statement, loop) and (not inner or _loses(seen, statement)):
                yield Finding(
                    cause="network-made-anew",
                    text=sentence(IN_LOOP, code=ast.unparse(statement)),
                    remedy=sentence(BEFORE_LOOP, line=loop.lineno),
                    **program.place(statement),
                )
                return


def _is_of_epochs(loop: Loop) -> bool:
    return isinstance(loop, ast.For) and "epoch" in ast.unparse(loop.target).lower()


def _makes(program: Program, training: Training, statement: ast.stmt, loop: Loop) -> bool:
    """Whether a statement of a loop makes what the loop updates, from nothing that the loop has changed."""
    if not (isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call | ast.BinOp | ast.Dict)):
        return False
    made, used = stored_in(statement), names_in(statement.value)
    turning = stored_in(loop.target) if isinstance(loop, ast.For) else set()
    first = min(update.statement.lineno for update in training.updates)
    return (
        bool(made & updated(training))
        and not used & (stored_in(loop) | turning)
        and statement.lineno < first
        and _is_making(program, statement.value)
        and not _stored_elsewhere(loop, made)
    )


def updated(training: Training) -> set[str]:
    """The names whose values the steps change."""
    found = {update.root for update in training.updates}
    for update in training.updates:
        if update.target is None:
            calls = [part for part in ast.walk(update.statement) if isinstance(part, ast.Call)]
            found |= {root_of(argument) for call in calls[:1] for argument in call.args[:1]}
    return found - {""}


def _is_making(program: Program, value: ast.expr) -> bool:
    """Whether an expression makes a network or draws weights."""
    if "random" in ast.unparse(value) and not isinstance(value, ast.Call):
        return True
    if isinstance(value, ast.Dict):
        return "random" in ast.unparse(value)
    if not isinstance(value, ast.Call):
        return False
    made = program.names.get(last_name(value.func))
    name = last_name(value.func).lower()
    return isinstance(made, type) or "init" in name or "random" in ast.unparse(value.func) or "net" in name


def _stored_elsewhere(loop: Loop, made: set[str]) -> bool:
    """Whether each one is kept, as those of an ensemble or a comparison are."""
    for node in ast.walk(loop):
        if isinstance(node, ast.Call) and last_name(node.func) in ("append", "extend", "add"):
            given = node.args[0] if node.args else None
            if isinstance(given, ast.Name | ast.Tuple) and made & names_in(given):
                return True
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in made:
            return isinstance(node.targets[0], ast.Subscript | ast.Attribute)
    return False


def _loses(seen: Watched | None, statement: ast.stmt) -> bool:
    """Whether two turns did not go on from one another. Without having watched, only for what is a class."""
    if seen is None or not seen.first.steps:
        return isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call)
    pairs = zip(seen.first.steps, seen.second.steps, strict=False)
    moved = [(one, other) for one, other in pairs if one.update is other.update and one.moved]
    return bool(moved) and any(not _same(one.after, other.before) for one, other in moved)
