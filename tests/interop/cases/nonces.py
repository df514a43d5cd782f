# SPDX-License-Identifier: GPL-3.0-or-later
"""No nonce is used twice with one key, whenever the gateway dies and whatever
copy of its state it wakes up with: a recorder that has the keys looks on."""
import os
import random
import shutil
import time

from lib import oscore
from lib.nonces import Pairs, Recorder
from lib.peer import check, wait_until
from lib.traffic import Traffic


def kill_points(env):
    return 200 if env.long else 8


def restored_starts(env):
    return 50 if env.long else 3


def state_of(gateway):
    return gateway.group["gateway"]["state_dir"]


def put_back(gateway, copy):
    shutil.rmtree(state_of(gateway))
    shutil.copytree(copy, state_of(gateway))


def die_and_come_back(env, gateway, traffic, dice):
    """Kills at random points, then starts from copies of the state that were
    made on the way."""
    copies = []
    for n in range(kill_points(env)):
        time.sleep(dice.uniform(0.0, 0.8))
        gateway.kill_supervisor()
        if n % max(1, kill_points(env) // 4) == 0:
            copy = os.path.join(env.directory, f"copy{len(copies)}")
            shutil.copytree(state_of(gateway), copy)
            copies.append(copy)
        gateway.start()
    for _ in range(restored_starts(env)):
        gateway.kill_supervisor()
        put_back(gateway, dice.choice(copies))
        gateway.start()
        traffic.wait_progress()
        time.sleep(dice.uniform(0.0, 0.5))


def sees_repeats():
    """A recorder that sees none where there is one is worth nothing."""
    pairs = Pairs()
    for sealed in (b"one", b"one", b"two"):
        pairs.see(b"key", b"nonce", sealed)
    return len(pairs.twice) == 1 and pairs.repeats == 1


def judge(recorder):
    """What the recorder saw must be worth something, and hold."""
    pairs = recorder.pairs
    check(sees_repeats(), "the recorder is blind")
    check(not recorder.foreign, f"other suites: {recorder.foreign}")
    check(recorder.wrong == 0 and recorder.blind == 0,
          f"{recorder.wrong} records did not open, {recorder.blind} had no key")
    check(not pairs.twice, f"{len(pairs.twice)} pairs of key and nonce were "
                           f"used twice: {pairs.twice[:3]}")


def case_nonces_dtls(env):
    """DTLS 1.2 with AES-128-CCM-8: kill -9 at 8 points and 3 starts from old
    copies of the state directory, 200 and 50 with --long; no pair of key and
    nonce twice."""
    leshan = env.leshan().start()
    relay = env.relay(leshan.coaps_port)
    gateway = env.gateway(f"coaps://127.0.0.1:{relay.port}")
    gateway.seal()
    traffic = Traffic(gateway, 0.05)
    keys = gateway.psk_identities()
    for endpoint, key in keys.items():
        leshan.add_psk(endpoint, key)
    recorder = relay.recorder = Recorder(keys)
    gateway.start()
    for endpoint in traffic.endpoints():
        leshan.wait_registered(endpoint)
    traffic.start()
    traffic.wait_progress()
    die_and_come_back(env, gateway, traffic, random.Random(1))
    traffic.finish()
    gateway.stop()
    recorder.finish()
    judge(recorder)
    check(recorder.resumed > recorder.full > 0 and
          recorder.opened > 20 * kill_points(env), "too little was seen")
    print(f"     {recorder.full} full and {recorder.resumed} resumed "
          f"handshakes, {len(recorder.pairs.keys)} keys, {recorder.opened} "
          f"records, each with a nonce of its own", flush=True)


case_nonces_dtls.seconds, case_nonces_dtls.long_seconds = 120, 900


def protected(env, start):
    """A gateway whose four sensors have OSCORE, towards our own server: no
    other goes on with old keys."""
    server = env.server()
    gateway = env.gateway("")
    gateway.seal()
    traffic = Traffic(gateway, 0.05)
    keys = dict(gateway.protect(s, n) for n, s in enumerate(gateway.sensors))
    server.protect(oscore=keys)
    relay = env.relay(server.oscore_port)
    relay.recorder = oscore.Recorder(
        [(k["secret"], k["sender_id"], k["recipient_id"])
         for k in keys.values()])
    gateway.group["servers"][0].update(
        uri=f"coap://127.0.0.1:{relay.port}", oscore_start=start)
    server.start()
    gateway.start()
    for endpoint in traffic.endpoints():
        server.wait_registered(endpoint)
    traffic.start()
    traffic.wait_progress()
    return server, gateway, traffic, relay.recorder


def judge_protected(recorder, least):
    check(sees_repeats(), "the recorder is blind")
    check(not recorder.pairs.twice, f"{len(recorder.pairs.twice)} pairs of key "
          f"and nonce were used twice: {recorder.pairs.twice[:3]}")
    check(recorder.plain == 0, f"{recorder.plain} messages went up in the clear")
    check(recorder.wrong == 0, f"{recorder.wrong} messages did not open")
    check(recorder.opened > least, f"only {recorder.opened} messages")


def tell_protected(recorder):
    print(f"     {recorder.opened} messages under {len(recorder.pairs.keys)} "
          f"keys, {recorder.pairs.repeats} of them again to the byte, each "
          f"other with a nonce of its own", flush=True)


def case_nonces_oscore_b2(env):
    """OSCORE that agrees on new keys at each start: kills, and old copies of
    the state directory as in nonces_dtls; no pair of key and nonce twice."""
    _, gateway, traffic, recorder = protected(env, "b2")
    die_and_come_back(env, gateway, traffic, random.Random(2))
    traffic.finish()
    gateway.stop()
    judge_protected(recorder, 20 * kill_points(env))
    tell_protected(recorder)


def case_nonces_oscore_b1(env):
    """OSCORE that goes on with the numbers it reserved: no pair twice over
    kills, and after an old copy of the state directory not one message more,
    since an anchor outside shows it."""
    _, gateway, traffic, recorder = protected(env, "b1")
    dice = random.Random(3)
    copy = os.path.join(env.directory, "copy")
    for n in range(kill_points(env)):
        time.sleep(dice.uniform(0.0, 0.8))
        gateway.kill_supervisor()
        if n == kill_points(env) // 2:
            shutil.copytree(state_of(gateway), copy)
        gateway.start()
    traffic.wait_progress()
    gateway.kill_supervisor()
    opened = recorder.opened
    for _ in range(restored_starts(env)):
        put_back(gateway, copy)
        since = gateway.mark()
        gateway.start()
        for event in ("state_rolled_back", "waiting"):
            wait_until(event, lambda e=event: [
                r for r in gateway.events(since) if r["event"] == e], 10)
        gateway.kill_supervisor()
    check(recorder.opened == opened,
          f"{recorder.opened - opened} messages from an old copy")
    judge_protected(recorder, 20 * kill_points(env))
    tell_protected(recorder)


for case in (case_nonces_oscore_b2, case_nonces_oscore_b1):
    case.seconds, case.long_seconds = 120, 900
del case
