#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/shape.hpp>
#include <lamina/core/team.hpp>
#include <lamina/network/chain.hpp>
#include <lamina/network/sequential.hpp>
#include <lamina/network/tensors.hpp>
#include <lamina/network/workspace.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What there is to say of a layer of a network; a composite one (residual, concatenation) is one layer.
struct LayerSummary {
  std::string name;  ///< what the names of its tensors begin with: "0", "1", ...
  std::string_view kind;
  Shape output;
  Index parameters = 0;
  Index multiply_adds = 0;  ///< of one sample's forward pass by direct convolution (MACs)
};

/// What there is to say of a network.
struct NetworkSummary {
  Shape input;
  std::vector<LayerSummary> layers;
  Index parameters = 0;
  Index statistics = 0;     ///< running statistics of batch norms
  Index multiply_adds = 0;  ///< as in LayerSummary
};

/// Bytes that a network takes.
struct MemorySummary {
  Index batch = 0;
  Index model = 0;      ///< parameters, their gradients and running statistics; an optimiser's state is beside it
  Index training = 0;   ///< of a TrainingWorkspace for this batch
  Index inference = 0;  ///< of an InferenceWorkspace for this batch
};

namespace detail {

template <class Network>
struct Summarizer;

template <Index Height, Index Width, Index Channels, class... Specifications>
struct Summarizer<Sequential<Image<Height, Width, Channels>, Specifications...>> {
  using Network = Sequential<Image<Height, Width, Channels>, Specifications...>;

  [[nodiscard]] static std::vector<LayerSummary> layers() {
    std::vector<LayerSummary> rows;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (rows.push_back({.name = std::to_string(I),
                       .kind = Specifications::kind,
                       .output = Network::shapes[I + 1],
                       .parameters = Network::parameter_counts[I],
                       .multiply_adds = multiply_adds<Specifications, Network::shapes[I]>()}),
       ...);
    }
    (std::index_sequence_for<Specifications...>{});
    return rows;
  }

 private:
  template <class Specification, Shape Input>
  [[nodiscard]] static Index multiply_adds() {
    TensorCounter counter;
    visit_specification<Specification, Input>(counter, 0, Name{});
    return counter.counts.multiply_adds;
  }
};

/// "1,006,660"
[[nodiscard]] inline std::string with_commas(Index number) {
  std::string digits = std::to_string(number);
  for (Index place = std::ssize(digits) - 3; place > 0; place -= 3)
    digits.insert(static_cast<std::size_t>(place), 1, ',');
  return digits;
}

/// "12.3 MB", in units of 10^6 bytes.
[[nodiscard]] inline std::string in_megabytes(Index bytes) {
  const Index tenths = (bytes + 50'000) / 100'000;
  return with_commas(tenths / 10) + "." + std::to_string(tenths % 10) + " MB";
}

}  // namespace detail

/// The layers of a network with their shapes, parameters and multiply-adds, and the totals.
/// @tparam Network  a Sequential that begins with an Image
template <class Network>
[[nodiscard]] NetworkSummary summarize() {
  return {.input = Network::input_shape,
          .layers = detail::Summarizer<Network>::layers(),
          .parameters = Network::parameter_count,
          .statistics = Network::statistics_count,
          .multiply_adds = Network::multiply_adds};
}

/// What training and inference of a network take for batches of that size; none of it is allocated. It compiles the
/// network's kernels, as a workspace does.
/// @throws ArgumentError when batch < 1
template <class Network, class T = float>
[[nodiscard]] MemorySummary summarize_memory(Index batch, const Team& team = Team{}) {
  return {.batch = batch,
          .model = (2 * Network::parameter_count + Network::statistics_count) * static_cast<Index>(sizeof(T)),
          .training = TrainingWorkspace<Network, T>::bytes_for(batch, team),
          .inference = InferenceWorkspace<Network, T>::bytes_for(batch, team)};
}

/// A table: a line for each layer below the names of the columns, and the totals.
[[nodiscard]] inline std::string to_string(const NetworkSummary& summary) {
  std::string text;
  const auto row = [&](const std::string& layer, const std::string& output, const std::string& parameters,
                       const std::string& multiply_adds) {
    const auto right = [](const std::string& cell, std::size_t width) {
      return std::string(width - std::min(width, cell.size()), ' ') + cell;
    };
    text += layer + std::string(22 - std::min<std::size_t>(21, layer.size()), ' ') + right(output, 12) +
            right(parameters, 14) + right(multiply_adds, 16) + "\n";
  };
  row("layer", "output", "parameters", "multiply-adds");
  row("input", to_string(summary.input), "", "");
  for (const LayerSummary& layer : summary.layers) {
    row(layer.name + " " + std::string(layer.kind), to_string(layer.output), detail::with_commas(layer.parameters),
        detail::with_commas(layer.multiply_adds));
  }
  row("total", "", detail::with_commas(summary.parameters), detail::with_commas(summary.multiply_adds));
  return text;
}

/// "memory for batches of 100: model 0.5 MB, training 90.1 MB, inference 30.2 MB", and a line break.
[[nodiscard]] inline std::string to_string(const MemorySummary& memory) {
  return "memory for batches of " + std::to_string(memory.batch) + ": model " + detail::in_megabytes(memory.model) +
         ", training " + detail::in_megabytes(memory.training) + ", inference " +
         detail::in_megabytes(memory.inference) + "\n";
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
