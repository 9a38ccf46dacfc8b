"""Takes a few turns of a training loop again, on copies, and notes what each step changes."""

from __future__ import annotations

import ast
import copy
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.own_training.copies import LARGE, CannotWatch, copied, parts_of, until
from zerokara.own_training.entering import entrance
from zerokara.own_training.program import Program, names_in
from zerokara.own_training.roles import batch_of, loss_of
from zerokara.own_training.slices import sliced
from zerokara.own_training.training_loops import Training, Update, stored_in, updates

Array = NDArray[Any]
HOOK = "__zerokara_step__"
TURN = "__zerokara_turn__"


@dataclass
class Step:
    """What one execution of an update changed: copies of the arrays before and after."""

    update: Update
    before: list[Array]
    after: list[Array]

    @property
    def moved(self) -> bool:
        """Whether anything changed."""
        pairs = itertools.zip_longest(self.before, self.after)
        return any(a is None or b is None or not np.array_equal(a, b, equal_nan=True) for a, b in pairs)


@dataclass
class Turn:
    """One turn of the loop: its steps, and the batch that its gradient was computed with."""

    steps: list[Step] = field(default_factory=list)
    batch: list[Array] = field(default_factory=list)


class Watch:
    """A training loop on copies.

    Attributes:
        env: the copied namespace.
        own: the arrays that the loss may read, as the learner's run left them, by their paths.
        loss_of: the expression of the loop that is its loss.
        batch_of: the expressions of x and t that it takes its gradient with.

    Raises CannotWatch where it cannot be run again.
    """

    def __init__(self, program: Program, training: Training, deadline: float) -> None:
        self.program, self.training, self.deadline = program, training, deadline
        self._every = list(updates(program))
        self._turn = Turn()
        self._pending: dict[int, list[Array]] = {}
        inside = {id(update.statement) for update in training.updates}
        steps = set[str]().union(*(names_in(update.statement) for update in training.updates))
        with until(deadline):
            self.env = copied(program, self._definition)
        self.env[HOOK] = self._note
        self.enter()
        self.loss_of, self._in_step = loss_of(self.env, training)
        self.batch_of = batch_of(self.env, training)
        read = steps | (names_in(self.loss_of) if self.loss_of is not None else set())
        whole, _ = sliced(training.body, read, kept=inside)
        self._advance = self._compiled(_once(whole))
        self._again, self.live = self._loss_code(inside)
        self._values = self._turns()
        self.value: Any = None
        self.own = {path: array.copy() for path, array in self.arrays().items()}
        self.random_state = np.random.get_state(), random.getstate()

    def enter(self) -> None:
        """Give the names of the function that the loop stands in their values. Raises CannotWatch where it fails."""
        statements = entrance(self.program, self.training)
        if statements:
            self.run(statements)

    # Running

    def turn(self) -> Turn:
        """Take the next turn of the loop. Raises CannotWatch where there is none, or it fails."""
        self._turn = Turn()
        self.random_state = np.random.get_state(), random.getstate()
        self._run(self._bind_next)
        self._run(lambda: exec(self._advance, self.env))
        self._turn.batch = self._batch()
        return self._turn

    def again(self) -> Turn:
        """Take the last turn once more: with the same batch, from the parameters that the copy has now."""
        self._turn = Turn()
        self._restart()
        self._run(self._bind)
        self._run(lambda: exec(self._advance, self.env))
        self._turn.batch = self._batch()
        return self._turn

    def run(self, statements: list[ast.stmt]) -> None:
        """Run some statements among the copies."""
        code = self._compiled(statements)
        self._run(lambda: exec(code, self.env))

    def called(self, function: Callable[..., Any], *args: Any) -> Any:
        """What a function among the copies gives. Raises CannotWatch where it fails."""
        return self._run(lambda: function(*args))

    def _restart(self) -> None:
        np.random.set_state(self.random_state[0])
        random.setstate(self.random_state[1])

    def loss(self) -> float:
        """The loss of the last turn's batch with the parameters that the copy has now; takes no step."""
        self._restart()
        return float(self._run(lambda: float(self._loss())))

    def _loss(self) -> Any:
        assert self.loss_of is not None
        self._bind()
        if not self._in_step:
            exec(self._again, self.env)
            return eval(_expression(self.loss_of), self.env)
        names, arrays = dict(self.env), {path: array.copy() for path, array in self.arrays().items()}
        try:
            exec(self._advance, self.env)
            return eval(_expression(self.loss_of), self.env)
        finally:
            self.env.clear()
            self.env.update(names)
            for path, array in self.arrays().items():
                array[...] = arrays.get(path, array)

    def _run(self, work: Callable[[], Any]) -> Any:
        try:
            with until(self.deadline):
                return work()
        except CannotWatch:
            raise
        except (Exception, SystemExit) as error:
            raise CannotWatch from error

    def _turns(self) -> Iterator[Any]:
        loop = self.training.loop
        if isinstance(loop, ast.While):
            return itertools.repeat(None)
        iterator: Iterator[Any] = self._run(lambda: iter(eval(_expression(loop.iter), self.env)))
        return iterator

    def _bind_next(self) -> None:
        try:
            self.value = next(self._values)
        except StopIteration:  # the next epoch
            self._values = self._turns()
            self.value = next(self._values, None)
            if self.value is None:
                raise CannotWatch from None
        self._bind()

    def _bind(self) -> None:
        loop = self.training.loop
        if isinstance(loop, ast.For):
            self.env[TURN] = self.value
            target = ast.Assign([copy.deepcopy(loop.target)], ast.Name(TURN, ast.Load()))
            exec(self._compiled([target]), self.env)

    def _batch(self) -> list[Array]:
        if self.batch_of is None:
            return []
        values = [self._value(part) for part in self.batch_of]
        return [np.array(value) for value in values if isinstance(value, np.ndarray)]

    def _value(self, node: ast.expr) -> Any:
        return self._run(lambda: eval(_expression(node), self.env))

    # The code

    def _loss_code(self, inside: set[int]) -> tuple[CodeType, set[str]]:
        """What computes the loss without a step, and the names it reads that the loop does not make in each turn."""
        if self.loss_of is None:
            return self._compiled([]), set()
        body, names = sliced(self.training.body, names_in(self.loss_of), dropped=inside)
        return self._compiled(_once(body)), names | names_in(self.loss_of)

    def _definition(self, statement: ast.stmt) -> CodeType | None:
        path = self.program.place(statement)["file"]
        return self._compiled([statement], str(path or "<zerokara>"))

    def _compiled(self, body: list[ast.stmt], filename: str = "<zerokara>") -> CodeType:
        marked: dict[int, list[tuple[int, Update]]] = {}
        for number, update in enumerate(self._every):
            if update.target is not None:
                marked.setdefault(id(update.statement), []).append((number, update))
        module = ast.Module([_Marking(marked).copied(statement) for statement in body], [])
        return compile(ast.fix_missing_locations(module), filename, "exec", dont_inherit=True)

    def _note(self, number: int, moment: str, value: Callable[[], Any]) -> None:
        try:
            arrays = [np.array(array) for array in _arrays(value())]
        except Exception:
            return
        if moment == "before":
            self._pending[number] = arrays
        elif number in self._pending:
            self._turn.steps.append(Step(self._every[number], self._pending.pop(number), arrays))

    def beginnings(self) -> tuple[Any, Any]:
        """What the loop begins with in two epochs. Raises CannotWatch."""
        first, second = (self._run(lambda: next(self._turns(), None)) for _ in range(2))
        return first, second

    # What the loss reads

    def arrays(self) -> dict[str, Array]:
        """The arrays that the loss may read, by their paths: of objects that it names, and bare ones if updated."""
        updated = {update.root for update in self.training.updates}
        given = set[str]().union(*(names_in(update.statement) for update in self.training.updates))
        for update in self.training.updates:  # params = update(params, grads)
            value = getattr(update.statement, "value", None)
            updated |= stored_in(update.statement) & (names_in(value) if isinstance(value, ast.expr) else set())
        updated |= {update.root for update in self._every if self._is_global(update)}
        found: dict[str, Array] = {}
        seen: set[int] = set()
        for name in sorted((self.live | given) - self.training.stored | updated):
            value = self.env.get(name)
            if isinstance(value, np.ndarray) and name not in updated:
                continue
            for path, array in _reachable(value, name, seen):
                found[path] = array
        return found

    def _is_global(self, update: Update) -> bool:
        """Whether a function steps on a name of the whole program."""
        function = self.program.function_of(update.statement)
        parts = ast.walk(function) if function is not None else ()
        return any(isinstance(part, ast.Global) and update.root in part.names for part in parts)

    def reachable(self) -> Iterator[Array]:
        """All arrays of the copies that are written to."""
        seen: set[int] = set()
        for name, value in list(self.env.items()):
            if name not in (HOOK, TURN, "__builtins__"):
                yield from (array for _, array in _reachable(value, name, seen))


