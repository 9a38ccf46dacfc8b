"""Pictures without a display: numbered files, where they go, what is left to Matplotlib; letters instead of boxes."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zerokara.report import fonts
from zerokara.runner import gallery

Run = Callable[..., Any]

TWO_PICTURES = """
import os
import matplotlib.pyplot as plt
os.makedirs('elsewhere', exist_ok=True)
os.chdir('elsewhere')
plt.plot([1, 2])
plt.show()
plt.figure()
fig, ax = plt.subplots()
fig.show()
plt.show(block=False)
plt.show()
print(plt.get_fignums())
"""


def test_numbered_files_in_the_working_folder(run_apart: Run, tmp_path: Path) -> None:
    (tmp_path / "plots.py").write_text(TWO_PICTURES)
    result = run_apart("plots.py", cwd=tmp_path)
    assert (result.status, result.out) == (0, "[]\n")
    paths = [tmp_path / f"plots-figure-{n}.png" for n in (1, 2, 3)]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)
    assert set(result.err.splitlines()) == {f"Figure {n} saved: {path}" for n, path in enumerate(paths, 1)}


def test_figures_folder_is_made(run_apart: Run, tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text("import matplotlib.pylab as plt\nplt.plot([1])\nplt.show()")
    run_apart("--figures", "new/pictures", "p.py", cwd=tmp_path)
    assert [path.name for path in (tmp_path / "new" / "pictures").iterdir()] == ["p-figure-1.png"]


def test_pillows_pictures_are_saved_too(run_apart: Run, tmp_path: Path) -> None:
    """As chapter 3's mnist_show.py shows them; a picture of floats has no PNG and is converted."""
    (tmp_path / "p.py").write_text(
        "import numpy as np\nfrom PIL import Image\n"
        "Image.fromarray(np.uint8([[0, 200], [100, 50]])).show()\nImage.fromarray(np.float32([[0, 200]])).show()"
    )
    result = run_apart("p.py", cwd=tmp_path)
    assert (result.status, result.out) == (0, "")
    paths = [tmp_path / f"p-figure-{n}.png" for n in (1, 2)]
    assert result.err.splitlines() == [f"Figure {n} saved: {path}" for n, path in enumerate(paths, 1)]
    with Image.open(paths[0]) as picture:
        assert np.asarray(picture).tolist() == [[0, 200], [100, 50]]


def test_letters_without_a_font_are_named_once(run_apart: Run, tmp_path: Path) -> None:
    """However many letters and figures lack one. These are of Egypt, which no package of the extra brings."""
    (tmp_path / "p.py").write_text(
        "import matplotlib.pyplot as plt\n" + 2 * "plt.title('\U00013000\U00013001')\nplt.show()\nplt.figure()\n",
        encoding="utf-8",
    )
    result = run_apart("p.py", cwd=tmp_path)
    said = [line for line in result.err.splitlines() if not re.match(r"Figure \d saved", line)]
    assert said == ["Some letters in the picture have no font here and became boxes."]


def test_a_picture_that_cannot_be_saved_does_not_stop_the_script(run_apart: Run, tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text("import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\nprint('goes on')")
    result = run_apart("--figures", "p.py/impossible", "p.py", cwd=tmp_path)
    assert (result.status, result.out) == (0, "goes on\n")
    assert "Figure 1 could not be saved" in result.err


def test_a_backend_of_the_users_is_left_alone(run_apart: Run, tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(
        "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.savefig('mine.svg')\nprint(plt.get_backend())"
    )
    result = run_apart("--figures", "pictures", "p.py", cwd=tmp_path, env={"MPLBACKEND": "svg"})
    assert result.out == "svg\n"
    assert result.err.startswith("--figures is not used")
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND"])
def test_with_a_display_or_a_backend_nothing_is_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    for other in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with gallery.opened(tmp_path, "p"):
        assert gallery.current is not None
    monkeypatch.setenv(name, ":0")
    with gallery.opened(tmp_path, "p"):
        assert gallery.current is None


DRAWS = """
import sys
import matplotlib.pyplot as plt
if sys.argv[2:]:
    plt.rcParams['font.family'] = sys.argv[2]
for letter in sys.argv[1]:
    fig = plt.figure(figsize=(1, 1), dpi=80)
    fig.text(0.1, 0.3, letter, fontsize=40)
    plt.savefig(f'{letter}.png')
"""


@pytest.mark.skipif(len(fonts.files()) < 2, reason="the fonts of the extra are not installed")
@pytest.mark.parametrize(
    ("letters", "family"), [("あ訓정확", ()), ("정확", ("Malgun Gothic",)), ("あ訓", ("Hiragino Sans",))], ids=str
)
def test_letters_instead_of_boxes(run_apart: Run, tmp_path: Path, letters: str, family: tuple[str, ...]) -> None:
    """Two letters that a font lacks would both be drawn as the same box, with a warning."""
    from matplotlib.image import imread

    (tmp_path / "p.py").write_text(DRAWS)
    result = run_apart("p.py", letters, *family, cwd=tmp_path)
    assert (result.status, result.err) == (0, "")
    seen = [imread(tmp_path / f"{letter}.png") for letter in letters]
    assert all(np.abs(a - b).max() > 0.5 for i, a in enumerate(seen) for b in seen[:i])
