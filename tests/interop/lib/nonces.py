# SPDX-License-Identifier: GPL-3.0-or-later
"""A listener on the wire that has the keys: it follows each association,
opens what it can, and keeps every pair of key and nonce that it saw."""
import hashlib
import hmac
import threading

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

CHANGE_CIPHER, ALERT, HANDSHAKE, DATA, WITH_CID = 20, 21, 22, 23, 25
CLIENT_HELLO, SERVER_HELLO, VERIFY_REQUEST, TICKET = 1, 2, 3, 4
CLIENT_KEY_EXCHANGE, FINISHED = 16, 20
EXTENDED_MASTER, SESSION_TICKET, CONNECTION_ID = 23, 35, 54
PSK_CCM_8 = 0xc0a8


class Pairs:
    """Pairs of key and nonce, each with what it was used for. The same bytes
    again are a retransmission and harmless."""

    def __init__(self):
        self.used, self.twice, self.repeats = {}, [], 0
        self.keys = set()
        self.lock = threading.Lock()

    def see(self, key, nonce, sealed):
        with self.lock:
            self.keys.add(key)
            before = self.used.get((key, nonce))
            self.used[key, nonce] = sealed
            if before == sealed:
                self.repeats += 1
            elif before is not None:
                self.twice.append((key.hex(), nonce.hex()))


def prf(secret, label, seed, length):
    """TLS 1.2's, RFC 5246 s.5, with SHA-256."""
    seed = label + seed
    out, a = b"", seed
    while len(out) < length:
        a = hmac.digest(secret, a, "sha256")
        out += hmac.digest(secret, a + seed, "sha256")
    return out[:length]


def take(data, at, width):
    """A vector with its length in front: (bytes, where it ends)."""
    n = int.from_bytes(data[at:at + width], "big")
    return data[at + width:at + width + n], at + width + n


def extensions_of(data, at):
    found = {}
    block, _ = take(data, at, 2)
    at = 0
    while at < len(block):
        kind = int.from_bytes(block[at:at + 2], "big")
        found[kind], at = take(block, at + 2, 2)
    return found


