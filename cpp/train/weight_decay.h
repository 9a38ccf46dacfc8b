// L2 weight decay: ½ λ Σ W² over all weights, not biases, is part of the loss, and so λ W of its gradient.
#pragma once

#include "train/layers.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

template <class T>
class WeightDecay {
 public:
  WeightDecay(double decay, const NetworkView& network, Arena& arena) : decay_(decay), layers_(network.layers) {
    if (!decays()) return;
    padded_ = take<long>(arena, layers_);
    squares_ = take<double* [2]>(arena, layers_);
    for (int l = 0; l < layers_; ++l) {
      padded_[l] = vectors_for<T>(network.sizes[l + 1]) * lanes<T>;
      for (double*& squares : squares_[l]) squares = zeros<double>(arena, padded_[l]);
    }
  }

  bool decays() const { return decay_ != 0; }

  // Σ w² of these rows, for each unit of these panels, in double precision: always all rows of a half in their order, whichever
  // member does it, so that what `penalty` adds up is the same bits for any team. Layers after the first have half 0 only.
  void find_squares(int l, long half, const Layer<T>& layer, Share rows, const Panels<T>& panels) {
    for (int piece = 0; piece < panels.size(); ++piece) {
      const Panel panel = panels[piece];
      with_width(panel.width, [&](auto width) {
        constexpr int doubles = width.value * vectors_of_doubles<T>;
        const T* weight = layer.panel(layer.weight, panel.lane);
        Vector<double> sum[doubles] = {}, w[doubles];
        for (long i = rows.begin; i < rows.end; ++i) {
          for (int p = 0; p < width.value; ++p) widen(load(weight + (i * width.value + p) * lanes<T>), w + p * vectors_of_doubles<T>);
          for (int k = 0; k < doubles; ++k) sum[k] = fma(w[k], w[k], sum[k]);
        }
        for (int k = 0; k < doubles; ++k) store(squares_[l][half] + panel.lane + k * lanes<double>, sum[k]);
      });
    }
  }

  // ½ λ Σ W², by one member when all have found their squares.
  double penalty() const {
    double sum = 0;
    for (int l = 0; l < layers_; ++l)
      for (const double* squares : squares_[l])
        for (long j = 0; j < padded_[l]; ++j) sum += squares[j];
    return 0.5 * decay_ * sum;
  }

  // gradient ← gradient + λ W.
  void add_gradient(const T* weight, long count, T* gradient) const {
    const Vector<T> decay = splat(static_cast<T>(decay_));
    for (long k = 0; k < count; k += lanes<T>) store(gradient + k, fma(decay, load(weight + k), load(gradient + k)));
  }

 private:
  const double decay_;  // λ
  const int layers_;
  long* padded_ = nullptr;  // of each layer: its units in whole vectors
  double* (*squares_)[2] = nullptr;  // of each layer and half: (padded,)
};

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
