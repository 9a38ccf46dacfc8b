"""The same training twice, by numerical gradients and by backpropagation: every confusion of both, and what differs.

Note 001 trains by numerical_gradient; note 003 has it in a comment and takes gradient instead.
"""

import time

import numpy as np
from pages import Texts, data, paragraphs, table, write

from zerokara.data.description import DataDescription
from zerokara.report.classes import confusion
from zerokara.report.reported import Reported
from zerokara.runs.answering import answers_of
from zerokara.training.build import build_trainer
from zerokara.training.recipe import Recipe

text = Texts("numerical_twin")

ITERATIONS = 600
SAME = {
    "activation": "sigmoid",
    "init": 0.01,
    "learning_rate": 0.5,
    "batch_size": 100,
    "hidden": 50,
    "dtype": "float64",
}


def trained(dataset, gradient, iterations=ITERATIONS):
    """(network, what it answers to the test part, seconds)."""
    trainer = build_trainer(Recipe(dataset=dataset.name, gradient=gradient, iterations=iterations, **SAME), dataset)
    began = time.perf_counter()
    trainer.run()
    seconds = time.perf_counter() - began
    return trainer.network, answers_of(trainer.network, dataset.test), seconds


def apart(first, second):
    """The largest difference of a weight, and of a probability, and how many answers differ."""
    weights = max(np.abs(first[0].params[name] - second[0].params[name]).max() for name in first[0].params)
    probabilities = np.abs(first[1].probabilities - second[1].probabilities).max()
    return weights, probabilities, int(np.count_nonzero(first[1].answers != second[1].answers))


def section(key, heading, dataset, answers):
    """The confusion matrix of one of the twins, and its classes."""
    of = Reported(name=heading, losses=np.zeros(0), described=DataDescription.of(dataset), answers=answers)
    return key, heading, confusion(of)


def main():
    """Train both, and write the page."""
    dataset = data()
    numerical, backprop = trained(dataset, "numerical"), trained(dataset, "backprop")
    weights, probabilities, pictures = apart(numerical, backprop)
    names = text("numerical"), text("backprop")
    rows = [
        (name, f"{answers.accuracy.value:.4f}", f"{seconds:.2f}")
        for name, (_, answers, seconds) in zip(names, (numerical, backprop), strict=True)
    ]
    facts = {"weights": weights, "probabilities": probabilities, "pictures": pictures, "n": len(dataset.test)}
    beside = (
        paragraphs(text("what", data=dataset.name, n=ITERATIONS))
        + table(text.list("head"), rows)
        + paragraphs(text("apart", **facts))
    )
    write(
        "numerical_twin",
        text("title"),
        ("beside", text("beside"), beside),
        section("numerical", names[0], dataset, numerical[1]),
        section("backprop", names[1], dataset, backprop[1]),
    )


if __name__ == "__main__":
    main()
