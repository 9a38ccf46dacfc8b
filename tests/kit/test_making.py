"""What is in a kit, and that nothing is lost or half done where one cannot be made."""

import hashlib
import json
import os
import re
from pathlib import Path

import pytest

from zerokara import words
from zerokara.cli.app import main
from zerokara.data import whereabouts
from zerokara.errors import UsageError, ZerokaraError
from zerokara.kit import Target, make_kit, making
from zerokara.kit.making import Kit

WINDOWS = Target("3.12", "win_amd64")
ROOT = Path(__file__).parents[2]


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_kit_says_of_each_file_what_it_must_be(made: Kit) -> None:
    kit = files(made.folder)
    manifest = json.loads(kit.pop("kit.json"))
    assert manifest["files"] == {name: hashlib.sha256(data).hexdigest() for name, data in kit.items()}
    assert (manifest["python"], manifest["platform"], manifest["language"]) == ("3.12", "win_amd64", "en")
    assert made.size == sum(map(len, kit.values()))
    wheels = [name for name in kit if name.startswith("wheels/")]
    assert made.packages == len(wheels)
    assert f"wheels/{manifest['pip']}" in wheels


def test_in_it_are_wheels_examples_pages_and_an_installer(made: Kit) -> None:
    kit = files(made.folder)
    for package in ("zerokara-0.1.0", "numpy-9999", "ipykernel-9999", "koreanize_matplotlib-9999", "pip-9999"):
        assert f"wheels/{package}-py3-none-any.whl" in kit
    assert "tensorboardX" not in "".join(kit)
    assert kit["examples/book/ch04/train_neuralnet.py"] == (ROOT / "examples/book/ch04/train_neuralnet.py").read_bytes()
    assert {"pages/README.md", "pages/docs/BOOK.md", "pages/docs/accuracy.png"} <= set(kit)
    assert {"install.bat", "install.sh", "install.py", "README.txt", "README.ja.txt", "README.ko.txt"} <= set(kit)
    assert (made.compiled, made.examples) == (False, True)
    if os.name == "posix":
        assert (made.folder / "install.sh").stat().st_mode & 0o111


def test_windows_can_read_what_is_for_it(made: Kit) -> None:
    """cmd needs its own line ends, and loses its place in a script that is not ASCII; Notepad wants a mark."""
    kit = files(made.folder)
    for name in ("install.bat", "python-needed.txt", "README.ja.txt"):
        assert kit[name].count(b"\n") == kit[name].count(b"\r\n") > 0
    assert kit["install.bat"].isascii()
    assert kit["README.ja.txt"].startswith(b"\xef\xbb\xbf")
    assert not kit["python-needed.txt"].startswith(b"\xef\xbb\xbf")
    assert b'"py -3.12"' in kit["install.bat"]
    assert b"\r" not in kit["install.sh"]
    assert not [name for name, data in kit.items() if b"@PYTHON@" in data and not name.endswith(".whl")]


def test_it_tells_nothing_of_who_made_it_and_where(made: Kit) -> None:
    telling = [str(ROOT), str(made.folder.parent), str(Path.home()), os.uname().nodename]
    for name, data in files(made.folder).items():
        assert not [text for text in telling if len(text) > 4 and text.encode() in data], name
        assert not re.search(rb"/simple\b", data), f"{name} names a package index"


@pytest.mark.mnist
def test_mnist_is_in_it_where_it_is_here(made: Kit) -> None:
    assert made.data
    kit = files(made.folder)
    for path in whereabouts("mnist").values():
        assert kit[f"data/mnist/{path.name}"] == path.read_bytes()
    assert "CC BY-SA" in (made.folder / "README.txt").read_text(encoding="utf-8")


def test_readme_and_installer_speak_of_what_is_there() -> None:
    with_all, without = (making.readmes(WINDOWS, data=here, examples=here) for here in (True, False))
    assert list(with_all) == ["README.txt", "README.ja.txt", "README.ko.txt"]
    assert words.language() == "en"
    assert "zerokara train mnist" in with_all["README.txt"]
    assert "    zerokara lab\n" in with_all["README.txt"]
    assert "examples/book" in with_all["README.txt"]
    assert "mnist" not in without["README.txt"].lower()
    assert "examples" not in without["README.txt"]
    for script in re.findall(r"run (examples\S+)", with_all["README.txt"]):
        assert (ROOT / script).is_file()


