# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's tool against the running gateway."""
import os
import socket
import subprocess
import threading

from lib import maps, mqtt, net, pki
from lib.peer import check, run, wait_until

HOPS = ("plain", "authenticated", "mapped", "spooled", "registered",
        "observed", "acknowledged")


def plant(env):
    """A gateway with one MQTT and one CoAP sensor, registered."""
    server = env.server({})
    g = env.gateway(server.uri)
    g.profiles["thermometer"] = {"name": "thermometer",
                                 "maps": [maps.temperature()]}
    boiler = g.mqtt_sensor("boiler", [maps.temperature()])
    pump = g.coap_sensor("pump", "127.0.0.21", [maps.temperature("coap/temp")])
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    server.wait_registered(boiler)
    server.wait_registered(pump)
    return server, g


def publish(g, value, password=None):
    return mqtt.mosquitto_pub("127.0.0.1", g.mqtt_port, "plant/boiler/temp",
                              value, "boiler",
                              password or g.passwords["boiler"])


def case_ctl_status(env):
    """status, sensors, show and values tell what happened, as text and as
    JSON."""
    server, g = plant(env)
    code, why = publish(g, "21.5")
    check(code == 0, why)
    server.wait_record(g.endpoint("boiler"), "/3303/0/5700", 21.5)
    for verb in ("status", "sensors", "show boiler", "values boiler"):
        code, out, error = g.ctl(*verb.split())
        check(code == 0 and out.strip(), f"{verb}: exit {code}, {error}")
    status = g.ctl_json("status")
    check(len(status) == 1 and status[0]["sensors"] == 2
          and status[0]["registered"] == 2 and status[0]["delivered"] >= 1
          and status[0]["waiting"] == 0, f"status: {status}")
    sensors = {row["id"]: row for row in g.ctl_json("sensors")}
    check(set(sensors) == {"boiler", "pump"}, f"sensors: {sensors}")
    check(sensors["boiler"]["level"] == "secret"
          and sensors["boiler"]["messages"] == 1
          and sensors["pump"]["messages"] == 0, f"sensors: {sensors}")
    check(sensors["boiler"]["accounts"][0]["secure"], f"sensors: {sensors}")
    hops = {row["hop"]: row["ok"] for row in g.ctl_json("show",
                                                        "boiler")[0]["hops"]}
    check(set(hops) == set(HOPS) and all(hops.values()), f"hops: {hops}")
    broken = g.ctl_json("show", "pump")[0]["broken"]
    check(broken == "plain", f"the pump, which never spoke, breaks {broken}")
    values = [row["value"] for row in g.ctl_json("values", "boiler")
              if row["path"] == "/3303/0/5700"]
    check(values == [21.5], f"values: {g.ctl_json('values', 'boiler')}")
    check("21.5" in g.ctl("values", "boiler")[1], "values as text")


def case_ctl_usage(env):
    """Wrong usage exits 2, an unknown sensor and a missing daemon exit 1, each
    with a message."""
    _, g = plant(env)
    for arguments, want in (((), 2), (("no-such-verb",), 2),
                            (("show",), 2), (("show", "nobody"), 1)):
        code, _, error = g.ctl(*arguments)
        check(code == want and error.strip(),
              f"{arguments}: exit {code} with {error!r}, want {want}")
    code, _, error = run([os.path.join(g.programs, "sallyportctl"), "-s",
                          g.root + "/nothing.sock", "status"])
    check(code == 1 and error.strip(), f"no daemon: exit {code}, {error!r}")


