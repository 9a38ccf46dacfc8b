"""The formulas of one update, in the symbols of the textbook (chapters 3 to 6), as the page writes them.

A formula is a text with terms in braces: {a1} is that term, {a1:a1[7]} the same written otherwise, so that the page can
link it with its numbers and its place. A digit after a letter becomes an index, a letter after ^ a power.

The terms: x, W1, b1, a1, z1, …, y, t, L; backward d1 (δ1 = ∂L/∂a1), dz1 (∂L/∂z1), f1 (the slope of the activation at
a1), dW1, db1 (∂L/∂W1, ∂L/∂b1); nW1, nb1 (the new weights), nL (the loss with them).
"""

from __future__ import annotations

from collections.abc import Mapping

from zerokara.nn.activations import STANDARD_ACTIVATIONS
from zerokara.nn.network import Network
from zerokara.training.optimizers import EPSILON, Adam, Nadam, Optimizer, nadam_rates

ACTIVATIONS: Mapping[str, tuple[str, str]] = {
    "relu": ("max(0, {a})", ""),
    "sigmoid": ("1 / (1 + exp(−{a}))", "{z} (1 − {z})"),
    "tanh": ("tanh({a})", "1 − {z}^2"),
    "gelu": ("{a} sigmoid(2√(2/π) ({a} + 0.044715 {a}^3))", ""),
    "leaky-relu": ("max({a}, 0.01 {a})", ""),
}
"""What each is, and its slope where that is short."""

LOSSES: Mapping[str, tuple[str, str]] = {
    "cross-entropy": ("−Σ {t} log {y}", "{y} − {t}"),
    "textbook": ("−Σ {t} log({y} + 1e-7)", "{y} · (g − Σ g {y}),  g = −{t} / ({y} + 1e-7)"),
    "squared": ("½ Σ ({y} − {t})^2", "{y} · (g − Σ g {y}),  g = {y} − {t}"),
}
"""What each is, of y = softmax(a), and its slope by the scores a."""

OPTIMIZERS: Mapping[str, tuple[str, ...]] = {
    "sgd": ("{p} ← {p} − η {g}",),
    "momentum": ("v ← μ v − η {g}", "{p} ← {p} + v"),
    "nesterov": ("v ← μ v − η {g}", "{p} ← {p} + μ v − η {g}"),
    "adagrad": ("h ← h + ({g})^2", "{p} ← {p} − η {g} / (√h + ε)"),
    "rmsprop": ("h ← ρ h + (1 − ρ) ({g})^2", "{p} ← {p} − η {g} / (√h + ε)"),
    "adam": (
        "m ← m + (1 − β1) ({g} − m),  v ← v + (1 − β2) (({g})^2 − v)",
        "{p} ← {p} − η √(1 − β2^t) / (1 − β1^t) · m / (√v + ε)",
    ),
    "nadam": (
        "m ← m + (1 − β1) ({g} − m),  v ← v + (1 − β2) (({g})^2 − v)",
        "{p} ← {p} − η (r {g} + s m) / (√(v / (1 − β2^t)) + ε)",
    ),
}
"""How a weight follows its gradient, as in `zerokara.training.optimizers`."""

EPSILONS = {"adagrad": EPSILON, "rmsprop": EPSILON, "adam": EPSILON, "nadam": 1e-8}
SETTINGS = {"learning_rate": "η", "momentum": "μ", "decay": "ρ", "beta1": "β1", "beta2": "β2"}


def term(name: str, text: str = "") -> str:
    """A term, written as itself or as this text."""
    return f"{{{name}:{text}}}" if text else f"{{{name}}}"


def affine(i: int) -> str:
    """a = x W + b."""
    return f"{{a{i}}} = {{{input_of(i)}}} {{W{i}}} + {{b{i}}}"


def affine_shapes(network: Network, i: int) -> str:
    """The same in rows × columns."""
    fan_in, fan_out = network.sizes[i - 1 : i + 1]
    got = f"{{{input_of(i)}:(1 × {fan_in})}}"
    return f"{{a{i}:(1 × {fan_out})}} = {got} {{W{i}:({fan_in} × {fan_out})}} + {{b{i}:({fan_out})}}"


def input_of(i: int) -> str:
    """The term that affine layer i gets."""
    return "x" if i == 1 else f"z{i - 1}"


def activation(network: Network, i: int) -> str:
    """z = f(a), and what f is where that is known."""
    begun = f"{{z{i}}} = {network.activation}({{a{i}}})"
    known = _activation(network)
    return f"{begun} = {_filled(known[0], i)}" if known else begun


