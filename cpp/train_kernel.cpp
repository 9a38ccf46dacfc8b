// Training by backpropagation: many updates in one call.
//
// One update has three phases with a barrier after each of the first two; every phase shares its work so that no sum is
// ever split between members:
//   forward   by hidden units of the first layer: all samples, own panels of W1, which stay in this core's cache
//   middle    by samples: the later layers forward, the loss, and back to the second layer
//   backward  by hidden units again: gradients and updates, a panel of W1 and rows of every later W at a time
// While a core has samples in hand it also prepares the lists of nonzero pixels of the next batch.
#include "batch_lists.h"
#include "kernels.h"
#include "layers.h"
#include "dense_products.h"
#include "pointwise.h"
#include "sparse_products.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

constexpr int most_slots = 2;
constexpr long batches_ahead = 2;  // pixels are fetched into the cache this early: batches are random rows of a large array
constexpr int rows_at_once = 8;  // of W1, between finding a gradient and applying it

template <class T>
struct TrainedLayer : Layer<T> {
  T* turned;  // W transposed, in the panels of the layer before: for the way back
  T* weight_slot[most_slots];
  T* bias_slot[most_slots];
  T *h, *delta;  // (batch, stride): outputs, and the loss's derivatives by the pre-activations
};

template <class T, class Pixel>
class Trainer {
 public:
  using S = Stored<T, Pixel>;

  Trainer(const AdvanceJob& job, Team& team, Watch& watch)
      : job_(job), team_(team), watch_(watch), table_(job.samples.full), depth_(job.network.layers),
        batches_(job, table_, arena_) {
    layers_ = take<TrainedLayer<T>>(arena_, depth_);
    for (int l = 0; l < depth_; ++l) make_layer(l);
    bias_start_ = take<T>(arena_, first().padded);
    zero_terms_ = take<T>(arena_, first().padded);
    padding_ = take<T>(arena_, last().padded);
    for (long k = last().fan_out; k < last().padded; ++k) padding_[k] = -static_cast<T>(INFINITY);
    log_of_ = take<double>(arena_, batch());
    rest_of_ = take<double>(arena_, batch());
  }

  long run() {
    if (job_.updates == 0 || watch_.should_stop()) return 0;
    team_.run([](Team&, int rank, void* self) { static_cast<Trainer*>(self)->work(rank); }, this);
    return done_;
  }

 private:
  void make_layer(int l) {
    TrainedLayer<T>& layer = layers_[l];
    shape(layer, job_.network, l, arena_);
    for (int s = 0; s < job_.optimizer.slots; ++s) {
      layer.weight_slot[s] = take<T>(arena_, layer.fan_in * layer.padded);
      layer.bias_slot[s] = take<T>(arena_, layer.padded);
    }
    if (l > 0) layer.turned = take<T>(arena_, layers_[l - 1].padded * layer.fan_out);
    layer.h = take<T>(arena_, job_.batch_size * layer.stride);
    layer.delta = take<T>(arena_, job_.batch_size * layer.stride);
  }

  TrainedLayer<T>& first() { return layers_[0]; }
  TrainedLayer<T>& last() { return layers_[depth_ - 1]; }
  long batch() const { return job_.batch_size; }
  Share my_samples(int rank) const { return share(batch(), rank, team_.size()); }
  Panels<T> my_panels(const Layer<T>& layer, int rank) const { return Panels<T>(layer.fan_out, rank, team_.size()); }

  void work(int rank) {
    move_in(rank);
    batches_.list_rows(0, my_samples(rank));
    team_.barrier();
    for (long update = 0;; ++update) {
      forward(update, rank);
      team_.barrier();
      middle(update, rank);
      // The others read this after the barrier, and it is next written after two more.
      if (rank == 0) stopping_ = update + 1 == job_.updates || watch_.should_stop();
      team_.barrier();
      backward(update, rank);
      if (stopping_) break;
    }
    team_.barrier();
    move_out(rank);
  }

  // ---- parameters in and out -------------------------------------------------------------------------------------

  void move_in(int rank) {
    const NetworkView& network = job_.network;
    for (int l = 0; l < depth_; ++l) {
      TrainedLayer<T>& layer = layers_[l];
      pack_layer(layer, network.weights[l], network.biases[l], layer.weight, layer.bias, rank, team_.size());
      for (int s = 0; s < job_.optimizer.slots; ++s) {
        const int at = s * depth_ + l;
        pack_layer(layer, job_.optimizer.weight_slots[at], job_.optimizer.bias_slots[at], layer.weight_slot[s], layer.bias_slot[s], rank,
                   team_.size());
      }
      if (l > 0) turn_weights(l, static_cast<const T*>(network.weights[l]), rank);
    }
    find_bias_start(rank, true);
  }

