# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, addresses and interfaces that fail, change, and come late, on both
sides of the gateway."""
import os
import random
import sys
import time

from lib import coap, dns, maps, mqtt, net
from lib.peer import check, run, wait_until

TEMPERATURE, SWITCH = "/3303/0/5700", "/3306/0/5850"
NAME = "lwm2m.test"
LONG = 12  # rounds
CPU_MAX = 0.02  # of a processor, all processes of the gateway together


def cpu(gateway):
    """Seconds of processor time of all the gateway's processes so far."""
    total = 0
    for pid in gateway.roles().values():
        with open(f"/proc/{pid}/stat", encoding="ascii",
                  errors="replace") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


class Idle:
    """Around a fault: no process dies, and none is busy with it. A second or
    two of the fault itself would hide in less than `seconds`."""

    def __init__(self, gateway, what, seconds=0.0):
        self.gateway, self.what, self.seconds = gateway, what, seconds

    def __enter__(self):
        self.roles = self.gateway.roles()
        self.began, self.used = time.monotonic(), cpu(self.gateway)

    def __exit__(self, kind, *_):
        if kind is not None:
            return
        time.sleep(max(0, self.began + self.seconds - time.monotonic()))
        used = cpu(self.gateway) - self.used
        took = time.monotonic() - self.began
        check(self.gateway.roles() == self.roles,
              f"{self.what}: a process died: {self.roles}, "
              f"{self.gateway.roles()}")
        print(f"     {self.what}: {used:.2f} s of CPU in {took:.1f} s",
              flush=True)
        # What a handshake or a reading costs is no busy loop.
        check(used <= CPU_MAX * took + 0.05,
              f"{self.what}: {used:.2f} s of CPU in {took:.1f} s")


class Wan:
    """A gateway in one namespace, a server in another, a wire between them.
    The gateway has a name server of its own, the sensor is beside it."""

    def __init__(self, env, uri=f"coaps://{NAME}:5684", down=()):
        self.env = env
        self.spaces = s = env.namespaces()
        self.gw, self.up = s.add("gw"), s.add("up")
        s.join(self.gw, "wan0", "10.77.1.2/24", self.up, "eth0",
               "10.77.1.1/24")
        self.servers = 0
        self.gateway = g = env.gateway(uri, namespace=self.gw)
        g.group["local"] = {"mqtt": [{"interface": "lo", "port": 1883}]}
        self.boiler = g.mqtt_sensor("boiler", [maps.temperature()], down)

    def serve(self, at):
        """A server at this address, which is the only one of it."""
        self.servers += 1
        server = self.env.server(self.gateway.psk_identities(),
                                 name=f"server-{self.servers}")
        server.argv = self.spaces.inside(self.up, [
            at + ":5684" if a.endswith(str(server.coaps_port)) else
            at + ":5683" if a.endswith(str(server.coap_port)) else a
            for a in server.argv])
        return server.start()

    def publish(self, value):
        """The boiler says a value, which must be acknowledged."""
        g = self.gateway
        code, _, why = run(self.spaces.inside(self.gw, [
            "mosquitto_pub", "-h", "127.0.0.1", "-t", "plant/boiler/temp",
            "-m", value, "-q", 1, "-u", "boiler", "-P",
            g.passwords["boiler"]]))
        check(code == 0, f"mosquitto_pub: {why}")

    def come_again(self, server):
        """Makes the client leave and come back after a second."""
        since = server.mark()
        for path, value in (("/1/0/5", 1), ):
            got = server.ask("write", self.boiler, path, value=value)["code"]
            check(got == "2.04", f"a Write to {path} got {got}")
        got = server.ask("execute", self.boiler, "/1/0/4")["code"]
        check(got == "2.04", f"Disable got {got}")
        server.wait_event("deregister", lambda e: e["ep"] == self.boiler, 5,
                          since)


