"""What counts the calls of a function stands in the end where the loop leaves it, whoever evaluates how often."""

import numpy as np
import pytest

from zerokara import recognise
from zerokara.book.common.gradient import numerical_gradient
from zerokara.nn.numerical import numerical_gradient as plain_loop
from zerokara.runner.own_loops import with_questions

COUNTED = """
calls = 0
class Counted(Net):
    calls, samples = 0, 7
    def loss(self, x, t):
        global calls
        calls += 2
        self.calls += 1
        Counted.samples -= len(x)
        return cross_entropy_error(self.predict(x), t)
"""
LOOP = """
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        before = x[i]
        x[i] = before + 1e-4
        above = f(x)
        x[i] = before - 1e-4
        below = f(x)
        grad[i] = (above - below) / 2e-4
        x[i] = before
    return grad
"""
ENDING = LOOP.replace("        before = x[i]", "        if calls > 300:\n            break\n        before = x[i]", 1)
OWN = {
    "a function": f"""
def own(f, x):{LOOP}
def run(net, x, t):
    return [own(lambda W: net.loss(x, t), net.params[key]) for key in ('W1', 'b1', 'W2', 'b2')]
""",
    "forward, f(x) once": """
def own(f, x):
    grad, here = np.zeros_like(x), f(x)
    for i in np.ndindex(x.shape):
        before = x[i]
        x[i] = before + 1e-4
        grad[i] = (f(x) - here) / 1e-4
        x[i] = before
    return grad
def run(net, x, t):
    return [own(lambda W: net.loss(x, t), net.params['W1'])]
""",
    "all parameters at once": """
def own(net, x, t):
    grads = {}
    for key in net.params:
        W = net.params[key]
        grads[key] = np.zeros_like(W)
        for i in np.ndindex(W.shape):
            before = W[i]
            W[i] = before + 1e-4
            above = net.loss(x, t)
            W[i] = before - 1e-4
            below = net.loss(x, t)
            grads[key][i] = (above - below) / 2e-4
            W[i] = before
    return grads
def run(net, x, t):
    return list(own(net, x, t).values())
""",
    "one that ends by the count": f"""
def own(f, x):{ENDING}
def run(net, x, t):
    return [own(lambda W: net.loss(x, t), net.params['W1'])]
""",
}


def counts(names, net):
    return names["calls"], vars(net).get("calls"), names["Counted"].samples


@pytest.fixture
def ran(textbook, tmp_path, batch, capfd):
    """ran(source, mode): the gradients, what stands after them, and what was said."""
    number = 0

    def ran(source, mode):
        nonlocal number
        number += 1
        path, text = tmp_path / f"own{number}.py", textbook + COUNTED + source
        path.write_text(text)
        names = {"__name__": "learner"}
        exec(with_questions(compile(text, str(path), "exec", dont_inherit=True), text), names)
        net = names["Counted"](np.random.default_rng(0))
        x, t = (array.copy() for array in batch)
        with recognise.mode(mode):
            gradients = [*names["run"](net, x, t), *names["run"](net, 0.5 * x, t)]
        return gradients, counts(names, net), capfd.readouterr().err

    return ran


@pytest.mark.parametrize("mode", ["on", "verify"])
@pytest.mark.parametrize("name", OWN)
def test_after_a_loop_of_the_learners_own(ran, name, mode):
    slow, expected, _ = ran(OWN[name], "off")
    fast, left, said = ran(OWN[name], mode)
    assert ("is proven to be the" in said) == (name != "one that ends by the count")
    assert left == expected
    for one, other in zip(fast, slow, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("mode", ["on", "verify"])
@pytest.mark.parametrize("key", ["W1", "b2"])
def test_after_the_books_loop(learner, batch, mode, key):
    ends = []
    for gradient, how in ((plain_loop, "off"), (numerical_gradient, mode)):
        names = learner(COUNTED)
        net = names.Counted(np.random.default_rng(0))
        with recognise.mode(how):
            for parameter in ("W1", key, "W2", key):
                gradient(names.loss_of(net, *batch), net.params[parameter])
        ends.append(counts(names.Net.loss.__globals__, net))
    assert ends[0] == ends[1]


OTHERS = {
    "another function": "np.sum(self.predict(x)[:, 0] ** 3)",
    "no number at all": "np.nan * np.sum(self.predict(x))",
    "too large": "1e9 * np.sum(np.exp(1e3 * self.params['W1']) * 0) + cross_entropy_error(self.predict(x), t)",
}


@pytest.mark.parametrize("value", OTHERS.values(), ids=OTHERS.keys())
def test_what_was_tried_in_vain_counts_nothing(learner, ask, batch, value):
    names = learner(COUNTED.replace("cross_entropy_error(self.predict(x), t)", value))
    net = names.Counted(np.random.default_rng(0))
    before = counts(names.Net.loss.__globals__, net)
    with np.errstate(all="ignore"):
        assert recognise.accelerated(names.loss_of(net, *batch), net.params["W1"]) is None
    assert counts(names.Net.loss.__globals__, net) == before == (0, None, 7)


def test_an_error_of_somebody_elses_leaves_no_count(learner, batch, monkeypatch):
    from zerokara.recognise import plan

    names = learner(COUNTED)
    net = names.Counted(np.random.default_rng(0))

    class Late(BaseException):
        pass

    def late(*_):
        raise Late

    monkeypatch.setattr(plan.Plan, "_check_last_call", late)
    with pytest.raises(Late):
        recognise.accelerated(names.loss_of(net, *batch), net.params["W1"])
    assert counts(names.Net.loss.__globals__, net) == (0, None, 7)


def test_a_count_that_moves_elsewhere(learner, ask, batch):
    """The proof is of this object's dict, list and class; another that is shared is another program."""
    names = learner("""
count, seen = [0], [0]
class Counting(Net):
    def loss(self, x, t):
        count[0] += 1
        return cross_entropy_error(self.predict(x), t) + 0 * seen[0]
""")
    net = names.Counting(np.random.default_rng(0))
    f = names.loss_of(net, *batch)
    assert ask(f, net.params["W1"]).was_fast
    names.Net.loss.__globals__["seen"] = names.count
    assert ask(f, net.params["W1"]).calls == 2 * 140


def test_two_functions_that_come_to_share_a_count(learner, batch):
    """`read` knows the number from a cell of its own, until it is given the one that is counted in."""
    source = """
def counters():
    calls = 0
    def count():
        nonlocal calls
        calls += 1
    def read():
        return calls
    return count, read
(count, _), (_, read) = counters(), counters()
class Counting(Net):
    def loss(self, x, t):
        count()
        return cross_entropy_error(self.predict(x), t) * (1 + 1e-3 * read())
"""
    ends = []
    for gradient in (plain_loop, numerical_gradient):
        names = learner(source)
        net = names.Counting(np.random.default_rng(0))
        f = names.loss_of(net, *batch)
        gradient(f, net.params["W1"])
        namespace = names.Net.loss.__globals__
        namespace["count"], namespace["read"] = names.counters()
        ends.append(np.array(gradient(f, net.params["W1"])))
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-8, atol=1e-9)
