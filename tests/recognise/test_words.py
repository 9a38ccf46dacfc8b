"""Whatever is said of a function is whole sentences, each in one pair of brackets."""

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import zerokara
from zerokara import recognise, words
from zerokara.book.common.gradient import numerical_gradient
from zerokara.errors import ZerokaraError
from zerokara.recognise import plan, recogniser

SOURCE = Path(zerokara.__file__).parent
REFUSALS = ("Refused", "RefusedAt", "RefusedNow", "UnprovenSource", "Mistaken")


def refusals() -> Iterator[tuple[str, str]]:
    """Where a refusal is made of a sentence, and that sentence."""
    rooms = [path for room in ("interpret", "recognise", "own_loops") for path in (SOURCE / room).glob("*.py")]
    for path in sorted([*rooms, SOURCE / "sources" / "definitions.py"]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) in REFUSALS
                and isinstance(node.args[-1], ast.Call)
            ):
                made = node.args[-1]
                if ast.unparse(made.func) == "sentence" and isinstance(made.args[0], ast.Constant):
                    yield f"{path.name}:{node.lineno}", ast.literal_eval(made.args[0])


def test_a_reason_is_a_sentence_of_its_own():
    found = list(refusals())
    assert len(found) > 80
    for where, text in found:
        assert text[0].isupper() or text.startswith(("{", "h is", "x is", "astype is")), (where, text)
        assert text.endswith("."), (where, text)


LOSSES = {
    "It is the cross entropy.": "-np.sum(t * np.log(y)) / len(y)",
    "It is the cross entropy with 1e-7 in the logarithm.": "-np.sum(t * np.log(y + 1e-7)) / len(y)",
    "It is the squared error.": "np.sum((y - t) ** 2) / 2 / len(y)",
}
ONE_LAYER = """
class Net(Net):
    def predict(self, x):
        return softmax(np.dot(x, self.params['W1']) + self.params['b1'])
"""
NETWORKS = {
    "20-7-3 (sigmoid, softmax)": ((20, 7, 3), ""),
    "20-3 (softmax)": ((20, 3), ONE_LAYER),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("network", NETWORKS)
def test_what_was_recognised(learner, ask, batch, marked, loss, network):
    sizes, source = NETWORKS[network]
    names = learner(f"{source}\ndef cross_entropy_error(y, t):\n    return {LOSSES[loss]}\n")
    net = names.Net(np.random.default_rng(0), sizes)
    said = ask(names.loss_of(net, *batch), net.params["W1"]).said
    assert marked(said) == ""
    is_loss, which, _ = said.split("⟧ ⟦")
    assert f"is the loss of a network {network}, proven by its code" in is_loss
    assert which == loss


@pytest.fixture
def loss_and_weights(learner, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    return names.loss_of(net, *batch), net.params["W1"]


def test_what_was_verified(loss_and_weights, monkeypatch, capfd, marked):
    with recognise.mode("verify"):
        numerical_gradient(*loss_and_weights)
        assert capfd.readouterr().err.count("⟦Verified: ") == 1
        right = plan.Plan.gradient
        monkeypatch.setattr(plan.Plan, "gradient", lambda *asked, **kept: right(*asked, **kept) + 1e-7)
        with pytest.raises(ZerokaraError, match=r"^⟦--verify found") as error:
            numerical_gradient(*loss_and_weights)
    assert marked(str(error.value)) == ""


def test_a_mistake_in_here_and_an_f_without_code(loss_and_weights, monkeypatch, capfd, marked):
    monkeypatch.setattr(recogniser, "purity_of", None)
    numerical_gradient(*loss_and_weights)
    numerical_gradient(np.sum, np.ones(60))
    failed, without_code = capfd.readouterr().err.splitlines()
    assert failed.count("⟦") == without_code.count("⟦") == 2
    assert without_code.startswith("⟦The plain loop computes the gradient of f.⟧ ⟦Looking into it failed (TypeError(")
    assert marked(failed + without_code) == ""


def test_another_language_from_now_on(learner, monkeypatch, capfd, request):
    """Also of a function that was refused for good before."""
    f = learner("def f(W):\n    return np.sum(W ** 2)\n").f
    numerical_gradient(f, np.ones(60))
    assert "The arrays it reads are not inputs, labels and the weights" in capfd.readouterr().err
    marked = request.getfixturevalue("marked")
    monkeypatch.setattr(words, "_spoken", ("ja", words._spoken[1]))
    numerical_gradient(f, np.ones(60))
    said = capfd.readouterr().err
    assert marked(said) == ""
    assert "⟧⟦The arrays it reads are not inputs" in said
