# SPDX-License-Identifier: GPL-3.0-or-later
"""MQTT 3.1.1 from the sensor's side: mosquitto's tools where any client will
do, and a client of a few lines where the acknowledgement itself is the test."""
import os
import select
import socket
import struct
import threading
import time

from .peer import Failed, Peer, run

CONNACK_TEXT = {0: "accepted", 4: "bad user or password", 5: "not authorised"}


def _text(s):
    raw = s.encode() if isinstance(s, str) else s
    return struct.pack(">H", len(raw)) + raw


def _packet(first, body):
    length, out = len(body), b""
    while True:
        length, low = length >> 7, length & 127
        out += bytes([low | (128 if length else 0)])
        if not length:
            return bytes([first]) + out + body


class Closed(Exception):
    """The connection is gone."""


class Client:
    """A blocking client that knows which of its packets were acknowledged."""

    def __init__(self, host, port, client_id, user=None, password=None,
                 keepalive=60, will=None, source=None, seconds=5.0):
        self.seconds = seconds
        self.next_id = 0
        self.received = []
        self.buffer = b""
        self.socket = socket.create_connection(
            (host, port), seconds, source_address=(source, 0) if source
            else None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        flags, rest = 2, b""
        if will:
            flags |= 4
            rest += _text(will[0]) + _text(will[1])
        if user is not None:
            flags |= 128
            rest += _text(user)
        if password is not None:
            flags |= 64
            rest += _text(password)
        self._send(_packet(16, _text("MQTT") + bytes([4, flags])
                           + struct.pack(">H", keepalive) + _text(client_id)
                           + rest))
        kind, body = self._wait_packet(seconds)
        if kind >> 4 != 2 or len(body) != 2:
            raise Failed(f"wanted a CONNACK, got packet {kind:#x}")
        self.session_present, self.code = body[0], body[1]

    def _send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as e:
            raise Closed(str(e)) from None

    def _take(self):
        """The next whole packet in the buffer, or None."""
        at, length, shift = 1, 0, 0
        while True:
            if at >= len(self.buffer):
                return None
            byte = self.buffer[at]
            length |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                break
        if len(self.buffer) < at + length:
            return None
        packet = (self.buffer[0], self.buffer[at:at + length])
        self.buffer = self.buffer[at + length:]
        return packet

    def _wait_packet(self, seconds):
        end = time.monotonic() + seconds
        while True:
            packet = self._take()
            if packet:
                return packet
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("no packet in time")
            if not select.select([self.socket], [], [], left)[0]:
                continue
            try:
                data = self.socket.recv(65536)
            except OSError as e:
                raise Closed(str(e)) from None
            if not data:
                raise Closed("closed by the peer")
            self.buffer += data

    def _wait_for(self, wanted, packet_id, seconds):
        """Waits for one kind of acknowledgement; keeps messages that come."""
        end = time.monotonic() + seconds
        while True:
            kind, body = self._wait_packet(max(0.0, end - time.monotonic()))
            if kind >> 4 == 3:
                self._keep(kind, body)
            elif kind >> 4 == wanted and body[:2] == packet_id:
                return body

    def _keep(self, kind, body):
        size = struct.unpack(">H", body[:2])[0]
        topic, rest = body[2:2 + size].decode(), body[2 + size:]
        if kind >> 1 & 3:
            self._send(_packet(64, rest[:2]))
            rest = rest[2:]
        self.received.append((topic, rest))

    def _new_id(self):
        self.next_id = self.next_id % 65535 + 1
        return struct.pack(">H", self.next_id)

    def publish(self, topic, payload, qos=1, retain=False, seconds=None):
        """Publishes; with QoS 1 returns only when the PUBACK came."""
        if isinstance(payload, str):
            payload = payload.encode()
        packet_id = self._new_id() if qos else b""
        self._send(_packet(48 | qos << 1 | retain,
                           _text(topic) + packet_id + payload))
        if qos:
            self._wait_for(4, packet_id, seconds or self.seconds)

    def subscribe(self, topic, qos=1):
        """Subscribes and returns the code granted (128: refused)."""
        packet_id = self._new_id()
        self._send(_packet(130, packet_id + _text(topic) + bytes([qos])))
        return self._wait_for(9, packet_id, self.seconds)[2]

    def wait_message(self, seconds=5.0):
        """The next message as (topic, payload)."""
        end = time.monotonic() + seconds
        while not self.received:
            kind, body = self._wait_packet(max(0.0, end - time.monotonic()))
            if kind >> 4 == 3:
                self._keep(kind, body)
        return self.received.pop(0)

    def ping(self):
        self._send(b"\xc0\0")
        while self._wait_packet(self.seconds)[0] >> 4 != 13:
            pass

    def closed_within(self, seconds):
        """True if the peer closes the connection in this time."""
        end = time.monotonic() + seconds
        try:
            while True:
                self._wait_packet(max(0.0, end - time.monotonic()))
        except Closed:
            return True
        except TimeoutError:
            return False

    def disconnect(self):
        try:
            self._send(b"\xe0\0")
        except Closed:
            pass
        self.socket.close()

    def abort(self):
        """Goes away without a DISCONNECT."""
        self.socket.close()


class Publisher(threading.Thread):
    """A sensor that counts: publishes 1, 2, 3 ... with QoS 1, each again and
    again, over new connections where needed, until it is acknowledged.

    `attempts[n]` is how often n was put on the wire, `acknowledged` the set of
    numbers whose PUBACK came."""

    def __init__(self, host, port, name, topic, user, password, every=0.05,
                 render=str):
        super().__init__(daemon=True, name=name)
        self.where, self.topic = (host, port), topic
        self.user, self.password = user, password
        self.every, self.render = every, render
        self.attempts, self.acknowledged = {}, set()
        self.refused = 0
        self.connects = 0
        self.going, self.end = True, 0.0

    def run(self):
        number, client = 1, None
        while self.going or number in self.attempts:
            try:
                if client is None:
                    client = self._connect()
                self.attempts[number] = self.attempts.get(number, 0) + 1
                client.publish(self.topic, self.render(number), seconds=5)
                self.acknowledged.add(number)
                number += 1
                time.sleep(self.every)
            except (Closed, OSError, TimeoutError, Failed):
                if client is not None:
                    client.abort()
                client = None
                time.sleep(0.1)
                if not self.going and self._gave_up():
                    break
        if client is not None:
            client.disconnect()

    def _connect(self):
        client = Client(*self.where, self.name, self.user, self.password)
        if client.code != 0:
            self.refused += 1
            client.abort()
            raise Closed("refused")
        self.connects += 1
        return client

    def _gave_up(self):
        return time.monotonic() > self.end

    def finish(self, seconds=30.0):
        """Stops counting once the number in flight is acknowledged."""
        self.end = time.monotonic() + seconds
        self.going = False
        self.join(seconds + 10)


def mosquitto_pub(host, port, topic, message, user=None, password=None, qos=1,
                  client_id=None, extra=()):
    """Publishes with mosquitto_pub: (exit code, stderr)."""
    argv = ["mosquitto_pub", "-h", host, "-p", port, "-t", topic, "-m",
            message, "-q", qos, *extra]
    if client_id:
        argv += ["-i", client_id]
    if user is not None:
        argv += ["-u", user]
    if password is not None:
        argv += ["-P", password]
    code, _, error = run(argv)
    return code, error


class MosquittoSub(Peer):
    """mosquitto_sub on some topics; each message is a line "topic payload"."""

    def __init__(self, directory, host, port, topics, user=None, password=None,
                 name="mosquitto_sub", client_id=None, qos=1, extra=()):
        argv = ["stdbuf", "-oL", "mosquitto_sub", "-h", host, "-p", port, "-q",
                qos, "-v", "-d", *extra]
        for topic in [topics] if isinstance(topics, str) else topics:
            argv += ["-t", topic]
        if client_id:
            argv += ["-i", client_id]
        if user is not None:
            argv += ["-u", user]
        if password is not None:
            argv += ["-P", password]
        super().__init__(name, argv, directory,
                         environment=dict(os.environ, LC_ALL="C"))

    def start(self, ready="SUBACK", seconds=10.0):
        return super().start(ready, seconds)
