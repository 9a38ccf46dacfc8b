"""Labels: in the language that is spoken, each letter with a font, and otherwise in English; it is told once."""

import ast
import re
import warnings
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

from zerokara import words
from zerokara.cells import width
from zerokara.data import load
from zerokara.nn import Network, gradient_check
from zerokara.report import figures, fonts
from zerokara.report.figures import accuracy_figure, contact_sheet, gradient_figure, loss_figure, png
from zerokara.report.labels import Labels, in_lines
from zerokara.training.history import Evaluation, History
from zerokara.words import in_english, sentence

needs_the_extra = pytest.mark.skipif(len(fonts.files()) < 2, reason="the fonts of the extra are not installed")

HISTORY = History(
    [np.linspace(2.3, 0.1, 500)], [Evaluation(0, 0.0, 2.3, 0.1, 0.1), Evaluation(500, 5.0, 0.1, 0.9, 0.8)]
)
TITLE = "{sizes}, {optimizer} {rate:g}"


def described(speak):
    return speak(TITLE, sizes="64-50-10", optimizer="sgd", rate=0.1)


def check():
    network = Network([4, 5, 3], activation="tanh", init="xavier")
    return gradient_check(network, np.random.default_rng(0).random((3, 4)), [0, 1, 2])


def named(name="toy", *classes):
    digits = load("digits")
    return replace(digits, name=name, class_names=(*classes, *digits.class_names[len(classes) :]))


FIGURES = {
    "loss": lambda: loss_figure(HISTORY, described),
    "no finite loss": lambda: loss_figure(History([np.full(9, np.nan)]), described),
    "accuracy": lambda: accuracy_figure(HISTORY, described),
    "no accuracy": lambda: accuracy_figure(History(), described),
    "gradients": lambda: gradient_figure(check()),
    "contact sheet": lambda: contact_sheet(named(), 2),
}


def texts(figure):
    """Everything written on a figure, but numbers."""
    png(figure)  # makes the numbers of the axes
    found = [text.get_text() for text in figure.findobj(Text) if text.get_visible()]
    return [text for text in found if re.search(r"[^\W\d_]", re.sub(r"\\math\w+", "", text))]


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_every_label_is_a_text_of_its_own(draw, marked):
    for text in texts(draw()):
        assert re.fullmatch(r"⟦[^⟦⟧]+⟧|[Wb]\d", text.replace("\n", " ")), text


@needs_the_extra
@pytest.mark.parametrize("language", ["ja", "ko"])
@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_labels_are_in_the_language_that_is_spoken_and_have_no_box(draw, language, speak):
    """A box is a warning of Matplotlib's, and a warning is an error here."""
    labels = [re.sub(r"\\?\{.*?\\?\}", r".*", re.escape(label)) for label in speak(language).values()]
    written = [text for text in texts(draw()) if not re.fullmatch(r"[Wb]\d|64-50-10, sgd 0\.1", text)]
    assert written
    for text in written:
        assert re.fullmatch("|".join(labels), text), text


@needs_the_extra
@pytest.mark.parametrize("language", ["ja", "ko"])
def test_the_fonts_have_every_letter_of_the_catalogue_for_pictures(language):
    """Asked of the files themselves, for all labels of `figures` and for the title of a run's pictures."""
    from zerokara.runs import files as of_runs

    files = [
        FT2Font(str(Path(mpl.get_data_path(), "fonts/ttf/DejaVuSans.ttf"))),
        *map(FT2Font, map(str, fonts.files())),
    ]
    marked = [
        ast.literal_eval(node.args[0])
        for module in (figures, of_runs)
        for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "translatable"
    ]
    assert len(marked) >= 14
    words.set_language(language)
    try:
        letters = "".join(words._catalogue().gettext(label) for label in marked)
    finally:
        words.set_language("en")
    lacking = {letter for letter in letters if not any(font.get_char_index(ord(letter)) for font in files)}
    assert lacking - {"\n"} == set()


@pytest.mark.parametrize(
    ("language", "package"),
    [("ja", "matplotlib-fontja"), pytest.param("ko", "koreanize-matplotlib", marks=pytest.mark.slow)],
)
def test_without_fonts_labels_are_english_and_it_is_told_once_how_to_get_them(speak, without_fonts, language, package):
    speak(language)
    said = rf"^The letters of this language have no font here, so labels in pictures are English\. Try: .* {package}$"
    with pytest.warns(UserWarning, match=said) as told:
        written = [text for draw in FIGURES.values() for text in texts(draw())]
    assert all(map(str.isascii, written))
    assert "training data (0.9000)" in written
    (warning,) = (one for one in told if one.category is UserWarning)
    assert warning.filename == __file__, "whoever asked for the picture is told"


def test_a_language_without_fonts_is_told_in_that_language(speak, without_fonts, monkeypatch):
    told = "The letters of this language have no font here, so labels in pictures are English. Try: {install}"
    monkeypatch.setitem(speak("ja"), told, "日本語のフォントがありません。{install}")
    with pytest.warns(UserWarning, match=r"^日本語のフォントがありません。.*matplotlib-fontja$"):
        loss_figure(HISTORY)


