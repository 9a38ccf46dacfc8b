"""How well mistakes in hand-written gradients are named: a table by cause and style.

Mistakes are planted in correct classes by text edits (`tests/own_gradients/edits`), two at once, and at random in the
syntax tree; each is first shown to be one by a loop of the witness's own. What is counted: the right name first, the
right line, silence on correct classes, names that contradict the witness's arithmetic, and seconds at 784-50-10.

    python benchmarks/gradient_mistakes.py [--styles methods layers] [--pairs 12] [--edits 310] [--large 20]
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

planted: Any = importlib.import_module("own_gradients.planted")
correct: Any = importlib.import_module("own_gradients.correct")
measured: Any = importlib.import_module("own_gradients.measured")
random_edits: Any = importlib.import_module("own_gradients.random_edits")
contradictions: Any = importlib.import_module("own_gradients.contradictions")

Folder = Path
SECONDS = 2
"""That naming a mistake may take."""


def percent(part: int, whole: int) -> str:
    """Such as "148 of 150 (98.7 %)"."""
    return f"{part:,} of {whole:,} ({100 * part / max(whole, 1):.1f} %)"


def single(styles: Iterable[str], folder: Folder) -> None:
    """One mistake at a time, and which name came first instead of the right one."""
    named: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    total: Counter[str] = Counter()
    confusion: dict[str, Counter[str]] = defaultdict(Counter)
    for style in styles:
        for mistake in planted.mistakes(style):
            verdict = measured.verdict_on(style, mistake.source, folder)
            right = verdict.names(mistake.causes)
            for key in (style, mistake.kind, "all"):
                total[key] += 1
                named[key] += right
                lines[key] += verdict.has_line(mistake.lines)
            if not right:
                confusion[mistake.kind][verdict.first or "silent"] += 1
    print(f"\n{'':42}{'named first':>24}{'right line':>24}")
    for key in [*styles, *sorted(set(total) - set(styles) - {"all"}), "all"]:
        print(f"{key:42}{percent(named[key], total[key]):>24}{percent(lines[key], total[key]):>24}")
    print("\nNot named right: the kind of mistake, and what came first.")
    for kind, instead in sorted(confusion.items()):
        print(f"  {kind:42}{', '.join(f'{cause} {count}' for cause, count in instead.most_common())}")


def silence(styles: Iterable[str], folder: Folder) -> None:
    """Correct classes at two settings: nothing should be said."""
    said = Counter[str]()
    for variation in [entry for entry in correct.VARIATIONS if entry.style in styles]:
        for name in measured.SETTINGS:
            verdict = measured.verdict_on_correct(variation, name, folder)
            said["all"] += 1
            if verdict.first:
                said["wrong"] += 1
                print(f"  not silent: {variation} at {name}: {verdict.first} {verdict.refused[:100]}")
    print(f"Correct classes: silent {percent(said['all'] - said['wrong'], said['all'])}")


def pairs(styles: Iterable[str], count: int, folder: Folder) -> None:
    """Two mistakes at once: are both named?"""
    found: Counter[int] = Counter()
    for style in styles:
        for one, two, source in planted.pairs_of(style, count, 1, folder):
            causes = set(measured.verdict_on(style, source, folder).causes)
            found[sum(bool(causes & mistake.causes) for mistake in (one, two))] += 1
    print(f"Two at once: both named {percent(found[2], found.total())}, one of them {found[1]:,}")


def random_ones(count: int, seed: int, folder: Folder) -> None:
    """Edits of the syntax tree that nobody thought of."""
    said: Counter[str] = Counter()
    for edit in random_edits.random_edits(count, seed, folder):
        verdict = measured.verdict_on(edit.style, edit.source, folder)
        said["harmless" if not edit.wrong else "wrong"] += 1
        said[measured.judged(edit, verdict, folder)] += 1
        said["line"] += edit.wrong and verdict.has_line(edit.lines)
        if measured.judged(edit, verdict, folder) in ("contradicted", "accused"):
            print(f"  {edit}: {verdict.first}")
    print(f"Random edits: {said['wrong']:,} change a gradient; {said['accused']} of the others are accused")
    for what in ("named", "contradicted", "unknown", "silent", "refused", "line"):
        print(f"  {what:14}{percent(said[what], said['wrong'])}")


def seconds(styles: Iterable[str], count: int, folder: Folder) -> None:
    """CPU seconds at 784-50-10 and a batch of 100, of every so many mistakes of each style."""
    mistakes = [mistake for style in styles for mistake in planted.mistakes(style)]
    chosen = mistakes[:: max(1, len(mistakes) // count)]
    times = [
        (measured.verdict_on(entry.style, entry.source, folder, planted.LARGE, rows=100).seconds, str(entry))
        for entry in chosen
    ]
    longest, which = max(times)
    slow = percent(sum(time > SECONDS for time, _ in times), len(times))
    middle = median(time for time, _ in times)
    print(f"Seconds at 784-50-10: median {middle:.2f}, largest {longest:.2f} ({which}), above {SECONDS} in {slow}")


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--styles", nargs="*", default=list(planted.STYLES))
    parser.add_argument("--pairs", type=int, default=12, help="in each style")
    parser.add_argument("--edits", type=int, default=310)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--large", type=int, default=20, help="mistakes that are timed at 784-50-10")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        single(chosen.styles, folder)
        silence(chosen.styles, folder)
        pairs(chosen.styles, chosen.pairs, folder)
        random_ones(chosen.edits, chosen.seed, folder)
        seconds(chosen.styles, chosen.large, folder)


if __name__ == "__main__":
    main()
