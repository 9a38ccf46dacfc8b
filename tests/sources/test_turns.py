"""Loops whose turns may be looked at, and are in all else what plain Python makes of their source."""

import ast
import dis
import inspect
import pickle
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from zerokara.sources.instrumentation import instrumented, plain_code_of
from zerokara.sources.turns import Due, Turns

Names = dict[str, Any]

SOURCE = '''"""The file."""


def counts(n):
    """Its documentation."""
    total = 0
    for i in range(n):
        total += i
    return total


def on_a_later_line(n):
    w = 1.0
    for i in range(n):
        w = (
            w
            * 0.5)
    while w < 10:
        w = max(
            w,
            w * 3)
    return w


def one_liners(n):
    for i in range(n): n += i
    while n > 10: n -= 3; continue
    else: n = -n
    return n


def leaves(n):
    for i in range(n):
        if i == 3:
            break
        for j in range(i):
            if j:
                continue
            n += j
    else:
        return "all"
    for i in range(n):
        try:
            if i == 2:
                return i, n
        finally:
            n += 1


def in_finally(n):
    try:
        pass
    finally:
        for i in range(n):
            n += i
    return n


def begins_with_other_statements(n):
    for i in range(n):
        pass
    for i in range(n):
        if i % 2:
            n += 1
        else:
            n -= 1
    for i in range(3):
        with open(__file__) as file:
            n += len(file.readline())
    for i in range(3):
        for j in range(2):
            n += j
    for i in range(3):
        try:
            n += 1 // (i - 1)
        except ZeroDivisionError:
            n += 100
    for i in range(2):
        def inner(z):
            return z + n
        n = inner(i)
    for i in range(2):
        """A text."""
        n += 1
    for i in range(2):
        global kept
        kept = n
    while True:
        while True:
            n -= 1
            if n < 100:
                return n


def generates(n):
    for i in range(n):
        sent = yield i
        while sent:
            sent = sent - 1
            yield -sent


def closure(n):
    seen = []

    def inner(k):
        nonlocal n
        for i in range(k):
            n += i
            seen.append(n)
        return seen
    return inner(3) + inner(2)


class Net:
    layers = []
    for i in range(3):
        layers.append(i)

    def __init__(self):
        self.__hidden = 7

    def train(self, n):
        for self.i in range(n):
            self.__hidden += self.i
        return self.__hidden, super().__class__


def raises(n):
    for i in range(n):
        z = [
            1 / (3 - v)
            for v in range(i)]
    return z


async def waits(n):
    for i in range(n):
        n += i
    return n


def run(coroutine):
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value


total = 0
for index in range(3):
    total += index
'''


def loops_in(tree: ast.AST) -> list[Any]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.For | ast.While)]


def in_functions(tree: ast.AST) -> list[Any]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [part for function in functions for part in function.body if isinstance(part, ast.For | ast.While)]


class Learner:
    """A file, compiled as it is and so that all of its loops may be looked at."""

    def __init__(self, source: str, path: Path, *, ends: bool = True) -> None:
        path.write_text(source, encoding="utf-8")
        self.due, self.ended, self.at_end = Due(), Due(), list[tuple[str, int, Names]]()
        self.seen = list[tuple[str, int, Names]]()
        self.after: list[Any] = []
        self.plain = compile(source, str(path), "exec", dont_inherit=True)
        tree = ast.parse(source)
        before = ast.dump(tree, include_attributes=True)
        loops = loops_in(tree)
        turns = Turns(self.due, self.look, self.ended, self.look_at_end)
        self.code = instrumented(
            self.plain, tree, [], None, None, loops=loops, ends=in_functions(tree) * ends, turns=turns
        )  # type: ignore[arg-type]
        assert ast.dump(tree, include_attributes=True) == before
        self.names: tuple[Names, Names] = (
            {"__name__": "learner", "__file__": str(path)},
            {
                "__name__": "learner",
                "__file__": str(path),
            },
        )

    def look(self) -> Any:
        frame = sys._getframe(1)
        self.seen.append((frame.f_code.co_name, frame.f_lineno, dict(frame.f_locals)))
        return self.after

    def look_at_end(self) -> Any:
        frame = sys._getframe(1)
        self.at_end.append((frame.f_code.co_name, frame.f_lineno, dict(frame.f_locals)))
        return self.after

    def run(self) -> "Learner":
        for code, names in zip((self.plain, self.code), self.names, strict=True):
            exec(code, names)
        return self


@pytest.fixture(scope="module")
def _compiled(tmp_path_factory: pytest.TempPathFactory) -> Learner:
    return Learner(SOURCE, tmp_path_factory.mktemp("learner") / "learner.py").run()


