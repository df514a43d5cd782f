# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers that do what no sensor should: the gateway bounds what they cost, and
those beside them are served as before."""
import os
import secrets
import signal

from lib import coap, maps, mqtt, net
from lib.peer import Failed, Missing, check, run


def one_sensor(env):
    """A gateway with one MQTT sensor, boiler, and no server above."""
    g = env.gateway("coaps://127.0.0.1:9")
    g.mqtt_sensor("boiler", [maps.temperature()],
                  password=secrets.token_urlsafe(18))
    g.start()
    return g


def boiler(g, client_id="c", **more):
    """A session of the sensor."""
    client = mqtt.Client("127.0.0.1", g.mqtt_port, client_id, "boiler",
                         g.passwords["boiler"], **more)
    check(client.code == 0, f"the sensor got CONNACK {client.code}")
    return client


def case_hostile_many_answers(env):
    """A client that asks for many answers at once, and one that reads them
    late, go on as soon as their answers went out."""
    g = one_sensor(env)
    client = boiler(g)
    for _ in range(3):
        client.socket.sendall(b"\xc0\0" * 4000)
        answers = b""
        while len(answers) < 8000:
            data = client.socket.recv(65536)  # in time, or it fails
            check(data, "closed with answers outstanding")
            answers += data
        check(answers == b"\xd0\0" * 4000, "answers that are no PINGRESP")
    client.publish("plant/boiler/temp", "21.5")
    client.disconnect()


def case_hostile_second_gateway(env):
    """A second gateway on the same state directory or the same control socket
    is refused with the reason, and the first stays in reach."""
    g = one_sensor(env)
    with open(g.file, encoding="utf-8") as f:
        text = f.read()
    text = text.replace(f"port = {g.coap_port}", f"port = {net.free_port()}")
    text = text.replace(f"port = {g.mqtt_port}",
                        f"port = {net.free_tcp_port()}")
    socket = g.group["gateway"]["console"]["socket"]
    for name, changed, reason in (
            ("socket.conf", text, "another gateway listens at"),
            ("state.conf", text.replace(socket, socket + "2"),
             "another gateway is using it")):
        g._write(name, changed)
        code, out, error = run([g.argv[0], "-f", "-c",
                                os.path.join(g.root, name)])
        check(code == 1 and reason in out + error,
              f"{name}: ended with {code}: {out}{error}")
        code, _, error = g.ctl("status")
        check(code == 0, f"{name}: the first is out of reach: {error}")


def memory_holds(pid, needle):
    """True if the process has these bytes anywhere in its memory."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as f:
        areas = [line.split()[:2] for line in f]
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for area, rights in areas:
            low, high = (int(n, 16) for n in area.split("-"))
            if rights[0] != "r" or high - low > 1 << 30:
                continue
            try:
                memory.seek(low)
                if needle in memory.read(high - low):
                    return True
            except (OSError, OverflowError):
                continue  # [vvar] and its like
    return False


def case_hostile_memory(env):
    """A password is gone from the memory of the outer door and of the verifier
    once it was checked; upstream keys are in that of the inner door alone."""
    if os.geteuid() != 0:
        raise Missing("only root may read another's memory")
    g = one_sensor(env)
    tail = g.passwords["boiler"][-12:].encode()
    for _ in range(3):  # checked, then known
        client = boiler(g)
        client.publish("plant/boiler/temp", "21.5")
        client.disconnect()
    for role in ("outer", "verifier"):
        check(not memory_holds(g.role_pid(role), tail),
              f"the end of the password is still in the memory of {role}")
    key = bytes.fromhex(g.keys["boiler"])
    for role, pid in g.roles().items():
        check(memory_holds(pid, key) == (role == "inner"),
              f"{role}: has the key, or the inner door has not")