def activation_slope(network: Network, i: int) -> str:
    """f′(a) where that is short, or ""."""
    known = _activation(network)
    return f"{{f{i}:{network.activation}′(a{i})}} = {_filled(known[1], i)}" if known and known[1] else ""


def _activation(network: Network) -> tuple[str, str] | None:
    is_own = all(type(layer) is STANDARD_ACTIVATIONS.get(network.activation) for layer in network.layers[1::2])
    return ACTIVATIONS.get(network.activation) if is_own else None


def _filled(text: str, i: int) -> str:
    return text.replace("{a}", f"{{a{i}}}").replace("{z}", f"{{z{i}}}")


def softmax(i: int) -> str:
    """y of the scores."""
    return f"{{y}} = softmax({{a{i}}}) = exp({{a{i}}}) / Σ exp({{a{i}}})"


def loss(network: Network) -> str:
    """L, with the penalty of weight decay."""
    i = len(network.sizes) - 1
    known = LOSSES.get(network.loss_name) if network.has_standard_loss else None
    begun = known[0] if known else f"{network.loss_name}({{a{i}}}, {{t}})"
    squares = " + ".join(f"Σ {{W{k}}}^2" for k in range(1, i + 1))
    penalty = f" + ½ λ ({squares})" if i > 1 else f" + ½ λ {squares}"
    return f"{{L}} = {begun}" + (penalty if network.weight_decay else "")


def loss_slope(network: Network) -> str:
    """δ of the scores."""
    i = len(network.sizes) - 1
    known = LOSSES.get(network.loss_name) if network.has_standard_loss else None
    return f"{{d{i}}} = ∂L/∂a{i}" + (f" = {known[1]}" if known else "")


def gradient(network: Network, i: int) -> str:
    """∂L/∂W and ∂L/∂b."""
    decay = f" + λ {{W{i}}}" if network.weight_decay else ""
    return f"{{dW{i}}} = {{{input_of(i)}}}^T {{d{i}}}{decay},  {{db{i}}} = {{d{i}}}"


def gradient_shapes(network: Network, i: int) -> str:
    """The same in rows × columns."""
    fan_in, fan_out = network.sizes[i - 1 : i + 1]
    decay = f" + {{W{i}:({fan_in} × {fan_out})}}" if network.weight_decay else ""
    return f"{{dW{i}:({fan_in} × {fan_out})}} = {{{input_of(i)}:({fan_in} × 1)}} {{d{i}:(1 × {fan_out})}}{decay}"


def inner(i: int) -> str:
    """∂L/∂z of hidden layer i."""
    return f"{{dz{i}}} = {{d{i + 1}}} {{W{i + 1}}}^T"


def inner_shapes(network: Network, i: int) -> str:
    """The same in rows × columns."""
    units, after = network.sizes[i : i + 2]
    return f"{{dz{i}:(1 × {units})}} = {{d{i + 1}:(1 × {after})}} {{W{i + 1}:({after} × {units})}}"


def delta(network: Network, i: int) -> str:
    """δ of hidden layer i."""
    return f"{{d{i}}} = ∂L/∂a{i} = {{dz{i}}} · {{f{i}:{network.activation}′(a{i})}}"


def update(optimizer: Optimizer, i: int) -> list[str]:
    """How W follows its gradient; only a name where the optimizer is somebody's own."""
    weight, slope = f"W{i}", f"dW{i}"
    lines = OPTIMIZERS.get(optimizer.name) if optimizer.is_standard else None
    if lines is None:
        return [f"{{nW{i}:W{i}}} ← {optimizer.name}({{{weight}}}, {{{slope}}})"]
    filled = [line.replace("{p} ←", f"{{nW{i}:W{i}}} ←") for line in lines]
    return [line.replace("{p}", f"{{{weight}}}").replace("{g}", f"{{{slope}}}") for line in filled]


def settings(optimizer: Optimizer, decay: float) -> str:
    """The numbers that the formula takes, by their symbols."""
    named = [f"{SETTINGS.get(name, name)} = {value:g}" for name, value in optimizer.settings.items()]
    if optimizer.is_standard and optimizer.name in EPSILONS:
        named.append(f"ε = {EPSILONS[optimizer.name]:g}")
    if isinstance(optimizer, Adam | Nadam):
        named.append(f"t = {optimizer.steps}")
    if isinstance(optimizer, Nadam):
        rates = nadam_rates(optimizer.beta1, optimizer.steps)
        named += [f"{name} = {rate:.4g}" for name, rate in zip("rs", rates, strict=True)]
    return ",  ".join(named + ([f"λ = {decay:g}"] if decay else []))
