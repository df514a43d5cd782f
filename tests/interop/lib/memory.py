# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for secrets where they must not be: in memory, files and texts.

A secret counts as found where any eight bytes in a row of it stand, as they
are, in hexadecimal or in base64."""
import base64
import os
import struct

WINDOW = 8
PAGE = os.sysconf("SC_PAGE_SIZE")
CHUNK = 256  # pages that are looked at together
PRESENT = 3 << 62  # in memory, or swapped out: /proc/PID/pagemap


def _forms(secret):
    """The secret as it may be written down."""
    digits = secret.hex().encode()
    yield from (secret, digits, digits.upper())
    for shift in range(3):  # the groups of base64 begin anywhere
        text = base64.b64encode(bytes(shift) + secret)
        yield text[4 if shift else 0:].rstrip(b"=")[:-1]


class Secrets:
    """`secrets` are bytes by name; each is one of its own, so no two share a
    window."""

    def __init__(self, secrets):
        self.names = {}
        for name, secret in secrets.items():
            for form in _forms(secret):
                for at in range(len(form) - WINDOW + 1):
                    window = form[at:at + WINDOW]
                    self.names[struct.unpack("=Q", window)[0]] = name
        self.wanted = set(self.names)

    def among(self, data):
        """The names of those of which something stands in `data`."""
        view, found = memoryview(data), set()
        for shift in range(WINDOW):
            whole = (len(view) - shift) // WINDOW * WINDOW
            if whole > 0:
                found |= self.wanted.intersection(
                    view[shift:shift + whole].cast("Q"))
        return {self.names[n] for n in found}

    def in_file(self, path):
        with open(path, "rb") as f:
            return self.among(f.read())

    def in_process(self, pid):
        """In all memory of the process that was ever used. Needs root."""
        found = set()
        with open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for low, high in _areas(pid):
                for at, size in _used(pid, low, high):
                    try:
                        memory.seek(at)
                        found |= self.among(memory.read(size))
                    except (OSError, OverflowError):
                        continue  # [vvar] and its like
        return found


def _areas(pid):
    with open(f"/proc/{pid}/maps", encoding="utf-8") as f:
        for line in f:
            area, rights = line.split()[:2]
            if rights[0] == "r":
                yield tuple(int(n, 16) for n in area.split("-"))


def _used(pid, low, high):
    """Runs of pages that there are: pools are far larger than what is used of
    them, and looking at the rest would make it. One page is looked at twice
    where a run is cut, so that no window is."""
    with open(f"/proc/{pid}/pagemap", "rb", 0) as pages:
        run = None
        for number in range(low // PAGE, high // PAGE, CHUNK):
            count = min(CHUNK, high // PAGE - number)
            try:
                pages.seek(number * 8)
                entries = struct.unpack(f"={count}Q", pages.read(count * 8))
            except (OSError, OverflowError, struct.error):
                continue
            for i, entry in enumerate(entries):
                at = (number + i) * PAGE
                if entry & PRESENT and run and at - run < CHUNK * PAGE:
                    continue
                if run:
                    yield run, at + (PAGE if entry & PRESENT else 0) - run
                run = at if entry & PRESENT else None
        if run:
            yield run, high - run
