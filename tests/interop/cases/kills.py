# SPDX-License-Identifier: GPL-3.0-or-later
"""Sudden death of each process under traffic: what a sensor was promised
arrives, nothing is invented, at most what was in flight repeats."""
import os
import random
import signal
import time

from lib import maps, mqtt
from lib.ledger import Ledger
from lib.peer import check, wait_until
from lib.traffic import Traffic, settle

QUICK, LONG = 3, 20

# A role that dies young is started again after 0.1, 0.2, 0.4 ... seconds; one
# that lived this long is not in a crash loop, and the pauses begin anew.
STABLE, IN_A_ROW = 10.2, 4


def kill(gateway, role):
    """Kills a role and sees to it that there is a new one."""
    if role == "supervisor":
        gateway.kill_supervisor()
        gateway.start()
        return
    old = gateway.kill_role(role)
    gateway.wait_role_again(role, old)


def kills(env, role):
    count = LONG if env.long else QUICK
    server = env.server({})
    gateway = env.gateway(server.uri)
    traffic = Traffic(gateway)
    server.set_keys(gateway.psk_identities())
    server.start()
    gateway.start()
    for endpoint in traffic.endpoints():
        server.wait_registered(endpoint)
    traffic.start()
    traffic.wait_progress()
    dice = random.Random(role)
    for n in range(count):
        rest = n > 0 and n % IN_A_ROW == 0 and role != "supervisor"
        time.sleep(STABLE if rest else dice.uniform(0.2, 1.0))
        kill(gateway, role)
        traffic.wait_progress()
    ledger = Ledger(traffic.sensors, server.messages)
    settle(ledger, traffic, count)
    gateway.stop()


def case_kill_outer(env):
    """Kill -9 of the outer door: no accepted reading is lost."""
    kills(env, "outer")


def case_kill_inner(env):
    """Kill -9 of the inner door: no accepted reading is lost."""
    kills(env, "inner")


def case_kill_supervisor(env):
    """Kill -9 of the supervisor: the doors leave within 2 s, and after a new
    start no accepted reading is lost."""
    kills(env, "supervisor")


for case in (case_kill_outer, case_kill_inner, case_kill_supervisor):
    case.seconds, case.long_seconds = 180, 900
del case


def case_kill_leshan(env):
    """Kill -9 of outer, inner and supervisor, one after the other, with Leshan
    above: no accepted reading is lost."""
    leshan = env.leshan().start()
    gateway = env.gateway(leshan.uri)
    traffic = Traffic(gateway, 0.1)
    for endpoint, key in gateway.psk_identities().items():
        leshan.add_psk(endpoint, key)
    gateway.start()
    for endpoint in traffic.endpoints():
        leshan.wait_registered(endpoint)
    traffic.start()
    traffic.wait_progress()
    for role in ("outer", "inner", "supervisor"):
        kill(gateway, role)
        traffic.wait_progress()
    ledger = Ledger(traffic.sensors, lambda endpoint: leshan.messages(
        endpoint, ("SEND",)))
    settle(ledger, traffic, 3)


case_kill_leshan.seconds = 200


def case_kill_helpers(env):
    """Kill -9 of verifier, console, resolver and keyholder: each is back at
    once, and passwords, control, readings and new sessions go on."""
    server = env.server({})
    gateway = env.gateway(server.uri)
    traffic = Traffic(gateway)
    server.set_keys(gateway.psk_identities())
    server.start()
    gateway.start()
    for endpoint in traffic.endpoints():
        server.wait_registered(endpoint)
    traffic.start()
    for role in ("verifier", "console", "resolver", "keyholder"):
        doors = {r: gateway.role_pid(r) for r in ("outer", "inner")}
        kill(gateway, role)
        traffic.wait_progress()
        check(all(gateway.role_pid(r) == p for r, p in doors.items()),
              f"a door died with the {role}")
    code, why = mqtt.mosquitto_pub("127.0.0.1", gateway.mqtt_port, "x", "1",
                                   "boiler", "wrong")
    check(code == 5, f"a wrong password gave {code} after the kills: {why}")
    check(gateway.ctl_json("status"), "the console says nothing")
    settle(Ledger(traffic.sensors, server.messages), traffic, 0)


