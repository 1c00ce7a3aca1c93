#pragma once

#include <filesystem>
#include <string>
#include <string_view>

/// @file
/// Text files as any system writes them: with or without a byte-order mark in front, lines that end with LF or CR LF.

namespace study {

/// The content of a text file, without a byte-order mark.
/// @throws lamina::FileError when it cannot be read
[[nodiscard]] std::string read_text_file(const std::filesystem::path& file);

/// Takes the end of a line off the beginning of a text; false where there is none.
bool take_line_end(std::string_view& text);

/// Takes the first line off a text, which need not end, and gives it without its end.
[[nodiscard]] std::string_view take_line(std::string_view& text);

}  // namespace study
