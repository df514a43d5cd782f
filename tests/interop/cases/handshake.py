# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway's Register as other DTLS libraries decrypt it."""
from lib import maps
from lib.oracle import wait_register_at_rd


def one_sensor(env, uri, key=None, endpoint="gw-boiler"):
    g = env.gateway(uri)
    g.mqtt_sensor("boiler", [maps.temperature()], endpoint=endpoint)
    if key:
        g.keys["boiler"] = key
    return g


def case_handshake_libcoap(env):
    """libcoap's resource directory on GnuTLS takes the Register."""
    wait_register_at_rd(env, "gw-boiler",
                        lambda uri, key: one_sensor(env, uri, key).start())
