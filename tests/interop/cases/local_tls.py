# SPDX-License-Identifier: GPL-3.0-or-later
"""MQTT over TLS from the sensor on: mosquitto's clients with a key or behind a
certificate, and those that must not come in."""
import os
import secrets
import shutil
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from lib import maps, mqtt, net
from lib.accounts import Keys, own_file
from lib.peer import Missing, check, run, wait_until

TEMPERATURE, SWITCH = "/3303/0/5700", "/3306/0/5850"


class Site:
    """Listeners in plaintext, by keys and by certificate, with a sensor for each
    way to prove itself."""

    def __init__(self, env):
        self.keys = Keys(env)
        self.server = env.server({})
        self.g = g = env.gateway(self.server.uri)
        self.psk_port, self.port = net.free_tcp_port(), net.free_tcp_port()
        local = g.group["local"]
        local["mqtt"] += [
            {"address": "127.0.0.1", "port": self.psk_port, "secure": "psk"},
            {"address": "127.0.0.1", "port": self.port,
             "secure": "certificate"}]
        os.makedirs(os.path.join(g.root, "keys"))
        local["tls"] = {
            "certificate_file": own_file(g, self.keys.chain),
            "key_file": own_file(g, self.keys.server.key),
            "ca_file": own_file(g, self.keys.root.certificate)}
        local["min_assurance"] = "protected"
        self.psk = {}
        self.by_psk("boiler", "boiler-1")
        self.by_psk("valve", "valve-1", require="all", more=[
            {"method": "password", "username": "valve"}])
        g.sensor("pump", [{"method": "password", "username": "pump",
                           "tls": True}], [maps.temperature()])
        g.sensor("fan", [{"method": "certificate", "name": "fan-7"}],
                 [maps.temperature()], [maps.relay()])
        g.passwords.update({"pump": "pw-pump", "valve": "pw-valve",
                            "boiler": "pw-boiler"})

    def by_psk(self, sensor, identity, more=(), **rest):
        key = self.psk[identity] = secrets.token_hex(16)
        self.g.secrets[identity] = key
        self.g.sensor(sensor, [
            {"method": "psk", "identity": identity,
             "key_file": f"../keys/{identity}"}, *more],
            [maps.temperature()], [maps.relay()], **rest)

    def start(self):
        self.server.set_keys(self.g.psk_identities())
        self.server.start()
        self.g.start()
        for sensor in self.g.sensors:
            self.server.wait_registered(self.g.endpoint(sensor))

    def publish(self, sensor, value, port, *extra, user=None, password=None,
                source="127.0.0.1", qos=1):
        return mqtt.mosquitto_pub(
            "127.0.0.1", port, f"plant/{sensor}/temp", str(value), user,
            password, qos, extra=("-A", source, *extra))

    def with_key(self, identity, key=None):
        return ("--psk", key or self.psk[identity], "--psk-identity", identity)

    def behind(self, *more, trust=None):
        return ("--cafile", (trust or self.keys.root).certificate, *more)

    def came(self, sensor, value):
        self.server.wait_record(self.g.endpoint(sensor), TEMPERATURE, value)

    def refused(self, why, since, **fields):
        def find():
            return [e for e in self.g.events(since)
                    if e["event"] in ("tls_refused", "auth_refused") and
                    why in e["why"] and
                    all(e.get(k) == v for k, v in fields.items())]
        return wait_until(f"an event with: {why}", find, 15)


