"""The page's connection in Chromium: opened once by a ticket, lost, found again, ended, and one too many."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("websockets")

from zerokara.lab import boot_texts
from zerokara.lab import server as served
from zerokara.lab.core import Lab
from zerokara.lab.server import LabServer
from zerokara.training.recipe import Recipe

pytestmark = [pytest.mark.slow, pytest.mark.browser]

NOTICE = ".zerokara-notice:not([hidden])"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    recipe = Recipe(dataset="digits", hidden=12, iterations=400, evaluate_every=100, seed=3)
    made = Lab(recipe, out=tmp_path_factory.mktemp("lab") / "runs", plots=False)
    yield made
    made.close()


def begin(lab: Lab, port: int = 0) -> LabServer:
    server = LabServer(lab, port)
    threading.Thread(target=server.serve, daemon=True).start()
    return server


def cut(server: LabServer) -> None:
    """Every connection breaks, as where a computer slept."""
    for connection in list(server._server.all_connections):
        connection.socket.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def server(lab: Lab) -> Iterator[LabServer]:
    made = begin(lab)
    yield made
    made.stop()


@pytest.fixture
def page(browser: Any, server: LabServer) -> Iterator[Any]:
    """A page that was opened as the command does, and has been painted."""
    page = browser.new_page()
    page.set_default_timeout(15_000)
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(server.address_for_browser())
    page.locator(".controls .main").wait_for()
    yield page
    page.close()


def test_a_ticket_opens_the_page_and_a_reload_finds_it_again(page: Any, server: LabServer) -> None:
    assert page.url == server.address
    page.reload()
    page.locator(".controls .main").wait_for()
    assert page.complaints == []
    assert page.locator(NOTICE).count() == 0
    assert page.evaluate("document.documentElement.lang") == "en"


def test_another_site_sees_nothing_of_it(browser: Any, server: LabServer, tmp_path: Path) -> None:
    """A page from elsewhere that knows the port, and even the token: no frame, no file, no socket."""
    foreign = tmp_path / "foreign.html"
    foreign.write_text("<iframe></iframe>")
    page = browser.new_page()
    page.goto(foreign.as_uri())
    sees = """async address => {
        const socket = new WebSocket(address.replace("http", "ws").replace("/?", "/ws?"));
        const opened = await new Promise(end => {
            socket.onopen = () => end(true);
            socket.onclose = () => end(false);
        });
        const read = await fetch(address).then(answer => answer.text(), () => null);
        const frame = document.querySelector("iframe");
        await new Promise(end => { frame.onload = end; frame.src = address; });
        return [opened, read];
    }"""
    assert page.evaluate(sees, server.address) == [False, None]
    assert page.frames[1].locator("#lab").count() == 0
    page.close()


def test_a_connection_that_is_lost_is_found_again_and_steers(page: Any, server: LabServer, lab: Lab) -> None:
    cut(server)
    page.locator(NOTICE).wait_for()
    page.locator(NOTICE).wait_for(state="detached")
    page.locator(".controls .main").click()
    page.locator(".status[data-state=running], .status[data-state=finished]").wait_for()
    lab.training.conductor.stop()


def test_a_server_that_ended_is_said_to_have(page: Any, server: LabServer) -> None:
    server.stop()
    page.get_by_text(boot_texts.TEXTS["ended"]).wait_for()


def test_a_later_server_at_the_same_port_is_another_lab(page: Any, server: LabServer, lab: Lab) -> None:
    """As where the first one was killed: it said no goodbye."""
    listening = server._server
    cut(server)
    listening.socket.close()
    listening.shutdown()
    later = begin(lab, server.port)
    page.get_by_text(boot_texts.TEXTS["ended"]).wait_for()
    assert page.locator(NOTICE).inner_text() == boot_texts.TEXTS["ended"]
    later.stop()


def test_one_page_too_many_waits_for_its_turn(
    browser: Any, page: Any, server: LabServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "MOST_PAGES", 1)
    second = browser.new_page()
    second.goto(server.address)
    second.get_by_text(boot_texts.TEXTS["full"]).wait_for()
    page.close()
    second.locator(".controls .main").wait_for()
    assert second.locator(NOTICE).count() == 0
    second.close()
