# SPDX-License-Identifier: GPL-3.0-or-later
"""The bootstrap rows of OMA's enabler tests (ETS INT 1.2.1), each over NoSec,
DTLS and OSCORE, the ids in the names. The bootstrap server is told each message
that it sends, so what is answered is looked at one by one."""
import json
import secrets

from lib.bootstrap import SHORT_ID, Plant, write
from lib.peer import check
from lib.pki import Authority, Pair

SENML_CBOR, TLV, TEXT, SENML_JSON = 112, 11542, 0, 110


class NoSec(Plant):
    """Plain CoAP at both servers, which only loopback is allowed."""
    proof = "none"

    def __init__(self, env):
        super().__init__(env)
        self.cloud_uri, self.boot_uri = self.cloud.plain_uri, \
            self.boot.plain_uri
        self.prepare()
        self.gateway.group["servers"][0]["uri"] = self.cloud_uri
        self.gateway.group["servers"][1]["uri"] = self.boot_uri
        self.start()

    def prepare(self):
        self.sensor(mode="nosec")

    def account(self, instance=1):
        """A new account at the cloud: {object instance: values}, the Security
        object last, since it links to the one before."""
        return {f"/0/{instance}": {
            f"/0/{instance}/0": self.cloud_uri, f"/0/{instance}/1": False,
            f"/0/{instance}/2": 3, f"/0/{instance}/10": SHORT_ID}}

    def writes(self, instance=1):
        return [write(v) for v in self.account(instance).values()] + \
            [write(self.server_object(instance))]

    def secrets(self):
        """What nobody who asks may ever be told, in hexadecimal."""
        return list(self.gateway.keys.values()) + list(self.keys.values())

    def boot_paths(self):
        """Where the bootstrap account's own objects are."""
        return ["/0/0"]

    def another(self, name):
        """Another sensor with an account of the bootstrap server."""
        self.sensor(name, mode="nosec")

    def answers(self, since=0):
        return [(e["code"], e.get("text", "")) for e in self.boot.events[since:]
                if e["event"] == "bootstrap-step"]

    def done(self, count, since=0):
        """The answers of the first visit, of `count` steps."""
        self.boot.wait_event(
            "bootstrap-step", lambda e: e["step"] == count - 1, since=since)
        return self.answers(since)


class Dtls(NoSec):
    """Pre-shared keys."""
    proof = "psk"

    def prepare(self):
        self.sensor()
        self.cloud_uri, self.boot_uri = self.cloud.uri, self.boot.uri

    def another(self, name):
        self.sensor(name)

    def account(self, instance=1):
        return {f"/0/{instance}": self.key(instance=instance)}


class Oscore(NoSec):
    """OSCORE over coap."""

    def prepare(self):
        self.sensor(mode="nosec")
        self.own = self.gateway.oscore("boiler", "0b01", "5b")
        self.boot.protect(oscore={self.endpoint: self.own})
        self.context = {"secret": secrets.token_hex(16),
                        "sender_id": "0c01", "recipient_id": "5c"}
        self.cloud.protect(oscore={self.endpoint: self.context})
        self.boot_uri = f"coap://127.0.0.1:{self.boot.oscore_port}"
        self.cloud_uri = f"coap://127.0.0.1:{self.cloud.oscore_port}"

    def account(self, instance=1):
        keys, at = self.context, f"/21/{instance}"
        account = super().account(instance)
        account[f"/0/{instance}"][f"/0/{instance}/17"] = f"21:{instance}"
        return {at: {f"{at}/0": keys["secret"], f"{at}/1": keys["sender_id"],
                     f"{at}/2": keys["recipient_id"]}, **account}

    def secrets(self):
        return [self.own["secret"], self.context["secret"]]

    def boot_paths(self):
        return ["/0/0", "/21/0"]

    def another(self, name):
        super().another(name)
        self.gateway.oscore(name, "0b02", "5b")


def int_0(plant):
    """Client Initiated Bootstrap: asks, takes Writes of objects in TLV and of
    instances in SenML, tells what there is and no secret, and registers after
    Finish only."""
    account, server = plant.account(), plant.server_object()
    objects = list(account)
    first, *more = objects
    plant.order(
        {"delete": "/"},
        {"write": "/" + first.split("/")[1], "format": TLV,
         "values": account[first]},
        *[{"write": o, "format": SENML_CBOR, "values": account[o]}
          for o in more],
        {"write": "/1", "format": TLV, "values": server},
        {"write": "/1/1/1", "format": TEXT, "values": {"/1/1/1": 86}},
        {"discover": "/"}, {"discover": "/0"}, {"discover": "/1"},
        {"wait_ms": 400}, {"finish": True})
    steps = 7 + len(more) + 1
    plant.gateway.start()
    event = plant.boot.wait_event("bootstrap")
    check(event["ep"] == plant.endpoint and event["secure"] == plant.proof,
          f"it asked by {event}")
    plant.boot.wait_event("bootstrap-step",
                          lambda e: e["step"] == steps - 2)
    check(not [e for e in plant.cloud.events if e["event"] == "register"],
          "it registered before Finish")
    plant.boot.wait_event("bootstrap-step", lambda e: e["step"] == steps)
    got = plant.answers()
    check([c for c, _ in got] == ["2.02"] + ["2.04"] * (steps - 5) +
          ["2.05"] * 3 + ["2.04"], f"the steps were answered {got}")
    told = [t for _, t in got if t]
    check(len(told) == 3 and all("lwm2m=1.1" in t for t in told),
          f"Discover told {told}")
    check(f"</0/1>;ssid={SHORT_ID};uri=\"{plant.cloud_uri}\"" in told[0] and
          f"</1/1>;ssid={SHORT_ID}" in told[0] and "</0/0>" in told[0] and
          "</0/0>;ssid" not in told[0], f"Discover told {told[0]}")
    everything = "".join(told).lower()
    for secret in plant.secrets():
        check(secret.lower() not in everything and
              bytes.fromhex(secret) not in everything.encode(),
              "Discover told a secret")
    event = plant.cloud.wait_registered(plant.endpoint)
    check(event["secure"] == plant.proof and int(event["lt"]) == 86,
          f"it came in as {event}")


