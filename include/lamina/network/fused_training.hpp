#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <lamina/network/fused_units.hpp>

namespace lamina {

/// Trains a network unit by unit: the same results as layer by layer, up to rounding, in fewer passes over memory. A
/// unit's convolution writes its raw output and the batch statistics; batch norm, shortcut and activation happen when
/// the next unit reads it, and their gradients while the next unit's are in the cache. Without a convolution the raw
/// tensor is the value before, which is read once more for its statistics.
template <class Network, class T>
class FusedTraining : FusedUnits<Network, T> {
  using Units = FusedUnits<Network, T>;
  using typename Units::Deferred;
  using Units::aligned, Units::coefficients_, Units::deferred, Units::largest, Units::largest_scratch, Units::operation;
  using Units::plan_, Units::resolve, Units::run_plain, Units::units_;

 public:
  /// Values of T that training keeps from forward to backward.
  static constexpr Index saved(Index batch) { return layout(batch).second; }

  /// Values of scratch memory.
  static constexpr Index scratch(Index batch, Index threads) {
    return plan_.gradient_slots * largest(batch) + coefficients_ + largest_scratch(batch, threads);
  }

  static void forward(const Forward<T>& pass) {
    const auto places = layout(pass.input.batch).first;
    Deferred input{.raw = pass.input};
    for (std::size_t u = 0; u < units_; ++u) {
      const FusedUnit& unit = plan_.units[u];
      const Place place = places[u];
      T* const kept_input = u > 0 && plan_.kept[u] && !input.plain() ? pass.saved + places[u - 1].value : nullptr;
      const TensorView<T> raw = raw_view(u, pass.saved, place, pass.output);
      T* const coefficients = pass.saved + place.coefficients;
      if (unit.convolution) {
        convolve(pass, unit, input, kept_input, raw, coefficients);
      } else if (kept_input != nullptr) {
        resolve(pass.team, input, kept_input);
      }
      if (kept_input != nullptr) input = {.raw = {kept_input, input.raw.batch, input.raw.shape}};
      if (!unit.convolution && unit.layer != FusedUnit::none) {
        run_plain(pass, unit, input.raw, pass.saved + place.saved, pass.scratch, raw);
      } else if (!unit.convolution && unit.batch_norm != FusedUnit::none) {
        measure(pass, unit, input.raw, coefficients);
      }
      const TensorView<const T> made = unit.layer == FusedUnit::none ? input.raw : TensorView<const T>(raw);
      input = deferred(unit, made, coefficients, shortcut_value(unit, pass.input.data, pass.saved, places));
    }
    if (!input.plain()) resolve(pass.team, input, pass.output.data);
  }

  static void backward(const Backward<T>& pass) {
    const Index batch = pass.output_gradient.batch;
    const auto places = layout(batch).first;
    TensorView<const T> gradient = pass.output_gradient;
    if (plan_.units[units_ - 1].deferred()) {
      const TensorView<T> own = gradient_view(pass, units_ - 1, batch);
      go_back(pass, places, units_, nullptr, pass.output.data, {.gradient = gradient}, own);
      gradient = own;
    }
    for (std::size_t u = units_; u-- > 0;) {
      const FusedUnit& unit = plan_.units[u];
      const TensorView<T> input_gradient = u == 0 ? pass.input_gradient : gradient_view(pass, u - 1, batch);
      const T* const added = input_gradient.empty() ? nullptr : shortcut_gradient(pass, u, batch);
      if (unit.convolution) {
        convolve_back(pass, places, u, gradient, added, input_gradient);
      } else {
        const T* const value = value_data(u, pass.input.data, pass.saved, places);
        const bool plain = unit.layer != FusedUnit::none;
        if (plain) run_plain_back(pass, places, u, value, gradient, input_gradient);
        if (!input_gradient.empty()) {
          const auto given = plain ? Given{.gradient = input_gradient} : raw_gradient(pass, places, u, gradient);
          go_back(pass, places, u, added, value, given, input_gradient);
        }
      }
      gradient = input_gradient;
    }
  }

