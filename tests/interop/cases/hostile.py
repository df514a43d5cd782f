# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers that do what no sensor should: the gateway bounds what they cost, and
those beside them are served as before."""
from lib import maps, mqtt
from lib.peer import check


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
