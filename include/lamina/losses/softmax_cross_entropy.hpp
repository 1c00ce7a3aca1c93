#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <lamina/core/description.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/losses/loss.hpp>
#include <lamina/losses/loss_checks.hpp>
#include <lamina/losses/softmax_row_loss.hpp>
#include <lamina/losses/sum_over_samples.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Cross-entropy of softmax(logits) against classes, in PyTorch's terms:
///
///     loss = -sum over n, c of  w[c] q[n][c] log p[n][c]  /  sum over n of W[n],    p[n] = softmax(logits[n]),
///     q[n][c] = (1 - s) t[n][c] + s / classes
///
/// t[n] is 1 at the label of sample n and 0 elsewhere, or its row of class probabilities. s is the label smoothing
/// (Szegedy et al., "Rethinking the Inception architecture", CVPR 2016) and w are the weights of the classes. W[n] is
/// w[label], or 1 for rows: without weights the loss is the mean over the batch, its gradient (p - q) / batch. Samples
/// with the ignored label do not count.
/// The maximum of each row is subtracted before the exponential, so logits of any finite size are safe; rows are
/// summed in double. A NaN among the logits makes the loss NaN.
struct SoftmaxCrossEntropy {
  double label_smoothing = 0;            ///< 0 to 1
  std::vector<double> class_weights{};   ///< one a class, not negative; empty for 1
  std::optional<Label> ignored_class{};  ///< a label whose samples are left out of the loss, though not of metrics; it
                                         ///< need not name a class

  /// @param logits    1 x 1 x classes
  /// @param gradient  overwritten with d loss / d logits; of the logits' shape, and may be their very memory; empty to
  ///                  evaluate only
  /// @return the mean loss
  /// @throws ArgumentError  an empty batch, sizes that differ, a label outside 0 ... classes - 1, options outside their
  ///                        ranges, and a batch to learn from without a sample that counts; to evaluate only, it is 0
  template <class T>
  double operator()(std::type_identity_t<TensorView<const T>> logits, std::span<const Label> labels,
                    TensorView<T> gradient, const Team& team) const;

  /// Evaluates without a gradient.
  template <class T>
  double operator()(TensorView<T> logits, std::span<const Label> labels, const Team& team) const {
    return (*this)(logits, labels, TensorView<std::remove_const_t<T>>{}, team);
  }

  /// The same against probabilities of the classes.
  /// @param probabilities  1 x 1 x classes a sample; not negative, with the sum 1 to 1e-3
  /// @throws ArgumentError  the same, and an ignored class, which needs labels
  template <class T>
  double operator()(std::type_identity_t<TensorView<const T>> logits,
                    std::type_identity_t<TensorView<const T>> probabilities, TensorView<T> gradient,
                    const Team& team) const;

  template <class T>
  double operator()(TensorView<T> logits, std::type_identity_t<TensorView<const std::remove_const_t<T>>> probabilities,
                    const Team& team) const {
    return (*this)(logits, probabilities, TensorView<std::remove_const_t<T>>{}, team);
  }

  /// What a loss may offer (loss.hpp), for a batch to learn from.
  template <class T>
  void check_targets(TensorView<const T> logits, std::span<const Label> labels) const {
    check<T>(logits, {});
    check_loss_labels<T>(kName, logits, labels, ignored_class);
    if (weighted()) require_weight(total_weight(labels), labels.size());
  }
  template <class T>
  void check_targets(TensorView<const T> logits, TensorView<const T> probabilities) const {
    check<T>(logits, {});
    if (ignored_class)
      throw ArgumentError("softmax cross-entropy ignores a class among labels, and got probabilities of classes");
    check_loss_rows<T>(kName, logits, probabilities);
    check_probabilities<T>(probabilities);
  }

  /// Kind and options.
  [[nodiscard, gnu::cold]] std::string description() const {
    if (!weighted()) return describe("SoftmaxCrossEntropy", {{"label_smoothing", label_smoothing}});
    return describe("SoftmaxCrossEntropy", {{"label_smoothing", label_smoothing},
                                            {"class_weights", to_words(class_weights)},
                                            {"ignored_class", ignored_class ? to_digits(*ignored_class) : "none"}});
  }

 private:
  static constexpr const char* kName = "softmax cross-entropy";

  /// Whether some samples count otherwise than others.
  [[nodiscard]] bool weighted() const { return !class_weights.empty() || ignored_class; }
  [[nodiscard]] double weight(std::size_t c) const { return class_weights.empty() ? 1 : class_weights[c]; }

  template <class T>
  void check(TensorView<const T> logits, TensorView<const T> gradient) const;
  template <class T>
  static void check_probabilities(TensorView<const T> rows);

  static void require_weight(double total, std::size_t labels) {
    if (total > 0) return;
    throw ArgumentError(message("softmax cross-entropy got ", labels,
                                " labels of which none counts: all are ignored or have the weight 0"));
  }

