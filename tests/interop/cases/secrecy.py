# SPDX-License-Identifier: GPL-3.0-or-later
"""Where keys are, and where they must not be: memory, logs, argument lists,
environments, core files, the database."""
import hmac
import os
import secrets

from lib import maps, mqtt
from lib.accounts import add
from lib.bootstrap import Plant
from lib.gateway import ROLES
from lib.memory import Secrets
from lib.peer import Missing, check, wait_until
from lib.pki import Authority, Pair

# Who has the key under which the secrets of accounts are held, and who that of
# the state: see the table in doc/architecture.md. Nobody has a secret itself.
HOLDERS = {"held": {"supervisor", "keyholder"}, "state": {"inner"}}


def derived(master):
    """What is made of the master key."""
    def extract(salt):
        return hmac.digest(salt, bytes.fromhex(master), "sha256")

    root = extract(b"sallyport held 1")
    first = hmac.digest(root, b"\x01", "sha256")
    return {"held": first + hmac.digest(root, first + b"\x02", "sha256"),
            "state": extract(b"sallyport state 1")}


def need_root():
    if os.geteuid() != 0:
        raise Missing("only root may read another's memory")


def scalar(pair):
    """The number that is the private key; what stands around it in DER is the
    same in all of them."""
    der = pair.private()
    at = der.index(b"\x02\x01\x01\x04\x20") + 5
    return der[at:at + 32]


class Everything(Plant):
    """A sensor of each mechanism with keys from files, one whose keys a
    bootstrap server gives, and a gateway that says all that it can."""

    def __init__(self, env):
        super().__init__(env)
        g = self.gateway
        g.group["gateway"]["log"]["level"] = "debug"
        self.sensor()
        ca = Authority(env.directory, "ca")
        raw, cert, theirs, peer = (Pair(env.directory, n) for n in (
            "raw", "cert", "theirs", "peer"))
        ca.sign(cert, "/CN=gw-tank")
        ca.sign(theirs, "/CN=cloud", "IP:127.0.0.1")
        self.raws = env.server({}, "raws")
        self.raws.protect(key=peer, raw={"gw-valve": raw})
        g.group["servers"].append({"name": "raws", "uri": self.raws.uri,
                                   "short_server_id": 124})
        add(g, "valve", {"mode": "rpk", "key_file": raw.key,
                         "server_key_file": peer.public}, "raws")
        add(g, "tank", {"mode": "x509", "key_file": cert.key,
                        "certificate_file": cert.certificate,
                        "server_key_file": theirs.certificate})
        g.mqtt_sensor("meter", [maps.temperature()])
        g.mqtt_sensor("pump", [maps.temperature()], mode="nosec")
        context = g.oscore("pump", "0b01", "5b")
        self.cloud.protect(key=theirs, trusted=ca, oscore={"gw-pump": context})
        g.sensors["pump"]["accounts"][0]["server"] = "safe"
        g.group["servers"].append({
            "name": "safe", "short_server_id": 125,
            "uri": f"coap://127.0.0.1:{self.cloud.oscore_port}"})
        self.keys["gw-meter"] = g.keys["meter"]
        self.account = self.key()
        self.start()
        self.raws.start()
        self.secrets = {
            "raw": scalar(raw), "certificate": scalar(cert),
            **{name: bytes.fromhex(key) for name, key in {
                "meter": g.keys["meter"], "boot": g.keys["boiler"],
                "given": self.keys[self.endpoint],
                "context": context["secret"],
                "master": g.master_key}.items()}}

    def settle(self):
        g = self.gateway
        g.start()
        self.cloud.wait_registered(self.endpoint)
        for server, name in ((self.raws, "valve"), (self.cloud, "tank"),
                             (self.cloud, "meter"), (self.cloud, "pump")):
            server.wait_registered(f"gw-{name}")
        for name in g.passwords:
            client = mqtt.Client("127.0.0.1", g.mqtt_port, name, name,
                                 g.passwords[name])
            client.publish("plant/" + name + "/temp", "21.5")
            client.publish("plant/" + name + "/temp", "not a number")
            client.disconnect()
        for name in g.passwords:
            for verb in ("show", "doctor"):
                g.ctl(verb, name)
        for verb in ("status", "sensors", "journal"):
            g.ctl(verb)


