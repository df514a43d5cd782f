# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that fails and a clock that is set, for a peer that does not know of
it: tests/interop/shim, preloaded. The structure is that of shim.h."""
import mmap
import os
import struct

from .peer import Missing

OPEN, WRITE, SYNC, TRUNCATE, ALL = 1, 2, 4, 8, 15
SHORT = 0  # in place of an errno: half of a write is done
SIZE = 256
CLOCK, CALLS, ERROR, AFTER, TIMES, FAILED, BELOW = 0, 8, 12, 16, 20, 24, 28


class Shim:
    """`environment` is that of the peer. One shim serves all its processes."""

    def __init__(self, build, directory):
        library = os.path.join(build, "tests", "interop", "shim.so")
        if not os.path.exists(library):
            raise Missing(f"no {library}: make check builds it")
        path = os.path.join(directory, "shim")
        with open(path, "wb") as f:
            f.write(bytes(SIZE))
        with open(path, "r+b") as f:
            self.orders = mmap.mmap(f.fileno(), SIZE)
        self.environment = dict(os.environ, LD_PRELOAD=library,
                                SALLY_SHIM=path)

    def _put(self, at, value):
        struct.pack_into("<i", self.orders, at, value)

    def set_clock(self, offset):
        """UTC is so many seconds ahead, from now on."""
        struct.pack_into("<q", self.orders, CLOCK, offset)

    def break_disk(self, below, error, calls=ALL, after=0, times=2**31 - 1):
        """On files below a path: so many of these calls go well yet, then so
        many fail with this errno."""
        self.mend()
        for at, value in ((ERROR, error), (AFTER, after), (TIMES, times),
                          (FAILED, 0)):
            self._put(at, value)
        path = below.encode() + b"\0"
        self.orders[BELOW:BELOW + len(path)] = path
        self._put(CALLS, calls)

    def failed(self):
        """How many calls did."""
        return struct.unpack_from("<i", self.orders, FAILED)[0]

    def mend(self):
        self._put(CALLS, 0)

    def close(self):
        self.orders.close()
