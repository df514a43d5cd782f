# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured: our gateway, and mosquitto as a bridge, each with its
server, its sensors and its accounts of time and memory."""
import json
import os
import secrets
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "interop"))

from lib import net  # noqa: E402
from lib.gateway import descendants  # noqa: E402
from lib.peer import Failed, check, wait_until  # noqa: E402

WINDOW = 20  # readings that a sensor has unacknowledged at most
SETTLE = 30  # seconds until the last reading must be upstream


# ---- accounts of the kernel

def busy_seconds(pids):
    """User and system time of all threads of the processes."""
    total = 0
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat",
                      encoding="ascii") as f:
                total += int(f.read().split()[0])
    return total / 1e9


def user_kib(pids):
    """Proportional set size."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            total += sum(int(line.split()[1]) for line in f
                         if line.startswith("Pss:"))
    return total


class Group:
    """A memory control group of its own for one program, so that the kernel's
    memory (sockets, epoll, page tables) is counted apart. Version 1 or 2; where
    none can be made, kib() is None."""

    def __init__(self, name):
        self.path = None
        for base, self.file in (("/sys/fs/cgroup/memory",
                                 "memory.kmem.usage_in_bytes"),
                                ("/sys/fs/cgroup", "memory.stat")):
            path = os.path.join(base, f"sallyport-bench-{os.getpid()}-{name}")
            try:
                os.mkdir(path)
            except OSError:
                continue
            if os.path.exists(os.path.join(path, self.file)):
                self.path = path
                return
            os.rmdir(path)

    def argv(self, argv):
        """The command, started within the group."""
        if self.path is None:
            return argv
        return ["sh", "-c", f"echo $$ > {self.path}/cgroup.procs && "
                'exec "$@"', "sh", *argv]

    def kib(self):
        if self.path is None:
            return None
        with open(os.path.join(self.path, self.file),
                  encoding="ascii") as f:
            text = f.read()
        if self.file == "memory.stat":
            text = next(line.split()[1] for line in text.splitlines()
                        if line.startswith("kernel "))
        return int(text) / 1024

    def close(self):
        for _ in range(50):
            try:
                if self.path is not None:
                    os.rmdir(self.path)
                self.path = None
                return
            except OSError:
                time.sleep(0.1)


# ---- programs that are asked on stdin and answer with a line of JSON

def ask(peer, order, seconds):
    with peer.condition:
        since = len(peer.lines)
    peer.write(order + "\n")
    return json.loads(peer.wait_line('"seen":', seconds, since))


def load_program(env):
    return os.path.join(env.build, "tests", "bench", "load")


# ---- gateways

class Measured:
    """One gateway with its upstream end. A subclass gives prepare(), pids(),
    port, and seen() and times() of the far end."""

    def __init__(self, env, sensors, tag):
        self.env, self.sensors, self.tag = env, sensors, tag
        self.group = env.closing(Group(tag))
        self.load = None

    def connect(self):
        self.load = self.env.peer(
            f"{self.tag}-load",
            [load_program(self.env), self.port, "sensors", self.sensors,
             WINDOW])
        self.load.start('"ready"', 90)
        return self

    def run(self, rate, seconds):
        """Lets the sensors publish; returns what it came to."""
        before, since = self.times(), time.monotonic()
        busy = busy_seconds(self.pids())
        done = ask(self.load, f"run {rate} {seconds}", seconds + 60)
        wanted = before["seen"] + done["acknowledged"]
        try:
            wait_until("the last reading upstream",
                       lambda: self.seen() >= wanted, SETTLE)
        except Failed:
            pass  # the ledger tells
        took = time.monotonic() - since
        busy = busy_seconds(self.pids()) - busy
        after = self.times()
        seen = after["seen"] - before["seen"]
        check(seen > 0, f"{self.tag}: nothing was seen upstream")
        return {
            "published": done["published"],
            "acknowledged": done["acknowledged"],
            "seen": seen, "again": after["again"] - before["again"],
            "lost": done["acknowledged"] - seen,
            "cpu_ms_per_1000": busy * 1e6 / seen,
            "per_second": seen / took,
            "puback_p50": done["p50"] / 1000, "puback_p99": done["p99"] / 1000,
            "puback_max": done["max"] / 1000,
            "upstream_p50": after["p50"] / 1000,
            "upstream_p99": after["p99"] / 1000,
        }

    def memory(self):
        return {"user_kib": user_kib(self.pids()),
                "kernel_kib": self.group.kib()}

    def stop(self):
        for peer in self.peers():
            if peer is not None and peer.process is not None:
                peer.kill()
        self.group.close()


