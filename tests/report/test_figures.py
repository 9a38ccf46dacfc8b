"""Pictures are opened and looked at: size, ink, the same bytes for the same figure, and histories that are not nice."""

import io
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image

from zerokara.data import Dataset, Split
from zerokara.handwriting.prediction import Prediction
from zerokara.handwriting.prepared import Doubt, Prepared, Stage
from zerokara.nn import Network, gradient_check
from zerokara.report.figures import (
    accuracies_figure,
    accuracy_figure,
    contact_sheet,
    gradient_figure,
    loss_figure,
    losses_figure,
    moving_average,
    png,
    steps_figure,
)
from zerokara.training.history import Evaluation, History


def history(losses, looks=3):
    at = np.linspace(0, len(losses), looks).astype(int) if looks else []
    return History(
        [np.asarray(losses, float)],
        [Evaluation(int(i), i / 10, 1.0, 0.1 + 0.5 * k / looks, 0.1 + 0.4 * k / looks) for k, i in enumerate(at)],
    )


def picture(content):
    assert content.startswith(b"\x89PNG")
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


FALLING = 2.3 * np.exp(-np.arange(500) / 100)


def test_the_loss_curve_is_there():
    pixels = picture(png(loss_figure(history(FALLING), "digits: 64-50-10")))
    assert pixels.shape == (480, 768, 3)
    share_of_ink = (pixels.min(axis=2) < 200).mean()
    assert 0.005 < share_of_ink < 0.5
    blue = (pixels[..., 2].astype(int) - pixels[..., 0] > 80).mean()
    assert blue > 0.001


def test_axes_legend_and_curves_of_the_loss():
    axes = loss_figure(history(FALLING), "a title").axes[0]
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == ("a title", "iteration", "loss (mini-batch)")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["each mini-batch", "mean of 10 mini-batches"]
    raw, mean = axes.get_lines()
    assert_allclose(raw.get_ydata(), FALLING)
    assert_allclose(mean.get_ydata()[[0, -1]], [FALLING[:10].mean(), FALLING[-10:].mean()])
    assert list(mean.get_xdata()[[0, -1]]) == [4.5, 494.5]  # in the middle of the ten
    assert axes.get_ylim()[0] == 0
    assert axes.get_ylim()[1] >= 2.3


def test_axes_legend_and_curves_of_the_accuracy():
    axes = accuracy_figure(history(FALLING, looks=4)).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_ylim()) == ("epoch", "accuracy", (0, 1))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "training data (0.4750)",
        "test data (0.4000)",
    ]
    training, test = axes.get_lines()
    assert_allclose(training.get_ydata(), [0.1, 0.225, 0.35, 0.475])
    assert_allclose(test.get_ydata(), [0.1, 0.2, 0.3, 0.4])
    assert training.get_linestyle() != test.get_linestyle()  # told apart without colours, too


@pytest.mark.parametrize("draw", [loss_figure, accuracy_figure])
def test_the_same_history_gives_the_same_bytes(draw):
    assert png(draw(history(FALLING), "t")) == png(draw(history(FALLING), "t"))
    assert png(draw(history(FALLING), "t")) != png(draw(history(FALLING + 1, looks=5), "t"))


UGLY = {
    "no update": [],
    "one update": [2.3],
    "all NaN": [np.nan] * 60,
    "diverged": [2.3, 5.0, 1e30, np.inf, np.nan, np.nan],
    "huge": [1.0, 3e38],
    "zero": [0.0] * 100,
    "long": np.linspace(2.3, 0.1, 10_000),
}


@pytest.mark.parametrize("losses", UGLY.values(), ids=UGLY)
def test_every_course_of_losses_can_be_drawn_without_a_warning(losses):
    assert picture(png(loss_figure(history(losses)))).min() < 100


def test_a_single_loss_is_a_point_and_none_is_said():
    (line,) = loss_figure(history([2.3])).axes[0].get_lines()
    assert line.get_marker() == "o"
    assert [text.get_text() for text in loss_figure(history([np.nan])).axes[0].texts] == ["no finite loss"]
    assert not loss_figure(history([2.3])).axes[0].texts


def test_the_legend_stays_clear_of_curves_at_the_bottom():
    for accuracy in (0.1, 0.9):
        evaluations = [Evaluation(i, i / 10, 1.0, accuracy, accuracy) for i in range(30)]
        figure = accuracy_figure(History([FALLING], evaluations))
        figure.draw_without_rendering()
        axes = figure.axes[0]
        legend = axes.get_legend().get_window_extent().transformed(axes.transAxes.inverted())
        assert not legend.y0 - 0.02 < accuracy < legend.y1 + 0.02


@pytest.mark.parametrize("looks", [0, 1, 100])
def test_any_number_of_evaluations_can_be_drawn_without_a_warning(looks):
    assert picture(png(accuracy_figure(history(FALLING, looks)))).min() < 100


def test_a_title_is_text_and_no_formula():
    """The name of a folder stands in it, and a folder may be called anything, such as $\\frac{$."""
    assert picture(png(loss_figure(history(FALLING), r"$\frac{$ % C:\new_table^2"))).std() > 0


