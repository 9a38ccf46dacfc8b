"""`zerokara lab`: its one line of output, the browser, how it ends, and the terminal where there is no page."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("websockets")

from rich.console import Console
from websockets.sync.client import connect

import zerokara
from zerokara.cli import lab, lab_page, main
from zerokara.cli.live import HEADS, LiveReporter
from zerokara.errors import UsageError
from zerokara.lab.messages import Message, packed, unpacked

START = r"http://127\.0\.0\.1:\d+/\?token=[\w-]{32}\n"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """opened(*options, then=…): the lab's command, ended by Ctrl-C after `then`."""
    monkeypatch.chdir(tmp_path)

    def opened(*options: str, then: Callable[[], None]) -> None:
        def look(seconds: float) -> None:
            then()
            signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(lab_page, "sleep", look)
        assert main(["lab", "digits", "--port", "0", *options]) == 0

    return opened


def test_the_address_is_all_it_prints_and_ctrl_c_its_end(
    opened: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    opened("--no-browser", then=lambda: said.append(capsys.readouterr()))
    assert capsys.readouterr() == ("", "")  # nothing more at the end
    ((out, err),) = said
    assert re.fullmatch(START, out)
    assert err == (
        "zerokara: The lab is open at that address, on this machine alone. Ctrl-C ends it; its runs are kept.\n"
    )
    port = int(out.split(":")[2].partition("/")[0])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    assert list(tmp_path.iterdir()) == [], "a lab that was only looked at leaves nothing"


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A browser that prints, as some do, and notes what it is called with in this file."""
    program, called = tmp_path / "browser", tmp_path / "called"
    program.write_text(f"#!/bin/sh\necho Opening; echo Oh! >&2; echo $1 > {called}.tmp; mv {called}.tmp {called}\n")
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(program))
    return called


@pytest.mark.skipif(os.name != "posix", reason="a shell script is the browser")
def test_a_browser_is_given_an_address_without_the_token_and_prints_nowhere(
    opened: Callable[..., None], browser: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def called() -> None:
        deadline = time.monotonic() + 10
        while not browser.exists() and time.monotonic() < deadline:
            time.sleep(0.01)

    opened(then=called)
    out, err = capfd.readouterr()
    assert re.fullmatch(START, out)
    address = browser.read_text().strip()
    assert address.startswith(out.partition("token")[0] + "ticket=")
    assert out.strip().rpartition("=")[2] not in address
    assert "Oh!" not in err


@pytest.mark.parametrize("found", [None, webbrowser.GenericBrowser("lynx"), webbrowser.BackgroundBrowser("false")])
def test_no_browser_is_a_sentence(
    found: webbrowser.BaseBrowser | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def get() -> webbrowser.BaseBrowser:
        if found is None:
            raise webbrowser.Error
        return found

    monkeypatch.delenv("BROWSER", raising=False)
    monkeypatch.setattr(webbrowser, "get", get)
    monkeypatch.setattr(lab_page, "OPEN", "import sys; sys.exit(1)")
    lab_page._open("http://127.0.0.1:9/?ticket=x", None)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "zerokara: No browser could be opened. Open the address in one yourself, on this machine.\n"


def test_a_busy_port_and_a_wrong_one_are_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        assert main(["lab", "digits", "--no-browser", "--port", port]) == 2
    assert main(["lab", "digits", "--no-browser", "--port", "70000"]) == 2
    assert main(["lab", "digits", "--hidden", "0"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        f"zerokara: Port {port} is used by another program. Name another with --port, or 0 for any that is free.",
        "zerokara: port must be a whole number from 0 to 65535. Got 70000.",
        "zerokara: hidden must be one or more positive whole numbers, such as 50 or 100,50. Got 0.",
    ]


# Lessons and states


def test_it_opens_with_a_lesson_of_a_folder_and_says_which_cannot_be_used(
    opened: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("mine", "broken"):
        (tmp_path / "lessons" / name).mkdir(parents=True)
        (tmp_path / "lessons" / name / "lesson.toml").write_text("[[step]]\nname = 'one'\n")
    (tmp_path / "lessons" / "mine" / "ko.md").write_text("# 수업\n## one\n글.\n", encoding="utf-8")
    opened("--no-browser", "--lessons", "lessons", "--lesson", "mine", then=lambda: None)
    out, err = capsys.readouterr()
    assert re.fullmatch(START[:-2] + r"#lesson=mine\n", out)
    assert "lessons/broken has no text" in err.splitlines()[0]
    assert main(["lab", "digits", "--no-browser", "--lesson", "what-los-is"]) == 2
    assert main(["lab", "digits", "--no-browser", "--lessons", "nowhere"]) == 2
    unknown, nowhere = capsys.readouterr().err.splitlines()
    assert unknown.endswith("Got 'what-los-is'. Did you mean what-loss-is?")
    assert nowhere == "zerokara: nowhere is not a folder. Expected one with lessons in it."


def test_a_state_is_a_recipe_too_and_the_lab_stands_there(
    opened: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = []
    (tmp_path / "state.toml").write_text(
        "[network]\nhidden = [9]\n[data]\ndataset = 'mnist'\n[training]\niterations = 50\n"
        "[state]\ntab = 'probe'\nupdate = 20\n[probe]\nh = 0.01\n"
    )

    def look() -> None:
        port, token = re.search(r":(\d+)/\?token=(.*)", capsys.readouterr().out).groups()
        origin = f"http://127.0.0.1:{port}"
        with connect(f"ws://127.0.0.1:{port}/ws?token={token}", origin=origin) as socket:
            told.append(unpacked(socket.recv()).fields)

    opened("--no-browser", "--recipe", "state.toml", "--seed", "4", then=look)
    (hello,) = told
    where = hello["where"]
    assert (where["tab"], where["fields"], where["iteration"]) == ("probe", {"probe": {"h": 0.01}}, 20)
    assert where["training"] == hello["training"]
    assert (hello["sizes"], hello["dataset"]["name"]) == ([64, 9, 10], "digits"), "an option wins over the file"
    assert {one["name"]: one["value"] for one in hello["form"]}["seed"] == "4"
    (tmp_path / "state.toml").write_text("[state]\nupdate = 20000\n")
    assert main(["lab", "digits", "--no-browser", "--port", "0", "--recipe", "state.toml"]) == 2
    assert "Update 20,000 of this state is never done: its training has 1,500." in capsys.readouterr().err


# Without websockets


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A Python without websockets, in an empty folder."""
    for name in [name for name in sys.modules if name.startswith("websockets.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "websockets", None)
    monkeypatch.delitem(sys.modules, "zerokara.lab.server", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_without_websockets_it_says_how_to_get_it_and_trains_in_the_terminal(
    bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lab", "digits", "--iterations", "30"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    first, *more = said.err.splitlines()
    assert first.startswith("zerokara: The lab's page needs websockets 17 or newer;")
    assert first.endswith(" install --upgrade websockets")
    assert "kept in runs/digits-001" in more
    assert json.loads((bare / "runs" / "digits-001" / "run.json").read_text())["state"] == "finished"


def test_websockets_that_is_too_old_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    trained = []
    monkeypatch.setattr("websockets.version.version", "16.1.2")
    monkeypatch.delitem(sys.modules, "zerokara.lab.server", raising=False)
    monkeypatch.setattr(lab, "_without_page", lambda recipe, **_: trained.append(recipe.dataset) or 0)
    assert main(["lab", "digits", "--no-browser", "--port", "70000"]) == 0
    assert trained == ["digits"]
    with pytest.raises(UsageError, match=r"install --upgrade websockets brings it\.$"):
        zerokara.open_lab("digits")


@pytest.mark.slow
def test_on_a_terminal_one_table_is_kept_up_to_date(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["lab", "digits", "--iterations", "30", "--evaluate-every", "10"]) == 0
    text = terminal.getvalue()
    run = json.loads((bare / "runs" / "digits-001" / "run.json").read_text())
    last = text.rpartition("\x1b[2K")[2]
    assert re.search(r"iteration +30 / 30\s", last)
    assert re.search(rf"test accuracy +{run['test_accuracy']:.4f}\s", last)
    assert "kept in runs/digits-001" in last
    assert LiveReporter(terminal).live is None


def test_the_heads_of_its_table_are_translated(marked: Callable[[str], str]) -> None:
    reporter = LiveReporter(Terminal())
    reporter.shown = dict.fromkeys(HEADS, "")
    shown = io.StringIO()
    Console(file=shown, width=80).print(reporter.table())
    assert marked(shown.getvalue()) == ""


# In a process of its own


@pytest.mark.slow
def test_a_server_that_is_killed_loses_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ["--no-browser", "--port", "0", "--iterations", "1500", "--hidden", "20"]
    with subprocess.Popen(
        [sys.executable, "-m", "zerokara", "lab", "digits", *options], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        origin, _, query = address.partition("/?")
        with connect(f"ws{origin.removeprefix('http')}/ws?{query}", origin=origin, compression=None) as page:
            hello = unpacked(page.recv())
            values = {field["name"]: field["value"] for field in hello.fields["form"]}
            page.send(packed(Message("seen", {"frame": hello.fields["frame"]})))
            page.send(packed(Message("start", {"values": values, "id": 1})))
            page.send(packed(Message("pace", {"mode": "rate", "rate": 400, "id": 2})))
            iteration = 0
            while iteration < 300:
                frame = unpacked(page.recv(timeout=20))
                if frame.type in ("frame", "hello"):
                    iteration = frame.fields["iteration"]
                    page.send(packed(Message("seen", {"frame": frame.fields["frame"]})))
            process.kill()
    monkeypatch.chdir(tmp_path)
    assert main(["resume", "digits-001", "--quiet", "--no-plots"]) == 0
    zerokara.train("digits", hidden=20, iterations=1500, name="straight", plots=False)
    weights = [(tmp_path / "runs" / name / "weights.safetensors").read_bytes() for name in ("digits-001", "straight")]
    assert weights[0] == weights[1]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals as Linux has them")
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_peace(tmp_path: Path, signum: signal.Signals) -> None:
    command = [sys.executable, "-m", "zerokara", "lab", "digits", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signum)
        process.send_signal(signum)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert re.fullmatch(START, first)
    assert out == ""
    assert len(err.splitlines()) == 1
