"""The batches of a training loop: drawn once, always in the same order, or with the labels of other samples."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from zerokara.findings import Finding
from zerokara.own_training.program import Loop, Program, names_in, root_of
from zerokara.own_training.roles import is_data
from zerokara.own_training.steps import Watched
from zerokara.own_training.training_loops import Training
from zerokara.sources.data_flow import last_name
from zerokara.words import sentence, translatable

DRAWS = re.compile(r"random|choice|randint|permut|sample\b|shuffle")
TAKES = re.compile(r"\.(choice|randint|permutation|integers|sample)\(")
"""Calls that draw the samples of a batch."""
ON_PURPOSE = re.compile(
    r"overfit|memori[sz]e|(one|single|same|fixed) batch|sanity|過学習|同じバッチ|一つのバッチ|과적합|같은 배치|한 배치",
    re.IGNORECASE,
)
"""Words of somebody who trains on one batch because they want to."""

ONCE = translatable("`{code}` stands before the loop: every iteration takes the same {n} samples.")
IN_LOOP = translatable("Draw a new batch in each iteration, as the first lines inside of the loop in line {line}.")


def drawn_once(program: Program, training: Training, seen: Watched | None) -> Iterator[Finding]:
    """`batch_mask = np.random.choice(…)` before the loop; not training on all samples, nor on one batch on purpose."""
    batch = seen.watch.batch_of if seen is not None else None
    if seen is None or batch is None or ON_PURPOSE.search(program.written) or not _stays(seen):
        return
    outermost = (training.loop, *training.outer)[-1]
    drawn = _drawn_before(program, outermost, set[str]().union(*map(names_in, batch)))
    if drawn is None or DRAWS.search(ast.unparse(outermost)) or _is_sliced_inside(training, batch):
        return
    samples = _samples(seen)
    if samples is None or not _is_part(seen, samples):
        return
    yield Finding(
        cause="batch-drawn-once",
        text=sentence(ONCE, code=ast.unparse(drawn), n=samples),
        remedy=sentence(IN_LOOP, line=outermost.lineno),
        evidence={"samples": samples},
        **program.place(drawn),
    )


def _stays(seen: Watched) -> bool:
    """Whether two turns had the very same batch."""
    one, other = seen.first.batch, seen.second.batch
    return bool(one) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def _drawn_before(program: Program, loop: ast.stmt, names: set[str]) -> ast.stmt | None:
    """The statement before a loop that draws what a batch is taken by."""
    seen: set[str] = set()
    function = program.function_of(loop)
    while names - seen:
        name = (names - seen).pop()
        seen.add(name)
        for other, value, statement in program.assignments():
            if other == name and program.function_of(statement) is function:
                if program.position(statement) < program.position(loop) and re.search(
                    r"\.(choice|randint|permutation|integers|sample)\(", ast.unparse(value)
                ):
                    return statement
                names |= names_in(value)
    return None


def _is_sliced_inside(training: Training, batch: list[ast.expr]) -> bool:
    """Whether the loop takes other parts of what was drawn in each turn: `order[start:start + 100]`."""
    parts = [part for part in ast.walk(training.loop) if isinstance(part, ast.Slice)]
    return any(names_in(part) & training.stored for part in parts)


def _samples(seen: Watched) -> int | None:
    return len(seen.first.batch[0]) if seen.first.batch and seen.first.batch[0].ndim else None


def _is_part(seen: Watched, samples: int) -> bool:
    """Whether a batch is a small part of some data that are there."""
    sizes = [len(value) for value in seen.watch.env.values() if isinstance(value, np.ndarray) and value.ndim]
    return max(sizes, default=0) >= 4 * samples


MIXES = re.compile(r"shuffle|permut|choice|randint|sample|integers|train_test_split|argsort|DataLoader")
"""Words of whatever brings samples into another order."""

IN_ORDER = translatable(
    "The batches are cut from images and labels in the same order in every epoch: `{code}`, and nothing is shuffled."
)
SHUFFLE = translatable("Shuffle once per epoch: order = np.random.permutation(train_size), then index both with it.")


def same_order(program: Program, training: Training, seen: Watched | None) -> Iterator[Finding]:
    """`x_train[i:i + 100]` in loops over epochs and nothing that shuffles, or a function that gives the same again."""
    if not any(map(_is_of_epochs, training.outer)) or MIXES.search(ast.unparse(training.outer[-1])):
        return
    cut = next((node for node in ast.walk(training.loop) if _cuts(program, node, training)), None)
    given = seen is not None and isinstance(training.loop, ast.For) and _gives_again(program, training.loop, seen)
    if given and isinstance(training.loop, ast.For):
        yield Finding(
            cause="same-order",
            text=sentence(GIVEN_IN_ORDER, code=ast.unparse(training.loop.iter)),
            remedy=sentence(SHUFFLE),
            **program.place(training.loop),
        )
    elif cut is not None and not MIXES.search(program.text):
        statement = program.statement_of(cut)
        yield Finding(
            cause="same-order",
            text=sentence(IN_ORDER, code=ast.unparse(statement)),
            remedy=sentence(SHUFFLE),
            **program.place(statement),
        )


GIVEN_IN_ORDER = translatable("`{code}` gives the same batches in the same order in every epoch.")


def _gives_again(program: Program, loop: ast.For, seen: Watched) -> bool:
    """Whether a function of the learner's begins two epochs with the very same samples."""
    if not isinstance(loop.iter, ast.Call) or last_name(loop.iter.func) not in program.functions:
        return False
    pairs = [part if isinstance(part, tuple | list) else () for part in seen.watch.beginnings()]
    arrays = [[part for part in pair if isinstance(part, np.ndarray) and part.ndim] for pair in pairs]
    same = len(arrays[0]) == len(arrays[1]) > 0 and all(map(np.array_equal, *arrays))
    return same and _is_part(seen, len(arrays[0][0]))


