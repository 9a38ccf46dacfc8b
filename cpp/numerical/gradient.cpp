#include "numerical/gradient.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <thread>
#include <vector>

#include "runtime/arena.h"
#include "runtime/level.h"
#include "numerical/inputs.h"
#include "numerical/kernel.h"
#include "runtime/threads.h"

namespace zerokara {

namespace {

// Samples that go through the network together. Their traces stay small, whatever the batch.
constexpr long chunk_samples = 128;

const NumericalKernel& kernel_of(Level level) {
#ifdef ZEROKARA_X86_LEVELS
  if (level == Level::v4) return v4::numerical_kernel;
  if (level == Level::v3) return v3::numerical_kernel;
#endif
  (void)level;
  return baseline::numerical_kernel;
}

// Some units of a layer, whose gradient one thread finds.
struct Units {
  int layer;
  long first, count;
};

// The work is cut into tickets: for each chunk of samples, first one for each sample (forward), then one for some units at a
// time. Whoever is free draws the next ticket; who draws which makes no difference to the result. A ticket waits for those of
// earlier phases to be done, never for a thread to show up: a helper that gets no core delays nobody.
class NumericalGradient {
 public:
  NumericalGradient(const NumericalJob& job, StopToken& stop_token)
      : job_(job), stop_token_(stop_token), kernel_(kernel_of(chosen_level())), chunk_capacity_(std::min(job.samples, chunk_samples)) {
    for (int l = 0; l < job.layers; ++l) traces_.push_back(trace_of(l));
    pass_ = {&job_, traces_.data(), nullptr, nullptr, 0, numbers(chunk_capacity_ * job.sizes[job.layers]), numbers(chunk_capacity_), nullptr, true, stopped, this};
    losses_ = numbers(job.samples);
    for (int l = 0; l < job.layers; ++l) add_units(l);
    const long chunks = (job.samples + chunk_samples - 1) / chunk_samples;
    tickets_ = job.samples + chunks * static_cast<long>(units_.size());
  }

  double run(int threads) {
    std::vector<NumericalScratch> scratch;
    for (int rank = 0; rank < threads; ++rank) scratch.push_back(new_scratch());
    std::vector<std::thread> helpers = start_threads(threads - 1, [this, &scratch](int rank) { work(rank, scratch[rank]); });
    work(0, scratch[0]);
    for (std::thread& helper : helpers) helper.join();
    const double loss = job_.weight_decay == 0 ? mean_loss() : mean_loss() + penalty();
    if (!std::isfinite(loss)) {
      fill_gradients_with_nan();
    } else if (job_.weight_decay != 0) {
      add_decay();
    }
    return loss;
  }

 private:
  double* numbers(long count) { return take<double>(memory_, count); }
  std::int32_t* integers(long count) { return take<std::int32_t>(memory_, count); }

  LayerTrace trace_of(int l) {
    const int fan_in = job_.sizes[l], fan_out = job_.sizes[l + 1];
    const long samples = chunk_capacity_, stride = group_stride(fan_in), width = (fan_out + 7) / 8 * 8;
    const long inputs = samples * stride, units = samples * width;
    return {fan_in,
            fan_out,
            job_.weights[l],
            job_.biases[l],
            {stride, integers(samples), numbers(inputs), numbers(2 * inputs), integers(inputs), integers(inputs), numbers(samples)},
            width,
            numbers(units),
            numbers(units),
            numbers(units),
            numbers(units)};
  }

  NumericalScratch new_scratch() {
    const long widest = *std::max_element(job_.sizes, job_.sizes + job_.layers);
    return {numbers(kernel_.scratch_size(pass_)), integers(group_table_size(widest))};
  }

  void add_units(int layer) {
    if (job_.weight_gradients[layer] == nullptr && job_.bias_gradients[layer] == nullptr) return;
    const long units = job_.sizes[layer + 1], at_once = kernel_.units_at_once(pass_, layer);
    for (long first = 0; first < units; first += at_once) units_.push_back({layer, first, std::min(at_once, units - first)});
  }

