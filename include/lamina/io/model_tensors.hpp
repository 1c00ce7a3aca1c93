#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <lamina/core/buffer.hpp>
#include <lamina/io/tensor_file.hpp>
#include <lamina/layers/segment.hpp>
#include <lamina/network/model.hpp>

/// @file
/// A model's parameters and running statistics as tensors of a file. Names, dimensions and order of values are those of
/// the state_dict of the same network in PyTorch, a nn.Sequential in which a residual block is a module with `branch`
/// and `projection`: weights of a convolution are (output channel, input channel, kernel row, kernel column) there and
/// those of a linear layer (output, input), where Lamina keeps the outputs last.

namespace lamina {

namespace detail {

/// Which axis of a segment each axis of the tensor in a file is.
[[nodiscard]] inline std::array<std::size_t, 4> stored_axes(const Segment& segment) {
  if (segment.kind == "conv" && segment.rank == 4) return {3, 2, 0, 1};
  if (segment.kind == "linear" && segment.rank == 2) return {1, 0, 2, 3};
  return {0, 1, 2, 3};
}

[[nodiscard]] inline Dimensions stored_dimensions(const Segment& segment) {
  const auto axes = stored_axes(segment);
  Dimensions dimensions;
  for (std::size_t axis = 0; axis < segment.rank; ++axis) dimensions.push_back(segment.dims[axes[axis]]);
  return dimensions;
}

/// Calls visit(place in the segment, place in the file) for each value of a segment.
template <class Visit>
void for_each_stored_value(const Segment& segment, const Visit& visit) {
  std::array<Index, 4> dims{1, 1, 1, 1};
  std::copy_n(segment.dims.begin(), segment.rank, dims.begin());
  const std::array<Index, 4> steps{dims[1] * dims[2] * dims[3], dims[2] * dims[3], dims[3], 1};
  const auto axes = stored_axes(segment);
  Index stored = 0;
  for (Index a = 0; a < dims[axes[0]]; ++a) {
    for (Index b = 0; b < dims[axes[1]]; ++b) {
      for (Index c = 0; c < dims[axes[2]]; ++c) {
        for (Index d = 0; d < dims[axes[3]]; ++d) {
          visit(a * steps[axes[0]] + b * steps[axes[1]] + c * steps[axes[2]] + d * steps[axes[3]], stored++);
        }
      }
    }
  }
}

[[nodiscard]] inline bool has_tensor(std::span<const Segment> segments, std::string_view name) {
  return std::ranges::any_of(segments, [name](const Segment& segment) { return segment.name.view() == name; });
}

/// "1.running_mean" for "1.num_batches_tracked"; empty for another name.
[[nodiscard]] inline std::string mean_beside_counter(std::string_view name) {
  constexpr std::string_view counter = "num_batches_tracked";
  if (!name.ends_with(counter)) return {};
  return std::string(name.substr(0, name.size() - counter.size())) + "running_mean";
}

template <class T>
void add_segments(TensorFile& file, const std::string& prefix, std::span<const Segment> segments,
                  std::span<const T> values) {
  for (const Segment& segment : segments) {
    std::vector<T> stored(static_cast<std::size_t>(segment.size()));
    for_each_stored_value(segment, [&](Index from, Index to) {
      stored[static_cast<std::size_t>(to)] = values[static_cast<std::size_t>(segment.offset + from)];
    });
    file.add<T>(prefix + std::string(segment.name.view()), stored_dimensions(segment), stored);
  }
}

template <class T>
void read_segments(const TensorFile& file, const std::string& prefix, std::span<const Segment> segments,
                   std::span<T> values) {
  for (const Segment& segment : segments) {
    std::vector<T> stored(static_cast<std::size_t>(segment.size()));
    file.read<T>(prefix + std::string(segment.name.view()), stored_dimensions(segment), stored);
    for_each_stored_value(segment, [&](Index to, Index from) {
      values[static_cast<std::size_t>(segment.offset + to)] = stored[static_cast<std::size_t>(from)];
    });
  }
}

}  // namespace detail

/// Adds a model's parameters and running statistics to a file.
/// @param prefix  of their names
template <class Network, class T>
void add_model(TensorFile& file, const Model<Network, T>& model, const std::string& prefix = {}) {
  detail::add_segments<T>(file, prefix, Network::parameters, model.parameters());
  detail::add_segments<T>(file, prefix, Network::statistics, model.statistics());
}

/// Sets a model's parameters and running statistics to those in a file.
/// @throws FileError when one is missing or does not fit; the model is then as before
template <class Network, class T>
void read_model(const TensorFile& file, Model<Network, T>& model, const std::string& prefix = {}) {
  Buffer<T> parameters(Network::parameter_count);
  Buffer<T> statistics(Network::statistics_count);
  detail::read_segments<T>(file, prefix, Network::parameters, parameters.span());
  detail::read_segments<T>(file, prefix, Network::statistics, statistics.span());
  std::ranges::copy(parameters, model.parameters().begin());
  std::ranges::copy(statistics, model.statistics().begin());
}

/// As read_model, for a file that holds one model and nothing else: refuses tensors that the network has not, but for
/// the counters of batches that PyTorch's batch norms have ("1.num_batches_tracked").
/// @throws FileError
template <class Network, class T>
void read_whole_model(const TensorFile& file, Model<Network, T>& model) {
  for (const StoredTensor& tensor : file.tensors()) {
    const bool known = detail::has_tensor(Network::parameters, tensor.name) ||
                       detail::has_tensor(Network::statistics, tensor.name) ||
                       detail::has_tensor(Network::statistics, detail::mean_beside_counter(tensor.name));
    if (!known) throw FileError(file.origin().string(), "the network has no tensor '" + tensor.name + "'");
  }
  read_model(file, model);
}

}  // namespace lamina
