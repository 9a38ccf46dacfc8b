"""What learners call things: which method is the loss, which argument is the batch."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

METHODS: Mapping[str, tuple[str, ...]] = {
    "loss": (
        "loss",
        "cost",
        "computeloss",
        "computecost",
        "calcloss",
        "calculateloss",
        "getloss",
        "lossfunction",
        "lossfunc",
        "lossfn",
        "totalloss",
        "totalcost",
        "costfunction",
        "objective",
        "criterion",
        "crossentropyerror",
        "crossentropyloss",
        "crossentropy",
        "crossentropycost",
        "meansquarederror",
        "sumsquarederror",
        "mseloss",
        "mse",
        "nll",
        "error",
        "j",
    ),
    "gradient": (
        "gradient",
        "gradients",
        "backprop",
        "backpropagation",
        "backpropagate",
        "backward",
        "backwardpass",
        "backwardpropagation",
        "backwardprop",
        "computegradient",
        "computegradients",
        "computegrad",
        "computegrads",
        "calcgradient",
        "calcgradients",
        "getgradient",
        "getgradients",
        "getgrads",
        "grad",
        "grads",
        "bprop",
        "lossandgradient",
        "lossandgrad",
        "lossgrad",
    ),
    "update": (
        "trainstep",
        "step",
        "update",
        "updateparams",
        "updateparameters",
        "updateweights",
        "updateminibatch",
        "learn",
        "fitbatch",
        "trainbatch",
        "trainonbatch",
        "partialfit",
        "trainonestep",
        "sgdstep",
        "gradientstep",
        "trainminibatch",
        "train",
        "fit",
    ),
    "output": (
        "predict",
        "forward",
        "feedforward",
        "forwardpass",
        "forwardpropagation",
        "forwardprop",
        "predictproba",
        "scores",
        "output",
        "infer",
        "inference",
        "model",
        "net",
        "network",
        "call",
    ),
    "parameters": (
        "initparams",
        "initparameters",
        "initializeparams",
        "initializeparameters",
        "initialiseparameters",
        "initnetwork",
        "initweights",
        "initializeweights",
        "initializenetwork",
        "initialize",
        "init",
        "makeparams",
        "makenetwork",
        "makeparameters",
        "createparams",
        "createnetwork",
        "newparams",
        "getparams",
        "buildnetwork",
        "setup",
        "randomparams",
    ),
}
"""What a method or function is for, by its name in small letters without underscores; the likeliest first."""

PARTS: Mapping[str, tuple[str, ...]] = {
    "loss": ("loss", "cost"),
    "gradient": ("backprop", "backward", "gradient", "grads"),
    "update": ("update", "trainstep", "train"),
    "output": ("forward", "predict"),
    "parameters": ("initparam", "initialize", "initialise", "makeparam", "initnet", "initweight"),
}
"""What such a name may also contain, where none is equal."""

OTHER = ("numerical", "numeric", "check", "test", "plot", "derivative", "prime", "deriv", "save", "load", "accuracy")
"""A name with one of these is for something else."""

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "x": (
        *("x", "xs", "xb", "xbatch", "batchx", "xtrain", "inputs", "input", "inp", "image", "images", "img", "imgs"),
        *("feature", "features", "data", "inputdata", "pixels", "picture", "pictures", "sample", "samples", "a0"),
    ),
    "t": (
        *("t", "ts", "tb", "tbatch", "batcht", "ttrain", "label", "labels", "target", "targets", "ytrue", "truey"),
        *("teacher", "teach", "answer", "answers", "ans", "onehot", "yonehot", "desired", "expected", "truth"),
        *("groundtruth", "ybatch", "batchy", "yb", "ytrain", "correct", "classes", "expectedoutput", "supervised"),
    ),
    "output": (
        *("yhat", "yh", "ypred", "predy", "pred", "preds", "prediction", "predictions", "output", "outputs", "out"),
        *("probs", "prob", "probabilities", "p", "o", "al", "a2", "a3", "z2", "z3", "logits", "score", "scores"),
        *("activation", "result", "guess", "softmaxout", "ypredicted", "predicted"),
    ),
    "params": ("params", "param", "parameters", "weights", "theta", "network", "net", "model", "w", "state"),
    "cache": ("cache", "caches", "memory", "intermediate", "intermediates", "activations", "forwardcache", "saved"),
    "rate": ("lr", "learningrate", "eta", "alpha", "rate", "stepsize", "learnrate"),
    "training": ("trainflg", "train", "training", "istrain", "istraining", "trainflag", "isTraining"),
    "gradients": ("grads", "grad", "gradients", "gradient"),
    "decay": ("reg", "lambda", "lam", "lmbda", "l2", "weightdecay", "weightdecaylambda", "regularization", "lambd"),
    "upstream": (
        *(
            "dout",
            "dy",
            "dz",
            "dl",
            "delta",
            "deltas",
            "gradoutput",
            "outputgrad",
            "upstream",
            "err",
            "error",
            "errors",
        ),
        *("dloss", "lossgrad", "da", "dx", "gradout", "g", "outputgradient", "upstreamgradient", "outputerror"),
    ),
    "n": ("n", "m", "batchsize", "batch", "nsamples", "size"),
    "once": ("epochs", "epoch", "iterations", "iters", "niter", "nepochs", "itersnum", "numiterations", "steps"),
    "batch": ("minibatch", "pairs", "trainingdata", "dataset"),
}
"""What an argument is, by its name in small letters without underscores."""


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """A name in small letters, without underscores."""
    return re.sub(r"[_\s]", "", name).lower()


def named_for(purpose: str, names: Iterable[str]) -> list[str]:
    """Those of the names that are for this purpose, a key of `METHODS`; the likeliest first."""
    known, parts = METHODS[purpose], PARTS[purpose]
    usable = [name for name in names if not any(other in plain(name) for other in OTHER)]
    exact = sorted((name for name in usable if plain(name) in known), key=lambda name: known.index(plain(name)))
    taken = {entry for entries in METHODS.values() for entry in entries}
    containing = [name for name in usable if plain(name) not in taken and any(part in plain(name) for part in parts)]
    return [*exact, *containing]


def role_of(name: str) -> str | None:
    """What an argument of this name is, a key of `ARGUMENTS`; None where the name does not say it."""
    return next((role for role, names in ARGUMENTS.items() if plain(name) in names), None)


def required(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The arguments that a function must be given by place or by name."""
    return [
        p for p in _parameters(function) if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]


