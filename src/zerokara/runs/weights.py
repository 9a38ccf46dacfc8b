"""`weights.safetensors`: the trained parameters, for any program, and what tells if they are damaged or not ours.

    W1, b1, …      the parameters
    __metadata__   {"zerokara": facts as JSON}: sizes, activation and loss, to build the network around them; recipe,
                   data and iteration, which say where they came from, with the changes that were made while it
                   trained, if any; and a digest (see `zerokara.runs.digest`)

Files of before have neither digest nor origin. They stay valid, and are held against the checkpoint where it can tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from zerokara.nn.network import Network
from zerokara.runs.checkpoint import Checkpoint, Summary, expected_arrays
from zerokara.runs.digest import sealed_file
from zerokara.runs.provenance import differing_field
from zerokara.runs.reading import check_described, check_digest, load_arrays, read_header
from zerokara.runs.untrusted import damaged, impossible, opened
from zerokara.training.recipe import Recipe
from zerokara.words import plural, sentence

NETWORK_FACTS = {"sizes", "activation", "loss"}
"""All that a file of before says."""

ORIGIN_FACTS = {"recipe", "data", "iteration", "digest"}


def weights_file(network: Network, origin: Mapping[str, Any]) -> bytes:
    """The parameters of a network as a safetensors file; `origin`: the recipe, data and iteration that made them."""
    facts = {"sizes": network.sizes, "activation": network.activation, "loss": network.loss_name}
    return sealed_file(network.params, {**facts, **origin})


class WeightsHeader(NamedTuple):
    """What a file of weights says of itself: the bytes of its header, the arrays described there, and the facts."""

    content: bytes
    described: dict[str, Any]
    facts: dict[str, Any]

    @property
    def has_digest(self) -> bool:
        """Whether it was written by a zerokara that gives digests."""
        return "digest" in self.facts


def read_weights_header(path: Path, recipe: Recipe, checkpoint: Summary, *, final: bool) -> WeightsHeader:
    """Read the header of a file of weights, and hold it against recipe and checkpoint.

    `final`: whether the run wrote its files after that checkpoint, so that they are of the same iteration. Raises
    RunError with what is wrong.
    """
    with opened(path) as file:
        header = WeightsHeader(*read_header(path, file))
        _check_facts(path, header.facts, recipe, checkpoint, final)
        check_described(path, file, header.content, header.described, _expected(checkpoint, recipe))
    return header


def check_weights(path: Path, recipe: Recipe, checkpoint: Checkpoint, *, final: bool) -> WeightsHeader:
    """Read every byte of a file of weights, and hold it against its digest and the checkpoint of its iteration.

    Raises RunError with what is wrong.
    """
    header = read_weights_header(path, recipe, checkpoint, final=final)
    with opened(path) as file:
        content = file.read(len(header.content) + sum(array.nbytes for array in checkpoint.params.values()))
    facts = header.facts
    if header.has_digest:
        check_digest(path, content, facts["digest"], len(header.content))
    if final or facts.get("iteration") == checkpoint.iteration:
        arrays = load_arrays(path, content)
        for name, array in checkpoint.params.items():
            if arrays[name].tobytes() != array.tobytes():
                raise damaged(path, _not_those(name, checkpoint.iteration))
    return header


def _not_those(name: str, iteration: int) -> str:
    return plural(
        "The array {name} is not that of the checkpoint after {n} update.",
        "The array {name} is not that of the checkpoint after {n:,} updates.",
        n=iteration,
        name=name,
    )


def _check_facts(path: Path, facts: Mapping[str, Any], recipe: Recipe, checkpoint: Summary, final: bool) -> None:
    of_ours = NETWORK_FACTS | ORIGIN_FACTS
    if set(facts) not in (NETWORK_FACTS, of_ours, of_ours | {"changes"}):
        raise damaged(path, sentence("The facts in the file's header are not those of weights."))
    now: dict[str, Any] = {"sizes": checkpoint.facts.sizes, "activation": recipe.activation, "loss": recipe.loss}
    if "digest" in facts:
        if not isinstance(facts["recipe"], dict):
            raise impossible(path, "recipe")
        if difference := differing_field(path, facts["recipe"], recipe):
            field, then, value = difference
            reason = sentence(
                "The file is of another run, whose {name} is {then!r:.80}; recipe.toml says {value!r:.80}.",
                name=field,
                then=then,
                value=value,
            )
            raise damaged(path, reason, "run-edited")
        now |= {"data": checkpoint.provenance.data}
    if "digest" in facts and final:
        changes = [asdict(change) for change in checkpoint.facts.changes]
        now |= {"iteration": checkpoint.iteration, "changes": changes}
        facts = {"changes": [], **facts}
    for name, value in now.items():
        if facts[name] != value:
            reason = sentence(
                "The file's {name} is {got!r:.80}, that of the checkpoint {value!r:.80}.",
                name=name,
                got=facts[name],
                value=value,
            )
            raise damaged(path, reason, "run-edited")
    if not isinstance(facts.get("digest", ""), str):
        raise impossible(path, "digest")


def _expected(checkpoint: Summary, recipe: Recipe) -> dict[str, tuple[str, list[int]]]:
    arrays = expected_arrays(checkpoint.facts, recipe)
    return {name.removeprefix("params/"): array for name, array in arrays.items() if name.startswith("params/")}
