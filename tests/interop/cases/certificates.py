# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw public keys and certificates against other people's servers: what must not
come up does not, with a cause that an operator can act on."""
import os
import re
import shutil
import socket

from lib import mqtt, net
from lib.accounts import Keys, add, one_sensor, own_file
from lib.oracle import udp_port_bound
from lib.peer import check, wait_until

TEMPERATURE = "/3303/0/5700"


def listening(env, name, argv, port):
    peer = env.peer(name, argv)
    peer.start()
    wait_until(f"{name}'s port", lambda: udp_port_bound(port))
    return peer


def openssl(env, keys, port, pair=None, between=True, seen=None):
    """OpenSSL's DTLS 1.2 server, which takes only who the root signed."""
    seen = seen or os.path.join(env.directory, f"decrypted-{port}")
    more = ["-cert_chain", keys.middle.certificate] if between else []
    pair = pair or keys.server
    peer = listening(env, f"openssl-{port}", [
        "sh", "-c", 'out=$1; shift; exec "$@" >"$out"', "sh", seen,
        "openssl", "s_server", "-dtls1_2", "-accept", f"127.0.0.1:{port}",
        "-key", pair.key, "-cert", pair.certificate, *more, "-CAfile",
        keys.root.certificate, "-Verify", "3", "-verify_return_error",
        "-quiet"], port)
    return peer, seen


def case_certificate_refused(env):
    """Wrong name, authority, certificate, key, time, revoked: nothing of ours
    is ever decrypted, doctor names the cause, and the server gets an alert."""
    keys = Keys(env)
    over = keys.root.sign(keys.pair("over"), "/CN=over", "DNS:localhost",
                          days=-1)
    gone = keys.root.sign(keys.pair("gone"), "/CN=gone", "DNS:localhost")
    alone = keys.pair("alone")
    shutil.copy(keys.root.revocations(gone), keys.root.path("revoked"))
    ports = {name: net.free_port() for name in ("right", "over", "gone")}
    peer, right = openssl(env, keys, ports["right"])
    seen = [right,
            openssl(env, keys, ports["over"], over, False)[1],
            openssl(env, keys, ports["gone"], gone, False)[1]]
    g = env.gateway(f"coaps://localhost:{ports['right']}")
    cloud = g.group["servers"][0]
    trust = {"trust_file": own_file(g, keys.root.certificate)}
    g.group["servers"] = [
        cloud,
        {**cloud, "name": "trusting", "short_server_id": 2, **trust},
        {**cloud, "name": "over", "short_server_id": 3,
         "uri": f"coaps://localhost:{ports['over']}"},
        {**cloud, "name": "gone", "short_server_id": 4, **trust,
         "uri": f"coaps://localhost:{ports['gone']}",
         "crl_file": own_file(g, keys.root.path("revoked"))},
        {**cloud, "name": "listless", "short_server_id": 5, **trust,
         "crl_file": own_file(g, keys.root.path("revoked"))},
    ]
    rows = (
        ("name", "cloud", keys.anchored(server_name="else.example"),
         "for another name", "server_name"),
        ("anchor", "cloud",
         keys.pinned(keys.other, certificate_usage="anchor"),
         "no trusted authority", "server_key_file"),
        ("pin", "cloud", keys.pinned(keys.client), "not the expected one",
         "server_key_file"),
        ("service", "trusting",
         keys.pinned(keys.client, certificate_usage="service"),
         "not the expected one", "server_key_file"),
        ("authority", "trusting",
         keys.pinned(keys.other, certificate_usage="ca"),
         "not the expected one", "server_key_file"),
        ("time", "over", keys.anchored(), "has expired", "clock"),
        ("revoked", "gone", keys.certified(certificate_usage="ca"),
         "is revoked", "certificate"),
        ("list", "listless", keys.certified(certificate_usage="ca"),
         "revocation list", "crl_file"),
        ("raw", "cloud", keys.raw(alone), "", ""),
    )
    for sensor, server, account, _, _ in rows:
        own = keys.device("device-" + sensor, "gw-" + sensor)
        account["key_file"] = own.key
        if "certificate_file" in account:
            account["certificate_file"] = own.certificate
        add(g, sensor, account, server)
    g.start()
    for sensor, server, _, why, change in rows:
        g.wait_line(lambda line, s=sensor, w=why:
                    f"event=waiting sensor={s} " in line and w in line, 40)
        if not why:
            continue
        told = str(g.ctl_json("doctor", sensor))
        check(why in told and change in told,
              f"{sensor}: doctor says {told}")
    for path in seen:
        check(os.path.getsize(path) == 0, f"{path}: something was decrypted")
    peer.wait_line("SSL alert number 48", 10)
    check("event=registered" not in "".join(g.lines), "one of them came up")


case_certificate_refused.seconds = 60


# ---- what changes while sessions are there

def ours(env, keys, name, names="DNS:localhost,IP:127.0.0.1"):
    """A server with a certificate of the root for these names."""
    server = env.server({}, name=name)
    pair = keys.root.sign(keys.pair(name), f"/CN={name}", names)
    server.protect(pair, keys.root)
    return server, pair