def case_names_dns(env):
    """The name server is silent, says there is no such name, names an address,
    then another: each time the client finds its server within a back-off,
    nothing is busy with it, and there are few look-ups."""
    env.need("mosquitto_pub")
    wan = Wan(env)
    names = dns.Dns(env, wan.spaces, wan.gw)
    names.say(NAME, None)
    wan.spaces.address(wan.up, "10.77.1.9/24", "eth0")
    server = wan.serve("10.77.1.1")
    wan.gateway.start()
    with Idle(wan.gateway, "silent name server", 2):
        wan.publish("20.5")
    names.say(NAME, rcode=dns.NXDOMAIN)
    with Idle(wan.gateway, "no such name", 0.9):
        pass
    names.say(NAME, ["10.77.1.1"])
    server.wait_registered(wan.boiler, 40)
    server.wait_record(wan.boiler, TEMPERATURE, 20.5)
    asked = len(names.queries(NAME))
    check(asked <= 20, f"{asked} look-ups of one name, for one client")

    # Another address, and nobody at the old one.
    names.say(NAME, ["10.77.1.9"])
    wan.come_again(server)
    server.kill()
    server = wan.serve("10.77.1.9")
    with Idle(wan.gateway, "another address"):
        server.wait_registered(wan.boiler, 40)

    # What is known is used while the name server is away.
    names.say(NAME, rcode=dns.NXDOMAIN)
    since = server.mark()
    wan.come_again(server)
    server.wait_registered(wan.boiler, 10, since)


def case_names_first_is_dead(env):
    """The first of a name's addresses, an IPv6 one, takes datagrams and says
    nothing; the second is IPv4. Sensors register there within seconds, and
    the later ones begin there."""
    wan = Wan(env)
    names = dns.Dns(env, wan.spaces, wan.gw)
    wan.spaces.address(wan.gw, "2001:db8:77::2/64", "wan0")
    wan.spaces.address(wan.up, "2001:db8:77::1/64", "eth0")
    names.say(NAME, ["10.77.1.1", "2001:db8:77::1"])
    sink = env.peer("sink", wan.spaces.inside(wan.up, [
        sys.executable, "-c",
        "import socket\n"
        "s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\n"
        "s.bind(('2001:db8:77::1', 5684))\n"
        "print('ready', flush=True)\n"
        "while True: print('from', s.recvfrom(2048)[1][0], flush=True)"]))
    sink.start("ready")
    late = [wan.gateway.mqtt_sensor(f"s{n}", [maps.temperature()])
            for n in range(5)]
    server = wan.serve("10.77.1.1")
    wan.gateway.start()
    with Idle(wan.gateway, "a dead first address"):
        for endpoint in [wan.boiler] + late:
            server.wait_registered(endpoint, 12)
    check(len(sink.lines) > 1, "the IPv6 address was not tried first")
    mark, since = len(sink.lines), server.mark()
    wan.come_again(server)
    server.wait_registered(wan.boiler, 10, since)
    check(len(sink.lines) == mark, "what worked was not tried first")


def case_names_wire(env):
    """The wire is cut, the gateway's address changes, the port is closed: what
    the sensor said meanwhile arrives, and nothing is busy with it."""
    env.need("mosquitto_pub")
    wan = Wan(env, "coaps://10.77.1.1:5684")
    server = wan.serve("10.77.1.1")
    wan.gateway.start()
    server.wait_registered(wan.boiler)
    dice = random.Random(time.time_ns())
    address = value = 2

    for n in range(LONG if env.long else 1):
        value += 2
        cut = dice.uniform(1, 40) if env.long else 4
        print(f"     round {n}: cut for {cut:.1f} s", flush=True)
        since = server.mark()
        wan.spaces.ip(wan.gw, "link", "set", "wan0", "down")
        with Idle(wan.gateway, "interface down", cut):
            wan.publish(value)
        wan.spaces.ip(wan.gw, "link", "set", "wan0", "up")
        # At most the wait before the retransmission that finds it up.
        server.wait_record(wan.boiler, TEMPERATURE, value, since=since,
                           seconds=15 + 2 * cut)
        since = server.mark()
        wan.spaces.ip(wan.gw, "addr", "del", f"10.77.1.{address}/24", "dev",
                      "wan0")
        address = address + 1 if address < 200 else 2
        wan.spaces.ip(wan.gw, "addr", "add", f"10.77.1.{address}/24", "dev",
                      "wan0")
        with Idle(wan.gateway, "address changed"):
            wan.publish(value + 1)
            server.wait_record(wan.boiler, TEMPERATURE, value + 1, since=since,
                               seconds=15)

    # An ICMP error for every datagram.
    server.kill()
    with Idle(wan.gateway, "nobody at the port", 4):
        wan.publish(1)


