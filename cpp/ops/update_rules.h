// The update rules: what an optimizer makes of a gradient. To add one: its struct, and its name in the table at the end.
//
// An entry has
//   name, settings, slots     as in zerokara.training.optimizers; the binding hands both over in this order
//   skips_zero_gradients      whether a gradient of 0 leaves a parameter and its slots as they are
//   start(settings, steps)    before the first update of a call, when `steps` were done before it
//   next()                    before every update
//   update(g, p, slots...)    one update of a vector of parameters p by their gradients g
// Its members are the numbers of the formula in the network's dtype; what the schedule needs between updates stays in double.
#pragma once

#include <math.h>

#include "ops/entries.h"
#include "ops/table.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// What AdaGrad, RMSProp and Adam add to the root they divide by.
constexpr double rule_epsilon = 1e-7;

// p ← p - η g.
template <class T>
struct Sgd {
  static constexpr const char* name = "sgd";
  static constexpr Names settings = {"learning_rate"}, slots = {};
  static constexpr bool skips_zero_gradients = true;
  T rate;

  void start(const double* setting, double) { rate = T(setting[0]); }
  void next() {}
  ZEROKARA_ALWAYS_INLINE void update(Vector<T> g, Vector<T>& p) const { p = fma(-splat(rate), g, p); }
};

// v ← μ v - η g;  p ← p + v.
template <class T>
struct Momentum {
  static constexpr const char* name = "momentum";
  static constexpr Names settings = {"learning_rate", "momentum"}, slots = {"v"};
  static constexpr bool skips_zero_gradients = false;
  T rate, momentum;

  void start(const double* setting, double) { rate = T(setting[0]), momentum = T(setting[1]); }
  void next() {}
  ZEROKARA_ALWAYS_INLINE void update(Vector<T> g, Vector<T>& p, Vector<T>& v) const {
    v = fma(splat(momentum), v, -splat(rate) * g);
    p = p + v;
  }
};

// v ← μ v - η g;  p ← p + μ v - η g.
template <class T>
struct Nesterov {
  static constexpr const char* name = "nesterov";
  static constexpr Names settings = {"learning_rate", "momentum"}, slots = {"v"};
  static constexpr bool skips_zero_gradients = false;
  T rate, momentum;

  void start(const double* setting, double) { rate = T(setting[0]), momentum = T(setting[1]); }
  void next() {}
  ZEROKARA_ALWAYS_INLINE void update(Vector<T> g, Vector<T>& p, Vector<T>& v) const {
    const Vector<T> step = -splat(rate) * g;
    v = fma(splat(momentum), v, step);
    p = p + fma(splat(momentum), v, step);
  }
};

// h ← h + g²;  p ← p - η g / (√h + ε).
template <class T>
struct AdaGrad {
  static constexpr const char* name = "adagrad";
  static constexpr Names settings = {"learning_rate"}, slots = {"h"};
  static constexpr bool skips_zero_gradients = false;
  T rate;

  void start(const double* setting, double) { rate = T(setting[0]); }
  void next() {}
  ZEROKARA_ALWAYS_INLINE void update(Vector<T> g, Vector<T>& p, Vector<T>& h) const {
    h = fma(g, g, h);
    p = p - rate * g / (root(h) + T(rule_epsilon));
  }
};

// h ← ρ h + (1 - ρ) g²;  p ← p - η g / (√h + ε).
template <class T>
struct RmsProp {
  static constexpr const char* name = "rmsprop";
  static constexpr Names settings = {"learning_rate", "decay"}, slots = {"h"};
  static constexpr bool skips_zero_gradients = false;
  T rate, decay, rest;

  void start(const double* setting, double) { rate = T(setting[0]), decay = T(setting[1]), rest = T(1 - setting[1]); }
  void next() {}
  ZEROKARA_ALWAYS_INLINE void update(Vector<T> g, Vector<T>& p, Vector<T>& h) const {
    h = fma(splat(decay), h, rest * g * g);
    p = p - rate * g / (root(h) + T(rule_epsilon));
  }
};

// m ← m + (1 - β₁)(g - m);  v ← v + (1 - β₂)(g² - v);  p ← p - ηₜ m / (√v + ε), where ηₜ = η √(1 - β₂ᵗ) / (1 - β₁ᵗ) corrects both
// means for their start at 0.
template <class T>
struct Adam {
  static constexpr const char* name = "adam";
  static constexpr Names settings = {"learning_rate", "beta1", "beta2"}, slots = {"m", "v"};
  static constexpr bool skips_zero_gradients = false;
  T rate, rest1, rest2;
  double learning_rate, beta1, beta2, t;

  void start(const double* setting, double steps) {
    learning_rate = setting[0], beta1 = setting[1], beta2 = setting[2], t = steps;
    rest1 = T(1 - beta1), rest2 = T(1 - beta2);
  }
  void next() {
    t += 1;
    rate = T(learning_rate * ::sqrt(1 - ::pow(beta2, t)) / (1 - ::pow(beta1, t)));
  }
  ZEROKARA_ALWAYS_INLINE void update(Vector<T> g, Vector<T>& p, Vector<T>& m, Vector<T>& v) const {
    m = fma(splat(rest1), g - m, m);
    v = fma(splat(rest2), g * g - v, v);
    p = p - rate * m / (root(v) + T(rule_epsilon));
  }
};