class Sallyport(Measured):
    name = "Sallyport"

    def __init__(self, env, sensors, tag="sallyport", wrap=(), options=(),
                 state=None):
        super().__init__(env, sensors, tag)
        self.server = env.server({}, f"{tag}-server")
        # What every LwM2M server has; DTLS 1.3 takes 1 KiB more of memory.
        self.server.argv += ["--suites", "PSK-AES128-CCM-8",
                             "--tally", "--clients",
                             str(min(20000, max(256, 3 * sensors)))]
        self.gateway = g = env.gateway(self.server.uri, name=tag)
        g.gateway_name = tag
        g.argv = self.group.argv([*wrap, *g.argv, *options])
        g.group["gateway"]["name"] = tag
        g.group["gateway"]["max_sensors"] = max(sensors, 100)
        g.group["gateway"]["memory_limit_mb"] = 4096 if wrap else \
            64 + sensors // 16
        if state is not None:
            g.group["gateway"]["state_dir"] = state
        g.group["servers"][0]["pace_per_second"] = 1000
        g.profiles["text"] = {
            "name": "text", "maps": [{"topic": "plant/{id}/text",
                                      "put": [{"to": "/3300/0/5751"}]}]}
        for n in range(sensors):
            sensor = f"s{n}"
            g.keys[sensor] = secrets.token_hex(16)
            g.sensors[sensor] = {
                "id": sensor, "profile": "text", "server": "cloud",
                "accept_weak": True, "authenticate": [
                    {"method": "address", "interface": "lo",
                     "ip": f"127.10.{n // 250}.{n % 250 + 1}"}]}
        self.server.set_keys({f"{tag}-s{n}": g.keys[f"s{n}"]
                              for n in range(sensors)})

    @property
    def port(self):
        return self.gateway.mqtt_port

    def peers(self):
        return [self.load, self.gateway, self.server]

    def pids(self):
        return [self.gateway.pid, *descendants(self.gateway.pid)]

    def start(self, seconds=120):
        self.server.start()
        began = time.monotonic()
        self.gateway.start(seconds=seconds)
        ready = time.monotonic()
        wait_until("the registrations", self._registered, seconds, 0.02)
        self.start_seconds = ready - began
        self.register_seconds = time.monotonic() - ready
        self.start_busy = busy_seconds(self.pids())
        return self

    def _registered(self):
        return ask(self.server, '{"op":"tally"}', 20)["registered"] == \
            self.sensors

    def seen(self):
        return ask(self.server, '{"op":"tally"}', 20)["seen"]

    def times(self):
        return ask(self.server, '{"op":"times"}', 20)


EDGE = """
listener {port} 127.0.0.1
allow_anonymous true
user root
log_dest none
persistence false
set_tcp_nodelay true
max_inflight_messages 0
max_queued_messages 0
"""

BRIDGE = """
connection {name}
address 127.0.0.1:{port}
topic {topic} out 1
remote_clientid edge-{name}
bridge_identity {name}
bridge_psk {key}
bridge_protocol_version mqttv311
cleansession false
notifications false
"""

CLOUD = """
allow_anonymous true
user root
log_dest stderr
log_type notice
log_type error
log_type information
set_tcp_nodelay true
max_inflight_messages 0
max_queued_messages 0
listener {plain} 127.0.0.1
listener {tls} 127.0.0.1
psk_file {keys}
psk_hint cloud
"""


class Mosquitto(Measured):
    """A broker at the edge, whose bridges speak TLS with pre-shared keys to a
    second broker, where a subscriber counts. Nothing of it is durable."""

    def __init__(self, env, sensors, bridges, tag):
        super().__init__(env, sensors, tag)
        env.need("mosquitto")
        self.port, self.bridges = net.free_tcp_port(), bridges
        plain, tls = net.free_tcp_port(), net.free_tcp_port()
        keys = {f"s{n}" if bridges > 1 else "all": secrets.token_hex(16)
                for n in range(bridges)}
        psk = self._write("keys", "".join(f"{n}:{k}\n"
                                          for n, k in keys.items()))
        edge = EDGE.format(port=self.port) + "".join(
            BRIDGE.format(name=n, port=tls, key=k, topic=f"plant/{n}/#"
                          if bridges > 1 else "plant/#")
            for n, k in keys.items())
        self.cloud = env.peer(f"{tag}-cloud", ["mosquitto", "-c", self._write(
            "cloud.conf", CLOUD.format(plain=plain, tls=tls, keys=psk))])
        self.edge = env.peer(f"{tag}-edge", self.group.argv(
            ["mosquitto", "-c", self._write("edge.conf", edge)]))
        self.counter = env.peer(f"{tag}-count",
                                [load_program(env), plain, "count"])

    def _write(self, what, text):
        path = os.path.join(self.env.directory, f"{self.tag}-{what}")
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(path, 0o600)
        return path

    def peers(self):
        return [self.load, self.edge, self.counter, self.cloud]

    def pids(self):
        return [self.edge.pid]

    def start(self, seconds=120):
        self.cloud.start("running")
        self.counter.start('"ready"')
        began = time.monotonic()
        self.edge.start()
        wait_until("the bridges", self._bridged, seconds, 0.05)
        self.register_seconds = time.monotonic() - began
        self.start_busy = busy_seconds(self.pids())
        return self

    def _bridged(self):
        with self.cloud.condition:
            return len({line.split(" as ")[1].split()[0]
                        for line in self.cloud.lines
                        if " as edge-" in line}) == self.bridges

    def seen(self):
        return ask(self.counter, "tally", 20)["seen"]

    def times(self):
        return ask(self.counter, "times", 20)


class ManyBridges(Mosquitto):
    name = "mosquitto, a bridge per sensor"

    def __init__(self, env, sensors, tag="bridges"):
        super().__init__(env, sensors, sensors, tag)


class OneBridge(Mosquitto):
    name = "mosquitto, one bridge for all"

    def __init__(self, env, sensors, tag="bridge"):
        super().__init__(env, sensors, 1, tag)
