// Scores of many samples. Members share the samples; the weights are read by all.
#include <cmath>

#include "train/kernels.h"
#include "train/layers.h"
#include "train/dense_products.h"
#include "ops/activations.h"
#include "train/sparse_bytes.h"
#include "train/sparse_products.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

constexpr long block = 128;  // samples whose lists and activations stay in the cache together

template <class T, class Pixel>
class Predictor {
 public:
  using S = Stored<T, Pixel>;

  Predictor(const PredictJob& job, Team& team, StopToken& stop_token)
      : job_(job), team_(team), stop_token_(stop_token), table_(job.samples.full),
        bands_(job.network.sizes[0], job.network.sizes[0] / 2, arena_), depth_(job.network.layers) {
    layers_ = zeros<Layer<T>>(arena_, depth_);
    long widest = 0;
    for (int l = 0; l < depth_; ++l) {
      shape(layers_[l], job.network, l, arena_);
      widest = layers_[l].stride > widest ? layers_[l].stride : widest;
    }
    workspaces_ = zeros<Workspace>(arena_, team.size());
    for (int rank = 0; rank < team.size(); ++rank) make_workspace(workspaces_[rank], widest);
  }

  void run() {
    team_.run([](Team&, int rank, void* self) { static_cast<Predictor*>(self)->work(rank); }, this);
  }

 private:
  // What one member works on.
  struct alignas(64) Workspace {
    Lists<S> rows;
    T *in, *out;  // (block, stride) activations of two neighbouring layers
  };

  void make_workspace(Workspace& workspace, long widest) {
    workspace.rows = take_lists<S>(bands_.all().end * block, Bands::widest, arena_);
    workspace.in = zeros<T>(arena_, block * widest);
    workspace.out = zeros<T>(arena_, block * widest);
  }

  void work(int rank) {
    // Packed as for a team of one: all read all panels, and wide ones are the fastest.
    if (rank == 0) {
      for (int l = 0; l < depth_; ++l) pack_all(l);
    }
    team_.barrier();
    // Whoever is free takes the next block, because cores are not equally fast all the time.
    for (long n; (n = __atomic_fetch_add(&next_, block, __ATOMIC_RELAXED)) < job_.samples.count;) {
      if (rank == 0 && stop_token_.stop_requested()) __atomic_store_n(&stopping_, true, __ATOMIC_RELAXED);
      if (__atomic_load_n(&stopping_, __ATOMIC_RELAXED)) return;
      const long left = job_.samples.count - n;
      predict_block(workspaces_[rank], n, left < block ? left : block);
    }
  }

  void pack_all(int l) {
    Layer<T>& layer = layers_[l];
    const Part<T> all = {Panels<T>(layer.fan_out, 0, 1), {0, layer.fan_in}, true};
    pack_layer(layer, job_.network.weights[l], job_.network.biases[l], layer.weight, layer.bias, all);
    if (l > 0) return;
    T* zero = zeros<T>(arena_, layer.padded);
    for (int piece = 0; piece < all.panels.size(); ++piece) {
      const Panel panel = all.panels[piece];
      add_zero_times(layer.panel(layer.weight, panel.lane), {0, layer.fan_in}, panel.width, zero + panel.lane);
    }
    for (long k = 0; k < layer.padded; ++k) finite_ &= zero[k] == 0;
  }

  void predict_block(Workspace& workspace, long begin, long count) {
    const long features = job_.network.sizes[0];
    const Pixel* pixels = static_cast<const Pixel*>(job_.samples.pixels) + begin * features;
    if (finite_) {
      for (long n = 0; n < count; ++n) list_sample(pixels + n * features, table_, bands_, bands_.all(), n, block, workspace.rows);
      first_layer(workspace, count);
    } else {
      for (long n = 0; n < count; ++n) dense_first_layer(pixels + n * features, workspace.out + n * layers_[0].stride);
    }
    for (int l = 1; l < depth_; ++l) later_layer(workspace, l, count);
    write_results(workspace.out, begin, count);
  }

