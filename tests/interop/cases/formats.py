# SPDX-License-Identifier: GPL-3.0-or-later
"""Payloads of many formats, published by mosquitto_pub and by libcoap's client,
to the values that a server gets."""
import os

from lib import coap, mqtt
from lib.peer import check, run

TEMPERATURE = "/3303/0/5700"
SENSOR = "127.0.0.34"

# format, keys of the map, `from`, scale, the payload, the value (each its own)
ROWS = (
    ("csv", {"sep": ";"}, "1", {}, b"time;temp\r\n14:22;21.25\r\n", 21.25),
    ("bin", {"size": 4}, "2:i16be", {"div": 10}, b"\x00\x00\xff\xdd", -3.5),
    ("senml", {}, "temp", {},
     b'[{"bn":"urn:dev:1:","n":"temp","u":"Cel","v":20.5}]', 20.5),
    ("senml", {}, "temp", {}, bytes.fromhex("81a3006474656d70016343656c02f94d60"),
     21.5),
    ("cbor", {}, "1", {"div": 100}, bytes.fromhex("a101190867"), 21.51),
    ("line", {}, "weather temp", {}, b"weather,room=a temp=22.5 17\n", 22.5),
    ("lpp", {}, "3:temperature", {}, bytes.fromhex("03670110"), 27.2),
    ("sparkplug", {}, "T", {},
     bytes.fromhex("12 0a 0a 01 54 20 09 65 00 00 88 40".replace(" ", "")),
     4.25),
    ("lpp", {"extract": "data|base64"}, "3:temperature", {},
     b'{"data":"A2cBEQ=="}', 27.3),
    ("bin", {"extract": "|hex"}, "0:u16be", {"div": 100}, b"08D4", 22.6),
)
# What breaks each of them.
BROKEN = (b"1;\"", b"\x00", b"[{", b"\x81", b"\xa1", b"weather", b"\x03\x67",
          b"\x12\x7f", b'{"data":"A"}', b"0")


def rule(topic, row):
    kind, more, source, scale, _, _ = row
    return {"topic": topic, "format": kind, **more,
            "put": [{"from": source, "to": TEMPERATURE, **scale}]}


def case_formats(env):
    """Each format arrives over MQTT and over CoAP as its value; what is broken
    gives none, and the next value still arrives."""
    server = env.server({})
    g = env.gateway(server.uri)
    topics = [f"plant/boiler/{i}" for i in range(len(ROWS))]
    boiler = g.mqtt_sensor("boiler", [rule(t, r) for t, r in zip(topics, ROWS)])
    cellar = g.coap_sensor("cellar", SENSOR, [
        rule(f"coap/{i}", r) for i, r in enumerate(ROWS)])
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    for endpoint in (boiler, cellar):
        server.wait_registered(endpoint)
    path = os.path.join(env.directory, "payload")
    for i, (row, broken) in enumerate(zip(ROWS, BROKEN)):
        for payload, good in ((broken, False), (row[4], True)):
            with open(path, "wb") as f:
                f.write(payload)
            code, _, why = run([
                "mosquitto_pub", "-h", "127.0.0.1", "-p", str(g.mqtt_port),
                "-i", "boiler", "-u", "boiler", "-P", g.passwords["boiler"],
                "-t", topics[i], "-q", "1", "-f", path], 20)
            check(code == 0, f"mosquitto_pub ended with {code}: {why}")
            code, out, why = run([
                coap.coap_client(), "-a", SENSOR, "-B", "10", "-m", "post",
                "-f", path, f"coap://127.0.0.1:{g.coap_port}/{i}"], 20)
            check(code == 0 and ("4.00" in out + why) != good,
                  f"coap-client, {row[0]}: {code}, {out + why}")
        for endpoint in (boiler, cellar):
            server.wait_record(endpoint, TEMPERATURE, row[5])
    for endpoint in (boiler, cellar):
        got = [r["value"] for r in server.records(endpoint)
               if r["path"] == TEMPERATURE]
        check(got == [row[5] for row in ROWS], f"{endpoint}: {got}")
