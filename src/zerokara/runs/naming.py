"""Names for runs of several places, so that each is another: mnist-001 of taro and mnist-001 of hanako."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def told_apart(paths: Sequence[Path]) -> list[str]:
    """The name of each folder, with as many of those above it as it takes; the same folder again gets a number.

    >>> told_apart([Path("taro/runs/mnist-001"), Path("hanako/runs/mnist-001"), Path("runs/wide")])
    ['taro/runs/mnist-001', 'hanako/runs/mnist-001', 'wide']
    >>> told_apart([Path("runs/wide"), Path("runs/wide")])
    ['wide', 'wide (2)']
    """
    parts = [path.absolute().parts for path in paths]
    names = [_shortest(own, parts) for own in parts]
    before = [names[:k].count(name) for k, name in enumerate(names)]
    return [f"{name} ({n + 1})" if n else name for name, n in zip(names, before, strict=True)]


def _shortest(own: tuple[str, ...], parts: Sequence[tuple[str, ...]]) -> str:
    others = [other for other in parts if other != own]
    depths = (n for n in range(1, len(own)) if all(other[-n:] != own[-n:] for other in others))
    return "/".join(own[-next(depths, len(own)) :])
