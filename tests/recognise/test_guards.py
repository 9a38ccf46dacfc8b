"""What counts as the same again. Numbers are compared as what they are, not by ==."""

import math

import numpy as np
import pytest

from zerokara.interpret.abstract_values import Concrete, join
from zerokara.interpret.guards import FUNCTION, Recorder, global_name

NUMBERS = {
    "0.0": 0.0,
    "-0.0": -0.0,
    "0": 0,
    "False": False,
    "nan": math.nan,
    "inf": math.inf,
    "1": 1,
    "1.0": 1.0,
    "float64 0.0": np.float64(0.0),
    "float64 -0.0": np.float64(-0.0),
    "float64 nan": np.float64("nan"),
    "float32 1.0": np.float32(1.0),
    "text": "1",
    "None": None,
}


def again(number):
    """The same number as another object, as a later call reads it."""
    return type(number)(repr(number)) if type(number) is float else number


@pytest.mark.parametrize("before", NUMBERS)
def test_a_proof_holds_for_the_very_same_number_only(learner, before):
    """-0.0 == 0.0 and 1 == True, but computing with them can differ; nan != nan, but nothing has changed."""
    names = learner("number = None\ndef f(W):\n    return number\n")
    names.f.__globals__["number"] = NUMBERS[before]
    recorder = Recorder(names.f, None)
    recorder.read(FUNCTION, global_name, "number")
    for after, number in NUMBERS.items():
        names.f.__globals__["number"] = again(number)
        assert (recorder.guards(False).check(names.f, None) is not None) == (before == after), after


@pytest.mark.parametrize("one", NUMBERS)
def test_two_ways_leave_one_number_only_if_it_is_the_very_same(one):
    for other, number in NUMBERS.items():
        result = join(Concrete(NUMBERS[one]), Concrete(again(number)))
        assert isinstance(result, Concrete) == (one == other), other


def test_a_number_that_is_nan_keeps_its_proof(learner, ask, batch):
    """Looking into the function anew at every call would be slow, and call it more often."""
    names = learner("limit = float('nan')\ndef activation(x):\n    return limit if x.ndim > 5 else sigmoid(x)\n")
    net = names.Net(np.random.default_rng(0))
    assert ask(names.loss_of(net, *batch), net.params["W1"]).was_fast
    assert ask(names.loss_of(net, *batch), net.params["W1"]).calls == 1


@pytest.mark.parametrize("one_before", [True, False])
@pytest.mark.parametrize("one_after", [True, False])
def test_arrays_that_were_one_must_still_be_one_and_others_not(learner, one_before, one_after):
    """Weights of two layers may become tied, or a batch that was read from two places may become two batches."""
    names = learner("first = second = None\ndef f(W):\n    return first + second\n")
    recorder = Recorder(names.f, None)

    def put(one):
        first = np.ones(3)
        names.f.__globals__.update(first=first, second=first if one else first.copy())

    put(one_before)
    for name in ("first", "second"):
        recorder.read(FUNCTION, global_name, name)
    put(one_after)
    assert (recorder.guards(False).check(names.f, None) is not None) == (one_before == one_after)
