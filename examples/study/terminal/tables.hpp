#pragma once

#include <cstddef>
#include <iostream>
#include <string>
#include <string_view>

#include <lamina/core/shape.hpp>

#include "study/text/text.hpp"

namespace study {

/// Prints the layers of a network: name, output shape, parameters, and the total.
template <class Network>
void print_layers(std::string_view model) {
  const auto row = [](const std::string& name, const std::string& shape, const std::string& parameters) {
    std::cout << left(name, 22) << right(shape, 12) << right(parameters, 14) << "\n";
  };
  row(std::string(model), "output", "parameters");
  row("input", to_string(Network::input_shape), "");
  for (std::size_t i = 0; i < Network::size; ++i) {
    row(std::to_string(i) + " " + std::string(Network::kinds[i]), to_string(Network::shapes[i + 1]),
        grouped(Network::parameter_counts[i]));
  }
  row("total", "", grouped(Network::parameter_count));
}

}  // namespace study
