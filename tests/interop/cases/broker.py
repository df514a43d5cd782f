# SPDX-License-Identifier: GPL-3.0-or-later
"""Sensors behind a broker that is there already: mosquitto."""
from lib import maps, mqtt, net
from lib.peer import check, wait_until

TEMPERATURE, SWITCH = "/3303/0/5700", "/3306/0/5850"


def values(server, endpoint):
    return [r["value"] for r in server.records(endpoint)
            if r["path"] == TEMPERATURE]


class Site:
    """mosquitto, a gateway that subscribes there, our own server above."""

    def __init__(self, env, version="3.1.1", rules="allow_anonymous true",
                 before=None, **more):
        env.need("mosquitto", "mosquitto_pub", "mosquitto_sub")
        self.env, self.port = env, net.free_tcp_port()
        path = env.directory + "/mosquitto.conf"
        with open(path, "w", encoding="ascii") as f:
            f.write(f"listener {self.port} 127.0.0.1\n{rules}\n")
        self.broker = env.peer("mosquitto", ["mosquitto", "-v", "-c", path])
        self.broker.start("running")
        if before is not None:
            before(self)
        self.server, self.gateway, self.endpoint = self.attach(
            version=version, **more)

    def attach(self, number="", **entry):
        """A gateway that subscribes there, and the server above it."""
        server = self.env.server({}, name="server" + number)
        g = self.env.gateway(server.uri, name="gateway" + number)
        g.gateway_name += number
        g.group["gateway"]["name"] = g.gateway_name
        g.group["local"]["broker"] = [{
            "name": "shed", "host": "127.0.0.1", "port": self.port,
            "topics": ["plant/#"]} | entry]
        endpoint = g.sensor("boiler", [], [maps.temperature()],
                            [maps.relay()], via="shed", accept_weak=True)
        del g.sensors["boiler"]["authenticate"]
        server.set_keys(g.psk_identities())
        server.start()
        g.start()
        return server, g, endpoint

    def publish(self, value, topic="plant/boiler/temp", extra=()):
        code, why = mqtt.mosquitto_pub("127.0.0.1", self.port, topic,
                                       str(value), qos=1, extra=extra)
        check(code == 0, f"mosquitto_pub: exit {code}: {why}")

    def values(self):
        return values(self.server, self.endpoint)

    def connected(self, since=0):
        wait_until("the broker", lambda: any(
            e.get("event") == "broker_connected"
            for e in self.gateway.events(since)))

    def arrives(self, value):
        self.server.wait_record(self.endpoint, TEMPERATURE, value)


def readings(env, version):
    site = Site(env, version)
    site.connected()
    site.server.wait_registered(site.endpoint)
    site.publish(1.5, topic="plant/stranger/temp")
    site.publish(20.5)
    site.arrives(20.5)
    sub = env.add(mqtt.MosquittoSub(env.directory, "127.0.0.1", site.port,
                                    "plant/boiler/relay/set"))
    sub.start()
    got = site.server.ask("write", site.endpoint, SWITCH, value=True)["code"]
    check(got == "2.04", f"the command got {got}")
    sub.wait_line("plant/boiler/relay/set ON")
    check(site.values() == [20.5], f"upstream there is {site.values()}")


def case_broker_readings(env):
    """What devices tell mosquitto arrives, others' topics do not; a command
    goes there and is done at its PUBACK."""
    readings(env, "3.1.1")


def case_broker_readings_5(env):
    """The same with version 5."""
    readings(env, "5")


def retained(env, want, **more):
    """A message that was retained before we came, then one that was not."""
    site = Site(env, before=lambda s: s.publish(18.5, extra=["-r"]), **more)
    site.connected()
    site.publish(20.5)
    site.arrives(20.5)
    check(site.values() == want, f"upstream there is {site.values()}")


def case_broker_retained_dropped(env):
    """What the broker retained from before is no reading."""
    retained(env, [20.5])


def case_broker_retained_taken(env):
    """Unless the entry says so."""
    retained(env, [18.5, 20.5], retained="take")


def case_broker_retained_taken_5(env):
    """The same with version 5."""
    retained(env, [18.5, 20.5], version="5", retained="take")


def connected(gateway):
    wait_until("the broker", lambda: any(
        e.get("event") == "broker_connected" for e in gateway.events()))


def case_broker_shared(env):
    """Two gateways share a subscription: each message goes to one of them."""
    site = Site(env, topics=["$share/gateways/plant/#"])
    server, gateway, endpoint = site.attach(
        "2", topics=["$share/gateways/plant/#"])
    site.connected()
    connected(gateway)
    want = [20.5 + n for n in range(20)]
    for value in want:
        site.publish(value)
    both = [site.values, lambda: values(server, endpoint)]
    wait_until("all of them", lambda: sum(len(v()) for v in both) >= len(want))
    got = [v() for v in both]
    check(sorted(got[0] + got[1]) == want and all(got), f"there are {got}")


def case_broker_kept(env):
    """What is published while the gateway is down arrives when it is back."""
    site = Site(env)
    site.connected()
    site.publish(20.5)
    site.arrives(20.5)
    site.gateway.kill_supervisor()
    for n in range(30):
        site.publish(30.5 + n)
    site.gateway.start()
    for n in range(30):
        site.arrives(30.5 + n)


def case_broker_killed(env):
    """Kill -9 of each door under readings loses none of them."""
    site = Site(env)
    site.connected()
    want, g = [], site.gateway
    for role in ("outer", "inner", "outer"):
        for n in range(10):
            want.append(20.5 + len(want))
            site.publish(want[-1])
            if n == 4:
                g.wait_role_again(role, g.kill_role(role))
    for value in want:
        site.arrives(value)


def case_broker_restarts(env):
    """mosquitto dies and comes again: so do we, and readings go on."""
    site = Site(env)
    site.connected()
    since = site.gateway.mark()
    site.broker.kill()
    wait_until("the loss", lambda: any(e.get("event") == "broker_lost"
                                       for e in site.gateway.events(since)))
    site.broker.start("running")
    site.connected(since)
    site.publish(21.5)
    site.arrives(21.5)


def case_broker_refuses(env):
    """A broker that wants a password says so, and the event tells it."""
    site = Site(env, rules="allow_anonymous false")
    wait_until("the refusal", lambda: any(
        e.get("event") == "broker_lost" and e.get("code") == "5" and
        "refused" in e.get("why", "") for e in site.gateway.events()))
