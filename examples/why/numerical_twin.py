"""The same training twice, by numerical gradients and by backpropagation: every confusion of both, and what differs.

Note 001 trains by numerical_gradient; note 003 has it in a comment and takes gradient instead.
"""

import time

import numpy as np
from pages import data, paragraphs, table, told, write

from zerokara.data.description import DataDescription
from zerokara.report.classes import confusion
from zerokara.report.reported import Reported
from zerokara.runs.answering import answers_of
from zerokara.training.build import build_trainer
from zerokara.training.recipe import Recipe

ITERATIONS = 600
SAME = {"activation": "sigmoid", "init": 0.01, "learning_rate": 0.5, "batch_size": 100, "hidden": 50, "dtype": "float64"}

TITLE = {
    "en": "A numerical gradient and its twin by backpropagation",
    "ja": "数値微分と、誤差逆伝播法による双子",
    "ko": "수치 미분과, 오차역전파법으로 만든 쌍둥이",
}
NUMERICAL = {"en": "by numerical gradients", "ja": "数値微分で学習", "ko": "수치 미분으로 학습"}
BACKPROP = {"en": "by backpropagation", "ja": "誤差逆伝播法で学習", "ko": "오차역전파법으로 학습"}
BESIDE = {"en": "Side by side", "ja": "並べてみる", "ko": "나란히 보기"}
WHAT = {
    "en": "Both began with the same weights on {data} and saw the same batches, {n:,} updates long. Only the way to the gradient "
    "differs: by moving each weight by ±h = 1e-4, or by the chain rule.",
    "ja": "どちらも {data} で同じ重みから始め、同じミニバッチを同じ順に使い、{n:,} 回更新しました。違うのは勾配の求め方だけです。"
    "一方は重みを 1 つずつ ±h = 1e-4 動かし、もう一方は連鎖律を使います。",
    "ko": "둘 다 {data}에서 같은 가중치로 시작해 같은 미니배치를 같은 순서로 쓰며 {n:,}번 갱신했습니다. 기울기를 구하는 방법만 다릅니다. "
    "하나는 가중치를 하나씩 ±h = 1e-4만큼 움직이고, 다른 하나는 연쇄 법칙을 씁니다.",
}
HEAD = {
    "en": ("", "accuracy", "seconds"),
    "ja": ("", "認識精度", "秒"),
    "ko": ("", "정확도", "초"),
}
APART = {
    "en": "The largest difference of two weights is {weights:.1e}, of two probabilities {probabilities:.1e}. "
    "Test pictures with another answer: {pictures:,} of {n:,}.",
    "ja": "重みの差は最大で {weights:.1e}、確率の差は最大で {probabilities:.1e} です。答えの違うテスト画像は {n:,} 枚中 {pictures:,} 枚です。",
    "ko": "가중치의 차이는 가장 커도 {weights:.1e}, 확률의 차이는 가장 커도 {probabilities:.1e}입니다. 답이 다른 테스트 그림은 {n:,}장 중 {pictures:,}장입니다.",
}


def trained(dataset, gradient, iterations=ITERATIONS):
    """(network, what it answers to the test part, seconds)."""
    trainer = build_trainer(Recipe(dataset=dataset.name, gradient=gradient, iterations=iterations, **SAME), dataset)
    began = time.perf_counter()
    trainer.run()
    seconds = time.perf_counter() - began
    return trainer.network, answers_of(trainer.network, dataset.test), seconds


def apart(first, second):
    """The largest difference of a weight, and of a probability, and how many answers differ."""
    weights = max(np.abs(first[0].params[name] - second[0].params[name]).max() for name in first[0].params)
    probabilities = np.abs(first[1].probabilities - second[1].probabilities).max()
    return weights, probabilities, int(np.count_nonzero(first[1].answers != second[1].answers))


def section(key, heading, dataset, answers):
    """The confusion matrix of one of the twins, and its classes."""
    of = Reported(name=heading, losses=np.zeros(0), described=DataDescription.of(dataset), answers=answers)
    return key, heading, confusion(of)


def main():
    """Train both, and write the page."""
    from zerokara.words import language

    dataset = data()
    numerical, backprop = trained(dataset, "numerical"), trained(dataset, "backprop")
    weights, probabilities, pictures = apart(numerical, backprop)
    names = told(NUMERICAL), told(BACKPROP)
    rows = [
        (name, f"{answers.accuracy.value:.4f}", f"{seconds:.2f}")
        for name, (_, answers, seconds) in zip(names, (numerical, backprop), strict=True)
    ]
    facts = {"weights": weights, "probabilities": probabilities, "pictures": pictures, "n": len(dataset.test)}
    beside = paragraphs(told(WHAT, data=dataset.name, n=ITERATIONS)) + table(HEAD[language()], rows) + paragraphs(told(APART, **facts))
    write(
        "numerical_twin",
        told(TITLE),
        ("beside", told(BESIDE), beside),
        section("numerical", names[0], dataset, numerical[1]),
        section("backprop", names[1], dataset, backprop[1]),
    )


if __name__ == "__main__":
    main()