class Association:
    """One DTLS 1.2 association with a pre-shared key and AES-128-CCM-8, from
    its first ClientHello on. RFC 6347, 4279, 6655, 7627, 9146."""

    def __init__(self, recorder):
        self.recorder = recorder
        self.messages = {True: {}, False: {}}  # by direction: fragments
        self.hashed = []  # for the extended master secret
        self.client = self.server = None  # hellos
        self.master, self.key, self.iv = None, {}, {}
        self.cid = {True: b"", False: b""}  # in records that go that way
        self.full = None

    # ---- the handshake, in the clear

    def handshake(self, upward, body):
        while len(body) >= 12:
            kind, size = body[0], int.from_bytes(body[1:4], "big")
            number = int.from_bytes(body[4:6], "big")
            offset = int.from_bytes(body[6:9], "big")
            length = int.from_bytes(body[9:12], "big")
            parts = self.messages[upward].setdefault(number, {})
            parts[offset] = body[12:12 + length]
            body = body[12 + length:]
            whole = b"".join(parts[o] for o in sorted(parts))
            if len(whole) == size:
                self.message(upward, kind, number, whole)

    def message(self, upward, kind, number, body):
        head = bytes([kind]) + len(body).to_bytes(3, "big") + \
            number.to_bytes(2, "big") + b"\0\0\0" + len(body).to_bytes(3, "big")
        if (upward, number, kind) in [h[0] for h in self.hashed]:
            return
        if kind == CLIENT_HELLO:
            self.hashed = []
            self.client = body
        if kind != VERIFY_REQUEST:
            self.hashed.append(((upward, number, kind), head + body))
        if kind == SERVER_HELLO:
            self.server_hello(body)
        elif kind == CLIENT_KEY_EXCHANGE:
            self.key_exchange(body)
        elif kind == TICKET:
            ticket, _ = take(body, 4, 2)
            self.recorder.sessions[bytes(ticket)] = self.master

    def hello(self, body, server):
        """(random, session id, extensions, suite) of a hello."""
        session, at = take(body, 34, 1)
        suite = None
        if server:
            suite = int.from_bytes(body[at:at + 2], "big")
            at += 3
        else:
            _, at = take(body, at, 1)
            _, at = take(body, at, 2)
            _, at = take(body, at, 1)
        more = extensions_of(body, at) if at < len(body) else {}
        return body[2:34], bytes(session), more, suite

    def server_hello(self, body):
        self.server = body
        _, offered, mine, _ = self.hello(self.client, False)
        _, session, theirs, suite = self.hello(body, True)
        if suite != PSK_CCM_8:
            self.recorder.foreign.add(suite)
        if CONNECTION_ID in mine and CONNECTION_ID in theirs:
            self.cid = {True: bytes(theirs[CONNECTION_ID][1:]),
                        False: bytes(mine[CONNECTION_ID][1:])}
        self.full = not session or session != offered
        if not self.full:
            ticket = bytes(mine.get(SESSION_TICKET, b""))
            self.master = self.recorder.sessions.get(ticket or session) or \
                self.recorder.sessions.get(session)
            self.derive()

    def key_exchange(self, body):
        """The end of what the master secret is made of."""
        identity, _ = take(body, 0, 2)
        psk = self.recorder.psk.get(bytes(identity).decode())
        if psk is None:
            return
        n = len(psk).to_bytes(2, "big")
        secret = n + bytes(len(psk)) + n + psk
        client, _, _, _ = self.hello(self.client, False)
        server, session, theirs, _ = self.hello(self.server, True)
        if EXTENDED_MASTER in theirs:
            log = hashlib.sha256(b"".join(h[1] for h in self.hashed)).digest()
            self.master = prf(secret, b"extended master secret", log, 48)
        else:
            self.master = prf(secret, b"master secret", client + server, 48)
        if session:
            self.recorder.sessions[session] = self.master
        self.derive()

    def derive(self):
        if self.master is None:
            return
        client, _, _, _ = self.hello(self.client, False)
        server, _, _, _ = self.hello(self.server, True)
        block = prf(self.master, b"key expansion", server + client, 40)
        self.key = {True: block[:16], False: block[16:32]}
        self.iv = {True: block[32:36], False: block[36:40]}

    # ---- records

    def record(self, upward, kind, head, cid, body):
        epoch = int.from_bytes(head[3:5], "big")
        if epoch == 0:
            if kind == HANDSHAKE:
                self.handshake(upward, body)
            return
        if not self.key or len(body) < 16:
            self.recorder.blind += 1
            return
        nonce = self.iv[upward] + body[:8]
        size = (len(body) - 16).to_bytes(2, "big")
        if kind == WITH_CID:
            aad = b"\xff" * 8 + bytes([25, len(cid), 25]) + head[1:11] + cid + \
                size
        else:
            aad = head[3:11] + bytes([kind]) + head[1:3] + size
        self.recorder.pairs.see(self.key[upward], nonce, body)
        try:
            AESCCM(self.key[upward], 8).decrypt(nonce, body[8:], aad)
            self.recorder.opened += 1
        except InvalidTag:
            self.recorder.wrong += 1


class Recorder:
    """Put it at a relay: `relay.recorder = Recorder({identity: key})`."""

    def __init__(self, psk):
        self.psk = {i: bytes.fromhex(k) for i, k in psk.items()}
        self.pairs = Pairs()
        self.sessions, self.associations = {}, {}
        self.opened = self.wrong = self.blind = 0
        self.full = self.resumed = 0
        self.foreign = set()

    def __call__(self, client, upward, data):
        at = 0
        while at + 13 <= len(data):
            kind = data[at]
            a = self.associations.get(client)
            if kind == HANDSHAKE and upward and data[at + 3:at + 5] == b"\0\0" \
                    and len(data) > at + 13 and data[at + 13] == CLIENT_HELLO \
                    and (a is None or a.key):
                self.count(a)
                a = self.associations[client] = Association(self)
            if a is None:
                return
            cid = a.cid[upward] if kind == WITH_CID else b""
            head = data[at:at + 11]
            body, after = take(data, at + 11 + len(cid), 2)
            a.record(upward, kind, head, cid, bytes(body))
            at = after

    def count(self, a):
        if a is not None and a.key:
            self.full += bool(a.full)
            self.resumed += not a.full

    def finish(self):
        for a in self.associations.values():
            self.count(a)
        self.associations = {}

