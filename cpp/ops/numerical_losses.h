// Losses of networks that others wrote, which only the numerical gradient knows. To add one: its struct, and its name in the table
// at the end. An entry has what losses.h says but for `backward`, which is for training.
#pragma once

#include "ops/logistic.h"
#include "ops/losses.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// What a clip lets through. T: double or vec; NaN stays NaN.
struct Bounds {
  double low, high;

  template <class T>
  ZEROKARA_ALWAYS_INLINE T clip(T x) const {
    const T least = T{} + low, most = T{} + high;
    x = x < least ? least : x;
    return x > most ? most : x;
  }
  // Those of x - from, for an x with these.
  Bounds relative_to(double from) const { return {low - from, high - from}; }
};

// -t log; a target of 0 takes nothing, also of the logarithm of 0.
inline double minus_log(double t, double log) { return t == 0 && log == -__builtin_inf() ? 0 : -t * log; }

// -Σ t log clip(p, lo, hi).
struct ClippedCrossEntropy {
  static constexpr const char* name = "clipped-cross-entropy";
  static constexpr Names parameters = {"lo", "hi"};
  Bounds log_p = {};

  void take(const double* parameter) { log_p = {::log(parameter[0]), ::log(parameter[1])}; }

  double term(const ClassScore& k, double t) const { return minus_log(t, log_p.clip(k.log_p())); }

  // log p moves by u - log(1 + s), and no further than to its bounds.
  struct Difference {
    static constexpr double farthest = small;

    ZEROKARA_INLINE vec of_class(const Bounds& rise, double t, Pair u, Pair log1p_s) {
      return -t * (rise.clip(u.plus - log1p_s.plus) - rise.clip(u.minus - log1p_s.minus));
    }

    struct Series {
      Bounds log_p;
      ClassRow row;
      ExponentialSum s;

      Series(const ClippedCrossEntropy& op, const ClassRow& classes) : log_p(op.log_p), row(classes) {
        for (long k = row.first; k < row.last; ++k) s.add(row.p[k], row.w(k));
        s.finish();
      }
      vec difference(Pair d) const {
        const Pair log1p_s = log1p_of<true>(s(d));
        vec sum = {};
        for (long k = 0; k < row.classes; ++k)
          if (row.t[k] != 0)
            sum += of_class(log_p.relative_to(row.log_p(k)), row.t[k], {d.plus * row.w(k), d.minus * row.w(k)}, log1p_s);
        return sum;
      }
    };

    template <bool near>
    static vec of(const ClippedCrossEntropy& op, const ScoreRow& row, const Tile* u, int v) {
      Pair s = {};
      for (long k = 0; k < row.classes; ++k) {
        const Pair more = expm1_of<near>(u[k].at[v]);
        s.plus += row.p[k] * more.plus, s.minus += row.p[k] * more.minus;
      }
      const Pair log1p_s = log1p_of<near>(s);
      vec sum = {};
      for (long k = 0; k < row.classes; ++k)
        if (row.t[k] != 0) sum += of_class(op.log_p.relative_to(row.log_p(k)), row.t[k], u[k].at[v], log1p_s);
      return sum;
    }
  };
};

// f(o + u) - f(o) = Σ a[m] u^(m + 1), for |u| <= small.
struct Taylor {
  static constexpr int order = PowerSeries::order;
  double a[order] = {};
};

// The difference of Σ f(o, t), where each class adds what its own score o gives. Such a loss has
//   moved<near>(o, t, u)   the difference of f when o moves by u
//   taylor(o, t)           f near o
//   is_smooth(o)           whether that holds as far as `small`; false near a clip
template <class Op>
struct ClassByClass {
  static constexpr double farthest = small;

  struct Series {
    Op op;
    ClassRow row;
    PowerSeries smooth;
    bool all_are_smooth = true;

    Series(const Op& loss, const ClassRow& classes) : op(loss), row(classes) {
      for (long k = row.first; k < row.last; ++k) {
        all_are_smooth &= op.is_smooth(row.scores[k]);
        if (op.is_smooth(row.scores[k])) add(op.taylor(row.scores[k], row.t[k]), row.w(k));
      }
    }
    void add(const Taylor& f, vec w) {
      vec power = w;
      for (int m = 0; m < f.order; ++m, power *= w) smooth.coefficient[m] += f.a[m] * power;
    }
    ZEROKARA_ALWAYS_INLINE vec difference(Pair d) const {
      const vec sum = smooth(d.plus) - smooth(d.minus);
      return all_are_smooth ? sum : sum + difference_of_others(d);
    }
    vec difference_of_others(Pair d) const {
      vec sum = {};
      for (long k = row.first; k < row.last; ++k)
        if (!op.is_smooth(row.scores[k]))
          sum += op.template moved<true>(row.scores[k], row.t[k], {d.plus * row.w(k), d.minus * row.w(k)});
      return sum;
    }
  };

