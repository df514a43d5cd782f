# SPDX-License-Identifier: GPL-3.0-or-later
"""What breaks between and within the processes, short of a kill of all: a
bus that ends, a crash by signal, a crash again and again."""
import os
import shutil
import signal
import socket
import time

from lib import mqtt
from lib.ledger import Ledger
from lib.gateway import ROLES
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
    for role, count in (("outer", 3), ("inner", 4)):
        ends, mark = buses(before[role]), gateway.mark()
        check(len(ends) == count, f"the {role} door has {len(ends)} buses")
        for end in ends:
            end.send(b"nonsense")
            end.close()
        wait_until("a word about each", lambda: count == len(
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


SIGNALS = (signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL, signal.SIGBUS)


def core_limit(pid):
    """Soft and hard limit of a core file, as /proc tells them."""
    with open(f"/proc/{pid}/limits", encoding="ascii") as f:
        line = next(row for row in f if row.startswith("Max core file size"))
    return line.split()[4:6]


def check_no_core(gateway):
    """No process may leave its memory behind. One that may not be dumped has
    its files in /proc owned by root, whoever runs it."""
    for role, pid in gateway.roles().items():
        check(core_limit(pid) == ["0", "0"],
              f"the {role} has a core limit of {core_limit(pid)}")
        check(os.stat(f"/proc/{pid}/limits").st_uid == 0,
              f"the {role} can be dumped")
    found = [n for n in os.listdir(gateway.cwd) if n.startswith("core")]
    check(not found, f"there is {found}")


def as_nobody(gateway):
    """Lets the gateway run as a user of no rights, from a copy that this user
    can read."""
    program = shutil.copy(gateway.argv[0], gateway.cwd)
    gateway.write_configuration()
    for where, _, names in os.walk(gateway.root):
        for name in ["."] + names:
            os.chown(os.path.join(where, name), 65534, 65534)
    gateway.argv = ["setpriv", "--reuid", "65534", "--regid", "65534",
                    "--clear-groups", program, *gateway.argv[1:]]


def case_crash_each(env):
    """A crash of each role, by each of the signals that crashes end with: the
    others live on, it is there again within a second, sensors are served, and
    no core file is left nor could be."""
    env.need("setpriv")
    if os.geteuid() != 0:
        raise Missing("another user needs root")
    server = env.server({})
    gateway = env.gateway(server.uri)
    traffic = Traffic(gateway, 0.02)
    as_nobody(gateway)
    server.set_keys(gateway.psk_identities())
    server.start()
    gateway.start()
    for endpoint in traffic.endpoints():
        server.wait_registered(endpoint)
    traffic.start()
    traffic.wait_progress()
    check_no_core(gateway)
    took = []
    for n in range(50 if env.long else 5):
        role = ROLES[1 + n % (len(ROLES) - 1)]
        if n % 10 == 5:
            time.sleep(10.2)  # or its pauses would grow
        before, mark = gateway.roles(), gateway.mark()
        number = SIGNALS[(n + n // 5) % len(SIGNALS)]
        died = time.monotonic()
        os.kill(before[role], number)
        gateway.wait_role_again(role, before[role], 1)
        took.append(time.monotonic() - died)
        told = [e for e in gateway.events(mark) if e["event"] == "role_died"]
        check([(e["name"], e["signal"]) for e in told] ==
              [(role, str(int(number)))], f"told was {told}")
        traffic.wait_progress(10)
        after = gateway.roles()
        check({r for r in before if before[r] != after.get(r)} == {role},
              f"the roles were {before}, now they are {after}")
        check_no_core(gateway)
    settle(Ledger(traffic.sensors, server.messages), traffic, len(took))
    print(f"     {len(took)} crashes, there again after {max(took):.2f} s at "
          f"most", flush=True)
    gateway.stop()


case_crash_each.long_seconds = 400