def case_local_tls_psk(env):
    """mosquitto_pub --psk with TLS 1.2 and 1.3; what it proved is one sensor."""
    s = Site(env)
    s.start()
    value = 20.5
    for version in ("tlsv1.2", "tlsv1.3"):
        for qos in (0, 1, 2):
            value += 1
            code, why = s.publish("boiler", value, s.psk_port,
                                  *s.with_key("boiler-1"), "--tls-version",
                                  version, qos=qos)
            check(code == 0, f"{version}, QoS {qos}: exit {code}: {why}")
            s.came("boiler", value)
    shown = str(s.g.ctl_json("show", "boiler"))
    check("protected" in shown and "psk" in shown, f"show says {shown}")
    sub = env.add(mqtt.MosquittoSub(
        env.directory, "127.0.0.1", s.psk_port, "plant/boiler/relay/set",
        extra=s.with_key("boiler-1")))
    sub.start()
    got = s.server.ask("write", s.g.endpoint("boiler"), SWITCH,
                       value=True)["code"]
    check(got == "2.04", f"the command got {got}")
    sub.wait_line("plant/boiler/relay/set ON")
    rows = (
        ("boiler", s.with_key("boiler-1", "00" * 16), {}, "key_file"),
        ("boiler", s.with_key("boiler-2", "00" * 16), {}, "identity"),
        ("boiler", s.with_key("valve-1", s.psk["boiler-1"]), {}, "key_file"),
        ("valve", s.with_key("boiler-1"),
         {"user": "valve", "password": "pw-valve"}, "another sensor"),
        ("valve", s.with_key("valve-1"), {}, "user name"),
        ("valve", s.with_key("valve-1"),
         {"user": "boiler", "password": "pw-boiler"}, "user name"),
        ("valve", s.with_key("valve-1"), {"user": "valve", "password": "x"},
         "wrong user name or password"),
    )
    for n, (sensor, extra, more, why) in enumerate(rows):
        for version in ("tlsv1.2", "tlsv1.3"):
            mark = s.g.mark()
            code, _ = s.publish(sensor, 99, s.psk_port, *extra,
                                "--tls-version", version,
                                source=f"127.0.1.{n + 1}", **more)
            check(code != 0, f"{extra} {more} came in")
            s.refused(why, mark, peer=f"127.0.1.{n + 1}")
    code, why = s.publish("valve", 5.5, s.psk_port, *s.with_key("valve-1"),
                          user="valve", password="pw-valve")
    check(code == 0, f"key and password: exit {code}: {why}")
    s.came("valve", 5.5)
    code, _ = s.publish("valve", 99, s.g.mqtt_port, user="valve",
                        password="pw-valve", source="127.0.1.9")
    check(code != 0, "a password alone was enough where all is required")
    code, _ = s.publish("valve", 99, s.psk_port, *s.with_key("boiler-1"), "-V",
                        "5")
    check(99.0 not in [r["value"] for r in s.server.records(
        s.g.endpoint("valve"))], "one sensor spoke for another")
    check(s.psk["boiler-1"] not in "".join(s.g.lines), "a key was logged")


def case_local_tls_single(env):
    """One process for all roles: TLS of the local side and DTLS of the other do
    not get in each other's way, also when a reload makes room for more."""
    s = Site(env)
    s.g.argv.insert(1, "--single")
    s.start()
    for value in (1.5, 2.5):
        code, why = s.publish("boiler", value, s.psk_port,
                              *s.with_key("boiler-1"))
        check(code == 0, f"{value}: exit {code}: {why}")
        s.came("boiler", value)
        code, out, why = s.g.ctl("reload", seconds=60)
        check(code == 0, f"reload: {out} {why}")


def case_local_tls_replaced(env):
    """Another device under the same name gets another key; the old one is out,
    and the connection that it has ends."""
    s = Site(env)
    s.g.seal()
    s.start()
    sub = env.add(mqtt.MosquittoSub(
        env.directory, "127.0.0.1", s.psk_port, "plant/boiler/relay/set",
        extra=s.with_key("boiler-1")))
    sub.start()
    code, out, why = s.g.ctl("replace", "boiler", seconds=60)
    check(code == 0, f"replace: {out} {why}")
    check("boiler-1" in why, f"it says nothing of the key: {out} {why}")
    s.refused("key_file", 0, peer="127.0.0.1", name="boiler-1")
    sub.stop()
    with open(os.path.join(s.g.root, "keys", "boiler-1"), encoding="ascii") as f:
        key = f.read().strip()
    check(key != s.psk["boiler-1"] and len(key) == 32, "no new key")
    code, why = s.publish("boiler", 1.5, s.psk_port,
                          *s.with_key("boiler-1", key))
    check(code == 0, f"with the new key: exit {code}: {why}")


