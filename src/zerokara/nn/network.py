"""The network: layers in order, their parameters in one dict, and the methods of the textbook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from itertools import count
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zerokara.errors import UsageError, unknown_name
from zerokara.finalization import working
from zerokara.nn.activations import STANDARD_ACTIVATIONS, Elementwise, activation_layer, activation_named
from zerokara.nn.arguments import float_dtype, generator_of, layer_sizes, not_negative, positive, real_numbers
from zerokara.nn.functions import STANDARD_LOSSES, decided, loss_named, softmax
from zerokara.nn.initializers import initial_params
from zerokara.nn.labels import as_indices, as_targets
from zerokara.nn.layers import Affine, Layer
from zerokara.nn.numerical import (
    ForwardPass,
    Stop,
    layer_differences,
    looped_gradient,
    penalty_differences,
)
from zerokara.nn.params import Params, refuse_read_only
from zerokara.words import sentence

Array = NDArray[Any]


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

    Raises UsageError for sizes, names or numbers that cannot be used; its methods, for an x or t that does not fit.

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
        self.sizes = layer_sizes(sizes)
        activation_named(activation)  # refuses an unknown one also where no hidden layer needs it
        self.activation = activation
        self.loss_name = loss
        self.dtype = float_dtype(dtype)
        self.weight_decay = weight_decay
        self._params = Params(initial_params(self.sizes, activation, init, generator_of(seed), self.dtype))
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
    def loss_name(self) -> str:
        """What is minimised. Another name is another loss; one that is unknown is refused with a UsageError."""
        name: str = vars(self)["loss_name"]
        return name

    @loss_name.setter
    def loss_name(self, name: str) -> None:
        self._loss = loss_named(name)
        vars(self)["loss_name"] = name

    @property
    def params(self) -> Params:
        """The parameters by name. Assigning a dict with the same names copies its values in; UsageError for others."""
        return self._params

    @params.setter
    def params(self, values: Mapping[str, ArrayLike]) -> None:
        if set(values) != set(self._params):
            known, got = ", ".join(self._params), ", ".join(map(str, values))
            text = sentence("params must have the names {known}. Got {got}; nothing was changed.", known=known, got=got)
            raise UsageError(text, "unknown-name")
        self._params.update(values)

    def _make_layers(self) -> Iterator[Layer]:
        last = len(self.sizes) - 1
        for i in range(1, last + 1):
            yield Affine(self.params[f"W{i}"], self.params[f"b{i}"])
            if i < last:
                yield activation_layer(self.activation)

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
        scores = self._forward(self._rows(x))
        return scores[0] if np.ndim(x) == 1 else scores

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
        return network_gradient(self, x, t, h=h, only=only, method=method)

    @property
    def is_standard(self) -> bool:
        """Whether sizes, activation, loss name and weight decay say all of it, so that an engine may compute it.

        No layer was replaced, no method overridden, and activation and loss are zerokara's own, not what somebody has
        put under their names.
        """
        unchanged = not any(map(_has_methods_replaced, self.layers))
        return unchanged and self.has_standard_loss and self._has_standard_methods(GRADIENT_METHODS)

    @property
    def has_standard_loss(self) -> bool:
        """The same of the loss alone: a numerical gradient asks for no more."""
        standard = STANDARD_ACTIVATIONS.get(self.activation)
        return (
            self.can_move_units
            and all(type(layer) is standard and "forward" not in vars(layer) for layer in self.layers[1::2])
            and self._loss is STANDARD_LOSSES.get(self.loss_name)
        )

    @property
    def can_move_units(self) -> bool:
        """Whether weights and scores are as for a network that nobody has changed, but for activations of any kind.

        Those must work element by element: then a unit can be moved alone; see `zerokara.nn.numerical`.
        """
        affine, between = self.layers[::2], self.layers[1::2]
        plain = (layer for layer in affine if type(layer) is Affine and "forward" not in vars(layer))
        parameters = [array for layer in plain for array in (layer.W, layer.b)]
        return (
            len(affine) == len(between) + 1 == len(self.sizes) - 1
            and list(map(id, parameters)) == list(map(id, self._params.values()))
            and all(isinstance(layer, Elementwise) for layer in between)
            and self._has_standard_methods(LOSS_METHODS)
        )

    def _has_standard_methods(self, names: Iterable[str]) -> bool:
        """Whether these methods are those of `Network`, neither overridden nor replaced."""
        return all(getattr(type(self), name) is getattr(Network, name) and name not in vars(self) for name in names)

    def copy(self, dtype: Any = None) -> Self:
        """An independent network with the same layers and parameters, in another dtype if one is given."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin.dtype = self.dtype if dtype is None else float_dtype(dtype)
        twin._params = Params({name: np.array(value, twin.dtype) for name, value in self.params.items()})
        twin.layers = list(self._layers_with(twin.params))
        return twin

    def _from_layer(self, i: int, weights: Array) -> Network:
        """What follows the inputs of affine layer i, from 1, with other weights there and no bias; without penalty."""
        tail = object.__new__(Network)
        tail.__dict__.update(self.__dict__)
        tail.sizes = (len(weights), *self.sizes[i:])
        arrays = [weights, np.zeros_like(self.params[f"b{i}"]), *list(self.params.values())[2 * i :]]
        tail._params = Params({f"{'Wb'[at % 2]}{at // 2 + 1}": array for at, array in enumerate(arrays)})
        tail.layers = list(map(copy, self.layers[2 * i - 2 :]))
        tail.layers = list(tail._layers_with(tail.params))
        tail.weight_decay = 0.0
        return tail

    @working()
    def _forward(self, x: Array) -> Array:
        """The scores (n, classes) of rows x (n, features)."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    @working()
    def _backward(self, dout: Array) -> None:
        """Send ∂L/∂scores (n, classes) back through the layers, which keep ∂L/∂W and ∂L/∂b."""
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
        weights = (layer.W.astype(np.float64, copy=False) for layer in self.layers if isinstance(layer, Affine))
        return 0.5 * self._weight_decay * sum(float((W * W).sum()) for W in weights)

    def _forward_pass(self, x: ArrayLike, t: ArrayLike) -> ForwardPass:
        """A pass through copies of the layers, so that those of the network keep what their `backward` needs."""
        rows = self._rows(x)
        return ForwardPass.through(list(map(copy, self.layers)), self._loss.terms, rows, self._targets(t, len(rows)))

    def _rows(self, x: ArrayLike) -> Array:
        """x as rows (n, features) in the network's dtype, or a sentence on what does not fit."""
        rows = np.atleast_2d(real_numbers("x", x))
        if rows.ndim != 2 or rows.shape[1] != self.sizes[0]:
            raise UsageError(
                sentence(
                    "x must have shape (samples, {features}) or ({features},). Got {got}.",
                    features=self.sizes[0],
                    got=np.shape(x),
                ),
                "wrong-shape",
            )
        if rows.shape[0] == 0:
            raise UsageError(
                sentence("x must have at least one sample. Got shape {got}.", got=np.shape(x)), "wrong-shape"
            )
        return rows.astype(self.dtype, copy=False)

    def _targets(self, t: ArrayLike, n: int) -> Array:
        return as_targets(t, n, self.sizes[-1], self.dtype)

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.sizes))
        decay = f", weight decay {self.weight_decay:g}" if self.weight_decay else ""
        return f"<{type(self).__name__} {sizes}, {self.activation}, {self.loss_name}{decay}, {self.dtype}>"


