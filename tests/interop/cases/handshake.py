# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway's Register as other DTLS libraries decrypt it."""
from lib import maps
from lib.oracle import wait_register_at_openssl, wait_register_at_rd
from lib.peer import check


def one_sensor(env, uri, key=None, endpoint="gw-boiler"):
    g = env.gateway(uri)
    g.mqtt_sensor("boiler", [maps.temperature()], endpoint=endpoint)
    if key:
        g.keys["boiler"] = key
    return g


def case_handshake_openssl(env):
    """OpenSSL's DTLS server takes the PSK, and what it decrypts is a whole
    Register with the endpoint, the version and the object list."""
    key = "8f2a1b3c4d5e6f708192a3b4c5d6e7f8"
    queries, links = wait_register_at_openssl(
        env, "gw-boiler", key,
        lambda uri: one_sensor(env, uri, key).start())
    check(b"</3303/0>" in links and b"</3/0>" in links,
          f"objects are missing in {links!r}")
    for secret in (b"</0", b"</21", b"</23"):
        check(secret not in links, f"{links!r} lists what holds secrets")
    check(any(q.startswith("lt=") for q in queries), f"no lt= in {queries}")


def case_handshake_libcoap(env):
    """libcoap's resource directory on GnuTLS takes the Register."""
    wait_register_at_rd(env, "gw-boiler",
                        lambda uri, key: one_sensor(env, uri, key).start())
