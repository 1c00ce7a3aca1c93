#pragma once

#include <string>
#include <string_view>
#include <tuple>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// A network type under the name it has on command lines and in files.
template <class Network>
struct NamedNetwork {
  using type = Network;
  std::string_view name;
};

/// The names in a table of networks, with commas between them.
template <class... Networks>
[[nodiscard]] std::string names_of(const std::tuple<NamedNetwork<Networks>...>& table) {
  return std::apply(
      [](const auto&... networks) {
        std::string names;
        ((names += (names.empty() ? "" : ", ") + std::string(networks.name)), ...);
        return names;
      },
      table);
}

/// Calls visitor(NamedNetwork<Network>) for the network of that name in a table.
/// @return whether there is one
template <class... Networks, class Visitor>
bool visit_if_named(const std::tuple<NamedNetwork<Networks>...>& table, std::string_view name, const Visitor& visitor) {
  const auto visit = [&](const auto& network) { return network.name == name && (visitor(network), true); };
  return std::apply([&](const auto&... networks) { return (visit(networks) || ...); }, table);
}

/// Calls visitor(NamedNetwork<Network>) for the network of that name in a table.
/// @throws ArgumentError that lists the names when there is none
template <class Table, class Visitor>
void visit_network(const Table& table, std::string_view name, const Visitor& visitor) {
  require(visit_if_named(table, name, visitor),
          "unknown model '" + std::string(name) + "', expected one of: " + names_of(table));
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
