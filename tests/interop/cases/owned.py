# SPDX-License-Identifier: GPL-3.0-or-later
"""A bootstrap server that somebody else has: what it cannot do, be it by Writes
or by a Bootstrap-Pack, and what it can."""
import time

from lib import mqtt
from lib.bootstrap import SENML_JSON, Plant, write
from lib.peer import check, wait_until
from lib.pki import Authority, Pair

SKY = 124  # a server of the configuration that nobody was at yet
HALF = 12  # so many events of a kind in a second are all in the log
BREATH = {"wait_ms": 1100}


def attempts(plant, ours, theirs):
    """(what it would bring, the resource at fault, its values): each put on
    accounts that are as they should be."""
    cloud, plain = plant.cloud.uri, plant.cloud.plain_uri
    certificate, private = ours.der()
    x509 = {"/0/1/2": 2, "/0/1/3": certificate.hex(),
            "/0/1/4": theirs.der()[0].hex(), "/0/1/5": private.hex()}
    sky = {"/0/2/1": False, "/0/2/10": SKY, "/1/2/0": SKY, "/1/2/1": 300,
           "/1/2/6": True, "/1/2/7": "U"}
    oscore = {"/0/2/17": "21:2", "/21/2/1": "0d01", "/21/2/2": "5d",
              "/0/2/0": "coap://192.0.2.1", "/0/2/2": 3, **sky}
    raw = {"/0/1/2": 1, "/0/1/3": ours.spki().hex(),
           "/0/1/4": theirs.spki().hex(), "/0/1/5": private.hex()}
    return [
        ("another host", "/0/1/0", {"/0/1/0": "coaps://127.0.0.2:5684"}),
        ("a host that only ends like one", "/0/1/0",
         {"/0/1/0": "coaps://badexample.com"}),
        ("the top of a pattern", "/0/1/0", {"/0/1/0": "coaps://example.com"}),
        ("another host's name", "/0/1/14",
         {**x509, "/0/1/15": 1, "/0/1/14": "thief.example.org"}),
        ("another host in reserve", "/0/1/25",
         {"/0/1/25/0": cloud, "/0/1/25/1": "coaps://thief.example.org"}),
        ("the clear in reserve", "/0/1/25/0", {"/0/1/25/0": plain}),
        ("the clear", "/0/1/2", {"/0/1/0": plain, "/0/1/2": 3}),
        ("the clear, at an allowed host", "/0/1/2",
         {"/0/1/0": "coap://192.0.2.1", "/0/1/2": 3}),
        ("the clear off this machine, for the first time", "/0/2/2",
         {"/0/2/0": "coap://192.0.2.1", "/0/2/2": 3, **sky}),
        ("a key of 120 bits", "/0/1/5", {"/0/1/5": "5a" * 15}),
        ("a Master Secret of 120 bits", "/21/2/0",
         {**oscore, "/21/2/0": "5a" * 15}),
        ("a suite with CBC", "/0/1/16", {"/0/1/16/0": 0xc0a8,
                                         "/0/1/16/1": 0x00ae}),
        ("a mode that is not wanted", "/0/1/2", raw),
        ("a certificate without an anchor", "/0/1/15",
         {**x509, "/0/1/15": 2}),
        ("any certificate that is this one", "/0/1/15",
         {**x509, "/0/1/15": 3}),
        ("a certificate, and no word of its use", "/0/1/15", x509),
        ("a server that nobody named", "/0/1/10",
         {"/0/1/10": 125, "/1/1/0": 125}),
        ("another bootstrap server", "/0/0/0",
         {"/0/0/0": "coaps://127.0.0.2:5684"}),
        ("another bootstrap server's name", "/0/0/14",
         {**{p.replace("/0/1/", "/0/0/"): v for p, v in x509.items()},
          "/0/0/14": "thief.example.org"}),
        ("a bootstrap server in the clear", "/0/0/2",
         {"/0/0/0": plant.boot.plain_uri, "/0/0/2": 3}),
        ("a short key for the bootstrap server", "/0/0/5",
         {"/0/0/5": "5a" * 15}),
    ]


def by_instance(values):
    """{path of an object instance: its values}."""
    out = {}
    for path, value in values.items():
        out.setdefault("/".join(path.split("/")[:3]), {})[path] = value
    return out


