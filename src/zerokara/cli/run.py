"""`zerokara run FILE [ARGS…]` and `zerokara book init [FOLDER]`: parse, call, print.

The arguments are read here and not by the command line's parser: everything after FILE belongs to the script.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zerokara.cli.failure import close_quietly, fail, failure_of, print_every_letter
from zerokara.cli.help import Panel, help_page
from zerokara.errors import UsageError, ZerokaraError, unknown_name
from zerokara.words import in_english, sentence, translatable

if TYPE_CHECKING:
    from zerokara.lab.own import OwnLab

RUN_USAGE = in_english("zerokara run [OPTIONS] FILE [ARGS…]")
RUN_DESCRIPTION = (
    translatable(
        "Run a learner's script (.py), notebook (.ipynb), Markdown text (.md) or transcript (.txt) as it is. The "
        "textbook's modules, such as common.functions or dataset.mnist, are supplied where the file's own folders lack "
        "them. Everything after FILE belongs to the script."
    ),
    translatable("The exit status is the script's own: 1 after an error, 130 after Ctrl-C."),
)
RUN_OPTIONS = {
    "--list": translatable("Show the cells of a notebook or note, and run nothing."),
    "--cells 1,3-5": translatable("Run only these cells."),
    "--prelude": translatable("Supply np, plt, load_mnist and chapter 4's TwoLayerNet to a file without imports."),
    "--seed N": translatable("Seed random and np.random before the first line."),
    "--figures DIR": translatable(
        "Where plt.show() saves pictures when there is no display; the working folder if not given."
    ),
    "--no-remarks": translatable("No remarks on the source at the end, and no findings about the training."),
    "--findings FILE.json": translatable("Write what was found about the training; an empty list where all is well."),
    "--keep NAME": translatable(
        "Keep the losses, accuracies and parameters that the file leaves behind as a run of this name, which "
        "runs list, report and compare take."
    ),
    "--out DIR": translatable("Where --keep makes the folder of that run; runs if not given."),
    "--predict PICTURE": translatable(
        "Ask the network that the script leaves behind about a picture of a digit, or a folder of them."
    ),
    "--lab": translatable(
        "Open a page that shows the script's own network while it trains. The address goes to standard error, and when "
        "the script has ended, the page stays until Ctrl-C."
    ),
    "--exit": translatable("Close that page as soon as the script has ended."),
    "--no-browser": translatable("Open no browser; only print the address."),
    "--port N": translatable(
        "The port of the page's address, 0 for any that is free; by default 8765, or any where that is taken."
    ),
    "--no-accelerate": translatable(
        "Every numerical gradient by the textbook's loop, also where zerokara recognises the network."
    ),
    "--accelerate": translatable(
        "No longer needed: a numerical gradient function of your own is recognised without this option, too."
    ),
    "--verify": translatable("Every gradient both ways, and a comparison of every weight."),
    "--recognised FILE.json": translatable(
        "Write which functions were recognised, as which networks, and why others were left to their loops."
    ),
}
BOOK_USAGE = in_english("zerokara book init [FOLDER]")
BOOK_DESCRIPTION = (
    translatable(
        "Write the files that the textbook's scripts open by relative path into FOLDER (this folder if not given): "
        "sample_weight.pkl, trained here on MNIST, and two test pictures in dataset/. Files that are there already are "
        "kept."
    ),
)

NO_OPTION = translatable("An option of zerokara run must be one of {names}. Got {got!r}.")
NO_BOOK_COMMAND = translatable("zerokara book must be one of {names}. Got {got!r}.")

FLAGS: dict[str, dict[str, Any]] = {
    "--prelude": {"prelude": True},
    "--no-remarks": {"remarks": False},
    "--no-accelerate": {"accelerate": "off"},
    "--accelerate": {},
    "--verify": {"accelerate": "verify"},
    "--list": {},
    "--lab": {},
    "--exit": {},
    "--no-browser": {},
}
VALUES: dict[str, Callable[[str], dict[str, Any]]] = {
    "--cells": lambda text: {"cells": text},
    "--seed": lambda text: {"seed": int(text) if text.isdecimal() else text},
    "--figures": lambda text: {"figures": Path(text)},
    "--recognised": lambda text: {"recognised": Path(text)},
    "--findings": lambda text: {"findings": Path(text)},
    "--keep": lambda text: {"keep": text},
    "--out": lambda text: {"out": Path(text)},
    "--predict": lambda text: {"predict": Path(text)},
    "--port": lambda text: {},
}
OF_THE_PAGE = frozenset(("--exit", "--no-browser", "--port"))
"""What is about the page of `--lab`."""


def run_command(argv: list[str]) -> int:
    """`zerokara run` with what follows it; returns the exit status. What zerokara refuses goes to standard error."""
    return _said(_run, argv)


def book_command(argv: list[str]) -> int:
    """`zerokara book` with what follows it; returns the exit status."""
    return _said(_book, argv)


def _said(command: Callable[[list[str]], int], argv: list[str]) -> int:
    try:
        return command(argv)
    except BrokenPipeError:
        close_quietly()
        return 1
    except (ZerokaraError, OSError, KeyboardInterrupt) as error:  # before or after the script; of it, the runner says
        failure = failure_of(error)
        assert failure is not None
        return fail(failure, as_json=False)


def _run(argv: list[str]) -> int:
    from zerokara.runner.run import Options, checked_path, run_file

    given, rest = _options(argv)
    if "--help" in given or "-h" in given:
        rows = [(name, sentence(text)) for name, text in RUN_OPTIONS.items()]
        return _help(RUN_USAGE, RUN_DESCRIPTION, Panel(sentence("Options"), rows))
    if not rest:
        text = sentence("zerokara run needs a FILE: {usage}. Nothing was run.", usage=RUN_USAGE)
        raise UsageError(text, "missing-argument")
    file, *args = rest
    _check_page(given)
    if "--list" in given:
        return _list(checked_path(file))
    if "--no-accelerate" in given and ("--accelerate" in given or "--verify" in given):
        text = sentence("--no-accelerate goes neither with --accelerate nor with --verify. Nothing was run.")
        raise UsageError(text, "unused-argument")
    if "--out" in given and "--keep" not in given:
        text = sentence("--out says where --keep makes its folder, and --keep is not given. Nothing was run.")
        raise UsageError(text, "unused-argument")
    options = Options()
    for name, value in given.items():
        options = replace(options, **(FLAGS[name] if name in FLAGS else VALUES[name](value)))
    with _page(file, given) as lab:
        return run_file(file, args, replace(options, lab=lab))


def _page(file: str, given: Mapping[str, str]) -> AbstractContextManager[OwnLab | None]:
    if "--lab" not in given:
        return nullcontext()
    from zerokara.cli.run_lab import shown

    about = {"browser": "--no-browser" not in given, "stay": "--exit" not in given}
    return shown(file, given.get("--cells"), port=_port(given), **about)


def _check_page(given: Collection[str]) -> None:
    """Raises UsageError where there is no page of which something was said."""
    if "--lab" in given and "--list" in given:
        text = sentence("--list runs nothing that --lab could show. Give one of them. Nothing was run.")
        raise UsageError(text, "unused-argument")
    if "--lab" not in given and not OF_THE_PAGE.isdisjoint(given):
        text = sentence(
            "--exit, --no-browser and --port are about the page of --lab, which is not given. Nothing was run."
        )
        raise UsageError(text, "unused-argument")


def _port(given: Mapping[str, str]) -> int | None:
    port = given.get("--port")
    if port is None:
        return None
    if not port.isdecimal():
        text = sentence("{name} must be a whole number. Got {got!r}.", name="--port", got=port)
        raise UsageError(text, "wrong-value")
    return int(port)


def _options(argv: list[str]) -> tuple[dict[str, str], list[str]]:
    """The options before FILE, with their values, and what begins with FILE."""
    given: dict[str, str] = {}
    rest = list(argv)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        name, equals, value = rest.pop(0).partition("=")
        if name == "--":
            break
        if name not in (*FLAGS, *VALUES, "--help", "-h"):
            raise unknown_name("option", name, (*FLAGS, *VALUES, "--help", "--lang"), NO_OPTION)
        if name in VALUES and not equals:
            if not rest:
                raise UsageError(sentence("{name} needs a value. Nothing was run.", name=name), "missing-argument")
            value = rest.pop(0)
        given[name] = value
    return given, rest


def _list(path: Path) -> int:
    from zerokara.sources.cells import SCRIPTS, cells_of, listing

    if path.suffix.lower() in SCRIPTS:
        text = sentence("--list shows the cells of a notebook or note. {path} is one script.", path=path)
        raise UsageError(text, "unused-argument")
    return _print([listing(cells_of(path))])


def _book(argv: list[str]) -> int:
    if not argv or argv[0] in ("--help", "-h"):
        return _help(BOOK_USAGE, BOOK_DESCRIPTION)
    verb, *rest = argv
    if verb != "init":
        raise unknown_name("command", verb, ["init"], NO_BOOK_COMMAND)
    if any(argument in ("--help", "-h") for argument in rest):
        return _help(BOOK_USAGE, BOOK_DESCRIPTION)
    for option in [argument for argument in rest if argument.startswith("-")]:
        text = sentence(
            "{command} has no option {got}. See {command} --help.", command="zerokara book init", got=option
        )
        raise UsageError(text, "unknown-option")
    if len(rest) > 1:
        text = sentence("zerokara book init takes one FOLDER. Got {got}. Nothing was written.", got=" ".join(rest))
        raise UsageError(text, "unused-argument")
    from zerokara.book.samples import init_folder

    return _print(init_folder(Path(*rest)))


def _help(usage: str, description: Sequence[str], *panels: Panel) -> int:
    return _print([help_page(usage, [sentence(text) for text in description], panels)])


def _print(texts: Iterable[str]) -> int:
    """Print what zerokara itself has to say; a script prints as Python lets it."""
    print_every_letter()
    for text in texts:
        print(text, flush=True)
    return 0