 private:
  /// Where a unit's tensors lie in the memory kept for backward.
  struct Place {
    Index raw = 0;           ///< the convolution's or layer's output
    Index value = 0;         ///< the value, where it is kept and differs from the raw tensor
    Index coefficients = 0;  ///< of the batch norm: mean, 1 / deviation, scale, shift
    Index saved = 0;         ///< what a plain layer keeps
  };
  using Places = std::array<Place, units_>;
  using Given = kernels::DeferredGradient<T>;

  static constexpr std::pair<Places, Index> layout(Index batch) {
    Places places{};
    Index end = 0;
    for (std::size_t u = 0; u < units_; ++u) {
      const FusedUnit& unit = plan_.units[u];
      const Shape& shape = plan_.shapes[u + 1];
      const Index size = aligned(batch * shape.size());
      places[u] = {.raw = end, .value = end};
      if (unit.layer != FusedUnit::none) end += size;
      if (plan_.kept[u + 1] && unit.deferred()) {
        places[u].value = end;
        end += size;
      }
      places[u].coefficients = end;
      if (unit.batch_norm != FusedUnit::none) end += aligned(4 * shape.channels);
      places[u].saved = end;
      if (unit.layer != FusedUnit::none && !unit.convolution) {
        end += aligned(operation(unit.layer).layer.saved(batch));
      }
    }
    return {places, end};
  }

  static TensorView<T> raw_view(std::size_t u, T* saved, const Place& place, const TensorView<T>& output) {
    const bool is_output = u + 1 == units_ && !plan_.units[u].deferred();
    return {is_output ? output.data : saved + place.raw, output.batch, plan_.shapes[u + 1]};
  }

  /// Value number `value`, which is kept; the network's output is not among them.
  static const T* value_data(std::size_t value, const T* input, const T* saved, const Places& places) {
    return value == 0 ? input : saved + places[value - 1].value;
  }

  /// The raw tensor of unit u; where it has no layer, the value it reads.
  static const T* raw_data(std::size_t u, const T* input, const T* saved, const Places& places) {
    return plan_.units[u].layer == FusedUnit::none ? value_data(u, input, saved, places) : saved + places[u].raw;
  }

  static const T* shortcut_value(const FusedUnit& unit, const T* input, const T* saved, const Places& places) {
    if (unit.shortcut == FusedUnit::none) return nullptr;
    return value_data(static_cast<std::size_t>(unit.shortcut), input, saved, places);
  }

  static void convolve(const Forward<T>& pass, const FusedUnit& unit, const Deferred& input, T* kept_input,
                       const TensorView<T>& raw, T* coefficients) {
    const Operation<T>& layer = operation(unit.layer);
    const Index channels = raw.shape.channels;
    const bool normalized = unit.batch_norm != FusedUnit::none;
    T* const mean = coefficients;
    T* const inverse_deviation = coefficients + channels;
    const T* const weights = pass.parameters + layer.layer.parameter_offset;
    layer.convolve(layer.geometry, {.team = pass.team,
                                    .weights = weights,
                                    .bias = layer.bias(weights),
                                    .scratch = pass.scratch,
                                    .input = input,
                                    .kept_input = kept_input,
                                    .output = raw,
                                    .mean = normalized ? mean : nullptr,
                                    .variance = normalized ? inverse_deviation : nullptr});
    if (normalized) normalize(pass, unit, raw, coefficients);
  }

  /// The moments of what a batch norm without a convolution reads, and what follows from them.
  static void measure(const Forward<T>& pass, const FusedUnit& unit, const TensorView<const T>& raw, T* coefficients) {
    operation(unit.batch_norm).moments(pass.team, raw, pass.scratch, coefficients, coefficients + raw.shape.channels);
    normalize(pass, unit, raw, coefficients);
  }