  /// Sum of W over the samples that count; 0 where none does.
  [[nodiscard]] double total_weight(std::span<const Label> labels) const;

  /// Loss of one sample, not divided by the batch. `gradient` is null or receives d loss / d logits times `scale`.
  template <class T>
  double sample_loss(std::span<const T> logits, Index label, double scale, T* gradient) const;
  /// The same where classes have weights or a label is ignored.
  template <class T>
  double weighted_sample_loss(std::span<const T> logits, Label label, double scale, T* gradient) const;
};

template <class T>
double SoftmaxCrossEntropy::operator()(std::type_identity_t<TensorView<const T>> logits, std::span<const Label> labels,
                                       TensorView<T> gradient, const Team& team) const {
  check<T>(logits, gradient);
  check_loss_labels<T>(kName, logits, labels, ignored_class);
  const auto classes = static_cast<std::size_t>(logits.shape.channels);
  const double total = weighted() ? total_weight(labels) : static_cast<double>(logits.batch);
  if (!(total > 0) && gradient.empty()) return 0;
  require_weight(total, labels.size());
  const double scale = 1 / total;
  return scale * sum_over_samples(logits.batch, team, [&](Index n) {
           const std::span row(logits.sample(n), classes);
           const Label label = labels[static_cast<std::size_t>(n)];
           T* const row_gradient = gradient.empty() ? nullptr : gradient.sample(n);
           return weighted() ? weighted_sample_loss(row, label, scale, row_gradient)
                             : sample_loss(row, label, scale, row_gradient);
         });
}

template <class T>
double SoftmaxCrossEntropy::operator()(std::type_identity_t<TensorView<const T>> logits,
                                       std::type_identity_t<TensorView<const T>> probabilities, TensorView<T> gradient,
                                       const Team& team) const {
  check_targets<T>(logits, probabilities);
  check<T>(logits, gradient);
  const auto classes = static_cast<std::size_t>(logits.shape.channels);
  const double scale = 1 / static_cast<double>(logits.batch);
  const double share = label_smoothing / static_cast<double>(classes);
  return scale * sum_over_samples(logits.batch, team, [&](Index n) {
           const T* const target = probabilities.sample(n);
           const auto coefficient = [&](std::size_t c) {
             return weight(c) * ((1 - label_smoothing) * static_cast<double>(target[c]) + share);
           };
           return softmax_row_loss<T>(std::span(logits.sample(n), classes), coefficient, scale,
                                      gradient.empty() ? nullptr : gradient.sample(n));
         });
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
double SoftmaxCrossEntropy::weighted_sample_loss(std::span<const T> logits, Label label, double scale,
                                                 T* gradient) const {
  if (label == ignored_class) {
    if (gradient != nullptr) std::fill_n(gradient, logits.size(), T{0});
    return 0;
  }
  const double share = label_smoothing / static_cast<double>(logits.size());
  const auto coefficient = [&](std::size_t c) {
    return weight(c) * (share + (c == static_cast<std::size_t>(label) ? 1 - label_smoothing : 0));
  };
  return softmax_row_loss<T>(logits, coefficient, scale, gradient);
}

inline double SoftmaxCrossEntropy::total_weight(std::span<const Label> labels) const {
  double total = 0;
  for (const Label label : labels) {
    if (label != ignored_class) total += weight(static_cast<std::size_t>(label));
  }
  return total;
}

template <class T>
void SoftmaxCrossEntropy::check(TensorView<const T> logits, TensorView<const T> gradient) const {
  // Messages are composed only to be thrown: composing allocates, and this runs in every step.
  if (!is_finite(label_smoothing) || label_smoothing < 0 || label_smoothing > 1)
    throw ArgumentError(message("label smoothing must be in 0 ... 1, got ", std::to_string(label_smoothing)));
  check_loss_outputs<T>(kName, logits, gradient);
  if (!class_weights.empty()) check_loss_weights("class weight", class_weights, logits.shape.channels);
}

template <class T>
void SoftmaxCrossEntropy::check_probabilities(TensorView<const T> rows) {
  for (Index n = 0; n < rows.batch; ++n) {
    double sum = 0;
    bool negative = false;
    for (Index c = 0; c < rows.shape.channels; ++c) {
      sum += static_cast<double>(rows.sample(n)[c]);
      negative = negative || rows.sample(n)[c] < 0;
    }
    if (!negative && is_finite(sum) && std::abs(sum - 1) <= 1e-3) continue;
    throw ArgumentError(
        message("softmax cross-entropy takes probabilities of classes, not negative and with the sum 1, got ",
                negative ? "a negative one" : "the sum " + to_digits(sum), " for sample ", n));
  }
}

static_assert(LabelLoss<SoftmaxCrossEntropy, float> && LabelLoss<SoftmaxCrossEntropy, double>);
static_assert(RowLoss<SoftmaxCrossEntropy, float> && RowLoss<SoftmaxCrossEntropy, double>);

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