  void move_out(int rank) {
    const NetworkView& network = job_.network;
    for (int l = 0; l < depth_; ++l) {
      TrainedLayer<T>& layer = layers_[l];
      unpack_layer(layer, layer.weight, layer.bias, network.weights[l], network.biases[l], rank, team_.size());
      for (int s = 0; s < job_.optimizer.slots; ++s) {
        const int at = s * depth_ + l;
        unpack_layer(layer, layer.weight_slot[s], layer.bias_slot[s], job_.optimizer.weight_slots[at], job_.optimizer.bias_slots[at], rank,
                     team_.size());
      }
    }
  }

  // This member's lanes of the transposed W of layer l, from the caller's array.
  void turn_weights(int l, const T* weight, int rank) {
    TrainedLayer<T>& layer = layers_[l];
    const Panels<T> mine = my_panels(layers_[l - 1], rank);
    for (int piece = 0; piece < mine.size(); ++piece) {
      const Panel panel = mine[piece];
      const long stride = panel.width * lanes<T>;
      T* turned = layer.turned + panel.lane * layer.fan_out;
      for (long i = panel.lane; i < panel.lane + stride && i < layer.fan_in; ++i)
        for (long j = 0; j < layer.fan_out; ++j) turned[j * stride + i - panel.lane] = weight[i * layer.fan_out + j];
    }
  }

  // The first layer's sums begin with the bias and with what the zero pixels add.
  void find_bias_start(int rank, bool search_weights) {
    const Panels<T> mine = my_panels(first(), rank);
    for (int piece = 0; piece < mine.size(); ++piece) {
      const Panel panel = mine[piece];
      T* start = bias_start_ + panel.lane;
      std::memcpy(start, first().bias + panel.lane, panel.width * lanes<T> * sizeof(T));
      if (search_weights) add_zero_times(first().panel(first().weight, panel.lane), first().fan_in, panel.width, start);
    }
  }

  // ---- forward: by units of the first layer ------------------------------------------------------------------------

  void forward(long update, int rank) {
    const Panels<T> mine = my_panels(first(), rank);
    const SparseLists<S>& rows = batches_.rows(update);
    const Share ahead = my_samples(rank);
    const bool more = update + batches_ahead < job_.updates;
    for (int piece = 0; piece < mine.size(); ++piece) {
      const Panel panel = mine[piece];
      with_width(panel.width, [&](auto width) {
        const T* weight = first().panel(first().weight, panel.lane);
        for (long n = 0; n < batch(); ++n) {
          if (more && piece == 0 && ahead.begin + n < ahead.end) batches_.prefetch(update + batches_ahead, ahead.begin + n);
          T* out = first().h + n * first().stride + panel.lane;
          forward_sparse<width.value>(rows, n, table_, weight, bias_start_ + panel.lane, out);
          if (depth_ > 1) activate(job_.network.activation, out, width.value * lanes<T>);
        }
      });
    }
  }

  // ---- middle: by samples --------------------------------------------------------------------------------------------

  void middle(long update, int rank) {
    const Share mine = my_samples(rank);
    for (int l = 1; l < depth_; ++l) later_forward(l, mine);
    find_losses(update, mine);
    for (int l = depth_ - 1; l > 1; --l) {
      for (int member = 0; member < team_.size(); ++member) back_through(l, my_panels(layers_[l - 1], member), mine);
    }
    batches_.list_columns_of(update, rank, team_.size());
    if (update + 1 < job_.updates) batches_.list_rows(update + 1, mine);
  }

  void later_forward(int l, Share samples) {
    const TrainedLayer<T>&before = layers_[l - 1], &layer = layers_[l];
    T* out = l == depth_ - 1 ? layer.delta : layer.h;
    for (int member = 0; member < team_.size(); ++member) {
      const Panels<T> panels = my_panels(layer, member);
      for (int piece = 0; piece < panels.size(); ++piece) {
        const Panel panel = panels[piece];
        with_width(panel.width, [&](auto width) {
          multiply<width.value>(before.h, before.stride, samples.begin, samples.end, layer.panel(layer.weight, panel.lane), layer.fan_in,
                                layer.bias + panel.lane, out + panel.lane, layer.stride);
        });
      }
    }
    if (l == depth_ - 1) return;
    for (long n = samples.begin; n < samples.end; ++n) activate(job_.network.activation, out + n * layer.stride, layer.padded);
  }

