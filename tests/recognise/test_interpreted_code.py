"""Which code was interpreted, and where an error comes from."""

import ast

import pytest

from zerokara.interpret.interpreted_code import is_from_elsewhere, tree_of
from zerokara.interpret.refusal import Refused


def raised_by(f):
    with pytest.raises(ZeroDivisionError) as caught:
        f(0)
    return caught.value


def test_an_error_of_code_that_was_interpreted_is_the_functions_own(learner):
    names = learner("def f(x):\n    return 1 / x\ndef handler(x):\n    return 2 / x\n")
    assert ast.unparse(tree_of(names.f.__code__).body[0]) == "return 1 / x"
    assert not is_from_elsewhere(raised_by(names.f))
    assert is_from_elsewhere(raised_by(names.handler))


def test_what_cannot_be_proven_is_refused_in_the_same_words(tmp_path):
    names = {}
    exec("def h(x): return x * 4.625", names)
    with pytest.raises(Refused, match=r"^The source of h is not at hand\.$"):
        tree_of(names["h"].__code__)
