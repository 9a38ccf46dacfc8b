"""The seven lessons: their files fit together in all languages, and each is passed in Chromium over a real lab.

Every number that a lesson says is computed here once more: from runs of `zerokara.train`, from losses of a network
whose weight was moved, and from NumPy. The lab has no MNIST here, so that digits take its place; below there is a test
that what comes is the same with MNIST.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import pytest

import zerokara
from zerokara.lab.core import Lab
from zerokara.lab.lesson_files import BUILT_IN, Lesson, read_lesson
from zerokara.lab.lesson_messages import ANSWERS
from zerokara.lab.lesson_shelf import ORDER, Shelf
from zerokara.nn import Network
from zerokara.training.build import build_trainer
from zerokara.training.changes import Change
from zerokara.training.recipe import Recipe
from zerokara.words import LANGUAGES, set_language

from .pages import Served

CAME = {
    "what-loss-is": {"far": "rises", "little": "loss"},
    "learning-rate": {"faster": "above", "slower": "stays partly"},
    "numerical-gradient": {"tiny": "larger", "best": "middle"},
    "hidden-unit": {"other": "silent", "without": "weaker"},
    "overfitting": {"few": "worse", "more": "smaller"},
    "vanishing-gradients": {"sigmoid": "guesses", "relu": "well"},
    "softmax-cross-entropy": {"slope": "difference", "trained": "smaller"},
}
"""What comes in each step that asks for a prediction; when one goes on with a broken network is up to chance."""


# The files


@pytest.fixture(scope="module")
def lessons() -> dict[str, Lesson]:
    return {name: read_lesson(BUILT_IN / name) for name in ORDER}


def test_there_are_seven_in_three_languages_and_each_asks_before_it_shows(lessons: dict[str, Lesson]) -> None:
    assert list(lessons) == [lesson.name for lesson in Shelf().all()[0]] == list(CAME)
    for lesson in lessons.values():
        assert set(lesson.texts) == set(LANGUAGES)
        asked = {step.name: step for step in lesson.steps if step.choices}
        assert list(asked) == list(CAME[lesson.name])
        assert sum(bool(step.do or step.show) for step in lesson.steps) <= 3, "of what one does or is shown"
        for name, step in asked.items():
            assert {choice for choice, _ in step.came} >= set(CAME[lesson.name][name].split())
            assert len(step.choices) >= 3


def test_all_languages_say_the_same_numbers_with_as_many_digits(lessons: dict[str, Lesson]) -> None:
    for lesson in lessons.values():
        for step in lesson.steps:
            said = [lesson.texts[language].steps[step.name] for language in LANGUAGES]
            for part in ("text", "question", "action", "came"):
                places = [sorted(re.findall(r"\{[^}]*\}", getattr(one, part).text)) for one in said]
                assert places[0] == places[1] == places[2], (lesson.name, step.name, part)
            assert len({tuple(one.choices) for one in said}) == 1, "in the same order"


def terms() -> list[list[list[str]]]:
    """Rows of the glossary: the words of each language."""
    lines = (Path(__file__).parents[2] / "docs" / "GLOSSARY.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")][2:]
    return [[re.split("[、,(]", re.sub(r"\)", "", cell)) for cell in row] for row in cells]


TERMS = ("learning rate", "loss", "weight", "hidden layer", "bias", "overfitting", "backpropagation", "softmax", "unit")


@pytest.mark.parametrize("term", TERMS)
def test_words_are_those_of_the_glossary(lessons: dict[str, Lesson], term: str) -> None:
    row = next(row for row in terms() if term in [word.strip() for word in row[0]])
    for lesson in lessons.values():
        texts = {one: lesson.texts[one].file.read_text(encoding="utf-8") for one in LANGUAGES}
        if re.search(rf"\b{term}s?\b(?! decay)", texts["en"], re.I):
            for language, words in zip(LANGUAGES[1:], row[1:], strict=True):
                assert any(word.strip() in texts[language] for word in words), (lesson.name, language, words)


def test_japanese_and_korean_are_written_as_the_glossary_says(lessons: dict[str, Lesson]) -> None:
    for lesson in lessons.values():
        japanese = lesson.texts["ja"].file.read_text(encoding="utf-8")
        assert not re.search(r"[０-９Ａ-Ｚａ-ｚ，．（）]", japanese)
        assert not re.search(r"[ぁ-んァ-ヶ一-龠] [A-Za-z0-9]|[A-Za-z0-9] [ぁ-んァ-ヶ一-龠]", japanese.replace("- ", ""))
        for step in (step for text in lesson.texts.values() for step in text.steps.values()):
            assert "  " not in step.text.text + step.came.text


# Passed in Chromium


class Pupil:
    """Passes lessons on a page; what is read there."""

    def __init__(self, served: Served, lessons: dict[str, Lesson], language: str):
        self.lab, self.lessons, self.language = served.lab, lessons, language
        self.page = served.open(width=1280)

    def open(self, name: str) -> None:
        self.lesson = self.lessons[name]
        self.at = 0
        self.page.evaluate("name => { location.hash = `lesson=${name}`; }", name)
        title = self.lesson.texts[self.language].title
        self.page.locator(".lesson h2", has_text=title).wait_for()

    @property
    def step(self) -> Any:
        return self.lesson.steps[self.at]

    def read(self) -> str:
        """The step's text and question, without predicting."""
        self.page.locator(".lesson .lesson-text").wait_for()
        return str(self.page.locator(".lesson-now").inner_text())

    def go_on(self) -> None:
        self.page.locator(".lesson-now form button.main").click()

    def predict(self, choice: str) -> str:
        """Choose, and have it shown or begin to do it. Returns what was read before."""
        read = self.read()
        self.page.locator(f".lesson-choices input[value={choice}]").check()
        self.go_on()
        return read

    def ready(self) -> None:
        """Wait until the lesson waits for what is to be done."""
        self.page.locator(".lesson[data-phase=act]").wait_for()

    def came(self) -> list[str]:
        """The numbers in what came; the prediction that was made and what came stand beside."""
        self.page.locator(".lesson[data-phase=came]").wait_for()
        if self.step.choices:
            choices = self.lesson.texts[self.language].steps[self.step.name].choices
            came = self.page.locator(".lesson-record td").all_inner_texts()[-1]
            names = CAME[self.lesson.name][self.step.name].split()
            expected = tuple(choices[name].text.partition("{")[0] for name in names)
            assert came.startswith(expected), (self.lesson.name, self.step.name, came)
        found = numbers(" ".join(self.page.locator(".lesson-now p").all_inner_texts()))
        self.next()
        return found

    def next(self) -> None:
        if self.page.locator(".lesson[data-phase=came]").count():
            self.page.locator(".lesson-now > button.main").click()
            self.page.locator(".lesson:not([data-phase=came])").wait_for()
        self.at += 1

    def over(self) -> None:
        """All predictions and what came are still to be seen."""
        self.page.locator(".lesson-record").wait_for()
        assert self.at == len(self.lesson.steps)
        assert self.page.locator(".lesson-record tbody tr").count() == len(CAME[self.lesson.name])

    def slide(self, place: str, value: float) -> None:
        """Move a slider as a hand does."""
        self.page.locator(f"{place} input[type=range]").first.fill(str(value))


