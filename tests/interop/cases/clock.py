# SPDX-License-Identifier: GPL-3.0-or-later
"""The system's clock is set, steps, or was never set: nothing is lost, no timer
notices, and the times of readings rise."""
import time

from lib import maps, mqtt
from lib.ledger import Ledger
from lib.peer import check, wait_until
from lib.traffic import Traffic, settle

TEMPERATURE = "/3303/0/5700"
DAY = 86400
YEAR = 365 * DAY
STEPS = (10 * YEAR, 0, -DAY, 20 * YEAR, 85 * YEAR, 0)
EXPECTED = 4  # seconds


def times_of(server, endpoint):
    """(value, time) of each reading, in order of arrival."""
    return [(r["value"], r["time"]) for r in server.records(endpoint)
            if r["path"] == TEMPERATURE]


def check_times_rise(server, endpoint):
    """What is told again has its old time; all else has a later one."""
    told, last = {}, 0
    for value, when in times_of(server, endpoint):
        if value in told and told[value] == when:
            continue
        check(when > last, f"{endpoint}: {value} is of {when}, but one of "
                           f"{last} was before it")
        told[value] = last = when


def case_clock_is_set(env):
    """The clock goes ten years on, a day back, past 2038 and 2106, and to and
    fro each second, under traffic, and over a restart."""
    server, clock = env.server({}), env.shim()
    g = env.gateway(server.uri)
    g.environment = clock.environment
    g.group["gateway"]["spool"] = {"max_age": "30s"}
    traffic = Traffic(g)
    quiet = g.mqtt_sensor("quiet", [maps.temperature()],
                          expect_every=f"{EXPECTED}s")
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    began = time.monotonic()
    clock.set_clock(10 * YEAR)
    endpoints = [*traffic.endpoints(), quiet]
    for endpoint in endpoints:
        server.wait_registered(endpoint)
    since = server.mark()
    traffic.start()
    g.wait_line("event=sensor_silent", 20)
    took = time.monotonic() - began
    check(EXPECTED - 0.5 < took < EXPECTED + 4,
          f"silent after {took:.1f} s, not {EXPECTED} s")
    for offset in STEPS:
        clock.set_clock(offset)
        traffic.wait_progress()
    for second in range(4):
        clock.set_clock((-1) ** second * 3601)
        time.sleep(1)
        traffic.wait_progress()
    moved = [e for e in server.events[since:]
             if e.get("event") in ("register", "deregister", "update")]
    check(not moved, f"clients came and went: {moved[:3]}")
    clock.set_clock(-DAY)
    g.wait_role_again("inner", g.kill_role("inner"))
    traffic.wait_progress()
    settle(Ledger(traffic.sensors, server.messages), traffic, 1)
    for endpoint in traffic.endpoints():
        check_times_rise(server, endpoint)
    status = g.ctl_json("status")[0]
    check(status["dropped"] == 0 and status["expired"] == 0, f"{status}")
    g.stop()


def case_clock_is_not_set(env):
    """A machine that thinks it is 1970: readings get times after the newest
    stored one, and their own when the clock is set."""
    server, clock = env.server({}), env.shim()
    g = env.gateway(server.uri)
    g.environment = clock.environment
    boiler = g.mqtt_sensor("boiler", [maps.temperature()])
    server.set_keys(g.psk_identities())
    server.start()

    def publish(value):
        """Its time upstream."""
        code, why = mqtt.mosquitto_pub(
            "127.0.0.1", g.mqtt_port, "plant/boiler/temp", value, "boiler",
            g.passwords["boiler"])
        check(code == 0, f"{value} was refused: {why}")
        server.wait_record(boiler, TEMPERATURE, value)
        return dict(times_of(server, boiler))[value]

    unset = 3600 - time.time()
    clock.set_clock(unset := int(unset))
    g.start()
    g.wait_line("event=clock_not_set", 5)
    first = publish(1.0)
    floor = 1767225600  # the first of January 2026
    check(floor <= first < floor + 60, f"with no clock the time is {first}")
    clock.set_clock(0)
    second = publish(2.0)
    check(abs(second - time.time()) < 5, f"with the clock it is {second}")
    g.wait_line("event=clock_set", 5)
    g.stop()

    clock.set_clock(unset)
    since = g.mark()
    g.start()
    g.wait_line("event=clock_not_set", 5, since)
    third = publish(3.0)
    check(second < third < second + 30,
          f"after {second} with no clock comes {third}")
    time.sleep(1.5)
    fourth = publish(4.0)
    check(third + 1 < fourth < third + 10, f"{fourth} is 1.5 s after {third}")
    clock.set_clock(0)
    check(abs(publish(5.0) - time.time()) < 5, "the clock is set again")
    wait_until("the console", lambda: g.ctl("status")[0] == 0)
    g.stop()
