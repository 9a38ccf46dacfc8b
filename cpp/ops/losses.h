// The losses of softmax(o), o the scores. To add one: its struct, and its name in the table at the end.
//
// A loss is a sum over the classes, mean over the samples. An entry has
//   name          as in zerokara.nn.functions
//   term(k, t)    what class k with target t adds: the definition, in double precision
//   backward(s)   for training, on targets that are labels: the loss of sample s, and ∂L/∂o in its values
//   Difference    L(o + u(+)) - L(o + u(-)) for the numerical gradient, without rounding either; NoClosedDifference where there
//                 is none: then the definition is evaluated at both points, which costs time and their rounding
// and a closed difference has
//   farthest      the shifts |u| up to which its series hold: `small`, or less
//   Series        the difference for one sample while all shifts are at most that; see ClassRow
//   of<near>      the difference for shifts of the scores u, (classes,) tiles, none beyond `small` or else beyond `medium`
// both given the loss, with its parameters (table.h), which the numerical gradient of others' networks sets. More losses, for such
// networks only, are in numerical_losses.h.
#pragma once

#include "ops/entries.h"
#include "ops/softmax.h"
#include "ops/softmax_differences.h"
#include "ops/table.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// What the textbook adds inside the logarithm of its cross entropy (chapter 4.2.2).
constexpr double textbook_epsilon = 1e-7;

struct NoClosedDifference {};
template <class Op>
constexpr bool has_closed_difference = !__is_same(typename Op::Difference, NoClosedDifference);

// One class of a sample: its score, the highest score, and Σ exp of the scores less that.
struct ClassScore {
  double score, highest, sum;
  double p() const { return ::exp(score - highest) / sum; }
  double log_p() const { return score - highest - ::log(sum); }
};

// -Σ t log p.
struct CrossEntropy {
  static constexpr const char* name = "cross-entropy";

  static double term(const ClassScore& k, double t) { return -t * k.log_p(); }

  // ∂L/∂o = (p - t) / n.
  template <class T>
  static SampleLoss backward(const SoftmaxSample<T>& s) {
    scale(s.values, s.padded, s.each / s.e.sum);
    s.values[s.label] = (s.own - T(1)) * s.each;
    // The other classes add 0 · log p, which is NaN where a score is infinite.
    return {static_cast<double>(s.e.sum), static_cast<double>(s.e.highest - s.own_score + s.e.zero)};
  }

  // log Σ exp moves by log(1 + s), and Σ t o by Σ t u.
  struct Difference {
    static constexpr double farthest = small;

    struct Series {
      ExponentialSum s;
      vec slope = {};
      double total = 0;

      Series(const CrossEntropy&, const ClassRow& row) {
        for (long k = 0; k < row.classes; ++k) total += row.t[k];
        for (long k = row.first; k < row.last; ++k) {
          s.add(row.p[k], row.w(k));
          slope += row.t[k] * row.w(k);
        }
        s.finish();
      }
      vec difference(Pair d) const { return total * log1p_difference<true>(s(d)) - slope * (d.plus - d.minus); }
    };

    template <bool near>
    static vec of(const CrossEntropy&, const ScoreRow& row, const Tile* u, int v) {
      Pair s = {};
      vec slope = {};
      double total = 0;
      for (long k = 0; k < row.classes; ++k) {
        const Pair shift = u[k].at[v], more = expm1_of<near>(shift);
        s.plus += row.p[k] * more.plus, s.minus += row.p[k] * more.minus;
        slope += row.t[k] * (shift.plus - shift.minus);
        total += row.t[k];
      }
      return total * log1p_difference<near>(s) - slope;
    }
  };
};

// -Σ t log(p + 1e-7): cross_entropy_error of the textbook (chapter 4.2.4).
struct Textbook {
  static constexpr const char* name = "textbook";
  static constexpr Names parameters = {"delta"};
  double delta = textbook_epsilon;

  void take(const double* parameter) { delta = parameter[0]; }

  double term(const ClassScore& k, double t) const { return -t * ::log(k.p() + delta); }

  // ∂L/∂p = -1 / (p + 1e-7) / n of the label's class, and 0 of the others.
  template <class T>
  static SampleLoss backward(const SoftmaxSample<T>& s) {
    s.normalize();
    backward_from_label(s, -s.each / (s.own + T(textbook_epsilon)));
    return {1 / static_cast<double>(s.own + T(textbook_epsilon)), 0};
  }

  struct Difference {
    static constexpr double farthest = small;

    // Of one class: -t log(p' + delta).
    template <bool near>
    ZEROKARA_INLINE vec of_class(double delta, const Normalizer& scale, double p, double t, Pair v) {
      const vec rise = p * ((v.plus - v.minus) * scale.at.plus + (1.0 + v.minus) * scale.difference);
      const vec sum = p * ((1.0 + v.plus) * scale.at.plus + (1.0 + v.minus) * scale.at.minus) + 2 * delta;
      return -t * log_ratio<near>(rise / sum);
    }

    struct Series {
      double delta;
      ClassRow row;
      ExponentialSum s;

      Series(const Textbook& op, const ClassRow& classes) : delta(op.delta), row(classes) {
        for (long k = row.first; k < row.last; ++k) s.add(row.p[k], row.w(k));
        s.finish();
      }
      vec difference(Pair d) const {
        const Normalizer scale = normalizer<true>(s(d));
        vec sum = {};
        for (long k = 0; k < row.classes; ++k) {
          if (row.t[k] == 0) continue;
          const Pair u = {d.plus * row.w(k), d.minus * row.w(k)};
          sum += of_class<true>(delta, scale, row.p[k], row.t[k], expm1_of<true>(u));
        }
        return sum;
      }
    };

