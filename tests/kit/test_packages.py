"""Everything that is needed on the other PC, and nothing that only this one needs."""

import pytest

from zerokara.errors import ZerokaraError
from zerokara.kit import Target, packages
from zerokara.kit.packages import collect

WINDOWS = Target("3.12", "win_amd64")


def slow(*values):
    return pytest.param(*values, marks=pytest.mark.slow)


def collected(folder, roots, target):
    folder.mkdir(exist_ok=True)
    collect(folder, roots, target, lambda text: None)
    return sorted(path.name.partition("-py")[0] for path in folder.iterdir())


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        slow(WINDOWS, ["app-1.0", "colorama-1.0", "shell-1.0"]),
        slow(Target("3.12", "macosx_14_0_arm64"), ["app-1.0", "appnope-1.0", "pexpect-1.0", "shell-1.0"]),
        slow(Target("3.11", "manylinux2014_x86_64"), ["app-1.0", "backport-1.0", "pexpect-1.0", "shell-1.0"]),
    ],
    ids=["Windows", "macOS", "Linux"],
)
def test_conditions_are_those_of_the_other_pc(add, tmp_path, target, expected):
    add("app", requires=('shell; extra == "notebook"', 'never; extra == "other"'))
    add(
        "shell",
        requires=(
            'colorama; sys_platform == "win32"',
            'appnope; platform_system == "Darwin"',
            'pexpect; os_name != "nt"',
            'backport; python_version < "3.12"',
        ),
    )
    for name in ("colorama", "appnope", "pexpect", "backport"):
        add(name)
    assert collected(tmp_path / "wheels", ["app[notebook]"], target) == expected


@pytest.mark.slow
def test_a_version_that_somebody_later_cannot_do_with_is_replaced_with_all_that_it_brought(add, tmp_path):
    add("a", requires=("c", "b"))
    add("b", requires=("c<2",))
    add("c", "2.0", requires=("only-of-2",))
    add("c", "1.5")
    add("only-of-2")
    assert collected(tmp_path / "wheels", ["a", "c"], WINDOWS) == ["a-1.0", "b-1.0", "c-1.5"]


@pytest.mark.slow
def test_extras_of_a_package_met_before_are_followed(add, tmp_path):
    add("a", requires=("b", "c"))
    add("b", requires=('d; extra == "x"',))
    add("c", requires=("b[x]",))
    add("d")
    assert collected(tmp_path / "wheels", ["a"], WINDOWS) == ["a-1.0", "b-1.0", "c-1.0", "d-1.0"]


@pytest.mark.slow
def test_wheels_for_that_python_and_platform_are_taken(add, tmp_path):
    for tag in ("cp312-cp312-win_amd64", "cp311-cp311-win_amd64", "cp312-cp312-manylinux2014_x86_64"):
        add("a", "1.0", tag=tag)
    add("a", "2.0", tag="cp312-cp312-win_arm64")
    collect(tmp_path, ["a"], WINDOWS, lambda text: None)
    assert [path.name for path in tmp_path.glob("*.whl")] == ["a-1.0-cp312-cp312-win_amd64.whl"]


@pytest.mark.parametrize("requires", [("b<2", "b>3"), slow(("nowhere",))])
def test_what_pip_cannot_deliver_is_said_in_its_words(add, tmp_path, requires):
    add("a", requires=requires)
    add("b")
    with pytest.raises(ZerokaraError, match=r"on win_amd64. It said:\n  ERROR: .*(nowhere|b<2,>3)") as caught:
        collect(tmp_path, ["a"], WINDOWS, lambda text: None)
    assert caught.value.code == "download-failed"


@pytest.mark.slow
def test_pip_itself_must_find_all_in_the_folder_and_nowhere_else(add, tmp_path):
    """Though a variable leads it to an index that has what is missing."""
    add("a", requires=("b",))
    add("b")
    for target in (WINDOWS, Target.of()):
        folder = tmp_path / target.platform
        collected(folder, ["a"], target)
        next(folder.glob("b-*")).unlink()
        with pytest.raises(ZerokaraError, match="No matching distribution found for b"):
            packages._check(folder, {"a": "", "b": ""}, ["a"], target)


def test_without_pip_it_says_how_to_get_it(add, tmp_path, monkeypatch):
    add("a")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ZerokaraError, match=r"Get it with: uv pip install --python \S+ pip") as caught:
        collect(tmp_path, ["a"], WINDOWS, lambda text: None)
    assert caught.value.code == "missing-package"


@pytest.mark.parametrize(
    ("said", "words", "advice"),
    [
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError'\n"
            "ERROR: No matching distribution found for a\n",
            "  ERROR: No matching distribution found for a\n",
            "No package index was reached.",
        ),
        ("ERROR: No matching distribution found for a", "  ERROR: No matching distribution found for a\n", "no wheel"),
        (
            "ERROR: Exception:\nTraceback (most recent call last):\nOSError: [Errno 28] No space left on device\n\n",
            "  OSError: [Errno 28] No space left on device\n",
            "",
        ),
    ],
    ids=["offline", "no wheel", "disk full"],
)
def test_why_pip_failed_is_told(said, words, advice):
    text = str(packages._refused(said, WINDOWS))
    assert f"It said:\n{words}Nothing was written." in text
    assert advice in text
    assert ("wheel" in text) == ("wheel" in advice)
    assert ("index" in text) == ("index" in advice)
