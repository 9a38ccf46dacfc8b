"""A real JupyterLab, and a browser that shows a notebook of it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

QUIET = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
}
"""Settings by which it asks nothing of the network, and nothing of us."""


def written(folder: Path, cells: Sequence[str]) -> Path:
    """A notebook in a file."""
    import nbformat

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / "lab.ipynb"
    nbformat.write(notebook, path)
    return path


@contextmanager
def jupyter_lab(folder: Path) -> Iterator[str]:
    """The address of a server whose notebooks lie in the folder, and which writes nowhere else."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTERLAB_SETTINGS_DIR")
    own = {name: str(folder / "jupyter" / name.lower()) for name in names}
    for name, values in QUIET.items():
        path = Path(own["JUPYTERLAB_SETTINGS_DIR"], f"{name}.jupyterlab-settings")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    options = ["--no-browser", "--ServerApp.port=0", "--allow-root", f"--ServerApp.root_dir={folder}"]
    env = {**os.environ, **own, "ZEROKARA_LANG": "en"}
    with open(folder / "jupyter.log", "wb") as log:
        server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], env=env, stdout=log, stderr=log)
    try:
        yield _address(Path(own["JUPYTER_RUNTIME_DIR"]), server)
    finally:
        server.terminate()
        server.wait(20)


def _address(runtime: Path, server: "subprocess.Popen[bytes]") -> str:
    """Where it is, with its token, as it tells other programs."""
    told = runtime / f"jpserver-{server.pid}.json"
    deadline = time.monotonic() + 60
    while not told.exists() or not told.read_text().endswith("}"):
        assert server.poll() is None, "it has ended"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    facts = json.loads(told.read_text())
    return f"{facts['url']}lab/tree/lab.ipynb?token={facts['token']}"


def execute(page: Any, number: int) -> None:
    """Click into a cell and press Shift+Enter, when the kernel hears it."""
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.locator(".jp-CodeCell .cm-content").nth(number).click()
    page.keyboard.press("Shift+Enter")
