#pragma once

#include <span>
#include <string_view>
#include <vector>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/network/chain.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What a value of a network is called.
struct ValueName {
  Name layer;             ///< that makes it, as its tensors' names begin: "4.branch.0"; "input" for the images
  std::string_view kind;  ///< of that layer: "conv"; "residual" of a sum, "input" of the images
  bool activation = false;
};

namespace detail {

/// A visitor that names the values in the order of their numbers.
struct ValueNamer {
  std::vector<ValueName> names{{.layer = "input", .kind = "input"}};

  template <class Specification, Shape Input>
  int layer(int value, const Name& prefix) {
    using Bound = typename Specification::template Bound<Input>;
    if constexpr (Bound::role == LayerRole::reshape && Bound::input_shape == Bound::output_shape) {
      return value;
    } else {
      const std::string_view text = prefix.view();
      return append({.layer = text.substr(0, text.find_last_not_of('.') + 1),
                     .kind = Specification::kind,
                     .activation = Bound::role == LayerRole::activation});
    }
  }
  int add(int first, int /*second*/) { return append({.layer = block_of(first, ".branch."), .kind = "residual"}); }
  int scale(int /*value*/, int factors) {
    return append({.layer = block_of(factors, ".branch."), .kind = "channel_scale"});
  }
  int concatenate(std::span<const int> values, const Shape& /*output*/) {
    return append({.layer = block_of(values.back(), ".branches."), .kind = "concat"});
  }

 private:
  int append(const ValueName& name) {
    names.push_back(name);
    return static_cast<int>(names.size()) - 1;
  }

  /// The name of the composite layer whose branch ends with a value: "3" for the branch that ends with "3.branch.4".
  [[nodiscard]] Name block_of(int value, std::string_view branch) const {
    const std::string_view inner = names[static_cast<std::size_t>(value)].layer.view();
    return inner.substr(0, inner.rfind(branch));
  }
};

}  // namespace detail

/// The names of a network's values, by their numbers: 0 is the input, i + 1 the result of operation i.
template <class Network>
[[nodiscard]] std::vector<ValueName> value_names() {
  detail::ValueNamer namer;
  Network::visit(namer);
  return namer.names;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
