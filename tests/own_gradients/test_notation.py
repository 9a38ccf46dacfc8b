import pytest

from zerokara.own_gradients.notation import written
from zerokara.own_gradients.subject import Subject

RIGHT = "dz1 = (dz2 @ W2.T) * a1 * (1 - a1)"


def subject_of(tmp_path, line):
    file = tmp_path / "net.py"
    file.write_text(f"def gradient(x, t):\n    {line}\n")
    names = {}
    exec(compile(file.read_text(), str(file), "exec"), names)
    return Subject("gradient", {}, None, None, None, None, functions=(names["gradient"],))


@pytest.mark.parametrize("line", ["z1 = sigmoid(a1)", "self.z1 = sigmoid(self.a1)", "hidden = sigmoid(u)"])
def test_formulas_are_written_as_in_the_textbook(tmp_path, line):
    assert written(RIGHT, subject_of(tmp_path, line)) == "da1 = (da2 @ W2.T) * z1 * (1 - z1)"


@pytest.mark.parametrize("line", ["a1 = sigmoid(z1)", "self.a1 = self.f(self.z1)", "A1 = np.tanh(Z1)"])
def test_formulas_are_written_with_the_letters_of_the_learner(tmp_path, line):
    assert written(RIGHT, subject_of(tmp_path, line)) == RIGHT
