# SPDX-License-Identifier: GPL-3.0-or-later
"""CoAP from the sensor's side: libcoap's coap-client where any client will do,
a client of a few lines that knows what was acknowledged, and a small server
that plays a sensor with resources."""
import random
import shutil
import socket
import struct
import threading
import time

from .peer import Failed, Missing, run

CON, NON, ACK, RST = range(4)
GET, POST, PUT, DELETE = 1, 2, 3, 4
URI_PATH, CONTENT_FORMAT, URI_QUERY = 11, 12, 15


def code_text(code):
    return f"{code >> 5}.{code & 31:02}"


def _option(delta, value):
    def nibble(n):
        if n < 13:
            return n, b""
        return (13, bytes([n - 13])) if n < 269 else (
            14, struct.pack(">H", n - 269))
    d, extra_d = nibble(delta)
    v, extra_v = nibble(len(value))
    return bytes([d << 4 | v]) + extra_d + extra_v + value


def encode(kind, code, mid, token=b"", options=(), payload=b""):
    """One message; options are (number, bytes) in any order."""
    out = bytes([64 | kind << 4 | len(token), code]) + struct.pack(">H", mid)
    out += token
    last = 0
    for number, value in sorted(options, key=lambda o: o[0]):
        out += _option(number - last, value)
        last = number
    return out + (b"\xff" + payload if payload else b"")


def decode(data):
    """(kind, code, mid, token, [(number, bytes)], payload), or None; what
    comes over a bad wire may end anywhere."""
    if len(data) < 4 or data[0] >> 6 != 1 or data[0] & 15 > 8:
        return None
    kind, size = data[0] >> 4 & 3, data[0] & 15
    code, mid = data[1], struct.unpack(">H", data[2:4])[0]
    token, at, number, options = data[4:4 + size], 4 + size, 0, []
    while at < len(data) and data[at] != 0xff:
        head, at = data[at], at + 1
        parts = []
        for nibble in (head >> 4, head & 15):
            more = {13: 1, 14: 2}.get(nibble, 0)
            if more:
                nibble = (13, 269)[more - 1] + int.from_bytes(
                    data[at:at + more], "big")
            at += more
            parts.append(nibble)
        number += parts[0]
        options.append((number, data[at:at + parts[1]]))
        at += parts[1]
    return None if at > len(data) else (kind, code, mid, token, options,
                                        data[at + 1:])


def _length(n):
    """RFC 8323 s.3.2: the nibble and what follows it."""
    if n < 13:
        return n, b""
    if n < 269:
        return 13, bytes([n - 13])
    return 14, (n - 269).to_bytes(2, "big")


def frame(code, token=b"", options=(), payload=b""):
    """A message as it goes over a stream."""
    body = encode(ACK, code, 0, b"", options, payload)[4:]
    nibble, more = _length(len(body))
    return (bytes([nibble << 4 | len(token)]) + more + bytes([code]) + token +
            body)


def frames(data):
    """The whole messages that a stream begins with, as decode() gives them."""
    at = 0
    while at < len(data):
        length, token, at = data[at] >> 4, data[at] & 15, at + 1
        if length == 13:
            length, at = int.from_bytes(data[at:at + 1], "big") + 13, at + 1
        elif length == 14:
            length, at = int.from_bytes(data[at:at + 2], "big") + 269, at + 2
        end = at + 1 + token + length
        if end > len(data):
            return
        yield decode(bytes([0x40 | token, data[at]]) + b"\0\0" +
                     data[at + 1:end])
        at = end


def path_options(path):
    return [(URI_PATH, part.encode()) for part in path.strip("/").split("/")]


class Client:
    """Confirmable requests from one source address, retransmitted as the same
    bytes until they are answered. Times are short: this wire is loopback."""

    def __init__(self, host, port, source=None, source_port=0, interface=None):
        self.to = (host, port)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if interface:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                                   interface.encode())
        if source:
            self.socket.bind((source, source_port))
        dice = random.SystemRandom()
        self.mid = dice.randrange(65536)
        self.token = dice.randrange(1 << 32)
        self.sent = 0

    def request(self, method, path, payload=b"", content_format=None,
                seconds=10.0, wait=0.5, query=()):
        """Sends one CON request and returns (code as "2.04", payload), or
        None if nothing came in `seconds`. A separate response is awaited and
        acknowledged."""
        if isinstance(payload, str):
            payload = payload.encode()
        self.mid = self.mid + 1 & 0xffff
        self.token = self.token + 1 & 0xffffffff
        token = struct.pack(">I", self.token)
        options = path_options(path)
        options += [(URI_QUERY, q.encode()) for q in query]
        if content_format is not None:
            value = struct.pack(">H", content_format).lstrip(b"\0")
            options.append((CONTENT_FORMAT, value))
        data = encode(CON, method, self.mid, token, options, payload)
        return self._exchange(data, token, seconds, wait)

    def _exchange(self, data, token, seconds, wait):
        end = time.monotonic() + seconds
        resend, acknowledged = 0.0, False
        while time.monotonic() < end:
            if not acknowledged and time.monotonic() >= resend:
                self._send(data)
                resend = time.monotonic() + wait
                wait = min(wait * 2, 2.0)
            got = self._receive(0.05)
            if got is None:
                continue
            kind, code, mid, their_token, _, payload = got
            if kind == RST and mid == self.mid:
                return "RST", b""
            if kind == ACK and mid == self.mid and code == 0:
                acknowledged = True
            elif code and their_token == token:
                if kind == CON:
                    self._send(encode(ACK, 0, mid))
                return code_text(code), payload
        return None

    def _send(self, data):
        self.sent += 1
        try:
            self.socket.sendto(data, self.to)
        except OSError:
            pass  # refused while the gateway is away: as good as lost

    def _receive(self, seconds):
        self.socket.settimeout(seconds)
        try:
            return decode(self.socket.recvfrom(65535)[0])
        except (socket.timeout, OSError):
            return None

    def close(self):
        self.socket.close()


