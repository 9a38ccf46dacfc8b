"""Engines: the ways to compute what training needs, behind one contract."""

from zerokara.engine.choosing import choose_engine
from zerokara.engine.contract import Engine

__all__ = ["Engine", "choose_engine"]
