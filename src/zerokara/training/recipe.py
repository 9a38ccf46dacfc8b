"""The recipe: everything that decides what a run computes, in one frozen, validated record.

The same fields are the options of `zerokara train`, the keywords of `zerokara.train()` and the TOML file in a run's
folder, in the tables [network], [data] and [training]. Where to write and what to print are not part of it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple, Self, TypedDict

import numpy as np
from numpy.typing import NDArray

from zerokara.data.dataset import Dataset
from zerokara.data.entries import ENTRIES
from zerokara.errors import IN_A_TABLE, UsageError, unknown_name
from zerokara.nn.activations import ACTIVATIONS, STANDARD_ACTIVATIONS
from zerokara.nn.arguments import is_integer, is_number
from zerokara.nn.functions import LOSSES, STANDARD_LOSSES
from zerokara.nn.initializers import INITIALIZERS
from zerokara.training.batches import SAMPLINGS, Batches
from zerokara.training.optimizers import OPTIMIZERS, STANDARD_OPTIMIZERS, Optimizer, optimizer_named
from zerokara.words import sentence, translatable

GRADIENTS = ("backprop", "numerical")
DTYPES = ("float32", "float64")
LENGTHS = ("iterations", "epochs")
A_FIELD = translatable("A recipe's field must be one of {names}. Got {got!r}.")
A_FIELD_OF_A_TABLE = translatable("{path}: a field of [{table}] must be one of {names}. Got {got!r}.")
SETTINGS = ("learning_rate", "momentum", "decay", "beta1", "beta2")
"""What an optimizer may be given. Another setting, of an optimizer somebody has added, keeps its customary value."""
ADDED_LATER: dict[str, Any] = {"weight_decay": 0.0, "samples": None}
"""Fields that recipes of before do not have, and the value that changes nothing: with it recipes are written alike."""


class Rule(NamedTuple):
    """What a field's value must be, as the sentence that refuses another and as a test; the type it is kept in."""

    refusal: str
    holds: Callable[[Any], bool]
    convert: Callable[[Any], Any]


POSITIVE_INTEGER = Rule(
    translatable("{name} must be a positive whole number. Got {got!r}."), lambda v: is_integer(v) and v > 0, int
)
SEED = Rule(
    translatable("{name} must be a whole number from 0 to 2**63 - 1. Got {got!r}."),
    lambda v: is_integer(v) and 0 <= v < 2**63,
    int,
)
POSITIVE = Rule(translatable("{name} must be a positive number. Got {got!r}."), lambda v: is_number(v) and v > 0, float)
NOT_NEGATIVE = Rule(
    translatable("{name} must be 0 or a positive number. Got {got!r}."), lambda v: is_number(v) and v >= 0, float
)
SHARE = Rule(
    translatable("{name} must be at least 0 and less than 1. Got {got!r}."),
    lambda v: is_number(v) and 0 <= v < 1,
    float,
)
SIZES = Rule(
    translatable("{name} must be one or more positive whole numbers, such as 50 or 100,50. Got {got}."),
    lambda v: len(v) > 0 and all(map(POSITIVE_INTEGER.holds, v)),
    lambda v: tuple(map(int, v)),
)
NAME = Rule(
    translatable("{name} must be the name of a data set or a folder. Got {got!r}."),
    lambda v: isinstance(v, str | Path) and str(v) != "",
    str,
)
INIT = Rule(
    translatable("{name} must be a standard deviation of 0 or more, or one of {names}. Got {got!r}."),
    lambda v: is_number(v) and v >= 0,
    float,
)


def _option(table: str, help: str, default: Any, rule: Rule | None = None, names: Collection[str] = ()) -> Any:
    """A field. `names` may be a table that somebody adds to later: what counts is what it has when a recipe is made."""
    return field(default=default, metadata={"table": table, "help": help, "rule": rule, "names": names})


