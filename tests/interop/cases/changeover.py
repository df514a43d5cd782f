# SPDX-License-Identifier: GPL-3.0-or-later
"""Sensors that go, come and change in the middle of what they say: what their
server sees of it, and what becomes of what they said."""
import os

from lib import maps, mqtt
from lib.gateway import settings
from lib.ledger import Ledger
from lib.peer import check, wait_until

QUICK, LONG = 3, 40
MUTE_SEND = "/1/0/23"
NAMES = ("stays", "changes", "goes", "comes")


def told(server, endpoint, since):
    """The life of one registration, in order."""
    return [e["event"] for e in server.events[since:]
            if e.get("ep") == endpoint and
            e["event"] in ("register", "update", "deregister")]


def case_changeover(env):
    """Reloads while the sensors that they concern publish: each goodbye comes
    once and before the successor, and nothing that was accepted is lost, of one
    that went while its readings waited neither."""
    server = env.server({})
    g = env.gateway(server.uri)
    endpoint = {n: g.mqtt_sensor(n, [maps.temperature()]) for n in NAMES}
    server.set_keys(g.psk_identities())
    g.write_configuration()

    def put(name, **more):
        g._write(f"sensors.d/{name}.conf",
                 settings({"sensors": [{**g.sensors[name], **more}]}))

    def take_away(name):
        os.unlink(os.path.join(g.root, f"sensors.d/{name}.conf"))

    take_away("comes")
    server.start()
    g.start()
    for name in NAMES[:3]:
        server.wait_registered(endpoint[name])
    sensors = {name: mqtt.Publisher("127.0.0.1", g.mqtt_port, name,
                                    f"plant/{name}/temp", name,
                                    g.passwords[name], 0.02)
               for name in NAMES}
    got = server.ask("write", endpoint["goes"], MUTE_SEND, value=True)
    check(got["code"] == "2.04", f"Mute Send was answered {got['code']}")
    for sensor in sensors.values():
        sensor.start()
    wait_until("something that waits for its server",
               lambda: len(sensors["goes"].acknowledged) > 5)
    check(not server.messages(endpoint["goes"]), "Send is not muted")
    away = "goes"
    for number in range(LONG if env.long else QUICK):
        there = "comes" if away == "goes" else "goes"
        since = server.mark()
        put("changes", model=f"model {number}")
        put(there)
        take_away(away)
        code, _, error = g.ctl("reload", seconds=60)
        check(code == 0, f"sallyportctl reload ended with {code}: {error}")
        for name in ("changes", there):
            server.wait_registered(endpoint[name], since=since)
            before = len(sensors[name].acknowledged)
            wait_until(f"something of {name}", lambda name=name,
                       before=before: len(sensors[name].acknowledged) >
                       before + 2, 20)
        for name, wanted in (("stays", []), (away, ["deregister"]),
                             (there, ["register"]),
                             ("changes", ["deregister", "register"])):
            got = told(server, endpoint[name], since)
            check(got == wanted, f"{name}: {got}, not {wanted}")
        away = there
    check(sensors["stays"].connects == 1, "one that stays lost its connection")
    put("goes")
    put("comes")
    check(g.ctl("reload", seconds=60)[0] == 0, "the last reload failed")
    for sensor in sensors.values():
        sensor.finish()
    ledger = Ledger({endpoint[n]: s for n, s in sensors.items()},
                    server.messages)
    ledger.wait_all_arrived()
    ledger.check_none_invented()
    check(ledger.repeats(endpoint["stays"]) == (set(), 0),
          "something of one that stays came twice")
    g.stop()


case_changeover.seconds, case_changeover.long_seconds = 90, 300