def files_of(gateway):
    """What the process writes: the database and its log, with its pages in
    shared memory, and the anchors beside the socket."""
    for part in ("state", "run"):
        for folder, _, names in os.walk(os.path.join(gateway.root, part)):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    yield path


def look(wanted, what, found):
    check(not found, f"{what} has of the secrets: {', '.join(sorted(found))}")


def case_secrets_nowhere(env):
    """No key of an account is in a log, an argument list, an environment, a file
    that the gateway writes or the memory of any role, nor is the master key;
    what is made of that, only its roles have; no process leaves a core file."""
    need_root()
    plant = Everything(env)
    g, known = plant.gateway, Secrets(plant.secrets)
    plant.give(plant.account, plant.server_object())
    plant.settle()
    plant.give(plant.key(), plant.server_object())
    since = plant.cloud.mark()
    g.ctl("rotate", "boiler")
    plant.cloud.wait_registered(plant.endpoint, since=since)

    roles, made = g.roles(), Secrets(derived(g.master_key))
    check(set(roles) == set(ROLES), f"the roles are {sorted(roles)}")
    has = {name: set() for name in HOLDERS}
    for role, pid in roles.items():
        for name in ("cmdline", "environ"):
            look(known, f"{name} of {role}",
                 known.in_file(f"/proc/{pid}/{name}"))
        with open(f"/proc/{pid}/limits", encoding="ascii") as f:
            core = next(l for l in f if l.startswith("Max core file size"))
        check(core.split()[4:6] == ["0", "0"], f"{role}: {core.strip()}")
        look(known, f"the memory of {role}", known.in_process(pid))
        for name in made.in_process(pid):
            has[name].add(role)
    check(has == HOLDERS, f"keys made of the master key: {has}")
    for path in files_of(g):
        look(known, path, known.in_file(path))
    look(known, "the log", known.in_file(g.log_path))
    check(os.path.getsize(g.log_path) > 2000, "there is no log")
    for name in ("meter.psk", "pump.secret", "master"):
        check(known.in_file(os.path.join(g.root, "keys", name)),
              f"the search finds nothing in {name}")


case_secrets_nowhere.seconds = 60


class Kind:
    """How the account is proved that a bootstrap server gives, and gives anew:
    the values that it writes, and the secret among them."""
    lasting = True

    def __init__(self, env):
        self.plant = Plant(env)
        self.prepare(env)

    def prepare(self, env):
        self.plant.sensor()

    def begin(self):
        self.plant.start()

    def account(self):
        values = self.plant.key()
        return [values], bytes.fromhex(values["/0/1/5"])

    def settled(self, since):
        self.plant.cloud.wait_registered(self.plant.endpoint, since=since)


class Certified(Kind):
    def prepare(self, env):
        self.env, self.count = env, 0
        self.plant.sensor()
        self.ca = Authority(env.directory, "ca")
        self.peer = self.ca.sign(Pair(env.directory, "peer"), "/CN=x",
                                 "IP:127.0.0.1")
        self.plant.cloud.protect(key=self.peer, trusted=self.ca)

    def account(self):
        self.count += 1
        pair = self.ca.sign(Pair(self.env.directory, f"own{self.count}"),
                            f"/CN={self.plant.endpoint}")
        certificate, private = pair.der()
        return [{"/0/1/0": self.plant.cloud.uri, "/0/1/1": False, "/0/1/2": 2,
                 "/0/1/3": certificate.hex(), "/0/1/5": private.hex(),
                 "/0/1/4": self.peer.der()[0].hex(), "/0/1/10": 123}], \
            scalar(pair)


