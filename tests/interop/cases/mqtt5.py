# SPDX-License-Identifier: GPL-3.0-or-later
"""Sensors that speak MQTT 5, or any version with QoS 2: mosquitto's clients,
and bytes by hand where a connection has to break at the right moment."""
import json
import os
import socket
import struct
import time

from lib import maps, mqtt
from lib.peer import Missing, Peer, check, run

PYTHON = "/usr/bin/python3"  # that of the system has Debian's Paho

TEMPERATURE, SWITCH = "/3303/0/5700", "/3306/0/5850"
TOPIC = "plant/boiler/temp"


def site(env, down=()):
    """A boiler over MQTT and our own server above."""
    server = env.server({})
    g = env.gateway(server.uri)
    endpoint = g.mqtt_sensor("boiler", [maps.temperature()], down)
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    server.wait_registered(endpoint)
    return server, g, endpoint


def values(server, endpoint):
    return [r["value"] for r in server.records(endpoint)
            if r["path"] == TEMPERATURE]


def case_mqtt_versions(env):
    """mosquitto_pub publishes with each version and each QoS."""
    server, g, endpoint = site(env)
    want = []
    for version in ("mqttv31", "mqttv311", "mqttv5"):
        for qos in (0, 1, 2):
            want.append(20.5 + len(want))
            code, why = mqtt.mosquitto_pub(
                "127.0.0.1", g.mqtt_port, TOPIC, str(want[-1]), "boiler",
                g.passwords["boiler"], qos, extra=("-V", version))
            check(code == 0, f"{version}, QoS {qos}: exit {code}: {why}")
    server.wait_record(endpoint, TEMPERATURE, want[-1])
    check(values(server, endpoint) == want,
          f"upstream there is {values(server, endpoint)}")


def case_mqtt5_properties(env):
    """What version 5 can say beside a message does no harm; what is not the
    sensor's is refused with a reason that the client shows."""
    server, g, endpoint = site(env)
    for qos in (1, 2):
        code, why = mqtt.mosquitto_pub(
            "127.0.0.1", g.mqtt_port, TOPIC, f"2{qos}.5", "boiler",
            g.passwords["boiler"], qos, extra=(
                "-V", "5", "-r", "-x", "60",
                "-D", "publish", "user-property", "a", "b",
                "-D", "publish", "content-type", "text/plain",
                "-D", "publish", "payload-format-indicator", "1",
                "-D", "publish", "topic-alias", "3",
                "-D", "publish", "response-topic", "plant/boiler/answers",
                "-D", "publish", "message-expiry-interval", "60"))
        check(code == 0, f"QoS {qos}: exit {code}: {why}")
    server.wait_record(endpoint, TEMPERATURE, 22.5)
    check(values(server, endpoint) == [21.5, 22.5],
          f"upstream there is {values(server, endpoint)}")
    code, out, error = run([
        "mosquitto_pub", "-h", "127.0.0.1", "-p", g.mqtt_port, "-V", "5", "-d",
        "-q", 1, "-t", "plant/pump/temp", "-m", "1", "-u", "boiler", "-P",
        g.passwords["boiler"]])
    check("RC:135" in out + error, f"no reason 0x87: {out}{error}")


def case_mqtt5_command(env):
    """A command reaches mosquitto_sub of version 5, which confirms it; the one
    whose place it took was told so."""
    server, g, endpoint = site(env, [maps.relay()])
    subs = [env.add(mqtt.MosquittoSub(
        env.directory, "127.0.0.1", g.mqtt_port, "plant/boiler/relay/set",
        "boiler", g.passwords["boiler"], name, "same", extra=("-V", "5")))
        for name in ("old", "new")]
    for sub in subs:
        sub.start()
    subs[0].wait_line("DISCONNECT (142)")
    subs[0].stop()
    got = server.ask("write", endpoint, SWITCH, value=True)["code"]
    check(got == "2.04", f"the command got {got}")
    subs[1].wait_line("plant/boiler/relay/set ON")