  /// From mean and variance, which stand in the coefficients: running statistics, 1 / deviation, scale and shift.
  static void normalize(const Forward<T>& pass, const FusedUnit& unit, const TensorView<const T>& raw,
                        T* coefficients) {
    const Index channels = raw.shape.channels;
    T* const mean = coefficients;
    T* const inverse_deviation = coefficients + channels;
    const Operation<T>& norm = operation(unit.batch_norm);
    const T* const gamma = pass.parameters + norm.layer.parameter_offset;
    kernels::update_running_statistics(channels, raw.pixels(), norm.momentum, mean, inverse_deviation,
                                       pass.updated_statistics + norm.layer.statistics_offset);
    kernels::invert_deviation(channels, norm.epsilon, inverse_deviation, inverse_deviation);
    kernels::normalization(channels, gamma, gamma + channels, mean, inverse_deviation, coefficients + 2 * channels,
                           coefficients + 3 * channels);
  }

  static TensorView<T> gradient_view(const Backward<T>& pass, std::size_t u, Index batch) {
    return {pass.scratch + plan_.units[u].gradient_slot * largest(batch), batch, plan_.shapes[u + 1]};
  }

  static T* backward_scratch(const Backward<T>& pass) {
    return pass.scratch + plan_.gradient_slots * largest(pass.output_gradient.batch) + coefficients_;
  }

  /// Gradient that reaches value number `value` through shortcuts; of several, their sum.
  static const T* shortcut_gradient(const Backward<T>& pass, std::size_t value, Index batch) {
    T* sum = nullptr;
    for (std::size_t u = value; u < units_; ++u) {
      if (plan_.units[u].shortcut != static_cast<int>(value)) continue;
      const TensorView<T> gradient = gradient_view(pass, u, batch);
      if (sum != nullptr) kernels::add<T>(pass.team, gradient.size(), sum, gradient.data, gradient.data);
      sum = gradient.data;
    }
    return sum;
  }

  /// What lies between value number `value` and the raw tensor it is made from.
  static kernels::DeferredBackward<T> before(const Backward<T>& pass, const Places& places, std::size_t value,
                                             const T* added) {
    if (value == 0) return {.added = added};
    const FusedUnit& unit = plan_.units[value - 1];
    const Place& place = places[value - 1];
    const bool normalized = unit.batch_norm != FusedUnit::none;
    const T* const coefficients = pass.saved + place.coefficients;
    return {.added = added,
            .slope = unit.activation == FusedUnit::none ? T{1} : operation(unit.activation).slope,
            .raw = normalized ? raw_data(value - 1, pass.input.data, pass.saved, places) : nullptr,
            .mean = normalized ? coefficients : nullptr,
            .inverse_deviation = normalized ? coefficients + plan_.shapes[value].channels : nullptr};
  }

  /// Gradient of gamma of the batch norm that makes value number `value`; beta's follows. Null where there is none.
  static T* norm_gradient(const Backward<T>& pass, std::size_t value) {
    if (value == 0 || plan_.units[value - 1].batch_norm == FusedUnit::none) return nullptr;
    return pass.gradients + operation(plan_.units[value - 1].batch_norm).layer.parameter_offset;
  }

  /// Turns the gradient of a value into that of what stands before its activation, in a pass of its own.
  /// @param given     the gradient of the value
  /// @param gradient  where the other goes, which may be the memory of the one given
  static void go_back(const Backward<T>& pass, const Places& places, std::size_t value, const T* added, const T* values,
                      const Given& given, const TensorView<T>& gradient) {
    const auto back = before(pass, places, value, added);
    const bool there = given.plain() && given.gradient.data == gradient.data;
    if (there && back.plain()) return;
    const Index channels = gradient.shape.channels;
    T* const sums = backward_scratch(pass);
    const Deferred tensor{.raw = {values, gradient.batch, gradient.shape}};
    const Partition partition{gradient.batch};
    pass.team.for_each(partition.parts(), [&](Index part, Index) {
      T* const own = sums + 2 * channels * part;
      std::fill_n(own, 2 * channels, T{0});
      for (Index n = partition[part].begin; n < partition[part].end; ++n) {
        T* const sample = gradient.sample(n);
        if (!there) kernels::evaluate(given, n, sample);
        if (!back.plain()) kernels::go_back(back, tensor, n, kernels::Frame::of(gradient.shape), sample, sample, own);
      }
    });
    if (back.raw == nullptr) return;
    kernels::sum_parts(pass.team, partition.parts(), 2 * channels, sums, 2 * channels, norm_gradient(pass, value));
  }

