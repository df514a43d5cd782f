# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix, for servers that know (D)TLS and no CoAP: each decrypts a whole
Register, what it says back reaches us, and when it was away we come back."""
import secrets

from lib import bridges, coap, maps, matrix
from lib.accounts import Keys, add
from lib.matrix import Cell
from lib.peer import Failed, check
from lib.sniffer import Sniffer

ENDPOINT = "gw-boiler"
STEPS = ("handshake", "Register decrypted", "record back", "restart")
PSK, RPK, X509 = "PSK", "RPK", "X.509"
OPENSSL = {"DTLS 1.2": ("-dtls1_2",), "TLS 1.2": ("-tls1_2",),
           "TLS 1.3": ("-tls1_3",)}
PRIORITY = "NORMAL:-VERS-ALL:+VERS-{}:+AES-128-CCM-8"
GNUTLS = {PSK: ":-KX-ALL:+PSK", RPK: ":+CTYPE-CLI-RAWPK:+CTYPE-SRV-RAWPK",
          X509: ""}
# What wolfSSL's example server knows by heart.
EXAMPLE_IDENTITY, EXAMPLE_KEY = "Client_identity", "0123456789abcdef" * 4


class Site:
    """A gateway with one account for a server that is yet to come."""

    def __init__(self, env, how, key=None, identity=None):
        self.env, self.how = env, how
        self.key = key or secrets.token_hex(16)
        self.identity = identity or ENDPOINT
        self.keys = None if how == PSK else Keys(env, ENDPOINT)

    def gateway(self, oracle):
        host = "localhost" if self.how == X509 else "127.0.0.1"
        scheme = "coaps+tcp" if oracle.stream else "coaps"
        g = self.env.gateway(f"{scheme}://{host}:{oracle.port}")
        if self.how == PSK:
            g.mqtt_sensor("boiler", [maps.temperature()], endpoint=ENDPOINT,
                          account={"identity": self.identity})
            g.keys["boiler"] = self.key
        else:
            add(g, "boiler", self.keys.raw(self.keys.server)
                if self.how == RPK else self.keys.anchored())
        return g


def check_register(message, stream):
    """All that a server has to know, and nothing that it must not."""
    _, code, _, _, options, links = message
    paths, queries = ([v.decode() for n, v in options if n == kind]
                      for kind in (coap.URI_PATH, coap.URI_QUERY))
    check(code == coap.POST and paths == ["rd"],
          f"the first request is {coap.code_text(code)} {paths}, no Register")
    for wanted in (f"ep={ENDPOINT}", "lwm2m=1.", "lt=",
                   "b=T" if stream else "b=U"):
        check(any(q.startswith(wanted) for q in queries),
              f"no {wanted} in {queries}")
    check((coap.CONTENT_FORMAT, b"\x28") in options,
          "the Register's content format is not 40")
    check(b"</3303/0>" in links and b"</3/0>" in links,
          f"objects are missing in {links!r}")
    for secret in (b"</0", b"</21", b"</23"):
        check(secret not in links, f"{links!r} lists what holds secrets")


def accepted(cell, g, oracle):
    """Registers twice, with the server gone in between."""
    for _ in range(2):
        mark = len(g.lines)
        oracle.start()
        if not g.alive():
            g.start()
        message = oracle.register()
        check_register(message, oracle.stream)
        cell.did("handshake")
        cell.did("Register decrypted")
        oracle.accept(message)
        g.wait_line("event=registered sensor=boiler", 20, since=mark)
        cell.did("record back")
        if oracle.starts == 1:
            oracle.leave()
    cell.did("restart")


def hear(oracle, told):
    """gnutls-serv prints what it was told as far as the first zero byte, and one
    in 32 tokens has one: then it is started again, for a Register with
    another token."""
    for _ in range(3):
        try:
            return oracle.peer.wait_line(told, 15)
        except Failed:
            oracle.peer.kill()
            oracle.start()
    return oracle.peer.wait_line(told, 15)


def echoed(cell, g, oracle, told=None):
    """A server that says what it was told: our Register comes back, we answer
    it, and that answer, which comes back as well, ends it. `told` is a part of
    the line that the server prints about it."""
    for _ in range(2):
        mark = len(g.lines)
        oracle.start()
        if not g.alive():
            g.start()
        if told:
            hear(oracle, told)
        g.wait_line(lambda line: "event=waiting sensor=boiler " in line and
                    "peer answered with an error" in line, 40, since=mark)
        cell.did("handshake")
        cell.did("Register decrypted")
        cell.did("record back")
        oracle.peer.kill()
    cell.did("restart")


def by_tshark(cell, capture, *keys):
    found = capture.queries(*keys)
    check(f"ep={ENDPOINT}" in found, f"tshark decrypted {found[:200]!r}")
    cell.note("tshark reads the Register")


# ---- OpenSSL

def openssl_arguments(site, over, log):
    if site.how == PSK:
        suite = (("-ciphersuites", "TLS_AES_128_GCM_SHA256")
                 if over == "TLS 1.3" else ("-cipher", "PSK-AES128-CCM8"))
        return (*OPENSSL[over], "-nocert", "-psk_identity", site.identity,
                "-psk", site.key, "-keylogfile", log, *suite)
    keys = site.keys
    return (*OPENSSL[over], "-key", keys.server.key, "-cert",
            keys.server.certificate, "-cert_chain", keys.middle.certificate,
            "-CAfile", keys.root.certificate, "-Verify", "3",
            "-verify_return_error", "-keylogfile", log)


def at_openssl(over, how, seen_by_tshark=False):
    def function(env, cell):
        site, log = Site(env, how), env.directory + "/keylog"
        oracle = bridges.openssl(env, over.startswith("TLS"),
                                 *openssl_arguments(site, over, log))
        capture = (Sniffer(env, oracle.port, oracle.stream)
                   if seen_by_tshark else None)
        accepted(cell, site.gateway(oracle), oracle)
        if capture and (over, how) == ("DTLS 1.2", PSK):
            by_tshark(cell, capture, f"dtls.psk:{site.key}")
        elif capture:
            by_tshark(cell, capture, f"tls.keylog_file:{log}")
    return Cell("OpenSSL", over, how, function)


# ---- GnuTLS

def gnutls_arguments(env, site):
    if site.how == PSK:
        path = env.directory + "/psk"
        with open(path, "w", encoding="ascii") as f:
            f.write(f"{site.identity}:{site.key}\n")
        return ("--pskpasswd", path)
    keys = site.keys
    if site.how == RPK:
        return ("--require-client-cert", "--rawpkkeyfile", keys.server.key,
                "--rawpkfile", keys.server.public)
    return ("--require-client-cert", "--verify-client-cert", "--x509keyfile",
            keys.server.key, "--x509certfile", keys.chain, "--x509cafile",
            keys.root.certificate)


def at_gnutls(over, how, seen_by_tshark=False):
    """GnuTLS's own server, which prints what it decrypts and echoes it."""
    def function(env, cell):
        env.need("gnutls-serv")
        site, log = Site(env, how), env.directory + "/keylog"
        oracle = bridges.Oracle(env, False, environment={"SSLKEYLOGFILE": log})
        priority = PRIORITY.format(over.replace(" ", "")) + GNUTLS[how]
        arguments = gnutls_arguments(env, site)
        oracle.argv_of = lambda seen: [
            "gnutls-serv", "--udp", "-p", str(oracle.port), "--echo",
            "--priority", priority, *arguments]
        capture = Sniffer(env, oracle.port, False) if seen_by_tshark else None
        echoed(cell, site.gateway(oracle), oracle, f"ep={ENDPOINT}")
        if capture:
            by_tshark(cell, capture, f"tls.keylog_file:{log}")
    return Cell("GnuTLS", over, how, function)


