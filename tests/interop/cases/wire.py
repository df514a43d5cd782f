# SPDX-License-Identifier: GPL-3.0-or-later
"""Twenty sensors over a wire that loses, doubles and reorders a fifth of all
datagrams, with a NAT that forgets and a server that dies."""
import random
import time
from concurrent.futures import ThreadPoolExecutor

from lib.field import DIMMER, Field
from lib.ledger import PATH, Ledger
from lib.peer import check, wait_until

SENSORS = 20
EVERY = 4.0  # seconds from one reading to the next; each goes up by Send and
             # by a notification, and a lost datagram costs two seconds

# An exchange that nobody answers is given up after 62 to 93 s (RFC 7252
# s.4.8.2), by Leshan, too; then comes a handshake, or another try, which on this
# wire may take a while.
BACK = 200


class Observer:
    """Observes each endpoint once for every registration of it."""

    def __init__(self, leshan):
        self.leshan, self.pool = leshan, ThreadPoolExecutor(8)
        self.registrations = {}

    def all_observed(self, endpoints):
        """One try for each that lacks it; true if none does any more."""
        there = {e: c["registrationId"]
                 for e, c in self.leshan.clients().items()}
        lacking = [e for e in endpoints if e in there
                   and self.registrations.get(e) != there[e]]
        for endpoint, got in zip(lacking, self.pool.map(
                lambda e: self.leshan.observe(e, PATH), lacking)):
            if got.code == "2.05":
                self.registrations[endpoint] = there[endpoint]
        return not lacking and set(endpoints) <= set(there)


def command(leshan, field, round_number):
    """Writes a number of its own to each of six endpoints at once; the sensor
    it is meant for gets it once, and no other gets any. Returns how many
    Writes were answered in time."""
    chosen = field.endpoints()[::3][:6]
    numbers = {e: 10 * round_number + n for n, e in enumerate(chosen)}
    before = {e: len(field.told(e)) for e in field.endpoints()}
    with ThreadPoolExecutor(len(chosen)) as pool:
        codes = list(pool.map(lambda e: leshan.write(
            e, DIMMER, numbers[e], "integer", timeout=60).code, chosen))
    done = dict(zip(chosen, codes))
    for endpoint in field.endpoints():
        got = field.told(endpoint)[before[endpoint]:]
        want = [str(numbers[endpoint])] if endpoint in numbers else []
        check(got == want or (not got and done[endpoint] != "2.04"),
              f"{endpoint} was told {got}, not {want}; the server "
              f"{done.get(endpoint)}")
    return sum(code == "2.04" for code in codes)


def once_each(ledger, field, cuts):
    """Nothing was taken in twice, and a cut repeats one message at most."""
    repeated = 0
    for endpoint in field.endpoints():
        again, messages = ledger.repeats(endpoint)
        check(not again, f"{endpoint}: {sorted(again)[:8]} were taken in twice")
        check(messages <= cuts, f"{endpoint}: {messages} messages came twice")
        repeated += messages
    return repeated


class Clock:
    """How long each part took, for the line at the end."""

    def __init__(self):
        self.last, self.parts = time.monotonic(), []

    def lap(self, name):
        now = time.monotonic()
        self.parts.append(f"{name} {now - self.last:.0f} s")
        self.last = now


def bad_wire(env, seed, restarts):
    dice = random.Random(seed)
    leshan = env.leshan(name=f"leshan{seed}").start()
    relay = env.relay(leshan.coaps_port, seed=seed, loss=0.2, duplicate=0.2,
                      reorder=0.2)
    gateway = env.gateway(f"coaps://127.0.0.1:{relay.port}",
                          name=f"gateway{seed}")
    field = Field(env, gateway, SENSORS, 3 + seed, EVERY)
    for endpoint, key in gateway.psk_identities().items():
        leshan.add_psk(endpoint, key)
    clock = Clock()
    gateway.start()
    field.listen()
    for endpoint in field.endpoints():
        leshan.wait_registered(endpoint, 150)
    clock.lap("registered")
    observer = Observer(leshan)
    field.start()
    field.wait_progress(60)
    wait_until("twenty observations", lambda: observer.all_observed(
        field.endpoints()), BACK, 0.5)
    answered = command(leshan, field, 1)
    clock.lap("observed and commanded")
    relay.rebind()
    for n in range(restarts):
        time.sleep(dice.uniform(0, 5))
        before = leshan.clients()
        leshan.kill()
        time.sleep(dice.uniform(0, 3))
        leshan.start()
        mark = len(leshan.events)
        clock.lap("rebound and restarted")
        wait_until("twenty endpoints again", lambda: {
            e for e, c in leshan.clients().items()
            if c["registrationId"] != before[e]["registrationId"]}
            == set(field.endpoints()), BACK, 0.5)
        clock.lap("back")
        wait_until("twenty observations anew", lambda: observer.all_observed(
            field.endpoints()), BACK, 0.5)
        answered += command(leshan, field, 2 + n)
        for endpoint in field.endpoints():
            wait_until(f"a notification of {endpoint}",
                       lambda: leshan.records(endpoint, ("NOTIFICATION",),
                                              mark), 100, 0.2)
        clock.lap("observed and commanded")
    if not env.long:
        relay.loss = 0.0  # or the last of the last could take minutes more
    field.finish()
    ledger = Ledger(field.sensors, lambda e: leshan.messages(e, ("SEND",)))
    ledger.wait_all_arrived(200)
    ledger.check_none_invented()
    repeated = once_each(ledger, field, 2 * restarts + 4)
    gateway.stop(20)
    leshan.kill()
    clock.lap("drained")
    print(f"     {relay.told()}\n     {', '.join(clock.parts)}\n     {answered} "
          f"of {6 * (1 + restarts)} commands answered; {ledger.accepted()} "
          f"readings, all arrived, {repeated} messages delivered twice",
          flush=True)


def case_leshan_wire(env):
    """Leshan and twenty sensors at 20 % loss, duplication and reordering, NAT
    rebinding and restarts of the server: readings arrive, once each, under
    the right name, and commands find their sensor."""
    for seed in (1, 2, 3, 4) if env.long else (1,):
        bad_wire(env, seed, 3 if env.long else 1)


case_leshan_wire.waits = True
case_leshan_wire.seconds, case_leshan_wire.long_seconds = 420, 3000