_signatures: WeakKeyDictionary[FunctionType, list[inspect.Parameter]] = WeakKeyDictionary()
"""Of learners' functions, which are asked again and again. A strong key would keep all of their data in memory."""


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    underlying = getattr(function, "__func__", function)
    if not isinstance(underlying, FunctionType):
        return _signature(function)
    if underlying not in _signatures:
        _signatures[underlying] = _signature(underlying)
    return _signatures[underlying][underlying is not function :]


def _signature(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []


def roles_in(function: Callable[..., Any], known: Iterable[str] = ()) -> dict[str, str]:
    """The role of each argument that is used, by the argument's name; known names stand for themselves.

    `y` is the target beside x, and the output beside a target. What no name tells is x, or the output, then t.
    """
    known = set(known)
    needed = [p.name for p in required(function)]
    optional = [p.name for p in _parameters(function) if p.name not in needed]
    roles = {name: name if name in known else role_of(name) for name in needed}
    optional_roles = {name: role_of(name) for name in optional}
    roles |= {name: role for name, role in optional_roles.items() if role in ("training", "rate", "once")}
    roles |= {name: role for name, role in optional_roles.items() if role in ("x", "t") and not needed}
    if "y" in _plain_names(optional) and "t" not in roles.values() and "x" in roles.values():
        roles |= {name: "t" for name in optional if plain(name) == "y"}
    return dict(_with_places(roles))


def _plain_names(names: Iterable[str]) -> set[str]:
    return {plain(name) for name in names}


def _with_places(roles: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """The same with a role for every name."""
    given = set(roles.values())
    for name, role in roles.items():
        if role is not None:
            yield name, role
            continue
        free = ["t", "output"] if plain(name) in ("y", "d") else ["x", "t"]
        if plain(name) == "a" and "x" not in given:
            free = ["output", "t"]
        found = next((role for role in free if role not in given), name)
        given.add(found)
        yield name, found
