"""Zerokara's own wheels, put together from the zerokara that is running: what was tried is what the pupils get.

Nothing is compiled or fetched, so this works from a source tree and from an installed wheel alike.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from zerokara.engine.compiled import core
from zerokara.errors import ZerokaraError
from zerokara.kit.target import compiled_tag
from zerokara.version import VERSION
from zerokara.words import sentence

PACKAGES = ("zerokara", "zerokara_command")
PURE = "py3-none-any"
ALWAYS = (2026, 1, 1, 0, 0, 0)
"""The date of everything in a wheel: the same files are the same wheel."""

Content = dict[str, bytes]


def write_own_wheels(folder: Path, compiled: bool) -> list[Path]:
    """Write the pure Python wheel, and the compiled one where it is wanted and the core is here; their paths."""
    content = {**dict(_files_of_packages()), **dict(_files_of_distribution())}
    written = [_write(folder, PURE, content)]
    module = core() if compiled else None
    if module is not None and module.__file__:
        built = Path(module.__file__)
        written.append(_write(folder, str(compiled_tag()), content | {f"zerokara/{built.name}": built.read_bytes()}))
    return written


def _files_of_packages() -> Iterator[tuple[str, bytes]]:
    """All files of the packages but the compiled core: name in a wheel, content."""
    for package in PACKAGES:
        found = find_spec(package)
        assert found is not None
        assert found.origin is not None
        root = Path(found.origin).parent
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root.parent)
            hidden = any(part.startswith((".", "__pycache__")) for part in name.parts)
            if path.is_file() and not hidden and path.suffix not in (".so", ".pyd"):
                yield name.as_posix(), path.read_bytes()


def _files_of_distribution() -> Iterator[tuple[str, bytes]]:
    """What belongs to a wheel's `.dist-info`, and nothing of what an installation adds, such as where it came from."""
    installed = _distribution()
    for path in installed.files or ():
        folder, _, name = path.as_posix().partition(".dist-info/")
        if name in ("METADATA", "entry_points.txt") or name.startswith("licenses/"):
            yield f"{folder}.dist-info/{name}", path.read_binary()


def _distribution() -> Distribution:
    try:
        return distribution("zerokara")
    except PackageNotFoundError:
        raise ZerokaraError(
            sentence("A kit is made by an installed zerokara. This one is not: pip install . in its folder does it."),
            "missing-package",
        ) from None


def _write(folder: Path, tag: str, content: Content) -> Path:
    """One wheel (the binary distribution format of PyPA), with its own WHEEL and RECORD."""
    info = f"zerokara-{VERSION}.dist-info"
    pure = str(tag == PURE).lower()
    wheel = f"Wheel-Version: 1.0\nGenerator: zerokara {VERSION}\nRoot-Is-Purelib: {pure}\nTag: {tag}\n"
    content = content | {f"{info}/WHEEL": wheel.encode()}
    record = [f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in content.items()]
    content[f"{info}/RECORD"] = "".join([*record, f"{info}/RECORD,,\n"]).encode()
    path = folder / f"zerokara-{VERSION}-{tag}.whl"
    with ZipFile(path, "w") as archive:
        for name, data in content.items():
            entry = ZipInfo(name, ALWAYS)
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o100644 << 16
            archive.writestr(entry, data)
    return path


def _digest(data: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
