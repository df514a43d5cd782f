# SPDX-License-Identifier: GPL-3.0-or-later
"""Another configuration under traffic: all of it or nothing, and nobody whom it
does not concern notices."""
import os
import random
import resource
import secrets
import select
import signal
import subprocess
import threading
import time

from lib import maps, mqtt, net
from lib.gateway import settings
from lib.ledger import Ledger
from lib.peer import check, wait_until
from lib.traffic import Traffic, settle

QUICK, LONG = 18, 100
TEMPERATURE = "/3303/0/5700"


class Site:
    """A gateway with counting sensors that no reload concerns, and others that
    come, go and change: `guest`, `keyed` and `named`."""

    def __init__(self, env):
        self.server = env.server({})
        self.gateway = g = env.gateway(self.server.uri)
        self.traffic = Traffic(g)
        self.steady = self.traffic.endpoints()
        self.guest = g.mqtt_sensor("guest", [maps.temperature()])
        self.keyed = g.mqtt_sensor("keyed", [maps.temperature()])
        self.named = g.mqtt_sensor("named", [maps.temperature()])
        self.tell_keys()
        self.server.start()
        g.start()
        for endpoint in [*self.steady, self.guest, self.keyed, self.named]:
            self.server.wait_registered(endpoint)
        self.roles = g.roles()
        self.generation = 1
        self.value = 0
        self.since = self.server.mark()
        self.client = self.connect("named")

    def tell_keys(self):
        self.server.set_keys(self.gateway.psk_identities())
        if self.server.process is not None:
            self.server.ask("keys")

    def connect(self, sensor):
        client = mqtt.Client("127.0.0.1", self.gateway.mqtt_port, sensor,
                             sensor, self.gateway.passwords[sensor])
        check(client.code == 0, f"{sensor} was answered {client.code}")
        return client

    def put(self, name, text=None, mode=0o644):
        """A file of the configuration; None takes it away."""
        if text is None:
            os.unlink(os.path.join(self.gateway.root, name))
        else:
            self.gateway._write(name, text, mode)

    def put_sensor(self, sensor, **more):
        group = {**self.gateway.sensors[sensor], **more}
        self.put(f"sensors.d/{sensor}.conf", settings({"sensors": [group]}))

    # ---- one reload

    def reload(self, by_signal):
        """(done, what was told); by SIGHUP that is what was logged."""
        g = self.gateway
        if not by_signal:
            code, out, error = g.ctl("reload", seconds=60)
            check(code in (0, 1), f"sallyportctl reload ended with {code}: "
                                  f"{out}{error}")
            return code == 0, out + error
        mark = g.mark()
        os.kill(g.pid, signal.SIGHUP)
        ends = wait_until("the end of the reload", lambda: [
            e for e in g.events(mark)
            if e["event"] in ("reloaded", "reload_refused")], 60)
        return ends[0]["event"] == "reloaded", "\n".join(
            e.get("what", "") for e in g.events(mark)
            if e["event"] == "config_refused")

    def accept(self, by_signal=False):
        done, told = self.reload(by_signal)
        check(done, f"a good configuration was refused: {told}")
        self.generation += 1

    def refuse(self, *words, by_signal=False):
        done, told = self.reload(by_signal)
        check(not done, f"a bad configuration was taken; wanted {words}")
        check("reloaded:" not in told, f"it was refused, and told {told!r}")
        for word in words:
            check(word in told, f"{word!r} is not in {told!r}")

    def check_in_force(self):
        """The generation is the one that was accepted last, and nobody died."""
        status = self.gateway.ctl_json("status")[0]
        check(status["generation"] == self.generation,
              f"generation {status['generation']}, not {self.generation}")
        now = self.gateway.roles()
        check(now == self.roles, f"processes changed: {self.roles}, {now}")

    def publishes(self, sensor, endpoint):
        """A reading of this sensor gets upstream."""
        self.value += 1
        client = self.connect(sensor)
        client.publish(f"plant/{sensor}/temp", f"{self.value}.5", seconds=15)
        client.disconnect()
        self.server.wait_record(endpoint, TEMPERATURE, self.value + 0.5,
                                seconds=30)

    # ---- what changes

    def nothing(self, by_signal):
        self.accept(by_signal)

    def guest_leaves(self, by_signal):
        mark = self.server.mark()
        self.put("sensors.d/guest.conf")
        self.accept(by_signal)
        self.server.wait_event("deregister", lambda e: e["ep"] == self.guest,
                               since=mark)
        self.value += 1
        client = mqtt.Client("127.0.0.1", self.gateway.mqtt_port, "g", "guest",
                             self.gateway.passwords["guest"],
                             source=f"127.0.1.{self.value % 250 + 1}")
        check(client.code != 0, "a sensor that is gone was let in")
        client.abort()

    def guest_comes(self, by_signal):
        mark = self.server.mark()
        self.put_sensor("guest")
        self.accept(by_signal)
        self.server.wait_registered(self.guest, since=mark)
        self.publishes("guest", self.guest)

    def new_key(self, by_signal):
        """De-registered, then in by the new key, which alone is right."""
        mark = self.server.mark()
        new = secrets.token_hex(16)
        self.put("keys/keyed.psk", new + "\n", 0o600)
        self.gateway.keys["keyed"] = new
        self.tell_keys()
        self.accept(by_signal)
        self.server.wait_event("deregister", lambda e: e["ep"] == self.keyed,
                               since=mark)
        self.server.wait_registered(self.keyed, 30, mark)
        self.publishes("keyed", self.keyed)

    def new_password(self, by_signal):
        """Whoever is in by the old one is put out, and it opens nothing."""
        g = self.gateway
        old, g.passwords["named"] = g.passwords["named"], secrets.token_hex(8)
        g.set_password("named", g.passwords["named"])
        self.accept(by_signal)
        check(self.client.closed_within(5), "the connection stayed open")
        self.value += 1  # another source each time: guessing is punished
        late = mqtt.Client("127.0.0.1", g.mqtt_port, "n", "named", old,
                           source=f"127.0.1.{self.value % 250 + 1}")
        check(late.code == 5, f"the old password got {late.code}")
        late.abort()
        self.client = self.connect("named")
        self.publishes("named", self.named)

    # ---- what is wrong

    def broken_syntax(self, by_signal):
        self.put("sensors.d/broken.conf", "sensors = (\n  { id = \"x\"; ]\n")
        self.refuse("broken.conf:2:", by_signal=by_signal)
        self.put("sensors.d/broken.conf")

    def broken_meaning(self, by_signal):
        self.put_sensor("guest", expect_every="0s")
        self.refuse("sensors.d/guest.conf:", "expect_every",
                    by_signal=by_signal)
        self.put_sensor("guest")

    def open_key(self, by_signal):
        name = os.path.join(self.gateway.root, "keys/keyed.psk")
        os.chmod(name, 0o644)
        self.refuse("keyed.conf:", "keyed.psk", "0644", by_signal=by_signal)
        os.chmod(name, 0o600)

    def fixed_key(self, by_signal):
        group = dict(self.gateway.group)
        group["gateway"] = {**group["gateway"], "max_sensors": 201}
        self.put("sallyport.conf", settings(group))
        self.refuse("sallyport.conf:", "max_sensors", "restart",
                    by_signal=by_signal)
        self.put("sallyport.conf", settings(self.gateway.group))

    def bad_passwords(self, by_signal):
        name = os.path.join(self.gateway.root, "passwords")
        with open(name, encoding="utf-8") as f:
            text = f.read()
        self.put("passwords", text + "nobody:nothing\n", 0o600)
        self.refuse("outer role", by_signal=by_signal)
        os.unlink(name)
        os.mkfifo(name, 0o600)  # nobody may wait for a writer
        self.refuse("must be a file", by_signal=by_signal)
        os.unlink(name)
        self.put("passwords", text, 0o600)

    def no_descriptors(self, by_signal):
        pid = self.gateway.pid
        used = max(int(n) for n in os.listdir(f"/proc/{pid}/fd"))
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 1, before[1]))
        try:
            self.refuse("Too many open files", by_signal=by_signal)
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


