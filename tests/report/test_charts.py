"""Curves keep their extremes, stay below their number of points, and stand where the numbers say."""

import re

import numpy as np
import pytest

from zerokara.report.charts import MOST_POINTS, Curve, chart, thinned


def drawn(*curves, **options):
    return chart(curves, title="", alt="", x_name="", y_name="", **options)


def points(path):
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([-\d.]+)", path)]


@pytest.mark.parametrize("n", [1, 2, 1499, 1501, 20_011])
@pytest.mark.parametrize("most", [6, 100, 1500])
def test_thinning_keeps_ends_and_extremes(n, most):
    y = np.random.default_rng(n).normal(size=n)
    kept = thinned(y, most)
    assert len(kept) <= most
    assert (kept[0], kept[-1]) == (0, n - 1)
    assert {y.argmin(), y.argmax()} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()


def test_what_is_not_finite_stays_a_gap():
    y = np.arange(4000.0)
    y[1000:3000] = np.nan
    kept = thinned(y, 100)
    assert np.isnan(y[kept]).any()
    path = drawn(Curve("", "", np.arange(4000), y)).curves[0].path
    assert path.count("M") == 2
    assert "nan" not in path


def test_points_stand_where_their_numbers_are():
    made = drawn(Curve("", "", np.array([0, 5, 10]), np.array([0.0, 0.5, 1.0])), y_range=(0.0, 1.0))
    assert points(made.curves[0].path) == [(0, 1000), (500, 500), (1000, 0)]
    assert [t.text for t in made.y_ticks] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert [t.place for t in made.y_ticks] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])


def test_far_apart_values_get_a_logarithmic_axis_with_true_ticks():
    made = drawn(Curve("", "", np.arange(3), np.array([0.01, 0.1, 1.0])))
    down = [y for _, y in points(made.curves[0].path)]
    assert down[0] - down[1] == pytest.approx(down[1] - down[2], abs=0.2)
    places = {t.text: 1000 * (1 - t.place) for t in made.y_ticks}
    assert [places["0.01"], places["0.1"], places["1"]] == pytest.approx(down, abs=0.2)
    assert "0.05" in places


@pytest.mark.parametrize(
    "losses",
    [[2.3], [np.nan, 2.0], [0.0] * 50, [1.0, 3e38], [1e-300, 1e300], [-1.0, 5.0], [2.0, np.inf, -np.inf, 1.0]],
)
def test_every_course_can_be_drawn(losses):
    made = drawn(Curve("", "", np.arange(len(losses)), np.array(losses)))
    text = made.curves[0].path + made.curves[0].dots
    assert points(text)
    assert all(-1 <= x <= 1001 and -1 <= y <= 1001 for x, y in points(text))
    assert len(made.y_ticks) <= 12
    assert len({t.text for t in made.y_ticks}) == len(made.y_ticks) >= 1


def test_a_lonely_point_is_a_dot_and_none_is_no_chart():
    assert drawn(Curve("", "", np.arange(3), np.array([np.nan, 1.0, np.nan]))).curves[0].dots
    assert drawn(Curve("", "", np.arange(3), np.full(3, np.nan))) is None
    assert drawn() is None


def test_all_curves_together_stay_below_the_number_of_points():
    noise = np.random.default_rng(0).normal(size=50_000)
    made = drawn(*(Curve("", "", np.arange(50_000), noise, marks=bool(k % 2)) for k in range(5)))
    assert sum(len(points(c.path + c.dots)) for c in made.curves) <= MOST_POINTS
