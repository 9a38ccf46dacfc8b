"""Reads a learner's names while their training goes on, in their thread: what is found is copied, and nothing kept.

Where things are is looked for seldom, and what a network is, is proven seldom; copying is done at every look. What was
proven is tried again once a second and at the end, with the parameters of that moment, and withdrawn where it no longer
holds.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.lab import own_data
from zerokara.lab.own_calls import CannotCall, unseen
from zerokara.lab.own_data import Part
from zerokara.lab.own_lists import Lists, Names, reached
from zerokara.lab.own_loss import ROUNDING, ProvenLoss, number_of, proven_loss
from zerokara.lab.own_network import CLOSE, Proven, answers, are_alike, proven, samples
from zerokara.lab.own_owner import Computing, Owner, framework_of, given_in, owners_in
from zerokara.own_training.program import Program
from zerokara.words import paragraph, sentence, translatable

logger = logging.getLogger(__name__)

Array = NDArray[Any]

SEARCHED = 2.0
"""Seconds between two searches, once there is something."""
TRIED = 1.0
"""Seconds between two trials of what was proven."""
TRIED_WITH = 3
"""Samples."""
PROVEN_AGAIN = 10.0
"""Seconds after which a network that could not be proven is tried again."""
PICTURE = 784
"""Inputs of a network whose first weights are shown as pictures even where it cannot be read."""

NO_NETWORK = translatable("No network was found among the names of your code, so only curves are shown.")
OF_A_LIBRARY = translatable("Networks of {library} cannot be read here, so only curves are shown.")
# Translators: {name} is the name of a variable, such as net
OTHER_NETWORK = translatable(
    "{name} is none of the networks that can be read here: layers x W + b with one activation between them, as in "
    "the textbook. So nothing is computed with it."
)
OTHER_PARAMETERS = translatable(
    "The parameters of your code are those of no network that can be read here: layers x W + b with one activation "
    "between them, as in the textbook. So nothing is computed with them."
)
OTHER_LOSS = translatable(
    "No function of your code gives a loss of this network that is known here, so nothing is shown that depends on it. "
    "The probabilities of its answers are the softmax of its scores."
)
NO_SAMPLES = translatable(
    "No samples were found beside this network, such as x_train with t_train, so nothing is computed with it."
)
# Translators: {name} is the name of a variable, such as x_train
OTHER_SAMPLES = translatable(
    "The network of your code is given other numbers than {name} holds, so nothing is computed with it."
)
NOT_DRAWN_FOR = translatable("The samples of your code are not between 0 and 1, so nothing can be drawn for it.")


@dataclass(frozen=True, eq=False)
class Seen:
    """What a look has found; copies that stay as they are.

    Attributes:
        iteration: losses that were recorded, or turns of the loop that were seen; counts_losses: which of them.
        params: W1, b1, … of a network that is proven, else None.
        proven, loss: what it is; None where that is not known.
        W1: what is shown of the first weights; None where they are no pictures.
        parts: the samples; number: another one whenever they are others.
        unread: sentences on what cannot be read, or "".
        turn: the number of the look.
    """

    iteration: int = 0
    counts_losses: bool = True
    params: Mapping[str, Array] | None = None
    proven: Proven | None = None
    loss: ProvenLoss | None = None
    W1: Array | None = None
    parts: Mapping[str, Part] = field(default_factory=dict)
    number: int = 0
    unread: str = ""
    turn: int = 0

    @property
    def draws(self) -> bool:
        """Whether the network can be asked about a drawing."""
        return self.params is not None and bool(self.parts) and all(part.is_gray for part in self.parts.values())

    @property
    def measures(self) -> bool:
        """Whether its loss can be computed."""
        return self.params is not None and self.loss is not None and bool(self.parts)


class Reader:
    """Reads one program; to be used in one thread at a time.

    Attributes:
        lists: what it recorded.
    """

    def __init__(self, program: Program) -> None:
        self.lists = Lists(program)
        self._turns = 0
        self._owner: Owner | None = None
        self._given: tuple[Program | None, frozenset[str]] = None, frozenset()
        self._prints: dict[Owner, list[Array]] = {}
        self._known: Proven | None = None
        self._loss: ProvenLoss | None = None
        self._proven_of: Any = None
        self._parts: dict[str, Part] = {}
        self._parts_of: Any = None
        self._changed: frozenset[str] = frozenset()
        self._changed_in: Program | None = None
        self._number = 0
        self._library = ""
        self._searched = self._tried = self._failed = -np.inf

    @property
    def is_empty(self) -> bool:
        """Whether neither a network nor a list of losses was found."""
        return self._owner is None and not self._library and self.lists.losses is None

    def look(self, names: Names, *, last: bool = False) -> Seen:
        """What there is now; `last`: everything is tried again, because what is found stays."""
        with unseen():
            return self._look(names, last)

    def _look(self, names: Names, last: bool) -> Seen:
        self._turns += 1
        now = time.monotonic()
        if last or now - self._searched >= SEARCHED or self._turns <= 3 or self._is_gone(names):
            self._searched = now
            _attempted(self.lists.search, names)
            _attempted(self._search_network, names)
        _attempted(self.lists.read, names)
        if not _attempted(self._prove, names, now, last):
            self._owner = self._known = self._loss = None
        return self._seen(names)

    def _is_gone(self, names: Names) -> bool:
        return self._owner is None or not self._owner.params(names)

    def _search_network(self, names: Names) -> None:
        """The network that changes; the first one as long as none does."""
        program = self.lists.program
        if self._given[0] is not program:
            self._given = program, given_in(program)
        owners = owners_in(names, self._given[1])
        prints = {owner: _print_of(owner.params(names)) for owner in owners}
        moved = [owner for owner in owners if owner in self._prints and not _equal(prints[owner], self._prints[owner])]
        if self._owner not in owners or (moved and self._owner not in moved):
            self._owner = next(iter((*moved, *owners)), None)
        self._prints = prints
        self._library = "" if owners else framework_of(names)

    def _prove(self, names: Names, now: float, last: bool) -> None:
        """Prove what the network is, or try whether that still holds."""
        owner = self._owner
        if owner is None:
            self._known = self._loss = self._proven_of = None
            return
        there = reached(names, owner.path) if owner.path else None
        what = owner, id(there) if owner.path else 0, id(type(there))
        if what != self._proven_of or (self._known is None and now - self._failed >= PROVEN_AGAIN):
            self._proven_of, self._known, self._loss = what, None, None
            self._first_proof(owner, names)
            self._tried = now
            self._failed = now if self._known is None else -np.inf
        elif self._known is not None and (last or now - self._tried >= TRIED):
            self._tried = now
            self._try_again(owner, names)
            self._failed = now if self._known is None else -np.inf

    def _first_proof(self, owner: Owner, names: Names) -> None:
        try:
            tolerance = _tolerance(owner.params(names))
            with owner.computing(names, alone=True) as computing:
                if computing.predict is None:
                    return
                self._known = known = proven(computing.predict, computing.params, tolerance)
                if known is None:
                    return
                self._find_samples(names, known)
                one_hot = next((part.one_hot for part in self._parts.values()), None)
                self._loss = proven_loss(computing.losses, computing.params, known, tolerance, one_hot=one_hot)
            self._try_again(owner, names)
        except CannotCall:
            logger.info("a learner's network cannot be asked", exc_info=True)
            self._known = self._loss = None

    def _try_again(self, owner: Owner, names: Names) -> None:
        """Withdraw what does not hold for the parameters of now."""
        known, params = self._known, owner.params(names)
        assert known is not None, "it was proven"
        self._find_samples(names, known)
        ours = known.layout.ours(params)
        if ours is None:
            self._known = self._loss = None
        elif all(np.isfinite(array).all() for array in ours.values()):
            try:
                self._compare(owner, names, known, ours)
            except CannotCall:
                self._known = self._loss = None

    def _compare(self, owner: Owner, names: Names, known: Proven, ours: Mapping[str, Array]) -> None:
        tolerance = _tolerance(owner.params(names))
        x, t = self._some_samples(known)
        with owner.computing(names, alone=False) as computing:
            if computing.predict is None:
                raise CannotCall
            theirs = answers(computing.predict, x, known.form, limited=False).get(known.part)
            if theirs is None or not are_alike(known.answers(ours, x.astype(np.float64)), theirs, tolerance):
                self._known = self._loss = None
            elif self._loss is not None:
                self._compare_loss(computing, known, ours, (x, t), tolerance)

    def _compare_loss(
        self,
        computing: Computing,
        known: Proven,
        ours: Mapping[str, Array],
        batch: tuple[Array, Array],
        tolerance: float,
    ) -> None:
        x, t = batch
        assert self._loss is not None, "it was proven"
        loss, classes, one_hot = computing.losses[self._loss.method], known.layout.sizes[-1], self._loss.one_hot
        try:
            theirs = number_of(loss, x, t, classes, known.form, one_hot=one_hot, limited=False)
        except CannotCall:
            theirs = np.nan
        value = self._loss.value(known.network(ours), x.astype(np.float64), t)
        if not abs(value - theirs) <= ROUNDING * tolerance * max(abs(value), 1e-3):
            self._loss = None

    def _some_samples(self, known: Proven) -> tuple[Array, Array]:
        """A few that it is trained on, in their own dtype, others each time; or such as show what it computes."""
        part = self._parts.get("train") or self._parts.get("test")
        if part is None:
            x = samples(known.layout.sizes[0], TRIED_WITH)
            return x, np.arange(len(x)) % known.layout.sizes[-1]
        rows = (self._turns * TRIED_WITH + np.arange(TRIED_WITH)) % len(part.x)
        return part.x[rows], part.t[rows]

    def _find_samples(self, names: Names, known: Proven) -> None:
        sizes = known.layout.sizes
        if self._changed_in is not self.lists.program:
            self._changed_in = self.lists.program
            self._changed = own_data.changed_on_the_way(self._changed_in)
        which = (sizes[0], sizes[-1], self._changed, own_data.arrays_of(names))
        if which != self._parts_of:
            self._parts_of = which
            self._parts = {} if self._changed else own_data.parts_in(names, sizes[0], sizes[-1])
            self._number += 1

    def _seen(self, names: Names) -> Seen:
        known = self._known
        params = self._owner.params(names) if self._owner is not None else {}
        ours = known.layout.ours(params) if known is not None else None
        if ours is None:
            known = None
        counts = self.lists.losses is not None
        seen = Seen(
            self.lists.count if counts else self._turns,
            counts,
            ours,
            known,
            self._loss if known is not None else None,
            ours["W1"] if ours is not None else _first_weights(params),
            self._parts if known is not None else {},
            self._number,
        )
        return replace(seen, unread=self._unread(seen), turn=self._turns)

    def _unread(self, seen: Seen) -> str:
        if self._library:
            return sentence(OF_A_LIBRARY, library=self._library)
        if self._owner is None:
            return sentence(NO_NETWORK)
        if seen.params is None:
            return sentence(OTHER_NETWORK, name=self._owner.name) if self._owner.path else sentence(OTHER_PARAMETERS)
        if not seen.parts and self._changed:
            return sentence(OTHER_SAMPLES, name=max(self._changed))
        if not seen.parts:
            return sentence(NO_SAMPLES)
        return paragraph(
            "" if seen.loss is not None else sentence(OTHER_LOSS), "" if seen.draws else sentence(NOT_DRAWN_FOR)
        )


def _attempted(look: Callable[..., None], *given: Any) -> bool:
    """Whether it could be done. A learner's values may do anything when they are looked at."""
    try:
        look(*given)
    except Exception:
        logger.info("something of a learner's cannot be looked at", exc_info=True)
        return False
    return True


def _tolerance(params: Mapping[str, Array]) -> float:
    return max((CLOSE.get(array.dtype, CLOSE[np.dtype(np.float32)]) for array in params.values()), default=0.0)


def _print_of(params: Mapping[str, Array]) -> list[Array]:
    """A few numbers of each array, which change when it does."""
    return [array.reshape(-1)[:: max(1, array.size // 64)].copy() for array in params.values()]


def _equal(one: list[Array], other: list[Array]) -> bool:
    pairs = zip(one, other, strict=False)
    return len(one) == len(other) and all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def _first_weights(params: Mapping[str, Array]) -> Array | None:
    """(784, units) the first matrix, where it weighs pictures of 28 × 28."""
    first = next((array for array in params.values() if array.ndim == 2 and array.dtype.kind == "f"), None)
    if first is None or PICTURE not in first.shape:
        return None
    return np.array(first if first.shape[0] == PICTURE else first.T, np.float32)
