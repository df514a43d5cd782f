# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports on loopback, and network namespaces."""
import json
import os
import random
import shutil
import socket
import threading

from .peer import Missing, run, wait_until

_given, _choosing = set(), threading.Lock()

# Below the ephemeral range, so that no outgoing socket takes a port between
# its choice and its use.
_ports = range(20000, 32000)


def use_lane(lane, lanes):
    """Leaves the other ports to the cases that run at the same time."""
    global _ports
    size = 12000 // lanes
    _ports = range(20000 + lane * size, 20000 + (lane + 1) * size)


def _is_free(kind, host, port):
    with socket.socket(socket.AF_INET, kind) as s:
        try:
            s.bind((host, port))
        except OSError:
            return False
    return port not in _given


def free_port(kind=socket.SOCK_DGRAM, host="127.0.0.1"):
    """A port that nobody is bound to now, never handed out twice."""
    with _choosing:
        for port in random.SystemRandom().sample(_ports, 200):
            if _is_free(kind, host, port):
                _given.add(port)
                return port
    raise Missing("no free port on loopback")


def free_pair(host="127.0.0.1"):
    """The first of two in a row, both free for UDP and TCP, as libcoap takes
    them: the second one is for DTLS and TLS."""
    with _choosing:
        for port in random.SystemRandom().sample(_ports[:-1], 200):
            if all(_is_free(kind, host, p) for p in (port, port + 1)
                   for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
                _given.update((port, port + 1))
                return port
    raise Missing("no free ports on loopback")


def free_tcp_port(host="127.0.0.1"):
    return free_port(socket.SOCK_STREAM, host)


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