def at_gnutls_stream(over, how):
    def function(env, cell):
        site = Site(env, how)
        oracle = bridges.gnutls(env, over[-3:], *bridge_arguments(site))
        accepted(cell, site.gateway(oracle), oracle)
    return Cell("GnuTLS", over, how, function)


# ---- mbedTLS, NSS

def bridge_arguments(site):
    if site.how == PSK:
        return (f"identity={site.identity}", f"psk={site.key}")
    keys = site.keys
    if site.how == RPK:
        return (f"key={keys.server.key}", f"chain={keys.server.public}",
                f"raw={keys.client.path('pub.der')}")
    return (f"key={keys.server.key}", f"chain={keys.chain}",
            f"trust={keys.root.certificate}")


def at_mbedtls(over, how):
    def function(env, cell):
        site = Site(env, how)
        oracle = bridges.mbedtls(env, over.startswith("TLS"),
                                 *bridge_arguments(site))
        accepted(cell, site.gateway(oracle), oracle)
    return Cell("mbedTLS", over, how, function)


def at_nss(over, how):
    def function(env, cell):
        site = Site(env, how)
        database = bridges.nss_database(env, site.keys or Keys(env, ENDPOINT))
        oracle = bridges.nss(env, over.startswith("TLS"), over[-3:],
                             "db=" + database,
                             *(bridge_arguments(site) if how == PSK else ()))
        accepted(cell, site.gateway(oracle), oracle)
    return Cell("NSS", over, how, function)


