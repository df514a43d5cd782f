# SPDX-License-Identifier: GPL-3.0-or-later
"""The service under systemd itself, by the unit that is shipped, with its
master key from each place that systemd or the kernel keep one in."""
import os
import secrets

from lib.machine import Machine
from lib.peer import check

CONFIGURATION = """
gateway = { name = "plant-7"; master_key_file = "@"; };
local = { mqtt = ( { address = "127.0.0.1"; } ); };
servers = ( { name = "cloud"; uri = "coaps://127.0.0.1";
              short_server_id = 1; } );
"""

# What puts a key into the keyring of the service's user, for a minute. The
# numbers are those of x86-64 and of the generic table.
PUT_KEY = """
import ctypes, platform, sys
call = ctypes.CDLL(None, use_errno=True).syscall
add_key, keyctl = ((248, 250) if platform.machine() == "x86_64" else (217, 219))
name, text = sys.argv[1].encode(), sys.argv[2].encode()
key = call(add_key, b"user", name, text, len(text), -4)
assert key > 0 and call(keyctl, 15, key, 60) == 0, ctypes.get_errno()
"""

# try NAME PLACE LINES: starts the service with its key there, asks it, has it
# read its files again, and stops it.
SCRIPT = """
useradd --system --no-create-home sallyport
chown -R root:sallyport /etc/sallyport
drop=/etc/systemd/system/sallyport.service.d; mkdir $drop
try() {
    echo "## $1" | tee -a /result/log
    sed "s/@/$2/" /etc/sallyport/template > /etc/sallyport/sallyport.conf
    { echo "[Service]"; echo StandardError=append:/result/log; echo "$3"; } \
        > $drop/try.conf
    systemctl daemon-reload; systemctl start sallyport
    systemctl show -p Result -p ExecMainStatus -p StatusText sallyport
    sallyportctl status && systemctl reload sallyport && echo reloaded
    systemctl stop sallyport; systemctl reset-failed sallyport 2> /dev/null
}
systemd-analyze verify --man=no sallyport.service || echo "## not well-formed"
key=/etc/sallyport/master.key
systemd-creds setup
systemd-creds encrypt --name=master --with-key=host $key $key.cred
try plain credential:master "LoadCredential=master:$key"
try sealed credential:master "LoadCredentialEncrypted=master:$key.cred"
try renamed credential:other "LoadCredentialEncrypted=other:$key.cred"
try none credential:master ""
try keyring keyring:NAME "KeyringMode=shared
PrivateUsers=no
ExecStartPre=/usr/bin/python3 /put-key NAME KEY"
try empty keyring:NAME-1 "KeyringMode=shared
PrivateUsers=no"
try shared keyring:NAME-2 "KeyringMode=shared
ExecStartPre=-/usr/bin/python3 /put-key NAME-2 KEY"
try users keyring:NAME-3 "PrivateUsers=no
ExecStartPre=-/usr/bin/python3 /put-key NAME-3 KEY"
try file master.key ""
try other other.key ""
"""


def steps(text):
    """{name: its lines} of what try() marks."""
    found = {}
    for part in text.split("## ")[1:]:
        name, _, rest = part.partition("\n")
        found[name] = rest
    return found


def case_systemd_master_key(env):
    """The key is the same from wherever it comes; where it is not, the service
    does not start and says what the unit needs."""
    machine = Machine(env)
    machine.install(env.program("sallyportd"), "/usr/sbin/sallyportd")
    machine.install(env.program("sallyportctl"), "/usr/bin/sallyportctl")
    machine.install(os.path.join(env.sources, "conf", "sallyport.service"),
                    "/etc/systemd/system/sallyport.service")
    key, name = secrets.token_hex(32), f"sallyport-{os.getpid()}"
    machine.write("/etc/sallyport/template", CONFIGURATION)
    machine.write("/etc/sallyport/master.key", key + "\n", mode=0o640)
    machine.write("/etc/sallyport/other.key", secrets.token_hex(32) + "\n",
                  mode=0o640)
    machine.write("/put-key", PUT_KEY)
    said = machine.run(SCRIPT.replace("NAME", name).replace("KEY", key))
    log = machine.result("log")
    check(key not in said + log, "the key was told")
    said, log = steps(said), steps(log)
    check("not well-formed" not in said, "systemd-analyze finds fault with it")
    for step in ("plain", "sealed", "keyring", "file", "other"):
        check("Result=success" in said[step] and "reloaded" in said[step] and
              "event=ready" in log[step] and "event=stopped" in log[step],
              f"{step}: {said[step]}{log[step]}")
        check(("event=master_key_changed" in log[step]) == (step == "other"),
              f"{step}: {log[step]}")
    for step, words in (("none", "LoadCredential= of master"),
                        ("renamed", ""),
                        ("empty", "no key of this name"),
                        ("shared", "no key of this name"),
                        ("users", "no key of this name")):
        check("Result=success" not in said[step] and words in log[step] and
              "event=ready" not in log[step],
              f"{step}: {said[step]}{log[step]}")


case_systemd_master_key.seconds = 60
# Where a container may mount nothing, no systemd starts in it.
case_systemd_master_key.long_only = True
