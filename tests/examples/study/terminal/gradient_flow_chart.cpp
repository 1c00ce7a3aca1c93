#include "study/terminal/gradient_flow_chart.hpp"

#include <sstream>
#include <vector>

#include "../../../catch.hpp"

using namespace study;

namespace {

std::vector<long> bar_lengths(const std::vector<double>& means, std::size_t width) {
  std::vector<lamina::TensorFlow> flow;
  for (const double mean : means) flow.push_back({.name = "4.weight", .kind = "conv", .mean_abs = mean});
  std::istringstream chart(gradient_flow_chart(flow, width, {"#", "."}));
  std::vector<long> lengths;
  std::string line;
  std::getline(chart, line);  // the scale
  while (std::getline(chart, line)) {
    CHECK(line.size() < width);
    lengths.push_back(std::count(line.begin(), line.end(), '#'));
  }
  return lengths;
}

}  // namespace

TEST_CASE("gradient flow chart: equal ratios are equal steps of bar length, from 1e-18 to 1e-4") {
  // 15 decades from 1e-19 to 1e-4 on 60 characters: 4 each.
  const auto lengths = bar_lengths({1.0001e-18, 1.0001e-14, 1.0001e-10, 1e-4}, 120);
  CHECK(lengths.size() == 4);
  CHECK(lengths[3] == 60);
  CHECK(lengths[1] - lengths[0] == 16);
  CHECK(lengths[2] - lengths[1] == 16);
  CHECK(lengths[0] == 4);
}

TEST_CASE("gradient flow chart: a gradient of zero has no bar, and all zeros are a chart too") {
  CHECK(bar_lengths({0, 1e-4}, 80)[0] == 0);
  CHECK(bar_lengths({0, 0}, 80) == std::vector<long>{0, 0});
}

TEST_CASE("gradient flow chart: has a bar for each weight tensor, called by its place in a VGG") {
  const std::vector<lamina::TensorFlow> flow{
      {.name = "0.weight", .kind = "conv", .mean_abs = 1e-5},
      {.name = "1.weight", .kind = "batch_norm", .is_weight = false, .mean_abs = 1},
      {.name = "3.weight", .kind = "conv", .mean_abs = 1e-5},
      {.name = "3.bias", .kind = "conv", .is_weight = false, .mean_abs = 1},
      {.name = "6.weight", .kind = "conv", .mean_abs = 1e-5},
      {.name = "6.bias", .kind = "conv", .is_weight = false, .mean_abs = 1},
      {.name = "9.weight", .kind = "linear", .mean_abs = 1e-5}};
  const std::string chart = gradient_flow_chart(flow, 80, {"#", "."});
  CHECK(std::count(chart.begin(), chart.end(), '\n') == 1 + 4);
  CHECK_THAT(chart, ContainsSubstring("\n  0 entry ") && ContainsSubstring("\n  1 reduction 1, conv 1  1.0e-05 #") &&
                        ContainsSubstring("\n  3 head "));
}

TEST_CASE("gradient flow chart: equal gradients have equal bars that can be seen") {
  const auto lengths = bar_lengths({3e-4, 3e-4}, 80);
  CHECK(lengths[0] == lengths[1]);
  CHECK(lengths[0] > 0);
}