def int_1(plant):
    """Client Initiated Bootstrap Full: the account that was delivered is used
    in a session of its own, with the keys that were delivered."""
    plant.order(*plant.writes(), {"finish": True})
    plant.gateway.start()
    asked = plant.boot.wait_event("bootstrap")
    event = plant.cloud.wait_registered(plant.endpoint)
    check(asked["secure"] == event["secure"] == plant.proof and
          not event.get("resumed"), f"it came in as {event}")
    check(not [e for e in plant.boot.events if e["event"] == "register"],
          "it registered at the bootstrap server")


def int_5(plant):
    """Server Initiated Bootstrap: Execute /1/x/9 is answered first, then it
    asks, and registers with what it was given."""
    plant.order(*plant.writes(), {"finish": True})
    plant.gateway.start()
    plant.cloud.wait_registered(plant.endpoint)
    values = plant.server_object(lifetime=94)
    plant.order(*[write(v) for v in plant.account().values()], write(values),
                {"finish": True})
    since, seen = plant.cloud.mark(), plant.boot.mark()
    got = plant.cloud.ask("execute", plant.endpoint, "/1/0/9")
    check(got.get("code") == "2.04", f"/1/0/9 was answered {got}")
    check(not [e for e in plant.boot.events[seen:]
               if e["event"] == "bootstrap" and e["at"] < got.get("at", 0)],
          "it asked before it answered")
    plant.boot.wait_event("bootstrap", since=seen)
    event = plant.cloud.wait_registered(plant.endpoint, since=since)
    check(int(event["lt"]) == 94, f"it came in as {event}")


def int_6(plant):
    """Bootstrap Sequence: an account of the file is tried first, and as long as
    its server takes it nobody is asked."""
    g = plant.gateway
    g.group["servers"].append({
        "name": "plain", "uri": plant.cloud.plain_uri,
        "short_server_id": 124})
    plant.another("tank")
    g.sensors["tank"]["accounts"].append({"server": "plain", "mode": "nosec"})
    plant.order(*plant.writes(), {"finish": True})
    plant.order({"finish": True}, endpoint="gw-tank")
    g.start()
    plant.cloud.wait_registered("gw-tank")
    plant.cloud.wait_registered(plant.endpoint)
    asked = [e["ep"] for e in plant.boot.events if e["event"] == "bootstrap"]
    check(asked == [plant.endpoint], f"{asked} asked")


def case_bootstrap_int_6_refused_dtls(env):
    """Bootstrap Sequence: an account of the file that its server does not let
    in leads to the bootstrap server, at once where the server's alert (48: it
    knows no such authority) says that other keys are needed."""
    plant = Plant(env)
    plant.sensor()
    ca, other = Authority(env.directory, "ca"), Authority(env.directory, "old")
    theirs = ca.sign(Pair(env.directory, "theirs"), "/CN=x", "IP:127.0.0.1")
    ours = other.sign(Pair(env.directory, "ours"), f"/CN={plant.endpoint}")
    plant.cloud.protect(key=theirs, trusted=ca)
    plant.gateway.sensors["boiler"]["accounts"].append({
        "server": "cloud", "mode": "x509", "key_file": ours.key,
        "certificate_file": ours.certificate,
        "server_key_file": theirs.certificate})
    account = plant.key()
    plant.start()
    plant.order({"delete": "/"}, write(account),
                write(plant.server_object()), {"finish": True})
    plant.gateway.start()
    begun = plant.event("bootstrap_begun", sensor="boiler")
    check(begun["why"] == "no server lets it register", f"it asked: {begun}")
    plant.cloud.wait_registered(plant.endpoint)


