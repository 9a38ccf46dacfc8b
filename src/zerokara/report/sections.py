"""The sections of a page in their order: the one list that the page and a notebook are made of."""

from __future__ import annotations

from zerokara.report.changes import CHANGES, changes
from zerokara.report.classes import confusion
from zerokara.report.comparing import accuracies, differences, disagreements
from zerokara.report.curves import curves
from zerokara.report.layers import layers
from zerokara.report.mistakes import mistakes
from zerokara.report.repetition import recipe, repetition
from zerokara.report.section import Section, of_one, of_several
from zerokara.report.summary import findings, summary
from zerokara.report.weights import weights
from zerokara.words import translatable

SECTIONS: tuple[Section, ...] = (
    Section("summary", translatable("What was trained, and how well"), of_one(summary)),
    # Translators: the doctor is the part of zerokara that finds out why a network does not learn.
    Section("findings", translatable("What the doctor finds"), of_one(findings)),
    Section("differences", translatable("What differs"), of_several(differences)),
    Section("curves", translatable("Loss and accuracy"), curves),
    Section("accuracies", translatable("Which is better"), of_several(accuracies)),
    # Translators: test pictures to which runs give different answers.
    Section("disagreements", translatable("Where they disagree"), of_several(disagreements)),
    Section("confusion", translatable("Which class was taken for which"), of_one(confusion)),
    # Translators: test pictures about which the network was sure, and wrong.
    Section("mistakes", translatable("The surest mistakes"), of_one(mistakes)),
    # Translators: the weights of each unit of the first layer, as pictures.
    Section("weights", translatable("What the first layer looks for"), of_one(weights)),
    Section("layers", translatable("Inside the layers"), of_one(layers)),
    Section("recipe", translatable("Recipe"), of_one(recipe)),
    Section("changes", CHANGES, of_one(changes)),
    Section("repetition", translatable("Data, versions, and how to repeat it"), of_one(repetition)),
)
"""Those of one training are empty on a page of several, and the other way round; `curves` is of any number."""
