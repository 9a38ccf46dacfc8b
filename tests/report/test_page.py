"""A page is parsed again: well formed, asking for nothing, escaped, small, and its numbers those of other witnesses."""

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image
from scipy.stats import binomtest

from zerokara.data import Dataset, Split
from zerokara.data.description import DataDescription
from zerokara.findings import Finding, Findings
from zerokara.metrics import Answers
from zerokara.report.page import fragment, page
from zerokara.report.reported import Reported
from zerokara.report.section import Section, of_one
from zerokara.report.sections import SECTIONS
from zerokara.training.history import Evaluation
from zerokara.training.recipe import Recipe

EVIL = '<script>alert("1")</script>&\u202e'
NAMES = (EVIL, "two", "three and a long name " * 3)
VOID = {"meta", "img", "link", "br"}


class Tree(HTMLParser):
    """The elements of a page in their order; a tag that is closed out of turn is an error."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.text = [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), (tag, attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID and not (self.open and "svg" in self.open and self.get_starttag_text().endswith("/>")):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]

    @property
    def words(self):
        return " ".join("".join(self.text).split())


def made(n=200, updates=3000, seed=0):
    """A training that never was: 3 classes of 8×8, a network of 5 units, answers that are often wrong."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    p = rng.dirichlet(np.ones(3), n)
    p[np.arange(n), labels] += 0.6
    p /= p.sum(axis=1, keepdims=True)
    split = Split(rng.integers(0, 256, (n, 64), dtype=np.uint8), labels, 255)
    recipe = Recipe(
        dataset="/home/somebody/secret/photos", hidden=5, learning_rate=0.25, epochs=3, seed=seed
    ).resolved()
    return Reported(
        name=EVIL,
        trained=f"{EVIL} was trained",
        recipe={name: getattr(recipe, name) for name in Recipe.__dataclass_fields__},
        losses=rng.exponential(size=updates),
        evaluations=(Evaluation(0, 0.0, 2.3, 0.1, 0.2), Evaluation(updates, 3.0, 0.4321, 0.91, 0.81)),
        params={
            "W1": rng.normal(size=(64, 5)).astype(np.float32),
            "b1": np.zeros(5, np.float32),
            "W2": rng.normal(size=(5, 3)).astype(np.float32),
            "b2": np.zeros(3, np.float32),
        },
        described=DataDescription(NAMES, (8, 8), 255.0, 0.0),
        dataset=Dataset(
            name="photos", train=split, test=split, image_shape=(8, 8), class_names=NAMES, source="", checksum="0"
        ),
        answers=Answers(labels, p),
        findings=Findings(),
        facts={EVIL: EVIL, "engine": "compiled"},
        repeat=f"zerokara train './{EVIL}'",
    )


@pytest.fixture(scope="module")
def one():
    return made()


@pytest.fixture(scope="module")
def tree(one):
    return Tree(page([one]))


def rows(html, css):
    """The cells of a table of that class, as texts."""
    table = re.search(rf'<table class="{css}"[^>]*>(.*?)</table>', html, re.S)[1]
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr[^>]*>(.*?)</tr>", table)]


def test_the_sections_are_there_in_their_order_each_with_its_heading(tree):
    assert [attrs["id"] for attrs in tree.all("section")] == [
        "summary", "findings", "curves", "confusion", "mistakes", "weights", "layers", "recipe", "repetition"
    ]  # fmt: skip
    levels = [int(tag[1]) for tag, _ in tree.elements if re.fullmatch("h[1-6]", tag)]
    assert levels == [1] + [2] * 9
    assert [attrs["href"] for attrs in tree.all("a")] == [f"#{attrs['id']}" for attrs in tree.all("section")]
    assert len({section.id for section in SECTIONS}) == len(SECTIONS)


def test_a_page_asks_for_nothing_and_runs_nothing(one, tree):
    html = page([one])
    assert html.startswith("<!DOCTYPE html>")
    assert {"http-equiv": "Content-Security-Policy",
            "content": "default-src 'none'; style-src 'unsafe-inline'; img-src data:"} in tree.all("meta")  # fmt: skip
    assert not {"script", "link", "iframe", "object", "form", "base"} & {tag for tag, _ in tree.elements}
    assert not re.search(r"https?://|//[a-z]|@import|\bon[a-z]+=", html)
    targets = re.findall(r"(?:src|href)=\"([^\"]*)|url\(([^)]*)", html)
    assert all(a.startswith(("#", "data:image/png;base64,")) or b.startswith("data:") for a, b in targets)