HARD_NAME = r"$\frac{$ % C:\new_table^2"


@pytest.mark.parametrize("draw", [loss_figure, accuracy_figure])
def test_a_title_on_any_figure_is_text_and_no_formula(draw):
    figure = draw(history(FALLING), HARD_NAME)
    assert picture(png(figure)).std() > 0
    assert not figure.axes[0].title.get_parse_math()


def test_names_on_a_contact_sheet_are_text_and_no_formula():
    """A well-formed one would be drawn without its dollars, and another one would not be drawn at all."""
    made = replace(dataset(), name=HARD_NAME, class_names=("$x$", HARD_NAME, "a_b"))
    figure = contact_sheet(made, each=2)
    assert picture(png(figure)).std() > 0
    texts = [text for axes in figure.axes for text in axes.texts] + [figure._suptitle]
    assert len(texts) == 4
    assert not any(text.get_parse_math() for text in texts)


def test_no_display_and_no_pyplot_are_needed():
    code = (
        "import numpy as np, sys\n"
        "from zerokara.report.figures import loss_figure, png\n"
        "from zerokara.training.history import History\n"
        "assert len(png(loss_figure(History([np.ones(9)])))) > 1000\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    environment = {"PATH": "/usr/bin:/bin", "MPLBACKEND": "TkAgg", "PYTHONPATH": ":".join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_moving_average_by_hand():
    assert_allclose(moving_average(np.array([1.0, 3.0, 5.0, 7.0]), 2), [2, 4, 6])
    assert_allclose(moving_average(np.arange(5.0), 5), [2])


def dataset(shape=(4, 5), classes=3, n=20):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (n, int(np.prod(shape))), np.uint8)
    split = Split(pixels, rng.integers(classes, size=n), 255)
    return Dataset("toy", split, split.part(1, n), tuple("abcdef"[:classes]), shape, "0" * 16, "made here")


def test_contact_sheet_has_a_row_per_class():
    made = dataset()
    figure = contact_sheet(made, each=4)
    assert len(figure.axes) == 12
    counts = np.bincount(made.train.t, minlength=3)
    labels = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert labels == [f"{name}  ({count})" for name, count in zip("abc", counts, strict=True)]
    first_of_b = made.train.pixels[made.train.t == 1][0].reshape(4, 5)
    assert_allclose(figure.axes[4].get_images()[0].get_array(), first_of_b)
    assert picture(png(figure)).std() > 0


def test_contact_sheet_where_a_class_has_few_pictures():
    figure = contact_sheet(dataset(classes=6, n=5), each=10)
    assert len(figure.axes) == 60
    assert picture(png(figure)).std() > 0


def test_gradient_figure_has_a_map_per_parameter():
    network = Network([4, 5, 3], activation="tanh", init="xavier")
    check = gradient_check(network, np.random.default_rng(0).random((3, 4)), [0, 1, 2])
    figure = gradient_figure(check)
    assert [axes.get_ylabel() for axes in figure.axes[:4]] == ["W1", "b1", "W2", "b2"]
    assert picture(png(figure)).std() > 0


def reds(content):
    pixels = picture(content).astype(int)
    return int(((pixels[..., 0] > 200) & (pixels[..., 1] < 60)).sum())


@pytest.mark.slow
def test_gradient_figure_shows_a_small_wrong_row_beside_large_ones():
    class Wrong(Network):
        def gradient(self, x, t):
            found = dict(super().gradient(x, t))
            found["W1"] = np.vstack([found["W1"][:3], 2 * found["W1"][3:]])
            return found

    x = np.random.default_rng(0).random((3, 4)) * [1e3, 1e3, 1e3, 1e-3]
    right, wrong = (made([4, 5, 3], activation="tanh", init=1e-4) for made in (Network, Wrong))
    marked = [reds(png(gradient_figure(gradient_check(network, x, [0, 1, 2])))) for network in (right, wrong)]
    assert marked[1] > marked[0] + 1000  # one column of four; the triangle on the scale is red anyway


def test_gradient_figure_shows_differences_beside_their_bounds_a_row_per_unit_in_the_colours_of_one_scale():
    network = Network([4, 5, 3], activation="tanh", init="xavier")
    check = gradient_check(network, np.random.default_rng(0).random((3, 4)), [0, 1, 2])
    shapes = {"W1": (5, 4), "b1": (1, 5), "W2": (3, 5), "b2": (1, 3)}  # (units, inputs); biases lie in one row
    expected = {row.name: np.geomspace(1e-5, 0.5 + k, row.bound.size) for k, row in enumerate(check.rows)}
    for row in check.rows:
        row.difference[...] = row.bound * expected[row.name].reshape(row.bound.shape)
    images = [axes.get_images()[0] for axes in gradient_figure(check).axes[:4]]
    for image, row in zip(images, check.rows, strict=True):
        units_first = expected[row.name].reshape(row.bound.shape).T.reshape(shapes[row.name])
        assert_allclose(image.get_array(), units_first)
        assert (image.norm.vmin, image.norm.vmax) == (1e-6, 1)