case_names_wire.long_seconds = 900


def case_names_link_local_server(env):
    """A server at a link-local address, on an interface that comes when the
    gateway runs, goes, and comes back as another."""
    env.need("mosquitto_pub")
    wan = Wan(env, "coaps://[fe80::ff:fe00:7701%25up0]:5684")
    server = wan.serve("[::]")
    wan.gateway.start()
    for value in (1, 2):
        since = server.mark()
        with Idle(wan.gateway, "no such interface", 2):
            wan.publish(value)
        wan.spaces._ip("link", "add", "up0", "netns", wan.gw, "type", "veth",
                       "peer", "name", "down0", "netns", wan.up)
        for name, interface, address in (
                (wan.gw, "up0", "fe80::ff:fe00:7702/64"),
                (wan.up, "down0", "fe80::ff:fe00:7701/64")):
            wan.spaces.address(name, address, interface)
            wan.spaces.ip(name, "link", "set", interface, "up")
        server.wait_record(wan.boiler, TEMPERATURE, value, since=since,
                           seconds=20)
        wan.spaces.ip(wan.gw, "link", "del", "up0")


def case_names_crowd(env):
    """Many sensors and one name: a look-up for all of them, at the start and
    when the server is gone for a while."""
    count = 200 if env.long else 30
    wan = Wan(env)
    names = dns.Dns(env, wan.spaces, wan.gw)
    names.say(NAME, ["10.77.1.1"], delay=0.3)
    endpoints = [wan.boiler] + [
        wan.gateway.mqtt_sensor(f"s{n}", [maps.temperature()])
        for n in range(1, count)]
    wan.gateway.group["servers"][0]["pace_per_second"] = 100
    server = wan.serve("10.77.1.1")
    wan.gateway.start()
    for endpoint in endpoints:
        server.wait_registered(endpoint, 20)
    asked = len(names.queries(NAME)) // 2  # IPv4 and IPv6
    check(asked <= 2, f"{asked} look-ups for {count} clients that start")
    if not env.long:
        return
    mark = len(names.lines)
    since, began = server.mark(), time.monotonic()
    wan.gateway.wait_role_again("inner", wan.gateway.kill_role("inner"))
    server.kill()
    time.sleep(70)
    server.start()
    for endpoint in endpoints:
        server.wait_registered(endpoint, 330, since)
    took = time.monotonic() - began
    asked = len(names.queries(NAME, mark)) // 2
    print(f"     {asked} look-ups in {took:.0f} s", flush=True)
    check(asked <= took / 5 + 2, f"{asked} look-ups in {took:.0f} s")


case_names_crowd.long_seconds = 500


