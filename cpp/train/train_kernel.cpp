// Training by backpropagation: many updates in one call.
//
// One update has three phases with a barrier after each of the first two:
//   first_layer_forward  by parts of W1, which stay in this core's cache: all samples, by each half of the pixels apart
//   later_layers         by samples: the halves together, the later layers forward, the loss, and back to the first layer
//   update_parameters    by parts of W1 again, and by rows of every later W: gradients and updates
// In later_layers each member also prepares the lists of nonzero pixels that it will need.
//
// No sum is ever split in another way for another number of members: that makes results the same bits for any.
#include "train/batch_lists.h"
#include "train/kernels.h"
#include "train/layers.h"
#include "train/dense_products.h"
#include "ops/losses.h"
#include "train/sparse_products.h"
#include "train/trained_layer.h"
#include "train/weight_decay.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

constexpr long batches_ahead = 2;  // pixels are fetched into the cache this early: batches are random rows of a large array
constexpr int rows_at_once = 8;  // of W1, between finding a gradient and applying it

// What a member has of W1: halves of its rows (sparse.h), and one share of its columns. An even number of members stands in two
// rows, because narrow panels are slow and one half's lists are quicker made than both. Sums over the pixels are always taken in
// these two halves, also by a member that has both: so their rounding does not depend on the team.
struct ThreadTile {
  Share halves;
  int column, columns;

  ThreadTile(int rank, int size)
      : halves(size % 2 == 0 ? Share{rank % 2, rank % 2 + 1} : Share{0, 2}),
        column(size % 2 == 0 ? rank / 2 : rank),
        columns(size % 2 == 0 ? size / 2 : size) {}
};

template <class T, class Pixel>
class Trainer {
 public:
  using S = Stored<T, Pixel>;

  Trainer(const AdvanceJob& job, Team& team, StopToken& stop_token)
      : job_(job), team_(team), stop_token_(stop_token), table_(job.samples.full), depth_(job.network.layers),
        bands_(job.network.sizes[0], balanced_split<Pixel>(job.samples, job.network.sizes[0]), arena_),
        batches_(job, table_, bands_, team.size(), arena_), decay_(job.weight_decay, job.network, arena_) {
    layers_ = zeros<TrainedLayer<T>>(arena_, depth_);
    for (int l = 0; l < depth_; ++l) make_layer(layers_[l], job, l, arena_);
    for (int half = 0; half < 2; ++half) {
      initial_sums_[half] = zeros<T>(arena_, first().padded);
      half_sums_[half] = zeros<T>(arena_, batch() * first().stride);
    }
    padding_ = zeros<T>(arena_, last().padded);
    for (long k = last().fan_out; k < last().padded; ++k) padding_[k] = -static_cast<T>(INFINITY);
    log_of_ = zeros<double>(arena_, batch());
    rest_of_ = zeros<double>(arena_, batch());
  }

  long run() {
    if (job_.updates == 0 || stop_token_.stop_requested()) return 0;
    team_.run([](Team&, int rank, void* self) { static_cast<Trainer*>(self)->work(rank); }, this);
    return done_;
  }

 private:
  TrainedLayer<T>& first() { return layers_[0]; }
  TrainedLayer<T>& last() { return layers_[depth_ - 1]; }
  long batch() const { return job_.batch_size; }
  Share my_samples(int rank) const { return share(batch(), rank, team_.size()); }
  Panels<T> my_panels(const Layer<T>& layer, int rank) const { return Panels<T>(layer.fan_out, rank, team_.size()); }
  ThreadTile tile_of(int rank) const { return ThreadTile(rank, team_.size()); }
  Part<T> my_part(int l, int rank) const {
    if (l > 0) return {my_panels(layers_[l], rank), {0, layers_[l].fan_in}, true};
    const ThreadTile at = tile_of(rank);
    return {Panels<T>(layers_[0].fan_out, at.column, at.columns), bands_.pixels(bands_.of(at.halves)), at.halves.begin == 0};
  }

