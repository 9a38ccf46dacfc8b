"""Three scripts of each of chapters 3 to 8, written as learners write them, run as they are."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zerokara.book.samples import init_folder

Run = Callable[..., Any]
EXAMPLES = Path(__file__).parents[2] / "examples" / "book"

WITHOUT_DATA = [
    ("ch03/activation_functions.py", r"\[0 1 1\]\n\[0\.2689 0\.7311 0\.8808\]", 1),
    ("ch03/three_layers.py", r"출력: \[0\.31682708 0\.69627909\]", 0),
    ("ch04/gradient_method.py", r"最小値の場所: \[-0\.0346  0\.0461\]", 1),
    ("ch04/loss_functions.py", r"오차제곱합: 0\.0975\d* 0\.5975\n교차 엔트로피: 0\.51082545\d* 2\.30258409", 0),
    (
        "ch05/buy_apple_orange.py",
        r"price: 715\ndApple: 2\.2 dApple_num: 110\ndOrange: 3\.3 dOrange_num: 165 dTax: 650",
        0,
    ),
    ("ch06/optimizer_compare_naive.py", r"(?s)SGD .*Momentum .*Nesterov .*AdaGrad .*RMSprop .*Adam ", 1),
    ("ch07/convolution_sizes.py", r"\(90, 75\)\n.*\(10, 3, 7, 7\)\n.*\(10, 4, 3, 3\)\n.*\(10, 3, 7, 7\)", 0),
    ("ch07/gradient_check.py", r"(.* 일치\n){6}", 0),
    ("ch08/deep_convnet_shapes.py", r"(?s)W7 \(1024, 50\)\n.*Dropout     \(2, 10\)", 0),
]
WITH_DATA = [
    ("ch04/train_neuralnet.py", r"エポック数: 20 テストの認識精度: 0\.9", 1),
    ("ch05/gradient_check.py", r"\['Affine1', 'Relu1', 'Affine2'\]\n(\w\d OK\n){4}", 0),
    ("ch05/train_and_save.py", r"정확도: 0\.[89]\d*\n저장 후에도 같은가\? True", 0),
    ("ch06/overfit_dropout.py", r"なし 25 過学習\nDropout 25 .*\nBatchNorm 25 ", 0),
    ("ch06/weight_init_compare.py", r"std=0\.01 거의 학습되지 않음\nXavier 학습됨\nHe 학습됨", 1),
    ("ch07/train_convnet.py", r"(?s)=== epoch:3, .*テスト: 0\.[6-9]", 1),
    ("ch08/half_float.py", r"float16 でも同じ", 0),
    ("ch08/train_deepnet.py", r"반복: 20\n손실이 줄었는가\? True", 0),
]


LONG = (
    *(
        "ch04/train_neuralnet.py",
        "ch05/train_and_save.py",
        "ch06/weight_init_compare.py",
        "ch06/overfit_dropout.py",
        "ch07/train_convnet.py",
    ),
    *("ch08/half_float.py", "ch08/train_deepnet.py"),
)
"""Trainings that take seconds; the slow stage has them."""


def check(run_apart: Run, folder: Path, file: str, out: str, pictures: int) -> None:
    shutil.copy(EXAMPLES / file, folder := folder / Path(file).parent.name)
    result = run_apart(Path(file).name, cwd=folder)
    assert result.status == 0, result.err
    assert re.search(out, result.out), result.out
    assert len(list(folder.glob("*.png"))) == pictures
    assert "zerokara supplied" in result.err
    assert "Remark" not in result.err
    assert result.causes == []
    assert "Warning" not in result.err


@pytest.fixture
def chapter(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """An empty folder with the chapters' folders in it."""
    for number in range(3, 9):
        (tmp_path / f"ch0{number}").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("file", "out", "pictures"), WITHOUT_DATA, ids=lambda value: value if str(value).startswith("ch") else ""
)
def test_example(run_apart: Run, chapter: Path, file: str, out: str, pictures: int) -> None:
    check(run_apart, chapter, file, out, pictures)


@pytest.mark.mnist
@pytest.mark.parametrize(
    ("file", "out", "pictures"),
    [pytest.param(*one, marks=pytest.mark.slow if one[0] in LONG else ()) for one in WITH_DATA],
    ids=lambda value: value if str(value).startswith("ch") else "",
)
def test_example_with_data(run_apart: Run, chapter: Path, file: str, out: str, pictures: int) -> None:
    check(run_apart, chapter, file, out, pictures)


@pytest.mark.mnist
@pytest.mark.slow
def test_init_makes_what_chapter_3_opens(run_apart: Run, chapter: Path) -> None:
    said = list(init_folder(chapter))
    assert len([line for line in said if line.endswith("written.")]) == 4
    assert all(line.endswith("it was kept.") for line in init_folder(chapter))
    weights = (chapter / "sample_weight.pkl").read_bytes()
    assert (chapter / "ch03" / "sample_weight.pkl").read_bytes() == weights
    check(run_apart, chapter, "ch03/neuralnet_mnist_batch.py", r"Accuracy:0\.9[4-6]", 0)


def test_every_example_is_tested() -> None:
    files = {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*.py")}
    assert files == {file for file, _, _ in (*WITHOUT_DATA, *WITH_DATA)} | {"ch03/neuralnet_mnist_batch.py"}
    assert all(len(list((EXAMPLES / f"ch0{n}").glob("*.py"))) >= 3 for n in range(3, 9))
