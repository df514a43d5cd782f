# SPDX-License-Identifier: GPL-3.0-or-later
"""One sensor, its readings and a command through each way of protecting an
account: nothing but the account changes."""
import hmac
import secrets

from lib import maps, mqtt
from lib.peer import check, wait_until
from lib.pki import Authority, Pair

ENDPOINT = "gw-boiler"


def through(env, server, uri, mode, account, proof, keys=None):
    """Registers, sends two readings, is read. The register event."""
    g = env.gateway(uri)
    g.secrets.update(keys or {})
    g.mqtt_sensor("boiler", [maps.temperature()], mode=mode, account=account)
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    event = server.wait_registered(ENDPOINT)
    check(event["secure"] == proof, f"it came in by {event['secure']}")
    sensor = mqtt.Client("127.0.0.1", g.mqtt_port, "boiler-1", "boiler",
                         g.passwords["boiler"])
    for value in (21.5, 22.25):
        since = server.mark()
        sensor.publish("plant/boiler/temp", str(value))
        server.wait_record(ENDPOINT, "/3303/0/5700", value, since=since)
    answer = server.ask("read", ENDPOINT, "/3303/0/5700")
    check(answer.get("code") == "2.05", f"a Read was answered {answer}")
    for path in ("/0", "/0/0", "/0/0/5", "/21", "/21/0", "/21/0/0"):
        answer = server.ask("read", ENDPOINT, path)
        check(answer.get("code") == "4.01", f"{path} was answered {answer}")
    sensor.disconnect()
    g.stop()
    return event


def case_modes_rpk(env):
    """Raw public keys: each end knows the other's."""
    own, peer = Pair(env.directory, "own"), Pair(env.directory, "peer")
    server = env.server({})
    server.protect(key=peer, raw={ENDPOINT: own})
    event = through(env, server, server.uri, "rpk",
                    {"key_file": own.key, "server_key_file": peer.public},
                    "rpk")
    check(event["identity"] == ENDPOINT, f"it came in as {event['identity']}")


def certified(env):
    ca = Authority(env.directory, "ca")
    own = ca.sign(Pair(env.directory, "own"), f"/CN={ENDPOINT}")
    peer = ca.sign(Pair(env.directory, "peer"), "/CN=server",
                   "IP:127.0.0.1")
    server = env.server({})
    server.protect(key=peer, trusted=ca)
    return ca, own, peer, server


def case_modes_x509(env):
    """Certificates, with the server's CA as the anchor."""
    ca, own, _, server = certified(env)
    through(env, server, server.uri, "x509",
            {"key_file": own.key, "certificate_file": own.certificate,
             "server_key_file": ca.certificate,
             "certificate_usage": "anchor"}, "x509")


def case_modes_x509_pinned(env):
    """Certificates, with that of the server and no other."""
    _, own, peer, server = certified(env)
    through(env, server, server.uri, "x509",
            {"key_file": own.key, "certificate_file": own.certificate,
             "server_key_file": peer.certificate}, "x509")


def oscore(name="b01e", **more):
    secret = secrets.token_hex(16)
    return ({"sender_id": name, "recipient_id": "5e", "secret": secret, **more},
            {"oscore": {"secret_file": "../keys/boiler.oscore",
                        "sender_id": name, "recipient_id": "5e", **more}},
            {"boiler.oscore": secret})


def case_modes_oscore(env):
    """OSCORE alone, over coap."""
    known, account, keys = oscore()
    server = env.server({})
    server.protect(oscore={ENDPOINT: known})
    through(env, server, f"coap://127.0.0.1:{server.oscore_port}", "nosec",
            account, "none", keys)


def case_modes_oscore_made_identifier(env):
    """A Sender ID that nobody gave comes of master key and endpoint, as anybody
    who has both can tell, and is shown."""
    g = env.gateway("coap://127.0.0.1:1")
    g.seal()
    known, account, keys = oscore()
    del account["oscore"]["sender_id"]
    made = bytes.fromhex(g.master_key)
    for part in (b"OSCORE Sender ID", ENDPOINT.encode()):
        made = hmac.digest(made, part, "sha256")
    known["sender_id"] = made[:7].hex()
    server = env.server({})
    server.protect(oscore={ENDPOINT: known})
    g.group["servers"][0]["uri"] = f"coap://127.0.0.1:{server.oscore_port}"
    g.secrets.update(keys)
    g.mqtt_sensor("boiler", [maps.temperature()], mode="nosec", account=account)
    server.start()
    g.start()
    event = server.wait_registered(ENDPOINT)
    check(event["secure"] == "none" and event.get("oscore") == 1,
          f"it came in by {event}")
    told = g.ctl_json("sensors")[0]["accounts"][0]
    check(told["oscore_sender_id"] == known["sender_id"] and
          told["oscore_wear"] == 0, f"sensors: {told}")
    g.stop()


