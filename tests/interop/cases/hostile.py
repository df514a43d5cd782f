# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers that do what no sensor should: the gateway bounds what they cost, and
those beside them are served as before."""
import os

from lib import maps, mqtt, net
from lib.peer import check, run


def one_sensor(env):
    """A gateway with one MQTT sensor, boiler, and no server above."""
    g = env.gateway("coaps://127.0.0.1:9")
    g.mqtt_sensor("boiler", [maps.temperature()])
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