def case_certificate_lists_change(env):
    """A new revocation list while all are registered: those whose server it
    names lose their session, the others keep theirs and stay registered."""
    keys = Keys(env)
    named, pair = ours(env, keys, "named")
    other, last = ours(env, keys, "other")
    g = env.gateway(named.uri)
    crl = own_file(g, keys.root.revocations())
    cloud = {**g.group["servers"][0], "crl_file": crl,
             "trust_file": own_file(g, keys.root.certificate)}
    g.group["servers"] = [cloud, {**cloud, "name": "other", "uri": other.uri,
                                  "short_server_id": 2}]
    for sensor, server in (("boiler", "cloud"), ("pump", "other")):
        device = keys.device("device-" + sensor, "gw-" + sensor)
        add(g, sensor, {"mode": "x509", "certificate_usage": "ca",
                        "key_file": device.key,
                        "certificate_file": device.certificate}, server)
    named.start()
    other.start()
    g.start()
    named.wait_registered("gw-boiler")
    other.wait_registered("gw-pump")
    marks = named.mark(), other.mark()
    own_file(g, keys.root.revocations(pair))
    code, out, why = g.ctl("reload", seconds=60)
    check(code == 0, f"reload: {out} {why}")
    g.wait_line(lambda line: "event=waiting sensor=boiler " in line and
                "is revoked" in line, 10)
    wait_until("doctor to know", lambda: "is revoked" in str(
        g.ctl_json("doctor", "boiler")), 20)
    code, why = mqtt.mosquitto_pub("127.0.0.1", g.mqtt_port, "plant/pump/temp",
                                   "20.5", "pump", g.passwords["pump"])
    check(code == 0, f"mosquitto_pub: {why}")
    other.wait_record("gw-pump", TEMPERATURE, 20.5, ("send",), since=marks[1])
    for server, mark in zip((named, other), marks):
        anew = [e for e in server.events[mark:]
                if e["event"] in ("register", "peer")]
        check(not anew, f"{server.name}: {anew}")
    own_file(g, keys.root.revocations(pair, last))
    code, out, why = g.ctl("reload", seconds=60)
    check(code == 0, f"reload: {out} {why}")
    g.wait_line(lambda line: "event=waiting sensor=pump " in line and
                "is revoked" in line, 10)


case_certificate_lists_change.seconds = 90


def case_certificate_of_each_uri(env):
    """Each URI of a server must show a certificate for its own host: one for
    the first does not do at the second."""
    keys = Keys(env)
    blocked = env.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    blocked.bind(("127.0.0.1", 0))
    first = f"coaps://localhost:{blocked.getsockname()[1]}"
    right, _ = ours(env, keys, "right", "IP:127.0.0.1")
    wrong, _ = ours(env, keys, "wrong", "DNS:localhost")
    g = env.gateway(first)
    cloud = {**g.group["servers"][0],
             "trust_file": own_file(g, keys.root.certificate)}
    g.group["servers"] = [
        {**cloud, "more_uris": [right.tls_uri]},
        {**cloud, "name": "wrong", "short_server_id": 2,
         "more_uris": [wrong.tls_uri]}]
    for sensor, server in (("boiler", "cloud"), ("pump", "wrong")):
        device = keys.device("device-" + sensor, "gw-" + sensor)
        add(g, sensor, {"mode": "x509", "certificate_usage": "ca",
                        "key_file": device.key,
                        "certificate_file": device.certificate}, server)
    right.start()
    wrong.start()
    g.start()
    g.wait_line(lambda line: "event=waiting sensor=pump " in line and
                "for another name" in line, 100)
    right.wait_registered("gw-boiler", 30)
    check(not wrong.endpoints(), "registered under another's name")


case_certificate_of_each_uri.waits = True
case_certificate_of_each_uri.seconds = 140


def case_alert_code(env):
    """A server that ended a handshake with an alert reads in /1/0/11 which one
    it was, once it lets the client in; doctor has told the same. Leshan does
    not trust our authority at first."""
    keys = Keys(env)
    server = keys.root.sign(keys.pair("leshan"), "/CN=leshan")
    leshan = env.leshan(identity=server.certificate_options(keys.other))
    leshan.start().add_certificate("gw-boiler")
    g = one_sensor(env, leshan.uri,
                   keys.certified(server_key_file=server.certificate))
    g.start()
    g.wait_line(lambda line: "event=waiting sensor=boiler " in line, 40)
    finding = str(g.ctl_json("doctor", "boiler"))
    told = re.search(r"\(alert (\d+)\)", finding)
    check(told, f"no alert: {finding}")
    leshan.argv = [keys.root.certificate if part == keys.other.certificate
                   else part for part in leshan.argv]
    leshan.restart()
    leshan.wait_registered("gw-boiler", 60)
    got = leshan.read("gw-boiler", "/1/0/11")
    check(got.code == "2.05" and int(got.value) == int(told[1]),
          f"alert {told[1]}, but /1/0/11 says {got}")


case_alert_code.seconds = 100