def fill_up(path):
    """Writes to `path` until its file system is full."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(fd, bytes(4096))
    except OSError:
        os.close(fd)


def case_hostile_full_disk(env):
    """A full state directory: what still fits is taken, then no PUBACK, 5.03,
    one event; with room again the same readings are taken, once."""
    state = os.path.join(env.directory, "small")
    os.mkdir(state)
    if run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", state])[0] != 0:
        raise Missing("the right to mount a small file system")
    try:
        full_disk(env, state)
    finally:
        run(["umount", "-l", state])


def publish_until_refused(client):
    """The values of which all but the last were acknowledged."""
    values = []
    try:
        while len(values) < 2000:
            values.append(20 + len(values) / 4)
            client.publish("plant/boiler/temp", str(values[-1]), seconds=2.5)
    except TimeoutError:
        return values
    raise Failed("a full disk takes everything")


def full_disk(env, state):
    server = env.server({})
    g = env.gateway(server.uri)
    endpoint = g.mqtt_sensor("boiler", [maps.temperature()])
    g.coap_sensor("pump", "127.0.0.21", [maps.temperature("coap/temp")])
    g.group["gateway"].update(state_dir=state, volatile=True)
    server.set_keys(g.psk_identities())
    g.start()
    client = boiler(g)
    pump = env.closing(coap.Client("127.0.0.1", g.coap_port, "127.0.0.21"))
    fill_up(os.path.join(state, "fill"))
    values = publish_until_refused(client)
    answer = pump.request(coap.PUT, "temp", "7.25", 0)
    check(answer and answer[0] == "5.03", f"CoAP was answered {answer}")
    g.wait_line("event=reading_not_stored")
    os.unlink(os.path.join(state, "fill"))
    client._wait_for(4, len(values).to_bytes(2, "big"), 10)
    answer = pump.request(coap.PUT, "temp", "7.25", 0)
    check(answer and answer[0] == "2.04", f"with room again: {answer}")
    server.start()
    server.wait_record(endpoint, "/3303/0/5700", values[-1], seconds=60)
    check([r["value"] for r in server.records(endpoint)
           if r["path"] == "/3303/0/5700"] == values,
          "not every reading once")


def closed(connection):
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def case_hostile_crowd(env):
    """Strangers from many sources who say nothing take every place: a sensor
    still gets in, and one that is in stays."""
    g = one_sensor(env)
    inside = boiler(g, "inside")
    crowd = []
    for i in range(300):
        try:
            crowd.append(net.socket.create_connection(
                ("127.0.0.1", g.mqtt_port), 5,
                source_address=(f"127.66.{i // 100}.{i % 100 + 1}", 0)))
        except OSError:
            pass  # turned away
    late = boiler(g, "late")
    late.publish("plant/boiler/temp", "21.5")
    inside.publish("plant/boiler/temp", "22.5")
    gone = sum(closed(c) for c in crowd)
    check(gone >= 200, f"only {gone} of {len(crowd)} strangers had to go")
    for connection in crowd:
        connection.close()


def case_hostile_no_passwords(env):
    """Without the passwords file nobody gets in by password, and the start
    says so; a file that cannot be understood is told by its line."""
    g = one_sensor(env)
    g.stop()
    path = os.path.join(g.root, "passwords")
    os.unlink(path)
    since = g.mark()
    g.start()
    g.wait_line("passwords: warning: there is no such file", since=since)
    client = mqtt.Client("127.0.0.1", g.mqtt_port, "c", "boiler",
                         g.passwords["boiler"])
    check(client.code == 5, f"got in without any hash: {client.code}")
    g.stop()
    g._write("passwords", "boiler:\n", 0o600)
    code, out, error = run([g.argv[0], "-f", "-c", g.file])
    check(code == 1 and "passwords:1: expected" in out + error,
          f"a broken line: ended with {code}: {out}{error}")


def case_hostile_stop_to_all(env):
    """SIGTERM to every process at once, as service managers send it: the
    endpoints still de-register, and it ends with 0."""
    server = env.server({})
    g = env.gateway(server.uri)
    endpoint = g.mqtt_sensor("boiler", [maps.temperature()])
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    server.wait_registered(endpoint)
    os.killpg(g.pid, signal.SIGTERM)
    code = g.wait(15)
    check(code == 0, f"ended with {code}")
    server.wait_event("deregister", lambda e: e["ep"] == endpoint, 5)
