"""`zerokara check`: backpropagation against the full numerical gradient, on real data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter

from zerokara.cli.check_file import as_file, check_own_file
from zerokara.cli.options import (
    OTHER,
    DataDir,
    Json,
    NoPlots,
    RecipeFile,
    recipe_of,
    run_folder,
    whole_number,
    with_recipe_options,
)
from zerokara.cli.picture import png_file, write_picture
from zerokara.data import ENTRIES, Dataset, load
from zerokara.errors import UsageError
from zerokara.nn.check import AGREES, DISAGREES, GradientCheck, gradient_check
from zerokara.nn.network import Network
from zerokara.progress import duration
from zerokara.runs.opening import open_run
from zerokara.training.batches import BATCHES, generator
from zerokara.training.build import build_network
from zerokara.words import plural, sentence, translatable

Samples = Annotated[
    int,
    Parameter(
        group=OTHER, converter=whole_number, help=translatable("How many training samples the loss is taken over.")
    ),
]
Seed = Annotated[
    int,
    Parameter(group=OTHER, converter=whole_number, help=translatable("Decides initial weights and samples.")),
]
Picture = Annotated[
    Path | None,
    Parameter(
        group=OTHER,
        converter=png_file,
        help=translatable("Where to draw the differences; by default a new gradients.png here."),
    ),
]
ClassArguments = Annotated[
    str | None,
    Parameter(
        group=OTHER,
        help=translatable('What a class in FILE is made with, as literals, such as "784, 50, 10"; else guessed.'),
    ),
]


@with_recipe_options("data", "network", also=("weight_decay",))
def check(
    run: Annotated[
        Path | None,
        Parameter(
            help=translatable(
                "A file of your own (net.py, or net.py:TwoLayerNet), to check the gradients in it; or a run's folder "
                "or name, to check its trained network; without it, a fresh network of these options."
            )
        ),
    ] = None,
    *,
    samples: Samples = 100,
    seed: Seed = 0,
    recipe: RecipeFile = None,
    data_dir: DataDir = None,
    out: Picture = None,
    no_plots: NoPlots = False,
    args: ClassArguments = None,
    json: Json = False,
    **options: Any,
) -> int:
    """Compare every weight's central difference with its gradient by backpropagation."""
    from time import perf_counter

    own = as_file(run) if run is not None else None
    if own is not None:
        dataset = options.pop("dataset", None)
        _refuse_others(own[0], {"recipe": recipe, **options})
        return check_own_file(*own, args=args, dataset=dataset, data_dir=data_dir, as_json=json)
    if args is not None or json:
        text = sentence("--args and --json go with a FILE of your own, such as net.py. Nothing was checked.")
        raise UsageError(text, "unused-argument")
    if samples < 1:
        text = sentence("{name} must be a positive whole number. Got {got!r}.", name="samples", got=samples)
        raise UsageError(text, "wrong-value")
    if run is not None and str(run) in ENTRIES and not run.exists():
        raise UsageError(sentence("{name} is a data set; give it as --dataset {name}.", name=run), "unused-argument")
    if run is not None:
        network, dataset = _trained(run, {"recipe": recipe, **options}, data_dir)
    else:
        fresh = recipe_of(recipe, {**options, "seed": seed})
        dataset = fresh.data_from(load(fresh.dataset, data_dir=data_dir))
        network = build_network(fresh, dataset)
    if samples > len(dataset.train):
        most = len(dataset.train)
        raise UsageError(
            sentence(
                "{name} has {most:,} training samples. Got --samples {got:,}.",
                name=dataset.name,
                most=most,
                got=samples,
            ),
            "wrong-value",
        )
    chosen = generator(seed, BATCHES).integers(len(dataset.train), size=samples)
    began = perf_counter()
    result = gradient_check(network, dataset.train.rows(chosen, np.float64), dataset.train.t[chosen])
    heading = plural(
        "{network!r} on {n} sample of {name}, {time}",
        "{network!r} on {n} samples of {name}, {time}",
        n=samples,
        network=network,
        name=dataset.name,
        time=duration(perf_counter() - began),
    )
    print(f"{heading}\n\n{result}\n\n{_conclusion(result)}")
    if not no_plots:
        from zerokara.report.figures import gradient_figure, png

        write_picture(png(gradient_figure(result)), out, "gradients")
    return 1 if result.verdict == DISAGREES or result.untold == result.all_rows else 0


def _trained(run: Path, options: Mapping[str, Any], data_dir: Path | None) -> tuple[Network, Dataset]:
    """The network of a run and its data. Raises UsageError where an option says something of them too."""
    _refuse_others(run, options)
    trained = open_run(run_folder(run))
    return trained.network, trained.recipe.data_from(load(trained.recipe.dataset, data_dir=data_dir))


def _refuse_others(run: Path, options: Mapping[str, Any]) -> None:
    if given := [name for name, value in options.items() if value is not None]:
        text = sentence(
            "{run} has its own network and data. Got --{name} too; leave one of them out. Nothing was checked.",
            run=run,
            name=given[0].replace("_", "-"),
        )
        raise UsageError(text, "unused-argument")


def _conclusion(result: GradientCheck) -> str:
    if result.verdict == AGREES:
        return sentence("The gradients agree.")
    if result.verdict == DISAGREES:
        return sentence(
            "The gradients DISAGREE in {wrong:,} of {rows:,} rows, by more than rounding, the step and kinks can "
            "explain: backpropagation has a mistake. The table says where it is largest.",
            wrong=result.wrong,
            rows=result.all_rows,
        )
    if result.untold == result.all_rows:
        return sentence(
            "No row can be told: loss or gradients are not finite, or so small that rounding hides them. "
            "Nothing is proven, neither right nor wrong. Try other weights, such as those of a fresh network."
        )
    return sentence(
        "No row disagrees. But {untold:,} of {rows:,} cannot be told: a mistake there could hide behind rounding, or "
        "behind ReLUs that switch within the step. More --samples, or another --seed, may tell.",
        untold=result.untold,
        rows=result.all_rows,
    )
