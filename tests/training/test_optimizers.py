"""Optimizers: a step worked by hand each, then closed forms and a second derivation as witnesses."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from zerokara.errors import UsageError
from zerokara.training.optimizers import (
    OPTIMIZERS,
    SGD,
    AdaGrad,
    Adam,
    Momentum,
    Nadam,
    Nesterov,
    Optimizer,
    RMSprop,
    nadam_rates,
    optimizer_named,
)
from zerokara.training.recipe import Recipe

P, G = np.array([1.0, -2.0]), np.array([0.5, -0.25])


def after(optimizer: Optimizer, *grads, start=P):
    params = {"W1": np.array(start, float)}
    for g in grads:
        optimizer.update(params, {"W1": np.array(g, float)})
    return params["W1"]


# One and two steps by hand, p = (1, -2), g = (1/2, -1/4) and then (1, 0). ε is 1e-7 and seen where it matters.

HAND = {
    "sgd": (SGD(0.1), [0.95, -1.975], [0.85, -1.975]),
    # v = -0.1 g = (-0.05, 0.025); then 0.5 v - 0.1 g' = (-0.125, 0.0125)
    "momentum": (Momentum(0.1, momentum=0.5), [0.95, -1.975], [0.825, -1.9625]),
    # v as above; p + 0.5 v - 0.1 g = 1 - 0.025 - 0.05, -2 + 0.0125 + 0.025; then + 0.5 (-0.125, 0.0125) - 0.1 (1, 0)
    "nesterov": (Nesterov(0.1, momentum=0.5), [0.925, -1.9625], [0.7625, -1.95625]),
    # √h = |g|: a step of η g / |g| = ±0.1; then h = (1/4 + 1, 1/16)
    "adagrad": (AdaGrad(0.1), [0.9, -1.9], [0.9 - 0.1 / np.sqrt(1.25), -1.9]),
    # h = g²/4, √h = |g|/2: a step of ±0.2; then h = (3/64 + 1/4, 3/256)
    "rmsprop": (RMSprop(0.1, decay=0.75), [0.8, -1.8], [0.8 - 0.1 / np.sqrt(19 / 64), -1.8]),
    # the corrections make the first step η g / |g|; then m = (3/8, -1/16) with β₁ = 1/2 … worked below
    "adam": (Adam(0.1, beta1=0.5, beta2=0.75), [0.9, -1.9], None),
    # β₁ = 0: μ is 0, so the step is η g / √(v / (1 - β₂ᵗ)), first η g / |g|; then 19/64 over 7/16
    "nadam": (Nadam(0.1, beta1=0.0, beta2=0.75), [0.9, -1.9], [0.9 - 0.1 / np.sqrt(19 / 64 * 16 / 7), -1.9]),
}


@pytest.mark.parametrize("name", HAND)
def test_one_step_by_hand(name):
    optimizer, first, _ = HAND[name]
    assert_allclose(after(optimizer_named(name, **optimizer.settings), G), first, rtol=1e-6)


@pytest.mark.parametrize("name", [name for name in HAND if name != "adam"])
def test_two_steps_by_hand(name):
    optimizer, _, second = HAND[name]
    assert_allclose(after(optimizer_named(name, **optimizer.settings), G, [1.0, 0.0]), second, rtol=1e-6)


def test_adams_second_step_by_hand():
    """g = 1/2, then 1: m = 1/4, then 5/8; v = 1/16, then 19/64; m/(1 - 1/4) = 5/6; v/(1 - 9/16) = 19/28."""
    optimizer = Adam(0.1, beta1=0.5, beta2=0.75)
    assert after(optimizer, [0.5], [1.0], start=[1.0]) == pytest.approx(
        0.9 - 0.1 * (5 / 6) / np.sqrt(19 / 28), rel=1e-6
    )
    assert optimizer.state["m"]["W1"] == pytest.approx(5 / 8)
    assert optimizer.state["v"]["W1"] == pytest.approx(19 / 64)


def test_epsilon_stands_outside_the_root():
    """g = 2e-7, no larger than ε = 1e-7 allows to see it: under the root it would hide g altogether.

    √h is |g| (AdaGrad), |g|/2 (RMSprop, ρ = 3/4) and |g|/2 (Adam, β₂ = 3/4, whose m and ηₜ are g/2 and η); η = 0.3.
    """
    for optimizer, step in (
        (AdaGrad(0.3), 0.3 * 2 / (2 + 1)),
        (RMSprop(0.3, decay=0.75), 0.3 * 2 / (1 + 1)),
        (Adam(0.3, beta1=0.5, beta2=0.75), 0.3 * 1 / (1 + 1)),
    ):
        assert after(optimizer, [2e-7], start=[1.0]) == pytest.approx(1 - step, rel=1e-12), optimizer


def test_every_optimizer_is_worked_by_hand():
    assert set(HAND) == set(OPTIMIZERS)


# Closed forms, far beyond two steps


def test_sgd_on_a_quadratic():
    """g = p: p ← (1 - η) p."""
    params, optimizer = {"p": np.array([3.0])}, SGD(0.1)
    for _ in range(50):
        optimizer.update(params, {"p": params["p"].copy()})
    assert params["p"] == pytest.approx(3 * 0.9**50, rel=1e-12)


def test_momentum_under_a_constant_gradient():
    """v after k steps is -η g (1 - μᵏ) / (1 - μ); p their sum."""
    k = np.arange(1, 31)
    expected = 1 - 0.01 * 2 * ((1 - 0.9**k) / 0.1).sum()
    assert after(Momentum(0.01), *[[2.0]] * 30, start=[1.0]) == pytest.approx(expected, rel=1e-12)


def test_nesterov_is_momentum_seen_from_the_point_ahead():
    """Bengio et al.: with x = p - μ v, classical Nesterov evaluates the gradient at p = x + μ v. On f = p²/2."""
    params, optimizer = {"p": np.array([1.0])}, Nesterov(0.1, momentum=0.9)
    x, v = 1.0, 0.0
    for _ in range(30):
        optimizer.update(params, {"p": params["p"].copy()})
        v = 0.9 * v - 0.1 * (x + 0.9 * v)
        x = x + v
    assert params["p"] == pytest.approx(x + 0.9 * v, rel=1e-10)


def test_adagrad_under_a_constant_gradient():
    """√h after k steps is |g| √k."""
    expected = 1 - 0.01 * (1 / np.sqrt(np.arange(1, 101))).sum()
    assert after(AdaGrad(0.01), *[[5.0]] * 100, start=[1.0]) == pytest.approx(expected, rel=1e-6)


def test_rmsprop_under_a_constant_gradient():
    """h after k steps is g² (1 - ρᵏ)."""
    expected = 1 + 0.001 * (1 / np.sqrt(1 - 0.9 ** np.arange(1, 51))).sum()
    assert after(RMSprop(), *[[-5.0]] * 50, start=[1.0]) == pytest.approx(expected, rel=1e-6)


def test_adam_under_a_constant_gradient():
    """Corrected means are g and g² at every step, so each step is η."""
    assert after(Adam(), *[[-5.0]] * 50, start=[1.0]) == pytest.approx(1.05, rel=1e-6)


def test_adam_is_the_papers_algorithm():
    """Algorithm 1 of the paper, corrections written out; ε stands at another place, too small to be seen."""
    rng = np.random.default_rng(0)
    grads = rng.standard_normal((20, 4))
    p, m, v = np.ones(4), np.zeros(4), np.zeros(4)
    for t, g in enumerate(grads, start=1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        p = p - 0.001 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    assert_allclose(after(Adam(), *grads, start=np.ones(4)), p, rtol=1e-7)


def test_nadams_first_step_by_hand():
    """g = 1/2, β₁ = 1/2, β₂ = 3/4: m = 1/4, v = 1/16, √(v / (1/4)) = 1/2."""
    one, two = 0.5 * (1 - 0.5 * 0.96**0.004), 0.5 * (1 - 0.5 * 0.96**0.008)
    expected = 1 - 0.1 * (0.5 * (1 - one) / (1 - one) + 0.25 * two / (1 - one * two)) / 0.5
    optimizer = Nadam(0.1, beta1=0.5, beta2=0.75)
    assert after(optimizer, [0.5], start=[1.0]) == pytest.approx(expected, rel=1e-7)
    assert optimizer.state["m"]["W1"] == pytest.approx(1 / 4)
    assert optimizer.state["v"]["W1"] == pytest.approx(1 / 16)


def nadam_as_dozat_has_it(grads, rate=0.002, beta1=0.9, beta2=0.999):
    """The report's Algorithm 2: ĝ and m̂ apart, the product of all μ carried along; ε is PyTorch's."""
    p, m, v, product = np.ones_like(grads[0]), 0.0, 0.0, 1.0
    for t, g in enumerate(grads, start=1):
        mu, next_mu = (beta1 * (1 - 0.5 * 0.96 ** (0.004 * k)) for k in (t, t + 1))
        product *= mu
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        m_hat, g_hat = m / (1 - product * next_mu), g / (1 - product)
        p = p - rate * ((1 - mu) * g_hat + next_mu * m_hat) / (np.sqrt(v / (1 - beta2**t)) + 1e-8)
    return p


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.0, 0.0), (0.99999, 0.5)])
def test_nadam_is_the_reports_algorithm(betas):
    """For 300 updates, which is far beyond the 64 whose product of μ is multiplied out."""
    grads = np.random.default_rng(0).standard_normal((300, 4))
    assert_allclose(
        after(Nadam(0.002, *betas), *grads, start=np.ones(4)), nadam_as_dozat_has_it(grads, 0.002, *betas), rtol=1e-12
    )


def test_nadam_is_pytorchs():
    torch = pytest.importorskip("torch")
    grads = np.random.default_rng(1).standard_normal((100, 4))
    p = torch.ones(4, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.NAdam([p])
    for g in grads:
        p.grad = torch.from_numpy(g)
        optimizer.step()
    assert_allclose(after(Nadam(), *grads, start=np.ones(4)), p.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("t", [1, 2, 63, 64, 65, 5000])
def test_the_rates_of_nadam_depend_on_nothing_but_the_number_of_the_update(t):
    """To the last bit those of a product that is carried along from the first update on."""
    product = 1.0
    for k in range(1, t + 1):
        now, ahead = (0.9 * (1 - 0.5 * 0.96 ** (0.004 * n)) for n in (k, k + 1))
        product *= now
    assert nadam_rates(0.9, t) == ((1 - now) / (1 - product), ahead / (1 - product * ahead))


# What every optimizer promises


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_in_place_in_the_dtype_of_the_parameters(name, dtype):
    W, b = np.ones((2, 3), dtype), np.zeros(3, dtype)
    grads = {"W1": np.full((2, 3), 0.5, dtype), "b1": np.ones(3, dtype)}
    kept = {key: value.copy() for key, value in grads.items()}
    optimizer = optimizer_named(name)
    optimizer.update({"W1": W, "b1": b}, grads)
    optimizer.update({"W1": W, "b1": b}, grads)
    assert W.dtype == dtype
    assert (W < 1).all()
    assert (b < 0).all()
    for key in grads:
        assert_array_equal(grads[key], kept[key])
    for slot in optimizer.slots:
        assert {key: (v.shape, v.dtype) for key, v in optimizer.state[slot].items()} == {
            "W1": ((2, 3), dtype),
            "b1": ((3,), dtype),
        }


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_gradient_of_zero_moves_nothing_and_divides_nothing_by_zero(name):
    with np.errstate(all="raise"):
        assert_array_equal(after(optimizer_named(name), [0.0, 0.0]), P)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_is_visible_and_zero_when_prepared(name):
    optimizer = optimizer_named(name)
    assert optimizer.steps == 0
    optimizer.prepare({"W1": np.ones((2, 2)), "b1": np.ones(2)})
    assert tuple(optimizer.state) == optimizer.slots
    for arrays in optimizer.state.values():
        assert list(arrays) == ["W1", "b1"]
        assert not any(a.any() for a in arrays.values())
    optimizer.update({"W1": np.ones((2, 2)), "b1": np.ones(2)}, {"W1": np.ones((2, 2)), "b1": np.ones(2)})
    assert optimizer.steps == 1
    assert all(a.all() for arrays in optimizer.state.values() for a in arrays.values())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_and_steps_are_all_there_is_to_remember(name):
    """A second optimizer, given the state of the first, goes on as the first does."""
    first = optimizer_named(name)
    p = {"W1": P.copy()}
    first.update(p, {"W1": G})
    second = optimizer_named(name, **first.settings)
    second.state = {slot: {k: v.copy() for k, v in arrays.items()} for slot, arrays in first.state.items()}
    second.steps = first.steps
    q = {"W1": p["W1"].copy()}
    first.update(p, {"W1": G[::-1].copy()})
    second.update(q, {"W1": G[::-1].copy()})
    assert_array_equal(p["W1"], q["W1"])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_numpy_number_as_setting_changes_no_bit(name):
    """float64 scalars would turn a float32 step into a float64 one."""
    rate = optimizer_named(name).learning_rate
    p, q = ({"W": np.linspace(-1, 1, 9, dtype=np.float32)} for _ in "pq")
    for _ in range(3):
        g = {"W": np.linspace(0.3, 0.7, 9, dtype=np.float32)}
        optimizer_named(name, learning_rate=rate).update(p, g)
        optimizer_named(name, learning_rate=np.float64(rate)).update(q, g)
    assert_array_equal(p["W"], q["W"])


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("sgd", {"learning_rate": 0.1}),
        ("momentum", {"learning_rate": 0.01, "momentum": 0.9}),
        ("nesterov", {"learning_rate": 0.01, "momentum": 0.9}),
        ("adagrad", {"learning_rate": 0.01}),
        ("rmsprop", {"learning_rate": 0.001, "decay": 0.9}),
        ("adam", {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999}),
        ("nadam", {"learning_rate": 0.002, "beta1": 0.9, "beta2": 0.999}),
    ],
)
def test_customary_settings(name, settings):
    assert optimizer_named(name, learning_rate=None).settings == settings


# Refusals


def test_an_unknown_optimizer():
    with pytest.raises(UsageError, match=r"optimizer must be one of sgd, .*\. Got 'adma'\. Did you mean adam\?"):
        optimizer_named("adma")


def test_a_setting_it_does_not_have():
    with pytest.raises(UsageError, match=r"momentum is not a setting of adam, which has learning_rate, beta1, beta2\."):
        optimizer_named("adam", momentum=0.9)


@dataclass
class Signs(Optimizer):
    """One of somebody's own: p ← p - η sign(g), with a setting that no other has."""

    learning_rate: float = 0.125
    decline: float = 0.5
    name: ClassVar[str] = "signs"

    def step(self, p, g):
        p -= self.learning_rate * np.sign(g)


