# SPDX-License-Identifier: GPL-3.0-or-later
"""Another device under the name of one that is gone: sallyportctl replace."""
import json
import os
import stat

from lib import coap, maps, mqtt
from lib.bootstrap import Plant, write
from lib.peer import check, wait_until
from lib.pki import Authority

TEMPERATURE = "/3303/0/5700"


def connect(g, user, password, client="x"):
    return mqtt.Client("127.0.0.1", g.mqtt_port, client, user, password)


def refused_at_connect(g, user, password):
    return connect(g, user, password).code in (4, 5)


def say(g, user, password, value):
    c = connect(g, user, password)
    c.publish(f"plant/{user}/temp", str(value))
    c.disconnect()


def contents(root):
    """Of all that the operator may change."""
    found = {}
    for part in ("sensors.d", "keys", "."):
        folder = os.path.join(root, part)
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    found[path] = f.read()
    return found


def case_replace_password(env):
    """A sensor with a password and a key of the file. What the old device had
    is dead and its connection ends; what it said and the server does not have
    yet is not lost; the new one is the same sensor."""
    server = env.server({})
    g = env.gateway(server.uri)
    g.seal()
    endpoint = g.mqtt_sensor("boiler", [maps.temperature()])
    other = g.mqtt_sensor("valve", [maps.temperature()])
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    server.wait_registered(endpoint)
    server.wait_registered(other)
    server.stop()
    old = connect(g, "boiler", g.passwords["boiler"], "old")
    standing = connect(g, "valve", g.passwords["valve"], "valve")
    old.publish("plant/boiler/temp", "20.5")
    key = os.path.join(g.root, "keys", "boiler.psk")
    os.chmod(key, 0o640)
    out = os.path.join(g.root, "out")
    os.mkdir(out)

    rows = g.ctl_json("replace", "-o", out, "boiler")
    check(len(rows) == 1 and rows[0]["keys"] == 1 and
          rows[0]["id"] == "boiler" and rows[0]["endpoint"] == endpoint and
          rows[0]["bootstrap"] is False and
          [u["username"] for u in rows[0]["users"]] == ["boiler"], f"{rows}")
    password = rows[0]["users"][0]["password"]
    check(len(password) == 20 and password != g.passwords["boiler"], password)
    check(old.closed_within(5), "the old device stays connected")
    check(refused_at_connect(g, "boiler", g.passwords["boiler"]),
          "the old password lets in")
    standing.ping()
    say(g, "boiler", password, 21.5)
    check(not os.path.exists(key + ".replaced"), "the old key is still there")
    check(stat.S_IMODE(os.stat(key).st_mode) == 0o640, "the key's mode")
    with open(key, encoding="ascii") as f:
        fresh = f.read().strip()
    check(fresh != g.keys["boiler"], "the key is the same")
    with open(os.path.join(out, "cloud.leshan.jsonl"), encoding="ascii") as f:
        lines = [json.loads(line) for line in f]
    check([d["endpoint"] for d in lines] == [endpoint] and
          lines[0]["tls"]["details"]["key"] == fresh, f"{lines}")

    server.set_keys({endpoint: fresh, other: g.keys["valve"]})
    server.start()
    server.wait_record(endpoint, TEMPERATURE, 20.5)
    server.wait_record(endpoint, TEMPERATURE, 21.5)

    # The old key stays dead, also when somebody puts it back.
    with open(key, "w", encoding="ascii") as f:
        f.write(g.keys["boiler"] + "\n")
    code, _, error = g.ctl("reload")
    check(code == 0, error)
    wait_until("keys_dead", lambda: any(
        e["event"] == "keys_dead" and e["sensor"] == "boiler"
        for e in g.events()), 10)
    journal = g.ctl("journal")[1]
    for word in ("event=order_given verb=replace sensor=boiler",
                 "event=sensor_replaced sensor=boiler"):
        check(word in journal, f"{word} is not in the journal")
    check(password not in journal and fresh not in journal, "a secret is")


case_replace_password.seconds = 40