// Adam with Nesterov's look ahead (Dozat 2016, as in PyTorch). With μₜ = β₁ (1 - ½ 0.96^(0.004 t)) and Πₜ = μ₁ … μₜ:
// p ← p - η ((1 - μₜ) / (1 - Πₜ) g + μₜ₊₁ / (1 - Πₜ₊₁) m) / (√(v / (1 - β₂ᵗ)) + 1e-8).
template <class T>
struct Nadam {
  static constexpr const char* name = "nadam";
  static constexpr Names settings = {"learning_rate", "beta1", "beta2"}, slots = {"m", "v"};
  static constexpr bool skips_zero_gradients = false;
  T of_gradient, of_mean, rest1, rest2, corrected;
  double learning_rate, beta1, beta2, t, product;

  void start(const double* setting, double steps) {
    learning_rate = setting[0], beta1 = setting[1], beta2 = setting[2];
    rest1 = T(1 - beta1), rest2 = T(1 - beta2);
    product = 1;
    for (t = 0; t < steps && t < settled;) product *= momentum(++t);
    t = steps;
  }
  void next() {
    t += 1;
    if (t <= settled) product *= momentum(t);
    const double ahead = momentum(t + 1);
    of_gradient = T(learning_rate * (1 - momentum(t)) / (1 - product));
    of_mean = T(learning_rate * ahead / (1 - product * ahead));
    corrected = T(1 / (1 - ::pow(beta2, t)));
  }
  ZEROKARA_ALWAYS_INLINE void update(Vector<T> g, Vector<T>& p, Vector<T>& m, Vector<T>& v) const {
    m = fma(splat(rest1), g - m, m);
    v = fma(splat(rest2), g * g - v, v);
    p = p - fma(splat(of_mean), m, of_gradient * g) / (root(corrected * v) + T(1e-8));
  }

 private:
  // From here on Πₜ < 2⁻⁶², since μ is at most 0.506 until then: 1 - Πₜ is 1 to the last bit, whatever else is multiplied.
  static constexpr double settled = 64;
  double momentum(double number) const { return beta1 * (1 - 0.5 * ::pow(0.96, number * 0.004)); }
};

// The list of all rules is written once: TABLE is Table, or what holds one of each.
template <class T, template <class...> class TABLE>
using EachUpdateRule = TABLE<Sgd<T>, Momentum<T>, Nesterov<T>, AdaGrad<T>, RmsProp<T>, Adam<T>, Nadam<T>>;
template <class T>
using UpdateRules = EachUpdateRule<T, Table>;

// An optimizer at work: room for the numbers of any rule, of which only this job's are set.
template <class... Rules>
struct AnyRule : Rules... {};

template <class T>
class Optimizer {
 public:
  static constexpr int most_slots = 2;

  Optimizer(UpdateRule rule, const double* settings, double steps) : rule_(rule) {
    UpdateRules<T>::visit(rule_, [&](auto r) { of(r).start(settings, steps); });
  }
  void next() {
    UpdateRules<T>::visit(rule_, [&](auto r) { of(r).next(); });
  }
  bool skips_zero_gradients() const {
    bool skips = false;
    UpdateRules<T>::visit(rule_, [&](auto r) { skips = r.skips_zero_gradients; });
    return skips;
  }

  // One update of `count` parameters in whole vectors. Slot s of them begins at slots[s] + at.
  void apply(const T* gradient, T* param, T* const* slots, long at, long count) const {
    UpdateRules<T>::visit(rule_, [&](auto r) {
      using Rule = decltype(r);
      constexpr int slot_count = Rule::slots.count();
      static_assert(slot_count <= most_slots);
      const Rule numbers = static_cast<const Rule&>(all_);  // a copy, so that stores cannot change it
      T *const u = slot_count > 0 ? slots[0] + at : nullptr, *const v = slot_count > 1 ? slots[1] + at : nullptr;
      for (long k = 0; k < count; k += lanes<T>) {
        const Vector<T> g = load(gradient + k);
        Vector<T> p = load(param + k);
        if constexpr (slot_count == 0) {
          numbers.update(g, p);
        } else {
          Vector<T> first = load(u + k);
          if constexpr (slot_count == 1) {
            numbers.update(g, p, first);
          } else {
            Vector<T> second = load(v + k);
            numbers.update(g, p, first, second);
            store(v + k, second);
          }
          store(u + k, first);
        }
        store(param + k, p);
      }
    });
  }

 private:
  template <class Rule>
  Rule& of(Rule) {
    return static_cast<Rule&>(all_);
  }

  UpdateRule rule_;
  EachUpdateRule<T, AnyRule> all_;
};

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
