// Compiled once per level; level.h says what such a file may use.
#include "numerical/kernel.h"

#include "numerical/inputs.h"
#include "numerical/series.h"
#include "numerical/shift.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// Adds weighted rows to scores, some at a time: each time the scores are read and written once.
class RowSum {
 public:
  RowSum(double* sum, long count, const double* any_row) : sum_(sum), count_(count), any_row_(any_row) {}

  void add(double weight, const double* row) {
    weight_[held_] = weight, row_[held_] = row;
    if (++held_ == together) flush();
  }
  void finish() {
    while (held_ != 0) add(0, any_row_);
  }

 private:
  static constexpr int together = 4;

  void flush() {
    const double *a = row_[0], *b = row_[1], *c = row_[2], *d = row_[3];
    const double wa = weight_[0], wb = weight_[1], wc = weight_[2], wd = weight_[3];
    double* __restrict sum = sum_;
    for (long j = 0; j < count_; ++j) sum[j] += wa * a[j] + wb * b[j] + (wc * c[j] + wd * d[j]);
    held_ = 0;
  }

  double* sum_;
  long count_;
  const double* any_row_;
  double weight_[together];
  const double* row_[together];
  int held_ = 0;
};

void find_scores(const LayerTrace& layer, long n) {
  const InputGroups& inputs = layer.inputs;
  const std::int32_t *begin = inputs.begin + n * inputs.stride, *position = inputs.position + n * inputs.stride;
  double* score = layer.score + n * layer.width;
  for (long j = 0; j < layer.width; ++j) score[j] = 0;
  RowSum sum(score, layer.fan_out, layer.bias);
  for (int g = 0; g < inputs.count[n]; ++g)
    for (int at = begin[g]; at < begin[g + 1]; ++at) {
      const bool is_bias = position[at] == layer.fan_in;
      sum.add(inputs.value[n * inputs.stride + g], is_bias ? layer.bias : layer.weight + long{position[at]} * layer.fan_out);
    }
  sum.finish();
}

void activate(const NumericalJob& job, const LayerTrace& layer, long n) {
  NumericalActivations::visit(job.activation, job.activation_parameters, [&](auto op) {
    using Difference = typename decltype(op)::Difference;
    for (long j = n * layer.width; j < (n + 1) * layer.width; j += width) {
      const vec a = load(layer.score + j);
      store(layer.output + j, op.forward(a));
      if constexpr (Difference::remembers) {
        Unit unit;
        Difference::remember(op, a, unit);
        store(layer.slope + j, unit.slope);
        store(layer.rest + j, unit.rest);
      }
    }
  });
}

void find_loss(const NumericalPass& pass, long n) {
  const ScoreRow row = score_row(pass, n);
  double* p = pass.probability + n * row.classes;
  double most = row.scores[0], sum = 0;
  for (long k = 1; k < row.classes; ++k) most = row.scores[k] > most ? row.scores[k] : most;
  for (long k = 0; k < row.classes; ++k) sum += p[k] = ::exp(row.scores[k] - most);
  for (long k = 0; k < row.classes; ++k) p[k] /= sum;
  pass.log_sum[n] = most + ::log(sum);
  NumericalLosses::visit(pass.job->loss, pass.job->loss_parameters, [&](auto op) {
    pass.loss[n] = plain_loss(op, row, [&](long k) { return row.scores[k]; });
  });
}

void find_steps(const NumericalPass& pass, const LayerTrace& layer, bool last, long n) {
  const NumericalJob& job = *pass.job;
  if (last) return find_steps(layer.inputs, n, job, [](double e) { return e; });
  NumericalActivations::visit(job.activation, job.activation_parameters, [&](auto op) {
    find_steps(layer.inputs, n, job, [&](double e) { return decltype(op)::Difference::step(op, e); });
  });
}

void forward(const NumericalPass& pass, long n, const NumericalScratch& scratch) {
  const double* input = pass.x + n * pass.job->sizes[0];
  for (int l = 0; l < pass.job->layers; ++l) {
    const LayerTrace& layer = pass.traces[l];
    const bool last = l == pass.job->layers - 1;
    group_inputs(input, layer.fan_in, l == 0, n, layer.inputs, scratch.table);
    find_steps(pass, layer, last, n);
    find_scores(layer, n);
    if (pass.job->weight_gradients[l] == nullptr) layer.inputs.count[n] = 1;  // the bias is in the first group
    if (!last) activate(*pass.job, layer, n);
    input = layer.output + n * layer.width;
  }
  find_loss(pass, n);
}

bool moves_scores_directly(const NumericalPass& pass, int layer) { return layer >= pass.job->layers - 2; }

// (classes, width): how much each score rises with units first, ..., first + count - 1; the other lanes are zero.
void find_weights(const NumericalPass& pass, int layer, long first, long count, double* weights) {
  const LayerTrace& last = pass.traces[pass.job->layers - 1];
  for (long k = 0; k < last.fan_out; ++k)
    for (long j = 0; j < width; ++j) {
      const double w = layer == pass.job->layers - 1 ? first + j == k : j < count ? last.weight[(first + j) * last.fan_out + k] : 0;
      weights[k * width + j] = w;
    }
}

// The largest size; NaN if there is one at the end.
double largest_of(const double* values, long count) {
  double most = 0;
  for (long i = 0; i < count; ++i) most = ::fabs(values[i]) <= most ? most : ::fabs(values[i]);
  return most;
}

