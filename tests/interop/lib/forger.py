# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of TLS 1.2 that does what no honest one can be told to do. It says
its first flight and keeps what comes back."""
import os
import socket
import struct
import threading

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SUITE = 0xc02b  # ECDHE-ECDSA-AES128-GCM-SHA256
APPLICATION_DATA = 23
# RFC 8446 s.4.1.3: what a server of 1.3 says when it is made to speak 1.2.
DOWNGRADED = b"DOWNGRD\x01"


def vector(size, data):
    return len(data).to_bytes(size, "big") + data


def message(kind, body):
    return bytes([kind]) + vector(3, body)


class Forger:
    """`shown` is the body of its Certificate message; it signs with `signer`, a
    file in PEM."""

    def __init__(self, shown, signer, version=0x0303, end=None):
        with open(signer, "rb") as f:
            self.signer = serialization.load_pem_private_key(f.read(), None)
        self.shown, self.version = shown, version
        self.random = os.urandom(24) + (end or os.urandom(8))
        self.kinds, self.visits = [], 0  # of records that came; clients
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                client.settimeout(5)
                try:
                    self._serve(client.makefile("rwb"))
                except (OSError, struct.error):
                    pass

    def _record(self, stream):
        kind, _, size = struct.unpack(">BHH", stream.read(5))
        self.kinds.append(kind)
        return stream.read(size)

    def _serve(self, stream):
        hello = self._record(stream)
        self.visits += 1
        stream.write(self._flight(hello[6:38]))
        stream.flush()
        while True:
            self._record(stream)

    def _flight(self, client_random):
        key = ec.generate_private_key(ec.SECP256R1())
        point = key.public_key().public_bytes(
            serialization.Encoding.X962,
            serialization.PublicFormat.UncompressedPoint)
        share = b"\x03\x00\x17" + vector(1, point)
        proof = self.signer.sign(client_random + self.random + share,
                                 ec.ECDSA(hashes.SHA256()))
        body = (message(2, struct.pack(">H", self.version) + self.random +
                        b"\0" + struct.pack(">HB", SUITE, 0)) +
                message(11, self.shown) +
                message(12, share + b"\x04\x03" + vector(2, proof)) +
                message(14, b""))
        return b"\x16\x03\x03" + vector(2, body)

    def close(self):
        self.listener.close()


def chain_of(*files):
    """The body of a Certificate message, of files in PEM."""
    from cryptography import x509
    out = b""
    for path in files:
        with open(path, "rb") as f:
            certificate = x509.load_pem_x509_certificate(f.read())
        out += vector(3, certificate.public_bytes(
            serialization.Encoding.DER))
    return vector(3, out)