def case_modes_oscore_other_algorithms(env):
    """OSCORE with ChaCha20/Poly1305, SHA-512 and an ID Context."""
    known, account, keys = oscore(aead=24, hkdf=-11, id_context="c0ffee")
    server = env.server({})
    server.protect(oscore={ENDPOINT: known})
    through(env, server, f"coap://127.0.0.1:{server.oscore_port}", "nosec",
            account, "none", keys)


def case_modes_oscore_in_dtls(env):
    """OSCORE within DTLS by a pre-shared key."""
    known, account, keys = oscore()
    server = env.server({})
    server.protect(oscore={ENDPOINT: known})
    event = through(env, server, f"coaps://127.0.0.1:{server.both_port}",
                    "psk", account, "psk", keys)
    check(event.get("oscore") == 1, "the server saw no OSCORE")


def sensor_of(server, g, mode, account):
    g.mqtt_sensor("boiler", [maps.temperature()], mode=mode, account=account)
    server.start()
    g.start()
    server.wait_registered(ENDPOINT)


def reload(g):
    code, out, why = g.ctl("reload")
    check(code == 0, f"reload ended with {code}: {out}{why}")
    return out


def case_modes_new_certificate(env):
    """A reload takes a new certificate and key, and new CAs of the server, and
    nothing at all while a file is wrong."""
    ca, own, peer, server = certified(env)
    g = env.gateway(server.uri)
    g.group["servers"][0]["trust_file"] = ca.certificate
    sensor_of(server, g, "x509",
              {"key_file": own.key, "certificate_file": own.certificate,
               "certificate_usage": "ca"})
    since = server.mark()
    ca.sign(Pair(env.directory, "own"), f"/CN={ENDPOINT}")
    check(", 1 changed, " in reload(g), "the new certificate went unnoticed")
    server.wait_registered(ENDPOINT, since=since)

    since = server.mark()
    with open(own.key, "r+", encoding="ascii") as f:
        good = f.read()
        f.seek(0)
        f.write("no key" + good)
        f.truncate(20)
    code, out, _ = g.ctl("reload")
    check(code != 0 and "key_file" in out, f"a broken key was taken: {out}")
    with open(own.key, "w", encoding="ascii") as f:
        f.write(good)
    with open(ca.certificate, "a", encoding="ascii") as f:
        with open(Authority(env.directory, "other").certificate,
                  encoding="ascii") as other:
            f.write(other.read())
    check(", 1 changed, " in reload(g), "the new CA went unnoticed")
    server.wait_registered(ENDPOINT, since=since)
    check(", 0 changed, " in reload(g), "nothing new was taken for a change")
    g.stop()


def case_modes_wrong_pin(env):
    """A server with another key than the pinned one gets no word."""
    own, peer = Pair(env.directory, "own"), Pair(env.directory, "peer")
    other = Pair(env.directory, "other")
    server = env.server({})
    server.protect(key=peer, raw={ENDPOINT: own})
    g = env.gateway(server.uri)
    g.mqtt_sensor("boiler", [maps.temperature()], mode="rpk",
                  account={"key_file": own.key,
                           "server_key_file": other.public})
    server.start()
    g.start()
    found = wait_until("the failed handshake", lambda: [
        e for e in g.events() if "expected" in e.get("why", "")], 20)
    check(found, "no event names the cause")
    check(not server.endpoints(), "it registered all the same")
    g.stop()


def case_modes_over_tls(env):
    """Raw public keys over TLS."""
    own, peer = Pair(env.directory, "own"), Pair(env.directory, "peer")
    server = env.server({})
    server.protect(key=peer, raw={ENDPOINT: own})
    through(env, server, server.tls_uri, "rpk",
            {"key_file": own.key, "server_key_file": peer.public}, "rpk")


def case_modes_x509_over_tls(env):
    """Certificates over TLS, with the server's CA as the anchor."""
    ca, own, _, server = certified(env)
    through(env, server, server.tls_uri, "x509",
            {"key_file": own.key, "certificate_file": own.certificate,
             "server_key_file": ca.certificate,
             "certificate_usage": "anchor"}, "x509")


def case_modes_oscore_over_tcp(env):
    """OSCORE alone, over TCP."""
    known, account, keys = oscore()
    server = env.server({})
    server.protect(oscore={ENDPOINT: known})
    through(env, server, f"coap+tcp://127.0.0.1:{server.oscore_tcp_port}",
            "nosec", account, "none", keys)
