"""Every error of the room is whole sentences, one after the other, with a code; so is what a gradient check prints."""

from collections.abc import Callable

import numpy as np
import pytest

from zerokara import words
from zerokara.cells import width
from zerokara.errors import UsageError
from zerokara.nn import Network, TwoLayerNet, gradient_descent, numerical_gradient
from zerokara.nn.activations import ACTIVATIONS
from zerokara.nn.arguments import not_negative, number, real_numbers
from zerokara.nn.check import AGREES, CANNOT_BE_TOLD, DISAGREES, GradientCheck, gradient_check
from zerokara.nn.functions import LOSSES, Loss
from zerokara.nn.params import Params, refuse_read_only

Outside = Callable[[str], str]

NETWORK = TwoLayerNet(3, 4, 2)
X, T = np.ones((2, 3)), [0, 1]
FIXED = np.zeros(2)
FIXED.flags.writeable = False


def assign(name: str, value: object) -> None:
    setattr(NETWORK, name, value)


REFUSED = {
    "number": (lambda: number("x", "1"), "wrong-value"),
    "positive": (lambda: TwoLayerNet(3, 4, 2, learning_rate=0), "wrong-value"),
    "not negative": (lambda: not_negative("weight_decay", -1), "wrong-value"),
    "numbers": (lambda: real_numbers("x", "a"), "wrong-value"),
    "unequal rows": (lambda: NETWORK.predict([[1], [2, 3]]), "wrong-shape"),
    "sizes": (lambda: Network([2]), "wrong-value"),
    "dtype": (lambda: Network([2, 2], dtype=int), "wrong-value"),
    "seed": (lambda: Network([2, 2], seed=-1), "wrong-value"),
    "activation": (lambda: Network([2, 2], activation="rleu"), "unknown-name"),
    "loss": (lambda: Network([2, 2], loss="hinge"), "unknown-name"),
    "initializer": (lambda: Network([2, 2], init="hee"), "unknown-name"),
    "deviation": (lambda: Network([2, 2], init=-1.0), "wrong-value"),
    "no activation": (lambda: Network([2, 2, 2], activation="none"), "wrong-value"),
    "no loss": (lambda: Network([2, 2], loss="none"), "wrong-value"),
    "terms": (lambda: Network([3, 2], loss="flat").loss(X, T), "wrong-shape"),
    "x": (lambda: NETWORK.predict(np.ones((2, 4))), "wrong-shape"),
    "no sample": (lambda: NETWORK.predict(np.ones((0, 3))), "wrong-shape"),
    "labels": (lambda: NETWORK.loss(X, [0]), "wrong-shape"),
    "label": (lambda: NETWORK.loss(X, [0, 2]), "wrong-value"),
    "float labels": (lambda: NETWORK.loss(X, [0.0, 1.0]), "wrong-value"),
    "params": (lambda: assign("params", {"W1": 0}), "unknown-name"),
    "parameter": (lambda: NETWORK.params.update(W9=0), "unknown-name"),
    "shape": (lambda: NETWORK.params.update(W1=np.zeros(3)), "wrong-shape"),
    "less": (lambda: NETWORK.params.clear(), "usage"),
    "read-only": (lambda: refuse_read_only(Params(W1=FIXED), {"v": {"W1": FIXED}}), "wrong-value"),
    "only": (lambda: NETWORK.numerical_gradient(X, T, only="W9"), "unknown-name"),
    "method": (lambda: NETWORK.numerical_gradient(X, T, method="fast"), "unknown-name"),
    "float32": (lambda: Network([3, 2], dtype=np.float32).numerical_gradient(X, T), "wrong-value"),
    "integers": (lambda: numerical_gradient(np.sum, [1, 2]), "wrong-value"),
    "fixed x": (lambda: numerical_gradient(np.sum, FIXED), "wrong-value"),
    "no function": (lambda: numerical_gradient(1.0, [1.0]), "wrong-value"),
    "two numbers": (lambda: numerical_gradient(lambda x: x, [1.0, 2.0]), "wrong-value"),
    "steps": (lambda: gradient_descent(np.sum, [1.0], steps=-1), "wrong-value"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_errors_are_whole_sentences(case: str, marked: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ACTIVATIONS, "none", None)
    monkeypatch.setitem(LOSSES, "none", None)
    monkeypatch.setitem(LOSSES, "flat", Loss(lambda o, t: o[0], lambda o, t: o))
    refused, code = REFUSED[case]
    with pytest.raises(UsageError, match="⟦") as caught:
        refused()
    assert marked(str(caught.value)) == ""
    assert caught.value.code == code


def checked(activation: str = "relu") -> GradientCheck:
    return gradient_check(Network([3, 4, 2], activation=activation), X, T)


def test_a_check_prints_heads_and_verdicts_in_words(marked: Outside) -> None:
    table = str(checked())
    heads, *rows = table.splitlines()
    assert marked(heads) == ""
    assert heads.count("⟦") == 9
    assert [row.count("⟦") for row in rows] == [1] * 4
    assert [row.partition("⟦")[2] for row in rows] == ["agrees⟧"] * 4


def test_verdicts_that_programs_compare_are_in_english(marked: Outside) -> None:
    check = checked()
    assert check.verdict == check.rows[0].verdict == "agrees"
    assert set(check.rows[0].verdicts) == {"agrees"}
    assert (AGREES, DISAGREES, CANNOT_BE_TOLD) == ("agrees", "DISAGREES", "cannot be told")


class Japanese:
    """A catalogue whose heads are wider than their columns in English."""

    def gettext(self, message: str) -> str:
        return {"difference": "勾配の最大の差", "kinks": "折れ点の数", "agrees": "一致"}.get(message, message)


def test_columns_line_up_in_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    english = str(checked()).splitlines()
    monkeypatch.setattr(words, "_spoken", ("ja", Japanese()))
    heads, *rows = str(checked()).splitlines()
    for right in ("勾配の最大の差", "折れ点の数"):
        end = width(heads[: heads.index(right) + len(right)])
        for row in rows:
            cells = "".join(letter + "\0" * (width(letter) - 1) for letter in row)
            assert cells[end - 1].isdecimal()
            assert cells[end] == " "
    assert all(row.endswith(" 一致") for row in rows)
    assert [line.split()[:4] for line in english[1:]] == [row.split()[:4] for row in rows]
