"""What h does to a numerical gradient: too large, and the curve bends; too small, and the digits run out.

Textbook, chapter 4.3.1. The best h of a difference is known (Press et al., Numerical Recipes, 5.7): about ε^(1/3) for a
central one and ε^(1/2) for a forward one, where ε is the rounding of the numbers that are used.
"""

import numpy as np
from pages import Texts, charts, curves, data, paragraphs, table, write

from zerokara import Network

text = Texts("h_of_the_gradient")

SAMPLES, EACH = 20, 4
EXPONENTS = np.arange(0, 12 * EACH + 1) / EACH
"""n of h = 10⁻ⁿ, from 1 to 10⁻¹²."""


def loss(params, x, t):
    """Sigmoid, softmax and cross entropy of a two-layer network, in the type of its arrays."""
    z = 1 / (1 + np.exp(-(x @ params["W1"] + params["b1"])))
    scores = z @ params["W2"] + params["b2"]
    scores = scores - scores.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(x)), t])


def differences(params, x, t, h, forward):
    """(f(w + h) - f(w - h)) / 2h, or (f(w + h) - f(w)) / h, for each element of W2."""
    weight = params["W2"]
    found = np.empty(weight.shape)
    kind, here = weight.dtype.type, loss(params, x, t)
    for index in np.ndindex(weight.shape):
        before = weight[index]
        weight[index] = before + kind(h)
        above = loss(params, x, t)
        weight[index] = before - kind(h)
        below = here if forward else loss(params, x, t)
        weight[index] = before
        found[index] = (above - below) / kind(h if forward else 2 * h)
    return found


def measured():
    """(len(EXPONENTS),) relative errors of each kind of difference."""
    split = data().train
    x, t = split.x[:SAMPLES].astype(np.float64), split.t[:SAMPLES]
    network = Network([x.shape[1], 8, 10], activation="sigmoid", init="xavier", seed=1)
    exact = network.gradient(x, t)["W2"]
    errors = {}
    for name, kind, forward in (
        ("central", np.float64, False),
        ("forward", np.float64, True),
        ("single", np.float32, False),
    ):
        params = {key: array.astype(kind) for key, array in network.params.items()}
        found = [differences(params, x.astype(kind), t, 10.0**-n, forward) for n in EXPONENTS]
        errors[name] = np.array([np.abs(one - exact).max() / np.abs(exact).max() for one in found])
    return errors, exact.size


def main():
    """Measure, and write the page."""
    errors, size = measured()
    names = {"central": text("central"), "forward": text("forward"), "single": text("single")}
    best = {key: int(values.argmin()) for key, values in errors.items()}
    rows = [
        (names[key], f"{10.0 ** -EXPONENTS[best[key]]:.1e}", f"{values[best[key]]:.1e}", f"{values[4 * EACH]:.1e}")
        for key, values in errors.items()
    ]
    alt = text("alt", best="; ".join(f"{name}: h = {h}" for name, h, *_ in rows))
    lines = [(names[key], EXPONENTS, values, True) for key, values in errors.items()]
    drawn = charts(curves(text("y_name"), alt, text("x_name"), text("y_name"), *lines))
    write(
        "h_of_the_gradient",
        text("title"),
        ("error", text("error"), paragraphs(text("what", n=size), text("why")) + drawn),
        ("best", text("best"), table(text.list("head"), rows) + paragraphs(text("textbook"))),
    )


if __name__ == "__main__":
    main()
