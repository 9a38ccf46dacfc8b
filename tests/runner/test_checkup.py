"""What is found about a training is said at the end of a run, once, and nothing of looking is left behind."""

import atexit
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerokara import own_training
from zerokara.findings import GRADIENT, Finding, Findings
from zerokara.runner import checkup

Run = Callable[..., Any]

TRAINING = """
import numpy as np
x_train, t_train = np.ones((640, 3)), np.zeros((640, 2))
W = np.zeros((3, 2))
train_size = x_train.shape[0]
batch_size = 128
iter_per_epoch = train_size / batch_size
losses = []
for i in range(10):
    batch = np.random.choice(train_size, batch_size)
    y = x_train[batch] @ W
    W -= 0.1 * x_train[batch].T @ (y - t_train[batch]) / batch_size
    if i % iter_per_epoch == 0:
        losses.append(0.5 * np.sum((y - t_train[batch]) ** 2) / batch_size)
"""
NEVER = TRAINING.replace("640", "700")
"""Its epochs end after 5.46875 updates: the condition is true at the first update only."""


def test_a_training_that_is_right_is_passed_over_in_silence(run: Run, tmp_path: Path) -> None:
    result = run(TRAINING, "--findings", "found.json")
    assert (result.status, result.out, result.err) == (0, "", "")
    assert json.loads((tmp_path / "found.json").read_text()) == {"findings": []}


def test_a_finding_is_said_once_and_no_remark_says_the_same(run: Run, tmp_path: Path) -> None:
    result = run(NEVER, "--findings", "found.json")
    assert result.status == 0
    assert result.err.count("[epoch-test]") == 1
    assert "Remark" not in result.err
    assert result.err.count("iter_per_epoch is 5.46875") == 1
    (finding,) = json.loads((tmp_path / "found.json").read_text())["findings"]
    assert (finding["cause"], finding["line"]) == ("epoch-test", 7)
    assert finding["file"].endswith("train.py")


def test_where_nothing_is_found_the_remark_is_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_training, "diagnosed", lambda *given, **named: Findings())
    assert "train.py:7: Remark: iter_per_epoch is 5.46875" in run(NEVER).err


def test_no_remarks_are_no_findings_but_in_the_file(run: Run, tmp_path: Path) -> None:
    assert run(NEVER, "--no-remarks").err == ""
    assert run(NEVER, "--no-remarks", "--findings=found.json").err == ""
    assert len(json.loads((tmp_path / "found.json").read_text())["findings"]) == 1


@pytest.mark.parametrize(
    ("name", "place", "before", "after"),
    [("note.md", "note.md:10", "# t\n\n```python\n", "```\n"), ("train.txt", "train.txt:7", "", "")],
)
def test_in_notes(run: Run, name: str, place: str, before: str, after: str) -> None:
    assert f"{place}: iter_per_epoch is 5.46875" in run(before + NEVER + after, name=name).err


def test_after_an_error_what_is_left_is_looked_at(run: Run, tmp_path: Path) -> None:
    result = run(f"{NEVER}\n1 / 0\n", "--findings", "found.json")
    assert result.status == 1
    assert result.err.index("ZeroDivisionError") < result.err.index("[epoch-test]")
    assert len(json.loads((tmp_path / "found.json").read_text())["findings"]) == 1


def test_after_ctrl_c_nothing_is(run: Run, tmp_path: Path) -> None:
    result = run(f"{NEVER}\nraise KeyboardInterrupt\n", "--findings", "found.json")
    assert result.status == 130
    assert "[epoch-test]" not in result.err
    assert f"What was stopped is not looked into: {tmp_path / 'found.json'} was not written." in result.err
    assert not (tmp_path / "found.json").exists()


