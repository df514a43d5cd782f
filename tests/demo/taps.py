# SPDX-License-Identifier: GPL-3.0-or-later
"""Ears on both links of the demo: relays that pass everything on unchanged and
keep a copy of what passed, as anybody on the same wire could."""
import selectors
import socket
import struct
import threading

from lib import relay


class UpstreamTap(relay.Relay):
    """On the way from the gateway to the server: datagrams. `up` are those to
    the server alone."""

    def __init__(self, upstream):
        self.heard, self.up = [], []
        super().__init__(upstream)

    def _offer(self, mapping, out, to, data):
        self.heard.append(data)
        if to == self.upstream:
            self.up.append(data)
        super()._offer(mapping, out, to, data)


class LocalTap:
    """On the way from the MQTT sensors to the gateway: TCP."""

    def __init__(self, upstream, host="127.0.0.1"):
        self.upstream, self.heard, self.open = upstream, [], True
        self.selector = selectors.DefaultSelector()
        self.listener = socket.create_server((host, 0))
        self.port = self.listener.getsockname()[1]
        self.selector.register(self.listener, selectors.EVENT_READ, None)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while self.open:
            for key, _ in self.selector.select(0.1):
                if key.data is None:
                    self._accept()
                else:
                    self._pass(key.fileobj, key.data)

    def _accept(self):
        near, _ = self.listener.accept()
        try:
            far = socket.create_connection(self.upstream, 5)
        except OSError:
            near.close()
            return
        for one, other in ((near, far), (far, near)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(one, selectors.EVENT_READ, other)

    def _pass(self, source, target):
        try:
            data = source.recv(65536)
            if data:
                self.heard.append(data)
                target.sendall(data)
        except OSError:
            data = b""
        if not data and source.fileno() >= 0:
            for one in (source, target):
                self.selector.unregister(one)
                one.close()

    def close(self):
        self.open = False
        self.thread.join(2)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


def forms(text):
    """How what a person would look for can stand in a message: as it is, and
    as the numbers of CBOR and TLV. Nothing so short that chance makes it."""
    found = {text.encode()}
    try:
        number = float(text)
        found |= {struct.pack(">d", number), struct.pack(">f", number)}
    except (ValueError, OverflowError):
        pass
    return found


def readable(heard, needles):
    """Those of `needles` that stand anywhere in what was heard."""
    whole = b"\n".join(heard)
    return [n for n in needles if any(form in whole for form in forms(n))]
