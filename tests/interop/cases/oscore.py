# SPDX-License-Identifier: GPL-3.0-or-later
"""OSCORE against servers that are not ours. A relay looks at every datagram:
what is no empty message must carry option 9, whatever the peers believe."""
from lib import coap, maps
from lib.peer import check, wait_until
from lib.wire import Wire

TEMPERATURE, RELAY = "/3303/0/5700", "/3306/0/5850"


class Pump:
    """One CoAP sensor whose account is protected by OSCORE alone."""

    def __init__(self, env, server, relay, start, gateway):
        self.server, self.relay, self.gateway = server, relay, gateway
        gateway.group["servers"][0]["oscore_start"] = start
        self.wire = Wire(relay)
        self.device = env.coap_sensor("127.0.0.66")

    def report(self, text):
        got = self.device.report("127.0.0.1", self.gateway.coap_port, "temp",
                                 text)
        check(got == "2.04", f"the pump's reading got {got}")


def pump(gateway):
    return gateway.coap_sensor("pump", "127.0.0.66",
                               [maps.temperature("coap/temp")],
                               [maps.relay("coap/relay")], mode="nosec")


def case_oscore_aiocoap(env):
    """Register, Update and Send over OSCORE at aiocoap, which asks back under
    the same keys. A restart costs an Update, and observations go on; after a
    kill both go on from numbers that were not used."""
    gateway = env.gateway("coap://127.0.0.1:1")
    endpoint = pump(gateway)
    gateway.seal()
    gateway.group["gateway"]["on_stop"] = "keep"
    server = env.aiocoap(gateway.oscore("pump", "0a01", "53", "9e7ca922")
                         ).start()
    relay = env.relay(server.port)
    gateway.group["servers"][0]["uri"] = f"coap://127.0.0.1:{relay.port}"
    plant = Pump(env, server, relay, "b1", gateway)
    gateway.start()
    got = server.wait("request", lambda e: e["path"] == "/rd", 20)
    check(f"ep={endpoint}" in got["query"], f"Register of {got['query']}")

    plant.report("21.5")
    got = server.ask(f"read {TEMPERATURE}")
    check(got["code"] == "2.05" and got["payload"] == "21.5" and
          got["protected"], f"Read: {got}")
    check(server.ask(f"read {RELAY}x")["code"] == "4.04",
          "a path that is no path was found")
    check(server.ask(f"observe {TEMPERATURE}")["payload"] == "21.5", "Observe")
    plant.report("22.5")
    server.wait("notification", lambda e: e["payload"] == "22.5")
    got = server.ask(f"write {RELAY} 1")
    check(got["code"] == "2.04", f"Write: {got}")
    check(plant.device.requests[-1] == (coap.PUT, "relay", b"ON"),
          f"the pump saw {plant.device.requests}")
    plant.wire.check(10)

    mark, told = server.mark(), plant.wire.notifications
    gateway.stop()
    gateway.start()
    server.wait("request", lambda e: e["path"] == "/rd/one", 10, mark)
    # aiocoap knows an observation by the address too, and resets this one.
    wait_until("a notification", lambda: plant.wire.notifications > told, 10)
    check(not any(e["path"] == "/rd" for e in server.events("request", mark)),
          "a second Register")

    mark = server.mark()
    gateway.kill()
    gateway.start()
    server.wait("request", lambda e: e["path"].startswith("/rd"), 30, mark)
    got = server.ask(f"read {TEMPERATURE}")
    check(got["code"] == "2.05" and got["payload"] == "22.5", f"Read: {got}")
    check(not server.events("plain"), "aiocoap got a plain request")
    plant.wire.check(16)
    print(f"     {plant.wire.protected} protected messages, none other",
          flush=True)


case_oscore_aiocoap.seconds = 40
case_oscore_aiocoap.uses = {"127.0.0.66"}


def case_oscore_leshan(env):
    """Leshan with OSCORE: new keys for each start (RFC 8613 B.2), then
    Register, Send, Read, Observe, Write and De-register under them."""
    gateway = env.gateway("coap://127.0.0.1:1")
    endpoint = pump(gateway)
    server = env.leshan_oscore(endpoint, gateway.oscore("pump", "0a", "0b")
                               ).start()
    relay = env.relay(server.port)
    gateway.group["servers"][0]["uri"] = f"coap://127.0.0.1:{relay.port}"
    plant = Pump(env, server, relay, "auto", gateway)
    gateway.start()
    got = server.wait("registered", lambda e: e["endpoint"] == endpoint, 20)
    check("oscore" in got["peer"].lower(), f"registered as {got['peer']}")

    plant.report("21.5")
    got = server.ask(f"read {TEMPERATURE}")
    check(got["code"] == "2.05" and float(got["payload"]) == 21.5,
          f"Read: {got}")
    got = server.ask(f"observe {TEMPERATURE}")
    check(got["code"] == "2.05", f"Observe: {got}")
    plant.report("22.5")
    server.wait("notification", lambda e: float(e["payload"]) == 22.5)
    got = server.ask(f"write {RELAY} true")
    check(got["code"] == "2.04", f"Write: {got}")
    check(plant.device.requests[-1] == (coap.PUT, "relay", b"ON"),
          f"the pump saw {plant.device.requests}")

    mark = server.mark()
    gateway.kill()
    gateway.start()
    server.wait("registered", lambda e: e["endpoint"] == endpoint, 60, mark)
    got = server.ask(f"read {TEMPERATURE}")
    check(got["code"] == "2.05" and float(got["payload"]) == 22.5,
          f"Read after a kill: {got}")
    mark = server.mark()
    gateway.stop()
    server.wait("unregistered", lambda e: e["endpoint"] == endpoint, 5, mark)
    plant.wire.check(20)
    print(f"     {plant.wire.protected} protected messages, none other",
          flush=True)


case_oscore_leshan.seconds = 90
case_oscore_leshan.uses = {"127.0.0.66"}


def case_oscore_wrong_key(env):
    """A server with another secret: its error without protection ends nothing,
    and is told when the time is over."""
    gateway = env.gateway("coap://127.0.0.1:1")
    pump(gateway)
    gateway.seal()
    keys = gateway.oscore("pump", "0a01", "53")
    server = env.aiocoap({**keys, "secret": "00" * 16}).start()
    group = gateway.group["servers"][0]
    group["uri"], group["oscore_start"] = f"coap://127.0.0.1:{server.port}", "b1"
    gateway.start()
    got = wait_until("the hint", lambda: [e for e in gateway.events()
                                          if e["event"] == "oscore_refused"],
                     110)[0]
    check(got["code"] == "400", f"told: {got}")
    told = str(gateway.ctl_json("doctor", "pump"))
    check("cannot decrypt" in told and "/21/x/0" in told, f"doctor: {told}")
    check(not server.events("request"), "aiocoap took a request")


case_oscore_wrong_key.waits = True
case_oscore_wrong_key.seconds = 140