@dataclass(frozen=True)
class Recipe:
    """What to train, on what, and how. Fields left None take the value that fits the others; see `resolved`.

    Raises UsageError naming the field, what it got and what it expects.

    >>> Recipe(hidden=50, learning_rate=-0.1)
    Traceback (most recent call last):
        ...
    zerokara.errors.UsageError: learning_rate must be a positive number. Got -0.1.
    """

    dataset: str = _option(
        "data", translatable("mnist, fashion-mnist, kmnist, digits, or a folder of your own."), "mnist", NAME
    )
    samples: int | None = _option(
        "data", translatable("Training samples to use: the first so many; by default all."), None, POSITIVE_INTEGER
    )
    hidden: tuple[int, ...] = _option(
        "network", translatable("Units of each hidden layer: 50, or 100,50."), (50,), SIZES
    )
    activation: str = _option("network", translatable("Activation of the hidden layers."), "relu", names=ACTIVATIONS)
    init: str | float = _option(
        "network",
        translatable("Initial weights: a standard deviation, he, xavier, or auto."),
        "auto",
        INIT,
        INITIALIZERS,
    )
    # Translators: what the option --loss is about
    loss: str = _option("network", translatable("What is minimised."), "cross-entropy", names=LOSSES)
    dtype: str | None = _option(
        "network",
        translatable("Precision; by default float32, and float64 with a numerical gradient."),
        None,
        names=DTYPES,
    )
    gradient: str = _option("training", translatable("How gradients are computed."), "backprop", names=GRADIENTS)
    optimizer: str = _option("training", translatable("How weights follow the gradient."), "sgd", names=OPTIMIZERS)
    learning_rate: float | None = _option(
        "training",
        translatable("Step size; by default what is customary for the optimizer (sgd: 0.1)."),
        None,
        POSITIVE,
    )
    momentum: float | None = _option(
        "training", translatable("For momentum and nesterov; by default 0.9."), None, SHARE
    )
    decay: float | None = _option("training", translatable("For rmsprop; by default 0.9."), None, SHARE)
    beta1: float | None = _option("training", translatable("For adam and nadam; by default 0.9."), None, SHARE)
    beta2: float | None = _option("training", translatable("For adam and nadam; by default 0.999."), None, SHARE)
    weight_decay: float = _option(
        "training", translatable("λ of the penalty ½ λ Σ W² that is part of the loss."), 0.0, NOT_NEGATIVE
    )
    batch_size: int = _option("training", translatable("Samples in an update."), 100, POSITIVE_INTEGER)
    iterations: int | None = _option(
        "training", translatable("Updates to do; by default 10000 on the MNIST family."), None, POSITIVE_INTEGER
    )
    epochs: int | None = _option(
        "training",
        translatable("Epochs to do, instead of iterations; by default 100 on other data than the MNIST family."),
        None,
        POSITIVE_INTEGER,
    )
    sampling: str = _option(
        "training",
        translatable("Batches: any samples, no sample twice in a batch, or every sample once an epoch."),
        "replacement",
        names=SAMPLINGS,
    )
    evaluate_every: int | None = _option(
        "training", translatable("Updates between evaluations; by default an epoch."), None, POSITIVE_INTEGER
    )
    seed: int = _option("training", translatable("Decides initial weights and batches."), 0, SEED)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", _as_sizes(self.hidden))
        for f in fields(self):
            object.__setattr__(self, f.name, _checked(f, getattr(self, f.name)))
        if self.iterations is not None and self.epochs is not None:
            raise UsageError(
                sentence(
                    "Give iterations or epochs, not both. Got {iterations} and {epochs}.",
                    iterations=self.iterations,
                    epochs=self.epochs,
                ),
                "wrong-recipe",
            )
        if self.gradient == "numerical" and self.dtype == "float32":
            raise UsageError(
                sentence(
                    "gradient numerical needs dtype float64: in float32 a difference with h = 1e-4 is mostly rounding. "
                    "Leave dtype out, or use gradient backprop."
                ),
                "wrong-recipe",
            )
        self.make_optimizer()

    def resolved(self) -> Self:
        """The same recipe with every default that depends on another field filled in: what a run records."""
        made = self.make_optimizer()
        length: dict[str, Any] = {} if self.iterations or self.epochs else default_length(self.dataset)
        dtype = self.dtype or ("float64" if self.gradient == "numerical" else "float32")
        settings = {name: value for name, value in made.settings.items() if name in SETTINGS}
        return replace(self, **{**settings, **length, "dtype": dtype})

    def make_optimizer(self) -> Optimizer:
        """A fresh optimizer with this recipe's settings."""
        return optimizer_named(self.optimizer, **{name: getattr(self, name) for name in SETTINGS})

    def data_from(self, dataset: Dataset) -> Dataset:
        """The data that this recipe trains on: of a data set's training part, all or the first `samples`.

        It may have been cut before, for whatever recipe. Raises UsageError where there are not so many.
        """
        return dataset.with_first(self.samples)

    def make_batches(self, samples: int) -> Batches:
        """The batches of this recipe on so many training samples."""
        return Batches(samples, self.batch_size, self.sampling, self.seed)

    def total(self, per_epoch: int) -> int:
        """How many updates this recipe asks for, with so many updates in an epoch."""
        if self.iterations is not None:
            return self.iterations
        assert self.epochs is not None, "a resolved recipe says how long it is"
        return self.epochs * per_epoch

    def to_toml(self) -> str:
        """The recipe as TOML, tables and keys always in the same order; fields that say nothing are left out."""
        import tomli_w

        tables: dict[str, dict[str, Any]] = {"network": {}, "data": {}, "training": {}}
        for f in fields(self):
            value = getattr(self, f.name)
            if value is not None and value != ADDED_LATER.get(f.name, ...):
                tables[f.metadata["table"]][f.name] = list(value) if isinstance(value, tuple) else value
        return tomli_w.dumps(tables)

    def fingerprint(self) -> dict[str, Any]:
        """The fields that decide every update, as JSON has them: without length, and data, which have a checksum."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in (*LENGTHS, "dataset")}
        return values | {"hidden": list(self.hidden)}

    def customized(self) -> list[str]:
        """Those of activation, loss and optimizer that are somebody's own, whatever their names: not zerokara's."""
        tables: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
            "activation": (ACTIVATIONS, STANDARD_ACTIVATIONS),
            "loss": (LOSSES, STANDARD_LOSSES),
            "optimizer": (OPTIMIZERS, STANDARD_OPTIMIZERS),
        }
        names = {field: getattr(self, field) for field in tables}
        return [f for f, (table, standard) in tables.items() if table[names[f]] is not standard.get(names[f])]

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """A recipe from some of its fields by name. Raises UsageError for a name that is not a field."""
        names = [f.name for f in fields(cls)]
        for name in values:
            if name not in names:
                raise unknown_name("field", name, names, A_FIELD)
        return cls(**values)


class RecipeOptions(TypedDict, total=False):
    """The fields of a recipe but its data set, as keywords: what each of them takes."""

    samples: int | None
    hidden: int | Sequence[int] | NDArray[np.integer[Any]]
    activation: str
    init: str | float
    loss: str
    dtype: str | None
    gradient: str
    optimizer: str
    learning_rate: float | None
    momentum: float | None
    decay: float | None
    beta1: float | None
    beta2: float | None
    weight_decay: float
    batch_size: int
    iterations: int | None
    epochs: int | None
    sampling: str
    evaluate_every: int | None
    seed: int


def overridden(values: Mapping[str, Any], given: Mapping[str, Any]) -> Recipe:
    """A recipe of some fields, with others in their place; one that says how long also replaces the other that does."""
    if any(name in given for name in LENGTHS):
        values = {name: value for name, value in values.items() if name not in LENGTHS}
    return Recipe.from_values({**values, **given})


def default_length(dataset: str) -> dict[str, int]:
    """10,000 updates on the MNIST family, 100 epochs on anything else."""
    published = dataset in ENTRIES and not ENTRIES[dataset].bundled
    return {"iterations": 10_000} if published else {"epochs": 100}


def read_toml(path: Path) -> dict[str, Any]:
    """The fields that a recipe file gives, or the one in a run's folder, by name.

    Raises UsageError naming file and place of what is wrong.
    """
    path = path / "recipe.toml" if path.is_dir() else path
    try:
        return parse_toml(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(
            sentence("{path} cannot be read as a recipe: {reason}.", path=path, reason=reason), "wrong-recipe"
        ) from error


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """The fields that the text of a recipe file gives; `path` is for the errors, which are those of `read_toml`."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also of a whole number with more digits than Python reads
        raise UsageError(
            sentence("{path} cannot be read as a recipe: {reason}.", path=path, reason=error), "wrong-recipe"
        ) from error
    return recipe_values(tables, path)


