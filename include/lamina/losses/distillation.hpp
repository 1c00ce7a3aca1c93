#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>

#include <lamina/core/description.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/losses/loss.hpp>
#include <lamina/losses/loss_checks.hpp>
#include <lamina/losses/softmax_cross_entropy.hpp>
#include <lamina/losses/sum_over_samples.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Learning from what another network, the teacher, says of the same images beside their classes (Hinton, Vinyals and
/// Dean, "Distilling the knowledge in a neural network", 2015):
///
///     loss = (1 - weight) hard + weight T^2 KL(softmax(teacher / T) | softmax(logits / T))
///
/// averaged over the batch, where hard is the cross-entropy against labels or rows. T^2 keeps the gradients of both
/// parts of a size whatever the temperature. Where there is no teacher, as in validation, the loss is hard alone.
struct Distillation {
  double temperature = 4;  ///< T, positive
  double weight = 0.9;     ///< of the teacher, 0 to 1
  SoftmaxCrossEntropy hard{};

  /// @param targets   labels or rows, and the teacher's logits if there is a teacher
  /// @param gradient  of the logits' shape, overwritten; must not be their memory; empty to evaluate only
  /// @throws ArgumentError  as the cross-entropy does, and a temperature or weight outside its range
  template <class T>
  double operator()(std::type_identity_t<TensorView<const T>> logits, const std::type_identity_t<Targets<T>>& targets,
                    TensorView<T> gradient, const Team& team) const;

  /// Evaluates without a gradient.
  template <class T>
  double operator()(TensorView<T> logits, const std::type_identity_t<Targets<std::remove_const_t<T>>>& targets,
                    const Team& team) const {
    return (*this)(logits, targets, TensorView<std::remove_const_t<T>>{}, team);
  }

  /// What a loss may offer (loss.hpp).
  template <class T>
  void check_targets(TensorView<const T> logits, const Targets<T>& targets) const {
    check();
    lamina::check_targets<T>(hard, logits, targets);
    if (!targets.teacher.empty() && weight != 0) check_loss_rows<T>(kName, logits, targets.teacher);
  }

  /// Kind and options; of weight 0 it is the cross-entropy.
  [[nodiscard]] std::string description() const {
    if (weight == 0) return hard.description();
    return describe("Distillation", {{"temperature", temperature}, {"weight", weight}, {"hard", hard.description()}});
  }

 private:
  static constexpr const char* kName = "distillation";

  void check() const {
    if (!(temperature > 0) || !is_finite(temperature))
      throw ArgumentError("the temperature of distillation must be positive and finite, got " + to_digits(temperature));
    if (!(weight >= 0 && weight <= 1))
      throw ArgumentError("the weight of the teacher must be in 0 ... 1, got " + to_digits(weight));
  }

  /// weight T^2 KL of one sample; adds its gradient times `scale`.
  template <class T>
  double teacher_loss(std::span<const T> logits, std::span<const T> teacher, double scale, T* gradient) const;
};

template <class T>
double Distillation::operator()(std::type_identity_t<TensorView<const T>> logits,
                                const std::type_identity_t<Targets<T>>& targets, TensorView<T> gradient,
                                const Team& team) const {
  check();
  const double loss = loss_of<T>(hard, logits, targets, gradient, team);
  if (targets.teacher.empty() || weight == 0) return loss;
  check_loss_rows<T>(kName, logits, targets.teacher);
  const auto classes = static_cast<std::size_t>(logits.shape.channels);
  const double scale = 1 / static_cast<double>(logits.batch);
  const double sum = sum_over_samples(logits.batch, team, [&](Index n) {
    return teacher_loss<T>(std::span(logits.sample(n), classes), std::span(targets.teacher.sample(n), classes), scale,
                           gradient.empty() ? nullptr : gradient.sample(n));
  });
  return (1 - weight) * loss + scale * sum;
}

template <class T>
double Distillation::teacher_loss(std::span<const T> logits, std::span<const T> teacher, double scale,
                                  T* gradient) const {
  // log softmax(x / T)[c] = shifted(c) - log of the sum of exp(shifted)
  struct Row {
    Row(std::span<const T> row, double temperature)
        : values(row), max(static_cast<double>(*std::max_element(row.begin(), row.end()))), heat(temperature) {
      double sum = 0;
      for (std::size_t c = 0; c < values.size(); ++c) sum += std::exp(shifted(c));
      log_sum = std::log(sum);
    }
    [[nodiscard]] double shifted(std::size_t c) const { return (static_cast<double>(values[c]) - max) / heat; }
    [[nodiscard]] double log_p(std::size_t c) const { return shifted(c) - log_sum; }

    std::span<const T> values;
    double max;
    double heat;
    double log_sum = 0;
  };
  const Row student(logits, temperature);
  const Row other(teacher, temperature);
  double divergence = 0;
  for (std::size_t c = 0; c < logits.size(); ++c) {
    const double log_p = student.log_p(c);
    const double log_q = other.log_p(c);
    const double q = std::exp(log_q);
    if (q > 0) divergence += q * (log_q - log_p);
    if (gradient == nullptr) continue;
    // T^2 times the derivative (p - q) / T.
    const double soft = scale * weight * temperature * (std::exp(log_p) - q);
    gradient[c] = static_cast<T>((1 - weight) * static_cast<double>(gradient[c]) + soft);
  }
  return weight * temperature * temperature * divergence;
}

static_assert(TargetsLoss<Distillation, float> && TargetsLoss<Distillation, double>);

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
