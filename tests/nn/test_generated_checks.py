"""Gradient checks of networks made at random: right ones are never accused, wrong ones are found.

What is right comes from a witness: complex steps in extended precision, Im f(w + ih) / h, which neither truncate nor
cancel (Squire and Trapp 1998).
"""

from collections import Counter
from unittest import mock

import numpy as np
import pytest

from zerokara.nn import Network, gradient_check
from zerokara.nn import network as networks
from zerokara.nn.activations import ACTIVATIONS, STANDARD_ACTIVATIONS, Elementwise
from zerokara.nn.check import CANNOT_BE_TOLD, DISAGREES
from zerokara.nn.error_bounds import affine_bounds
from zerokara.nn.functions import LOSSES, TEXTBOOK_EPSILON
from zerokara.nn.kinks import kinks

LEFT = 1e-12
"""What double precision leaves of a slope: a row whose gradient is smaller beside its inputs has none to speak of."""


def made(seed, network=Network):
    """A network, samples (n, features) and labels of any kind and size, saturated and zero weights among them."""
    rng = np.random.default_rng([seed, 1])
    n = int(rng.choice([1, 2, 5, 20, 60]))
    sizes = [int(size) for size in rng.integers(1, 13, size=rng.integers(2, 6))]
    sizes[-1] = int(rng.integers(2, 7))
    net = network(
        sizes,
        activation=str(rng.choice(list(ACTIVATIONS))),
        loss=str(rng.choice(list(LOSSES))),
        init=[0.01, "he", "xavier", 1.0, 10.0][rng.integers(5)],
        seed=seed,
        dtype=[np.float64, np.float32][int(rng.random() < 0.1)],
        weight_decay=float(rng.choice([0, 0, 10 ** rng.uniform(-6, 1)])),
    )
    spoil(net, rng)
    return net, inputs(n, sizes[0], rng), labels(n, sizes[-1], rng)


def spoil(net, rng):
    for name, values in net.params.items():
        kind = rng.random()
        if name[0] == "b" and kind < 0.6:
            values[...] = rng.standard_normal(values.shape) * 10 ** rng.uniform(-3, 1)
        elif name[0] == "W" and kind < 0.08:
            values[...] = 0
        elif name[0] == "W" and kind < 0.16:
            values *= 10 ** rng.uniform(1, 3)  # saturated
        elif name[0] == "W" and kind < 0.25:
            values[rng.random(len(values)) < 0.4] = 0


def inputs(n, features, rng):
    shape = (n, features)
    x = [rng.random, rng.standard_normal, lambda shape: rng.integers(0, 256, shape) / 255][rng.integers(3)](shape)
    mixed = rng.random() < 0.3  # between columns
    x = x * 10 ** rng.uniform(-6, 6, features if mixed else 1)
    if rng.random() < 0.3:
        x[:, rng.random(features) < 0.3] = 0
    if rng.random() < 0.3:
        x[rng.random(shape) < 0.6] = 0
    return x


def labels(n, classes, rng):
    kind = rng.integers(4)
    indices = rng.integers(classes, size=n)
    if kind == 0:
        return indices
    if kind == 1:
        return np.eye(classes)[indices]
    soft = rng.dirichlet(np.ones(classes), n)
    return soft if kind == 2 else soft * rng.uniform(0.2, 2, (n, 1))


def right_networks(seeds, network=Network):
    """How many of each thing were seen; `alarms`: the seeds of right networks that were accused."""
    seen, alarms = Counter(), []
    for seed in seeds:
        net, x, t = made(seed, network)
        check = gradient_check(net, x, t)
        if check.verdict == DISAGREES:
            alarms.append(seed)
        with np.errstate(all="ignore"):
            exact = net.copy(np.float64).gradient(x, t)
        for row, size in zip(check.rows, sizes_of_inputs(net, x), strict=True):
            gradient = np.abs(np.atleast_2d(exact[row.name])).max(axis=1)
            there, untold = gradient > LEFT * size, row.verdicts == CANNOT_BE_TOLD
            seen["rows"] += len(gradient)
            if is_of_usual_size(x):
                seen["usual"] += int(there.sum())
                seen["usual, untold"] += int((there & untold).sum())
                of_before = net.activation in ("relu", "sigmoid", "tanh")
                seen["usual, of before"] += int(there.sum()) * of_before
                seen["usual, untold, of before"] += int((there & untold).sum()) * of_before
                seen["usual, not 0"] += int((gradient > 0).sum())
                seen["usual, not 0, untold"] += int(((gradient > 0) & untold).sum())
    return seen, alarms


