# SPDX-License-Identifier: GPL-3.0-or-later
"""From a revocation to silence: how long a sensor is still heard upstream."""
import os
import socket
import struct
import threading
import time

from lib import maps
from lib.bootstrap import Plant
from lib.peer import Missing, check, wait_until

ALLOWED = 1.0  # seconds, of 99 in a hundred sensors
OPTIONS = b"\xb4temp\xff"  # Uri-Path "temp", then the payload


class Crowd(threading.Thread):
    """CoAP sensors that speak all the time and wait for no answer, each from an
    address of its own."""

    def __init__(self, plant, count, every):
        super().__init__(daemon=True)
        self.names = [f"s{n}" for n in range(count)]
        self.plant, self.every, self.open = plant, every, True
        self.sockets = {}
        for n, name in enumerate(self.names):
            ip = f"127.10.{n // 250}.{n % 250 + 1}"
            plant.gateway.coap_sensor(name, ip, [maps.temperature("coap/temp")],
                                      account={})
            plant.gateway.sensors[name]["accounts"][0]["server"] = "boot"
            self.sockets[name] = ip

    def run(self):
        port = self.plant.gateway.coap_port
        for name, ip in self.sockets.items():
            s = self.sockets[name] = socket.socket(socket.AF_INET,
                                                   socket.SOCK_DGRAM)
            s.bind((ip, 0))
            s.connect(("127.0.0.1", port))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        count, began = 0, time.monotonic()
        while self.open:  # in turn: a burst of all would not fit a buffer
            for n, s in enumerate(self.sockets.values()):
                s.send(struct.pack(">BBH", 0x50, 2, count & 0xffff) +
                       OPTIONS + b"%d" % (count % 100))
                due = began + (count + n / len(self.names)) * self.every
                if due > time.monotonic() + 0.002:
                    time.sleep(due - time.monotonic())
            count += 1

    def end(self):
        self.open = False
        self.join(10)
        for s in self.sockets.values():
            s.close()


def heard(plant, since=0):
    """{endpoint: when the server heard of it last}."""
    last = {}
    for event in plant.cloud.events[since:]:
        if "ep" in event and event["event"] in ("send", "notify", "register",
                                                "update"):
            last[event["ep"]] = event["at"]
    return last


def datagrams(port, seconds):
    """How many go to that port of loopback within this time."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                       socket.htons(0x0800)) as s:
        s.bind(("lo", 0x0800))
        s.settimeout(0.1)
        count, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                packet, where = s.recvfrom(256)
            except socket.timeout:
                continue
            at = (packet[0] & 15) * 4
            count += where[2] != socket.PACKET_OUTGOING and \
                packet[9] == socket.IPPROTO_UDP and \
                struct.unpack(">H", packet[at + 2:at + 4])[0] == port
        return count


def prepare(env):
    if os.geteuid() != 0:
        raise Missing("only root may look at what is on the wire")
    plant = Plant(env)
    count = 1000 if env.long else 100
    for server in plant.gateway.group["servers"]:
        server["pace_per_second"] = 1000
    for peer in (plant.boot, plant.cloud):
        peer.argv += ["--clients", str(2 * count)]
    plant.gateway.group["gateway"]["max_sensors"] = count
    crowd = Crowd(plant, count, 0.5 if env.long else 0.1)
    accounts = {name: plant.values(f"gw-{name}", key) for name, key in
                ((n, os.urandom(16).hex()) for n in crowd.names)}
    plant.keys = {f"gw-{n}": a["/0/1/5"] for n, a in accounts.items()}
    plant.cloud.set_keys(plant.keys)
    plant.start()
    for name in crowd.names:
        plant.give(accounts[name], plant.server_object(), endpoint=f"gw-{name}")
    plant.gateway.start()
    everyone = set(plant.keys)
    wait_until("all of them at the server", lambda: {
        e["ep"] for e in plant.cloud.events if e["event"] == "register"} ==
        everyone, 60, 0.2)
    crowd.start()
    wait_until("readings of all", lambda: {
        e["ep"] for e in plant.cloud.events if e["event"] == "send"} ==
        everyone, 60, 0.2)
    check(datagrams(plant.cloud.coaps_port, 0.5) > 0,
          "nothing is on the wire: the look at it is at fault")
    return plant, crowd


def judge(plant, crowd, told):
    """`told`: when each of them was revoked, by endpoint."""
    time.sleep(ALLOWED)
    left = datagrams(plant.cloud.coaps_port, 2.0)
    last = heard(plant)
    crowd.end()
    late = sorted(max(0.0, last[e] - at) for e, at in told.items())
    check(len(late) == len(crowd.names), f"{len(late)} were revoked")
    p99 = late[len(late) * 99 // 100]
    check(p99 <= ALLOWED, f"99 in a hundred were heard for {p99:.2f} s more")
    check(left == 0, f"{left} datagrams went to the server after that")
    print(f"     {len(late)} revoked: heard for {late[len(late) // 2]:.3f} s "
          f"(p50), {p99:.3f} s (p99), {late[-1]:.3f} s (max) after it",
          flush=True)


def case_revoked_to_silence(env):
    """A bootstrap server takes the accounts of all sensors away while they
    speak: each is silent within a second of the answer to Finish. 1,000 sensors
    with --long."""
    plant, crowd = prepare(env)
    for name in crowd.names:
        plant.order({"delete": "/0/1"}, {"finish": True}, endpoint=f"gw-{name}")
    since = plant.boot.mark()
    code, out, error = plant.gateway.ctl("rotate", "--all", seconds=60)
    check(code == 0, f"rotate --all: {out[-200:]} {error}")

    def finished():
        return {e["ep"]: e["at"] for e in plant.boot.events[since:]
                if e["event"] == "bootstrap-step" and e["step"] == 1 and
                e["code"] == "2.04"}
    wait_until("all revocations", lambda: len(finished()) == len(crowd.names),
               60, 0.1)
    judge(plant, crowd, finished())


def case_revoked_by_hand(env):
    """The same by the operator's command, one sensor after the other."""
    plant, crowd = prepare(env)
    told = {}
    for name in crowd.names:
        code, out, error = plant.gateway.ctl("revoke", name)
        told[f"gw-{name}"] = time.monotonic()
        check(code == 0, f"revoke {name}: {out} {error}")
    judge(plant, crowd, told)


for _case in (case_revoked_to_silence, case_revoked_by_hand):
    _case.seconds, _case.long_seconds = 90, 240
del _case
