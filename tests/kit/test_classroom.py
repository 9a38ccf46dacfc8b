"""A kit of real packages, and a room to try it in: no network, no rights, a home of one's own.

These tests need a package index that pip reaches.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zerokara.data import whereabouts
from zerokara.engine.compiled import core
from zerokara.kit import Target, make_kit

pytestmark = pytest.mark.slow
HERE = "{}.{}".format(*sys.version_info)
PATH = "/usr/local/bin:/usr/bin:/bin"
"""Where everybody finds programs; the Python that runs these tests may lie in a home that others may not enter."""
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


@pytest.fixture(scope="module", autouse=True)
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip, or with --no-missing fail, where pip reaches no index."""
    folder = tmp_path_factory.mktemp("index")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-cache-dir",
        "--dest",
        folder,
        "tomli-w",
    ]
    done = subprocess.run(pip, capture_output=True, text=True)
    if done.returncode:
        reason = f"no package index is reached: {done.stderr.strip().splitlines()[-1:]}"
        (pytest.fail if request.config.getoption("--no-missing") else pytest.skip)(reason)


@pytest.fixture
def room() -> Iterator[Path]:
    """An empty folder that everybody may enter, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="zerokara-room-")).resolve()
    folder.chmod(0o755)
    yield folder
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    shutil.rmtree(folder)


def works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, env={"PATH": PATH}).returncode == 0
    except FileNotFoundError:
        return False


def barriers() -> tuple[list[str], dict[str, str], list[str]]:
    """What to start a command with, so that it has neither network nor rights; variables; what could not be had."""
    start, variables, lacking = [], {}, []
    if works("unshare", "-n", "true"):
        start = ["unshare", "-n"]
    elif works("unshare", "-rn", "true"):
        start = ["unshare", "-rn"]
    else:
        lacking.append("no network namespace: proxies that answer nothing stand for it")
        dead = "http://127.0.0.1:9"
        variables = {"http_proxy": dead, "https_proxy": dead, "HTTPS_PROXY": dead, "PIP_NO_INDEX": "1"}
    if os.getuid() == 0 and works(*NOBODY, f"python{HERE}", "-c", "import venv"):
        start += NOBODY
    elif os.getuid() == 0:
        lacking.append(f"another user has no Python {HERE}: it is tried as root")
    return start, variables, lacking


@pytest.fixture
def pupil(room: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """pupil(*command, cwd=…): what a command says that has no network, no rights, and this room's home."""
    start, more, lacking = barriers()
    home = room / "home"
    home.mkdir()
    if start[-3:] == NOBODY[1:]:
        os.chown(home, 65534, 65534)
    with capsys.disabled():
        for what in lacking:
            print(f"\nThe classroom is not as it should be: {what}.", file=sys.stderr)
    python = shutil.which(f"python{HERE}", path=PATH) or sys.executable
    environment = {"PATH": f"{Path(python).parent}:{PATH}", "HOME": str(home), "LANG": "C.UTF-8"} | more

    def pupil(*command: str, cwd: Path) -> str:
        done = subprocess.run([*start, *command], cwd=cwd, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{command} in {cwd}:\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    if "unshare" in start:
        interfaces = pupil("cat", "/proc/net/dev", cwd=room).splitlines()[2:]
        assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]
    return pupil


@pytest.mark.skipif(os.name != "posix", reason="tried on Linux")
def test_installed_trained_and_a_textbook_script_run_without_network_and_rights(
    room: Path, pupil: Callable[..., str]
) -> None:
    made = make_kit(room / "kit", Target.of())
    assert made.compiled == (core() is not None)
    assert made.data == all(whereabouts("mnist").values())
    stick = room / "kit"
    for folder in (stick, *(path for path in stick.rglob("*") if path.is_dir())):
        folder.chmod(0o555)
    home = room / "home" / "zerokara"
    alone = "setpriv" in barriers()[0]  # where the stick can be written after all, the home folder must be asked for
    said = pupil("sh", "install.sh", *([] if alone else [str(home)]), cwd=stick)
    assert f"zerokara is installed in {home}" in said
    assert ("engine               compiled" in said) == made.compiled
    if made.data:
        assert f"{room / 'home' / '.cache' / 'zerokara' / 'mnist'}\n" in said
    start = ("sh", str(home / "start.sh"))
    assert "kept in runs/digits-001" in pupil(*start, "zerokara", "train", "digits", cwd=home)
    run = json.loads((home / "runs" / "digits-001" / "run.json").read_text(encoding="utf-8"))
    assert run["state"] == "finished"
    said = pupil(*start, "zerokara", "run", "examples/book/ch04/gradient_method.py", cwd=home)
    assert "zerokara supplied gradient_2d" in said
    python = str(home / ".venv" / "bin" / "python")
    pupil(
        python,
        "-c",
        "import matplotlib_fontja, koreanize_matplotlib, ipykernel, nbformat, IPython, websockets, anywidget",
        cwd=home,
    )
    pupil(python, "-m", "pip", "check", cwd=home)
    again = "from pathlib import Path; from zerokara.kit import own_wheel; own_wheel.write_own_wheels(Path(), True)"
    pupil(python, "-c", again, cwd=home)
    for wheel in stick.glob("wheels/zerokara-*"):
        assert (home / wheel.name).read_bytes() == wheel.read_bytes(), "an installed zerokara makes other wheels"


WINDOWS_MARKERS = """
import sys
import pip._vendor.packaging.markers as markers
known = dict(markers.default_environment())
known |= {"os_name": "nt", "sys_platform": "win32", "platform_system": "Windows", "platform_machine": "AMD64"}
known |= {"python_version": "3.12", "python_full_version": "3.12.4", "implementation_version": "3.12.4"}
markers.default_environment = lambda: known
from pip._internal.cli.main import main
sys.exit(main())
"""
"""The witness: pip's own walk through the requirements, made to believe that it is on Windows."""


def test_on_windows_pip_will_find_everything_that_windows_needs(room: Path) -> None:
    windows = Target("3.12", "win_amd64")
    made = make_kit(room / "kit", windows)
    names = {path.name.split("-")[0] for path in (room / "kit" / "wheels").iterdir()}
    assert {"colorama", "numpy", "ipykernel", "matplotlib_fontja", "koreanize_matplotlib", "pip"} <= names
    assert not {"pexpect", "appnope"} & names
    platforms = {path.name.removesuffix(".whl").split("-")[-1] for path in (room / "kit" / "wheels").iterdir()}
    assert platforms == {"any", "win_amd64"}
    assert not made.compiled
    offline = ["--isolated", "install", "--dry-run", "--ignore-requires-python", "--ignore-installed", "--no-index"]
    options = ["--find-links", room / "kit" / "wheels", "--target", room / "nowhere", *windows.pip_options()]
    command = [sys.executable, "-c", WINDOWS_MARKERS, *offline, *options, "zerokara[notebook,fonts,lab]", "pip"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    done = subprocess.run(
        command, env=environment | {"PIP_CONFIG_FILE": os.devnull}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    would = next(line for line in done.stdout.splitlines() if line.startswith("Would install"))
    assert len(would.split()) - 2 == made.packages, "more lies in the kit than Windows needs"
