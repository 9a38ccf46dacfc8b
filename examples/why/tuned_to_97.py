"""Reaching 97 % by turning one knob: three runs that differ in the learning rate, compared.

Note 003 ends: "turn iters_num, batch_size or learning_rate; with a little of that I got 97 % and more."
"""

from pathlib import Path

from pages import Texts, data, paragraphs, write

import zerokara
from zerokara.report.sections import SECTIONS
from zerokara.runs.side_by_side import side_by_side
from zerokara.words import sentence

text = Texts("tuned_to_97")

RATES = {"as-in-the-note": 0.1, "five-times": 0.5, "ten-times": 1.0}
SAME = {"activation": "sigmoid", "init": 0.01, "iterations": 10_000, "batch_size": 100, "hidden": 50}


def trained(out=Path("runs")):
    """The folders of the three runs; those that are there already are not trained again."""
    name = data().name
    folders = [out / f"{name}-{run}" for run in RATES]
    for folder, rate in zip(folders, RATES.values(), strict=True):
        if not folder.exists():
            zerokara.train(name, out=out, name=folder.name, learning_rate=rate, plots=False, **SAME)
    return folders


def main():
    """Train, and write the page of the three beside each other."""
    trainings = side_by_side(trained())
    made = [(section, section.content(trainings)) for section in SECTIONS]
    sections = [(section.id, sentence(section.heading), content) for section, content in made if content is not None]
    rates = ", ".join(map(str, RATES.values()))
    intro = paragraphs(text("rate", data=data().name, n=SAME["iterations"], rates=rates))
    write("tuned_to_97", text("title"), ("what", text("what"), intro), *sections)


if __name__ == "__main__":
    main()
