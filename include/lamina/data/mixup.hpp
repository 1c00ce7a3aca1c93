#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/random.hpp>
#include <lamina/data/shuffle.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The logarithm of a number with the gamma distribution of a positive shape and scale 1 (Marsaglia and Tsang, "A
/// simple method for generating gamma variables", 2000; for shapes below 1 by a power of a uniform number, as they
/// say).
[[nodiscard]] inline double log_gamma_variate(double shape, RandomStream& random) {
  if (shape < 1) {
    const double boost = std::log(1 - random.uniform()) / shape;
    return log_gamma_variate(shape + 1, random) + boost;
  }
  const double d = shape - 1.0 / 3;
  while (true) {
    const double x = random.normal();
    const double root = 1 + x / std::sqrt(9 * d);
    const double u = 1 - random.uniform();
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d) + std::log(v);
  }
}

/// The smallest alpha of mixup, whose shares are 0 or 1 but for rounding; far below it, their logarithms overflow.
inline constexpr double kMinMixupAlpha = 1e-6;

/// How a batch is mixed with itself (Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018): of image i
/// remains `share`, and the rest comes from image partners[i] of the batch. Targets are mixed alike.
/// @param alpha     of the distribution Beta(alpha, alpha) of the share; at least kMinMixupAlpha
/// @param partners  overwritten with a random order of the batch
/// @return the share, a function of the arguments alone
[[nodiscard]] inline double draw_mixup(double alpha, std::uint64_t seed, Index epoch, Index batch,
                                       std::span<Index> partners) {
  RandomStream random(seed, RandomPurpose::mixup, static_cast<std::uint32_t>(epoch), static_cast<std::uint32_t>(batch));
  const double first = log_gamma_variate(alpha, random);
  const double second = log_gamma_variate(alpha, random);
  for (std::size_t i = 0; i < partners.size(); ++i) partners[i] = static_cast<Index>(i);
  shuffle(partners, random);
  return 1 / (1 + std::exp(second - first));
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
