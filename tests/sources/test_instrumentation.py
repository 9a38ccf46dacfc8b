"""Functions that ask before their first line, and are in all else what plain Python makes of their source."""

import ast
import copy
import cProfile
import dis
import functools
import inspect
import io
import linecache
import marshal
import pickle
import pstats
import sys
import traceback
import types
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from zerokara.sources.definitions import tree_of
from zerokara.sources.instrumentation import Hook, Note, instrumented, plain_code_of, plain_function_of

Names = dict[str, Any]

SOURCE = '''"""The file."""
from __future__ import annotations

import functools
import sys


def plain(f, x):
    """Its documentation."""
    y = f(x)
    return y + 1


def first_is_a_loop(f, x):
    for i in range(x):
        x += f(i)
    while x > 100:
        x -= 1
    return x


def first_is_on_a_later_line(f, x):
    y = (
        f(x)
        + 2
    )
    return y


def first_is_decorated(f, x):
    @functools.lru_cache
    def inner(z):
        return f(z)
    return inner(x)


def parameters(a, b=2, /, c=3, *rest, d, e=5, **more):
    total = a + b + c + d + e + sum(rest) + sum(more.values())
    return total


def catches(f, x):
    try:
        return f(x)
    except ZeroDivisionError:
        return -1
    finally:
        x = None


def raises(f, x):
    """Raises."""
    z = [
        f(v)
        for v in x]
    return z


def recursive(n):
    return 1 if n == 0 else n * recursive(n - 1)


def keeps(f, x):
    global kept
    kept = f(x)
    return [f(x) + v + x for v in range(3)], {v: x for v in range(2)}, (lambda: f(x))()


def outer(k, unset=False):
    def closure(f, x):
        nonlocal k
        k += 1
        return f(x) * k, deferred if not unset else None
    if not unset:
        deferred = "here"
    return closure


class Net:
    scale = 3

    def method(self, f, x):
        return f(x) * self.scale

    @classmethod
    def of_class(cls, f, x):
        return f(x) * cls.scale

    @staticmethod
    def static(f, x):
        return f(x)

    @property
    def value(self):
        "A property."
        return self.scale

    def _private(self, __x, f):
        return f(__x) + self.__hidden

    __hidden = 7


class Sub(Net):
    def method(self, f, x):
        return super().method(f, x) + 1


def logged(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)
    return wrapper


@logged
def decorated(f, x):
    return f(x)


one, two = (lambda f, x: f(x) + 1), (lambda f, x: f(x) + 2)
multi = lambda f, x: (
    f(x)
    - 1)
'''


def functions_in(tree: ast.AST) -> list[Any]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)]


class Asked(Hook):
    """Counts what it is asked, and answers what `Asked.answer` gives."""

    answer: Callable[..., Any] | None = None
    asked: ClassVar[list[tuple[str, Any]]] = []
    result: Any = None

    def __call__(self, values: tuple[Any, ...]) -> bool:
        Asked.asked.append((self.plain.co_qualname, values))
        if Asked.answer is None:
            return False
        Asked.result = Asked.answer(self.plain, values)
        return True


def take() -> Any:
    return Asked.result


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Names, Names]]:
    """(plain, asking): the names of the same file, compiled as it is and with every function asking."""
    Asked.asked, Asked.answer = [], None
    yield compiled(SOURCE, tmp_path / "learner.py")
    Asked.answer = None
    for name in ("plain_learner", "asking_learner"):
        sys.modules.pop(name, None)


def compiled(source: str, path: Path) -> tuple[Names, Names]:
    path.write_text(source, encoding="utf-8")
    plain = compile(source, str(path), "exec", dont_inherit=True)
    tree = ast.parse(source)
    before = ast.dump(tree, include_attributes=True)
    asking = instrumented(plain, tree, functions_in(tree), Asked, take)
    assert ast.dump(tree, include_attributes=True) == before
    modules = types.ModuleType("plain_learner"), types.ModuleType("asking_learner")
    for code, module in zip((plain, asking), modules, strict=True):
        sys.modules[module.__name__] = module
        exec(code, vars(module))
    Asked.asked = []  # by decorators
    return vars(modules[0]), vars(modules[1])