  void work(int rank) {
    for (int l = 0; l < depth_; ++l) {
      pack_parameters(layers_[l], job_, l, my_part(l, rank));
      if (l > 0) transpose_weights(layers_[l], static_cast<const T*>(job_.network.weights[l]), my_panels(layers_[l - 1], rank));
    }
    find_initial_sums(rank, true);
    list_rows(0, rank);
    Optimizer<T> optimizer(job_.optimizer.rule, job_.optimizer.settings, static_cast<double>(job_.optimizer.steps));
    team_.barrier();
    for (long update = 0;; ++update) {
      first_layer_forward(update, rank);
      team_.barrier();
      later_layers(update, rank);
      // The others read this after the barrier, and it is next written after two more: so a plain bool will do, ordered by them.
      if (rank == 0) stopping_ = update + 1 == job_.updates || stop_token_.stop_requested();
      team_.barrier();
      optimizer.next();
      update_parameters(optimizer, update, rank);
      if (stopping_) break;
    }
    team_.barrier();
    for (int l = 0; l < depth_; ++l) unpack_parameters(layers_[l], job_, l, my_part(l, rank));
  }

  // The sums of a half begin with what its zero pixels add, 0 · w, which is NaN where a weight is not finite; and those of the
  // first half with the bias too. After an update that left all weights finite there is nothing to search for.
  void find_initial_sums(int rank, bool search_weights) {
    const ThreadTile at = tile_of(rank);
    const Panels<T> mine = my_part(0, rank).panels;
    for (int piece = 0; piece < mine.size(); ++piece) {
      const Panel panel = mine[piece];
      const std::size_t bytes = panel.width * lanes<T> * sizeof(T);
      for (long half = at.halves.begin; half < at.halves.end; ++half) {
        T* start = initial_sums_[half] + panel.lane;
        if (half == 0) {
          std::memcpy(start, first().bias + panel.lane, bytes);
        } else {
          std::memset(start, 0, bytes);
        }
        const Share rows = bands_.pixels(bands_.of({half, half + 1}));
        if (search_weights) add_zero_times(first().panel(first().weight, panel.lane), rows, panel.width, start);
      }
    }
  }

  // ---- forward: by parts of W1 -------------------------------------------------------------------------------------

  // Not inlined for the same reason as update_first.
  __attribute__((noinline)) void first_layer_forward(long update, int rank) {
    const ThreadTile at = tile_of(rank);
    const Panels<T> mine = my_part(0, rank).panels;
    for (long half = at.halves.begin; half < at.halves.end; ++half) {
      const Share bands = bands_.of({half, half + 1});
      for (int piece = 0; piece < mine.size(); ++piece) {
        for (long band = bands.begin; band < bands.end; ++band) {
          const T* start = band == bands.begin ? initial_sums_[half] : nullptr;
          const Share fetched = piece == 0 && update + batches_ahead < job_.updates ? share(batch(), at.column, at.columns) : Share{0, 0};
          with_width(mine[piece].width,
                     [&](auto width) { sum_band<width.value>(update, band, mine[piece].lane, start, half_sums_[half], fetched); });
        }
      }
    }
  }

  // Adds one band's pixels to the sums of all samples, which begin with `start` unless that is null; and meanwhile asks for those
  // of a later batch's samples `fetched`.
  template <int width>
  void sum_band(long update, long band, long lane, const T* start, T* sums, Share fetched) {
    constexpr long stride = width * lanes<T>;
    const Share pixels = bands_.pixels(band);
    const T* rows = first().panel(first().weight, lane) + pixels.begin * stride;
    for (long n = 0; n < batch(); ++n) {
      if (fetched.begin <= n && n < fetched.end) batches_.prefetch(update + batches_ahead, n, pixels);
      T* out = sums + n * first().stride + lane;
      weighted_sum<width>(batches_.row(update, band, n), table_, rows, stride, start != nullptr ? start + lane : out, out);
    }
  }