def _reachable(value: Any, path: str, seen: set[int], depth: int = 5) -> Iterator[tuple[str, Array]]:
    if isinstance(value, np.ndarray):
        if id(value) not in seen and value.dtype.kind == "f" and value.flags.writeable and 0 < value.size < LARGE:
            seen.add(id(value))
            yield path, value
        return
    if depth == 0 or id(value) in seen:
        return
    seen.add(id(value))
    for key, part in parts_of(value):
        inner = f"{path}.{key}" if hasattr(value, "__dict__") else f"{path}[{key!r}]"
        yield from _reachable(part, inner, seen, depth - 1)


def _arrays(value: Any, depth: int = 2) -> Iterator[Array]:
    if isinstance(value, np.ndarray | np.floating | float):
        yield np.asarray(value)
    elif depth:
        for _, part in parts_of(value):
            yield from _arrays(part, depth - 1)


def _expression(node: ast.expr) -> CodeType:
    expression = ast.Expression(copy.deepcopy(node))
    return compile(ast.fix_missing_locations(expression), "<zerokara>", "eval", dont_inherit=True)


def _once(body: list[ast.stmt]) -> list[ast.stmt]:
    """A body as a loop of one turn, so that `continue` means what it meant."""
    if not body:
        return []
    target, once = ast.Name("__zerokara_once__", ast.Store()), ast.Tuple([ast.Constant(0)], ast.Load())
    return [ast.For(target, once, body, [], lineno=1, col_offset=0)]


