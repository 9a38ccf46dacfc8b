"""A second training proves a run, and accuses nobody of what another machine may have done."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load, save

import zerokara
from zerokara.data import write_idx
from zerokara.engine.compiled import core
from zerokara.errors import UsageError
from zerokara.runs import verification
from zerokara.runs.at_level import Elsewhere, variables_for
from zerokara.runs.folder import RunFolder
from zerokara.runs.machine import blas_threads
from zerokara.runs.prepared import Diverged, prepare_run
from zerokara.runs.replay import Budget, OverBudget, are_same_bits
from zerokara.runs.resume import reopen
from zerokara.runs.verdict import Verification
from zerokara.runs.verification import Verifier
from zerokara.training.events import Advanced, Evaluated, Event, Started
from zerokara.training.recipe import Recipe

TINY: dict[str, Any] = {"hidden": (3,), "batch_size": 90, "iterations": 20, "seed": 5}
ENGINES = ["reference", pytest.param("compiled", marks=pytest.mark.skipif(core() is None, reason="no compiled core"))]


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda handle: None)


def train(path: Path, *, engine: str = "reference", **options: Any) -> Path:
    try:
        return zerokara.train(
            "digits", engine=engine, out=path.parent, name=path.name, plots=False, **{**TINY, **options}
        ).path
    except Diverged as error:
        return error.run.path


def stopped_at(iteration: int) -> Callable[[Event], None]:
    def listen(event: Event) -> None:
        if isinstance(event, Advanced) and event.iteration >= iteration:
            event.request_stop()

    return listen


def newest(run: Path) -> Path:
    return max((run / "checkpoints").iterdir(), key=lambda path: int(path.stem))


Edit = Callable[[dict[str, NDArray[Any]], dict[str, Any]], None]


def resealed(run: Path, edit: Edit) -> Path:
    """The run with an edited checkpoint whose digest is right again: what somebody who wants to deceive can write.

    The files that follow from the checkpoint are taken away, as a killed process leaves none.
    """
    path = newest(run)
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    facts, arrays = json.loads(header["__metadata__"]["zerokara"]), dict(load(content))
    edit(arrays, facts)
    blank = "sha256:" + 64 * "0"
    text = json.dumps({**facts, "digest": blank})
    made = save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, metadata={"zerokara": text})
    path.write_bytes(made.replace(blank.encode(), b"sha256:" + sha256(made).hexdigest().encode(), 1))
    (run / "run.json").write_text('{"state": "unfinished"}')
    (run / "weights.safetensors").unlink(missing_ok=True)
    return run


def verdict(run: Path, **options: Any) -> tuple[str, list[str]]:
    came = Verifier(**options).verify(run)
    return came.verdict, [reason.code for reason in came.reasons]


SAME: tuple[str, list[str]] = ("same-bits", [])


# The same bits


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"optimizer": "adam", "sampling": "epoch", "evaluate_every": 7, "weight_decay": 0.01, "dtype": "float64"},
        {"gradient": "numerical", "iterations": 3, "batch_size": 500, "hidden": (2,)},
        {"learning_rate": 1e30},
        {"learning_rate": 1e30, "keep_going": True},
        {"iterations": 19, "listeners": [stopped_at(10)], "optimizer": "momentum"},
    ],
    ids=["plain", "others", "numerical", "diverged", "not finite", "stopped"],
)
def test_a_run_is_proven(tmp_path: Path, engine: str, options: dict[str, Any]) -> None:
    run = train(tmp_path / "run", engine=engine, **options)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    came = Verifier().verify(run)
    assert (came.verdict, came.reasons, came.remarks) == ("same-bits", (), ())
    opened = zerokara.open_run(run)
    assert came.updates == opened.iterations
    if opened.recipe.learning_rate != 1e30:
        right = opened.network.predict(opened.dataset.test.x).argmax(axis=1) == opened.dataset.test.t
        assert came.recomputed_accuracy == right.mean()
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_run_that_went_on_and_one_made_longer_are_proven(tmp_path: Path) -> None:
    run = train(tmp_path / "run", listeners=[stopped_at(5)], optimizer="adam")
    for longer in ({}, {"iterations": 33}):
        reopened = reopen(run, **longer)
        reopened.prepared.run_into(reopened.folder, plots=False)
        assert verdict(run) == SAME
    assert zerokara.open_run(run).iterations == 33


def test_the_matrix_library_uses_as_many_threads_as_it_did(tmp_path: Path) -> None:
    recipe = Recipe.from_values({"dataset": "digits", **TINY, "iterations": 4})
    for threads in (1, 2, 3):
        prepared = prepare_run(recipe, engine="reference")
        prepared = replace(prepared, provenance=replace(prepared.provenance, threads=threads))
        prepared.run_into(RunFolder.create(tmp_path, str(threads), "digits"), plots=False)
        used: set[int] = set()
        assert verdict(tmp_path / str(threads), listener=lambda event, used=used: used.add(blas_threads())) == SAME
        assert used == {threads}


def test_a_file_that_is_missing_is_remarked_and_one_that_contradicts_leaves_it_open(run: Path) -> None:
    (run / "epochs.csv").unlink()
    came = Verifier().verify(run)
    assert (came.verdict, [remark.code for remark in came.remarks]) == ("same-bits", ["file-missing"])
    (run / "run.json").write_text((run / "run.json").read_text().replace('"test_accuracy": 0.', '"test_accuracy": 0.9'))
    came = Verifier().verify(run)
    assert (came.verdict, [reason.code for reason in came.reasons]) == ("cannot-be-told", ["files", "run-edited"])
    assert "test_accuracy" in came.reasons[1].text


def test_nans_are_alike_and_zeros_of_two_signs_are_not() -> None:
    nan = np.array([0x7FC00000, 0xFFC00001], np.uint32).view(np.float32)
    assert are_same_bits(nan[:1], nan[1:])
    assert not are_same_bits(np.array([0.0]), np.array([-0.0]))
    assert not are_same_bits(np.array([1.0]), nan[:1].astype(np.float64))
    assert not are_same_bits(np.zeros(2), np.zeros(2, np.float32))


def test_weights_of_another_update_leave_it_open(run: Path) -> None:
    """As a run that went on and was killed leaves them; or somebody who puts others into an unfinished one."""
    (run / "run.json").write_text('{"state": "unfinished"}')
    assert verdict(run) == SAME
    newest(run).unlink()
    assert verdict(run) == ("cannot-be-told", ["files", "run-edited"])


# Differs


def flip(name: str, bit: int = 0, index: int = 0) -> Edit:
    def edit(arrays: dict[str, NDArray[Any]], facts: dict[str, Any]) -> None:
        array = arrays[name] = arrays[name].copy()
        view = array.reshape(-1).view(f"u{array.itemsize}")
        view[index] ^= np.array(1 << bit, view.dtype)

    return edit


def scale(facts_of_recipe: dict[str, Any]) -> Edit:
    return lambda arrays, facts: facts["provenance"]["recipe"].update(facts_of_recipe)


@pytest.mark.parametrize("name", ["params/W1", "params/b2"])
def test_one_flipped_bit_is_found(run: Path, name: str) -> None:
    came = Verifier().verify(resealed(run, flip(name)))
    assert came.verdict == "differs"
    assert [reason.text for reason in came.reasons] == [
        f"The losses are the same, but the array {name} at the end differs."
    ]
    assert came.differs_from is None


def test_a_flipped_bit_of_the_optimizer_a_loss_or_an_evaluation_is_found(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", optimizer="adam")
    for i, (name, index, code) in enumerate(
        [("state/m/W1", 0, "weights"), ("losses", 7, "losses"), ("evaluations", 9, "evaluations")]
    ):
        run = resealed(Path(shutil.copytree(whole, tmp_path / str(i))), flip(name, index=index))
        came = Verifier().verify(run)
        assert (came.verdict, [reason.code for reason in came.reasons]) == ("differs", [code]), name
        assert came.differs_from == (8 if code == "losses" else None)


def test_a_last_bit_that_does_not_spread_is_no_rounding(run: Path) -> None:
    def edit(arrays: dict[str, NDArray[Any]], facts: dict[str, Any]) -> None:
        flip("losses", index=1)(arrays, facts)
        flip("params/W1")(arrays, facts)

    assert verdict(resealed(run, edit)) == ("differs", ["losses"])


def test_an_evaluation_that_was_taken_out_is_missed(tmp_path: Path) -> None:
    def edit(arrays: dict[str, NDArray[Any]], facts: dict[str, Any]) -> None:
        arrays["evaluations"] = np.delete(arrays["evaluations"], 1, axis=0)
        facts["evaluations"] -= 1

    assert verdict(resealed(train(tmp_path / "run", evaluate_every=5), edit)) == ("differs", ["evaluations"])


@pytest.mark.parametrize(("then", "now", "update"), [("seed = 5", "seed = 6", 1), ("e = 0.1", "e = 0.2", 2)])
def test_an_edited_recipe_is_refused_and_one_that_was_sealed_again_is_found(
    tmp_path: Path, then: str, now: str, update: int
) -> None:
    run = train(tmp_path / "run")
    text = (run / "recipe.toml").read_text()
    assert text.count(then) == 1
    (run / "recipe.toml").write_text(text.replace(then, now))
    assert verdict(run) == ("cannot-be-told", ["run-edited"])
    edited = {"seed": 6} if "seed" in then else {"learning_rate": 0.2}
    came = Verifier().verify(resealed(run, scale(edited)))
    assert (came.verdict, came.differs_from) == ("differs", update)
    stored = zerokara.open_run(run).history.losses[update - 1]
    assert (
        f"The losses differ from update {update} on: {stored!r} is stored, and"
        in came.reasons[0].text.replace("np.float64", "").replace("(", "").replace(")", "")
        or repr(float(stored)) in came.reasons[0].text
    )


def changed_at_7(path: Path) -> Path:
    """A run whose rate was changed while it trained."""
    prepared = prepare_run(Recipe(dataset="digits", optimizer="momentum", **TINY), engine="reference")

    def change(event: Event) -> None:
        if isinstance(event, Started):
            event.look_at([7])
        if isinstance(event, Advanced) and event.iteration == 7:
            prepared.trainer.change("learning_rate", 0.2)

    return prepared.run_into(RunFolder.create(path.parent, path.name, "digits"), plots=False, listeners=[change]).path


@pytest.mark.parametrize(
    "edit",
    [
        lambda changes: changes.clear(),
        lambda changes: changes[0].update(iteration=8),
        lambda changes: changes[0].update(value=0.2000001),
        lambda changes: changes.append({"iteration": 15, "field": "momentum", "value": 0.5}),
    ],
)
def test_a_change_that_was_altered_is_found(tmp_path: Path, edit: Callable[[list[dict[str, Any]]], None]) -> None:
    """By the digest; and where somebody made that anew, by the bits."""
    run = changed_at_7(tmp_path / "run")
    assert verdict(run) == SAME
    content = newest(run).read_bytes()
    assert b"0.2}" in content
    newest(run).write_bytes(content.replace(b"0.2}", b"0.3}"))
    assert "run-damaged" in verdict(run)[1]
    newest(run).write_bytes(content)
    resealed(run, lambda arrays, facts: edit(facts["changes"]))
    assert verdict(run) == ("differs", ["losses"])


def test_a_change_of_a_setting_that_the_optimizer_does_not_have_is_refused(run: Path) -> None:
    made = {"iteration": 3, "field": "momentum", "value": 0.5}
    resealed(run, lambda arrays, facts: facts["changes"].append(made))
    with pytest.warns(UserWarning, match=r"momentum is not a setting of sgd, which has learning_rate\. It was left as"):
        zerokara.open_run(run)


# Cannot be told


def provenance(**facts: Any) -> Edit:
    return lambda arrays, all_facts: all_facts["provenance"].update(facts)


def test_what_another_machine_may_have_done_accuses_nobody(run: Path, tmp_path: Path) -> None:
    for i, (facts, code) in enumerate(
        [
            ({"zerokara": "0.0.1"}, "other-version"),
            ({"numpy": "1.26.4"}, "other-version"),
            ({"level": "x86_64, AVX1024, openblas Ultra, core v9"}, "other-level"),
            ({"level": "arm64"}, "other-level"),
            ({"threads": 0}, "threads-unknown"),
            ({"forced": ["numpy was 2.3"]}, "forced"),
        ]
    ):
        copy = Path(shutil.copytree(run, tmp_path / str(i)))

        def edit(arrays: dict[str, NDArray[Any]], all_facts: dict[str, Any], facts: Any = facts) -> None:
            flip("params/W1")(arrays, all_facts)
            provenance(**facts)(arrays, all_facts)

        came = Verifier().verify(resealed(copy, edit))
        assert (came.verdict, came.reasons[0].code) == ("cannot-be-told", code)
        assert came.recomputed_accuracy is not None


def test_the_same_bits_are_a_proof_whatever_was_recorded(run: Path) -> None:
    assert verdict(resealed(run, provenance(numpy="1.26.4", forced=["numpy was 2.3"]))) == SAME


@pytest.mark.parametrize("options", [{"dtype": "float64"}, {"hidden": (20,), "learning_rate": 0.5}])
def test_a_difference_of_rounding_that_spreads_accuses_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    """What another C library may give: other last bits in what it computed. Of the first no loss shows it yet."""
    run = train(tmp_path / "run", **options)

    def nudged(*arguments: Any, **more: Any) -> Any:
        prepared = prepare_run(*arguments, **more)
        weights = prepared.trainer.network.params["W1"]
        weights *= 1 + np.finfo(weights.dtype).eps
        return prepared

    monkeypatch.setattr(verification, "prepare_run", nudged)
    assert verdict(run) == ("cannot-be-told", ["rounding"])


def test_weights_that_are_a_thousandth_others_differ(run: Path) -> None:
    def edit(arrays: dict[str, NDArray[Any]], facts: dict[str, Any]) -> None:
        arrays["params/W1"] = arrays["params/W1"] * np.float32(1.001)

    assert verdict(resealed(run, edit)) == ("differs", ["weights"])


def test_the_first_loss_of_numpy_is_rounded_as_it_likes_beside_the_compiled_core(tmp_path: Path) -> None:
    if core() is None:
        pytest.skip("no compiled core")
    run = train(tmp_path / "run", engine="compiled")

    def edit(arrays: dict[str, NDArray[Any]], facts: dict[str, Any]) -> None:
        machine, *_, own = facts["provenance"]["level"].split(", ")
        facts["provenance"]["level"] = ", ".join([machine, "AVX1024", "openblas Ultra", own])
        flip("evaluations", index=2)(arrays, facts)

    assert verdict(resealed(run, edit)) == SAME
    assert verdict(resealed(run, lambda a, f: flip("evaluations", bit=50, index=2)(a, f))) == (
        "differs",
        ["evaluations"],
    )


def test_own_data_that_moved_are_looked_for_in_data_dir(tmp_path: Path) -> None:
    digits = zerokara.load("digits")
    theirs = tmp_path / "theirs" / "ours"
    theirs.mkdir(parents=True)
    for name, split in (("train", digits.train), ("t10k", digits.test)):
        pixels = split.pixels[:50].reshape(-1, 8, 8).astype(np.uint8)
        write_idx(theirs / f"{name}-images-idx3-ubyte", pixels)
        write_idx(theirs / f"{name}-labels-idx1-ubyte", split.t[:50])
    run = zerokara.train(theirs, hidden=2, batch_size=10, iterations=4, out=tmp_path, name="run", plots=False).path
    assert verdict(run) == SAME
    moved = theirs.parent.rename(tmp_path / "elsewhere")
    assert verdict(run) == ("cannot-be-told", ["data-missing"])
    assert verdict(run, data_dir=moved) == verdict(run, data_dir=moved / "ours") == SAME
    assert verdict(run, data_dir=tmp_path) == ("cannot-be-told", ["data-missing"])


def test_what_would_take_too_long_or_too_much_is_not_begun(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert verdict(run, seconds=1e-12) == ("cannot-be-told", ["over-budget"])
    text = (run / "recipe.toml").read_text()
    (run / "recipe.toml").write_text(text.replace("batch_size = 300", "batch_size = 1000000000000"))
    monkeypatch.setattr(verification, "prepare_run", lambda *_, **__: pytest.fail("it was begun"))
    came = Verifier().verify(resealed(run, scale({"batch_size": 10**12})))
    assert (came.verdict, [reason.code for reason in came.reasons]) == ("cannot-be-told", ["out-of-memory"])
    assert came.recomputed_accuracy is not None
    monkeypatch.setattr("zerokara.runs.replay.memory_of_machine", lambda: 1000)
    assert verdict(run) == ("cannot-be-told", ["out-of-memory"])


def test_a_training_that_turns_out_too_long_is_stopped(tmp_path: Path) -> None:
    """Half a second tells what is hopeless, a tenth of the budget the rest."""
    stops: list[int] = []
    context: Any = {"network": None, "history": None, "request_stop": lambda: stops.append(1)}
    budget = Budget(10.0, 1000)
    budget(Started(0, 1000, 11, **context))
    budget(Evaluated(None, 0.4, None, None, **context))  # type: ignore[arg-type]
    for n in range(1, 30):
        budget(Advanced(n, np.zeros(1), 0.02, **context))
    assert (stops, budget.needed) == ([], None), "0.98 s"
    budget(Advanced(31, np.zeros(1), 0.04, **context))
    assert (stops, budget.needed) == ([1], pytest.approx(0.62 * 1000 / 31 + 4.4))
    slow = Budget(3.0, 100)
    slow(Advanced(1, np.zeros(1), 0.6, **context))
    assert slow.needed == pytest.approx(60.0)


@pytest.mark.parametrize(
    ("needed", "text"),
    [
        (100.0, "would take about 1 min 40 s, longer than the 2.0 s of --budget."),
        (None, "longer than the 2.0 s of --b"),
    ],
)
def test_what_is_over_its_budget_says_so(
    run: Path, monkeypatch: pytest.MonkeyPatch, needed: float | None, text: str
) -> None:
    def over(*_: Any, **__: Any) -> None:
        raise OverBudget(needed)

    monkeypatch.setattr(verification, "replay", over)
    came = Verifier(seconds=2.0).verify(run)
    assert (came.verdict, [reason.code for reason in came.reasons]) == ("cannot-be-told", ["over-budget"])
    assert text in came.reasons[0].text


def test_an_update_that_does_not_end_is_stopped(tmp_path: Path) -> None:
    run = train(tmp_path / "run", gradient="numerical", iterations=1, hidden=(2,))
    assert verdict(run, seconds=0.001) == ("cannot-be-told", ["over-budget"])


def test_the_function_takes_a_run_or_its_folder(run: Path) -> None:
    assert zerokara.verify(run) == zerokara.verify(str(run)) == zerokara.verify(zerokara.open_run(run))
    assert zerokara.verify(run).verdict == "same-bits"
    with pytest.raises(UsageError, match=r"budget must be a positive number\. Got 0\."):
        zerokara.verify(run, budget=0)
    with pytest.raises(UsageError, match=r"A run is named by its folder, such as runs/mnist-001\. Got 3\."):
        zerokara.verify(3)  # type: ignore[arg-type]


def test_broken_folders_and_what_is_none_are_told(tmp_path: Path, run: Path) -> None:
    assert verdict(tmp_path / "nothing") == ("cannot-be-told", ["run-missing"])
    newest(run).write_bytes(b"{}")
    came = Verifier().verify(run)
    assert (came.verdict, came.updates) == ("cannot-be-told", 0)
    assert [reason.code for reason in came.reasons] == ["files", "run-damaged", "run-edited"]
    newest(run).unlink()
    newest(run).write_bytes(b"{}")
    assert verdict(run) == ("cannot-be-told", ["run-damaged"])


# What equal runs share, and other levels


def test_equal_runs_are_trained_once_and_have_the_same_bits(run: Path, tmp_path: Path) -> None:
    trainings: list[Event] = []
    verifier = Verifier(listener=lambda event: trainings.append(event) if type(event).__name__ == "Started" else None)
    copies = [Path(shutil.copytree(run, tmp_path / name)) for name in "abc"]
    came = [verifier.verify(copy) for copy in copies]
    assert [one.path for one in came] == copies
    assert len(trainings) == 1
    assert len({one.bits for one in came}) == 1
    assert {one.verdict for one in came} == {"same-bits"}
    assert verifier.verify(resealed(copies[0], flip("params/W1"))).bits != came[0].bits


@pytest.mark.parametrize(
    ("then", "now", "variables"),
    [
        ("x86_64, core v3", "x86_64, core v4", {"ZEROKARA_LEVEL": "v3"}),
        ("x86_64, core v4", "x86_64, core v3", None),
        ("x86_64, core v9", "x86_64, core v4", None),
        ("arm64, core v3", "x86_64, core v4", None),
        ("x86_64, openblas Haswell", "x86_64, openblas SkylakeX", {"OPENBLAS_CORETYPE": "Haswell"}),
        ("x86_64, openblas Has=1 well", "x86_64, openblas SkylakeX", None),
        ("x86_64, mkl x", "x86_64, openblas SkylakeX", None),
        ("x86_64", "x86_64, core v4", None),
        ("x86_64, core v4", "x86_64, core v4", None),
        ("", "", None),
    ],
)
def test_which_variables_bring_a_process_to_a_level(then: str, now: str, variables: dict[str, str] | None) -> None:
    assert variables_for(then, now) == variables


def test_numpys_levels_above_the_one_that_was_are_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {"SIMD Extensions": {"baseline": ["X86_V2"], "found": ["X86_V3", "X86_V4", "AVX512_ICL"]}}
    monkeypatch.setattr("numpy.show_config", lambda mode: config)
    for then, off in (("X86_V3", "X86_V4 AVX512_ICL"), ("baseline", "X86_V3 X86_V4 AVX512_ICL")):
        assert variables_for(f"x, {then}", "x, AVX512_ICL") == {"NPY_DISABLE_CPU_FEATURES": off}
    assert variables_for("x, AVX512_SPR", "x, AVX512_ICL") is None


def test_another_process_is_asked_at_a_lower_level_and_none_at_a_higher_one(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    told: dict[str, Any] = {"verdict": "differs", "reasons": [["losses", "They differ."]], "differs_from": 1}

    def answer_of_child(*arguments: Any) -> dict[str, Any]:
        asked.append(arguments)
        return told

    monkeypatch.setattr(
        "zerokara.runs.obstacles.variables_for", lambda then, now: {"A": "1"} if "lower" in then else None
    )
    monkeypatch.setattr(verification, "answer_of_child", answer_of_child)
    resealed(run, provenance(level="x86_64, lower"))
    came: Verification = Verifier(seconds=9.0).verify(run)
    assert (came.verdict, came.differs_from, came.reasons[0].text) == ("differs", 1, "They differ.")
    assert asked == [(run, {"A": "1"}, 9.0, None)]

    def none(*arguments: Any) -> Any:
        raise Elsewhere

    monkeypatch.setattr(verification, "answer_of_child", none)
    assert verdict(run) == SAME  # as they happen to be here too
    assert verdict(resealed(run, flip("params/W1"))) == ("cannot-be-told", ["other-level", "weights"])


@pytest.mark.slow
def test_a_run_of_a_lower_level_is_proven_and_a_flipped_bit_of_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess
    import sys

    found: Any = np.show_config(mode="dicts")
    if "X86_V4" not in found["SIMD Extensions"]["found"]:
        pytest.skip("this processor is not above level v3")
    options = ["--hidden", "7", "--iterations", "30", "--no-plots", "--quiet", "--out", str(tmp_path)]
    above = " ".join(level for level in found["SIMD Extensions"]["found"] if level != "X86_V3")
    lower = {"ZEROKARA_LEVEL": "v3", "NPY_DISABLE_CPU_FEATURES": above, "OPENBLAS_CORETYPE": "Haswell"}
    import os

    for engine in ("compiled", "reference"):
        command = [sys.executable, "-m", "zerokara", "train", "digits", "--name", engine, "--engine", engine, *options]
        subprocess.run(command, check=True, env={**os.environ, **lower})
        run = tmp_path / engine
        assert "X86_V3" in json.loads((run / "run.json").read_text())["machine"]["processor"]
        assert verdict(run) == SAME
        assert verdict(resealed(run, flip("params/W1"))) == ("differs", ["weights"])
