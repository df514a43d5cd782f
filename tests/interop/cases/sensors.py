# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sensor and its server may rely on at the two doors: provenance,
ranges, commands to a sensor that is away, wills, keep-alive."""
import time

from lib import coap, maps, mqtt
from lib.peer import check, wait_until

TEMPERATURE, SWITCH = "/3303/0/5700", "/3306/0/5850"
RELAY = "plant/boiler/relay/set"
STATE = {"topic": "plant/{id}/state",
         "alive": [["online", True], ["offline", False]]}


class Site:
    """An MQTT sensor and a CoAP one, with our own server above. The boiler
    may have commands, the pump measures between -40 and 125."""

    def __init__(self, env, down=()):
        self.server = env.server({})
        g = self.gateway = env.gateway(self.server.uri)
        self.boiler = g.mqtt_sensor("boiler", [maps.temperature(), STATE],
                                    down)
        self.pump = g.coap_sensor("pump", "127.0.0.21", [
            maps.temperature("coap/temp", range=[-40.0, 125.0])])
        self.server.set_keys(g.psk_identities())
        self.server.start()
        g.start()
        for endpoint in (self.boiler, self.pump):
            self.server.wait_registered(endpoint)

    def connect(self, client_id="boiler", **more):
        """The boiler's connection, which must be accepted."""
        g = self.gateway
        client = mqtt.Client("127.0.0.1", g.mqtt_port, client_id, "boiler",
                             g.passwords["boiler"], **more)
        check(client.code == 0, f"CONNACK {client.code}")
        return client

    def read(self, endpoint, path):
        """The value that a Read gives, or the code that refused it."""
        got = self.server.ask("read", endpoint, path)
        if got["code"] != "2.05":
            return got["code"]
        return got["records"][0]["value"]

    def switch(self, value):
        """The code that a Write to the boiler's switch gets."""
        return self.server.ask("write", self.boiler, SWITCH,
                               value=value)["code"]

    def online(self, sensor="boiler"):
        rows = {r["id"]: r for r in self.gateway.ctl_json("sensors")}
        return rows[sensor]["online"]

    def wait_online(self, wanted, seconds=5.0):
        wait_until(f"the boiler to be {'on' if wanted else 'off'}line",
                   lambda: self.online() == wanted, seconds, 0.1)

    def values(self, endpoint, since=0):
        return [r["value"] for r in self.server.records(endpoint, since=since)
                if r["path"] == TEMPERATURE]


def case_provenance(env):
    """A server can read how a sensor proved itself, what that is worth and
    which gateway says so; before the first proof it is nothing."""
    site = Site(env)
    for n, want in ((0, "none"), (1, "none"), (3, "gw")):
        got = site.read(site.boiler, f"/33001/0/{n}")
        check(got == want, f"before a proof /33001/0/{n} is {got!r}")
    started = time.time()
    site.connect().publish("plant/boiler/temp", "21.5")
    coap.Client("127.0.0.1", site.gateway.coap_port, "127.0.0.21").request(
        coap.POST, "temp", "22.5", 0)
    for endpoint, value in ((site.boiler, 21.5), (site.pump, 22.5)):
        site.server.wait_record(endpoint, TEMPERATURE, value)
    for endpoint, method, level in ((site.boiler, "password", "secret"),
                                    (site.pump, "address", "weak")):
        got = [site.read(endpoint, f"/33001/0/{n}") for n in range(2)]
        check(got == [method, level], f"{endpoint} is told to be {got}")
        proof = site.read(endpoint, "/33001/0/2")
        check(isinstance(proof, (int, float)) and abs(proof - started) < 10,
              f"the last proof of {endpoint} was at {proof}")
    got = site.server.ask("write", site.boiler, "/33001/0/1",
                          value="protected")["code"]
    check(got == "4.05", f"a Write to the level got {got}, want 4.05")


def case_out_of_range(env):
    """A value outside the rule's range gets 4.22, as does one that is no
    number its 4.00, and nothing of either goes upstream."""
    site = Site(env)
    since = site.server.mark()
    pump = coap.Client("127.0.0.1", site.gateway.coap_port, "127.0.0.21")
    for text, want in (("125.5", "4.22"), ("-40.5", "4.22"), ("nan", "4.00"),
                       ("warm", "4.00"), ("125", "2.04"), ("-40", "2.04")):
        got = pump.request(coap.POST, "temp", text, 0)
        check(got and got[0] == want, f"{text} got {got}, want {want}")
    site.server.wait_record(site.pump, TEMPERATURE, -40, since=since)
    time.sleep(0.3)
    check(site.values(site.pump, since) == [125, -40],
          f"upstream there is {site.values(site.pump, since)}")
    refused = [e for e in site.gateway.events()
               if e["event"] == "payload_refused" and e["sensor"] == "pump"]
    check(len(refused) == 4, f"{len(refused)} events tell of 4 refusals")


def case_command_offline_confirm(env):
    """A command that the sensor must confirm gets 5.03 while it is away or
    listens to nothing, and 2.04 when it took it; an old one never comes."""
    site = Site(env, [maps.relay()])
    check(site.switch(True) == "5.03", "away: not 5.03")
    boiler = site.connect()
    check(site.switch(True) == "5.03", "connected, not subscribed: not 5.03")
    check(boiler.subscribe(RELAY) == 1, "its own topic was refused")
    site.server.write('{"id":900,"op":"write","ep":"%s","path":"%s",'
                      '"value":false}\n' % (site.boiler, SWITCH))
    got = boiler.wait_message()
    check(got == (RELAY, b"OFF"), f"the first command is {got}, not the last")
    site.server.wait_event("response", lambda e: e.get("id") == 900
                           and e["code"] == "2.04")
    check(site.read(site.boiler, SWITCH) is False, "Read back is not false")