def case_local_tls_certificate(env):
    """mosquitto_pub --cafile with a password, and with a certificate of its own;
    foreign, expired and revoked ones, and a password that is exposed."""
    s = Site(env)
    own = s.keys.root.sign(s.keys.pair("fan"), "/CN=fan-7")
    late = s.keys.root.sign(s.keys.pair("late"), "/CN=fan-7", days=-1)
    other = s.keys.root.sign(s.keys.pair("stranger"), "/CN=fan-8")
    foreign = s.keys.other.sign(s.keys.pair("foreign"), "/CN=fan-7")
    lists = own_file(s.g, s.keys.root.revocations())
    s.g.group["local"]["tls"]["crl_file"] = lists
    s.start()
    value = 20.5
    for version in ("tlsv1.2", "tlsv1.3"):
        more = ("--tls-version", version)
        value += 1
        code, why = s.publish("pump", value, s.port, *s.behind(*more),
                              user="pump", password="pw-pump")
        check(code == 0, f"{version} with a password: exit {code}: {why}")
        s.came("pump", value)
        code, why = s.publish("fan", value, s.port, *s.behind(
            *more, "--cert", own.certificate, "--key", own.key))
        check(code == 0, f"{version} with a certificate: exit {code}: {why}")
        s.came("fan", value)
    for sensor in ("pump", "fan"):
        shown = str(s.g.ctl_json("show", sensor))
        check("protected" in shown, f"show {sensor} says {shown}")
    password = {"user": "pump", "password": "pw-pump"}
    rows = [("pump", s.port, s.behind(trust=s.keys.other), password,
             "does not take"),
            ("pump", s.g.mqtt_port, (), password, "exposed"),
            ("pump", s.port, s.behind(), {"user": "pump", "password": "x"},
             "wrong user name or password"),
            ("fan", s.port, s.behind(), {}, "no user name"),
            ("fan", s.port, s.behind(), {"user": "fan-7", "password": ""},
             "wrong user name or password")]
    rows += [("fan", s.port, s.behind("--cert", pair.certificate, "--key",
                                      pair.key), {}, why)
             for pair, why in ((late, "expired"), (foreign, "no CA"),
                               (other, "of this name"))]
    for n, (sensor, port, extra, more, why) in enumerate(rows):
        mark = s.g.mark()
        code, _ = s.publish(sensor, 99, port, *extra,
                            source=f"127.0.1.{n + 1}", **more)
        check(code != 0, f"{extra} {more} came in")
        s.refused(why, mark, peer=f"127.0.1.{n + 1}")
    sub = env.add(mqtt.MosquittoSub(
        env.directory, "127.0.0.1", s.port, "plant/fan/relay/set",
        name="fan", extra=s.behind("--cert", own.certificate, "--key",
                                   own.key)))
    sub.start()
    own_file(s.g, s.keys.root.revocations(own))
    code, out, why = s.g.ctl("reload", seconds=60)
    check(code == 0, f"reload: {out} {why}")
    s.refused("revoked", 0, peer="127.0.0.1")
    sub.stop()
    code, why = s.publish("pump", 1.5, s.port, *s.behind(), user="pump",
                          password="pw-pump")
    check(code == 0, f"after the reload: exit {code}: {why}")


def connect(port, source):
    sock = socket.create_connection(("127.0.0.1", port), 5,
                                    source_address=(source, 0))
    sock.settimeout(15)
    return sock


def ended(sock):
    """What came until the other end closed it."""
    got = b""
    try:
        while data := sock.recv(4096):
            got += data
    except ConnectionResetError:
        pass
    return got


def case_local_tls_hostile(env):
    """Handshakes that never end, more of them than there may be, plaintext where
    TLS is spoken and the reverse, a name that is said and not proved: all end,
    and a sensor comes in beside them."""
    s = Site(env)
    s.start()
    begun = time.monotonic()
    half = [connect(s.psk_port, "127.0.1.1") for _ in range(20)]
    half[0].sendall(b"\x16\x03\x01")
    dropped = [h for h in half if turned_away(h)]
    check(len(dropped) == 12, f"{len(dropped)} of 20 were turned away")
    mark = s.g.mark()
    code, why = s.publish("boiler", 5.5, s.psk_port, *s.with_key("boiler-1"))
    check(code == 0, f"beside them: exit {code}: {why}")
    plain = connect(s.psk_port, "127.0.1.2")
    plain.sendall(CONNECT)
    check(ended(plain) == b"", "an answer to plaintext")
    s.refused("plaintext", mark, peer="127.0.1.2")
    code, _ = s.publish("boiler", 99, s.g.mqtt_port, *s.with_key("boiler-1"))
    check(code != 0, "TLS on the plaintext listener")
    for n in range(6):
        s.publish("boiler", 99, s.psk_port,
                  *s.with_key("boiler-1", "00" * 16), source="127.0.1.3")
    mark = s.g.mark()
    code, _ = s.publish("boiler", 99, s.psk_port, *s.with_key("boiler-1"),
                        source="127.0.1.3")
    check(code != 0, "a source that guessed came in")
    s.refused("failures before", mark, peer="127.0.1.3")
    pretend(s)
    for h in half:
        if h not in dropped:
            check(ended(h) == b"", "an answer to half a handshake")
    check(8 < time.monotonic() - begun < 20, "the rest was not given up")
    s.refused("too long", 0, peer="127.0.1.1")
    code, why = s.publish("boiler", 6.5, s.psk_port, *s.with_key("boiler-1"))
    check(code == 0, f"after them: exit {code}: {why}")
    s.came("boiler", 6.5)


