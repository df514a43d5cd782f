# SPDX-License-Identifier: GPL-3.0-or-later
"""A table of sensors enrolled with a bootstrap server: what enroll writes is
all that Leshan's two servers are told."""
import json
import os
import stat

from lib import maps
from lib.peer import check, wait_until
from lib.pki import Pair

SETTINGS = """
    authenticate = ( { method = "password"; username = "{id}"; } );
    maps = ( { topic = "coap/temp"; put = ( { to = "/3303/0/5700"; } ); } );
    accounts = ( %s );
"""
BOOT = '{ server = "boot"; key_file = "../keys/{id}.boot.psk"; }'
MARKED = BOOT[:-1] + "factory = true; }"
CLOUD = ('{ server = "cloud"; mode = "rpk"; key_file = "../keys/{id}.key"; '
         'server_key_file = "%s"; }')


def gateway(env, cloud, boot, *more):
    g = env.gateway(cloud)
    g.seal()
    g.group["servers"].append({"name": "boot", "uri": boot, "bootstrap": True})
    g.group["servers"] += more
    g.mqtt_sensor("first", [maps.temperature()])
    g.write_configuration()
    return g


def enroll(g, name, accounts, table, *options):
    out = os.path.join(g.root, name)
    template = os.path.join(g.root, name + ".conf")
    os.mkdir(out)
    with open(template, "w", encoding="ascii") as f:
        f.write(SETTINGS % accounts)
    code, said, error = g.ctl("enroll", "-t", template, "-o", out, *options,
                              "-", text=table)
    check(code == 0, f"{said}{error}")
    for file in os.listdir(out):
        mode = stat.S_IMODE(os.stat(os.path.join(out, file)).st_mode)
        check(mode == 0o600, f"{file} can be read by others")
    return out, error


def rows(out, name):
    with open(os.path.join(out, name), encoding="ascii") as f:
        return f.read().splitlines()


def case_enroll_bootstrap(env):
    """Some sensors have no account but that of the bootstrap server, which gives
    them a key that was made for it; others a raw key of their own, which it
    gives them, too. All are at Leshan with nothing else done."""
    pair = Pair(env.directory, "cloud")
    leshan = env.leshan(identity=pair.raw_options()).start()
    boot = env.leshan_bootstrap().start()
    g = gateway(env, leshan.uri, boot.uri)
    shared, error = enroll(g, "shared", BOOT, "id\na1\na2\n")
    check(error == "", error)
    raw, error = enroll(g, "raw", f"{BOOT}, {CLOUD % pair.public}",
                        "id\nb1\nb2\n")
    check(error == "", error)
    for out in (shared, raw):
        boot.take(out, "boot")
        for line in rows(out, "cloud.leshan.jsonl"):
            got = leshan.rest("PUT", "/security/clients", json.loads(line))
            check("error" not in got, f"Leshan refused {line}: {got}")
    g.write_configuration = lambda: None
    g.start()
    for name in ("a1", "a2", "b1", "b2"):
        leshan.wait_registered(f"gw-{name}", 40)
    for name in ("b1", "b2"):
        check(g.ctl("rotate", name)[0] == 0, f"rotate {name}")
        wait_until(f"what {name} is given", lambda n=name: [
            e for e in g.events() if e["event"] == "bootstrap_done" and
            e["sensor"] == n], 20)
    check(not [e for e in g.events() if e["event"] == "bootstrap_refused"],
          "something was refused")
    # Such a key is never made of the fleet's.
    key = os.path.join(g.root, "gw.fleet")
    with open(key, "w", encoding="ascii") as f:
        f.write("5a" * 32 + "\n")
    os.chmod(key, 0o600)
    told = []
    for name in ("c", "d"):
        out, _ = enroll(g, name, MARKED, "id\nc3\n", "-f", key)
        told.append(rows(out, "cloud.csv")[1].split(",")[3])
    check(told[0] != told[1] and len(told[0]) == 32, f"{told}")


case_enroll_bootstrap.seconds = 30


def case_enroll_bootstrap_unsaid(env):
    """A server of which only the bootstrap server knows the URI is left to that,
    and it is said."""
    g = gateway(env, "coaps://127.0.0.1:1", "coaps://127.0.0.1:2",
                {"name": "late", "short_server_id": 77})
    out, error = enroll(g, "late", BOOT, "id\na\n")
    check("/late: left out 1 accounts" in error, error)
    check(sorted(os.listdir(out)) == [
        "boot.csv", "boot.leshan-bootstrap.txt", "boot.leshan.jsonl",
        "cloud.csv", "cloud.leshan.jsonl"], f"{os.listdir(out)}")
    endpoint, config = rows(out, "boot.leshan-bootstrap.txt")[0].split(" ", 1)
    config = json.loads(config)
    check(endpoint == "gw-a" and list(config["servers"]) == ["0"] and
          config["security"]["0"]["uri"] == "coaps://127.0.0.1:1", f"{config}")
    told = bytes(config["security"]["0"]["secretKey"]).hex()
    check(rows(out, "cloud.csv")[1].split(",")[3] == told, "another key")