def _has_methods_replaced(layer: Layer) -> bool:
    """Whether a method was replaced on the layer itself, not in its class."""
    return any(callable(getattr(type(layer), name, None)) for name in vars(layer))


class FastGradient(Protocol):
    """What may stand in for NumPy's way to the differences of a standard loss; see `Engine.numerical_gradient`."""

    def __call__(
        self, network: Network, x: Array, t: Array, *, h: float, only: str | None
    ) -> dict[str, NDArray[np.float64]]: ...


fast_gradient: FastGradient | None = None
"""The slot for a faster way to the same differences. `zerokara` fills it on import; alone, nn takes NumPy's."""


def network_gradient(
    network: Network, x: ArrayLike, t: ArrayLike, *, h: float = 1e-4, only: str | None = None, method: str = "auto"
) -> dict[str, Array]:
    """The central differences of a network's loss; see `Network.numerical_gradient`."""
    if method not in ("auto", "loop"):
        raise unknown_name("method", method, ("auto", "loop"))
    if only is not None and only not in list(network.params):
        raise unknown_name("only", only, network.params)
    positive("h", h)
    if network.dtype != np.float64:
        raise UsageError(
            sentence(
                "A numerical gradient needs a float64 network: in {dtype} a difference with h = {h} is mostly "
                "rounding. Use network.copy(np.float64).",
                dtype=network.dtype,
                h=h,
            ),
            "wrong-value",
        )
    network.loss(x, t)  # refuses x and t that do not fit, before any work
    if method == "auto" and fast_gradient is not None and network.has_standard_loss:
        return dict(fast_gradient(network, np.asarray(x), np.asarray(t), h=h, only=only))
    if method == "loop":
        return _looped(network, x, t, h, only, None)
    return central_differences(network, x, t, h=h, only=only)


@working()
def central_differences(
    network: Network, x: ArrayLike, t: ArrayLike, *, h: float = 1e-4, only: str | None = None, stop: Stop = None
) -> dict[str, Array]:
    """The central differences of a network's loss in NumPy: by moving units where that is possible, else by the loop.

    Args:
        x, t: as for `Network.loss`; h, only: as for `Network.numerical_gradient`.
        stop: a flag, (1,); once it is not 0, the rest of the gradient is left unfinished.

    Returns:
        A dict like `params`, or of `only` that one. Where the loss itself is not finite, all of it is NaN.
    """
    if network.dtype != np.float64:
        network = network.copy(np.float64)
    if not network.can_move_units:
        return _looped(network, x, t, h, only, stop)
    names = list(network.params) if only is None else [only]
    passed = network._forward_pass(x, t)
    if not np.isfinite(passed.losses(passed.scores[-1]).sum()):
        return {name: np.full(network.params[name].shape, np.nan) for name in names}
    gradients: dict[str, Array] = {}
    for i in range(1, len(network.sizes)):
        weights, biases = f"W{i}", f"b{i}"
        if weights in names or biases in names:
            both = layer_differences(passed, i - 1, h, weights=weights in names, stop=stop)
            gradients |= {weights: both[:-1], biases: both[-1]}
            if network.weight_decay:
                gradients[weights] += penalty_differences(network.params[weights], network.weight_decay, h)
    return {name: gradients[name] for name in names}


def _looped(network: Network, x: ArrayLike, t: ArrayLike, h: float, only: str | None, stop: Stop) -> dict[str, Array]:
    """By the definition: the loss of the whole network, twice per weight."""
    names = list(network.params) if only is None else [only]
    return {name: looped_gradient(lambda _: network.loss(x, t), network.params[name], h, stop) for name in names}


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
        self.learning_rate = positive("learning_rate", learning_rate)

    def learn(self, x: ArrayLike, t: ArrayLike) -> float:
        """One step of gradient descent on these samples; returns their loss before it."""
        refuse_read_only(self.params)
        loss, grads = self.loss_and_gradient(x, t)
        for name, grad in grads.items():
            self.params[name] -= self.learning_rate * grad
        return loss
