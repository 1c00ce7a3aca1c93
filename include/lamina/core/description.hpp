#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The shortest digits that read back as the same number, the same in every locale.
template <class Number>
[[nodiscard, gnu::cold]] std::string to_digits(Number value) {
  std::array<char, 64> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

/// Numbers in words: "[1, 0.5]"; "none" where there are none.
[[nodiscard, gnu::cold]] inline std::string to_words(std::span<const double> numbers) {
  std::string text;
  for (const double number : numbers) text.append(text.empty() ? "[" : ", ").append(to_digits(number));
  return text.empty() ? "none" : text + "]";
}

/// An option of an object: its name and its value, in words.
struct DescribedOption {
  DescribedOption(std::string_view option, std::string text) : name(option), value(std::move(text)) {}
  template <class Value>
  requires std::is_arithmetic_v<Value> DescribedOption(std::string_view option, Value number)
      : name(option), value(in_words(number)) {}

  std::string_view name;
  std::string value;

 private:
  template <class Value>
  [[nodiscard]] static std::string in_words(Value number) {
    if constexpr (std::is_same_v<Value, bool>) {
      return number ? "yes" : "no";
    } else {
      return to_digits(number);
    }
  }
};

/// The kind of an object and its options, in words that are the same for equal ones and differ for others:
/// "Adam(beta1 0.9, beta2 0.999)". State that is saved says with it what it is the state of.
[[nodiscard, gnu::cold]] inline std::string describe(std::string_view kind,
                                                     std::initializer_list<DescribedOption> options) {
  std::string text(kind);
  std::string_view before = "(";
  for (const DescribedOption& option : options) {
    text.append(before).append(option.name).append(" ").append(option.value);
    before = ", ";
  }
  return text + ")";
}

/// Whatever says what it is.
template <class Object>
concept Described = requires(const Object& object) {
  { object.description() } -> std::convertible_to<std::string>;
};

/// What stands for an object that says nothing of itself. Two such objects need not be equal.
inline constexpr std::string_view kUndescribed = "one without a description";

/// What an object says that it is, or that it says nothing.
template <class Object>
[[nodiscard, gnu::cold]] std::string description_of(const Object& object) {
  if constexpr (Described<Object>) {
    return object.description();
  } else {
    return std::string(kUndescribed);
  }
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
