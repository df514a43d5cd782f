# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between the versions of LwM2M, and when Send is muted."""
from lib import maps, mqtt
from lib.peer import check, wait_until

TEMPERATURE = "/3303/0/5700"


def boiler(env, **more):
    leshan = env.leshan().start()
    g = env.gateway(leshan.uri, **more)
    endpoint = g.mqtt_sensor("boiler", [maps.temperature()], [maps.relay()])
    leshan.add_psk(endpoint, g.psk_identities()[endpoint])
    g.start()
    return leshan, g, endpoint, leshan.wait_registered(endpoint, 30)


def publish(g, text):
    code, why = mqtt.mosquitto_pub(
        "127.0.0.1", g.mqtt_port, "plant/boiler/temp", text, "boiler",
        g.passwords["boiler"])
    check(code == 0, f"mosquitto_pub: {why}")


def case_lwm2m_1_0(env):
    """A client of LwM2M 1.0 registers as one, is read and written in TLV and
    text, notifies the newest value, and sends nothing of its own accord."""
    leshan, g, endpoint, row = boiler(env, version="1.0")
    check(row["lwM2mVersion"] == "1.0", f"registered as {row}")
    publish(g, "20.5")
    wait_until("the value", lambda: leshan.read(
        endpoint, TEMPERATURE).value == 20.5, 10)
    for form in ("TEXT", "TLV"):
        got = leshan.read(endpoint, TEMPERATURE, form=form)
        check(got.code == "2.05" and got.value == 20.5, f"{form}: {got}")
    got = leshan.read(endpoint, TEMPERATURE, form="SENML_CBOR")
    check(got.code == "4.06", f"SenML, which 1.0 does not know: {got}")
    check(leshan.observe(endpoint, TEMPERATURE).code == "2.05", "Observe")
    publish(g, "21.5")
    leshan.wait_record(endpoint, TEMPERATURE, 21.5, ("NOTIFICATION",), 10)
    check(not leshan.records(endpoint, kinds=("SEND",)), "a 1.0 client sent")
    check(leshan.write(endpoint, "/1/0/1", 600, "integer").code == "2.04",
          "Write of the lifetime")
    wait_until("the new lifetime", lambda: leshan.wait_registered(
        endpoint, 5)["lifetime"] == 600, 10)


case_lwm2m_1_0.seconds = 60


def case_muted_send(env):
    """With Send muted readings wait until somebody observes, then arrive as
    notifications with the time they were taken, none lost, in order."""
    leshan, g, endpoint, _ = boiler(env)
    check(leshan.write(endpoint, "/1/0/23", True, "boolean").code == "2.04",
          "Write of Mute Send")
    values = [30.0 + n / 10 for n in range(20)]
    for value in values:
        publish(g, str(value))
    check(not leshan.records(endpoint, kinds=("SEND",)), "sent though muted")
    check(leshan.observe(endpoint, TEMPERATURE, form="SENML_CBOR").code ==
          "2.05", "Observe")
    for value in values:
        leshan.wait_record(endpoint, TEMPERATURE, value, ("NOTIFICATION",), 20)
    rows = [r for r in leshan.records(endpoint, kinds=("NOTIFICATION",))
            if r.get("time")]
    times = {r["value"]: r["time"] for r in rows}
    check(sorted(times) == values, f"with times came {sorted(times)}")
    check([times[v] for v in values] == sorted(times.values()),
          "the times are not in order")
    check(leshan.write(endpoint, "/1/0/23", False, "boolean").code == "2.04",
          "Write of Mute Send")
    publish(g, "40.5")
    leshan.wait_record(endpoint, TEMPERATURE, 40.5, ("SEND",), 20)


case_muted_send.seconds = 90
