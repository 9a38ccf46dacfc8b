"""Pictures: loss and accuracy curves, gradient checks, contact sheets. Only this file draws with matplotlib here.

Figures are drawn without a display and without touching the state of `matplotlib.pyplot`.
"""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zerokara.data.dataset import Dataset
from zerokara.nn.check import GradientCheck, ParameterCheck
from zerokara.report.fonts import missing_letters, registered
from zerokara.training.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRAIN, TEST, PALE = "#1f5fa8", "#d9541e", "#b9cbe3"


def loss_figure(history: History, title: str = "") -> Figure:
    """The loss of every mini-batch, pale, and its moving average over a fiftieth of the run."""
    figure, axes = _axes(title, "iteration", "loss (mini-batch)")
    losses = history.losses
    iterations = np.arange(len(losses))
    mark = "o" if len(losses) == 1 else None  # a line needs two points
    axes.plot(iterations, losses, color=PALE, linewidth=0.7, marker=mark, clip_on=mark is None, label="each mini-batch")
    width = max(len(losses) // 50, 1)
    if width > 1:
        middle = iterations[: len(losses) - width + 1] + (width - 1) / 2
        axes.plot(middle, moving_average(losses, width), color=TRAIN, label=f"mean of {width}")
    axes.set_xlim(0, max(len(losses), 1))
    finite = losses[np.isfinite(losses)]
    if not finite.size:
        axes.text(0.5, 0.5, "no finite loss", transform=axes.transAxes, ha="center", va="center")
    axes.set_ylim(0, float(finite.max()) * 1.05 if finite.size and finite.max() > 0 else 1)
    axes.legend(loc="upper right")
    return figure


def accuracy_figure(history: History, title: str = "") -> Figure:
    """Training and test accuracy at every evaluation, over epochs."""
    figure, axes = _axes(title, "epoch", "accuracy")
    epochs = [e.epoch for e in history.evaluations]
    mark = "o" if len(epochs) <= 40 else None
    for label, style, color, values in (
        ("training", "-", TRAIN, [e.train_accuracy for e in history.evaluations]),
        ("test", "--", TEST, [e.test_accuracy for e in history.evaluations]),
    ):
        name = f"{label} ({values[-1]:.4f})" if values else label
        axes.plot(epochs, values, style, color=color, marker=mark, markersize=3, label=name)
    axes.set_xlim(left=0)
    axes.set_ylim(0, 1)
    low = any(e.test_accuracy < 0.5 for e in history.evaluations[-1:])
    axes.legend(loc="upper right" if low else "lower right")
    return figure


def gradient_figure(check: GradientCheck) -> Figure:
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
    figure.colorbar(picture, ax=figure.axes, label="|numerical - backprop| / bound", extend="max")
    return figure


def _beside_bound(row: ParameterCheck) -> NDArray[np.float64]:
    """Differences over their bounds, from 1e-6 to 10, beyond the scale; NaN, which has no color, without a bound."""
    known = np.isfinite(row.bound)
    times = np.nan_to_num(row.difference / np.where(known, row.bound, 1), nan=np.inf)
    return np.where(known, times.clip(1e-6, 10), np.nan)


def contact_sheet(dataset: Dataset, each: int = 10) -> Figure:
    """The first `each` training pictures of every class, a row per class with its name and count."""
    from matplotlib.figure import Figure

    names = dataset.class_names
    counts = dataset.train.counts(len(names))
    figure = Figure(figsize=(2.2 + 0.6 * each, 0.62 * len(names) + 0.5), layout="constrained")
    grid = figure.subplots(len(names), each, squeeze=False)
    for label, chosen in enumerate(dataset.train.examples(len(names), each)):
        pictures = [_picture(dataset, i) for i in chosen]
        _row(grid[label], f"{names[label]}  ({counts[label]:,})", pictures)
    title = f"{dataset.name}: training pictures and their number per class"
    figure.suptitle(title, fontsize=10, fontfamily=_families(), parse_math=False)
    return figure


def png(figure: Figure) -> bytes:
    """The figure as a PNG file; the same figure gives the same bytes."""
    file = io.BytesIO()
    with missing_letters(warnings.warn):
        figure.savefig(file, format="png", dpi=120, metadata={"Software": None})
    return file.getvalue()


def moving_average(values: NDArray[Any], width: int) -> NDArray[np.float64]:
    """Means of `width` neighbours, (len(values) - width + 1,).

    >>> moving_average(np.array([1.0, 2.0, 6.0]), 2)
    array([1.5, 4. ])
    """
    return np.convolve(values, np.full(width, 1 / width), mode="valid")


def _axes(title: str, xlabel: str, ylabel: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=textwrap.fill(title, 80), xlabel=xlabel, ylabel=ylabel)
    axes.title.set(fontsize=9, fontfamily=_families())
    axes.title.set_parse_math(False)  # a folder's name is text, whatever is in it
    axes.grid(alpha=0.25)
    return figure, axes


def _families() -> list[str]:
    """The font of all text, and those to fall back on for Japanese and Korean letters."""
    import matplotlib as mpl

    return [*mpl.rcParams["font.family"], *registered()]


def _picture(dataset: Dataset, index: int) -> NDArray[Any]:
    picture: NDArray[Any] = dataset.train.pixels[index].reshape(dataset.image_shape)
    return picture


def _row(cells: Sequence[Axes], label: str, pictures: Sequence[NDArray[Any]]) -> None:
    for cell in cells:
        cell.set_axis_off()
    for cell, picture in zip(cells, pictures, strict=False):
        cell.imshow(picture, cmap="gray_r", interpolation="nearest")
    text = cells[0].text(-0.15, 0.5, label, transform=cells[0].transAxes, ha="right", va="center", fontsize=9)
    text.set(fontfamily=_families(), parse_math=False)