def sizes_of_inputs(net, x):
    """The largest input of each row, parameter by parameter."""
    net, sizes = net.copy(np.float64), []
    net.predict(x)
    for layer in net.layers[::2]:
        sizes += [np.abs(layer.x).max(axis=0), np.ones(1)]
    return sizes


def is_of_usual_size(x):
    largest = np.abs(x).max(axis=0)
    return bool(((largest == 0) | ((largest >= 1e-3) & (largest <= 100))).all())


def check_right_networks(seeds):
    seen, alarms = right_networks(seeds)
    print(len(seeds), "right networks:", dict(seen), "alarms:", alarms)
    assert not alarms
    assert seen["usual"] > len(seeds)
    assert seen["usual, untold, of before"] <= 0.01 * seen["usual, of before"]
    assert seen["usual, untold"] <= 0.02 * seen["usual"]  # a leaky ReLU passes on what a ReLU would have cut off


def test_right_networks_are_not_accused():
    check_right_networks(range(100))


class OwnLoss(Network):
    """A network whose loss nobody knows, so that there is only the loop."""

    def loss(self, x, t):
        return super().loss(x, t)


def own_activations(monkeypatch):
    """Networks made after this have the same activations, but as layers that say nothing of themselves."""
    for name, kind in STANDARD_ACTIVATIONS.items():
        methods = {"__init__": kind.__init__, "forward": kind.forward, "backward": kind.backward}
        monkeypatch.setitem(ACTIVATIONS, name, type("Own", (Elementwise,), methods))


@pytest.mark.parametrize("way", ["numpy", "loop", "measured"])
def test_right_networks_are_not_accused_whoever_forms_the_differences(way, monkeypatch):
    """NumPy's way and the loop round each loss; the compiled engine does not."""
    monkeypatch.setattr(networks, "fast_gradient", None)
    if way == "measured":
        own_activations(monkeypatch)
    count = {"numpy": 60, "measured": 60, "loop": 20}[way]
    seen, alarms = right_networks(range(30_000, 30_000 + count), OwnLoss if way == "loop" else Network)
    assert not alarms
    assert seen["rows"] > 300


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", ["loop", "measured"])
def test_300_networks_that_nobody_knows_are_not_accused(way, monkeypatch):
    if way == "measured":
        own_activations(monkeypatch)
    seen, alarms = right_networks(range(40_000, 40_300), OwnLoss if way == "loop" else Network)
    print(way, dict(seen), alarms)
    assert not alarms


def test_mistakes_in_activations_that_nobody_knows_are_found(monkeypatch):
    own_activations(monkeypatch)
    check_wrong_networks(60, seed=70_000, share=0.6)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_3000_right_networks_are_not_accused():
    check_right_networks(range(10_000, 13_000))


def changed(change):
    """A mistake in row i of a parameter, one that has a gradient: `change(rows, i, rng, n)` changes it in place."""

    def bug(net, gradients, x, t, rng):
        name = str(rng.choice(list(gradients)))
        rows = np.atleast_2d(gradients[name])
        there = np.flatnonzero(rows.any(axis=1))
        change(rows, int(rng.choice(there)) if len(there) else 0, rng, len(x))
        gradients[name] = rows.reshape(gradients[name].shape)

    return bug


def scaled(factor):
    def change(rows, i, rng, n):
        rows[i] *= factor

    return changed(change)


def times_n(rows, i, rng, n):
    rows[i] *= n


def permuted(rows, i, rng, n):
    rows[[i, (i + 1) % len(rows)]] = rows[[(i + 1) % len(rows), i]]


def one_element(rows, i, rng, n):
    rows[i, rng.integers(rows.shape[1])] *= 1.5


def a_little_added(rows, i, rng, n):
    rows[i, rng.integers(rows.shape[1])] += 10 ** rng.uniform(-12, 0)


def units_reversed(rows, i, rng, n):
    rows[:] = rows[:, ::-1].copy()