@pytest.fixture
def learner(_compiled: Learner) -> Learner:
    for seen in (_compiled.due, _compiled.ended, _compiled.seen, _compiled.at_end):
        seen.clear()
    _compiled.after = []
    return _compiled


CALLS: dict[str, Callable[[Names], Any]] = {
    "counts": lambda names: names["counts"](5),
    "later lines": lambda names: names["on_a_later_line"](3),
    "one-liners": lambda names: names["one_liners"](6),
    "leaves": lambda names: [names["leaves"](n) for n in (2, 6)],
    "finally": lambda names: names["in_finally"](4),
    "beginnings": lambda names: (names["begins_with_other_statements"](4), names["kept"]),
    "generator": lambda names: [*names["generates"](3), *with_sent(names["generates"](3))],
    "closure": lambda names: names["closure"](1),
    "method": lambda names: names["Net"]().train(4)[0],
    "coroutine": lambda names: names["run"](names["waits"](3)),
}


def with_sent(generator: Any) -> Iterator[Any]:
    yield next(generator)
    yield generator.send(2)
    yield from generator


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize("due", [False, True])
def test_the_same_results(learner: Learner, call: Callable[[Names], Any], due: bool) -> None:
    learner.due[:] = learner.ended[:] = [None] * due
    plain, other = learner.names
    assert call(other) == call(plain)
    assert bool(learner.seen) is due
    assert due or not learner.at_end


def test_what_is_seen_of_a_turn(learner: Learner) -> None:
    learner.due.append(None)
    learner.names[1]["counts"](3)
    assert learner.seen == [("counts", 8, {"n": 3, "i": i, "total": sum(range(i))}) for i in range(3)]
    learner.seen.clear()
    learner.names[1]["on_a_later_line"](1)
    assert [(line, names["w"]) for _, line, names in learner.seen[:2]] == [(16, 1.0), (19, 0.5)]
    learner.seen.clear()
    learner.due.clear()
    learner.names[1]["counts"](3)
    assert learner.seen == []


def test_what_is_seen_where_a_loop_has_ended(learner: Learner) -> None:
    learner.ended.append(None)
    learner.names[1]["counts"](3)
    assert learner.at_end == [("counts", 9, {"n": 3, "i": 2, "total": 3})]
    learner.at_end.clear()
    assert [learner.names[1]["leaves"](n) for n in (2, 6)] == ["all", (2, 8)]
    assert [(name, names["n"]) for name, _, names in learner.at_end] == [("leaves", 6)]
    assert learner.seen == []


def events(function: Callable[[], Any], install: Callable[[Any], None], names: Names) -> list[Any]:
    heard: list[Any] = []

    def hear(frame: types.FrameType, event: str, argument: Any) -> Any:
        if frame.f_globals is names or "zerokara" in frame.f_code.co_filename:
            what = getattr(argument, "__name__", None) if event.startswith("c_") else None
            heard.append((event, frame.f_code.co_name, frame.f_lineno, what))
        return hear

    install(hear)
    try:
        function()
    finally:
        install(None)
    return heard


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize("due", [False, True])
@pytest.mark.parametrize("install", [sys.settrace, sys.setprofile])
def test_tracers_and_profilers_hear_what_they_hear_of_plain_python(
    learner: Learner, call: Callable[[Names], Any], due: bool, install: Callable[[Any], None]
) -> None:
    learner.due[:] = learner.ended[:] = [None] * due
    plain, other = (events(lambda names=names: call(names), install, names) for names in learner.names)
    assert other == plain
    assert learner.seen == learner.at_end == []
    assert len(plain) >= 2


def test_a_tracer_hears_the_same_of_the_file_itself(learner: Learner) -> None:
    heard = []
    for code in (learner.plain, learner.code):
        names: Names = {"__name__": "learner", "__file__": learner.plain.co_filename}
        heard.append(events(lambda code=code, names=names: exec(code, names), sys.settrace, names))
    assert heard[0] == heard[1]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")
@pytest.mark.parametrize("due", [False, True])
def test_a_tool_for_monitoring_hears_the_same_lines_and_calls(learner: Learner, due: bool) -> None:
    monitoring = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
    learner.due[:] = learner.ended[:] = [None] * due

    def heard(names: Names) -> list[Any]:
        found: list[Any] = []
        monitoring.use_tool_id(3, "test")
        events = monitoring.events
        monitoring.register_callback(3, events.LINE, lambda code, line: found.append((code.co_name, line)))
        monitoring.register_callback(3, events.CALL, lambda code, _, called, *__: found.append((code.co_name, called)))
        monitoring.set_events(3, events.LINE | events.CALL)
        try:
            for call in CALLS.values():
                call(names)
        finally:
            monitoring.set_events(3, 0)
            monitoring.free_tool_id(3)
        ours = ("<lambda>", "with_sent", "heard")
        return [(name, getattr(what, "__name__", what)) for name, what in found if name not in ours]

    plain, other = map(heard, learner.names)
    assert [one for one in other if "Sendable" not in str(one)] == plain
    assert due or other == plain
    assert learner.seen == []


