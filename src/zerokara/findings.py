"""What a diagnosis finds: one cause with its symptoms below it, the numbers that show it, what to change, the proof.

`CAUSES` is the one table of their names, for programs, and of what they are called, for people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.words import in_english, paragraph, sentence, translatable

MOST = 3
"""Findings of a diagnosis: who is told ten causes is told none."""

TRAINING = {
    "nan-in-data": translatable("The data have values that are not finite"),
    "one-answer": translatable("All labels are the same"),
    "class-never-answered": translatable("A class is missing from the labels"),
    "class-imbalance": translatable("One class has most of the labels"),
    "wrong-labels": translatable("Labels are wrong"),
    "labels-not-one-hot": translatable("Labels are not one-hot"),
    "test-data-in-training": translatable("Test samples are in the training data"),
    "unscaled-inputs": translatable("Inputs are not scaled"),
    "symmetric-weights": translatable("Initial weights are all alike"),
    "weights-too-large": translatable("Initial weights are too large"),
    "weights-too-small": translatable("Initial weights are too small"),
    "rate-too-high": translatable("The learning rate is too high"),
    "rate-too-low": translatable("The learning rate is too low"),
    "batch-too-small": translatable("The batch is too small"),
    "diverged": translatable("The numbers left the finite range"),
    "exploding-gradient": translatable("Gradients explode"),
    "vanishing-gradient": translatable("Gradients vanish"),
    "dead-units": translatable("Hidden units are dead"),
    "saturated-units": translatable("Hidden units are saturated"),
    "loss-summed": translatable("The loss is summed over the batch instead of averaged"),
    "too-few-updates": translatable("There were too few updates"),
    "overfitting": translatable("The network overfits"),
    "weight-decay-too-strong": translatable("Weight decay is too strong"),
    "network-too-small": translatable("The network is too small"),
}
"""Why a training went badly."""

GRADIENT = {
    "batch-factor": translatable("The size of the batch is missing from the gradient, or is in it twice"),
    "constant-factor": translatable("The gradient is a multiple of the right one"),
    "sign": translatable("The gradient has the wrong sign"),
    "activation-derivative": translatable("The derivative of an activation is wrong"),
    "softmax-over-batch": translatable("Softmax is taken over the whole batch"),
    "softmax-axis": translatable("Softmax is taken along the wrong axis"),
    "softmax-derivative": translatable("The derivative of softmax is missing, or is in it twice"),
    "loss-mismatch": translatable("The gradient is that of another loss"),
    "wrong-operand": translatable("A wrong array stands in the gradient"),
    "transposed": translatable("A matrix is transposed, or is not where it should be"),
    "bias-sum": translatable("The gradient of a bias is summed in the wrong way"),
    "upstream-dropped": translatable("The gradient from the layer above is dropped"),
    "updated-too-early": translatable("A weight is updated before the gradient that needs it"),
    "overwritten": translatable("A gradient overwrites an array that is still needed"),
    "shared-arrays": translatable("Two names stand for one array"),
    "wrong-mask": translatable("A mask belongs to another layer"),
    "changed-in-place": translatable("An array that belongs to the caller is changed"),
    "accumulates": translatable("Gradients add up from call to call"),
    "random-gradient": translatable("The gradient is another each time"),
    "gradient-is-parameter": translatable("A parameter stands where its gradient belongs"),
    "forward-differs": translatable("The gradient belongs to another forward pass than the loss"),
    "samples-ignored": translatable("Some samples do not count in the gradient"),
    "decay-not-in-loss": translatable("Weight decay is in the gradient and not in the loss, or the reverse"),
    "missing-gradient": translatable("A parameter has no gradient"),
    "dtype": translatable("The numbers are of a type that cannot hold them"),
    "unknown-difference": translatable("The gradient is wrong"),
}
"""What is wrong with a gradient."""

OWN_TRAINING = {
    "step-up-the-gradient": translatable("The step goes up the gradient"),
    "never-written-back": translatable("Updated parameters are never written back"),
    "network-made-anew": translatable("The network is made anew in the loop"),
    "batch-drawn-once": translatable("The batch is drawn once only"),
    "same-order": translatable("The batches come in the same order every time"),
    "epoch-test": translatable("The condition for an epoch never holds, or always"),
    "test-on-training": translatable("The test accuracy is taken on training data"),
    "labels-broadcast": translatable("Labels are broadcast against the scores"),
    "sigmoid-for-softmax": translatable("Sigmoid stands where softmax belongs"),
    "not-the-loss": translatable("What is recorded is not the loss"),
}
"""What is wrong with a training loop that a learner has written."""

CAUSES: Mapping[str, str] = {**TRAINING, **GRADIENT, **OWN_TRAINING}
"""Every cause by its name, which is never translated, and what people call it."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One cause. All texts are whole sentences in the language that was spoken when it was found.

    Attributes:
        cause: a name of `CAUSES`.
        text: what is seen, with the numbers that show it.
        symptoms: what follows from it.
        since: the update that it shows from; None where that has no meaning.
        file, line: of the learner, where the mistake stands.
        parameter: the one whose gradient or values show it most.
        evidence: the numbers, by name.
        remedy: what to change.
        change: the fields of a recipe that heal it, with their new values.
        proof: what was tried or computed, by name.
        proven: the same in words.
    """

    cause: str
    text: str
    symptoms: tuple[str, ...] = ()
    since: int | None = None
    file: Path | None = None
    line: int | None = None
    parameter: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    remedy: str = ""
    change: Mapping[str, Any] | None = None
    proof: Mapping[str, Any] = field(default_factory=dict)
    proven: str = ""

    def __post_init__(self) -> None:
        if self.cause not in CAUSES:
            raise ValueError(in_english("{cause!r} is no cause of the table", cause=self.cause))

    @property
    def heading(self) -> str:
        """What people call the cause, and its name."""
        called = sentence(CAUSES[self.cause])
        return f"{called} [{self.cause}]"

    @property
    def place(self) -> str:
        """Where it stands, `train.py:12`; "" where there is no line."""
        return f"{self.file.name if self.file else ''}:{self.line}" if self.line is not None else ""

    @property
    def told(self) -> str:
        """All of it as one paragraph, but for the symptoms and the place."""
        return paragraph(self.text, self.remedy, self.proven)

    def to_json(self) -> dict[str, Any]:
        """Its fields for programs."""
        change: Any = dict(self.change) if self.change is not None else self.remedy or None
        fields: dict[str, Any] = {
            "cause": self.cause,
            "since": self.since,
            "file": None if self.file is None else str(self.file),
            "line": self.line,
            "parameter": self.parameter,
            "evidence": self.evidence,
            "change": change,
            "proof": self.proof,
            "text": paragraph(self.text, *self.symptoms, self.remedy, self.proven),
        }
        return {name: _plain(value) for name, value in fields.items()}


class Findings(tuple[Finding, ...]):
    """Those of one diagnosis, the likeliest first, at most three; none where all is well."""

    __slots__ = ()

    def __new__(cls, found: Iterable[Finding] = ()) -> Findings:
        return super().__new__(cls, list(found)[:MOST])

    def to_json(self) -> dict[str, Any]:
        """What `--json` prints: {"findings": […]}."""
        return {"findings": [finding.to_json() for finding in self]}

    def __str__(self) -> str:
        """Numbered where there are several: heading, what was seen, symptoms, what to change, proof."""
        return "\n\n".join(_in_lines(finding, number if len(self) > 1 else None) for number, finding in _numbered(self))

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        if not self:
            nothing = sentence("Nothing was found that would keep it from learning.")
            return f"<p>{escape(nothing)}</p>"
        return f"<ol>{''.join(map(_as_html, self))}</ol>"


def _numbered(found: Findings) -> Iterable[tuple[int, Finding]]:
    return enumerate(found, start=1)


def _in_lines(finding: Finding, number: int | None) -> str:
    head = finding.heading if number is None else f"{number}. {finding.heading}"
    place = f"{finding.place}: " if finding.place else ""
    lines = [f"{place}{finding.text}", *finding.symptoms, finding.remedy, finding.proven]
    return "\n".join([head, *(f"   {line}" for text in lines if text for line in text.splitlines())])


def _as_html(finding: Finding) -> str:
    place = f"<code>{escape(finding.place)}</code> " if finding.place else ""
    symptoms = "".join(f"<li>{escape(text)}</li>" for text in finding.symptoms)
    rest = [text for text in (finding.remedy, finding.proven) if text]
    return (
        f"<li><strong>{escape(finding.heading)}</strong><br>{place}{escape(finding.text)}"
        f"{f'<ul>{symptoms}</ul>' if symptoms else ''}{''.join(f'<br>{escape(text)}' for text in rest)}</li>"
    )


def _plain(value: Any) -> Any:
    """The same value as JSON has it: NumPy's numbers as Python's, arrays as lists, what is not finite as None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
