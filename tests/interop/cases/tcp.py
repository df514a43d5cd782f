# SPDX-License-Identifier: GPL-3.0-or-later
"""CoAP over TCP and TLS (RFC 8323): readings up, commands down, servers that
go away, and networks that let no UDP through."""
import json
import os
import signal
import socket
import time

from lib import aiocoap, maps, mqtt, net
from lib.peer import check, wait_until

TEMPERATURE, RELAY = "/3303/0/5700", "/3306/0/5850"


def publish(g, text):
    code, why = mqtt.mosquitto_pub(
        "127.0.0.1", g.mqtt_port, "plant/boiler/temp", text, "boiler",
        g.passwords["boiler"])
    check(code == 0, f"mosquitto_pub: {why}")


def boiler(env, uri, mode):
    g = env.gateway(uri)
    endpoint = g.mqtt_sensor("boiler", [maps.temperature()], [maps.relay()],
                             mode=mode)
    return g, endpoint


def up_and_down(env, g, server, endpoint):
    """A reading, an observation, a command, a body in blocks each way."""
    publish(g, "20.5")
    server.wait_record(endpoint, TEMPERATURE, 20.5, ("send",))
    got = server.ask("observe", endpoint, TEMPERATURE)
    check(got["code"] == "2.05", f"Observe: {got}")
    publish(g, "21.5")
    server.wait_record(endpoint, TEMPERATURE, 21.5, ("notify",))
    watch = env.mosquitto_sub(g.mqtt_port, "plant/boiler/relay/set", "boiler",
                              g.passwords["boiler"], name="actor",
                              client_id="boiler-sub").start()
    got = server.ask("write", endpoint, RELAY, value=True)
    check(got["code"] == "2.04", f"Write: {got}")
    watch.wait_line("plant/boiler/relay/set ON")


def whole_path(env, uri_of, mode):
    server = env.server({})
    g, endpoint = boiler(env, uri_of(server), mode)
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    event = server.wait_registered(endpoint)
    check(event["b"] == "T", f"registered with {event}")
    up_and_down(env, g, server, endpoint)
    mark = server.mark()
    server.restart()
    server.wait_registered(endpoint, 30, mark)
    publish(g, "22.5")
    server.wait_record(endpoint, TEMPERATURE, 22.5, ("send",), since=mark)
    mark = server.mark()
    g.stop()
    server.wait_event("deregister", lambda e: e["ep"] == endpoint, 5, mark)


def case_tcp(env):
    """Over plain TCP: a reading, an observation, a command; the server dies
    and comes back; the gateway leaves with a word."""
    whole_path(env, lambda server: server.tcp_uri, "nosec")


case_tcp.seconds = 60


def case_tls(env):
    """The same over TLS with a pre-shared key."""
    whole_path(env, lambda server: server.tls_uri, "psk")


case_tls.seconds = 60


def case_udp_blocked(env):
    """A network that lets no UDP through: the client is at its server over TLS
    after one handshake's patience, and readings arrive."""
    server = env.server({})
    blocked = env.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    blocked.bind(("127.0.0.1", 0))
    g = env.gateway(f"coaps://127.0.0.1:{blocked.getsockname()[1]}")
    g.group["servers"][0]["more_uris"] = [server.tls_uri]
    endpoint = g.mqtt_sensor("boiler", [maps.temperature()], [maps.relay()])
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    event = server.wait_registered(endpoint, 90)
    check(event["b"] == "UT", f"registered with {event}")
    up_and_down(env, g, server, endpoint)


case_udp_blocked.waits = True
case_udp_blocked.seconds = 130


