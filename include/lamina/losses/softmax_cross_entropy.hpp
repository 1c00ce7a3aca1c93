#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string>
#include <type_traits>

#include <lamina/core/description.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/losses/loss.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Cross-entropy of softmax(logits) against the labels, averaged over the batch:
///
///     loss = mean over n of  -sum over c of  q[n][c] log p[n][c],    p[n] = softmax(logits[n]),
///     q[n][c] = (1 - s) [c == labels[n]] + s / classes,              d loss / d logits = (p - q) / batch,
///
/// where s is the label smoothing (Szegedy et al., "Rethinking the Inception architecture", CVPR 2016, as in PyTorch).
/// The maximum of each row is subtracted before the exponential, so logits of any finite size are safe; rows are
/// summed in double. A NaN among the logits makes the loss NaN.
struct SoftmaxCrossEntropy {
  double label_smoothing = 0;  ///< 0 to 1

  /// @param logits    1 x 1 x classes
  /// @param gradient  overwritten with d loss / d logits; of the logits' shape, and may be their very memory; empty to
  ///                  evaluate only
  /// @return the mean loss, and how many samples have their largest logit (the first of equal ones) at their label
  /// @throws ArgumentError  an empty batch, sizes that differ, a label outside 0 ... classes - 1, label smoothing
  ///                        outside 0 ... 1
  template <class T>
  LossResult operator()(std::type_identity_t<TensorView<const T>> logits, std::span<const Label> labels,
                        TensorView<T> gradient, const Team& team) const;

  /// Evaluates without a gradient.
  template <class T>
  LossResult operator()(TensorView<T> logits, std::span<const Label> labels, const Team& team) const {
    return (*this)(logits, labels, TensorView<std::remove_const_t<T>>{}, team);
  }

  /// Kind and options.
  [[nodiscard]] std::string description() const {
    return describe("SoftmaxCrossEntropy", {{"label_smoothing", label_smoothing}});
  }

 private:
  template <class T>
  void check(TensorView<const T> logits, std::span<const Label> labels, TensorView<const T> gradient) const;

  /// Loss of one sample, not divided by the batch. `gradient` is null or receives d loss / d logits times `scale`.
  template <class T>
  double sample_loss(std::span<const T> logits, Index label, double scale, T* gradient) const;
};

template <class T>
LossResult SoftmaxCrossEntropy::operator()(std::type_identity_t<TensorView<const T>> logits,
                                           std::span<const Label> labels, TensorView<T> gradient,
                                           const Team& team) const {
  check<T>(logits, labels, gradient);
  const auto classes = static_cast<std::size_t>(logits.shape.channels);
  const double scale = 1 / static_cast<double>(logits.batch);
  const Partition partition{logits.batch};
  std::array<LossResult, Partition::kMostParts> parts{};
  team.for_each(partition.parts(), [&](Index part, Index) {
    LossResult sum;
    for (Index n = partition[part].begin; n < partition[part].end; ++n) {
      const std::span row(logits.sample(n), classes);
      const Index label = labels[static_cast<std::size_t>(n)];
      // The gradient may overwrite the logits, so the prediction is read first.
      sum.correct += std::max_element(row.begin(), row.end()) - row.begin() == label ? 1 : 0;
      sum.loss += sample_loss(row, label, scale, gradient.empty() ? nullptr : gradient.sample(n));
    }
    parts[static_cast<std::size_t>(part)] = sum;
  });

  LossResult total;
  for (const LossResult& part : parts) {
    total.loss += part.loss;
    total.correct += part.correct;
  }
  total.loss *= scale;
  return total;
}

template <class T>
double SoftmaxCrossEntropy::sample_loss(std::span<const T> logits, Index label, double scale, T* gradient) const {
  const double max = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  const double label_logit = static_cast<double>(logits[static_cast<std::size_t>(label)]) - max;
  const double share = label_smoothing / static_cast<double>(logits.size());

  double exponentials = 0;
  double smoothed = 0;
  for (std::size_t c = 0; c < logits.size(); ++c) {
    const double logit = static_cast<double>(logits[c]) - max;
    const double exponential = std::exp(logit);
    exponentials += exponential;
    // Without smoothing, a class masked by -infinity must not turn the loss into 0 * infinity.
    if (share > 0) smoothed += share * logit;
    if (gradient != nullptr) gradient[c] = static_cast<T>(exponential);
  }
  if (gradient != nullptr) {
    for (std::size_t c = 0; c < logits.size(); ++c)
      gradient[c] = static_cast<T>(scale * (static_cast<double>(gradient[c]) / exponentials - share));
    gradient[label] -= static_cast<T>(scale * (1 - label_smoothing));
  }
  return std::log(exponentials) - (1 - label_smoothing) * label_logit - smoothed;
}

template <class T>
void SoftmaxCrossEntropy::check(TensorView<const T> logits, std::span<const Label> labels,
                                TensorView<const T> gradient) const {
  // Messages are composed only to be thrown: composing allocates, and this runs in every step.
  if (!is_finite(label_smoothing) || label_smoothing < 0 || label_smoothing > 1)
    throw ArgumentError("label smoothing must be in 0 ... 1, got " + std::to_string(label_smoothing));
  if (logits.batch <= 0 || logits.shape.pixels() != 1 || logits.shape.channels <= 0)
    throw ArgumentError(message("softmax cross-entropy needs logits of shape 1x1xclasses for at least one sample, got ",
                                logits.batch, " of ", to_string(logits.shape)));
  if (std::ssize(labels) != logits.batch)
    throw ArgumentError(
        message("softmax cross-entropy got ", logits.batch, " rows of logits but ", labels.size(), " labels"));
  if (!gradient.empty() && (gradient.batch != logits.batch || gradient.shape != logits.shape))
    throw ArgumentError(message("the gradient of the logits must be ", logits.batch, " of ", to_string(logits.shape),
                                ", got ", gradient.batch, " of ", to_string(gradient.shape)));
  const auto outside = std::find_if(labels.begin(), labels.end(),
                                    [&](Label label) { return label < 0 || label >= logits.shape.channels; });
  if (outside != labels.end())
    throw ArgumentError(message("the label of sample ", outside - labels.begin(), " must be in 0 ... ",
                                logits.shape.channels - 1, " (", logits.shape.channels, " classes), got ", *outside));
}

static_assert(Loss<SoftmaxCrossEntropy, float> && Loss<SoftmaxCrossEntropy, double>);

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
