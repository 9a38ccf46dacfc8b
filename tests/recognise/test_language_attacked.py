"""Programs whose meaning an interpretation could get wrong: names that are bound late, lists with two names, paths that
end early, counts that somebody reads. Whatever becomes of them, numbers and what is left behind are the loop's."""

import numpy as np
import pytest

from zerokara.nn.numerical import numerical_gradient as plain_loop
from zerokara.recognise import accelerated

NEAR = {"rtol": 1e-8, "atol": 1e-9}

IN_LOSS = {
    # counts that are read
    "a count that decides": "self.calls += 1\nif self.calls % 7 == 0:\n    seen.append(self.calls)",
    "a count that is used": "self.calls += 1\nt = t * (1 + 0 * self.calls)",
    "a count that was used before": "k = self.calls\nself.calls += 1\nseen.append(k)",
    "a count that adds another": "self.calls += 1\nself.total += self.calls",
    "a count of large losses": "if cross_entropy_error(self.predict(x), t) > 1:\n    self.calls += 1",
    "a count of floats": "self.mean += 1",
    "a count of truths": "self.calls += True",
    "a count that begins again": "self.calls = 0\nself.calls += 1",
    "a count that is set after": "self.calls += 1\nself.calls = 3",
    "a count that grows faster": "self.calls += self.calls",
    "a count by an expression": "self.calls += self.one()",
    "a count by two names": "me = self\nself.calls += 1\nme.calls += 1",
    "a count of twins": "self.calls += 1\nseen.append(self.twin.calls)",
    "a count through the dict": "self.calls += 1\nseen.append(self.all['calls'])",
    "a count that a property reads": "self.calls += 1\nt = t * self.scale",
    "a count that a property makes": "t = t * self.counting",
    "a count in a part": "self.counting_part.calls += 1",
    "a count that a class begins and another class reads": "self.calls_of_class += 1\nt = t + 0 * Bad.calls_of_class",
    "a class's count that an instance reads": "Bad.calls_of_class += 1\nt = t + 0 * self.calls_of_class",
    "a class's count that super() reads": "Bad.calls_of_class += 1\nt = t + 0 * super(Bad, self).calls_of_parent",
    "a parent's count": "Net.calls_of_parent = Net.calls_of_parent + 1\nt = t + 0 * self.calls_of_parent",
    "a count by hasattr": "self.calls += 1\nseen.append(1) if hasattr(self, 'calls') and not hasattr(self, 'x') else 0",
    "a global count that is read": "count()\nt = t + 0 * counted()",
    "a global count that is read by the module": "count()\nt = t + 0 * module.number",
    "a list's count and its sum": "cell[0] += 1\nt = t + 0 * sum(cell)",
    "a list's count and its length": "cell[0] += 1\nt = t + 0 * len(cell)",
    "a list's counts by one name": "cell[0] += 1\ncell[-1] += 2",
    "a list's count in a default": "self.read(x)\ncell[0] += 1",
    "a dict's count and its values": "stats['n'] += 1\nt = t + 0 * list(stats.values())[0]",
    "a dict's count of numbers": "stats[1] += 1\nstats[True] += 1",
    "a count in an array": "counts[0] += 1",
    "a count in an error": "try:\n    self.calls += 1\n    assert x.size == 0\nexcept AssertionError:\n"
    "    self.calls += 10",
    "a count in a generator": "any([self.step() for _ in range(3)])\nany(self.step() for _ in range(3))",
    "a count where or leads": "self.calls_of_class or self.step()\nself.name or self.step()",
    "a count where a comparison ends": "x.shape[0] < 0 < self.step()\nassert 0 < self.step() < 2 < x.shape[0]",
    "a count in a comprehension's condition": "[1 for i in range(5) if i % 2 and self.step()]",
    "a count in a lambda": "(lambda: self.step())()\nlater = lambda: self.step()",
    "counts in a loop that ends": "for i in range(9):\n    if i == 4:\n        break\n    self.step()\n"
    "else:\n    self.step()",
    "counts in a loop that may end": "for i in range(9):\n    if x[i, 0] > 0.5:\n        break\n    self.step()",
    "counts in what follows continue": "for i in range(9):\n    if i in (2, 3):\n        continue\n    self.step()",
    "counts in a while's test": "i = 0\nwhile self.step() and i < 3:\n    i += 1",
    "counts in finally": "try:\n    for i in range(4):\n        try:\n            if i == 2:\n                break\n"
    "        finally:\n            self.step()\nfinally:\n    self.step()",
    # names
    "a name that is bound late": "k = 1\nf = lambda: seen.append(k)\nk = [seen.append, len][1]\nk([1])",
    "functions of one loop": "fs = [lambda: g for g in (seen.append, len)]\nfs[0]()([1])",
    "functions of a loop's last turn": "fs = [lambda: g for g in (len, seen.append)]\nfs[0]()(3)",
    "a comprehension's function sees what follows": "g = len\nfs = [lambda: g for _ in range(2)]\n"
    "g = seen.append\nfs[0]()(1)",
    "a function that is left on two paths": "f = two_paths(x)\nf(seen)",
    "a walrus behind an and": "x.max() > 0.5 and (g := seen.append)\nlen([1])",
    "a walrus that any stops": "g = len\nany((g := f) is len for f in (len, seen.append))\ng([1])",
    "a walrus that any reaches": "g = len\nany([(g := f) is None for f in (len, seen.append)])\ng([1])",
    "a name of a branch": "if x.max() > 0.5:\n    g = seen.append\nelse:\n    g = len\ng([1])",
    "a deleted name": "len_ = len\ndel len_\ntry:\n    len_([1])\nexcept NameError:\n    seen.append(1)",
    "a default that was there": "self.collect(1)\nself.collect(2)",
    "shadowed builtins": "sum = seen.append\nsum([1])",
    "shadowed by the file": "range_([1])",
    "a star in the middle": "a, *b, c = [len, len, seen.append, len]\nb[-1](1)",
    "arguments in another order": "pick(*[len], **{'g': seen.append})",
    "what is given twice": "both = dict(g=len)\npick(seen.append, **both)",
    "keywords that are kept": "keep(a=seen.append, b=len)['a'](1)",
    # lists and dicts
    "two names of one list": "a = [len]\nb = a\nb[0] = seen.append\na[0](1)",
    "a list in a list": "a = [[len]]\nb = a[0]\nb.insert(0, seen.append)\na[0][0](1)",
    "a list that was copied": "a = [len]\nb = a.copy()\nc = a + []\nd = list(a)\na[0] = seen.append\n"
    "b[0]([]), c[0]([]), d[0]([])",
    "a list that grows in place": "a = b = [len]\na += [seen.append]\nb[1](1)",
    "a list that grows anew": "a = b = [len]\na = a + [seen.append]\nlen(b) == 2 and b[1](1)",
    "a list that is repeated": "a = [[len]] * 2\na[0][0] = seen.append\na[1][0](1)",
    "a list that a function fills": "a = []\nfill(a, seen.append)\na[0](1)",
    "a list that is gone through while it grows": "a = [len, len]\nfor g in a:\n    if len(a) < 4:\n"
    "        a.append(seen.append)\n    g([1])",
    "a list of one branch": "a = [len]\nif x.max() > 0.5:\n    a.append(seen.append)\na[-1]([1])",
    "a slice": "a = [len, seen.append][1:]\na[0](1)",
    "a slice that is a copy": "a = [len]\nb = a[:]\nb[0] = seen.append\na[0]([])",
    "a slice that is written": "a = [len, len]\na[1:] = [seen.append]\na[1](1)",
    "what pop gives": "a = [len, seen.append]\na.pop()(1)",
    "a reversed list": "a = [seen.append, len]\na.reverse()\na[1](1)",
    "a dict that is written": "d = {'g': len}\ne = d\ne['g'] = seen.append\nd['g'](1)",
    "a dict by update": "d = dict(g=len)\nd.update(g=seen.append)\nd['g'](1)",
    "a dict with one key twice": "d = {1: len, True: seen.append}\nd[1](1)",
    "a dict by get": "d = {'g': len}\nd.get('h', seen.append)(1)",
    "a dict in another": "d = {**{'g': len}, 'g': seen.append}\nd['g'](1)",
    "sorted pairs": "sorted({'b': len, 'a': seen.append}.items())[0][1](1)",
    "a kept list that is read first": "n = len(self.kept)\nself.kept = []\nself.kept.append(n)",
    "a kept list of functions": "self.kept_functions = [len]",
    "a kept list on some paths": "self.kept = [1]\nif x.max() > 0.5:\n    self.kept.append(2)",
    "a kept list that grows": "self.kept.append(1)",
    "a kept dict that grows": "self.all['new'] = 1",
    "a default dict": "groups['new']",
    "an array in a list": "a = [x]\na[0] += 0.001",
    "an array in a dict": "d = {'x': x}\nd['x'] *= 0.999",
    "an array of a generator": "for row in [*x]:\n    row += 0.0001",
    "a row of x": "for i, row in enumerate(x):\n    row[0] = 0.5 * row[0]",
    "rows by zip": "for a, b in zip(x, t):\n    a -= 1e-4",
    "the last row": "for row in reversed(list(x)):\n    row *= 0.999\n    break",
    "a list as an index": "x[[0, 1]] += 0.001",
    # errors
    "an error that is caught": "try:\n    raise ValueError\nexcept ValueError:\n    seen.append(1)",
    "an attribute that numbers lack": "try:\n    float(x[0, 0]).shape\nexcept AttributeError:\n    seen.append(1)",
    "a method that numbers lack": "y = x.sum()\ntry:\n    float(y).item()\nexcept AttributeError:\n    t = t * 2",
    "a key that is not there": "try:\n    self.params['W9']\nexcept KeyError:\n    seen.append(1)",
    "another error for a missing key": "try:\n    self.params['W9']\nexcept LookupError:\n    seen.append(1)",
    "what an overflow hides": "try:\n    y = np.exp(1e4 * self.params['W1'])\nexcept FloatingPointError:\n"
    "    t = t * 2",
    "a domain that is left": "import_ = 1\ntry:\n    math.log(self.params['W1'][0, 0])\n"
    "except ValueError:\n    t = t * 2",
    "a key error that is raised": "try:\n    if x.max() > 0.5:\n        raise KeyError('x')\n"
    "except KeyError:\n    seen.append(1)",
    "a key error that a function raises": "try:\n    raise_key(x)\nexcept KeyError:\n    seen.append(1)",
    "a key that a text lacks": "try:\n    '{x}'.format(1)\nexcept KeyError:\n    seen.append(1)",
    "an assert that is caught": "try:\n    assert x.max() < 0.5\nexcept AssertionError:\n    seen.append(1)",
    "hasattr of a property": "hasattr(self, 'raising')\nhasattr(self, 'noted')",
    "getattr of a property": "getattr(self, 'raising', seen.append)(1)",
    "a property and __getattr__": "Odder().raising",
    "a property of an odd class": "self.odder.raising",
    "else of a try": "try:\n    pass\nexcept ValueError:\n    pass\nelse:\n    seen.append(1)",
    "a finally that returns": "try:\n    return cross_entropy_error(self.predict(x), t)\nfinally:\n    return 0.5",
    "a finally that writes": "try:\n    y = self.predict(x)\nfinally:\n    seen.append(1)",
    "a message that counts": "assert x.shape[0] > 0, seen.append(1)",
    "a message that is made": "if x.max() > 2:\n    raise ValueError(seen.append(1))",
    "a message of an object": "if x.max() < 2:\n    f'{self.loud}'",
    "an error of the learner's": "if x.max() > 2:\n    raise Loud('x')",
    "errors that NumPy raises": "with np.errstate(all='raise'):\n    np.exp(0 * x)",
    "errors that NumPy calls": "with np.errstate(all='call'):\n    1 / (0 * x)",
    "errors that NumPy warns of": "with np.errstate(all='warn'):\n    0 * np.log(x)",
    "errors of another": "with quiet():\n    pass",
    # classes and calls
    "a class that is called": "Part()",
    "an object that is called": "self.part()",
    "an object with a call of its own": "self.part.__call__()",
    "a method that was replaced": "self.replaced(1)",
    "a method of the class": "Bad.step(self)\nNet.predict(self, x)",
    "a static method": "self.fixed(seen)",
    "a class method": "self.of_class(seen)\nBad.of_class(seen)",
    "a partial": "functools.partial(seen.append, 1)()",
    "a partial with keywords": "functools.partial(pick, len)(g=seen.append)",
    "a wrapped function": "wrapped(1)",
    "type and getattr": "type(self).step(self)\ngetattr(self, 'st' + 'ep')()",
    "getattr of what is not there": "getattr(self, 'nothing', seen.append)(1)",
    "isinstance of an odd class": "isinstance(x, Odd)",
    "a frozen set": "'a' in frozenset(['a']) and seen.append(1)",
    "a set": "for g in {1, 2}:\n    seen.append(g)",
    "in a list of arrays": "1 in [1, x]",
    "is, of two": "(self is self) and seen.append(1)",
    "min with a key": "min([1, 2], key=seen.append)",
    "sorted with a key": "sorted([1, 2], key=seen.append)",
    "map": "list(map(seen.append, [1]))",
    "a filter": "list(filter(seen.append, [1]))",
    "next": "next(iter([1]))\nnext(numbers)",
    "a zip that is kept": "z = zip([1, 2], [3, 4])\nlist(z)\nlist(z) or seen.append(1)",
    "an enumerate that is kept": "z = enumerate([1, 2])\nlist(z)\nlist(z) or seen.append(1)",
    "reversed twice": "z = reversed([1, 2])\nlist(z)\nlist(z) or seen.append(1)",
    "items while the dict grows": "d = {}\nk = d.keys()\nd['a'] = 1\nlen(k) and seen.append(1)",
    "values of a dict that changes": "d = {'a': len}\nv = d.values()\nd['a'] = seen.append\nlist(v)[0](1)",
    "exec": "exec('seen.append(1)')",
    "globals": "globals()['seen'].append(1)",
    "a string's method": "'{0.loud}'.format(self)",
    "percent": "'%s' % self.loud",
}

