"""Draws the house: the rooms of src/zerokara and who uses whom, read from the imports themselves.

    python docs/house.py            # writes docs/house.svg
    python docs/house.py --circles  # lists files that import each other in a circle; there must be none

`tests/test_doors.py` takes rooms, storeys and imports from here, and fails where the drawing is not that of the code.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "zerokara"
DRAWING = Path(__file__).with_name("house.svg")

GROUND = (
    ("words", "cells"),
    ("errors",),
    ("files", "finalization", "findings", "metrics", "progress", "say", "version"),
)
STOREYS = (
    *GROUND,
    ("data", "nn"),
    ("engine",),
    ("training", "sources", "handwriting"),
    ("interpret",),
    ("recognise",),
    ("own_loops",),
    ("own_gradients",),
    ("doctor",),
    ("own_training",),
    ("report",),
    ("runs",),
    ("lab",),
    ("runner",),
    ("book", "kit"),
    ("cli",),
)
"""A room imports only from storeys below its own; rooms of one storey are strangers. The lowest come first."""
STOREY = {room: number for number, rooms in enumerate(STOREYS) for room in rooms}
ROOT = ("__init__", "__main__")
"""Files of no room: they may import anything."""

Graph = Mapping[str, frozenset[str]]


def modules() -> dict[str, Path]:
    """Every module's full name, and its file; a package goes by its `__init__.py`."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = ["zerokara", *path.relative_to(SOURCE).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def room_of(path: Path) -> str:
    """The room that a file belongs to: its top folder, or itself on the ground floor."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> tuple[tuple[str, int], ...]:
    """Every module that a file imports, absolute, with the line; `from a import b` counts as a and as a.b.

    Imports inside functions and for type checkers count like all others: they too tie files together.
    """
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    package = ["zerokara", *path.relative_to(SOURCE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base, node.lineno
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and "import" in ast.unparse(node.func) and node.args:
            first = node.args[0]  # importlib.import_module("…"), __import__("…")
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value, node.lineno


def rooms_entered(path: Path) -> Iterator[tuple[str, int]]:
    """The rooms that a file imports from, with the line."""
    for module, line in imports(path):
        parts = module.split(".")
        if parts[0] == "zerokara" and len(parts) > 1 and parts[1] in STOREY:
            yield parts[1], line


def graph_of_files() -> Graph:
    """Which modules each module imports. `from zerokara.data import load` is an import of `zerokara.data`."""
    known = modules()
    return {
        name: frozenset(_known_module(module, known) for module, _ in _named_most_exactly(path)) - {name, ""}
        for name, path in known.items()
    }


def _named_most_exactly(path: Path) -> Iterator[tuple[str, int]]:
    """The imports of a file without those that another one names more exactly: not a, where b of a is imported."""
    found = imports(path)
    for module, line in found:
        if not any(other.startswith(f"{module}.") and line == at for other, at in found):
            yield module, line


def _known_module(module: str, known: Mapping[str, Path]) -> str:
    """The module itself, or the one that a name is imported from; "" for what is not a Python file of zerokara's."""
    if module.startswith("zerokara._core"):
        return ""
    while module and module not in known:
        module = module.rpartition(".")[0]
    return module


def graph_of_rooms() -> Graph:
    """Which rooms each room imports from."""
    users: dict[str, set[str]] = {room: set() for room in STOREY}
    for path in modules().values():
        if room_of(path) not in ROOT:
            users[room_of(path)] |= {room for room, _ in rooms_entered(path)} - {room_of(path)}
    return {room: frozenset(used) for room, used in users.items()}


def lines_of_rooms() -> dict[str, int]:
    """Lines of Python in each room."""
    lines = dict.fromkeys((*STOREY, *ROOT), 0)
    for path in modules().values():
        lines[room_of(path)] += len(path.read_text(encoding="utf-8").splitlines())
    return lines


