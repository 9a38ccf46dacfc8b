"""The optimizers: visible state, one formula each, checked against a hand-worked step and a second library.

Every class says whose formula it is. g is the gradient, η the learning rate, and ε = 1e-7 keeps a division
finite, as in the textbook's code (chapter 6.1); others often use 1e-8 or put it under the root.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cache
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import UsageError, unknown_name
from zerokara.nn.arguments import is_number, positive
from zerokara.nn.params import refuse_read_only
from zerokara.words import sentence

Array = NDArray[Any]
EPSILON = 1e-7


@dataclass
class Optimizer(ABC):
    """Changes parameters along their gradients, in place.

    Attributes:
        learning_rate: η, a positive number.
        steps: updates done so far.
        state: slot name → parameter name → array like that parameter; all zero before the first update.
    """

    learning_rate: float

    name: ClassVar[str]
    slots: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        self.steps = 0
        self.state: dict[str, dict[str, Array]] = {}
        for setting, value in self.settings.items():
            _check_setting(setting, value)
            setattr(self, setting, float(value))  # a numpy.float64 would turn float32 steps into float64 ones

    @property
    def settings(self) -> dict[str, float]:
        """The numbers of the formula, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def is_standard(self) -> bool:
        """Whether it is zerokara's own of its name, so that an engine may compute the formula by itself."""
        replaced = any(callable(getattr(type(self), name, None)) for name in vars(self))
        return type(self) is STANDARD_OPTIMIZERS.get(self.name) and not replaced

    def prepare(self, params: Mapping[str, Array]) -> None:
        """Make the state for these parameters, all zero; the first `update` does it where nobody did."""
        self.state = {slot: {name: np.zeros_like(p) for name, p in params.items()} for slot in self.slots}

    def update(self, params: Mapping[str, Array], grads: Mapping[str, Array]) -> None:
        """One update of every parameter, in place."""
        refuse_read_only(params, self.state)
        if self.slots and not self.state:
            self.prepare(params)
        self.steps += 1
        for name, p in params.items():
            self.step(p, grads[name], *(self.state[slot][name] for slot in self.slots))

    @abstractmethod
    def step(self, p: Array, g: Array, *slots: Array) -> None:
        """Update one parameter p and its slots, in place."""


@dataclass
class SGD(Optimizer):
    """Stochastic gradient descent: p ← p - η g."""

    learning_rate: float = 0.1
    name: ClassVar[str] = "sgd"

    def step(self, p: Array, g: Array) -> None:  # type: ignore[override]
        p -= self.learning_rate * g


@dataclass
class Momentum(Optimizer):
    """v ← μ v - η g;  p ← p + v (Polyak 1964; textbook, chapter 6.1.4). PyTorch keeps η out of v."""

    learning_rate: float = 0.01
    momentum: float = 0.9
    name: ClassVar[str] = "momentum"
    slots: ClassVar[tuple[str, ...]] = ("v",)

    def step(self, p: Array, g: Array, v: Array) -> None:  # type: ignore[override]
        v *= self.momentum
        v -= self.learning_rate * g
        p += v


@dataclass
class Nesterov(Optimizer):
    """v ← μ v - η g;  p ← p + μ v - η g (Nesterov 1983, in the form of Bengio et al. 2012, arXiv:1212.0901)."""

    learning_rate: float = 0.01
    momentum: float = 0.9
    name: ClassVar[str] = "nesterov"
    slots: ClassVar[tuple[str, ...]] = ("v",)

    def step(self, p: Array, g: Array, v: Array) -> None:  # type: ignore[override]
        descent = self.learning_rate * g
        v *= self.momentum
        v -= descent
        p += self.momentum * v
        p -= descent


@dataclass
class AdaGrad(Optimizer):
    """h ← h + g²;  p ← p - η g / (√h + ε) (Duchi, Hazan, Singer 2011; textbook, chapter 6.1.5)."""

    learning_rate: float = 0.01
    name: ClassVar[str] = "adagrad"
    slots: ClassVar[tuple[str, ...]] = ("h",)

    def step(self, p: Array, g: Array, h: Array) -> None:  # type: ignore[override]
        h += g * g
        p -= self.learning_rate * g / (np.sqrt(h) + EPSILON)


@dataclass
class RMSprop(Optimizer):
    """h ← ρ h + (1 - ρ) g²;  p ← p - η g / (√h + ε) (Tieleman and Hinton 2012, lecture 6e)."""

    learning_rate: float = 0.001
    decay: float = 0.9
    name: ClassVar[str] = "rmsprop"
    slots: ClassVar[tuple[str, ...]] = ("h",)

    def step(self, p: Array, g: Array, h: Array) -> None:  # type: ignore[override]
        h *= self.decay
        h += (1 - self.decay) * g * g
        p -= self.learning_rate * g / (np.sqrt(h) + EPSILON)


@dataclass
class Adam(Optimizer):
    """m ← m + (1 - β₁)(g - m);  v ← v + (1 - β₂)(g² - v);  p ← p - ηₜ m / (√v + ε), ηₜ = η √(1 - β₂ᵗ) / (1 - β₁ᵗ).

    Kingma and Ba 2015 (arXiv:1412.6980), in the form at the end of their section 2, as in the textbook (6.1.6).
    Others divide m and v themselves and so add ε to another root.
    """

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    name: ClassVar[str] = "adam"
    slots: ClassVar[tuple[str, ...]] = ("m", "v")

    def step(self, p: Array, g: Array, m: Array, v: Array) -> None:  # type: ignore[override]
        rate = self.learning_rate * np.sqrt(1 - self.beta2**self.steps) / (1 - self.beta1**self.steps)
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)
        p -= float(rate) * m / (np.sqrt(v) + EPSILON)


