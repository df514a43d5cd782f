# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix of peers that speak CoAP: each mechanism of the library against
software that is not ours, each cell through the same steps (lib/client.py)."""
import os
import secrets
import threading

from lib import matrix, pki
from lib.capture import Capture, dtls_key, oscore_key
from lib.client import (ENDPOINT, STEPS, Account, Client, LeshanSide, Talking,
                        asker_through, device_through)
from lib.libcoap import Libcoap, check_protected, newer_libcoap, version
from lib.peer import check
from lib.wire import StreamWire, Wire

REGISTERED = f"/rd/{ENDPOINT}"
HOWS = ("PSK", "RPK", "X.509")
WITH_CID = 25  # the type of a record with a connection ID, RFC 9146

PSK = secrets.token_hex(8)  # its 16 characters are the bytes of the key


def endpoint_of(how):
    return f"gw-{how.lower()}"


class Keys:
    """One authority, one server, and devices."""

    def __init__(self, directory):
        self.directory = directory
        self.root = pki.Authority(directory, "root")
        self.server = self.root.sign(pki.Pair(directory, "server"),
                                     "/CN=server", "DNS:localhost")
        self.devices = {
            e: self.root.sign(pki.Pair(directory, e), f"/CN={e}")
            for e in (ENDPOINT, *map(endpoint_of, HOWS))}
        self.anchor = self.root.der()[0]
        self.der = {e: pair.der() for e, pair in self.devices.items()}

    def both(self):
        """The server's key and public key in one file."""
        path = os.path.join(self.directory, "both")
        with open(path, "w", encoding="ascii") as out:
            for part in (self.server.key, self.server.public):
                with open(part, encoding="ascii") as f:
                    out.write(f.read())
        return path


def account(env, keys, how, endpoint=ENDPOINT, **more):
    if how == "PSK":
        more.update(mode="psk", identity=endpoint, key_file=PSK.encode())
    elif how == "RPK":
        more.update(mode="rpk", key_file=keys.der[endpoint][1],
                    server_key_file=keys.server.spki())
    elif how == "X.509":
        certificate, key = keys.der[endpoint]
        more.update(mode="x509", key_file=key, certificate_file=certificate,
                    server_key_file=keys.anchor,
                    certificate_usage="anchor", server_name="localhost")
    else:
        more.update(mode="nosec")
    return Account(env.directory, **more)


# Newer versions of OpenSSL have no CCM_8 at their usual level of security.
EITHER = {"suites": ("TLS_PSK_WITH_AES_128_CCM_8",
                     "TLS_PSK_WITH_AES_128_GCM_SHA256")}

OSCORE = {"secret": secrets.token_hex(16), "sender_id": "0a",
          "recipient_id": "0b"}


def within(**more):
    """An account's part of OSCORE."""
    return {"oscore": 1, "secret_file": bytes.fromhex(OSCORE["secret"]),
            "sender_id": OSCORE["sender_id"],
            "recipient_id": OSCORE["recipient_id"], **more}


# ---- libcoap's server, which only serves

def options(keys, how):
    if how == "PSK":
        return ["-k", PSK, "-h", "hint"]
    if how == "RPK":
        return ["-M", keys.both(), "-n"]
    if how == "X.509":
        return ["-c", keys.server.certificate, "-j", keys.server.key, "-C",
                keys.root.certificate, "-R", keys.root.certificate]
    return []


SCHEMES = {"UDP": "coap", "TCP": "coap+tcp", "DTLS 1.2": "coaps",
           "TLS": "coaps+tcp"}


def at_libcoap(program, over, how, keys):
    def cell_function(env, cell):
        server = env.add(Libcoap(env, program, over, options(keys, how)))
        server.start()
        port, capture = server.port, None
        if over == "DTLS 1.2" and how == "PSK":
            relay = env.relay(port)
            port, capture = relay.port, recorded(env, relay, 5684)
        more = EITHER if how == "PSK" and "openssl" in program else {}
        client = env.add(Client(env, "asker", uri(over, port),
                                account(env, keys, how, **more)))
        asker_through(cell, client, server.restart)
        if capture:
            capture.third(cell, [dtls_key(PSK.encode())], REGISTERED)
    return cell_function


def recorded(env, relay, port):
    return Capture(relay, os.path.join(env.directory, "capture"), port)


def uri(over, port):
    return f"{SCHEMES[over]}://127.0.0.1:{port}"


def libcoap_cells(keys):
    rows = [("openssl", "OpenSSL", ("PSK", "X.509")),
            ("gnutls", "GnuTLS", ("PSK", "RPK", "X.509"))]
    for build, name, hows in rows:
        program = f"coap-server-{build}"
        cells = [(over, how) for over in ("DTLS 1.2", "TLS") for how in hows]
        for over, how in (*cells, ("TCP", "none")):
            yield matrix.Cell(f"libcoap {version(program)} on {name}", over,
                              how, at_libcoap(program, over, how, keys))


def watched(env, over, port):
    """A relay before the server, where its messages can be seen: its port, and
    who looks at them. Below DTLS and TLS nobody but the server can."""
    if over == "UDP":
        relay = env.relay(port)
        return relay.port, Wire(relay)
    if over == "TCP":
        wire = env.closing(StreamWire(port))
        return wire.port, wire
    return port, None


