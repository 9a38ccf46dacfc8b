"""What a check of a learner's own network says: a verdict for each parameter, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

from zerokara.cells import left, right, width
from zerokara.findings import Findings
from zerokara.nn.check import AGREES, CANNOT_BE_TOLD, DISAGREES
from zerokara.words import sentence, translatable

HEADS = (
    translatable("parameter"),
    translatable("shape"),
    # Translators: by how much the two gradients of a parameter differ, beside their size.
    translatable("relative difference"),
    translatable("verdict"),
)


@dataclass(frozen=True)
class ParameterVerdict:
    """How the gradient of one parameter compares.

    Attributes:
        verdict: AGREES, DISAGREES or CANNOT_BE_TOLD of `zerokara.nn.check`.
        difference: |numerical - backprop| of a slope in a random direction, beside the size of the gradient.
        ratio: backprop / numerical, where it is the same for every element that was looked at; None otherwise.
        where: the element that differs most, of those looked at.
        numerical, backprop: its two gradients.
    """

    name: str
    shape: tuple[int, ...]
    verdict: str
    difference: float = 0.0
    ratio: float | None = None
    where: tuple[int, ...] | None = None
    numerical: float | None = None
    backprop: float | None = None


@dataclass(frozen=True)
class OwnCheck:
    """The verdict on the gradient of a learner's own network.

    Attributes:
        name: of the class or function.
        rows: one for each parameter.
        findings: what is wrong, named where that could be proven; none where nothing is.
        reason: why it cannot be told, as sentences; "" where it can.
        of_layer: whether it is a layer alone, whose `backward` was compared with its `forward`.
    """

    name: str
    rows: tuple[ParameterVerdict, ...] = ()
    findings: Findings = field(default_factory=Findings)
    reason: str = ""
    of_layer: bool = False

    @property
    def verdict(self) -> str:
        """DISAGREES if something is found; else CANNOT_BE_TOLD where there is a reason; else AGREES."""
        if self.findings:
            return DISAGREES
        return CANNOT_BE_TOLD if self.reason or not (self.rows or self.of_layer) else AGREES

    @property
    def agrees(self) -> bool:
        return self.verdict == AGREES

    def __str__(self) -> str:
        parts = [self._table(), self.reason, str(self.findings)]
        return "\n\n".join(part for part in parts if part)

    def _table(self) -> str:
        if not self.rows:
            return ""
        lines = [[sentence(head) for head in HEADS], *map(_cells, self.rows)]
        columns = list(zip(*lines, strict=True))
        aligned = [
            [(right if i == 2 else left)(cell, max(map(width, column))) for cell in column]
            for i, column in enumerate(columns)
        ]
        return "\n".join("  ".join(line).rstrip() for line in zip(*aligned, strict=True))

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{escape(sentence(head))}</th>" for head in HEADS)
        rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _cells(row))}</tr>" for row in self.rows)
        reason = f"<p>{escape(self.reason)}</p>" if self.reason else ""
        found = self.findings._repr_html_() if self.findings else ""
        return f"<p><strong>{escape(self.name)}</strong></p><table><tr>{heads}</tr>{rows}</table>{reason}{found}"


def _cells(row: ParameterVerdict) -> list[str]:
    return [row.name, str(row.shape), f"{row.difference:.1e}", sentence(row.verdict)]
