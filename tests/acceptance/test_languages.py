"""Whatever a person does on the command line, it is said in the language that is spoken, and said whole.

The same command lines three times: with every sentence in brackets, where nothing may stand outside of them and no
bracket in another; and, slowly, in Japanese and in Korean, where no English may be left and all that programs read must
be as in English.
"""

import errno
import json
import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest

import zerokara
from zerokara import words
from zerokara.cli import main
from zerokara.cli.app import app
from zerokara.cli.runs import COLUMNS
from zerokara.data import ENTRIES
from zerokara.engine.choosing import AUTO, ENGINES
from zerokara.findings import CAUSES
from zerokara.nn.activations import ACTIVATIONS
from zerokara.nn.functions import LOSSES
from zerokara.nn.initializers import INITIALIZERS
from zerokara.runner.prelude import PRELUDE
from zerokara.runs.listing import STATES
from zerokara.training.batches import SAMPLINGS
from zerokara.training.events import Advanced, Event
from zerokara.training.optimizers import OPTIMIZERS
from zerokara.training.recipe import DTYPES, GRADIENTS
from zerokara.words import LANGUAGES

SMALL = "--hidden 2 --batch-size 300 --no-plots"

# What there is: runs in every state, damaged in every way, and learners' files.

STOPPED_AT = 4


def stop(event: Event) -> None:
    if isinstance(event, Advanced) and event.iteration >= STOPPED_AT:
        event.request_stop()


def edited(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text, file
    file.write_text(text.replace(old, new))


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)


def in_run(name: str) -> Callable[[Callable[[Path], object]], Callable[[Path], object]]:
    """Have a copy of the finished run changed."""

    def register(change: Callable[[Path], object]) -> Callable[[Path], object]:
        CHANGES[name] = change
        return change

    return register


