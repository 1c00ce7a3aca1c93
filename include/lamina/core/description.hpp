#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace lamina {

/// The shortest digits that read back as the same number, the same in every locale.
template <class Number>
[[nodiscard]] std::string to_digits(Number value) {
  std::array<char, 64> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

/// An option of an object: its name and its value, in words.
struct DescribedOption {
  DescribedOption(std::string_view option, std::string text) : name(option), value(std::move(text)) {}
  DescribedOption(std::string_view option, bool is_on) : name(option), value(is_on ? "yes" : "no") {}
  template <class Number>
  requires std::integral<Number> || std::floating_point<Number> DescribedOption(std::string_view option, Number number)
      : name(option), value(to_digits(number)) {}

  std::string_view name;
  std::string value;
};

/// The kind of an object and its options, in words that are the same for equal ones and differ for others:
/// "Adam(beta1 0.9, beta2 0.999)". State that is saved says with it what it is the state of.
[[nodiscard]] inline std::string describe(std::string_view kind, std::initializer_list<DescribedOption> options) {
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

/// What an object says that it is, or that it says nothing.
template <class Object>
[[nodiscard]] std::string description_of(const Object& object) {
  if constexpr (Described<Object>) {
    return object.description();
  } else {
    return "one without a description";
  }
}

}  // namespace lamina
