"""What is said of a run that was verified: a verdict, the reasons for it, and the figures beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from zerokara.errors import Code
from zerokara.runs.results import Remark, RemarkCode
from zerokara.training.recipe import Recipe
from zerokara.words import translatable

SAME, DIFFERS, CANNOT_TELL = VERDICTS = ("same-bits", "differs", "cannot-be-told")
VERDICTS_IN_WORDS = {
    # Translators: a verdict in a table: a second training gave the same bits as the stored run
    SAME: translatable("same bits"),
    # Translators: a verdict in a table: a second training gave something else than the stored run
    DIFFERS: translatable("differs"),
    # Translators: a verdict in a table: whether a second training gives the stored run cannot be told on this machine
    CANNOT_TELL: translatable("cannot be told"),
}
"""For `sentence`; programs are given the verdicts themselves."""
ReasonCode = Literal[
    "losses", "evaluations", "weights", "files",
    "other-version", "other-level", "threads-unknown", "forced", "customized", "over-budget", "rounding",
]  # fmt: skip
"""Why a verdict is not "same bits", beside the codes of errors."""


@dataclass(frozen=True)
class Reason:
    """Why a verdict is not "same bits": a code for programs, a whole sentence for people."""

    code: Code | RemarkCode | ReasonCode
    text: str


@dataclass(frozen=True)
class Verification:
    """What came of verifying one run. What is not known is None.

    Attributes:
        path: its folder.
        verdict: one of `VERDICTS`.
        reasons: why it is not "same bits"; empty where it is.
        remarks: what is to be said of the files in its folder beside that.
        recipe: it, complete.
        state, updates, changes, engine: of its newest checkpoint; how often it was changed while it trained.
        stored_accuracy: on the test part at its latest evaluation, as stored; evaluated_at: the update that was after.
        recomputed_accuracy: of the stored weights, on the test part as it is here.
        differs_from: number of the first update whose loss differs, from 1.
        bits: a digest of all that it computed: runs with equal ones are the same bits.
    """

    path: Path
    verdict: str
    reasons: tuple[Reason, ...] = ()
    remarks: tuple[Remark, ...] = ()
    recipe: Recipe | None = None
    state: str | None = None
    updates: int | None = None
    changes: int | None = None
    engine: str | None = None
    stored_accuracy: float | None = None
    evaluated_at: int | None = None
    recomputed_accuracy: float | None = None
    differs_from: int | None = None
    bits: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The same for programs, in every language: of reasons and remarks their codes."""
        codes = {"reasons": [r.code for r in self.reasons], "remarks": [r.code for r in self.remarks]}
        recipe = None if self.recipe is None else {**self.recipe.fingerprint(), "dataset": self.recipe.dataset}
        return {**{name: value for name, value in vars(self).items() if name != "path"}, **codes, "recipe": recipe}