class Owned(Plant):
    """Sensors with an account each that a bootstrap server gave; the floor has
    hosts and modes besides, and the cloud has an anchor."""

    def __init__(self, env, names, version="1.1"):
        super().__init__(env)
        self.names, g = names, self.gateway
        ca = Authority(env.directory, "ca")
        ours = ca.sign(Pair(env.directory, "ours"), "/CN=sensor")
        theirs = ca.sign(Pair(env.directory, "theirs"), "/CN=x",
                         "IP:127.0.0.1")
        servers = g.group["servers"]
        servers[0]["trust_file"] = ca.certificate
        servers[1].update(version=version, floor={
            "hosts": ["192.0.2.1", "*.example.com"],
            "modes": ["psk", "x509", "oscore"]})
        servers.append({"name": "sky", "short_server_id": SKY})
        accounts = {}
        for name in names:
            self.sensor(name)
            accounts[name] = self.key(f"gw-{name}")
        self.good = {n: {**a, **self.server_object()}
                     for n, a in accounts.items()}
        self.mended = {n: {
            "/0/0/0": self.boot.uri, "/0/0/2": 0, "/0/0/14": "",
            "/0/0/3": f"gw-{n}".encode().hex(), "/0/0/5": g.keys[n]}
            for n in names}
        self.tries = attempts(self, ours, theirs)
        self.start()
        for name in names:
            self.give(accounts[name], self.server_object(),
                      endpoint=f"gw-{name}")
        g.start()
        self.all_here(0)
        self.log, self.since = g.mark(), self.cloud.mark()

    def all_here(self, since):
        for name in self.names:
            event = self.cloud.wait_registered(f"gw-{name}", since=since)
            check(event["secure"] == "psk", f"it came as {event}")

    def judge(self, refused, tried, path):
        check(len(refused) == 1 and refused[0]["path"] == path,
              f"{tried} should be refused for {path}: {refused}")

    def refusals(self):
        return [e for e in self.gateway.events(self.log)
                if e["event"] == "bootstrap_refused"]

    def unmoved(self):
        """The sessions and the accounts are what they were."""
        g = self.gateway
        moved = [e for e in g.events(self.log) if e["event"] in (
            "keys_rotated", "account_revoked", "keys_dead", "account_given")]
        moved += [e for e in self.cloud.events[self.since:]
                  if e["event"] in ("register", "deregister")]
        check(not moved, f"something changed: {moved}")
        for name in self.names:
            self.report(name, 22.5)
        g.kill()
        self.cloud.restart()  # with the keys that it had
        since = self.cloud.mark()
        g.start()
        self.all_here(since)

    def report(self, name, value):
        g, since = self.gateway, self.cloud.mark()
        sensor = mqtt.Client("127.0.0.1", g.mqtt_port, f"{name}-1", name,
                             g.passwords[name])
        sensor.publish(f"plant/{name}/temp", str(value))
        self.cloud.wait_record(f"gw-{name}", "/3303/0/5700", value,
                               since=since)
        sensor.disconnect()


def case_owned_bootstrap_server(env):
    """By Writes it leads nowhere else, opens nothing, weakens no key and does
    not hand the sensor on: each attempt gets 4.06 and an event, nothing
    changes. What it can do is give other keys within the floor, and take the
    account away; it puts off when the sensor asks again, but not the operator's
    `rotate`."""
    plant = Owned(env, ["boiler"])
    finish, delete = {"finish": True}, {"delete": "/"}
    mended, good = plant.mended["boiler"], plant.good["boiler"]
    visits = [[delete, write(mended),
               *map(write, by_instance({**good, **values}).values()), finish]
              for values in [v for _, _, v in plant.tries] + [{}]]
    seen = plant.boot.mark()
    steps = [step for visit in visits for step in visit]
    plant.order(*steps[:len(steps) // 2], BREATH, *steps[len(steps) // 2:])
    plant.cloud.ask("execute", plant.endpoint, "/1/0/9")
    plant.event("bootstrap_done", since=plant.log)
    answers = [e["code"] for e in plant.boot.events[seen:]
               if e["event"] == "bootstrap-step"]
    for (tried, _, _), visit in zip(plant.tries, visits):
        got, answers = answers[:len(visit)], answers[len(visit):]
        check(got == ["2.02"] + ["2.04"] * (len(visit) - 2) + ["4.06"],
              f"{tried} was answered {got}")
    check(answers[-1:] == ["2.04"], f"what was well was answered {answers}")
    refused = plant.refusals()
    for event, (tried, path, _) in zip(refused, plant.tries):
        plant.judge([event], tried, path)
    check(len(refused) == len(plant.tries), f"refused: {refused}")
    plant.unmoved()

    since = plant.cloud.mark()
    plant.give({"/0/0/11": 0xffffffff}, plant.key(), plant.server_object())
    plant.gateway.ctl("rotate", "boiler")
    plant.all_here(since)
    plant.report("boiler", 23.5)
    log = plant.gateway.mark()
    plant.order(delete, finish)
    plant.gateway.ctl("rotate", "boiler")
    plant.event("account_revoked", since=log, server="cloud")


def case_owned_pack_server(env):
    """The same by Bootstrap-Packs, a sensor for each: all are dropped whole,
    with an event."""
    names = [f"s{n}" for n in range(24)]
    plant = Owned(env, names, version="1.2")
    tries = list(zip(names, plant.tries))
    check(len(tries) == len(plant.tries), "a sensor for each")
    for some in (tries[:HALF], tries[HALF:]):
        began = time.monotonic()
        for name, (_, _, values) in some:
            plant.order({"finish": True}, endpoint=f"gw-{name}", pack={
                "format": SENML_JSON, "values": {
                    **plant.mended[name], "/0/0/1": True, **plant.good[name],
                    **values}})
            plant.gateway.ctl("rotate", name)
        for name, (tried, path, _) in some:
            plant.event("bootstrap_done", since=plant.log, sensor=name)
            plant.judge([e for e in plant.refusals() if e["sensor"] == name],
                        tried, path)
        wait_until("the log's next second",
                   lambda: time.monotonic() > began + 2)
    plant.unmoved()


for _case in (case_owned_bootstrap_server, case_owned_pack_server):
    _case.seconds = 30
