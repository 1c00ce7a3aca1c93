#pragma once

#include <limits>
#include <string>
#include <string_view>

#include <cxxopts.hpp>

#include <lamina/core/error.hpp>
#include <lamina/core/shape.hpp>
#include <lamina/models/cifar_networks.hpp>

#include "study/command_line/options.hpp"
#include "study/text/text.hpp"

namespace study {

/// The value of a flag as a number in [least, most].
/// @throws UsageError  naming the flag, what it takes and what it got
template <class Number>
[[nodiscard]] Number number(const cxxopts::ParseResult& flags, const std::string& flag, Number least, Number most,
                            std::string_view expected) {
  const auto text = flags[flag].as<std::string>();
  const auto value = number_from<Number>(text);
  if (!value || !(*value >= least && *value <= most)) {
    throw UsageError("--" + flag + " must be " + std::string(expected) + ", got '" + text + "'");
  }
  return *value;
}

[[nodiscard]] inline lamina::Index count(const cxxopts::ParseResult& flags, const std::string& flag) {
  return number<lamina::Index>(flags, flag, 1, std::numeric_limits<lamina::Index>::max(), "a positive whole number");
}

[[nodiscard]] inline double rate(const cxxopts::ParseResult& flags, const std::string& flag) {
  return number<double>(flags, flag, 0, std::numeric_limits<double>::max(), "a number that is not negative");
}

/// A share below 1.
[[nodiscard]] inline double share(const cxxopts::ParseResult& flags, const std::string& flag) {
  return number<double>(flags, flag, 0, 1 - std::numeric_limits<double>::epsilon() / 2, "from 0 to below 1");
}

/// The name of a network.
/// @throws UsageError  naming the flag and all networks
[[nodiscard]] inline std::string known_network(const cxxopts::ParseResult& flags, const std::string& flag) {
  auto name = flags[flag].as<std::string>();
  try {
    lamina::visit_network(lamina::kCifarNetworks, name, [](const auto&) {});
  } catch (const lamina::ArgumentError& error) {
    throw UsageError("--" + flag + ": " + error.what());
  }
  return name;
}

}  // namespace study
