#pragma once

#include <functional>
#include <string>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/data/loader.hpp>
#include <lamina/losses/loss.hpp>
#include <lamina/losses/softmax_cross_entropy.hpp>
#include <lamina/network/model.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What a model achieves on a number of images.
struct Evaluation {
  double loss = 0;      ///< mean over the images
  double accuracy = 0;  ///< fraction of the images that are classified rightly
  Index images = 0;
};

/// Sums up what a loss says about batches, which may differ in size. The order of the batches fixes the bits.
struct EvaluationSum {
  double loss = 0;  ///< over images
  Index correct = 0;
  Index images = 0;

  void add(const LossResult& batch, Index count) {
    loss += batch.loss * static_cast<double>(count);
    correct += batch.correct;
    images += count;
  }
  /// @pre at least one image
  [[nodiscard]] Evaluation mean() const {
    const auto count = static_cast<double>(images);
    return {.loss = loss / count, .accuracy = static_cast<double>(correct) / count, .images = images};
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
      sum.add(loss(model.infer(workspace, batch.images), batch.labels, workspace.team()), batch.images.batch);
      if (progress) progress(sum.images);
    }
  });
  return sum.mean();
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
