#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <vector>

#include <lamina/core/instruction_set.hpp>
#include <lamina/engine/run.hpp>
#include <lamina/kernels/signal_sums.hpp>

/// @file
/// What the values of a network are like in training: sums over some of a batch's images, read as their readers read
/// them, in memory or as expressions.

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

/// The values between which a bounded activation is not saturated.
struct UnsaturatedRange {
  double low = 0;
  double high = 0;
};

/// Where activations of the sigmoid's family are not saturated: where the slope of a sigmoid is a tenth of its steepest
/// or more, which is at 2.57 % of the way between its bounds from either. None for an activation without two bounds,
/// or that does not lie halfway between them at zero, as ReLU6.
template <class T>
[[nodiscard]] std::optional<UnsaturatedRange> unsaturated_range(const kernels::Activation<T>& activation) {
  if (activation.rectifier()) return std::nullopt;
  std::array<T, 5> at{T{-1e4}, T{-1e2}, T{0}, T{1e2}, T{1e4}};
  for (T& value : at) activation.apply(1, &value, &value);
  const auto [lowest, low, middle, high, highest] = at;
  const double range = static_cast<double>(high) - static_cast<double>(low);
  if (lowest != low || highest != high || !(range > 0)) return std::nullopt;
  const double centre = (static_cast<double>(low) + static_cast<double>(high)) / 2;
  if (std::abs(static_cast<double>(middle) - centre) > 1e-3 * range) return std::nullopt;
  const double border = (1 - std::sqrt(0.9)) / 2 * range;
  return UnsaturatedRange{static_cast<double>(low) + border, static_cast<double>(high) - border};
}

/// A value whose signal is measured.
struct SignalSource {
  ValueId value = 0;
  Index offset = 0;  ///< of its sums: sum, squares and largest of each channel, then the number of saturated values
  std::optional<UnsaturatedRange> unsaturated{};
};

/// Sums that SignalSource::offset needs room for.
[[nodiscard]] constexpr Index signal_sums(Index channels) { return 3 * channels + 1; }

/// The values of a network that have a signal of their own, the input first: what kernels make and what expressions
/// are, but no concatenations and no values under another shape, whose signals are those of others.
template <class T>
[[nodiscard]] std::vector<SignalSource> signal_sources(const Program<T>& program) {
  std::vector<SignalSource> sources;
  Index offset = 0;
  for (ValueId value = 0; value < static_cast<ValueId>(program.values.size()); ++value) {
    if (!program.value(value).used || program.value(value).alias != kNone) continue;
    if (value > 0 && program.operation(value - 1).kind == OperationKind::concatenation) continue;
    const int activation = program.value(value).activation;
    sources.push_back({.value = value, .offset = offset});
    if (activation != kNone) {
      sources.back().unsaturated = unsaturated_range(program.template row<ActivationRow>(activation).activation);
    }
    offset += signal_sums(program.shape(value).channels);
  }
  return sources;
}

/// What measuring signals reads and writes.
struct SignalPass {
  std::span<const SignalSource> sources;
  Index images = 0;        ///< the first so many of the batch
  double* sums = nullptr;  ///< to add to
};

namespace detail {

/// Adds one value's signal to its sums.
template <class T>
void measure_signal(const Run<T>& run, const SignalSource& source, Index images, T* buffer, double* to) {
  const Shape shape = run.program().shape(source.value);
  const Index channels = shape.channels;
  const kernels::Expression<T> expression = run.read(source.value);
  const kernels::SignalSums sums{to, to + channels, to + 2 * channels};
  for (Index first = 0; first < images * shape.pixels(); first += kSignalPixels) {
    const Index pixels = std::min(kSignalPixels, images * shape.pixels() - first);
    const T* values = expression.raw.data + first * expression.raw.stride;
    Index stride = expression.raw.stride;
    if (!expression.identity()) {
      kernels::materialize(expression, first, pixels, buffer, channels);
      values = buffer;
      stride = channels;
    }
    kernels::add_signals(values, pixels, channels, stride, sums);
    if (!source.unsaturated) continue;
    const auto [low, high] = *source.unsaturated;
    to[3 * channels] += static_cast<double>(
        kernels::count_outside(values, pixels, channels, stride, static_cast<T>(low), static_cast<T>(high)));
  }
}

/// Measures signals of the values that a forward pass has left. A task is a value, whose sums one thread adds to in
/// order: the bits do not depend on the team.
template <class T>
void run_signals(const Program<T>& program, const Layout& layout, const RunMemory<T>& memory, const SignalPass& pass) {
  const Run<T> run(program, layout, memory);
  Index channels = 0;
  for (const SignalSource& source : pass.sources) {
    channels = std::max(channels, program.shape(source.value).channels);
  }
  run.team().for_each(std::ssize(pass.sources), [&](Index task, Index thread) {
    const SignalSource& source = pass.sources[static_cast<std::size_t>(task)];
    T* const buffer = run.scratch() + thread * signal_scratch(channels);
    measure_signal(run, source, std::min(pass.images, run.batch()), buffer, pass.sums + source.offset);
  });
}

}  // namespace detail

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
