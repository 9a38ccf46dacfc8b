"""A run in Python: opened, shown, and its history in the forms people want."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import zerokara
from zerokara.errors import RunError, UsageError
from zerokara.runs.run import Run


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return zerokara.train("digits", out=tmp_path_factory.mktemp("runs"), plots=False, hidden=5, epochs=30)


def test_an_opened_run_is_the_one_that_was_trained(trained: Run) -> None:
    run = zerokara.open_run(str(trained.path))
    assert run.recipe == trained.recipe
    assert (run.state, run.engine, run.checksum) == ("finished", trained.engine, trained.checksum)
    assert run.history.evaluations == trained.history.evaluations
    np.testing.assert_array_equal(run.history.losses, trained.history.losses)
    for name, array in trained.network.params.items():
        np.testing.assert_array_equal(run.network.params[name], array, strict=True)
    assert run.network.accuracy(run.dataset.test.x, run.dataset.test.t) == run.history.last.test_accuracy
    assert run.figures == {**trained.figures, "seconds": run.figures["seconds"]}


def test_data_are_loaded_when_first_asked_for(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run = zerokara.open_run(trained.path)
    calls: list[str] = []
    monkeypatch.setattr("zerokara.runs.run.load", lambda name, **_: calls.append(name) or zerokara.load("digits"))
    assert calls == []
    assert run.dataset is run.dataset
    assert calls == ["digits"]


def test_data_that_changed_are_refused(trained: Run) -> None:
    with pytest.raises(RunError, match=r"is not the data that this run was trained on"):
        _ = replace(trained, loaded=None, checksum="0").dataset


def test_a_damaged_newest_checkpoint_is_said(trained: Run, tmp_path: Path) -> None:
    import shutil

    path = Path(shutil.copytree(trained.path, tmp_path / "run"))
    (path / "checkpoints/450.safetensors").write_bytes(b"")
    with pytest.warns(UserWarning, match=r"450.safetensors cannot be used[.:] .* The checkpoint before it is taken"):
        assert zerokara.open_run(path).iterations == 0


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"does not exist. Expected the folder of a run"):
        zerokara.open_run(tmp_path / "none")


def test_a_run_answers_pictures_as_it_was_trained_and_needs_no_data(tmp_path: Path) -> None:
    """Its own size, and classes of its own, with the folder gone; a picture by path, from memory, in lists, folders."""
    from PIL import Image

    for part in ("train", "test"):
        for name, gray in (("<b>dark", 20), ("light", 230)):
            (tmp_path / "ours" / part / name).mkdir(parents=True)
            for k in range(10):
                Image.new("L", (6, 4), gray + k).save(tmp_path / "ours" / part / name / f"{k}.png")
    run = zerokara.train(tmp_path / "ours", out=tmp_path, name="run", plots=False, hidden=4, epochs=200, batch_size=10)
    (tmp_path / "ours").rename(tmp_path / "kept")
    run = zerokara.open_run(run.path)
    file = tmp_path / "kept/test/<b>dark/3.png"
    answer = run.predict(file)
    assert (answer.class_name, answer.file, answer.seen.shape) == ("<b>dark", str(file), (4, 6))
    np.testing.assert_allclose(answer.seen, 23 / 255)
    assert "<b>" not in answer._repr_html_()
    for picture in (Image.open(file), np.full((4, 6), 23, np.uint8)):
        assert run.predict(picture).class_name == "<b>dark"
    assert [one.class_name for one in run.predict([file, tmp_path / "kept/test/light/0.png"])] == ["<b>dark", "light"]
    assert {one.class_name for one in run.predict(tmp_path / "kept/test/light")} == {"light"}


def test_a_notebook_shows_names_as_text(trained: Run) -> None:
    evil = replace(trained, path=Path("/runs/<script>alert(1)<x>&co"))
    for html in (evil._repr_html_(), replace(evil, told=None)._repr_html_()):
        assert "<script>" not in html
        assert "&lt;script&gt;alert(1)&lt;x&gt;&amp;co" in html
        assert "0 updates" not in html.replace("450 updates", "")
    assert repr(trained).startswith(f"<Run {trained.path}: finished after 450 updates, test accuracy 0.")


def test_a_history_in_a_notebook_is_a_short_table(trained: Run) -> None:
    html = trained.history._repr_html_()
    assert html.count("<tr>") <= 22
    assert f"<td>450</td><td>30.00</td><td>{trained.history.last.loss:.4f}</td>" in html


def test_the_columns_of_a_history(trained: Run) -> None:
    history = trained.history
    assert history.iterations.tolist() == list(range(0, 451, 15))
    assert history.epochs.tolist() == list(range(31))
    assert history.test_accuracy.tolist() == [e.test_accuracy for e in history.evaluations]
    assert history.train_accuracy[-1] == history.last.train_accuracy


def test_to_pandas(trained: Run) -> None:
    if importlib.util.find_spec("pandas") is None:
        with pytest.raises(UsageError, match=r"to_pandas needs pandas. Try: .* -m pip install pandas"):
            trained.history.to_pandas()
        return
    table = trained.history.to_pandas()
    assert list(table.columns) == ["epoch", "loss", "train_accuracy", "test_accuracy"]
    assert table.loc[450, "test_accuracy"] == trained.history.last.test_accuracy
