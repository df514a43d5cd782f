# SPDX-License-Identifier: GPL-3.0-or-later
"""All roles in one process, for debuggers: nothing else may differ."""
import json

from lib import coap, maps, mqtt
from lib.peer import check


def case_single(env):
    """--single: passwords are checked, readings go up, a command comes down,
    SIGTERM ends it with 0."""
    server = env.server({})
    g = env.gateway(server.uri)
    boiler = g.mqtt_sensor("boiler", [maps.temperature()], [maps.relay()])
    pump = g.coap_sensor("pump", "127.0.0.21", [maps.temperature("coap/temp")])
    server.set_keys(g.psk_identities())
    server.start()
    g.argv.insert(1, "--single")
    g.start()
    for endpoint in (boiler, pump):
        server.wait_registered(endpoint)
    stranger = mqtt.Client("127.0.0.1", g.mqtt_port, "s", "boiler", "wrong",
                           source="127.0.0.66")
    check(stranger.code == 5, f"a wrong password got {stranger.code}")
    client = mqtt.Client("127.0.0.1", g.mqtt_port, "c", "boiler",
                         g.passwords["boiler"])
    check(client.code == 0, f"the right password got {client.code}")
    client.publish("plant/boiler/temp", "21.5")
    server.wait_record(boiler, "/3303/0/5700", 21.5)
    sensor = coap.Client("127.0.0.1", g.coap_port, "127.0.0.21")
    answer = sensor.request(coap.PUT, "temp", "7.25", 0)
    check(answer and answer[0] == "2.04", f"CoAP was answered {answer}")
    server.wait_record(pump, "/3303/0/5700", 7.25)
    client.subscribe("plant/boiler/relay/set")
    env.closing(sensor)
    ask = {"op": "write", "ep": boiler, "path": "/3306/0/5850", "value": True}
    server.write(json.dumps(ask) + "\n")
    topic, payload = client.wait_message()
    check((topic, payload) == ("plant/boiler/relay/set", b"ON"),
          f"the command came as {topic} {payload}")
    g.stop()