case_local_tls_hostile.seconds = 30


def turned_away(sock):
    """True if it was closed within a moment of being accepted."""
    sock.settimeout(0.3)
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    finally:
        sock.settimeout(15)


CONNECT = b"\x10\x0c\0\4MQTT\4\2\0\x3c\0\0"


def pretend(s):
    """openssl names a sensor's identity to the listener with a certificate, in
    a suite that no key goes with: it is nobody there."""
    mark = s.g.mark()
    packet = os.path.join(s.g.root, "connect")
    with open(packet, "wb") as f:
        f.write(CONNECT)
    run(["sh", "-c", '(cat "$0"; sleep 1) | openssl s_client -quiet -connect '
         f"127.0.0.1:{s.port} -bind 127.0.1.4:0 -tls1_3 -ciphersuites "
         "TLS_AES_128_CCM_SHA256 -psk_identity boiler-1 -psk 00112233",
         packet], 20)
    s.refused("no user name", mark, peer="127.0.1.4")


# ---- CoAP over DTLS

def dtls_program():
    """libcoap's client with OpenSSL or GnuTLS."""
    found = [p for p in ("coap-client-openssl", "coap-client-gnutls")
             if shutil.which(p)]
    if not found:
        raise Missing("no coap-client with DTLS (Debian: libcoap3-bin)")
    return found[0]


def dtls_client(s, identity, key, source="127.0.0.1", payload="1"):
    """A PUT by libcoap's client: (exit code, what it said)."""
    code, out, error = run([
        dtls_program(), "-m", "put", "-e", payload, "-B", "3", "-a", source,
        "-u", identity, "-k", key,
        f"coaps://127.0.0.1:{s.dtls_port}/temp"], 20)
    return code, out + error


def case_local_dtls(env):
    """coap-client with a key: its readings are the sensor's, its level is
    protected, an observation gets commands in the session; wrong keys, an
    unknown identity and plaintext get nothing out of it."""
    s = Site(env)
    s.dtls_port = net.free_port()
    s.g.group["local"]["coap"].append(
        {"address": "127.0.0.1", "port": s.dtls_port, "secure": "psk"})
    key = "k" + secrets.token_hex(12)  # libcoap takes it as text
    s.g.secrets["meter-1"] = key.encode().hex()
    s.g.sensor("meter", [{"method": "psk", "identity": "meter-1",
                          "key_file": "../keys/meter-1"}],
               [maps.temperature("coap/temp")],
               [maps.relay("coap/relay")])
    s.start()
    for n in range(3):
        code, said = dtls_client(s, "meter-1", key, payload=str(n + 0.5))
        check(code == 0 and "4." not in said, f"exit {code}: {said}")
        s.came("meter", n + 0.5)
    shown = str(s.g.ctl_json("show", "meter"))
    check("protected" in shown and "psk" in shown, f"show says {shown}")
    observer = env.peer("observer", [
        "stdbuf", "-oL", dtls_program(), "-m", "get", "-s", "15", "-B", "15",
        "-u", "meter-1", "-k", key,
        f"coaps://127.0.0.1:{s.dtls_port}/relay"])
    observer.start()

    def written():
        got = s.server.ask("write", s.g.endpoint("meter"), SWITCH,
                           value=True)["code"]
        return got == "2.04"
    wait_until("the command to be acknowledged", written, 10)
    rows = (("meter-1", "x" + key, "key_file"),
            ("meter-2", key, "identity"),
            ("boiler-1", key, "key_file"))
    with ThreadPoolExecutor() as side_by_side:
        for n, (identity, wrong, _) in enumerate(rows):
            side_by_side.submit(dtls_client, s, identity, wrong,
                                source=f"127.0.2.{n + 1}", payload="99")
    for n, (_, _, why) in enumerate(rows):
        s.refused(why, 0, peer=f"127.0.2.{n + 1}", protocol="coap")
    plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    plain.bind(("127.0.2.9", 0))
    plain.settimeout(1)
    plain.sendto(b"\x40\x03\0\1\xb4temp\xff1", ("127.0.0.1", s.dtls_port))
    try:
        check(False, f"plaintext got {plain.recv(100)!r}")
    except TimeoutError:
        pass
    check(99.0 not in [r["value"] for r in s.server.records(
        s.g.endpoint("meter"))], "somebody else spoke for it")


case_local_dtls.seconds = 20
