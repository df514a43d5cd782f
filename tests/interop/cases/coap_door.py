# SPDX-License-Identifier: GPL-3.0-or-later
"""CoAP sensors at the outer door, played by libcoap's client and by aiocoap:
what they find, how they say values, and how they observe their commands."""
import os

from lib import coap, maps, net
from lib.aiocoap import HERE, python
from lib.peer import check, run, wait_until

TEMPERATURE, SWITCH = "/3303/0/5700", "/3306/0/5850"
FORM = {"topic": "coap/env", "format": "form", "put": [
    {"from": "t", "to": "/3303/0/5700", "unit": "Cel"},
    {"from": "h", "to": "/3304/0/5700"}]}
SENSOR = "127.0.0.33"
LINKS = '</rd>;rt="core.rd",</relay>;obs,</temp>,</env>'


class Site:
    def __init__(self, env, extra=()):
        self.env = env
        self.server = env.server({})
        g = self.gateway = env.gateway(self.server.uri)
        self.endpoint = g.coap_sensor("cellar", SENSOR, [
            maps.temperature("coap/temp"), FORM, *extra],
            [maps.relay("coap/relay", timeout="1s")])
        self.server.set_keys(g.psk_identities())
        self.server.start()
        g.start()
        self.server.wait_registered(self.endpoint)
        self.uri = f"coap://127.0.0.1:{g.coap_port}"

    def ask(self, method, path, *more):
        """What libcoap's client prints of one request."""
        code, out, error = run([coap.coap_client(), "-a", SENSOR, "-B", "10",
                                "-m", method, *more, self.uri + path], 20)
        check(code == 0, f"coap-client ended with {code}: {error}")
        return (out + error).strip()

    def switch(self, value):
        return self.server.ask("write", self.endpoint, SWITCH,
                               value=value)["code"]


# The row of ETSI's plugtests, what libcoap's client is told, what it prints.
ROWS = (
    ("TD_COAP_CORE_01", ("get", "/temp"), "4.05"),
    ("TD_COAP_CORE_02", ("delete", "/temp"), "4.05"),
    ("TD_COAP_CORE_03", ("put", "/temp", "-e", "1.5"), ""),
    ("TD_COAP_CORE_04", ("post", "/temp", "-e", "2.5"), ""),
    ("TD_COAP_CORE_05", ("get", "/relay", "-N"), ""),
    ("TD_COAP_CORE_08", ("post", "/temp", "-N", "-e", "3.5"), ""),
    ("TD_COAP_CORE_10", ("put", "/temp", "-T", "12345678", "-e", "4.5"), ""),
    ("TD_COAP_CORE_14", ("get", "/env?t=21.5&h=40"), ""),
    ("TD_COAP_CORE_20", ("get", "/relay", "-A", "60"), "4.06"),
    ("TD_COAP_CORE_22", ("put", "/temp", "-O", "1,etag", "-e", "1"), "4.12"),
    ("TD_COAP_CORE_23", ("put", "/temp", "-O", "5,", "-e", "1"), "4.12"),
    ("TD_COAP_LINK_01", ("get", "/.well-known/core"),
     LINKS),
    ("TD_COAP_BLOCK_01", ("get", "/.well-known/core", "-b", "0,16"),
     LINKS),
    ("TD_COAP_BLOCK_03", ("put", "/temp", "-b", "16", "-e", " " * 40 + "5.5"),
     ""),
    ("TD_COAP_BLOCK_04", ("post", "/temp", "-b", "16", "-e", " " * 40 + "6.5"),
     ""),
    ("unknown critical option", ("put", "/temp", "-O", "65001,x", "-e", "1"),
     "4.02"),
    ("unknown elective option", ("put", "/temp", "-O", "65000,x", "-e", "7.5"),
     ""),
    ("Proxy-Uri", ("get", "/temp", "-O", "35,coap://[::1]/"), "5.05"),
)


