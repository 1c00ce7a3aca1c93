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
/// and `projection`. Each segment says how its order in memory differs from that (layers/segment.hpp).

namespace lamina {

namespace detail {

/// The dimensions of a segment's tensor in files.
[[nodiscard]] inline Dimensions stored_dimensions(const Segment& segment) {
  Dimensions dimensions;
  for (std::size_t axis = 0; axis < segment.rank; ++axis) dimensions.push_back(segment.dims[segment.file_axes[axis]]);
  return dimensions;
}

/// How far apart files have the neighbours along each axis of a segment.
[[nodiscard]] inline std::array<Index, 4> stored_steps(const Segment& segment) {
  std::array<Index, 4> steps{};
  Index step = 1;
  for (std::size_t axis = segment.rank; axis-- > 0;) {
    steps[segment.file_axes[axis]] = step;
    step *= segment.dims[segment.file_axes[axis]];
  }
  return steps;
}

/// Calls visit(place in the segment, place in the file) for each value of a segment.
template <class Visit>
void for_each_stored_value(const Segment& segment, const Visit& visit) {
  const std::array<Index, 4> steps = stored_steps(segment);
  std::array<std::vector<Index>, 4> places;  // in the file, of the places along each axis
  for (std::size_t axis = 0; axis < places.size(); ++axis) {
    const Index size = axis < segment.rank ? segment.dims[axis] : 1;
    for (Index i = 0; i < size; ++i) {
      places[axis].push_back(steps[axis] * (axis == segment.input_axis ? segment.input_order.in_files(i) : i));
    }
  }
  Index place = 0;
  for (const Index a : places[0]) {
    for (const Index b : places[1]) {
      for (const Index c : places[2]) {
        for (const Index d : places[3]) visit(place++, a + b + c + d);
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