def _is_of_epochs(loop: Loop) -> bool:
    return isinstance(loop, ast.For) and "epoch" in f"{ast.unparse(loop.target)} {ast.unparse(loop.iter)}".lower()


def _cuts(program: Program, node: ast.AST, training: Training) -> bool:
    """`a[start:end]` or slice(start, end), by what the loop counts with."""
    if not isinstance(training.loop, ast.For):
        return False
    if isinstance(node, ast.Slice):
        owner = next(program.around(node))
        if not isinstance(owner, ast.Subscript) or not is_data(owner):
            return False
        parts: list[ast.expr | None] = [node.lower, node.upper]
    elif isinstance(node, ast.Call) and ast.unparse(node.func) == "slice":
        parts = list(node.args)
    else:
        return False
    counted = names_in(training.loop.target)
    return all(part is not None for part in parts) and any(names_in(part) & counted for part in parts if part)


ONE_ORDER = translatable("Draw one order and index images and labels with it.")
SHUFFLED_ALONE = translatable("`{code}` changes the order of {images} and not that of {labels}.")


def shuffled_apart(program: Program) -> Iterator[Finding]:
    """`np.random.shuffle(x_train)`, and t_train stays as it is."""
    calls = [node for node in program.nodes if isinstance(node, ast.Call) and len(node.args) == 1]
    shuffled = {
        ast.unparse(call.args[0]): call
        for call in calls
        if re.search(r"(random|rng|r)\.shuffle$", ast.unparse(call.func))
    }
    for images, call in shuffled.items():
        labels = next((name for name in _labels_of(images) if isinstance(program.names.get(name), np.ndarray)), None)
        alone = labels is not None and labels not in shuffled and isinstance(program.names.get(images), np.ndarray)
        if alone and not re.search(r"seed\(|set_state", _between(program, call, labels or "")):
            yield Finding(
                cause="wrong-labels",
                text=sentence(SHUFFLED_ALONE, code=ast.unparse(call), images=images, labels=labels),
                remedy=sentence(ONE_ORDER),
                **program.place(call),
            )


def _labels_of(images: str) -> list[str]:
    """What the labels of `x_train` may be called."""
    return [f"{letter}{images[1:]}" for letter in "ty"] if re.match(r"[xX](_|$)", images) else []


def _between(program: Program, call: ast.Call, labels: str) -> str:
    """The statements that shuffle the labels in some other way."""
    return "\n".join(
        ast.unparse(node)
        for node in program.tree.body
        if labels in ast.unparse(node) and "shuffle" in ast.unparse(node)
    )


OTHER_ROWS = translatable(
    "`{code}` takes other rows than `{other}`: the labels of a batch are not those of its images."
)


def other_rows(program: Program, training: Training) -> Iterator[Finding]:
    """`x_batch = x_train[mask]` beside `t_batch = t_train[:100]`, with the index drawn at random."""
    taken = _taken(program, training)
    for images, cuts in taken.items():
        for labels in _labels_of(images):
            if len(cuts) == 1 and len(taken.get(labels, ())) == 1:
                (cut, statement), (other, _) = cuts[0], taken[labels][0]
                if _is_drawn(program, cut) and not _same_rows(program, cut, other):
                    yield Finding(
                        cause="wrong-labels",
                        text=sentence(OTHER_ROWS, code=ast.unparse(other), other=ast.unparse(cut)),
                        remedy=sentence(ONE_ORDER),
                        **program.place(statement),
                    )


def _taken(program: Program, training: Training) -> dict[str, list[tuple[ast.Subscript, ast.stmt]]]:
    """What a loop takes from arrays, by their names."""
    found: dict[str, list[tuple[ast.Subscript, ast.stmt]]] = {}
    for _, node, statement in program.assignments():
        inside = isinstance(node, ast.Subscript) and training.loop in program.loops_of(statement)
        if inside and isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            found.setdefault(node.value.id, []).append((node, statement))
    return found


def _is_drawn(program: Program, cut: ast.Subscript) -> bool:
    names = names_in(cut.slice)
    return any(name in names and TAKES.search(ast.unparse(value)) for name, value, _ in program.assignments())


def _same_rows(program: Program, one: ast.Subscript, other: ast.Subscript) -> bool:
    """Whether two indices were the same rows in the last turn; True where that cannot be told."""
    rows = []
    for cut in (one, other):
        value: Any = program.names.get(root_of(cut.value))
        index = program.names.get(cut.slice.id) if isinstance(cut.slice, ast.Name) else None
        if not isinstance(value, np.ndarray):
            return True
        if isinstance(index, np.ndarray | list):
            rows.append(np.arange(len(value))[np.asarray(index)])
        elif isinstance(cut.slice, ast.Slice):
            bounds = [None if part is None else program.number(part) for part in (cut.slice.lower, cut.slice.upper)]
            rows.append(np.arange(len(value))[slice(*(None if b is None else int(b) for b in bounds))])
        else:
            return True
    return len(rows[0]) == len(rows[1]) and bool(np.array_equal(rows[0], rows[1]))