class _Marking(ast.NodeTransformer):
    """A copy of code in which each update is noted, before and after."""

    def __init__(self, marked: dict[int, list[tuple[int, Update]]]) -> None:
        self.marked = marked
        self.found: dict[int, list[tuple[int, Update]]] = {}

    def copied(self, statement: ast.stmt) -> ast.stmt:
        """A copy of a statement, marked."""
        memo: dict[int, Any] = {}
        twin = copy.deepcopy(statement, memo)
        self.found = {id(memo[old]): steps for old, steps in self.marked.items() if old in memo}
        marked: ast.stmt | list[ast.stmt] = self.visit(twin)
        if isinstance(marked, list):
            return ast.If(ast.Constant(True), marked, [], lineno=1, col_offset=0)
        return marked

    def generic_visit(self, node: ast.AST) -> Any:
        node = super().generic_visit(node)
        steps = self.found.get(id(node), [])
        if not steps:
            return node
        before = [_call(number, "before", update.old, node) for number, update in steps if update.old is not None]
        after = [_call(number, "after", update.target, node) for number, update in steps if update.target is not None]
        return [*before, node, *after]


def _call(number: int, moment: str, value: ast.expr, node: ast.AST) -> ast.stmt:
    nothing = ast.arguments([], [], None, [], [], None, [])
    lazily = ast.Lambda(nothing, copy.deepcopy(value))
    call = ast.Call(ast.Name(HOOK, ast.Load()), [ast.Constant(number), ast.Constant(moment), lazily], [])
    return ast.copy_location(ast.Expr(call), node)
