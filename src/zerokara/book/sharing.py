"""Textbook-style networks, whose layers and `params` hold the same arrays: also after a copy or a file."""

from collections.abc import Iterator
from typing import Any


class SharedArrays:
    """A network with `params`, a dict of arrays, and `layers`, a dict or a list of objects that hold some of them.

    pickle keeps it that two names mean one array; joblib writes the array twice and reads two, and then a network
    learns in `params` and predicts from its layers. So its state says which they are. What a learner has taken apart,
    with `params["W1"] = W1 - …`, stays apart, as in the textbook.
    """

    params: dict[str, Any]
    layers: Any

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_shared": list(self._shared_arrays())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for place, attribute, name in self.__dict__.pop("_shared", ()):
            setattr(self.layers[place], attribute, self.params[name])

    def _shared_arrays(self) -> Iterator[tuple[Any, str, str]]:
        """The place of a layer, its attribute, and the name of the parameter that is the same array."""
        places = self.layers.items() if isinstance(self.layers, dict) else enumerate(self.layers)
        for place, layer in places:
            for attribute, value in vars(layer).items():
                for name, param in self.params.items():
                    if value is param:
                        yield place, attribute, name
