"""CONTRIBUTING.md's way to a faster activation, loss and optimizer: its code is added to a copy, built and tested."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("zerokara._core", reason="the compiled core was not built")

ROOT = Path(__file__).parents[2]

PYTHON_HALF = {
    "nn/activations.py": (
        "ACTIVATIONS: dict",
        """
class Silu(Elementwise):
    def forward(self, x: Array) -> Array:
        self.x = x
        return x * sigmoid(x)

    def backward(self, dout: Array) -> Array:
        p = sigmoid(self.x)
        return dout * (p + self.x * p * (1 - p))


""",
        '    "relu": Relu,',
        '    "silu": Silu,\n    "relu": Relu,',
    ),
    "nn/functions.py": (
        "LOSSES: dict",
        """
def wrong_loss(scores: Array, targets: Array) -> Array:
    return targets * (1 - softmax(scores))


def wrong_loss_grad(scores: Array, targets: Array) -> Array:
    return softmax_backward(softmax(scores), -targets / len(scores))


""",
        '    "cross-entropy": Loss(',
        '    "wrong": Loss(wrong_loss, wrong_loss_grad),\n    "cross-entropy": Loss(',
    ),
    "training/optimizers.py": (
        "OPTIMIZERS: dict",
        """
@dataclass
class AdaDelta(Optimizer):
    learning_rate: float = 1.0
    rho: float = 0.9
    name: ClassVar[str] = "adadelta"
    slots: ClassVar[tuple[str, ...]] = ("h", "d")

    def step(self, p: Array, g: Array, h: Array, d: Array) -> None:
        h *= self.rho
        h += (1 - self.rho) * g * g
        step = np.sqrt(d + 1e-6) / np.sqrt(h + 1e-6) * g
        d *= self.rho
        d += (1 - self.rho) * step * step
        p -= self.learning_rate * step


""",
        "(SGD, Momentum,",
        "(AdaDelta, SGD, Momentum,",
    ),
}
"""In a file of Python: the table before which the definition goes, the definition, an entry, and that with one more."""

CPP_HALF = {
    "activations.h": ("Silu", "template <class T>\nusing Activations = Table<", "Silu<T>, "),
    "losses.h": ("Wrong", "using LossTable = Table<", "Wrong, "),
    "update_rules.h": (
        "AdaDelta",
        "// The list of all rules is written once: TABLE is Table, or what holds one of each.\n"
        "template <class T, template <class...> class TABLE>\nusing EachUpdateRule = TABLE<",
        "AdaDelta<T>, ",
    ),
}
"""In each file of C++: the struct of CONTRIBUTING.md, the table before which it goes, and its place in that."""

BY_DEFINITION = """
import numpy as np
import pytest

from zerokara.data.dataset import Split
from zerokara.engine.compiled import CompiledEngine, capabilities
from zerokara.nn.network import Network
from zerokara.training.optimizers import optimizer_named


def loss_of(params, x, t):
    a = x @ params["W1"] + params["b1"]
    o = (a / (1 + np.exp(-a))) @ params["W2"] + params["b2"]
    p = np.exp(o) / np.exp(o).sum(axis=1, keepdims=True)
    return (1 - p[np.arange(len(t)), t]).mean()


def differences(params, x, t, h=1e-4):
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    for name, value in params.items():
        for at in np.ndindex(value.shape):
            before = value[at]
            value[at] = before + h
            above = loss_of(params, x, t)
            value[at] = before - h
            grads[name][at] = (above - loss_of(params, x, t)) / (2 * h)
            value[at] = before
    return grads


def test_what_was_added_computes_what_its_definition_says():
    assert "silu" in capabilities()["activations"]
    assert "wrong" in capabilities()["losses"]
    assert capabilities()["optimizers"]["adadelta"] == {"slots": ["h", "d"], "settings": ["learning_rate", "rho"]}
    rng = np.random.default_rng(0)
    network = Network([7, 6, 4], activation="silu", loss="wrong", init=0.7)
    params = {name: value.copy() for name, value in network.params.items()}
    x, t = rng.integers(-8, 9, (9, 7)) / 4, rng.integers(0, 4, 9)
    expected = differences(params, x, t)
    found = CompiledEngine(2).numerical_gradient(network, x, t)
    optimizer = optimizer_named("adadelta", learning_rate=0.5)
    [loss] = CompiledEngine(2).advance(
        network, optimizer, Split(x, t, None), np.arange(9)[None], stop=np.zeros(1, np.uint8)
    )
    assert loss == pytest.approx(loss_of(params, x, t), rel=1e-13)
    for name, g in expected.items():
        np.testing.assert_allclose(found[name], g, rtol=0, atol=1e-10)
        h = 0.1 * g * g
        step = np.sqrt(1e-6) / np.sqrt(h + 1e-6) * g
        np.testing.assert_allclose(optimizer.state["h"][name], h, rtol=1e-5, atol=1e-12)
        np.testing.assert_allclose(optimizer.state["d"][name], 0.1 * step * step, rtol=1e-5, atol=1e-12)
        np.testing.assert_allclose(network.params[name], params[name] - 0.5 * step, rtol=0, atol=1e-9)
"""


def put(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text()
    for anchor, replacement in changes:
        assert text.count(anchor) == 1, f"{path}: {anchor!r}"
        text = text.replace(anchor, replacement)
    path.write_text(text)


def struct_of(name: str) -> str:
    """The block of CONTRIBUTING.md that defines it."""
    [block] = [
        code
        for code in re.findall(r"```cpp\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
        if f"struct {name} {{" in code
    ]
    return str(block)


def extended(root: Path) -> Path:
    """A copy of this tree with the three of CONTRIBUTING.md in it."""
    for folder in ("cpp", "src/zerokara", "tests/engine"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    for file in ("CMakeLists.txt", "pyproject.toml", "tests/conftest.py"):
        shutil.copy(ROOT / file, root / file)
    for file, (table, definition, entry, entries) in PYTHON_HALF.items():
        put(root / "src/zerokara" / file, (table, definition.lstrip() + table), (entry, entries))
    for file, (name, table, entry) in CPP_HALF.items():
        put(root / "cpp/ops" / file, (table, f"{struct_of(name)}\n{table}{entry}"))
    (root / "tests/engine/test_by_definition.py").write_text(BY_DEFINITION)
    return root


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not shutil.which("cmake") or not shutil.which("c++"), reason="nothing can be compiled here")
def test_what_contributing_adds_is_built_and_right(tmp_path: Path) -> None:
    """One processor level is enough. The batteries run over the new names by themselves."""
    root = extended(tmp_path / "copy")
    tests = [
        str(root / "tests/engine" / f"{name}.py") for name in ("test_by_definition", "test_compiled", "test_numerical")
    ]
    chosen = "by_definition or silu or wrong or adadelta or the_core_does_what_python_does"
    done = subprocess.run(
        [
            "sh",
            root / "tests/engine/rebuilt.sh",
            tmp_path / "build",
            "-Dhas_x86_64_levels=0",
            "--",
            *tests,
            "-k",
            chosen,
            "-m",
            "slow or not slow",
            "-vv",  # one -q is in the script
        ],
        env=os.environ | {"PYTHON": sys.executable},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    passed = [line for line in done.stdout.splitlines() if "PASSED" in line]
    assert sum("test_by_definition" in line for line in passed) == 1
    for name in ("silu", "wrong", "adadelta"):
        assert any("test_compiled" in line and name in line for line in passed), name
    for name in ("silu", "wrong"):
        assert any("test_numerical" in line and name in line for line in passed), name