# The code itself


def instructions(code: types.CodeType) -> list[Any]:
    """(operation, argument, line) of each instruction that is the learner's own; a jump's argument is its target's
    place among these."""
    all_of = [one for one in dis.get_instructions(code) if one.opname != "EXTENDED_ARG"]
    own, until, starts = [], None, []
    for number, one in enumerate(all_of):
        if isinstance(one.argval, Due):
            own.pop()  # the None that is looked for in it
            until = next(jump.argval for jump in all_of[number:] if "JUMP" in jump.opname)
            starts.append((all_of[number - 1].offset, until))
        if until is not None and one.offset >= until:
            until = None
        if until is None:
            own.append(one)
    to = dict(starts)
    place, number = dict[int, int](), 0
    for one in own:
        place[one.offset] = number
        number += 2 if isinstance(one.argval, tuple) and "_FAST_" in one.opname else 1
    jumps = {*dis.hasjrel, *dis.hasjabs}

    def argument(one: Any) -> Any:
        if one.opcode in jumps:
            # A jump to what is before an EXTENDED_ARG goes to the instruction that it belongs to.
            target = to.get(one.argval, one.argval)
            return place[min(offset for offset in place if offset >= target)]
        return "code" if isinstance(one.argval, types.CodeType) else one.argval

    found = [(one.opname, argument(one), one.positions and one.positions[:2]) for one in own]
    return [part for one in found for part in (parts_of(*one) if "_FAST_" in one[0] else [one])]


def parts_of(name: str, values: Any, lines: Any) -> list[Any]:
    """Python 3.13 joins two instructions that move variables, where no other stands between them."""
    first, second, _, *_ = [part for part in name.split("_") if part != "FAST"] + [""]
    if not isinstance(values, tuple):
        return [(name, values, lines)]
    return [(f"{first}_FAST", values[0], lines), (f"{second}_FAST", values[1], lines)]


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


def test_all_other_instructions_are_those_of_plain_python(tmp_path: Path) -> None:
    """Where a loop has ended, a return that is not written may be there once more; tracers hear nothing of that."""
    learner = Learner(SOURCE, tmp_path / "learner.py", ends=False)
    pairs = list(zip(codes(learner.plain), codes(learner.code), strict=True))
    assert sum(one is not other for one, other in pairs) > 10
    for plain, other in pairs:
        assert instructions(other) == instructions(plain), plain.co_name
        if any(isinstance(constant, Due) for constant in other.co_consts):
            assert plain_code_of(other) is plain
        for attribute in ("co_names", "co_varnames", "co_freevars", "co_cellvars", "co_flags", "co_firstlineno"):
            assert getattr(other, attribute) == getattr(plain, attribute)
        assert isinstance(hash(other), int)


def test_a_function_shows_nothing_of_it(learner: Learner) -> None:
    for name in ("counts", "closure", "generates", "waits"):
        plain, other = (names[name] for names in learner.names)
        assert inspect.getsource(other) == inspect.getsource(plain)
        assert inspect.signature(other) == inspect.signature(plain)
        assert other.__doc__ == plain.__doc__


@pytest.mark.parametrize("due", [False, True])
def test_a_traceback_is_that_of_plain_python(learner: Learner, due: bool) -> None:
    learner.due[:] = learner.ended[:] = [None] * due

    def text(names: Names) -> str:
        with pytest.raises(ZeroDivisionError) as caught:
            names["raises"](6)
        return "".join(traceback.format_exception(caught.value)[1:])

    assert text(learner.names[1]) == text(learner.names[0])


def test_what_comes_after_a_look_is_raised_by_the_learners_own_line(learner: Learner) -> None:
    """Functions of C leave no trace of their own."""
    learner.due.append(None)
    learner.after = map(pickle.loads, [b"nonsense"])  # type: ignore[assignment]
    with pytest.raises(pickle.UnpicklingError) as caught:
        learner.names[1]["counts"](3)
    frames = [(frame.f_code.co_name, line) for frame, line in traceback.walk_tb(caught.value.__traceback__)]
    assert frames[1:] == [("counts", 8)]


def test_code_that_is_sent_elsewhere_looks_at_nothing(learner: Learner) -> None:
    code = learner.names[1]["counts"].__code__
    consts = pickle.loads(pickle.dumps(code.co_consts))
    assert not any(word in pickle.dumps(code.co_consts) for word in (b"zerokara", b"Turns", b"Learner"))
    learner.due.append(None)
    sent = types.FunctionType(code.replace(co_consts=consts), {})
    assert sent(5) == 10
    assert learner.seen == []
