#pragma once

#include <string>
#include <type_traits>

#include <lamina/core/description.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/losses/elementwise_loss.hpp>
#include <lamina/losses/loss.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The squared difference of outputs y and target rows t, averaged over all of them, as PyTorch's MSELoss:
///
///     loss = mean of (y - t)^2,    d loss / d y = 2 (y - t) / (batch outputs)
struct MeanSquaredError {
  /// @param outputs, rows  1 x 1 x outputs a sample
  /// @param gradient       of the outputs' shape, overwritten; may be their memory
  /// @throws ArgumentError  an empty batch, shapes that differ
  template <class T>
  double operator()(std::type_identity_t<TensorView<const T>> outputs, std::type_identity_t<TensorView<const T>> rows,
                    TensorView<T> gradient, const Team& team) const {
    return elementwise_loss<T>("mean squared error", outputs, rows, gradient, team,
                               [](double output, double target, Index) {
                                 const double difference = output - target;
                                 return ElementLoss{difference * difference, 2 * difference};
                               });
  }

  /// Evaluates without a gradient.
  template <class T>
  double operator()(TensorView<T> outputs, std::type_identity_t<TensorView<const std::remove_const_t<T>>> rows,
                    const Team& team) const {
    return (*this)(outputs, rows, TensorView<std::remove_const_t<T>>{}, team);
  }

  /// Kind and options.
  [[nodiscard]] std::string description() const { return "MeanSquaredError()"; }
};

static_assert(RowLoss<MeanSquaredError, float> && RowLoss<MeanSquaredError, double>);
static_assert(!LabelLoss<MeanSquaredError, float>);

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
