"""Makes an instance of a learner's class: what its arguments mean is in their names."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zerokara.errors import UsageError
from zerokara.own_gradients.roles import plain
from zerokara.own_gradients.subject import Array
from zerokara.words import sentence

HIDDEN = 50
"""Hidden units of the textbook's network."""

Arguments = tuple[tuple[Any, ...], dict[str, Any]]

SIZES: Mapping[str, tuple[str, ...]] = {
    "inputs": (
        *("inputsize", "nin", "inputdim", "din", "indim", "ninput", "ninputs", "numinputs", "nfeatures", "inputnodes"),
        *("infeatures", "inputlayer", "inputlayersize", "nx", "input", "inputs", "insize", "numinput", "inputunits"),
        *("features", "numfeatures", "inodes", "isize", "d", "inputn"),
    ),
    "hidden": (
        *("hiddensize", "nhidden", "hiddendim", "dhidden", "hidden", "nh", "hiddennodes", "hiddenunits", "nhiddens"),
        *("numhidden", "h", "hiddenlayer", "hiddenlayersize", "hid", "hidsize", "hnodes", "hsize", "units", "hiddenn"),
        *(
            "hiddensize1",
            "hiddensize2",
            "hidden1",
            "hidden2",
            "h1",
            "h2",
            "nhidden1",
            "nhidden2",
            "middle",
            "hidden1size",
        ),
        *("hidden2size", "middlesize"),
    ),
    "hidden list": ("hiddensizelist", "hiddensizes", "hiddenlayers", "hiddendims", "hiddenlayersizes", "hiddenlist"),
    "outputs": (
        *("outputsize", "nout", "outputdim", "dout", "outdim", "noutput", "noutputs", "numoutputs", "nclasses", "k"),
        *("numclasses", "classes", "outputnodes", "outfeatures", "outputlayer", "outputlayersize", "ny", "output"),
        *("outputs", "outsize", "numoutput", "onodes", "osize", "outputunits", "outputn", "c"),
    ),
    "sizes": (
        *("sizes", "layers", "layersizes", "dims", "layerdims", "layersdims", "architecture", "nodes", "structure"),
        *("layerssizes", "size", "layer", "topology", "widths", "layersize", "shape", "networksize", "units"),
    ),
}
OTHERS: Mapping[str, Any] = {
    **dict.fromkeys(("weightinitstd", "std", "initstd", "weightscale", "scale", "sigma"), 0.1),
    **dict.fromkeys(("learningrate", "lr", "eta", "alpha", "rate"), 0.125),
    **dict.fromkeys(("seed", "randomstate", "randomseed"), 0),
    **dict.fromkeys(("weightdecaylambda", "weightdecay", "reg", "lam", "lmbda", "l2", "dropout", "momentum"), 0.0),
    **dict.fromkeys(("epochs", "iterations", "niter", "maxiter"), 1),
    **dict.fromkeys(("activation", "act"), "relu"),
    "rng": np.random.default_rng(0),
}


@dataclass(frozen=True)
class Data:
    """A batch to check with.

    Attributes:
        name: of the data set; "" for random numbers.
        x, t: (n, features) and (n,) class indices.
        classes: how many there are.
        others: real data too, for networks that these do not fit.
    """

    name: str
    x: Array
    t: Array
    classes: int
    others: tuple[Data, ...] = ()

    def resized(self, rows: int) -> Data:
        """As many rows of it, some more than once."""
        chosen = np.arange(rows) % len(self.x)
        return replace(self, x=self.x[chosen], t=self.t[chosen])

    @property
    def features(self) -> int:
        return int(self.x.shape[1])


def read_arguments(text: str) -> Arguments:
    """The arguments of `--args "784, 50, 10, activation='relu'"`: literals, which run nothing.

    Raises UsageError for anything else.

    >>> read_arguments("784, [50, 20], lr=0.1")
    ((784, [50, 20]), {'lr': 0.1})
    """
    try:
        call = ast.parse(f"f({text})", mode="eval").body
        assert isinstance(call, ast.Call)
        assert ast.unparse(call.func) == "f"
        named = {k.arg: ast.literal_eval(k.value) for k in call.keywords if k.arg}
        return tuple(map(ast.literal_eval, call.args)), named
    except (SyntaxError, ValueError, TypeError, AssertionError):
        raise UsageError(
            sentence(
                '--args must be the arguments of the class as literals, such as "784, 50, 10" or "lr=0.1". '
                "Got {got!r}.",
                got=text,
            ),
            "wrong-value",
        ) from None


def guesses(function: Callable[..., Any], data: Data, noted: list[Arguments]) -> Iterator[Arguments]:
    """Arguments worth trying, the likeliest first.

    Args:
        function: the class, or a function that makes parameters.
        noted: arguments with which the file itself calls it.
    """
    needed = _needed(function)
    by_name = {p.name: value for p in needed if (value := value_for(p.name, data)) is not None}
    for values, named in noted:
        places = dict(zip((p.name for p in _positional(function)), values, strict=False))
        yield (), {**by_name, **places, **named} if len(places) == len(values) else {**by_name, **named}
    lacking = [p.name for p in needed if p.name not in by_name]
    if not lacking:
        yield (), by_name
        return
    three = (data.features, HIDDEN, data.classes)
    choices: list[tuple[Any, ...]] = [([*three],), (three[0], three[2]), three, (three[0], HIDDEN, 20, three[2])]
    for choice in choices:
        if len(choice) == len(lacking):
            yield (), {**by_name, **dict(zip(lacking, choice, strict=True))}
    yield (), {}


def value_for(name: str, data: Data) -> Any:
    """A value for an argument of this name; None where the name does not say what it is."""
    sizes = {
        "inputs": data.features,
        "hidden": HIDDEN,
        "hidden list": [HIDDEN],
        "outputs": data.classes,
        "sizes": [data.features, HIDDEN, data.classes],
    }
    for kind, names in SIZES.items():
        if plain(name) in names:
            return sizes[kind]
    if plain(name) in ("x", "xtrain", "inputs"):
        return data.x
    if plain(name) in ("t", "y", "ytrain", "ttrain", "labels", "targets"):
        return np.eye(data.classes)[data.t]
    return OTHERS.get(plain(name))


def _positional(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _needed(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return [p for p in _positional(function) if p.default is p.empty]
