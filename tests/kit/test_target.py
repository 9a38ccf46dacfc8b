"""What runs on which PC."""

import re
from itertools import pairwise

import pytest
from packaging.markers import default_environment
from packaging.tags import sys_tags

from zerokara.errors import UsageError
from zerokara.kit import Target


def platforms(target: Target) -> list[str]:
    options = target.pip_options()
    return [value for name, value in pairwise(options) if name == "--platform"]


def test_by_default_it_is_what_runs_here():
    here = Target.of()
    assert here.like_here
    runnable = {tag.platform for tag in sys_tags()}
    assert set(platforms(here)) & runnable == {name for name in runnable if re.match("many|musl", name)}
    told = default_environment()
    always = {name: told[name] for name in ("os_name", "sys_platform", "platform_system", "platform_machine")}
    always |= {name: told[name] for name in ("implementation_name", "platform_python_implementation", "python_version")}
    assert here.markers().items() >= always.items()


@pytest.mark.parametrize(
    ("platform", "system"),
    [  # PEP 508's examples and Python's documentation of os.name, sys.platform, platform.system() and .machine()
        ("win_amd64", ("nt", "win32", "Windows", "AMD64")),
        ("win_arm64", ("nt", "win32", "Windows", "ARM64")),
        ("macosx_14_0_arm64", ("posix", "darwin", "Darwin", "arm64")),
        ("manylinux2014_x86_64", ("posix", "linux", "Linux", "x86_64")),
        ("musllinux_1_2_aarch64", ("posix", "linux", "Linux", "aarch64")),
    ],
)
def test_what_markers_say_there(platform, system):
    markers = Target.of("3.13", platform).markers()
    names = ("os_name", "sys_platform", "platform_system", "platform_machine")
    assert tuple(markers[name] for name in names) == system
    assert (markers["python_version"], markers["python_full_version"]) == ("3.13", "3.13.0")
    assert set(markers) == set(default_environment()), "a marker would be asked of this machine"


def test_a_newer_library_runs_what_an_older_one_does():
    newer, older = (platforms(Target.of("3.12", f"manylinux_2_{minor}_x86_64")) for minor in (28, 17))
    assert newer[0] == "manylinux_2_28_x86_64"
    assert newer[-len(older) :] == older
    assert platforms(Target.of("3.12", "manylinux2014_x86_64")) == older
    assert {"manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "manylinux_2_5_x86_64"} <= set(older)
    assert platforms(Target.of("3.12", "musllinux_1_1_x86_64")) == ["musllinux_1_1_x86_64", "musllinux_1_0_x86_64"]
    assert platforms(Target.of("3.12", "win_amd64")) == ["win_amd64"]


def test_another_c_library_is_like_here_and_another_python_or_system_is_not():
    here = Target.of()
    assert not Target.of("3.99").like_here
    assert not Target.of(here.python, "win_arm64").like_here
    if "linux" in here.platform:
        machine = here.markers()["platform_machine"]
        assert Target.of(here.python, f"manylinux2014_{machine}").like_here


@pytest.mark.parametrize(
    ("python", "platform", "words", "code"),
    [
        ("3.10", None, r"--python must be >=3.11, such as 3.12. Got '3.10'", "wrong-value"),
        ("three", None, r"Got 'three'", "wrong-value"),
        ("3.12.1", None, r"Got '3.12.1'", "wrong-value"),
        (None, "windows", r"such as win_amd64, .* Got 'windows'", "unknown-name"),
        (None, "win_amd6", r"Did you mean win_amd64\?", "unknown-name"),
        (None, "macosx", r"Got 'macosx'", "unknown-name"),
    ],
)
def test_what_is_no_target(python, platform, words, code):
    with pytest.raises(UsageError, match=words) as caught:
        Target.of(python, platform)
    assert caught.value.code == code
