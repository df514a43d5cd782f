# SPDX-License-Identifier: GPL-3.0-or-later
"""CoAP over TCP and TLS (RFC 8323): readings up, commands down, servers that
go away, and networks that let no UDP through."""
from lib import maps, mqtt
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
