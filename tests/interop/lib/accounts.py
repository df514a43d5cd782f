# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and certificates of a server and a sensor, and accounts made of them."""
import os
import shutil

from . import maps, pki


class Keys:
    """root > middle > server; root > client; another root; one of each."""

    def __init__(self, env, endpoint="gw-boiler"):
        self.directory = os.path.join(env.directory, "pki")
        os.mkdir(self.directory)
        env.need("openssl")
        self.root = pki.Authority(self.directory, "root")
        self.middle = pki.Authority(self.directory, "middle", self.root)
        self.other = pki.Authority(self.directory, "other")
        self.server = self.middle.sign(
            self.pair("server"), "/CN=server", "DNS:localhost,IP:127.0.0.1")
        self.client = self.device("client", endpoint)
        self.chain = pki.chain(self.directory, self.server, self.middle)

    def pair(self, name):
        return pki.Pair(self.directory, name)

    def device(self, name, endpoint):
        return self.root.sign(self.pair(name), f"/CN={endpoint}")

    def raw(self, server):
        return {"mode": "rpk", "key_file": self.client.key,
                "server_key_file": server.public}

    def certified(self, **more):
        return {"mode": "x509", "key_file": self.client.key,
                "certificate_file": self.client.certificate, **more}

    def pinned(self, pair, **more):
        return self.certified(server_key_file=pair.certificate, **more)

    def anchored(self, **more):
        """By the root alone."""
        return self.pinned(self.root, certificate_usage="anchor", **more)


def own_file(g, path):
    """A copy that only the gateway's user may read; its path."""
    place = os.path.join(g.root, "keys", os.path.basename(path))
    os.makedirs(os.path.dirname(place), exist_ok=True)
    shutil.copy(path, place)
    os.chmod(place, 0o600)
    return place


def add(g, sensor_id, account, server="cloud"):
    """A sensor whose one account this is; the files go to the gateway."""
    endpoint = g.mqtt_sensor(sensor_id, [maps.temperature()], mode=None)
    files = {k: own_file(g, v) for k, v in account.items()
             if k.endswith("_file")}
    g.sensors[sensor_id]["accounts"] = [{"server": server, **account, **files}]
    return endpoint


def one_sensor(env, uri, account):
    g = env.gateway(uri)
    add(g, "boiler", account)
    return g
