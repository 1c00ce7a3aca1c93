#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/metrics/top_k.hpp>
#include <lamina/training/evaluate.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// How a model does on the images of one class.
struct ClassCount {
  Index images = 0;
  Index correct = 0;  ///< images whose largest output is at their label
};

/// How a model does on images, class by class.
struct ClassReport {
  double loss = 0;           ///< mean over the images
  double top1_accuracy = 0;  ///< fraction of the images whose label has the largest output
  double top5_accuracy = 0;  ///< fraction whose label is among the five largest
  std::vector<ClassCount> classes;
};

/// Measures a model, in inference, on the first epoch of batches, wherever the loader stands.
/// @param batches   left at the start of the second epoch
/// @param progress  called with the number of images done after each batch
/// @throws ArgumentError  when the batches do not fit the network or the workspace
template <class Network, class T, Loss<T> L = SoftmaxCrossEntropy>
[[nodiscard]] ClassReport report_classes(const Model<Network, T>& model, InferenceWorkspace<Network, T>& workspace,
                                         BatchLoader<T>& batches, const L& loss = {},
                                         const std::function<void(Index)>& progress = {}) {
  constexpr auto classes = static_cast<std::size_t>(Network::output_shape.channels);
  ClassReport report{.classes = std::vector<ClassCount>(classes)};
  EvaluationSum sum;
  Index top5 = 0;
  require(batches.targets().labels, "a report on classes needs class labels, got " + to_string(batches.targets()));
  batches.seek({});
  for (Index i = 0; i < batches.batches(); ++i) {
    const Batch<T> batch = batches.next();
    const TensorView<const T> outputs = model.infer(workspace, batch.images);
    const double value = loss_of<T>(loss, outputs, batch.targets(), {}, workspace.team());
    sum.add(batch_result(value, outputs, batch.targets()), batch.images.batch);
    for (Index n = 0; n < outputs.batch; ++n) {
      const Label label = batch.labels[static_cast<std::size_t>(n)];
      if (label < 0 || label >= Network::output_shape.channels) {
        throw ArgumentError("the network has " + std::to_string(classes) + " outputs, got the label " +
                            std::to_string(label));
      }
      const Index rank = rank_of_label(std::span(outputs.sample(n), classes), label);
      ClassCount& count = report.classes[static_cast<std::size_t>(label)];
      ++count.images;
      count.correct += rank == 0 ? 1 : 0;
      top5 += rank < 5 ? 1 : 0;
    }
    if (progress) progress(sum.images);
  }
  const Evaluation mean = sum.mean();
  report.loss = mean.loss;
  report.top1_accuracy = mean.accuracy;
  report.top5_accuracy = static_cast<double>(top5) / static_cast<double>(sum.images);
  return report;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
