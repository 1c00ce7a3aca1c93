#pragma once

#include <string_view>

namespace study {

/// The style sheet of a report: on paper and on any screen, light or dark. Pictures keep their white ground.
inline constexpr std::string_view kReportStyle = R"css(
:root { color-scheme: light dark; --line: #8886; --soft: #8881; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin-top: 2rem; }
.verdict { border-left: 0.4rem solid #d55e00; padding: 0.5rem 0.8rem; background: var(--soft); overflow-wrap: anywhere; }
.verdict.healthy { border-color: #009e73; }
figure { margin: 1rem 0 2rem; }
svg { display: block; width: 100%; min-width: 40rem; height: auto; background: #fff; }
figcaption { font-size: 0.9rem; margin-top: 0.4rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 0.7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
.best { font-weight: bold; background: var(--soft); }
tbody th { font-weight: inherit; }
.configuration th, .configuration td { text-align: left; vertical-align: top; }
.configuration td { white-space: normal; overflow-wrap: anywhere; }
summary { cursor: pointer; }
code { overflow-wrap: anywhere; }
@media print {
  main { max-width: none; padding: 0; }
  figure, tr { break-inside: avoid; }
  .wide { overflow: visible; }
  svg { min-width: 0; }
}
)css";

}  // namespace study
