# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway that dies and comes back goes on where it was: a short handshake
and an Update, with the observations that there were."""
import os
import secrets
import time

from lib import maps, mqtt
from lib.peer import check, wait_until

TEMPERATURE = "/3303/0/5700"


class Handshakes:
    """Counts what goes up a relay: ClientHellos, and ClientKeyExchanges, which
    only a full handshake has."""

    def __init__(self, relay):
        self.hellos, self.full = 0, 0
        relay.tap = self.tap

    def tap(self, upward, data):
        if upward and len(data) > 13 and data[0] == 22:
            self.hellos += data[13] == 1
            self.full += data[13] == 16


def build(env, count, **more):
    """Leshan behind a relay, and a gateway with a master key and that many
    sensors."""
    leshan = env.leshan().start()
    relay = env.relay(leshan.coaps_port)
    seen = Handshakes(relay)
    gateway = env.gateway(f"coaps://127.0.0.1:{relay.port}", **more)
    gateway.seal()
    gateway.group["gateway"]["max_sensors"] = max(200, count)
    gateway.group["gateway"]["memory_limit_mb"] = 64 + count // 16
    gateway.group["servers"][0]["pace_per_second"] = 200
    for n in range(count):
        gateway.mqtt_sensor(f"s{n}", [maps.temperature()])
    for endpoint, key in gateway.psk_identities().items():
        leshan.add_psk(endpoint, key)
    return leshan, gateway, seen


def endpoints_of(gateway):
    return [s["endpoint"] for s in gateway.sensors.values()]


def rows(leshan, wanted):
    """What Leshan has of them when all are there."""
    return wait_until("all endpoints at Leshan", lambda: (
        there := leshan.clients()) and set(wanted) <= set(there) and there,
        90, 0.2)


def updated(leshan, since, wanted, seconds=60):
    """Waits for an Update of each; returns how many registered instead."""
    def kinds(*names):
        with leshan.event_condition:
            return [event_endpoint(d) for k, d in leshan.events[since:]
                    if k in names]
    wait_until("a word of each endpoint", lambda: set(wanted) <= set(
        kinds("UPDATED", "REGISTRATION")), seconds, 0.1)
    return len(kinds("REGISTRATION"))


def event_endpoint(data):
    return data.get("endpoint") or data.get("ep") or \
        data.get("registration", {}).get("endpoint")


def settle(gateway):
    """What there is to save is saved a second after the last change."""
    time.sleep(1.5)


def report(gateway, sensor, value):
    code, why = mqtt.mosquitto_pub(
        "127.0.0.1", gateway.mqtt_port, f"plant/{sensor}/temp", str(value),
        sensor, gateway.passwords[sensor], client_id=f"{sensor}-pub")
    check(code == 0, f"mosquitto_pub for {sensor}: {why}")


def case_restart_goes_on(env):
    """Kill -9 of the whole gateway: each sensor comes back by a resumed
    handshake and an Update, none registers, and observations go on; 40
    sensors, 1,000 with --long."""
    count = 1000 if env.long else 40
    leshan, gateway, seen = build(env, count)
    gateway.start()
    wanted = endpoints_of(gateway)
    before = rows(leshan, wanted)
    report(gateway, "s0", 20.5)
    leshan.wait_record(wanted[0], TEMPERATURE, 20.5, ("SEND",))
    for endpoint in wanted[:3]:
        leshan.attributes(endpoint, "/3303/0/5700", "pmin=1")
        got = leshan.observe(endpoint, "/3303/0")
        check(got.code in ("2.05", "4.04"), f"Observe: {got}")
    settle(gateway)
    full, first = seen.full, len(leshan.events)
    check(full >= count, f"{full} full handshakes of {count}")
    gateway.kill_supervisor()
    began = time.monotonic()
    gateway.start()
    registers = updated(leshan, first, wanted, 120)
    took = time.monotonic() - began
    check(registers == 0, f"{registers} of {count} registered")
    check(seen.full == full, f"{seen.full - full} full handshakes")
    after = rows(leshan, wanted)
    check(all(after[e]["registrationId"] == before[e]["registrationId"]
              for e in wanted), "another registration")
    report(gateway, "s0", 21.5)
    leshan.wait_record(wanted[0], TEMPERATURE, 21.5, ("NOTIFICATION",),
                       since=first)
    gateway.stop()
    print(f"     {count} sensors back {took:.1f} s after the start, by "
          f"{seen.hellos} ClientHellos in all and {seen.full} full handshakes",
          flush=True)


case_restart_goes_on.seconds, case_restart_goes_on.long_seconds = 120, 400


def case_restart_other_key(env):
    """A key that was changed while the gateway was away: a full handshake and
    a Register of that sensor, an Update of the other."""
    leshan, gateway, seen = build(env, 2)
    gateway.start()
    wanted = endpoints_of(gateway)
    rows(leshan, wanted)
    settle(gateway)
    full, first = seen.full, len(leshan.events)
    gateway.kill_supervisor()
    gateway.keys["s0"] = secrets.token_hex(16)
    leshan.add_psk(wanted[0], gateway.keys["s0"])
    gateway.write_configuration()
    gateway.start()
    registers = updated(leshan, first, wanted)
    check(registers == 1, f"{registers} registered, not one")
    check(seen.full == full + 1, f"{seen.full - full} full handshakes, not one")
    gateway.stop()


def case_restart_keeps_on_stop(env):
    """on_stop = "keep": SIGTERM says nothing to the server, and the next start
    is an Update; without a master key the next start registers."""
    leshan, gateway, seen = build(env, 2)
    gateway.group["gateway"]["on_stop"] = "keep"
    gateway.start()
    wanted = endpoints_of(gateway)
    rows(leshan, wanted)
    for endpoint in wanted:  # Leshan has them before they have its answer
        gateway.wait_line(lambda line, e=endpoint: "event=registered" in line
                          and f"endpoint={e}" in line)
    first = len(leshan.events)
    gateway.stop()
    check(set(wanted) <= set(leshan.clients()), "de-registered all the same")
    gateway.start()
    check(updated(leshan, first, wanted) == 0, "registered anew")
    gateway.stop()
    first = len(leshan.events)
    del gateway.group["gateway"]["master_key_file"]
    gateway.write_configuration()
    gateway.start()
    gateway.wait_line("event=state_not_sealed")
    check(updated(leshan, first, wanted) == 2, "went on without a key")
    gateway.stop()


def case_restart_oscore(env):
    """OSCORE with oscore_start = "b1": kill -9 costs an Update, under the keys
    that there were."""
    server = env.server()
    gateway = env.gateway("")
    gateway.seal()
    endpoint = gateway.mqtt_sensor("s0", [maps.temperature()])
    server.protect(oscore=dict([gateway.protect("s0", 1)]))
    gateway.group["servers"][0].update(
        uri=f"coap://127.0.0.1:{server.oscore_port}", oscore_start="b1")
    server.start()
    gateway.start()
    server.wait_registered(endpoint)
    report(gateway, "s0", 20.5)
    server.wait_record(endpoint, TEMPERATURE, 20.5, ("send",))
    settle(gateway)
    since = server.mark()
    gateway.kill_supervisor()
    gateway.start()
    server.wait_event("update", lambda e: e["ep"] == endpoint, since=since)
    report(gateway, "s0", 21.5)
    server.wait_record(endpoint, TEMPERATURE, 21.5, ("send",), since=since)
    with server.event_condition:
        again = [e for e in server.events[since:] if e["event"] == "register"]
    check(not again, f"registered anew: {again}")
    gateway.stop()
    gateway.seal()
    gateway.write_configuration()
    since = gateway.mark()
    gateway.start()
    gateway.wait_line("event=master_key_changed", since=since)
    gateway.stop()


def case_restart_master_key_rules(env):
    """A master key that others can read, that is none, or that is not there is
    refused with a sentence that names the key and the file."""
    gateway = env.gateway("coap://127.0.0.1:1")
    gateway.seal()
    gateway.write_configuration()
    path = os.path.join(gateway.root, "keys", "master")
    code, text = gateway.check_configuration()
    check(code == 0, f"a right one is refused: {text}")
    os.chmod(path, 0o644)
    code, text = gateway.check_configuration()
    check(code != 0 and "master_key_file: " in text and path in text and
          "mode 0644" in text, f"{code}: {text}")
    os.chmod(path, 0o600)
    for content in ("00" * 31, "00" * 33, "x" * 64, ""):
        with open(path, "w", encoding="ascii") as f:
            f.write(content + "\n")
        code, text = gateway.check_configuration()
        check(code != 0 and "master_key_file: " in text and
              "00" * 31 not in text, f"{content!r}: {code}: {text}")
    os.unlink(path)
    code, text = gateway.check_configuration()
    check(code != 0 and path in text, f"{code}: {text}")