AROUND = """
import contextlib, functools, math, sys, types
from collections import defaultdict
seen, cell, stats, counts, numbers, groups = [], [0], {'n': 0, 1: 0}, np.zeros(2), iter(range(10**9)), defaultdict(list)
number = 0
range_ = seen.append
module = types.ModuleType('module')
module.__dict__['number'] = 0
def count():
    global number
    number += 1
def counted():
    return number
def two_paths(x):
    g = seen.append
    f = lambda h: g(1)
    if x.max() > 0.5:
        return f
    g = len
    return f
def pick(f, g):
    return g([1])
def keep(**more):
    return more
def fill(a, g):
    a.append(g)
@functools.wraps(seen.append)
def wrapped(v):
    return seen.append(v)
class Loud(Exception):
    def __init__(self, text):
        seen.append(text)
class Shown:
    def __format__(self, spec):
        seen.append(1)
        return ''
    def __str__(self):
        seen.append(1)
        return ''
class Meta(type):
    def __instancecheck__(cls, other):
        seen.append(1)
        return False
class Odd(metaclass=Meta):
    pass
def raise_key(x):
    if x.max() > 0.5:
        raise KeyError('x')
class Odder:
    def __getattr__(self, name):
        seen.append(name)
    @property
    def raising(self):
        raise AttributeError
class Part:
    calls = 0
    def __init__(self):
        seen.append(1)
    def __call__(self):
        seen.append(1)
@contextlib.contextmanager
def quiet():
    seen.append(1)
    yield
Net.calls_of_parent = 0
class Bad(Net):
    calls_of_class = 0
    name = ''
    def __init__(self, rng):
        super().__init__(rng)
        self.calls = self.total = 0
        self.mean = 0.0
        self.kept = []
        self.loud = Shown()
        self.part = Part()
        self.odder = Odder()
        self.parts = Part()
        self.all = vars(self)
        self.twin = object.__new__(Part)
        self.twin.__dict__ = self.__dict__
        self.replaced = seen.append
    @property
    def scale(self):
        return 1 + 0 * self.calls
    @property
    def counting(self):
        self.calls += 1
        return 1.0
    @property
    def counting_part(self):
        self.calls += 1
        return self.parts
    @property
    def raising(self):
        raise AttributeError
    @property
    def noted(self):
        seen.append(1)
    def one(self):
        self.calls = 0
        return 1
    def step(self):
        self.calls += 1
        return 1
    def read(self, x, cells=cell):
        return 0 * cells[0]
    def collect(self, v, into=[]):
        into.append(v)
        seen.append(len(into))
    @staticmethod
    def fixed(seen):
        seen.append(1)
    @classmethod
    def of_class(cls, seen):
        seen.append(cls.__name__)
    def loss(self, x, t):
        {}
        return cross_entropy_error(self.predict(x), t)
"""


