# SPDX-License-Identifier: GPL-3.0-or-later
"""Sensors with keys of Leshan's bootstrap server only, which gives them
accounts at Leshan's server, and other keys when that says so (/1/x/9)."""
import os
import secrets
import threading
import time

from lib import coap, maps
from lib.client import Account, Client
from lib.peer import check, run, wait_until
from lib.pki import Authority, Pair

TEMPERATURE = "/3303/0/5700"
SHORT_ID = 123
SERVER = {"shortId": SHORT_ID, "lifetime": 300, "notifIfDisabled": True,
          "binding": ["U"]}


class Fleet:
    """COUNT sensors, `boot` and `cloud` of Leshan; what differs by mode is in
    the classes below."""
    mode = "psk"

    def __init__(self, env, count):
        self.env, self.generation, self.keys = env, 0, {}
        self.prepare()
        self.gateway = g = env.gateway(self.cloud_uri())
        g.seal()
        g.group["servers"].append({"name": "boot", "uri": self.boot_uri(),
                                   "bootstrap": True})
        self.address = {f"s{n}": f"127.0.3.{n}" for n in range(1, count + 1)}
        self.names = list(self.address)
        for name, ip in self.address.items():
            g.coap_sensor(name, ip, [maps.temperature("coap/temp")],
                          mode=self.mode, account=self.account(name))
            g.sensors[name]["accounts"][0]["server"] = "boot"
        self.protect()
        self.boot.start()
        self.cloud.start()
        for name in self.names:
            self.let_in(name)
            self.give(name)

    def endpoint(self, name):
        return self.gateway.endpoint(name)

    def prepare(self):
        self.boot = self.env.leshan_bootstrap()
        self.cloud = self.env.leshan()

    def boot_uri(self):
        return self.boot.uri

    def cloud_uri(self):
        return self.cloud.uri

    def account(self, name):
        return {}

    def protect(self):
        pass

    def let_in(self, name):
        self.boot.let_in(self.endpoint(name), "psk",
                         identity=self.endpoint(name),
                         key=self.gateway.keys[name])

    def give(self, name):
        """New keys at the cloud, and the way they are told."""
        self.boot.give(self.endpoint(name), **{
            "autoIdForSecurityObject": True, "toDelete": ["/0", "/1"],
            "servers": {"0": SERVER},
            "security": {"0": {"uri": self.cloud_uri(), "serverId": SHORT_ID,
                               **self.security(name)}}, **self.more(name)})

    def security(self, name):
        key = secrets.token_hex(16)
        self.cloud.add_psk(self.endpoint(name), key)
        self.keys.setdefault(name, []).append(key)
        return {"securityMode": "PSK", "secretKey": key,
                "publicKeyOrId": self.endpoint(name).encode().hex()}

    def more(self, name):
        return {}

    # ---- what the cloud saw

    def here(self):
        return set(self.cloud.clients())

    def registered(self, since=0):
        """How often each registered."""
        with self.cloud.event_condition:
            return [d["endpoint"] for e, d in self.cloud.events[since:]
                    if e == "REGISTRATION"]

    def mark(self):
        with self.cloud.event_condition:
            return len(self.cloud.events)

    def values(self, name):
        return [r["value"] for r in self.cloud.records(self.endpoint(name))
                if r["path"] == TEMPERATURE]

    def trigger(self, name):
        return self.cloud.execute(self.endpoint(name), "/1/0/9").code


class RawKeys(Fleet):
    """Raw public keys at both, a pair for each sensor and each of them."""
    mode = "rpk"

    def prepare(self):
        self.boot_key, self.cloud_key = self.pair("boot"), self.pair("cloud")
        self.own = {}
        self.boot = self.env.leshan_bootstrap(
            identity=self.boot_key.raw_options())
        self.cloud = self.env.leshan(identity=self.cloud_key.raw_options())

    def pair(self, name):
        return Pair(self.env.directory, name)

    def account(self, name):
        self.own[name] = self.pair(name)
        return {"key_file": self.own[name].key,
                "server_key_file": self.boot_key.public}

    def let_in(self, name):
        self.boot.let_in(self.endpoint(name), "rpk",
                         key=self.own[name].spki().hex())

    def security(self, name):
        new = self.pair(f"{name}-{self.generation}")
        self.cloud.add_raw_key(self.endpoint(name), new.spki())
        self.keys.setdefault(name, []).append(new)
        return {"securityMode": "RPK", "secretKey": new.private().hex(),
                "publicKeyOrId": new.spki().hex(),
                "serverPublicKey": self.cloud_key.spki().hex()}


