"""Loops that compute something else than their author meant: they are left alone, and a sentence names the mistake."""

from __future__ import annotations

from typing import Any

import numpy as np

from zerokara.interpret.refusal import Refused
from zerokara.own_loops.call import OwnCall
from zerokara.own_loops.watching import Proof
from zerokara.recognise.record import Mistake, Mistaken
from zerokara.words import sentence


def _facts(call: OwnCall) -> dict[str, Any]:
    code = call.plain.__code__
    return {"name": code.co_qualname, "line": code.co_firstlineno}


def check_formulas(call: OwnCall, proof: Proof, values: list[Any]) -> None:
    """Raises Mistaken for quotients that are not divided by the distance of their points."""
    for formula in proof.formulas:
        if formula.factor != 1:
            width = formula.difference.width
            raise Mistaken(
                Mistake.WRONG_DIVISOR,
                sentence(
                    "{name} (line {line}) divides by {divisor:g}, but its two points are {width:g} apart: every number "
                    "is {factor:g} times the gradient.",
                    divisor=width / formula.factor,
                    width=width,
                    factor=formula.factor,
                    **_facts(call),
                ),
            )


def check_class(call: OwnCall, proof: Proof, values: list[Any]) -> None:
    """Raises Mistaken for integers, to which a small h cannot be added."""
    for block, formula in zip(proof.blocks, proof.formulas, strict=True):
        if values[block.array].dtype.kind in "iub" and not block.copies:
            raise Mistaken(
                Mistake.INTEGERS,
                sentence(
                    "{name} (line {line}) moves an array of integers ({dtype}): adding h = {h:g} to one changes "
                    "nothing. Use x.astype(float).",
                    dtype=values[block.array].dtype,
                    h=formula.difference.farthest,
                    **_facts(call),
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
                    "In {name} (line {line}) h = {h:g} is lost beside x, for x + h is x again: the gradient is 0 "
                    "there.",
                    h=h,
                    **_facts(call),
                ),
            )
        if not np.isfinite(array).all():
            raise Refused(sentence("Its weights are not finite."))
