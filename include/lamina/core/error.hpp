#pragma once

#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>

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

/// The parts of a message one after the other. It is made only to be thrown: kept out of the functions that throw, it
/// costs a program a call there instead of the code of strings that are joined.
template <class... Parts>
[[nodiscard, gnu::cold, gnu::noinline]] std::string message(const Parts&... parts) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  (text << ... << parts);
  return text.str();
}

/// Throws ArgumentError with the message unless the condition holds.
inline void require(bool condition, const std::string& message) {
  if (!condition) throw ArgumentError(message);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
