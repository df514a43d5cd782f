# SPDX-License-Identifier: GPL-3.0-or-later
"""No nonce is used twice with one key, whenever the gateway dies and whatever
copy of its state it wakes up with: a recorder that has the keys looks on."""
import os
import random
import shutil
import time

from lib.nonces import Pairs, Recorder
from lib.peer import check
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
