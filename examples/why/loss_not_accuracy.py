"""Why a network learns by its loss and not by its accuracy: one weight is moved, and both are looked at.

Textbook, chapter 4.2.5; note 001: "the accuracy hardly changes when parameters do, and then jumps; the loss is smooth".
"""

import numpy as np
from pages import charts, curves, data, paragraphs, table, told, write

from zerokara import Network

SAMPLES, POINTS, FAR = 100, 2001, 1.0
H = 1e-4

TITLE = {
    "en": "Why the loss, and not the accuracy",
    "ja": "なぜ認識精度ではなく損失を指標にするのか",
    "ko": "왜 정확도가 아니라 손실을 지표로 삼는가",
}
MOVED = {"en": "One weight is moved", "ja": "重みを 1 つだけ動かす", "ko": "가중치 하나만 움직여 보기"}
WHAT = {
    "en": "A small network looks at {n} pictures of {data}. One weight of its last layer is moved from {low:+g} to {high:+g} "
    "beside its value, in {points:,} steps. Nothing else changes.",
    "ja": "小さなネットワークに {data} の画像 {n} 枚を見せ、最後の層の重みを 1 つだけ、今の値の {low:+g} から {high:+g} まで {points:,} 段階で動かします。"
    "ほかは何も変えません。",
    "ko": "작은 신경망에 {data} 그림 {n}장을 보여 주고, 마지막 층의 가중치 하나만 지금 값의 {low:+g}부터 {high:+g}까지 {points:,}단계로 움직입니다. "
    "나머지는 그대로입니다.",
}
LOSS = {"en": "loss", "ja": "損失", "ko": "손실"}
ACCURACY = {"en": "accuracy", "ja": "認識精度", "ko": "정확도"}
MOVES = {"en": "The loss moves at every step", "ja": "損失は毎回動く", "ko": "손실은 매번 움직인다"}
STEPS = {"en": "The accuracy is a staircase", "ja": "認識精度は階段になる", "ko": "정확도는 계단이 된다"}
ALT = {
    "en": "{name} from {first:.4f} to {last:.4f}, with {values:,} different values",
    "ja": "{name}: {first:.4f} から {last:.4f}、異なる値は {values:,} 個",
    "ko": "{name}: {first:.4f}부터 {last:.4f}까지, 서로 다른 값 {values:,}개",
}
X_NAME = {
    "en": "how far the weight is moved, from {low:+g} (= 0) on",
    "ja": "重みの移動量（{low:+g} を 0 とする）",
    "ko": "가중치를 움직인 거리({low:+g}를 0으로)",
}
COUNTED = {"en": "Counted", "ja": "数えてみる", "ko": "세어 보기"}
VALUES = {"en": "different values", "ja": "異なる値の数", "ko": "서로 다른 값"}
SAME = {"en": "steps that change nothing", "ja": "何も変わらない段階", "ko": "아무것도 바뀌지 않는 단계"}
GRADIENT = {"en": "The gradient of each", "ja": "それぞれの勾配", "ko": "각각의 기울기"}
ZERO = {
    "en": "weights of the last layer with slope 0",
    "ja": "最後の層で傾きが 0 の重み",
    "ko": "마지막 층에서 기울기가 0인 가중치",
}
SO = {
    "en": "The slope is the difference quotient with h = {h:g}. That of the accuracy is 0 almost everywhere: it does not say in "
    "which direction the network gets better, so no step can be taken. That of the loss says so for every weight.",
    "ja": "傾きは h = {h:g} の数値微分で求めます。認識精度の傾きはほとんどの場所で 0 になり、どちらへ動かせば良くなるかがわからないので、更新のしようがありません。"
    "損失の傾きは、すべての重みについてそれを教えてくれます。",
    "ko": "기울기는 h = {h:g}인 수치 미분으로 구합니다. 정확도의 기울기는 거의 모든 곳에서 0이라 어느 쪽으로 움직여야 좋아지는지 알 수 없고, 그래서 갱신할 수 없습니다. "
    "손실의 기울기는 모든 가중치에 대해 그것을 알려 줍니다.",
}


def measured(seed=0):
    """(distances, losses, accuracies) of moving one weight, and the slopes of both by each weight of the last layer."""
    split = data().train
    x, t = split.x[:SAMPLES].astype(np.float64), split.t[:SAMPLES]
    network = Network([x.shape[1], 10, 10], activation="sigmoid", init=0.3, seed=seed)
    for _ in range(30):  # a little, so that the accuracy is neither that of guessing nor 1
        for name, gradient in network.gradient(x, t).items():
            network.params[name] -= 0.5 * gradient
    weight = network.params["W2"]
    before = weight[0, 0]
    far = np.linspace(-FAR, FAR, POINTS)
    losses, accuracies = np.empty(POINTS), np.empty(POINTS)
    for i, step in enumerate(far):
        weight[0, 0] = before + step
        losses[i], accuracies[i] = network.loss(x, t), network.accuracy(x, t)
    weight[0, 0] = before
    return far, losses, accuracies, slopes(network.loss, weight, x, t), slopes(network.accuracy, weight, x, t)


def slopes(of, weight, x, t):
    """(f(w + h) - f(w - h)) / 2h for each element of a weight matrix."""
    found = np.empty(weight.shape)
    for index in np.ndindex(weight.shape):
        before = weight[index]
        weight[index] = before + H
        above = of(x, t)
        weight[index] = before - H
        found[index] = (above - of(x, t)) / (2 * H)
        weight[index] = before
    return found


def picture(name, title, far, values):
    """One of the two curves."""
    alt = told(ALT, name=told(name), first=values[0], last=values[-1], values=len(np.unique(values)))
    return curves(told(title), alt, told(X_NAME, low=-FAR), told(name), (told(name), far + FAR, values, False))


def main():
    """Measure, and write the page."""
    far, losses, accuracies, of_loss, of_accuracy = measured()
    rows = [
        (told(name), f"{len(np.unique(values)):,}", f"{np.mean(np.diff(values) == 0):.1%}")
        for name, values in ((LOSS, losses), (ACCURACY, accuracies))
    ]
    zeros = [
        (told(name), f"{np.count_nonzero(found == 0):,} / {found.size:,}")
        for name, found in ((LOSS, of_loss), (ACCURACY, of_accuracy))
    ]
    what = told(WHAT, n=SAMPLES, data=data().name, low=-FAR, high=FAR, points=POINTS)
    write(
        "loss_not_accuracy",
        told(TITLE),
        (
            "moved",
            told(MOVED),
            paragraphs(what) + charts(picture(LOSS, MOVES, far, losses), picture(ACCURACY, STEPS, far, accuracies)),
        ),
        ("counted", told(COUNTED), table(["", told(VALUES), told(SAME)], rows)),
        ("gradient", told(GRADIENT), paragraphs(told(SO, h=H)) + table(["", told(ZERO)], zeros)),
    )


if __name__ == "__main__":
    main()