// Whether neither these units nor the scores move beyond where the series of the loss hold; false where it has none.
bool series_suffice(const NumericalPass& pass, int layer, const double* weights) {
  const NumericalJob& job = *pass.job;
  const int last = job.layers - 1;
  const double e = ::fmax(::fabs(job.above), ::fabs(job.below)) * largest_of(pass.traces[layer].inputs.largest, pass.samples);
  double farthest = -1;
  NumericalLosses::visit(job.loss, job.loss_parameters, [&](auto op) {
    if constexpr (has_closed_difference<decltype(op)>) farthest = decltype(op)::Difference::farthest;
  });
  if (layer == last) return e <= farthest;
  bool suffice = false;
  NumericalActivations::visit(job.activation, job.activation_parameters, [&](auto op) {
    const double heaviest = largest_of(weights, pass.traces[last].fan_out * width);
    suffice = decltype(op)::Difference::inner_factor(op) * e <= small && op.steepest * e * heaviest <= farthest;
  });
  return suffice;
}

template <class Units>
void add_samples(const NumericalPass& pass, int layer, const Units& units_of, const Classes& moved, double* sum) {
  NumericalLosses::visit(pass.job->loss, pass.job->loss_parameters, [&](auto op) {
    if constexpr (has_closed_difference<decltype(op)>) add_samples(pass, pass.traces[layer], op, units_of, moved, sum);
  });
}

void add_by_series(const NumericalPass& pass, int layer, long first, long count, const double* weights, double* sum) {
  const NumericalJob& job = *pass.job;
  if (layer == job.layers - 1) {
    const Classes own = {first, first + count, weights};
    return add_samples(pass, layer, [](long) { return ScoreUnits(); }, own, sum);
  }
  const LayerTrace& trace = pass.traces[layer];
  const Classes all = {0, job.sizes[job.layers], weights};
  NumericalActivations::visit(job.activation, job.activation_parameters, [&](auto op) {
    const auto units_of = [&](long n) { return HiddenUnits<decltype(op)>{op, units_at(trace, n * trace.width + first)}; };
    add_samples(pass, layer, units_of, all, sum);
  });
}

// From differences, sum: (fan_in + 1, stride), to the gradient of units first, ..., first + count - 1.
void put_gradient(const NumericalPass& pass, int layer, long first, long count, long stride, const double* sum) {
  const LayerTrace& trace = pass.traces[layer];
  const double scale = 1 / ((pass.job->above - pass.job->below) * pass.job->samples);
  const auto put = [&](double* gradient, const double* differences) {
    for (long j = 0; j < count; ++j) gradient[j] = (pass.first ? 0 : gradient[j]) + scale * differences[j];
  };
  double *weights = pass.job->weight_gradients[layer], *biases = pass.job->bias_gradients[layer];
  for (long i = 0; weights != nullptr && i < trace.fan_in; ++i) put(weights + i * trace.fan_out + first, sum + i * stride);
  if (biases != nullptr) put(biases + first, sum + trace.fan_in * stride);
}

void clear(double* values, long count) { __builtin_memset(values, 0, count * sizeof(double)); }

long widest(const NumericalPass& pass) {
  long most = 0;
  for (int l = 0; l <= pass.job->layers; ++l) most = pass.job->sizes[l] > most ? pass.job->sizes[l] : most;
  return most;
}

// Sums of differences, then weights or tiles.
long sum_size(const NumericalPass& pass) { return (widest(pass) + 1) * width; }
long scratch_size(const NumericalPass& pass) { return sum_size(pass) + 2 * widest(pass) * long{sizeof(Tile) / sizeof(double)}; }

long units_at_once(const NumericalPass& pass, int layer) { return moves_scores_directly(pass, layer) ? width : 1; }

void find_by_shifts(const NumericalPass& pass, int layer, long unit, int rank, double* room, double* sum) {
  const InputGroups& inputs = pass.traces[layer].inputs;
  clear(sum, pass.traces[layer].fan_in + 1);
  for (long n = 0; n < pass.samples; ++n)
    for (int first = 0; first < inputs.count[n]; first += tile_inputs) {
      if (pass.stopped(pass, rank)) return;
      add_tile(pass, layer, n, unit, first, reinterpret_cast<Tile*>(room), widest(pass), sum);
    }
  put_gradient(pass, layer, unit, 1, 1, sum);
}

void find_gradient(const NumericalPass& pass, int layer, long first, long count, int rank, const NumericalScratch& scratch) {
  double *sum = scratch.numbers, *room = sum + sum_size(pass);
  if (moves_scores_directly(pass, layer)) {
    find_weights(pass, layer, first, count, room);
    if (series_suffice(pass, layer, room)) {
      clear(sum, (pass.traces[layer].fan_in + 1) * width);
      add_by_series(pass, layer, first, count, room, sum);
      return put_gradient(pass, layer, first, count, width, sum);
    }
  }
  for (long unit = first; unit < first + count; ++unit) find_by_shifts(pass, layer, unit, rank, room, sum);
}

}  // namespace

extern const NumericalKernel numerical_kernel = {scratch_size, units_at_once, forward, find_gradient};

}  // namespace zerokara::ZEROKARA_BUILD