def case_tls_restart(env):
    """Kill -9 of the whole gateway: it is back at its server over TLS by a
    resumed session and an Update, also where TLS was the second of its URIs,
    with nothing in between at the first."""
    server = env.server({})
    blocked = env.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    blocked.bind(("127.0.0.1", 0))
    g, endpoint = boiler(env, server.tls_uri, "psk")
    second = f"coaps://127.0.0.1:{blocked.getsockname()[1]}"
    g.group["servers"].append({
        **g.group["servers"][0], "name": "twice", "short_server_id": 2,
        "uri": second, "more_uris": [server.tls_uri]})
    other = g.mqtt_sensor("pump", [maps.temperature("plant/pump/temp")],
                          account={"server": "twice"})
    g.seal()
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    server.wait_registered(endpoint)
    server.wait_registered(other, 90)
    time.sleep(1.5)  # a change is saved a second after the one before
    mark = server.mark()
    g.kill_supervisor()
    g.start()
    for wanted in (endpoint, other):
        server.wait_event("update", lambda e, w=wanted: e["ep"] == w, 20, mark)
    anew = [e for e in server.events[mark:] if e["event"] == "register"]
    check(not anew, f"registered anew: {anew}")
    publish(g, "20.5")
    server.wait_record(endpoint, TEMPERATURE, 20.5, ("send",), since=mark)


case_tls_restart.waits = True
case_tls_restart.seconds = 150


def case_tcp_aiocoap(env):
    """aiocoap as a server over TCP: a Register of nearly 4 KiB in blocks, a
    Read of three blocks back, an observation; and all of it again
    after a restart."""
    port = net.free_tcp_port()
    server = env.peer("aiocoap", [
        aiocoap.python(), os.path.join(aiocoap.HERE, "aiocoap", "tcp.py"),
        str(port), "/3303", TEMPERATURE])
    g = env.gateway(f"coap+tcp://127.0.0.1:{port}")
    many = [{"topic": f"plant/{{id}}/{n}", "put": [
        {"to": f"/3303/{n * 10 + k}/5700", "unit": "Cel", "label": "x" * 64}
        for k in range(10)]} for n in range(1, 31)]
    endpoint = g.mqtt_sensor("boiler", [maps.temperature(), *many],
                             mode="nosec", endpoint="boiler-" + "e" * 40)
    g.start()
    publish(g, "19.5")
    for _ in range(2):
        mark = len(server.lines)

        def event(name, fits=lambda e: True):
            def find():
                for line in server.lines[mark:]:
                    e = json.loads(line) if line.startswith("{") else {}
                    if e.get("event") == name and fits(e):
                        return e
                return None
            return wait_until(f"{name} at aiocoap", find, 40, 0.1)
        server.start('"ready"', 20)
        got = event("register")
        check(f"ep={endpoint}" in got["query"] and "b=T" in got["query"],
              f"registered with {got}")
        check(got["bytes"] > 3072, f"no need of blocks: {got}")
        got = event("read")
        check(got["code"].startswith("2.05") and got["bytes"] > 2048,
              f"Read: {got}")
        event("observe", lambda e: e["code"].startswith("2.05"))
        publish(g, "20.5")
        event("send")
        event("notify")
        server.kill()


case_tcp_aiocoap.seconds = 90


def case_tcp_hung(env):
    """A server that stands still with its connections open is noticed in a
    minute, by a Ping without a Pong; when it goes on, a resumed session and an
    Update do, and the reading that it owed an answer to is there."""
    server = env.server({})
    g, endpoint = boiler(env, server.tls_uri, "psk")
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    # The server tells of a Register before it answers.
    g.wait_line("event=registered")
    mark, since = len(g.lines), server.mark()
    os.kill(server.pid, signal.SIGSTOP)
    try:
        publish(g, "20.5")
        g.wait_line(lambda line: "event=waiting" in line
                    and "did not answer in time" in line, 90, since=mark)
    finally:
        os.kill(server.pid, signal.SIGCONT)
    server.wait_event("update", lambda e: e["ep"] == endpoint, 60, since)
    server.wait_record(endpoint, TEMPERATURE, 20.5, ("send",), since=since)


case_tcp_hung.waits = True
case_tcp_hung.seconds = 170
