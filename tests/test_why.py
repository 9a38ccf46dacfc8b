"""examples/why: each program runs, and what its page claims is so."""

import importlib
import re
import string
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from zerokara.data import load
from zerokara.words import LANGUAGES, set_language

WHY = Path(__file__).parents[1] / "examples" / "why"
PROGRAMS = ("loss_not_accuracy", "h_of_the_gradient", "numerical_twin", "tuned_to_97")
TEXTS = tomllib.loads((WHY / "texts.toml").read_text(encoding="utf-8"))
README = {
    language: (WHY / f"README{end}.md").read_text(encoding="utf-8")
    for language, end in (("en", ""), ("ja", ".ja"), ("ko", ".ko"))
}


def facts_in(text: str | list[str]) -> list[str]:
    return sorted(f"{name}:{form}" for _, name, form, _ in string.Formatter().parse("".join(text)) if name is not None)


def test_every_text_is_there_in_every_language_with_the_same_facts() -> None:
    assert set(TEXTS) == set(PROGRAMS)
    for program, texts in TEXTS.items():
        source = (WHY / f"{program}.py").read_text(encoding="utf-8")
        for name, versions in texts.items():
            assert set(versions) == set(LANGUAGES), name
            assert all(facts_in(text) == facts_in(versions["en"]) for text in versions.values()), name
            assert f'"{name}"' in source, name


def test_the_readme_has_every_program_in_every_language() -> None:
    for text in README.values():
        assert re.findall(r"^\$ python examples/why/(\w+)\.py$", text, re.MULTILINE) == list(PROGRAMS)
        assert re.findall(r"^\| `(\w+)\.py`", text, re.MULTILINE) == list(PROGRAMS)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """A program on the bundled digits, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(WHY))
    monkeypatch.setattr(sys, "argv", [request.param])
    module = importlib.import_module(request.param)
    monkeypatch.setattr(module, "data", lambda: load("digits"))
    yield module
    for name in ("pages", request.param):
        sys.modules.pop(name, None)


def written(program: ModuleType, *languages: str) -> list[str]:
    """The page in these languages, each of which asks for nothing."""
    pages = []
    for language in languages or ("en",):
        set_language(language)
        try:
            program.main()
        finally:
            set_language("en")
        pages.append(Path(f"{program.__name__}.html").read_text(encoding="utf-8"))
    assert not any(re.search(r"<script|https?://|<link", page) for page in pages)
    return pages


@pytest.mark.slow
@pytest.mark.parametrize("program", ["loss_not_accuracy"], indirect=True)
def test_the_accuracy_is_constant_between_its_steps_while_the_loss_moves(program: ModuleType) -> None:
    _, losses, accuracies, of_loss, of_accuracy = program.measured()
    assert np.all(np.diff(losses) != 0)
    assert len(np.unique(accuracies)) > 3  # there are steps
    assert np.mean(np.diff(accuracies) == 0) > 0.95
    hundredths = accuracies * program.SAMPLES
    np.testing.assert_allclose(hundredths, np.round(hundredths), atol=1e-9)
    assert np.all(of_loss != 0)
    assert np.mean(of_accuracy == 0) > 0.95
    english, japanese, korean = written(program, "en", "ja", "ko")
    assert "0 / 100" in english
    assert "認識精度は階段になる" in japanese
    assert "정확도는 계단이 된다" in korean


@pytest.mark.slow
@pytest.mark.parametrize("program", ["h_of_the_gradient"], indirect=True)
def test_the_error_is_a_v_with_its_lowest_point_where_theory_has_it(program: ModuleType) -> None:
    errors, _ = program.measured()
    n, each = program.EXPONENTS, program.EACH
    assert (n[0], n[-1]) == (0, 12)
    # ε^(1/3) and ε^(1/2), within a factor of 30: how strongly the loss bends is left out
    for kind, epsilon, power in (("central", 1.1e-16, 1 / 3), ("forward", 1.1e-16, 1 / 2), ("single", 6e-8, 1 / 3)):
        best = 10.0 ** -n[errors[kind].argmin()]
        assert epsilon**power / 30 < best < epsilon**power * 30, kind
    falls = np.polyfit(n[each : 3 * each], np.log10(errors["central"][each : 3 * each]), 1)[0]
    assert falls == pytest.approx(-2, abs=0.1)  # h²
    assert np.polyfit(n[each : 3 * each], np.log10(errors["forward"][each : 3 * each]), 1)[0] == pytest.approx(
        -1, abs=0.1
    )
    assert np.polyfit(n[7 * each :], np.log10(errors["central"][7 * each :]), 1)[0] == pytest.approx(1, abs=0.15)  # 1/h
    assert errors["central"].min() < 1e-8 < 1e-6 < errors["single"].min()
    assert errors["single"][-1] == 1.0  # w + h is w
    written(program)


@pytest.mark.slow
@pytest.mark.parametrize("program", ["numerical_twin"], indirect=True)
def test_the_twins_answer_alike(program: ModuleType) -> None:
    twins = [program.trained(load("digits"), gradient, iterations=60) for gradient in ("numerical", "backprop")]
    weights, probabilities, pictures = program.apart(*twins)
    assert 0 < weights < 1e-6  # not one and the same, but the same but for the differences' error
    assert probabilities < 1e-6
    assert pictures == 0
    (page,) = written(program)
    assert page.count("<table") >= 5  # both matrices, both tables of classes, and the accuracies


@pytest.mark.slow
@pytest.mark.parametrize("program", ["tuned_to_97"], indirect=True)
def test_only_the_learning_rate_differs(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(program.SAME, "iterations", 1000)
    (page,) = written(program)
    assert "0.1, 0.5, 1.0" in page
    rows = re.findall(r'<th scope="row"[^>]*>([^<]*)</th>', page)
    assert "learning_rate" in rows
    assert not {"batch_size", "activation", "seed", "hidden", "iterations"} & set(rows)
    before = Path("runs/digits-ten-times/weights.safetensors").stat().st_mtime_ns
    program.trained()
    assert Path("runs/digits-ten-times/weights.safetensors").stat().st_mtime_ns == before  # not trained again
