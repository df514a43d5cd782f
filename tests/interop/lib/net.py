# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports on loopback, a bad wire, and network namespaces."""
import json
import os
import random
import select
import shutil
import socket
import threading
import time

from .peer import Missing, run, wait_until

_given = set()

# Below the ephemeral range, so that no outgoing socket takes a port between
# its choice and its use.
_ports = range(20000, 32000)


def use_lane(lane, lanes):
    """Leaves the other ports to the cases that run at the same time."""
    global _ports
    _ports = range(20000 + lane, 32000, lanes)


def free_port(kind=socket.SOCK_DGRAM, host="127.0.0.1"):
    """A port that nobody is bound to now, never handed out twice."""
    for port in random.SystemRandom().sample(_ports, 200):
        if port in _given:
            continue
        with socket.socket(socket.AF_INET, kind) as s:
            try:
                s.bind((host, port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise Missing("no free port on loopback")


def free_tcp_port(host="127.0.0.1"):
    return free_port(socket.SOCK_STREAM, host)


class Relay:
    """A UDP relay that loses, doubles, reorders and corrupts datagrams, by a
    seeded generator: the same seed gives the same wire. Each client gets its
    own outgoing socket, so the server sees as many addresses as before.

    Shares are 0.0 to 1.0 and hold in both directions."""

    def __init__(self, upstream, seed=1, loss=0.0, duplicate=0.0, reorder=0.0,
                 flip=0.0, host="127.0.0.1"):
        self.upstream = upstream
        self.random = random.Random(seed)
        self.loss, self.duplicate = loss, duplicate
        self.reorder, self.flip = reorder, flip
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind((host, 0))
        self.port = self.front.getsockname()[1]
        self.back = {}
        self.held = []
        self.counts = dict.fromkeys(
            ("passed", "lost", "doubled", "held", "flipped"), 0)
        self.open = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while self.open:
            sockets = [self.front] + [s for s, _ in self.back.values()]
            for s in select.select(sockets, [], [], 0.02)[0]:
                try:
                    data, peer = s.recvfrom(65535)
                except OSError:
                    continue
                if s is self.front:
                    self._offer(self._toward(peer), self.upstream, data)
                else:
                    client = next(c for c, (b, _) in self.back.items()
                                  if b is s)
                    self._offer(self.front, client, data)
            self._release()

    def _toward(self, client):
        if client not in self.back:
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(("127.0.0.1", 0))
            self.back[client] = (s, client)
        return self.back[client][0]

    def _offer(self, out, to, data):
        dice = self.random
        if dice.random() < self.loss:
            self.counts["lost"] += 1
            return
        if data and dice.random() < self.flip:
            at = dice.randrange(len(data))
            data = (data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)])
                    + data[at + 1:])
            self.counts["flipped"] += 1
        copies = 1
        if dice.random() < self.duplicate:
            copies = 2
            self.counts["doubled"] += 1
        for _ in range(copies):
            if dice.random() < self.reorder:
                self.counts["held"] += 1
                self.held.append((time.monotonic() + dice.uniform(0.02, 0.3),
                                  out, to, data))
            else:
                self._send(out, to, data)

    def _send(self, out, to, data):
        try:
            out.sendto(data, to)
            self.counts["passed"] += 1
        except OSError:
            self.counts["lost"] += 1

    def _release(self):
        now = time.monotonic()
        due = [h for h in self.held if h[0] <= now]
        self.held = [h for h in self.held if h[0] > now]
        for _, out, to, data in due:
            self._send(out, to, data)

    def close(self):
        self.open = False
        self.thread.join(2)
        for s in [self.front] + [s for s, _ in self.back.values()]:
            s.close()


class Namespaces:
    """Network namespaces with veth pairs between them; root only."""

    def __init__(self):
        if os.geteuid() != 0:
            raise Missing("network namespaces need root")
        self.names, self.directories = [], []
        self.tag = f"sally{os.getpid()}"

    def add(self, short):
        """Makes a namespace and returns its name."""
        name = f"{self.tag}-{short}"
        self._ip("netns", "add", name)
        self.names.append(name)
        self._ip("-n", name, "link", "set", "lo", "up")
        return name

    def join(self, left, left_interface, left_address, right, right_interface,
             right_address):
        """A veth pair between two namespaces; addresses as in 10.77.0.1/24."""
        self._ip("link", "add", left_interface, "netns", left, "type", "veth",
                 "peer", "name", right_interface, "netns", right)
        for name, interface, address in ((left, left_interface, left_address),
                                         (right, right_interface,
                                          right_address)):
            self._ip("-n", name, "addr", "add", address, "dev", interface)
            self._ip("-n", name, "link", "set", interface, "up")

    def address(self, name, address, interface):
        """A further address on an interface, in use at once."""
        self._ip("-n", name, "addr", "add", address, "dev", interface,
                 *(["nodad"] if ":" in address else []))

    def ip(self, name, *arguments):
        """Runs ip in the namespace, as in ip("gw", "link", "del", "lan0")."""
        self._ip("-n", name, *arguments)

    def link_local(self, name, interface):
        """The interface's fe80:: address, once it may be used."""
        def usable():
            _, out, _ = run(["ip", "-n", name, "-j", "-6", "addr", "show",
                             "dev", interface, "scope", "link", "-tentative"])
            found = [a["local"] for i in json.loads(out or "[]")
                     for a in i.get("addr_info", [])]
            return found[0] if found else None
        return wait_until(f"an address of {interface}", usable, 5, 0.05)

    def name_server(self, name, address):
        """Programs that are started in the namespace from now on ask this name
        server, and give up on it after a second."""
        directory = f"/etc/netns/{name}"
        os.makedirs(directory)
        self.directories.append(directory)
        for file, text in (("resolv.conf", f"nameserver {address}\n"
                            "options timeout:1 attempts:1\n"),
                           ("nsswitch.conf", "hosts: files dns\n")):
            with open(os.path.join(directory, file), "w",
                      encoding="ascii") as f:
                f.write(text)

    def route(self, name, target, interface):
        self._ip("-n", name, "route", "add", target, "dev", interface)

    def set(self, name, key, value):
        """Sets a kernel parameter, as in net/ipv4/conf/all/rp_filter."""
        code, _, why = run(self.inside(name, [
            "sh", "-c", 'echo "$1" >"/proc/sys/$0"', key, value]))
        if code != 0:
            raise Missing(f"{key}: {why.strip()}")

    def inside(self, name, argv):
        """`argv` as it must be written to run in the namespace."""
        return ["ip", "netns", "exec", name] + [str(a) for a in argv]

    def _ip(self, *arguments):
        code, _, why = run(["ip", *arguments])
        if code != 0:
            raise Missing(f"ip {' '.join(arguments)}: {why.strip()}")

    def close(self):
        for name in self.names:
            run(["ip", "netns", "del", name])
        for directory in self.directories:
            shutil.rmtree(directory, ignore_errors=True)
        self.names, self.directories = [], []
