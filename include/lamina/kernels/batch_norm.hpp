#pragma once

#include <algorithm>
#include <cmath>

#include <lamina/core/index.hpp>
#include <lamina/core/instruction_set.hpp>

/// @file
/// The arithmetic of a batch norm's channels (Ioffe and Szegedy 2015, algorithm 1); what it does with pixels is the
/// business of expressions and epilogues.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// Scale and shift that make scale x + shift = gamma (x - mean) inverse_deviation + beta.
/// @param gamma, beta  null for 1 and 0
template <class T>
[[gnu::cold, gnu::noinline]] void normalization(Index channels, const T* gamma, const T* beta, const T* mean,
                                                const T* inverse_deviation, T* scale, T* shift) {
  for (Index c = 0; c < channels; ++c) {
    scale[c] = gamma == nullptr ? inverse_deviation[c] : gamma[c] * inverse_deviation[c];
    shift[c] = (beta == nullptr ? T{0} : beta[c]) - mean[c] * scale[c];
  }
}

/// The factors of the input gradient dx = scale dy + x_factor x + shift, which is
/// gamma / deviation (dy - mean(dy) - x_hat mean(dy x_hat)), given the sums of dy (beta's gradient) and of dy x_hat
/// (gamma's) over `count` values a channel.
/// @param gamma  null for 1
template <class T>
[[gnu::cold, gnu::noinline]] void normalization_gradient(Index channels, Index count, const T* gamma, const T* mean,
                                                         const T* inverse_deviation, const T* gamma_gradient,
                                                         const T* beta_gradient, T* scale, T* x_factor, T* shift) {
  const T share = T{1} / static_cast<T>(count);
  for (Index c = 0; c < channels; ++c) {
    scale[c] = gamma == nullptr ? inverse_deviation[c] : gamma[c] * inverse_deviation[c];
    x_factor[c] = -scale[c] * gamma_gradient[c] * share * inverse_deviation[c];
    shift[c] = -scale[c] * beta_gradient[c] * share - x_factor[c] * mean[c];
  }
}

/// Moves running means (channels values) and variances (the next channels values) towards those of a batch of `count`
/// values a channel, whose variance is biased; the running one is not.
template <class T>
[[gnu::cold, gnu::noinline]] void update_running_statistics(Index channels, Index count, T momentum, const T* mean,
                                                            const T* variance, T* running) {
  const T unbiased = static_cast<T>(count) / static_cast<T>(std::max<Index>(count - 1, 1));
  for (Index c = 0; c < channels; ++c) {
    running[c] += momentum * (mean[c] - running[c]);
    running[channels + c] += momentum * (variance[c] * unbiased - running[channels + c]);
  }
}

/// inverse_deviation = 1 / sqrt(variance + epsilon); they may be the same memory.
template <class T>
[[gnu::cold, gnu::noinline]] void invert_deviation(Index channels, T epsilon, const T* variance, T* inverse_deviation) {
  for (Index c = 0; c < channels; ++c) inverse_deviation[c] = T{1} / std::sqrt(variance[c] + epsilon);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