def int_8(plant):
    """Bootstrap Read: of /1 and /2, and of nothing else."""
    reads = ["/1", "/1/1", "/2", "/0", "/0/0", "/21", "/23", "/3", "/3/0"]
    writes = plant.writes()
    plant.order(*writes, *[{"read": p, "accept": SENML_JSON} for p in reads],
                {"finish": True})
    plant.gateway.start()
    n = len(writes)
    got = plant.done(n + len(reads) + 1)[n:-1]
    codes = dict(zip(reads, (c for c, _ in got)))
    check(codes["/1"] == codes["/1/1"] == "2.05",
          f"the Reads were answered {codes}")
    check(codes["/2"] in ("2.05", "4.04") and
          all(codes[p] == "4.01" for p in ("/0", "/0/0", "/21", "/23")) and
          all(codes[p] == "4.05" for p in ("/3", "/3/0")),
          f"the Reads were answered {codes}")
    records = {r.get("bn", "") + r.get("n", ""): r
               for r in json.loads(got[0][1])}
    check(any(r.get("v") == SHORT_ID for r in records.values()),
          f"/1 was read as {records}")
    plant.cloud.wait_registered(plant.endpoint)


def int_9(plant):
    """Bootstrap and configuration consistency: a result that does not hold
    together is 4.06 at Finish, what was staged stays open and shows, and a
    corrected one is taken."""
    account, server = plant.account(), plant.server_object()
    plant.order(*[write(v) for v in account.values()], {"finish": True},
                {"discover": "/0"}, {"read": "/1", "accept": SENML_JSON},
                write(server), {"finish": True})
    plant.gateway.start()
    n = len(account)
    got = plant.done(n + 5)
    check([c for c, _ in got[n:]] == ["4.06", "2.05", got[n + 2][0], "2.04",
                                      "2.04"],
          f"the steps were answered {got}")
    check("</0/1>" in got[n + 1][1], "what was staged went with 4.06")
    plant.event("bootstrap_refused", sensor="boiler")
    plant.cloud.wait_registered(plant.endpoint)


def int_12(plant):
    """Bootstrap via Bootstrap-Pack-Request: one answer has all of it. A pack
    that does not hold together is dropped whole, and the server is asked to
    write."""
    plant.gateway.group["servers"][1]["version"] = "1.2"
    account, server = plant.account(), plant.server_object(lifetime=87)
    values = {k: v for o in account.values() for k, v in o.items()}
    plant.order({"finish": True},
                pack={"format": SENML_CBOR, "values": {**values, **server}})
    plant.gateway.start()
    event = plant.boot.wait_event("bootstrap-pack")
    check(event["code"] == "2.05", f"the pack: {event}")
    event = plant.cloud.wait_registered(plant.endpoint)
    check(event["secure"] == plant.proof and int(event["lt"]) == 87,
          f"it came in as {event}")
    check(not [e for e in plant.boot.events if e["event"] == "bootstrap"],
          "it asked besides")

    other = plant.server_object(lifetime=88)
    values = {k: 124 if v == SHORT_ID else v
              for k, v in {**values, **server}.items()}
    plant.order(*[write(v) for v in account.values()], write(other),
                {"finish": True}, pack={"format": SENML_JSON, "values": values})
    since, seen = plant.cloud.mark(), plant.boot.mark()
    plant.gateway.ctl("rotate", "boiler")
    plant.boot.wait_event("bootstrap-pack", since=seen)
    plant.event("bootstrap_refused", sensor="boiler")
    plant.boot.wait_event("bootstrap", since=seen)
    event = plant.cloud.wait_registered(plant.endpoint, since=since)
    check(int(event["lt"]) == 88, f"it came in as {event}")

    plant.order(*[write(v) for v in account.values()],
                write(plant.server_object(lifetime=89)), {"finish": True})
    since, seen = plant.cloud.mark(), plant.boot.mark()
    plant.gateway.ctl("rotate", "boiler")
    event = plant.boot.wait_event("bootstrap-pack", since=seen)
    check(event["code"] == "5.01", f"no pack: {event}")
    event = plant.cloud.wait_registered(plant.endpoint, since=since)
    check(int(event["lt"]) == 89, f"it came in as {event}")


def delete_spares(plant):
    """Delete of / and of /0 leaves the account that is in use, and so does one
    of itself, which is refused."""
    own, writes = plant.boot_paths(), plant.writes()
    plant.order({"delete": "/"}, {"delete": "/0"},
                *[{"delete": p} for p in own], {"discover": "/"},
                {"delete": "/3/0"}, *writes, {"finish": True})
    plant.gateway.start()
    got = plant.done(4 + len(own) + len(writes) + 1)
    codes = [c for c, _ in got]
    check(codes[:2] == ["2.02"] * 2 and
          all(c in ("4.00", "4.05") for c in codes[2:2 + len(own)]) and
          codes[3 + len(own)] == "4.05" and codes[-1] == "2.04",
          f"the steps were answered {got}")
    told = got[2 + len(own)][1]
    check(all(f"<{p}>" in told for p in own) and "</1/" not in told,
          f"after all was deleted there is {told}")
    plant.cloud.wait_registered(plant.endpoint)


def make(row, kind):
    def case(env):
        row(kind(env))
    case.__doc__ = row.__doc__
    return case


for _kind in (NoSec, Dtls, Oscore):
    for _row in (int_0, int_1, int_5, int_6, int_8, int_9, int_12,
                 delete_spares):
        globals()[f"case_bootstrap_{_row.__name__}_"
                  f"{_kind.__name__.lower()}"] = make(_row, _kind)