CHANGES: dict[str, Callable[[Path], object]] = {}
in_run("killed")(lambda run: edited(run / "run.json", '"finished"', '"unfinished"'))
in_run("edited-figures")(lambda run: edited(run / "run.json", '"iterations": 6', '"iterations": 7'))
in_run("edited-recipe")(lambda run: edited(run / "recipe.toml", "seed = 0", "seed = 1"))
in_run("edited-length")(lambda run: edited(run / "recipe.toml", "iterations = 6", "iterations = 9"))
in_run("edited-table")(lambda run: edited(run / "losses.csv", "iteration", "update"))
in_run("no-table")(lambda run: (run / "losses.csv").unlink())
in_run("no-weights")(lambda run: (run / "weights.safetensors").unlink())
in_run("no-figures")(lambda run: (run / "run.json").unlink())
in_run("no-recipe")(lambda run: (run / "recipe.toml").unlink())
in_run("no-checkpoints")(lambda run: shutil.rmtree(run / "checkpoints"))
in_run("bad-weights")(lambda run: flipped(run / "weights.safetensors"))
in_run("bad-figures")(lambda run: (run / "run.json").write_text("["))
in_run("no-object")(lambda run: (run / "run.json").write_text("[]"))
in_run("no-state")(lambda run: (run / "run.json").write_text("{}"))
in_run("bad-recipe")(lambda run: (run / "recipe.toml").write_text("["))
in_run("short-recipe")(lambda run: (run / "recipe.toml").write_text("[network]\nhidden = [3]\n"))
in_run("long-recipe")(lambda run: (run / "recipe.toml").write_text("#" * 300_000))
in_run("binary-recipe")(lambda run: (run / "recipe.toml").write_bytes(b"\xff\xfe"))
in_run("relative-data")(lambda run: edited(run / "recipe.toml", '"digits"', '"../digits"'))
in_run("bad-checkpoint")(lambda run: flipped(run / "checkpoints/6.safetensors"))
in_run("bad-checkpoints")(lambda run: [flipped(file) for file in (run / "checkpoints").iterdir()])
in_run("short-checkpoints")(lambda run: [file.write_bytes(b"short") for file in (run / "checkpoints").iterdir()])
in_run("linked-recipe")(lambda run: (run / "recipe.toml").rename(run / "r") and (run / "recipe.toml").symlink_to("r"))
in_run("folder-recipe")(lambda run: (run / "recipe.toml").unlink() or (run / "recipe.toml").mkdir())
in_run("with-a-note")(lambda run: (run / "note.txt").write_text("mine"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs and files, made in English."""
    here = tmp_path_factory.mktemp("made")
    out = here / "runs"
    small: dict[str, Any] = {"out": out, "hidden": 2, "batch_size": 300, "iterations": 6, "plots": False}
    zerokara.train("digits", name="a", **small)
    zerokara.train("digits", name="実行その1", **small)
    zerokara.train("digits", name="blown-up", **small | {"learning_rate": 1e30}, keep_going=True)
    with pytest.raises(zerokara.RunError):
        zerokara.train("digits", name="D", **small | {"learning_rate": 1e30, "iterations": 60})
    stopped(out)
    for name, change in CHANGES.items():
        shutil.copytree(out / "a", out / name)
        change(out / name)
    (out / "E").mkdir()
    (here / "full").mkdir()
    (here / "full/note.txt").write_text("x")
    (out / "photos").mkdir()
    (out / "photos/me.jpg").write_text("x")
    for name, content in FILES.items():
        (here / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return here


def stopped(out: Path) -> None:
    """A run that somebody stopped."""
    from zerokara.runs.folder import RunFolder
    from zerokara.runs.prepared import prepare_run
    from zerokara.training.recipe import Recipe

    recipe = Recipe(dataset="digits", hidden=(2,), batch_size=300, iterations=6, evaluate_every=1)
    prepared = prepare_run(recipe, listeners=[stop])
    prepared.run_into(RunFolder.create(out, "S", "digits"), plots=False)


FILES: dict[str, str | bytes] = {
    "fine.py": "import sys\nprint(sys.argv)\n",
    "mistake.py": "import numpy as np\nprint(x)\nx = 3\n",
    "no_import.py": "a = np.zeros(3)\n",
    "typo.py": "from dataset.minst import load_mnist\n",
    "keyword.py": "from two_layer_net import *\nTwoLayerNet(input_sise=3)\n",
    "file.py": "open('ch03/sample_weight.pkl')\n",
    "encoding.py": "# 学習率\n".encode("cp932") + b"a = 1\n",
    "refused.py": "import zerokara\nzerokara.train('digits', hidden=0)\n",
    "shapes.py": "from two_layer_net import *\nimport numpy as np\nnet, x = TwoLayerNet(6, 4, 3), np.ones((5, 6))\n"
    "net.accuracy(x, np.array([0, 1, 2, 0, 1]))\n",
    "remarks.py": "import numpy as np\ndef f(x):\n    return np.sum(x ** 2)\nx = np.array([1, 2])\n"
    "from common.gradient import numerical_gradient\nnumerical_gradient(f, x)\n",
    "picture.py": "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n",
    "gradient.py": "from two_layer_net import *\nimport numpy as np\nnet = TwoLayerNet(6, 4, 3)\n"
    "x, t = np.ones((5, 6)), np.eye(3)[[0, 1, 2, 0, 1]]\nfor i in range(3):\n    g = net.numerical_gradient(x, t)\n",
    "note.md": "# A note\n\n```python\nprint(1)\n```\n\n```python\nprint(y)\n```\n",
    "nothing.md": "# Only words\n",
    "bad.ipynb": "[",
    "data.txt": "x",
    "recipe.toml": '[network]\nhiden = 3\n[data]\ndataset = "digits"\n',
    "table.toml": "[net]\nhidden = 3\n",
    "a-file": "x",
}


# The command lines


HELPS = [
    "", "--help", "train --help", "resume --help", "check --help", "info --help", "kit --help", "data --help",
    "data list --help", "data fetch --help", "data show --help",
    "runs --help", "runs list --help", "runs show --help", "runs draw --help",
    "runs rm --help", "run --help", "book --help", "book init --help",
]  # fmt: skip

DONE = [
    "--version",
    "info",
    f"train digits --iterations 3 {SMALL} --name new",
    f"train digits --iterations 1 {SMALL} --name new",
    f"train digits --epochs 2 {SMALL} --json --name new",
    f"train digits --iterations 3 {SMALL} --learning-rate 1e30 --keep-going --name new",
    "train digits --iterations 3 --hidden 2 --name new",
    f"train digits --iterations 3 {SMALL} --gradient numerical --name new",
    f"train digits --iterations 6 {SMALL} --name a --resume-or-start",
    f"train digits --iterations 6 {SMALL} --name new --resume-or-start",
    f"train --recipe runs/a --iterations 2 {SMALL} --name new --quiet",
    "resume S --no-plots",
    "resume S --no-plots --json",
    "resume killed --no-plots",
    "resume a --iterations 8 --no-plots",
    "resume bad-checkpoint --no-plots",
    "resume edited-table --no-plots",
    "resume no-figures --no-plots",
    "check --dataset digits --hidden 2 --samples 20",
    "check --dataset digits --hidden 2 --samples 1 --no-plots",
    "check --dataset digits --hidden 2 --samples 20 --activation gelu --no-plots",
    "check a --samples 20 --no-plots",
    "check blown-up --samples 20 --no-plots",
    "data list",
    "data show digits --each 1",
    "runs list",
    "runs list --json",
    "runs list --state broken --sort updates --reverse",
    "runs list --out nowhere",
    *(f"runs show {name}" for name in ("a", "実行その1", "S", "D", "blown-up", *CHANGES, "E")),
    "runs draw a",
    "runs rm with-a-note --yes",
    "runs rm a E --yes",
    "run --list note.md",
    "run --no-remarks fine.py one two",
    "run --figures pictures picture.py",
    "run --prelude no_import.py",
    "run remarks.py",
    "run gradient.py",
    "run --verify gradient.py",
    "run --cells 1 note.md",
]

MISTAKES = [
    "trian",
    "--x",
    "runs lst",
    "runs --json list",
    "data x",
    "train --x",
    "train -x",
    "train -xy",
    "train digits --lerning-rate 1",
    "train digits --lerning-rate=1",
    "train digits --seed",
    "train digits --name --quiet",
    "train digits --seed 1 --seed 2",
    "train digits --quiet=maybe",
    "train digits --learning-rate fast",
    "train digits --learning-rate=",
    "train digits mnist",
    "train digits --dataset mnist",
    "train digits --epochs 2.7",
    "train digits --hidden a",
    "train digits --hidden ''",
    "train digits --learning-rate -1",
    "train digits --momentum 2",
    "train digits --weight-decay -1",
    "train digits --momentum 0.5",
    "train digits --beta1 0.5 --optimizer momentum",
    "train digits --activation rleu",
    "train digits --activation x",
    "train digits --init hee",
    "train digits --init -1",
    "train digits --loss x",
    "train digits --dtype float16",
    "train digits --gradient x",
    "train digits --optimizer addam",
    "train digits --sampling x",
    "train digits --sampling distinct --batch-size 5000",
    "train digits --iterations 5 --epochs 5",
    "train digits --gradient numerical --dtype float32",
    "train digits --seed -3 --json",
    "train digits --engine x",
    "train digits --engine compiled --threads 0",
    "train digits --threads 0",
    "train digits --name ../x",
    "train digits --name a",
    "train digits --out a-file",
    "train digits --resume-or-start",
    "train digits --name a --resume-or-start --seed 7",
    "train digits --name a --resume-or-start --hidden 3",
    "train digits --name photos --resume-or-start",
    "train digitz",
    "train ./nowhere",
    "train a-file",
    "train photos",
    "train runs",
    "train mnist --data-dir nowhere",
    "train kmnist",
    "train --recipe none.toml",
    "train --recipe recipe.toml",
    "train --recipe table.toml",
    "train --recipe runs/bad-recipe",
    f"train digits --iterations 60 {SMALL} --learning-rate 1e30 --name new",
    f"train digits --iterations 60 {SMALL} --learning-rate 1e30 --name new --json",
    "resume",
    "resume a b",
    "resume nowhere",
    "resume a-file",
    "resume photos",
    "resume E",
    "resume a",
    "resume a --json",
    "resume a --epochs 1e3",
    "resume a --iterations 2",
    "resume a --iterations 2 --epochs 3",
    "resume D",
    *(f"resume {name} --no-plots" for name in ("bad-checkpoints", "short-checkpoints", "no-checkpoints", "bad-recipe")),
    *(f"resume {name} --no-plots" for name in ("edited-recipe", "short-recipe", "linked-recipe", "relative-data")),
    "check digits",
    "check nowhere",
    "check a --hidden 30",
    "check --samples 0",
    "check --samples 2.5",
    "check --dataset digits --samples 2000",
    "check --out x.jpg",
    "data fetch",
    "data fetch kmnist",
    "data fetch mnits",
    "data show",
    "data show nowhere",
    "data show digits --out x",
    "data show digits --each 1.5",
    "data show digits --each 0",
    "data show digits --out no/such.png",
    "runs list --state don",
    "runs list --sort x",
    "runs list --out a-file",
    "runs show",
    "runs show nowhere",
    "runs show photos",
    "runs draw nowhere",
    "runs draw bad-checkpoints",
    "runs rm",
    "runs rm a",
    "runs rm nowhere --yes",
    "runs rm ../x --yes",
    "runs rm photos --yes",
    "run",
    "run --x",
    "run --sed 1 fine.py",
    "run --seed",
    "run --seed x fine.py",
    "run --seed -1 fine.py",
    "run nowhere.py",
    "run data.txt",
    "run a-file",
    "run --list fine.py",
    "run --cells 1 fine.py",
    "run --cells x note.md",
    "run --cells 7 note.md",
    "run --cells 2 note.md",
    "run --accelerate --no-accelerate fine.py",
    "run bad.ipynb",
    "run nothing.md",
    "run mistake.py",
    "run no_import.py",
    "run typo.py",
    "run keyword.py",
    "run file.py",
    "run encoding.py",
    "run refused.py",
    "run shapes.py",
    "kit",
    "kit full",
    "kit a-file",
    "kit new --python 9",
    "kit new --platform x",
    "book unit",
    "book init a b",
    "book init a-file",
    "--lang",
    "train --lang",
    "run --lang",
]

LINES = [*HELPS, *DONE, *MISTAKES]


@dataclass(frozen=True)
class Said:
    """What a command said, and what it left: its status, its two streams, and the files that a run consists of."""

    status: int
    out: str
    err: str
    files: dict[str, bytes]

    @property
    def text(self) -> str:
        return self.out + self.err

    @property
    def data(self) -> list[Any]:
        """What it printed for programs, without times and the text of an error."""
        objects = [json.loads(without_times(line.encode())) for line in self.out.splitlines() if is_json(line)]
        return [{**value, "error": ""} if isinstance(value, dict) and "error" in value else value for value in objects]


TIMES = (
    r'("(?:seconds|seconds_process)": )[^,}\n]*',
    r'("(?:began|ended)": ")[^"]*',
    r'(\\"seconds\\": )[^,}]*',  # in the head of a checkpoint
    r'(\\"(?:began|digest)\\": \\")[^\\]*',
    r"(\]\}\}) *",  # which fills it up
)
"""What differs from one run to the next: how long it took, when it was, and a digest that covers both."""


def without_times(content: bytes) -> bytes:
    """The same content, but for times, and but for the length of a head that has them."""
    content = content[8:] if content[8:9] == b"{" else content
    for pattern in TIMES:
        content = re.sub(pattern.encode(), rb"\g<1>0", content)
    return content


@pytest.fixture
def said(
    made: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Callable[[str], Said]:
    """said(command line): what it says where those runs and files are."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("ZEROKARA_LANG", "en")
    monkeypatch.delenv("ZEROKARA_DATA", raising=False)
    monkeypatch.setenv("ZEROKARA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("os.fsync", lambda handle: None)
    monkeypatch.setattr("zerokara.data.loading.mirrors_of", lambda entry: [])

    def said(line: str) -> Said:
        if line.startswith("run "):
            request.getfixturevalue("clean_imports")
        here = tmp_path / "here"
        shutil.rmtree(here, ignore_errors=True)
        shutil.copytree(made, here, symlinks=True, ignore=lambda folder, names: unnamed(line, folder, names))
        monkeypatch.chdir(here)
        capfd.readouterr()
        status = main(shlex.split(line))
        out, err = capfd.readouterr()
        files = sorted(file for file in here.rglob("*") if file.is_file() and file.suffix not in (".png", ".html"))
        return Said(status, out, err, {str(file.relative_to(here)): file.read_bytes() for file in files})

    return said


def unnamed(line: str, folder: str, names: list[str]) -> set[str]:
    """The runs that a line does not name, which need not be there."""
    is_needed = line.startswith("runs list") or Path(folder).name != "runs"
    return set() if is_needed else {name for name in names if name not in re.split(r"[ /]", line)}


# What may stand outside a sentence


NAMES = {
    *ENTRIES, *ENGINES, AUTO, *ACTIVATIONS, *LOSSES, *INITIALIZERS, *SAMPLINGS, *OPTIMIZERS, *DTYPES, *GRADIENTS,
    *app, *app["data"], *app["runs"], *CHANGES, "blown-up", "photos", "init", "zerokara", "python", "numpy",
    "scikit-learn", "matplotlib", "safetensors", "ipython", "nbformat", "websockets", "anywidget", "tensorboardX",
    "pandas", "Linux", "nowhere",
}  # fmt: skip
"""What is called the same in every language."""

LISTED = {*LANGUAGES, *STATES, *COLUMNS, *PRELUDE, *(field.name for field in fields(zerokara.Recipe))}
"""Names that are words too, and known as names by being listed: finished, stopped, diverged."""

CODE = ["print(1)", "print(y)", "from common.functions import softmax", "['fine.py', 'one', 'two']"]
"""In learners' files, and what they print."""

QUOTED = [
    *(os.strerror(number) for number in errno.errorcode),
    r"Invalid initial character for a key part \(at end of document\)",
    r"Expecting value: line 1 column 2 \(char 1\)",
    r"'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
    r"SyntaxError: Non-UTF-8 code, but no encoding is declared that fits; see ",
    r"Notebook does not appear to be JSON: .*",
]
"""What the system and Python say, which stays as it is."""


def is_json(line: str) -> bool:
    return line.startswith(('{"', '[{"', "[]"))


def plain(text: str) -> str:
    """A text without what is not zerokara's own: JSON, tracebacks, escape sequences."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    text = re.sub(r"(?ms)^Traceback \(most recent call last\):\n(?:  .*\n)*(?=\S)(?:[\w.]+: )?", "", text)
    text = re.sub(r"(?m)^  File .*\n(?:    .*\n)*", "", text)
    return "\n".join(line for line in text.splitlines() if not is_json(line))


def without_names(text: str) -> str:
    """A text without names, options, paths, code, and what the catalogue says of licences and authors."""
    for known in (*CODE, *(fact for entry in ENTRIES.values() for fact in (entry.license, entry.home))):
        text = text.replace(known, "")
    text = re.sub(rf"\[(?:{'|'.join(CAUSES)})\]", "", text)
    for pattern in QUOTED:
        text = re.sub(pattern, "", text)
    listed = "|".join(sorted(map(re.escape, LISTED), key=len, reverse=True))
    text = re.sub(rf"(?a:\b)(?:{listed})(?:, (?:{listed}))+(?a:\b)", "", text)
    text = re.sub(r"<(Network|Run) [^>]*>", "", text)
    text = re.sub(r"[^\s⟦⟧]*/[^\s⟦⟧]*|[^\s⟦⟧]+\.(py|png|toml|json|csv|safetensors|ipynb|md|txt|gz)\b", "", text)
    names = sorted(NAMES, key=len, reverse=True)
    text = re.sub(rf"(?<![\w-])({'|'.join(map(re.escape, names))})(?![\w-])", "", text)
    return re.sub(r"(?<!\w)--?[a-zA-Z][a-z0-9-]*", "", text)


def outside(text: str) -> list[str]:
    """The lines with a word outside of every sentence."""
    lines = without_names(re.sub(r"⟦[^⟦⟧]*⟧", "", plain(text))).splitlines()
    return [line for line in lines if re.search(r"(?!nan\b)[a-z]{3}", line)]


def nested(text: str) -> list[str]:
    """The sentences that are within another."""
    return re.findall(r"⟦[^⟦⟧]*⟦[^⟦⟧]*⟧", text)


def english(text: str) -> list[str]:
    """Three English words in a row, wherever they are."""
    return re.findall(r"[A-Za-z]{2,},? [a-z]{2,},? [a-z]{2,}", without_names(plain(text)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("⟦It is so.⟧ ⟦[default: 3]⟧\n--lang LANG  ⟦So.⟧", ([], [])),
        ("digits  ⟦handwritten⟧; CC BY 4.0; /usr/share/with/names", ([], [])),
        ("zerokara: ⟦runs/a is damaged: No such file or directory.⟧", ([], [])),
        ("⟦It is⟧ damaged", ([" damaged"], [])),
        ("done: ⟦3⟧", (["done: "], [])),
        ("⟦It is so: ⟦not there⟧.⟧", ([], ["⟦It is so: ⟦not there⟧"])),
        ('{"error": "it is damaged"}', ([], [])),
        (
            'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nNameError: ⟦so⟧\nhere',
            (["here"], []),
        ),
    ],
)
def test_the_detectors_see(text: str, found: tuple[list[str], list[str]]) -> None:
    assert ([line for line in outside(text) if not line.startswith("⟦It is so: ")], nested(text)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("重みは this is not done ない", ["this is not"]),
        ("the seed, and a loss", ["the seed, and"]),
        ("en, ja, ko 중 하나를 쓰세요. np, plt, load_mnist, TwoLayerNet을 쓰세요.", []),
        ("zerokara data fetch mnist、No such file or directory、--no-plots --quiet --json", []),
    ],
)
def test_english_words_are_seen(text: str, found: list[str]) -> None:
    assert english(text) == found


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize("line", LINES)
def test_every_word_is_in_one_sentence(line: str, said: Callable[[str], Said], marked: None) -> None:
    text = said(line).text
    assert "Traceback" not in text or line.startswith("run "), text
    assert not nested(text)
    assert not outside(text)


# In other languages

IN_ENGLISH: dict[str, Said] = {}
TAKES_JSON = ("train", "resume", "runs list")


@pytest.fixture
def spoken() -> Iterator[Callable[[str], str]]:
    yield words.set_language
    words.set_language("en")


@pytest.mark.slow
@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize("language", ["ja", "ko"])
@pytest.mark.parametrize("line", LINES)
def test_in_another_language_all_is_said_in_it_and_programs_read_the_same(
    line: str, language: str, said: Callable[[str], Said], spoken: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {}
    for name in ("en", language):
        spoken(name)
        monkeypatch.setenv("ZEROKARA_LANG", name)
        told[name] = [said(line), *([said(f"{line} --json")] if line.startswith(TAKES_JSON) else [])]
    for expected, got in zip(*told.values(), strict=True):
        assert got.status == expected.status
        assert got.data == expected.data
        assert not english(got.text)
        assert set(got.files) == set(expected.files)
        for name, content in expected.files.items():
            assert without_times(got.files[name]) == without_times(content), name
