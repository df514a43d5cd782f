# SPDX-License-Identifier: GPL-3.0-or-later
"""What breaks between and within the processes, short of a kill of all: a
bus that ends, a crash by signal, a crash again and again."""
import os
import socket

from lib import maps, mqtt
from lib.ledger import Ledger
from lib.peer import Missing, check, wait_until
from lib.traffic import Traffic, settle

SUPERVISOR_BUS = 3  # the descriptor of a role's bus to its supervisor
PIDFD_GETFD = 438   # system call, the same number on all architectures


def buses(pid):
    """Copies of a role's ends of the buses to other roles."""
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    handle = os.pidfd_open(pid)
    found = []
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            if int(name) == SUPERVISOR_BUS:
                continue
            fd = libc.syscall(PIDFD_GETFD, handle, int(name), 0)
            if fd < 0:
                raise Missing("cannot take a descriptor of another process: "
                              + os.strerror(ctypes.get_errno()))
            try:
                s = socket.socket(fileno=fd)
            except OSError:
                os.close(fd)
                continue
            if (s.family, s.type) == (socket.AF_UNIX, socket.SOCK_SEQPACKET):
                found.append(s)
            else:
                s.close()
    finally:
        os.close(handle)
    return found


def case_bus_broken(env):
    """Nonsense on every bus of a door, as if it said it: the buses are
    replaced, no process dies, and no accepted reading is lost."""
    if os.geteuid() != 0:
        raise Missing("descriptors of another process need root")
    server = env.server({})
    gateway = env.gateway(server.uri)
    traffic = Traffic(gateway)
    server.set_keys(gateway.psk_identities())
    server.start()
    gateway.start()
    for endpoint in traffic.endpoints():
        server.wait_registered(endpoint)
    traffic.start()
    traffic.wait_progress()
    before = gateway.roles()
    for role in ("outer", "inner"):
        ends, mark = buses(before[role]), gateway.mark()
        check(len(ends) == 3, f"the {role} door has {len(ends)} buses")
        for end in ends:
            end.send(b"nonsense")
            end.close()
        wait_until("three words about it", lambda: 3 == len(
            [e for e in gateway.events(mark) if e["event"] == "bus_broken"
             and e["peer"] == role]), 3)
        traffic.wait_progress(10)
        wait_until("both doors' answers", lambda: len(
            gateway.ctl_json("sensors")) == 4, 5)
        code, why = mqtt.mosquitto_pub("127.0.0.1", gateway.mqtt_port, "x",
                                       "1", "boiler", "wrong")
        check(code == 5, f"a wrong password gave {code}: {why}")
    check(gateway.roles() == before, f"the roles were {before}, now they are "
                                     f"{gateway.roles()}")
    settle(Ledger(traffic.sensors, server.messages), traffic, 2)
    gateway.stop()
