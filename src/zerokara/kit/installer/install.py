"""Installs zerokara from the kit that this file lies in, without internet and without an administrator.

    python install.py [FOLDER]

It runs before zerokara is there: it needs Python's own modules only, and its sentences are in kit.json, in the language
of whoever made the kit. By default it installs into the kit's folder, or where that cannot be written, into the home
folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import sysconfig
import venv
from functools import cache
from io import TextIOWrapper
from pathlib import Path
from typing import Any

KIT = Path(__file__).resolve().parent


@cache
def manifest() -> Any:
    """What kit.json says."""
    return json.loads((KIT / "kit.json").read_text(encoding="utf-8"))


def tell(key: str, **facts: object) -> None:
    """Print a sentence of the kit."""
    print(manifest()["words"][key].format(**facts), flush=True)


def main(arguments: list[str]) -> int:
    """Install; the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter is no reason to fail
    found = "{}.{}".format(*sys.version_info)
    if found != manifest()["python"]:
        tell("python-needed", python=manifest()["python"], platform=manifest()["platform"])
        return 1
    damaged = [name for name, digest in manifest()["files"].items() if is_damaged(name, digest)]
    if damaged:
        tell("damaged", files=", ".join(damaged))
        return 1
    folder = environment_in([Path(name) for name in arguments[:1]] or [KIT, Path.home() / "zerokara"])
    return 1 if folder is None else install(folder)


def is_damaged(name: str, digest: str) -> bool:
    """Whether a file that is installed is missing, or not what it was when the kit was made."""
    if not name.startswith(("wheels/", "data/")):
        return False
    try:
        return hashlib.sha256((KIT / name).read_bytes()).hexdigest() != digest
    except OSError:
        return True


def environment_in(folders: list[Path]) -> Path | None:
    """Make an environment of its own, `.venv`, in the first folder that lets us; that folder, or None.

    Pip is not put into it here: Debian's Python cannot, without a package that only an administrator may install.
    """
    for folder in folders:
        try:
            venv.create(folder.resolve() / ".venv", symlinks=os.name != "nt")
            return folder.resolve()
        except OSError as error:
            tell("not-here", folder=folder, reason=error.strerror or error)
    tell("nothing-installed")
    return None


def install(folder: Path) -> int:
    """Install all into the environment of a folder, by the pip that lies among the wheels; the exit status."""
    python = str(folder / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    tell("installing", count=len(list(KIT.glob("wheels/*.whl"))), folder=folder)
    wheels = [
        "--no-index",
        "--find-links",
        str(KIT / "wheels"),
        "--force-reinstall",
        "--no-warn-script-location",
        "--quiet",
    ]
    pip = [python, str(KIT / "wheels" / manifest()["pip"] / "pip"), "--isolated", "--disable-pip-version-check"]
    environment = own_environment()
    if subprocess.call([*pip, "install", *wheels, *manifest()["install"]], env=environment):
        here = sysconfig.get_platform()
        tell(
            "pip-failed",
            python=manifest()["python"],
            platform=manifest()["platform"],
            here=here,
            folder=folder / ".venv",
        )
        return 1
    return subprocess.call([python, "-m", "zerokara.kit.installed", str(KIT), str(folder)], env=environment)


def own_environment() -> dict[str, str]:
    """The variables for the new environment: without any that lead pip or Python to other packages."""
    others = ("PIP_", "PYTHONPATH", "PYTHONHOME")
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(others)}
    return {"ZEROKARA_LANG": manifest()["language"], **kept, "PIP_CONFIG_FILE": os.devnull}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
