"""The peers, each written the way its own users would write it when they care about speed.

`python benchmarks/peers.py NAME [ITERATIONS]` measures one of them in a process of its own and prints JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from environment import matrix_libraries, start_untuned
from numpy.typing import NDArray
from workload import LEARNING_RATE, SIZES, Measured, Peer, Work, measure

import zerokara

Array = NDArray[Any]


class Zerokara:
    """An engine of ours, on pixels as stored, as the trainer calls it."""

    def __init__(self, engine: str, dataset: zerokara.Dataset, work: Work) -> None:
        from zerokara.engine import choose_engine
        from zerokara.training.optimizers import SGD

        self.dataset = dataset
        self.network = zerokara.Network(SIZES, seed=0, dtype=np.float32)
        self.optimizer = SGD(LEARNING_RATE)
        self.engine = choose_engine(engine, self.network, work.batch_size)
        self.stop = np.zeros(1, np.uint8)

    def advance(self, rows: NDArray[np.int64]) -> None:
        self.engine.advance(self.network, self.optimizer, self.dataset.train, rows, stop=self.stop)

    def accuracies(self) -> tuple[float, float]:
        splits = (self.dataset.train, self.dataset.test)
        train, test = (float((self.engine.classify(self.network, split) == split.t).mean()) for split in splits)
        return train, test


class NumpyLoop:
    """A hand-tuned float32 loop: no layers, no objects, no gradient of the input."""

    def __init__(self, dataset: zerokara.Dataset, work: Work) -> None:
        self.W1, self.b1, self.W2, self.b2 = work.weights()
        self.x, self.t = dataset.train.x, dataset.train.t
        self.test_x, self.test_t = dataset.test.x, dataset.test.t
        self.one_hot = np.eye(SIZES[-1], dtype=np.float32)

    def advance(self, rows: NDArray[np.int64]) -> None:
        n = np.float32(rows.shape[1])
        rate = np.float32(LEARNING_RATE)
        for row in rows:
            x = self.x[row]
            z = np.maximum(x @ self.W1 + self.b1, 0)
            scores = z @ self.W2 + self.b2
            p = np.exp(scores - scores.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            d = (p - self.one_hot[self.t[row]]) / n
            dz = (d @ self.W2.T) * (z > 0)
            self.W2 -= rate * (z.T @ d)
            self.b2 -= rate * d.sum(axis=0)
            self.W1 -= rate * (x.T @ dz)
            self.b1 -= rate * dz.sum(axis=0)

    def accuracies(self) -> tuple[float, float]:
        return self._accuracy(self.x, self.t), self._accuracy(self.test_x, self.test_t)

    def _accuracy(self, x: Array, t: Array) -> float:
        scores = np.maximum(x @ self.W1 + self.b1, 0) @ self.W2 + self.b2
        return float((scores.argmax(axis=1) == t).mean())


class Textbook:
    """The textbook's way: float64, one-hot labels, a forward pass for the gradient and another one for the loss."""

    def __init__(self, dataset: zerokara.Dataset, work: Work) -> None:
        self.params = dict(zip(("W1", "b1", "W2", "b2"), (p.astype(np.float64) for p in work.weights()), strict=True))
        one_hot = np.eye(SIZES[-1])
        self.train = dataset.train.x, one_hot[dataset.train.t]
        self.test = dataset.test.x, one_hot[dataset.test.t]
        self.losses: list[float] = []

    def predict(self, x: Array) -> Array:
        self.z = np.maximum(x @ self.params["W1"] + self.params["b1"], 0)
        return self.z @ self.params["W2"] + self.params["b2"]

    def probabilities(self, x: Array) -> Array:
        scores = self.predict(x)
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        p: Array = e / e.sum(axis=1, keepdims=True)
        return p

    def gradient(self, x: Array, t: Array) -> dict[str, Array]:
        d = (self.probabilities(x) - t) / len(x)
        grads = {"W2": self.z.T @ d, "b2": d.sum(axis=0)}
        dz = (d @ self.params["W2"].T) * (self.z > 0)
        self.dx = dz @ self.params["W1"].T  # an Affine layer computes it whether anybody needs it or not
        return {"W1": x.T @ dz, "b1": dz.sum(axis=0), **grads}

    def advance(self, rows: NDArray[np.int64]) -> None:
        for row in rows:
            x, t = self.train[0][row], self.train[1][row]
            grads = self.gradient(x, t)
            for name in ("W1", "b1", "W2", "b2"):
                self.params[name] -= LEARNING_RATE * grads[name]
            y = self.probabilities(x)
            self.losses.append(-np.log(y[np.arange(len(y)), t.argmax(axis=1)] + 1e-7).sum() / len(y))

    def accuracies(self) -> tuple[float, float]:
        train, test = (float((self.predict(x).argmax(1) == t.argmax(1)).mean()) for x, t in (self.train, self.test))
        return train, test


