"""`zerokara check`: agreement, disagreement, and what it leaves."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zerokara
from zerokara.cli import main
from zerokara.nn.layers import Relu


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_fresh_network_agrees_and_the_picture_is_new(capsys: pytest.CaptureFixture[str]) -> None:
    Path("gradients.png").write_text("mine")
    assert main(["check", "--dataset", "digits", "--hidden", "9,7", "--activation", "tanh"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()[3:9]] == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert "The gradients agree." in out
    assert Path("gradients.png").read_text() == "mine"
    assert np.asarray(Image.open("gradients-2.png").convert("L")).std() > 10, "the picture is blank"


def test_a_broken_layer_is_found_and_exits_with_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Relu, "backward", lambda self, dout: dout)
    assert main(["check", "--dataset", "digits", "--no-plots"]) == 1
    out = capsys.readouterr().out
    assert "W1" in out
    assert "DISAGREES" in out
    assert "The gradients DISAGREE in " in out
    assert not list(Path().glob("*.png"))


def test_the_help_says_how_it_exits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--help"]) == 0
    assert "Exits with 1 where they disagree, and where none can be told" in " ".join(capsys.readouterr().out.split())
    assert main(["--help"]) == 0
    assert "Exits" not in capsys.readouterr().out, "one line in the list of commands"


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"b1": np.nan}, 1, "No row can be told: loss or gradients are not finite"),
        ({"W2": 0.0}, 0, "The gradients agree."),
        ({"b1": 700.0}, 0, "of 77 cannot be told: a mistake there could hide behind rounding"),
    ],
    ids=str,
)
def test_what_cannot_be_told_is_no_accusation(
    change: dict[str, float],
    status: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def network(*_: object) -> zerokara.Network:
        net = zerokara.Network([64, 11, 10], activation="sigmoid", init="xavier")
        for name, value in change.items():
            net.params[name][...] = value
        return net

    monkeypatch.setattr("zerokara.cli.check.build_network", network)
    assert main(["check", "--dataset", "digits", "--no-plots"]) == status
    out, err = capsys.readouterr()
    assert words in out
    assert "DISAGREE" not in out
    assert not err


def test_as_many_samples_as_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--dataset", "digits", "--samples", "1438", "--hidden", "1", "--no-plots"]) != 2
    assert "on 1438 samples of digits" in capsys.readouterr().out


def test_a_trained_network_is_checked_after_its_folder(capsys: pytest.CaptureFixture[str]) -> None:
    run = zerokara.train("digits", hidden=11, iterations=30, activation="sigmoid", plots=False)
    assert main(["check", str(run.path), "--no-plots", "--samples", "20"]) == 0
    assert "64-11-10, sigmoid" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["check", "digits"], "digits is a data set; give it as --dataset digits."),
        (["check", "--samples", "0"], "samples must be a positive whole number. Got 0."),
        (["check", "--samples", "2.5"], "2.5"),
        (
            ["check", "--dataset", "digits", "--samples", "1439"],
            "digits has 1,438 training samples",
        ),
    ],
)
def test_wrong_usage(argv: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    assert words in capsys.readouterr().err


def test_a_folder_that_is_no_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "nowhere"]) == 1
    assert "nowhere does not exist" in capsys.readouterr().err