  // ---- later layers: by samples --------------------------------------------------------------------------------------------

  void later_layers(long update, int rank) {
    const Share mine = my_samples(rank);
    add_halves(mine);
    for (int l = 1; l < depth_; ++l) later_forward(l, mine);
    find_losses(update, mine);
    if (decay_.decays()) find_squares(rank);
    for (int l = depth_ - 1; l > 0; --l) {
      for (int member = 0; member < team_.size(); ++member) back_through(l, my_panels(layers_[l - 1], member), mine);
    }
    const ThreadTile at = tile_of(rank);
    const Share bands = bands_.of(at.halves), part = share(bands.end - bands.begin, at.column, at.columns);
    batches_.list_columns(update, {bands.begin + part.begin, bands.begin + part.end}, rank);
    if (update + 1 < job_.updates) list_rows(update + 1, rank);
  }

  void list_rows(long update, int rank) {
    const ThreadTile at = tile_of(rank);
    batches_.list_rows(update, bands_.of(at.halves), share(batch(), at.column, at.columns));
  }

  // Weights do not change before the next barrier, so that these are the squares of the weights that gave the loss.
  void find_squares(int rank) {
    const ThreadTile tile = tile_of(rank);
    for (long half = tile.halves.begin; half < tile.halves.end; ++half)
      decay_.find_squares(0, half, first(), bands_.pixels(bands_.of({half, half + 1})), my_part(0, rank).panels);
    for (int l = 1; l < depth_; ++l) decay_.find_squares(l, 0, layers_[l], {0, layers_[l].fan_in}, my_panels(layers_[l], rank));
  }

  void add_halves(Share samples) {
    const long stride = first().stride;
    T* out = depth_ > 1 ? first().a : first().delta;
    for (long k = samples.begin * stride; k < samples.end * stride; k += lanes<T>)
      store(out + k, load(half_sums_[0] + k) + load(half_sums_[1] + k));
    if (depth_ > 1) activate_layer(first(), samples);
  }

  void activate_layer(TrainedLayer<T>& layer, Share samples) {
    for (long n = samples.begin; n < samples.end; ++n)
      activate(job_.network.activation, layer.a + n * layer.stride, layer.h + n * layer.stride, layer.padded);
  }

  void later_forward(int l, Share samples) {
    const TrainedLayer<T>& before = layers_[l - 1];
    TrainedLayer<T>& layer = layers_[l];
    T* out = l == depth_ - 1 ? layer.delta : layer.a;
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
    if (l < depth_ - 1) activate_layer(layer, samples);
  }

  void find_losses(long update, Share samples) {
    const TrainedLayer<T>& layer = last();
    for (long n = samples.begin; n < samples.end; ++n) {
      T* scores = layer.delta + n * layer.stride;
      const SampleLoss loss = loss_and_delta(job_.loss, scores, padding_, layer.padded, batches_.label(update, n), T(1) / T(batch()));
      log_of_[n] = loss.log_of;
      rest_of_[n] = loss.rest;
    }
  }

  // ∂L/∂a of layer l - 1 (counted from 0), of these panels and samples, from that of layer l: (∂L/∂a Wᵀ) φ'.
  void back_through(int l, const Panels<T>& panels, Share samples) {
    const TrainedLayer<T>&before = layers_[l - 1], &layer = layers_[l];
    for (int piece = 0; piece < panels.size(); ++piece) {
      const Panel panel = panels[piece];
      with_width(panel.width, [&](auto width) {
        const T* transposed = layer.transposed + panel.lane * layer.fan_out;
        multiply<width.value, T>(layer.delta, layer.stride, samples.begin, samples.end, transposed, layer.fan_out, nullptr,
                                 before.delta + panel.lane, before.stride);
        for (long n = samples.begin; n < samples.end; ++n) {
          const long at = n * before.stride + panel.lane;
          activate_backward(job_.network.activation, before.a + at, before.delta + at, width.value * lanes<T>);
        }
      });
    }
  }

