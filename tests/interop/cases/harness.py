# SPDX-License-Identifier: GPL-3.0-or-later
"""The harness on trial: peers that are right must be seen to be right. Here
other clients stand where the gateway stands in the other cases."""
import time

from lib import coap, mqtt, net
from lib.oracle import wait_register_at_openssl, wait_register_at_rd
from lib.peer import check, wait_until

KEY = "00112233445566778899aabbccddeeff"


def case_harness_leshan(env):
    """Leshan's own client is seen to register, notify, send and obey."""
    server = env.leshan().start()
    server.add_psk("stand-in", KEY)
    client = env.leshan_client("stand-in", server.uri, "stand-in",
                               KEY).start("ready")
    there = server.wait_registered("stand-in")
    check(there["identity"] == "stand-in", f"registered as {there}")
    check(server.observe("stand-in", "/3303/0/5700").code == "2.05",
          "observe was refused")
    client.write("set 5700 21.5\n")
    server.wait_record("stand-in", "/3303/0/5700", 21.5, ("NOTIFICATION",))
    client.write("send\n")
    server.wait_record("stand-in", "/3303/0/5700", 21.5, ("SEND",))
    check(server.write("stand-in", "/3306/0/5850", True,
                       "boolean").code == "2.04", "write was refused")
    client.wait_line("write /3306/0/5850 true")
    check(server.execute("stand-in", "/3303/0/5605").code == "2.04",
          "execute was refused")
    client.wait_line("execute /3303/0/5605")
    server.restart()
    check(server.clients() == {}, "registrations outlived the restart")
    client.kill()
    again = env.leshan_client("stand-in", server.uri, "stand-in", KEY,
                              name="leshan-client-2").start("ready")
    server.wait_registered("stand-in")
    again.kill()


def case_harness_refusal(env):
    """A client with the wrong key does not appear at Leshan."""
    server = env.leshan().start()
    server.add_psk("stand-in", KEY)
    env.leshan_client("stand-in", server.uri, "stand-in",
                      KEY[::-1]).start("ready")
    time.sleep(4)
    check(server.clients() == {}, "a client with a wrong key got in")


def case_harness_openssl(env):
    """What OpenSSL decrypts of Leshan's client is its Register."""
    wait_register_at_openssl(
        env, "stand-in", KEY,
        lambda uri: env.leshan_client("stand-in", uri, "stand-in",
                                      KEY).start("ready"))


def case_harness_libcoap(env):
    """libcoap's resource directory takes the Register of Leshan's client."""
    wait_register_at_rd(
        env, "stand-in",
        lambda uri, key: env.leshan_client("stand-in", uri, "stand-in",
                                           key).start("ready"))


def case_harness_mqtt(env):
    """Across the death of a broker every acknowledged number was received."""
    env.need("mosquitto", "mosquitto_sub", "mosquitto_pub")
    port = net.free_tcp_port()
    path = env.directory + "/mosquitto.conf"
    with open(path, "w", encoding="ascii") as f:
        f.write(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    broker = env.peer("mosquitto", ["mosquitto", "-v", "-c", path])
    broker.start("running")
    publisher = mqtt.Publisher("127.0.0.1", port, "counter", "n", None, None,
                               every=0.005)
    publisher.start()
    wait_until("numbers", lambda: len(publisher.acknowledged) > 20)
    broker.kill()
    broker.start("running")
    seen = len(publisher.acknowledged)
    wait_until("more numbers",
               lambda: len(publisher.acknowledged) > seen + 20)
    publisher.finish()
    check(publisher.acknowledged == set(publisher.attempts),
          "a number was left without acknowledgement")
    watcher = env.mosquitto_sub(port, "hello").start()
    code, why = mqtt.mosquitto_pub("127.0.0.1", port, "hello", "world")
    check(code == 0, why)
    watcher.wait_line("hello world")


def case_harness_coap(env):
    """libcoap's client and ours reach a sensor, through a bad wire, too."""
    sensor = env.coap_sensor("127.0.0.31", 0)
    uri = f"coap://127.0.0.31:{sensor.port}"
    check(coap.libcoap_send(uri + "/relay", "put", "ON", "127.0.0.11") == "",
          "libcoap's PUT was not answered with 2.04")
    sensor.answers["no"] = 0x81
    check("4.01" in coap.libcoap_send(uri + "/no", "put", "ON"),
          "libcoap did not tell 4.01")
    relay = env.closing(net.Relay(("127.0.0.31", sensor.port), seed=3,
                                  loss=0.2, duplicate=0.1, reorder=0.2,
                                  flip=0.02))
    client = coap.Client("127.0.0.1", relay.port)
    for n in range(60):
        client.request(coap.PUT, "n", str(n), wait=0.05)
    numbers = [p for _, path, p in sensor.requests if path == "n"]
    check(len(set(numbers)) >= 58, f"only {len(set(numbers))} of 60 arrived")
    check(relay.counts["lost"] and relay.counts["doubled"]
          and relay.counts["held"] and relay.counts["flipped"],
          f"the wire was too good: {relay.counts}")
    check(sensor.report("127.0.0.31", sensor.port, "self", "1") == "2.04",
          "a sensor cannot report from its own socket")


def case_harness_namespaces(env):
    """Two namespaces see each other over a pair of interfaces, and no more."""
    spaces = env.namespaces()
    left, right = spaces.add("left"), spaces.add("right")
    spaces.join(left, "va0", "10.77.1.1/24", right, "vb0", "10.77.1.2/24")
    echo = env.peer("echo", spaces.inside(right, [
        "python3", "-u", "-c", "import socket\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.bind(('10.77.1.2', 9))\nprint('ready')\n"
        "print('got', s.recvfrom(9))"]))
    echo.start("ready")
    sender = env.peer("sender", spaces.inside(left, [
        "python3", "-c", "import socket\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.sendto(b'hello', ('10.77.1.2', 9))"]))
    sender.start()
    echo.wait_line("got (b'hello'")
