// The layers of a network inside a call: parameters in panels, and the memory that training needs beside them.
#pragma once

#include "runtime/arena.h"
#include "train/jobs.h"
#include "train/layout.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

template <class T>
struct Layer {
  long fan_in, fan_out;
  long padded;  // fan_out in whole vectors
  long stride;  // between two samples' outputs, (batch, stride)
  T *weight, *bias;

  // The panel that begins at unit `lane` lies here, whatever the widths of the panels.
  T* panel(T* of, long lane) const { return of + lane * fan_in; }
  const T* panel(const T* of, long lane) const { return of + lane * fan_in; }
};

template <class T>
void shape(Layer<T>& layer, const NetworkView& network, int l, Arena& arena) {
  layer.fan_in = network.sizes[l];
  layer.fan_out = network.sizes[l + 1];
  layer.padded = vectors_for<T>(layer.fan_out) * lanes<T>;
  layer.stride = row_stride<T>(layer.fan_out);
  layer.weight = zeros<T>(arena, layer.fan_in * layer.padded);
  layer.bias = zeros<T>(arena, layer.padded);
}

// What one member of a team has of a layer.
template <class T>
struct Part {
  Panels<T> panels;
  Share rows;
  bool biases;
};

// A part, from the caller's arrays and back.
template <class T>
void pack_layer(const Layer<T>& layer, const void* weight, const void* bias, T* packed_weight, T* packed_bias, const Part<T>& part) {
  const Share rows = part.rows;
  for (int piece = 0; piece < part.panels.size(); ++piece) {
    const Panel panel = part.panels[piece];
    T* to = layer.panel(packed_weight, panel.lane) + rows.begin * panel.width * lanes<T>;
    pack(static_cast<const T*>(weight) + rows.begin * layer.fan_out, rows.end - rows.begin, layer.fan_out, panel, to);
    if (part.biases) pack(static_cast<const T*>(bias), 1, layer.fan_out, panel, packed_bias + panel.lane);
  }
}
template <class T>
void unpack_layer(const Layer<T>& layer, const T* packed_weight, const T* packed_bias, void* weight, void* bias, const Part<T>& part) {
  const Share rows = part.rows;
  for (int piece = 0; piece < part.panels.size(); ++piece) {
    const Panel panel = part.panels[piece];
    const T* from = layer.panel(packed_weight, panel.lane) + rows.begin * panel.width * lanes<T>;
    unpack(from, rows.end - rows.begin, layer.fan_out, panel, static_cast<T*>(weight) + rows.begin * layer.fan_out);
    if (part.biases) unpack(packed_bias + panel.lane, 1, layer.fan_out, panel, static_cast<T*>(bias));
  }
}

// What a zero pixel adds to each sum of a panel: 0 · w, which is 0 unless a weight is infinite or NaN. Skipping zero pixels
// without it would hide such weights.
template <class T>
void add_zero_times(const T* panel, Share rows, int width, T* sums) {
  for (int p = 0; p < width; ++p) {
    Vector<T> sum = {};
    for (long i = rows.begin; i < rows.end; ++i) sum = fma(Vector<T>{}, load(panel + (i * width + p) * lanes<T>), sum);
    store(sums + p * lanes<T>, load(sums + p * lanes<T>) + sum);
  }
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
