import linecache
import time

import numpy as np
import pytest

from zerokara.own_gradients.substitution import Change, Instrumented, TooLate

SOURCE = '''
import numpy as np

def make(scale):
    def scaled(x, *, more=1):
        return x * scale + more
    return scaled

class Base:
    def forward(self, x):
        return x + 1

class Net(Base):
    def __init__(self):
        self.__hidden = 2.0
        self.grads = {}
    def forward(self, x, t=3):
        y = super().forward(x)
        y *= self.__hidden
        self.grads["W"] = y
        z = [row ** 2 for row in y]
        z[0] = 0
        y[y > 9] = 0
        if y.ndim == 1 and not False:
            y -= (lambda v: v / 2)(1.0)
        return f"{y[0]:.1f}", y, z

def forever(x):
    while x > 0:
        x = x + 0
    return x

def inner(x):
    """Said."""
    def square(v):
        return v * v
    return square(x)

twice = lambda x: x + x

def steps(n):
    for i in range(n):
        yield i * 2
'''


@pytest.fixture
def learner():
    name = "<learner of substitution>"
    linecache.cache[name] = (len(SOURCE), None, SOURCE.splitlines(keepends=True), name)
    names = {}
    exec(compile(SOURCE, name, "exec"), names)
    yield names
    del linecache.cache[name]


def numbers_of(code, text):
    return [site.number for site in code.sites if site.text == text]


def methods(kind):
    return [kind.forward, kind.__mro__[1].forward]


def test_with_its_sites_code_gives_the_same(learner):
    net, x = learner["Net"](), np.array([1.0, 4.0, 7.0])
    expected = net.forward(x.copy())
    code = Instrumented([*methods(learner["Net"]), learner["twice"], learner["inner"], scaled := learner["make"](3)])
    with code.installed():
        result = net.forward(x.copy())
        assert scaled(2, more=5) == 11
        assert (learner["twice"](4), learner["inner"](5)) == (8, 25)
        assert learner["Net"].forward.__defaults__ == (3,)
    assert result[0] == expected[0]
    np.testing.assert_array_equal(result[1], expected[1])
    np.testing.assert_array_equal(result[2], expected[2])


def test_afterwards_functions_have_their_own_code_also_when_they_failed(learner):
    function, plain = learner["twice"], learner["twice"].__code__
    code = Instrumented([function])
    with code.installed():
        assert function.__code__ is not plain
    with pytest.raises(TypeError, match="unsupported operand"), code.installed():
        function(None)
    assert function.__code__ is plain


def test_lines_and_texts_are_those_of_the_source(learner):
    code = Instrumented(methods(learner["Net"]))
    site = code.sites[numbers_of(code, "row ** 2")[0]]
    assert SOURCE.splitlines()[site.line - 1].strip() == "z = [row ** 2 for row in y]"
    assert SOURCE.splitlines()[site.line - 1][site.column :].startswith("row ** 2")
    with code.installed(), pytest.raises(TypeError) as raised:
        learner["Net"]().forward("text")
    assert raised.traceback[-1].lineno + 1 == SOURCE.splitlines().index("        return x + 1") + 1


def test_every_value_is_heard_in_the_order_of_the_code(learner):
    code, heard = Instrumented([scaled := learner["make"](3)]), []
    with code.installed(), code.listening(lambda number, value: heard.append((code.sites[number].text, value))):
        scaled(2)
    assert heard == [("x", 2), ("scale", 3), ("x * scale", 6), ("more", 1), ("x * scale + more", 7)]


def test_an_expression_has_another_value(learner):
    code = Instrumented([scaled := learner["make"](3)])
    [number] = numbers_of(code, "x * scale")
    with code.installed(), code.replacing({number: lambda evaluation, value: value + 100 * (evaluation == 1)}):
        assert [scaled(2), scaled(2), scaled(2)] == [7, 107, 7]
    assert scaled(2) == 7


def test_a_change_in_place_is_made_fresh_skipped_or_set(learner):
    net, x = learner["Net"](), np.array([1.0, 2.0])
    code = Instrumented(methods(learner["Net"]))
    [number] = numbers_of(code, "y *= self.__hidden")

    def result(how):
        with code.installed(), code.replacing({number: lambda evaluation, value: how}):
            return net.forward(x)[1] + 0.5

    np.testing.assert_array_equal(result(Change("fresh")), [4, 6])
    np.testing.assert_array_equal(result(Change("skip")), [2, 3])
    np.testing.assert_array_equal(result(np.array([8.0, 9.0])), [8, 9])


def test_what_a_mask_writes_into_is_a_site_before_and_after(learner):
    code, heard = Instrumented(methods(learner["Net"])), []
    before, after = numbers_of(code, "y[y > 9] = 0")

    def listener(number, value):
        if number in (before, after):
            heard.append(value.copy())

    with code.installed(), code.listening(listener):
        learner["Net"]().forward(np.array([1.0, 8.0]))
    np.testing.assert_array_equal(heard, [[4, 18], [4, 0]])


def test_a_loop_that_no_longer_ends_is_ended(learner):
    code = Instrumented([learner["forever"]])
    [number] = numbers_of(code, "x + 0")
    with (
        code.installed(),
        code.replacing({number: lambda _, value: 1}, time.thread_time() + 0.05),
        pytest.raises(TooLate),
    ):
        learner["forever"](1)


def test_what_has_no_proven_source_stays_as_it_is():
    names = {}
    exec("def f(x):\n    return x + 1", names)
    code = Instrumented([names["f"]])
    assert code.sites == []
    with code.installed():
        assert names["f"](1) == 2


def test_a_generator_goes_on_as_before(learner):
    with Instrumented([learner["steps"]]).installed():
        assert list(learner["steps"](3)) == [0, 2, 4]