@pytest.mark.slow
def test_gradient_figure_where_a_gradient_is_not_a_number():
    """The case somebody most needs to see."""
    network = Network([4, 5, 3], activation="tanh", init="xavier")
    check = gradient_check(network, np.random.default_rng(0).random((3, 4)), [0, 1, 2])
    before = reds(png(gradient_figure(check)))
    check.rows[0].difference[1, 2] = np.nan
    assert reds(png(gradient_figure(check))) > before + 500
    check.rows[0].bound[...] = np.inf
    assert reds(png(gradient_figure(check))) == before


# Several runs


def test_the_losses_of_several_runs_are_overlaid_each_by_its_mean():
    figure = losses_figure([history(FALLING), history(FALLING[:100] / 2)], ["one", "another"])
    (axes,) = figure.axes
    first, second = axes.get_lines()
    assert_allclose(first.get_ydata()[[0, -1]], [FALLING[:10].mean(), FALLING[-10:].mean()])
    assert_allclose(second.get_ydata()[[0, -1]], [FALLING[:2].mean() / 2, FALLING[98:100].mean() / 2])
    assert list(second.get_xdata()[[0, -1]]) == [0.5, 98.5]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["one", "another"]
    assert first.get_color() != second.get_color()


def test_a_loss_that_leaves_the_picture_is_said_and_the_others_can_be_seen():
    wild = np.where(np.arange(100) == 50, 1e6, 2.0)
    figure = losses_figure([history(FALLING), history(wild), history([np.nan, np.nan]), history([])], list("abcd"))
    assert figure.axes[0].get_ylim()[1] < 4
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b (up to 5e+05)", "c", "d"]


def test_the_accuracies_of_several_runs_with_the_last_of_each():
    figure = accuracies_figure([history(FALLING), history(FALLING, looks=0)], ["one", "$x$"])
    first, second = figure.axes[0].get_lines()
    assert_allclose(first.get_ydata(), [0.1, 0.1 + 0.4 / 3, 0.1 + 0.8 / 3])
    assert len(second.get_ydata()) == 0
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["one (0.3667)", "$x$"]


@pytest.mark.slow
def test_thirty_runs_have_a_legend_beside_a_diagram_that_is_still_there():
    figure = accuracies_figure([history(FALLING)] * 30, [f"run {k}" for k in range(30)])
    png(figure)
    assert figure.axes[0].get_window_extent().height > 0.4 * 4 * 100
    looks = {(line.get_color(), line.get_linestyle()) for line in figure.axes[0].get_lines()}
    assert len(looks) >= 28


def prediction(steps, classes=10, doubts=(), way=0):
    stages = [Stage(f"step {k}", np.full((30, 20 + k), 25 * k, np.uint8)) for k in range(steps)]
    names = tuple(f"$class <{k}>" for k in range(classes))
    shares = np.full(classes, 1 / classes)
    return Prediction("my.png", 1, names, shares, doubts, Prepared(np.zeros((2, 784)), (28, 28), tuple(stages)), way)


def test_every_step_has_a_panel_with_its_name_and_the_bars_come_last():
    figure = steps_figure([prediction(6), prediction(2, classes=60, doubts=(Doubt("cut", "It is cut."),))])
    first, second = figure.subfigs
    titles = [axes.get_title() for axes in first.axes if axes.get_title()]
    assert titles == [*(f"step {k}" for k in range(6)), "Probability of each class"]
    assert first.get_suptitle() == "my.png: $class <1>, 10.0%"
    assert second.get_suptitle().splitlines()[1] == "It is cut."
    for k in range(6):
        assert (first.axes[k].images[0].get_array() == 25 * k).all()
    bars = second.axes[2].patches
    assert len(bars) == 40  # of 60 classes
    assert [k for k, bar in enumerate(bars) if bar.get_facecolor() != bars[0].get_facecolor()] == [1]  # the answer
    assert_allclose([bar.get_width() for bar in bars], 1 / 60)


def test_an_empty_picture_has_no_bars_and_another_way_has_its_own_panel():
    (empty,) = steps_figure([prediction(1, doubts=(Doubt("no-ink", "No ink."),))]).subfigs
    assert [axes.get_title() for axes in empty.axes if axes.get_title()] == ["step 0"]
    (other,) = steps_figure([prediction(1, way=1)]).subfigs
    assert other.axes[1].get_title().startswith("Input, by the other way")


def test_a_step_whose_name_has_no_font_has_a_number_and_a_doubt_its_code():
    answer = prediction(1, doubts=(Doubt("cut", "\U00013000"),))
    answer.prepared.stages[0].__dict__["label"] = "\U00013000"
    with pytest.warns(UserWarning, match="question marks or numbers instead"):
        (part,) = steps_figure([answer]).subfigs
    assert part.axes[0].get_title() == "1"
    assert part.get_suptitle().splitlines()[1] == "cut"
