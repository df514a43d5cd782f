# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job against Leshan: four sensors, four endpoints, four keys."""
import threading
import time

from lib import coap, maps, mqtt
from lib.peer import check, wait_until

TEMPERATURE, HUMIDITY = "/3303/0/5700", "/3304/0/5700"


class Plant:
    """Two MQTT and two CoAP sensors behind one gateway, up to Leshan."""

    def __init__(self, env, **more):
        self.leshan = env.leshan().start()
        g = self.gateway = env.gateway(self.leshan.uri, **more)
        self.boiler = g.mqtt_sensor("boiler", [maps.temperature()],
                                    [maps.relay(), maps.reset()])
        self.cellar = g.mqtt_sensor("cellar", [maps.humidity()])
        self.pump = g.coap_sensor("pump", "127.0.0.21",
                                  [maps.temperature("coap/temp")],
                                  [maps.relay("coap/relay"),
                                   maps.reset("coap/reset")])
        self.roof = g.coap_sensor("roof", "127.0.0.22",
                                  [maps.humidity("coap/humidity")])
        for endpoint, key in g.psk_identities().items():
            self.leshan.add_psk(endpoint, key)
        g.start()
        self.pump_device = env.coap_sensor("127.0.0.21")
        self.roof_device = env.coap_sensor("127.0.0.22")

    def endpoints(self):
        return [self.boiler, self.cellar, self.pump, self.roof]

    def wait_registered(self, seconds=30.0):
        return {e: self.leshan.wait_registered(e, seconds)
                for e in self.endpoints()}

    def report(self, number):
        """Each sensor sends one reading that holds `number`."""
        g = self.gateway
        for sensor, topic, text in (
                ("boiler", "plant/boiler/temp", f"{number}.5"),
                ("cellar", "plant/cellar/humidity",
                 f'{{"value": {number}1}}')):
            code, why = mqtt.mosquitto_pub(
                "127.0.0.1", g.mqtt_port, topic, text, sensor,
                g.passwords[sensor], client_id=f"{sensor}-pub")
            check(code == 0, f"mosquitto_pub for {sensor}: {why}")
        got = self.pump_device.report("127.0.0.1", g.coap_port, "temp",
                                      f"{number}.25")
        check(got == "2.04", f"the pump's reading got {got}")
        got = self.roof_device.report("127.0.0.1", g.coap_port, "humidity",
                                      f'{{"value": {number}2}}', 50)
        check(got == "2.04", f"the roof's reading got {got}")

    def expected(self, number):
        return ((self.boiler, TEMPERATURE, number + 0.5),
                (self.cellar, HUMIDITY, number + 0.1),
                (self.pump, TEMPERATURE, number + 0.25),
                (self.roof, HUMIDITY, number + 0.2))

    def wait_arrived(self, number, kinds, seconds=15.0, since=0):
        for endpoint, path, value in self.expected(number):
            self.leshan.wait_record(endpoint, path, value, kinds, seconds,
                                    since)


def case_leshan_readings(env):
    """Readings of 2 MQTT and 2 CoAP sensors reach Leshan by Send and by
    Observe, each under its own endpoint and key, and Read gives the last."""
    plant = Plant(env)
    there = plant.wait_registered()
    for endpoint, row in there.items():
        check(row["identity"] == endpoint and row["secure"],
              f"{endpoint} registered as {row.get('identity')}")
    check(len({row["address"] for row in there.values()}) == 4,
          "endpoints share a source port")
    plant.report(20)
    plant.wait_arrived(20, ("SEND",))
    for endpoint, path, value in plant.expected(20):
        got = plant.leshan.read(endpoint, path)
        check(got.code == "2.05" and got.value == value,
              f"Read of {path} of {endpoint} gave {got}, wanted {value}")
        check(plant.leshan.observe(endpoint, path).code == "2.05",
              f"Observe of {path} of {endpoint} was refused")
    plant.report(30)
    plant.wait_arrived(30, ("NOTIFICATION",))
    for endpoint, _, _ in plant.expected(30):
        others = [r for r in plant.leshan.records(endpoint)
                  if r["path"].endswith("/5700") and r["value"] not in
                  [v for n in (20, 30) for e, _, v in plant.expected(n)
                   if e == endpoint]]
        check(not others, f"{endpoint} told values of another: {others}")
    plant.gateway.stop()
    wait_until("de-registrations", lambda: not plant.leshan.clients(), 10)


case_leshan_readings.seconds = 90


