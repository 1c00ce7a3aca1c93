#!/usr/bin/env python3
"""Writes docs/reference.md: every public name of the library once a header, with the first sentence of its comment.

    scripts/make_reference.py           # write it
    scripts/make_reference.py --check   # exit with 1 and say what differs, if it is not what would be written

Public is what the headers declare in the namespace lamina itself. The namespaces detail, engine and kernels are the
library's own business. Needs declarations that begin a line, as clang-format puts them.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
HEADERS = ROOT / "include" / "lamina"
PAGE = ROOT / "docs" / "reference.md"
FOLDERS = {
    "core": "Shapes, tensors, random numbers, threads and errors",
    "layers": "Layers",
    "network": "Networks and models",
    "models": "Networks by name",
    "losses": "Losses",
    "metrics": "Metrics",
    "optimizers": "Optimisers",
    "schedules": "Learning rates",
    "data": "Data",
    "inference": "Inference",
    "diagnostics": "Gradients",
    "io": "Files",
    "training": "Training",
    "distributed": "Several machines",
}
INTRODUCTION = """# Reference

Every public name, under the header that declares it: made of the comments in the headers by `scripts/make_reference.py`.
The headers say the rest, parameters and errors. `lamina.hpp` includes all of them but those marked with a reason
and those that say before training what keeps a network from it, which begin at `training/network_diagnosis.hpp`,
`training/learning_rate_range.hpp` and `diagnostics/data_verdict.hpp`.

"""
REASONS = {"stb_image": "needs stb_image.h", "onnx/": "needs onnx", "nlohmann": "needs nlohmann/json.hpp"}

NAME_PATTERNS = [
    re.compile(r"^(?:class|struct|enum class)\s+([A-Za-z]\w*)(?:\s*[:{]|\s*$)"),
    re.compile(r"^using\s+([A-Za-z]\w*)\s*="),
    re.compile(r"^concept\s+([A-Za-z]\w*)"),
    re.compile(r"^(?:\[\[maybe_unused\]\] )?inline constexpr\b[^(={]*?\b([A-Za-z]\w*)\s*(?:<[^>]*>)?\s*(?:[={]|$)"),
    re.compile(r"^(?:\[\[nodiscard\]\] |inline |constexpr |static |const )*[A-Za-z_][\w:<>,&*. ]*?[ &*]([a-z]\w*)\("),
]


def first_sentence(comment):
    """Up to the first full stop that ends a sentence, or the first command of the comment, in one line."""
    lines = []
    for line in comment:
        text = line.removeprefix("///").strip()
        if text.startswith("@") or (not text and lines):
            break
        if text:
            lines.append(text)
    text = " ".join(lines)
    end = re.search(r"(?<![A-Z])[.:](?= [A-Z(\"]| ?$)", text)
    sentence = (text[:end.start()] if end else text).rstrip(".:")
    return sentence.replace("|", "\\|").replace("<", "&lt;")


def declarations(text):
    """(name, first sentence) of what the namespace lamina declares, in order, each name once."""
    found = {}
    depth = None  # of other namespaces inside of ours; None outside
    comment = []
    skip_template = False
    for line in text.splitlines():
        opened = re.match(r"^namespace ([\w:]*?)(?:::inline LAMINA_INSTRUCTION_SET)?((?:::\w+)*) \{$", line)
        if opened:
            own = line.startswith("namespace lamina::inline LAMINA_INSTRUCTION_SET {")
            if own:
                depth = 0
            elif depth is not None:
                depth += 1
            comment = []
            continue
        if line.startswith("}  // namespace"):
            depth = depth - 1 if depth else None
            continue
        if depth != 0:
            continue
        if line.startswith("///"):
            comment.append(line)
            continue
        if line.startswith("template <") or line.startswith("requires ") or skip_template:
            skip_template = line.startswith("template <") and line.count("<") > line.count(">")
            if not re.match(r"^(?:template|requires) .*[>}] (?:struct|class|using|concept)", line):
                continue
            line = re.sub(r"^.*[>}] (?=struct|class|using|concept)", "", line)
        if not line or line[0] in " }#)" or line.startswith(("//", "static_assert", "namespace", "extern", ":")):
            if not line:
                comment = []
            continue
        specialised = re.match(r"^(?:class|struct)\s+\w+<", line)
        for pattern in NAME_PATTERNS:
            match = pattern.match(line)
            if match and not specialised and match[1] not in ("operator", "requires", "if"):
                sentence = first_sentence(comment)
                if match[1] not in found or (sentence and not found[match[1]]):
                    found[match[1]] = sentence
                break
        comment = []
    return found


def reasons(header):
    """Why lamina.hpp does not include a header, by what that or the library's headers in it include."""
    included = re.findall(r"#include <([^>]+)>", header.read_text())
    found = {reason for word, reason in REASONS.items() if any(word in name for name in included)}
    for name in included:
        if name.startswith("lamina/"):
            found |= reasons(HEADERS.parent / name)
    return found


def page():
    text = INTRODUCTION
    for folder, title in FOLDERS.items():
        headers = sorted((HEADERS / folder).glob("*.hpp"))
        parts = ""
        for header in headers:
            names = declarations(header.read_text())
            if not names:
                continue
            needs = ", ".join(sorted(reasons(header)))
            parts += f"\n### {folder}/{header.name}" + (f" ({needs})" if needs else "") + "\n\n"
            parts += "".join(f"- `{name}`" + (f": {line}" if line else "") + "\n" for name, line in names.items())
        if parts:
            text += f"## {title}\n{parts}\n"
    return text.rstrip() + "\n"


def main():
    made = page()
    if "--check" not in sys.argv:
        PAGE.write_text(made)
        return 0
    found = PAGE.read_text()
    if found == made:
        return 0
    old, new = (set(re.findall(r"^- .*$", text, re.M)) for text in (found, made))
    for line in sorted(new - old):
        print(f"docs/reference.md lacks: {line}")
    for line in sorted(old - new):
        print(f"docs/reference.md has what no header declares: {line}")
    print("scripts/make_reference.py writes it anew.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