def test_whoever_named_things_stays_text_and_no_folder_is_told(one, tree):
    html = page([one])
    assert "<script" not in html
    assert "\u202e" not in html
    assert "somebody" not in html
    shown = EVIL.replace("\u202e", "\ufffd")
    assert tree.words.count(shown) >= 6  # title, heading, line, class, pictures, fact, command


@pytest.mark.parametrize("name", ["\udcff", "a\x00b", "\x1b[31m"])
def test_names_that_no_page_may_hold_can_be_written(one, name):
    page([replace(one, name=name, facts={name: name})]).encode()


def test_everything_can_be_heard(tree):
    assert tree.all("html")[0]["lang"] == "en"
    assert all(attrs.get("alt") for attrs in tree.all("img"))
    assert all(attrs.get("aria-label") for attrs in tree.all("svg"))
    assert all(attrs.get("scope") in ("col", "row") for attrs in tree.all("th"))
    tables = [tag for tag, _ in tree.elements if tag in ("table", "caption")]
    assert tables == ["table", "caption"] * (len(tables) // 2)
    pictures = [attrs for tag, attrs in tree.elements if attrs.get("role") == "img" and tag == "span"]
    assert len(pictures) == min(24, len(tree.all("li")))
    assert all("labelled" in attrs["aria-label"] for attrs in pictures)
    ids = [attrs["id"] for _, attrs in tree.elements if "id" in attrs]
    assert len(set(ids)) == len(ids)


def test_the_accuracy_and_its_interval_are_those_of_scipy(one, tree):
    right = int((one.answers.probabilities.argmax(axis=1) == one.answers.labels).sum())
    interval = binomtest(right, 200).proportion_ci(method="wilson")
    told = (
        f"test accuracy{right / 200:.4f}95 % interval {interval.low:.4f} to {interval.high:.4f}, from 200 test pictures"
    )
    assert told in "".join(tree.text).replace("\n", "")


def test_confusion_precision_and_recall_are_those_of_scikit_learn(one):
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    t, y = one.answers.labels, one.answers.probabilities.argmax(axis=1)
    html = page([one])
    cells = [[cell or "0" for cell in row[1:]] for row in rows(html, "zk-matrix")[1:]]
    assert np.array_equal(np.array(cells, int), confusion_matrix(t, y))
    precision, recall, _, support = precision_recall_fscore_support(t, y)
    plain = re.findall(r'<tr><th scope="row">[^\n]*?</th>(<td class="zk-n">[^\n]*?)</tr>', html)
    found = [re.findall(r">([\d.,]+)<", row) for row in plain][:3]
    assert found == [[str(n), f"{p:.3f}", f"{r:.3f}"] for n, p, r in zip(support, precision, recall, strict=True)]


def test_the_surest_mistakes_come_first_with_their_pictures(one):
    html = page([one])
    p, t = one.answers.probabilities, one.answers.labels
    lead = p.max(axis=1) - p[np.arange(len(t)), t]
    first = int(lead.argmax())
    tile = re.search(r'<span class="zk-tile" role="img" aria-label="([^"]*)" style="--x:0;--y:0">', html)[1]
    assert f"Test picture {first}: " in tile
    assert f"(probability {p[first, t[first]]:.3f})" in tile
    assert f"(probability {p[first].max():.3f})" in tile
    sprite = re.search(r"--sprite:url\(data:image/png;base64,([^)]*)\)", html)[1]
    ink = np.asarray(Image.open(io.BytesIO(base64.b64decode(sprite))).convert("RGBA"))[:8, :8, 3]
    pixels = one.dataset.test.pixels[first].reshape(8, 8)
    assert np.abs(ink.astype(int) - pixels).max() < 8 or np.abs(255 - ink.astype(int) - pixels).max() < 8


def test_the_largest_weights_come_first(one):
    source = re.search(r'<img class="zk-sprite" src="data:image/png;base64,([^"]*)"', page([one]))[1]
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(source))).convert("RGBA")).astype(int)
    W1 = one.params["W1"]
    column = W1[:, np.square(W1).sum(axis=0).argmax()].reshape(8, 8)
    shown = image[:8, :8, 3] / 255 * np.where(image[:8, :8, 0] > image[:8, :8, 2], 1, -1)
    assert np.abs(shown - column / np.abs(column).max()).max() < 0.03


