#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <Eigen/Core>

#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// One channel of the images as a network gets them.
struct ChannelEvidence {
  double mean = 0;
  double deviation = 1;
};

/// What images and labels look like, before any network has seen them.
struct DataEvidence {
  Index images = 0;
  Index classes = 0;
  std::vector<ChannelEvidence> channels{};
  bool finite = true;
  double largest_class = 0;  ///< share of the images in it
  /// How far the labels can be told from the images by the plainest means there are: how many images that were put
  /// aside fall into the class with the nearest mean, or of the nearest image, beyond what chance gives, in standard
  /// deviations of chance. The larger of the two.
  double label_information = 0;
  bool label_information_measured = false;  ///< false where there are too few images of a class
};

namespace detail {

/// Images averaged over blocks to at most 8 x 8 pixels, a row each.
template <class T>
[[nodiscard]] Eigen::MatrixXf thumbnails(const TensorView<const T>& images) {
  constexpr Index side = 8;
  const Shape shape = images.shape;
  const Index rows = std::min(side, shape.height);
  const Index columns = std::min(side, shape.width);
  Eigen::MatrixXf result = Eigen::MatrixXf::Zero(images.batch, rows * columns * shape.channels);
  for (Index n = 0; n < images.batch; ++n) {
    for (Index y = 0; y < shape.height; ++y) {
      for (Index x = 0; x < shape.width; ++x) {
        const Index block = (y * rows / shape.height) * columns + x * columns / shape.width;
        const T* const pixel = images.sample(n) + (y * shape.width + x) * shape.channels;
        for (Index c = 0; c < shape.channels; ++c)
          result(n, block * shape.channels + c) += static_cast<float>(pixel[c]);
      }
    }
  }
  return result;
}

/// Half of each class, by turns, to learn from; the other half to be told.
struct HalvedSamples {
  std::vector<Index> known;
  std::vector<Index> asked;
};
[[nodiscard]] inline HalvedSamples halve(std::span<const Label> labels, Index classes) {
  std::vector<bool> turn(static_cast<std::size_t>(classes));
  HalvedSamples halves;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto label = static_cast<std::size_t>(labels[i]);
    turn[label] = !turn[label];
    (turn[label] ? halves.known : halves.asked).push_back(static_cast<Index>(i));
  }
  return halves;
}

/// Standard deviations by which `correct` of `count` guesses are more than chance gives.
[[nodiscard]] inline double beyond_chance(Index correct, Index count, double chance) {
  const auto n = static_cast<double>(count);
  return (static_cast<double>(correct) - n * chance) / std::sqrt(std::max(1e-9, n * chance * (1 - chance)));
}

/// Place of the nearest of some points to each of others.
[[nodiscard]] inline std::vector<Index> nearest(const Eigen::MatrixXf& asked, const Eigen::MatrixXf& points) {
  const Eigen::VectorXf squares = points.rowwise().squaredNorm();
  std::vector<Index> places;
  for (Index i = 0; i < asked.rows(); ++i) {
    const Eigen::VectorXf distances = squares - 2 * (points * asked.row(i).transpose());
    Index place = 0;
    distances.minCoeff(&place);
    places.push_back(place);
  }
  return places;
}

[[nodiscard]] inline double measure_label_information(const Eigen::MatrixXf& features, std::span<const Label> labels,
                                                      Index classes) {
  const HalvedSamples halves = halve(labels, classes);
  const auto label = [&](Index sample) { return static_cast<Index>(labels[static_cast<std::size_t>(sample)]); };
  Eigen::MatrixXf means = Eigen::MatrixXf::Constant(classes, features.cols(), 1e9F);
  Eigen::MatrixXf known(std::ssize(halves.known), features.cols());
  Eigen::MatrixXf asked(std::ssize(halves.asked), features.cols());
  std::vector<double> counts(static_cast<std::size_t>(classes));
  for (Index i = 0; i < known.rows(); ++i) {
    const Index sample = halves.known[static_cast<std::size_t>(i)];
    known.row(i) = features.row(sample);
    double& count = counts[static_cast<std::size_t>(label(sample))];
    if (count == 0) means.row(label(sample)).setZero();
    means.row(label(sample)) += features.row(sample);
    ++count;
  }
  for (Index c = 0; c < classes; ++c)
    means.row(c) /= std::max(1.0F, static_cast<float>(counts[static_cast<std::size_t>(c)]));
  for (Index i = 0; i < asked.rows(); ++i) asked.row(i) = features.row(halves.asked[static_cast<std::size_t>(i)]);
  double chance = 0;
  for (const double count : counts)
    chance += (count / static_cast<double>(known.rows())) * (count / static_cast<double>(known.rows()));
  const auto score = [&](const Eigen::MatrixXf& points, const auto& class_of) {
    const std::vector<Index> places = nearest(asked, points);
    Index correct = 0;
    for (std::size_t i = 0; i < places.size(); ++i) correct += class_of(places[i]) == label(halves.asked[i]);
    return beyond_chance(correct, asked.rows(), chance);
  };
  return std::max(score(means, [](Index place) { return place; }),
                  score(known, [&](Index place) { return label(halves.known[static_cast<std::size_t>(place)]); }));
}

}  // namespace detail

/// Measures images, as a network gets them, and their labels. Two thousand of them take a second.
/// @throws ArgumentError  no images, another number of labels, a label outside 0 ... classes - 1
template <class T>
[[nodiscard]] DataEvidence measure_data(TensorView<const T> images, std::span<const Label> labels, Index classes) {
  require(images.batch > 0 && images.batch == std::ssize(labels), "data are images with a label each, got " +
                                                                      std::to_string(images.batch) + " and " +
                                                                      std::to_string(labels.size()));
  std::vector<Index> counts(static_cast<std::size_t>(classes));
  for (const Label label : labels) {
    require(label >= 0 && label < classes,
            "a label must be in 0 ... " + std::to_string(classes - 1) + ", got " + std::to_string(label));
    ++counts[static_cast<std::size_t>(label)];
  }
  DataEvidence evidence{.images = images.batch, .classes = classes};
  for (Index c = 0; c < images.shape.channels; ++c) {
    const Eigen::ArrayXd pixels = images.matrix().col(c).template cast<double>();
    const double mean = pixels.mean();
    evidence.channels.push_back({.mean = mean, .deviation = std::sqrt((pixels - mean).square().mean())});
    evidence.finite = evidence.finite && is_finite(evidence.channels.back().deviation);
  }
  evidence.largest_class = static_cast<double>(*std::ranges::max_element(counts)) / static_cast<double>(images.batch);
  const Index present = classes - std::ranges::count(counts, 0);
  evidence.label_information_measured = evidence.finite && present > 1 && images.batch >= 8 * present;
  if (evidence.label_information_measured)
    evidence.label_information = detail::measure_label_information(detail::thumbnails(images), labels, classes);
  return evidence;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