  // ---- gradients and updates ----------------------------------------------------------------------------------

  void update_parameters(const Optimizer<T>& optimizer, long update, int rank) {
    if (rank == 0) {
      job_.losses[update] = mean_loss(log_of_, rest_of_, batch());
      if (decay_.decays()) job_.losses[update] += decay_.penalty();
      done_ = update + 1;
    }
    for (int l = 1; l < depth_; ++l) {
      update_biases(optimizer, l, rank);
      update_weights(optimizer, l, my_panels(layers_[l - 1], rank));
    }
    const Part<T> mine = my_part(0, rank);
    bool finite = true;
    for (int piece = 0; piece < mine.panels.size(); ++piece) finite &= update_first(optimizer, mine, mine.panels[piece]);
    find_initial_sums(rank, !finite);
  }

  void update_biases(const Optimizer<T>& optimizer, int l, int rank) {
    const Panels<T> mine = my_panels(layers_[l], rank);
    for (int piece = 0; piece < mine.size(); ++piece) {
      alignas(64) T gradient[widest_panel * lanes<T>];
      find_bias_gradient(layers_[l], mine[piece], gradient);
      update_bias(optimizer, layers_[l], mine[piece], gradient);
    }
  }

  void find_bias_gradient(const TrainedLayer<T>& layer, Panel panel, T* gradient) {
    with_width(panel.width, [&](auto width) { column_sums<width.value>(layer.delta + panel.lane, layer.stride, batch(), gradient); });
  }

  void update_bias(const Optimizer<T>& optimizer, TrainedLayer<T>& layer, Panel panel, const T* gradient) {
    optimizer.apply(gradient, layer.bias + panel.lane, layer.bias_slot, panel.lane, panel.width * lanes<T>);
  }

