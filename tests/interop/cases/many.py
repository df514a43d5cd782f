# SPDX-License-Identifier: GPL-3.0-or-later
"""A hundred virtual clients in one daemon."""
import time

from lib import coap, maps
from lib.peer import check, wait_until

COUNT = 100
TEMPERATURE = "/3303/0/5700"


def case_hundred(env):
    """A hundred sensors register under their own endpoints and keys, no value
    shows up under another's name, and a server restart brings all back."""
    server = env.server({})
    g = env.gateway(server.uri)
    endpoints = {}
    for n in range(1, COUNT + 1):
        ip = f"127.0.1.{n}"
        endpoints[ip] = g.coap_sensor(f"s{n}", ip,
                                      [maps.temperature("coap/temp")])
    server.set_keys(g.psk_identities())
    server.start()
    g.start()

    def all_there():
        return server.endpoints() == set(endpoints.values())
    wait_until("a hundred endpoints", all_there, 40, 0.2)
    identities = {e["ep"]: e["identity"] for e in server.events
                  if e.get("event") == "register"}
    check(all(ep == identity for ep, identity in identities.items()),
          "an endpoint registered under another's identity")

    def report_all(offset):
        for n, ip in enumerate(endpoints):
            sensor = coap.Client("127.0.0.1", g.coap_port, ip)
            got = sensor.request(coap.POST, "temp", f"{offset + n}.5", 0)
            sensor.close()
            check(got and got[0] == "2.04", f"{ip} got {got}")

    def values(endpoint):
        return [r["value"] for r in server.records(endpoint)
                if r["path"] == TEMPERATURE]

    def wait_values(offsets, seconds):
        for n, endpoint in enumerate(endpoints.values()):
            want = {o + n + 0.5 for o in offsets}
            wait_until(f"{want} of {endpoint}",
                       lambda: want <= set(values(endpoint)), seconds, 0.1)
            check(set(values(endpoint)) == want,
                  f"{endpoint} told {set(values(endpoint)) - want}, too")

    report_all(1000)
    wait_values((1000,), 20)
    before = server.mark()
    server.restart()
    report_all(5000)
    started = time.monotonic()
    again = set()

    def all_again():
        again.update(e["ep"] for e in server.events[before:]
                     if e.get("event") == "register")
        return len(again) == COUNT
    wait_until("a hundred endpoints again", all_again, 150, 0.2)
    print(f"     all back after {time.monotonic() - started:.1f} s",
          flush=True)
    wait_values((1000, 5000), 30)
    g.stop(30)


case_hundred.seconds = 280
