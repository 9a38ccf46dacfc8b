"""Which engine a run gets."""

from __future__ import annotations

from zerokara.engine.contract import Engine
from zerokara.engine.reference import ReferenceEngine
from zerokara.errors import unknown_name
from zerokara.nn.network import Network

ENGINES = ("auto", "reference")


def choose_engine(name: str, network: Network, batch_size: int) -> Engine:
    """The engine of that name; "auto" is the one that is fastest for this network and batch size."""
    if name not in ENGINES:
        raise unknown_name("engine", name, ENGINES)
    return ReferenceEngine()
