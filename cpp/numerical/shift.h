// Any unit, any shift: move one unit to its two points and evaluate what follows again. One lane is one input.
//
// The moved unit shifts the next layer by a rank-one update, the layers beyond by matrix products.
#pragma once

#include "numerical/views.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

template <class Function>
ZEROKARA_INLINE Tile map(const Tile& tile, Function f) {
  Tile result;
  for (int v = 0; v < tile_vectors; ++v) result.at[v] = {f(tile.at[v].plus), f(tile.at[v].minus)};
  return result;
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

// From shifts of the score of one unit, `at` in the arrays of its layer, to shifts of its output.
ZEROKARA_INLINE Tile moved_unit(const NumericalJob& job, const LayerTrace& layer, long at, ShiftSize size, const Tile& shift) {
  const Unit unit = unit_at(layer, at);
  Tile moved;
  NumericalActivations::visit(job.activation, job.activation_parameters, [&](auto op) {
    using Difference = typename decltype(op)::Difference;
    moved = map(shift, [&](vec e) { return Difference::move(op, unit, e, size); });
  });
  return moved;
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
  const Tile moved = moved_unit(*pass.job, traces[layer], n * traces[layer].width + unit, size_of_shifts(&shift, 1), shift);
  if (size_of_shifts(&moved, 1) == ShiftSize::zero) return nullptr;
  const LayerTrace* following = traces + layer + 1;
  for (long m = 0; m < following->fan_out; ++m) {
    const double w = following->weight[unit * following->fan_out + m];
    now[m] = map(moved, [&](vec d) { return d * w; });
  }
  for (; following < traces + last; ++following) {
    const ShiftSize shift_size = size_of_shifts(now, following->fan_out);
    for (long m = 0; m < following->fan_out; ++m)
      now[m] = moved_unit(*pass.job, *following, n * following->width + m, shift_size, now[m]);
    multiply(now, following[1], next);
    Tile* free = now;
    now = next, next = free;
  }
  return now;
}

template <class Op>
vec plain_difference(Op op, const ScoreRow& row, const Tile* u, int v) {
  vec difference = {};
  for (int i = 0; i < width; ++i) {
    const double plus = plain_loss(op, row, [&](long k) { return row.scores[k] + u[k].at[v].plus[i]; });
    const double minus = plain_loss(op, row, [&](long k) { return row.scores[k] + u[k].at[v].minus[i]; });
    difference[i] = plus - minus;
  }
  return difference;
}

// The loss at + minus the loss at -, for the inputs of vector v, when scores move by u, (classes,).
ZEROKARA_INLINE vec loss_difference(const NumericalJob& job, const ScoreRow& row, const Tile* u, ShiftSize size, int v) {
  vec difference;
  NumericalLosses::visit(job.loss, job.loss_parameters, [&](auto op) {
    using Op = decltype(op);
    if constexpr (has_closed_difference<Op>) {
      if (size == ShiftSize::medium) {
        difference = Op::Difference::template of<false>(op, row, u, v);
        return;
      }
      if (size != ShiftSize::large) {
        difference = Op::Difference::template of<true>(op, row, u, v);
        return;
      }
    }
    difference = plain_difference(op, row, u, v);
  });
  return difference;
}

// Adds the differences of one tile, groups first, ... of sample n, to those of all inputs, sum: (fan_in + 1,).
inline void add_tile(const NumericalPass& pass, int layer, long n, long unit, int first, Tile* room, long widest, double* sum) {
  const InputGroups& inputs = pass.traces[layer].inputs;
  Tile shift;
  for (int v = 0; v < tile_vectors; ++v) {
    const vec value = load(inputs.value + n * inputs.stride + first + v * width);
    shift.at[v] = {pass.job->above * value, pass.job->below * value};
  }
  const Tile* u = moved_scores(pass, layer, n, unit, shift, room, widest);
  if (u == nullptr) return;
  const ScoreRow row = score_row(pass, n);
  const ShiftSize shift_size = size_of_shifts(u, row.classes);
  alignas(vector_bytes) double difference[tile_inputs];
  for (int v = 0; v < tile_vectors; ++v) store(difference + v * width, loss_difference(*pass.job, row, u, shift_size, v));
  const std::int32_t *begin = inputs.begin + n * inputs.stride, *position = inputs.position + n * inputs.stride;
  for (int g = first; g < inputs.count[n] && g < first + tile_inputs; ++g)
    for (int at = begin[g]; at < begin[g + 1]; ++at) sum[position[at]] += difference[g - first];
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
