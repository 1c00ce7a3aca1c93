#pragma once

#include <iostream>
#include <string_view>

#include <lamina/network/summary.hpp>

namespace study {

/// Prints the layers of a network: name, output shape, parameters, multiply-adds, and the totals.
template <class Network>
void print_layers(std::string_view model) {
  std::cout << model << "\n" << to_string(lamina::summarize<Network>());
}

}  // namespace study
