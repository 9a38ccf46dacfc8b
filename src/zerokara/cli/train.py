"""`zerokara train`: its options are the fields of `Recipe`, and where to write and what to print."""

from __future__ import annotations

import inspect
import json as json_module
import sys
import time
from collections.abc import Iterator
from dataclasses import Field, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from cyclopts import Group, Parameter

from zerokara.cli.screen import Screen, download_progress
from zerokara.engine.choosing import ENGINES
from zerokara.errors import UsageError, sentence
from zerokara.runs.assemble import Run, assemble
from zerokara.runs.folder import RunFolder
from zerokara.runs.interrupt import Interrupted
from zerokara.training.recipe import Recipe, read_toml

GROUPS = {
    "data": Group("Data", sort_key=1),
    "network": Group("Network", sort_key=2),
    "training": Group("Training", sort_key=3),
}
OUTPUT = Group("Not part of the recipe", sort_key=4)


def train(
    dataset: str | None = None,
    *,
    recipe: Annotated[Path | None, Parameter(group=OUTPUT, help="A TOML file with [network], [data], [training].")] = None,
    engine: Annotated[str, Parameter(group=OUTPUT, help="What computes: " + ", ".join(ENGINES) + ".")] = "auto",
    data_dir: Annotated[Path | None, Parameter(group=OUTPUT, help="Where to look for data first.")] = None,
    out: Annotated[Path, Parameter(group=OUTPUT, help="Where run folders are made.")] = Path("runs"),
    name: Annotated[str | None, Parameter(group=OUTPUT, help="The run folder's name; by default a number.")] = None,
    no_plots: Annotated[bool, Parameter(group=OUTPUT, negative="", help="Draw no pictures.")] = False,
    json: Annotated[bool, Parameter(group=OUTPUT, negative="", help="One JSON object on standard output.")] = False,
    quiet: Annotated[bool, Parameter(group=OUTPUT, negative="", help="Print nothing but errors.")] = False,
    **options: Any,
) -> int:
    """Without options: the two-layer network of the textbook, on MNIST, for 10,000 updates."""
    stream = sys.stderr if json else sys.stdout
    screen = None if quiet else Screen(stream)
    values = {key: value for key, value in {"dataset": dataset, **options}.items() if value is not None}
    from_file = read_toml(recipe) if recipe else {}
    assembly = assemble(
        Recipe.from_values({**from_file, **values}),
        engine=engine,
        data_dir=data_dir,
        listeners=[] if screen is None else [screen],
        progress=None if quiet else download_progress(sys.stderr),
    )
    folder = RunFolder.create(out, name, assembly.recipe.dataset)
    if screen is not None:
        screen.heading(assembly)
    status = 0
    try:
        run = assembly.run_into(folder, plots=not no_plots)
    except Interrupted as interrupted:
        run, status = interrupted.run, 130
    finally:
        if screen is not None:
            screen.close()
    if screen is not None:
        screen.result(run)
    if json:
        print(json_module.dumps(_figures(run), ensure_ascii=False))
    return status


def _figures(run: Run) -> dict[str, Any]:
    """The run's final figures, and `seconds_process`: from the start of this process until now."""
    figures: dict[str, Any] = {}
    for key, value in run.figures.items():
        figures[key] = value
        if key == "seconds":
            figures["seconds_process"] = round(_seconds_of_process(), 3)
    return figures


def _seconds_of_process() -> float:
    """Seconds since this process was started, where /proc tells; elsewhere the processor time it has used."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        import os

        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return time.process_time()


def _recipe_parameters() -> Iterator[inspect.Parameter]:
    """The fields of `Recipe` as parameters that are None when not given."""
    types = get_type_hints(Recipe)
    for f in fields(Recipe):
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD if f.name == "dataset" else inspect.Parameter.KEYWORD_ONLY
        yield inspect.Parameter(f.name, kind, default=None, annotation=_annotation(f, types[f.name]))


def _annotation(f: Field[Any], kind: Any) -> Any:
    group = GROUPS[f.metadata["table"]]
    if f.name == "hidden":
        return Annotated[str | None, Parameter(group=group, help=_help(f), converter=_sizes)]
    if f.name == "init":
        kind = float | str
    return Annotated[kind | None, Parameter(group=group, help=_help(f))]


def _help(f: Field[Any]) -> str:
    names = f.metadata["names"] if f.metadata["rule"] is None else ()
    default = ",".join(map(str, f.default)) if isinstance(f.default, tuple) else f.default
    return (
        f.metadata["help"]
        + (f" One of {', '.join(names)}." if names else "")
        + (f" [default: {default}]" if default is not None else "")
    )


def _sizes(type_: Any, tokens: Any) -> tuple[int, ...]:
    """100,50 as (100, 50)."""
    text = tokens[0].value
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            sentence("hidden must be one or more positive whole numbers, such as 50 or 100,50. Got {got!r}.", got=text)
        ) from None


def _take_recipe_options() -> None:
    """Give `train` the recipe's fields in place of `dataset` and **options, so that parser and help have one source."""
    hints = get_type_hints(train, include_extras=True)
    _, *own, _ = inspect.signature(train).parameters.values()
    parameters = [*_recipe_parameters(), *(p.replace(annotation=hints[p.name]) for p in own)]
    train.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    train.__annotations__ = {p.name: p.annotation for p in parameters}


_take_recipe_options()