GOOD = ("guest_leaves", "guest_comes", "new_key", "nothing", "new_password",
        "nothing")
BAD = ("broken_syntax", "broken_meaning", "open_key", "fixed_key",
       "no_descriptors", "bad_passwords")


def check_undisturbed(site):
    """The steady sensors kept their connections and registrations, and there
    were no more handshakes than sensors that changed or came."""
    for endpoint in site.steady:
        told = [e["event"] for e in site.server.events[site.since:]
                if e.get("ep") == endpoint and
                e["event"] in ("register", "update", "deregister")]
        check(not told, f"{endpoint} was disturbed: {told}")
    for sensor in site.traffic.sensors.values():
        connects = getattr(sensor, "connects", 1)
        check(connects == 1, f"{sensor.name} connected {connects} times")


def case_reload(env):
    """Reloads under traffic, a third of them invalid: nothing is lost, the old
    configuration stays in force, the error names the line, and sensors that do
    not change keep their connections and registrations."""
    site = Site(env)
    site.traffic.start()
    site.traffic.wait_progress()
    dice = random.Random(14)
    good = bad = 0
    for n in range(LONG if env.long else QUICK):
        if n % 3 == 2:
            getattr(site, BAD[bad % len(BAD)])(dice.random() < 0.3)
            bad += 1
        else:
            getattr(site, GOOD[good % len(GOOD)])(dice.random() < 0.3)
            good += 1
        site.check_in_force()
    check_undisturbed(site)
    handshakes = len([e for e in site.server.events[site.since:]
                      if e["event"] == "peer"])
    registers = len([e for e in site.server.events[site.since:]
                     if e["event"] == "register"])
    check(handshakes == registers, f"{handshakes} handshakes for {registers} "
                                   f"sensors that came or changed")
    settle(Ledger(site.traffic.sensors, site.server.messages), site.traffic, 0)
    print(f"     {good} reloads, {bad} refused; {registers} registrations "
          f"in {handshakes} handshakes", flush=True)
    site.gateway.stop()


