# SPDX-License-Identifier: GPL-3.0-or-later
"""A bootstrap that ends after each of its messages, a sensor for each: by the
server's silence or death, the inner door's, the gateway's, or the wire's. What
was in force stays, or all of what came after it is."""
import secrets
from collections import Counter

from lib import mqtt
from lib.bootstrap import SHORT_ID, Plant, write
from lib.peer import check, wait_until
from lib.relay import Relay

COUNT = 26  # more than the datagrams of a visit


class Cut(Relay):
    """Once `armed` the n-th client's wire takes n datagrams, and those of any
    after them none."""

    def __init__(self, upstream):
        self.limits, self.armed = {}, False
        super().__init__(upstream)

    def _offer(self, mapping, out, to, data):
        if self.armed:
            n = len(self.limits)
            left = self.limits.setdefault(mapping, n if n < COUNT else 0)
            if left == 0:
                self.counts["dark"] += 1
                return
            self.limits[mapping] = left - 1
        super()._offer(mapping, out, to, data)

    def spent(self):
        return len(self.limits) >= COUNT and \
            sum(left == 0 for left in self.limits.values())


class Dtls(Plant):
    """Sensors with pre-shared keys, that have been at the bootstrap server."""

    def __init__(self, env):
        super().__init__(env)
        self.names = [f"s{n}" for n in range(COUNT)]
        self.prepare()
        self.old = {n: secrets.token_hex(16) for n in self.names}
        self.new = {n: secrets.token_hex(16) for n in self.names}
        self.cut = env.closing(Cut(("127.0.0.1", self.boot_port())))
        servers = self.gateway.group["servers"]
        servers[0]["uri"] = self.cloud_uri = self.cloud_at()
        servers[1]["uri"] = f"{self.scheme}://127.0.0.1:{self.cut.port}"
        for server in servers:
            server["pace_per_second"] = 1000
        self.know(self.old)
        self.start()
        for name in self.names:
            self.tell(name, self.old[name])
        self.gateway.start()
        self.all_here(0)

    scheme = "coaps"

    def prepare(self):
        for name in self.names:
            self.sensor(name)

    def boot_port(self):
        return self.boot.coaps_port

    def cloud_at(self):
        return self.cloud.uri

    def know(self, keys):
        """What the cloud knows at its next start, and nothing else."""
        self.cloud.set_keys({f"gw-{n}": k for n, k in keys.items()})

    def account(self, name, key):
        return [self.values(f"gw-{name}", key)]

    def steps(self, name, key):
        return [{"discover": "/"}, {"delete": "/"},
                *map(write, self.account(name, key)),
                write(self.server_object()), {"finish": True}]

    def tell(self, name, key, **more):
        self.order(*self.steps(name, key), endpoint=f"gw-{name}", **more)

    def all_here(self, since):
        for name in self.names:
            self.cloud.wait_registered(f"gw-{name}", since=since)

    def rotated(self, since):
        return {e["sensor"] for e in self.gateway.events(since)
                if e["event"] == "keys_rotated"}

    def suspend(self):
        """Each sensor is at another step of its visit, up to the one before
        Finish, and the server says nothing any more."""
        count = len(self.steps("s0", self.new["s0"]))
        after = {f"gw-{n}": i % count for i, n in enumerate(self.names)}
        for name in self.names:
            self.tell(name, self.new[name], stop_after=after[f"gw-{name}"])
        seen = self.boot.mark()
        self.gateway.ctl("rotate", "--all")
        wait_until("all of them at a step", lambda: {
            e["ep"]: e["steps"] for e in self.boot.events[seen:]
            if e["event"] == "bootstrap-end"} == after, 30)

    def report(self, value, names=()):
        """On the sessions that there are."""
        g, since = self.gateway, self.cloud.mark()
        for name in names or self.names:
            sensor = mqtt.Client("127.0.0.1", g.mqtt_port, name, name,
                                 g.passwords[name])
            sensor.publish(f"plant/{name}/temp", str(value))
            self.cloud.wait_record(f"gw-{name}", "/3303/0/5700", value,
                                   since=since)
            sensor.disconnect()
        check(not [e for e in self.cloud.events[since:]
                   if e["event"] == "register"], "a session began anew")

    def come_back(self, keys):
        """All of them, with these keys, after the gateway and the cloud were
        killed."""
        self.gateway.kill()
        self.know(keys)
        self.cloud.restart()
        since = self.cloud.mark()
        self.gateway.start()
        self.all_here(since)


