#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "../catch.hpp"
#include "formula.hpp"

namespace lamina::test {

/// How far a tensor lies from the digest of another (reference.py), as the error of one value: the largest difference
/// of sampled values, of the largest and the mean magnitude, and of norm and projections over the root of the size,
/// which is how these grow with independent errors.
template <class T>
[[nodiscard]] double deviation(const nlohmann::json& digest, std::span<const T> tensor) {
  const auto size = std::ssize(tensor);
  REQUIRE(digest["size"] == size);
  double largest = 0;
  double sum = 0;
  double squares = 0;
  std::array<double, 4> products{};
  for (Index i = 0; i < size; ++i) {
    const double value = tensor[static_cast<std::size_t>(i)];
    // A NaN must not get lost in std::max.
    largest = value != value ? value : std::max(largest, std::abs(value));
    sum += std::abs(value);
    squares += value * value;
    for (std::uint32_t p = 0; p < 4; ++p) products[p] += value * uniform(Sequence::projections + p, i);
  }

  const double root = std::sqrt(static_cast<double>(size));
  const auto from = [](const nlohmann::json& expected, double found) {
    return std::abs(expected.get<double>() - found);
  };
  std::vector<double> deviations{from(digest["largest"], largest),
                                 from(digest["mean_abs"], sum / static_cast<double>(size)),
                                 from(digest["norm"], std::sqrt(squares)) / root};
  for (std::size_t p = 0; p < 4; ++p) deviations.push_back(from(digest["projections"][p], products[p]) / root);
  const auto& sampled = digest["samples"];
  const bool all = std::ssize(sampled) == size;
  for (std::size_t i = 0; i < sampled.size(); ++i) {
    const auto place = all ? i : formula_bits(Sequence::samples, static_cast<Index>(i)) % tensor.size();
    deviations.push_back(from(sampled[i], tensor[place]));
  }
  const bool finite = std::ranges::all_of(deviations, [](double value) { return std::isfinite(value); });
  return finite ? std::ranges::max(deviations) : std::numeric_limits<double>::infinity();
}

/// Checks that a tensor lies within `tolerance` of its digest, relative to its largest value.
template <class T>
void check_digest(const std::string& what, const nlohmann::json& digest, std::span<const T> tensor, double tolerance) {
  CAPTURE(what);
  CHECK(deviation(digest, tensor) <= tolerance * digest["largest"].get<double>());
}

/// Checks names and shapes of a network's parameters or statistics.
inline void check_names_and_shapes(const nlohmann::json& expected, std::span<const Segment> segments) {
  REQUIRE(expected.size() == segments.size());
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Segment& segment = segments[i];
    CHECK(expected[i]["name"] == std::string(segment.name.view()));
    CHECK(expected[i]["shape"] == std::vector(segment.dims.begin(), segment.dims.begin() + Index(segment.rank)));
  }
}

/// The values of a tensor, and those of one segment of a network's.
template <class T>
[[nodiscard]] std::span<const T> values_of(TensorView<const T> tensor) {
  return {tensor.data, static_cast<std::size_t>(tensor.size())};
}
template <class T>
[[nodiscard]] std::span<const T> values_of(const Segment& segment, std::span<const T> all) {
  return all.subspan(static_cast<std::size_t>(segment.offset), static_cast<std::size_t>(segment.size()));
}

/// Checks every segment against its digest.
template <class T>
void check_digests(const nlohmann::json& digests, std::span<const Segment> segments, std::span<const T> values,
                   double tolerance) {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    check_digest(std::string(segments[i].name.view()), digests[i], values_of(segments[i], values), tolerance);
  }
}

}  // namespace lamina::test
