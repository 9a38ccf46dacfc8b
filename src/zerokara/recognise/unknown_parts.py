"""Which part of the code is not that of a network that is known here, for a refusal."""

from __future__ import annotations

from zerokara.interpret.clues import Clues
from zerokara.words import paragraph, sentence


def unknown_loss(clues: Clues) -> str:
    """Where the scores are known, its values are those of no loss that is known."""
    if not clues.loss_lines:
        return sentence("Its values are not those of a network that is known here.")
    return sentence("Its loss is none that is known here: see line {line}.", line=clues.loss_lines[-1])


def unknown_arrays(clues: Clues) -> str:
    """By their shapes, what it reads is no network."""
    arrays = sentence("The arrays it reads are not inputs, labels and the weights of fully connected layers.")
    return paragraph(arrays, unknown_inputs(clues))


def unknown_inputs(clues: Clues) -> str:
    """What it does before the first layer is no arithmetic with constants, if anything is."""
    if not clues.input_lines:
        return ""
    return sentence("What it makes of its inputs is not known here: see line {line}.", line=clues.input_lines[0])


def unknown_layers(clues: Clues, added: int | None) -> str:
    """The loss may be known, but not what comes before; `added` is the line of what else there is."""
    if inputs := unknown_inputs(clues):
        return inputs
    if added is not None:
        return sentence("What line {line} makes of its weights, and adds to the loss, is not known here.", line=added)
    if clues.activation_lines:
        return sentence(
            "Its values are not those of a network that is known here. What it does between its layers, from line "
            "{line} on, fits none.",
            line=clues.activation_lines[0],
        )
    return sentence("Its values are not those of a network that is known here.")