  template <bool near>
  static vec of(const Op& op, const ScoreRow& row, const Tile* u, int v) {
    vec sum = {};
    for (long k = 0; k < row.classes; ++k) sum += op.template moved<near>(row.scores[k], row.t[k], u[k].at[v]);
    return sum;
  }
};

// ½ Σ (o - t)².
struct IdentitySquared {
  static constexpr const char* name = "identity-squared";
  using Difference = ClassByClass<IdentitySquared>;

  static double term(const ClassScore& k, double t) { return 0.5 * (k.score - t) * (k.score - t); }

  static bool is_smooth(double) { return true; }
  static Taylor taylor(double o, double t) { return {{o - t, 0.5}}; }
  template <bool near>
  static vec moved(double o, double t, Pair u) {
    return 0.5 * (u.plus - u.minus) * (2 * (o - t) + u.plus + u.minus);
  }
};

// s(o) of one class, and 1 - s(o).
struct SigmoidScore {
  double s, rest;

  explicit SigmoidScore(double o) {
    const Logistic at = logistic(splat(o));
    s = at.s[0], rest = at.rest[0];
  }
  // By what share s rises.
  template <bool near>
  Pair rise(Pair u) const {
    const Pair r = {expm1_of<near>(-u.plus), expm1_of<near>(-u.minus)};
    return {logistic_rise<near>(splat(rest), r.plus), logistic_rise<near>(splat(rest), r.minus)};
  }
  // From s' = s (1 - s): what s rises by has the derivative s (1 - s) + (1 - 2 s) rise - rise².
  Taylor taylor() const {
    Taylor rise = {{s * rest}};
    for (int m = 1; m < rise.order; ++m) {
      double next = (rest - s) * rise.a[m - 1];
      for (int i = 0; i < m - 1; ++i) next -= rise.a[i] * rise.a[m - 2 - i];
      rise.a[m] = next / (m + 1);
    }
    return rise;
  }
};

// ½ Σ (s(o) - t)².
struct SigmoidSquared {
  static constexpr const char* name = "sigmoid-squared";
  using Difference = ClassByClass<SigmoidSquared>;

  static double term(const ClassScore& k, double t) {
    const double miss = 1 / (1 + ::exp(-k.score)) - t;
    return 0.5 * miss * miss;
  }

  static bool is_smooth(double) { return true; }
  static Taylor taylor(double o, double t) {
    const SigmoidScore score(o);
    const Taylor rise = score.taylor();
    Taylor f;
    for (int m = 0; m < f.order; ++m) {
      f.a[m] = (score.s - t) * rise.a[m];
      for (int i = 0; i < m; ++i) f.a[m] += 0.5 * rise.a[i] * rise.a[m - 1 - i];
    }
    return f;
  }
  template <bool near>
  static vec moved(double o, double t, Pair u) {
    const SigmoidScore score(o);
    const Pair rise = score.rise<near>(u);
    return 0.5 * score.s * (rise.plus - rise.minus) * (2 * (score.s - t) + score.s * (rise.plus + rise.minus));
  }
};

// log(s(o) + delta) of one class; its loss is -Σ t log(s(o) + delta).
struct LogSigmoid {
  double delta;

  double of(double o) const {
    if (delta != 0) return ::log(1 / (1 + ::exp(-o)) + delta);
    return o < 0 ? o - ::log1p(::exp(o)) : -::log1p(::exp(-o));
  }

  template <bool near>
  vec moved(double o, Pair u) const {
    const SigmoidScore score(o);
    const Pair rise = score.rise<near>(u);
    const double more = delta == 0 ? 0 : 2 * delta / score.s;
    return log_ratio<near>((rise.plus - rise.minus) / (2 + more + rise.plus + rise.minus));
  }

