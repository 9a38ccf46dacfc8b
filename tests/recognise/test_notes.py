"""The learners' own trainings by numerical gradient, recognised in their scripts as they are.

Their last lines are added to: the losses of the batches after each update, in full precision.
"""

import os
import re
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.notes, pytest.mark.mnist]

SCRIPTS = Path(os.environ.get("ZEROKARA_NOTES", "nowhere")).absolute()
SEEDED = [2.293806110942571, 2.294626444319049, 2.2978693333951865]
"""The losses after updates 1, 2, 3 by the plain loop, with seed 0 (the notes' README)."""


def losses_of(run, name, iterations, *options):
    """Run a script for so many iterations, and return its `train_loss_list`."""
    text, count = re.subn(r"(?m)^iters_num = \d+(_\d+)?", f"iters_num = {iterations}", (SCRIPTS / name).read_text())
    assert count
    result = run(text + "\nfor loss in train_loss_list: print('LOSS', repr(float(loss)))\n", "--seed", "0", *options)
    assert result.status == 0, result.err
    assert result.err.count("is the loss of a network 784-50-10 (sigmoid, softmax), proven by its code") == 1
    assert result.err.count("It is the cross entropy with 1e-7 in the logarithm.") == 1
    return [float(line.split()[1]) for line in result.out.splitlines() if line.startswith("LOSS")], result.out


@pytest.mark.parametrize(
    "name",
    [
        "001_twolayernet_numgrad.py",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("002_numgrad10.py", "004_train.py")),
    ],
)
def test_the_seeded_losses_are_the_plain_loops(run, name):
    losses, _ = losses_of(run, name, 3)
    np.testing.assert_allclose(losses, SEEDED, rtol=1e-10)


def test_labels_drawn_at_random(run):
    """002: `t = np.random.rand(100, 10)`. The gradient of b2 is the loop's, and the last one is printed."""
    text = (SCRIPTS / "002_numgrad_soft.py").read_text()
    loop = "\nfrom zerokara.nn import numerical_gradient as loop\nprint('W1' in grads)"
    compare = """
for key in ('b1', 'W2', 'b2'):
    print('LOSS', abs(grads[key] - loop(lambda W: net.loss(x, t), net.params[key])).max())
"""
    result = run(text + loop + compare)
    assert "network 784-100-10 (sigmoid, softmax" in result.err
    differences = [float(line.split()[1]) for line in result.out.splitlines() if line.startswith("LOSS")]
    assert len(differences) == 3
    assert max(differences) < 1e-10


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_thousand_updates(run):
    """50 hours with the textbook's modules. The accuracies are those of the exact gradient, or nearly so."""
    losses, out = losses_of(run, "002_eval_after17.py", 10_000)
    assert len(losses) == 10_000
    rows = np.array([[float(n) for n in line.split("|")[1].split(",")] for line in out.splitlines() if "| 0." in line])
    assert rows.shape == (17, 2)
    np.testing.assert_allclose(rows[0], [0.09915, 0.1009], atol=1e-12)
    np.testing.assert_allclose(rows[1], [0.775, 0.78], atol=0.025)
    np.testing.assert_allclose(rows[16], [0.946, 0.944], atol=0.005)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_verify_on_real_digits(run):
    """Every one of 39,760 weights, for one update of the first script."""
    text = (SCRIPTS / "001_twolayernet_numgrad.py").read_text().replace("iters_num = 10_000", "iters_num = 1")
    result = run(text, "--seed", "0", "--verify")
    assert result.status == 0, result.err
    assert re.findall(r"all ([\d,]+) elements", result.err) == ["39,200", "50", "500", "10"]