  void find_losses(long update, Share samples) {
    const TrainedLayer<T>& layer = last();
    for (long n = samples.begin; n < samples.end; ++n) {
      T* scores = layer.delta + n * layer.stride;
      if (depth_ == 1) std::memcpy(scores, layer.h + n * layer.stride, layer.padded * sizeof(T));
      const SampleLoss loss = loss_and_delta(job_.loss, scores, padding_, layer.padded, batches_.label(update, n), T(1) / T(batch()));
      log_of_[n] = loss.log_of;
      rest_of_[n] = loss.rest;
    }
  }

  // Deltas of layer l - 1 (counted from 0), of these panels and samples, from those of layer l.
  void back_through(int l, const Panels<T>& panels, Share samples) {
    const TrainedLayer<T>&before = layers_[l - 1], &layer = layers_[l];
    for (int piece = 0; piece < panels.size(); ++piece) {
      const Panel panel = panels[piece];
      with_width(panel.width, [&](auto width) {
        const T* turned = layer.turned + panel.lane * layer.fan_out;
        multiply<width.value, T>(layer.delta, layer.stride, samples.begin, samples.end, turned, layer.fan_out, nullptr,
                                 before.delta + panel.lane, before.stride);
        for (long n = samples.begin; n < samples.end; ++n) {
          const long at = n * before.stride + panel.lane;
          activate_backward(job_.network.activation, before.h + at, before.delta + at, width.value * lanes<T>);
        }
      });
    }
  }

  // ---- backward: by units, and update ----------------------------------------------------------------------------------

  void backward(long update, int rank) {
    Rates<T> rates(job_.optimizer);
    if (rates.rule == Rule::adam) rates.rate = adam_rate(update);
    if (rank == 0) {
      job_.losses[update] = mean_loss(log_of_, rest_of_, batch());
      done_ = update + 1;
    }
    const Panels<T> mine = my_panels(first(), rank);
    if (depth_ > 1) back_through(1, mine, {0, batch()});
    for (int l = 1; l < depth_; ++l) {
      update_biases(rates, l, rank);
      update_weights(rates, l, my_panels(layers_[l - 1], rank));
    }
    bool finite = true;
    for (int piece = 0; piece < mine.size(); ++piece) finite &= update_first(rates, mine[piece]);
    find_bias_start(rank, !finite);
  }

  // Adam's step with both means corrected for their start at zero.
  T adam_rate(long update) const {
    const OptimizerView& o = job_.optimizer;
    const double steps = static_cast<double>(o.steps + update + 1);
    return static_cast<T>(o.learning_rate * ::sqrt(1 - ::pow(o.beta2, steps)) / (1 - ::pow(o.beta1, steps)));
  }

  void update_biases(const Rates<T>& rates, int l, int rank) {
    const Panels<T> mine = my_panels(layers_[l], rank);
    for (int piece = 0; piece < mine.size(); ++piece) {
      alignas(64) T sums[widest_panel * lanes<T>];
      update_bias(rates, layers_[l], mine[piece], sums);
    }
  }

  void update_bias(const Rates<T>& rates, TrainedLayer<T>& layer, Panel panel, T* sums) {
    with_width(panel.width, [&](auto width) { column_sums<width.value>(layer.delta + panel.lane, layer.stride, batch(), sums); });
    apply(rates, sums, layer.bias + panel.lane, part(layer.bias_slot[0], panel.lane), part(layer.bias_slot[1], panel.lane),
          panel.width * lanes<T>);
  }

  // The rows of W (layer l > 0) that belong to these panels of the layer before, and the same lanes of its transpose.
  void update_weights(const Rates<T>& rates, int l, const Panels<T>& owned) {
    TrainedLayer<T>& layer = layers_[l];
    for (int piece = 0; piece < owned.size(); ++piece) {
      const Panel rows = owned[piece];
      const long end = rows.lane + rows.width * lanes<T>, stop = end < layer.fan_in ? end : layer.fan_in;
      for (int member = 0; member < team_.size(); ++member) {
        const Panels<T> panels = my_panels(layer, member);
        for (int k = 0; k < panels.size(); ++k) {
          const Panel panel = panels[k];
          with_width(panel.width, [&](auto width) {
            long i = rows.lane;
            for (; i + tallest_tile <= stop; i += tallest_tile) update_tile<tallest_tile, width.value>(rates, l, rows, panel, i);
            for (; i < stop; ++i) update_tile<1, width.value>(rates, l, rows, panel, i);
          });
        }
      }
    }
  }