def recipe_values(tables: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The fields that the tables of a recipe file give; `path` is for the errors, which are those of `read_toml`."""
    home = {f.name: f.metadata["table"] for f in fields(Recipe)}
    values: dict[str, Any] = {}
    for table, entries in tables.items():
        if table not in ("network", "data", "training") or not isinstance(entries, dict):
            raise UsageError(
                sentence(
                    "{path} has {table!r}; a recipe has the tables [network], [data] and [training].",
                    path=path,
                    table=table,
                ),
                "wrong-recipe",
            )
        for name, value in entries.items():
            if home.get(name) != table:
                known = [field for field, place in home.items() if place == table]
                raise unknown_name("field", name, known, A_FIELD_OF_A_TABLE, path=path, table=table)
            values[name] = value
    return values


def _as_sizes(hidden: Any) -> tuple[Any, ...]:
    hidden = hidden.tolist() if isinstance(hidden, np.ndarray) else hidden
    return tuple(hidden) if isinstance(hidden, Sequence) and not isinstance(hidden, str) else (hidden,)


def _checked(f: Field[Any], value: Any) -> Any:
    """The value as the recipe keeps it: one type per field, so that equal recipes are written alike."""
    rule, names = f.metadata["rule"], f.metadata["names"]
    if value is None and f.default is None:
        return None
    if names and isinstance(value, str):
        if value not in names:
            raise unknown_name(f.name, value, names, rule.refusal if rule else IN_A_TABLE)
        return value
    if rule is None or not rule.holds(value):
        refusal = rule.refusal if rule else IN_A_TABLE
        got = ",".join(map(repr, value)) if isinstance(value, tuple) and value else value
        raise UsageError(sentence(refusal, name=f.name, names=", ".join(names), got=got), "wrong-value")
    return rule.convert(value)