# Seconds until a counting sensor gives an answer up. A store that is slow for
# half a second makes the gateway acknowledge first and answer later; if it dies
# in between, nobody sends again, and only the sensor's patience helps.
PATIENCE = 8.0


class Counter(threading.Thread):
    """A sensor that counts by confirmable POSTs: 1, 2, 3 ... each as one
    message, resent unchanged until it is answered. `acknowledged` are the
    numbers that were answered with 2.xx; `attempts[n]` counts new messages
    (not retransmissions) that carried n; `answers` counts every code, with
    "none" for those that never came."""

    def __init__(self, host, port, source, path, every=0.05, render=str,
                 content_format=0):
        super().__init__(daemon=True, name=source)
        self.client = Client(host, port, source)
        self.path, self.every, self.render = path, every, render
        self.content_format = content_format
        self.attempts, self.acknowledged, self.answers = {}, set(), {}
        self.going, self.end = True, None

    def run(self):
        number = 1
        while self.going or number in self.attempts:
            self.attempts[number] = self.attempts.get(number, 0) + 1
            got = self.client.request(POST, self.path, self.render(number),
                                      self.content_format, PATIENCE)
            code = got[0] if got else "none"
            self.answers[code] = self.answers.get(code, 0) + 1
            if code.startswith("2."):
                self.acknowledged.add(number)
                number += 1
                time.sleep(self.every)
                continue
            time.sleep(0.1)
            if self.end is not None and time.monotonic() > self.end:
                break
        self.client.close()

    def finish(self, seconds=30.0):
        """Stops counting once the number in flight is acknowledged."""
        self.end = time.monotonic() + seconds
        self.going = False
        self.join(seconds + 40)


class Sensor(threading.Thread):
    """A device that is a CoAP server and reports from the same socket, as most
    do. It answers PUT and POST with 2.04 and GET with what was put last.
    `requests` holds (method, path, payload) once each; `answers` may map a
    path to another code; `delay` and `silent` make it slow or dead."""

    def __init__(self, address, port=5683):
        super().__init__(daemon=True, name=address)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        self.address, self.port = self.socket.getsockname()
        self.requests, self.values, self.answers = [], {}, {}
        self.seen, self.replies = {}, {}
        self.delay, self.silent, self.open = 0.0, False, True
        self.mid = random.SystemRandom().randrange(65536)
        self.start()

    def run(self):
        while self.open:
            try:
                data, peer = self.socket.recvfrom(65535)
            except OSError:
                return
            got = decode(data)
            if got is None or self.silent:
                continue
            if got[1] >> 5:
                self._take_reply(got, peer)
            elif got[1] and got[0] in (CON, NON):
                self._answer(got, peer)

    def _take_reply(self, message, peer):
        kind, code, mid, token, _, _ = message
        if kind == CON:
            self.socket.sendto(encode(ACK, 0, mid), peer)
        self.replies[token] = code_text(code)

    def _answer(self, message, peer):
        kind, code, mid, token, options, payload = message
        if (peer, mid) in self.seen:
            self.socket.sendto(self.seen[peer, mid], peer)
            return
        path = "/".join(v.decode() for n, v in options if n == URI_PATH)
        self.requests.append((code, path, payload))
        time.sleep(self.delay)
        reply, body = self.answers.get(path, 0x44), b""
        if code == GET:
            reply = 0x45 if path in self.values else 0x84
            body = self.values.get(path, b"")
        elif reply == 0x44:
            self.values[path] = payload
        kind = ACK if kind == CON else NON
        self.seen[peer, mid] = encode(kind, reply, mid, token, [], body)
        self.socket.sendto(self.seen[peer, mid], peer)

    def report(self, host, port, path, payload, content_format=0,
               seconds=10.0):
        """Sends one reading from its own socket; returns the answer's code,
        or None if there was none."""
        self.mid = self.mid + 1 & 0xffff
        token = struct.pack(">I", self.mid)
        options = path_options(path)
        options.append((CONTENT_FORMAT,
                        struct.pack(">H", content_format).lstrip(b"\0")))
        data = encode(CON, POST, self.mid, token, options, payload.encode())
        end, resend = time.monotonic() + seconds, 0.0
        while time.monotonic() < end:
            if time.monotonic() >= resend:
                self.socket.sendto(data, (host, port))
                resend = time.monotonic() + 1.0
            if token in self.replies:
                return self.replies.pop(token)
            time.sleep(0.01)
        return None

    def close(self):
        self.open = False
        self.socket.close()


def coap_client():
    """The name that libcoap's client has on this machine."""
    return libcoap("client")


def libcoap(program):
    """The name that a program of libcoap's has here: "client", "server"."""
    for build in ("-notls", "", "-gnutls", "-openssl"):
        name = f"coap-{program}{build}"
        if shutil.which(name):
            return name
    raise Missing(f"no coap-{program} (Debian: libcoap3-bin)")


def libcoap_send(uri, method, payload, source=None, seconds=10):
    """One request by libcoap's client, from a source address if one is given.
    It prints an error's code and nothing for 2.04: returns that text."""
    argv = [coap_client(), "-m", method, "-B", str(int(seconds)), "-e",
            payload]
    if source:
        argv += ["-a", source]
    code, out, error = run([*argv, uri], seconds + 5)
    if code != 0:
        raise Failed(f"coap-client ended with {code}: {error.strip()}")
    return (out + error).strip()


