#pragma once

#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace lamina::test {

/// One of the files in this folder: numbers that another library computed, in double.
[[nodiscard]] inline nlohmann::json reference(const std::string& name) {
  std::ifstream file(std::string(LAMINA_TEST_REFERENCES) + "/" + name);
  file.exceptions(std::ios::badbit | std::ios::failbit);
  return nlohmann::json::parse(file);
}

/// A list of numbers, rounded to T.
template <class T>
[[nodiscard]] std::vector<T> numbers(const nlohmann::json& list) {
  std::vector<T> values;
  for (const auto& number : list) values.push_back(static_cast<T>(number.get<double>()));
  return values;
}

}  // namespace lamina::test
