# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian package in a clean chroot, with nothing but the distribution's
archive: installed, run by the rules of its unit, installed again, purged."""
import glob
import json
import os
import shutil
import socket

from lib import maps, mqtt, net
from lib.chroot import Chroot
from lib.gateway import ROLES, descendants, libconfig, on_tmpfs, settings
from lib.peer import Missing, check

SECRET = "000102030405060708090a0b0c0d0e0f"
UNIT = "/lib/systemd/system/sallyport.service"
CONF = "/etc/sallyport/"
# What the service must read and nobody else may: mode and owner.
MODES = {CONF: "750 root:sallyport",
         CONF + "sallyport.conf": "640 root:sallyport",
         CONF + "sensors.d": "2750 root:sallyport",
         CONF + "keys": "2750 root:sallyport",
         "/var/lib/sallyport": "700 sallyport:sallyport"}
# What an operator adds.
OWN = {CONF + "passwords": "640 root:sallyport",
       CONF + "keys/boiler.psk": "640 root:sallyport",
       CONF + "sensors.d/boiler.conf": "640 root:sallyport"}


def package_of(env):
    """What `make deb` has built."""
    found = glob.glob(os.path.join(env.build, "deb", "sallyport_*.deb"))
    if len(found) != 1:
        raise Missing(f"no package in {env.build}/deb; make deb builds it")
    return found[0]


def good(root, *argv, **more):
    code, out, error = root.run(*argv, **more)
    check(code == 0, f"{' '.join(argv)} ended with {code}: {out}{error}")
    return out


def check_modes(root, wanted):
    for path, want in wanted.items():
        got = good(root, "stat", "-c", "%a %U:%G", path).strip()
        check(got == want, f"{path} is {got}, not {want}")


def put(root, path, text):
    """Writes as root does with a careful umask, over what is there."""
    good(root, "sh", "-c", 'umask 027; cat > "$0"', path, text=text)


class Manager:
    """The side of the service manager that a service tells how it is."""

    def __init__(self):
        self.name = f"sallyport-{os.getpid()}"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + self.name)

    def heard(self, word, seconds=20):
        self.socket.settimeout(seconds)
        try:
            got = self.socket.recv(256).decode()
        except socket.timeout:
            got = "nothing"
        check(got == word, f"the service manager heard {got}, not {word}")

    def close(self):
        self.socket.close()


def run_service(env, root, name, manager=None, namespace=None):
    """Starts it as the unit says, with the folders that it asks for."""
    good(root, "install", "-d", "-m", "0750", "-o", "sallyport", "-g",
         "sallyport", "/run/sallyport")
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    if manager:
        environment["NOTIFY_SOCKET"] = "@" + manager.name
    argv = root.service(UNIT)
    if namespace:
        argv = ["ip", "netns", "exec", namespace, *argv]
    return env.peer(name, argv, environment=environment).start(
        "event=ready", 20)


def check_stopped(peer):
    code = peer.stop(15)
    check(code == 0, f"{peer.name}: SIGTERM ended it with {code}")


def check_fresh(env, root):
    """As it is installed it starts, and knows nobody. The ports are those of
    the protocols, so it gets a network of its own."""
    peer = run_service(env, root, "fresh",
                       namespace=env.namespaces().add("fresh"))
    out = good(root, "sallyportctl", "--json", "status", user="sallyport")
    check(json.loads(out)["sensors"] == 0, f"a fresh install: {out}")
    check_stopped(peer)


def configure(root, server, port):
    gateway = {"name": "box"}
    if on_tmpfs(root.root):
        gateway["volatile"] = True
    put(root, CONF + "sallyport.conf", settings({
        "gateway": gateway,
        "local": {"mqtt": [{"address": "127.0.0.1", "port": port}]},
        "servers": [{"name": "cloud", "uri": server.uri,
                     "short_server_id": 1}],
        "sensor_defaults": {"server": "cloud"}}))
    put(root, CONF + "sensors.d/boiler.conf", "sensors = " + libconfig([{
        "id": "boiler", "profile": "simple-temperature",
        "authenticate": [{"method": "password", "username": "boiler"}]}])
        + ";\n")
    put(root, CONF + "keys/boiler.psk", SECRET + "\n")
    good(root, "sallyportctl", "passwd", "boiler", text="let me in\n")
    check_modes(root, {**MODES, **OWN})


def check_confined(peer, root):
    """Each process has the rights that the unit leaves, which are none."""
    uid = good(root, "id", "-u", "sallyport").strip()
    pids = [peer.pid, *descendants(peer.pid)]
    check(len(pids) == len(ROLES), f"processes: {pids}")
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="utf-8") as f:
            status = dict(line.rstrip().split(":\t", 1) for line in f)
        got = [status[k].split()[0] for k in ("Uid", "CapPrm", "CapBnd",
                                              "NoNewPrivs", "Seccomp")]
        check(got == [uid, "0" * 16, "0" * 16, "1", "2"],
              f"process {pid}: {got}")
        with open(f"/proc/{pid}/mounts", encoding="utf-8") as f:
            mounts = {m[1]: m[3].split(",")[0] for m in map(str.split, f)}
        check(mounts["/"] == "ro" and mounts["/var/lib/sallyport"] == "rw",
              f"process {pid} sees {mounts}")


def check_reading(env, root, server, port, manager):
    """A reading goes through, and the operator's tool says so."""
    since = len(server.events)
    peer = run_service(env, root, "packaged", manager)
    manager.heard("READY=1")
    check_confined(peer, root)
    code, why = mqtt.mosquitto_pub("127.0.0.1", port, "plant/boiler/temp",
                                   "64.5", "boiler", "let me in")
    check(code == 0, why)
    server.wait_record("box-boiler", "/3303/0/5700", 64.5,
                       since=since)
    out = good(root, "sallyportctl", "--json", "status", user="sallyport")
    status = json.loads(out)
    check(status["registered"] == 1 and status["sensors"] == 1,
          f"status: {out}")
    check_stopped(peer)
    manager.heard("STOPPING=1")


