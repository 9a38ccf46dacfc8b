"""A learner's own loop for the numerical gradient, however it is written and wherever it stands; and wrong ones."""

import importlib.util
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerokara.findings import Findings
from zerokara.runner import checkup

specification = importlib.util.spec_from_file_location("own_loops", Path(__file__).with_name("own_loops.py"))
own_loops = importlib.util.module_from_spec(specification)
sys.modules["own_loops"] = own_loops  # where its dataclass is looked up
specification.loader.exec_module(own_loops)
MNIST, PLACES, WAYS, WRONG = own_loops.MNIST, own_loops.PLACES, own_loops.WAYS, own_loops.WRONG

Seen = dict[str, np.ndarray]
Run = Callable[..., Any]

RECOGNISED = "is the loss of a network"
KEYS = ("W1", "b1", "W2", "b2")

TEN = (
    "nditer",
    "nested for",
    "flat",
    "reshape(-1)",
    "ravel",
    "ndindex",
    "ndenumerate",
    "copies",
    "unit vectors",
    "while",
)
ALL_PLACES = [(way, place) for way in TEN for place in PLACES]
ALL_PLACES += [(way, "same file") for way in WAYS if way not in TEN]
FEW_PLACES = [(way, "same file") for way in WAYS] + [("nditer", place) for place in PLACES if place != "same file"]