def case_names_late_interface(env):
    """An interface that is not there at the start is waited for, served over
    IPv4 and link-local IPv6, and served again after it was replaced. What
    comes by another interface is not heard."""
    env.need("mosquitto_pub")
    s = env.namespaces()
    gw, device, wan = s.add("gw"), s.add("dev"), s.add("wan")
    s.join(gw, "wan0", "10.77.2.1/24", wan, "eth0", "10.77.2.2/24")
    server = env.server({})
    server.argv = s.inside(gw, server.argv)
    g = env.gateway(server.uri, namespace=gw)
    g.group["local"] = {"coap": [{"interface": "lan0", "port": 5683}],
                        "mqtt": [{"interface": "lan0", "port": 1883}]}
    mac = "02:00:00:00:77:02"
    g.sensor("pump", [{"method": "address", "ip": "10.77.1.2",
                       "interface": "lan0", "mac": mac}],
             [maps.temperature("coap/temp")], accept_weak=True)
    g.sensor("valve", [{"method": "address", "ip": "fe80::ff:fe00:7702",
                        "interface": "lan0", "mac": mac}],
             [maps.temperature("coap/temp")],
             [maps.relay("coap/relay")], accept_weak=True)
    g.sensor("fake", [{"method": "address", "ip": "fe80::ff:fe00:7703",
                       "interface": "lan0", "mac": "02:00:00:00:77:04"}],
             [maps.temperature("coap/temp")], accept_weak=True)
    boiler = g.mqtt_sensor("boiler", [maps.temperature()])
    g.sensors["boiler"]["authenticate"].append(
        {"method": "address", "ip": "fe80::ff:fe00:7705",
         "interface": "lan0", "mac": mac})
    kettle = g.mqtt_sensor("kettle", [maps.temperature()])
    g.sensors["kettle"]["authenticate"].append(
        {"method": "address", "ip": "::ffff:10.77.1.5", "interface": "lan0"})
    for name in ("boiler", "kettle"):
        g.sensors[name]["accept_weak"] = True
    pump, valve = g.endpoint("pump"), g.endpoint("valve")
    server.set_keys(g.psk_identities())
    server.start()
    g.write_configuration()
    code, told, why = run(s.inside(gw, [g.argv[4], "-t", "-c", g.file]))
    check(code == 0 and "lan0" in why and "warning" in why,
          f"-t says {code}, {told}{why}")
    g.start()
    g.wait_line("kind=mqtt", 5)
    waiting = [e for e in g.events() if e["event"] == "listener_waiting"]
    check([e["interface"] for e in waiting] == ["lan0", "lan0"],
          f"events: {waiting}")
    for endpoint in (pump, valve, boiler, kettle):
        server.wait_registered(endpoint)

    def plug_in():
        mark = g.mark()
        s._ip("link", "add", "lan0", "netns", gw, "type", "veth", "peer",
              "name", "eth0", "address", mac, "netns", device)
        for name, interface, address in ((gw, "lan0", "10.77.1.1/24"),
                                         (device, "eth0", "10.77.1.2/24"),
                                         (device, "eth0", "10.77.1.5/24"),
                                         (device, "eth0",
                                          "fe80::ff:fe00:7705/64")):
            s.address(name, address, interface)
            s.set(name, f"net/ipv6/conf/{interface}/accept_dad", 0)
            s.ip(name, "link", "set", interface, "up")
        for _ in range(2):
            g.wait_line("event=listening", 5, mark)
        wait_until("both listeners", lambda: len(
            [e for e in g.events(mark) if e["event"] == "listening"]) == 2, 5)
        return s.link_local(gw, "lan0")

    def post(own, target, value):
        _, out, why = run(s.inside(device, [
            coap.libcoap("client"), "-v", 6, "-B", 5, "-a", own, "-m", "post",
            "-e", value, f"coap://{target}/temp"]))
        return out + why

    def say_all(local, first):
        since = server.mark()
        for n, (endpoint, own, target) in enumerate((
                (pump, "10.77.1.2", "10.77.1.1"),
                (valve, "fe80::ff:fe00:7702%eth0", f"[{local}%eth0]"))):
            got = post(own, target, first + n)
            check("c:2.04" in got, f"{endpoint} got {got}")
            server.wait_record(endpoint, TEMPERATURE, first + n, since=since)
        for name, target, own in (
                ("boiler", f"{local}%eth0", "fe80::ff:fe00:7705%eth0"),
                ("kettle", "10.77.1.1", "10.77.1.5")):
            code, _, why = run(s.inside(device, [
                "mosquitto_pub", "-h", target, "-A", own, "-t", f"plant/{name}/temp",
                "-m", first, "-q", 1, "-u", name, "-P", g.passwords[name]]))
            check(code == 0, f"{name}: mosquitto_pub: {why}")
            server.wait_record(g.endpoint(name), TEMPERATURE, first,
                               since=since)

    def switch(value):
        """A command to a link-local address that was not heard yet."""
        sensor = env.peer(f"coap-server-{value}", s.inside(device, [
            coap.libcoap("server"), "-A", "::", "-d", 4]))
        sensor.start()
        wait_until("the sensor's own server", lambda: "5683" in run(
            s.inside(device, ["ss", "-uln"]))[1], 5)
        got = server.ask("write", valve, SWITCH, value=value)["code"]
        check(got == "2.04", f"a command to the valve got {got}")
        sensor.kill()

    local = plug_in()
    switch(True)
    say_all(local, 1)

    # A neighbour with the sensor's address or a MAC of its own is a stranger.
    s.ip(device, "addr", "add", "fe80::ff:fe00:7703/64", "dev", "eth0",
         "nodad")
    got = post("fe80::ff:fe00:7703%eth0", f"[{local}%eth0]", 99)
    check("c:4.01" in got, f"another MAC got {got}")

    # The other interface: neither door is there.
    for target in ("10.77.2.1", "10.77.1.1"):
        code, _, _ = run(s.inside(wan, [
            sys.executable, "-c",
            "import socket, sys\n"
            f"socket.create_connection(('{target}', 1883), 1)"]))
        check(code != 0, f"{target} took a connection from another interface")

    mark = g.mark()
    s.ip(gw, "link", "del", "lan0")
    g.wait_line("event=listener_waiting", 5, mark)
    local = plug_in()
    switch(False)
    say_all(local, 11)