class Certificates(RawKeys):
    """Certificates of one authority; those of the servers are pinned."""
    mode = "x509"

    def prepare(self):
        self.ca = Authority(self.env.directory, "ca")
        self.boot_key, self.cloud_key = (
            self.ca.sign(self.pair(n), f"/CN={n}", "IP:127.0.0.1")
            for n in ("boot", "cloud"))
        self.own = {}
        self.boot = self.env.leshan_bootstrap(
            identity=self.boot_key.certificate_options(self.ca))
        self.cloud = self.env.leshan(
            identity=self.cloud_key.certificate_options(self.ca))

    def signed(self, pair, name):
        return self.ca.sign(pair, f"/CN=gw-{name}")

    def account(self, name):
        own = self.signed(self.pair(name), name)
        return {"key_file": own.key, "certificate_file": own.certificate,
                "server_key_file": self.boot_key.certificate}

    def let_in(self, name):
        self.boot.let_in(self.endpoint(name), "x509")

    def security(self, name):
        certificate, private = self.signed(
            self.pair(f"{name}-{self.generation}"), name).der()
        self.cloud.add_certificate(self.endpoint(name))
        return {"securityMode": "X509", "secretKey": private.hex(),
                "publicKeyOrId": certificate.hex(),
                "serverPublicKey": self.cloud_key.der()[0].hex(),
                "certificateUsage": "DOMAIN_ISSUER_CERTIFICATE"}


class Contexts(Fleet):
    """OSCORE over coap at both. Identifiers are two bytes at the client, and
    others with each set of keys."""
    mode = "nosec"

    def prepare(self):
        self.boot = self.env.leshan_bootstrap()
        self.cloud = self.env.leshan_oscore()
        self.own, self.count = {}, 0

    def boot_uri(self):
        return self.boot.plain_uri

    def cloud_uri(self):
        return f"coap://127.0.0.1:{self.cloud.port}"

    def protect(self):
        for n, name in enumerate(self.names):
            self.own[name] = self.gateway.oscore(name, f"0b{n:02x}", "5b")

    def let_in(self, name):
        self.boot.let_in(self.endpoint(name), "oscore", **self.own[name])

    def security(self, name):
        return {"securityMode": "NO_SEC", "oscoreSecurityMode": 1}

    def more(self, name):
        self.count += 1
        keys = {"secret": secrets.token_hex(16), "recipient_id": "5c",
                "sender_id": f"{self.count:04x}"}
        self.cloud.let_in(self.endpoint(name), keys)
        self.keys.setdefault(name, []).append(keys)
        return {"toDelete": ["/0", "/1", "/21"], "oscore": {"1": {
            "oscoreMasterSecret": keys["secret"],
            "oscoreSenderId": keys["sender_id"],
            "oscoreRecipientId": keys["recipient_id"],
            "oscoreMasterSalt": ""}}}

    def registered(self, since=0):
        return [e["endpoint"] for e in self.cloud.events("registered", since)]

    def here(self):
        return set(self.registered())

    def mark(self):
        return self.cloud.mark()

    def values(self, name):
        return [float(e["payload"]) for e in self.cloud.events("send")
                if e["endpoint"] == self.endpoint(name) and
                e["path"] == TEMPERATURE]

    def trigger(self, name):
        self.cloud.ask(f"as {self.endpoint(name)}")
        return self.cloud.ask("execute /1/0/9")["code"]


class Readings(threading.Thread):
    """Ten readings a second, of one sensor after the other; each is another
    number."""

    def __init__(self, fleet):
        super().__init__(daemon=True)
        self.fleet, self.open = fleet, True
        self.sent = {name: [] for name in fleet.names}
        self.sensors = {name: coap.Client(
            "127.0.0.1", fleet.gateway.coap_port, ip)
            for name, ip in fleet.address.items()}
        self.start()

    def run(self):
        count, pause = 0, threading.Event()
        while self.open:
            name = self.fleet.names[count % len(self.fleet.names)]
            value = count * 0.125
            got = self.sensors[name].request(coap.POST, "temp", str(value), 0)
            if not got or got[0] != "2.04":
                break  # its thread's end is noticed
            self.sent[name].append(value)
            count += 1
            pause.wait(0.1)

    def end(self):
        check(self.is_alive(), "a reading was not accepted")
        self.open = False
        self.join(20)
        for sensor in self.sensors.values():
            sensor.close()


