# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that is full or fails, and a state directory that is not right: what
a sensor was promised is kept, what cannot be kept is refused."""
import errno
import os
import random
import shutil
import sqlite3
import time

from lib import coap, maps, mqtt, shim
from lib.ledger import Ledger
from lib.peer import Missing, check, wait_until
from lib.traffic import Traffic, settle

TEMPERATURE = "/3303/0/5700"

# what fails, how, how often
ILLS = (
    ("EIO", shim.ALL, errno.EIO, 1),
    ("a failed sync", shim.SYNC, errno.EIO, 1),
    ("a full disk", shim.WRITE | shim.TRUNCATE, errno.ENOSPC, 3),
    ("a read-only disk", shim.ALL, errno.EROFS, 5),
    ("short writes", shim.WRITE, shim.SHORT, 3),
    ("failed syncs", shim.SYNC, errno.EIO, 4),
)
QUICK, LONG = 18, 400


def state_of(gateway):
    return gateway.group["gateway"]["state_dir"]


def case_disk_fails(env):
    """The n-th call to the disk fails, in several ways, under traffic: nothing
    that was accepted is lost, clients stay registered, and all goes on."""
    server, faults = env.server({}), env.shim()
    g = env.gateway(server.uri)
    g.environment = faults.environment
    traffic = Traffic(g)
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    for endpoint in traffic.endpoints():
        server.wait_registered(endpoint)
    since = server.mark()
    traffic.start()
    traffic.wait_progress()
    dice = random.Random(9)
    order = range(1, LONG + 1) if env.long else dice.sample(range(1, 401),
                                                            QUICK)
    for i, n in enumerate(order):
        what, calls, error, times = ILLS[i % len(ILLS)]
        if calls == shim.SYNC:
            n //= 4  # there are fewer of those
        faults.break_disk(state_of(g), error, calls, n, times)
        wait_until(f"call {n} to meet {what}", lambda: faults.failed() > 0, 20)
        time.sleep(0.05)
        faults.mend()
        if i % 6 == 5:
            traffic.wait_progress()
    traffic.wait_progress()
    check(g.ctl("status")[0] == 0, "the console says nothing")
    settle(Ledger(traffic.sensors, server.messages), traffic, len(order))
    moved = [e for e in server.events[since:]
             if e.get("event") in ("register", "deregister")]
    check(not moved, f"clients came and went: {moved[:3]}")
    g.stop()


case_disk_fails.seconds, case_disk_fails.long_seconds = 120, 1500


def on_tmpfs(g, options):
    """Has the gateway's state lie on a file system of its own, which only it
    sees; returns the path by which we see it, too."""
    state = state_of(g)
    g.write_configuration()
    g.argv = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
              'mount -t tmpfs -o "$0" none "$1" && shift && exec "$@"',
              options, state, *g.argv]
    return lambda: f"/proc/{g.pid}/root{state}"


def need_root(env):
    env.need("unshare")
    if os.geteuid() != 0:
        raise Missing("file systems of its own need root")


def fill(path):
    """Writes until nothing more fits."""
    with open(path, "wb", buffering=0) as f:
        try:
            while True:
                f.write(bytes(4096))
        except OSError as e:
            check(e.errno == errno.ENOSPC, str(e))


def case_disk_full(env):
    """8 MiB for the state, all of it taken by somebody else: readings are
    refused, running clients go on, and with room again all is accepted."""
    need_root(env)
    server = env.server({})
    g = env.gateway(server.uri)
    g.group["gateway"]["volatile"] = True
    traffic = Traffic(g)
    seen = on_tmpfs(g, "size=8m")
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    for endpoint in traffic.endpoints():
        server.wait_registered(endpoint)
    traffic.start()
    traffic.wait_progress()
    since = server.mark()
    filler = seen() + "/filler"
    fill(filler)
    sensors = traffic.sensors.values()
    pump = next(s for s in sensors if isinstance(s, coap.Counter))
    wait_until("a reading to be refused for want of room",
               lambda: pump.answers.get("5.03", 0) > 0, 30)
    wait_until("the operator to be told", lambda: [
        e for e in g.events() if e["event"] == "reading_not_stored"], 5)
    got = server.ask("read", traffic.endpoints()[0], "/3/0/0")
    check(got["code"] in ("2.05", "4.04"), f"a Read got {got}")
    count = sum(len(s.acknowledged) for s in sensors)
    time.sleep(2)
    more = sum(len(s.acknowledged) for s in sensors) - count
    check(more < 200, f"{more} readings were accepted on a full disk")
    os.unlink(filler)
    traffic.wait_progress()
    settle(Ledger(traffic.sensors, server.messages), traffic, 1)
    moved = [e for e in server.events[since:]
             if e.get("event") in ("register", "deregister")]
    check(not moved, f"clients came and went: {moved[:3]}")
    g.stop()


# ---- starting


def refuses(g, *words):
    """The gateway does not start, and says why in one line that holds these
    words."""
    since = g.mark()
    g.start(ready=None)
    code = wait_until("the gateway to give up", lambda:
                      g.process.poll() is not None and [g.process.returncode],
                      15)[0]
    wait_until("its last words", lambda: not g._reading(), 5)
    with g.condition:
        said = g.lines[since:]
    check(code == 1, f"it ended with {code}: {said}")
    check([s for s in said if all(w in s for w in words)],
          f"no line tells {words}: {said}")


def lonely(env, name="gateway"):
    """A gateway with one sensor and no server to be seen."""
    g = env.gateway("coaps://127.0.0.1:9", name=name)
    g.mqtt_sensor("boiler", [maps.temperature()])
    return g


def case_state_in_use(env):
    """A second gateway with the same state_dir is refused, and the first one
    does not notice."""
    server = env.server({})
    first = env.gateway(server.uri)
    boiler = first.mqtt_sensor("boiler", [maps.temperature()])
    server.set_keys(first.psk_identities())
    server.start()
    first.start()
    server.wait_registered(boiler)
    second = lonely(env, "second")
    second.group["gateway"]["state_dir"] = state_of(first)
    refuses(second, state_of(first), "another gateway is using it")
    code, why = mqtt.mosquitto_pub(
        "127.0.0.1", first.mqtt_port, "plant/boiler/temp", "21.5", "boiler",
        first.passwords["boiler"])
    check(code == 0, why)
    server.wait_record(boiler, TEMPERATURE, 21.5)
    first.stop()
    second.start()  # now it may
    second.stop()


def put_database(g, sql, version):
    g.write_configuration()
    path = os.path.join(state_of(g), "sallyport.db")
    db = sqlite3.connect(path)
    db.executescript(f"{sql}; PRAGMA user_version = {version};")
    db.close()
    return path


def content(path):
    with open(path, "rb") as f:
        return f.read()


def case_state_not_right(env):
    """A database that is newer, damaged or something else stops the start with
    a sentence to act on, and is not replaced."""
    g = lonely(env)
    path = put_database(g, "CREATE TABLE t (x)", 99)
    before = content(path)
    refuses(g, path, "newer Sallyport", "99")
    check(content(path) == before, "the newer database was changed")
    os.unlink(path)

    with open(path, "wb") as f:
        f.write(b"no database at all " * 500)
    refuses(g, path, "damaged", "move it away")
    os.unlink(path)
    for end in ("-wal", "-shm"):
        if os.path.exists(path + end):
            os.unlink(path + end)

    g.start()
    g.stop()
    size = os.path.getsize(path)
    with open(path, "r+b") as f:
        f.seek(4096)
        f.write(bytes(range(256)) * ((size - 4096) // 256))
    refuses(g, path, "damaged")
    check(os.path.getsize(path) >= size and bytes(range(256)) in content(path),
          "the damaged database was replaced")
    os.unlink(path)
    os.mkdir(path)
    refuses(g, path)


def case_state_no_room(env):
    """No start on a disk that is full, read-only or has no inodes, nor in
    memory without leave; each says why."""
    need_root(env)
    for number, (options, words) in enumerate((
            ("size=8k", ("sallyport.db",)),
            ("ro,size=1m", ("sallyport.lock", "Read-only file system")),
            ("size=1m,nr_inodes=2", ("sallyport.db", "No space left")))):
        g = lonely(env, f"gateway{number}")
        g.group["gateway"]["volatile"] = True
        on_tmpfs(g, options)
        refuses(g, *words)
    g = lonely(env, "careful")
    g.group["gateway"]["volatile"] = False
    if os.path.exists("/dev/shm"):
        g.group["gateway"]["state_dir"] = f"/dev/shm/{os.getpid()}-sallyport"
        g.write_configuration()
        try:
            g.group["gateway"]["volatile"] = False
            refuses(g, "gateway.state_dir", "in memory", "volatile = true")
        finally:
            shutil.rmtree(state_of(g), ignore_errors=True)