class Oscore(Dtls):
    """Likewise with OSCORE over coap."""
    scheme = "coap"

    def prepare(self):
        own = {}
        for n, name in enumerate(self.names):
            self.sensor(name, mode="nosec")
            own[f"gw-{name}"] = self.gateway.oscore(name, f"0b{n:02x}", "5b")
        self.boot.protect(oscore=own)
        self.cloud.protect(oscore=own)  # until know()

    def boot_port(self):
        return self.boot.oscore_port

    def cloud_at(self):
        return f"coap://127.0.0.1:{self.cloud.oscore_port}"

    def ids(self, name):
        return f"0c{self.names.index(name):02x}", "5c"

    def know(self, keys):
        self.cloud._lines("oscore", (
            ":".join((f"gw-{n}", *self.ids(n), key, "", "", "", ""))
            for n, key in keys.items()))

    def account(self, name, key):
        client, server = self.ids(name)
        return [{"/21/1/0": key, "/21/1/1": client, "/21/1/2": server},
                {"/0/1/0": self.cloud_uri, "/0/1/1": False, "/0/1/2": 3,
                 "/0/1/10": SHORT_ID, "/0/1/17": "21:1"}]


def interrupt(env, plant):
    g, cloud, boot = plant.gateway, plant.cloud, plant.boot
    log = g.mark()

    plant.suspend()  # ended by the inner door's death
    cloud.kill()
    inner = g.kill_role("inner")
    g.wait_role_again("inner", inner)
    since = cloud.mark()  # the sensors are there already
    cloud.start()
    plant.all_here(since)

    seen = boot.mark()
    plant.suspend()  # ended by the server's, or by its silence with `--long`
    if not env.long:
        boot.kill()
    plant.report(21.5)
    if env.long:
        wait_until("all of them gave up, and asked again", lambda: Counter(
            e["ep"] for e in boot.events[seen:] if e["event"] == "bootstrap"
        ).most_common()[-1][1] == 2, 320, 1.0)
        plant.report(22.5)
        boot.kill()
    check(not plant.rotated(log), f"{plant.rotated(log)} have other keys")
    plant.come_back(plant.old)
    boot.start()

    for name in plant.names:  # ended by the wire
        plant.tell(name, plant.new[name])
    log, seen = g.mark(), boot.mark()
    plant.cut.armed = True
    g.ctl("rotate", "--all")
    last = len(plant.steps("s0", "")) - 1

    def took(step):
        return {e["ep"][3:] for e in boot.events[seen:]
                if e["event"] == "bootstrap-step" and e["step"] == step}

    wait_until("a cut after each datagram, or the end of the visit",
               lambda: plant.cut.spent() + len(took(last)) >= COUNT, 30)
    whole = took(last)
    # What Finish brought is on the disk, and told, before a later reading is.
    plant.report(23.5, [n for n in plant.names if n not in took(last - 1)][:1])
    rotated, almost = plant.rotated(log), took(last - 1)
    check(whole <= rotated <= almost and whole and
          len(rotated) < COUNT, f"{sorted(rotated)} have other keys, but Finish "
          f"was answered to {sorted(whole)}, and {sorted(almost)} had all else")
    plant.come_back({n: plant.new[n] if n in rotated else plant.old[n]
                     for n in plant.names})
    print(f"{COUNT} cuts of the wire: {COUNT - len(rotated)} kept their keys, "
          f"{len(rotated)} have new ones")


def case_interrupted_dtls(env):
    """After every message k, over DTLS: the old accounts stand, or after Finish
    the new ones."""
    interrupt(env, Dtls(env))


def case_interrupted_oscore(env):
    """After every message k, over OSCORE likewise."""
    interrupt(env, Oscore(env))


for _case in (case_interrupted_dtls, case_interrupted_oscore):
    _case.seconds, _case.long_seconds = 90, 500