def settle(fleet, seconds):
    """All of them come, get accounts and register; then /1/x/9 gives each of
    them other keys under readings, of which none is lost."""
    started = time.monotonic()
    fleet.gateway.start()
    everyone = {fleet.endpoint(n) for n in fleet.names}
    wait_until("all of them at Leshan", lambda: fleet.here() == everyone,
               seconds, 0.2)
    took = time.monotonic() - started
    readings = Readings(fleet)
    wait_until("readings", lambda: fleet.values(fleet.names[5]), 20)

    fleet.generation += 1
    for name in fleet.names:
        fleet.give(name)
    since = fleet.mark()
    rotated = time.monotonic()
    for name in fleet.names:
        got = fleet.trigger(name)
        check(got == "2.04", f"/1/0/9 of {name} was answered {got}")
    wait_until("all of them with new keys", lambda: set(
        fleet.registered(since)) == everyone, seconds, 0.2)
    rotated = time.monotonic() - rotated
    readings.end()
    for name in fleet.names:
        wait_until(f"all readings of {name}", lambda: sorted(
            set(fleet.values(name))) == readings.sent[name], 30)
        check(len(fleet.values(name)) == len(readings.sent[name]),
              f"readings of {name} arrived twice")
    events = [e["event"] for e in fleet.gateway.events()]
    check("bootstrap_refused" not in events, "accounts were refused")
    failed = events.count("bootstrap_failed")
    check(failed <= len(fleet.names) // 10, f"{failed} visits failed")
    print(f"     {len(fleet.names)} sensors registered after {took:.1f} s, "
          f"with other keys {rotated:.1f} s after the order", flush=True)


def opens(fleet, name, key):
    """True if OpenSSL gets a session as this sensor with the key."""
    code, said, _ = run(["timeout", "3", "openssl", "s_client", "-dtls1_2",
                         "-connect", f"127.0.0.1:{fleet.cloud.coaps_port}",
                         "-psk_identity", fleet.endpoint(name), "-psk", key,
                         "-cipher", "PSK-AES128-CCM8:@SECLEVEL=0"], 10)
    return "Cipher is PSK-AES128-CCM8" in said


def case_leshan_bootstrap_psk(env):
    """Fifty sensors get pre-shared keys of Leshan's bootstrap server, and then
    others; the old ones open no session any more."""
    fleet = Fleet(env, 50)
    settle(fleet, 60)
    name = fleet.names[0]
    old, new = fleet.keys[name]
    check(opens(fleet, name, new), "the new key opens no session")
    check(not opens(fleet, name, old), "the old key opens a session")


def comes_in(fleet, name, tag, **account):
    """True if Leshan lets another program register as this sensor."""
    directory = os.path.join(fleet.env.directory, tag)
    os.mkdir(directory)
    thief = fleet.env.add(Client(fleet.env, "device", fleet.cloud_uri(),
                                 Account(directory, **account),
                                 fleet.endpoint(name)))
    thief.start()
    state = wait_until("an outcome", lambda: next((
        e["state"] for e in thief.events("state")
        if e["state"] in ("registered", "waiting")), None), 40)
    thief.kill()
    return state == "registered"


def is_dead(fleet, name, account):
    """`account` makes arguments for the thief of a set of keys."""
    old, new = fleet.keys[name]
    check(not comes_in(fleet, name, "old", **account(old)),
          "the old key opens a session")
    check(comes_in(fleet, name, "new", **account(new)),
          "the new key opens no session: the thief is at fault")


def case_leshan_bootstrap_rpk(env):
    """The same with raw public keys."""
    fleet = RawKeys(env, 50 if env.long else 10)
    settle(fleet, 60)
    is_dead(fleet, fleet.names[0], lambda pair: {
        "mode": "rpk", "key_file": pair.private(),
        "server_key_file": fleet.cloud_key.spki()})


def case_leshan_bootstrap_x509(env):
    """The same with certificates. Leshan knows no revocation lists, so it takes
    the old one of the same authority until that ends."""
    settle(Certificates(env, 50 if env.long else 10), 60)


def case_leshan_bootstrap_oscore(env):
    """The same with OSCORE: both sessions agree on keys of their own."""
    fleet = Contexts(env, 50 if env.long else 10)
    settle(fleet, 60)
    is_dead(fleet, fleet.names[0], lambda keys: {
        "mode": "nosec", "oscore": 1,
        "secret_file": bytes.fromhex(keys["secret"]),
        "sender_id": keys["sender_id"], "recipient_id": keys["recipient_id"]})


for case in (case_leshan_bootstrap_psk, case_leshan_bootstrap_rpk,
             case_leshan_bootstrap_x509, case_leshan_bootstrap_oscore):
    case.seconds = 90
del case
