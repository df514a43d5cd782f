# SPDX-License-Identifier: GPL-3.0-or-later
"""Many sensors that all want to register at once: the pacer, and how fast it
goes without one."""
import resource
import time

from lib import maps
from lib.field import dimmer
from lib.peer import check, wait_until


def crowd(gateway, count, pace):
    """`count` sensors, every tenth of which takes commands; the endpoints of
    those."""
    gateway.group["gateway"]["max_sensors"] = count
    gateway.group["servers"][0]["pace_per_second"] = pace
    urgent = set()
    for n in range(count):
        down = [dimmer("coap/dim")] if n % 10 == 9 else []
        endpoint = gateway.coap_sensor(
            f"s{n}", f"127.1.{n // 200}.{n % 200 + 1}",
            [maps.temperature("coap/temp")], down)
        if down:
            urgent.add(endpoint)
    return urgent


def start(env, count, pace, relay=False):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = env.server({})
    server.argv += ["--clients", str(count + 64)]
    wire = env.relay(server.coaps_port) if relay else None
    gateway = env.gateway(
        f"coaps://127.0.0.1:{wire.port}" if relay else server.uri)
    urgent = crowd(gateway, count, pace)
    server.set_keys(gateway.psk_identities())
    server.start()
    gateway.write_configuration()
    return server, wire, gateway, urgent


def registered(server, mark, count, seconds):
    """The first Register of each endpoint since `mark`, in order of time:
    [(seconds on the clock, endpoint)]."""
    first = {}

    def all_there():
        for event in server.events[mark:]:
            if event.get("event") == "register":
                first.setdefault(event["ep"], event["at"])
        return len(first) >= count
    wait_until(f"{count} endpoints", all_there, seconds, 0.1)
    return sorted((at, endpoint) for endpoint, at in first.items())


def busiest(times, window):
    """How many fall into the busiest `window` seconds."""
    times, most, left = sorted(times), 0, 0
    for right, at in enumerate(times):
        while at - times[left] > window:
            left += 1
        most = max(most, right - left + 1)
    return most


def check_fair(times, began, urgent, what):
    """Nobody starves, and those with commands come first."""
    waits = [at - began for at, _ in times]
    median = waits[len(waits) // 2]
    check(waits[-1] <= 5 * median,
          f"{what}: the last came after {waits[-1]:.1f} s, the median is "
          f"{median:.1f} s")
    ranks = [n for n, (_, endpoint) in enumerate(times) if endpoint in urgent]
    check(max(ranks) < len(urgent) + len(times) // 20,
          f"{what}: one with commands came as number {max(ranks)} of "
          f"{len(times)}")
    return median, waits[-1]


def case_pacer(env):
    """A start of all, then a server that went away and comes back: never more
    handshakes begin than pace_per_second with its jitter, those with commands
    go first, nobody starves, all are back."""
    count, pace = (1000, 50) if env.long else (200, 25)
    server, relay, gateway, urgent = start(env, count, pace, relay=True)
    # Two seconds at 1.25 times the pace: the jitter evens out in less.
    window, allowed = 2.0, 2 * 1.25 * pace
    began = time.monotonic()
    gateway.start()
    times = registered(server, 0, count, 2 * count / pace + 20)
    median, last = check_fair(times, began, urgent, "at the start")
    most = busiest([at for at, _ in times], window)
    check(most <= allowed, f"{most} Registers in {window:g} s")

    before = set(relay.hellos)
    server.stop()  # says goodbye to everybody: all want to come back at once
    time.sleep(60 if env.long else 3)
    mark, back = server.mark(), time.monotonic()
    server.start()
    again = registered(server, mark, count, 2 * count / pace + 120)
    begun = busiest([at for hello, at in relay.hellos.items()
                           if hello not in before], window)
    check(begun <= allowed, f"{begun} handshakes begun in {window:g} s")
    # Handshakes that were begun while nobody answered go on, too.
    peak = busiest([at for at, _ in again], window)
    check(peak <= 2 * allowed, f"{peak} Registers in {window:g} s")
    waits = [at - back for at, _ in again]
    print(f"     {count} sensors at {pace}/s: median {median:.1f} s, last "
          f"{last:.1f} s, {most} Registers in the busiest {window:g} s; after "
          f"the outage median {waits[count // 2]:.1f} s, last {waits[-1]:.1f} "
          f"s, {begun} handshakes begun and {peak} Registers in the busiest "
          f"{window:g} s", flush=True)
    check(waits[-1] <= 5 * waits[count // 2], f"somebody waited for "
                                              f"{waits[-1]:.0f} s")
    gateway.stop(30)


case_pacer.seconds, case_pacer.long_seconds = 200, 400


def case_storm(env):
    """A thousand sensors with pre-shared keys register within ten seconds of
    the start when the pacer is open."""
    count = 1000
    server, _, gateway, urgent = start(env, count, 1000)
    began = time.monotonic()
    gateway.start()
    ready = time.monotonic() - began
    times = registered(server, 0, count, 60)
    waits = [at - began for at, _ in times]
    print(f"     ready after {ready:.1f} s; {count} sensors registered after "
          f"{waits[-1]:.1f} s, median {waits[count // 2]:.1f} s", flush=True)
    check(waits[-1] <= 10, f"the last registered after {waits[-1]:.1f} s")
    check(waits[-1] <= 5 * waits[count // 2], "somebody starved")
    gateway.stop(30)
