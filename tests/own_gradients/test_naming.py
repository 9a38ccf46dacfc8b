"""Names of mistakes: where they hold, and where nothing may be named."""

import time
from pathlib import Path

import numpy as np
import pytest

from zerokara.findings import Findings
from zerokara.own_gradients.deltas import Candidates, Part
from zerokara.own_gradients.factors import Law, law
from zerokara.own_gradients.naming import named
from zerokara.own_gradients.subject import Arrays, Subject

from .planted import LARGE, Mistake, correct, made, mistakes
from .planted import batch as batch_of
from .test_forward import subject_of

FEW = [
    ("methods", "batch factor missing"),
    ("functions", "derivative inverted"),
    ("leaky", "transposed"),
    ("functions", "bias along the wrong axis"),
    ("functions", "forward differs"),
    *(
        pytest.param(style, kind, marks=pytest.mark.slow)
        for style, kind in [
            ("leaky", "batch factor twice"),
            ("methods", "softmax over the batch"),
            ("tanh_squares", "loss of absolute values"),
            ("cells", "wrong operand"),
            ("loops", "upstream dropped"),
            ("tanh_squares", "decay in the gradient only"),
            ("cells", "samples ignored"),
        ]
    ),
]


def first_of(style: str, kind: str) -> Mistake:
    return next(mistake for mistake in mistakes(style) if mistake.kind == kind)


def found_in(mistake: Mistake, folder: Path) -> Findings:
    return named(subject_of(mistake.style, mistake.source, folder))


@pytest.mark.parametrize(("style", "kind"), FEW, ids=str)
def test_a_mistake_is_named_with_its_proof(style: str, kind: str, tmp_path: Path) -> None:
    mistake = first_of(style, kind)
    findings = found_in(mistake, tmp_path)
    assert findings
    assert findings[0].cause in mistake.causes
    assert findings[0].proof["digits"] >= 8.5
    assert findings[0].proof["rows"] == [7, 11]


@pytest.mark.parametrize("style", ["methods", "layers", "leaky"])
def test_a_right_gradient_has_no_mistakes(style: str, tmp_path: Path) -> None:
    assert named(subject_of(style, correct(style), tmp_path)) == ()


def test_all_is_left_as_it_was(tmp_path: Path) -> None:
    mistake = first_of("methods", "derivative missing")
    subject = subject_of("methods", mistake.source, tmp_path)
    before = {name: array.tobytes() for name, array in subject.params.items()}
    x, t, state = subject.x.tobytes(), subject.t.tobytes(), np.random.get_state()[1].tobytes()
    assert named(subject)
    assert {name: array.tobytes() for name, array in subject.params.items()} == before
    assert (subject.x.tobytes(), subject.t.tobytes(), np.random.get_state()[1].tobytes()) == (x, t, state)


def spoilt(subject: Subject, error: float) -> Subject:
    right = subject.gradient

    def gradient(x: np.ndarray, t: np.ndarray) -> Arrays:
        found = right(x, t)
        return {name: g * (1 + error * np.cos(np.arange(g.size)).reshape(g.shape)) for name, g in found.items()}

    subject.gradient = gradient
    return subject


@pytest.mark.parametrize("error", [1e-4, 1.0])
def test_what_no_mistake_gives_has_no_name(error: float, tmp_path: Path) -> None:
    findings = named(spoilt(subject_of("methods", correct("methods"), tmp_path), error))
    assert [finding.cause for finding in findings] == ["unknown-difference"]
    assert not findings[0].proof


def test_a_nearly_equal_gradient_has_no_name(tmp_path: Path) -> None:
    mistake = first_of("methods", "derivative missing")
    findings = named(spoilt(subject_of("methods", mistake.source, tmp_path), 1e-6))
    assert [finding.cause for finding in findings] == ["unknown-difference"]


def test_two_mistakes_are_both_named(tmp_path: Path) -> None:
    source = correct("methods")
    for old, new in (("sigmoid_grad(a1) * dz1", "dz1"), ("np.dot(z1.T, dy)", "np.dot(a1.T, dy)")):
        assert old in source
        source = source.replace(old, new)
    findings = named(subject_of("methods", source, tmp_path))
    assert {finding.cause for finding in findings} == {"activation-derivative", "wrong-operand"}


def test_one_mistake_in_every_layer_is_one_finding(tmp_path: Path) -> None:
    mistake = first_of("layers", "bias not summed")
    findings = found_in(mistake, tmp_path)
    assert [finding.cause for finding in findings] == ["bias-sum"]
    assert len(findings[0].evidence["parameters"]) == 3


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        ([(7, 7.0), (11, 11.0), (11, 11.0)], Law(1.0, 1)),
        ([(7, 1 / 7), (11, 1 / 11)], Law(1.0, -1)),
        ([(7, -1.0), (11, -1.0)], Law(-1.0, 0)),
        ([(7, 0.7), (11, 1.1)], Law(0.1, 1)),
        ([(7, 8.0), (11, 12.0), (11, 12.0)], Law(1.0, by_rows=((7, 8.0), (11, 12.0)))),
        ([(7, 8.0), (11, 12.0)], None),
        ([(7, 1.0), (11, 1.0), (11, 1.1)], None),
    ],
)
def test_a_factor_follows_the_number_of_samples_or_nothing(
    factors: list[tuple[int, float]], expected: Law | None
) -> None:
    assert law(factors, 1e-9) == expected


@pytest.mark.slow
@pytest.mark.parametrize("style", ["methods", "layers"])
def test_naming_at_full_size_takes_less_than_two_seconds(style: str, tmp_path: Path) -> None:
    subject = made_large(style, tmp_path)
    for error in (0.0, 0.1):
        began = time.process_time()
        named(spoilt(subject, error))
        assert time.process_time() - began < 2


def made_large(style: str, folder: Path) -> Subject:
    from zerokara.own_gradients.reading import subjects_of

    return subjects_of(made(style, correct(style), folder, LARGE).obj, *batch_of(LARGE))[0]


def parts(letter: str, costs: list[int]) -> list[Part]:
    drawn = np.random.default_rng(len(costs)).normal(size=(len(costs), 5, 3))
    return [Part(f"{letter}{i}", array, "sign" if costs[i] else None) for i, array in enumerate(drawn)]


def test_products_are_compared_by_their_sums_as_if_they_were_made() -> None:
    candidates = Candidates(parts("u", [0, 1, 1, 1]), parts("f", [0, 1, 0, 1, 1]), parts("w", [0, 1]))
    made = np.stack([candidates.array(int(i)) for i in candidates.double.numbers])
    assert list(candidates.costs[candidates.double.numbers]) == [2] * len(made) == [2] * 9
    units, samples = np.random.default_rng(1).normal(size=3), np.random.default_rng(2).normal(size=5)
    np.testing.assert_allclose(candidates.double.projected(units), made @ units, rtol=1e-12, atol=1e-12)
    expected = np.einsum("mnk,n->mk", made, samples)
    np.testing.assert_allclose(candidates.double.weighted(samples), expected, rtol=1e-12, atol=1e-12)
    names = [tuple(part.name for part in candidates.parts(i)) for i in range(len(candidates))]
    assert [candidates.find(name) for name in names] == list(range(len(candidates)))
    assert candidates.find(("u0", "w0")) is candidates.find(("w7",)) is None