class TorchEager:
    """nn.Sequential, autograd and torch.optim.SGD."""

    compiled = False

    def __init__(self, threads: int | None, dataset: zerokara.Dataset, work: Work) -> None:
        import torch

        if threads:
            torch.set_num_threads(threads)
        self.torch = torch
        self.x, self.test_x = torch.from_numpy(dataset.train.x.copy()), torch.from_numpy(dataset.test.x.copy())
        self.t = torch.from_numpy(dataset.train.t.astype(np.int64))
        self.test_t = torch.from_numpy(dataset.test.t.astype(np.int64))
        self.model = torch.nn.Sequential(torch.nn.Linear(784, 50), torch.nn.ReLU(), torch.nn.Linear(50, 10))
        with torch.no_grad():
            for parameter, value in zip(self.model.parameters(), work.weights(), strict=True):
                parameter.copy_(torch.from_numpy(value).t())
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=LEARNING_RATE)
        self.step = torch.compile(self._step) if self.compiled else self._step

    def _step(self, x: Any, t: Any) -> None:
        self.optimizer.zero_grad()
        self.torch.nn.functional.cross_entropy(self.model(x), t).backward()
        self.optimizer.step()

    def advance(self, rows: NDArray[np.int64]) -> None:
        for row in self.torch.from_numpy(rows):
            self.step(self.x[row], self.t[row])

    def accuracies(self) -> tuple[float, float]:
        with self.torch.no_grad():
            pairs = ((self.x, self.t), (self.test_x, self.test_t))
            train, test = (float((self.model(x).argmax(1) == t).float().mean()) for x, t in pairs)
        return train, test


class TorchCompiled(TorchEager):
    """The same step under torch.compile."""

    compiled = True


class JaxScan:
    """An epoch of updates as one jit-compiled scan; the data live on the device."""

    def __init__(self, dataset: zerokara.Dataset, work: Work) -> None:
        import jax
        import jax.numpy as jnp

        self.jax = jax
        self.params = [jnp.asarray(p) for p in work.weights()]
        self.x, self.t = jnp.asarray(dataset.train.x), jnp.asarray(dataset.train.t.astype(np.int32))
        self.test_x, self.test_t = jnp.asarray(dataset.test.x), jnp.asarray(dataset.test.t.astype(np.int32))

        def scores(params: Any, x: Any) -> Any:
            W1, b1, W2, b2 = params
            return jax.nn.relu(x @ W1 + b1) @ W2 + b2

        def loss(params: Any, x: Any, t: Any) -> Any:
            log_p = jax.nn.log_softmax(scores(params, x))
            return -jnp.take_along_axis(log_p, t[:, None], axis=1).mean()

        def epoch(params: Any, rows: Any, x: Any, t: Any) -> Any:
            def update(params: Any, row: Any) -> Any:
                value, grads = jax.value_and_grad(loss)(params, x[row], t[row])
                return [p - LEARNING_RATE * g for p, g in zip(params, grads, strict=True)], value

            return jax.lax.scan(update, params, rows)

        self.epoch = _compiled_once("epoch", lambda: jax.jit(epoch))
        self.accuracy = _compiled_once(
            "accuracy", lambda: jax.jit(lambda p, x, t: (scores(p, x).argmax(1) == t).mean())
        )

    def advance(self, rows: NDArray[np.int64]) -> None:
        self.params, losses = self.epoch(self.params, rows.astype(np.int32), self.x, self.t)
        losses.block_until_ready()

    def accuracies(self) -> tuple[float, float]:
        return float(self.accuracy(self.params, self.x, self.t)), float(
            self.accuracy(self.params, self.test_x, self.test_t)
        )


