# SPDX-License-Identifier: GPL-3.0-or-later
"""sallyport-server as a peer: commands in, JSON lines out."""
import json
import os
import threading
import time

from . import net
from .peer import Failed, Peer


class Server(Peer):
    """The in-tree LwM2M server, with DTLS-PSK for the identities in `keys`
    ({identity: key in hexadecimal}). It knows the objects that are defined in
    the directory `objects`. Every event is kept in order."""

    def __init__(self, program, directory, objects, keys=None, name="server"):
        self.coap_port, self.coaps_port = net.free_port(), net.free_port()
        self.tcp_port, self.tls_port = net.free_tcp_port(), net.free_tcp_port()
        self.psk_file = os.path.join(directory, name + ".psk")
        self.set_keys(keys or {})
        self.events = []
        self.event_condition = threading.Condition()
        self.next_id = 0
        super().__init__(name, [
            program, "--coap", f"127.0.0.1:{self.coap_port}",
            "--coaps", f"127.0.0.1:{self.coaps_port}",
            "--coap+tcp", f"127.0.0.1:{self.tcp_port}",
            "--coaps+tcp", f"127.0.0.1:{self.tls_port}",
            "--psk-file", self.psk_file,
            "--objects", objects], directory)

    def set_keys(self, keys):
        """Writes the file that is read at the next start."""
        with open(self.psk_file, "w", encoding="ascii") as f:
            for identity, key in keys.items():
                f.write(f"{identity}:{key}\n")

    def protect(self, key=None, trusted=None, raw=None, oscore=None):
        """Before the start: the server proves itself by the pair `key`, or by
        its certificate where `trusted` vouches for clients; `raw` are the
        pairs of clients by endpoint. `oscore` are their keys by endpoint, for
        the doors at oscore_port, oscore_tcp_port (over TCP) and both_port
        (within coaps)."""
        if key:
            self.argv += ["--key", key.key]
        if trusted:
            self.argv += ["--certificate", key.certificate,
                          "--trust", trusted.certificate]
        if raw:
            self.argv += ["--raw-file", self._lines("raw", (
                f"{e}:{pair.spki().hex()}" for e, pair in raw.items()))]
        if oscore:
            self.oscore_port = net.free_port()
            self.both_port = net.free_port()
            self.oscore_tcp_port = net.free_tcp_port()
            self.argv += [
                "--oscore-file", self._lines("oscore", (
                    ":".join((e, k["sender_id"], k["recipient_id"],
                              k["secret"], k.get("salt", ""),
                              k.get("id_context", ""), str(k.get("aead", "")),
                              str(k.get("hkdf", ""))))
                    for e, k in oscore.items())),
                "--oscore+coap", f"127.0.0.1:{self.oscore_port}",
                "--oscore+coaps", f"127.0.0.1:{self.both_port}",
                "--oscore+coap+tcp", f"127.0.0.1:{self.oscore_tcp_port}"]

    def _lines(self, suffix, lines):
        path = self.psk_file[:-len("psk")] + suffix
        with open(path, "w", encoding="ascii") as f:
            f.writelines(line + "\n" for line in lines)
        os.chmod(path, 0o600)
        return path

    @property
    def uri(self):
        return f"coaps://127.0.0.1:{self.coaps_port}"

    @property
    def plain_uri(self):
        return f"coap://127.0.0.1:{self.coap_port}"

    @property
    def tcp_uri(self):
        return f"coap+tcp://127.0.0.1:{self.tcp_port}"

    @property
    def tls_uri(self):
        return f"coaps+tcp://127.0.0.1:{self.tls_port}"

    def start(self, ready='"ready"', seconds=10.0):
        return super().start(ready, seconds)

    def restart(self):
        """Kills and starts it: registrations and sessions are gone."""
        self.kill()
        return self.start()

    def on_line(self, text):
        if not text.startswith("{"):
            return
        try:
            event = json.loads(text)
        except ValueError:
            event = {"event": "malformed", "text": text}
        event["at"] = time.monotonic()
        with self.event_condition:
            self.events.append(event)
            self.event_condition.notify_all()

    def mark(self):
        """The number of events so far, for `since`."""
        with self.event_condition:
            return len(self.events)

    def wait_event(self, kind, fits=lambda event: True, seconds=15.0, since=0):
        end = time.monotonic() + seconds
        with self.event_condition:
            while True:
                for event in self.events[since:]:
                    if event.get("event") == kind and fits(event):
                        return event
                left = end - time.monotonic()
                if left <= 0:
                    raise Failed(f"sallyport-server saw no such {kind} in "
                                 f"{seconds:g} s")
                self.event_condition.wait(min(left, 0.5))

    def wait_registered(self, endpoint, seconds=30.0, since=0):
        return self.wait_event("register", lambda e: e["ep"] == endpoint,
                               seconds, since)

    def messages(self, endpoint, kinds=("send", "notify"), since=0):
        """Each message's list of records, in order of arrival."""
        with self.event_condition:
            seen = self.events[since:]
        return [e["records"] for e in seen
                if e.get("event") in kinds and e.get("ep") == endpoint]

    def records(self, endpoint, kinds=("send", "notify"), since=0):
        return [r for m in self.messages(endpoint, kinds, since) for r in m]

    def wait_record(self, endpoint, path, value, kinds=("send", "notify"),
                    seconds=15.0, since=0):
        def fits(event):
            return event["ep"] == endpoint and any(
                r["path"] == path and r["value"] == value
                for r in event["records"])
        end = time.monotonic() + seconds
        with self.event_condition:
            while True:
                for event in self.events[since:]:
                    if event.get("event") in kinds and fits(event):
                        return event
                left = end - time.monotonic()
                if left <= 0:
                    raise Failed(f"sallyport-server saw no {value!r} on "
                                 f"{path} of {endpoint} in {seconds:g} s")
                self.event_condition.wait(min(left, 0.5))

    def endpoints(self):
        """Those that registered and did not de-register since."""
        alive = set()
        with self.event_condition:
            for event in self.events:
                if event.get("event") == "register":
                    alive.add(event["ep"])
                elif event.get("event") == "deregister":
                    alive.discard(event["ep"])
        return alive

    def ask(self, op, endpoint=None, path=None, seconds=15.0, **rest):
        """Sends a command and waits for its response event."""
        self.next_id += 1
        command = {"id": self.next_id, "op": op, **rest}
        if endpoint is not None:
            command["ep"] = endpoint
        if path is not None:
            command["path"] = path
        mine = self.next_id
        since = self.mark()
        self.write(json.dumps(command) + "\n")
        return self.wait_event("response", lambda e: e.get("id") == mine,
                               seconds, since)
