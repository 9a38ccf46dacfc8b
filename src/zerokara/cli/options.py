"""The fields of a recipe as options of a command, from one source: `Recipe` itself."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

from cyclopts import Group, Parameter

from zerokara.engine.choosing import AUTO, ENGINES
from zerokara.errors import UsageError
from zerokara.training.recipe import Recipe, overridden, read_toml
from zerokara.words import sentence, translatable

F = TypeVar("F", bound=Callable[..., Any])

GROUPS = {
    "data": Group(translatable("Data"), sort_key=1),
    "network": Group(translatable("Network"), sort_key=2),
    "training": Group(translatable("Training"), sort_key=3),
}
"""By the table of the recipe; their options are those of its fields."""
OTHER = Group(translatable("Not part of the recipe"), sort_key=4)


def whole_number(type_: Any, tokens: Any) -> int:
    """A whole number; the parser's own way would round 2.7. Raises UsageError for anything else."""
    try:
        return int(tokens[0].value)
    except ValueError:
        name, got = tokens[0].keyword, tokens[0].value
        raise UsageError(
            sentence("{name} must be a whole number. Got {got!r}.", name=name, got=got), "wrong-value"
        ) from None


def run_folder(run: Path, out: Path = Path("runs")) -> Path:
    """The folder of a run that was given as a path, or by the name that `zerokara runs list` prints."""
    return out / run if not run.exists() and (out / run).exists() else run


def flag(help: str) -> Parameter:
    """An option without a value, and without a --no-… beside it."""
    return Parameter(group=OTHER, negative="", help=help)


DataDir = Annotated[Path | None, Parameter(group=OTHER, help=translatable("Where to look for data first."))]
EngineName = Annotated[str, Parameter(group=OTHER, help=translatable("What computes."))]
RecipeFile = Annotated[
    Path | None, Parameter(group=OTHER, help=translatable("A TOML file with [network], [data], [training]."))
]
Threads = Annotated[
    int | None,
    Parameter(
        group=OTHER,
        converter=whole_number,
        help=translatable("Threads of the compiled engine; by default the cores this process may use."),
    ),
]
KeepGoing = Annotated[bool, flag(translatable("Go on when losses or weights are no longer finite."))]
TensorBoard = Annotated[bool, flag(translatable("Write event files for TensorBoard."))]
NoPlots = Annotated[bool, flag(translatable("Draw no pictures."))]
Json = Annotated[bool, flag(translatable("One JSON object on standard output."))]
Quiet = Annotated[bool, flag(translatable("Print nothing but errors."))]


def choices_of(option: str) -> Collection[str]:
    """The names that an option such as --loss takes, with those that somebody has added; none where it takes others."""
    if option == "--engine":
        return (AUTO, *ENGINES)
    if option == "--state":
        from zerokara.runs.listing import STATES  # for this help alone

        return STATES
    for f in fields(Recipe):
        if option == _option(f):
            return () if f.metadata["rule"] else tuple(f.metadata["names"])
    return ()


def with_recipe_options(*tables: str, also: Collection[str] = (), positional: str | None = None) -> Callable[[F], F]:
    """Replace a command's **options by the recipe's fields in these tables, and by those named in `also`.

    `positional` may come without its name. A parameter of the command's own goes before a field of that name.
    """

    def decorate(command: F) -> F:
        hints = get_type_hints(command, include_extras=True)
        own = [
            p.replace(annotation=hints[p.name])
            for p in inspect.signature(command).parameters.values()
            if p.kind is not inspect.Parameter.VAR_KEYWORD
        ]
        named = {p.name for p in own}
        others = (p for p in _recipe_parameters(tables, also, positional) if p.name not in named)
        parameters = sorted([*own, *others], key=lambda p: p.kind)
        signature = inspect.Signature(parameters)

        @functools.wraps(command)
        def by_name(*args: Any, **kwargs: Any) -> Any:
            return command(**signature.bind(*args, **kwargs).arguments)

        by_name.__signature__ = signature  # type: ignore[attr-defined]
        by_name.__annotations__ = {p.name: p.annotation for p in parameters}
        return by_name  # type: ignore[return-value]

    return decorate


def recipe_of(file: Path | None, options: Mapping[str, Any]) -> Recipe:
    """The recipe that a file and the options given describe; an option wins over the file."""
    given = {name: value for name, value in options.items() if value is not None}
    return overridden(read_toml(file) if file else {}, given)


def _recipe_parameters(
    tables: Collection[str], also: Collection[str], positional: str | None
) -> Iterator[inspect.Parameter]:
    types = get_type_hints(Recipe)
    for f in fields(Recipe):
        if f.metadata["table"] in tables or f.name in also:
            kind = inspect.Parameter.POSITIONAL_OR_KEYWORD if f.name == positional else inspect.Parameter.KEYWORD_ONLY
            yield inspect.Parameter(f.name, kind, default=None, annotation=_annotation(f, types[f.name]))


def _option(f: Field[Any]) -> str:
    return "--" + f.name.replace("_", "-")


def _annotation(f: Field[Any], kind: Any) -> Any:
    default = ",".join(map(str, f.default)) if isinstance(f.default, tuple) else f.default
    shown = None if default is None else lambda _: str(default)
    told = Parameter(group=GROUPS[f.metadata["table"]], help=f.metadata["help"], show_default=shown)
    if f.name == "hidden":
        return Annotated[str | None, told, Parameter(converter=_sizes)]
    if kind in (int, int | None):
        return Annotated[int | None, told, Parameter(converter=whole_number)]
    if f.name == "init":
        kind = float | str
    return Annotated[kind | None, told]


def _sizes(type_: Any, tokens: Any) -> tuple[int, ...]:
    """100,50 as (100, 50)."""
    text = tokens[0].value
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            sentence("hidden must be one or more positive whole numbers, such as 50 or 100,50. Got {got!r}.", got=text),
            "wrong-value",
        ) from None
