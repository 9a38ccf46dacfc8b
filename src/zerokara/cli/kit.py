"""`zerokara kit`: everything for PCs without internet, in one folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from zerokara.kit import Kit, Target, make_kit
from zerokara.words import plural, sentence, translatable


def kit(
    folder: Annotated[
        Path, Parameter(help=translatable("A new or empty folder; an earlier kit is brought up to date."))
    ],
    *,
    python: Annotated[
        str | None, Parameter(help=translatable("The PCs' Python, such as 3.12; by default the one running."))
    ] = None,
    platform: Annotated[
        str | None,
        Parameter(
            help=translatable(
                "The PCs' platform as wheels name it, such as win_amd64, manylinux2014_x86_64 or macosx_14_0_arm64; by "
                "default this one."
            )
        ),
    ] = None,
) -> None:
    """Collect everything for PCs without internet: packages, MNIST if it is here, examples, and an installer."""
    made = make_kit(folder, Target.of(python, platform), lambda text: print(text, file=sys.stderr))
    for line in _summary(made):
        print(line)


def _summary(made: Kit) -> list[str]:
    """What is in the kit, what is not, and what to do with it."""
    size = f"{made.size / 1e6:.0f} MB"
    where = {"folder": made.folder, "python": made.target.python, "platform": made.target.platform, "size": size}
    contents = plural(
        "{folder}: {n} package for Python {python} on {platform}, {size}.",
        "{folder}: {n} packages for Python {python} on {platform}, {size}.",
        n=made.packages,
        **where,
    )
    missing = [
        sentence("zerokara's compiled core is not in it, so that NumPy computes there.") if not made.compiled else "",
        sentence("MNIST is not in it. Where it is here, it is taken along: zerokara data fetch mnist")
        if not made.data
        else "",
        sentence("No examples are in it: only zerokara's source tree has them.") if not made.examples else "",
    ]
    following = sentence(
        "Copy the whole folder to the PCs, or onto a stick. There, double-click install.bat on Windows; on Linux and "
        "macOS type sh install.sh. Try it on one PC first: on Windows and macOS, kits were never tried."
    )
    return [contents, *filter(None, missing), following]
