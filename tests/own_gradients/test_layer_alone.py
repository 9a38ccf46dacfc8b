"""Layers alone: correct ones are silent, mistakes in backward are named, and nothing is left changed."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerokara.book.common import layers as book
from zerokara.errors import UsageError
from zerokara.own_gradients.layer_alone import is_layer, layer_findings

from .layers_alone import MAKES, MISTAKES, SOURCE

BOOKS = {
    "Affine": lambda: book.Affine(np.random.randn(5, 3), np.zeros(3)),
    "Relu": book.Relu,
    "Sigmoid": book.Sigmoid,
    "Dropout": book.Dropout,
    "Dropout off": lambda: book.Dropout(0.0),
    "BatchNormalization": lambda: book.BatchNormalization(np.ones(6), np.zeros(6)),
    "Convolution": lambda: book.Convolution(np.random.randn(4, 2, 3, 3), np.zeros(4)),
    "Convolution with stride": lambda: book.Convolution(np.random.randn(2, 1, 3, 3), np.zeros(2), 2, 1),
    "Pooling": lambda: book.Pooling(2, 2, 2),
}
SLOW = {
    "Affine large",
    "Conv",
    "Conv square",
    "MaxPool",
    "MeanPool",
    "Convolution",
    "Convolution with stride",
    "Pooling",
}


def layer_of(source: str, make: str, folder: Path) -> Any:
    """A layer of a source that stands in a file of its own."""
    np.random.seed(3)
    path = folder / f"layers_{len(sys.modules)}.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return eval(make, vars(module))


def cases(names: Any) -> list[Any]:
    """Parameters of a test, slow where the layer is."""
    return [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in names]


@pytest.mark.parametrize("name", cases(MAKES))
def test_a_correct_layer_is_silent(name: str, tmp_path: Path) -> None:
    layer = layer_of(SOURCE, MAKES[name], tmp_path)
    assert is_layer(layer)
    assert layer_findings(layer) == ()


@pytest.mark.parametrize("name", cases(BOOKS))
def test_the_textbook_s_layers_are_silent(name: str) -> None:
    assert layer_findings(BOOKS[name]()) == ()


def test_a_handful_of_mistakes_is_named(tmp_path: Path) -> None:
    for name, old, new, causes in MISTAKES[3:60:9]:
        test_a_mistake_is_named(name, old, new, causes, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "old", "new", "causes"), MISTAKES)
def test_a_mistake_is_named(name: str, old: str, new: str, causes: set[str], tmp_path: Path) -> None:
    assert SOURCE.count(old) == 1
    source = SOURCE.replace(old, new)
    found = layer_findings(layer_of(source, MAKES[name], tmp_path))
    assert found[0].cause in causes
    if found[0].line is not None:
        line = source.splitlines()[found[0].line - 1]
        assert any(piece.strip() in line for piece in new.splitlines())


def test_a_name_is_proven_by_a_formula(tmp_path: Path) -> None:
    source = SOURCE.replace("dx = np.dot(dout, self.W.T)", "dx = np.dot(dout, self.W)")
    found = layer_findings(layer_of(source, MAKES["Affine square"], tmp_path))
    assert found[0].told == (
        "In Affine.backward, dx is not the derivative of what forward computes: they differ by "
        f"{found[0].evidence['difference']:.1e}, where the largest value is {found[0].evidence['size']:.1e}. "
        "The right one is np.dot(dout, W.T). It equals np.dot(dout, W) on other inputs and weights too."
    )
    assert source.splitlines()[found[0].line - 1].strip() == "dx = np.dot(dout, self.W)"


def test_the_three_ways_of_a_normalization_are_told(tmp_path: Path, marked: Any) -> None:
    source = SOURCE.replace("dxc += (2.0 / n) * self.xc * dvar", "pass")
    found = layer_findings(layer_of(source, MAKES["Norm"], tmp_path))[0]
    assert found.proof["ways"] == pytest.approx((1, 0, 1))
    assert found.proven.startswith("⟦It is 1 times the direct way to x, ")
    assert marked(found.told) == ""


def test_nothing_is_left_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = SOURCE.replace(
        "self.x = x\n        return np.dot(x, self.W) + self.b",
        "self.x = x\n        print(x)\n        return np.dot(x, self.W) + self.b",
    )
    layer = layer_of(source, MAKES["Affine integers"], tmp_path)
    attributes, W, bytes_of_W = dict(vars(layer)), layer.W, layer.W.tobytes()
    drawn = np.random.get_state()[1].tobytes()
    layer_findings(layer)
    assert vars(layer) == attributes
    assert layer.W is W
    assert W.tobytes() == bytes_of_W
    assert np.random.get_state()[1].tobytes() == drawn
    assert capsys.readouterr().out == ""


def test_an_input_of_given_shape_is_taken() -> None:
    assert layer_findings(book.Pooling(2, 2, 2), np.zeros((3, 1, 8, 8))) == ()


def test_numbers_of_words_have_no_derivative(tmp_path: Path) -> None:
    layer = layer_of(SOURCE, "Embedding(np.random.randn(9, 3))", tmp_path)
    assert layer_findings(layer, np.arange(9)) == ()
    wrong = SOURCE.replace("np.add.at(self.dW, self.index, dout)", "self.dW[self.index] = 2 * dout")
    assert layer_findings(layer_of(wrong, "Embedding(np.random.randn(9, 3))", tmp_path), np.arange(9))


def test_an_error_of_the_learner_s_is_told(tmp_path: Path) -> None:
    source = SOURCE.replace("return dy * (1 - self.y ** 2)", "return dy * (1 - self.z ** 2)")
    with pytest.raises(UsageError, match=r"Tanh cannot be checked by itself.* no attribute 'z'"):
        layer_findings(layer_of(source, "Tanh()", tmp_path))


def test_kinks_accuse_nobody(tmp_path: Path) -> None:
    layer = layer_of(SOURCE, "Relu()", tmp_path)
    assert layer_findings(layer, np.zeros((9, 300))) == ()


def test_what_takes_no_input_is_refused() -> None:
    class Stubborn:
        def forward(self, x: Any) -> Any:
            raise ValueError("no")

        def backward(self, dout: Any) -> Any:
            return dout

    with pytest.raises(UsageError, match="Stubborn cannot be checked by itself"):
        layer_findings(Stubborn())


def test_a_loss_and_a_network_are_no_layers() -> None:
    assert not is_layer(book.SoftmaxWithLoss())
    assert not is_layer(np.zeros(3))