case_reload.seconds, case_reload.long_seconds = 90, 600


def case_reload_places(env):
    """Listeners that move, one that is not there, and servers that go and come:
    in processes of their own, and with all roles in one."""
    for single in (False, True):
        move(env, single)


def rewrite(g):
    """The settings as they are now; the passwords stay the same to the byte."""
    g._write("sallyport.conf", settings(g.group))
    for sensor, group in g.sensors.items():
        g._write(f"sensors.d/{sensor}.conf", settings({"sensors": [group]}))


def move(env, single):
    name = "alone" if single else "apart"
    near = env.server({}, name + "-near")
    far = env.server({}, name + "-far")
    g = env.gateway(near.uri.replace("127.0.0.1", "localhost"), name=name)
    steady = g.coap_sensor("pump", "127.0.0.21", [maps.temperature("coap/t")])
    boiler = g.mqtt_sensor("boiler", [maps.temperature()])
    g.group["servers"].append({"name": "far", "uri": far.uri,
                               "short_server_id": 7})
    for server in (near, far):
        server.set_keys(g.psk_identities())
        server.start()
    if single:
        g.argv.insert(1, "--single")
    g.start()
    near.wait_registered(steady)
    near.wait_registered(boiler)
    client = mqtt.Client("127.0.0.1", g.mqtt_port, "c", "boiler",
                         g.passwords["boiler"])
    client.publish("plant/boiler/temp", "1.5")
    # The boiler goes to the other server, and MQTT to another port.
    old_port, g.mqtt_port = g.mqtt_port, net.free_tcp_port()
    g.group["local"]["mqtt"][0]["port"] = g.mqtt_port
    g.group["local"]["mqtt"].append({"interface": "sallyport-none",
                                     "port": net.free_tcp_port()})
    g.sensors["boiler"]["accounts"][0]["server"] = "far"
    rewrite(g)
    mark = near.mark()
    code, out, error = g.ctl("reload", seconds=60)
    check(code == 0, f"reload: {out}{error}")
    check("1 changed" in out and "1 unchanged" in out, f"it told {out!r}")
    near.wait_event("deregister", lambda e: e["ep"] == boiler, since=mark)
    far.wait_registered(boiler)
    check(client.closed_within(5), "a connection to a closed listener is open")
    try:
        mqtt.Client("127.0.0.1", old_port, "c", "boiler",
                    g.passwords["boiler"]).abort()
        check(False, "somebody listens at the old port")
    except OSError:
        pass
    client = mqtt.Client("127.0.0.1", g.mqtt_port, "c", "boiler",
                         g.passwords["boiler"])
    client.publish("plant/boiler/temp", "2.5")
    far.wait_record(boiler, TEMPERATURE, 2.5)
    # Nobody needs the first server but the pump, which follows; it goes.
    g.sensors["pump"]["accounts"][0]["server"] = "far"
    del g.group["servers"][0]
    rewrite(g)
    mark = far.mark()
    code, out, error = g.ctl("reload", seconds=60)
    check(code == 0, f"reload: {out}{error}")
    far.wait_registered(steady, since=mark)
    near.wait_event("deregister", lambda e: e["ep"] == steady)
    client.publish("plant/boiler/temp", "3.5")
    far.wait_record(boiler, TEMPERATURE, 3.5)
    check(not [e for e in far.events[mark:] if e.get("ep") == boiler and
               e["event"] in ("register", "deregister")],
          "the boiler was disturbed")
    # A name that stays vacant must not be looked up; then all comes back.
    g.group["servers"].insert(0, {"name": "cloud", "short_server_id": 123,
                                  "uri": near.uri.replace("127.0.0.1",
                                                          "localhost")})
    g.sensors["pump"]["accounts"][0]["server"] = "cloud"
    rewrite(g)
    mark = near.mark()
    code, out, error = g.ctl("reload", seconds=60)
    check(code == 0, f"reload: {out}{error}")
    near.wait_registered(steady, since=mark)
    client.publish("plant/boiler/temp", "4.5")
    far.wait_record(boiler, TEMPERATURE, 4.5)
    bad = [e for e in g.events() if e["event"] in ("bus_broken", "role_died",
                                                   "order_lost")]
    check(not bad, f"{bad}")
    g.stop()