def case_ctl_doctor(env):
    """doctor says why a sensor is silent: a wrong key, which looks like a
    time-out over DTLS 1.2; nobody at the server; nothing at all."""
    server = env.server({})
    server.argv += ["--suites", "PSK-AES128-CCM-8"]
    g = env.gateway(server.uri)
    boiler = g.mqtt_sensor("boiler", [maps.temperature()])
    server.set_keys({key: "00" * 16 for key in g.psk_identities()})
    server.start()
    g.start()

    def change(part):
        rows = g.ctl_json("doctor", "boiler")
        return part in " ".join(str(row.get("resource")) for row in rows)

    wait_until("the key to be named", lambda: change("/0/x/5"))
    code, out, error = g.ctl("doctor", "boiler")
    check(code == 0 and "accounts.key_file" in out and "wrong key" in out,
          f"doctor: exit {code}: {out}{error}")
    g.stop()
    server.stop()
    g.start()
    wait_until("the server to be missed",
               lambda: "servers.uri" in g.ctl("doctor", "boiler")[1])
    server.set_keys(g.psk_identities())
    server.start()
    server.wait_registered(boiler, seconds=60)
    publish(g, "21.5")
    wait_until("all to be well",
               lambda: "nothing is wrong" in g.ctl("doctor", "boiler")[1])


def case_ctl_test(env):
    """test tells whether a server answers, before any sensor is there."""
    server = env.server({})
    server.start()
    g = env.gateway(server.uri)
    g.write_configuration()
    code, out, error = g.ctl("test", "cloud")
    check(code == 0 and "speaks DTLS" in out, f"exit {code}: {out}{error}")
    g.group["servers"][0]["more_uris"] = [server.tls_uri]
    g.write_configuration()
    code, out, error = g.ctl("test", "cloud")
    check(code == 0 and "speaks DTLS" in out and "speaks TLS" in out,
          f"exit {code}: {out}{error}")
    check("refuses a made-up identity" in out,
          f"TLS, which tells of unknown identities: {out}")
    server.stop()
    code, out, error = g.ctl("test", "cloud")
    check(code == 1 and "--" in out, f"nobody: exit {code}: {out}{error}")
    del g.group["servers"][0]["more_uris"]
    g.group["servers"][0]["uri"] = "coaps://nobody.invalid"
    g.write_configuration()
    code, out, error = g.ctl("test", "cloud")
    check(code == 1 and "name" in out, f"no name: exit {code}: {out}{error}")
    code, _, error = g.ctl("test", "nobody")
    check(code == 1 and "no such server" in error, f"exit {code}: {error}")


def hang_up(listener, times):
    for _ in range(times):
        peer = listener.accept()[0]
        peer.recv(1024)
        peer.close()


def case_ctl_test_stranger(env):
    """test tells of a program that takes the connection and speaks no CoAP."""
    stranger = socket.create_server(("127.0.0.1", 0))
    port = stranger.getsockname()[1]
    threading.Thread(target=hang_up, args=(stranger, 2), daemon=True).start()
    g = env.gateway("coaps://127.0.0.1")
    for scheme in ("coap", "coaps"):
        g.group["servers"][0]["uri"] = f"{scheme}+tcp://127.0.0.1:{port}"
        g.write_configuration()
        code, out, error = g.ctl("test", "cloud")
        check(code == 1 and "closed" in out,
              f"{scheme}: exit {code}: {out}{error}")
    stranger.close()


def case_ctl_test_certificates(env):
    """test tells of a server that has certificates and no pre-shared keys."""
    env.need("openssl")
    authority = pki.Authority(env.directory, "root")
    pair = authority.sign(pki.Pair(env.directory, "server"), "/CN=server")
    port = net.free_tcp_port()
    peer = env.peer("openssl", [
        "openssl", "s_server", "-tls1_2", "-accept", f"127.0.0.1:{port}",
        "-cert", pair.certificate, "-key", pair.key])
    peer.start("ACCEPT", 10)
    g = env.gateway(f"coaps+tcp://127.0.0.1:{port}")
    g.write_configuration()
    code, out, error = g.ctl("test", "cloud")
    check(code == 0 and "no suite for pre-shared keys" in out,
          f"exit {code}: {out}{error}")


def case_ctl_full_disk(env):
    """Output that cannot be written is told by exit status 1."""
    g = env.gateway("coap://127.0.0.1:9")
    ctl = os.path.join(g.programs, "sallyportctl")
    for option in ("--help", "--version"):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([ctl, option], stdout=full, timeout=10,
                                  stderr=subprocess.PIPE, check=False)
        check(done.returncode == 1 and b"cannot be written" in done.stderr,
              f"{option}: exit {done.returncode}, {done.stderr!r}")