  template <int height, int width>
  void update_tile(const Rates<T>& rates, int l, Panel rows, Panel panel, long i) {
    TrainedLayer<T>& layer = layers_[l];
    constexpr long stride = width * lanes<T>;
    alignas(64) T gradient[height * stride];
    gradient_tile<height, width>(layers_[l - 1].h + i, layers_[l - 1].stride, layer.delta + panel.lane, layer.stride, batch(), gradient);
    const long at = panel.lane * layer.fan_in + i * stride;
    apply(rates, gradient, layer.weight + at, part(layer.weight_slot[0], at), part(layer.weight_slot[1], at), height * stride);
    const long turned_stride = rows.width * lanes<T>;
    T* turned = layer.turned + rows.lane * layer.fan_out + (i - rows.lane);
    const long used = layer.fan_out - panel.lane < stride ? layer.fan_out - panel.lane : stride;
    for (long j = 0; j < used; ++j)
      for (int r = 0; r < height; ++r) turned[(panel.lane + j) * turned_stride + r] = layer.weight[at + r * stride + j];
  }

  // A panel of W1 and its biases. Returns whether the new weights are finite.
  bool update_first(const Rates<T>& rates, Panel panel) {
    TrainedLayer<T>& layer = first();
    alignas(64) T sums[widest_panel * lanes<T>];
    update_bias(rates, layer, panel, sums);
    bool plain = true;
    T* zero_terms = zero_terms_ + panel.lane;
    for (long k = 0; k < panel.width * lanes<T>; ++k) {
      zero_terms[k] = sums[k] * 0;
      plain &= zero_terms[k] == 0;
    }
    bool finite = true;
    with_width(panel.width, [&](auto width) {
      constexpr long stride = width.value * lanes<T>;
      alignas(64) T gradient[rows_at_once * stride];
      for (long i = 0; i < layer.fan_in; i += rows_at_once) {
        const long count = layer.fan_in - i < rows_at_once ? layer.fan_in - i : rows_at_once;
        if (rates.rule == Rule::sgd && plain && untouched(i, count)) continue;
        for (long r = 0; r < count; ++r)
          gradient_sparse<width.value>(batches_.columns(), i + r, table_, layer.delta + panel.lane, layer.stride, zero_terms, gradient + r * stride);
        const long at = panel.lane * layer.fan_in + i * stride;
        apply(rates, gradient, layer.weight + at, part(layer.weight_slot[0], at), part(layer.weight_slot[1], at), count * stride);
        finite &= all_finite(layer.weight + at, count * stride);
      }
    });
    return finite;
  }

  // A place in a slot, or null where this optimizer has none.
  static T* part(T* slot, long at) { return slot == nullptr ? nullptr : slot + at; }

  bool untouched(long i, long count) const {
    std::int32_t any = 0;
    for (long r = 0; r < count; ++r) any |= batches_.columns().count[i + r];
    return any == 0;
  }

  static bool all_finite(const T* values, long count) {
    Vector<T> sum = {};
    for (long k = 0; k < count; k += lanes<T>) sum = fma(Vector<T>{}, load(values + k), sum);
    return sum_of<T, vector_bytes>(sum) == 0;
  }

  const AdvanceJob& job_;
  Team& team_;
  Watch& watch_;
  Arena arena_;
  const PixelTable<T> table_;
  const int depth_;
  TrainedLayer<T>* layers_;
  BatchLists<T, Pixel> batches_;
  T *bias_start_, *zero_terms_;
  T* padding_;                 // of the scores (pointwise.h)
  double *log_of_, *rest_of_;  // of each sample's loss
  bool stopping_ = false;
  long done_ = 0;
};

template <class T>
long advance_in(const AdvanceJob& job, Team& team, Watch& watch) {
  switch (job.samples.kind) {
    case PixelKind::u8: return Trainer<T, std::uint8_t>(job, team, watch).run();
    case PixelKind::f32: return Trainer<T, float>(job, team, watch).run();
    default: return Trainer<T, double>(job, team, watch).run();
  }
}

}  // namespace

long advance(const AdvanceJob& job, int threads, Watch& watch) {
  Team team(threads);
  const long done = job.network.wide ? advance_in<double>(job, team, watch) : advance_in<float>(job, team, watch);
  remember(team);
  return done;
}

}  // namespace zerokara::ZEROKARA_BUILD