case_reload_places.seconds = 120


def case_reload_death(env):
    """A door that dies while it is asked to prepare: refused, the old
    configuration is in force, and the next attempt does it."""
    server = env.server({})
    g = env.gateway(server.uri)
    boiler = g.mqtt_sensor("boiler", [maps.temperature()])
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    server.wait_registered(boiler)
    for role in ("outer", "inner"):
        pid = g.role_pid(role)
        files = f"/proc/{g.pid}/fd"
        before = len(os.listdir(files))
        os.kill(pid, signal.SIGSTOP)  # it will not answer
        told = []
        asking = threading.Thread(
            target=lambda: told.append(g.ctl("reload", seconds=60)))
        asking.start()
        wait_until("the supervisor to have both configurations",
                   lambda: len(os.listdir(files)) > before)
        os.kill(pid, signal.SIGKILL)
        asking.join(60)
        code, out, error = told[0]
        check(code == 1 and f"the {role} role" in out + error,
              f"reload ended with {code}: {out}{error}")
        g.wait_role_again(role, pid)
        wait_until("a reload", lambda: g.ctl("reload", seconds=60)[0] == 0, 20)
    check(g.ctl_json("status")[0]["generation"] == 3, "another generation")
    client = mqtt.Client("127.0.0.1", g.mqtt_port, "c", "boiler",
                         g.passwords["boiler"])
    client.publish("plant/boiler/temp", "1.5", seconds=15)
    server.wait_record(boiler, TEMPERATURE, 1.5)
    g.stop()


case_reload_death.seconds = 60


def told_within(stream, word, seconds=20):
    """Reads what was told until `word` comes."""
    text = b""
    end = time.monotonic() + seconds
    while word not in text:
        left = end - time.monotonic()
        check(left > 0 and select.select([stream], [], [], left)[0],
              f"no {word!r} in {text[-2000:]!r}")
        more = os.read(stream, 65536)
        check(more, f"it has ended: {text[-2000:]!r}")
        text += more


def case_reload_early(env):
    """SIGHUP before the daemon has read its configuration: it starts, and then
    reads it anew. A pipe that is full holds it up at its first warning."""
    g = env.gateway("coaps://127.0.0.1:9")
    g.mqtt_sensor("boiler", [maps.temperature()])
    g.write_configuration()
    os.unlink(os.path.join(g.root, "passwords"))  # that is worth a warning
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    try:
        while True:
            os.write(theirs, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(theirs, True)
    process = subprocess.Popen(g.argv, stderr=theirs)
    os.close(theirs)
    try:
        def is_stuck():
            with open(f"/proc/{process.pid}/syscall", encoding="ascii") as f:
                return f.read().split()[1:2] == ["0x2"]
        wait_until("the daemon to write to the pipe", is_stuck)
        process.send_signal(signal.SIGHUP)
        told_within(ours, b"event=ready")
        told_within(ours, b"event=reloaded")
        process.terminate()
        check(process.wait(15) == 0, f"it ended with {process.returncode}")
    finally:
        process.kill()
        process.wait()
        os.close(ours)


case_reload_early.seconds = 30