def case_ctl_passwd(env):
    """passwd changes a password: the hash is in the file and no password is,
    the new one gets in after a restart and the old one does not."""
    _, g = plant(env)
    g.stop()
    g.set_password("boiler", "another-secret")
    with open(os.path.join(g.root, "passwords"), encoding="utf-8") as f:
        text = f.read()
    check("boiler" in text and "another-secret" not in text,
          f"the file holds {text!r}")
    check(text.count("boiler:") == 1, "the old line is still there")
    check(os.stat(os.path.join(g.root, "passwords")).st_mode & 0o007 == 0,
          "others may read the file")
    g.start()
    code, why = publish(g, "1", "another-secret")
    check(code == 0, f"the new password was refused: {why}")
    code, _ = publish(g, "2", "pw-boiler")
    check(code == 5, f"the old password gave {code}")


def case_mosquitto_passwords(env):
    """Lines that mosquitto_passwd made, with either of its hashes, let the same
    passwords in, and no others; passwd makes one of ours of such a line."""
    _, g = plant(env)
    g.stop()
    path, made = os.path.join(g.root, "passwords"), \
        os.path.join(env.directory, "mosquitto.pw")
    with open(path, encoding="utf-8") as f:
        ours = f.read()
    for scheme, kind in (("$7$", "sha512-pbkdf2"), ("$6$", "sha512")):
        if os.path.exists(made):
            os.remove(made)
        code, out, error = run(["mosquitto_passwd", "-H", kind, "-c", "-b",
                                made, "boiler", "their-secret"])
        check(code == 0, f"mosquitto_passwd: {out}{error}")
        with open(made, encoding="utf-8") as f:
            line = f.read()
        check(scheme in line, f"mosquitto_passwd made {line!r}")
        with open(path, "w", encoding="utf-8") as f:
            f.write(line)
        g.start()
        code, why = publish(g, "1", "their-secret")
        check(code == 0, f"a password of {kind} was refused: {why}")
        code, _ = publish(g, "2", "pw-boiler")
        check(code == 5, f"another password than that of {kind} gave {code}")
        g.stop()
    g.set_password("boiler", "pw-boiler")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    check(text.count("boiler:") == ours.count("boiler:") and "$6$" not in text,
          "the line was not replaced")


def case_ctl_try(env):
    """try shows what a payload would become, without sending anything."""
    server, g = plant(env)
    since = server.mark()
    for argument in (("--sensor", "boiler"), ("thermometer",)):
        code, out, error = g.ctl("try", *argument, "plant/boiler/temp", "21.5")
        check(code == 0 and "/3303/0/5700" in out and "21.5" in out,
              f"{argument}: exit {code}: {out}{error}")
    code, out, error = g.ctl("try", "--sensor", "boiler", "plant/pump/temp",
                             "21.5")
    check(code == 1 and not out, f"a foreign topic: exit {code}: {out}{error}")
    code, out, error = g.ctl("try", "--sensor", "boiler", "plant/boiler/temp",
                             "warm")
    check(code == 1, f"no number: exit {code}: {out}{error}")
    code, out, error = g.ctl("try", "--sensor", "nobody", "x", "1")
    check(code == 1 and error, f"no sensor: exit {code}: {out}{error}")
    publish(g, "30.5")
    server.wait_record(g.endpoint("boiler"), "/3303/0/5700", 30.5,
                       since=since)
    values = [r["value"] for r in server.records(g.endpoint("boiler"),
                                                 since=since)
              if r["path"] == "/3303/0/5700"]
    check(21.5 not in values, "try sent its value upstream")


def case_stop(env):
    """SIGTERM: the endpoints de-register, exit 0, and no process is left."""
    server, g = plant(env)
    pids = g.roles()
    check({"outer", "inner", "console", "verifier", "keyholder"} <= set(pids),
          f"the roles are {sorted(pids)}")
    since = server.mark()
    g.stop()
    for sensor in ("boiler", "pump"):
        server.wait_event("deregister",
                          lambda e: e["ep"] == g.endpoint(sensor), 5, since)
    wait_until("the processes to be gone", lambda: not [
        p for p in pids.values() if os.path.exists(f"/proc/{p}")], 3)
