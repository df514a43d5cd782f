# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes a relay as a capture file, and what tshark makes of it: somebody
who only listens, has the keys, and is neither of the two that speak."""
import os
import shutil
import struct
import threading
import time

from .peer import Missing, check, run

SERVER, CLIENT = bytes([127, 0, 0, 1]), bytes([127, 0, 0, 2])
RAW_IP = 101  # LINKTYPE_RAW


class Capture:
    """Datagrams of one relay, from its start on; `port` is the server's in the
    file, and each client has its own."""

    def __init__(self, relay, path, port):
        self.path, self.port, self.ports = path, port, {}
        self.lock = threading.Lock()
        with open(path, "wb") as f:
            f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535,
                                RAW_IP))
        relay.recorder = self.take

    def take(self, client, upward, data):
        port = self.ports.setdefault(client, 40000 + len(self.ports))
        ends = [(CLIENT, port), (SERVER, self.port)]
        (source, sport), (target, dport) = ends if upward else ends[::-1]
        packet = struct.pack(">BBHIBBH4s4sHHHH", 0x45, 0, 28 + len(data), 0, 64,
                             17, 0, source, target, sport, dport,
                             8 + len(data), 0) + data
        seconds, part = divmod(int(time.time() * 1e6), 1000000)
        with self.lock, open(self.path, "ab") as f:
            f.write(struct.pack("<IIII", seconds, part, len(packet),
                                len(packet)) + packet)

    def third(self, cell, keys, path):
        """Listens with the keys that tshark is given by `keys`, and must read
        the two requests at `path` before a restart and those after it; but no
        such path with the last of these keys left out."""
        if not shutil.which("tshark"):
            if os.environ.get("CI") == "true":
                raise Missing("no program tshark")
            return
        read, guessed = self._read(keys, path), self._read(keys[:-1], path)
        check(read >= 4, f"tshark read {read} messages of {path}")
        check(not guessed, f"tshark read {guessed} messages without the key")
        cell.note("read by tshark, too")

    def _read(self, keys, path):
        """Messages in which it finds that path."""
        options = [word for key in keys for word in ("-o", key)]
        code, out, why = run(["tshark", "-n", "-r", self.path, *options, "-Y",
                              "coap", "-T", "fields", "-e", "_ws.col.Info"],
                             60)
        check(code == 0, f"tshark: {why.strip()[-300:]}")
        return sum(path in line for line in out.splitlines())


def dtls_key(key):
    return "dtls.psk:" + key.hex()


def oscore_key(keys):
    """`keys` as for Aiocoap."""
    client, server, secret = (keys[k] for k in (
        "sender_id", "recipient_id", "secret"))
    return (f'uat:oscore_contexts:"{client}","{server}","{secret}","","",'
            '"AES-CCM-16-64-128 (CCM*)"')
