"""A person's own network is asked about a picture, whatever it takes and gives."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

import zerokara
from zerokara.data.description import description_by_name
from zerokara.errors import DataError, UsageError
from zerokara.handwriting.own_network import as_probabilities
from zerokara.handwriting.preparing import prepare_picture

SCORES = np.array([0.0, 1.0, 2.0, 9.0, -1.0, 0.5, 0.0, 0.0, 0.0, 3.0])
E = np.exp(SCORES) / np.exp(SCORES).sum()


class Lines:
    """Pictures of MNIST's size: a stroke, so that the textbook's network has something to look at."""

    picture = np.zeros((28, 28), np.uint8)


Lines.picture[4:24, 13:16] = 255


def network(answer: Callable[[Any], Any], **more: Any) -> Any:
    return SimpleNamespace(predict=answer, **more)


def of(answer: Callable[[Any], Any], **more: Any) -> Any:
    return zerokara.predict(network(answer, **more), Lines.picture)


# What goes in


def test_prepare_gives_what_the_chain_for_mnist_gives(tmp_path: Path) -> None:
    x = zerokara.prepare(Lines.picture)
    assert (x.shape, x.dtype, float(x.min()), float(x.max())) == ((784,), np.float32, 0, 1)
    np.testing.assert_array_equal(x, prepare_picture(Lines.picture, description_by_name("mnist", (784, 10))).inputs[0])
    Image.fromarray(Lines.picture).save(tmp_path / "line.png")
    np.testing.assert_array_equal(zerokara.prepare(tmp_path / "line.png"), x)
    np.testing.assert_array_equal(zerokara.prepare(Image.open(tmp_path / "line.png")), x)


def test_prepare_warns_of_what_there_is_to_doubt() -> None:
    with pytest.warns(UserWarning, match="No ink was found"):
        assert zerokara.prepare(np.full((100, 80), 255, np.uint8)).shape == (784,)


@pytest.mark.parametrize("shape", [(1, 784), (784,), (1, 1, 28, 28)])
def test_x_has_the_shape_that_the_network_takes(shape: tuple[int, ...]) -> None:
    seen: list[Any] = []

    def predict(x: Any) -> Any:
        if x.shape != shape:
            raise ValueError(x.shape)
        seen.append(x.copy())
        x[:] = 0  # what their code does to its input stays theirs
        return SCORES

    assert of(predict).answer == 3
    assert {(x.dtype, float(x.max())) for x in seen} == {(np.dtype(np.float32), 1.0)}


# What comes out


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 10), (10,)])
def test_scores_become_probabilities_by_softmax(dtype: Any, shape: tuple[int, ...]) -> None:
    answer = of(lambda x: SCORES.astype(dtype).reshape(shape))
    assert (answer.answer, answer.class_name, answer.file) == (3, "3", "")
    np.testing.assert_allclose(answer.probabilities, E, rtol=1e-3 if dtype == np.float16 else 1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_probabilities_stay_as_they_are(dtype: Any) -> None:
    answer = of(lambda x: E.astype(dtype)[np.newaxis])
    np.testing.assert_allclose(answer.probabilities, E, rtol=2e-3 if dtype == np.float16 else 1e-6, atol=1e-6)
    assert answer.probabilities.sum() == pytest.approx(1)


def test_outputs_of_sigmoids_are_divided_by_their_sum() -> None:
    np.testing.assert_allclose(as_probabilities(np.array([0.9, 0.3, 0.3])), [0.6, 0.2, 0.2])


def test_lists_are_scores_too() -> None:
    assert of(lambda x: [SCORES.tolist()]).answer == 3


def test_a_function_is_a_network() -> None:
    assert zerokara.predict(lambda x: SCORES, Lines.picture).answer == 3


@pytest.mark.parametrize("made", [zerokara.TwoLayerNet, "book"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_networks_of_the_textbook(made: Any, dtype: Any) -> None:
    if made == "book":
        from zerokara.book.two_layer_net import TwoLayerNet as made
    net = made(784, 50, 10)
    for name in net.params:
        net.params[name] = (net.params[name] * 30).astype(dtype)
    before = {name: array.copy() for name, array in net.params.items()}
    x = zerokara.prepare(Lines.picture)[np.newaxis]
    answer = zerokara.predict(net, Lines.picture)
    assert answer.answer == net.predict(x).argmax()
    for name, array in before.items():
        np.testing.assert_array_equal(net.params[name], array, strict=True)


def test_a_network_that_names_its_classes_as_those_of_scikit_learn_do() -> None:
    """There `predict` gives no scores but the label, here 7, which is none of the indices of classes."""
    more = {"classes_": np.array([3, 7, 8]), "predict_proba": lambda x: np.array([[0.1, 0.8, 0.1]])}
    answer = of(lambda x: np.array([7]), **more)
    assert (answer.answer, answer.class_name) == (1, "7")


def test_a_run_is_asked_as_a_run() -> None:
    class Run:
        described = description_by_name("mnist", (784, 10))

        def predict(self, picture: Any) -> str:
            return f"asked about {picture}"

    assert zerokara.predict(Run(), "a.png") == "asked about a.png"


def test_a_list_and_a_folder_give_lists(tmp_path: Path) -> None:
    for name in "ab":
        Image.fromarray(Lines.picture).save(tmp_path / f"{name}.png")
    by_list = zerokara.predict(lambda x: SCORES, [Lines.picture, tmp_path / "a.png"])
    assert [Path(one.file).name for one in by_list] == ["", "a.png"]
    by_folder = zerokara.predict(lambda x: SCORES, tmp_path)
    assert [Path(one.file).name for one in by_folder] == ["a.png", "b.png"]


# What is refused


def never(x: Any) -> Any:
    raise TypeError("unsupported")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (zerokara.TwoLayerNet, r"which TwoLayerNet\(…\) makes. Got the class TwoLayerNet itself."),
        ({"W1": 0}, r"an object with a method predict\(x\), or a function of x. Got dict."),
        (never, r"of the shapes \(1, 784\) \(784,\) \(1, 1, 28, 28\): TypeError: unsupported"),
        (lambda x: np.array([3]), r"for each class, of the shape \(1, 10\) or \(10,\). Got \(1,\)."),
        (lambda x: 3, r"Got \(\)."),
        (lambda x: np.zeros((2, 10)), r"Got \(2, 10\)."),
        (lambda x: None, r"Got NoneType."),
        (lambda x: "seven", r"Got str."),
        (zerokara.TwoLayerNet(64, 5, 10), r"x must have shape \(samples, 64\) or \(64,\)"),
    ],
)
def test_what_is_no_network_is_refused_with_what_was_expected(asked: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        zerokara.predict(asked, Lines.picture)


@pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf])
def test_a_network_that_is_lost_has_no_answer(lost: float) -> None:
    with pytest.raises(zerokara.ZerokaraError, match="not finite"):
        of(lambda x: np.append(SCORES[1:], lost))


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="cannot be read as a picture"):
        zerokara.predict(lambda x: SCORES, tmp_path / "a.png")
    with pytest.raises(FileNotFoundError):
        zerokara.predict(lambda x: SCORES, tmp_path / "b.png")
    with pytest.raises(UsageError, match="Got bytes"):
        zerokara.predict(lambda x: SCORES, b"a.png")


def test_ctrl_c_in_their_code_is_ctrl_c() -> None:
    def interrupted(x: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        zerokara.predict(interrupted, Lines.picture)
