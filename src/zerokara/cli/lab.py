"""`zerokara lab`: a page on which a network is watched while it learns, and touched."""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter

from zerokara.cli import lab_page
from zerokara.cli.failure import tell
from zerokara.cli.options import (
    OTHER,
    DataDir,
    EngineName,
    Threads,
    flag,
    recipe_of,
    run_folder,
    whole_number,
    with_recipe_options,
)
from zerokara.lab.states import State, is_state
from zerokara.runs.interrupt import stop_on_signals
from zerokara.runs.untrusted import command
from zerokara.training.recipe import Recipe, overridden
from zerokara.words import sentence, to_install, translatable


@with_recipe_options("data", "network", "training", positional="dataset")
def lab(
    *,
    recipe: Annotated[
        Path | None,
        Parameter(
            group=OTHER,
            help=translatable(
                "A TOML file with [network], [data], [training], a state that was copied from the lab, or a run to do "
                "again."
            ),
        ),
    ] = None,
    lesson: Annotated[
        str | None,
        Parameter(group=OTHER, help=translatable("Begin with the lesson of that name, such as what-loss-is.")),
    ] = None,
    lessons: Annotated[
        Path | None,
        Parameter(
            group=OTHER, help=translatable("A folder with lessons of your own; docs/teacher.md says how to write one.")
        ),
    ] = None,
    engine: EngineName = "auto",
    threads: Threads = None,
    data_dir: DataDir = None,
    out: Annotated[Path, Parameter(group=OTHER, help=translatable("Where run folders are made."))] = Path("runs"),
    port: Annotated[
        int | None,
        Parameter(
            group=OTHER,
            converter=whole_number,
            help=translatable(
                "The port of the page's address, 0 for any that is free; by default 8765, or any where that is taken."
            ),
        ),
    ] = None,
    no_browser: Annotated[bool, flag(translatable("Open no browser; only print the address."))] = False,
    **options: Any,
) -> int:
    """Open a page on which the network of a recipe is trained while you look."""
    chosen, state = _recipe_and_state(recipe and run_folder(recipe, out), options)
    serving = lab_page.server_class()
    if serving is None:
        return _without_page(chosen, engine=engine, threads=threads, data_dir=data_dir, out=out)
    from zerokara.lab.core import Lab
    from zerokara.lab.lesson_messages import where

    stop = np.zeros(1, np.uint8)
    with stop_on_signals(stop):
        watched = Lab(chosen, out=out, data_dir=data_dir, engine=engine, threads=threads, lessons=lessons)
        begun = "" if lesson is None else f"#lesson={watched.shelf.lesson(lesson).name}"
        for problem in watched.shelf.all()[1] if lessons else ():
            tell(problem)
        if state is not None:
            watched.opened_with = where(watched, replace(state, recipe=chosen))
        server = serving(watched, port)
        with lab_page.served(server):
            print(server.address + begun, flush=True)
            if watched.note:
                tell(watched.note)
            tell(sentence("The lab is open at that address, on this machine alone. Ctrl-C ends it; its runs are kept."))
            if not no_browser:
                lab_page.open_browser(server.address_for_browser() + begun)
            lab_page.wait_for(stop)
    run = watched.training.run
    if run is not None:
        tell(sentence("kept in {path}", path=run.path))
        if run.stopped:
            tell(sentence("go on with: {command}", command=command("resume", run.path)))
    return 0


def _recipe_and_state(file: Path | None, options: dict[str, Any]) -> tuple[Recipe, State | None]:
    """What is to be trained, and where the lab is to stand: a file may be a recipe, or a state of the lab."""
    if file is None or not file.is_file():
        return recipe_of(file, options), None
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""  # `recipe_of` says why
    if not is_state(text):
        return recipe_of(file, options), None
    state = State.of_toml(text, file)
    values = {f.name: getattr(state.recipe, f.name) for f in fields(Recipe)}
    given = {name: value for name, value in options.items() if value is not None}
    return overridden({name: value for name, value in values.items() if value is not None}, given), state


def _without_page(recipe: Recipe, *, engine: str, threads: int | None, data_dir: Path | None, out: Path) -> int:
    """Train as an ordinary run, in the terminal; the exit status."""
    from zerokara.cli.live import train_in_terminal

    text = sentence(
        "The lab's page needs websockets 17 or newer; so the training is shown here. To get it: {install}",
        install=to_install("--upgrade", "websockets"),
    )
    tell(text)
    return train_in_terminal(recipe, sys.stderr, engine=engine, threads=threads, data_dir=data_dir, out=out)
