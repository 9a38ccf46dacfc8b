"""The line of a mistake that was planted, and nothing left behind by looking for it."""

import copy
import dataclasses
import time

import numpy as np
import pytest

from zerokara.findings import Finding
from zerokara.own_gradients.lines import line_of, with_line
from zerokara.own_gradients.reading import subjects_of
from zerokara.own_gradients.trial import tolerance_of
from zerokara.own_gradients.truth import truth_of

from .planted import LARGE, SMALL, STYLES, all_mistakes, batch, correct, made

ON_ITS_LINE = 0.85

NOT_BY_VALUE = {
    "accumulates": "the first call is right",
    "stale": "the first call is right",
    "changes the caller's arrays": "the gradient is right",
    "missing": "no expression stands there",
    "wrong mask": "the network is put together wrongly",
    "random": "is another each time",
    "softmax over the batch": "the loss has it too",
    "softmax along the wrong axis": "the loss has it too",
}
"""Kinds that no substitution can find, and why."""


def prepared(style, source, folder, sizes=SMALL):
    """(object, subject, truth, wrong parameters from the last layer down, x, t) at random weights."""
    net = made(style, source, folder, sizes)
    x, t = batch(sizes)
    obj = net.obj if not hasattr(net.obj, "__spec__") else vars(net.obj)
    with np.errstate(all="ignore"):
        subject = subjects_of(obj, x, t)[0]
        subject.set(subject.weights(3))
        x, t = x[:7], t[:7]
        truth = truth_of(subject, x, t)
        with subject.kept():
            got = subject.gradient(x.copy(), t.copy())
    if truth is None:
        return obj, subject, None, [], x, t
    keys = [truth.names[f"{letter}{layer}"] for layer in range(truth.depth, 0, -1) for letter in "Wb"]
    return (
        obj,
        subject,
        truth,
        [key for key in keys if not is_right(got, truth, key, tolerance_of(subject, truth))],
        x,
        t,
    )


def is_right(got, truth, key, tolerance):
    right = truth.gradient[key]
    if key not in got or np.size(got[key]) != right.size:
        return False
    return np.max(np.abs(np.reshape(got[key], right.shape) - right)) <= tolerance * np.max(np.abs(right))


def found(mistake, folder, sizes=SMALL):
    _, subject, truth, wrong, x, t = prepared(mistake.style, mistake.source, folder, sizes)
    return line_of(subject, truth, wrong[0], x, t) if wrong else None


def mistake(name):
    return next(each for each in all_mistakes() if str(each) == name)


SAID = [
    ("methods-10-derivative_missing", "dz1", "dz1 * z1 * (1 - z1)"),
    ("methods-11-derivative_at_the_wrong_place", "z1", "a1"),
    ("methods-0-batch_factor_missing", "y - t", "(y - t) / N"),
    ("methods-38-one_sum_for_all_biases", "np.sum(da1)", "da1.sum(axis=0)"),
    ("methods-48-sign", "-np.dot(x.T, da1)", "np.dot(x.T, da1)"),
    ("layers-16-derivative_inverted", "self.mask", "x > 0"),
    ("layers-20-derivative_at_the_wrong_place", "x", None),
    ("functions-12-derivative_inverted", "z < 0", "z > 0"),
    ("loops-8-derivative_missing", "np.dot(self.w2.T, d2)", None),
    ("leaky-39-upstream_dropped", "self.leaky_relu_backward(self.Z1)", None),
]


@pytest.mark.parametrize(("name", "here", "right"), SAID, ids=[name for name, _, _ in SAID])
def test_the_line_what_stands_there_and_what_belongs_there(name, here, right, tmp_path):
    planted = mistake(name)
    place = found(planted, tmp_path)
    assert place.line in planted.lines
    assert place.found == here
    assert right is None or place.right == right
    text = planted.source.replace("784, 50, 10\n", "{}, {}, {}\n".format(*SMALL)).splitlines()[place.line - 1]
    assert text[place.column :].startswith(here)


def test_a_change_in_place_is_named_as_such(tmp_path):
    planted = mistake("methods-30-overwritten")
    _, subject, truth, wrong, x, t = prepared("methods", planted.source, tmp_path)
    unknown = Finding(cause="unknown-difference", text="It is wrong.", parameter=wrong[0])
    finding = with_line(unknown, subject, truth, x, t)
    assert finding.cause == "overwritten"
    assert finding.line in planted.lines
    assert "without `z1 *= 1 - z1`" in finding.remedy


def test_the_sentence_is_whole_in_every_language(tmp_path, marked):
    planted = mistake("methods-10-derivative_missing")
    _, subject, truth, wrong, x, t = prepared("methods", planted.source, tmp_path)
    finding = with_line(Finding(cause="activation-derivative", text="", parameter=wrong[0]), subject, truth, x, t)
    assert finding.remedy == "⟦Line 67: here stands `dz1`; `dz1 * z1 * (1 - z1)` belongs here.⟧"
    assert finding.file == subject.file


@pytest.mark.parametrize("style", STYLES)
def test_a_correct_class_has_no_such_line(style, tmp_path):
    _, subject, truth, wrong, x, t = prepared(style, correct(style), tmp_path)
    assert wrong == []
    assert all(line_of(subject, truth, name, x, t) is None for name in truth.gradient)


def test_looking_for_it_leaves_nothing_behind(tmp_path, capsys):
    planted = mistake("layers-11-derivative_wrong")
    source = planted.source.replace("        grads = {}\n", "        grads = {}\n        print('gradient')\n")
    obj, subject, truth, wrong, x, t = prepared("layers", source, tmp_path)
    capsys.readouterr()
    before, codes = copy.deepcopy(obj.__dict__), [function.__code__ for function in subject.functions]
    params, state = {name: array.copy() for name, array in subject.params.items()}, np.random.get_state()[1].copy()
    assert line_of(subject, truth, wrong[0], x, t).line in planted.lines
    assert capsys.readouterr() == ("", "")
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert [function.__code__ for function in subject.functions] == codes
    for name, array in subject.params.items():
        np.testing.assert_array_equal(array, params[name])
    after = obj.layers["Affine1"]
    np.testing.assert_array_equal(after.x, before["layers"]["Affine1"].x)
    np.testing.assert_array_equal(after.dW, before["layers"]["Affine1"].dW)


def test_it_ends_in_its_time(tmp_path):
    planted = mistake("loops-20-softmax_derivative_forgotten")
    _, subject, truth, wrong, x, t = prepared("loops", planted.source, tmp_path)
    began = time.thread_time()
    assert line_of(subject, truth, wrong[0], x, t, seconds=0.05) is None
    assert time.thread_time() - began < 0.5


@dataclasses.dataclass
class Tally:
    exact: int = 0
    searched: int = 0


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_most_mistakes_are_found_on_their_line(style, tmp_path, record_property):
    """Of every other mistake, at the textbook's size; the benchmark has them all."""
    tally, missed = Tally(), []
    for planted in [mistake for mistake in all_mistakes() if mistake.style == style][::2]:
        if planted.kind in NOT_BY_VALUE:
            continue
        try:
            _, subject, truth, wrong, x, t = prepared(style, planted.source, tmp_path, LARGE)
        except Exception:  # what cannot be read has no gradient to mend
            continue
        if truth is None or not wrong:
            continue
        place = line_of(subject, truth, wrong[0], x, t)
        tally.searched += 1
        if place is not None and place.line in planted.lines:
            tally.exact += 1
        else:
            missed.append(f"{planted}: {place}")
    record_property("lines", f"{style}: {tally}")
    assert tally.exact >= ON_ITS_LINE * tally.searched, missed
