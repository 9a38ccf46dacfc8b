"""`zerokara run --accelerate`: our `common.gradient` also where the learner's folders have one of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from zerokara.book.finder import TextbookFinder

MODULE = "common.gradient"


class _OursFirst(MetaPathFinder):
    """Answers before the learner's folders are looked into, for this one module."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return TextbookFinder().find_spec(fullname) if fullname == MODULE else None


@contextmanager
def ours_first(wanted: bool) -> Iterator[None]:
    """For the time of a run, put our `common.gradient` in place of the learner's, if that is wanted."""
    finder = _OursFirst()
    if wanted:
        sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        if wanted:
            sys.meta_path.remove(finder)
