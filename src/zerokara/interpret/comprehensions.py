"""Abstract interpretation of comprehensions, whose loops are unrolled."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from zerokara.interpret.abstract_values import Entries, Items, Value
from zerokara.interpret.containers import kept, known_key, known_set
from zerokara.interpret.operators import Operators
from zerokara.interpret.refusal import RefusedAt
from zerokara.interpret.scopes import Frame
from zerokara.words import sentence

Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Comprehensions(Operators):
    """Lists, sets and dicts by comprehension; a generator only where it is run to its end at once (see `Calls`)."""

    def _ListComp(self, node: ast.ListComp, frame: Frame) -> Value:
        return self.objects.make(list, Items(self.generated(node, frame)))

    def _SetComp(self, node: ast.SetComp, frame: Frame) -> Value:
        return known_set(self.generated(node, frame), node.lineno)

    def _DictComp(self, node: ast.DictComp, frame: Frame) -> Value:
        made: dict[Any, Value] = {}

        def keep(inner: Frame) -> None:
            key = known_key(self.value(node.key, inner))
            made[key] = kept(self.value(node.value, inner))

        self._run(node, frame, keep)
        return self.objects.make(dict, Entries(tuple(made), tuple(made.values())))

    def generated(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, frame: Frame) -> tuple[Value, ...]:
        """The elements, one by one."""
        results: list[Value] = []
        self._run(node, frame, lambda inner: results.append(kept(self.value(node.elt, inner))))
        return tuple(results)

    def _run(self, node: Comprehension, frame: Frame, keep: Callable[[Frame], None]) -> None:
        # One scope for all turns, as Python has it: what is defined inside sees the last turn's names.
        inner = Frame(frame.function, {}, frame.code, frame, is_comprehension=True)
        self._turns(node, 0, frame, inner, keep)

    def _turns(
        self, node: Comprehension, level: int, frame: Frame, inner: Frame, keep: Callable[[Frame], None]
    ) -> None:
        if level == len(node.generators):
            keep(inner)
            return
        loop = node.generators[level]
        # What the first loop goes through is evaluated in the scope around.
        iterable = self.value(loop.iter, inner if level else frame)
        elements, sources = self.elements(iterable), self.objects.sources(iterable)
        if elements is None or loop.is_async:
            raise RefusedAt(sentence("Line {line} goes through numbers one by one.", line=node.lineno))
        for element in elements:
            self.objects.check_unchanged(sources)
            self.assign(loop.target, element, inner)
            if all(self._passes(condition, inner) for condition in loop.ifs):
                self._turns(node, level + 1, frame, inner, keep)
        self.objects.check_unchanged(sources)

    def _passes(self, condition: ast.expr, frame: Frame) -> bool:
        passes = self.truth(self.value(condition, frame), "if")
        if passes is None:
            raise RefusedAt(sentence("Line {line} keeps what only the numbers can tell.", line=condition.lineno))
        return passes