@pytest.fixture(autouse=True)
def _no_checkup(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found at the end of a training is not the matter here: it would take a turn of each loop again."""
    monkeypatch.setattr(checkup, "found_in", lambda *given: Findings())


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Seen, str]]:
    """plain(name): what the file of a way or a mistake leaves and prints in Python alone, one process for all."""
    folder = tmp_path_factory.mktemp("plain")
    for number, way in enumerate((WAYS | WRONG).values()):
        (folder / str(number)).mkdir()
        (folder / str(number) / "train.py").write_text(own_loops.same_file(way)["train.py"], encoding="utf-8")
    program = (
        "import contextlib, os, runpy, sys\n"
        f"for number in range({len(WAYS | WRONG)}):\n"
        f"    os.chdir(os.path.join({str(folder)!r}, str(number)))\n"
        "    with open('out.txt', 'w') as out, contextlib.redirect_stdout(out):\n"
        "        runpy.run_path('train.py', run_name='__main__')\n"
        "assert not any(name.startswith('zerokara') for name in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=110)

    def plain(name: str) -> tuple[Seen, str]:
        here = folder / str(list(WAYS | WRONG).index(name))
        return seen_in(here), (here / "out.txt").read_text()

    return plain


def seen_in(folder: Path) -> Seen:
    with np.load(folder / "seen.npz") as file:
        return dict(file)


def written(files: dict[str, str], folder: Path) -> tuple[str, str]:
    """All files of a learner's folder but the one to run; that one's name and source."""
    for name, source in list(files.items())[1:]:
        (folder / name).write_text(source, encoding="utf-8")
    return next(iter(files.items()))


@pytest.fixture
def trained(run: Run, tmp_path: Path) -> Callable[..., Any]:
    """trained(way, place, …): the result of `zerokara run`, and what the file left."""

    def trained(way: Any, place: str, *options: str, **data: str) -> tuple[Any, Seen]:
        if place == "notebook":
            pytest.importorskip("IPython", reason="the extra notebook is not installed")
        name, source = written(PLACES[place](way, **data), tmp_path)
        result = run(source, *options, name=name)
        assert result.status == 0, result.err
        return result, seen_in(tmp_path)

    return trained


def check_arrays_left(way: Any, seen: Seen) -> None:
    """Bit for bit what the loop makes of an array, whatever its numbers are by then."""
    for name in seen:
        if name.startswith("before"):
            after = seen[name.replace("before", "after")]
            assert after.tobytes() == way.leaves(seen[name]).tobytes(), name


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("name", "place"), FEW_PLACES)
def test_a_small_network_gets_the_numbers_of_plain_python(trained, plain, name, place):
    result, seen = trained(WAYS[name], place)
    expected, out = plain(name)
    assert result.out == out == ""
    assert seen.keys() == expected.keys()
    check_arrays_left(WAYS[name], seen)
    assert (seen["random"] == expected["random"]).all()
    for key in (key for key in seen if key.startswith("gradient")):
        assert seen[key].dtype == expected[key].dtype
        np.testing.assert_allclose(seen[key], expected[key], rtol=1e-7, atol=1e-9)
    if RECOGNISED not in result.err:
        for key in (key for key in seen if key != "seconds"):
            assert seen[key].tobytes() == expected[key].tobytes(), key
        pytest.fail(f"The loop did it. {result.err}")


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_not_repaired(trained, plain, name):
    """Its own numbers, bit for bit; or, where its formula is known as what it is, but for rounding."""
    result, seen = trained(WRONG[name], "same file")
    expected, out = plain(name)
    assert result.out == out
    assert seen.keys() == expected.keys()
    assert (seen["random"] == expected["random"]).all()
    for key in (key for key in seen if key != "seconds"):
        assert seen[key].dtype == expected[key].dtype
        if RECOGNISED in result.err:
            np.testing.assert_allclose(seen[key], expected[key], rtol=1e-7, atol=1e-9)
        else:
            assert seen[key].tobytes() == expected[key].tobytes(), key
    for key in KEYS:
        assert seen[f"after 0 {key}"].tobytes() == expected[f"after 0 {key}"].tobytes()
    assert own_loops.SAID_OF_MISTAKES.get(name, "") in result.err


INTEGERS = own_loops.STEPS.replace("NAME", "slope").replace("SELF", "") + "print(slope(lambda x: np.sum(x ** 2), X))\n"


def test_integers_are_remarked_on(run):
    """x + h is cut to an integer again; the numbers stay what they are."""
    source = INTEGERS.replace("slope", "numerical_gradient").replace("X", "np.array([3, 4])")
    result = run("import numpy as np\n" + source)
    assert "numerical_gradient gets the integers np.array([3, 4])" in result.err


@pytest.mark.parametrize("x", ["np.array([3, 4])", "np.array([3, 4], np.float32)", "np.array([3 + 1j, 4])"])
def test_other_classes_of_numbers(run, tmp_path, capfd, x):
    source = "import numpy as np\n" + INTEGERS.replace("X", x)
    (tmp_path / "plain.py").write_text(source)
    runpy.run_path(str(tmp_path / "plain.py"))
    expected = capfd.readouterr().out
    assert run(source).out == expected


@pytest.mark.slow
@pytest.mark.mnist
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("name", "place"), ALL_PLACES)
def test_mnist_without_the_loop(trained, name, place):
    """784-50-10, batches of 100: weights drawn at random are compared with their own two points."""
    result, seen = trained(WAYS[name], place, data=MNIST)
    first, *later = seen["seconds"]
    print(f"{name}, {place}: {first:.3f} s, then {1e3 * max(later):.1f} ms")
    assert RECOGNISED in result.err
    check_arrays_left(WAYS[name], seen)
    for update in range(3):
        check_elements(WAYS[name].h, seen, update)


def check_elements(h: float, seen: Seen, update: int) -> None:
    import zerokara

    train = zerokara.load("mnist").train
    rows = np.random.RandomState(update).choice(60_000, 100)
    params = {key: seen[f"before {update} {key}"].copy() for key in KEYS}
    rng = np.random.default_rng(update)
    for key in KEYS:
        gradient = seen[f"gradient {update} {key}"]
        assert (gradient.shape, gradient.dtype) == (params[key].shape, np.float64)
        for flat in rng.choice(gradient.size, min(50, gradient.size), replace=False):
            index = np.unravel_index(flat, gradient.shape)
            before = params[key][index]
            losses = []
            for place in (before + h, before - h):
                params[key][index] = place
                losses.append(loss(train.x[rows], train.t[rows], *params.values()))
            params[key][index] = before
            assert abs((losses[0] - losses[1]) / (2 * h) - gradient[index]) <= 3e-14 / h + 1e-8 * abs(gradient[index])


def loss(x: Any, t: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    """The loss of own_loops.HEAD, by another way: log(p + 1e-7) of a softmax that is not shifted."""
    e = np.exp((0.5 + 0.5 * np.tanh((x @ W1 + b1) / 2)) @ W2 + b2)
    return -np.log(e[np.arange(len(t)), t] / e.sum(axis=1) + 1e-7).mean()
