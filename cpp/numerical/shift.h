// Any unit, any shift: move one unit to its two points and evaluate what follows again. One lane is one input.
//
// The moved unit shifts the next layer by a rank-one update, the layers beyond by matrix products.
#pragma once

#include <math.h>

#include "ops/softmax_differences.h"
#include "numerical/pass.h"
#include "ops/vector_math.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// Some inputs of one sample at both points.
constexpr int tile_vectors = 2;
constexpr int tile_inputs = tile_vectors * width;
struct Tile {
  Pair at[tile_vectors];
};

template <class Function>
ZEROKARA_INLINE Tile map(const Tile& tile, Function f) {
  Tile result;
  for (int v = 0; v < tile_vectors; ++v) result.at[v] = {f(tile.at[v].plus), f(tile.at[v].minus)};
  return result;
}

enum class ShiftSize { zero, small, medium, large };

ZEROKARA_INLINE bool any(Bits<double> lanes_where) {
  std::uint64_t bits = 0;
  for (int i = 0; i < width; ++i) bits |= lanes_where[i];
  return bits != 0;
}

// The size of the largest shift of `count` tiles.
ZEROKARA_INLINE ShiftSize size_of_shifts(const Tile* tiles, long count) {
  Bits<double> moved = {}, beyond_small = {}, beyond_medium = {};
  const auto note = [&](vec shift) {
    const vec size = larger(shift, -shift);
    moved |= ~Bits<double>(size <= 0.0);  // not >, so that NaN counts as large
    beyond_small |= ~Bits<double>(size <= small);
    beyond_medium |= ~Bits<double>(size <= medium);
  };
  for (long i = 0; i < count; ++i)
    for (const Pair& pair : tiles[i].at) note(pair.plus), note(pair.minus);
  if (any(beyond_medium)) return ShiftSize::large;
  if (any(beyond_small)) return ShiftSize::medium;
  return any(moved) ? ShiftSize::small : ShiftSize::zero;
}

ZEROKARA_INLINE vec activated(Activation activation, vec a) {
  switch (activation) {
    case Activation::relu: return relu<double>(a);
    case Activation::tanh: return tanh<double>(a);
    default: return sigmoid<double>(a);
  }
}

// From shifts of the score of one unit, `at` in the arrays of its layer, to shifts of its output. See SmoothUnits.
ZEROKARA_INLINE Tile moved_unit(Activation activation, const LayerTrace& layer, long at, ShiftSize shift_size, const Tile& shift) {
  const double a = layer.score[at];
  if (activation == Activation::relu)
    return map(shift, [&](vec e) { return a > 0 ? larger(e, splat(-a)) : larger(a + e, vec{}); });
  if (shift_size == ShiftSize::large)
    return map(shift, [&](vec e) { return activated(activation, a + e) - layer.output[at]; });
  // Twice a small shift may be beyond `small`; twice a medium one is so little beyond that the long series still suffices.
  const bool near = shift_size != ShiftSize::medium && activation != Activation::tanh;
  const double slope = layer.slope[at], rest = layer.rest[at], twice = activation == Activation::tanh ? -2 : -1;
  return map(shift, [&](vec e) {
    const vec r = near ? expm1_small(twice * e) : expm1_medium(twice * e);
    return -slope * r / (1.0 + rest * r);
  });
}

// Columns first, ..., first + count - 1 of in * weight.
template <int count>
void multiply_columns(const Tile* in, const LayerTrace& layer, long first, Tile* out) {
  Tile sum[count] = {};
  for (long i = 0; i < layer.fan_in; ++i) {
    const double* w = layer.weight + i * layer.fan_out + first;
    for (int k = 0; k < count; ++k)
      for (int v = 0; v < tile_vectors; ++v) {
        sum[k].at[v].plus += in[i].at[v].plus * w[k];
        sum[k].at[v].minus += in[i].at[v].minus * w[k];
      }
  }
  for (int k = 0; k < count; ++k) out[first + k] = sum[k];
}

ZEROKARA_INLINE void multiply(const Tile* in, const LayerTrace& layer, Tile* out) {
  constexpr int together = vector_bytes == 64 ? 4 : 2;  // whose sums stay in registers
  long first = 0;
  for (; first + together <= layer.fan_out; first += together) multiply_columns<together>(in, layer, first, out);
  for (; first < layer.fan_out; ++first) multiply_columns<1>(in, layer, first, out);
}

// From shifts of the score of one unit to shifts of the last scores; null if nothing moves. room: two layers of tiles.
inline const Tile* moved_scores(const NumericalPass& pass, int layer, long n, long unit, const Tile& shift, Tile* room, long widest) {
  const int last = pass.job->layers - 1;
  const LayerTrace* traces = pass.traces;
  Tile *now = room, *next = room + widest;
  if (layer == last) {
    for (long k = 0; k < traces[last].fan_out; ++k) now[k] = k == unit ? shift : Tile{};
    return now;
  }
  const Activation activation = pass.job->activation;
  const Tile moved = moved_unit(activation, traces[layer], n * traces[layer].width + unit, size_of_shifts(&shift, 1), shift);
  if (size_of_shifts(&moved, 1) == ShiftSize::zero) return nullptr;
  const LayerTrace* following = traces + layer + 1;
  for (long m = 0; m < following->fan_out; ++m) {
    const double w = following->weight[unit * following->fan_out + m];
    now[m] = map(moved, [&](vec d) { return d * w; });
  }
  for (; following < traces + last; ++following) {
    const ShiftSize shift_size = size_of_shifts(now, following->fan_out);
    for (long m = 0; m < following->fan_out; ++m)
      now[m] = moved_unit(activation, *following, n * following->width + m, shift_size, now[m]);
    multiply(now, following[1], next);
    Tile* free = now;
    now = next, next = free;
  }
  return now;
}

