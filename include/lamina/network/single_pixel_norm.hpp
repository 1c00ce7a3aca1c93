#pragma once

#include <span>
#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/shape.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/layers/segment.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

namespace detail {

/// A visitor that finds the first batch norm which reads one pixel an image.
struct SinglePixelNormFinder {
  std::string_view kind{};
  Name name{};
  int values = 0;

  template <class Specification, Shape Input>
  constexpr int layer(int, const Name& prefix) {
    using Bound = typename Specification::template Bound<Input>;
    if (Bound::role == LayerRole::batch_norm && Input.pixels() == 1 && kind.empty()) {
      kind = Specification::kind;
      name = Name(prefix).append(Bound::statistics.back().name);
    }
    return ++values;
  }
  constexpr int add(int, int) { return ++values; }
  constexpr int scale(int, int) { return ++values; }
  constexpr int concatenate(std::span<const int>, const Shape&) { return ++values; }
};

}  // namespace detail

/// A batch norm that reads one pixel an image, and so a single value a channel in a batch of one image, which has no
/// variance: PyTorch refuses to train on such a batch, and so does Model::forward.
struct SinglePixelNorm {
  std::string_view kind{};  ///< of the layer; empty where a network has none
  Name name{};              ///< of its running variance: "5.running_var"

  [[nodiscard]] constexpr bool exists() const { return !kind.empty(); }
};

/// The first of a network.
template <class Network>
inline constexpr SinglePixelNorm single_pixel_norm = [] {
  detail::SinglePixelNormFinder finder;
  Network::visit(finder);
  return SinglePixelNorm{finder.kind, finder.name};
}();

/// How many images a batch that a network trains on has at least.
template <class Network>
inline constexpr Index smallest_training_batch = single_pixel_norm<Network>.exists() ? 2 : 1;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