@needs_the_extra
def test_one_language_with_a_font_and_one_without(speak, without_fonts, monkeypatch):
    """Names in Korean on a picture in Japanese, where only the Japanese package is installed."""
    only_korean_missing = {**fonts.LETTERS, "ja": fonts.LETTERS["ja"]._replace(module="matplotlib_fontja")}
    monkeypatch.setattr(fonts, "LETTERS", only_korean_missing)
    speak("ja")
    assert "訓練データ(0.9000)" in texts(accuracy_figure(HISTORY))
    with pytest.warns(UserWarning, match=r"and English labels\. Try: .* koreanize-matplotlib$"):
        written = texts(contact_sheet(named("숫자", "영", "1"), 1))
    assert written == ["??: training pictures and their\nnumber per class"]


def test_names_without_a_font_become_numbers_and_question_marks(without_fonts):
    said = (
        r"^Some letters of names have no font here\. Pictures have question marks or numbers instead, .* Try: .*fontja$"
    )
    with pytest.warns(UserWarning, match=said):
        figure = contact_sheet(named("手書きdigits", "zero", "いち"), 1)
    assert figure._suptitle.get_text().replace("\n", " ").startswith("???digits: training pictures")
    rows = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert [row.split("  ")[0] for row in rows[:3]] == ["zero", "1", "2"]
    assert png(figure)


def test_letters_that_no_package_brings(without_fonts):
    with pytest.warns(UserWarning, match=r"numbers instead, and English labels\.$") as told:
        contact_sheet(named("𓀀"), 1)
    assert len(told) == 1


def test_what_is_told_is_a_sentence(without_fonts, marked, monkeypatch):
    monkeypatch.setattr(fonts, "without_font", lambda text: set(text) & set("𓀀重"))
    monkeypatch.setattr("zerokara.report.labels.without_font", fonts.without_font)
    for name in ("𓀀", "重"):
        with pytest.warns(UserWarning, match="^⟦[^⟦⟧]+⟧$"):
            contact_sheet(named(name), 1)


@needs_the_extra
def test_japanese_and_korean_names_beside_each_other(speak):
    speak("ko")
    figure = contact_sheet(named("한글 日本語", "おき", "영", "重み", "Ankle boot"), 1)
    rows = [text.get_text().split("  ")[0] for axes in figure.axes for text in axes.texts]
    assert rows[:4] == ["おき", "영", "重み", "Ankle boot"]
    assert png(figure)


def test_names_as_macos_takes_them_apart_are_put_together():
    label = Labels(in_english)
    assert label.name("か\u3099 e\u0301") == "が é"
    assert label.name("정".encode().decode()) == "정"


@pytest.mark.parametrize(
    ("name", "shown"), [("a\tb\x07c", "a b?c"), ("a\u3000b", "a b"), ("\udcff", "?"), ("$x^2$", "$x^2$")]
)
def test_signs_that_cannot_be_drawn(name, shown):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Labels(in_english).name(name) == shown


@pytest.mark.slow
@needs_the_extra
def test_settings_and_fonts_of_a_learner_stay_as_they_are(speak):
    speak("ja")
    before = dict(mpl.rcParams)
    for draw in FIGURES.values():
        png(draw())
    assert dict(mpl.rcParams) == before


def test_english_labels_read_no_fonts(monkeypatch):
    """They take time: `zerokara train` draws two pictures."""
    monkeypatch.setattr(fonts, "registered", lambda: pytest.fail("the fonts were read"))
    for draw in FIGURES.values():
        png(draw())


@pytest.mark.parametrize("cells", [6, 12, 20, 80])
@pytest.mark.parametrize(
    "text",
    [
        "digits: 64-50-10, relu, cross-entropy by backprop, sgd 0.1",
        "digits: 64-50-10、relu、交差エントロピー誤差、学習率0.1、シード0",
        "digits: 은닉층 50개, 학습률 0.1, 시드 0",
        "a-folder-whose-name-is-longer-than-a-line-" * 3,
        "",
    ],
)
def test_lines_are_no_longer_than_told_and_nothing_is_lost(text, cells):
    lines = in_lines(text, cells).split("\n")
    assert all(width(line) <= cells for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not any(line.startswith(("、", "。", " ")) for line in lines[1:])


def test_a_title_in_japanese_is_broken_where_it_would_leave_the_picture(speak):
    speak("ja")
    figure = loss_figure(
        HISTORY,
        "digits: 64-50-10、活性化関数relu、交差エントロピー誤差、誤差逆伝播法、学習率0.1、バッチサイズ100、シード0",
    )
    figure.draw_without_rendering()
    box = figure.axes[0].title.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1
    assert "\n" in figure.axes[0].get_title()


def test_a_title_may_be_worded_by_whoever_knows_it():
    assert loss_figure(HISTORY, described).axes[0].get_title() == "64-50-10, sgd 0.1"
    assert Labels(sentence).title(described, 9) == "64-50-10,\nsgd 0.1"