    template <bool near>
    static vec of(const Textbook& op, const ScoreRow& row, const Tile* u, int v) {
      Pair s = {};
      for (long k = 0; k < row.classes; ++k) {
        const Pair more = expm1_of<near>(u[k].at[v]);
        s.plus += row.p[k] * more.plus, s.minus += row.p[k] * more.minus;
      }
      const Normalizer scale = normalizer<near>(s);
      vec sum = {};
      for (long k = 0; k < row.classes; ++k)
        if (row.t[k] != 0) sum += of_class<near>(op.delta, scale, row.p[k], row.t[k], expm1_of<near>(u[k].at[v]));
      return sum;
    }
  };
};

// ½ Σ (p - t)² (textbook, chapter 4.2.1).
struct Squared {
  static constexpr const char* name = "squared";

  static double term(const ClassScore& k, double t) { return 0.5 * (k.p() - t) * (k.p() - t); }

  // ∂L/∂p = (p - t) / n, and ∂L/∂o = p (g - Σ g p) with that for g. The label's own term apart, because Σ p² - 2p + 1 would
  // cancel where p is nearly 1.
  template <class T>
  static SampleLoss backward(const SoftmaxSample<T>& s) {
    T* p = s.values;
    s.normalize();
    p[s.label] = 0;
    Vector<T> squares = {};
    for (long k = 0; k < s.padded; k += lanes<T>) squares = fma(load(p + k), load(p + k), squares);
    const T others = sum_of<T, vector_bytes>(squares), miss = s.own - T(1), mean = (others + miss * s.own) * s.each;
    for (long k = 0; k < s.padded; k += lanes<T>) store(p + k, load(p + k) * (load(p + k) * s.each - mean));
    p[s.label] = s.own * (miss * s.each - mean);
    return {1, 0.5 * (static_cast<double>(others) + static_cast<double>(miss) * static_cast<double>(miss))};
  }

  // From q = Σ p² and r = Σ p t, and how much exp(u) adds to them.
  struct Difference {
    static constexpr double farthest = small / 2;  // p² moves as exp(2 u): twice as far

    ZEROKARA_INLINE vec of_sums(const Normalizer& scale, double q, Pair more_q, double r, Pair more_r) {
      const vec squares = (more_q.plus - more_q.minus) * scale.at.plus * scale.at.plus +
                          (q + more_q.minus) * scale.difference * (scale.at.plus + scale.at.minus);
      const vec products = (more_r.plus - more_r.minus) * scale.at.plus + (r + more_r.minus) * scale.difference;
      return 0.5 * squares - products;
    }

    struct Series {
      ExponentialSum s, q, r;
      double q0 = 0, r0 = 0;

      Series(const Squared&, const ClassRow& row) {
        for (long k = 0; k < row.classes; ++k) q0 += row.p[k] * row.p[k], r0 += row.p[k] * row.t[k];
        for (long k = row.first; k < row.last; ++k) {
          s.add(row.p[k], row.w(k));
          q.add(row.p[k] * row.p[k], 2.0 * row.w(k));
          r.add(row.p[k] * row.t[k], row.w(k));
        }
        s.finish(), q.finish(), r.finish();
      }
      vec difference(Pair d) const { return of_sums(normalizer<true>(s(d)), q0, q(d), r0, r(d)); }
    };

    template <bool near>
    static vec of(const Squared&, const ScoreRow& row, const Tile* u, int v) {
      Pair s = {}, more_q = {}, more_r = {};
      double q = 0, r = 0;
      for (long k = 0; k < row.classes; ++k) {
        const Pair more = expm1_of<near>(u[k].at[v]);
        const double p = row.p[k], pp = p * p, pt = p * row.t[k];
        s.plus += p * more.plus, s.minus += p * more.minus;
        more_q.plus += pp * more.plus * (2.0 + more.plus), more_q.minus += pp * more.minus * (2.0 + more.minus);
        more_r.plus += pt * more.plus, more_r.minus += pt * more.minus;
        q += pp, r += pt;
      }
      return of_sums(normalizer<near>(s), q, more_q, r, more_r);
    }
  };
};

using LossTable = Table<CrossEntropy, Textbook, Squared>;

// Scores o of one sample → ∂L/∂o of the mean loss L, in place. `each` is 1 / batch size.
template <class T>
SampleLoss loss_and_delta(Loss loss, T* scores, const T* padding, long padded, long label, T each) {
  SoftmaxSample<T> sample = {scores, padded, label, scores[label], {}, 0, each};
  sample.e = exponentials(scores, padding, padded);
  sample.own = scores[label] / sample.e.sum;
  SampleLoss found = {};
  LossTable::visit(loss, [&](auto op) { found = op.backward(sample); });
  return found;
}

// The loss of one sample with scores o, by its definition. score(k) gives o[k].
template <class Op, class Score>
double plain_loss(Op op, const ScoreRow& row, Score score) {
  double most = score(0), sum = 0, total = 0;
  for (long k = 1; k < row.classes; ++k) most = score(k) > most ? score(k) : most;
  for (long k = 0; k < row.classes; ++k) sum += ::exp(score(k) - most);
  for (long k = 0; k < row.classes; ++k) total += op.term(ClassScore{score(k), most, sum}, row.t[k]);
  return total;
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
