"""The forward pass that numbers identify, and the right quantities of it, against central differences of the loss."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from zerokara.nn.formulas import Formula
from zerokara.own_gradients.elementwise import ACTIVATIONS, OUTPUTS, activated, slope
from zerokara.own_gradients.forward import model_of
from zerokara.own_gradients.reading import subjects_of
from zerokara.own_gradients.subject import Subject
from zerokara.own_gradients.truth import truth_of

from .planted import batch, central_differences, correct, edited, made

IDENTIFIED = {
    "methods": ("sigmoid", "softmax", "cross-entropy"),
    "layers": ("relu", "softmax", "cross-entropy"),
    "functions": ("relu", "softmax", "cross-entropy"),
    "tanh_squares": ("tanh", "identity", "squared"),
    "leaky": ("leaky-relu", "softmax", "cross-entropy"),
}


def subject_of(style: str, source: str, folder: Path) -> Subject:
    network = made(style, source, folder)
    obj = vars(network.obj) if isinstance(network.obj, ModuleType) else network.obj
    return subjects_of(obj, *batch())[0]


@pytest.mark.parametrize("style", IDENTIFIED)
def test_what_is_identified_has_the_slopes_of_the_loss(style: str, tmp_path: Path) -> None:
    network = made(style, correct(style), tmp_path)
    obj = vars(network.obj) if isinstance(network.obj, ModuleType) else network.obj
    subject = subjects_of(obj, *batch())[0]
    model = model_of(subject)
    assert model is not None
    assert (model.activations[0].name, model.output, model.error) == IDENTIFIED[style]
    x, t = batch(rows=7)
    truth = truth_of(subject, x, t)
    assert truth is not None
    for array, numerical in zip(network.arrays(), central_differences(network, x, t), strict=True):
        name = next(name for name, param in subject.params.items() if param is array)
        np.testing.assert_allclose(truth.gradient[name], numerical, rtol=1e-4, atol=1e-8)


def test_a_penalty_of_the_weights_is_part_of_it(tmp_path: Path) -> None:
    model = model_of(subject_of("tanh_squares", correct("tanh_squares"), tmp_path))
    assert model is not None
    np.testing.assert_allclose(list(model.penalty.values()), 3 * [0.01])


def test_an_activation_that_nobody_knows_is_none(tmp_path: Path) -> None:
    source = edited(correct("tanh_squares"), ("np.tanh(z)", "np.tanh(z) + 0.1 * np.cos(z) * z"))
    subject = subject_of("tanh_squares", source, tmp_path)
    assert model_of(subject) is None
    assert truth_of(subject, *batch(rows=7)) is None


def test_asking_leaves_parameters_and_random_numbers_alone(tmp_path: Path) -> None:
    subject = subject_of("methods", correct("methods"), tmp_path)
    before = {name: array.tobytes() for name, array in subject.params.items()}
    state = np.random.get_state()[1].tobytes()
    assert model_of(subject) is not None
    assert {name: array.tobytes() for name, array in subject.params.items()} == before
    assert np.random.get_state()[1].tobytes() == state


@pytest.mark.parametrize("formula", ACTIVATIONS, ids=str)
def test_a_slope_is_the_difference_quotient(formula: Formula) -> None:
    z = np.array([-3.1, -1.3, -0.2, 0.3, 0.9, 2.2, 4.7])
    h = 1e-6
    quotient = (activated(formula, z + h) - activated(formula, z - h)) / (2 * h)
    np.testing.assert_allclose(slope(formula, z), quotient, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_goes_back_as_it_came(name: str) -> None:
    generator = np.random.default_rng(0)
    z, e = generator.normal(size=(2, 5, 3))
    output, h = OUTPUTS[name], 1e-6
    quotients = np.zeros_like(z)
    for index in np.ndindex(z.shape):
        step = np.zeros_like(z)
        step[index] = h
        quotients[index] = ((output.value(z + step) - output.value(z - step)) * e).sum() / (2 * h)
    np.testing.assert_allclose(output.backward(z, output.value(z), e), quotients, atol=1e-8)
