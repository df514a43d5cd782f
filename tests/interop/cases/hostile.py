# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers that do what no sensor should: the gateway bounds what they cost, and
those beside them are served as before."""
import os
import secrets

from lib import maps, mqtt, net
from lib.peer import Missing, check, run


def one_sensor(env):
    """A gateway with one MQTT sensor, boiler, and no server above."""
    g = env.gateway("coaps://127.0.0.1:9")
    g.mqtt_sensor("boiler", [maps.temperature()],
                  password=secrets.token_urlsafe(18))
    g.start()
    return g


def boiler(g, client_id="c", **more):
    """A session of the sensor."""
    client = mqtt.Client("127.0.0.1", g.mqtt_port, client_id, "boiler",
                         g.passwords["boiler"], **more)
    check(client.code == 0, f"the sensor got CONNACK {client.code}")
    return client


def case_hostile_many_answers(env):
    """A client that asks for many answers at once, and one that reads them
    late, go on as soon as their answers went out."""
    g = one_sensor(env)
    client = boiler(g)
    for _ in range(3):
        client.socket.sendall(b"\xc0\0" * 4000)
        answers = b""
        while len(answers) < 8000:
            data = client.socket.recv(65536)  # in time, or it fails
            check(data, "closed with answers outstanding")
            answers += data
        check(answers == b"\xd0\0" * 4000, "answers that are no PINGRESP")
    client.publish("plant/boiler/temp", "21.5")
    client.disconnect()


def case_hostile_second_gateway(env):
    """A second gateway on the same state directory or the same control socket
    is refused with the reason, and the first stays in reach."""
    g = one_sensor(env)
    with open(g.file, encoding="utf-8") as f:
        text = f.read()
    text = text.replace(f"port = {g.coap_port}", f"port = {net.free_port()}")
    text = text.replace(f"port = {g.mqtt_port}",
                        f"port = {net.free_tcp_port()}")
    socket = g.group["gateway"]["console"]["socket"]
    for name, changed, reason in (
            ("socket.conf", text, "another gateway listens at"),
            ("state.conf", text.replace(socket, socket + "2"),
             "another gateway is using it")):
        g._write(name, changed)
        code, out, error = run([g.argv[0], "-f", "-c",
                                os.path.join(g.root, name)])
        check(code == 1 and reason in out + error,
              f"{name}: ended with {code}: {out}{error}")
        code, _, error = g.ctl("status")
        check(code == 0, f"{name}: the first is out of reach: {error}")


def memory_holds(pid, needle):
    """True if the process has these bytes anywhere in its memory."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as f:
        areas = [line.split()[:2] for line in f]
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for area, rights in areas:
            low, high = (int(n, 16) for n in area.split("-"))
            if rights[0] != "r" or high - low > 1 << 30:
                continue
            try:
                memory.seek(low)
                if needle in memory.read(high - low):
                    return True
            except (OSError, OverflowError):
                continue  # [vvar] and its like
    return False


def case_hostile_memory(env):
    """A password is gone from the memory of the outer door and of the verifier
    once it was checked; upstream keys are in that of the inner door alone."""
    if os.geteuid() != 0:
        raise Missing("only root may read another's memory")
    g = one_sensor(env)
    tail = g.passwords["boiler"][-12:].encode()
    for _ in range(3):  # checked, then known
        client = boiler(g)
        client.publish("plant/boiler/temp", "21.5")
        client.disconnect()
    for role in ("outer", "verifier"):
        check(not memory_holds(g.role_pid(role), tail),
              f"the end of the password is still in the memory of {role}")
    key = bytes.fromhex(g.keys["boiler"])
    for role, pid in g.roles().items():
        check(memory_holds(pid, key) == (role == "inner"),
              f"{role}: has the key, or the inner door has not")
