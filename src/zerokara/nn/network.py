"""The network: layers in order, their parameters in one dict, and the methods of the textbook."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from itertools import count
from typing import Any, NoReturn, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zerokara.errors import UsageError, unknown_name
from zerokara.finalization import working
from zerokara.nn import gradients
from zerokara.nn.activations import ACTIVATIONS, OWN_ACTIVATIONS
from zerokara.nn.functions import OWN_LOSSES, decided, loss_named, softmax
from zerokara.nn.initializers import initial_params
from zerokara.nn.labels import as_indices, as_targets
from zerokara.nn.layers import Affine, Layer
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
                sentence("params has {known}. Got {name!r}; nothing was changed.", known=", ".join(self), name=name)
            )
        if np.shape(value) != self[name].shape:
            raise UsageError(
                sentence(
                    "params[{name!r}] has shape {expected}. Got {got}; nothing was changed.",
                    name=name,
                    expected=self[name].shape,
                    got=np.shape(value),
                )
            )
        if value is not self[name]:
            refuse_read_only({name: self[name]})

    def _refuse(self, *_: Any) -> NoReturn:
        raise UsageError("params belong to the layers: none can be added or removed. Nothing was changed.")

    __delitem__ = pop = popitem = clear = setdefault = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return Params, (dict(self),)


def refuse_read_only(params: Mapping[str, Array], state: Mapping[str, Mapping[str, Array]] | None = None) -> None:
    """Raise UsageError where parameters, or an optimizer's arrays for them, that are to be changed cannot be."""
    fixed = [name for name, array in params.items() if not array.flags.writeable]
    for slot, arrays in (state or {}).items():
        fixed += [f"{slot} of {name}" for name, array in arrays.items() if not array.flags.writeable]
    if fixed:
        raise UsageError(
            sentence(
                "What is trained must be writable. Read-only, as in a file that was mapped into memory: {names}. "
                "Nothing was changed. Train network.copy(), or load a writable one (mmap_mode=None).",
                names=", ".join(fixed),
            )
        )


LOSS_METHODS = ("loss", "_forward", "_rows", "_targets", "_penalty")
GRADIENT_METHODS = ("predict", "gradient", "loss_and_gradient", "_backward", "_gradients")
"""What a network's numbers come from. One that has others of its own is no standard network."""


