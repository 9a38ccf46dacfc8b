"""Why a network learns by its loss and not by its accuracy: one weight is moved, and both are looked at.

Textbook, chapter 4.2.5; note 001: "the accuracy hardly changes when parameters do, and then jumps; the loss is smooth".
"""

import numpy as np
from pages import Texts, charts, curves, data, paragraphs, table, write

from zerokara import Network

text = Texts("loss_not_accuracy")

SAMPLES, POINTS, FAR = 100, 2001, 2.0
H = 1e-4


def measured(seed=0):
    """(distances, losses, accuracies) of moving one weight, and the slopes of both by each weight of the last layer."""
    split = data().train
    x, t = split.x[:SAMPLES].astype(np.float64), split.t[:SAMPLES]
    network = Network([x.shape[1], 10, 10], activation="sigmoid", init=0.3, seed=seed)
    for _ in range(30):  # a little, so that the accuracy is neither that of guessing nor 1
        for name, gradient in network.gradient(x, t).items():
            network.params[name] -= 0.5 * gradient
    weight = network.params["W2"]
    before = weight[0, 0]
    far = np.linspace(-FAR, FAR, POINTS)
    losses, accuracies = np.empty(POINTS), np.empty(POINTS)
    for i, step in enumerate(far):
        weight[0, 0] = before + step
        losses[i], accuracies[i] = network.loss(x, t), network.accuracy(x, t)
    weight[0, 0] = before
    return far, losses, accuracies, slopes(network.loss, weight, x, t), slopes(network.accuracy, weight, x, t)


def slopes(of, weight, x, t):
    """(f(w + h) - f(w - h)) / 2h for each element of a weight matrix."""
    found = np.empty(weight.shape)
    for index in np.ndindex(weight.shape):
        before = weight[index]
        weight[index] = before + H
        above = of(x, t)
        weight[index] = before - H
        found[index] = (above - of(x, t)) / (2 * H)
        weight[index] = before
    return found


def picture(name, title, far, values):
    """One of the two curves."""
    alt = text("alt", name=text(name), first=values[0], last=values[-1], values=len(np.unique(values)))
    return curves(
        text(title),
        alt,
        text("x_name", low=-FAR),
        text(name),
        (text(name), far + FAR, values, False),
        y_range=(values.min(), values.max()),
    )


def main():
    """Measure, and write the page."""
    far, losses, accuracies, of_loss, of_accuracy = measured()
    rows = [
        (text(name), f"{len(np.unique(values)):,}", f"{np.mean(np.diff(values) == 0):.1%}")
        for name, values in (("loss", losses), ("accuracy", accuracies))
    ]
    zeros = [
        (text(name), f"{np.count_nonzero(found == 0):,} / {found.size:,}")
        for name, found in (("loss", of_loss), ("accuracy", of_accuracy))
    ]
    what = text("what", n=SAMPLES, data=data().name, low=-FAR, high=FAR, points=POINTS)
    write(
        "loss_not_accuracy",
        text("title"),
        (
            "moved",
            text("moved"),
            paragraphs(what)
            + charts(picture("loss", "moves", far, losses), picture("accuracy", "steps", far, accuracies)),
        ),
        ("counted", text("counted"), table(["", text("values"), text("same")], rows)),
        ("gradient", text("gradient"), paragraphs(text("so", h=H)) + table(["", text("zero")], zeros)),
    )


if __name__ == "__main__":
    main()
