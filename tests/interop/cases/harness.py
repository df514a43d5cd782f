# SPDX-License-Identifier: GPL-3.0-or-later
"""The harness on trial: peers that are right must be seen to be right. Here
other clients stand where the gateway stands in the other cases."""
import os
import socket
import time

from lib import coap, mqtt, net
from lib.gateway import Gateway, libconfig
from lib.ledger import PATH, Ledger
from lib.oracle import wait_register_at_openssl, wait_register_at_rd
from lib.peer import Failed, check, run, wait_until
from lib.relay import Relay

KEY = "00112233445566778899aabbccddeeff"


def case_harness_leshan(env):
    """Leshan's own client is seen to register, notify, send and obey."""
    server = env.leshan().start()
    server.add_psk("stand-in", KEY)
    client = env.leshan_client("stand-in", server.uri, "stand-in",
                               KEY).start("ready")
    there = server.wait_registered("stand-in")
    check(there["identity"] == "stand-in", f"registered as {there}")
    check(server.observe("stand-in", "/3303/0/5700").code == "2.05",
          "observe was refused")
    client.write("set 5700 21.5\n")
    server.wait_record("stand-in", "/3303/0/5700", 21.5, ("NOTIFICATION",))
    client.write("send\n")
    server.wait_record("stand-in", "/3303/0/5700", 21.5, ("SEND",))
    check(server.write("stand-in", "/3306/0/5850", True,
                       "boolean").code == "2.04", "write was refused")
    client.wait_line("write /3306/0/5850 true")
    check(server.execute("stand-in", "/3303/0/5605").code == "2.04",
          "execute was refused")
    client.wait_line("execute /3303/0/5605")
    server.restart()
    check(server.clients() == {}, "registrations outlived the restart")
    client.kill()
    again = env.leshan_client("stand-in", server.uri, "stand-in", KEY,
                              name="leshan-client-2").start("ready")
    server.wait_registered("stand-in")
    again.kill()


def case_harness_nothing(env):
    """A run of no case is none that passed."""
    code, out, error = run([os.path.join(env.sources, "tests/interop/run"),
                            "--build", env.build, "--only", "no such case"])
    check(code == 2 and "passed" not in out, f"exit {code}: {out}{error}")


def case_harness_refusal(env):
    """A client with the wrong key does not appear at Leshan."""
    server = env.leshan().start()
    server.add_psk("stand-in", KEY)
    env.leshan_client("stand-in", server.uri, "stand-in",
                      KEY[::-1]).start("ready")
    time.sleep(4)
    check(server.clients() == {}, "a client with a wrong key got in")


def case_harness_openssl(env):
    """What OpenSSL decrypts of Leshan's client is its Register."""
    wait_register_at_openssl(
        env, "stand-in", KEY,
        lambda uri: env.leshan_client("stand-in", uri, "stand-in",
                                      KEY).start("ready"))


def case_harness_libcoap(env):
    """libcoap's resource directory takes the Register of Leshan's client."""
    wait_register_at_rd(
        env, "stand-in",
        lambda uri, key: env.leshan_client("stand-in", uri, "stand-in",
                                           key).start("ready"))