  void first_layer(Workspace& workspace, long count) {
    const Layer<T>& layer = layers_[0];
    const Panels<T> panels(layer.fan_out, 0, 1);
    for (int piece = 0; piece < panels.size(); ++piece) {
      const Panel panel = panels[piece];
      for (long band = 0; band < bands_.all().end; ++band) {
        with_width(panel.width, [&](auto width) {
          constexpr long stride = width.value * lanes<T>;
          const T* rows = layer.panel(layer.weight, panel.lane) + bands_.pixels(band).begin * stride;
          for (long n = 0; n < count; ++n) {
            T* out = workspace.out + n * layer.stride + panel.lane;
            weighted_sum<width.value>(workspace.rows[band * block + n], table_, rows, stride, band == 0 ? layer.bias + panel.lane : out, out);
          }
        });
      }
    }
  }

  // Zero times an infinite weight is NaN, but another pixel times it is infinite, which sigmoid makes 1: so where there is such
  // a weight no pixel is skipped.
  void dense_first_layer(const Pixel* pixels, T* out) {
    const Layer<T>& layer = layers_[0];
    const Panels<T> panels(layer.fan_out, 0, 1);
    const float full = job_.samples.full;
    for (int piece = 0; piece < panels.size(); ++piece) {
      const Panel panel = panels[piece];
      const T* row = layer.panel(layer.weight, panel.lane);
      std::memcpy(out + panel.lane, layer.bias + panel.lane, panel.width * lanes<T> * sizeof(T));
      for (long i = 0; i < layer.fan_in; ++i) {
        const float value = full > 0 ? static_cast<float>(pixels[i]) / full : static_cast<float>(pixels[i]);
        for (int p = 0; p < panel.width; ++p, row += lanes<T>) {
          T* sum = out + panel.lane + p * lanes<T>;
          store(sum, fma(splat<T>(value), load(row), load(sum)));
        }
      }
    }
  }

  void later_layer(Workspace& workspace, int l, long count) {
    const Layer<T>&before = layers_[l - 1], &layer = layers_[l];
    T* in = workspace.out;
    T* out = workspace.in;
    workspace.in = in;
    workspace.out = out;
    for (long n = 0; n < count; ++n) {
      T* row = in + n * before.stride;
      activate(job_.network.activation, row, row, before.padded);
    }
    const Panels<T> panels(layer.fan_out, 0, 1);
    for (int piece = 0; piece < panels.size(); ++piece) {
      const Panel panel = panels[piece];
      with_width(panel.width, [&](auto width) {
        multiply<width.value>(in, before.stride, 0, count, layer.panel(layer.weight, panel.lane), layer.fan_in, layer.bias + panel.lane,
                              out + panel.lane, layer.stride);
      });
    }
  }

  void write_results(const T* scores, long begin, long count) {
    const long classes = layers_[depth_ - 1].fan_out, stride = layers_[depth_ - 1].stride;
    for (long n = 0; n < count; ++n) {
      const T* row = scores + n * stride;
      if (job_.scores != nullptr) std::memcpy(static_cast<T*>(job_.scores) + (begin + n) * classes, row, classes * sizeof(T));
      if (job_.classes != nullptr) job_.classes[begin + n] = highest(row, classes);
    }
  }

  // The first of equals; -1 where the largest score is not finite, and NaN counts as larger than all.
  static std::int64_t highest(const T* row, long classes) {
    long best = 0;
    for (long k = 0; k < classes; ++k) {
      if (std::isnan(row[k])) return -1;
      if (row[k] > row[best]) best = k;
    }
    return std::isfinite(row[best]) ? best : -1;
  }

  const PredictJob& job_;
  Team& team_;
  StopToken& stop_token_;
  Arena arena_;
  const PixelTable<T> table_;
  const Bands bands_;
  const int depth_;
  Layer<T>* layers_;
  Workspace* workspaces_;
  long next_ = 0;
  bool stopping_ = false;
  bool finite_ = true;  // all weights of the first layer
};

template <class T>
void predict_in(const PredictJob& job, Team& team, StopToken& stop_token) {
  switch (job.samples.kind) {
    case PixelKind::u8: return Predictor<T, std::uint8_t>(job, team, stop_token).run();
    case PixelKind::f32: return Predictor<T, float>(job, team, stop_token).run();
    case PixelKind::f64: return Predictor<T, double>(job, team, stop_token).run();
  }
  __builtin_unreachable();
}

}  // namespace

void predict(const PredictJob& job, int threads, StopToken& stop_token) {
  Team team(threads);
  return job.network.is_float64 ? predict_in<double>(job, team, stop_token) : predict_in<float>(job, team, stop_token);
}

}  // namespace zerokara::ZEROKARA_BUILD
