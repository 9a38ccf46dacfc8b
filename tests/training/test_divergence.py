"""Numbers that are not finite end a run: where does not depend on chunks, and what was finite is kept."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zerokara
from zerokara.cli.app import main
from zerokara.cli.console import ConsoleReporter
from zerokara.errors import RunError
from zerokara.runs.prepared import Diverged, prepare_run
from zerokara.runs.resume import reopen
from zerokara.training.recipe import Recipe
from zerokara.training.trainer import Trainer

STEEP: dict[str, Any] = {"dataset": "digits", "hidden": (3,), "batch_size": 100, "iterations": 60, "loss": "squared"}


def trainer_of(chunk: int | None = None, **options: Any) -> Trainer:
    trainer = prepare_run(Recipe.from_values({**STEEP, **options}), engine="reference").trainer
    trainer.chunk = chunk
    return trainer


def by_hand(trainer: Trainer) -> tuple[int, dict[str, np.ndarray[Any, Any]]]:
    """Updates before the first that is not finite, and the weights then, update by update with the network itself."""
    params, train = trainer.network.params, trainer.dataset.train
    with np.errstate(all="ignore"):
        for iteration in range(trainer.iterations):
            before = {name: array.copy() for name, array in params.items()}
            rows = trainer.batches.rows(iteration, iteration + 1)[0]
            loss, grads = trainer.network.loss_and_gradient(train.rows(rows), train.t[rows])
            trainer.optimizer.update(params, grads)
            arrays = [*params.values(), *(a for slot in trainer.optimizer.state.values() for a in slot.values())]
            if not (np.isfinite(loss) and all(np.isfinite(array).all() for array in arrays)):
                return iteration, before
    raise AssertionError("it did not diverge")


@pytest.mark.parametrize(
    "options",
    [
        {"learning_rate": 1e30},
        {"learning_rate": 1e38, "optimizer": "momentum"},
        {"learning_rate": 1e39},  # more than a float32 holds: the weights go before a loss does
        {"init": 1e20},
    ],
)
@pytest.mark.parametrize("chunk", [1, 2, 7, 50])
def test_it_ends_before_the_first_update_that_is_not_finite(options: dict[str, Any], chunk: int) -> None:
    expected, weights = by_hand(trainer_of(**options))
    trainer = trainer_of(chunk, **options)
    history = trainer.run()
    assert trainer.divergence is not None
    assert (
        trainer.divergence.iteration == trainer.iteration == trainer.optimizer.steps == len(history.losses) == expected
    )
    assert np.isfinite(history.losses).all()
    for name, array in weights.items():
        np.testing.assert_array_equal(trainer.network.params[name], array)


def test_weights_that_begin_infinite_are_not_trained() -> None:
    trainer = trainer_of(init=1e39)
    trainer.run()
    assert trainer.iteration == 0
    assert trainer.divergence is not None


def test_keep_going_trains_to_the_end() -> None:
    trainer = trainer_of(learning_rate=1e30)
    trainer.keep_going = True
    trainer.run()
    assert trainer.iteration == 60
    assert trainer.divergence is None
    assert not np.isfinite(trainer.history.losses[-1])


def test_a_run_that_does_not_diverge_is_not_changed_by_looking() -> None:
    one, other = trainer_of(), trainer_of(3)
    one.keep_going = True
    np.testing.assert_array_equal(one.run().losses, other.run().losses)


def test_the_run_says_where_and_what_to_try(tmp_path: Path) -> None:
    with pytest.raises(
        Diverged, match=r"Update \d+ made .* kept in .*run\. --keep-going trains on .* helps: zerokara doctor .*run$"
    ) as error:
        zerokara.train(recipe=Recipe(**STEEP, learning_rate=1e30), out=tmp_path, name="run", plots=False)
    run = error.value.run
    assert run.state == json.loads((run.path / "run.json").read_text())["state"] == "diverged"
    opened = zerokara.open_run(run.path)
    assert all(np.isfinite(array).all() for array in opened.network.params.values())
    assert opened.iterations == run.iterations == (run.path / "losses.csv").read_text().count("\n") - 1
    with pytest.raises(RunError, match=r"ended because update \d+ gave numbers that are not finite, and would again"):
        reopen(run.path)


def test_a_diverged_run_that_keeps_going_equals_one_that_always_did(tmp_path: Path) -> None:
    recipe = Recipe(**STEEP, learning_rate=1e30)
    whole = zerokara.train(recipe=recipe, out=tmp_path, name="whole", plots=False, keep_going=True)
    with pytest.raises(Diverged, match=r"--keep-going trains on anyway"):
        zerokara.train(recipe=recipe, out=tmp_path, name="run", plots=False)
    reopened = reopen(tmp_path / "run", keep_going=True)
    run = reopened.prepared.run_into(reopened.folder, plots=False)
    for name in ("recipe.toml", "losses.csv", "weights.safetensors"):
        assert (run.path / name).read_bytes() == (whole.path / name).read_bytes()
    np.testing.assert_array_equal(zerokara.open_run(run.path).network.params["W1"], whole.network.params["W1"])


@pytest.mark.parametrize("engine", ["auto", "reference"])
def test_a_run_of_nan_is_marked_wherever_it_is_shown(
    engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All labels count as missed, also the zeros that NumPy's argmax would make hits."""
    run = zerokara.train(
        "digits", iterations=60, learning_rate=1e30, engine=engine, keep_going=True, out=tmp_path, plots=False
    )
    assert run.state == "finished"
    assert (run.history.last.train_accuracy, run.history.last.test_accuracy) == (0, 0)
    said = "359 of 359 test images have no finite score"
    assert run.remark == run.figures["remark"] == said
    opened = zerokara.open_run(run.path)
    assert opened.history.undecided == {"training": (1438, 1438), "test": (359, 359)}
    assert opened.remark == json.loads((run.path / "run.json").read_text())["remark"] == said
    assert repr(opened).endswith(f"test accuracy 0.0000, but {said}>")
    assert main(["runs", "show", str(run.path)]) == 0
    assert f"\n{said}.\n" in capsys.readouterr().out
    assert main(["runs", "list", "--out", str(tmp_path)]) == 0
    assert f"digits ({said}.)\n" in capsys.readouterr().out
    ConsoleReporter(sys.stdout).result(run)
    assert f"\n{said}.\n" in capsys.readouterr().out


def test_a_run_of_numbers_has_no_remark(tmp_path: Path) -> None:
    run = zerokara.train("digits", iterations=6, out=tmp_path, plots=False)
    assert (run.remark, run.history.undecided) == ("", {})
    assert "remark" not in run.figures
    run.network.params["b1"][0] = np.inf
    assert run.remark == "its weights are not finite"
