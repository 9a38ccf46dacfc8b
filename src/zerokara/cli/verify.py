"""`zerokara verify`: whether a second training gives what is stored in the folders of runs."""

from __future__ import annotations

import json as json_module
import math
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from zerokara.cells import left, printable, widest
from zerokara.cli.doctor import SILENT_SECONDS, Progress
from zerokara.cli.failure import tell
from zerokara.cli.options import DataDir, Json, run_folder
from zerokara.cli.table import Column, Table
from zerokara.errors import INTERRUPTED, UsageError
from zerokara.runs.listing import folders_of_runs
from zerokara.runs.verdict import CANNOT_TELL, DIFFERS, VERDICTS_IN_WORDS, Verification
from zerokara.runs.verification import SECONDS, Verifier
from zerokara.training.recipe import POSITIVE, Recipe
from zerokara.words import plural, sentence, translatable

EXIT_DIFFERS, EXIT_CANNOT_TELL = 1, 3
NAMED_AT_MOST = 8
"""Runs of the same bits that are named."""


def verify(
    *runs: Annotated[
        Path, Parameter(help=translatable("Folders of runs, or their names as zerokara runs list prints them."))
    ],
    recursive: Annotated[
        bool, Parameter(negative="", help=translatable("Verify all runs in these folders, however deep."))
    ] = False,
    budget: Annotated[
        float,
        Parameter(help=translatable("Seconds that the second training of one run may take; longer ones are left out.")),
    ] = SECONDS,
    data_dir: DataDir = None,
    json: Json = False,
) -> int:
    """Train runs again and compare what comes out with what is stored, bit for bit."""
    if not runs:
        text = sentence("Say which runs to verify, or which folder of runs with --recursive.")
        raise UsageError(text, "missing-argument")
    if not (budget > 0 and math.isfinite(budget)):
        raise UsageError(sentence(POSITIVE.refusal, name="--budget", got=budget), "wrong-value")
    paths = list(dict.fromkeys(_found(runs) if recursive else map(run_folder, runs)))
    if not paths:
        tell(sentence("No runs in {out}.", out=", ".join(printable(str(run)) for run in runs)))
    show = _Lines(paths, silent=json)
    stopped = False
    progress = Progress(sys.stderr)
    verifier = Verifier(seconds=budget, data_dir=data_dir, listener=progress)
    try:
        for n, path in enumerate(paths, start=1):
            name = printable(str(path))
            text = sentence("training again, {n:,} of {total:,}: {path}", n=n, total=len(paths), path=name)
            progress.training(text, silent_seconds=SILENT_SECONDS)
            came = verifier.verify(path)
            progress.close()
            show(came)
    except KeyboardInterrupt:
        progress.close()
        stopped = True
    if json:
        print(json_module.dumps(_report(show.known, stopped), ensure_ascii=False))
    else:
        show.end()
    if stopped:
        tell(
            sentence(
                "Stopped: {done:,} of {total:,} runs were verified until then.", done=len(show.known), total=len(paths)
            )
        )
        return INTERRUPTED
    return _status(show.known)


