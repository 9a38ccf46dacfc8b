// A layer in training: what it has beside its parameters, and its way from the caller's arrays and back.
#pragma once

#include "ops/activations.h"
#include "ops/update_rules.h"
#include "train/layers.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

template <class T>
struct TrainedLayer : Layer<T> {
  T* transposed;  // W transposed, in the panels of the layer before: for the way back
  T* weight_slot[Optimizer<T>::most_slots];
  T* bias_slot[Optimizer<T>::most_slots];
  T* h;      // (batch, stride): outputs
  T* a;      // (batch, stride): pre-activations where the backward pass reads them; else h itself, in which they become outputs
  T* delta;  // (batch, stride): ∂L/∂a; of the last layer first its scores
};

template <class T>
void make_layer(TrainedLayer<T>& layer, const AdvanceJob& job, int l, Arena& arena) {
  shape(layer, job.network, l, arena);
  for (int s = 0; s < job.optimizer.slots; ++s) {
    layer.weight_slot[s] = zeros<T>(arena, layer.fan_in * layer.padded);
    layer.bias_slot[s] = zeros<T>(arena, layer.padded);
  }
  if (l > 0) layer.transposed = zeros<T>(arena, vectors_for<T>(layer.fan_in) * lanes<T> * layer.fan_out);
  const long outputs = job.batch_size * layer.stride;
  layer.h = zeros<T>(arena, outputs);
  layer.a = backward_reads_input<T>(job.network.activation) ? zeros<T>(arena, outputs) : layer.h;
  layer.delta = zeros<T>(arena, outputs);
}

// One member's part of layer l, with the optimizer's slots.
template <class T>
void pack_parameters(TrainedLayer<T>& layer, const AdvanceJob& job, int l, const Part<T>& part) {
  pack_layer(layer, job.network.weights[l], job.network.biases[l], layer.weight, layer.bias, part);
  for (int s = 0; s < job.optimizer.slots; ++s) {
    const int at = s * job.network.layers + l;
    pack_layer(layer, job.optimizer.weight_slots[at], job.optimizer.bias_slots[at], layer.weight_slot[s], layer.bias_slot[s], part);
  }
}
template <class T>
void unpack_parameters(const TrainedLayer<T>& layer, const AdvanceJob& job, int l, const Part<T>& part) {
  unpack_layer(layer, layer.weight, layer.bias, job.network.weights[l], job.network.biases[l], part);
  for (int s = 0; s < job.optimizer.slots; ++s) {
    const int at = s * job.network.layers + l;
    unpack_layer(layer, layer.weight_slot[s], layer.bias_slot[s], job.optimizer.weight_slots[at], job.optimizer.bias_slots[at], part);
  }
}

// The transposed W in the lanes of these panels of the layer before, from the caller's W: (fan_in, fan_out).
template <class T>
void transpose_weights(TrainedLayer<T>& layer, const T* weight, const Panels<T>& panels) {
  for (int piece = 0; piece < panels.size(); ++piece) {
    const Panel panel = panels[piece];
    const long stride = panel.width * lanes<T>;
    T* transposed = layer.transposed + panel.lane * layer.fan_out;
    for (long i = panel.lane; i < panel.lane + stride && i < layer.fan_in; ++i)
      for (long j = 0; j < layer.fan_out; ++j) transposed[j * stride + i - panel.lane] = weight[i * layer.fan_out + j];
  }
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