def test_spread_dead_and_saturated_units_of_a_network_worked_by_hand(one):
    params = {name: p.copy() for name, p in one.params.items()}
    params["b1"][:2] = -1e6  # two units that ReLU never lets through
    html = page([replace(one, params=params)])
    assert '<td class="zk-n">2 / 5</td>' in html
    assert f'<td class="zk-n">{params["W1"].std():.4g}</td>' in html


def test_the_recipe_marks_what_differs(one):
    html = page([one])
    cells = {row[0]: row[1:] for row in rows(html, "zk-recipe")[1:]}
    differing = set(re.findall(r'<tr class="zk-differs"><th scope="row">(\w+)', html))
    assert differing == {"dataset", "hidden", "learning_rate", "epochs"}
    assert cells["hidden"] == ["5", "50"]
    assert cells["learning_rate"] == ["0.25", "0.1"]
    assert cells["dataset"] == ["photos", "mnist"]
    assert cells["batch_size"] == ["100", ""]


def test_findings_are_told_whole(one):
    found = Finding(cause="rate-too-low", text="Text <b>.", symptoms=("Symptom.",), remedy="Remedy.", proven="Proof.")
    words = Tree(page([replace(one, findings=Findings([found]))])).words
    assert all(part in words for part in (found.heading, "Text <b>.", "Symptom.", "Remedy.", "Proof."))
    assert "Nothing was found that would keep it from learning." in Tree(page([one])).words
    badly = replace(one, evaluations=(Evaluation(1, 0.1, 2.3, 0.1, 0.1),))
    assert "What it left behind does not show what may keep it from learning." in Tree(page([badly])).words


NOTHING = {"losses": np.zeros(0), "evaluations": (), "params": {}, "answers": None, "dataset": None, "described": None,
           "findings": None, "recipe": {}, "facts": {}, "repeat": "", "trained": ""}  # fmt: skip


CASES = [("finished", (name,)) for name in NOTHING] + [
    (state, tuple(NOTHING)) for state in ("stopped", "diverged", "unfinished")
]


@pytest.mark.parametrize(("state", "lacking"), CASES, ids=str)
def test_whatever_is_missing_there_is_a_page(one, state, lacking):
    partly = replace(one, state=state, missing=("Something is missing.",), **{name: NOTHING[name] for name in lacking})
    words = Tree(page([partly])).words
    assert "Something is missing." in words
    assert ("No update was done" in words) == ("losses" in lacking)
    assert ("There was no evaluation" in words) == ("evaluations" in lacking)
    assert ("There are no weights" in words) == ("params" in lacking)


def test_a_script_of_which_little_is_known_has_a_page(one):
    script = replace(one, kind="script", **{**NOTHING, "losses": one.losses, "params": {"W1": one.params["W1"]}})
    words = Tree(page([script])).words
    assert "The program left 3,000 losses." in words
    assert "zerokara doctor" not in words


def test_a_network_that_answers_nothing_is_not_called_right(one):
    nothing = Answers(one.answers.labels, np.full((200, 3), np.nan))
    words = Tree(page([replace(one, answers=nothing)])).words
    assert "200 of 200 test images have no finite score." in words
    assert "No answer to a test picture was wrong" not in words
    assert "test accuracy 0.0000" in " ".join(re.findall(r"test accuracy|0\.0000", words))


def test_a_perfect_network_has_no_mistakes(one):
    perfect = Answers(one.answers.labels, np.eye(3)[one.answers.labels])
    assert "No answer to a test picture was wrong." in Tree(page([replace(one, answers=perfect)])).words


def test_of_many_classes_the_worst_are_shown(one):
    n, classes = 4000, 500
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, n)
    answers = Answers(labels, rng.dirichlet(np.ones(classes), n))
    names = DataDescription(tuple(map(str, range(classes))), (8, 8), None, None)
    html = page([replace(one, answers=answers, described=names, dataset=None)])
    Tree(html)
    assert len(html) < 400_000
    assert "zk-matrix" not in html.partition("</style>")[2]


