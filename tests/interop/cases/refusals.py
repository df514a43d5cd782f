# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has no right is refused as the protocol says, is told of once, and
nothing of what it says goes upstream."""
import time

from lib import coap, maps, mqtt, net
from lib.peer import check, wait_until

TEMPERATURE = "/3303/0/5700"


class Site:
    """Two MQTT sensors and a CoAP one, with our own server above."""

    def __init__(self, env, **more):
        # The keys are made with the sensors, so the server starts after them.
        self.server = env.server({})
        g = self.gateway = env.gateway(self.server.uri, **more)
        self.boiler = g.mqtt_sensor("boiler", [maps.temperature()])
        self.cellar = g.mqtt_sensor("cellar", [maps.temperature()])
        self.pump = g.coap_sensor("pump", "127.0.0.21",
                                  [maps.temperature("coap/temp")])
        self.server.set_keys(g.psk_identities())
        self.server.start()
        g.start()
        for endpoint in (self.boiler, self.cellar, self.pump):
            self.server.wait_registered(endpoint)

    def one_event(self, since, *words):
        """The one event from `since` on whose line holds all the words."""
        g = self.gateway

        def lines():
            with g.condition:
                return [line for line in g.lines[since:] if "event=" in line
                        and all(w in line for w in words)]
        wait_until(f"an event that tells {words}", lines, 5)
        time.sleep(0.3)
        check(len(lines()) == 1, f"{len(lines())} events tell {words}: "
                                 f"{lines()}")
        return lines()[0]

    def nothing_upstream(self, since):
        """Proves it: a good reading sent now is the first that arrives."""
        code, why = mqtt.mosquitto_pub(
            "127.0.0.1", self.gateway.mqtt_port, "plant/boiler/temp", "77.75",
            "boiler", self.gateway.passwords["boiler"], client_id="good")
        check(code == 0, f"a good reading was refused: {why}")
        self.server.wait_record(self.boiler, TEMPERATURE, 77.75, since=since)
        time.sleep(0.3)
        for endpoint in self.server.endpoints():
            wrong = [r for r in self.server.records(endpoint, since=since)
                     if r["path"] == TEMPERATURE and r["value"] != 77.75]
            check(not wrong, f"{endpoint} told upstream {wrong}")
        check(self.server.endpoints() ==
              {self.boiler, self.cellar, self.pump},
              f"endpoints are now {self.server.endpoints()}")


def refused_mqtt(site, user, password, topic="plant/boiler/temp"):
    port = site.gateway.mqtt_port
    client = mqtt.Client("127.0.0.1", port, "intruder", user, password)
    check(client.code == 5, f"CONNACK {client.code} "
                            f"({mqtt.CONNACK_TEXT.get(client.code)}), want 5")
    check(client.closed_within(3), "the connection was left open")
    code, _ = mqtt.mosquitto_pub("127.0.0.1", port, topic, "66.6", user,
                                 password)
    check(code == 5, f"mosquitto_pub ended with {code}, want 5")


def case_refuse_unknown_user(env):
    """An MQTT user that is not configured gets CONNACK 5."""
    site = Site(env)
    since, lines = site.server.mark(), site.gateway.mark()
    client = mqtt.Client("127.0.0.1", site.gateway.mqtt_port, "x", "mallory",
                         "secret")
    check(client.code == 5, f"CONNACK {client.code}, want 5")
    check(client.closed_within(3), "the connection was left open")
    site.one_event(lines, "mallory")
    check("secret" not in site.gateway.tail(1000), "a password is in the log")
    refused_mqtt(site, "mallory", "secret")
    site.nothing_upstream(since)


def case_refuse_wrong_password(env):
    """A known user with a wrong password gets CONNACK 5, and so does one
    without; the right one still gets in."""
    site = Site(env)
    since, lines = site.server.mark(), site.gateway.mark()
    client = mqtt.Client("127.0.0.1", site.gateway.mqtt_port, "x", "boiler",
                         "wrong-guess")
    check(client.code == 5, f"CONNACK {client.code}, want 5")
    site.one_event(lines, "boiler")
    check("wrong-guess" not in site.gateway.tail(1000),
          "a password is in the log")
    refused_mqtt(site, "boiler", "")
    nameless = mqtt.Client("127.0.0.1", site.gateway.mqtt_port, "x")
    check(nameless.code == 5, f"CONNACK {nameless.code} without a user")
    site.nothing_upstream(since)


def case_refuse_unknown_address(env):
    """A CoAP source that no sensor has gets 4.01, by libcoap, too."""
    site = Site(env)
    since, lines = site.server.mark(), site.gateway.mark()
    stranger = coap.Client("127.0.0.1", site.gateway.coap_port, "127.0.0.99")
    got = stranger.request(coap.POST, "temp", "66.6", 0)
    check(got and got[0] == "4.01", f"the stranger got {got}, want 4.01")
    site.one_event(lines, "127.0.0.99")
    uri = f"coap://127.0.0.1:{site.gateway.coap_port}/temp"
    told = coap.libcoap_send(uri, "post", "66.6", "127.0.0.98")
    check("4.01" in told, f"libcoap was told {told!r}")
    pump = coap.Client("127.0.0.1", site.gateway.coap_port, "127.0.0.21")
    got = pump.request(coap.POST, "nonsense", "66.6", 0)
    check(got and got[0] == "4.03", f"a foreign path got {got}, want 4.03")
    site.nothing_upstream(since)


def case_refuse_neighbours_topic(env):
    """A reading on the neighbour's topic is acknowledged as MQTT 3.1.1 has no
    other way, dropped and told of; its own topic still works."""
    site = Site(env)
    since, lines = site.server.mark(), site.gateway.mark()
    cellar = mqtt.Client("127.0.0.1", site.gateway.mqtt_port, "cellar",
                         "cellar", site.gateway.passwords["cellar"])
    check(cellar.code == 0, f"CONNACK {cellar.code} for the cellar")
    cellar.publish("plant/boiler/temp", "66.6")
    site.one_event(lines, "cellar", "plant/boiler/temp")
    check(cellar.subscribe("plant/boiler/#") == 128,
          "the neighbour's topics could be subscribed to")
    cellar.publish("plant/nowhere", "66.6")
    site.nothing_upstream(since)
    cellar.publish("plant/cellar/temp", "12.5")
    site.server.wait_record(site.cellar, TEMPERATURE, 12.5, since=since)


def case_refuse_wrong_interface(env):
    """A sensor's address on another interface than the configured one is a
    stranger's: no 2.xx, and nothing goes upstream."""
    spaces = env.namespaces()
    gw, good, bad = spaces.add("gw"), spaces.add("good"), spaces.add("bad")
    spaces.join(gw, "lan0", "10.77.1.1/24", good, "eth0", "10.77.1.2/24")
    spaces.join(gw, "wan0", "10.77.2.1/24", bad, "eth0", "10.77.2.2/24")
    spaces.set(gw, "net/ipv4/conf/all/rp_filter", 0)
    spaces.set(gw, "net/ipv4/conf/wan0/rp_filter", 0)
    # The stranger claims the sensor's address on its own wire.
    spaces.address(bad, "10.77.1.2/32", "eth0")
    port = net.free_port()

    server = env.server({})
    g = env.gateway(server.uri, namespace=gw)
    pump = g.coap_sensor("pump", "10.77.1.2", [maps.temperature("coap/temp")],
                         interface="lan0")
    g.group["local"] = {"coap": [{"interface": "lan0", "port": port},
                                 {"interface": "wan0", "port": port}]}
    server.set_keys(g.psk_identities())
    server.argv = spaces.inside(gw, server.argv)
    server.start()
    g.start()
    server.wait_registered(pump)
    since, lines = server.mark(), g.mark()

    def send(space, target, value):
        """One reading from a namespace; prints the code it got."""
        sender = env.peer(f"sender-{value}", spaces.inside(space, [
            "python3", "-c",
            "import sys\nsys.dont_write_bytecode = True\n"
            f"sys.path.insert(0, {env.harness!r})\n"
            "from lib import coap\n"
            f"c = coap.Client({target!r}, {port}, '10.77.1.2')\n"
            f"print('got', c.request(coap.POST, 'temp', {value!r}, 0, 4))"]))
        sender.start()
        return sender.wait_line("got", 10)

    told = send(bad, "10.77.2.1", "66.5")
    check("'2." not in told, f"the stranger {told}")
    check("4.01" in told or "None" in told, f"the stranger {told}")
    found = [line for line in g.lines[lines:] if "event=" in line
             and "10.77.1.2" in line]
    check(len(found) == 1, f"events about the stranger: {found}")
    told = send(good, "10.77.1.1", "21.5")
    check("2.04" in told, f"the sensor itself {told}")
    server.wait_record(pump, TEMPERATURE, 21.5, since=since)
    values = [r["value"] for r in server.records(pump, since=since)
              if r["path"] == TEMPERATURE]
    check(66.5 not in values, f"upstream there is {values}")


def case_refuse_wrong_key_upstream(env):
    """A sensor whose key the server does not know is not registered, while
    its neighbour is."""
    server = env.server({})
    g = env.gateway(server.uri)
    bad = g.mqtt_sensor("bad", [maps.temperature()])
    good = g.mqtt_sensor("good", [maps.temperature()])
    keys = g.psk_identities()
    keys[bad] = "00" * 16
    server.set_keys(keys)
    server.start()
    g.start()
    server.wait_registered(good)
    time.sleep(3)
    check(server.endpoints() == {good}, f"registered: {server.endpoints()}")
