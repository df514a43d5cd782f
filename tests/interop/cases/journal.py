# SPDX-License-Identifier: GPL-3.0-or-later
"""The security journal of the running gateway."""
import base64
import os
import sqlite3

from lib import maps, mqtt
from lib.peer import check, wait_until


def plant(env):
    server = env.server({})
    g = env.gateway(server.uri)
    boiler = g.mqtt_sensor("boiler", [maps.temperature()])
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    server.wait_registered(boiler)
    return g


def publish(g, password):
    return mqtt.mosquitto_pub("127.0.0.1", g.mqtt_port, "plant/boiler/temp",
                              "21.5", "boiler", password)


def events(g):
    return [row["line"].split("event=")[1].split()[0]
            for row in g.ctl_json("journal")]


def verify(g, *claim):
    return g.ctl("journal", "--verify", *claim)


def case_journal(env):
    """Admission, refusal, start and reload are in the journal, which holds over
    kill -9 and stop."""
    g = plant(env)
    publish(g, "guess")
    publish(g, g.passwords["boiler"])
    code, _, error = g.ctl("reload")
    check(code == 0, f"reload: {error}")
    wanted = ["ready", "auth_refused", "sensor_online", "reload_asked",
              "reloaded"]
    wait_until("five lines", lambda: set(wanted) <= set(events(g)), 5, 0.1)
    order = [e for e in events(g) if e in wanted]
    check(order == wanted, f"in order: {order}")
    g.kill_role("inner")
    wait_until("the death to be noted", lambda: "role_died" in events(g), 10,
               0.1)
    publish(g, "guess again")
    wait_until("a line after the kill",
               lambda: events(g).count("auth_refused") == 2, 10, 0.1)
    g.stop()
    code, out, error = verify(g)
    check(code == 0 and "follow from each other" in out, f"{out}{error}")


def case_journal_tampered(env):
    """A line that is changed, taken out or put in shows; so does a journal that
    was written anew, to whoever has a hash of the old one."""
    g = plant(env)
    for _ in range(6):
        publish(g, "guess")
    wait_until("six refusals",
               lambda: events(g).count("auth_refused") == 6, 10, 0.1)
    g.stop()
    rows = g.ctl_json("journal")
    last = rows[-1]
    claim = f"{last['number']}:{last['hash']}"
    check(verify(g, claim)[0] == 0, "a hash of its own")
    database = os.path.join(g.root, "state", "sallyport.db")

    def spoil(*statements):
        with open(database, "rb") as f:
            whole = f.read()
        db = sqlite3.connect(database)
        for s in statements:
            db.execute(s)
        db.commit()
        db.close()
        answer = verify(g, claim)
        for name in (database + "-wal", database + "-shm"):
            if os.path.exists(name):
                os.unlink(name)
        with open(database, "wb") as f:
            f.write(whole)
        return answer

    for what, *statements in (
            ("changed", "UPDATE note SET line = replace(line, 'guess', 'x'), "
                        "time = time + 1 WHERE number = 4"),
            ("taken out", "DELETE FROM note WHERE number = 4"),
            ("its end cut off", f"DELETE FROM note WHERE number >= "
                                f"{last['number']}"),
            ("all gone", "DELETE FROM note"),
            ("its beginning replaced", "DELETE FROM note WHERE number = 2",
             "UPDATE note SET number = 0 WHERE number = 1"),
            ("no table", "DROP TABLE note"),
            ("put in", "UPDATE note SET number = -number WHERE number > 4",
             "UPDATE note SET number = 1 - number WHERE number < 0",
             "INSERT INTO note SELECT 5, time, line, hash FROM note "
             "WHERE number = 4")):
        code, out, error = spoil(*statements)
        check(code == 1 and error.strip(), f"{what}: exit {code} {out}{error}")
    check(verify(g, claim)[0] == 0, "as it was")
    check(verify(g, "1:00")[0] == 2, "a hash that is none")
    check(verify(g, "-" + claim)[0] == 2, "a number that is none")
    check("another version" in spoil("DROP TABLE note")[2], "an old database")


HEAD = "/20/0/4014"


def case_journal_head_upstream(env):
    """A server of a sensor with `event_log` observes the head of the journal,
    in Leshan's hands: what it was told fits the journal that it is of, and no
    other. A sensor without has no such object."""
    leshan = env.leshan().start()
    g = env.gateway(leshan.uri)
    boiler = g.mqtt_sensor("boiler", [maps.temperature()])
    pump = g.mqtt_sensor("pump", [maps.temperature()])
    g.sensors["boiler"]["event_log"] = True
    for endpoint, key in g.psk_identities().items():
        leshan.add_psk(endpoint, key)
    g.start()
    for endpoint in (boiler, pump):
        leshan.wait_registered(endpoint)
    check(leshan.read(pump, HEAD).code == "4.04", "the pump has a log")

    def head():
        return base64.b64decode(leshan.read(boiler, HEAD).value).decode()

    wait_until("a head", lambda: ":" in head(), 5, 0.2)
    check(leshan.observe(boiler, HEAD).code == "2.05", "no observation")
    since = len(leshan.events)
    publish(g, "guess")
    told = leshan.wait_event("NOTIFICATION", lambda d: d["ep"] == boiler, 10,
                             since)
    check(told, "nothing was told")
    line = next(r for r in g.ctl_json("journal")
                if "auth_refused" in r["line"])
    wait_until("the refusal to be in it", lambda: int(
        head().split(":")[0]) >= line["number"], 5, 0.2)
    claim = head()
    g.stop()
    check(verify(g, claim)[0] == 0, f"{claim} is not of this journal")
    number, digest = claim.split(":")
    other = f"{number}:{'0' if digest[0] != '0' else '1'}{digest[1:]}"
    check(verify(g, other)[0] == 1, f"{other} is of this journal, too")


case_journal_head_upstream.seconds = 60
