"""What CONTRIBUTING says of adding things is run as it stands there, each in a Python of its own, and then used."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### an? ([a-z ]+)\n(.*?)(?=^##)", TEXT, re.MULTILINE | re.DOTALL))

TRAINED = """
import numpy as np
import zerokara
from zerokara.engine import choose_engine

run = zerokara.train("digits", {option}="{name}", epochs=100, plots=False)
assert run.engine == "reference" and run.history.test_accuracy[-1] > 0.7, run
assert zerokara.open_run(run.path).recipe.{option} == "{name}"
again = zerokara.train("digits", {option}="{name}", iterations=9, plots=False)
assert np.array_equal(run.history.losses[:9], again.history.losses)
"""

CHECKED = """
net = zerokara.Network([6, 5, 4, 3], init="xavier", {option}="{name}")
x, t = np.random.default_rng(0).standard_normal((7, 6)), [0, 1, 2, 0, 1, 2, 0]
check = zerokara.gradient_check(net, x, t)
assert check.wrong == 0 and check.untold <= 1, check  # one beside a kink
fast, loop = net.numerical_gradient(x, t), net.numerical_gradient(x, t, method="loop")
assert all(np.allclose(fast[name], loop[name], atol=1e-9) for name in loop)
"""

USED = {
    "activation": TRAINED.format(option="activation", name="softplus")
    + CHECKED.format(option="activation", name="softplus"),
    "loss": TRAINED.format(option="loss", name="absolute") + CHECKED.format(option="loss", name="absolute"),
    "optimizer": TRAINED.format(option="optimizer", name="lion"),
    "data set": """
import os
import numpy as np
import zerokara
from zerokara.data import write_idx

rng = np.random.default_rng(0)
for name in FILE_NAMES:
    shape = (260, 28, 28) if "images" in name else 260
    array = rng.integers(256, size=shape, dtype=np.uint8) if "images" in name else np.arange(260, dtype=np.uint8) % 26
    os.makedirs("data/emnist-letters", exist_ok=True)
    write_idx("data/emnist-letters/" + name.removesuffix(".gz"), array)  # unpacked, so by nobody's checksum
run = zerokara.train("emnist-letters", data_dir="data", iterations=3, plots=False)
assert run.network.sizes == (784, 50, 26) and run.dataset.class_names[25] == "Z"
""",
    "engine": """
import zerokara

run = zerokara.train("digits", epochs=2, engine="counting", plots=False)
assert run.engine == "counting" and Counting.updates == run.iterations > 20
""",
}


SENTENCES = """
checked(3)
try:
    checked(0)
except UsageError as error:
    assert (str(error), error.code) == ("epochs must be a positive whole number. Got 0.", "wrong-value")
assert removed(1, []) == "1 run was removed."
assert removed(1200, ["notes.txt"]) == "1,200 runs were removed. These files were left: notes.txt."
assert line == "going on from runs/mnist-001"
"""


def test_every_section_is_tried():
    assert set(USED) == set(SECTIONS)


@pytest.mark.parametrize("what", SECTIONS)
def test_the_text_is_true(what: str, tmp_path: Path) -> None:
    run(tmp_path, SECTIONS[what], USED[what])


def test_the_example_of_sentences_is_true(tmp_path: Path) -> None:
    [section] = re.findall(r"^### Write it\n(.*?)(?=^##)", TEXT, re.MULTILINE | re.DOTALL)
    run(tmp_path, section, SENTENCES)


def run(folder: Path, section: str, used: str) -> None:
    """Run the one block of Python in a section, and then what uses it."""
    [code] = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    (folder / "add.py").write_text(code + used, encoding="utf-8")
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    done = subprocess.run([sys.executable, "add.py"], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
