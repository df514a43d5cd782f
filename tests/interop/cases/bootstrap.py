# SPDX-License-Identifier: GPL-3.0-or-later
"""Sensors that have keys of a bootstrap server only, and get the rest there;
keys that it changes, and accounts that it takes away."""
import os
import secrets
import signal
import threading
import time

from lib import maps, mqtt
from lib.bootstrap import Plant, write
from lib.peer import Failed, check, wait_until
from lib.pki import Authority, Pair

TEMPERATURE = "/3303/0/5700"


def report(plant, *values):
    g = plant.gateway
    since = plant.cloud.mark()
    sensor = mqtt.Client("127.0.0.1", g.mqtt_port, "boiler-1", "boiler",
                         g.passwords["boiler"])
    for value in values:
        sensor.publish("plant/boiler/temp", str(value))
    for value in values:
        plant.cloud.wait_record(plant.endpoint, TEMPERATURE, value,
                                since=since)
    sensor.disconnect()


def settle(plant, secure, boot):
    """From nothing but a bootstrap account, proved as `boot` says, to a reading
    at the server; and once more by what is kept, without asking again."""
    g = plant.gateway
    g.start()
    event = plant.boot.wait_event("bootstrap")
    check(event["secure"] == boot, f"it asked by {event['secure']}")
    event = plant.cloud.wait_registered(plant.endpoint)
    check(event["secure"] == secure, f"it came in by {event['secure']}")
    plant.event("bootstrap_done", accounts="1")
    report(plant, 21.5)
    g.kill()
    log = g.mark()
    g.start()
    plant.event("registered", since=log)
    report(plant, 22.5)
    check(not [e for e in g.events(log) if e["event"] == "bootstrap_begun"],
          "it asked again, with a book of its own")


def case_bootstrap_psk(env):
    """Pre-shared keys, and a server whose URI only the bootstrap server has."""
    plant = Plant(env, uri=False)
    plant.sensor()
    account = plant.key()
    plant.start()
    plant.give(account, plant.server_object())
    settle(plant, "psk", "psk")


def raw_keys(env):
    """Raw keys at both: those for the server come in DER."""
    plant = Plant(env)
    own, peer, ours, theirs = (Pair(env.directory, n) for n in
                               ("own", "peer", "ours", "theirs"))
    plant.boot.protect(key=peer, raw={plant.endpoint: own})
    plant.cloud.protect(key=theirs, raw={plant.endpoint: ours})
    plant.sensor(mode="rpk", account={"key_file": own.key,
                                      "server_key_file": peer.public})
    plant.start()
    plant.give({"/0/1/0": plant.cloud.uri, "/0/1/1": False, "/0/1/2": 1,
                "/0/1/3": ours.spki().hex(), "/0/1/4": theirs.spki().hex(),
                "/0/1/5": ours.private().hex(), "/0/1/10": 123},
               plant.server_object())
    return plant


def case_bootstrap_rpk(env):
    """Raw keys at both."""
    settle(raw_keys(env), "rpk", "rpk")


def case_bootstrap_keys_without_holder(env):
    """Inner door and keyholder are killed at once: whichever is back first, an
    account with a raw key that a bootstrap server gave stands, and is used
    again without another visit."""
    plant = raw_keys(env)
    g, cloud = plant.gateway, plant.cloud
    g.start()
    cloud.wait_registered(plant.endpoint)
    for n, roles in enumerate((("inner", "keyholder"), ("keyholder", "inner"))):
        before, log = g.roles(), g.mark()
        for role in roles:
            os.kill(before[role], signal.SIGKILL)
        for role in roles:
            g.wait_role_again(role, before[role])
        report(plant, 20.5 + n)
        told = {e["event"] for e in g.events(log)}
        check(not told & {"account_unusable", "account_damaged",
                          "sensor_blocked", "bootstrap_begun"},
              f"it told of {sorted(told)}")
        if n == 0:
            time.sleep(10.2)  # or the pauses before a start would grow


