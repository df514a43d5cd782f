# SPDX-License-Identifier: GPL-3.0-or-later
"""A name server of a few lines that says what a case tells it to, and tells
what it was asked.

As a program it reads one JSON object a line: {"name": {"addresses": [...],
"rcode": 0, "delay": 0.0}}, where `addresses` null means silence. It prints one
line a query: "query NAME TYPE"."""
import ipaddress
import json
import os
import select
import socket
import struct
import sys
import time

from .peer import Peer

A, AAAA = 1, 28
NXDOMAIN = 3


class Dns(Peer):
    """The program in a namespace, on 127.0.0.1 there. That namespace's name
    server is this one, for programs that are started in it from now on."""

    def __init__(self, env, spaces, namespace):
        spaces.name_server(namespace, "127.0.0.1")
        super().__init__("dns", spaces.inside(namespace, [
            sys.executable, "-B", "-c",
            f"import sys; sys.path.insert(0, {env.harness!r})\n"
            "from lib import dns; dns.main()"]), env.directory)
        env.add(self)
        self.start("ready")

    def say(self, name, addresses=(), rcode=0, delay=0.0):
        """What `name` is from now on; `addresses` None: silence."""
        mark = len(self.lines)
        self.write(json.dumps({name: {
            "addresses": None if addresses is None else list(addresses),
            "rcode": rcode, "delay": delay}}) + "\n")
        self.wait_line("said", since=mark)

    def queries(self, name, since=0):
        return [line for line in self.lines[since:]
                if line.startswith(f"query {name} ")]


def question(data):
    """(name, type, bytes of the question section), or None."""
    labels, at = [], 12
    while at < len(data) and data[at]:
        labels.append(data[at + 1:at + 1 + data[at]].decode("ascii", "replace"))
        at += 1 + data[at]
    if at + 5 > len(data):
        return None
    kind = struct.unpack(">H", data[at + 1:at + 3])[0]
    return ".".join(labels).lower(), kind, data[12:at + 5]


def answer(data, what, kind, asked):
    records = b""
    count = 0
    for text in what["addresses"]:
        address = ipaddress.ip_address(text)
        if (address.version == 6) != (kind == AAAA) or kind not in (A, AAAA):
            continue
        records += struct.pack(">HHHIH", 0xc00c, kind, 1, 1,
                               len(address.packed)) + address.packed
        count += 1
    return data[:2] + struct.pack(">HHHHH", 0x8180 | what["rcode"], 1, count,
                                  0, 0) + asked + records


def main():
    door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    door.bind(("127.0.0.1", 53))
    known, late, rest = {}, [], b""
    print("ready", flush=True)
    while True:
        now = time.monotonic()
        for due in [d for d in late if d[0] <= now]:
            late.remove(due)
            door.sendto(due[1], due[2])
        wait = min([d[0] - now for d in late], default=None)
        for ready in select.select([door, 0], [], [], wait)[0]:
            if ready == 0:
                chunk = os.read(0, 65536)
                if not chunk:
                    return
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    known.update(json.loads(line))
                    print("said", flush=True)
                continue
            data, peer = door.recvfrom(4096)
            asked = question(data)
            if asked is None:
                continue
            print("query", asked[0], {A: "A", AAAA: "AAAA"}.get(asked[1]),
                  flush=True)
            what = known.get(asked[0], {"addresses": [], "rcode": NXDOMAIN})
            if what["addresses"] is not None:
                late.append((time.monotonic() + what.get("delay", 0.0),
                             answer(data, what, asked[1], asked[2]), peer))