def test_python_needed_is_said_in_english_too(marked: None) -> None:
    here, english = making.python_needed(WINDOWS).splitlines()
    assert here == f"⟦{english}⟧"
    assert "Python 3.12 for win_amd64" in english
    assert all(text.startswith("⟦") and text.endswith("⟧") for text in making.installer_words().values())


# Where it cannot be made


def test_a_folder_with_anything_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.txt").write_text("x")
    for folder in (tmp_path / "mine", tmp_path / "mine" / "note.txt"):
        with pytest.raises(UsageError, match=r"is no kit\..* Nothing was written") as caught:
            make_kit(folder, WINDOWS)
        assert caught.value.code == "kit-folder"
    assert files(tmp_path) == {"mine/note.txt": b"x"}


def test_what_fails_leaves_the_folder_as_it_was(made: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*of: object) -> None:
        raise ZerokaraError("no network")

    earlier = tmp_path / "earlier"
    making._move(_copy(made.folder, tmp_path / "copy"), earlier, (made.folder / "kit.json").read_bytes())
    before = files(tmp_path)
    monkeypatch.setattr(making, "collect", fails)
    for folder in (earlier, tmp_path / "new"):
        with pytest.raises(ZerokaraError, match="no network"):
            make_kit(folder, WINDOWS)
    assert files(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "earlier"]


def test_a_disk_that_is_full_when_all_is_moved_leaves_no_kit_that_looks_whole(
    made: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(old: Path, new: Path) -> None:
        raise OSError(28, "No space left on device", str(new))

    copy = _copy(made.folder, tmp_path / "copy")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        making._move(copy, tmp_path / "kit", b"{}")
    assert not (tmp_path / "kit" / "kit.json").exists()


def test_an_earlier_kit_is_brought_up_to_date_and_what_pupils_put_there_stays(made: Kit, tmp_path: Path) -> None:
    kit = tmp_path / "kit"
    (kit / "wheels").mkdir(parents=True)
    (kit / "kit.json").write_text("{}")
    (kit / "wheels" / "numpy-1.0-py3-none-any.whl").write_text("old")
    (kit / "my.py").write_text("mine")
    making.check_folder(kit)
    making._move(_copy(made.folder, tmp_path / "copy"), kit, (made.folder / "kit.json").read_bytes())
    assert files(kit) == files(made.folder) | {"my.py": b"mine"}


def test_without_a_source_tree_there_are_no_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "lib" / "site-packages" / "zerokara" / "kit" / "making.py"
    monkeypatch.setattr(making, "__file__", str(installed))
    assert not making._copy_source(tmp_path / "made")
    assert not (tmp_path / "made").exists()


def _copy(kit: Path, folder: Path) -> Path:
    """The files of a kit but its manifest, as they are before they are moved."""
    for name, data in files(kit).items():
        if name != "kit.json":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
    return folder


# The command


def test_the_command_says_what_is_in_it_and_what_to_do(made, tmp_path, monkeypatch, capsys) -> None:
    asked = []
    monkeypatch.setattr(
        "zerokara.cli.kit.make_kit", lambda folder, target, tell: asked.append((folder, target)) or made
    )
    assert main(["kit", "room", "--python", "3.12", "--platform", "win_amd64"]) == 0
    assert asked == [(Path("room"), WINDOWS)]
    lines = capsys.readouterr().out.splitlines()
    assert f"{made.packages} packages for Python 3.12 on win_amd64, " in lines[0]
    assert "NumPy computes there" in lines[1]
    assert "on Windows and macOS, kits were never tried" in lines[-1]


def test_what_the_command_says_is_translated(made, monkeypatch, capsys, marked) -> None:
    monkeypatch.setattr("zerokara.cli.kit.make_kit", lambda *of: made)
    main(["kit", "room"])
    for line in capsys.readouterr().out.splitlines():
        assert re.fullmatch(r"⟦[^⟦⟧]+⟧", line)


def test_a_wrong_platform_is_one_sentence(capsys) -> None:
    assert main(["kit", "room", "--platform", "win_amd46"]) == 2
    assert "Did you mean win_amd64?" in capsys.readouterr().err
