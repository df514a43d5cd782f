# SPDX-License-Identifier: GPL-3.0-or-later
"""Sensors that should have spoken by now."""
from lib import maps, mqtt
from lib.peer import check, wait_until

TEMPERATURE, SILENT = "/3303/0/5700", "/33001/0/4"


def case_silent_sensors(env):
    """A sensor that says nothing for `expect_every` is told of once; with
    "flag" its server is notified, with "deregister" it leaves and its next
    message, which is not lost, brings it back; a reload changes it all."""
    server = env.server({})
    g = env.gateway(server.uri)
    more = {"expect_every": "2s"}
    flagged = g.mqtt_sensor("flagged", [maps.temperature()], **more)
    leaving = g.mqtt_sensor("leaving", [maps.temperature()],
                            on_silent="deregister", **more)
    server.set_keys(g.psk_identities())
    server.start()
    g.start()

    def publish(name, value):
        code, why = mqtt.mosquitto_pub(
            "127.0.0.1", g.mqtt_port, f"plant/{name}/temp", value, name,
            g.passwords[name])
        check(code == 0, f"{name} was refused: {why}")

    def silent():
        return {row["id"] for row in g.ctl_json("sensors") if row["silent"]}

    server.wait_registered(flagged)
    got = server.ask("observe", flagged, SILENT)
    check(got["code"] == "2.05", f"observe: {got}")
    since = server.mark()
    server.wait_record(flagged, SILENT, True, ("notify",), since=since)
    server.wait_event("deregister", lambda e: e["ep"] == leaving)
    wait_until("both to be told as silent",
               lambda: silent() == {"flagged", "leaving"})
    check(g.ctl_json("status")[0]["silent"] == 2, "status counts otherwise")
    check(g.ctl_json("show", "flagged")[0]["broken"] == "plain",
          "show finds nothing broken")
    check("silent" in g.ctl("sensors")[1], "the table does not tell")

    since = server.mark()
    publish("leaving", "21.5")
    server.wait_registered(leaving, since=since)
    server.wait_record(leaving, TEMPERATURE, 21.5, since=since)
    publish("flagged", "22.5")
    server.wait_record(flagged, SILENT, False, ("notify",), since=since)
    wait_until("all to be back", lambda: not [
        e for e in ("flagged", "leaving")
        if not [x for x in g.events() if x["event"] == "sensor_back"
                and x["sensor"] == e]])
    # What is expected may change while it runs.
    since, lines = server.mark(), g.mark()
    g.sensors["flagged"]["expect_every"] = "1s"
    g.sensors["flagged"]["on_silent"] = "deregister"
    g.sensors["leaving"]["expect_every"] = "1h"
    g.write_configuration()
    code, _, why = g.ctl("reload")
    check(code == 0, why)
    server.wait_event("deregister", lambda e: e["ep"] == flagged)
    g.wait_line(lambda line: "event=sensor_silent sensor=flagged" in line
                and "expected_s=1" in line, 10, lines)
    wait_until("flagged to be the silent one", lambda: silent() == {"flagged"})
    told = [e["sensor"] for e in g.events() if e["event"] == "sensor_silent"]
    check(set(told[:2]) == {"flagged", "leaving"}, f"told: {told}")
    g.stop()
