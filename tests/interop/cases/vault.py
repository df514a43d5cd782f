# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateway keeps of accounts: on a copy of its storage, in a backup,
and when it is told to forget them."""
import os
import shutil
import sqlite3

from lib import mqtt
from lib.bootstrap import Plant
from lib.peer import check, wait_until

TEMPERATURE = "/3303/0/5700"


def build(env):
    """A gateway on the machine "one", whose boiler has keys of its bootstrap
    server; its valve has one of the file."""
    plant = Plant(env)
    g = plant.gateway
    plant.machine = os.path.join(env.directory, "machine")
    g.group["gateway"]["machine_file"] = plant.machine
    be(plant, "one")
    plant.sensor()
    plant.sensor("valve", account={})
    g.sensors["valve"]["accounts"][0]["server"] = "cloud"
    plant.keys["gw-valve"] = g.keys["valve"]
    account = plant.key()
    plant.start()
    plant.give(account, plant.server_object())
    g.start()
    plant.cloud.wait_registered(plant.endpoint)
    plant.cloud.wait_registered("gw-valve")
    return plant


def be(plant, name):
    with open(plant.machine, "w", encoding="ascii") as f:
        f.write(name + "\n")


def publish(plant, value):
    g = plant.gateway
    sensor = mqtt.Client("127.0.0.1", g.mqtt_port, "boiler-1", "boiler",
                         g.passwords["boiler"])
    sensor.publish("plant/boiler/temp", str(value))
    sensor.disconnect()


def begun(plant, since):
    return [e["event"] for e in plant.gateway.events(since)
            if e["event"] in ("bootstrap_begun", "registered")]


def refused(plant, because, *verb):
    code, out, error = plant.gateway.ctl(*verb)
    check(code == 1 and because in error,
          f"{verb}: {code} {out} {error}")


def journal(plant):
    return plant.gateway.ctl("journal")[1]


def holds(plant):
    code, out, error = plant.gateway.ctl("journal", "--verify")
    check(code == 0, f"the journal: {out}{error}")


def marks(plant):
    """What a tool left for the gateway to do."""
    state = plant.gateway.group["gateway"]["state_dir"]
    db = sqlite3.connect(os.path.join(state, "sallyport.db"))
    rows = db.execute("SELECT what, name FROM kept WHERE what = 5 OR"
                      " name = CAST('past lost' AS BLOB)").fetchall()
    db.close()
    return rows


def case_vault_clone(env):
    """A copy of the storage in another machine uses no account, and keeps what
    sensors say; once adopted it gets other keys, and delivers."""
    plant = build(env)
    g = plant.gateway
    refused(plant, "stop the gateway", "adopt")
    g.stop()
    log = g.mark()
    g.start()
    plant.event("registered", since=log, sensor="boiler")
    check("bootstrap_begun" not in begun(plant, log), "asked on the same machine")
    g.stop()

    be(plant, "two")
    log, since = g.mark(), plant.cloud.mark()
    g.start()
    plant.event("machine_changed", since=log)
    publish(plant, 23.5)
    refused(plant, "another machine", "rotate", "boiler")
    told = g.ctl_json("doctor", "boiler")
    check("adopt" in str(told), f"doctor: {told}")
    g.kill_role("inner")
    plant.event("machine_changed", since=g.mark())
    check(not begun(plant, log), f"it went out: {begun(plant, log)}")
    check(not [e for e in plant.cloud.events[since:]
               if e["event"] == "register"], "the server heard of it")
    g.stop()

    old = plant.keys[plant.endpoint]
    plant.give(plant.key(), plant.server_object())
    check(plant.keys[plant.endpoint] != old, "the key is the same")
    rows = g.ctl_json("adopt")
    check(rows == [{"adopted": True, "bootstrap": ["boiler"],
                    "operator": ["valve"]}], f"adopt: {rows}")
    check(len(marks(plant)) == 2, f"to do: {marks(plant)}")
    log, since = g.mark(), plant.cloud.mark()
    g.start()
    plant.event("bootstrap_done", since=log, sensor="boiler")
    plant.cloud.wait_registered(plant.endpoint, since=since)
    plant.cloud.wait_record(plant.endpoint, TEMPERATURE, 23.5)
    g.stop()
    check(not marks(plant), f"what was done is still to do: {marks(plant)}")
    log = g.mark()
    g.start()
    plant.event("registered", since=log, sensor="boiler")
    check("bootstrap_begun" not in begun(plant, log), "it asked once more")
    g.stop()
    text = journal(plant)
    for event in ("machine_changed", "machine_adopted"):
        check(f"event={event}" in text, f"{event} is not in the journal")
    holds(plant)


case_vault_clone.seconds = 40


def state_of(plant):
    return plant.gateway.group["gateway"]["state_dir"]


def damaged(path, at):
    with open(path, "rb") as f:
        data = bytearray(f.read())
    data[at] ^= 1
    with open(path + ".bad", "wb") as f:
        f.write(data)
    return path + ".bad"


def case_vault_backup(env):
    """A backup beside the running gateway, into an empty directory: accounts
    come back and are given other keys, dead keys stay dead; one that is
    damaged, cut or another gateway's changes nothing."""
    plant = build(env)
    g = plant.gateway
    code, out, error = g.ctl("revoke", "valve")
    check(code == 0, f"revoke: {out}{error}")
    path = os.path.join(env.directory, "backup")
    code, out, error = g.ctl("backup", path)
    check(code == 0 and "1 sensors and 1 dead keys" in out,
          f"backup: {code} {out}{error}")
    check(os.stat(path).st_mode & 0o777 == 0o600, "others can read it")
    wait_until("it to be in the journal", lambda:
               "event=order_given verb=backup" in journal(plant), 5, 0.1)
    refused(plant, "File exists", "backup", path)
    code, out, error = g.ctl("-s", path, "backup", path + ".alone")
    check(code == 0 and "not in the journal" in error,
          f"backup: {code} {out}{error}")
    with open(path, "rb") as f:
        data = f.read()
    check(bytes.fromhex(plant.keys[plant.endpoint]) not in data and
          b"boiler" not in data, "it is not sealed")
    refused(plant, "stop the gateway", "restore", path)
    g.stop()
    code, out, error = g.ctl("backup", path + ".stopped")
    check(code == 0 and error == "", f"backup: {code} {out}{error}")
    check("event=backup_made books=1 dead_keys=1" in journal(plant),
          f"it is not in the journal: {journal(plant)}")
    holds(plant)

    shutil.rmtree(state_of(plant))
    os.mkdir(state_of(plant), 0o700)
    for at in range(40, len(data), 31):
        refused(plant, ":", "restore", damaged(path, at))
    with open(path + ".cut", "wb") as f:
        f.write(data[:-33])
    refused(plant, ":", "restore", path + ".cut")
    check(not os.listdir(state_of(plant)), "what was refused left something")

    plant.give(plant.key(), plant.server_object())
    code, out, error = g.ctl("restore", path)
    check(code == 0 and "accounts of 1 sensors" in out and "valve" in out,
          f"restore: {code} {out}{error}")
    log, since = g.mark(), plant.cloud.mark()
    g.start()
    plant.event("keys_dead", since=log, sensor="valve")
    plant.event("bootstrap_done", since=log, sensor="boiler")
    plant.cloud.wait_registered(plant.endpoint, since=since)
    g.stop()
    code, out, error = g.ctl("restore", path)
    check(code == 0 and "(1 more are newer here" in out,
          f"restore: {code} {out}{error}")
    check("event=backup_restored" in journal(plant), "it is not in the journal")
    holds(plant)


case_vault_backup.seconds = 40


def case_vault_reset(env):
    """A sensor that is reset asks with the keys of the file again; what was
    revoked stays so."""
    plant = build(env)
    g = plant.gateway
    code, out, error = g.ctl("revoke", "valve")
    check(code == 0, f"revoke: {out}{error}")
    refused(plant, "stop the gateway", "factory-reset", "--all")
    g.stop()
    refused(plant, "no bootstrap server", "factory-reset", "valve")
    plant.give(plant.key(), plant.server_object())
    rows = g.ctl_json("factory-reset", "--all")
    check(rows == [{"forgotten": 1}], f"factory-reset: {rows}")
    log, since = g.mark(), plant.cloud.mark()
    g.start()
    plant.event("keys_dead", since=log, sensor="valve")
    plant.event("bootstrap_done", since=log, sensor="boiler")
    plant.cloud.wait_registered(plant.endpoint, since=since)
    g.stop()
    check("event=factory_reset sensor=boiler" in journal(plant),
          "it is not in the journal")
    holds(plant)


case_vault_reset.seconds = 30
