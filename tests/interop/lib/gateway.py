# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway under test: its configuration directory, its processes, its
events and its control tool."""
import json
import os
import re
import secrets
import shutil
import signal
import time

from . import net
from .peer import Failed, Missing, Peer, check, run, wait_until

ROLES = ("supervisor", "outer", "inner", "console", "resolver", "verifier",
         "keyholder")


def libconfig(value, depth=0):
    """A Python value in libconfig's syntax: dict is a group, list a list."""
    pad = "  " * (depth + 1)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, (list, tuple)):
        return "( " + ", ".join(libconfig(v, depth + 1) for v in value) + " )"
    body = "".join(f"{pad}{k} = {libconfig(v, depth + 1)};\n"
                   for k, v in value.items())
    return "{\n" + body + "  " * depth + "}"


def settings(group):
    """A whole file: the group's members at top level."""
    return "".join(f"{k} = {libconfig(v)};\n" for k, v in group.items())


def on_tmpfs(path):
    """True if `path` would be lost with the memory."""
    best, kind = "", ""
    with open("/proc/mounts", encoding="utf-8") as mounts:
        for line in mounts:
            words = line.split()
            if os.path.commonpath([words[1], path]) == words[1] and \
                    len(words[1]) >= len(best):
                best, kind = words[1], words[2]
    return kind in ("tmpfs", "ramfs")


