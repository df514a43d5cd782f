# SPDX-License-Identifier: GPL-3.0-or-later
"""A bad wire: a UDP relay that loses, doubles, delays and damages datagrams,
forgets its mappings as a NAT does, and goes dark."""
import heapq
import random
import selectors
import socket
import threading
import time

COUNTS = ("passed", "lost", "doubled", "held", "flipped", "dark", "stale")
MAPPINGS_MAX = 4096  # clients remembered; gateways take a fresh socket each time


class Mapping:
    """One client's way through: a socket towards the server, and dice of its
    own, so that its wire depends on the seed and on its own datagrams only."""

    def __init__(self, client, source, dice):
        self.client, self.source, self.dice = client, source, dice
        self.socket = None
        self.used = 0.0

    def open(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.source, 0))
        return self.socket


class Relay:
    """Shares are 0.0 to 1.0, hold in both directions and may be changed while
    it runs. What is held back comes `late` seconds later, give or take half of
    that, so others overtake it. With `keep_source` the server sees the
    client's address, with another port."""

    def __init__(self, upstream, seed=1, loss=0.0, duplicate=0.0, reorder=0.0,
                 flip=0.0, late=0.25, host="127.0.0.1", keep_source=False):
        self.upstream, self.seed, self.host = upstream, seed, host
        self.loss, self.duplicate = loss, duplicate
        self.reorder, self.flip, self.late = reorder, flip, late
        self.keep_source = keep_source
        self.dark = False
        self.tap = None  # called with (upward, datagram) for each that comes
        self.recorder = None  # likewise with the client's address before
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.front.bind((host, 0))
        self.port = self.front.getsockname()[1]
        self.counts = dict.fromkeys(COUNTS, 0)
        self.mappings, self.held, self.order = {}, [], 0
        self.rebinds = 0
        self.births = []  # when each mapping was made, on the monotonic clock
        self.hellos = {}  # when each handshake began, by ClientHello.random
        self.wanted = False  # a rebinding, done by the thread
        self.open = True
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.front, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def rebind(self):
        """Gives every client a new port towards the server; what comes to the
        old ones is dropped without a word. Returns when it is done."""
        self.wanted = True
        while self.wanted and self.thread.is_alive():
            time.sleep(0.005)

    def told(self):
        """Seed and counts, for the case's line."""
        counts = ", ".join(f"{n} {what}" for what, n in self.counts.items()
                           if n)
        return f"relay of seed {self.seed}: {counts}"

    # ---- the thread

    def _run(self):
        while self.open:
            wait = 0.05
            if self.held:
                wait = min(wait, max(0.0, self.held[0][0] - time.monotonic()))
            for key, _ in self.selector.select(wait):
                self._read(key.fileobj, key.data)
            if self.wanted:
                self._rebind()
            self._release()

    def _read(self, s, mapping):
        for _ in range(64):
            try:
                data, peer = s.recvfrom(65535, socket.MSG_DONTWAIT)
            except OSError:
                return
            if s is self.front:
                mapping = self._mapping(peer)
                self._offer(mapping, mapping.socket, self.upstream, data)
            elif mapping.socket is s:
                self._offer(mapping, self.front, mapping.client, data)
            else:
                self.counts["stale"] += 1

    def _mapping(self, client):
        found = self.mappings.get(client)
        if found is None:
            self._forget_one()
            source = client[0] if self.keep_source else self.host
            found = Mapping(client, source,
                            random.Random(f"{self.seed}/{len(self.births)}"))
            self.births.append(time.monotonic())
            self.mappings[client] = found
            self._listen(found)
        found.used = time.monotonic()
        return found

    def _listen(self, mapping):
        self.selector.register(mapping.open(), selectors.EVENT_READ, mapping)

    def _forget_one(self):
        if len(self.mappings) < MAPPINGS_MAX:
            return
        oldest = min(self.mappings.values(), key=lambda m: m.used)
        del self.mappings[oldest.client]
        self.selector.unregister(oldest.socket)
        oldest.socket.close()

    def _rebind(self):
        for mapping in self.mappings.values():
            self._listen(mapping)  # the old socket stays, to drop what comes
        self.rebinds += 1
        self.wanted = False

    def _note_hello(self, data):
        """A handshake that goes on from another port is still the same one:
        RFC 6347, record header of 13 bytes, handshake header of 12, version."""
        if len(data) > 59 and data[0] == 22 and data[13] == 1:
            self.hellos.setdefault(data[27:59], time.monotonic())

    def _offer(self, mapping, out, to, data):
        dice, counts = mapping.dice, self.counts
        if to == self.upstream:
            self._note_hello(data)
        if self.tap:
            self.tap(to == self.upstream, data)
        if self.recorder:
            self.recorder(mapping.client, to == self.upstream, data)
        if self.dark:
            counts["dark"] += 1
            return
        if dice.random() < self.loss:
            counts["lost"] += 1
            return
        copies = [data]
        if dice.random() < self.duplicate:
            copies.append(data)
            counts["doubled"] += 1
        if data and dice.random() < self.flip:
            at = dice.randrange(len(data))
            copies[0] = (data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)])
                         + data[at + 1:])
            counts["flipped"] += 1
        for copy in copies:
            if dice.random() < self.reorder:
                counts["held"] += 1
                self.order += 1
                due = time.monotonic() + self.late * dice.uniform(0.5, 1.5)
                heapq.heappush(self.held, (due, self.order, out, to, copy))
            else:
                self._send(out, to, copy)

    def _send(self, out, to, data):
        try:
            out.sendto(data, to)
            self.counts["passed"] += 1
        except OSError:
            self.counts["lost"] += 1

    def _release(self):
        now = time.monotonic()
        while self.held and self.held[0][0] <= now:
            _, _, out, to, data = heapq.heappop(self.held)
            self._send(out, to, data)

    def close(self):
        self.open = False
        self.thread.join(2)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()