def check_purged(root, before):
    """Nothing is left but the account, as Debian's packages leave theirs."""
    uid = int(good(root, "id", "-u", "sallyport"))
    good(root, "rm", "-r", "/run/sallyport")
    good(root, "apt-get", "-q", "-y", "--auto-remove", "purge", "sallyport",
         seconds=300)
    left = root.files() - before
    left -= {f"/etc/{f}-" for f in ("passwd", "group", "shadow", "gshadow")}
    check(not left, f"purge left {sorted(left)[:20]}")
    mine = [f for f in root.files()
            if os.lstat(root.path(f)).st_uid == uid]
    check(not mine, f"purge left files of the user: {mine}")
    code, out, _ = root.run("dpkg-query", "-W", "sallyport")
    check(code != 0, f"dpkg still knows it: {out}")


def case_package(env):
    """Installed in a clean chroot, the service starts as its unit says; with a
    sensor and a server a reading goes up; configuration outlives another
    installation; purge leaves nothing."""
    env.need("mosquitto_pub")
    package = package_of(env)
    root = env.closing(Chroot(env.build))
    name = "/root/" + os.path.basename(package)
    shutil.copy(package, root.path(name))
    good(root, "apt-get", "-q", "update", seconds=300)
    before = root.files()
    install = ("apt-get", "-q", "-y", "--no-install-recommends",
               "--reinstall", "install", name)
    good(root, *install, seconds=300)
    check_modes(root, MODES)
    check_fresh(env, root)

    server, port = env.server({"box-boiler": SECRET}), net.free_tcp_port()
    server.start()
    manager = env.closing(Manager())
    configure(root, server, port)
    check_reading(env, root, server, port, manager)
    good(root, *install, seconds=300)
    check_modes(root, {**MODES, **OWN})
    check_reading(env, root, server, port, manager)
    check_purged(root, before)


case_package.seconds = 900