# Which processes die at once. No role dies twice under one supervisor, or it
# would be started again with growing pauses.
BLOWS = ("outer", "inner", "supervisor", "inner", "outer", "all")
START_WAIT = 2.0  # seconds to "ready", whatever it was killed in


def blow(gateway, target):
    """Kills it and waits until all is there again; returns how long a whole
    start took, None if there was none."""
    if target in ("outer", "inner"):
        kill(gateway, target)
        return None
    if target == "all":
        for pid in gateway.roles().values():
            os.kill(pid, signal.SIGKILL)
        gateway.process.wait(5)
    else:
        gateway.kill_supervisor()
    started = time.monotonic()
    gateway.start()
    took = time.monotonic() - started
    check(took <= START_WAIT, f"ready after {took:.1f} s only")
    return took


def case_kill_under_load(env):
    """Kill -9 of a door, the supervisor or all at once, at random moments of
    500 readings a second: none that was accepted is lost."""
    count, seed = (200, 2) if env.long else (12, 1)
    server = env.server({})
    gateway = env.gateway(server.uri)
    traffic = Traffic(gateway, 0.004)
    for n in range(10):
        traffic.mqtt[f"s{n}"] = gateway.mqtt_sensor(f"s{n}",
                                                    [maps.temperature()])
    server.set_keys(gateway.psk_identities())
    server.start()
    gateway.start()
    for endpoint in traffic.endpoints():
        server.wait_registered(endpoint)
    started = time.monotonic()
    traffic.start()
    traffic.wait_progress()
    dice, starts = random.Random(seed), []
    for n in range(count):
        time.sleep(dice.uniform(0.05, 1.0))
        starts.append(blow(gateway, BLOWS[n % len(BLOWS)]))
        traffic.wait_progress(10)
    took = time.monotonic() - started
    ledger = Ledger(traffic.sensors, server.messages)
    settle(ledger, traffic, count)
    starts = sorted(s for s in starts if s)
    print(f"     seed {seed}: {ledger.accepted() / took:.0f} readings a second "
          f"on average, kills included; {len(starts)} starts, ready after "
          f"{starts[len(starts) // 2]:.2f} s, {starts[-1]:.2f} s at most",
          flush=True)
    gateway.stop()


case_kill_under_load.seconds, case_kill_under_load.long_seconds = 120, 1500


def case_kill_again_and_again(env):
    """A role that dies as soon as it is there is started again after pauses
    that double up to 30 s, so that a crash loop does not take the machine; the
    others never notice. Once it has lived for 10 s, the pauses begin anew."""
    server = env.server({})
    gateway = env.gateway(server.uri)
    boiler = gateway.mqtt_sensor("boiler", [maps.temperature()])
    server.set_keys(gateway.psk_identities())
    server.start()
    gateway.start()
    server.wait_registered(boiler)
    before = gateway.roles()
    pause = 0.1
    for _ in range(11 if env.long else 5):
        old, died = gateway.kill_role("console"), time.monotonic()
        gateway.wait_role_again("console", old, pause + 1)
        took = time.monotonic() - died
        check(took >= 0.9 * pause, f"back after {took:.2f} s, not {pause} s")
        pause = min(2 * pause, 30)
    time.sleep(STABLE)
    old, died = gateway.kill_role("console"), time.monotonic()
    gateway.wait_role_again("console", old, 1)
    took = time.monotonic() - died
    check(took >= 0.09, f"back after {took:.2f} s, not 0.1 s")
    after = gateway.roles()
    check({r for r in before if before[r] != after.get(r)} == {"console"},
          f"the roles were {before}, now they are {after}")
    wait_until("an answer", lambda: gateway.ctl("status")[0] == 0, 5)


case_kill_again_and_again.long_seconds = 300
