#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/io/stored_tensor.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::detail {

/// What the header of a safetensors file says of a tensor.
struct SafetensorsEntry {
  StoredTensor tensor;  ///< without its bytes
  std::size_t begin = 0;
  std::size_t end = 0;  ///< of its bytes, from the end of the header on
};

struct SafetensorsHeader {
  std::map<std::string, std::string> metadata;
  std::vector<SafetensorsEntry> entries;  ///< as they come
};

/// Reads the header of a safetensors file, and refuses what is not exactly one.
class SafetensorsHeaderParser {
 public:
  /// @param path  for errors
  explicit SafetensorsHeaderParser(std::filesystem::path path) : path_(std::move(path)) {}

  /// @throws FileError
  [[nodiscard]] SafetensorsHeader parse(std::string_view text) const {
    const Json json = parse_json(text);
    if (!json.is_object()) refuse("its header is no JSON object");
    SafetensorsHeader header;
    for (const auto& [name, value] : json.items()) {
      if (name == "__metadata__") {
        header.metadata = metadata(value);
      } else {
        header.entries.push_back(entry(name, value));
      }
    }
    return header;
  }

  [[noreturn]] void refuse(const std::string& problem) const {
    throw FileError(path_.string(), "is no valid safetensors file: " + problem);
  }

 private:
  using Json = nlohmann::ordered_json;

  /// The JSON library would take the last of two values with the same key.
  [[nodiscard]] Json parse_json(std::string_view text) const {
    std::vector<std::set<std::string>> keys;
    const auto check = [&](int /*depth*/, Json::parse_event_t event, const Json& value) {
      if (event == Json::parse_event_t::object_start) keys.emplace_back();
      if (event == Json::parse_event_t::object_end) keys.pop_back();
      if (event == Json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second) {
        refuse("its header has '" + value.get<std::string>() + "' twice");
      }
      return true;
    };
    try {
      return Json::parse(text, check);
    } catch (const Json::parse_error& error) {
      refuse("its header is no JSON, at byte " + std::to_string(error.byte));
    } catch (const Json::exception&) {
      refuse("its header has a number that no file could have");
    }
  }

  [[nodiscard]] std::map<std::string, std::string> metadata(const Json& value) const {
    const auto is_text = [](const Json& text) { return text.is_string(); };
    if (!value.is_object() || !std::all_of(value.begin(), value.end(), is_text))
      refuse("its metadata is no object of texts");
    return value.get<std::map<std::string, std::string>>();
  }

  [[nodiscard]] SafetensorsEntry entry(const std::string& name, const Json& value) const {
    const std::string tensor = "tensor '" + name + "': ";
    if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") || !value.contains("data_offsets")) {
      refuse(tensor + "expected an object of dtype, shape and data_offsets");
    }
    if (!value["dtype"].is_string()) refuse(tensor + "its dtype is no text");
    const Dimensions offsets = whole_numbers(value["data_offsets"], tensor + "data_offsets");
    if (offsets.size() != 2) refuse(tensor + "expected 2 data_offsets, found " + std::to_string(offsets.size()));
    return {.tensor = {.name = name,
                       .type = value["dtype"].get<std::string>(),
                       .dimensions = whole_numbers(value["shape"], tensor + "shape"),
                       .bytes = {}},
            .begin = static_cast<std::size_t>(offsets[0]),
            .end = static_cast<std::size_t>(offsets[1])};
  }

  [[nodiscard]] Dimensions whole_numbers(const Json& value, const std::string& what) const {
    constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<Index>::max());
    const auto fits = [](const Json& number) {
      return number.is_number_unsigned() && number.get<std::uint64_t>() <= largest;
    };
    if (!value.is_array() || !std::all_of(value.begin(), value.end(), fits))
      refuse(what + " is no list of whole numbers that a file could have");
    return value.get<Dimensions>();
  }

  std::filesystem::path path_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::detail