def case_replace_address(env):
    """A sensor that is known by its address gets the new one's, in its own
    file, of which the rest stays; the old one is nobody."""
    server = env.server({})
    g = env.gateway(server.uri)
    g.seal()
    endpoint = g.coap_sensor("first", "127.0.0.21", [maps.temperature("coap/temp")])
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    server.wait_registered(endpoint)
    path = os.path.join(g.root, "sensors.d", "first.conf")
    with open(path, encoding="utf-8") as f:
        before = "# the one at the door\n" + f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(before)
    check(g.ctl("reload")[0] == 0, "reload")

    def answer(ip):
        return coap.Client("127.0.0.1", g.coap_port, ip).request(
            coap.POST, "temp", "20.5", 0)[0]

    files = contents(g.root)
    for arguments, text, status, words in (
            ((), None, 2, "replace [OPTIONS] SENSOR"),
            (("-m",), None, 2, "usage"),
            (("-x", "1", "first"), None, 2, "usage"),
            (("-p", "secret", "first"), None, 2, "usage"),
            (("-c", path, "first"), None, 2, "usage"),
            (("first", "-i", "127.0.0.22"), None, 2, "usage"),
            (("first",), None, 1, "expected -i"),
            (("-i", "127.0.0.22", "none"), None, 1, "none: no such sensor"),
            (("-i", "127.0.0.21", "first"), None, 1, "old device"),
            (("-i", "::ffff:127.0.0.21", "first"), None, 1, "old device"),
            (("-i", '1"; x', "first"), None, 1, "is no address"),
            (("-i", "127.0.0", "first"), None, 1, "first.conf:"),
            (("-m", "00:24:be:80:4f:f1", "first"), None, 1, "not known by"),
            (("-p", "-", "-i", "127.0.0.22", "first"), "x\n", 1,
             "has no password"),
            (("-o", "/nonexistent", "-i", "127.0.0.22", "first"), None, 1,
             "/nonexistent")):
        code, _, error = g.ctl("replace", *arguments, text=text)
        check(code == status and words in error,
              f"{arguments}: exit {code}, {error}")
        check(contents(g.root) == files, f"{arguments} changed files")

    since = server.mark()
    code, said, error = g.ctl("replace", "-i", "127.0.0.22", "first")
    check(code == 0 and "1 key files made" in said, f"{said}{error}")
    with open(path, encoding="utf-8") as f:
        check(f.read() == before.replace("127.0.0.21", "127.0.0.22"),
              "the rest of its file")
    with open(os.path.join(g.root, "keys", "first.psk"),
              encoding="ascii") as f:
        g.keys["first"] = f.read().strip()
    server.set_keys(g.psk_identities())
    server.ask("keys")
    server.wait_registered(endpoint, since=since)
    check(answer("127.0.0.22").startswith("2."), "the new one is not let in")
    check(answer("127.0.0.21").startswith("4."), "the old one is let in")
    server.wait_record(endpoint, TEMPERATURE, 20.5)


def case_replace_refused(env):
    """Nothing is changed where the gateway cannot do its part: it does not run,
    or has no master key under which it could remember the dead key."""
    g = env.gateway("coaps://127.0.0.1:1")
    g.mqtt_sensor("boiler", [maps.temperature()])
    g.write_configuration()
    files = contents(g.root)
    code, said, error = g.ctl("replace", "boiler")
    check(code == 1 and "is sallyportd running" in error and said == "",
          f"{code} {said} {error}")
    check(contents(g.root) == files, "files were changed")
    g.start()
    files = contents(g.root)
    code, said, error = g.ctl("replace", "boiler")
    check(code == 1 and "master_key_file" in error and said == "",
          f"{code} {said} {error}")
    check(contents(g.root) == files, "files were changed")
    say(g, "boiler", g.passwords["boiler"], 20.5)
    # A mistake elsewhere is found before anything is done.
    with open(os.path.join(g.root, "sensors.d", "bad.conf"), "w",
              encoding="ascii") as f:
        f.write("sensors = ( { } );\n")
    files = contents(g.root)
    code, said, error = g.ctl("replace", "boiler")
    check(code == 1 and "bad.conf:1" in error, f"{code} {said} {error}")
    check(contents(g.root) == files, "files were changed")


