# SPDX-License-Identifier: GPL-3.0-or-later
"""A listener on the wire of OSCORE that has the keys. RFC 8613; the algorithm
is AES-CCM-16-64-128 with HKDF SHA-256."""
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .nonces import Pairs

ALG, OPTION = 10, 9
CANDIDATES = 64  # ID Contexts remembered of one client


def bstr(data):
    """A CBOR byte string of up to 255 bytes."""
    n = len(data)
    return (bytes([0x40 + n]) if n < 24 else bytes([0x58, n])) + data


class Context:
    """Keys of both ends for one ID Context."""

    def __init__(self, secret, client, server, id_context):
        def derive(who, kind, length):
            info = bytes([0x85]) + bstr(who) + (
                b"\xf6" if id_context is None else bstr(id_context)) + \
                bytes([ALG]) + bytes([0x60 + len(kind)]) + kind + \
                bytes([length])
            return HKDF(hashes.SHA256(), length, None, info).derive(secret)
        self.key = {True: derive(client, b"Key", 16),
                    False: derive(server, b"Key", 16)}
        self.iv = derive(b"", b"IV", 13)

    def nonce(self, who, piv):
        plain = bytes([len(who)]) + who.rjust(7, b"\0") + piv.rjust(5, b"\0")
        return bytes(a ^ b for a, b in zip(plain, self.iv))


def aad(kid, piv):
    inner = bytes([0x85, 1, 0x81, ALG]) + bstr(kid) + bstr(piv) + b"\x40"
    return bytes([0x83, 0x68]) + b"Encrypt0" + b"\x40" + bstr(inner)


def parse(data):
    """(code, token, value of option 9 or None, payload)."""
    at = 4 + (data[0] & 15)
    token, number, value = data[4:at], 0, None

    def extended(n):
        nonlocal at
        if n == 13:
            at += 1
            return 13 + data[at - 1]
        if n == 14:
            at += 2
            return 269 + int.from_bytes(data[at - 2:at], "big")
        return n
    while at < len(data) and data[at] != 0xff:
        head = data[at]
        at += 1
        delta = extended(head >> 4)
        length = extended(head & 15)
        number += delta
        if number == OPTION:
            value = data[at:at + length]
        at += length
    return data[1], token, value, data[at + 1:]


def split(value):
    """(Partial IV, kid context or None, kid or None)."""
    if not value:
        return b"", None, None
    n, at = value[0] & 7, 1
    piv = value[at:at + n]
    at += n
    context = None
    if value[0] & 16:
        size = value[at]
        context = value[at + 1:at + 1 + size]
        at += 1 + size
    return piv, context, value[at:] if value[0] & 8 else None


class Client:
    """One sensor: its keys by ID Context, and who asked what."""

    def __init__(self, secret, client, server):
        self.parts = (secret, client, server)
        self.ids = {True: client, False: server}
        self.contexts = {None: Context(*self.parts, None)}
        self.seen = []

    def learn(self, wrapped):
        """What stands in a kid context, by itself and before each that was
        seen earlier, as appendix B.2 joins them."""
        raw = wrapped[2:] if wrapped[:1] == b"\x58" else wrapped[1:]
        for one in [raw] + [raw + before for before in self.seen]:
            if one not in self.contexts:
                self.contexts[one] = Context(*self.parts, one)
        if raw not in self.seen:
            self.seen = [*self.seen[-7:], raw]
        while len(self.contexts) > CANDIDATES:
            del self.contexts[next(k for k in self.contexts if k is not None)]


class Recorder:
    """Put it at a relay: `relay.recorder = Recorder([(secret, client's id,
    server's id)])`, in hexadecimal."""

    def __init__(self, clients):
        self.clients = {bytes.fromhex(c): Client(
            bytes.fromhex(k), bytes.fromhex(c), bytes.fromhex(s))
            for k, c, s in clients}
        self.at, self.asked = {}, {}
        self.pairs = Pairs()
        self.opened = self.wrong = self.plain = 0

    def __call__(self, address, upward, data):
        if len(data) < 4 or data[1] == 0:
            return  # an empty message has nothing to protect
        code, token, value, sealed = parse(data)
        if value is None:
            self.plain += upward  # a server may refuse in the clear
            return
        piv, context, kid = split(value)
        request = code < 32
        if request and upward and kid in self.clients:
            self.at[address] = self.clients[kid]
        client = self.at.get(address)
        if client is None:
            self.wrong += 1
            return
        if context is not None:
            client.learn(context)
        if request:
            asked = (kid, piv)
            self.asked[address, upward, token] = asked
        else:
            asked = self.asked.get((address, not upward, token))
        if asked is None:
            asked = self.registered(client, upward, token)
        self.open(client, upward, asked, piv, sealed, data)
        if request:
            self.asked[id(client), upward, token] = asked

    def registered(self, client, upward, token):
        """A notification of an observation from before a restart."""
        return self.asked.get((id(client), not upward, token))

    def open(self, client, upward, asked, piv, sealed, data):
        if asked is None:
            self.wrong += 1
            return
        for context in reversed(list(client.contexts.values())):
            nonce = context.nonce(client.ids[upward], piv) if piv else \
                context.nonce(client.ids[not upward], asked[1])
            try:
                AESCCM(context.key[upward], 8).decrypt(nonce, sealed,
                                                       aad(*asked))
            except InvalidTag:
                continue
            self.opened += 1
            # A retransmission is the same to the last byte; the same text in
            # another message has no right to the nonce either.
            self.pairs.see(context.key[upward], nonce, data)
            return
        self.wrong += 1