@dataclass
class Bare(Optimizer):
    name: ClassVar[str] = "bare"

    def step(self, p, g):
        p -= self.learning_rate * g


def test_one_of_somebodys_own_is_usable_by_its_name_alone(monkeypatch):
    monkeypatch.setitem(OPTIMIZERS, "signs", Signs)
    optimizer = optimizer_named("signs", momentum=None)
    assert optimizer.settings == {"learning_rate": 0.125, "decline": 0.5}
    assert_array_equal(after(optimizer, G), [0.875, -1.875])
    recipe = Recipe(optimizer="signs").resolved()
    assert (recipe.learning_rate, recipe.momentum) == (0.125, None)
    assert Recipe(optimizer="signs", learning_rate=0.5).make_optimizer() == Signs(0.5)
    with pytest.raises(UsageError, match=r"momentum is not a setting of signs, which has learning_rate, decline\."):
        Recipe(optimizer="signs", momentum=0.5)


def test_a_setting_without_a_customary_value_must_be_given(monkeypatch):
    monkeypatch.setitem(OPTIMIZERS, "bare", Bare)
    with pytest.raises(UsageError, match=r"learning_rate of bare has no customary value, so it must be given\."):
        Recipe(optimizer="bare")
    assert Recipe(optimizer="bare", learning_rate=0.5).make_optimizer() == Bare(0.5)


