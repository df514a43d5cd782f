# SPDX-License-Identifier: GPL-3.0-or-later
"""Many sensors of both protocols that count and take commands, each telling
which of the commands it got."""
import threading

from . import maps, mqtt
from .peer import Failed
from .traffic import Traffic

DIMMER = "/3306/0/5851"


def dimmer(topic):
    """A Write of 0 to 100 as text."""
    return {"on": DIMMER, "topic": topic, "payload": "{value}",
            "range": [0, 100], "answer": "confirm", "timeout": "5s"}


class Listener(threading.Thread):
    """An MQTT sensor's ear: `got` are the payloads on its command topic."""

    def __init__(self, port, user, password, topic):
        super().__init__(daemon=True, name=f"{user}-ear")
        self.port, self.user, self.password = port, user, password
        self.topic, self.got, self.open = topic, [], True

    def run(self):
        while self.open:
            try:
                client = mqtt.Client("127.0.0.1", self.port,
                                     f"{self.user}-ear", self.user,
                                     self.password)
                client.subscribe(self.topic)
                self._listen(client)
            except (mqtt.Closed, OSError, TimeoutError, Failed):
                pass

    def _listen(self, client):
        while self.open:
            try:
                self.got.append(client.wait_message(2.0)[1].decode())
            except TimeoutError:
                client.ping()

    def close(self):
        self.open = False


class Field(Traffic):
    """`count` sensors, half of them MQTT, half CoAP at 127.0.NET.1 and on."""

    def __init__(self, env, gateway, count, net, every):
        self.env, self.gateway, self.every = env, gateway, every
        self.mqtt, self.coap, self.sensors, self.ears = {}, {}, {}, {}
        for n in range(1, count + 1):
            if n % 2:
                name = f"m{n}"
                self.mqtt[name] = gateway.mqtt_sensor(
                    name, [maps.temperature()],
                    [dimmer("plant/{id}/dim/set")])
            else:
                ip = f"127.0.{net}.{n}"
                self.coap[ip] = gateway.coap_sensor(
                    f"c{n}", ip, [maps.temperature("coap/temp")],
                    [dimmer("coap/dim")])

    def listen(self):
        """Opens the sensors' ears; the gateway runs."""
        g = self.gateway
        for name, endpoint in self.mqtt.items():
            self.ears[endpoint] = self.env.closing(Listener(
                g.mqtt_port, name, g.passwords[name], f"plant/{name}/dim/set"))
            self.ears[endpoint].start()
        for ip, endpoint in self.coap.items():
            self.ears[endpoint] = self.env.coap_sensor(ip)

    def told(self, endpoint):
        """The commands that reached the sensor, in order, as text."""
        ear = self.ears[endpoint]
        if isinstance(ear, Listener):
            return list(ear.got)
        return [payload.decode() for _, path, payload in ear.requests
                if path == "dim"]