def last_sample_only(net, gradients, x, t, rng):
    name = str(rng.choice([name for name in gradients if name[0] == "b"]))
    gradients[name] = Network.gradient(net, x[-1:], t[-1:])[name] / len(x)


def without_1_over_n(net, gradients, x, t, rng):
    gradients.update({name: value * len(x) for name, value in gradients.items()})


def broken_backward(wrong):
    def bug(net, gradients, x, t, rng):
        with mock.patch.object(ACTIVATIONS[net.activation], "backward", wrong):
            gradients.update(Network.gradient(net, x, t))

    return bug


def wrong_loss(net, gradients, x, t, rng):
    """The slope of another loss."""
    others = [loss for name, loss in LOSSES.items() if name != net.loss_name]
    with mock.patch.object(net, "_loss", others[rng.integers(len(others))]):
        gradients.update(Network.gradient(net, x, t))


def penalty(factor):
    """λ W forgotten, or added so many times."""

    def bug(net, gradients, x, t, rng):
        with mock.patch.object(net, "_weight_decay", factor * net.weight_decay):
            gradients.update(Network.gradient(net, x, t))

    return bug


BUGS = {
    "sign": scaled(-1),
    "twice": scaled(2),
    "zero": scaled(0),
    "3 % too much": scaled(1.03),
    "a row without 1/n": changed(times_n),
    "rows exchanged": changed(permuted),
    "one element": changed(one_element),
    "a little added": changed(a_little_added),
    "units in reverse": changed(units_reversed),
    "bias of the last sample": last_sample_only,
    "without 1/n": without_1_over_n,
    "derivative forgotten": broken_backward(lambda self, dout: dout),
    "derivative zero": broken_backward(lambda self, dout: 0 * dout),
    "derivative too large": broken_backward(lambda self, dout: 1.1 * dout * (self.out if hasattr(self, "out") else 1)),
    "another loss": wrong_loss,
    "no weight decay": penalty(0),
    "weight decay twice": penalty(2),
}


class Wrong(Network):
    """A network with a mistake in its backpropagation."""

    bug = None

    def gradient(self, x, t):
        gradients = {name: value.copy() for name, value in super().gradient(x, t).items()}
        name, seed = self.bug
        BUGS[name](self, gradients, np.asarray(x), np.asarray(t), np.random.default_rng(seed))
        return gradients


def wrong_networks(count, seed):
    """Mistakes with an effect: how many were tried, and are large enough to be found for certain; what was missed."""
    seen, missed = Counter(), []
    while seen["tried"] < count:
        seed += 1
        net, x, t = made(seed, Wrong)
        net.bug = list(BUGS)[seed % len(BUGS)], seed
        with np.errstate(all="ignore"):
            twin = net.copy(np.float64)
            right, wrong = Network.gradient(twin, x, t), twin.gradient(x, t)
        if all((wrong[name] == right[name]).all() for name in right):
            continue
        check = gradient_check(net, x, t)
        large = {r.name for r in check.rows if (np.abs(wrong[r.name] - right[r.name]) > 10 * r.bound).any()}
        found = {row.name for row in check.rows if row.verdict == DISAGREES}
        seen["tried"] += 1
        seen["large"] += bool(large)
        seen["large, found"] += bool(large) and large <= found
        seen["smaller, found"] += bool(found) and not large
        seen["smaller, not found, a row untold"] += not found and not large and check.untold > 0
        if not large <= found:
            missed.append((seed, net.bug[0]))
    return seen, missed


def check_wrong_networks(count, seed, share=0.8):
    seen, missed = wrong_networks(count, seed)
    print(count, "mistakes:", dict(seen), "missed:", missed)
    assert not missed
    assert seen["large, found"] == seen["large"] > share * count


def test_mistakes_are_found():
    check_wrong_networks(120, seed=0)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_1800_mistakes_are_found():
    check_wrong_networks(1800, seed=20_000)


RATE = 2 * np.sqrt(2 / np.longdouble("3.14159265358979323846264338327950288"))
ACTIVATION_WITNESSES = {
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "tanh": np.tanh,
    "relu": lambda a: a * (a.real > 0),
    "leaky-relu": lambda a: a * np.where(a.real > 0, 1, np.longdouble(0.01)),
    "gelu": lambda a: a / (1 + np.exp(-RATE * (a + np.longdouble(0.044715) * a**3))),
}