def event_of(line):
    """A logfmt line as a dict, or None if it tells no event."""
    fields = {key: json.loads(value) if value.startswith('"') else value
              for key, value in re.findall(
                  r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)', line)}
    return fields if "event" in fields else None


class Gateway(Peer):
    """`programs` holds sallyportd and sallyportctl. Sensors are added with
    mqtt_sensor() and coap_sensor(), then start() writes the configuration.

    Every sensor has one account, `psk` unless told otherwise, at the server
    named "cloud". The outer door listens on loopback."""

    def __init__(self, programs, sources, directory, server_uri, name="gateway",
                 namespace=None, version="1.1", report="auto",
                 reach="keepalive"):
        self.programs, self.sources = programs, sources
        self.root = os.path.join(directory, name)
        self.file = os.path.join(self.root, "sallyport.conf")
        self.coap_port, self.mqtt_port = net.free_port(), net.free_tcp_port()
        self.gateway_name = "gw"
        self.sensors, self.passwords, self.keys = {}, {}, {}
        self.profiles, self.secrets = {}, {}
        self.master_key = None
        self.namespace = namespace
        self.group = {
            "gateway": {
                "name": self.gateway_name,
                "state_dir": os.path.join(self.root, "state"),
                "max_sensors": 200,
                "log": {"level": "info", "format": "logfmt",
                        "target": "stderr"},
                "console": {"socket": os.path.join(self.root, "run",
                                                   "control.sock")},
            },
            "local": {
                "coap": [{"interface": "lo", "address": "127.0.0.1",
                          "port": self.coap_port}],
                "mqtt": [{"interface": "lo", "address": "127.0.0.1",
                          "port": self.mqtt_port}],
            },
            "servers": [{"name": "cloud", "uri": server_uri,
                         "short_server_id": 123, "version": version,
                         "report": report, "reach": reach}],
        }
        argv = [os.path.join(programs, "sallyportd"), "-f", "-c", self.file]
        if not os.access(argv[0], os.X_OK):
            raise Missing(f"no {argv[0]}")
        if namespace:
            argv = ["ip", "netns", "exec", namespace, *argv]
        super().__init__(name, argv, directory)

    # ---- configuration

    def sensor(self, sensor_id, authenticate, maps, down=(), **more):
        """Adds a sensor with inline maps; returns its endpoint."""
        endpoint = more.pop("endpoint", f"{self.gateway_name}-{sensor_id}")
        mode = more.pop("mode", "psk")
        account = {"server": "cloud", "mode": mode, **more.pop("account", {})}
        if mode == "psk":
            self.keys[sensor_id] = secrets.token_hex(16)
            account["key_file"] = f"../keys/{sensor_id}.psk"
        self.sensors[sensor_id] = {
            "id": sensor_id, "endpoint": endpoint,
            "authenticate": list(authenticate), **more,
            "maps": list(maps), **({"down": list(down)} if down else {}),
            "accounts": [account]}
        return endpoint

    def mqtt_sensor(self, sensor_id, maps, down=(), password=None, **more):
        """A sensor that proves itself by user name (its id) and password."""
        self.passwords[sensor_id] = password or f"pw-{sensor_id}"
        return self.sensor(sensor_id, [{"method": "password",
                                        "username": sensor_id}],
                           maps, down, **more)

    def coap_sensor(self, sensor_id, ip, maps, down=(), interface="lo", **more):
        """A sensor known by its address alone."""
        return self.sensor(sensor_id, [{"method": "address", "ip": ip,
                                        "interface": interface}],
                           maps, down, accept_weak=True, **more)

    def oscore(self, sensor_id, sender_id, recipient_id, salt=None, **more):
        """Protects a sensor's account by OSCORE; returns what the server needs
        for it, in hexadecimal, as seen from the client."""
        keys = {"secret": secrets.token_hex(16), "sender_id": sender_id,
                "recipient_id": recipient_id, **more}
        self.secrets[sensor_id + ".secret"] = keys["secret"]
        group = {"secret_file": f"../keys/{sensor_id}.secret",
                 "sender_id": sender_id, "recipient_id": recipient_id, **more}
        if salt is not None:
            keys["salt"] = self.secrets[sensor_id + ".salt"] = salt
            group["salt_file"] = f"../keys/{sensor_id}.salt"
        self.sensors[sensor_id]["accounts"][0]["oscore"] = group
        return keys

    def seal(self):
        """Gives it a master key, so that sessions outlive a restart."""
        self.master_key = secrets.token_hex(32)
        self.group["gateway"]["master_key_file"] = "keys/master"

    def protect(self, sensor_id, number):
        """Gives a sensor OSCORE instead of a pre-shared key; returns its
        endpoint and what the server's protect() wants to know."""
        endpoint = self.sensors[sensor_id]["endpoint"]
        secret = self.keys.setdefault(sensor_id, secrets.token_hex(16))
        client, server = f"c0{number:02x}", f"50{number:02x}"
        self.sensors[sensor_id]["accounts"] = [{
            "server": "cloud", "mode": "nosec", "oscore": {
                "secret_file": f"../keys/{sensor_id}.psk",
                "sender_id": client, "recipient_id": server}}]
        return endpoint, {"sender_id": client, "recipient_id": server,
                          "secret": secret}

    def psk_identities(self):
        """{identity: key} for the server; the identity is the endpoint."""
        return {self.sensors[i]["endpoint"]: key
                for i, key in self.keys.items()}

    def endpoint(self, sensor_id):
        return self.sensors[sensor_id]["endpoint"]

    def write_configuration(self):
        for part in ("", "sensors.d", "profiles.d", "objects.d", "keys",
                     "state", "run"):
            os.makedirs(os.path.join(self.root, part), mode=0o755,
                        exist_ok=True)
        if on_tmpfs(self.root):
            self.group["gateway"]["volatile"] = True
        self._write("sallyport.conf", settings(self.group))
        objects = os.path.join(self.sources, "conf", "objects")
        for name in sorted(os.listdir(objects)):
            if name.endswith(".conf"):
                shutil.copy(os.path.join(objects, name),
                            os.path.join(self.root, "objects.d", name))
        for sensor_id, group in self.sensors.items():
            self._write(f"sensors.d/{sensor_id}.conf",
                        settings({"sensors": [group]}))
        for name, group in self.profiles.items():
            self._write(f"profiles.d/{name}.conf",
                        settings({"profiles": [group]}))
        for sensor_id, key in self.keys.items():
            self._write(f"keys/{sensor_id}.psk", key + "\n", 0o600)
        for name, key in self.secrets.items():
            self._write(f"keys/{name}", key + "\n", 0o600)
        if self.master_key:
            self._write("keys/master", self.master_key + "\n", 0o600)
        for user, password in self.passwords.items():
            self.set_password(user, password)

    def _write(self, name, text, mode=0o644):
        path = os.path.join(self.root, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)

    def set_password(self, user, password):
        """Writes the user's line of the `passwords` file, as passwd does."""
        code, out, error = run(
            [os.path.join(self.programs, "sallyportctl"), "-c", self.file,
             "passwd", user], text=f"{password}\n{password}\n")
        if code != 0:
            raise Failed(f"sallyportctl passwd {user}: {out}{error}")

    # ---- running

    def start(self, ready="event=ready", seconds=20.0):
        if not os.path.exists(self.file):
            self.write_configuration()
        return super().start(ready, seconds)

    def stop(self, seconds=15.0):
        code = super().stop(seconds)
        check(code == 0, f"sallyportd ended with {code} on SIGTERM")
        return code

    def check_configuration(self):
        """sallyportd -t: (exit code, what it printed)."""
        code, out, error = run([os.path.join(self.programs, "sallyportd"),
                                "-t", "-c", self.file])
        return code, out + error

    def events(self, since=0):
        """The events logged from line number `since` on."""
        with self.condition:
            lines = self.lines[since:]
        return [e for e in map(event_of, lines) if e]

    def mark(self):
        with self.condition:
            return len(self.lines)

    def ctl(self, *arguments, text=None, seconds=20.0):
        """sallyportctl on the control socket: (exit code, stdout, stderr)."""
        argv = [os.path.join(self.programs, "sallyportctl"), "-c", self.file,
                "-s", self.group["gateway"]["console"]["socket"], *arguments]
        return run(argv, seconds, text)

    def ctl_json(self, *arguments):
        """The answer's rows: one JSON object a line."""
        code, out, error = self.ctl("--json", *arguments)
        check(code == 0, f"sallyportctl --json {' '.join(arguments)} ended "
                         f"with {code}: {error}")
        try:
            return [json.loads(line) for line in out.splitlines()]
        except ValueError:
            raise Failed(f"sallyportctl --json {' '.join(arguments)} printed "
                         f"no JSON: {out[:200]!r}") from None

    # ---- roles

    def roles(self):
        """{role: pid} of all processes that are there now."""
        found = {"supervisor": self.pid} if running(self.pid) else {}
        for pid in descendants(self.pid):
            role = role_of(pid)
            if role:
                found[role] = pid
        return found

    def role_pid(self, role, seconds=10.0):
        return wait_until(f"the {role} process",
                          lambda: self.roles().get(role), seconds)

    def kill_role(self, role):
        """Ends one role at once and returns its process id."""
        pid = self.role_pid(role)
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_role_again(self, role, old, seconds=5.0):
        """Waits until the supervisor has put another in its place."""
        return wait_until(
            f"a new {role}", lambda: (p := self.roles().get(role)) and
            p != old and p, seconds)

    def kill_supervisor(self, seconds=2.0):
        """Kills the supervisor; the doors must leave by themselves, but for
        one in a sync, which no signal ends before the disk does."""
        others = {p: r for r, p in self.roles().items() if r != "supervisor"}
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait(5)
        end = time.monotonic() + seconds
        last = end + 30
        while left := [p for p in others if running(p)]:
            states = {others[p]: task_states(p) for p in left}
            now = time.monotonic()
            if all("D" in s for s in states.values()):
                end = min(max(end, now + 1), last)
            if now > end:
                raise Failed("roles did not leave after their supervisor, "
                             f"here with the states of their tasks: {states}")
            time.sleep(0.02)


def task_states(pid):
    """The letters of its tasks' states; D is a wait that no signal ends."""
    states = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/stat", encoding="ascii",
                      errors="replace") as f:
                states.append(f.read().rsplit(")", 1)[1].split()[0])
    except OSError:
        pass  # it left meanwhile
    return "".join(states)


def running(pid):
    """True if there is such a process and it is no zombie; one that still has
    a thread at work, in a slow sync for instance, holds its files."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii",
                  errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX" or \
                len(os.listdir(f"/proc/{pid}/task")) > 1
    except OSError:
        return False


def descendants(pid):
    """All processes below `pid`, by the kernel's own lists."""
    below = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return below
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children",
                      encoding="ascii") as f:
                children = [int(c) for c in f.read().split()]
        except OSError:
            continue
        for child in children:
            below += [child] + descendants(child)
    return below


def role_of(pid):
    """The role of a gateway process by its command line or its name."""
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8",
                  errors="replace") as f:
            words = f.read().split("\0")
        with open(f"/proc/{pid}/comm", encoding="utf-8",
                  errors="replace") as f:
            name = f.read().strip()
    except OSError:
        return None
    if "--role" in words and words.index("--role") + 1 < len(words):
        return words[words.index("--role") + 1]
    for role in ROLES:
        if re.search(rf"\b{role}\b", name) or \
                f"sallyportd: {role}" in " ".join(words):
            return role
    return None