def left(names, net, x, t):
    """All that can be looked at afterwards, with every bit."""

    def bits(value):
        if isinstance(value, np.ndarray):
            return value.tobytes()
        if isinstance(value, dict):
            return [(key, bits(inner)) for key, inner in value.items() if key not in ("all", "twin")]
        if isinstance(value, list | tuple):
            return [bits(inner) for inner in value]
        return value if isinstance(value, int | float | str) else None

    kinds = [(kind.calls_of_parent, getattr(kind, "calls_of_class", 0)) for kind in (type(net), names.Net)]
    shared = [getattr(names, name) for name in ("seen", "cell", "stats", "counts", "groups")]
    number = names.Net.loss.__globals__["number"]
    return bits([vars(net), vars(net.part), vars(net.parts), shared, x, t, kinds, number])


@pytest.mark.parametrize("body", IN_LOSS.values(), ids=IN_LOSS.keys())
def test_what_is_left_behind_is_the_loops(learner, batch, body):
    ends = []
    for gradient in (plain_loop, lambda f, x: accelerated(f, x)):
        names = learner(AROUND.replace("{}", body.replace("\n", "\n        "), 1))
        sys_modules = names.Net.loss.__globals__
        sys_modules["module"].number = 0
        net = names.Bad(np.random.default_rng(0))
        x, t = (array.copy() for array in batch)
        names.seen.clear()
        found = []
        for key in ("W1", "W2"):
            f = names.loss_of(net, x, t)
            try:
                answer = gradient(f, net.params[key])
                found.append(plain_loop(f, net.params[key]) if answer is None else answer)
            except Exception as error:
                found.append(repr(error))
        ends.append((found, left(names, net, x, t)))
    for fast, slow in zip(ends[1][0], ends[0][0], strict=True):
        if isinstance(slow, str):
            assert fast == slow
        else:
            np.testing.assert_allclose(fast, slow, **NEAR)
    assert ends[1][1] == ends[0][1]