def case_replace_bootstrap(env):
    """With a bootstrap server the sensor gets its keys from there; the password
    is one that the operator gives."""
    plant = Plant(env)
    g = plant.gateway
    plant.sensor()
    account = plant.key()
    plant.start()
    plant.give(account, plant.server_object())
    g.start()
    plant.cloud.wait_registered(plant.endpoint)
    plant.give(plant.key(), plant.server_object())
    log, since = g.mark(), plant.cloud.mark()
    code, said, error = g.ctl("replace", "-p", "-", "boiler",
                              text="a new word\n")
    check(code == 0 and "asked for other keys" in said and
          "a new word" not in said, f"{said}{error}")
    plant.event("sensor_replaced", since=log, sensor="boiler")
    plant.event("keys_rotated", since=log, sensor="boiler")
    plant.cloud.wait_registered(plant.endpoint, since=since)
    check(refused_at_connect(g, "boiler", g.passwords["boiler"]),
          "the old password lets in")
    say(g, "boiler", "a new word", 22.5)
    plant.cloud.wait_record(plant.endpoint, TEMPERATURE, 22.5)


case_replace_bootstrap.seconds = 30


def case_replace_certificate(env):
    """A certificate can only be replaced where its authority is at hand; a
    refused one leaves no file behind and none aside."""
    root = Authority(env.directory, "root")
    g = env.gateway("coaps://127.0.0.1:1")
    g.seal()
    g.mqtt_sensor("boiler", [maps.temperature()], mode="x509", account={
        "key_file": "../keys/boiler.key",
        "certificate_file": "../keys/boiler.crt",
        "server_key_file": root.certificate, "certificate_usage": "anchor"})
    g.keys.clear()
    g.write_configuration()
    authority = ("-c", root.certificate, "-k", root.key)
    code, _, error = g.ctl("enroll", *authority, "boiler")
    check(code == 0, error)
    g.start()
    files = contents(g.root)
    for options, words in (((), "-c and -k"),
                           (("-c", root.certificate, "-k", root.key + "x"),
                            "No such file"),
                           ((*authority, "-o", "/nonexistent"),
                            "/nonexistent")):
        code, _, error = g.ctl("replace", *options, "boiler")
        check(code == 1 and words in error, f"{options}: {code} {error}")
        check(contents(g.root) == files, f"{options} changed files")
    code, said, error = g.ctl("replace", *authority, "boiler")
    check(code == 0 and "2 key files made" in said, f"{said}{error}")
    changed = [os.path.basename(p) for p, text in contents(g.root).items()
               if files.get(p) != text]
    check(sorted(changed) == ["boiler.crt", "boiler.key", "passwords"],
          f"{changed}")


def case_config_ignored(env):
    """An account of the file that a bootstrap server has given other values
    since does not count: the log says so at the start, and show says so."""
    plant = Plant(env)
    g = plant.gateway
    plant.sensor()
    g.secrets["own"] = "ab" * 16
    g.sensors["boiler"]["accounts"].append(
        {"server": "cloud", "mode": "psk", "key_file": "../keys/own"})
    account = plant.key()
    plant.start()
    plant.boot.set_keys({plant.endpoint: g.keys["boiler"]})
    plant.cloud.set_keys({plant.endpoint: g.secrets["own"]})
    plant.cloud.ask("keys")
    g.start()
    plant.cloud.wait_registered(plant.endpoint)
    check("config_ignored" not in g.ctl_json("show", "boiler")[0] and
          "does not count" not in g.check_configuration()[1],
          "nothing has been given yet")
    plant.order({"delete": "/0"}, {"delete": "/1"}, write(account),
                write(plant.server_object()), {"finish": True})
    log = g.mark()
    check(g.ctl("rotate", "boiler")[0] == 0, "rotate")
    plant.event("bootstrap_done", since=log, sensor="boiler")
    row = g.ctl_json("show", "boiler")[0]
    check("cloud key_file" in row.get("config_ignored", "") and
          "boot" not in row["config_ignored"], f"{row}")
    code, said, _ = g.ctl("show", "boiler")
    check(code == 0 and "cloud key_file" in said, said)
    check("config_ignored" not in str(g.ctl_json("sensors")), "for one alone")
    code, said = g.check_configuration()
    path = os.path.join(g.root, "sensors.d", "boiler.conf")
    words = ": key_file: does not count: boiler has been given its account at"
    check(code == 0 and said.count(path) == 1 and words + " cloud" in said,
          said)
    g.stop()
    log = g.mark()
    check(said == g.check_configuration()[1], "stopped it says something else")
    g.start()
    plant.event("config_ignored", since=log, server="cloud", field="key_file")


case_config_ignored.seconds = 20