def loss_of(net, params, x, t):
    """The loss again, without penalty, for complex numbers of extended precision; x and t are rows."""
    for i in range(1, len(net.sizes)):
        x = x @ params[f"W{i}"] + params[f"b{i}"]
        if i < len(net.sizes) - 1:
            x = ACTIVATION_WITNESSES[net.activation](x)
    e = np.exp(x - x.real.max(axis=1, keepdims=True))
    total = e.sum(axis=1, keepdims=True)
    if net.loss_name == "cross-entropy":
        return (t * (np.log(total) - x + x.real.max(axis=1, keepdims=True))).sum() / len(x)
    if net.loss_name == "textbook":
        return -(t * np.log(e / total + TEXTBOOK_EPSILON)).sum() / len(x)
    return ((e / total - t) ** 2).sum() / 2 / len(x)


def witness(net, x, t, steps):
    """Of every element: the gradient by a complex step, and the central difference with its row's step."""
    kinds = np.clongdouble, np.longdouble
    params = {name: value.astype(kinds[0]) for name, value in net.params.items()}
    x, t = np.asarray(x, kinds[1]), np.asarray(t, kinds[1])
    slope, difference = ({name: np.zeros(v.shape, kinds[1]) for name, v in params.items()} for _ in range(2))
    for name, value in params.items():
        for index in np.ndindex(value.shape):
            before, h = value[index], kinds[1](steps[name][index[0] if value.ndim == 2 else 0])
            losses = []
            for shift in (kinds[0](1e-300j), h, -h):
                value[index] = before + shift
                losses.append(loss_of(net, params, x, t))
            value[index] = before
            slope[name][index] = losses[0].imag / kinds[1](1e-300)
            difference[name][index] = (losses[1] - losses[2]).real / (2 * h)
        if name[0] == "W":  # a central difference of a square is its derivative, whatever the step
            slope[name] += kinds[1](net.weight_decay) * value.real
            difference[name] += kinds[1](net.weight_decay) * value.real
    return slope, difference


def by_parameter(layers):
    """W1, b1, W2, … from arrays whose last row is the bias's."""
    return [rows for layer in layers for rows in (layer[:-1], layer[-1])]


WITNESS = pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="extended precision is double precision here")


def compared(net, x, t):
    """How many elements were compared: backpropagation with the gradient, and that with central differences."""
    net, count = net.copy(np.float64), 0
    check = gradient_check(net, x, t)
    with np.errstate(all="ignore"):
        targets = net._targets(t, len(x))
        layers = affine_bounds(net, x, targets, 1e-5)
        slope, difference = witness(net, x, targets, {row.name: row.steps for row in check.rows})
        right = net.gradient(x, t)
        brought, rounding = by_parameter([kinks(b)[0] for b in layers]), by_parameter([b.rounding for b in layers])
    for row, kink, small in zip(check.rows, brought, rounding, strict=True):
        if row.name[0] == "W":
            small += 3 * np.finfo(float).eps * net.weight_decay * np.abs(net.params[row.name])
        smooth = difference[row.name] - kink
        for found, bound in (
            (np.abs(right[row.name] - slope[row.name]), small),
            (np.abs(slope[row.name] - smooth), row.bound),
        ):
            usable = np.isfinite(found) & np.isfinite(bound)
            assert (found <= bound)[usable].all(), row.name
            count += int(usable.sum())
        assert ((row.bound >= row.tolerance) & (row.tolerance >= small))[np.isfinite(row.bound)].all()
    return count


@WITNESS
def test_bounds_hold_where_large_numbers_cancel():
    """Scores of about 1 from products of 1e8: rounding moves them by 1e-8, and with them the slopes."""
    rng = np.random.default_rng(0)
    x = 1e8 + rng.random((5, 2))
    net = Network((2, 3), init=1.0)
    net.params["W1"][1] = -net.params["W1"][0] * (1 + 1e-9)
    assert compared(net, x, [0, 1, 2, 0, 1]) == 2 * 9


@WITNESS
def test_bounds_hold_for_the_witness():
    assert sum(compared(*made(seed)) for seed in range(50_000, 50_008)) > 500


@WITNESS
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_bounds_hold_for_the_witness_200_times():
    assert sum(compared(*made(seed)) for seed in range(60_000, 60_200)) > 20_000
