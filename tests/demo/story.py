#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: four plaintext sensors, the gateway, an LwM2M server.

  tests/demo/story.py --build DIRECTORY [--keep]

scripts/demo sets up, builds and runs this. Everything happens on loopback and
in a temporary directory; every process is ended and checked."""
import argparse
import os
import secrets
import signal
import statistics
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(TOP, "tests", "interop")]
sys.dont_write_bytecode = True

from lib import coap, mqtt  # noqa: E402
from lib.env import Env  # noqa: E402
from lib.peer import Failed, Missing, check, wait_until  # noqa: E402
from screen import Screen  # noqa: E402
from taps import LocalTap, UpstreamTap, readable  # noqa: E402

MQTT, COAP = "MQTT", "CoAP"
DTLS, OSCORE = "DTLS", "OSCORE"
SHOWN = 19  # bytes of a datagram


class Sensor:
    """One legacy device. `shots` are (payload as it says it, value as the
    server should have it)."""

    def __init__(self, name, speaks, topic, path, unit, shots, source=None,
                 by=DTLS, **rule):
        self.name, self.speaks, self.topic = name, speaks, topic
        self.by = by
        self.path, self.unit, self.shots = path, unit, shots
        self.source = source
        self.map = {"topic": topic.replace(name, "{id}") if speaks == MQTT
                    else topic,
                    **({"format": "json"} if "from" in rule else {}),
                    "put": [{**rule, "to": path, "unit": unit}]}
        self.endpoint = self.password = None


SENSORS = (
    Sensor("boiler", MQTT, "plant/boiler/temp", "/3303/0/5700", "Cel",
           (("64.25", 64.25), ("64.75", 64.75))),
    Sensor("fan", MQTT, "plant/fan/state", "/3328/0/5700", "W",
           (('{"power": 412.5}', 412.5), ('{"power": 417.75}', 417.75)),
           **{"from": "power"}),
    Sensor("cellar", COAP, "coap/humidity", "/3304/0/5700", "%RH",
           (("81.3", 81.3), ("82.1", 82.1)), "127.0.0.11", OSCORE),
    Sensor("tank", COAP, "coap/level", "/3323/0/5700", "Pa",
           (('{"mbar": 3275}', 327500), ('{"mbar": 3281}', 328100)),
           "127.0.0.12", OSCORE, **{"from": "mbar", "scale": 100}),
)
RELAY = {"on": "/3306/0/5850", "topic": "plant/{id}/relay/set",
         "payload": "{value}", "values": [[True, "ON"], [False, "OFF"]],
         "answer": "confirm", "timeout": "5s"}


class Story:
    def __init__(self, env, screen):
        self.env, self.screen = env, screen
        self.started = time.monotonic()
        self.waits, self.refused, self.sent = [], 0, 0

    # ---- the plant

    def build_plant(self):
        env = self.env
        env.need("mosquitto_pub", "mosquitto_sub")
        self.server = env.server({})
        self.server.argv += ["--objects", os.path.join(TOP, "conf", "objects")]
        oscore = {f"gw-{s.name}": {"sender_id": f"0{i}", "recipient_id": "",
                                   "secret": secrets.token_hex(16)}
                  for i, s in enumerate(SENSORS) if s.by == OSCORE}
        self.server.protect(oscore=oscore)
        self.taps = {
            by: env.closing(UpstreamTap(("127.0.0.1", port)))
            for by, port in ((DTLS, self.server.coaps_port),
                             (OSCORE, self.server.oscore_port))}
        self.gateway = env.gateway(f"coaps://127.0.0.1:{self.taps[DTLS].port}",
                                   reach="auto")
        self.gateway.group["servers"].append(
            {"name": "field", "short_server_id": 124, "reach": "auto",
             "uri": f"coap://127.0.0.1:{self.taps[OSCORE].port}"})
        for s in SENSORS:
            down = [RELAY] if s.name == "fan" else []
            how = self.oscore_account(s, oscore) if s.by == OSCORE else {}
            if s.speaks == MQTT:
                s.password = secrets.token_urlsafe(9)
                s.endpoint = self.gateway.mqtt_sensor(
                    s.name, [s.map], down, password=s.password, **how)
            else:
                s.endpoint = self.gateway.coap_sensor(s.name, s.source,
                                                      [s.map], down, **how)
        self.local = env.closing(LocalTap(("127.0.0.1",
                                           self.gateway.mqtt_port)))

    def oscore_account(self, s, keys):
        """The same sensor at the other door: nothing but its account says so."""
        known = dict(keys[f"gw-{s.name}"])
        self.gateway.secrets[f"{s.name}.oscore"] = known.pop("secret")
        return {"mode": "nosec", "account": {
            "server": "field",
            "oscore": {"secret_file": f"../keys/{s.name}.oscore", **known}}}

    def start(self):
        self.screen.chapter("1. Four sensors that know nothing of security")
        for text in (
                "   4 sensors          Sallyport                     "
                "  LwM2M server",
                "   MQTT and CoAP ───▶ outer door │ inner door  ═══▶ "
                "  sallyport-server",
                "   in plaintext       parses     │ has the keys     "
                "  DTLS or OSCORE"):
            self.screen.line(text, "cyan")
        self.server.set_keys(self.gateway.psk_identities())
        self.server.start()
        self.gateway.start()
        for s in SENSORS:
            event = self.server.wait_registered(s.endpoint)
            check(event.get("identity") == s.endpoint if s.by == DTLS
                  else event.get("oscore") == 1,
                  f"{s.endpoint} is not registered under its own key")
        self.screen.line()
        self.screen.line(f"   {'SENSOR':<9}{'SPEAKS':<8}{'KNOWN BY':<22}"
                         f"LWM2M CLIENT, WITH ITS OWN KEY", "bold")
        accounts = self.accounts()
        for s in SENSORS:
            proof = "user and password" if s.speaks == MQTT else \
                f"address {s.source}"
            self.screen.line(f"   {s.name:<9}{s.speaks:<8}{proof:<22}"
                             f"{s.endpoint:<16}{s.by}")
            check(s.by == OSCORE or accounts[s.name]["secure"],
                  f"{s.name} is not protected")
        self.suites = sorted({accounts[s.name]["suite"] for s in SENSORS
                              if s.by == DTLS}) + ["OSCORE AES-CCM-16-64-128"]
        self.screen.line(f"   {'':<17}{'':<22}"
                         f"{', '.join(self.suites)}", "dim")

    def accounts(self):
        """The one account of each sensor, as sallyportctl tells."""
        return {row["id"]: row["accounts"][0]
                for row in self.gateway.ctl_json("sensors")}

    # ---- readings up

    def shoot(self, s, payload):
        """The sensor says it, by a client that is not ours."""
        if s.speaks == MQTT:
            code, why = mqtt.mosquitto_pub(
                "127.0.0.1", self.local.port, s.topic, payload, s.name,
                s.password, client_id=f"{s.name}-1")
            check(code == 0, f"mosquitto_pub: {why.strip()}")
            return
        answer = coap.libcoap_send(
            f"coap://127.0.0.1:{self.gateway.coap_port}/{s.topic[5:]}",
            "post", payload, s.source)
        check(not answer, f"coap-client was answered {answer}")

    def reading(self, s, payload, value):
        client = "mosquitto_pub" if s.speaks == MQTT else "coap-client"
        self.screen.pair(f"   {s.name:<8}{client:<14}{s.topic}  {payload}",
                         "plaintext", "yellow")
        since, begun = self.server.mark(), time.monotonic()
        heard = len(self.taps[s.by].up)
        self.shoot(s, payload)
        event = self.server.wait_record(s.endpoint, s.path, value, since=since)
        wait = (event["at"] - begun) * 1000
        self.waits.append(wait)
        self.sent += 1
        way = "Send" if event["event"] == "send" else "Notify"
        self.screen.pair(f"           └▶ {s.endpoint}  {s.path} = "
                         f"{value:g} {s.unit}",
                         f"{s.by}, {way}, {wait:.0f} ms", "green")
        wire = max(self.taps[s.by].up[heard:], key=len)
        check(not readable([wire], [f"{value:g}"]), "it went up in plaintext")
        self.screen.line(f"              {wire[:SHOWN].hex()}… "
                         f"{len(wire)} bytes on the wire", "dim")

    def readings(self):
        self.screen.chapter("2. Readings go up")
        for number in (0, 1):
            for s in SENSORS:
                self.reading(s, *s.shots[number])
        self.screen.line("   The first message of an MQTT sensor pays for the "
                         "check of its password.", "dim")

    # ---- a command down

    def command(self):
        s = SENSORS[1]
        topic = f"plant/{s.name}/relay/set"
        self.screen.chapter("3. A command comes down")
        device = self.env.mosquitto_sub(self.local.port, topic, s.name,
                                        s.password, client_id=f"{s.name}-2")
        device.start()
        for value, word in ((True, "ON"), (False, "OFF")):
            mark = len(device.lines)
            self.screen.pair(f"   server  Write {s.endpoint}  /3306/0/5850 = "
                             f"{str(value).lower()}", "DTLS", "green")
            answer = self.server.ask("write", s.endpoint, "/3306/0/5850",
                                     value=value)
            device.wait_line(lambda line, w=word: line.endswith(f"{topic} {w}"),
                             since=mark)
            self.screen.pair(f"           └▶ mosquitto_sub  {topic}  {word}",
                             "plaintext", "yellow")
            check(answer.get("code") == "2.04",
                  f"the server was answered {answer}")
            self.screen.line("   server  was answered 2.04 Changed, once the "
                             "sensor had it", "dim")
        device.kill()

    # ---- intruders

    def refusal(self, who, does, answer, event):
        """Prints one intruder; `event` is what the gateway must have logged."""
        self.screen.pair(f"   {who:<15}{does}", answer, "red")
        found = wait_until(f"the event {event}", lambda: [
            e for e in self.gateway.events(self.mark)
            if e["event"] == event], 5)
        told = found[-1]
        parts = [told.get("sensor") or told.get("peer"), told.get("topic"),
                 told.get("why")]
        self.screen.pair(f"           └▶ {event}: "
                         f"{', '.join(p for p in parts if p)}", "logged", "dim")
        self.refused += 1
        self.mark = self.gateway.mark()

    def intruders(self):
        self.screen.chapter("4. Intruders are refused")
        self.mark = self.gateway.mark()
        since = self.server.mark()
        boiler, fan = SENSORS[0], SENSORS[1]
        where = "127.0.0.1", self.local.port
        code, _ = mqtt.mosquitto_pub(*where, boiler.topic, "99.99",
                                     boiler.name, "guessed")
        check(code != 0, "a wrong password was accepted")
        self.refusal("wrong password", "mosquitto_pub -u boiler -P guessed",
                     "CONNACK: refused", "auth_refused")
        answer = coap.libcoap_send(
            f"coap://127.0.0.1:{self.gateway.coap_port}/humidity", "post",
            "99.99", "127.0.0.66")
        check(answer.startswith("4.01"), f"a stranger was answered {answer!r}")
        self.refusal("unknown source", "coap-client -a 127.0.0.66 .../humidity",
                     "4.01 Unauthorized", "auth_refused")
        code, why = mqtt.mosquitto_pub(*where, fan.topic, '{"power": 99.99}',
                                       boiler.name, boiler.password)
        check(code == 0, why)
        self.refusal("known sensor", "boiler publishes on the fan's topic",
                     "dropped", "topic_foreign")
        time.sleep(0.3)
        upstream = [r for s in SENSORS for r in
                    self.server.records(s.endpoint, since=since)]
        check(not upstream, f"an intruder's reading went up: {upstream}")
        self.screen.line("   Nothing of theirs went upstream.", "dim")

    # ---- what the wires tell

    def wires(self):
        self.screen.chapter("5. What an ear on the wire hears")
        said = [f"{value:g}" for s in SENSORS for _, value in s.shots]
        secret = [s.password for s in SENSORS if s.password]
        local = readable(self.local.heard, said + secret)
        check(len(local) >= 6, "the local tap heard nothing; is it deaf?")
        self.screen.pair(
            f"   local MQTT link: {sum(map(len, self.local.heard))} bytes, "
            f"{len(set(local) & set(said))} readings and "
            f"{len(set(local) & set(secret))} passwords readable",
            "plaintext", "yellow")
        for by, tap in self.taps.items():
            up = readable(tap.heard, said + secret + ["/3303/0/5700"])
            check(not up, f"readable upstream: {up}")
            self.screen.pair(
                f"   upstream: {len(tap.heard)} datagrams, "
                f"{sum(map(len, tap.heard))} bytes, no reading, path or "
                "password", by, "green")
        self.screen.line("   Both show who is talking: the identity in a "
                         "handshake, the sender of OSCORE.", "dim")
        self.screen.line("   The local link stays what it was: Sallyport "
                         "protects from the gateway on.", "dim")

    # ---- the end

    def summary(self):
        took = time.monotonic() - self.started
        self.screen.box("Sallyport demo", (
            ("sensors", f"{len(SENSORS)} legacy devices, as many LwM2M "
                        "clients, each with its own key"),
            ("by", ", ".join(self.suites)),
            ("readings", f"{self.sent} left in plaintext, {len(self.waits)} "
                         f"arrived protected, median "
                         f"{statistics.median(self.waits):.0f} ms*"),
            ("commands", "2 down, each confirmed by the sensor"),
            ("intruders", f"{self.refused} refused, nothing of theirs "
                          "upstream"),
            ("upstream", "no reading, password or path readable"),
            ("took", f"{took:.1f} s"),
        ))
        self.screen.line("* from the start of the sensor's client program to "
                         "the server", "dim")

    def leave(self):
        """Everything ends in order: the clients de-register."""
        self.gateway.stop()
        wait_until("the clients to de-register",
                   lambda: not self.server.endpoints(), 5)

    def stay(self):
        """Until Ctrl-C, with a reading of each sensor every few seconds."""
        group = self.gateway.group["gateway"]
        ctl = (f"{os.path.join(self.gateway.programs, 'sallyportctl')} "
               f"-s {group['console']['socket']}")
        self.screen.line()
        self.screen.line("Still running; every sensor reports every few "
                         "seconds. Look around:", "bold")
        for verb in ("status", "sensors", "show boiler", "values boiler"):
            self.screen.line(f"  {ctl} {verb}")
        self.screen.line(f"  tail -f {self.gateway.log_path}")
        self.screen.line(f"  less {self.gateway.file}")
        self.screen.line("Ctrl-C ends everything.", "bold")
        number = 0
        while True:
            for s in SENSORS:
                self.shoot(s, s.shots[number % 2][0])
                time.sleep(1)
            number += 1

    def tell(self, keep):
        self.build_plant()
        self.start()
        self.readings()
        self.command()
        self.intruders()
        self.wires()
        if not keep:
            self.leave()
        self.summary()
        if not keep:
            return
        try:
            self.stay()
        except KeyboardInterrupt:
            self.screen.line()
        self.leave()


def on_term(number, frame):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", default=os.path.join(TOP, "build"))
    parser.add_argument("--keep", action="store_true",
                        help="leave it running until Ctrl-C")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, on_term)
    screen = Screen()
    env = Env(os.path.abspath(options.build), TOP)
    status = 0
    try:
        Story(env, screen).tell(options.keep)
    except KeyboardInterrupt:
        status = 130
    except (Failed, Missing) as why:
        screen.line(f"demo: failed: {why}", "red")
        print(env.tails(), file=sys.stderr)
        status = 1
    except Exception:
        print(traceback.format_exc() + env.tails(), file=sys.stderr)
        status = 1
    finally:
        env.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
