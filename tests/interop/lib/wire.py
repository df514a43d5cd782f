# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes a relay, as far as anybody can see it: what is no empty message
must carry option 9 (OSCORE), whatever the peers believe. A server's errors may
go without (RFC 8613 s.8.2); they are counted."""
import socket
import threading

from . import coap
from .peer import check

OBSERVE, OSCORE = 6, 9
FETCH, CHANGED, CONTENT = 5, 2 << 5 | 4, 2 << 5 | 5


class Wire:
    """Listens at a relay of datagrams."""

    def __init__(self, relay=None):
        self.protected, self.bare, self.paths = 0, [], []
        self.notifications = self.errors = 0
        self.relay = relay
        if relay:
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


def frames(data):
    """Whole messages of a stream (RFC 8323 s.3.2) in the form that they have
    as datagrams, without signalling; and the bytes that are left."""
    found = []
    while len(data) > 3:
        length, token, head = data[0] >> 4, data[0] & 15, 2
        if length > 12:
            extra = 1 << (length - 13)
            length = int.from_bytes(data[1:1 + extra], "big") + {
                1: 13, 2: 269, 4: 65805}[extra]
            head += extra
        if len(data) < head + token + length:
            break
        code, rest = data[head - 1], data[head:head + token + length]
        data = data[head + token + length:]
        if code >> 5 != 7:
            found.append(bytes([0x50 | token, code, 0, 0]) + rest)
    return found, data


class StreamWire(Wire):
    """The same with a relay of its own for TCP, to a server on loopback."""

    def __init__(self, port):
        super().__init__()
        self.upstream, self.sockets = port, []
        self.front = socket.create_server(("127.0.0.1", 0))
        self.port = self.front.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client = self.front.accept()[0]
                self.sockets.append(client)
                server = socket.create_connection(("127.0.0.1", self.upstream))
            except OSError:
                if self.front.fileno() < 0:
                    return
                client.close()  # nobody listens there just now
                continue
            self.sockets.append(server)
            for pair in ((True, client, server), (False, server, client)):
                threading.Thread(target=self._pass, args=pair,
                                 daemon=True).start()

    def _pass(self, upward, source, target):
        rest = b""
        try:
            while data := source.recv(65536):
                found, rest = frames(rest + data)
                for message in found:
                    self.see(upward, message)
                target.sendall(data)
        except OSError:
            pass
        for s in (source, target):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.front.close()
        for s in self.sockets:
            s.close()
