#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <lamina/core/hash.hpp>
#include <lamina/network/model.hpp>

namespace study {

/// What tells models apart, whatever file they were in.
template <class Network>
[[nodiscard]] std::uint64_t fingerprint(const lamina::Model<Network>& model) {
  lamina::Hash hash;
  for (const std::span<const float> values : {model.parameters(), model.statistics()}) {
    hash.add(std::string_view(reinterpret_cast<const char*>(values.data()), values.size_bytes()));
  }
  return hash.value();
}

}  // namespace study
