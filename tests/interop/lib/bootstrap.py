# SPDX-License-Identifier: GPL-3.0-or-later
"""A bootstrap server and the management server that it gives accounts for, both
sallyport-server, with a gateway that knows the former's keys only."""
import json
import secrets

from . import maps

SHORT_ID = 123
SENML_JSON = 110


class Plant:
    """`boot` and `cloud` are the servers, `gateway` has one sensor, "boiler"."""

    endpoint = "gw-boiler"

    def __init__(self, env, uri=True):
        self.env = env
        self.boot = env.server({}, "boot")
        self.boot.argv.append("--bootstrap")
        self.cloud = env.server({}, "cloud")
        self.gateway = g = env.gateway(self.cloud.uri)
        g.seal()
        if not uri:
            del g.group["servers"][0]["uri"]
        g.group["servers"].append({"name": "boot", "uri": self.boot.uri,
                                   "bootstrap": True})
        self.keys = {}

    def sensor(self, name="boiler", mode="psk", account=None, **more):
        """A sensor whose one account is the bootstrap server's."""
        g = self.gateway
        endpoint = g.mqtt_sensor(name, [maps.temperature()], mode=mode,
                                 account=account or {}, **more)
        g.sensors[name]["accounts"][0]["server"] = "boot"
        return endpoint

    def key(self, endpoint=None, uri=None, instance=1):
        """A new key at the cloud; the values that give an account with it."""
        endpoint = endpoint or self.endpoint
        self.keys[endpoint] = secrets.token_hex(16)
        self.cloud.set_keys(self.keys)
        if self.cloud.alive():
            self.cloud.ask("keys")
        return self.values(endpoint, self.keys[endpoint], uri, instance)

    def values(self, endpoint, key, uri=None, instance=1):
        return {f"/0/{instance}/0": uri or self.cloud.uri,
                f"/0/{instance}/1": False, f"/0/{instance}/2": 0,
                f"/0/{instance}/3": endpoint.encode().hex(),
                f"/0/{instance}/5": key,
                f"/0/{instance}/10": SHORT_ID}

    @staticmethod
    def server_object(instance=1, lifetime=300):
        return {f"/1/{instance}/0": SHORT_ID, f"/1/{instance}/1": lifetime,
                f"/1/{instance}/6": True, f"/1/{instance}/7": "U"}

    def order(self, *steps, endpoint=None, **more):
        """What the bootstrap server does with the sensor from now on."""
        self.boot.write(json.dumps({
            "op": "bootstrap", "ep": endpoint or self.endpoint,
            "steps": list(steps), **more}) + "\n")

    def give(self, *values, endpoint=None):
        """Writes these, each set at its instance, and finishes."""
        self.order(*map(write, values), {"finish": True}, endpoint=endpoint)

    def start(self):
        self.boot.set_keys(self.gateway.psk_identities())
        self.boot.start()
        self.cloud.start()
        return self

    def event(self, name, seconds=20.0, since=0, **fields):
        """Waits for an event of the gateway with these fields."""
        from .peer import Failed, wait_until
        found = []

        def look():
            found[:] = [e for e in self.gateway.events(since)
                        if e["event"] == name and
                        all(e.get(k) == v for k, v in fields.items())]
            return bool(found)
        try:
            wait_until(name, look, seconds)
        except Failed as problem:
            raise Failed(f"no event {name} {fields}: {problem}") from None
        return found[0]


def write(values):
    """One Write of all of them to their object instance."""
    path = "/".join(next(iter(values)).split("/")[:3])
    return {"write": path, "format": SENML_JSON, "values": values}
