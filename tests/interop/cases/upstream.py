# SPDX-License-Identifier: GPL-3.0-or-later
"""What can happen to the server and on the way to it: it dies at any moment,
a NAT forgets every eight seconds; and a bad wire on the sensors' side."""
import random
import time
from concurrent.futures import ThreadPoolExecutor

from lib.field import DIMMER, Field
from lib.ledger import PATH, Ledger
from lib.peer import check, wait_until

# MAX_TRANSMIT_WAIT (RFC 7252 s.4.8.2), the first step of the back-off with its
# jitter, and a handshake.
EXCHANGE, BACK_OFF, HANDSHAKE = 93, 6.25, 5


def sends_to(server):
    """What came by Send; a notification tells what holds now, without a time,
    beside it."""
    return lambda endpoint: server.messages(endpoint, ("send",))


def hold(ledger, cuts):
    """All promises kept; returns totals."""
    ledger.wait_all_arrived(60)
    time.sleep(1)  # what would still come twice
    ledger.check_none_invented()
    taken, delivered = ledger.check_repeats(cuts)
    check(taken == 0, f"{taken} readings were taken in twice")
    return ledger.accepted(), delivered


def restarts(env, number, rounds):
    """One gateway whose server is killed at random moments: times until both
    endpoints were back, and the ledger's totals."""
    dice = random.Random(number)
    server = env.server({}, f"server{number}")
    gateway = env.gateway(server.uri, name=f"gateway{number}")
    field = Field(env, gateway, 2, 40 + number, 0.1)
    server.set_keys(gateway.psk_identities())
    server.start()
    gateway.start()
    field.start()
    took = []
    for n in range(rounds):
        # The first one hits handshake, Register or the first Sends.
        time.sleep(dice.uniform(0, 0.3 if n == 0 else 5))
        server.kill()
        time.sleep(dice.uniform(0, 3))
        mark, started = server.mark(), time.monotonic()
        server.start()
        for endpoint in field.endpoints():
            server.wait_registered(endpoint, EXCHANGE + BACK_OFF + HANDSHAKE,
                                   mark)
        took.append(time.monotonic() - started)
        for endpoint in field.endpoints():
            got = server.ask("observe", endpoint, PATH)
            check(got["code"] == "2.05", f"Observe of {endpoint}: {got}")
    field.finish()
    totals = hold(Ledger(field.sensors, sends_to(server)), rounds)
    gateway.stop()
    return took, totals


def case_server_restarts(env):
    """Kill -9 of the server at random moments, five gateways at a time: both
    endpoints of each are back within one exchange's time-out and one step of
    back-off, and what was accepted meanwhile arrives."""
    rounds = 6 if env.long else 1
    with ThreadPoolExecutor(5) as pool:
        results = list(pool.map(lambda n: restarts(env, n, rounds), range(5)))
    took = sorted(t for times, _ in results for t in times)
    accepted = sum(totals[0] for _, totals in results)
    twice = sum(totals[1] for _, totals in results)
    print(f"     {len(took)} restarts, back after {took[0]:.0f} to "
          f"{took[-1]:.0f} s, median {took[len(took) // 2]:.0f} s; {accepted} "
          f"readings, all arrived, {twice} messages delivered twice",
          flush=True)


case_server_restarts.waits = True
case_server_restarts.seconds, case_server_restarts.long_seconds = 200, 900


