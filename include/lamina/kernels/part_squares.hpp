#pragma once

#include <array>
#include <cstddef>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/kernels/reduction.hpp>
#include <lamina/kernels/simd.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// How long the gradients are that the parts of a batch contribute to a gradient, which is their sum: what tells its
/// noise, since the parts are samples of the images as the batch is. In double, as the gradients of a plain VGG38 are
/// 1e-18.
struct PartSquares {
  double squares = 0;  ///< sum over the parts of the squared norm of what a part contributes
  double shares = 0;   ///< sum over the parts of the square of its share of the batch
  Index parts = 0;     ///< 0 where the gradient is not summed in parts
};

/// The sum of the squares of `size` values, in double.
template <class T>
[[nodiscard, gnu::noinline]] double sum_of_squares(const T* values, Index size) {
  constexpr Index lanes = kWidestLanes<double>;
  constexpr Index sums = 4;  // independent of each other: a multiply-add takes four cycles
  using Values = Vector<double, lanes>;
  Values running[sums] = {};
  Index i = 0;
  for (; i + sums * lanes <= size; i += sums * lanes) {
#pragma GCC unroll 4
    for (Index j = 0; j < sums; ++j) {
      const Values value = __builtin_convertvector((load<T, lanes>(values + i + j * lanes)), Values);
      running[j] = multiply_add<double, lanes>(value, value, running[j]);
    }
  }
  const Values all = (running[0] + running[1]) + (running[2] + running[3]);
  double sum = 0;
  for (Index lane = 0; lane < lanes; ++lane) sum += all[lane];
  for (; i < size; ++i) sum += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return sum;
}

/// Measures what the parts of a batch have summed.
/// @param sums      of Partition::kMostParts parts at most
/// @param size      values of each part
/// @param share_of  from the number of a part to its share of the batch
template <class T, class ShareOf>
[[nodiscard]] PartSquares measure_parts(const Team& team, const PartSums<T>& sums, Index size,
                                        const ShareOf& share_of) {
  std::array<double, static_cast<std::size_t>(Partition::kMostParts)> squares{};
  team.for_each(sums.parts, [&](Index part, Index) {
    squares[static_cast<std::size_t>(part)] = sum_of_squares(sums.data + part * sums.stride, size);
  });
  PartSquares result{.parts = sums.parts};
  for (Index part = 0; part < sums.parts; ++part) {
    const double share = share_of(part);
    result.squares += squares[static_cast<std::size_t>(part)];
    result.shares += share * share;
  }
  return result;
}

/// The same for parts of the samples.
template <class T>
[[nodiscard]] PartSquares measure_parts(const Team& team, const PartSums<T>& sums, Index size,
                                        const Partition& partition) {
  return measure_parts(team, sums, size, [&](Index part) {
    return static_cast<double>(partition[part].size()) / static_cast<double>(partition.total);
  });
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
