# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration to begin with, by sallyportctl init."""
import os
import pty
import re
import shutil
import stat
import subprocess

from lib.peer import check, run


def program(env, name):
    return os.path.join(env.build, name)


def init(env, *options, text=""):
    return run([program(env, "sallyportctl"), "init", *options], 20, text)


def folder(env, name):
    path = os.path.join(env.directory, name)
    os.mkdir(path)
    return path


def is_good(env, path):
    code, said, error = run([program(env, "sallyportd"), "-t", "-c",
                             os.path.join(path, "sallyport.conf")])
    check(code == 0, f"sallyportd -t: {said}{error}")


def read(path, name="sallyport.conf"):
    with open(os.path.join(path, name), encoding="utf-8") as f:
        return f.read()


def case_init(env):
    """What it makes is a configuration that the gateway takes, with which
    sensors can be enrolled; it writes over nothing."""
    path = folder(env, "etc")
    code, said, error = init(env, "-d", path, "-n", "plant-7", "-u",
                             "coaps://lwm2m.example.com", "-i", "lo")
    check(code == 0 and said.count(": made") == 2, f"{code} {said}{error}")
    is_good(env, path)
    text = read(path)
    for word in ('name = "plant-7"', 'uri = "coaps://lwm2m.example.com"',
                 '{ interface = "lo"; }'):
        check(word in text, f"{word} is not in {text}")
    key = read(path, "master.key")
    check(re.fullmatch("[0-9a-f]{64}\n", key), "no key")
    check(stat.S_IMODE(os.stat(os.path.join(path, "master.key")).st_mode)
          == 0o600, "others can read the key")
    code, said, error = init(env, "-d", path)
    check(code == 1 and "stay as they are" in error, f"{code} {said}{error}")
    check(read(path) == text and read(path, "master.key") == key, "changed")
    template = os.path.join(path, "template")
    with open(template, "w", encoding="ascii") as f:
        f.write('authenticate = ( { method = "password"; username = "{id}"; }'
                ' ); maps = ( { topic = "t"; put = ( { to = "/3303/0/5700"; }'
                ' ); } );')
    objects = folder(env, "etc/objects.d")
    shutil.copy(os.path.join(env.sources, "conf", "objects",
                             "3303-temperature.conf"), objects)
    code, said, error = run([program(env, "sallyportctl"), "-c",
                             os.path.join(path, "sallyport.conf"), "enroll",
                             "-t", template, "a"])
    check(code == 0, f"enroll: {code} {said}{error}")
    is_good(env, path)


def case_init_beside(env):
    """A configuration that is there stays, and it says what the key needs."""
    path = folder(env, "etc")
    check(init(env, "-d", path, "-u", "coaps://a.example")[0] == 0, "init")
    text = read(path).replace("master_key_file", "# ")
    os.unlink(os.path.join(path, "master.key"))
    with open(os.path.join(path, "sallyport.conf"), "w",
              encoding="utf-8") as f:
        f.write(text)
    code, said, error = init(env, "-d", path, "-n", "x")
    check(code == 1 and "would not count" in error, f"{code} {said}{error}")
    code, said, error = run([program(env, "sallyportctl"), "--json", "init",
                             "-d", path])
    check(code == 0 and
          said == '{"configuration":false,"master_key":true}\n', said)
    check(read(path) == text, "it was changed")
    os.unlink(os.path.join(path, "master.key"))
    code, said, error = init(env, "-d", path)
    check(code == 0 and 'master_key_file = "master.key";' in said, said)


def case_init_refused(env):
    """Bad input leaves nothing behind, and is not asked for without a
    terminal."""
    path = folder(env, "etc")
    for options, status, words in (
            ((), 1, "which server?"),
            (("-x",), 2, "usage"),
            (("-u",), 2, "usage"),
            (("name",), 2, "usage"),
            (("-u", "http://a"), 1, "sallyport.conf:"),
            (("-u", 'coaps://a"; x = "'), 1, "neither spaces nor quotes"),
            (("-u", "coaps://a", "-n", "a b"), 1, "a gateway's name"),
            (("-u", "coaps://a", "-n", ""), 1, "a gateway's name"),
            (("-u", "coaps://a", "-i", "longer-than-a-name"), 1, "interface")):
        code, said, error = init(env, "-d", path, *options)
        check(code == status and words in error and said == "",
              f"{options}: {code} {said}{error}")
        check(os.listdir(path) == [], f"{options} left {os.listdir(path)}")
    code, _, error = init(env, "-d", path + "/none", "-u", "coaps://a")
    check(code == 1 and "No such file" in error, error)


def case_init_terminal(env):
    """On a terminal it asks for what was not said."""
    path = folder(env, "etc")
    terminal, other = pty.openpty()
    os.write(terminal, b"plant-8\ncoaps://b.example\n")
    done = subprocess.run([program(env, "sallyportctl"), "init", "-d", path,
                           "-i", "lo"], stdin=other, capture_output=True,
                          timeout=20, check=False)
    os.close(terminal)
    os.close(other)
    check(done.returncode == 0 and b"Name of this gateway [" in done.stderr and
          b"Interface" not in done.stderr, f"{done}")
    text = read(path)
    check('"plant-8"' in text and '"coaps://b.example"' in text, text)
    is_good(env, path)
