#pragma once

#include <string>
#include <string_view>

namespace study {

/// Text that stays text in HTML, within an element or a quoted attribute.
[[nodiscard]] std::string html_text(std::string_view text);

/// A picture of gnuplot's as an element of an HTML page: it scales with the page, refers to nothing outside, its
/// identifiers begin with `name`, so that several fit into one page, and it says what it shows.
[[nodiscard]] std::string inline_svg(std::string_view picture, const std::string& name, std::string_view description);

}  // namespace study
