"""The learner's own files win, one submodule at a time; [1] of docs/BOOK.md."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import zerokara.book
from zerokara.book import chapter4, chapter5
from zerokara.runner import finder

Run = Callable[..., Any]


def write(folder: Path, **files: str) -> None:
    """Files by name, `__` for a folder: common__functions="…"."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_one_module_object_under_both_names(clean_imports: None) -> None:
    import zerokara.book.common.functions as ours

    functions = importlib.import_module("common.functions")
    assert functions is ours
    assert ours.__spec__.name == ours.__name__ == "zerokara.book.common.functions"
    assert importlib.import_module("common").functions is ours
    assert importlib.reload(ours) is ours


def test_every_name_can_be_imported(clean_imports: None) -> None:
    for name in finder.MODULES:
        assert importlib.import_module(name) is importlib.import_module(f"zerokara.book.{name}")
    assert set(finder.supplied()) == set(finder.MODULES)
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'common\.nothing'"):
        importlib.import_module("common.nothing")


def test_finder_stands_last_and_once() -> None:
    zerokara.book.install()
    zerokara.book.install()
    kinds = [type(entry).__name__ for entry in sys.meta_path]
    assert kinds.count("TextbookFinder") == 1
    assert kinds[-1] == "TextbookFinder"


def test_taken_away_nothing_is_found(clean_imports: None) -> None:
    importlib.import_module("common.functions")
    zerokara.book.uninstall()
    with pytest.raises(ModuleNotFoundError, match="No module named 'common'"):
        importlib.import_module("common.functions")


USES_BOTH = "from common.functions import softmax\nfrom common.layers import Affine\nprint(softmax, Affine.__module__)"


@pytest.mark.parametrize("init", [True, False], ids=["package", "namespace folder"])
def test_own_functions_and_our_layers(run: Run, tmp_path: Path, init: bool) -> None:
    write(tmp_path, common__functions="softmax = 'my own'")
    if init:
        write(tmp_path, common____init__="")
    result = run(USES_BOTH)
    assert result.out == "my own zerokara.book.common.layers\n"
    assert "zerokara supplied common.layers." in result.err


def test_own_whole_package_leaves_nothing_to_supply(run: Run, tmp_path: Path) -> None:
    write(tmp_path, common__functions="softmax = 1", common__layers="class Affine: pass")
    result = run(USES_BOTH)
    assert result.out == "1 common.layers\n"
    assert result.err == ""


def test_own_files_on_a_path_that_is_appended_later(run: Run, tmp_path: Path) -> None:
    write(
        tmp_path,
        lib__common__layers="from common.functions import np, sigmoid\nAffine = 'mine'",
        lib__common____init__="",
    )
    result = run(
        """
        import sys
        from common.functions import sigmoid
        sys.path.append('lib')
        from common.layers import Affine
        print(Affine)
        """.replace("\n        ", "\n")
    )
    assert (result.status, result.out) == (0, "mine\n")


def test_own_modules_that_import_relatively(run: Run, tmp_path: Path) -> None:
    write(tmp_path, common__layers="from .functions import np\nfrom . import util\nmine = util.smooth_curve")
    result = run("from common.layers import mine, np\nprint(mine.__module__, np.pi)")
    assert result.out == "zerokara.book.common.util 3.141592653589793\n"


@pytest.mark.parametrize("name", ["mnist", "two_layer_net", "twolayernet", "simple_convnet"])
def test_own_top_level_modules(run: Run, tmp_path: Path, name: str) -> None:
    write(tmp_path, **{name: "mine = 1"})
    assert run(f"from {name} import mine\nprint(mine)").out == "1\n"


def test_a_folder_of_data_is_no_module(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "train-images-idx3-ubyte.gz").touch()
    (tmp_path / "dataset").mkdir()
    result = run("from mnist import load_mnist as a\nfrom dataset.mnist import load_mnist as b\nprint(a is b)")
    assert result.out == "True\n"


def test_a_folder_of_python_files_stays_the_learners(run: Run, tmp_path: Path) -> None:
    write(tmp_path, mnist__loader="mine = 1")
    assert (
        run("from mnist.loader import mine\nimport mnist\nprint(mine, hasattr(mnist, 'load_mnist'))").out == "1 False\n"
    )


IMPORTS_NET = "from two_layer_net import TwoLayerNet\nimport two_layer_net as m\nother = m.TwoLayerNet"


def test_two_chapters_in_one_process(run: Run, tmp_path: Path) -> None:
    for folder in ("ch04", "ch05", "第5章"):
        write(tmp_path / folder, **{f"net_{folder}": IMPORTS_NET})
    result = run(
        """
import sys
sys.path += ['ch04', 'ch05', '第5章']
from net_ch04 import TwoLayerNet as A, other as A2
from net_ch05 import TwoLayerNet as B, other as B2
from net_第5章 import *
print(A.__module__, A is A2, B.__module__, B is B2, TwoLayerNet is B)
"""
    )
    assert result.out == "zerokara.book.chapter4 True zerokara.book.chapter5 True True\n"


@pytest.mark.parametrize(
    ("name", "expected"), [("ch05/train.py", "chapter5"), ("my ch04/train.py", "chapter4"), ("train.py", "chapter4")]
)
def test_the_chapter_of_the_file_that_is_run(run: Run, name: str, expected: str) -> None:
    assert (
        run("from two_layer_net import *\nprint(TwoLayerNet.__module__)", name=name).out
        == f"zerokara.book.{expected}\n"
    )


def test_code_without_a_file_lies_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_imports: None
) -> None:
    (tmp_path / "05_backprop").mkdir()
    names: dict[str, Any] = {}
    exec("from two_layer_net import TwoLayerNet", names)
    assert names["TwoLayerNet"] is chapter4.TwoLayerNet
    monkeypatch.chdir(tmp_path / "05_backprop")
    exec("import two_layer_net; net = two_layer_net.TwoLayerNet", names)
    assert names["net"] is chapter5.TwoLayerNet


def test_importing_is_light(run_apart: Run, tmp_path: Path) -> None:
    (tmp_path / "light.py").write_text(
        "import sys\nfrom common.layers import *\n"
        "print({'matplotlib', 'IPython', 'nbformat', 'PIL', 'pooch'} & set(sys.modules))"
    )
    assert run_apart("light.py", cwd=tmp_path).out == "set()\n"
