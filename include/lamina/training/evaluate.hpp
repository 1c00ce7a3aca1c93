#pragma once

#include <functional>
#include <string>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/data/loader.hpp>
#include <lamina/losses/loss.hpp>
#include <lamina/losses/softmax_cross_entropy.hpp>
#include <lamina/metrics/batch_result.hpp>
#include <lamina/network/model.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What a model achieves on a number of images, by the targets that the loss reads.
struct Evaluation {
  double loss = 0;                 ///< mean over the images: of the batches' losses, weighed by their images
  double accuracy = 0;             ///< fraction of those with labels that are classified rightly; NaN without any
  double mean_absolute_error = 0;  ///< of those with target rows alone; NaN without any
  Index images = 0;
};

/// Sums up what is measured on batches, which may differ in size. The order of the batches fixes the bits.
struct EvaluationSum {
  double loss = 0;  ///< over images
  Index correct = 0;
  double absolute_error = 0;  ///< over images without labels
  Index labelled = 0;         ///< images with labels
  Index images = 0;

  void add(const BatchResult& batch, Index count) {
    loss += batch.loss * static_cast<double>(count);
    correct += batch.correct.value_or(0);
    absolute_error += batch.absolute_error.value_or(0) * static_cast<double>(count);
    labelled += batch.correct ? count : 0;
    images += count;
  }
  /// @pre at least one image
  [[nodiscard]] Evaluation mean() const {
    const auto over = [](double sum, Index count) { return sum / static_cast<double>(count); };
    return {.loss = over(loss, images),
            .accuracy = over(static_cast<double>(correct), labelled),
            .mean_absolute_error = over(absolute_error, images - labelled),
            .images = images};
  }

  friend bool operator==(const EvaluationSum&, const EvaluationSum&) = default;
};

/// Measures a model, in inference, on the first epoch of batches, wherever the loader stands. The bits do not depend on
/// the number of threads.
/// @param batches   left at the start of the second epoch
/// @param progress  called with the number of images done after each batch
/// @throws ArgumentError  when the batches do not fit the network or the workspace
template <class Network, class T, Loss<T> L = SoftmaxCrossEntropy>
[[nodiscard]] Evaluation evaluate(const Model<Network, T>& model, InferenceWorkspace<Network, T>& workspace,
                                  BatchLoader<T>& batches, const L& loss = {},
                                  const std::function<void(Index)>& progress = {}) {
  EvaluationSum sum;
  batches.seek({});
  workspace.team().together([&] {
    for (Index i = 0; i < batches.batches(); ++i) {
      const Batch<T> batch = batches.next();
      const TensorView<const T> outputs = model.infer(workspace, batch.images);
      const double value = loss_of<T>(loss, outputs, batch.targets(), {}, workspace.team());
      sum.add(batch_result(value, outputs, targets_read_by(loss, batch.targets())), batch.images.batch);
      if (progress) progress(sum.images);
    }
  });
  return sum.mean();
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