def case_bootstrap_x509(env):
    """Certificates at both, the server's pinned by one that is written."""
    plant = Plant(env)
    ca = Authority(env.directory, "ca")
    own, ours = (ca.sign(Pair(env.directory, n), f"/CN={plant.endpoint}")
                 for n in ("own", "ours"))
    peer, theirs = (ca.sign(Pair(env.directory, n), f"/CN={n}", "IP:127.0.0.1")
                    for n in ("peer", "theirs"))
    plant.boot.protect(key=peer, trusted=ca)
    plant.cloud.protect(key=theirs, trusted=ca)
    plant.sensor(mode="x509", account={
        "key_file": own.key, "certificate_file": own.certificate,
        "server_key_file": peer.certificate})
    plant.start()
    certificate, private = ours.der()
    plant.give({"/0/1/0": plant.cloud.uri, "/0/1/1": False, "/0/1/2": 2,
                "/0/1/3": certificate.hex(), "/0/1/4": theirs.der()[0].hex(),
                "/0/1/5": private.hex(), "/0/1/10": 123},
               plant.server_object())
    settle(plant, "x509", "x509")


def case_bootstrap_oscore(env):
    """OSCORE at both, over coap: an account and its context are two objects."""
    plant = Plant(env)
    theirs = {"secret": secrets.token_hex(16), "sender_id": "0c01",
              "recipient_id": "5c"}
    plant.sensor(mode="nosec")
    plant.boot.protect(oscore={
        plant.endpoint: plant.gateway.oscore("boiler", "0b01", "5b")})
    plant.cloud.protect(oscore={plant.endpoint: theirs})
    plant.gateway.group["servers"][1]["uri"] = \
        f"coap://127.0.0.1:{plant.boot.oscore_port}"
    uri = f"coap://127.0.0.1:{plant.cloud.oscore_port}"
    plant.gateway.group["servers"][0]["uri"] = uri
    plant.start()
    plant.give({"/21/1/0": theirs["secret"], "/21/1/1": theirs["sender_id"],
                "/21/1/2": theirs["recipient_id"]},
               {"/0/1/0": uri, "/0/1/1": False, "/0/1/2": 3, "/0/1/10": 123,
                "/0/1/17": "21:1"}, plant.server_object())
    settle(plant, "none", "none")