  // From (log s)' = 1 - s, or (s + delta) (log(s + delta))' = s'.
  Taylor taylor(double o) const {
    const SigmoidScore score(o);
    const Taylor rise = score.taylor();
    if (delta == 0) {
      Taylor log = {{score.rest}};
      for (int m = 1; m < log.order; ++m) log.a[m] = -rise.a[m - 1] / (m + 1);
      return log;
    }
    Taylor log;
    for (int m = 0; m < log.order; ++m) {
      double next = (m + 1) * rise.a[m];
      for (int i = 0; i < m; ++i) next -= (i + 1) * log.a[i] * rise.a[m - 1 - i];
      log.a[m] = next / ((m + 1) * (score.s + delta));
    }
    return log;
  }
};

struct SigmoidCrossEntropy {
  static constexpr const char* name = "sigmoid-cross-entropy";
  static constexpr Names parameters = {"delta"};
  using Difference = ClassByClass<SigmoidCrossEntropy>;
  LogSigmoid log_s = {0};

  void take(const double* parameter) { log_s.delta = parameter[0]; }

  double term(const ClassScore& k, double t) const { return of_score(k.score, t); }
  double of_score(double o, double t) const { return minus_log(t, log_s.of(o)); }

  static bool is_smooth(double) { return true; }
  Taylor taylor(double o, double t) const {
    if (t == 0) return {};
    Taylor f = log_s.taylor(o);
    for (double& a : f.a) a *= -t;
    return f;
  }
  template <bool near>
  vec moved(double o, double t, Pair u) const {
    return t == 0 ? vec{} : -t * log_s.moved<near>(o, u);
  }
};

// -Σ [t log(s(o) + delta) + (1 - t) log(1 - s(o) + delta)]; 1 - s(o) is s(-o).
struct Binary {
  static constexpr const char* name = "binary";
  static constexpr Names parameters = {"delta"};
  using Difference = ClassByClass<Binary>;
  SigmoidCrossEntropy own;

  void take(const double* parameter) { own.take(parameter); }

  double term(const ClassScore& k, double t) const { return of_score(k.score, t); }
  double of_score(double o, double t) const { return own.of_score(o, t) + own.of_score(-o, 1 - t); }

  static bool is_smooth(double) { return true; }
  Taylor taylor(double o, double t) const {
    Taylor f = own.taylor(o, t);
    const Taylor of_others = own.taylor(-o, 1 - t);  // in -u
    for (int m = 0; m < f.order; ++m) f.a[m] += m % 2 == 0 ? -of_others.a[m] : of_others.a[m];
    return f;
  }
  template <bool near>
  vec moved(double o, double t, Pair u) const {
    return own.moved<near>(o, t, u) + own.moved<near>(-o, 1 - t, {-u.plus, -u.minus});
  }
};

// The same with clip(s(o), lo, hi) in place of s(o) + delta: it is s of a score that is clipped where s has these values.
template <class Loss>
struct OfClippedScores {
  static constexpr Names parameters = {"lo", "hi"};
  Loss loss;
  Bounds scores;

  void take(const double* parameter) { scores = {logit(parameter[0]), logit(parameter[1])}; }
  static double logit(double s) { return s <= 0 ? -__builtin_inf() : s >= 1 ? __builtin_inf() : ::log(s / (1 - s)); }

  double term(const ClassScore& k, double t) const { return loss.of_score(scores.clip(k.score), t); }

  bool is_smooth(double o) const { return ::fabs(o - scores.low) > small && ::fabs(o - scores.high) > small; }
  Taylor taylor(double o, double t) const { return scores.clip(o) == o ? loss.taylor(o, t) : Taylor(); }
  template <bool near>
  vec moved(double o, double t, Pair u) const {
    const double from = scores.clip(o), beyond = o - from;
    const Bounds rise = scores.relative_to(from);
    return loss.template moved<near>(from, t, {rise.clip(beyond + u.plus), rise.clip(beyond + u.minus)});
  }
};

struct SigmoidClippedCrossEntropy : OfClippedScores<SigmoidCrossEntropy> {
  static constexpr const char* name = "sigmoid-clipped-cross-entropy";
  using Difference = ClassByClass<SigmoidClippedCrossEntropy>;
};

struct BinaryClipped : OfClippedScores<Binary> {
  static constexpr const char* name = "binary-clipped";
  using Difference = ClassByClass<BinaryClipped>;
};

using NumericalLosses =
    decltype(LossTable::and_also<ClippedCrossEntropy, IdentitySquared, SigmoidSquared, SigmoidCrossEntropy,
                                 SigmoidClippedCrossEntropy, Binary, BinaryClipped>());

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