  static void run_plain_back(const Backward<T>& pass, const Places& places, std::size_t u, const T* input,
                             const TensorView<const T>& gradient, const TensorView<T>& input_gradient) {
    const Operation<T>& layer = operation(plan_.units[u].layer);
    const T* const output = u + 1 == units_ ? pass.output.data : pass.saved + places[u].raw;
    layer.layer.backward({.team = pass.team,
                          .random = {pass.random.seed, pass.random.step, layer.random_layer},
                          .parameters = pass.parameters + layer.layer.parameter_offset,
                          .gradients = pass.gradients + layer.layer.parameter_offset,
                          .saved = pass.saved + places[u].saved,
                          .scratch = backward_scratch(pass),
                          .input = {input, gradient.batch, plan_.shapes[u]},
                          .output = {output, gradient.batch, plan_.shapes[u + 1]},
                          .output_gradient = gradient,
                          .input_gradient = input_gradient});
  }

  /// The gradient of unit u's raw tensor, computed when it is read, given that of what stands before its activation.
  static Given raw_gradient(const Backward<T>& pass, const Places& places, std::size_t u,
                            const TensorView<const T>& gradient) {
    const T* const sums = norm_gradient(pass, u + 1);
    if (sums == nullptr) return {.gradient = gradient};
    const Index channels = gradient.shape.channels;
    T* const factors = backward_scratch(pass) - coefficients_;
    const T* const coefficients = pass.saved + places[u].coefficients;
    const T* const gamma = pass.parameters + operation(plan_.units[u].batch_norm).layer.parameter_offset;
    kernels::normalization_gradient(channels, gradient.pixels(), gamma, coefficients, coefficients + channels, sums,
                                    sums + channels, factors, factors + channels, factors + 2 * channels);
    return {.gradient = gradient,
            .raw = raw_data(u, pass.input.data, pass.saved, places),
            .scale = factors,
            .raw_factor = factors + channels,
            .shift = factors + 2 * channels};
  }

  static void convolve_back(const Backward<T>& pass, const Places& places, std::size_t u,
                            const TensorView<const T>& gradient, const T* added, const TensorView<T>& input_gradient) {
    const FusedUnit& unit = plan_.units[u];
    const Operation<T>& layer = operation(unit.layer);
    const Index batch = gradient.batch;
    Deferred input{.raw = {value_data(u, pass.input.data, pass.saved, places), batch, plan_.shapes[u]}};
    if (!plan_.kept[u] && u > 0) {
      input =
          deferred(plan_.units[u - 1], {raw_data(u - 1, pass.input.data, pass.saved, places), batch, plan_.shapes[u]},
                   pass.saved + places[u - 1].coefficients,
                   shortcut_value(plan_.units[u - 1], pass.input.data, pass.saved, places));
    }
    T* const gamma_gradient = norm_gradient(pass, u);
    T* const weight_gradient = pass.gradients + layer.layer.parameter_offset;
    layer.convolve_back(
        layer.geometry,
        {.team = pass.team,
         .weights = pass.parameters + layer.layer.parameter_offset,
         .scratch = backward_scratch(pass),
         .input = input,
         .output_gradient = raw_gradient(pass, places, u, gradient),
         .weight_gradient = weight_gradient,
         .bias_gradient = layer.bias(weight_gradient),
         .input_gradient = input_gradient,
         .before = before(pass, places, u, added),
         .gamma_gradient = gamma_gradient,
         .beta_gradient = gamma_gradient == nullptr ? nullptr : gamma_gradient + plan_.shapes[u].channels});
  }
};

}  // namespace lamina