def numbers(text: str) -> list[str]:
    return re.findall(r"-?\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?%?", text)


def on_page(number: str) -> str:
    """1e-05 and 1e+03 as the page writes them: 1e-5 and 1e3."""
    return number.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def said(found: list[str], *expected: str) -> None:
    """Whether all of these numbers stand there, as they are."""
    assert [number for number in expected if number not in found] == [], found


@pytest.fixture(scope="module")
def served(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A lab on a page, the same in all languages."""
    out = tmp_path_factory.mktemp("seven") / "runs"
    made = Served(browser, out, lab=Lab(Recipe(dataset="digits", hidden=3), out=out, plots=False))
    yield made
    made.close()
    assert made.complaints == []


@pytest.fixture(params=LANGUAGES)
def pupil(
    served: Served, lessons: dict[str, Lesson], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pupil]:
    """Somebody who reads one language, where there is no MNIST."""
    monkeypatch.setenv("ZEROKARA_DATA", str(served.lab.out.parent))
    monkeypatch.setenv("ZEROKARA_CACHE", str(served.lab.out.parent / "cache"))
    set_language(request.param)
    yield Pupil(served, lessons, request.param)
    set_language("en")
    for context in served.browser.contexts:
        context.close()


DIGITS = zerokara.load("digits")
SMALL: dict[str, Any] = {"hidden": 20, "init": "he", "learning_rate": 0.1, "seed": 0}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """`trained(iterations, **options)`: a run on digits by `zerokara.train`, done once."""
    out = tmp_path_factory.mktemp("witnesses")

    @cache
    def train(iterations: int, **options: Any) -> zerokara.Run:
        return zerokara.train(
            "digits", iterations=iterations, evaluate_every=iterations, out=out, plots=False, engine="auto", **options
        )

    return train


def first_batch(samples: int = len(DIGITS.train)) -> tuple[Any, Any]:
    rows = Recipe("digits").make_batches(samples).rows(0, 1)[0]
    return DIGITS.train.x[rows].astype(np.float64), DIGITS.train.t[rows]


def moved(network: Network, by: float) -> Network:
    """W2[16, 3], the weight of the lessons, somewhere else, in float64."""
    copy = network.copy(np.float64)
    copy.params["W2"][16, 3] += by
    return copy


def smoothed(losses: Any, total: int) -> Any:
    """(n,) by its definition: means whose weights shrink by exp(-1 / τₙ) with update n."""
    n = np.arange(1, len(losses) + 1)
    shrunk = np.cumsum(1 / np.clip(n / 10, 10, np.clip(total / 100, 10, 1000)))
    weights = np.exp(shrunk)
    return np.cumsum(weights * losses) / np.cumsum(weights)


def what_loss_is(pupil: Pupil, trained: Any) -> None:
    network, (x, t) = trained(300, **SMALL).network, first_batch()
    weight, loss = float(network.params["W2"][16, 3]), moved(network, 0).loss(x, t)
    pupil.predict("same")
    pupil.ready()
    pupil.slide(".probe-along", 900)
    far = moved(network, 0.9)
    said(pupil.came(), f"{weight:.3f}", f"{weight + 0.9:.3f}", f"{loss:.4f}", f"{far.loss(x, t):.4f}", "100")
    pupil.predict("both")
    pupil.ready()
    pupil.slide(".probe-along", 30)
    near = moved(network, 0.03)
    accuracy, now = (float(np.mean(net.predict(x).argmax(axis=1) == t)) for net in (network, near))
    said(pupil.came(), f"{loss:.6f}", f"{near.loss(x, t):.6f}", f"{accuracy:.1%}", f"{now:.1%}")


def learning_rate(pupil: Pupil, trained: Any) -> None:
    page = pupil.page
    pupil.predict("never")
    pupil.ready()
    pupil.slide(".pace", 2.7)  # 500 a second
    rate = page.locator("[data-field=learning_rate] [type=number]")
    rate.fill("10")
    rate.blur()
    broken = pupil.came()
    pupil.predict("recovers")
    pupil.ready()
    rate.fill("0.1")
    rate.blur()
    put_back = pupil.came()
    pupil.ready()
    told = page.evaluate("document.querySelector('.zerokara-lab').zerokara.state")
    page.locator(".timeline [type=range]").fill("150")
    page.locator(".timeline button").click()
    back = pupil.came()
    changes = [Change(**one) for one in told["changes"]]
    begun, (losses, dead) = changes[0].iteration, again(changes, told["iteration"])
    curve = smoothed(losses, 20_000)
    highest = np.maximum.accumulate(losses)[begun:]
    assert broken[0] == "10"
    assert broken[1] in {f"{loss:.3f}" for loss in curve[begun:] if loss > 2}
    assert broken[2] in {f"{loss:.3f}" for loss in curve[199:begun]}
    assert broken[3] in {on_page(f"{loss:.3g}") for loss in highest}
    shares = {number for number in broken + put_back if number.endswith("%")}
    assert shares
    assert shares <= {f"{share:.0%}" for share in dead}
    assert put_back[0] in {f"{loss:.3f}" for loss in curve[begun + 800 :]}
    said(back, "150", "0.1", f"{curve[149]:.3f}")


def again(changes: list[Change], updates: int) -> tuple[Any, list[float]]:
    """The training once more with what was changed on the way: losses, and the shares of dead units since then."""
    recipe = Recipe("digits", hidden=50, init="he", learning_rate=0.1, iterations=updates, evaluate_every=updates)
    trainer, (x, _), dead = build_trainer(recipe, DIGITS, changes=changes), first_batch(), []
    trainer.advance(changes[0].iteration)
    while trainer.iteration < updates:
        trainer.advance(trainer.iteration + 1)
        params = trainer.network.params
        dead.append(float(np.mean((x @ params["W1"] + params["b1"] <= 0).all(axis=0))))
    return trainer.history.losses, dead


def numerical_gradient(pupil: Pupil, trained: Any) -> None:
    network, (x, t) = trained(300, **SMALL).network, first_batch()
    pupil.predict("smaller")
    pupil.ready()
    pupil.slide(".probe-slopes", 0)
    slope = float(moved(network, 0).gradient(x, t)["W2"][16, 3])

    def numerical(h: float) -> float:
        return float(moved(network, h).loss(x, t) - moved(network, -h).loss(x, t)) / (2 * h)

    usual = on_page(f"{abs(numerical(1e-4) - slope):.1e}")
    found = pupil.came()
    said(found, "1e-4", usual, "1e-12")
    errors = [float(number) for number in found if re.fullmatch(r"\d\.\de-\d+", number)]
    assert errors[0] < 1e-8 < 1e-7 < errors[1] < 1e-3, "what rounding makes is noise"
    pupil.predict("small")
    pupil.ready()
    pupil.slide(".probe-slopes", 24)
    said(pupil.came(), "1e-4", usual, f"{numerical(1e-4):.8f}", f"{slope:.8f}")


def hidden_unit(pupil: Pupil, trained: Any) -> None:
    network, (x, t) = trained(300, **SMALL).network, (DIGITS.test.x.astype(np.float64), DIGITS.test.t)
    params = {name: array.astype(np.float64) for name, array in network.params.items()}
    sums = x[[28, 160]] @ params["W1"] + params["b1"]
    pupil.read()
    pupil.go_on()
    pupil.next()
    pupil.page.locator(".lesson-choices").wait_for()
    said(numbers(pupil.predict("more")), str(t[28]), f"{sums[0, 10]:.3g}")
    said(pupil.came(), str(t[160]), f"{sums[1, 10]:.3g}", f"{max(sums[1, 10], 0):.3g}", f"{sums[0, 10]:.3g}")
    pupil.predict("other")
    pupil.ready()
    pupil.page.locator(".draw-unit header button").click()
    active = np.maximum(sums[0], 0)
    both = [active, active * (np.arange(20) != 10)]
    shares = [softmax(z @ params["W2"] + params["b2"]) for z in both]
    said(pupil.came(), *(f"{share.max():.1%}" for share in shares), *(str(share.argmax()) for share in shares))


def softmax(scores: Any) -> Any:
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def overfitting(pupil: Pupil, trained: Any) -> None:
    runs = [
        trained(600, samples=samples, hidden=50, init="he", learning_rate=0.5, seed=0).history.evaluations[-1]
        for samples in (300, 1400)
    ]
    few, more = ([f"{one.train_accuracy:.1%}", f"{one.test_accuracy:.1%}"] for one in runs)
    pupil.predict("same")
    said(pupil.came(), "300", *few)
    said(numbers(pupil.predict("larger")), f"{runs[0].train_accuracy - runs[0].test_accuracy:.1%}")
    said(pupil.came(), "300", *few, "1,400", *more)


def vanishing_gradients(pupil: Pupil, trained: Any) -> None:
    same = {"hidden": (50,) * 10, "init": "he", "learning_rate": 0.05, "seed": 0}
    runs = {name: trained(400, activation=name, **same) for name in ("sigmoid", "relu")}
    alone = trained(400, activation="sigmoid", **{**same, "hidden": 50})
    assert alone.history.evaluations[-1].test_accuracy > 0.8, "as the lesson says"
    accuracies = {name: f"{run.history.evaluations[-1].test_accuracy:.1%}" for name, run in runs.items()}
    x, t = first_batch()
    gradients = {name: run.network.copy(np.float64).gradient(x, t) for name, run in runs.items()}
    sizes = {name: {w: on_page(f"{np.linalg.norm(g[w]):.2g}") for w in ("W1", "W11")} for name, g in gradients.items()}
    pupil.predict("well")
    loss = smoothed(runs["sigmoid"].history.losses, 1000)[-1]
    said(pupil.came(), accuracies["sigmoid"], f"{loss:.3f}", *sizes["sigmoid"].values())
    pupil.predict("guesses")
    said(pupil.came(), *accuracies.values(), sizes["relu"]["W1"], sizes["sigmoid"]["W1"])
    first = [build_trainer(Recipe("digits", activation=name, **same), DIGITS).network.params for name in runs]
    assert all(np.array_equal(first[0][w], first[1][w]) for w in first[0]), "the same initial weights"


def softmax_cross_entropy(pupil: Pupil, trained: Any) -> None:
    x, t = DIGITS.test.x[28:29].astype(np.float64), int(DIGITS.test.t[28])
    fresh = build_trainer(Recipe("digits", **SMALL), DIGITS).network

    def scores(network: Network) -> Any:
        params = {name: array.astype(np.float64) for name, array in network.params.items()}
        return (np.maximum(x @ params["W1"] + params["b1"], 0) @ params["W2"] + params["b2"])[0]

    before, after = scores(fresh), scores(trained(300, **SMALL).network)
    y, now = softmax(before)[t], softmax(after)[t]
    up, down = (-np.log(softmax(before + h * (np.arange(10) == t))[t]) for h in (1e-4, -1e-4))
    pupil.read()
    pupil.go_on()
    pupil.next()
    pupil.page.locator(".lesson-choices").wait_for()
    read = numbers(pupil.predict("inverse"))
    said(read, str(t), f"{y:.4f}", f"{-np.log(y):.4f}", f"{-1 / y:.4f}", f"{y - 1:.4f}")
    said(pupil.came(), f"{(up - down) / 2e-4:.6f}", f"{y - 1:.6f}")
    said(numbers(pupil.predict("larger")), f"{y - 1:.4f}")
    said(pupil.came(), f"{now:.4f}", f"{now - 1:.4f}")


PASSED = {
    "what-loss-is": what_loss_is,
    "learning-rate": learning_rate,
    "numerical-gradient": numerical_gradient,
    "hidden-unit": hidden_unit,
    "overfitting": overfitting,
    "vanishing-gradients": vanishing_gradients,
    "softmax-cross-entropy": softmax_cross_entropy,
}


@pytest.mark.slow
@pytest.mark.browser
def test_all_seven_are_passed_and_their_numbers_are_those_of_the_engine(pupil: Pupil, trained: Any) -> None:
    for name, passed in PASSED.items():
        pupil.open(name)
        passed(pupil, trained)
        pupil.over()


# With other data, and with another seed


def passed(lab: Lab, lesson: Lesson) -> dict[str, str]:
    """Pass a lesson by its messages; what came in each step that asks for a prediction."""
    before: dict[str, Any] = {}
    came = {}
    chosen: dict[str, Any] = {}

    def ask(type: str, **fields: Any) -> dict[str, Any]:
        return ANSWERS[type](lab, lab.shelf, {"lesson": lesson.name, "before": before, **fields})

    for number, step in enumerate(lesson.steps):
        for type in ("lesson_step", "lesson_show"):
            if where := ask(type, step=number)["where"]:
                chosen = {"probe": {}, "draw": {}, "step": {}, **where["fields"]}
        answer: dict[str, Any] = {"done": False, "start": None}
        while not answer["done"]:
            answer = ask("lesson_measure", step=number, start=answer["start"], prediction=None, fields=chosen)
            if answer["start"] is not None and step.do is not None and not answer["done"]:
                DO[step.name](lab, chosen)
            sleep(0.02)
        before[step.name] = answer["values"]
        if step.choices:
            choices = lesson.text.steps[step.name].choices
            starts = {name: choice.text.partition("{")[0] for name, choice in choices.items()}
            came[step.name] = next(name for name, start in starts.items() if answer["came"].startswith(start))
    return came


def drag(lab: Lab, chosen: dict[str, Any], by: float) -> None:
    probe = chosen["probe"]
    probe["at"] = float(lab.subject().network.params[probe["parameter"]][tuple(probe["index"])]) + by


def change_rate(lab: Lab, rate: float) -> None:
    if lab.training.snapshot().optimizer.settings["learning_rate"] != rate:
        lab.change("learning_rate", rate)
        lab.training.conductor.rate = 1000


DO: dict[str, Callable[[Lab, dict[str, Any]], None]] = {
    "far": lambda lab, chosen: drag(lab, chosen, 0.9),
    "little": lambda lab, chosen: drag(lab, chosen, 0.03),
    "faster": lambda lab, chosen: change_rate(lab, 10.0),
    "slower": lambda lab, chosen: change_rate(lab, 0.1),
    "back": lambda lab, chosen: lab.rewind(150) if lab.training.returning is None else None,
    "tiny": lambda lab, chosen: chosen["probe"].update(h=1e-12),
    "best": lambda lab, chosen: chosen["probe"].update(h=1e-4),
    "without": lambda lab, chosen: chosen["draw"].update(off=[[1, 10]]),
}
"""What a learner does in the lab, by the step that asks for it."""


@pytest.mark.slow
@pytest.mark.mnist
def test_with_mnist_the_same_comes(lessons: dict[str, Lesson], tmp_path: Path) -> None:
    lab = Lab(Recipe(hidden=3), out=tmp_path, plots=False)
    found = {name: passed(lab, lesson) for name, lesson in lessons.items()}
    assert lab.dataset.name == "mnist"
    lab.close()
    for name, came in found.items():
        for step, choice in came.items():
            assert choice in CAME[name][step].split(), (name, step)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_what_comes_is_no_luck_of_the_seed(lessons: dict[str, Lesson], tmp_path: Path, seed: int) -> None:
    """But for what one unit and one weight of a network do, which other seeds give another part."""
    own = tmp_path / "lessons"
    for name in CAME.keys() - {"hidden-unit", "what-loss-is"}:
        shutil.copytree(BUILT_IN / name, own / name)
        for state in own.glob(f"{name}/*.toml"):
            text = state.read_text().replace('dataset = "mnist"', 'dataset = "digits"')
            state.write_text(text.replace("seed = 0", f"seed = {seed}"))
    lab = Lab(Recipe("digits", hidden=3), out=tmp_path / "runs", plots=False, lessons=own)
    for name in sorted(path.name for path in own.iterdir()):
        for step, choice in passed(lab, lab.shelf.lesson(name)).items():
            assert choice in CAME[name][step].split(), (name, step)
    lab.close()
