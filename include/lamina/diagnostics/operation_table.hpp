#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <lamina/core/instruction_set.hpp>
#include <lamina/engine/graph.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// An operation of a network as people read it.
struct OperationEntry {
  std::string name{};               ///< of a layer: what the names of its tensors begin with, "4.branch.0"
  std::string_view kind{};          ///< "conv", "batch_norm", "add"
  std::size_t first_parameter = 0;  ///< of Network::parameters
  std::size_t parameters = 0;       ///< how many of them it has

  /// "conv 4.branch.0"
  [[nodiscard]] std::string text() const { return std::string(kind) + " " + name; }
};

namespace detail {

/// A visitor that lists the operations in the order of the engine's graph.
struct OperationLister {
  std::vector<OperationEntry> entries{};
  std::size_t parameters = 0;

  template <class Specification, Shape Input>
  int layer(int value, const Name& prefix) {
    using Bound = typename Specification::template Bound<Input>;
    if constexpr (engine::detail::is_identity<Bound>) return value;
    std::string_view name = prefix.view();
    if (name.ends_with('.')) name.remove_suffix(1);
    const std::size_t first = parameters;
    parameters += Bound::parameters.size();
    return append({.name = std::string(name),
                   .kind = Specification::kind,
                   .first_parameter = first,
                   .parameters = Bound::parameters.size()});
  }
  int add(int, int) { return join("add"); }
  int scale(int, int) { return join("channel_scale"); }
  int concatenate(std::span<const int>, const Shape&) { return join("concat"); }

 private:
  int join(std::string_view kind) {
    const std::string last = entries.empty() ? "the input" : entries.back().name;
    return append({.name = "behind " + last, .kind = kind, .first_parameter = parameters});
  }
  int append(OperationEntry entry) {
    entries.push_back(std::move(entry));
    return static_cast<int>(entries.size());
  }
};

}  // namespace detail

/// The operations of a network, input first: as many as the engine's graph has, in its order.
template <class Network>
[[nodiscard]] std::vector<OperationEntry> list_operations() {
  detail::OperationLister lister;
  Network::visit(lister);
  return lister.entries;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
