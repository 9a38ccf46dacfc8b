"""The parameters of a network: a dict that refuses to come apart from the layers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, Self

from numpy.typing import ArrayLike, NDArray

from zerokara.errors import UsageError
from zerokara.nn.arguments import real_numbers
from zerokara.words import sentence

Array = NDArray[Any]


class Params(dict[str, Array]):
    """W1, b1, W2, b2, …, each an array that its layer reads.

    `params["W1"] -= …` and `params["W1"][...] = …` change the array in place. `params["W1"] = value` copies the
    value into it, so that the layer sees that too; a value of another shape, or another name, is refused.
    """

    def __setitem__(self, name: str, value: ArrayLike) -> None:
        self._check(name, value)
        if value is not self[name]:
            self[name][...] = value

    def update(  # type: ignore[override]
        self, other: Mapping[str, ArrayLike] | Iterable[tuple[str, ArrayLike]] = (), /, **more: ArrayLike
    ) -> None:
        """Copy several values in: all of them, or none when one does not fit."""
        values: dict[str, ArrayLike] = dict(other, **more)
        for name, value in values.items():
            self._check(name, value)
        for name, value in values.items():
            self[name] = value

    def __ior__(self, other: Any) -> Self:  # type: ignore[override, misc]
        self.update(other)
        return self

    def _check(self, name: str, value: ArrayLike) -> None:
        if name not in self:
            raise UsageError(
                sentence("params has {known}. Got {name!r}; nothing was changed.", known=", ".join(self), name=name),
                "unknown-name",
            )
        if value is self[name]:
            return
        values = real_numbers(f"params[{name!r}]", value)
        if values.shape != self[name].shape:
            raise UsageError(
                sentence(
                    "params[{name!r}] has shape {expected}. Got {got}; nothing was changed.",
                    name=name,
                    expected=self[name].shape,
                    got=values.shape,
                ),
                "wrong-shape",
            )
        refuse_read_only({name: self[name]})

    def _refuse(self, *_: Any) -> NoReturn:
        raise UsageError(sentence("params belong to the layers: none can be added or removed. Nothing was changed."))

    __delitem__ = pop = popitem = clear = setdefault = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return Params, (dict(self),)


def refuse_read_only(params: Mapping[str, Array], state: Mapping[str, Mapping[str, Array]] | None = None) -> None:
    """Raise UsageError where parameters, or an optimizer's arrays for them, that are to be changed cannot be."""
    fixed = [name for name, array in params.items() if not array.flags.writeable]
    for slot, arrays in (state or {}).items():
        fixed += [f"{slot}[{name!r}]" for name, array in arrays.items() if not array.flags.writeable]
    if fixed:
        raise UsageError(
            sentence(
                "What is trained must be writable. Read-only, as in a file that was mapped into memory: {names}. "
                "Nothing was changed. Train network.copy(), or load a writable one (mmap_mode=None).",
                names=", ".join(fixed),
            ),
            "wrong-value",
        )
