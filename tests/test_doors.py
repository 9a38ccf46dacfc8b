"""The house has one-way doors. Here they are, read from the imports themselves, those within functions included."""

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).parents[1] / "docs" / "house.py"
specification = importlib.util.spec_from_file_location("house", HOUSE)
house = importlib.util.module_from_spec(specification)
specification.loader.exec_module(house)

ROOT, SOURCE, STOREY = house.ROOT, house.SOURCE, house.STOREY
imports, room_of, rooms_entered = house.imports, house.room_of, house.rooms_entered

MODULES = sorted(house.modules().values())

USERS = ("runner", "book", "cli")
"""Rooms that use zerokara as its users do, through the package root."""

ONLY_IN = {
    # package: the files, or the rooms with all their files, that may import it
    "matplotlib": ("report/figures.py", "runner/", "book/"),
    "pooch": ("data/catalog.py",),
    "requests": ("data/catalog.py",),
    "urllib": ("data/catalog.py",),
    "urllib3": ("data/catalog.py",),
    "rich": ("cli/", "cells.py"),
    "cyclopts": ("cli/",),
    "safetensors": ("runs/",),
    "IPython": ("runner/",),
    "nbformat": ("sources/",),
    "packaging": ("kit/",),
    "anywidget": ("lab/notebook.py",),
    "websockets": ("lab/",),
    "webbrowser": ("cli/",),
}


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def names_of_root(path: Path) -> Iterator[tuple[str, int]]:
    """What a file takes from the package root itself: `zerokara.x`, or `from zerokara import x`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "zerokara":
            yield node.attr, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module == "zerokara" and not node.level:
            yield from ((alias.name, node.lineno) for alias in node.names)


def test_every_file_is_in_a_room():
    assert {room_of(path) for path in MODULES} - set(ROOT) <= set(STOREY)
    assert set(STOREY) <= {room_of(path) for path in MODULES}


def test_doors_open_one_way():
    wrong = [
        f"{name_of(path)}:{line} imports from {other}"
        for path in MODULES
        if room_of(path) not in ROOT
        for other, line in rooms_entered(path)
        if other != room_of(path) and STOREY[other] >= STOREY[room_of(path)]
    ]
    assert not wrong, "\n".join(wrong)


def test_the_root_is_no_back_door():
    """The package root has everything; a room may ask it for nothing."""
    wrong = [
        f"{name_of(path)}:{line} takes {name} from the package root"
        for path in MODULES
        if room_of(path) not in (*ROOT, *USERS)
        for name, line in names_of_root(path)
        if name not in STOREY
    ]
    assert not wrong, "\n".join(wrong)


def test_one_file_touches_each_of_these():
    wrong = [
        f"{name_of(path)}:{line} imports {module}"
        for path in MODULES
        for module, line in imports(path)
        if not name_of(path).startswith(ONLY_IN.get(module.split(".")[0], ("",)))
        or (module.startswith("zerokara._core") and name_of(path) != "engine/compiled.py")
    ]
    assert not wrong, "\n".join(wrong)


def test_no_file_imports_another_in_a_circle():
    assert house.circles(house.graph_of_files()) == []


def test_circles_would_be_found():
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": {"e"}, "e": {"d"}, "f": {"a"}}
    assert sorted(map(sorted, house.circles(graph))) == [["a", "b", "c"], ["d", "e"]]
    files = house.graph_of_files()
    assert "zerokara.nn.layers" in files["zerokara.nn.network"]
    assert "zerokara.nn" not in files["zerokara.engine.reference"]  # which imports from zerokara.nn.network
    assert "zerokara.data" in files["zerokara.book.dataset.mnist"]


def test_no_room_has_more_than_a_quarter_of_the_lines():
    lines = house.lines_of_rooms()
    assert max(lines.values()) <= sum(lines.values()) / 4, lines


def test_the_picture_of_the_house_is_that_of_its_imports():
    assert house.DRAWING.read_text(encoding="utf-8") == house.drawing(), "run: python docs/house.py"


def test_the_arrows_that_are_drawn_lead_wherever_an_import_does():
    drawn = {room: set() for room in STOREY}
    for user, used in house.arrows():
        drawn[user].add(used)
    for user, used in house.graph_of_rooms().items():
        reached = house.reached(user, drawn)
        assert used - reached <= {room for rooms in house.GROUND for room in rooms}, user


def test_this_test_can_see():
    """The doors are read from real imports: some that are known to be there are found."""
    seen = {(name_of(path), module) for path in MODULES for module, _ in imports(path)}
    assert ("report/figures.py", "matplotlib.figure") in seen  # inside functions
    assert ("nn/network.py", "zerokara.errors") in seen
    assert ("data/catalog.py", "pooch") in seen
    assert ("training/trainer.py", "nn") not in seen
    assert ("nn", 0) not in {
        (room, 0) for path in MODULES if room_of(path) == "data" for room, _ in rooms_entered(path)
    }
    assert any(room == "engine" for room, _ in rooms_entered(SOURCE / "training/trainer.py"))


def test_files_stay_readable_in_one_sitting():
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert not {name: count for name, count in lines.items() if count > 450}


def test_no_attics():
    """Except in book/, whose names are the textbook's."""
    attics = ("utils", "util", "helpers", "misc", "common")
    assert not [name_of(p) for p in MODULES if p.stem in attics and room_of(p) != "book"]
