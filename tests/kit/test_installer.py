"""What the installer says where it cannot install. That it installs is tried in test_classroom.py."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from string import Formatter

import pytest

from zerokara.kit import installed
from zerokara.kit.making import INSTALLER, Kit
from zerokara.kit.texts import INSTALLER as SENTENCES

HERE = "{}.{}".format(*sys.version_info)
pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs sh")


@pytest.fixture
def kit(made: Kit, tmp_path: Path) -> Path:
    """A kit for this Python, with wheels that have nothing in them."""
    copy = Path(shutil.copytree(made.folder, tmp_path / "kit"))
    change(copy, python=HERE)
    return copy


def change(kit: Path, **values: object) -> None:
    manifest = json.loads((kit / "kit.json").read_text(encoding="utf-8"))
    (kit / "kit.json").write_text(json.dumps(manifest | values), encoding="utf-8")


def install(kit: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, kit / "install.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | variables)


def test_each_sentence_has_its_facts():
    """Where they are filled in, zerokara's own checks of sentences do not look."""
    told = {}
    for node in ast.walk(ast.parse((INSTALLER / "install.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "tell":
            told[ast.literal_eval(node.args[0])] = {keyword.arg for keyword in node.keywords}
    assert told == {key: {name for _, name, _, _ in Formatter().parse(text) if name} for key, text in SENTENCES.items()}


def test_a_damaged_wheel_is_found_before_anything_is_installed(kit):
    wheels = sorted((kit / "wheels").iterdir())
    wheels[0].write_bytes(wheels[0].read_bytes()[:-1] + b"x")
    wheels[1].unlink()
    (kit / "examples" / "book" / "ch04" / "train_neuralnet.py").write_text("edited, as it may be")
    done = install(kit)
    assert done.returncode == 1
    assert done.stdout == (
        f"These files of the kit are missing or damaged: wheels/{wheels[0].name}, wheels/{wheels[1].name}. "
        "Copy the whole kit again. Nothing was installed.\n"
    )
    assert not (kit / ".venv").exists()


def test_another_python_is_refused(kit):
    change(kit, python="3.99")
    done = install(kit)
    assert done.returncode == 1
    assert "needs Python 3.99 for win_amd64" in done.stdout
    assert not (kit / ".venv").exists()


def test_a_folder_that_cannot_be_written_is_said(kit, tmp_path):
    (tmp_path / "file").write_text("x")
    done = install(kit, str(tmp_path / "file" / "in"))
    assert done.returncode == 1
    assert "No environment can be made in" in done.stdout
    assert "Name a folder that you may write to" in done.stdout


def test_what_pip_refuses_is_explained(kit, tmp_path):
    """Here the wheel of pip has nothing in it, so that it fails at once."""
    done = install(kit, str(tmp_path / "room"))
    assert done.returncode == 1
    assert f"Installing {len(list(kit.glob('wheels/*')))} packages into {tmp_path / 'room'}" in done.stdout
    assert "The packages could not be installed" in done.stdout
    assert "win_amd64, and this is " in done.stdout


def tools(folder: Path, **scripts: str) -> dict[str, str]:
    """A PATH with no Python but the scripts given."""
    folder.mkdir()
    for name in ("cat", "dirname"):
        (folder / name).symlink_to(shutil.which(name))
    for name, text in scripts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return {"PATH": str(folder)}


def test_without_the_right_python_it_says_which_and_what_is_there(kit, tmp_path):
    change(kit, python="3.12")
    other = '#!/bin/sh\n[ "$1" = --version ] && echo Python 2.7.18 && exit\nexit 1\n'
    for name, there in (("none", {}), ("other", {"python3": other})):
        command = ["/bin/sh", kit / "install.sh"]
        done = subprocess.run(command, capture_output=True, text=True, env=tools(tmp_path / name, **there))
        assert done.returncode == 1
        assert "needs Python 3.12 for win_amd64" in done.stderr
        assert ("Python 2.7.18" in done.stderr) == bool(there)


def test_the_right_python_is_found_and_given_the_arguments(kit, tmp_path):
    right = '#!/bin/sh\n[ "$1" = -c ] && exit\necho "$@"\n'
    path = tools(tmp_path / "bin", **{"python3.12": right})
    done = subprocess.run(["/bin/sh", kit / "install.sh", "a b"], capture_output=True, text=True, env=path)
    assert done.stdout == f"{kit}/install.py a b\n"


def test_the_new_environment_hears_of_no_other_packages(kit, monkeypatch):
    """A school's pip may be told to install elsewhere, and its Python to look elsewhere."""
    names = {"PIP_TARGET": "x", "PYTHONPATH": "x", "PYTHONHOME": "x", "ZEROKARA_LANG": "ko", "HOME": "x"}
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    space = {"__file__": str(kit / "install.py"), "__name__": "installer"}
    exec((kit / "install.py").read_text(encoding="utf-8"), space)
    variables = space["own_environment"]()
    assert {name: variables.get(name) for name in names} == dict.fromkeys(names) | {"ZEROKARA_LANG": "ko", "HOME": "x"}
    assert variables["PIP_CONFIG_FILE"] == os.devnull


# Once zerokara is installed


@pytest.fixture
def settled(kit, tmp_path, monkeypatch, capfd):
    """What is there after `installed` ran for a kit with data."""
    (kit / "data" / "mnist").mkdir(parents=True, exist_ok=True)
    (kit / "data" / "mnist" / "some.gz").write_text("data")
    monkeypatch.setenv("ZEROKARA_CACHE", str(tmp_path / "cache"))
    (tmp_path / "room").mkdir()
    assert installed.main([str(kit), str(tmp_path / "room")]) == 0
    return capfd.readouterr().out


def test_data_come_into_the_cache_and_examples_beside_the_environment(settled, tmp_path):
    assert (tmp_path / "cache" / "mnist" / "some.gz").read_text() == "data"
    example = tmp_path / "room" / "examples" / "book" / "ch04" / "train_neuralnet.py"
    assert example.read_text(encoding="utf-8").startswith("# coding")
    assert os.access(example, os.W_OK)
    assert "engine  " in settled
    assert settled.endswith(f"Next: sh {tmp_path / 'room' / 'start.sh'}\n")


def test_the_start_script_finds_the_environment_and_runs_a_command(settled, tmp_path):
    command = tmp_path / "room" / ".venv" / "bin" / "zerokara"
    command.parent.mkdir(parents=True)
    command.write_text('#!/bin/sh\necho "$@" in "$PWD"\n')
    command.chmod(0o755)
    start = ["/bin/sh", tmp_path / "room" / "start.sh"]
    done = subprocess.run([*start, "zerokara", "a b"], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == f"a b in {tmp_path}\n"
    shell = subprocess.run(
        start, input="zerokara train", capture_output=True, text=True, cwd="/", env={"SHELL": "/bin/sh"}
    )
    assert shell.stdout == f"train in {tmp_path / 'room'}\n"


def test_data_that_cannot_be_kept_are_said_and_stop_nothing(kit, tmp_path, monkeypatch, capfd):
    (kit / "data" / "mnist").mkdir(parents=True, exist_ok=True)
    (kit / "data" / "mnist" / "some.gz").write_text("data")
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("ZEROKARA_CACHE", str(tmp_path / "file"))
    assert installed.main([str(kit), str(kit)]) == 0
    out = capfd.readouterr().out
    assert f"Set ZEROKARA_DATA to {kit / 'data'} to have its data found." in out
