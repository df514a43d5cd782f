# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo prints: at most 80 columns, colours on a terminal only, and
plain ASCII where the terminal knows no more."""
import os
import sys

WIDTH = 78
_ASCII = str.maketrans("─═│┌┐└┘▶…", "-=|++++>.")
_COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32",
            "yellow": "33", "cyan": "36"}


class Screen:
    def __init__(self, out=sys.stdout):
        self.out = out
        self.colours = out.isatty() and "NO_COLOR" not in os.environ
        encoding = (out.encoding or "ascii").lower().replace("-", "")
        self.plain = encoding not in ("utf8", "utf16")

    def paint(self, colour, text):
        if not self.colours or colour is None:
            return text
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"

    def line(self, text="", colour=None):
        if self.plain:
            text = text.translate(_ASCII).encode("ascii", "replace").decode()
        print(self.paint(colour, text), file=self.out, flush=True)

    def chapter(self, title):
        self.line()
        self.line(f"── {title} " + "─" * (WIDTH - len(title) - 4), "bold")

    def pair(self, left, right, colour=None):
        """One line with a note at its right edge."""
        room = WIDTH - len(right) - 1
        if len(left) > room:
            left = left[:room - 1] + "…"
        self.line(left.ljust(room) + " " + right, colour)

    def box(self, title, rows, colour="green"):
        """The summary: (label, text) in a frame."""
        inside = WIDTH - 2
        self.line()
        self.line("┌─ " + title + " " + "─" * (inside - len(title) - 3) + "┐",
                  colour)
        for label, text in rows:
            self.line("│" + f" {label:<11} {text}"[:inside].ljust(inside)
                      + "│", colour)
        self.line("└" + "─" * inside + "┘", colour)
