"""A real kernel, as Jupyter and VS Code start one, that tests run cells in."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any


@dataclass
class Outputs:
    """What arrived below a cell, in its order: (kind, text).

    Kinds are "stdout", "stderr", "result", "error", and "plain" and "html" of what is displayed.
    """

    all: list[tuple[str, str]] = field(default_factory=list)

    def __getitem__(self, kind: str) -> str:
        return "".join(text for one, text in self.all if one == kind)


class Kernel:
    """A kernel with the cells that it has run."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __call__(self, source: str, identity: str | None = None) -> Outputs:
        """Run a cell, and go on also where it fails; with the identity that Jupyter's own pages send along."""
        import nbformat

        self.client.kc.session.metadata = {"cellId": identity} if identity else {}
        cell = nbformat.v4.new_code_cell(source)
        self.client.nb.cells.append(cell)
        self.client.execute_cell(cell, len(self.client.nb.cells) - 1)
        return Outputs(list(_joined(told for output in cell.outputs for told in _told(output))))


def _told(output: Any) -> Iterator[tuple[str, str]]:
    if output.output_type == "stream":
        yield output.name, output.text
    elif output.output_type == "error":
        yield "error", output.evalue
    else:
        kinds = {"text/html": "html", "text/plain": "result" if output.output_type == "execute_result" else "plain"}
        yield from ((kinds[kind], text) for kind, text in output.data.items() if kind in kinds)


def _joined(told: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The same, with what was written to one stream in one piece: where the kernel cuts it depends on a timer."""
    for kind, pieces in groupby(told, key=itemgetter(0)):
        texts = [text for _, text in pieces]
        yield from [(kind, "".join(texts))] if kind in ("stdout", "stderr") else [(kind, text) for text in texts]


@contextmanager
def kernel(folder: Path) -> Iterator[Kernel]:
    """A kernel that works in this folder and writes nowhere else, until the `with` ends."""
    import nbformat
    from nbclient import NotebookClient

    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    env = {**os.environ, **dict.fromkeys(names, str(folder)), "ZEROKARA_LANG": "en"}
    client = NotebookClient(nbformat.v4.new_notebook(), kernel_name="python3", allow_errors=True, timeout=300)
    client.create_kernel_manager()
    client.km.kernel_spec.argv[0] = sys.executable  # whatever other Python's kernel the user has under this name
    with client.setup_kernel(env=env, cwd=str(folder)):
        yield Kernel(client)
