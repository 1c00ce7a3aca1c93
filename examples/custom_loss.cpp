/// A loss written outside the library: the focal loss (Lin, Goyal, Girshick, He and Dollar, "Focal loss for dense
/// object detection", ICCV 2017), a cross-entropy that counts images for less the surer the network is of them,
///
///     loss = mean over n of  -(1 - p)^gamma log p,    p = softmax(logits[n])[labels[n]].
///
/// Its gradient is checked against differences, and then a network trains with it.
#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <span>
#include <string>

#include <lamina/lamina.hpp>

using namespace lamina;

struct Focal {
  double gamma = 2;

  // A loss is a function of the outputs and their targets, here labels. It returns the mean over the batch and writes
  // the gradient of that, unless `gradient` is empty. It allocates nothing, as it is a part of each step. With the
  // probability q of class c and p of the label,
  //     d loss / d logit c = (gamma (1 - p)^(gamma - 1) p log p - (1 - p)^gamma) ([c is the label] - q).
  template <class T>
  double operator()(std::type_identity_t<TensorView<const T>> logits, std::span<const Label> labels,
                    TensorView<T> gradient, const Team&) const {
    double loss = 0;
    const auto count = static_cast<double>(logits.batch);
    for (Index n = 0; n < logits.batch; ++n) {
      const std::span row(logits.sample(n), static_cast<std::size_t>(logits.shape.channels));
      const auto largest = static_cast<double>(*std::ranges::max_element(row));  // so that no exponential overflows
      double sum = 0;
      for (const T logit : row) sum += std::exp(static_cast<double>(logit) - largest);
      const auto probability = [&](std::size_t c) { return std::exp(static_cast<double>(row[c]) - largest) / sum; };
      const auto label = static_cast<std::size_t>(labels[static_cast<std::size_t>(n)]);
      const double p = probability(label);
      loss -= std::pow(1 - p, gamma) * std::log(p);
      if (gradient.empty()) continue;
      const double slope = gamma * std::pow(1 - p, gamma - 1) * p * std::log(p) - std::pow(1 - p, gamma);
      for (std::size_t c = 0; c < row.size(); ++c) {
        gradient.sample(n)[c] = static_cast<T>(slope * ((c == label ? 1 : 0) - probability(c)) / count);
      }
    }
    return loss / count;
  }

  // The same without a gradient, for evaluation.
  template <class T>
  double operator()(TensorView<T> logits, std::span<const Label> labels, const Team& team) const {
    return (*this)(logits, labels, TensorView<std::remove_const_t<T>>{}, team);
  }

  // What it is, in words, so that a training that resumes can tell whether it goes on with the same loss.
  [[nodiscard]] std::string description() const { return describe("Focal", {{"gamma", gamma}}); }
};
static_assert(LabelLoss<Focal, float>);

/// The largest difference between the gradient and central differences, for two samples of three classes.
double largest_error() {
  const Focal loss;
  const Team team(1);
  const std::array<Label, 2> labels{2, 0};
  Tensor<double> logits(2, {1, 1, 3});
  Tensor<double> gradient(2, {1, 1, 3});
  for (Index i = 0; i < 6; ++i) logits[i] = std::sin(static_cast<double>(i * i));
  loss(logits.view(), labels, gradient.view(), team);
  double largest = 0;
  for (Index i = 0; i < 6; ++i) {
    const double before = logits[i];
    const auto at = [&](double value) {
      logits[i] = value;
      return loss(logits.view(), labels, team);
    };
    const double difference = (at(before + 1e-5) - at(before - 1e-5)) / 2e-5;
    logits[i] = before;
    largest = std::max(largest, std::abs(difference - gradient[i]));
  }
  return largest;
}

int main() {
  const double error = largest_error();
  std::cout << "the gradient is right up to " << error << "\n";
  if (!(error < 1e-9)) return 1;

  // From here on it is a loss like any other: of a TrainingStep, a Trainer or evaluate().
  using Network = Sequential<Image<32, 32, 3>, Conv2d<16, 3, ConvOptions{.stride = 2}>, BatchNorm, ReLU,  //
                             GlobalAvgPool, Linear<20>>;
  const Dataset images = procedural_cifar100({.train = 500, .test = 1}, Cifar100Labels::coarse).train;
  const std::vector<Index> samples = all_images(images);
  BatchLoader<float> batches(images, samples, measure_normalization(images, samples), {.batch_size = 50});
  Model<Network> model;
  TrainingStep step(model, Adam<float>(Network::parameter_count), 50, Team{}, Focal{.gamma = 2});
  for (int i = 0; i <= 60; ++i) {
    const auto batch = batches.next();
    const double loss = step(batch.images, batch.labels, 1e-2).loss;
    if (i % 30 == 0) std::cout << "step " << i << ": loss " << loss << "\n";
  }
}