# ---- wolfSSL, which is ours as well

def at_wolfssl_raw(env, cell):
    site = Site(env, RPK)
    oracle = bridges.wolfssl_raw(env, site.keys)
    accepted(cell, site.gateway(oracle), oracle)


def at_wolfssl(how, told, *more):
    """`told` is what it prints; there is no line about what it decrypts."""
    def function(env, cell):
        site = Site(env, how, EXAMPLE_KEY, EXAMPLE_IDENTITY)
        program = bridges.wolfssl_example(env)
        keys = site.keys or Keys(env, ENDPOINT)
        oracle = bridges.Oracle(env, False)
        oracle.argv_of = lambda seen: [
            "stdbuf", "-oL", program, "-u", "-v", "4", "-p",
            str(oracle.port), "-i", "-e", "-V", "-c", keys.chain, "-k", keys.server.key, "-A",
            keys.root.certificate, "-l", "TLS13-AES128-GCM-SHA256",
            *(["-s"] if how == PSK else []), *more]
        echoed(cell, site.gateway(oracle), oracle, told)
    return function


def case_matrix_tls(env):
    """(D)TLS servers without CoAP: OpenSSL, GnuTLS, mbedTLS, NSS, and, counted
    apart, wolfSSL's own."""
    cells = [
        at_openssl("DTLS 1.2", PSK, True),
        at_openssl("DTLS 1.2", X509, True),
        at_openssl("TLS 1.2", PSK),
        at_openssl("TLS 1.2", X509),
        at_openssl("TLS 1.3", PSK, True),
        at_openssl("TLS 1.3", X509),
        at_gnutls("DTLS 1.2", PSK),
        at_gnutls("DTLS 1.2", RPK, True),
        at_gnutls("DTLS 1.2", X509),
        at_gnutls_stream("TLS 1.2", PSK),
        at_gnutls_stream("TLS 1.2", RPK),
        at_gnutls_stream("TLS 1.2", X509),
        at_gnutls_stream("TLS 1.3", PSK),
        at_gnutls_stream("TLS 1.3", RPK),
        at_gnutls_stream("TLS 1.3", X509),
        at_mbedtls("DTLS 1.2", PSK),
        at_mbedtls("DTLS 1.2", X509),
        at_mbedtls("TLS 1.2", PSK),
        at_mbedtls("TLS 1.2", X509),
        at_nss("DTLS 1.2", X509),
        at_nss("TLS 1.2", X509),
        at_nss("TLS 1.3", PSK),
        at_nss("TLS 1.3", X509),
        Cell("wolfSSL's example", "DTLS 1.3", PSK,
             at_wolfssl(PSK, None), ours=True),
        Cell("wolfSSL's example", "DTLS 1.3", X509,
             at_wolfssl(X509, None), ours=True),
        Cell("wolfSSL's example", "DTLS 1.3 with CID", PSK,
             at_wolfssl(PSK, "CID extension was negotiated", "--cid", "peer"),
             ours=True),
        Cell("wolfSSL", "DTLS 1.3", RPK, at_wolfssl_raw, ours=True),
    ]
    matrix.run(env, "tls", cells, STEPS)


case_matrix_tls.seconds = 150