class Raw(Kind):
    """The server knows the first key only: the second one is refused, and the
    bootstrap server gives it again and again."""
    lasting = False

    def prepare(self, env):
        self.plant.sensor()
        self.peer = Pair(env.directory, "peer")
        self.pairs = [Pair(env.directory, f"own{n}") for n in range(2)]
        self.plant.cloud.protect(key=self.peer,
                                 raw={self.plant.endpoint: self.pairs[0]})

    def account(self):
        pair = self.pairs.pop(0)
        return [{"/0/1/0": self.plant.cloud.uri, "/0/1/1": False, "/0/1/2": 1,
                 "/0/1/3": pair.spki().hex(), "/0/1/5": pair.private().hex(),
                 "/0/1/4": self.peer.spki().hex(), "/0/1/10": 123}], \
            scalar(pair)

    def settled(self, since):
        if len(self.pairs) == 1:
            super().settled(since)


class Context(Raw):
    """OSCORE; likewise."""

    def prepare(self, env):
        plant = self.plant
        plant.sensor()
        self.pairs = [{"secret": secrets.token_hex(16), "sender_id": f"0c0{n}",
                       "recipient_id": "5c"} for n in range(2)]
        plant.cloud.protect(oscore={plant.endpoint: self.pairs[0]})
        self.uri = f"coap://127.0.0.1:{plant.cloud.oscore_port}"
        plant.gateway.group["servers"][0]["uri"] = self.uri

    def account(self):
        keys = self.pairs.pop(0)
        return [{"/21/1/0": keys["secret"], "/21/1/1": keys["sender_id"],
                 "/21/1/2": keys["recipient_id"]},
                {"/0/1/0": self.uri, "/0/1/1": False, "/0/1/2": 3,
                 "/0/1/10": 123, "/0/1/17": "21:1"}], \
            bytes.fromhex(keys["secret"])


def nowhere(plant, known):
    """In no role's memory and in no file, once the visit that brought them is
    over."""
    g = plant.gateway
    wait_until("the inner door to forget what it was given",
               lambda: not known.in_process(g.role_pid("inner")), 10)
    known_well = Secrets({"endpoint": plant.endpoint.encode()})
    check(known_well.in_process(g.role_pid("inner")),
          "the search is at fault: it does not find the endpoint")
    for role, pid in g.roles().items():
        look(known, f"the memory of {role}", known.in_process(pid))
    for path in files_of(g):
        look(known, path, known.in_file(path))


def gone(kind):
    """An account is given, used, and given anew with other keys: once a session
    is up nothing of them is left in any role's memory or in the files of the
    gateway, neither of the new ones nor of the old."""
    need_root()
    plant = kind.plant
    g = plant.gateway
    values, old = kind.account()
    kind.begin()
    plant.give(*values, plant.server_object())
    g.start()
    kind.settled(0)
    known = Secrets({"old": old})
    nowhere(plant, known)
    values, new = kind.account()
    plant.give(*values, plant.server_object())
    log, since = g.mark(), plant.cloud.mark()
    g.ctl("rotate", "boiler")
    plant.event("keys_rotated", since=log)
    kind.settled(since)
    plant.boot.wait_event("bootstrap-end", since=0)
    nowhere(plant, Secrets({"old": old, "new": new} if kind.lasting
                           else {"old": old}))


def case_rotated_key_is_gone_psk(env):
    gone(Kind(env))


def case_rotated_key_is_gone_rpk(env):
    gone(Raw(env))


def case_rotated_key_is_gone_x509(env):
    gone(Certified(env))


def case_rotated_key_is_gone_oscore(env):
    gone(Context(env))


for _case in (case_rotated_key_is_gone_psk, case_rotated_key_is_gone_rpk,
              case_rotated_key_is_gone_x509, case_rotated_key_is_gone_oscore):
    _case.__doc__ = gone.__doc__
del _case