class Network:
    """A fully connected network: affine layers with one activation between them, softmax and a loss at the end.

    Args:
        sizes: units of each layer, inputs first, such as [784, 50, 10].
        activation: "relu", "sigmoid", "tanh", "gelu" or "leaky-relu", after every layer but the last; or another name
            in `zerokara.nn.activations.ACTIVATIONS`.
        loss: "cross-entropy", "textbook" or "squared"; or another name in `zerokara.nn.functions.LOSSES`.
        init: standard deviation of the initial weights, "he", "xavier" or "auto" (see `zerokara.nn.initializers`).
        seed: an integer or a `numpy.random.Generator` that the initial weights are drawn from.
        dtype: float64, or float32 for half the memory and twice the speed.
        weight_decay: λ of the penalty ½ λ Σ W² over all weights, not biases, that is part of the loss and its gradient
            (textbook, chapter 6.4.2).

    Attributes:
        params: "W1" (sizes[0], sizes[1]), "b1" (sizes[1],), "W2", … in the order of the layers; see `Params`.

    Raises UsageError for sizes, names or numbers that cannot be used.

    >>> network = Network([784, 50, 10])
    >>> {name: array.shape for name, array in network.params.items()}
    {'W1': (784, 50), 'b1': (50,), 'W2': (50, 10), 'b2': (10,)}
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        activation: str = "relu",
        loss: str = "cross-entropy",
        init: str | float = "auto",
        seed: int | np.random.Generator = 0,
        dtype: Any = np.float64,
        weight_decay: float = 0.0,
    ) -> None:
        self.sizes = _checked_sizes(sizes)
        if activation not in ACTIVATIONS:
            raise unknown_name("activation", activation, ACTIVATIONS)
        self.activation = activation
        self._loss = loss_named(loss)
        self.loss_name = loss
        self.dtype = _checked_dtype(dtype)
        self.weight_decay = weight_decay
        self._params = Params(initial_params(self.sizes, activation, init, _generator(seed), self.dtype))
        self.layers = list(self._make_layers())

    _weight_decay = 0.0  # also of networks that were pickled when there was none

    @property
    def weight_decay(self) -> float:
        """λ, 0 or a positive number; a value that is none is refused with a UsageError."""
        return self._weight_decay

    @weight_decay.setter
    def weight_decay(self, value: float) -> None:
        self._weight_decay = not_negative("weight_decay", value)

    @property
    def params(self) -> Params:
        """The parameters by name. Assigning a dict with the same names copies its values in."""
        return self._params

    @params.setter
    def params(self, values: Mapping[str, ArrayLike]) -> None:
        if set(values) != set(self._params):
            raise UsageError(
                sentence(
                    "params must have the names {known}. Got {got}; nothing was changed.",
                    known=", ".join(self._params),
                    got=", ".join(map(str, values)),
                )
            )
        self._params.update(values)

    def _make_layers(self) -> Iterator[Layer]:
        last = len(self.sizes) - 1
        for i in range(1, last + 1):
            yield Affine(self.params[f"W{i}"], self.params[f"b{i}"])
            if i < last:
                yield ACTIVATIONS[self.activation]()

    def _layers_with(self, params: Params) -> Iterator[Layer]:
        """Copies of the layers that read other parameters; a layer somebody has put in stays in."""
        numbers = count(1)
        for layer in map(copy, self.layers):
            if isinstance(layer, Affine):
                i = next(numbers)
                layer.W, layer.b = params[f"W{i}"], params[f"b{i}"]
            yield layer

    def __getstate__(self) -> dict[str, Any]:
        """What copies and pickles carry: the layers without their arrays, which `params` has, and the loss by name.

        Not every serializer keeps it that two names mean one array: joblib writes it twice, and reads two.
        """
        layers = [copy(layer) for layer in self.layers]
        for layer in layers:
            if isinstance(layer, Affine):
                del layer.W, layer.b
        state = {**self.__dict__, "layers": layers}
        del state["_loss"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _loss=loss_named(state["loss_name"]))
        self.layers = list(self._layers_with(self._params))

    def predict(self, x: ArrayLike) -> Array:
        """Scores, before softmax: (n, classes) for x (n, features), (classes,) for a single x (features,)."""
        x = np.asarray(x)
        scores = self._forward(self._rows(x))
        return scores[0] if x.ndim == 1 else scores

    def probabilities(self, x: ArrayLike) -> Array:
        """softmax of the scores, in the shapes of `predict`."""
        return softmax(self.predict(x))

    def loss(self, x: ArrayLike, t: ArrayLike) -> float:
        """The mean loss of samples x (n, features) with labels t: (n,) indices, or (n, classes) one-hot or soft.

        With weight decay the penalty, ½ λ Σ W², is part of it.
        """
        scores = self._forward(self._rows(x))
        return self._loss.value(scores, self._targets(t, len(scores))) + self._penalty()

    def accuracy(self, x: ArrayLike, t: ArrayLike) -> float:
        """The share of samples, 0 to 1, whose largest score is finite and that of their label."""
        scores = self._forward(self._rows(x))
        return float(np.mean(decided(scores) == as_indices(t, len(scores), self.sizes[-1])))

    def gradient(self, x: ArrayLike, t: ArrayLike) -> dict[str, Array]:
        """The gradient of the loss by backpropagation: a dict like `params`."""
        return self.loss_and_gradient(x, t)[1]

    def loss_and_gradient(self, x: ArrayLike, t: ArrayLike) -> tuple[float, dict[str, Array]]:
        """`loss` and `gradient` from one forward pass."""
        scores = self._forward(self._rows(x))
        targets = self._targets(t, len(scores))
        self._backward(self._loss.gradient(scores, targets))
        return self._loss.value(scores, targets) + self._penalty(), self._gradients()

    def numerical_gradient(
        self, x: ArrayLike, t: ArrayLike, *, h: float = 1e-4, only: str | None = None, method: str = "auto"
    ) -> dict[str, Array]:
        """The gradient by central differences, (L(w + h) - L(w - h)) / 2h for every weight: a dict like `params`.

        Args:
            only: the name of one parameter, to compute no other.
            method: "loop" evaluates the loss twice per weight, which is the definition; "auto" takes a faster way
                to the same differences where there is one.

        Raises UsageError on a float32 network: there a difference with h = 1e-4 is mostly rounding.
        """
        return gradients.network_gradient(self, x, t, h=h, only=only, method=method)

    @property
    def is_standard(self) -> bool:
        """Whether sizes, activation, loss name and weight decay say all of it, so that an engine may compute it.

        No layer was replaced, no method overridden, and activation and loss are zerokara's own, not what somebody has
        put under their names.
        """
        return self._has_standard_loss and self._has_own(Network, GRADIENT_METHODS)

    @property
    def _has_standard_loss(self) -> bool:
        """The same of the loss alone: numerical gradients ask for no more."""
        hidden = [Affine, OWN_ACTIVATIONS.get(self.activation)] * (len(self.sizes) - 2)
        return (
            [type(layer) for layer in self.layers] == [*hidden, Affine]
            and self._loss is OWN_LOSSES.get(self.loss_name)
            and self._has_own(Network, LOSS_METHODS)
        )

    def _has_own(self, kind: type, methods: Iterable[str]) -> bool:
        """Whether these methods are those of a class, neither overridden nor replaced."""
        return all(getattr(type(self), name) is getattr(kind, name) and name not in vars(self) for name in methods)

    def copy(self, dtype: Any = None) -> Self:
        """An independent network with the same layers and parameters, in another dtype if one is given."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin.dtype = self.dtype if dtype is None else _checked_dtype(dtype)
        twin._params = Params({name: np.array(value, twin.dtype) for name, value in self.params.items()})
        twin.layers = list(self._layers_with(twin.params))
        return twin

    @working()
    def _forward(self, x: Array) -> Array:
        for layer in self.layers:
            x = layer.forward(x)
        return x

    @working()
    def _backward(self, dout: Array) -> None:
        first, *later = self.layers
        for layer in reversed(later):
            dout = layer.backward(dout)
        assert isinstance(first, Affine)
        first.find_gradients(dout)

    def _gradients(self) -> dict[str, Array]:
        """∂L/∂W and ∂L/∂b of every affine layer after `_backward`, and with weight decay λ W more for its weights."""
        grads: dict[str, Array] = {}
        for i, layer in enumerate((layer for layer in self.layers if isinstance(layer, Affine)), start=1):
            decays = self._weight_decay > 0  # without, not a bit changes
            grads[f"W{i}"] = layer.dW + self._weight_decay * layer.W if decays else layer.dW
            grads[f"b{i}"] = layer.db
        return grads

    def _penalty(self) -> float:
        """½ λ Σ W² over all weights, in double precision."""
        if self._weight_decay == 0:
            return 0.0
        weights = (layer.W for layer in self.layers if isinstance(layer, Affine))
        return 0.5 * self._weight_decay * sum(float((W * W).sum(dtype=np.float64)) for W in weights)

    def _rows(self, x: ArrayLike) -> Array:
        """x as rows (n, features) in the network's dtype, or a sentence on what does not fit."""
        rows = np.atleast_2d(np.asarray(x))
        if rows.ndim != 2 or rows.shape[1] != self.sizes[0]:
            raise UsageError(
                sentence(
                    "x must have shape (samples, {features}) or ({features},). Got {got}.",
                    features=self.sizes[0],
                    got=np.shape(x),
                )
            )
        if rows.shape[0] == 0:
            raise UsageError(sentence("x must have at least one sample. Got shape {got}.", got=np.shape(x)))
        return rows.astype(self.dtype, copy=False)

    def _targets(self, t: ArrayLike, n: int) -> Array:
        return as_targets(t, n, self.sizes[-1], self.dtype)

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.sizes))
        decay = f", weight decay {self.weight_decay:g}" if self.weight_decay else ""
        return f"<{type(self).__name__} {sizes}, {self.activation}, {self.loss_name}{decay}, {self.dtype}>"


