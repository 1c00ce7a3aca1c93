#pragma once

#include <concepts>
#include <initializer_list>
#include <locale>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <lamina/core/index.hpp>
#include <lamina/core/instruction_set.hpp>

#if !defined(__cpp_exceptions)
#error "Lamina says by exceptions what is wrong: compile it without -fno-exceptions"
#endif

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Base of every exception the library throws; what() is one line that says what is wrong and where.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A value a caller passed cannot be used: a negative learning rate, an empty batch, a shape that does not fit.
struct ArgumentError : Error {
  using Error::Error;
};

/// A file or folder cannot be read or written, or does not hold what it should. what() begins with the path.
struct FileError : Error {
  FileError(const std::string& path, const std::string& problem) : Error(path + ": " + problem) {}
};

/// A loss or gradient became NaN or infinite. what() names the step and the layer.
struct NonFiniteError : Error {
  using Error::Error;
};

namespace detail {

/// A text, which it refers to, or a number: a part of a message without its type.
class MessagePart {
 public:
  template <class Text>
  requires std::convertible_to<const Text&, std::string_view>
  explicit MessagePart(const Text& text) : text_(text) {}
  template <std::integral Number>
  explicit MessagePart(Number number) : integer_(static_cast<long long>(number)), kind_(Kind::integer) {}
  template <std::floating_point Number>
  explicit MessagePart(Number number) : real_(static_cast<double>(number)), kind_(Kind::real) {}

  void write(std::ostream& to) const {
    switch (kind_) {
      case Kind::text:
        to << text_;
        break;
      case Kind::integer:
        to << integer_;
        break;
      case Kind::real:
        to << real_;
        break;
    }
  }

 private:
  enum class Kind { text, integer, real };

  std::string_view text_{};
  long long integer_ = 0;
  double real_ = 0;
  Kind kind_ = Kind::text;
};

[[nodiscard, gnu::cold, gnu::noinline]] inline std::string joined(std::initializer_list<MessagePart> parts) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  for (const MessagePart& part : parts) part.write(text);
  return text.str();
}

}  // namespace detail

/// The parts of a message, texts and numbers, one after the other. It is made only to be thrown: one function joins the
/// parts of all messages, so that each costs a program the code of a list and of a call, not that of joined strings.
template <class... Parts>
[[nodiscard, gnu::cold]] std::string message(const Parts&... parts) {
  return detail::joined({detail::MessagePart(parts)...});
}

/// Throws ArgumentError with the parts of a message unless the condition holds.
template <class... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) throw ArgumentError(message(parts...));
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