def case_nat_forgets(env):
    """A NAT that forgets every mapping every eight seconds: each endpoint is
    back within one exchange's time-out by an Update or a Register, nothing is
    lost, and commands find the sensor after that."""
    server = env.server({})
    relay = env.relay(server.coaps_port)
    gateway = env.gateway(f"coaps://127.0.0.1:{relay.port}")
    field = Field(env, gateway, 4, 60, 0.2)
    server.set_keys(gateway.psk_identities())
    server.start()
    gateway.start()
    for endpoint in field.endpoints():
        server.wait_registered(endpoint)
    field.listen()
    field.start()
    field.wait_progress()
    first, full = server.mark(), []

    def tap(upward, data):
        if upward and data[0] == 22 and len(data) > 13 and data[13] == 16:
            full.append(data)  # a ClientKeyExchange
    relay.tap = tap
    for _ in range(30 if env.long else 4):
        time.sleep(8)
        relay.rebind()
    last, started = server.mark(), time.monotonic()

    def back(event):
        return event.get("event") in ("update", "register")
    for endpoint in field.endpoints():
        wait_until(f"{endpoint} to be back", lambda: any(
            back(e) and e["ep"] == endpoint for e in server.events[last:]),
            EXCHANGE + BACK_OFF + HANDSHAKE, 0.1)
    took = time.monotonic() - started
    for n, endpoint in enumerate(field.endpoints()):
        got = server.ask("write", endpoint, DIMMER, value=n)
        check(got["code"] == "2.04" and field.told(endpoint) == [str(n)],
              f"Write to {endpoint}: {got}, it was told "
              f"{field.told(endpoint)}")
    field.finish()
    accepted, twice = hold(Ledger(field.sensors, sends_to(server)),
                           relay.rebinds)
    kinds = [e["event"] for e in server.events[first:] if back(e)]
    gateway.stop()
    # No handshake was cut, so sessions were resumed, as far as this server's
    # library remembers them: it has room for a few.
    check(env.long or len(full) < 4, f"{len(full)} full handshakes")
    print(f"     {relay.rebinds} rebindings; all back {took:.0f} s after the "
          f"last, {len(full)} full handshakes, {kinds.count('update')} Updates "
          f"and {kinds.count('register')} Registers; {accepted} readings, all "
          f"arrived, {twice} messages delivered twice", flush=True)


case_nat_forgets.waits = True
case_nat_forgets.seconds, case_nat_forgets.long_seconds = 280, 600


def sensor_wire(env, seed, seconds, flip):
    """CoAP sensors over a bad wire for some time; returns how many numbers
    arrived that nobody sent."""
    server = env.server({}, f"server{seed}")
    gateway = env.gateway(server.uri, name=f"gateway{seed}")
    field = Field(env, gateway, 16, 70, 0.02)
    field.mqtt.clear()  # TCP mends its wire by itself
    server.set_keys(gateway.psk_identities())
    server.start()
    gateway.start()
    relay = env.relay(gateway.coap_port, seed=seed, duplicate=0.3, reorder=0.3,
                      flip=flip, keep_source=True)
    for endpoint in field.endpoints():
        server.wait_registered(endpoint)
    field.start(relay.port)
    time.sleep(seconds)
    field.finish()
    ledger = Ledger(field.sensors, sends_to(server))
    if flip:
        time.sleep(3)  # what came with another number will never come
    else:
        ledger.wait_all_arrived(60)
    time.sleep(1)
    invented = changed = 0
    for endpoint, sensor in field.sensors.items():
        again, _ = ledger.repeats(endpoint)
        once = {n for n in again if sensor.attempts.get(n, 0) == 1}
        check(flip or not once, f"{endpoint}: {sorted(once)[:8]} were stored "
                                f"twice, seed {seed}")
        arrived = set(ledger.numbers(endpoint))
        invented += len(arrived - set(sensor.attempts))
        changed += len(sensor.acknowledged - arrived)
    gateway.stop()
    server.kill()
    print(f"     {relay.told()}; {ledger.accepted()} readings, {changed} "
          f"told as another, {invented} that nobody sent", flush=True)
    return invented


def case_sensor_wire(env):
    """The sensors' own wire doubles and reorders a third of all datagrams:
    nothing is stored twice, nothing wrong. With 5 % damaged plaintext has no
    guard, and it is told how much got by."""
    for seed in range(1, 21 if env.long else 2):
        check(sensor_wire(env, seed, 8, 0.0) == 0,
              f"values that nobody sent, seed {seed}")
    for seed in range(101, 121 if env.long else 102):
        sensor_wire(env, seed, 8, 0.05)


case_sensor_wire.long_seconds = 900