def test_a_script_that_goes_to_another_folder_leaves_the_file_where_it_was_meant(run: Run, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    go = "import os\nos.chdir('elsewhere')\n"
    run(go, "--findings", "found.json", "--recognised", "recognised.json")
    assert {path.name for path in tmp_path.glob("*.json")} == {"found.json", "recognised.json"}


@pytest.mark.parametrize("place", ["no/such/found.json", "."])
def test_a_place_where_no_file_can_be_is_refused_before_anything_runs(run: Run, tmp_path: Path, place: str) -> None:
    result = run("print('ran')\n", "--findings", str(tmp_path / place))
    assert (result.status, result.out) == (2, "")
    assert "Nothing was run." in result.err


INSIDE = """
import numpy as np

class Net:
    def __init__(self):
        self.params = {"W1": 0.5 * np.random.randn(6, 5), "b1": np.zeros(5),
                       "W2": 0.5 * np.random.randn(5, 3), "b2": np.zeros(3)}

    def forward(self, x):
        self.h = np.tanh(x @ self.params["W1"] + self.params["b1"])
        scores = self.h @ self.params["W2"] + self.params["b2"]
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loss(self, x, t):
        return -np.mean(np.sum(t * np.log(self.forward(x)), axis=1))

    def gradient(self, x, t):
        d2 = (self.forward(x) - t) / len(x)
        d1 = d2 @ self.params["W2"].T * (1 - self.h ** 2)
        return {"W1": x.T @ d1, "b1": d1.sum(axis=0), "W2": self.h.T @ d2, "b2": d2.sum(axis=0)}

def main():
    x, t = np.random.randn(40, 6), np.eye(3)[np.random.randint(0, 3, 40)]
    print(sum(np.sum(grad) for grad in Net().gradient(x, t).values()) < 1e9)

main()
"""


def test_a_gradient_that_was_only_called_inside_a_function_is_checked(run: Run) -> None:
    """Nothing of it has a name at the end; what it was called with last is kept."""
    assert run(INSIDE, "--seed", "0").err == ""
    result = run(INSIDE.replace(" * (1 - self.h ** 2)", ""), "--seed", "0")
    assert (result.status, result.out) == (0, "True\n")
    assert set(result.causes) & set(GRADIENT)


# What looking may do. In place of what own_training does, the worst that a learner's own code could.


def _diagnosed(work: Callable[..., Any]) -> Callable[..., Findings]:
    def diagnosed(names: Any, **given: Any) -> Findings:
        work(names, **given)
        return Findings()

    return diagnosed


@pytest.mark.parametrize("error", [SystemExit(7), ValueError("x"), KeyboardInterrupt(), RecursionError()])
def test_whatever_looking_raises_the_exit_status_is_the_scripts(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*given: Any, **named: Any) -> None:
        raise error

    monkeypatch.setattr(own_training, "diagnosed", _diagnosed(fail))
    result = run("import sys\nsys.exit(3)")
    assert (result.status, result.out, result.err) == (3, "", "")


def test_handlers_figures_and_folders_of_looking_do_not_stay(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import matplotlib.pyplot as plt

    plt.close(plt.figure())  # Matplotlib has handlers of its own

    def work(names: Any, **given: Any) -> None:
        plt.figure()
        plt.show()
        atexit.register(print, "at the end")
        os.chdir("/")

    monkeypatch.setattr(own_training, "diagnosed", _diagnosed(work))
    before = atexit._ncallbacks()
    source = "import matplotlib.pyplot as plt\nfigure = plt.figure()\nplt.plot([1])\n"
    result = run(source)
    assert (result.status, result.out, result.err) == (0, "", "")
    assert list(tmp_path.glob("*.png")) == []
    assert atexit._ncallbacks() == before
    assert Path.cwd() == tmp_path
    assert len(plt.get_fignums()) == 1
    plt.close("all")


def test_what_is_handed_over(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def work(names: Any, sources: Any, memory: Any, seconds: float) -> None:
        seen.update(names=dict(names), sources=sources, memory=memory, seconds=seconds)

    monkeypatch.setattr(own_training, "diagnosed", _diagnosed(work))
    source = "def loss(w, x):\n    return w * x\nloss(2, 3)\nraise ValueError('mine')\n"
    run(source)
    assert seen["names"]["loss"](4, 5) == 20
    assert [(text.path.name, text.text, text.line, text.cell) for text in seen["sources"]] == [
        ("train.py", source, 1, None)
    ]
    (call,) = seen["memory"].calls
    assert (call.owner, call.name, call.args) == (seen["names"]["loss"], "loss", (2, 3))
    assert str(seen["memory"].error) == "mine"
    assert seen["seconds"] == checkup.SECONDS
    run("for i in []: pass")
    assert seen["memory"].calls == []  # of another run


def test_what_ipython_keeps_of_its_cells_is_not_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []
    monkeypatch.setattr(own_training, "diagnosed", _diagnosed(lambda names, **given: seen.append(set(names))))
    names = dict.fromkeys(("get_ipython", "In", "Out", "_", "_3", "_i3", "_dh", "net", "_net", "__name__"))
    checkup.found_in(names, [checkup.Text(Path("In[1]"), "for i in x: pass")])
    checkup.found_in({"Out": 1}, [checkup.Text(Path("a.py"), "for i in x: pass")])
    assert seen == [{"net", "_net", "__name__"}, {"Out"}]


def test_the_random_state_and_the_parameters_are_as_the_run_left_them(run: Run) -> None:
    source = NEVER + "import atexit\natexit.register(lambda: None)\n"
    np.random.seed(3)
    run(source)
    after = np.random.get_state()[1].copy()
    np.random.seed(3)
    run(source, "--no-remarks")
    np.testing.assert_array_equal(np.random.get_state()[1], after)


def test_it_takes_no_time_where_nothing_was_trained(run: Run) -> None:
    run("x = 1")
    began = time.process_time()
    assert checkup.found_in({"x": 1}, []) == ()
    assert time.process_time() - began < 0.2


def test_a_finding_reads_the_same_on_screen_and_for_programs(tmp_path: Path) -> None:
    found = Findings([Finding(cause="sign", text="A text.", file=tmp_path / "a.py", line=3)])
    checkup.write(tmp_path / "found.json", found)
    assert json.loads((tmp_path / "found.json").read_text()) == found.to_json()