def oscore_at_libcoap(over, how):
    """B.1 with Echo (RFC 8613 B.1.2): after B.2 libcoap wants a kid context in
    each request, which Leshan does not take."""
    def cell_function(env, cell):
        settings = os.path.join(env.directory, "oscore.conf")
        with open(settings, "w", encoding="ascii") as f:
            f.write(f"""master_secret,hex,"{OSCORE['secret']}"
sender_id,hex,"{OSCORE['recipient_id']}"
recipient_id,hex,"{OSCORE['sender_id']}"
replay_window,integer,32
aead_alg,integer,10
hkdf_alg,integer,-10
rfc8613_b_1_2,bool,true
""")
        server = env.add(Libcoap(env, newer_libcoap("server"), over, [
            "-E", f"{settings},{settings}.seq", "-k", PSK, "-h", "hint"]))
        server.start()
        port, wire = watched(env, over, server.port)
        capture = None
        if over == "UDP":
            capture = recorded(env, wire.relay, 5683)
        elif over == "DTLS 1.2":
            relay = env.relay(port)
            port, capture = relay.port, recorded(env, relay, 5684)
        more = EITHER if over == "DTLS 1.2" else {}
        client = env.add(Client(env, "asker", uri(over, port), account(
            env, None, how, **within(oscore_start="b1"), **more)))
        asker_through(cell, client, server.restart)
        count = check_protected(server.lines)
        check(count > 20, f"libcoap told of {count} messages")
        if wire:
            wire.check(20)
        if capture:
            outer = [dtls_key(PSK.encode())] if how else []
            capture.third(cell, [*outer, oscore_key(OSCORE)], REGISTERED)
        cell.note(f"{count} messages, each with option 9")
    return cell_function


# ---- servers that ask back

def oscore_at_aiocoap(over):
    def cell_function(env, cell):
        tcp = over == "TCP"
        server = env.aiocoap(OSCORE, tcp=tcp).start()
        port, wire = watched(env, over, server.port)
        client = env.add(Client(env, "device", uri(over, port), account(
            env, None, "", **within(oscore_start="b1"))))
        side = Talking(server, "request")
        device_through(cell, client, side, side.restart)
        check(not server.events("plain"), "aiocoap got a plain request")
        wire.check(20)
        cell.note(f"{wire.protected} messages, each with option 9")
    return cell_function


def oscore_at_leshan(env, cell):
    server = env.leshan_oscore(ENDPOINT, OSCORE).start()
    relay = env.relay(server.port)
    wire = Wire(relay)
    client = env.add(Client(env, "device", f"coap://127.0.0.1:{relay.port}",
                            account(env, None, "", **within())))
    side = Talking(server, "registered")
    device_through(cell, client, side, side.restart)
    wire.check(20, errors=20)  # it does not know us when it comes back
    cell.note(f"{wire.protected} messages, each with option 9")


class SharedLeshan:
    """One server for a device of each kind, started by the first of them, and
    restarted once for all."""

    def __init__(self, env, keys, cid, hows):
        self.env, self.keys, self.cid = env, keys, cid
        self.lock, self.leshan, self.started = threading.Lock(), None, False
        self.together = matrix.Together(len(hows), self.restart)

    def restart(self):
        self.leshan.restart()

    def get(self):
        with self.lock:
            if self.leshan is None:
                self.leshan = self.env.leshan(
                    cid=self.cid, name=f"leshan-{self.cid}", identity=self.
                    keys.server.certificate_options(self.keys.root))
                self.leshan.start()
            return self.leshan

    def admit(self, how, endpoint):
        if how == "PSK":
            self.leshan.add_psk(endpoint, PSK.encode().hex())
        elif how == "RPK":
            self.leshan.add_raw_key(endpoint,
                                    self.keys.devices[endpoint].spki())
        else:
            self.leshan.add_certificate(endpoint)

    def cell(self, how):
        def cell_function(env, cell):
            endpoint = endpoint_of(how)
            try:
                leshan = self.get()
                self.admit(how, endpoint)
                relay = env.relay(leshan.coaps_port)
                types = set()
                relay.tap = lambda up, data: types.add((up, data[0]))
                client = env.add(Client(
                    env, "device", f"coaps://127.0.0.1:{relay.port}",
                    account(env, self.keys, how, endpoint), endpoint))
                device_through(cell, client, LeshanSide(leshan, endpoint),
                               self.together.meet)
                check(((True, WITH_CID) in types) == bool(self.cid) and
                      (False, WITH_CID) not in types,
                      f"types of records: {sorted(types)}")
            finally:
                self.together.leave()
        return cell_function


def leshan_cells(env, keys):
    for cid, over in ((0, "DTLS 1.2"), (6, "DTLS 1.2, CID")):
        shared = SharedLeshan(env, keys, cid, HOWS)
        for how in HOWS:
            yield matrix.Cell("Leshan 2.0.0-M18", over, how, shared.cell(how))


def oscore_cells():
    for over, how in (("UDP", ""), ("TCP", ""), ("DTLS 1.2", "PSK"),
                      ("TLS", "PSK")):
        yield matrix.Cell("libcoap 4.3.4 on OpenSSL", over,
                          f"OSCORE in {how}" if how else "OSCORE",
                          oscore_at_libcoap(over, how))
    for over in ("UDP", "TCP"):
        yield matrix.Cell("aiocoap 0.4.17", over, "OSCORE",
                          oscore_at_aiocoap(over))
    yield matrix.Cell("Leshan 2.0.0-M14", "UDP", "OSCORE", oscore_at_leshan)


def case_matrix_coap(env):
    """Each mechanism against CoAP software of others: register, observe, 4 KiB
    each way, the peer restarts."""
    env.need("openssl")
    keys = Keys(env.directory)
    matrix.run(env, "coap", [*leshan_cells(env, keys), *oscore_cells(),
                             *libcoap_cells(keys)], STEPS, threads=32)


case_matrix_coap.seconds = 120