// What one sample brings to its loss.
struct ScoreRow {
  const double *scores, *p, *t;
  long classes;
};

ZEROKARA_INLINE ScoreRow score_row(const NumericalPass& pass, long n) {
  const LayerTrace& last = pass.traces[pass.job->layers - 1];
  return {last.score + n * last.width, pass.probability + n * last.fan_out, pass.targets + n * last.fan_out, last.fan_out};
}

// The loss of scores o, by its definition. score(k) gives o[k].
template <class Score>
double plain_loss(Loss loss, const ScoreRow& row, Score score) {
  double most = score(0), sum = 0, total = 0;
  for (long k = 1; k < row.classes; ++k) most = score(k) > most ? score(k) : most;
  for (long k = 0; k < row.classes; ++k) sum += ::exp(score(k) - most);
  for (long k = 0; k < row.classes; ++k) {
    const double o = score(k) - most, t = row.t[k];
    const auto p = [&] { return ::exp(o) / sum; };
    switch (loss) {
      case Loss::cross_entropy: total += t * (::log(sum) - o); break;
      case Loss::textbook: total -= t * ::log(p() + textbook_epsilon); break;
      case Loss::squared: total += 0.5 * (p() - t) * (p() - t); break;
    }
  }
  return total;
}

template <bool near>
vec cross_entropy_difference(const ScoreRow& row, const Tile* u, int v) {
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

template <bool near>
vec textbook_difference(const ScoreRow& row, const Tile* u, int v) {
  Pair s = {};
  for (long k = 0; k < row.classes; ++k) {
    const Pair more = expm1_of<near>(u[k].at[v]);
    s.plus += row.p[k] * more.plus, s.minus += row.p[k] * more.minus;
  }
  const Normalizer scale = normalizer<near>(s);
  vec sum = {};
  for (long k = 0; k < row.classes; ++k)
    if (row.t[k] != 0) sum += textbook_difference<near>(scale, row.p[k], row.t[k], expm1_of<near>(u[k].at[v]));
  return sum;
}

template <bool near>
vec squared_difference(const ScoreRow& row, const Tile* u, int v) {
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
  return squared_difference(normalizer<near>(s), q, more_q, r, more_r);
}

template <bool near>
vec loss_difference(Loss loss, const ScoreRow& row, const Tile* u, int v) {
  switch (loss) {
    case Loss::cross_entropy: return cross_entropy_difference<near>(row, u, v);
    case Loss::textbook: return textbook_difference<near>(row, u, v);
    default: return squared_difference<near>(row, u, v);
  }
}

inline vec plain_loss_difference(Loss loss, const ScoreRow& row, const Tile* u, int v) {
  vec difference = {};
  for (int i = 0; i < width; ++i) {
    const double plus = plain_loss(loss, row, [&](long k) { return row.scores[k] + u[k].at[v].plus[i]; });
    const double minus = plain_loss(loss, row, [&](long k) { return row.scores[k] + u[k].at[v].minus[i]; });
    difference[i] = plus - minus;
  }
  return difference;
}

// The loss at + minus the loss at -, for the inputs of vector v.
ZEROKARA_INLINE vec loss_difference(Loss loss, const ScoreRow& row, const Tile* u, ShiftSize shift_size, int v) {
  if (shift_size == ShiftSize::large) return plain_loss_difference(loss, row, u, v);
  return shift_size == ShiftSize::medium ? loss_difference<false>(loss, row, u, v) : loss_difference<true>(loss, row, u, v);
}

// Adds the differences of one tile, groups first, ... of sample n, to those of all inputs, sum: (fan_in + 1,).
inline void add_tile(const NumericalPass& pass, int layer, long n, long unit, int first, Tile* room, long widest, double* sum) {
  const InputGroups& inputs = pass.traces[layer].inputs;
  Tile shift;
  for (int v = 0; v < tile_vectors; ++v) {
    const vec e = pass.job->h * load(inputs.value + n * inputs.stride + first + v * width);
    shift.at[v] = {e, -e};
  }
  const Tile* u = moved_scores(pass, layer, n, unit, shift, room, widest);
  if (u == nullptr) return;
  const ScoreRow row = score_row(pass, n);
  const ShiftSize shift_size = size_of_shifts(u, row.classes);
  alignas(vector_bytes) double difference[tile_inputs];
  for (int v = 0; v < tile_vectors; ++v) store(difference + v * width, loss_difference(pass.job->loss, row, u, shift_size, v));
  const std::int32_t *begin = inputs.begin + n * inputs.stride, *position = inputs.position + n * inputs.stride;
  for (int g = first; g < inputs.count[n] && g < first + tile_inputs; ++g)
    for (int at = begin[g]; at < begin[g + 1]; ++at) sum[position[at]] += difference[g - first];
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