def half(x: Any) -> Any:
    return x / 2


CALLS: dict[str, Callable[[Names], Any]] = {
    "plain": lambda names: names["plain"](half, 3),
    "first_is_a_loop": lambda names: names["first_is_a_loop"](half, 5),
    "first_is_on_a_later_line": lambda names: names["first_is_on_a_later_line"](half, 5),
    "first_is_decorated": lambda names: names["first_is_decorated"](half, 5),
    "parameters": lambda names: names["parameters"](1, d=4),
    "all parameters": lambda names: names["parameters"](1, 1, 1, 1, 1, d=4, e=6, f=7),
    "catches": lambda names: names["catches"](lambda x: 1 / x, 0),
    "recursive": lambda names: names["recursive"](5),
    "keeps": lambda names: (names["keeps"](half, 2), names["kept"]),
    "closure": lambda names: [names["outer"](10)(half, 2) for _ in range(2)],
    "closure with an empty cell": lambda names: names["outer"](10, unset=True)(half, 2),
    "method": lambda names: names["Net"]().method(half, 3),
    "super": lambda names: names["Sub"]().method(half, 3),
    "class method": lambda names: (names["Net"].of_class(half, 3), names["Sub"]().of_class(half, 3)),
    "static method": lambda names: (names["Net"].static(half, 3), names["Net"]().static(half, 3)),
    "property": lambda names: names["Net"]().value,
    "private names": lambda names: names["Net"]()._private(3, half),
    "decorated": lambda names: names["decorated"](half, 3),
    "lambdas": lambda names: (names["one"](half, 3), names["two"](half, 3), names["multi"](half, 3)),
    "partial": lambda names: functools.partial(names["plain"], half)(3),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_the_same_results(both: tuple[Names, Names], call: Callable[[Names], Any]) -> None:
    plain, asking = both
    assert call(asking) == call(plain)
    assert Asked.asked


def test_what_is_asked(both: tuple[Names, Names]) -> None:
    _, asking = both
    asking["parameters"](1, 2, 3, 4, 5, d=6, g=7)
    asking["Net"]()._private(8, half)
    names, values = zip(*Asked.asked, strict=True)
    assert names == ("parameters", "Net._private")
    assert values[0] == (1, 2, 3, 6, 5, (4, 5), {"g": 7})  # as the code has its variables
    assert values[1][1:] == (8, half)


def test_an_answer_is_what_the_function_returns(both: tuple[Names, Names]) -> None:
    _, asking = both
    Asked.answer = lambda code, values: (code.co_name, values[-1])
    assert asking["plain"](half, 3) == ("plain", 3)
    assert asking["one"](half, 4) == ("<lambda>", 4)
    assert asking["Net"].static(half, 5) == ("static", 5)
    assert asking["Net"]().value[0] == "value"


def own_functions(names: Names) -> dict[str, Any]:
    found = {name: value for name, value in names.items() if isinstance(value, types.FunctionType)}
    for kind in ("Net", "Sub"):
        for name, value in vars(names[kind]).items():
            function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
            if isinstance(function, types.FunctionType):
                found[f"{kind}.{name}"] = function
    return found


def test_what_a_function_shows_of_itself(both: tuple[Names, Names]) -> None:
    plain, asking = map(own_functions, both)
    assert len(asking) == len(plain) > 15
    for name, function in plain.items():
        other = asking[name]
        for attribute in ("__name__", "__qualname__", "__doc__", "__defaults__", "__kwdefaults__", "__annotations__"):
            assert getattr(other, attribute) == getattr(function, attribute), (name, attribute)
        assert inspect.signature(other) == inspect.signature(function)
        assert inspect.getsource(other) == inspect.getsource(function)
        assert inspect.getdoc(other) == inspect.getdoc(function)
        assert inspect.getclosurevars(other).unbound == inspect.getclosurevars(function).unbound
        for attribute in dir(other.__code__):
            if attribute.startswith("co_") and attribute not in DIFFERS:
                assert getattr(other.__code__, attribute) == getattr(function.__code__, attribute), (name, attribute)


DIFFERS = ("co_code", "co_consts", "co_stacksize", "co_lines", "co_positions", "co_linetable", "co_lnotab",
           "co_exceptiontable", "co_branches")  # fmt: skip


def test_what_holds_no_question_is_the_very_same_code(tmp_path: Path) -> None:
    source = "def f(x):\n    return x\ndef g(x):\n    def h(y):\n        return y\n    return h\n"
    plain = compile(source, "learner.py", "exec", dont_inherit=True)
    tree = ast.parse(source)
    *_, h = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    asking = instrumented(plain, tree, [h], Asked, take)
    codes = [[c for c in code.co_consts if isinstance(c, types.CodeType)] for code in (plain, asking)]
    assert codes[1][0] is codes[0][0]
    assert codes[1][1].co_code == codes[0][1].co_code
    assert instrumented(plain, tree, [], Asked, take) is plain
    inner = next(c for c in codes[1][1].co_consts if isinstance(c, types.CodeType))
    assert plain_code_of(inner) in codes[0][1].co_consts
    assert plain_code_of(inner) is not inner


def test_a_tree_that_is_not_that_of_the_code() -> None:
    plain = compile("def f(x):\n    return x\n", "learner.py", "exec")
    for other in (
        "def f(y):\n    return y\n",
        "\ndef f(x):\n    return x\n",
        "f = lambda x: x\n",
        "def f(x): return [g(x)]\n",
    ):
        tree = ast.parse(other)
        with pytest.raises(ValueError):  # noqa: PT011 of zip, or the name of the function
            instrumented(plain, tree, functions_in(tree), Asked, take)


def test_the_plain_code_is_kept_and_believed(both: tuple[Names, Names]) -> None:
    plain, asking = map(own_functions, both)
    for name, function in asking.items():
        kept = plain_code_of(function.__code__)
        assert kept == plain[name].__code__
        assert list(kept.co_positions()) == list(plain[name].__code__.co_positions())
        if name not in ("keeps", "outer"):  # which write to names of others
            assert ast.dump(tree_of(function.__code__)) == ast.dump(tree_of(plain[name].__code__))
    assert plain_code_of(plain["plain"].__code__) is plain["plain"].__code__


def test_the_plain_function(both: tuple[Names, Names]) -> None:
    plain, asking = both
    assert plain_function_of(plain["parameters"]) is plain["parameters"]
    closure = asking["outer"](10)
    assert plain_function_of(closure)(half, 2) == (11.0, "here")
    assert closure(half, 2) == (12.0, "here")  # the cells are the same
    Asked.asked = []
    assert plain_function_of(asking["parameters"])(1, d=2) == 13
    assert Asked.asked == []


def events(function: Callable[[], Any], install: Callable[[Any], None], names: Names) -> list[Any]:
    """What a tracer or profiler hears, with the place of each event."""
    heard: list[Any] = []

    def hear(frame: types.FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        if frame.f_globals is names or "zerokara" in code.co_filename:
            what = getattr(argument, "__name__", None) if event.startswith("c_") else None
            heard.append((event, code.co_name, frame.f_lineno, what))
        return hear

    install(hear)
    try:
        function()
    finally:
        install(None)
    return heard


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_a_tracer_hears_what_it_hears_of_plain_python(both: tuple[Names, Names], call: Callable[[Names], Any]) -> None:
    plain, asking = (events(lambda names=names: call(names), sys.settrace, names) for names in both)
    assert asking == plain
    assert Asked.asked == []
    assert len(plain) >= 3


def test_a_profiler_hears_no_call_of_ours(both: tuple[Names, Names]) -> None:
    def heard(names: Names) -> list[Any]:
        return [e for e in events(lambda: CALLS["plain"](names), sys.setprofile, names) if e[3] not in LOOKING]

    assert heard(both[1]) == heard(both[0])
    assert Asked.asked == []
    profile = cProfile.Profile()
    profile.runcall(both[1]["plain"], half, 3)
    assert Asked.asked == []
    out = io.StringIO()
    pstats.Stats(profile, stream=out).print_stats()
    assert "sources/instrumentation" not in out.getvalue()


LOOKING = ("gettrace", "getprofile", "get_tool", "setprofile")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")
@pytest.mark.parametrize("tool", [0, 1, 2, 3, 5])
def test_a_tool_for_monitoring_hears_what_it_hears_of_plain_python(both: tuple[Names, Names], tool: int) -> None:
    monitoring = sys.monitoring  # type: ignore[attr-defined,unused-ignore]

    def heard(names: Names) -> list[Any]:
        found: list[Any] = []
        monitoring.use_tool_id(tool, "test")
        which = monitoring.events.LINE | monitoring.events.PY_START | monitoring.events.PY_RETURN
        for event in (monitoring.events.LINE, monitoring.events.PY_START, monitoring.events.PY_RETURN):
            monitoring.register_callback(tool, event, lambda code, place, *_: found.append((code.co_name, place)))
        monitoring.set_events(tool, which)
        try:
            for call in CALLS.values():
                call(names)
        finally:
            monitoring.set_events(tool, 0)
            monitoring.free_tool_id(tool)
        return [(name, place) for name, place in found if "test_" not in name]

    lines = [{(name, place) for name, place in heard(names)} for names in both]
    assert Asked.asked == []
    assert {name for name, _ in lines[0]} == {name for name, _ in lines[1]}


@pytest.mark.parametrize("argument", [[2, 0, 1], None])
def test_a_traceback_is_that_of_plain_python(both: tuple[Names, Names], argument: Any) -> None:
    def text(names: Names) -> str:
        try:
            names["raises"](lambda x: 1 / x, argument)
        except (ZeroDivisionError, TypeError) as error:
            return "".join(traceback.format_exception(error))
        raise AssertionError

    assert text(both[1]) == text(both[0])
    assert 'learner.py", line 5' in text(both[0])


def test_pickling_by_name_and_copying(both: tuple[Names, Names]) -> None:
    _, asking = both
    for function in (asking["plain"], asking["Net"].static, asking["Net"]().method, asking["Net"].of_class):
        again = pickle.loads(pickle.dumps(function))
        assert again(half, 4) == function(half, 4)
    assert pickle.loads(pickle.dumps(asking["plain"])) is asking["plain"]
    assert copy.copy(asking["plain"]) is copy.deepcopy(asking["plain"]) is asking["plain"]
    part = pickle.loads(pickle.dumps(functools.partial(asking["plain"], half)))
    assert part(3) == 2.5
    assert hash(asking["plain"].__code__) == hash(asking["plain"].__code__)
    assert asking["plain"].__code__ == asking["plain"].__code__.replace()


def test_code_that_is_sent_elsewhere_does_not_ask(both: tuple[Names, Names]) -> None:
    """As cloudpickle sends functions of `__main__`: piece by piece, to where zerokara need not be."""
    code = both[1]["plain"].__code__
    consts = pickle.loads(pickle.dumps(code.co_consts))
    assert "zerokara" not in str(consts)
    assert not any(word in pickle.dumps(code.co_consts) for word in (b"zerokara", b"Asked", b"take"))
    sent = types.FunctionType(code.replace(co_consts=consts), {"half": half})
    assert sent(half, 3) == 2.5
    assert Asked.asked == []
    with pytest.raises(ValueError, match="unmarshallable"):
        marshal.dumps(code)
    marshal.dumps(plain_code_of(code))


def test_dis_shows_it(both: tuple[Names, Names]) -> None:
    shown = dis.Bytecode(both[1]["plain"]).dis()
    assert "gettrace" in shown
    assert "Asked" in shown


def test_cells_of_a_notebook(tmp_path: Path) -> None:
    tree = ast.Interactive([ast.parse("(lambda x: x + 1)(2)").body[0]])
    plain = compile(tree, "cell", "single")
    Asked.asked, Asked.answer = [], None
    asking = instrumented(plain, tree, functions_in(tree), Asked, take)
    exec(asking, {"__builtins__": {"__import__": __import__}})
    assert [values for _, values in Asked.asked] == [(2,)]
    linecache.checkcache()


def test_a_docstring_alone_is_kept() -> None:
    source = 'def f(x):\n    "doc"\n    return x\ndef g(x):\n    "doc" "more"\n    "and"\n    return x\n'
    plain, tree = compile(source, "learner.py", "exec"), ast.parse(source)
    names: Names = {}
    Asked.answer = None
    exec(instrumented(plain, tree, functions_in(tree), Asked, take), names)
    assert (names["f"].__doc__, names["g"].__doc__) == ("doc", "docmore")
    assert (names["f"](1), names["g"](2)) == (1, 2)


# Functions that only note what they are called with


@pytest.fixture
def noting(tmp_path: Path) -> Iterator[tuple[Names, Names, dict[str, Note]]]:
    """(plain, noting, notes by the name of the function): the same file, compiled as it is and with all noting."""
    path = tmp_path / "learner.py"
    path.write_text(SOURCE, encoding="utf-8")
    plain, tree, notes = compile(SOURCE, str(path), "exec", dont_inherit=True), ast.parse(SOURCE), {}

    def note(code: types.CodeType) -> Note:
        return notes.setdefault(code.co_qualname, Note(code))

    noted = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    code = instrumented(plain, tree, [], Asked, take, noted=noted, note=note)
    modules = types.ModuleType("plain_learner"), types.ModuleType("noting_learner")
    for one, module in zip((plain, code), modules, strict=True):
        sys.modules[module.__name__] = module
        exec(one, vars(module))
    yield vars(modules[0]), vars(modules[1]), notes
    for module in modules:
        del sys.modules[module.__name__]


def test_a_function_that_notes_does_what_it_does(noting: Any) -> None:
    plain, other, notes = noting
    for name, call in CALLS.items():
        assert call(other) == call(plain), name
    assert notes["plain"] == [half, 3]
    assert notes["parameters"][:3] == [1, 1, 1]
    assert notes["Net.method"][1:] == [half, 3]
    for name, function in own_functions(plain).items():
        same = own_functions(other)[name]
        assert inspect.signature(same) == inspect.signature(function)
        assert inspect.getsource(same) == inspect.getsource(function)
        assert plain_code_of(same.__code__) == function.__code__
        assert (same.__code__.co_names, same.__code__.co_varnames) == (
            function.__code__.co_names, function.__code__.co_varnames
        )  # fmt: skip


@pytest.mark.parametrize("install", [sys.settrace, sys.setprofile])
def test_of_noting_nothing_is_heard(noting: Any, install: Callable[[Any], None]) -> None:
    plain, other, _ = noting
    for call in CALLS.values():
        heard = [events(lambda call=call, names=names: call(names), install, names) for names in (plain, other)]
        assert heard[0] == heard[1]


def test_a_note_keeps_the_last_call_until_it_is_emptied_and_no_longer(noting: Any) -> None:
    _, other, notes = noting

    class Argument:
        pass

    first, second = Argument(), Argument()
    kept = weakref.ref(first), weakref.ref(second)
    for argument in (first, second):
        other["plain"](lambda _: 1, argument)
    del first, second, argument
    assert (kept[0](), kept[1]()) == (None, notes["plain"][1])
    notes["plain"].clear()
    assert kept[1]() is None


def test_code_with_a_note_that_is_sent_elsewhere_notes_nothing(noting: Any) -> None:
    code = noting[1]["plain"].__code__
    consts = pickle.loads(pickle.dumps(code.co_consts))
    assert "zerokara" not in str(consts)
    sent = types.FunctionType(code.replace(co_consts=consts), {"half": half})
    assert sent(half, 3) == 2.5
