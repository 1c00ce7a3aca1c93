#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/random.hpp>
#include <lamina/layers/segment.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// How a network's convolutions and linear layers start. Batch norm starts with gamma 1 and beta 0 in either.
enum class InitializationScheme {
  fan_in_uniform,  ///< weights and biases uniform in +-1/sqrt(fan_in): PyTorch's default
  he_normal,       ///< weights normal with deviation he_deviation(fan_in), biases 0
};

/// Deviation sqrt(2 / ((1 + slope^2) fan_in)) of weights that keep the mean square of activations from layer to layer,
/// the rectifier having that slope for negative values (He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV
/// 2015, equation 15).
/// @param slope  LeakyReLU's unless told
[[nodiscard]] inline double he_deviation(Index fan_in, double slope = 0.01) {
  return std::sqrt(2 / ((1 + slope * slope) * static_cast<double>(fan_in)));
}

namespace detail {

/// @param tensor  its place in the network, which chooses the random numbers
template <class T>
void initialize(const Segment& segment, InitializationScheme scheme, std::uint64_t seed, std::uint32_t tensor,
                std::span<T> values) {
  RandomStream random(seed, RandomPurpose::initialization, tensor);
  const bool he = scheme == InitializationScheme::he_normal;
  if (segment.initialization != Initialization::fan_in_uniform || (he && segment.rank < 2)) {
    std::ranges::fill(values, segment.initialization == Initialization::one ? T{1} : T{0});
    return;
  }
  const double bound = 1 / std::sqrt(static_cast<double>(segment.fan_in));
  const double deviation = he_deviation(segment.fan_in);
  for (T& value : values) value = static_cast<T>(he ? deviation * random.normal() : random.uniform(-bound, bound));
}

}  // namespace detail

/// Writes the initial values of a network's parameters or statistics: a function of the tensors, the scheme and the
/// seed.
/// @throws ArgumentError when the values are not those of the tensors
template <class T>
void initialize(std::span<const Segment> tensors, InitializationScheme scheme, std::uint64_t seed,
                std::span<T> values) {
  require_consecutive(tensors, std::ssize(values));
  for (std::uint32_t i = 0; i < tensors.size(); ++i) {
    const auto part =
        values.subspan(static_cast<std::size_t>(tensors[i].offset), static_cast<std::size_t>(tensors[i].size()));
    detail::initialize(tensors[i], scheme, seed, i, part);
  }
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