def case_plugtest_by_libcoap(env):
    """The rows of ETSI's CoAP plugtests that coap-client can play, and the
    values that came of them at the server."""
    site = Site(env)
    since = site.server.mark()
    for row, arguments, want in ROWS:
        got = site.ask(*arguments)
        if want[:1].isdigit():
            got = got[:4]
        check(got == want, f"{row}: {got!r}, not {want!r}")
    for value in (1.5, 2.5, 3.5, 4.5, 21.5, 5.5, 6.5, 7.5):
        site.server.wait_record(site.endpoint, TEMPERATURE, value, since=since)
    site.server.wait_record(site.endpoint, "/3304/0/5700", 40, since=since)


def case_observed_commands_libcoap(env):
    """coap-client observes the relay and gets each command once, in order; with
    it gone the command goes to the sensor's own server."""
    site = Site(env)
    watch = env.peer("watch", [coap.coap_client(), "-a", SENSOR, "-s", "60",
                               "-B", "60", "-w", "-v", "6", "-m", "get",
                               site.uri + "/relay"])
    watch.start()
    wait_until("the observation", lambda: site.switch(True) == "2.04", 15, 0.2)
    for value in (False, True, False):
        got = site.switch(value)
        check(got == "2.04", f"a Write got {got}")
    wait_until("the commands at the client", lambda: [
        line for line in watch.lines if line in ("ON", "OFF")] == [
            "ON", "OFF", "ON", "OFF"], 10, 0.1)
    watch.kill()
    own = env.coap_sensor(SENSOR)
    # The observer is gone without a word: three commands find that out.
    got = [site.switch(True) for _ in range(4)]
    check(got[-1] == "2.04" and own.requests[-1] == (coap.PUT, "relay", b"ON"),
          f"after the observer was gone: {got}, {own.requests}")


def case_aiocoap_sensor(env):
    """aiocoap finds its resources, posts, registers in the directory, and
    observes its commands."""
    site = Site(env)
    sensor = env.peer("sensor", [
        python(), os.path.join(HERE, "aiocoap", "sensor.py"), site.uri, SENSOR])
    sensor.start("links")
    check(any(LINKS in line for line in sensor.lines),
          f"aiocoap found {sensor.lines}")
    site.server.wait_record(site.endpoint, TEMPERATURE, 8.5)
    sensor.wait_line("registered 2.01 Created rd/0")
    sensor.wait_line("observing")
    for value, word in ((True, "ON"), (False, "OFF")):
        got = site.switch(value)
        check(got == "2.04", f"a Write got {got}")
        sensor.wait_line(f"command {word}")


def case_polled_sensor(env):
    """A sensor that is a CoAP server is asked in its time, and goes upstream;
    libcoap's server, observed, brings each change."""
    server = env.server({})
    g = env.gateway(server.uri)
    port = net.free_port()
    maps_of = [maps.temperature("coap/temp") | {"poll": "1s"}]
    polled = g.coap_sensor("polled", "127.0.0.34", maps_of)
    watched = g.coap_sensor("watched", "127.0.0.35", [
        maps.temperature("coap/example_data") | {"observe": True}],
        coap_port=port)
    server.set_keys(g.psk_identities())
    sensor = env.coap_sensor("127.0.0.34")
    sensor.values["temp"] = b"21.5"
    peer = env.peer("coap-server", [coap.libcoap("server"), "-A", "127.0.0.35",
                                    "-p", port])
    peer.start()
    uri = f"coap://127.0.0.35:{port}/example_data"
    wait_until("coap-server to take a value", lambda: coap.libcoap_send(
        uri, "put", "1.5", seconds=2) == "", 10, 0.1)
    server.start()
    g.start()
    for endpoint, value in ((polled, 21.5), (watched, 1.5)):
        server.wait_record(endpoint, TEMPERATURE, value, seconds=20)
    sensor.values["temp"] = b"22.5"
    server.wait_record(polled, TEMPERATURE, 22.5)
    for value in ("2.5", "3.5"):
        coap.libcoap_send(uri, "put", value)
        server.wait_record(watched, TEMPERATURE, float(value))
    rows = {r["id"]: r for r in g.ctl_json("sensors")}
    check(rows["polled"]["online"] and rows["watched"]["online"],
          f"sensors that answer are {rows}")