def circles(graph: Graph) -> list[list[str]]:
    """The groups of nodes that reach each other (Tarjan 1972, strongly connected components of more than one)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        number[node] = lowest[node] = len(number)
        path.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in number:
                visit(other)
            if other in path:
                lowest[node] = min(lowest[node], lowest[other])
        if lowest[node] == number[node]:
            start = path.index(node)
            if len(path) - start > 1:
                found.append(path[start:])
            del path[start:]

    for node in graph:
        if node not in number:
            visit(node)
    return found


def arrows() -> list[tuple[str, str]]:
    """(user, used) of all rooms above the ground, without arrows that follow from others."""
    graph = graph_of_rooms()
    ground = {room for rooms in GROUND for room in rooms}
    above = {room: graph[room] - ground for room in graph if room not in ground}
    return [
        (user, used)
        for user in above
        for used in sorted(above[user], key=lambda room: (STOREY[room], room))
        if not any(used in reached(other, above) for other in above[user])
    ]


def reached(room: str, graph: Graph) -> set[str]:
    """Every room that arrows lead to from this one."""
    found = set(graph[room])
    return found.union(*(reached(other, graph) for other in graph[room]))


WIDTH, ROW, BOX = 860, 68, (130, 38)
CORE = "cpp"
COLUMNS = {
    "training": 0.22, "report": 0.22, "runs": 0.22, "data": 0.22,
    "engine": 0.4, "nn": 0.5, "cli": 0.4,
    "recognise": 0.64, "sources": 0.86, "runner": 0.64, "book": 0.86, "kit": 0.22, CORE: 0.64,
}  # fmt: skip
"""Where a room stands on its storey, as a part of the width, so that few arrows cross; others stand in the middle."""


def drawing() -> str:
    """The house as SVG: a row per storey, the ground floor lowest, an arrow from each room to those it uses."""
    storeys = [rooms for rooms in STOREYS if rooms not in GROUND]
    heights = {room: ROW * (len(storeys) - number) - BOX[1] for number, rooms in enumerate(storeys) for room in rooms}
    heights[CORE] = heights["engine"]
    places = {room: (WIDTH * COLUMNS.get(room, 0.5), float(y)) for room, y in heights.items()}
    height = ROW * len(storeys) + 60
    lines = [_line(user, used, places) for user, used in [*arrows(), ("engine", CORE)]]
    boxes = [_box(room, *place) for room, place in places.items()]
    return "\n".join([_HEAD.format(width=WIDTH, height=height), *lines, *boxes, _ground(height), "</svg>", ""])


_HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"
  font-family="system-ui, sans-serif" font-size="14" text-anchor="middle">
<style>
  rect {{ fill: #f4f7fb; stroke: #1f5fa8 }} text {{ fill: #1d2733 }}
  path {{ fill: none; stroke: #8ba6c9; stroke-width: 1.4; marker-end: url(#tip) }}
  .ground rect {{ fill: #ecebe6; stroke: #b9b5a8 }} .core rect {{ stroke-dasharray: 4 3 }}
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
  <path d="M0 0 8 4 0 8z" style="fill:#8ba6c9;stroke:none;marker-end:none"/></marker></defs>
<rect width="100%" height="100%" style="fill:#ffffff;stroke:none"/>"""


def _box(room: str, x: float, y: float) -> str:
    kind = ' class="core"' if room == CORE else ""
    width, height = BOX
    return (
        f'<g{kind}><rect x="{x - width / 2:g}" y="{y - height / 2:g}" width="{width}" height="{height}" rx="6"/>'
        f'<text x="{x:g}" y="{y + 5:g}">{room}/</text></g>'
    )


def _line(user: str, used: str, places: Mapping[str, tuple[float, float]]) -> str:
    """A curve from under the user to above the used one; sideways to the core, which stands beside its only user."""
    (x, y), (to_x, to_y) = places[user], places[used]
    if used == CORE:
        course = f"M{x + BOX[0] / 2:g} {y:g}H{to_x - BOX[0] / 2:g}"
    else:
        y, to_y = y + BOX[1] / 2, to_y - BOX[1] / 2
        bend = min(to_y - y, 2 * ROW) / 2
        course = f"M{x:g} {y:g}C{x:g} {y + bend:g} {to_x:g} {to_y - bend:g} {to_x:g} {to_y:g}"
    return f'<path d="{course}"><title>{user} uses {used}</title></path>'


def _ground(height: float) -> str:
    names = ", ".join(room for rooms in GROUND for room in rooms)
    return (
        f'<g class="ground"><rect x="20" y="{height - 54}" width="{WIDTH - 40}" height="40" rx="6"/>'
        f'<text x="{WIDTH / 2:g}" y="{height - 29}">ground floor: {names}</text></g>'
    )


if __name__ == "__main__":
    if "--circles" in sys.argv[1:]:
        print("\n".join(map(", ".join, circles(graph_of_files()))) or "There is no circle.")
    else:
        DRAWING.write_text(drawing(), encoding="utf-8")