def case_harness_mqtt(env):
    """Across the death of a broker every acknowledged number was received."""
    env.need("mosquitto", "mosquitto_sub", "mosquitto_pub")
    port = net.free_tcp_port()
    path = env.directory + "/mosquitto.conf"
    with open(path, "w", encoding="ascii") as f:
        f.write(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    broker = env.peer("mosquitto", ["mosquitto", "-v", "-c", path])
    broker.start("running")
    publisher = mqtt.Publisher("127.0.0.1", port, "counter", "n", None, None,
                               every=0.005)
    publisher.start()
    wait_until("numbers", lambda: len(publisher.acknowledged) > 20)
    broker.kill()
    broker.start("running")
    seen = len(publisher.acknowledged)
    wait_until("more numbers",
               lambda: len(publisher.acknowledged) > seen + 20)
    publisher.finish()
    check(publisher.acknowledged == set(publisher.attempts),
          "a number was left without acknowledgement")
    watcher = env.mosquitto_sub(port, "hello").start()
    code, why = mqtt.mosquitto_pub("127.0.0.1", port, "hello", "world")
    check(code == 0, why)
    watcher.wait_line("hello world")


def case_harness_coap(env):
    """libcoap's client and ours reach a sensor, through a bad wire, too."""
    sensor = env.coap_sensor("127.0.0.31", 0)
    uri = f"coap://127.0.0.31:{sensor.port}"
    check(coap.libcoap_send(uri + "/relay", "put", "ON", "127.0.0.11") == "",
          "libcoap's PUT was not answered with 2.04")
    sensor.answers["no"] = 0x81
    check("4.01" in coap.libcoap_send(uri + "/no", "put", "ON"),
          "libcoap did not tell 4.01")
    relay = env.closing(Relay(("127.0.0.31", sensor.port), seed=3, loss=0.2,
                              duplicate=0.1, reorder=0.2, flip=0.02))
    client = coap.Client("127.0.0.1", relay.port)
    for n in range(60):
        client.request(coap.PUT, "n", str(n), wait=0.05)
    numbers = [p for _, path, p in sensor.requests if path == "n"]
    check(len(set(numbers)) >= 58, f"only {len(set(numbers))} of 60 arrived")
    check(relay.counts["lost"] and relay.counts["doubled"]
          and relay.counts["held"] and relay.counts["flipped"],
          f"the wire was too good: {relay.counts}")
    check(sensor.report("127.0.0.31", sensor.port, "self", "1") == "2.04",
          "a sensor cannot report from its own socket")


def case_harness_relay(env):
    """The bad wire forgets a mapping, goes dark and comes back, and the same
    seed makes the same wire."""
    server = env.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    server.bind(("127.0.0.1", 0))
    server.settimeout(0.3)
    port = server.getsockname()[1]
    relay = env.relay(port, keep_source=True)
    client = env.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    client.bind(("127.0.0.41", 0))
    client.settimeout(0.3)

    def pass_through():
        client.sendto(b"up", ("127.0.0.1", relay.port))
        peer = server.recvfrom(9)[1]
        server.sendto(b"down", peer)
        check(client.recv(9) == b"down", "the answer is another")
        return peer
    first = pass_through()
    check(first[0] == "127.0.0.41", f"the server sees {first}")
    check(pass_through() == first, "the mapping did not last")
    relay.rebind()
    check(pass_through()[1] != first[1], "the mapping was not forgotten")
    server.sendto(b"down", first)
    for dark in (False, True):
        relay.dark = dark
        try:
            if dark:
                pass_through()
            else:
                client.recv(9)
            check(False, f"something came through, dark {dark}")
        except socket.timeout:
            pass
    relay.dark = False
    pass_through()
    losses = []
    for _ in range(2):
        lossy = env.relay(port, seed=7, loss=0.5)
        for _ in range(200):
            client.sendto(b"x", ("127.0.0.1", lossy.port))
        wait_until("200 datagrams", lambda: 200 == sum(lossy.counts.values()))
        losses.append(lossy.counts["lost"])
    check(losses[0] == losses[1] and 70 < losses[0] < 130,
          f"of 200 at 50 % were lost {losses}")


def case_harness_namespaces(env):
    """Two namespaces see each other over a pair of interfaces, and no more."""
    spaces = env.namespaces()
    left, right = spaces.add("left"), spaces.add("right")
    spaces.join(left, "va0", "10.77.1.1/24", right, "vb0", "10.77.1.2/24")
    echo = env.peer("echo", spaces.inside(right, [
        "python3", "-u", "-c", "import socket\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.bind(('10.77.1.2', 9))\nprint('ready')\n"
        "print('got', s.recvfrom(9))"]))
    echo.start("ready")
    sender = env.peer("sender", spaces.inside(left, [
        "python3", "-c", "import socket\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.sendto(b'hello', ('10.77.1.2', 9))"]))
    sender.start()
    echo.wait_line("got (b'hello'")


# A daemon of nothing but processes: a supervisor that puts a dead role in its
# place again, and roles that leave when it is gone.
DAEMON = """#!/usr/bin/env python3
import os, signal, subprocess, sys, time
if "--role" in sys.argv:
    while os.getppid() == int(sys.argv[3]):
        time.sleep(0.05)
    sys.exit(1)
def start(role):
    return subprocess.Popen([sys.argv[0], "--role", role, str(os.getpid())])
roles = {role: start(role) for role in ("outer", "inner")}
def leave(*_):
    for child in roles.values():
        child.kill()
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("level=info event=ready sensors=0", file=sys.stderr, flush=True)
while True:
    for role, child in roles.items():
        if child.poll() is not None:
            roles[role] = start(role)
    time.sleep(0.05)
"""


def case_harness_gateway(env):
    """The gateway's wrapper finds, kills and awaits the roles of a daemon, and
    writes a configuration."""
    path = os.path.join(env.directory, "sallyportd")
    with open(path, "w", encoding="ascii") as f:
        f.write(DAEMON)
    os.chmod(path, 0o755)
    g = env.add(Gateway(env.directory, env.sources, env.directory,
                        "coaps://127.0.0.1:5684"))
    g.coap_sensor("pump", "127.0.0.21", [])
    g.start()
    check(g.events()[0] == {"level": "info", "event": "ready", "sensors": "0"},
          f"events: {g.events()}")
    wait_until("three roles", lambda: set(g.roles()) == {
        "supervisor", "outer", "inner"}, 5)  # a shell says "ready" early
    old = g.kill_role("outer")
    check(g.wait_role_again("outer", old) != old, "the same process again")
    g.kill_supervisor()
    g.start()
    g.stop()
    with open(g.root + "/sensors.d/pump.conf", encoding="utf-8") as f:
        text = f.read()
    check('ip = "127.0.0.21";' in text, f"the sensor's file holds {text}")
    check(os.stat(g.root + "/keys/pump.psk").st_mode & 0o777 == 0o600,
          "a key file is open")
    check(libconfig([[True, "a\"b"], 1.5]) == '( ( true, "a\\"b" ), 1.5 )',
          "libconfig's syntax")


class Counted:
    """A sensor that has counted to five and was acknowledged up to four."""

    attempts = {1: 1, 2: 1, 3: 2, 4: 1, 5: 1}
    acknowledged = {1, 2, 3, 4}
    name = "counted"


def fails(function, *arguments):
    try:
        function(*arguments)
    except Failed:
        return True
    return False


def case_harness_ledger(env):
    """Loss, invention and too many repeats are told, and only these."""
    def ledger(*messages):
        return Ledger({"ep": Counted()}, lambda endpoint: [
            [{"path": PATH, "time": t, "value": float(n)} for n, t in m]
            for m in messages])
    good = ledger([(1, 10), (2, 20)], [(3, 30)], [(3, 31), (4, 40)])
    good.wait_all_arrived(0.1)
    good.check_none_invented()
    check(good.check_repeats(1) == (1, 0), "one reading was taken in twice")
    check(fails(good.check_repeats, 0), "a repeat without a kill passed")
    check(fails(ledger([(1, 10), (2, 20), (4, 40)]).wait_all_arrived, 0.1),
          "a lost reading passed")
    check(fails(ledger([(6, 10)]).check_none_invented),
          "an invented reading passed")
    check(fails(ledger([(1, 10)], [(1, 11)]).check_repeats, 1),
          "a reading that was sent once and taken in twice passed")
    twice = ledger([(1, 10), (2, 20)], [(1, 10), (2, 20)], [(1, 10)])
    check(twice.check_repeats(2) == (0, 2), "two messages came again")
    check(fails(twice.check_repeats, 1), "too many repeats passed")
