# SPDX-License-Identifier: GPL-3.0-or-later
"""A sensor on Eclipse Paho's client, MQTT 5. Says each thing that it saw as one
line of JSON; the password comes on standard input."""
import json
import sys
import threading

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

HOST, PORT, USER, TOPIC, COMMANDS = sys.argv[1:6]
PASSWORD = sys.stdin.readline().strip()
WAIT = 10


LOCK = threading.Lock()  # each client has a thread


def tell(what, **more):
    with LOCK:
        sys.stdout.write(json.dumps({"saw": what, **more}) + "\n")
        sys.stdout.flush()


def code_of(reason):
    """A number, whichever version of Paho says it."""
    return getattr(reason, "value", reason)


class Sensor:
    """One client; each thing that comes is an event to wait for."""

    def __init__(self, client_id, expiry, clean=True):
        kind = getattr(paho, "CallbackAPIVersion", None)
        first = (kind.VERSION1,) if kind else ()
        self.client = paho.Client(*first, client_id=client_id,
                                  protocol=paho.MQTTv5)
        self.client.username_pw_set(USER, PASSWORD)
        self.up, self.down = threading.Event(), threading.Event()
        self.granted, self.message = threading.Event(), threading.Event()
        self.client.on_connect = self._connected
        self.client.on_disconnect = self._disconnected
        self.client.on_subscribe = self._subscribed
        self.client.on_message = self._message
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = expiry
        self.client.connect(HOST, int(PORT), 60, clean_start=clean,
                            properties=properties)
        self.client.loop_start()
        assert self.up.wait(WAIT), "no CONNACK"

    def _connected(self, _client, _data, flags, reason, properties):
        tell("connack", code=code_of(reason), present=flags["session present"],
             properties=properties.json())
        self.up.set()

    def _disconnected(self, _client, _data, reason, *_):
        tell("disconnect", code=code_of(reason))
        self.down.set()

    def _subscribed(self, _client, _data, _mid, codes, *_):
        tell("suback", codes=[code_of(c) for c in codes])
        self.granted.set()

    def _message(self, _client, _data, message):
        tell("message", topic=message.topic, text=message.payload.decode())
        self.message.set()

    def publish(self, value, qos, topic=TOPIC, alias=None):
        properties = Properties(PacketTypes.PUBLISH)
        properties.UserProperty = ("unit", "Cel")
        if alias:
            properties.TopicAlias = alias
        self.client.publish(topic, value, qos, properties=properties) \
            .wait_for_publish(WAIT)
        tell("published", value=value)

    def subscribe(self, topic):
        self.granted.clear()
        self.client.subscribe(topic, 1)
        assert self.granted.wait(WAIT), "no SUBACK"

    def leave(self):
        self.client.disconnect()
        assert self.down.wait(WAIT), "no end"
        self.client.loop_stop()


def main():
    nameless = Sensor("", 0)
    nameless.publish("20.5", 0)
    nameless.publish("21.5", 1, alias=1)
    nameless.publish("22.5", 2, topic="", alias=1)
    nameless.subscribe("somebody/else/#")
    nameless.leave()
    first = Sensor("paho", 600)
    first.subscribe(COMMANDS)
    first.client.reconnect_delay_set(60, 60)
    second = Sensor("paho", 600, clean=False)
    assert first.down.wait(WAIT), "nobody took over"
    first.client.loop_stop()
    tell("ready")
    assert second.message.wait(WAIT), "no command"
    second.leave()


main()
