#include "study/text/text_file.hpp"

#include <algorithm>

#include <lamina/io/file.hpp>

namespace study {

std::string read_text_file(const std::filesystem::path& file) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  std::string text = lamina::read_file(file);
  if (text.starts_with(byte_order_mark)) text.erase(0, byte_order_mark.size());
  return text;
}

bool take_line_end(std::string_view& text) {
  for (const std::string_view end : {"\n", "\r\n"}) {
    if (!text.starts_with(end)) continue;
    text.remove_prefix(end.size());
    return true;
  }
  return false;
}

std::string_view take_line(std::string_view& text) {
  std::size_t size = std::min(text.find('\n'), text.size());
  if (size > 0 && size < text.size() && text[size - 1] == '\r') --size;
  const std::string_view line = text.substr(0, size);
  text.remove_prefix(size);
  take_line_end(text);
  return line;
}

}  // namespace study
