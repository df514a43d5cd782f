# SPDX-License-Identifier: GPL-3.0-or-later
"""The library on trial: client/client.c, a device or an asker, with an account
of one kind or another; and what both have to be able to do."""
import os

from .peer import check, wait_until
from .talker import Talker

STEPS = ("register", "observe", "read 4 KiB", "write 4 KiB", "restart")
TEMPERATURE, LONG = "/3303/0/5700", "/5/0/1"
BODY = "".join(chr(97 + n * 7 % 26) for n in range(4096))
ENDPOINT = "gw-boiler"


class Account:
    """Arguments for the client, as KEY=VALUE; bytes become files, and of a
    tuple each member is one."""

    def __init__(self, directory, **settings):
        self.arguments = []
        for key, value in settings.items():
            if isinstance(value, bytes):
                path = os.path.join(directory, "account-" + key)
                with open(path, "wb") as f:
                    f.write(value)
                os.chmod(path, 0o600)
                value = path
            several = value if isinstance(value, tuple) else (value,)
            self.arguments += [f"{key}={one}" for one in several]


class Client(Talker):
    def __init__(self, env, role, uri, account, endpoint=ENDPOINT):
        super().__init__("client", [
            env.program("tests/interop/client/client"), role, uri, endpoint,
            *account.arguments], env.directory)

    def say(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()


def device_through(cell, client, server, restart):
    """A server that asks back: `server` has wait_registered(since), mark(),
    observe(path), wait_told(path, value), read(path), write(path, text), with
    codes as "2.05"; `restart` is called once."""
    client.start()
    server.wait_registered(0)
    cell.did("register")
    observed(cell, client, server, 22.5)
    code = server.write(LONG, BODY)
    check(code == "2.04", f"Write of 4 KiB: {code}")
    client.wait("written", lambda e: e["bytes"] == str(len(BODY)))
    cell.did("write 4 KiB")
    code, text = server.read(LONG)
    check(code == "2.05" and text == BODY,
          f"Read of 4 KiB: {code}, {len(text)} bytes, the first other one "
          f"{next((n for n in range(4096) if text[n:n + 1] != BODY[n]), -1)}")
    cell.did("read 4 KiB")
    since = restart()
    server.wait_registered(since)
    observed(cell, client, server, 24.5)
    cell.did("restart")


class Talking:
    """aiocoap's or Leshan's server that takes commands as lines, for
    device_through(); `told` is its word for a registration."""

    def __init__(self, server, told):
        self.server, self.told = server, told

    def wait_registered(self, since):
        self.server.wait(self.told, lambda e: e.get("path", "/rd") == "/rd",
                         40, since)

    def restart(self):
        self.server.kill()
        mark = self.server.mark()
        self.server.start()
        return mark

    def observe(self, path):
        return self.server.ask(f"observe {path}")["code"]

    def wait_told(self, path, value):
        self.server.wait("notification",
                         lambda e: float(e["payload"]) == value)

    def read(self, path):
        got = self.server.ask(f"read {path}")
        return got["code"], got["payload"]

    def write(self, path, text):
        return self.server.ask(f"write {path} {text}")["code"]


class LeshanSide:
    """Leshan's server with REST, for one of its clients."""

    def __init__(self, leshan, endpoint):
        self.leshan, self.endpoint = leshan, endpoint

    def wait_registered(self, since):
        self.leshan.wait_registered(self.endpoint, 40)

    def observe(self, path):
        return self.leshan.observe(self.endpoint, path).code

    def wait_told(self, path, value):
        def told():
            return any(r["path"] == path and float(r["value"]) == value
                       for r in self.leshan.records(self.endpoint,
                                                    ("NOTIFICATION",)))
        wait_until(f"{value} at Leshan", told, 15, 0.05)

    def read(self, path):
        got = self.leshan.read(self.endpoint, path, form="TEXT")
        return got.code, got.value if got.code == "2.05" else str(got)

    def write(self, path, text):
        return self.leshan.write(self.endpoint, path, text, "string",
                                 form="TEXT").code


def observed(cell, client, server, value):
    code = server.observe(TEMPERATURE)
    check(code == "2.05", f"Observe: {code}")
    client.say(f"set {value}")
    server.wait_told(TEMPERATURE, value)
    cell.did("observe")


class Asker:
    """A server that only serves, as libcoap's example with `-d`."""

    def __init__(self, client):
        self.client = client

    def connect(self):
        """A second attempt may be needed: what of the old session could be
        resumed is nothing to a server that lost it."""
        for _ in range(2):
            mark = self.client.mark()
            self.client.say("connect")
            got = wait_until("a session", lambda: (
                self.client.events("up", mark) or
                self.client.events("down", mark)), 15)[0]
            if got["event"] == "up":
                return
        check(False, f"no session: {got['why']}")

    def ask(self, line, code, seconds=15):
        got = self.client.ask(line, seconds)
        check(got["code"] == code, f"{line[:40]}: {got['code']}")
        return got["payload"]

    def go_around(self, cell):
        self.ask(f"put rd/{ENDPOINT} </3303/0>,</5/0>", "2.01")
        check(self.ask(f"get rd/{ENDPOINT}", "2.05") == "</3303/0>,</5/0>",
              "what was registered is not there")
        cell.did("register")
        mark = self.client.mark()
        self.client.say("observe time")
        wait_until("two notifications", lambda: len(
            self.client.events("notification", mark)) > 1, 10)
        cell.did("observe")


def asker_through(cell, client, restart):
    client.start()
    asker = Asker(client)
    asker.connect()
    asker.go_around(cell)
    asker.ask(f"put long {BODY}", "2.01")
    cell.did("write 4 KiB")
    check(asker.ask("get long", "2.05") == BODY, "another body came back")
    cell.did("read 4 KiB")
    restart()
    asker.connect()
    asker.go_around(cell)
    cell.did("restart")
