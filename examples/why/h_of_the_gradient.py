"""What h does to a numerical gradient: too large, and the curve bends; too small, and the digits run out.

Textbook, chapter 4.3.1. The best h of a difference is known (Press et al., Numerical Recipes, 5.7): about ε^(1/3) for a
central one and ε^(1/2) for a forward one, where ε is the rounding of the numbers that are used.
"""

import numpy as np
from pages import charts, curves, data, paragraphs, table, told, write

from zerokara import Network

SAMPLES, EACH = 20, 4
EXPONENTS = np.arange(0, 12 * EACH + 1) / EACH
"""n of h = 10⁻ⁿ, from 1 to 10⁻¹²."""

TITLE = {
    "en": "What h does to a numerical gradient",
    "ja": "h は数値微分の何を変えるのか",
    "ko": "h는 수치 미분의 무엇을 바꾸는가",
}
ERROR = {
    "en": "The error of the gradient, for each h",
    "ja": "h ごとの勾配の誤差",
    "ko": "h마다의 기울기 오차",
}
WHAT = {
    "en": "The gradient of the loss by the {n} weights of the last layer, by difference quotients and by backpropagation. The "
    "error is the largest difference of the two, divided by the largest slope.",
    "ja": "最後の層の重み {n} 個による損失の勾配を、数値微分と誤差逆伝播法で求めます。誤差は、両者の差の最大値を最大の傾きで割ったものです。",
    "ko": "마지막 층의 가중치 {n}개에 대한 손실의 기울기를 수치 미분과 오차역전파법으로 구합니다. 오차는 두 값의 가장 큰 차이를 가장 큰 기울기로 나눈 것입니다.",
}
X_NAME = {"en": "n of h = 10⁻ⁿ", "ja": "h = 10⁻ⁿ の n", "ko": "h = 10⁻ⁿ의 n"}
Y_NAME = {"en": "relative error", "ja": "相対誤差", "ko": "상대 오차"}
CENTRAL = {"en": "central, float64", "ja": "中心差分、float64", "ko": "중심 차분, float64"}
FORWARD = {"en": "forward, float64", "ja": "前方差分、float64", "ko": "전방 차분, float64"}
SINGLE = {"en": "central, float32", "ja": "中心差分、float32", "ko": "중심 차분, float32"}
ALT = {
    "en": "Three curves like a V. Their lowest points: {best}.",
    "ja": "V 字形の曲線が 3 本。いちばん低い点: {best}。",
    "ko": "V자 모양의 곡선 셋. 가장 낮은 점: {best}.",
}
BEST = {"en": "The best h", "ja": "いちばん良い h", "ko": "가장 좋은 h"}
HEAD = {
    "en": ["", "best h", "error there", "error at h = 1e-4"],
    "ja": ["", "最良の h", "そこでの誤差", "h = 1e-4 での誤差"],
    "ko": ["", "가장 좋은 h", "그때의 오차", "h = 1e-4일 때의 오차"],
}
WHY = {
    "en": "On the left, h is too large: the loss is no straight line between the two points, and the error falls with h² for a "
    "central difference, with h for a forward one. On the right, h is too small: the two losses are equal in nearly all of their "
    "digits, and what is left of their difference is rounding, divided by a tiny h.",
    "ja": "左側では h が大きすぎます。2 点の間で損失は直線ではなく、誤差は中心差分なら h²、前方差分なら h に比例して減ります。右側では h が小さすぎます。"
    "2 つの損失はほとんどの桁が同じで、差として残るのは丸め誤差だけです。それを小さな h で割ることになります。",
    "ko": "왼쪽에서는 h가 너무 큽니다. 두 점 사이에서 손실은 직선이 아니며, 오차는 중심 차분이면 h², 전방 차분이면 h에 비례해 줄어듭니다. 오른쪽에서는 h가 너무 작습니다. "
    "두 손실은 거의 모든 자릿수가 같아서 차이로 남는 것은 반올림 오차뿐이고, 그것을 아주 작은 h로 나누게 됩니다.",
}
TEXTBOOK = {
    "en": "The textbook's h = 1e-4 with a central difference in float64 is near the best. In float32 the same h is mostly rounding: "
    "that is why zerokara refuses a numerical gradient on a float32 network.",
    "ja": "教科書の h = 1e-4 は、float64 の中心差分なら最良に近い値です。float32 では同じ h だとほとんどが丸め誤差になります。"
    "zerokara が float32 のネットワークで数値微分を断るのはこのためです。",
    "ko": "교재의 h = 1e-4는 float64의 중심 차분이라면 가장 좋은 값에 가깝습니다. float32에서는 같은 h로는 거의 반올림 오차만 남습니다. "
    "zerokara가 float32 신경망에서 수치 미분을 거절하는 까닭입니다.",
}


def loss(params, x, t):
    """Sigmoid, softmax and cross entropy of a two-layer network, in the type of its arrays."""
    z = 1 / (1 + np.exp(-(x @ params["W1"] + params["b1"])))
    scores = z @ params["W2"] + params["b2"]
    scores = scores - scores.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(x)), t])


def differences(params, x, t, h, forward):
    """(f(w + h) - f(w - h)) / 2h, or (f(w + h) - f(w)) / h, for each element of W2."""
    weight = params["W2"]
    found = np.empty(weight.shape)
    kind, here = weight.dtype.type, loss(params, x, t)
    for index in np.ndindex(weight.shape):
        before = weight[index]
        weight[index] = before + kind(h)
        above = loss(params, x, t)
        weight[index] = before - kind(h)
        below = here if forward else loss(params, x, t)
        weight[index] = before
        found[index] = (above - below) / kind(h if forward else 2 * h)
    return found


def measured():
    """(len(EXPONENTS),) relative errors of each kind of difference."""
    split = data().train
    x, t = split.x[:SAMPLES].astype(np.float64), split.t[:SAMPLES]
    network = Network([x.shape[1], 8, 10], activation="sigmoid", init="xavier", seed=1)
    exact = network.gradient(x, t)["W2"]
    errors = {}
    for name, kind, forward in (("central", np.float64, False), ("forward", np.float64, True), ("single", np.float32, False)):
        params = {key: array.astype(kind) for key, array in network.params.items()}
        found = [differences(params, x.astype(kind), t, 10.0**-n, forward) for n in EXPONENTS]
        errors[name] = np.array([np.abs(one - exact).max() / np.abs(exact).max() for one in found])
    return errors, exact.size


def main():
    """Measure, and write the page."""
    errors, size = measured()
    names = {"central": told(CENTRAL), "forward": told(FORWARD), "single": told(SINGLE)}
    best = {key: int(values.argmin()) for key, values in errors.items()}
    rows = [
        (names[key], f"{10.0 ** -EXPONENTS[best[key]]:.1e}", f"{values[best[key]]:.1e}", f"{values[4 * EACH]:.1e}")
        for key, values in errors.items()
    ]
    alt = told(ALT, best="; ".join(f"{name}: h = {h}" for name, h, *_ in rows))
    lines = [(names[key], EXPONENTS, values, True) for key, values in errors.items()]
    drawn = charts(curves(told(Y_NAME), alt, told(X_NAME), told(Y_NAME), *lines))
    write(
        "h_of_the_gradient",
        told(TITLE),
        ("error", told(ERROR), paragraphs(told(WHAT, n=size)) + drawn + paragraphs(told(WHY))),
        ("best", told(BEST), table(HEAD[_language()], rows) + paragraphs(told(TEXTBOOK))),
    )


def _language():
    from zerokara.words import language

    return language()


if __name__ == "__main__":
    main()