def case_command_stored(env):
    """A command to be stored gets 2.04 at once and reaches the sensor when it
    subscribes, once, in order, across kill -9 of the inner door."""
    site = Site(env, [maps.relay(answer="store")])
    g = site.gateway
    for value in (True, False):
        got = site.switch(value)
        check(got == "2.04", f"a Write to an absent sensor got {got}")
    since = site.server.mark()
    g.wait_role_again("inner", g.kill_role("inner"))
    site.server.wait_registered(site.boiler, since=since)
    boiler = site.connect()
    time.sleep(0.3)
    check(not boiler.received, "a command came before the subscription")
    boiler.subscribe(RELAY)
    got = [boiler.wait_message(15), boiler.wait_message(15)]
    check(got == [(RELAY, b"ON"), (RELAY, b"OFF")], f"the sensor got {got}")
    wait_until("the switch to be read as off",
               lambda: site.read(site.boiler, SWITCH) is False, 5, 0.1)
    boiler.disconnect()
    again = site.connect("boiler-2")
    again.subscribe(RELAY)
    try:
        check(False, f"done, and yet there is {again.wait_message(3)} again")
    except TimeoutError:
        pass


def case_will(env):
    """A last will on a topic with an `alive` map marks the sensor offline when
    the connection breaks; an orderly DISCONNECT does not speak the will."""
    site = Site(env)
    will = ("plant/boiler/temp", "99.5")
    boiler = site.connect(will=("plant/boiler/state", "offline"))
    boiler.publish("plant/boiler/state", "online")
    site.wait_online(True)
    boiler.publish("plant/boiler/state", "offline")
    site.wait_online(False)
    boiler.publish("plant/boiler/state", "online")
    site.wait_online(True)
    # A second connection holds the sensor up, so that it is the will that
    # tells of the first one's end.
    other = site.connect("boiler-2", will=will)
    boiler.abort()
    site.wait_online(False)
    since = site.server.mark()
    other.publish("plant/boiler/temp", "20.5")
    other.disconnect()
    broken = site.connect("boiler-3", will=will)
    broken.abort()
    site.server.wait_record(site.boiler, TEMPERATURE, 99.5, since=since)
    check(site.values(site.boiler, since) == [20.5, 99.5],
          f"upstream there is {site.values(site.boiler, since)}")
    refused = mqtt.Client("127.0.0.1", site.gateway.mqtt_port, "boiler-4",
                          "boiler", site.gateway.passwords["boiler"],
                          will=("plant/pump/state", "offline"))
    refused.abort()
    wait_until("the will on a foreign topic to be refused", lambda: [
        e for e in site.gateway.events() if e["event"] == "topic_foreign"
        and e["topic"] == "plant/pump/state"], 5)


def case_qos_0(env):
    """Readings without acknowledgement arrive, in order, by mosquitto_pub,
    too."""
    site = Site(env)
    g = site.gateway
    since = site.server.mark()
    boiler = site.connect()
    for n in range(20):
        boiler.publish("plant/boiler/temp", f"{n}.5", qos=0)
    boiler.ping()
    code, why = mqtt.mosquitto_pub("127.0.0.1", g.mqtt_port,
                                   "plant/boiler/temp", "20.5", "boiler",
                                   g.passwords["boiler"], qos=0,
                                   client_id="pub")
    check(code == 0, why)
    site.server.wait_record(site.boiler, TEMPERATURE, 20.5, since=since)
    got = site.values(site.boiler, since)
    check(got == [n + 0.5 for n in range(21)], f"upstream there is {got}")


def case_keep_alive(env):
    """Silence for one and a half times the keep-alive ends the connection and
    speaks the will; a PINGREQ in time does not."""
    site = Site(env)
    quiet = site.connect("quiet", keepalive=2,
                         will=("plant/boiler/temp", "66.5"))
    alive = site.connect("alive", keepalive=2)
    started = time.monotonic()
    for _ in range(4):
        time.sleep(1)
        alive.ping()
    took = time.monotonic() - started
    check(quiet.closed_within(0.5), f"still open after {took:.1f} s")
    alive.publish("plant/boiler/temp", "21.5")
    site.server.wait_record(site.boiler, TEMPERATURE, 66.5)
    site.server.wait_record(site.boiler, TEMPERATURE, 21.5)
    again = site.connect("quiet", keepalive=2)
    check(not again.closed_within(2), "closed before its time")


def case_same_client_id(env):
    """Two sensors with one MQTT client id are both live; the same sensor with
    the same id takes its own place."""
    server = env.server({})
    g = env.gateway(server.uri)
    endpoints = {name: g.mqtt_sensor(name, [maps.temperature()])
                 for name in ("boiler", "cellar")}
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    clients = {}
    for name, endpoint in endpoints.items():
        server.wait_registered(endpoint)
        clients[name] = mqtt.Client("127.0.0.1", g.mqtt_port, "ESP_0001", name,
                                    g.passwords[name])
        check(clients[name].code == 0, f"CONNACK {clients[name].code}")
    for number in (1.5, 2.5):
        for name, endpoint in endpoints.items():
            clients[name].publish(f"plant/{name}/temp", str(number))
            server.wait_record(endpoint, TEMPERATURE, number)
    mqtt.Client("127.0.0.1", g.mqtt_port, "ESP_0001", "boiler",
                g.passwords["boiler"])
    check(clients["boiler"].closed_within(3), "the old place was not taken")
    clients["cellar"].publish("plant/cellar/temp", "3.5")
    server.wait_record(endpoints["cellar"], TEMPERATURE, 3.5)
