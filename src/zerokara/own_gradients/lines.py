"""The line of a mistake: the expression that mends the gradient when the right quantity stands in its place."""

from __future__ import annotations

import ast
import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zerokara.findings import Finding
from zerokara.own_gradients.choice import chosen
from zerokara.own_gradients.isolation import quietly
from zerokara.own_gradients.keeping import Snapshot
from zerokara.own_gradients.mending import Mend, Search
from zerokara.own_gradients.own_names import right_text
from zerokara.own_gradients.sites import text_of
from zerokara.own_gradients.subject import Array, Subject, Truth
from zerokara.own_gradients.substitution import TooLate
from zerokara.own_gradients.trial import Trial
from zerokara.words import paragraph, sentence

SECONDS = 2.0
"""Of computing, that a search takes at most. One of 784-50-10 takes 0.2 to 1.4, the longest in loops over samples."""


@dataclass(frozen=True)
class Place:
    """Where a mistake stands.

    Attributes:
        file: the learner's.
        line: counted from 1; of a cell, its own.
        column: of the first character, counted from 0.
        found: the source of the expression.
        right: what belongs there, as code or formula.
        quantity: the kind of quantity that it is: see `quantities.Quantity.kind`.
    """

    file: Path
    line: int
    column: int
    found: str
    right: str
    quantity: str


def line_of(
    subject: Subject,
    truth: Truth,
    wrong: str,
    x: Array | None = None,
    t: Array | None = None,
    *,
    softmax: bool = False,
    seconds: float = SECONDS,
) -> Place | None:
    """The place of the mistake that makes the gradient of a parameter wrong.

    Args:
        subject: as after its check; left as it was.
        truth: the right quantities on a batch of few rows.
        wrong: the parameter, by its key in `subject.params`: of the topmost layer that is wrong.
        x, t: that batch; the subject's own by default.
        softmax: whether the mistake is the axis of softmax: then the place is where the output is divided.
        seconds: that it may take.

    None where no single expression mends it, or not in that time.
    """
    x, t = subject.x if x is None else x, subject.t if t is None else t
    if len(x) != len(truth.a[0]) or wrong not in truth.gradient:
        return None
    before = Snapshot([*subject.state, *subject.functions, subject.params])
    try:
        with subject.kept(), quietly():
            return _searched(Trial(subject, truth, x, t, seconds), wrong, softmax)
    except TooLate:
        return None
    finally:
        before.restore()


def _searched(trial: Trial, wrong: str, softmax: bool) -> Place | None:
    with trial.code.installed():
        first = trial.record()
        if first is None:
            return None
        right = trial.right(first)
        if wrong in right:
            return None
        trial.settle(first)
        if softmax:
            return _softmax(trial)
        search = Search(trial, wrong, first, right)
        found = chosen(search, search.mends())
    return _place(trial, found) if found else None


def _softmax(trial: Trial) -> Place | None:
    """Where exponentials are divided by their sum, and the output comes out."""
    output = trial.truth.output
    for site in trial.code.sites:
        node = site.node
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Div):
            continue
        for _, value in trial.values.get(site.number, [])[:1]:
            for axis, form in ((1, output), (0, output.T)):
                if np.shape(value) == form.shape and trial.same(value, form):
                    above = text_of(node.left, site.filename)
                    right = f"{above} / np.sum({above}, axis={axis}, keepdims=True)"
                    return Place(Path(site.filename), site.line, site.column, site.text, right, "operand")
    return None


# The words


def _place(trial: Trial, mend: Mend) -> Place:
    site = mend.site
    quantity = mend.quantity
    return Place(
        file=Path(site.filename),
        line=site.line,
        column=site.column,
        found=site.text,
        right=right_text(trial, mend),
        quantity=quantity.kind if quantity else mend.how,
    )


def with_line(
    finding: Finding, subject: Subject, truth: Truth, x: Array | None = None, t: Array | None = None
) -> Finding:
    """The finding with the line of its mistake, and a sentence of what belongs there; as it is where none is found.

    An unknown difference that is gone without a change in place is one that overwrites what is still needed.
    """
    if finding.parameter is None or finding.line is not None:
        return finding
    softmax = finding.cause in ("softmax-over-batch", "softmax-axis")
    place = line_of(subject, truth, finding.parameter, x, t, softmax=softmax)
    if place is None:
        return finding
    overwritten = place.quantity in ("fresh", "skip") and finding.cause == "unknown-difference"
    return dataclasses.replace(
        finding,
        cause="overwritten" if overwritten else finding.cause,
        file=place.file,
        line=place.line,
        remedy=paragraph(said_of(place), finding.remedy),
    )


def said_of(place: Place) -> str:
    """A sentence with the line and what belongs there."""
    if not place.right:
        return sentence(
            "Line {line}: without `{found}`, which changes an array in place, the gradient is right.",
            line=place.line,
            found=place.found,
        )
    return sentence(
        "Line {line}: here stands `{found}`; `{right}` belongs here.",
        line=place.line,
        found=place.found,
        right=place.right,
    )