  // The chunk that starts with this sample.
  NumericalPass chunk(long start) const {
    NumericalPass pass = pass_;
    pass.x = job_.x + start * job_.sizes[0];
    pass.targets = job_.targets + start * job_.sizes[job_.layers];
    pass.loss = losses_ + start;
    pass.samples = std::min(chunk_samples, job_.samples - start);
    pass.first = start == 0;
    return pass;
  }

  void work(int rank, const NumericalScratch& scratch) {
    for (long ticket; (ticket = next_++) < tickets_; done_.fetch_add(1, std::memory_order_release)) {
      const long in_full_chunk = chunk_samples + static_cast<long>(units_.size());
      const long number = ticket / in_full_chunk, opening = number * in_full_chunk, at = ticket - opening;
      const NumericalPass pass = chunk(number * chunk_samples);
      const bool is_forward = at < pass.samples;
      await(is_forward ? opening : opening + pass.samples, rank);
      if (stopped(pass, rank)) continue;
      if (is_forward) {
        kernel_.forward(pass, at, scratch);
      } else {
        const Units& u = units_[at - pass.samples];
        kernel_.find_gradient(pass, u.layer, u.first, u.count, rank, scratch);
      }
    }
  }

  // Returns when all tickets before this one are done, and what they wrote can be read: each releases it with its count, and this
  // acquires it. Whom we wait for is at work, or has just lost its core: then ours
  // is of more use to it than to us.
  void await(long ticket, int rank) {
    constexpr int looks_before_sleep = 5000;
    for (int look = 0; done_.load(std::memory_order_acquire) < ticket; ++look) {
      if (look < looks_before_sleep) continue;
      stopped(pass_, rank);  // looks at the caller's flag meanwhile
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  }

  double mean_loss() const {
    double sum = 0;
    for (long n = 0; n < job_.samples; ++n) sum += losses_[n];
    return sum / job_.samples;
  }

  long weights_of(int l) const { return long{job_.sizes[l]} * job_.sizes[l + 1]; }

  double penalty() const {
    double squares = 0;
    for (int l = 0; l < job_.layers; ++l)
      for (long k = 0; k < weights_of(l); ++k) squares += job_.weights[l][k] * job_.weights[l][k];
    return 0.5 * job_.weight_decay * squares;
  }

  // Of a parabola a difference quotient is the derivative in the middle of its points: at w itself, whatever h, if it is central.
  void add_decay() {
    const double middle = 0.5 * (job_.above + job_.below);
    for (int l = 0; l < job_.layers; ++l) {
      double* gradient = job_.weight_gradients[l];
      for (long k = 0; gradient != nullptr && k < weights_of(l); ++k) gradient[k] += job_.weight_decay * (job_.weights[l][k] + middle);
    }
  }

  // The loss of the batch is infinite or not a number, and so are all differences.
  void fill_gradients_with_nan() {
    const auto fill = [](double* gradient, long count) {
      if (gradient != nullptr) std::fill(gradient, gradient + count, std::numeric_limits<double>::quiet_NaN());
    };
    for (int l = 0; l < job_.layers; ++l) {
      fill(job_.weight_gradients[l], weights_of(l));
      fill(job_.bias_gradients[l], job_.sizes[l + 1]);
    }
  }

  // Whether to leave off. Only the calling thread asks the stop token, and tells the others.
  static bool stopped(const NumericalPass& pass, int rank) {
    auto& self = *static_cast<NumericalGradient*>(pass.context);
    if (rank == 0 && self.stop_token_.stop_requested()) self.stopped_.store(true, std::memory_order_relaxed);
    return self.stopped_.load(std::memory_order_relaxed);
  }

  const NumericalJob& job_;
  StopToken& stop_token_;
  const NumericalKernel& kernel_;
  const long chunk_capacity_;  // samples that the traces hold
  Arena memory_;
  std::vector<LayerTrace> traces_;
  NumericalPass pass_;
  double* losses_;
  std::vector<Units> units_;
  long tickets_;
  // Each on its own cache line: all threads write to both.
  alignas(64) std::atomic<long> next_{0};
  alignas(64) std::atomic<long> done_{0};
  std::atomic<bool> stopped_{false};
};

}  // namespace

double numerical_gradient(const NumericalJob& job, int threads, StopToken& stop_token) {
  return NumericalGradient(job, stop_token).run(threads);
}

}  // namespace zerokara