def case_names_ipv6(env):
    """Both doors on [::1], without an address in the configuration, and IPv4
    beside it: an IPv4 sensor is known by its IPv4 address."""
    env.need("mosquitto_pub")
    server = env.server({})
    server.argv = [a.replace("127.0.0.1", "[::1]") for a in server.argv]
    g = env.gateway(f"coaps://[::1]:{server.coaps_port}")
    g.group["local"] = {"coap": [{"interface": "lo", "port": g.coap_port}],
                        "mqtt": [{"interface": "lo", "port": g.mqtt_port}]}
    pump = g.coap_sensor("pump", "127.0.0.21", [maps.temperature("coap/temp")])
    valve = g.coap_sensor("valve", "::1", [maps.temperature("coap/temp")])
    boiler = g.mqtt_sensor("boiler", [maps.temperature()])
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    for endpoint in (pump, valve, boiler):
        server.wait_registered(endpoint)
    got = coap.Client("127.0.0.1", g.coap_port, "127.0.0.21").request(
        coap.POST, "temp", "1", 0)
    check(got and got[0] == "2.04", f"the IPv4 sensor got {got}")
    _, out, why = run([coap.libcoap("client"), "-v", 6, "-B", 5, "-m", "post",
                       "-e", "2", f"coap://[::1]:{g.coap_port}/temp"])
    check("c:2.04" in out + why, f"the IPv6 one got {out}{why}")
    code, why = mqtt.mosquitto_pub("::1", g.mqtt_port, "plant/boiler/temp",
                                   "3", "boiler", g.passwords["boiler"])
    check(code == 0, why)
    for endpoint, value in ((pump, 1), (valve, 2), (boiler, 3)):
        server.wait_record(endpoint, TEMPERATURE, value)
    got = coap.Client("127.0.0.1", g.coap_port, "127.0.0.22").request(
        coap.POST, "temp", "4", 0)
    check(got and got[0] == "4.01", f"a stranger got {got}")
    g.wait_line("event=auth_refused", 5)
    refused = [e for e in g.events() if e["event"] == "auth_refused"]
    check([e["peer"] for e in refused] == ["127.0.0.22"], f"{refused}")


def case_names_way_back(env):
    """A listener on all interfaces answers by the one that it was asked by,
    though the routing table knows the source address behind another."""
    s = env.namespaces()
    gw, good, bad = s.add("gw"), s.add("good"), s.add("bad")
    s.join(gw, "lan0", "10.77.1.1/24", good, "eth0", "10.77.1.2/24")
    s.join(gw, "wan0", "10.77.2.1/24", bad, "eth0", "10.77.2.2/24")
    for interface in ("all", "wan0"):
        s.set(gw, f"net/ipv4/conf/{interface}/rp_filter", 0)
    s.address(bad, "10.77.1.2/32", "eth0")
    server = env.server({})
    server.argv = s.inside(gw, server.argv)
    g = env.gateway(server.uri, namespace=gw)
    g.group["local"] = {"coap": [{"port": 5683}]}
    pump = g.coap_sensor("pump", "10.77.1.2", [maps.temperature("coap/temp")])
    # Without an interface the stranger cannot be told from the sensor: what
    # counts here is the way that the answer takes.
    del g.sensors["pump"]["authenticate"][0]["interface"]
    server.set_keys(g.psk_identities())
    server.start()
    g.start()
    for space, target, value in ((bad, "10.77.2.1", 1), (good, "10.77.1.1", 2)):
        _, out, why = run(s.inside(space, [
            coap.libcoap("client"), "-v", 6, "-B", 3, "-a", "10.77.1.2", "-m",
            "post", "-e", value, f"coap://{target}/temp"]))
        check("c:2.04" in out + why, f"{target} says {out}{why}")
        server.wait_record(pump, TEMPERATURE, value)
