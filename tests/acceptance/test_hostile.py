"""Hundreds of damaged run folders, as a person meets them: a sentence and an exit status each, never a traceback."""

import os
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

import zerokara
from zerokara.cli.app import main
from zerokara.runs.listing import lines

DAMAGES = 330


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    return zerokara.train("digits", out=out, name="run", hidden=1, batch_size=500, iterations=4, optimizer="adam").path


def flip(content: bytes, rng: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(rng.choice([1, 1, 3])):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def insert(content: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(content))
    return content[:place] + rng.randbytes(rng.choice([1, 8, 1000])) + content[place:]


def repeat(content: bytes, rng: random.Random) -> bytes:
    return content * 2


def swap(content: bytes, rng: random.Random) -> bytes:
    """Two pieces change places: all bytes are there, in another order."""
    a, b, c = sorted(rng.sample(range(len(content) + 1), 3))
    return content[:a] + content[b:c] + content[a:b] + content[c:]


NEEDED_TO_RESUME = ("recipe.toml", "checkpoints/4.safetensors")
DAMAGE = (flip, truncate, insert, repeat, swap)


@pytest.mark.slow
def test_damaged_folders_get_a_sentence_each(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.fsync", lambda handle: None)
    rng, noticed = random.Random(0), Counter[str]()
    names = sorted(str(p.relative_to(whole)) for p in whole.rglob("*") if p.is_file() and p.stat().st_size)
    assert {"recipe.toml", "run.json", "checkpoints/4.safetensors", "loss.png"} < set(names)
    for number in range(DAMAGES):
        run = tmp_path / f"{number}" / "run"
        shutil.copytree(whole, run)
        name = names[number % len(names)]
        if name.startswith("checkpoints/4"):
            (run / "checkpoints/0.safetensors").unlink()
        content = (run / name).read_bytes()
        damaged = rng.choice(DAMAGE)(content, rng)
        (run / name).write_bytes(damaged)
        assert [line.name for line in lines(run.parent)] == ["run"]
        verbs = [["runs", "show", str(run)]]
        if name in NEEDED_TO_RESUME:
            verbs.append(["resume", str(run), "--quiet", "--no-plots"])
        statuses = [main(words) for words in verbs]
        printed = capsys.readouterr()
        assert set(statuses) <= {0, 1, 2}
        assert "Traceback" not in printed.err
        if name in NEEDED_TO_RESUME and damaged != content and statuses[0]:
            noticed[name] += 1
            assert str(run) in printed.err
        assert os.listdir(run.parent) == ["run"], "nothing was written outside the folder"
        shutil.rmtree(run.parent)
    assert noticed["checkpoints/4.safetensors"] >= DAMAGES // len(names) - 3, "all but pieces swapped with themselves"
    assert noticed["recipe.toml"] >= 10
