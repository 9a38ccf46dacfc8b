from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import zerokara
from zerokara.data.dataset import Dataset
from zerokara.doctor.evidence import Evidence
from zerokara.doctor.rules import findings_of
from zerokara.doctor.watching import Watcher, gathered, probed_samples
from zerokara.training.build import build_trainer
from zerokara.training.events import Advanced, Event
from zerokara.training.recipe import Recipe


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return zerokara.load("digits")


def watched(recipe: Recipe, dataset: Dataset, chunk: int | None = None) -> tuple[Evidence, dict[str, np.ndarray]]:
    watcher = Watcher(recipe, dataset)
    trainer = build_trainer(recipe, dataset, listeners=[watcher])
    trainer.chunk = chunk
    trainer.run()
    return watcher.evidence(), trainer.network.params


def test_the_run_keeps_its_bits(digits: Dataset) -> None:
    recipe = Recipe(dataset="digits", iterations=200, hidden=20)
    trainer = build_trainer(recipe, digits)
    trainer.run()
    evidence, params = watched(recipe, digits)
    for name, array in trainer.network.params.items():
        assert_array_equal(params[name], array)
    assert_array_equal(evidence.losses, trainer.history.losses)


def test_it_looks_at_fixed_updates_however_fast_the_machine_is(digits: Dataset) -> None:
    recipe = Recipe(dataset="digits", iterations=200, hidden=20)
    evidence, _ = watched(recipe, digits)
    other, _ = watched(recipe, digits, chunk=3)
    assert [probe.iteration for probe in evidence.probes] == [0, 2, 20, 60, 200]
    assert evidence.probes == other.probes
    assert_array_equal(evidence.rises, other.rises)
    assert evidence.ended
    assert evidence.first.line is None
    assert all(probe.line is not None for probe in evidence.probes[1:])


def test_the_loss_of_a_batch_after_its_update(digits: Dataset) -> None:
    recipe = Recipe(dataset="digits", iterations=60, hidden=20).resolved()
    evidence, _ = watched(recipe, digits)
    at, before, after = evidence.rises[3]
    network = build_trainer(replace(recipe, iterations=int(at) + 1), digits)
    network.run()
    rows = recipe.make_batches(len(digits.train)).rows(int(at), int(at) + 1)[0]
    x, t = digits.train.rows(rows), digits.train.t[rows]
    assert after == pytest.approx(network.network.loss(x, t), rel=1e-5)
    assert before == evidence.losses[int(at)]


def test_a_run_of_one_update(digits: Dataset) -> None:
    evidence, _ = watched(Recipe(dataset="digits", iterations=1), digits)
    assert [probe.iteration for probe in evidence.probes] == [0, 1]


def test_where_it_left_the_finite_numbers(digits: Dataset) -> None:
    recipe = Recipe(dataset="digits", iterations=200, learning_rate=1e30)
    evidence, _ = watched(recipe, digits)
    assert evidence.divergence is not None
    assert evidence.ended
    assert evidence.probes[-1].iteration == evidence.divergence.iteration


def test_a_run_that_was_stopped_early_hears_nothing(digits: Dataset) -> None:
    recipe = Recipe(dataset="digits", iterations=1000, learning_rate=1e-5)
    watcher = Watcher(recipe, digits)

    def stop(event: Event) -> None:
        if isinstance(event, Advanced) and event.iteration >= 100:
            event.request_stop()

    build_trainer(recipe, digits, listeners=[watcher, stop]).run()
    assert watcher.evidence().ended
    assert findings_of(watcher.evidence(), asked=False) == ()


def test_what_is_said_at_30_percent_is_said_at_the_end_too(digits: Dataset) -> None:
    recipe = Recipe(dataset="digits", iterations=1000, learning_rate=1e-5)
    watcher, said = Watcher(recipe, digits), []

    def listen(event: Event) -> None:
        said.append([finding.cause for finding in findings_of(watcher.evidence(), asked=False)])

    build_trainer(recipe, digits, listeners=[watcher, listen]).run()
    assert said[0] == []
    assert said[-1] == ["rate-too-low"]
    assert said.index(["rate-too-low"]) < len(said) - 1


def test_gathering_finds_the_same_and_looks_at_all_data(digits: Dataset) -> None:
    recipe = Recipe(dataset="digits", iterations=200, hidden=20)
    evidence, _ = watched(recipe, digits)
    again = gathered(recipe, digits)
    assert again.probes == evidence.probes
    assert (evidence.data.reference, again.data.shared_with_test) == (None, 0)


def test_a_large_network_on_a_short_run_is_probed_on_few_samples(digits: Dataset) -> None:
    evidence, _ = watched(Recipe(dataset="digits", iterations=1), digits)
    small = evidence.setting
    large = replace(small, sizes=(784, 2000, 2000, 10))
    assert probed_samples(small, 10) == 2000
    assert probed_samples(large, 10) == 100
    assert probed_samples(large, 10_000) == 1000