  // The rows of W (layer l > 0) that belong to these panels of the layer before, and the same lanes of its transpose, which is kept
  // beside W and not made anew: back_through reads it in the next update.
  void update_weights(const Optimizer<T>& optimizer, int l, const Panels<T>& owned) {
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
            for (; i + tallest_tile <= stop; i += tallest_tile) update_tile<tallest_tile, width.value>(optimizer, l, rows, panel, i);
            for (; i < stop; ++i) update_tile<1, width.value>(optimizer, l, rows, panel, i);
          });
        }
      }
    }
  }

  template <int height, int width>
  void update_tile(const Optimizer<T>& optimizer, int l, Panel rows, Panel panel, long i) {
    TrainedLayer<T>& layer = layers_[l];
    constexpr long stride = width * lanes<T>;
    alignas(64) T gradient[height * stride];
    gradient_tile<height, width>(layers_[l - 1].h + i, layers_[l - 1].stride, layer.delta + panel.lane, layer.stride, batch(), gradient);
    const long at = panel.lane * layer.fan_in + i * stride;
    if (decay_.decays()) decay_.add_gradient(layer.weight + at, height * stride, gradient);
    optimizer.apply(gradient, layer.weight + at, layer.weight_slot, at, height * stride);
    const long transposed_stride = rows.width * lanes<T>;
    T* transposed = layer.transposed + rows.lane * layer.fan_out + (i - rows.lane);
    const long used = layer.fan_out - panel.lane < stride ? layer.fan_out - panel.lane : stride;
    for (long j = 0; j < used; ++j)
      for (int r = 0; r < height; ++r) transposed[(panel.lane + j) * transposed_stride + r] = layer.weight[at + r * stride + j];
  }

  // What a member has of a panel of W1 and its biases. Returns whether the new weights are finite.
  // Not inlined, or GCC has no registers left for the sums of its inner loop: that was a twentieth of a float64 update.
  __attribute__((noinline)) bool update_first(const Optimizer<T>& optimizer, const Part<T>& mine, Panel panel) {
    TrainedLayer<T>& layer = first();
    alignas(64) T bias_gradient[widest_panel * lanes<T>], zero_terms[widest_panel * lanes<T>];
    find_bias_gradient(layer, panel, bias_gradient);
    if (mine.biases) update_bias(optimizer, layer, panel, bias_gradient);
    // What zero pixels add to the gradient, Σ 0 · ∂L/∂a: 0, or NaN where one of them is not finite.
    bool plain = true;
    for (long k = 0; k < panel.width * lanes<T>; ++k) {
      zero_terms[k] = bias_gradient[k] * 0;
      plain &= zero_terms[k] == 0;
    }
    // Rows of W1 whose pixels are 0 in all samples then stay as they are.
    const bool skips = plain && !decay_.decays() && optimizer.skips_zero_gradients();
    bool finite = true;
    with_width(panel.width, [&](auto width) {
      constexpr long stride = width.value * lanes<T>;
      alignas(64) T gradient[rows_at_once * stride];
      for (long i = mine.rows.begin; i < mine.rows.end; i += rows_at_once) {
        const long count = mine.rows.end - i < rows_at_once ? mine.rows.end - i : rows_at_once;
        if (skips && untouched(i, count)) continue;
        for (long r = 0; r < count; ++r) {
          T* row = gradient + r * stride;
          for (long chunk = 0; chunk < batches_.chunks(); ++chunk) {
            const T* delta = layer.delta + chunk * chunk_samples * layer.stride + panel.lane;
            weighted_sum<width.value>(batches_.column(chunk, i + r), table_, delta, layer.stride, chunk == 0 ? zero_terms : row, row);
          }
        }
        const long at = panel.lane * layer.fan_in + i * stride;
        if (decay_.decays()) decay_.add_gradient(layer.weight + at, count * stride, gradient);
        optimizer.apply(gradient, layer.weight + at, layer.weight_slot, at, count * stride);
        finite &= all_finite<width.value>(layer.weight + at, count);
      }
    });
    return finite;
  }

  bool untouched(long i, long count) const {
    int any = 0;
    for (long chunk = 0; chunk < batches_.chunks(); ++chunk)
      for (long r = 0; r < count; ++r) any |= batches_.column(chunk, i + r).count;
    return any == 0;
  }

  template <int width>
  static bool all_finite(const T* rows, long count) {
    Vector<T> sums[width] = {};
    for (long k = 0; k < count; ++k) {
      for (int p = 0; p < width; ++p) sums[p] = fma(Vector<T>{}, load(rows + (k * width + p) * lanes<T>), sums[p]);
    }
    for (int p = 1; p < width; ++p) sums[0] = sums[0] + sums[p];
    return sum_of<T, vector_bytes>(sums[0]) == 0;
  }

  const AdvanceJob& job_;
  Team& team_;
  StopToken& stop_token_;
  Arena arena_;
  const PixelTable<T> table_;
  const int depth_;
  TrainedLayer<T>* layers_;
  const Bands bands_;
  BatchLists<T, Pixel> batches_;
  T *initial_sums_[2], *half_sums_[2];
  T* padding_;                 // of the scores (softmax.h)
  double *log_of_, *rest_of_;  // of each sample's loss
  WeightDecay<T> decay_;
  bool stopping_ = false;
  long done_ = 0;
};

template <class T>
long advance_in(const AdvanceJob& job, Team& team, StopToken& stop_token) {
  switch (job.samples.kind) {
    case PixelKind::u8: return Trainer<T, std::uint8_t>(job, team, stop_token).run();
    case PixelKind::f32: return Trainer<T, float>(job, team, stop_token).run();
    case PixelKind::f64: return Trainer<T, double>(job, team, stop_token).run();
  }
  __builtin_unreachable();
}

}  // namespace

long advance(const AdvanceJob& job, int threads, StopToken& stop_token) {
  Team team(threads);
  const long done = job.network.is_float64 ? advance_in<double>(job, team, stop_token) : advance_in<float>(job, team, stop_token);
  note_idle_time(team);
  return done;
}

}  // namespace zerokara::ZEROKARA_BUILD
