"""Languages with labels of their own, and a computer without fonts."""

from collections.abc import Callable, Iterator

import matplotlib
import pytest
from matplotlib import font_manager

from zerokara import words
from zerokara.report import fonts

LABELS = {
    "ja": {
        "iteration": "イテレーション",
        "loss (mini-batch)": "損失(ミニバッチ)",
        "each mini-batch": "各ミニバッチ",
        "mean of {n} mini-batches": "{n}個のミニバッチの平均",
        "no finite loss": "有限の損失がありません",
        "epoch": "エポック",
        "accuracy": "認識精度",
        "training data": "訓練データ",
        "test data": "テストデータ",
        "training data ({accuracy:.4f})": "訓練データ({accuracy:.4f})",
        "test data ({accuracy:.4f})": "テストデータ({accuracy:.4f})",
        "|numerical - backprop| / bound": "|数値勾配 - 誤差逆伝播法の勾配| / 許容誤差",
        "{name}: training pictures and their number per class": "{name}: クラスごとの訓練画像とその枚数",
    },
    "ko": {
        "iteration": "반복",
        "loss (mini-batch)": "손실(미니배치)",
        "each mini-batch": "각 미니배치",
        "mean of {n} mini-batches": "미니배치 {n}개의 평균",
        "no finite loss": "유한한 손실이 없습니다",
        "epoch": "에폭",
        "accuracy": "정확도",
        "training data": "훈련 데이터",
        "test data": "시험 데이터",
        "training data ({accuracy:.4f})": "훈련 데이터({accuracy:.4f})",
        "test data ({accuracy:.4f})": "시험 데이터({accuracy:.4f})",
        "|numerical - backprop| / bound": "|수치 기울기 - 오차역전파법의 기울기| / 허용 오차",
        "{name}: training pictures and their number per class": "{name}: 클래스별 훈련 이미지와 그 개수",
    },
}
"""Labels of pictures, so that these tests need no catalogue."""


class Translated(words.English):
    def __init__(self, labels: dict[str, str]) -> None:
        self.labels = labels

    def gettext(self, message: str) -> str:
        return self.labels.get(message, message)


@pytest.fixture
def speak(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, str]]:
    """speak("ja"): pictures get `LABELS` of that language, which are returned."""

    def speak(language: str) -> dict[str, str]:
        labels = LABELS.get(language, {})
        monkeypatch.setattr(words, "_spoken", (language, Translated(labels)))
        return labels

    return speak


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test hears what is said once."""
    monkeypatch.setattr(fonts, "_told", set())


@pytest.fixture(autouse=True)
def _matplotlib_as_it_begins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fonts as before any learner's file: another test may have offered some, and what was found is remembered."""
    monkeypatch.setitem(matplotlib.rcParams, "font.family", ["sans-serif"])
    font_manager.fontManager._findfont_cached.cache_clear()
    yield
    font_manager.fontManager._findfont_cached.cache_clear()


@pytest.fixture
def without_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the extra nor the system has Japanese or Korean letters: only Matplotlib's own fonts are there."""
    own = [entry for entry in font_manager.fontManager.ttflist if entry.fname.startswith(matplotlib.get_data_path())]
    nowhere = {language: letters._replace(module="no_such_module") for language, letters in fonts.LETTERS.items()}
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    monkeypatch.setattr(fonts, "LETTERS", nowhere)
    monkeypatch.setattr(fonts, "registered", fonts.registered.__wrapped__)