def test_a_page_is_small(one):
    rng = np.random.default_rng(0)
    large = {"W1": rng.normal(size=(784, 400)).astype(np.float32), "b1": np.zeros(400, np.float32)}
    described = DataDescription(tuple("0123456789"), (28, 28), 255.0, 0.0)
    long = replace(one, losses=rng.exponential(size=60_000), params=large, described=described, recipe={})
    assert len(page([long]).encode()) < 200_000
    assert len(page([long] * 5).encode()) < 1_500_000


def test_several_are_overlaid_and_a_section_may_be_of_any_number(one):
    other = replace(one, name="other", losses=one.losses[:100])
    tree = Tree(page([one, other]))
    assert "curves" in [attrs["id"] for attrs in tree.all("section")]
    assert tree.words.count("other") >= 2
    assert not {"summary", "recipe"} & {attrs["id"] for attrs in tree.all("section")}
    assert of_one(lambda training: training.name)([one]) == EVIL
    assert of_one(lambda training: training.name)([one, other]) is None
    assert all(isinstance(section, Section) for section in SECTIONS)


def test_a_notebook_has_the_same_sections_and_its_style_stays_in_its_box(one, tree):
    shown = fragment([one])
    inner = Tree(shown)
    headings = re.findall(r"<h2[^>]*>([^<]*)<", page([one]))
    assert [attrs["aria-label"] for attrs in inner.all("section")] == headings
    assert not [attrs for _, attrs in inner.elements if "id" in attrs]
    style = re.search(r"<style>(.*?)</style>", shown, re.S)[1]
    rules = re.findall(r"([^{}]+)\{[^{}]*\}", re.sub(r"@media[^{]*\{|@page\{[^}]*\}", "", style))
    selectors = [selector.strip() for rule in rules for selector in rule.split(",")]
    assert len(selectors) > 80
    assert not [s for s in selectors if not s.startswith((".zk-report", ".zk-page", ".zk-notebook"))]


STYLE = re.search(r"<style>(.*?)</style>", fragment([Reported(name="", losses=np.zeros(0))]), re.S)[1]
LIGHT, DARK, PAPER = (
    dict(re.findall(r"--(\w+):([^;}]+)", block)) for block in re.findall(r"\.zk-report\{\s*(--paper[^}]*)", STYLE)
)


def luminance(rgb):
    """Relative luminance of WCAG 2.2, of sRGB from 0 to 255."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.array(rgb) / 255]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def rgb(colour):
    if "," in colour:
        return np.array([int(part) for part in colour.split(",")])
    digits = colour.removeprefix("#")
    digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    return np.array([int(digits[k : k + 2], 16) for k in (0, 2, 4)])


def contrast(front, back):
    low, high = sorted((luminance(front), luminance(back)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, {**LIGHT, **DARK}, {**LIGHT, **PAPER}], ids=["light", "dark", "paper"])
def test_what_is_written_can_be_read(colours):
    """AA of WCAG 2.2: 4.5 for text, 3 for curves."""
    colour = {name: rgb(value) for name, value in colours.items() if re.match("#|\\d+,", value)}
    assert luminance(rgb("#fff")) == pytest.approx(1)
    for back in ("paper", "card"):
        for front in ("ink", "muted", "blue"):
            assert contrast(colour[front], colour[back]) >= 4.5, (front, back)
    assert contrast(colour["ink"], colour["mark"]) >= 4.5
    for curve in ("blue", "orange", "green"):
        assert contrast(colour[curve], colour["card"]) >= 3
    strongest = max(float(alpha) for alpha in re.findall(r"rgba\(var\(--(?:right|wrong)\),(\.\d+)\)", STYLE))
    for shade in ("right", "wrong"):
        cell = strongest * colour[shade] + (1 - strongest) * colour["card"]
        assert contrast(colour["ink"], cell) >= 4.5


def test_every_word_is_a_sentence_of_the_language(one, marked):
    plain = replace(one, name="", trained="", facts={}, repeat="", recipe={}, findings=Findings(), described=None)
    html = page([plain]).partition("</style>")[2]
    text = " ".join([*Tree(html.partition("<body")[2].partition(">")[2].replace("</body>\n</html>", "")).text])
    text += " ".join(re.findall(r'(?:alt|aria-label|title)="([^"]*)"', html))
    assert not re.search("[A-Za-z]{2,}", marked(text)), marked(text)
