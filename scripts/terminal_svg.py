#!/usr/bin/env python3
"""Draws captured terminal output as an SVG picture: one panel a file, side by side.

    scripts/terminal_svg.py --from "Gradient flow" --columns 70 vgg38.txt vgg38-bn-rc.txt > picture.svg

A line that a program drew over with carriage returns appears as it was last; escape sequences are dropped. Full
blocks become rectangles, so that bars have no gaps whatever the font.
"""
import argparse
import pathlib
import re
import textwrap
from xml.sax.saxutils import escape

ADVANCE, LINE, SIZE, MARGIN = 8, 17, 13, 16  # pixels: a column, a line, the font, the border of a panel
BACKGROUND, TEXT, BAR = "#1b1f24", "#d6dbe0", "#56b4e9"


def screen_lines(text):
    """The lines that a terminal shows in the end."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.replace("\r\n", "\n"))
    return [line.split("\r")[-1].rstrip() for line in text.rstrip().split("\n")]


def panel_lines(path, title, start, columns):
    lines = screen_lines(path.read_text(encoding="utf-8"))
    first = next((i for i, line in enumerate(lines) if start in line), 0)
    lines = ([title, ""] if title else []) + lines[first:]
    return [part for line in lines for part in (textwrap.wrap(line, columns) or [""])]


def draw_line(line, x, y):
    """Stretches of text and of blocks, each at its column."""
    for match in re.finditer("(█+)|([^█]+)", line):
        left, columns = x + match.start() * ADVANCE, len(match.group())
        if match.group(1):
            yield f'<rect x="{left}" y="{y + 3}" width="{columns * ADVANCE}" height="{LINE - 5}" fill="{BAR}"/>'
        elif match.group().strip():
            yield (f'<text x="{left}" y="{y + SIZE}" textLength="{columns * ADVANCE}" xml:space="preserve">'
                   f"{escape(match.group())}</text>")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--from", dest="start", default="", metavar="TEXT", help="begin at the first line with TEXT")
    parser.add_argument("--columns", type=int, default=80, help="of a panel; longer lines are wrapped")
    parser.add_argument("--titles", nargs="*", default=[], help="first line of each panel")
    arguments = parser.parse_args()

    titles = [*arguments.titles, *[""] * len(arguments.files)]
    panels = [panel_lines(file, title, arguments.start, arguments.columns)
              for file, title in zip(arguments.files, titles)]
    panel_width = arguments.columns * ADVANCE + 2 * MARGIN
    width = panel_width * len(panels)
    height = max(map(len, panels)) * LINE + 2 * MARGIN

    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">')
    print(f'<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>')
    print(f'<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{SIZE}" fill="{TEXT}">')
    for number, lines in enumerate(panels):
        for row, line in enumerate(lines):
            for shape in draw_line(line, number * panel_width + MARGIN, MARGIN + row * LINE):
                print(shape)
    print("</g></svg>")


if __name__ == "__main__":
    main()