@dataclass
class Nadam(Optimizer):
    """Adam with Nesterov's look ahead: m and v as for Adam, and g, which m of the next step will hold, moves p at once.

    μₜ = β₁ (1 - ½ 0.96^(ψt)), ψ = 0.004, and Πₜ = μ₁ … μₜ:

        p ← p - η ((1 - μₜ) / (1 - Πₜ) g + μₜ₊₁ / (1 - Πₜ₊₁) m) / (√(v / (1 - β₂ᵗ)) + ε),  ε = 1e-8

    Dozat 2016, *Incorporating Nesterov Momentum into Adam*, as in PyTorch's `torch.optim.NAdam`, defaults included.
    Keras's form is the same with ε = 1e-7; ε here is PyTorch's.
    """

    learning_rate: float = 0.002
    beta1: float = 0.9
    beta2: float = 0.999
    name: ClassVar[str] = "nadam"
    slots: ClassVar[tuple[str, ...]] = ("m", "v")

    def step(self, p: Array, g: Array, m: Array, v: Array) -> None:  # type: ignore[override]
        now, ahead = nadam_rates(self.beta1, self.steps)
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)
        root = np.sqrt(v / (1 - self.beta2**self.steps)) + 1e-8
        p -= self.learning_rate * (now * g + ahead * m) / root


def nadam_rates(beta1: float, t: int) -> tuple[float, float]:
    """(1 - μₜ) / (1 - Πₜ) and μₜ₊₁ / (1 - Πₜ₊₁) of `Nadam`: what g and m are multiplied by in update number t, from 1.

    >>> nadam_rates(0.0, 1)
    (1.0, 0.0)
    """
    now, ahead = _nadam_momentum(beta1, t), _nadam_momentum(beta1, t + 1)
    product = _nadam_product(beta1, min(t, 64))
    return (1 - now) / (1 - product), ahead / (1 - product * ahead)


def _nadam_momentum(beta1: float, t: int) -> float:
    return beta1 * (1 - 0.5 * float(0.96 ** (t * 0.004)))


@cache
def _nadam_product(beta1: float, t: int) -> float:
    """Πₜ, multiplied from the first on, so that a run that goes on has the bits of one that never stopped.

    μ is at most 0.506 up to t = 64, so Π₆₄ < 2⁻⁶², and 1 - Πₜ is 1 to the last bit from there on.
    """
    product = 1.0
    for number in range(1, t + 1):
        product *= _nadam_momentum(beta1, number)
    return product


OPTIMIZERS: dict[str, type[Optimizer]] = {c.name: c for c in (SGD, Momentum, Nesterov, AdaGrad, RMSprop, Adam, Nadam)}
"""By name. Looked up when one is made: whoever adds a dataclass derived from `Optimizer` can use its name at once."""

STANDARD_OPTIMIZERS: Mapping[str, type[Optimizer]] = MappingProxyType(dict(OPTIMIZERS))
"""Zerokara\'s own, whatever stands under their names in `OPTIMIZERS` later; `is_standard` compares with these."""


def optimizer_named(name: str, **settings: float | None) -> Optimizer:
    """The optimizer of that name; a setting that is None takes the optimizer's customary value.

    Raises UsageError for an unknown name, and for a setting that this optimizer does not have.

    >>> optimizer_named("adam", learning_rate=None, beta1=0.8)
    Adam(learning_rate=0.001, beta1=0.8, beta2=0.999)
    """
    if not isinstance(name, str) or name not in OPTIMIZERS:
        raise unknown_name("optimizer", name, OPTIMIZERS)
    kind = OPTIMIZERS[name]
    if not (isinstance(kind, type) and issubclass(kind, Optimizer)):
        raise UsageError(
            sentence(
                "The optimizer {name!r} must be a dataclass that is an Optimizer. Got {got!r:.80}.", name=name, got=kind
            ),
            "wrong-value",
        )
    given = {setting: value for setting, value in settings.items() if value is not None}
    known = [field.name for field in fields(kind)]
    for setting in given:
        if setting not in known:
            raise not_a_setting(setting, name, known)
    for field in fields(kind):
        if field.default is MISSING and field.name not in given:
            raise UsageError(
                sentence(
                    "{setting} of {name} has no customary value, so it must be given.", setting=field.name, name=name
                ),
                "missing-argument",
            )
    return kind(**given)


def not_a_setting(setting: str, name: str, known: Sequence[str]) -> UsageError:
    """The error for a setting that the optimizer of that name does not have."""
    text = sentence(
        "{setting} is not a setting of {name}, which has {known}.", setting=setting, name=name, known=", ".join(known)
    )
    return UsageError(text, "unknown-name")


def _check_setting(setting: str, value: float) -> None:
    if setting == "learning_rate":
        positive(setting, value)
    elif not (is_number(value) and 0 <= value < 1):
        raise UsageError(
            sentence("{name} must be at least 0 and less than 1. Got {got!r}.", name=setting, got=value), "wrong-value"
        )
