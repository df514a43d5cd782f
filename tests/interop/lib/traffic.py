# SPDX-License-Identifier: GPL-3.0-or-later
"""Sensors that count through a gateway, for cases that break it meanwhile."""
import time

from . import coap, maps, mqtt
from .peer import check, wait_until


class Traffic:
    """Two MQTT and two CoAP sensors that count as fast as they are answered."""

    def __init__(self, gateway, every=0.03):
        self.gateway, self.every = gateway, every
        g = gateway
        self.mqtt = {n: g.mqtt_sensor(n, [maps.temperature()])
                     for n in ("boiler", "cellar")}
        self.coap = {ip: g.coap_sensor(n, ip, [maps.temperature("coap/temp")])
                     for n, ip in (("pump", "127.0.0.21"),
                                   ("roof", "127.0.0.22"))}
        self.sensors = {}

    def endpoints(self):
        return [*self.mqtt.values(), *self.coap.values()]

    def start(self, coap_port=None):
        """Begins to count; `coap_port` if not the gateway's own."""
        g = self.gateway
        for name, endpoint in self.mqtt.items():
            self.sensors[endpoint] = mqtt.Publisher(
                "127.0.0.1", g.mqtt_port, name, f"plant/{name}/temp", name,
                g.passwords[name], self.every, "{}.0".format)
        for ip, endpoint in self.coap.items():
            self.sensors[endpoint] = coap.Counter(
                "127.0.0.1", coap_port or g.coap_port, ip, "temp", self.every,
                "{}.0".format)
        for sensor in self.sensors.values():
            sensor.start()

    def wait_progress(self, seconds=20.0):
        """Every sensor gets at least three more readings accepted."""
        before = {e: len(s.acknowledged) for e, s in self.sensors.items()}
        for endpoint, sensor in self.sensors.items():
            wait_until(f"{endpoint} to be served again",
                       lambda: len(sensor.acknowledged) >= before[endpoint] + 3,
                       seconds)

    def unanswered(self):
        """CoAP requests that the sensor gave up and said anew."""
        return sum(s.answers.get("none", 0) for s in self.sensors.values()
                   if isinstance(s, coap.Counter))

    def finish(self):
        for sensor in self.sensors.values():
            sensor.end = time.monotonic() + 30
            sensor.going = False
        for sensor in self.sensors.values():
            sensor.finish()
            check(sensor.acknowledged == set(sensor.attempts),
                  f"{sensor.name}: the last reading was never accepted")


def settle(ledger, traffic, kills):
    """Stops the traffic and holds the promises against what arrived."""
    traffic.finish()
    ledger.wait_all_arrived()
    time.sleep(1)  # what would still come twice
    ledger.check_none_invented()
    taken, delivered = ledger.check_repeats(kills)
    print(f"     {ledger.accepted()} readings accepted, all arrived; "
          f"{kills} kills, {taken} taken in twice, {delivered} messages "
          f"delivered twice, {traffic.unanswered()} unanswered", flush=True)
