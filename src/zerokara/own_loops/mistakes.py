"""Loops that compute something else than their author meant: they are left alone, and a sentence names the mistake."""

from __future__ import annotations

from typing import Any

import numpy as np

from zerokara.interpret.refusal import Refused
from zerokara.own_loops.call import OwnCall
from zerokara.own_loops.watching import Proof
from zerokara.recognise.record import Mistake, Mistaken
from zerokara.words import sentence


def check_formulas(call: OwnCall, proof: Proof, values: list[Any]) -> None:
    """Raises Mistaken for quotients that are not divided by the distance of their points."""
    for formula in proof.formulas:
        if formula.factor != 1:
            width = formula.difference.width
            raise Mistaken(
                Mistake.WRONG_DIVISOR,
                sentence(
                    "Remark: {name} divides by {divisor:g}, but its two points are {width:g} apart: every number "
                    "is {factor:g} times the gradient.",
                    divisor=width / formula.factor,
                    width=width,
                    factor=formula.factor,
                    name=call.plain.__code__.co_qualname,
                ),
            )


def check_class(call: OwnCall, proof: Proof, values: list[Any]) -> None:
    """Raises Mistaken for integers, to which a small h cannot be added."""
    for block in proof.blocks:
        if values[block.array].dtype.kind in "iub" and not block.copies:
            raise Mistaken(
                Mistake.INTEGERS,
                sentence(
                    "Remark: {name} moves an array of integers ({dtype}): x + h is cut to an integer again, so the "
                    "gradient is wrong. Use x.astype(float).",
                    dtype=values[block.array].dtype,
                    name=call.plain.__code__.co_qualname,
                ),
            )


def check_steps(call: OwnCall, proof: Proof, values: list[Any]) -> None:
    """Raises Mistaken for an h that is lost beside an element."""
    for block, formula in zip(proof.blocks, proof.formulas, strict=True):
        array, h = values[block.array], formula.difference.farthest
        if bool(((array + h == array) & (array - h == array)).any()):
            raise Mistaken(
                Mistake.LOST_STEP,
                sentence(
                    "Remark: in {name} h = {h:g} is lost beside x, for x + h is x again: the gradient is 0 there.",
                    h=h,
                    name=call.plain.__code__.co_qualname,
                ),
            )
        if not np.isfinite(array).all():
            raise Refused(sentence("Its weights are not finite."))
