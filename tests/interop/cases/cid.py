# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection IDs (RFC 9146) with Leshan: a NAT that gives the gateway another
port costs nothing."""
from lib import maps, mqtt
from lib.peer import check, wait_until

TEMPERATURE = "/3303/0/5700"
DATA, WITH_CID = 23, 25


class Line:
    """One sensor, up to Leshan through a relay that counts records."""

    def __init__(self, env, cid):
        self.leshan = env.leshan(cid=cid).start()
        self.relay = env.relay(int(self.leshan.uri.rsplit(":", 1)[1]))
        self.gateway = env.gateway(f"coaps://127.0.0.1:{self.relay.port}")
        self.endpoint = self.gateway.mqtt_sensor("boiler",
                                                 [maps.temperature()])
        for endpoint, key in self.gateway.psk_identities().items():
            self.leshan.add_psk(endpoint, key)
        self.up, self.down = [], []
        self.relay.tap = self._tap
        self.gateway.start()
        self.leshan.wait_registered(self.endpoint, 30)

    def _tap(self, upward, data):
        (self.up if upward else self.down).append(data[0])

    def report(self, value):
        g = self.gateway
        code, why = mqtt.mosquitto_pub(
            "127.0.0.1", g.mqtt_port, "plant/boiler/temp", str(value),
            "boiler", g.passwords["boiler"])
        check(code == 0, f"mosquitto_pub: {why}")
        self.leshan.wait_record(self.endpoint, TEMPERATURE, value, ("SEND",),
                                15)


def case_cid_leshan(env):
    """Records to the server carry its ID, those to us none; from another port
    the session goes on without a handshake."""
    line = Line(env, 6)
    line.report(20.5)
    check(DATA not in line.up and WITH_CID in line.up,
          f"record types to the server: {sorted(set(line.up))}")
    check(WITH_CID not in line.down,
          f"record types to us: {sorted(set(line.down))}")
    del line.up[:]
    line.relay.rebind()
    wait_until("the other port", lambda: line.relay.rebinds == 1, 5)
    line.report(21.5)
    check(set(line.up) == {WITH_CID},
          f"record types from the other port: {sorted(set(line.up))}")
    line.gateway.stop()


case_cid_leshan.seconds = 60