def case_leshan_commands(env):
    """Write and Execute through Leshan's REST interface reach the sensor they
    are meant for, over an MQTT topic and as a CoAP request, and no other."""
    plant = Plant(env)
    g = plant.gateway
    plant.wait_registered()
    plant.report(20)  # the gateway has now met every sensor
    watch = env.mosquitto_sub(
        g.mqtt_port, ["plant/boiler/relay/set", "plant/boiler/reset"],
        "boiler", g.passwords["boiler"], client_id="boiler-sub").start()
    for value, word in ((True, "ON"), (False, "OFF")):
        got = plant.leshan.write(plant.boiler, "/3306/0/5850", value,
                                 "boolean")
        check(got.code == "2.04", f"Write to the boiler: {got}")
        watch.wait_line(f"plant/boiler/relay/set {word}")
        got = plant.leshan.write(plant.pump, "/3306/0/5850", value, "boolean")
        check(got.code == "2.04", f"Write to the pump: {got}")
        check(plant.pump_device.requests[-1] ==
              (coap.PUT, "relay", word.encode()),
              f"the pump saw {plant.pump_device.requests}")
    got = plant.leshan.read(plant.pump, "/3306/0/5850")
    check(got.code == "2.05" and got.value is False, f"Read back gave {got}")
    got = plant.leshan.execute(plant.boiler, "/3303/0/5605")
    check(got.code == "2.04", f"Execute on the boiler: {got}")
    watch.wait_line("plant/boiler/reset reset")
    got = plant.leshan.execute(plant.pump, "/3303/0/5605")
    check(got.code == "2.04", f"Execute on the pump: {got}")
    check(plant.pump_device.requests[-1] == (coap.POST, "reset", b"reset"),
          f"the pump saw {plant.pump_device.requests}")
    check(len(plant.pump_device.requests) == 3,
          f"the pump was told more than once: {plant.pump_device.requests}")
    check(not plant.roof_device.requests,
          f"the roof was told {plant.roof_device.requests}")
    got = plant.leshan.write(plant.roof, "/3306/0/5850", True, "boolean")
    check(got.code in ("4.04", "4.05"), f"Write to a sensor without: {got}")
    plant.pump_device.silent = True
    got = plant.leshan.write(plant.pump, "/3306/0/5850", True, "boolean",
                             timeout=15)
    check(got.code.startswith("5."), f"Write to a silent pump: {got}")


def case_leshan_refuses_security(env):
    """Object 0 is closed to Leshan: Read, Write and Discover give 4.01."""
    plant = Plant(env)
    plant.wait_registered()
    got = plant.leshan.rest("GET", "/clients/" + plant.boiler)
    check("</0" not in got["links"], f"object 0 is listed: {got['links']}")
    for path in ("/0", "/0/0", "/0/0/5"):
        got = plant.leshan.read(plant.boiler, path)
        check(got.code == "4.01", f"Read of {path}: {got}")
    got = plant.leshan.discover(plant.boiler, "/0")
    check(got.code == "4.01", f"Discover of /0: {got}")
    got = plant.leshan.write(plant.boiler, "/0/0/0", "coap://x", "string")
    check(got.code == "4.01", f"Write to /0/0/0: {got}")


def case_leshan_restart(env):
    """After Leshan lost everything, all four endpoints and every reading taken
    meanwhile are back without a restart of ours."""
    plant = Plant(env)
    before = plant.wait_registered()
    plant.report(20)
    plant.wait_arrived(20, ("SEND",))
    plant.leshan.kill()
    plant.report(21)  # taken while there is no server
    pids = plant.gateway.roles()
    plant.leshan.start()
    stop = threading.Event()

    def keep_reporting():
        for n in range(22, 60):
            if stop.wait(3):
                return
            plant.report(n)
    reporter = threading.Thread(target=keep_reporting, daemon=True)
    reporter.start()
    started = time.monotonic()
    after = plant.wait_registered(150)
    took = time.monotonic() - started
    plant.wait_arrived(21, ("SEND",), 60)
    stop.set()
    reporter.join()
    check(all(after[e]["registrationId"] != before[e]["registrationId"]
              for e in after), "a registration is the old one")
    check(plant.gateway.roles() == pids, "a process of ours was restarted")
    print(f"     back after {took:.1f} s", flush=True)


case_leshan_restart.seconds = 280

# The pump and the roof stand at fixed addresses.
for case in (case_leshan_readings, case_leshan_commands,
             case_leshan_refuses_security, case_leshan_restart):
    case.uses = ("127.0.0.21:5683", "127.0.0.22:5683")
del case
