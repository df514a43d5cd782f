# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes a relay, as far as anybody can see it: what is no empty message
must carry option 9 (OSCORE), whatever the peers believe. A server's errors may
go without (RFC 8613 s.8.2); they are counted."""
from . import coap
from .peer import check

OBSERVE, OSCORE = 6, 9
FETCH, CHANGED, CONTENT = 5, 2 << 5 | 4, 2 << 5 | 5


class Wire:
    def __init__(self, relay):
        self.protected, self.bare, self.paths = 0, [], []
        self.notifications = self.errors = 0
        relay.tap = self.see

    def see(self, upward, data):
        message = coap.decode(data)
        if message is None:
            self.bare.append(data)
            return
        _, code, _, _, options, _ = message
        if code == 0:
            return
        self.paths += [v for n, v in options if n == coap.URI_PATH]
        if any(n == OSCORE for n, _ in options):
            self.protected += 1
            self.notifications += upward and code == CONTENT and any(
                n == OBSERVE for n, _ in options)
            if code not in (coap.POST, FETCH, CHANGED, CONTENT):
                self.bare.append(data)
        elif not upward and code >> 5 == 4:
            self.errors += 1
        else:
            self.bare.append(data)

    def check(self, least, errors=0):
        check(self.errors <= errors, f"{self.errors} errors of the server")
        check(not self.bare, f"without protection: {self.bare[0].hex()}"
              if self.bare else "")
        check(not self.paths, f"paths to be seen: {self.paths}")
        check(self.protected >= least,
              f"{self.protected} protected messages, not {least}")