class Traffic(threading.Thread):
    """Publishes n = 0, 1, ... every 50 ms until it is told to end."""

    def __init__(self, gateway):
        super().__init__(daemon=True)
        self.gateway, self.count, self.open = gateway, 0, True
        self.start()

    def run(self):
        g = self.gateway
        sensor = mqtt.Client("127.0.0.1", g.mqtt_port, "boiler-2", "boiler",
                             g.passwords["boiler"])
        over = threading.Event()
        while self.open:
            sensor.publish("plant/boiler/temp", str(self.count % 100 +
                                                    self.count // 100 * 0.125))
            self.count += 1
            over.wait(0.05)
        sensor.disconnect()

    def end(self):
        self.open = False
        self.join(10)
        return [n % 100 + n // 100 * 0.125 for n in range(self.count)]


def case_bootstrap_rotation(env):
    """A server executes /1/x/9 under traffic: the sensor gets another key, its
    old session ends, and not one reading is lost. An account that is written as
    it was does not notice."""
    plant = Plant(env)
    plant.sensor()
    account = plant.key()
    plant.start()
    plant.give(account, plant.server_object())
    g = plant.gateway
    g.start()
    plant.cloud.wait_registered(plant.endpoint)
    report(plant, -1.0)
    traffic = Traffic(g)
    wait_until("traffic", lambda: traffic.count > 5, 10)

    since, log = plant.cloud.mark(), g.mark()
    got = plant.cloud.ask("execute", plant.endpoint, "/1/0/9")
    check(got.get("code") == "2.04", f"/1/0/9 was answered {got}")
    plant.event("bootstrap_done", since=log)
    check(not [e for e in g.events(log) if e["event"] == "keys_rotated"] and
          not [e for e in plant.cloud.events[since:]
               if e["event"] == "register"], "the same keys began anew")

    before = plant.keys[plant.endpoint]
    plant.give(plant.key(), plant.server_object())
    check(plant.keys[plant.endpoint] != before, "the key is the same")
    since, log = plant.cloud.mark(), g.mark()
    got = plant.cloud.ask("execute", plant.endpoint, "/1/0/9")
    check(got.get("code") == "2.04", f"/1/0/9 was answered {got}")
    plant.event("keys_rotated", since=log, sensor="boiler", server="cloud")
    event = plant.cloud.wait_registered(plant.endpoint, since=since)
    check(not event.get("resumed"), f"the new key came with {event}")
    sent = traffic.end()
    plant.cloud.wait_record(plant.endpoint, TEMPERATURE, sent[-1])
    got = [r["value"] for r in plant.cloud.records(plant.endpoint)
           if r["path"] == TEMPERATURE][1:]
    check(sorted(got) == sorted(sent),
          f"{len(sent)} readings were sent, {len(got)} arrived")

    g.kill()
    log = g.mark()
    g.start()
    plant.event("registered", since=log)


case_bootstrap_rotation.seconds = 40


def case_bootstrap_revoked(env):
    """The bootstrap server takes an account away: its session ends at once, and
    neither a restart nor the file brings it back."""
    plant = Plant(env)
    plant.sensor()
    account = plant.key()
    plant.start()
    plant.give(account, plant.server_object())
    g = plant.gateway
    g.start()
    plant.cloud.wait_registered(plant.endpoint)
    plant.order({"delete": "/0/1"}, {"finish": True})
    log, since = g.mark(), plant.cloud.mark()
    plant.cloud.ask("execute", plant.endpoint, "/1/0/9")
    plant.event("account_revoked", since=log, sensor="boiler", server="cloud")
    plant.event("bootstrap_done", since=log, accounts="0")
    plant.give(account, plant.server_object())
    g.kill()
    log = g.mark()
    g.start()
    refused = plant.event("bootstrap_refused", since=log)
    check("revoked" in refused["why"], f"refused for {refused['why']}")
    check(not [e for e in plant.cloud.events[since:]
               if e["event"] == "register"], "it registered again")


def case_bootstrap_rights(env):
    """Two servers, of which one may not read what the sensor says: it is told
    nothing of it, and asks in vain, until the bootstrap server lets it."""
    plant = Plant(env)
    g, sky = plant.gateway, env.server({}, "sky")
    plant.sensor()
    account, key = plant.key(), secrets.token_hex(16)
    g.group["servers"].append({"name": "sky", "uri": sky.uri,
                               "short_server_id": 124})
    sky.set_keys({plant.endpoint: key})
    sky.start()
    plant.start()
    other = {**plant.values(plant.endpoint, key, sky.uri, 2), "/0/2/10": 124}
    plant.give(account, other, plant.server_object(),
               {**plant.server_object(2), "/1/2/0": 124},
               {"/2/0/0": 3303, "/2/0/1": 0, "/2/0/2/123": 1, "/2/0/3": 65535})
    g.start()
    plant.cloud.wait_registered(plant.endpoint)
    sky.wait_registered(plant.endpoint)
    report(plant, 21.5)
    for server, code in (plant.cloud, "2.05"), (sky, "4.01"):
        got = server.ask("read", plant.endpoint, TEMPERATURE)["code"]
        check(got == code, f"{server.name} reads with {got}")
    wait_until("nothing that waits", lambda: all(
        a["waiting"] == 0 for s in g.ctl_json("sensors")
        for a in s["accounts"]), 10)
    check(not sky.records(plant.endpoint), "it was told what it may not read")

    plant.order({"delete": "/2"}, {"finish": True})
    log = g.mark()
    g.ctl("rotate", "boiler")
    plant.event("bootstrap_done", since=log)
    report(plant, 22.5)
    sky.wait_record(plant.endpoint, TEMPERATURE, 22.5)
    check(not [e for e in g.events(log) if e["event"] in (
        "account_changed", "keys_rotated")], "a session began anew")
    got = sky.ask("read", plant.endpoint, TEMPERATURE)["code"]
    check(got == "2.05", f"it reads with {got}")


case_bootstrap_rights.seconds = 40


def case_bootstrap_interrupted(env):
    """Killed between a Write and Finish, the gateway comes back with what it
    had; killed after the answer to Finish, with what it was given."""
    plant = Plant(env)
    plant.sensor()
    account = plant.key()
    plant.start()
    plant.give(account, plant.server_object())
    g = plant.gateway
    g.start()
    plant.cloud.wait_registered(plant.endpoint)

    known = plant.keys[plant.endpoint]
    other = plant.key()
    plant.order(write(other), {"wait_ms": 60000}, {"finish": True})
    since, log = plant.boot.mark(), g.mark()
    g.ctl("rotate", "boiler")
    plant.boot.wait_event("bootstrap-step", since=since)
    g.kill()
    plant.keys[plant.endpoint] = known
    plant.cloud.set_keys(plant.keys)
    plant.cloud.restart()
    since = plant.cloud.mark()
    g.start()
    plant.cloud.wait_registered(plant.endpoint, since=since)
    check(not [e for e in g.events(log) if e["event"] == "keys_rotated"],
          "a key was rotated before Finish")

    plant.give(plant.key(), plant.server_object())
    since = plant.boot.mark()
    g.ctl("rotate", "boiler")
    plant.boot.wait_event("bootstrap-step",
                          lambda e: e["step"] == 2 and e["code"] == "2.04",
                          since=since)
    g.kill()
    plant.cloud.restart()
    since = plant.cloud.mark()
    g.start()
    plant.cloud.wait_registered(plant.endpoint, since=since)


case_bootstrap_interrupted.seconds = 60


def case_bootstrap_factory(env):
    """A key that others may know is not used before the bootstrap server was
    asked for another one; only if that has none."""
    plant = Plant(env)
    plant.sensor()
    g = plant.gateway
    g.secrets["boiler.cloud"] = known = secrets.token_hex(16)
    g.sensors["boiler"]["accounts"].append({
        "server": "cloud", "mode": "psk", "factory": True,
        "key_file": "../keys/boiler.cloud"})
    plant.keys[plant.endpoint] = known
    plant.cloud.set_keys(plant.keys)
    plant.start()
    plant.order({"delete": "/"}, {"wait_ms": 500},
                write(plant.values(plant.endpoint, secrets.token_hex(16))),
                write(plant.server_object()), {"finish": True})
    g.start()
    begun = plant.event("bootstrap_begun", sensor="boiler")
    check("factory" in begun["why"], f"it asked: {begun}")
    plant.event("keys_rotated", sensor="boiler")
    check(not [e for e in plant.cloud.events if e["event"] == "register"],
          "it registered with the key of the factory")
    g.stop()

    plant.boot.restart()  # and knows nothing of the sensor
    g.group["gateway"]["state_dir"] = os.path.join(g.root, "state2")
    os.mkdir(g.group["gateway"]["state_dir"])
    g.write_configuration()
    log = g.mark()
    g.start()
    plant.event("bootstrap_failed", since=log)
    plant.cloud.wait_registered(plant.endpoint)


def case_bootstrap_blocked(env):
    """An attacker who has the old key and the path to the server lets nothing
    through to it after a rotation, and answers himself: he gets no session, no
    matter how often the client tries; in the end (with --long) that asks its
    bootstrap server. When he has gone it registers, and no reading was lost."""
    plant = Plant(env)
    plant.sensor()
    relay = env.relay(plant.cloud.coaps_port)
    uri = f"coaps://127.0.0.1:{relay.port}"
    plant.gateway.group["servers"][0]["uri"] = uri
    first = plant.key(uri=uri)
    attacker = env.server({plant.endpoint: first["/0/1/5"]}, "attacker")
    attacker.start()
    plant.start()
    g = plant.gateway
    plant.give(first, plant.server_object())
    g.start()
    plant.cloud.wait_registered(plant.endpoint)
    report(plant, 20.5)

    relay.upstream = ("127.0.0.1", attacker.coaps_port)
    plant.give(plant.key(uri=uri), plant.server_object())
    log = g.mark()
    g.ctl("rotate", "boiler")
    plant.event("keys_rotated", since=log)
    sensor = mqtt.Client("127.0.0.1", g.mqtt_port, "boiler-1", "boiler",
                         g.passwords["boiler"])
    for value in (21.5, 22.5):
        sensor.publish("plant/boiler/temp", str(value))
    wait_until("tries with the new key", lambda: len([
        e for e in g.events(log) if e["event"] == "waiting"]) >= 2, 60)
    if env.long:
        log = g.mark()
        plant.give(plant.key(uri=uri), plant.server_object())
        begun = plant.event("bootstrap_begun", since=log, seconds=1200)
        check(begun["why"] == "no server lets it register", f"it asked: {begun}")
        plant.event("keys_rotated", since=log)
    check(not [e for e in attacker.events if e["event"] == "register"],
          "it registered at the attacker")
    since = plant.cloud.mark()
    relay.upstream = ("127.0.0.1", plant.cloud.coaps_port)
    plant.cloud.wait_registered(plant.endpoint, 120, since)
    for value in (21.5, 22.5):
        plant.cloud.wait_record(plant.endpoint, TEMPERATURE, value)
    check(not [e for e in attacker.events if e["event"] == "register"],
          "it registered at the attacker")


case_bootstrap_blocked.seconds = 180
case_bootstrap_blocked.long_seconds = 1500
case_bootstrap_blocked.waits = True


def case_bootstrap_refused(env):
    """A server that knows nothing of the sensor; then one that gives an account
    which no server of the configuration is meant with, and corrects that."""
    plant = Plant(env)
    plant.sensor()
    account, server = plant.key(), plant.server_object()
    plant.start()
    g = plant.gateway
    g.start()
    failed = plant.event("bootstrap_failed", sensor="boiler")
    check(failed["again_s"] in ("0", "1"), f"failed: {failed}")
    foreign = {k: 124 if k == "/0/1/10" else v for k, v in account.items()}
    other = {k: 124 if k == "/1/1/0" else v for k, v in server.items()}
    plant.order(write(foreign), write(other), {"finish": True},
                write(account), write(server), {"finish": True})
    plant.event("bootstrap_done")
    refused = plant.event("bootstrap_refused", sensor="boiler")
    check(refused["path"] == "/0/1/10" and "short_server_id" in refused["why"],
          f"refused: {refused}")
    steps = [e["code"] for e in plant.boot.events
             if e["event"] == "bootstrap-step"]
    check(steps == ["2.04", "2.04", "4.06", "2.04", "2.04", "2.04"],
          f"the steps were answered {steps}")
    plant.cloud.wait_registered(plant.endpoint)
    report(plant, 21.5)


def case_bootstrap_floor(env):
    """A bootstrap server that was taken over leads nowhere else, opens nothing,
    and shortens no key: each attempt gets 4.06, and the session that there is
    does not notice."""
    plant = Plant(env)
    plant.sensor()
    account, server = plant.key(), plant.server_object()
    plant.start()
    plant.give(account, server)
    g = plant.gateway
    g.start()
    plant.cloud.wait_registered(plant.endpoint)

    attempts = [
        {"/0/1/0": "coaps://127.0.0.2:5684"},
        {"/0/1/0": plant.cloud.plain_uri, "/0/1/2": 3},
        {"/0/1/0": "coap://192.0.2.1", "/0/1/2": 3},
        {"/0/1/5": "00" * 15},
        {"/0/0/0": "coaps://127.0.0.2:5684"},
    ]
    finish = {"finish": True}
    steps = [s for bad in attempts for s in (write(bad), finish)]
    # What was bad is mended before the next.
    mended = [s for i, s in enumerate(steps) for s in
              ((s,) if i % 2 == 0 else (s, write(account),
                                        write({"/0/0/0": plant.boot.uri})))]
    log, since, seen = g.mark(), plant.cloud.mark(), plant.boot.mark()
    plant.order(*mended, finish)
    got = plant.cloud.ask("execute", plant.endpoint, "/1/0/9")
    check(got.get("code") == "2.04", f"/1/0/9 was answered {got}")
    plant.event("bootstrap_done", since=log)
    codes = [e["code"] for e in plant.boot.events[seen:]
             if e["event"] == "bootstrap-step"]
    check(codes == ["2.04", "4.06", "2.04", "2.04"] * len(attempts) + ["2.04"],
          f"the steps were answered {codes}")
    refused = plant.event("bootstrap_refused", since=log, path="/0/1/0")
    check("`hosts`" in refused["why"], f"refused: {refused}")
    check(not [e for e in g.events(log) if e["event"] == "keys_rotated"] and
          not [e for e in plant.cloud.events[since:]
               if e["event"] == "register"], "the session began anew")
    report(plant, 23.5)


def case_bootstrap_orders(env):
    """The operator has keys rotated, then revokes an account, then the sensor:
    each is answered, journalled, and outlives a kill at once."""
    plant = Plant(env)
    plant.sensor()
    plant.sensor("valve", account={})
    g = plant.gateway
    g.sensors["valve"]["accounts"][0]["server"] = "cloud"
    plant.keys["gw-valve"] = g.keys["valve"]
    g.coap_sensor("tank", "127.0.0.83", [maps.temperature("coap/temp")])
    plant.keys["gw-tank"] = g.keys["tank"]
    tank = env.coap_sensor("127.0.0.83")
    account = plant.key()
    plant.start()
    plant.give(account, plant.server_object())
    g.start()
    plant.cloud.wait_registered(plant.endpoint)
    plant.cloud.wait_registered("gw-valve")

    plant.give(plant.key(), plant.server_object())
    log, since = g.mark(), plant.cloud.mark()
    code, out, error = g.ctl("rotate", "boiler")
    check(code == 0 and "done" in out, f"rotate: {code} {out} {error}")
    plant.event("keys_rotated", since=log)
    plant.cloud.wait_registered(plant.endpoint, since=since)
    code, out, error = g.ctl("rotate", "valve")
    check(code != 0 and "bootstrap" in error, f"rotate: {code} {out} {error}")
    rows = g.ctl_json("rotate", "--all")
    check([(r.get("id"), r.get("ordered")) for r in rows if "id" in r] ==
          [("boiler", True), ("tank", False), ("valve", False)],
          f"rotate --all: {rows}")
    got = tank.report("127.0.0.1", g.coap_port, "temp", "19.5")
    check(got == "2.04", f"the tank's reading got {got}")
    code, out, error = g.ctl("revoke", "tank", "cloud")
    check(code == 0, f"revoke: {code} {out} {error}")
    got = tank.report("127.0.0.1", g.coap_port, "temp", "20.5")
    check(got == "4.01", f"a revoked sensor's reading got {got}")

    code, out, error = g.ctl("revoke", "valve", "boot")
    check(code != 0, f"an account was revoked that is none: {out}")
    sensor = mqtt.Client("127.0.0.1", g.mqtt_port, "valve-1", "valve",
                         g.passwords["valve"])
    sensor.publish("plant/valve/temp", "20.5")
    log, since = g.mark(), plant.cloud.mark()
    code, out, error = g.ctl("revoke", "valve")
    check(code == 0, f"revoke: {code} {out} {error}")
    try:
        sensor.publish("plant/valve/temp", "21.5")
        sensor.publish("plant/valve/temp", "22.5")
    except (mqtt.Closed, OSError):
        pass
    else:
        raise Failed("the revoked sensor kept its connection")
    g.kill()
    plant.event("account_revoked", since=log, sensor="valve", server="cloud")
    log = g.mark()
    g.start()
    plant.event("keys_dead", since=log, sensor="valve")
    plant.event("registered", since=log, sensor="boiler")

    log = g.mark()
    code, out, error = g.ctl("revoke", "boiler")
    check(code == 0, f"revoke: {code} {out} {error}")
    g.kill()
    plant.event("account_revoked", since=log, sensor="boiler", server="cloud")
    log = g.mark()
    g.start()
    code, out, error = g.ctl("rotate", "boiler")
    check(code != 0 and "gone" in error, f"rotate: {code} {out} {error}")
    check(not [e for e in g.events(log)
               if e["event"] in ("bootstrap_begun", "registered")],
          "a sensor without keys went somewhere")
    for name in ("boiler", "valve"):
        plant.event("sensor_blocked", since=log, sensor=name)
        client = mqtt.Client("127.0.0.1", g.mqtt_port, "x", name,
                             g.passwords[name])
        check(client.code != 0, f"{name} was let in without any account")
        plant.event("auth_refused", since=log, sensor=name)
        code, out, error = g.ctl("doctor", name)
        check("none at any server" in out, f"doctor: {out}")
    code, out, _ = g.ctl("journal")
    for event in ("order_given", "keys_rotated", "account_revoked",
                  "keys_dead", "bootstrap_done"):
        check(event in out, f"{event} is not in the journal")


case_bootstrap_orders.seconds = 60
case_bootstrap_orders.uses = {"127.0.0.83"}


def case_bootstrap_streams(env):
    """Both servers over TLS: an account may come and lead over a stream."""
    plant = Plant(env)
    plant.sensor()
    plant.gateway.group["servers"][0]["uri"] = plant.cloud.tls_uri
    plant.gateway.group["servers"][1]["uri"] = plant.boot.tls_uri
    account = plant.key(uri=plant.cloud.tls_uri)
    plant.start()
    plant.give(account, plant.server_object())
    settle(plant, "psk", "psk")


def case_bootstrap_fleet(env):
    """Thirty sensors ask at once, and go on asking while some are refused; a
    reload changes one of them, which goes on with what it was given."""
    plant = Plant(env)
    g = plant.gateway
    g.group["servers"].append({"name": "sky", "short_server_id": 124})
    names = [f"s{n}" for n in range(30)]
    for name in names:
        plant.sensor(name)
    plant.cloud.set_keys({})
    accounts = {name: plant.key(f"gw-{name}") for name in names}
    plant.start()
    for name in names[:25]:
        plant.give(accounts[name], plant.server_object(),
                   endpoint=f"gw-{name}")
    g.start()
    for name in names[:25]:
        plant.cloud.wait_registered(f"gw-{name}")
    plant.event("bootstrap_failed", sensor="s27")
    for name in names[25:]:
        plant.give(accounts[name], plant.server_object(),
                   endpoint=f"gw-{name}")
    for name in names[25:]:
        plant.cloud.wait_registered(f"gw-{name}", seconds=60)
    code, out, error = g.ctl("doctor", "s1")
    check(code == 0 and "sky" not in out, f"doctor: {out} {error}")
    code, out, error = g.ctl("show", "s1")
    check("broken at plain" in out and "ok  registered" in out,
          f"show: {out}")

    g.sensors["s1"]["expect_every"] = "1h"
    g.write_configuration()
    log, since = g.mark(), plant.cloud.mark()
    code, out, error = g.ctl("reload")
    check(code == 0, f"reload: {out} {error}")
    plant.cloud.wait_registered("gw-s1", since=since)
    begun = [e for e in g.events(log) if e["event"] == "bootstrap_begun"]
    check(not begun, f"it asked again: {begun}")
    rows = {r["id"]: r for r in g.ctl_json("sensors") if "id" in r}
    check(all([a["state"] for a in r["accounts"]] == ["registered", "dormant"]
              for r in rows.values()), f"sensors: {rows}")


case_bootstrap_fleet.seconds = 90