class Sklearn:
    """MLPClassifier; partial_fit goes once through the samples it gets, in batches of 100."""

    def __init__(self, dataset: zerokara.Dataset, work: Work) -> None:
        from sklearn.neural_network import MLPClassifier

        self.dataset = dataset
        self.model = MLPClassifier(
            hidden_layer_sizes=(50,), solver="sgd", alpha=0.0, batch_size=work.batch_size, momentum=0.0,
            nesterovs_momentum=False, learning_rate_init=LEARNING_RATE, shuffle=False, random_state=0,
        )  # fmt: skip
        self.model.partial_fit(
            dataset.train.x[: work.batch_size], dataset.train.t[: work.batch_size], classes=range(10)
        )

    def advance(self, rows: NDArray[np.int64]) -> None:
        flat = rows.reshape(-1)
        self.model.partial_fit(self.dataset.train.x[flat], self.dataset.train.t[flat])

    def accuracies(self) -> tuple[float, float]:
        train, test = self.dataset.train, self.dataset.test
        return float(self.model.score(train.x, train.t)), float(self.model.score(test.x, test.t))


_COMPILED: dict[str, Any] = {}


def _compiled_once(name: str, make: Callable[[], Any]) -> Any:
    """The jit-compiled function of that name, so that what the warm-up compiled is used again."""
    return _COMPILED.setdefault(name, make())


PEERS: dict[str, tuple[Callable[[zerokara.Dataset, Work], Peer], str]] = {
    "zerokara compiled": (lambda d, w: Zerokara("compiled", d, w), "make"),
    "zerokara reference": (lambda d, w: Zerokara("reference", d, w), "make"),
    "NumPy loop, tuned": (NumpyLoop, "pip install numpy"),
    "JAX, jit and scan": (JaxScan, "pip install jax"),
    "PyTorch eager": (lambda d, w: TorchEager(None, d, w), "pip install torch"),
    "PyTorch eager, 1 thread": (lambda d, w: TorchEager(1, d, w), "pip install torch"),
    "PyTorch compiled": (lambda d, w: TorchCompiled(None, d, w), "pip install torch"),
    "scikit-learn": (Sklearn, "pip install scikit-learn"),
    "the textbook's way": (Textbook, "pip install numpy"),
}
"""Name → how to make it, and how to get what it needs."""


def roofline() -> Measured:
    """The best sgemm rate this machine shows, by NumPy's and, where it is installed, PyTorch's matrix library."""
    from time import perf_counter

    a = np.random.default_rng(0).random((2048, 2048), dtype=np.float32)
    products: dict[str, Callable[[], Any]] = {"NumPy": lambda: a @ a}
    try:
        import torch
    except ImportError:
        pass
    else:
        b = torch.from_numpy(a)
        products["PyTorch"] = lambda: b @ b
    rates = {}
    for name, product in products.items():
        times = []
        for _ in range(8):
            began = perf_counter()
            product()
            times.append(perf_counter() - began)
        rates[name] = 2 * 2048**3 / min(times)
    facts = {"flop_per_second": max(rates.values()), "rates": rates, "matrix library": matrix_libraries()}
    return Measured("roofline", facts=facts)


def main(name: str, iterations: str = "10000") -> None:
    try:
        work = replace(Work(), iterations=int(iterations))
        result = roofline() if name == "roofline" else measure(name, PEERS[name][0], work)
    except ModuleNotFoundError as error:
        sys.exit(f"{error.name} is not installed; {PEERS[name][1]}")
    print(json.dumps(result.as_dict()))


if __name__ == "__main__":
    start_untuned()
    main(*sys.argv[1:])
