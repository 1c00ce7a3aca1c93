#include "study/report/html.hpp"

#include <algorithm>

namespace study {

std::string html_text(std::string_view text) {
  std::string escaped;
  for (const char character : text) {
    switch (character) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += character;
    }
  }
  return escaped;
}

namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// Takes out what lies between two marks, and the marks, wherever they are.
void cut(std::string& text, std::string_view begin, std::string_view end) {
  for (auto first = text.find(begin); first != text.npos; first = text.find(begin)) {
    const auto last = text.find(end, first + begin.size());
    if (last == text.npos) return;
    text.erase(first, last + end.size() - first);
  }
}

}  // namespace

std::string inline_svg(std::string_view picture, const std::string& name, std::string_view description) {
  const std::size_t begin = std::min(picture.find("<svg"), picture.size());
  const std::size_t end = std::min(picture.find('>', begin), picture.size());
  std::string head(picture.substr(begin, end - begin));
  for (const std::string_view attribute : {" width=\"", " height=\"", "xmlns:xlink=\""}) cut(head, attribute, "\"");
  std::string body(picture.substr(end));
  cut(body, "<title>", "</title>");
  cut(body, "<desc>", "</desc>");
  replace_all(body, "xlink:href", "href");
  for (const std::string mark : {"id='", "id=\"", "href='#", "url(#"}) replace_all(body, mark, mark + name + "-");
  return head + " role=\"img\" aria-label=\"" + html_text(description) + "\"" + body;
}

}  // namespace study
