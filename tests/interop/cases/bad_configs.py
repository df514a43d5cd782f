# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong configurations: each is refused with the file, the line, the key, what
was expected and what was found."""
import os
import re

from lib.peer import check

MAIN = '''gateway = {
  name = "gw";
  state_dir = "@ROOT@/state";
  volatile = true;
  max_sensors = 100;
  spool = { max_mb = 8; max_age = "7d"; on_full = "oldest"; };
  log = { level = "info"; format = "logfmt"; target = "stderr"; };
  console = { socket = "@ROOT@/run/control.sock"; };
};
local = {
  coap = ( { interface = "lo"; port = @COAP@; } );
  mqtt = ( { interface = "lo"; port = @MQTT@; } );
  min_assurance = "secret";
};
servers = (
  { name = "cloud";
    uri = "coaps://127.0.0.1:5684";
    short_server_id = 123;
    version = "1.1"; }
);
profiles = (
  { name = "thermometer";
    maps = (
      { topic = "plant/{id}/temp";
        put = ( { to = "/3303/0/5700"; unit = "Cel"; } ); }
    );
    down = (
      { on = "/3306/0/5850"; topic = "plant/{id}/relay"; payload = "{value}";
        answer = "confirm"; timeout = "5s"; }
    );
  }
);
'''

SENSOR = '''sensors = (
  { id = "boiler";
    authenticate = ( { method = "password"; username = "boiler"; } );
    profile = "thermometer";
    expect_every = "10m";
    accounts = ( { server = "cloud"; mode = "psk";
                   key_file = "boiler.psk"; } );
  }
);
'''

M, S = "sallyport.conf", "sensors.d/boiler.conf"

# what is wrong, file, this text, becomes this, key, part of what was found
ROWS = (
    ("a number out of range", M, "max_sensors = 100",
     "max_sensors = 250000", "max_sensors", "250000"),
    ("text where a number belongs", M, "short_server_id = 123",
     'short_server_id = "123"', "short_server_id", "123"),
    ("an unknown key in a group", M, "max_sensors = 100",
     "max_sensor = 100", "max_sensor", ""),
    ("an unknown group", M, "local = {", "locale = {", "locale", ""),
    ("an unknown word", M, 'on_full = "oldest"', 'on_full = "newest"',
     "on_full", "newest"),
    ("a duration without a unit", M, 'max_age = "7d"', 'max_age = "7"',
     "max_age", "7"),
    ("a port above 65535", M, "port = @COAP@", "port = 70000", "port",
     "70000"),
    ("a URI of another scheme", M, "coaps://127.0.0.1:5684",
     "mqtt://127.0.0.1:5684", "uri", "mqtt://"),
    ("a version that does not exist", M, 'version = "1.1"',
     'version = "3.0"', "version", "3.0"),
    ("an object that is not known", M, 'to = "/3303/0/5700"',
     'to = "/33033/0/5700"', "to", "/33033/0/5700"),
    ("a path that is none", M, 'to = "/3303/0/5700"',
     'to = "3303.0.5700"', "to", "3303.0.5700"),
    ("a wildcard in a map's topic", M, 'topic = "plant/{id}/temp"',
     'topic = "plant/+/temp"', "topic", "plant/+/temp"),
    ("a command on what cannot be written", M, 'on = "/3306/0/5850"',
     'on = "/3303/0/5700"', "on", "/3303/0/5700"),
    ("an unknown log level", M, 'level = "info"', 'level = "loud"',
     "level", "loud"),
    ("a sensor's id with a wildcard", S, 'id = "boiler"', 'id = "boi+ler"',
     "id", "boi+ler"),
    ("an unknown way to authenticate", S, 'method = "password"',
     'method = "passwort"', "method", "passwort"),
    ("a profile that does not exist", S, 'profile = "thermometer"',
     'profile = "barometer"', "profile", "barometer"),
    ("an account at a server that does not exist", S, 'server = "cloud"',
     'server = "clod"', "server", "clod"),
    ("a security mode that does not exist", S, 'mode = "psk"',
     'mode = "pks"', "mode", "pks"),
    ("a weak proof without leave", S,
     'method = "password"; username = "boiler"',
     'method = "address"; ip = "127.0.0.21"', "authenticate", ""),
    ("an address that is none", S, 'method = "password"; username = "boiler"',
     'method = "address"; ip = "127.0.0.521"', "ip", "127.0.0.521"),
    ("a missing key", S, "key_file = \"boiler.psk\";", "", "key_file",
     "nothing"),
)

SYNTAX = (
    ("a quote that is not closed", M, 'name = "gw";', 'name = "gw;'),
    ("a list that is not closed", S, '  }\n);', '  }\n;'),
    ("an include", M, "gateway = {", '@include "more.conf"\ngateway = {'),
)


class Place:
    """A configuration directory that is right until it is edited."""

    def __init__(self, env):
        # A gateway that is never started knows where things are.
        self.gateway = env.gateway("coaps://127.0.0.1:5684")
        self.gateway.write_configuration()
        self.root = self.gateway.root
        self.texts = {M: MAIN, S: SENSOR}
        for name, value in (("@ROOT@", self.root),
                            ("@COAP@", str(self.gateway.coap_port)),
                            ("@MQTT@", str(self.gateway.mqtt_port))):
            self.texts = {k: t.replace(name, value)
                          for k, t in self.texts.items()}
        self.gateway._write("sensors.d/boiler.psk", "00" * 16 + "\n", 0o600)
        self.put(self.texts)

    def put(self, texts):
        for name, text in texts.items():
            self.gateway._write(name, text)

    def check_with(self, name, old, new):
        """The verdict and output with one edit, and the line it is on."""
        old = old.replace("@COAP@", str(self.gateway.coap_port))
        text = self.texts[name]
        check(text.count(old) == 1, f"the case's own text lacks {old!r}")
        line = text[:text.index(old)].count("\n") + 1
        self.put({name: text.replace(old, new)})
        code, out = self.gateway.check_configuration()
        self.put(self.texts)
        return code, out, line


def case_bad_configs(env):
    """Over twenty wrong configurations: -t exits 1 and names file, line, key,
    what was expected and what was found."""
    place = Place(env)
    code, out = place.gateway.check_configuration()
    check(code == 0, f"the good configuration is refused: {out}")
    wrong = []
    for what, name, old, new, key, found in ROWS:
        code, out, line = place.check_with(name, old, new)
        path = os.path.join(place.root, name)
        pattern = rf"{re.escape(path)}:(\d+): (\S*\.)?{re.escape(key)}\b: .*"
        hits = [m for m in map(re.compile(pattern).search, out.splitlines())
                if m and found in m.group(0)]
        if code != 1:
            wrong.append(f"{what}: exit {code}")
        elif not hits:
            wrong.append(f"{what}: no line tells {key} and {found!r}: {out!r}")
        elif not any(abs(int(m.group(1)) - line) <= 1 for m in hits):
            wrong.append(f"{what}: line {line} is wrong, not {hits[0]}")
        elif not any(w in out for w in ("expected", "no such", "needs")):
            wrong.append(f"{what}: nothing was expected in {out!r}")
    for what, name, old, new in SYNTAX:
        code, out, _ = place.check_with(name, old, new)
        if code != 1 or not re.search(re.escape(name) + r":\d+: ", out):
            wrong.append(f"{what}: exit {code}, {out!r}")
    check(not wrong, "\n     ".join([f"{len(wrong)} of "
                                     f"{len(ROWS) + len(SYNTAX)}:", *wrong]))


def case_bad_configs_passwords(env):
    """What is wrong with the passwords file is told by -t, too."""
    place = Place(env)
    path = os.path.join(place.root, "passwords")
    for what, text, mode, words in (
            ("no hash", "boiler:secret\n", 0o600, "passwords:1: expected"),
            ("for all to read", "", 0o644, "chmod 640"),
            ("too large", "#" * (4 << 20) + "\n", 0o600, "passwords: "),
            ("no file", None, 0, "there is no such file")):
        if os.path.exists(path):
            os.unlink(path)
        if text is not None:
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
            os.chmod(path, mode)
        code, out = place.gateway.check_configuration()
        check(code == (text is not None) and words in out and
              "secret" not in out, f"{what}: exit {code}, {out!r}")


def case_bad_configs_all_told(env):
    """Several mistakes in several files are all told in one run, and a key
    file that others may read is refused."""
    place = Place(env)
    place.put({M: place.texts[M].replace("max_sensors = 100",
                                         "max_sensors = 0")
               .replace('version = "1.1"', 'version = "9"'),
               S: place.texts[S].replace('mode = "psk"', 'mode = "none"')})
    code, out = place.gateway.check_configuration()
    check(code == 1, f"exit {code}")
    for word in ("max_sensors", "version", "mode"):
        check(word in out, f"{word} is not told in {out!r}")
    place.put(place.texts)
    os.chmod(os.path.join(place.root, "sensors.d", "boiler.psk"), 0o644)
    code, out = place.gateway.check_configuration()
    check(code == 1 and "boiler.psk" in out,
          f"a key file that all may read: exit {code}, {out!r}")