def test_only_zerokaras_own_are_standard(monkeypatch):
    class Other(SGD):
        pass

    assert all(kind.is_standard for kind in map(optimizer_named, OPTIMIZERS))
    monkeypatch.setitem(OPTIMIZERS, "sgd", Other)
    assert not optimizer_named("sgd").is_standard
    assert not Signs().is_standard
    assert SGD().is_standard


@pytest.mark.parametrize("rate", [0, -0.1, np.nan, np.inf, "0.1", None, True, [0.1]])
def test_what_is_not_a_learning_rate(rate):
    with pytest.raises(UsageError, match=r"learning_rate must be a positive number\. Got "):
        SGD(rate)


@pytest.mark.parametrize(
    ("kind", "setting"), [(Momentum, "momentum"), (RMSprop, "decay"), (Adam, "beta1"), (Nadam, "beta2")]
)
@pytest.mark.parametrize("value", [-0.1, 1, 1.5, np.nan, "0.5", True])
def test_what_is_not_a_share(kind, setting, value):
    with pytest.raises(UsageError, match=rf"{setting} must be at least 0 and less than 1\. Got "):
        kind(**{setting: value})


@pytest.mark.parametrize("method", ["step", "update"])
def test_a_method_put_into_one_optimizer_alone_is_seen(method):
    """An engine that computes by name would do something else."""
    optimizer = Adam()
    assert optimizer.is_standard
    setattr(optimizer, method, getattr(optimizer, method))
    assert not optimizer.is_standard