class Paho(Peer):
    """The sensor on Paho's client; `saw` is what it said."""

    def __init__(self, env, g):
        code, _, _ = run([PYTHON, "-c", "import paho.mqtt.client"])
        if code != 0:
            raise Missing("no python3-paho-mqtt")
        super().__init__("paho", [
            PYTHON, os.path.join(env.harness, "paho", "sensor.py"),
            "127.0.0.1", g.mqtt_port, "boiler", TOPIC,
            "plant/boiler/relay/set"], env.directory)
        self.saw = []

    def on_line(self, text):
        if text.startswith("{"):
            self.saw.append(json.loads(text))

    def seen(self, what):
        return [s for s in self.saw if s["saw"] == what]


def case_mqtt5_paho(env):
    """Paho's client: a name from us, each QoS, an alias, a session that goes on
    after a take-over with its subscription."""
    server, g, endpoint = site(env, [maps.relay()])
    paho = env.add(Paho(env, g))
    paho.start()
    paho.process.stdin.write(g.passwords["boiler"].encode() + b"\n")
    paho.process.stdin.flush()
    paho.wait_line('"ready"', 30)
    server.wait_record(endpoint, TEMPERATURE, 22.5)
    check(values(server, endpoint) == [20.5, 21.5, 22.5],
          f"upstream there is {values(server, endpoint)}")
    got = server.ask("write", endpoint, SWITCH, value=True)["code"]
    check(got == "2.04", f"the command got {got}")
    check(paho.wait() == 0, "it failed")
    first = paho.seen("connack")[0]["properties"]
    check(len(first["AssignedClientIdentifier"]) == 16
          and first["TopicAliasMaximum"] == 8
          and first["ReceiveMaximum"] == 20, f"CONNACK with {first}")
    check([c["present"] for c in paho.seen("connack")] == [0, 0, 1],
          f"sessions: {paho.seen('connack')}")
    check([s["codes"] for s in paho.seen("suback")] == [[0x87], [1]],
          f"SUBACKs: {paho.seen('suback')}")
    check(paho.seen("message")[0]["text"] == "ON", "another command")


class Raw:
    """Version 3.1.1 by hand, session kept: what goes out, and when to stop."""

    def __init__(self, g):
        user, password = b"boiler", g.passwords["boiler"].encode()
        body = (b"\0\4MQTT\4\xc0\0\x3c\0\3raw"
                + struct.pack(">H", len(user)) + user
                + struct.pack(">H", len(password)) + password)
        self.socket = socket.create_connection(("127.0.0.1", g.mqtt_port), 10)
        self.socket.sendall(bytes([16, len(body)]) + body)
        self.present = self.take(4)[2]

    def take(self, n):
        got = b""
        while len(got) < n:
            data = self.socket.recv(n - len(got))
            check(data, f"closed after {got!r}")
            got += data
        return got

    def publish(self, number, value, again=False):
        body = (struct.pack(">H", len(TOPIC)) + TOPIC.encode()
                + struct.pack(">H", number) + value.encode())
        self.socket.sendall(bytes([0x3c if again else 0x34, len(body)]) + body)


def case_mqtt_qos2_broken(env):
    """Connections that break right behind a PUBLISH of QoS 2, or behind its
    PUBREC: sent again in the session that goes on, it gives one reading."""
    server, g, endpoint = site(env)
    want = []
    for n in range(1, 21):
        want.append(n + 0.5)
        first = Raw(g)
        check(first.present == (n > 1), f"{n}: session present {first.present}")
        first.publish(n, str(want[-1]))
        if n % 2:
            check(first.take(4) == b"\x50\2" + struct.pack(">H", n), "PUBREC")
        first.socket.close()
        second = Raw(g)
        check(second.present == 1, f"{n}: the session did not go on")
        second.publish(n, str(want[-1]), True)
        check(second.take(4) == b"\x50\2" + struct.pack(">H", n), "PUBREC")
        second.socket.sendall(b"\x62\2" + struct.pack(">H", n))
        check(second.take(4) == b"\x70\2" + struct.pack(">H", n), "PUBCOMP")
        second.socket.close()
        time.sleep(0.01)
    server.wait_record(endpoint, TEMPERATURE, want[-1])
    check(values(server, endpoint) == want,
          f"upstream there is {values(server, endpoint)}")