class TwoLayerNet(Network):
    """The textbook's network: one hidden layer, and `learn` for one step of gradient descent.

    Args:
        input_size, hidden_size, output_size: units of the three layers.
        weight_init_std: standard deviation of the initial weights, or "he" or "xavier".
        learning_rate: what `learn` multiplies the gradient by.
        activation, loss, seed, weight_decay: as for `Network`.

    >>> net = TwoLayerNet(784, 50, 10, activation="sigmoid")
    >>> net.predict(np.zeros((3, 784))).shape
    (3, 10)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        *,
        activation: str = "relu",
        weight_init_std: str | float = 0.01,
        loss: str = "cross-entropy",
        learning_rate: float = 0.1,
        seed: int | np.random.Generator = 0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            [input_size, hidden_size, output_size],
            activation=activation,
            loss=loss,
            init=weight_init_std,
            seed=seed,
            weight_decay=weight_decay,
        )
        if not (learning_rate > 0 and np.isfinite(learning_rate)):
            raise UsageError(sentence("learning_rate must be a positive number. Got {got}.", got=learning_rate))
        self.learning_rate = learning_rate

    def learn(self, x: ArrayLike, t: ArrayLike) -> float:
        """One step of gradient descent on these samples; returns their loss before it."""
        refuse_read_only(self.params)
        loss, grads = self.loss_and_gradient(x, t)
        for name, grad in grads.items():
            self.params[name] -= self.learning_rate * grad
        return loss


def not_negative(name: str, value: Any) -> float:
    """A setting that is 0 or a positive number, as a float. Raises UsageError for anything else, bools included."""
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not (number and np.isfinite(value) and value >= 0):
        raise UsageError(sentence("{name} must be 0 or a positive number. Got {got!r}.", name=name, got=value))
    return float(value)


def _checked_sizes(sizes: Sequence[int]) -> tuple[int, ...]:
    checked = tuple(sizes) if np.iterable(sizes) else (sizes,)
    whole = all(isinstance(size, int | np.integer) and size > 0 for size in checked)
    if len(checked) < 2 or not whole:
        raise UsageError(
            sentence(
                "sizes must be two or more positive whole numbers, inputs first, such as [784, 50, 10]. Got {got}.",
                got=list(checked),
            )
        )
    return tuple(map(int, checked))


def _checked_dtype(dtype: Any) -> np.dtype[Any]:
    for known in (np.dtype(np.float32), np.dtype(np.float64)):
        if dtype is not None and known == dtype:
            return known
    raise UsageError(sentence("dtype must be float32 or float64. Got {got}.", got=dtype))


def _generator(seed: int | np.random.Generator) -> np.random.Generator:
    if isinstance(seed, np.random.Generator):
        return seed
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise UsageError(
            sentence("seed must be a whole number of 0 or more, or a numpy.random.Generator. Got {got!r}.", got=seed)
        )
    return np.random.default_rng(seed)