class _Lines:
    """Prints a line for each run as soon as it is known, and at the end what there is to say beside."""

    def __init__(self, paths: Sequence[Path], silent: bool) -> None:
        self.known: list[Verification] = []
        self.silent, self.total = silent, len(paths)
        self.table = Table(
            [
                Column(translatable("run"), min(widest([printable(str(path)) for path in paths]), 40), left),
                # Translators: head of a column: data set, hidden units, optimizer, learning rate, seed
                Column(translatable("recipe"), 25, left),
                Column(translatable("updates"), 7),
                # Translators: head of a column: the test accuracy that stands in the run's files
                Column(translatable("stored")),
                # Translators: head of a column: the test accuracy of the stored weights, computed here
                Column(translatable("recomputed")),
                Column(translatable("verdict"), side=left),
            ],
            gap=2,
        )

    def __call__(self, came: Verification) -> None:
        self.known.append(came)
        if self.silent:
            return
        if len(self.known) == 1:
            print(self.table.head())
        stored, recomputed = (
            "" if a is None or not math.isfinite(a) else f"{a:.4f}"
            for a in (came.stored_accuracy, came.recomputed_accuracy)
        )
        recipe = "" if came.recipe is None else _short(came.recipe)
        verdict = sentence(VERDICTS_IN_WORDS[came.verdict])
        updates = "" if came.updates is None else f"{came.updates:,}"
        print(self.table.line([printable(str(came.path)), recipe, updates, stored, recomputed, verdict]), flush=True)

    def end(self) -> None:
        """Why, and which are the same."""
        for came in self.known:
            told = [*(reason.text for reason in came.reasons), *(remark.text for remark in came.remarks)]
            told += [*_evaluated_before(came), *_changed(came)]
            if told:
                print(f"\n{printable(str(came.path))}")
            for text in told:
                print(f"  {printable(text)}")
        for group in _groups(self.known):
            print()
            print(_in_words(group))


def _in_words(group: Sequence[Verification]) -> str:
    """That these runs are the same bits, which accuses nobody."""
    names = ", ".join(printable(str(came.path)) for came in group[:NAMED_AT_MOST])
    if any(came.changes for came in group):
        named = names if len(group) <= NAMED_AT_MOST else f"{names}, …"
        return sentence(
            "These are the same bits, as the same recipe with the same changes always gives: {names}", names=named
        )
    if len(group) <= NAMED_AT_MOST:
        return sentence("These are the same bits, as the same recipe always gives: {names}", names=names)
    return plural(
        "These and {n} other are the same bits, as the same recipe always gives: {names}",
        "These and {n:,} others are the same bits, as the same recipe always gives: {names}",
        n=len(group) - NAMED_AT_MOST,
        names=names,
    )


def _changed(came: Verification) -> Iterator[str]:
    """That the recipe alone does not give it."""
    if came.changes:
        yield plural(
            "It was changed {n} time while it trained, and so was the second training.",
            "It was changed {n:,} times while it trained, and so was the second training.",
            n=came.changes,
        )


def _short(recipe: Recipe) -> str:
    """A recipe in one cell: data set, hidden units, optimizer, learning rate, seed."""
    rate = recipe.make_optimizer().settings.get("learning_rate")
    hidden = "-".join(map(str, recipe.hidden))
    facts = [os.path.basename(recipe.dataset), hidden, recipe.optimizer, "" if rate is None else f"{rate:g}"]
    return printable(" ".join([*filter(None, facts), f"#{recipe.seed}"]))


def _evaluated_before(came: Verification) -> Iterator[str]:
    """What must be known to compare the two accuracies of a run that was stopped between evaluations."""
    if came.updates is not None and came.evaluated_at is not None and came.evaluated_at != came.updates:
        yield sentence(
            "Its stored accuracy is that after update {then:,}; its weights, and the accuracy recomputed, are those "
            "after update {now:,}.",
            then=came.evaluated_at,
            now=came.updates,
        )


def _groups(known: Sequence[Verification]) -> list[list[Verification]]:
    """The runs that are the same bits as others."""
    groups: dict[str, list[Verification]] = defaultdict(list)
    for came in known:
        if came.bits is not None:
            groups[came.bits].append(came)
    return [group for group in groups.values() if len(group) > 1]


def _report(known: Sequence[Verification], stopped: bool) -> dict[str, Any]:
    groups = [[str(came.path) for came in group] for group in _groups(known)]
    runs = [{"run": str(came.path), **came.to_json()} for came in known]
    return {"runs": runs, "same": groups, "stopped": stopped}


def _status(known: Sequence[Verification]) -> int:
    verdicts = {came.verdict for came in known}
    if DIFFERS in verdicts:
        return EXIT_DIFFERS
    return EXIT_CANNOT_TELL if CANNOT_TELL in verdicts or not known else 0


def _found(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from folders_of_runs(folder)
