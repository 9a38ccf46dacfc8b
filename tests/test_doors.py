"""The house has one-way doors. Here they are, read from the imports themselves, those within functions included."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import zerokara

SOURCE = Path(zerokara.__file__).parent
MODULES = sorted(path for path in SOURCE.rglob("*.py"))

STOREYS = [
    ["words"],
    ["errors"],
    ["files", "finalization", "progress", "say", "version"],
    ["data", "nn"],
    ["engine"],
    ["training", "sources"],
    ["recognise"],
    ["report"],
    ["runs"],
    ["runner"],
    ["book"],
    ["cli"],
]
"""A room imports only from storeys below its own; rooms of one storey are strangers."""
STOREY = {room: number for number, rooms in enumerate(STOREYS) for room in rooms}
ROOT = ("__init__", "__main__")
"""Files of no room: they may import anything."""

USERS = ("runner", "book", "cli")
"""Rooms that use zerokara as its users do, through the package root."""

ONLY_IN = {
    # package: the files, or the rooms with all their files, that may import it
    "matplotlib": ("report/figures.py", "runner/", "book/"),
    "pooch": ("data/catalog.py",),
    "requests": ("data/catalog.py",),
    "urllib": ("data/catalog.py",),
    "urllib3": ("data/catalog.py",),
    "rich": ("cli/",),
    "cyclopts": ("cli/",),
    "safetensors": ("runs/",),
    "IPython": ("runner/",),
    "nbformat": ("sources/",),
}

HEAVY = [
    "matplotlib",
    "sklearn",
    "pooch",
    "requests",
    "rich",
    "cyclopts",
    "PIL",
    "safetensors",
    "scipy",
    "IPython",
    "pandas",
]


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, absolute, with the line; `from a import b` counts as a and as a.b."""
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
    """The rooms of zerokara that a file imports from."""
    for module, line in imports(path):
        parts = module.split(".")
        if parts[0] == "zerokara" and len(parts) > 1 and parts[1] in STOREY:
            yield parts[1], line


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
    assert {"errors", "data", "nn", "engine", "training", "report", "runs", "cli"} <= {
        room_of(path) for path in MODULES
    }


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_doors_open_one_way(path):
    room = room_of(path)
    if room in ROOT:
        return
    wrong = [
        f"line {line} imports from {other}"
        for other, line in rooms_entered(path)
        if other != room and STOREY[other] >= STOREY[room]
    ]
    assert not wrong, f"{name_of(path)}: {'; '.join(wrong)}"


@pytest.mark.parametrize("path", [p for p in MODULES if room_of(p) not in (*ROOT, *USERS)], ids=name_of)
def test_the_root_is_no_back_door(path):
    """The package root has everything; a room may ask it for nothing but its version."""
    wrong = [
        f"line {line}: {name}" for name, line in names_of_root(path) if name != "__version__" and name not in STOREY
    ]
    assert not wrong, f"{name_of(path)} takes from the package root: {'; '.join(wrong)}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_one_file_touches_each_of_these(path):
    wrong = [
        f"line {line} imports {module}"
        for module, line in imports(path)
        if not name_of(path).startswith(ONLY_IN.get(module.split(".")[0], ("",)))
    ]
    if name_of(path) != "engine/compiled.py":
        wrong += [
            f"line {line} imports {module}" for module, line in imports(path) if module.startswith("zerokara._core")
        ]
    assert not wrong, f"{name_of(path)}: {'; '.join(wrong)}"


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


def test_import_zerokara_stays_light():
    code = f"import sys, zerokara; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_public_names_are_all_there():
    for name in zerokara.__all__:
        assert getattr(zerokara, name) is not None
    with pytest.raises(AttributeError, match="module 'zerokara' has no attribute 'trian'"):
        zerokara.trian  # noqa: B018


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_files_stay_readable_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450


def test_no_attics():
    """Except in book/, whose names are the textbook's."""
    attics = ("utils", "util", "helpers", "misc", "common")
    assert not [name_of(p) for p in MODULES if p.stem in attics and room_of(p) != "book"]
