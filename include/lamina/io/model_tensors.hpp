#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <lamina/core/buffer.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/io/load_report.hpp>
#include <lamina/io/tensor_file.hpp>
#include <lamina/layers/segment.hpp>
#include <lamina/network/model.hpp>

/// @file
/// A model's parameters and running statistics as tensors of a file. Names, dimensions and order of values are those of
/// the state_dict of the same network in PyTorch, a nn.Sequential in which a residual block is a module with `branch`
/// and `projection`. Each segment says how its order in memory differs from that (layers/segment.hpp).

namespace lamina::inline LAMINA_INSTRUCTION_SET {

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

/// Which types of stored values a model takes.
enum class StoredTypes { own, any_floating };

/// Whether a file has a segment's tensor in the segment's shape.
[[nodiscard]] inline bool has_in_shape(const TensorFile& file, const std::string& prefix, const Segment& segment) {
  const StoredTensor* const tensor = file.find(prefix + std::string(segment.name.view()));
  return tensor != nullptr && tensor->dimensions == stored_dimensions(segment);
}

template <class T>
void read_segment(const TensorFile& file, const std::string& prefix, const Segment& segment, std::span<T> values,
                  StoredTypes types) {
  std::vector<T> stored(static_cast<std::size_t>(segment.size()));
  const std::string name = prefix + std::string(segment.name.view());
  if (types == StoredTypes::own) {
    file.read<T>(name, stored_dimensions(segment), stored);
  } else {
    file.read_converted<T>(name, stored_dimensions(segment), stored);
  }
  for_each_stored_value(segment, [&](Index to, Index from) {
    values[static_cast<std::size_t>(segment.offset + to)] = stored[static_cast<std::size_t>(from)];
  });
}

/// Sets the tensors that choose(segment) chooses, all of them or, where one does not fit, none.
template <class Network, class T, class Choose>
void read_chosen(const TensorFile& file, Model<Network, T>& model, const std::string& prefix, StoredTypes types,
                 const Choose& choose) {
  Model<Network, T> read = model;
  const auto read_all = [&](std::span<const Segment> segments, std::span<T> values) {
    for (const Segment& segment : segments) {
      if (choose(segment)) read_segment<T>(file, prefix, segment, values, types);
    }
  };
  read_all(Network::parameters, read.parameters());
  read_all(Network::statistics, read.statistics());
  std::ranges::copy(read.parameters(), model.parameters().begin());
  std::ranges::copy(read.statistics(), model.statistics().begin());
}

/// Whether a network has a tensor of that name, or PyTorch's batch norms have it beside one.
template <class Network>
[[nodiscard]] bool knows_tensor(std::string_view name) {
  return has_tensor(Network::parameters, name) || has_tensor(Network::statistics, name) ||
         has_tensor(Network::statistics, mean_beside_counter(name));
}

/// What to do about a name that a network does not know, where it is known but for what stands before it.
template <class Network>
[[nodiscard]] std::string prefix_hint(std::string_view name) {
  for (std::size_t end = name.find('.'); end != std::string_view::npos; end = name.find('.', end + 1)) {
    if (!knows_tensor<Network>(name.substr(end + 1))) continue;
    return "; it has one behind the prefix '" + std::string(name.substr(0, end + 1)) + "' (LoadOptions::prefix)";
  }
  return {};
}

/// Files of versions 0.1 and 0.2 have the values behind Flatten in another order than PyTorch's, which they claim.
template <class Network>
void require_order_of_pytorch(const TensorFile& file) {
  const auto reordered = [](const Segment& segment) { return !segment.input_order.is_same(); };
  const bool differs =
      std::ranges::any_of(Network::parameters, reordered) || std::ranges::any_of(Network::statistics, reordered);
  const auto library = file.metadata().find("library");
  if (!differs || library == file.metadata().end()) return;
  if (!library->second.starts_with("lamina 0.1.") && !library->second.starts_with("lamina 0.2.")) return;
  throw FileError(file.origin().string(), "was written by " + library->second +
                                              ", which had the values behind Flatten in another order than PyTorch");
}

}  // namespace detail

/// Adds a model's parameters and running statistics to a file.
/// @param prefix  of their names
template <class Network, class T>
void add_model(TensorFile& file, const Model<Network, T>& model, const std::string& prefix = {}) {
  detail::add_segments<T>(file, prefix, Network::parameters, model.parameters());
  detail::add_segments<T>(file, prefix, Network::statistics, model.statistics());
}

/// Sets a model's parameters and running statistics to those in a file, bit for bit.
/// @throws FileError when one is missing or does not fit; the model is then as before
template <class Network, class T>
void read_model(const TensorFile& file, Model<Network, T>& model, const std::string& prefix = {}) {
  detail::read_chosen(file, model, prefix, detail::StoredTypes::own, [](const Segment&) { return true; });
}

/// How the tensors of a file are taken for a network's.
struct LoadOptions {
  std::string prefix{};  ///< what every name in the file begins with and the network's do not, such as "module."
  bool strict =
      true;  ///< refuse a file that does not hold exactly the network's tensors; otherwise take those that fit
};

/// What of a file a network could take, whatever program wrote it. The counters of batches that PyTorch's batch norms
/// have ("1.num_batches_tracked") are passed over.
/// @throws FileError for a name that does not begin with the prefix
template <class Network>
[[nodiscard]] LoadReport compare_tensors(const TensorFile& file, const std::string& prefix = {}) {
  LoadReport report;
  for (const StoredTensor& tensor : file.tensors()) {
    if (!tensor.name.starts_with(prefix)) {
      throw FileError(file.origin().string(),
                      "tensor '" + tensor.name + "' does not begin with the prefix '" + prefix + "'");
    }
    const std::string name = tensor.name.substr(prefix.size());
    if (!detail::knows_tensor<Network>(name)) report.unexpected.push_back(name);
  }
  const auto compare = [&](std::span<const Segment> segments) {
    for (const Segment& segment : segments) {
      const std::string name(segment.name.view());
      const StoredTensor* const tensor = file.find(prefix + name);
      if (tensor == nullptr) {
        report.missing.push_back(name);
      } else if (detail::has_in_shape(file, prefix, segment)) {
        report.loaded.push_back(name);
      } else {
        report.other_shape.push_back({prefix + name, detail::stored_dimensions(segment), tensor->dimensions});
      }
    }
  };
  compare(Network::parameters);
  compare(Network::statistics);
  return report;
}

/// As read_model, for a file that holds one model and nothing else, whatever wrote it: takes any floating-point type,
/// rounded to the model's.
/// @throws FileError, where the options are strict, that lists what differs; where they are not, for a file that has
///         nothing of the network; the model is then as before
template <class Network, class T>
LoadReport read_whole_model(const TensorFile& file, Model<Network, T>& model, const LoadOptions& options = {}) {
  const auto refuse = [&](const std::string& problem) { throw FileError(file.origin().string(), problem); };
  detail::require_order_of_pytorch<Network>(file);
  LoadReport report = compare_tensors<Network>(file, options.prefix);
  for (const std::string& name : report.unexpected) {
    const std::string hint = detail::prefix_hint<Network>(name);
    if (!hint.empty()) refuse("the network has no tensor '" + name + "'" + hint);
  }
  if (options.strict && !report.complete()) refuse(detail::listed(report.differences()));
  if (report.loaded.empty()) refuse("has no tensor of the network; " + detail::listed(report.differences()));
  detail::read_chosen(file, model, options.prefix, detail::StoredTypes::any_floating,
                      [&](const Segment& segment) { return detail::has_in_shape(file, options.prefix, segment); });
  return report;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
