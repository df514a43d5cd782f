# SPDX-License-Identifier: GPL-3.0-or-later
"""Leshan's LwM2M server as a peer: its processes, its REST interface, its
events. The server is leshan/LeshanServerPeer.java on Leshan's libraries."""
import json
import os
import shutil
import threading
import time
import urllib.error
import urllib.request
import http.client

from . import net
from .peer import Failed, Missing, Peer, run, wait_until
from .talker import Talker

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def libraries(which="leshan"):
    """Fetches Leshan if needed; returns its directory."""
    if not shutil.which("java"):
        raise Missing("no java (Debian: default-jdk-headless)")
    where = os.environ.get("SALLYPORT_LESHAN_DIR",
                           os.path.join(HERE, "..", "..", ".deps", "leshan"))
    if which != "leshan":
        where += which[len("leshan"):]
    code, _, why = run([os.path.join(HERE, "get-leshan"), where, which], 300)
    if code != 0:
        raise Missing(why.strip().splitlines()[-1] if why else "get-leshan")
    return os.path.abspath(where)


def _java(main, *arguments, which="leshan"):
    where = libraries(which)
    return ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-cp", f"{where}/lib/*:{where}/classes", main, *arguments]


class LeshanOscore(Talker):
    """A server with OSCORE and one client, or none yet; `keys` as for
    Aiocoap."""

    def __init__(self, directory, endpoint=None, keys=None,
                 name="leshan-oscore"):
        self.port = net.free_port()
        client = _client(endpoint, keys) if endpoint else ()
        super().__init__(name, _java("LeshanOscorePeer", str(self.port),
                                     *client, which="leshan-oscore"), directory)

    def let_in(self, endpoint, keys):
        """Another client, or other keys for one."""
        self.ask(" ".join(("client", *_client(endpoint, keys))))


def _client(endpoint, keys):
    return (endpoint, keys["secret"], keys["sender_id"], keys["recipient_id"])


class LeshanBootstrap(Talker):
    """Leshan's bootstrap server, of the version that has OSCORE. `identity`:
    see Leshan."""

    def __init__(self, directory, name="leshan-bootstrap", identity=()):
        self.coap_port, self.coaps_port = net.free_port(), net.free_port()
        super().__init__(name, _java(
            "LeshanBootstrapPeer", "--coap", f"127.0.0.1:{self.coap_port}",
            "--coaps", f"127.0.0.1:{self.coaps_port}", *identity,
            which="leshan-oscore"), directory)

    @property
    def uri(self):
        return f"coaps://127.0.0.1:{self.coaps_port}"

    @property
    def plain_uri(self):
        return f"coap://127.0.0.1:{self.coap_port}"

    def let_in(self, endpoint, mode, **credential):
        """Who may come; LeshanBootstrapPeer.java has the words."""
        self.ask(json.dumps({"op": "client", "ep": endpoint, "mode": mode,
                             **credential}))

    def take(self, folder, server):
        """What enroll -o wrote for it: who may come, and what they get."""
        with open(os.path.join(folder, f"{server}.leshan.jsonl"),
                  encoding="ascii") as f:
            for line in f:
                self.ask(json.dumps({"op": "rest-client",
                                     "line": json.loads(line)}))
        with open(os.path.join(folder, f"{server}.leshan-bootstrap.txt"),
                  encoding="ascii") as f:
            for line in f:
                endpoint, config = line.split(" ", 1)
                self.ask(json.dumps({"op": "rest-config", "ep": endpoint,
                                     "config": json.loads(config)}))

    def give(self, endpoint, **config):
        """What the endpoint gets from now on, as Leshan's BootstrapConfig has
        it, with bytes in hexadecimal."""
        self.ask(json.dumps({"op": "give", "ep": endpoint, "config": config}))


class Answer(dict):
    """What the server said about a request to a client. `code` as in "2.05"."""

    @property
    def code(self):
        text = self.get("status", "")  # as in CONTENT(205)
        digits = text[text.find("(") + 1:text.find(")")]
        return f"{digits[0]}.{digits[1:]}" if len(digits) == 3 else text

    @property
    def value(self):
        return self["content"]["value"]


class Leshan(Peer):
    """The server on loopback ports of its own. Credentials outlive a restart,
    registrations and observations do not. `identity`: options for a key of its
    own, as Authority.leshan() in pki.py gives them."""

    def __init__(self, directory, name="leshan", cid=6, identity=()):
        self.coap_port, self.coaps_port = net.free_port(), net.free_port()
        self.web_port = net.free_tcp_port()
        self.events = []
        self.event_condition = threading.Condition()
        super().__init__(name, _java(
            "LeshanServerPeer",
            "--coap", f"127.0.0.1:{self.coap_port}",
            "--coaps", f"127.0.0.1:{self.coaps_port}",
            "--web", f"127.0.0.1:{self.web_port}",
            "--models", os.path.join(HERE, "leshan", "models"),
            "--data", os.path.join(directory, name + ".security"),
            "--cid", str(cid), *identity), directory)

    @property
    def uri(self):
        return f"coaps://127.0.0.1:{self.coaps_port}"

    def start(self, ready="ready", seconds=60.0):
        mark = len(self.lines)
        super().start(None)
        self.wait_line(lambda line: line == ready, seconds, since=mark)
        listening = threading.Event()
        threading.Thread(target=self._follow, args=(self.process, listening),
                         daemon=True).start()
        if not listening.wait(10):
            raise Failed("no event stream from Leshan")
        return self

    def restart(self):
        """Kills and starts it: all its state but the credentials is gone."""
        self.kill()
        wait_until("the old server's output to end",
                   lambda: not self._reading(), 5)
        return self.start()

    def _follow(self, process, listening):
        try:
            stream = urllib.request.urlopen(
                f"http://127.0.0.1:{self.web_port}/api/event", timeout=60)
            event = None
            for raw in stream:
                line = raw.decode().rstrip("\n")
                if line.startswith(": open"):
                    listening.set()
                elif line.startswith("event: "):
                    event = line[7:]
                elif line.startswith("data: "):
                    with self.event_condition:
                        self.events.append((event, json.loads(line[6:])))
                        self.event_condition.notify_all()
        except (OSError, ValueError, http.client.HTTPException):
            if process.poll() is None and self.alive():
                with self.event_condition:
                    self.events.append(("STREAMLOST", {}))

    # ---- REST

    def rest(self, method, path, body=None, seconds=20.0):
        """One REST call below /api; text bodies go as they are."""
        data = None
        if body is not None:
            data = (body if isinstance(body, str) else
                    json.dumps(body)).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.web_port}/api{path}", data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=seconds) as got:
                return json.load(got)
        except urllib.error.HTTPError as e:
            return {"http": e.code, **json.loads(e.read() or b"{}")}

    def add_psk(self, endpoint, key, identity=None):
        """Lets `endpoint` in by a pre-shared key given in hexadecimal."""
        got = self.rest("PUT", "/security/clients", {
            "endpoint": endpoint, "tls": {"mode": "psk", "details": {
                "identity": identity or endpoint, "key": key}}})
        if "error" in got:
            raise Failed(f"Leshan refused a key: {got['error']}")

    def add_raw_key(self, endpoint, spki):
        """Lets `endpoint` in by its raw public key, in DER."""
        self._add(endpoint, "rpk", {"key": spki.hex()})

    def add_certificate(self, endpoint):
        """Lets `endpoint` in by a certificate with that common name."""
        self._add(endpoint, "x509", {})

    def _add(self, endpoint, mode, details):
        got = self.rest("PUT", "/security/clients", {
            "endpoint": endpoint, "tls": {"mode": mode, "details": details}})
        if "error" in got:
            raise Failed(f"Leshan refused a credential: {got['error']}")

    def clients(self):
        return {c["endpoint"]: c for c in self.rest("GET", "/clients")}

    def read(self, endpoint, path, form=None, timeout=5):
        query = f"?timeout={timeout}" + (f"&format={form}" if form else "")
        return Answer(self.rest("GET", f"/clients/{endpoint}{path}{query}"))

    def write(self, endpoint, path, value, kind, replace=True, form=None,
              timeout=8):
        query = f"?timeout={timeout}" + (f"&format={form}" if form else "")
        query += "" if replace else "&replace=false"
        return Answer(self.rest("PUT", f"/clients/{endpoint}{path}{query}", {
            "id": int(path.rsplit("/", 1)[1]), "kind": "singleResource",
            "value": value, "type": kind}))

    def execute(self, endpoint, path, arguments=None, timeout=8):
        return Answer(self.rest(
            "POST", f"/clients/{endpoint}{path}?timeout={timeout}", arguments))

    def observe(self, endpoint, path, form=None):
        query = f"?format={form}" if form else ""
        return Answer(self.rest(
            "POST", f"/clients/{endpoint}{path}/observe{query}"))

    def cancel(self, endpoint, path):
        return Answer(self.rest(
            "DELETE", f"/clients/{endpoint}{path}/observe"))

    def discover(self, endpoint, path):
        return Answer(self.rest("GET", f"/clients/{endpoint}{path}/discover"))

    def attributes(self, endpoint, path, text):
        return Answer(self.rest(
            "PUT", f"/clients/{endpoint}{path}/attributes?{text}"))

    # ---- events

    def wait_event(self, kind, fits=lambda data: True, seconds=15.0, since=0):
        """The first event of `kind` from number `since` on that fits."""
        end = time.monotonic() + seconds
        with self.event_condition:
            while True:
                for event, data in self.events[since:]:
                    if event == kind and fits(data):
                        return data
                left = end - time.monotonic()
                if left <= 0:
                    raise Failed(f"Leshan saw no such {kind} in {seconds:g} s")
                self.event_condition.wait(min(left, 0.5))

    def wait_registered(self, endpoint, seconds=30.0):
        return wait_until(f"{endpoint} at Leshan",
                          lambda: self.clients().get(endpoint), seconds, 0.1)

    def messages(self, endpoint, kinds=("SEND", "NOTIFICATION"), since=0):
        """Each message's list of records, in order of arrival."""
        with self.event_condition:
            seen = self.events[since:]
        return [data["records"] for kind, data in seen
                if kind in kinds and data.get("ep") == endpoint]

    def records(self, endpoint, kinds=("SEND", "NOTIFICATION"), since=0):
        """All records that came from an endpoint: path, time, value."""
        return [r for m in self.messages(endpoint, kinds, since) for r in m]

    def wait_record(self, endpoint, path, value, kinds=("SEND",), seconds=15.0,
                    since=0):
        """Waits for one value of one resource, from an endpoint."""
        def found():
            return [r for r in self.records(endpoint, kinds, since)
                    if r["path"] == path and r["value"] == value]
        return wait_until(f"{value!r} on {path} of {endpoint} by "
                          f"{'/'.join(kinds)}", found, seconds, 0.05)[0]


class LeshanClient(Peer):
    """Leshan's client, to try the harness with."""

    def __init__(self, directory, endpoint, uri, identity="", key="",
                 name="leshan-client"):
        super().__init__(name, _java(
            "LeshanClientPeer", endpoint, uri, identity, key,
            os.path.join(HERE, "leshan", "models")), directory)
