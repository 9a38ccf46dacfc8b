"""Pictures: loss and accuracy curves, gradient checks, contact sheets. Only this file draws with matplotlib here.

Figures are drawn without a display and without touching the state of `matplotlib.pyplot`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zerokara.cells import shortened
from zerokara.data.dataset import Dataset
from zerokara.handwriting.bars import LONGEST_NAME, shown_classes
from zerokara.nn.check import GradientCheck, ParameterCheck
from zerokara.report.fonts import families
from zerokara.report.labels import Labels, Title, in_lines, labelled
from zerokara.training.history import History
from zerokara.words import translatable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from zerokara.handwriting.prediction import Prediction

TRAIN, TEST, PALE = "#1f5fa8", "#d9541e", "#b9cbe3"
BELOW: Any = " ".join(("outside", "lower", "center"))  # Matplotlib's own term, no text
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Those of Okabe and Ito 2008, for colour-blind people too, but for yellow, which is too pale for a line."""


@labelled
def loss_figure(label: Labels, history: History, title: Title = "") -> Figure:
    """The loss of every mini-batch, pale, and its moving average over a fiftieth of the run."""
    figure, axes = _axes()
    _name_axes(axes, label.title(title, 80), label(translatable("iteration")), label(translatable("loss (mini-batch)")))
    losses = history.losses
    iterations = np.arange(len(losses))
    mark = "o" if len(losses) == 1 else None  # a line needs two points
    each = label(translatable("each mini-batch"))
    axes.plot(iterations, losses, color=PALE, linewidth=0.7, marker=mark, clip_on=mark is None, label=each)
    width = max(len(losses) // 50, 1)
    if width > 1:
        middle = iterations[: len(losses) - width + 1] + (width - 1) / 2
        mean = label(translatable("mean of {n} mini-batches"), n=width)
        axes.plot(middle, moving_average(losses, width), color=TRAIN, label=mean)
    axes.set_xlim(0, max(len(losses), 1))
    finite = losses[np.isfinite(losses)]
    if not finite.size:
        nothing = label(translatable("no finite loss"))
        _write(axes.text(0.5, 0.5, nothing, transform=axes.transAxes, ha="center", va="center"))
    axes.set_ylim(0, float(finite.max()) * 1.05 if finite.size and finite.max() > 0 else 1)
    _write(*axes.legend(loc="upper right").get_texts())
    return figure


@labelled
def accuracy_figure(label: Labels, history: History, title: Title = "") -> Figure:
    """Training and test accuracy at every evaluation, over epochs."""
    figure, axes = _axes()
    _name_axes(axes, label.title(title, 80), label(translatable("epoch")), label(translatable("accuracy")))
    epochs = [e.epoch for e in history.evaluations]
    mark = "o" if len(epochs) <= 40 else None
    training, test = _names_of_accuracies(label, history)
    for name, style, color, values in (
        (training, "-", TRAIN, history.train_accuracy),
        (test, "--", TEST, history.test_accuracy),
    ):
        if not np.isnan(values).all() or not len(values):  # a script may have measured one of them only
            axes.plot(epochs, values, style, color=color, marker=mark, markersize=3, label=name)
    axes.set_xlim(left=0)
    axes.set_ylim(0, 1)
    low = any(e.test_accuracy < 0.5 for e in history.evaluations[-1:])
    _write(*axes.legend(loc="upper right" if low else "lower right").get_texts())
    return figure


@labelled
def losses_figure(label: Labels, histories: Sequence[History], names: Sequence[str]) -> Figure:
    """The losses of several runs: the moving average of each over a fiftieth of it.

    What lies far above where most runs begin is cut off, and said: one that diverges would press the others flat.
    """
    figure, axes = _axes()
    _name_axes(axes, "", label(translatable("iteration")), label(translatable("loss (mean of mini-batches)")))
    curves = [_mean_losses(history) for history in histories]
    starts = sorted(float(values[0]) for _, values in curves if len(values) and np.isfinite(values[0]))
    most = 3 * starts[(len(starts) - 1) // 2] if starts else 1.0
    for number, ((iterations, values), name, look) in enumerate(
        zip(curves, names, _looks(len(curves)), strict=True), 1
    ):
        shown = label.name(name, instead=str(number))
        finite = values[np.isfinite(values)]
        if finite.size and finite.max() > most:
            shown = label(translatable("{name} (up to {most:.3g})"), name=shown, most=finite.max())
        axes.plot(iterations, values, marker="o" if len(values) == 1 else None, label=shown, **look)
    highest = max((float(values[values <= most].max(initial=0)) for _, values in curves), default=0)
    axes.set_ylim(0, highest * 1.05 or 1)
    axes.set_xlim(left=0)
    _place_legend(axes)
    return figure


@labelled
def accuracies_figure(label: Labels, histories: Sequence[History], names: Sequence[str]) -> Figure:
    """The test accuracies of several runs at every evaluation, with the last of each."""
    figure, axes = _axes()
    _name_axes(axes, "", label(translatable("epoch")), label(translatable("test accuracy")))
    for number, (history, name, look) in enumerate(zip(histories, names, _looks(len(names)), strict=True), 1):
        shown = label.name(name, instead=str(number))
        if history.evaluations:
            accuracy = history.last.test_accuracy
            shown = label(translatable("{name} ({accuracy:.4f})"), name=shown, accuracy=accuracy)
        mark = "o" if len(history.evaluations) <= 40 else None
        axes.plot(history.epochs, history.test_accuracy, marker=mark, markersize=3, label=shown, **look)
    axes.set_xlim(left=0)
    axes.set_ylim(0, 1)
    _place_legend(axes)
    return figure


def _mean_losses(history: History) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Iterations, and the moving average of the losses around each."""
    losses = history.losses
    width = max(len(losses) // 50, 1)
    if not len(losses):
        return losses, losses
    values = moving_average(losses, width)
    return np.arange(len(values), dtype=np.float64) + (width - 1) / 2, values


def _looks(n: int) -> list[dict[str, Any]]:
    """A color and a style of line for each of n curves."""
    styles = ("-", "--", ":", "-.")
    return [{"color": COLORS[k % len(COLORS)], "linestyle": styles[k // len(COLORS) % len(styles)]} for k in range(n)]


def _place_legend(axes: Axes) -> None:
    """Below the diagram, where it hides no curve; the picture gets so much higher."""
    handles, names = axes.get_legend_handles_labels()
    columns = 1 if len(names) <= 4 else 2
    figure = axes.get_figure(root=True)
    assert figure is not None, "made with its figure"
    figure.set_size_inches(6.4, 4.0 + 0.19 * -(-len(names) // columns))
    _write(*figure.legend(handles, names, loc=BELOW, ncols=columns, fontsize=8).get_texts())


def _names_of_accuracies(label: Labels, history: History) -> tuple[str, str]:
    """The names of both curves, with the last value of each."""
    if not history.evaluations:
        return label(translatable("training data")), label(translatable("test data"))
    train, test = history.last.train_accuracy, history.last.test_accuracy
    return (
        # Translators: names a curve of accuracies, with its last value; so does the next
        label(translatable("training data ({accuracy:.4f})"), accuracy=train),
        label(translatable("test data ({accuracy:.4f})"), accuracy=test),
    )


@labelled
def gradient_figure(label: Labels, check: GradientCheck) -> Figure:
    """How |numerical - backprop| of every element compares with its bound, a map per parameter.

    What exceeds its bound, and what is not a number, is red; where there is no bound, grey.
    """
    import matplotlib as mpl
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    colors = mpl.colormaps["viridis"].with_extremes(bad="#cccccc", over="#d9261e")
    figure = Figure(figsize=(7.2, 1.6 * len(check.rows)), layout="constrained")
    for axes, row in zip(figure.subplots(len(check.rows), 1, squeeze=False)[:, 0], check.rows, strict=True):
        values = np.atleast_2d(_beside_bound(row).T)
        picture = axes.imshow(values, norm=LogNorm(1e-6, 1), aspect="auto", interpolation="nearest", cmap=colors)
        axes.set_ylabel(row.name, rotation=0, ha="right")
        axes.set_yticks([0, len(values) - 1] if len(values) > 1 else [])
    scale = figure.colorbar(picture, ax=figure.axes, extend="max")
    # Translators: beside a scale of colours; how far both gradients differ, as part of what rounding and step explain
    scale.set_label(label(translatable("|numerical - backprop| / bound")))
    _write(scale.ax.yaxis.label)
    return figure


def _beside_bound(row: ParameterCheck) -> NDArray[np.float64]:
    """Differences over their bounds, from 1e-6 to 10, beyond the scale; NaN, which has no color, without a bound."""
    known = np.isfinite(row.bound)
    times = np.nan_to_num(row.difference / np.where(known, row.bound, 1), nan=np.inf)
    return np.where(known, times.clip(1e-6, 10), np.nan)


@labelled
def contact_sheet(label: Labels, dataset: Dataset, each: int = 10) -> Figure:
    """The first `each` training pictures of every class, a row per class with its name, or its number, and count."""
    from matplotlib.figure import Figure

    names = dataset.class_names
    counts = dataset.train.counts(len(names))
    inches = 2.2 + 0.6 * each
    figure = Figure(figsize=(inches, 0.62 * len(names) + 0.5), layout="constrained")
    grid = figure.subplots(len(names), each, squeeze=False)
    for k, chosen in enumerate(dataset.train.examples(len(names), each)):
        name = label.name(names[k], instead=str(k))
        _row(grid[k], f"{name}  ({counts[k]:,})", [_picture(dataset, i) for i in chosen])
    title = label(translatable("{name}: training pictures and their number per class"), name=dataset.name)
    _write(figure.suptitle(in_lines(title, int(12 * inches)), fontsize=10))
    return figure


ACROSS = 4
"""Panels beside each other where the steps of a preparation are drawn."""


@labelled
def steps_figure(label: Labels, answers: Sequence[Prediction]) -> Figure:
    """Every step from a picture to a network's answer, with bars of its probabilities: a part for each picture."""
    from matplotlib.figure import Figure

    steps = [answer.steps for answer in answers]
    rows = [-(-(len(panels) + 1) // ACROSS) for panels in steps]
    heights = [2.6 * count + 0.4 for count in rows]
    figure = Figure(figsize=(2.6 * ACROSS, sum(heights)), layout="constrained")
    parts = figure.subfigures(len(answers), 1, squeeze=False, height_ratios=heights)[:, 0]
    for part, count, answer, panels in zip(parts, rows, answers, steps, strict=True):
        cells = part.subplots(count, ACROSS, squeeze=False).ravel()
        for cell in cells:
            cell.set_axis_off()
        for k, (cell, stage) in enumerate(zip(cells, panels, strict=False), start=1):
            cell.imshow(stage.picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            _write(cell.set_title(in_lines(label.name(stage.label, instead=str(k)), 34), fontsize=8))
        if not answer.is_empty:
            _draw_bars(label, cells[len(panels)], answer)
        # What was worded before has no English to fall back on, but a number or a code.
        texts = [label.name(answer.heading), *(label.name(one.text, instead=one.code) for one in answer.reasons)]
        _write(part.suptitle("\n".join(in_lines(text, 110) for text in texts), fontsize=10))
    return figure


def _draw_bars(label: Labels, axes: Axes, answer: Prediction) -> None:
    shown = shown_classes(answer.probabilities)
    axes.set_axis_on()
    axes.barh(
        range(len(shown)), answer.probabilities[shown], color=[TEST if i == answer.answer else TRAIN for i in shown]
    )
    axes.set_xlim(0, 1)
    axes.invert_yaxis()
    names = [label.name(shortened(answer.class_names[i], LONGEST_NAME), instead=str(i)) for i in shown]
    axes.set_yticks(range(len(shown)), names, fontsize=8 if len(shown) <= 12 else 4)
    axes.tick_params("x", labelsize=7)
    _write(axes.set_title(label(translatable("Probability of each class")), fontsize=8), *axes.get_yticklabels())


def png(figure: Figure) -> bytes:
    """The figure as a PNG file; the same figure gives the same bytes."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=120, metadata={"Software": None})
    return file.getvalue()


def moving_average(values: NDArray[Any], width: int) -> NDArray[np.float64]:
    """Means of `width` neighbours, (len(values) - width + 1,).

    >>> moving_average(np.array([1.0, 2.0, 6.0]), 2)
    array([1.5, 4. ])
    """
    return np.convolve(values, np.full(width, 1 / width), mode="valid")


def _axes() -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.add_subplot()
    axes.grid(alpha=0.25)
    return figure, axes


def _name_axes(axes: Axes, title: str, x: str, y: str) -> None:
    """Write what stands around a diagram."""
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.title.set_fontsize(9)
    _write(axes.title, axes.xaxis.label, axes.yaxis.label)


def _write(*texts: Text) -> None:
    """Have texts drawn as they are, whatever a folder is called, in fonts that have their letters."""
    for text in texts:
        text.set_parse_math(False)
        if not text.get_text().isascii():  # the extra's fonts are not read for English
            text.set_fontfamily(families())


def _picture(dataset: Dataset, index: int) -> NDArray[Any]:
    picture: NDArray[Any] = dataset.train.pixels[index].reshape(dataset.image_shape)
    return picture


def _row(cells: Sequence[Axes], label: str, pictures: Sequence[NDArray[Any]]) -> None:
    for cell in cells:
        cell.set_axis_off()
    for cell, picture in zip(cells, pictures, strict=False):
        cell.imshow(picture, cmap="gray_r", interpolation="nearest")
    _write(cells[0].text(-0.15, 0.5, label, transform=cells[0].transAxes, ha="right", va="center", fontsize=9))
