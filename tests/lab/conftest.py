"""A lab that is served."""

import threading
from collections.abc import Iterator

import pytest

pytest.importorskip("websockets")

from zerokara.lab.core import Lab
from zerokara.lab.server import LabServer
from zerokara.training.recipe import Recipe


@pytest.fixture(scope="module")
def server() -> Iterator[LabServer]:
    """A server of an untrained lab, on a free port."""
    server = LabServer(Lab(Recipe(dataset="digits", hidden=5)), 0)
    serving = threading.Thread(target=server.serve, daemon=True)
    serving.start()
    yield server
    server.stop()
    serving.join(5)
    assert not serving.is_alive()
