# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that are not what they should be, or try to make the session a weaker
one: no word of ours goes to them, and doctor names the cause."""
import os

from lib import bridges, forger, maps, net
from lib.accounts import Keys, add
from lib.oracle import udp_port_bound
from lib.peer import check, run, wait_until

RAW_KEYS = ("NORMAL:-VERS-ALL:+VERS-DTLS1.2:+AES-128-CCM-8:+CTYPE-CLI-RAWPK:"
            "+CTYPE-SRV-RAWPK")
KEY = "8f2a1b3c4d5e6f708192a3b4c5d6e7f8"


class Site:
    """A gateway with a sensor for each server, named alike."""

    def __init__(self, env):
        self.env, self.keys, self.g = env, Keys(env), env.gateway("coap://x")
        self.g.group["servers"], self.expected = [], []

    def expect(self, name, uri, account, *told, **server):
        """`told` are words of doctor."""
        servers = self.g.group["servers"]
        servers.append({"name": name, "uri": uri, "version": "1.1",
                        "short_server_id": len(servers) + 1, **server})
        if account is None:
            self.g.mqtt_sensor(name, [maps.temperature()])
            self.g.keys[name] = KEY
            self.g.sensors[name]["accounts"][0]["server"] = name
        else:
            own = self.keys.device("device-" + name, "gw-" + name)
            account = {**account, "key_file": own.key}
            if "certificate_file" in account:
                account["certificate_file"] = own.certificate
            add(self.g, name, account, name)
        self.expected.append((name, told))

    def go(self):
        self.g.start()
        for name, told in self.expected:
            self.g.wait_line(lambda line, n=name:
                             f"event=waiting sensor={n} " in line, 40)
            said = str(self.g.ctl_json("doctor", name))
            check(all(part in said for part in told),
                  f"{name}: doctor says {said}")
        check("event=registered" not in "".join(self.g.lines),
              "one of them came up")


def case_impostors(env):
    """Real servers: a wrong pre-shared key, another raw key than the one that
    was agreed on, a certificate that signed itself, an older version."""
    site = Site(env)
    keys = site.keys
    psk = bridges.openssl(env, True, "-tls1_2", "-nocert", "-psk_identity",
                          "gw-psk", "-psk", "00" * 16, "-cipher",
                          "PSK-AES128-CCM8")
    alone = keys.pair("alone")
    code, _, why = run([
        "openssl", "req", "-x509", "-key", alone.key, "-subj", "/CN=localhost",
        "-addext", "subjectAltName=IP:127.0.0.1", "-days", "30", "-out",
        alone.certificate])
    check(code == 0, f"openssl req: {why}")
    selfish = bridges.openssl(env, True, "-tls1_3", "-key", alone.key, "-cert",
                              alone.certificate)
    older = bridges.openssl(env, True, "-tls1_2", "-key", keys.server.key,
                            "-cert", keys.server.certificate, "-cert_chain",
                            keys.middle.certificate)
    servers = [psk, selfish, older]
    for server in servers:
        server.start()
    raw = net.free_port()
    gnutls = env.peer("gnutls", [
        "gnutls-serv", "--udp", "-p", str(raw), "--echo", "--rawpkkeyfile",
        keys.server.key, "--rawpkfile", keys.server.public, "--priority",
        RAW_KEYS]).start()
    wait_until("gnutls-serv's port", lambda: udp_port_bound(raw))
    at = "coaps+tcp://127.0.0.1:{}"
    site.expect("psk", at.format(psk.port), None, "key_file")
    site.expect("self", at.format(selfish.port), keys.anchored(),
                "no trusted authority", "server_key_file")
    site.expect("older", at.format(older.port), keys.anchored(),
                "min_version", min_version="1.3")
    site.expect("raw", f"coaps://127.0.0.1:{raw}", keys.raw(alone),
                "not the expected one", "server_key_file")
    site.go()
    for server in servers:
        check(os.path.getsize(server.seen) == 0,
              f"{server.peer.name}: something was decrypted")
    check("received[" not in gnutls.tail(1000), "GnuTLS decrypted something")


def case_impostors_scripted(env):
    """And one that is made up, since no server can be told to: a raw key that
    was not agreed on, a certificate without its key, TLS 1.1, and 1.2 with the
    mark of a server that was made to leave 1.3."""
    site = Site(env)
    keys = site.keys
    chain = forger.chain_of(keys.server.certificate, keys.middle.certificate)
    key = keys.server.key
    rows = (
        ("raw", forger.Forger(forger.vector(3, keys.server.spki()), key),
         ("cannot be read", "/0/x/2")),
        ("unproven", forger.Forger(chain, keys.pair("thief").key),
         ("does not hold", "the server's own key")),
        ("older", forger.Forger(chain, key, version=0x0302),
         ("none of the versions", "min_version")),
        ("downgraded", forger.Forger(chain, key, end=forger.DOWNGRADED),
         ("none of the versions", "min_version")),
    )
    for name, server, told in rows:
        env.closing(server)
        site.expect(name, f"coaps+tcp://127.0.0.1:{server.port}",
                    keys.anchored(), *told)
    site.go()
    for name, server, _ in rows:
        check(server.visits > 0, f"{name}: nobody came")
        check(forger.APPLICATION_DATA not in server.kinds,
              f"{name}: it was told something")
