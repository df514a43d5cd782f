# SPDX-License-Identifier: GPL-3.0-or-later
"""New sensors by sallyportctl enroll, and their servers by what it writes."""
import base64
import hmac
import json
import os
import stat

from lib import maps
from lib.peer import check, run
from lib.pki import Authority, Pair

def prepared(env, uri):
    """A gateway's files with one sensor of their own, and a template."""
    g = env.gateway(uri)
    g.coap_sensor("first", "127.0.0.21", [maps.temperature("coap/temp")])
    g.write_configuration()
    return g


def template(g, text, name="template"):
    path = os.path.join(g.root, name)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return path


def table(count, first=0):
    rows = [f"s{n},S-{n},unit-{n}" for n in range(first, first + count)]
    return "id,serial,endpoint\n" + "\n".join(rows) + "\n"


def settings(account):
    """What each new entry has besides its id."""
    return """
    authenticate = ( { method = "password"; username = "{id}"; } );
    maps = ( { topic = "coap/temp"; put = ( { to = "/3303/0/5700"; } ); } );
    accounts = ( { %s } );
""" % account


def files_below(root):
    return sorted(os.path.join(d, f) for d, _, names in os.walk(root)
                  for f in names)


def lines(path):
    check(stat.S_IMODE(os.stat(path).st_mode) == 0o600,
          f"{path} can be read by others")
    with open(path, encoding="ascii") as f:
        return f.read().splitlines()


def leshan_takes(leshan, path):
    for line in lines(path):
        got = leshan.rest("PUT", "/security/clients", json.loads(line))
        check("error" not in got, f"Leshan refused {line}: {got}")


def case_enroll(env):
    """Ten sensors of a table and one entry that lacked its key: all are at
    Leshan with what was written for it. Pre-shared keys."""
    leshan = env.leshan().start()
    g = prepared(env, leshan.uri)
    os.unlink(os.path.join(g.root, "keys", "first.psk"))
    out = os.path.join(g.root, "out")
    os.mkdir(out)
    t = template(g, settings('server = "cloud"; '
                              'key_file = "../keys/{id}.psk";'))
    code, said, error = g.ctl("enroll", "-t", t, "-o", out, "-",
                              text=table(10) + "first,,\n")
    check(code == 0 and "11 sensors: 10 entries and 11 key files" in said,
          f"{said}{error}")
    leshan_takes(leshan, os.path.join(out, "cloud.leshan.jsonl"))
    rows = lines(os.path.join(out, "cloud.csv"))
    check(len(rows) == 12 and len({r.split(",")[3] for r in rows}) == 12,
          "a key for each")
    # What start() writes would put the old key back.
    g.write_configuration = lambda: None
    g.start()
    for n in range(10):
        leshan.wait_registered(f"unit-{n}", 40)
    leshan.wait_registered(g.endpoint("first"), 40)


def case_enroll_raw_keys(env):
    """A raw key is one that OpenSSL reads, and its public half is told."""
    peer = Pair(env.directory, "peer")
    server = env.server({})
    g = prepared(env, server.uri)
    out = os.path.join(g.root, "out")
    os.mkdir(out)
    t = template(g, settings(
        'server = "cloud"; mode = "rpk"; key_file = "../keys/{id}.key"; '
        f'server_key_file = "{peer.public}";'))
    code, _, error = g.ctl("enroll", "-t", t, "-o", out, "raw", "raw2")
    check(code == 0, error)
    rows = [r.split(",") for r in lines(os.path.join(out, "cloud.csv"))[1:]]
    check([r[0] for r in rows] == ['"gw-raw"', '"gw-raw2"'], f"{rows}")
    for name in ("raw", "raw2"):
        path = os.path.join(g.root, "keys", f"{name}.key")
        code, text, error = run(["openssl", "pkey", "-in", path, "-pubout"])
        check(code == 0, f"openssl does not read {path}: {error}")
        spki = base64.b64decode("".join(text.splitlines()[1:-1])).hex()
        check(spki in [r[4] for r in rows], "not the public half")


def fleet_line(path, digits="5a" * 32):
    with open(path, "w", encoding="ascii") as f:
        f.write(digits + "\n")
    os.chmod(path, 0o600)
    return path


def hkdf(key, info, length):
    """RFC 5869 with SHA-256 and without a salt, one block."""
    root = hmac.digest(bytes(32), key, "sha256")
    return hmac.digest(root, info.encode() + b"\1", "sha256")[:length]


def case_enroll_fleet(env):
    """Keys of a fleet's secret: who has it knows them without the gateway, and
    the gateway has only its own."""
    leshan = env.leshan().start()
    g = prepared(env, leshan.uri)
    secret = fleet_line(os.path.join(env.directory, "fleet"))
    key = os.path.join(g.root, "gateway.fleet")
    code, said, error = g.ctl("fleet", secret, "gw", key)
    check(code == 0 and said == "", f"{said}{error}")
    check(g.ctl("fleet", secret, "gw", key)[0] == 1, "it was written over")
    for name in ("", "g w", "gw\n"):
        code, _, error = g.ctl("fleet", secret, name, key + "2")
        check(code == 1 and "name" in error and
              not os.path.exists(key + "2"), f"{name!r}: exit {code}: {error}")
    account = 'server = "cloud"; key_file = "../keys/{id}.psk";'
    t = template(g, settings(account))
    code, _, error = g.ctl("enroll", "-t", t, "-f", key, "a", "b")
    check(code == 1 and "factory = true" in error, f"not marked: {error}")
    t = template(g, settings(account + " factory = true;"))
    code, _, error = g.ctl("enroll", "-t", t, "-f", key, "a", "b")
    check(code == 0, error)
    own = hkdf(bytes.fromhex("5a" * 32), "gateway gw", 32)
    check(lines(key) == [own.hex()], "the gateway's key")
    for name in ("a", "b"):
        psk = hkdf(own, f"psk cloud gw-{name}", 16)
        check(lines(os.path.join(g.root, "keys", f"{name}.psk")) ==
              [psk.hex()], f"the key of {name}")
        leshan.add_psk(f"gw-{name}", psk.hex())
    g.write_configuration = lambda: None
    g.start()
    for name in ("a", "b"):
        leshan.wait_registered(f"gw-{name}", 40)
        check(any(e["event"] == "factory_keys" and e["sensor"] == name
                  for e in g.events()), f"{name} said nothing of its keys")


def case_enroll_certificates(env):
    """Certificates by the gateway's own authority, whose root the server
    trusts: OpenSSL follows them, and Leshan registers their sensors."""
    root = Authority(env.directory, "root")
    plant = Authority(env.directory, "plant", root)
    peer = root.sign(Pair(env.directory, "peer"), "/CN=localhost",
                     "DNS:localhost,IP:127.0.0.1")
    leshan = env.leshan(identity=peer.certificate_options(root)).start()
    g = prepared(env, leshan.uri)
    t = template(g, settings(
        'server = "cloud"; mode = "x509"; key_file = "../keys/{id}.key"; '
        'certificate_file = "../keys/{id}.crt"; '
        f'server_key_file = "{root.certificate}"; '
        'certificate_usage = "anchor";'))
    code, _, error = g.ctl("enroll", "-t", t, "-c", plant.certificate, "-k",
                           peer.key, "a")
    check(code == 1 and "a.crt" in error, f"with another's key: {error}")
    code, _, error = g.ctl("enroll", "-t", t, "-c", plant.certificate, "-k",
                           plant.key, "a", "b")
    check(code == 0, error)
    for name in ("a", "b"):
        path = os.path.join(g.root, "keys", f"{name}.crt")
        code, said, error = run(
            ["openssl", "verify", "-x509_strict", "-purpose", "sslclient",
             "-CAfile", root.certificate, "-untrusted", plant.certificate,
             path])
        check(code == 0, f"openssl: {said}{error}")
        code, said, _ = run(["openssl", "x509", "-in", path, "-noout",
                             "-subject", "-issuer"])
        check(f"gw-{name}" in said and "plant" in said, said)
        code, said, _ = run(["openssl", "verify", "-purpose", "sslserver",
                             "-CAfile", root.certificate, "-untrusted",
                             plant.certificate, path])
        check(code != 0, "it would do for a server")
        leshan.add_certificate(f"gw-{name}")
    g.write_configuration = lambda: None
    g.start()
    for name in ("a", "b"):
        leshan.wait_registered(f"gw-{name}", 40)


def case_enroll_service(env):
    """Where the folder of the keys gives them its group, that is the service's,
    which may read them; what a server is told is for nobody else. A table that
    a spreadsheet marked as UTF-8 is read."""
    g = prepared(env, "coaps://127.0.0.1:1")
    t = template(g, settings('server = "cloud"; '
                              'key_file = "../keys/{id}.psk";'))
    keys, out = (os.path.join(g.root, name) for name in ("keys", "out"))
    os.mkdir(out)
    code, _, error = g.ctl("enroll", "-t", t, "a")
    check(code == 0, error)
    os.chmod(keys, 0o2750)
    code, _, error = g.ctl("enroll", "-t", t, "-o", out, "-",
                           text="\ufeffid\r\nb\r\n")
    check(code == 0, error)
    modes = [stat.S_IMODE(os.stat(os.path.join(*path)).st_mode) for path in (
        (keys, "a.psk"), (keys, "b.psk"), (out, "cloud.csv"))]
    check(modes == [0o600, 0o640, 0o600], [oct(m) for m in modes])


def case_enroll_refused(env):
    """Bad input changes nothing and says where it is."""
    g = prepared(env, "coaps://127.0.0.1:1")
    good = template(g, settings('server = "cloud"; '
                                 'key_file = "../keys/{id}.psk";'))
    bad = template(g, 'profile = "none";\n', "bad")
    broken = template(g, "profile = \n", "broken")
    nowhere = template(g, settings('server = "cloud"; '
                                    'key_file = "../no/{id}.psk";'), "nowhere")
    short = fleet_line(os.path.join(g.root, "short"), "5a" * 31)
    before = files_below(g.root)
    for arguments, text, status, words in (
            ((), None, 2, "usage"),
            (("-t", good), None, 2, "usage"),
            (("-x", "1", "a"), None, 2, "usage"),
            (("-t",), None, 2, "usage"),
            (("-c", good, "a"), None, 2, "usage"),
            (("-k", good, "a"), None, 2, "usage"),
            (("-f", "/nonexistent", "a"), None, 1, "/nonexistent"),
            (("-f", short, "a"), None, 1, "32 bytes, as 64 hexadecimal"),
            (("-c", good, "-k", good, "a"), None, 1, "expected certificates"),
            (("-t", "/nonexistent", "a"), None, 1, "/nonexistent"),
            (("-t", bad, "a"), None, 1, "sensors.d/a.conf:3: profile"),
            (("-t", broken, "a"), None, 1, "sensors.d/a.conf"),
            (("-t", nowhere, "a", "b"), None, 1, "no/a.psk"),
            (("-t", good, "../a"), None, 1, "id"),
            (("-t", good, "a b"), None, 1, "id"),
            (("-t", good, "a", "a"), None, 1, "a"),
            (("-t", good, "-o", "/nonexistent", "a"), None, 1, "/nonexistent"),
            (("-t", good, "-"), "", 1, "standard input:1"),
            (("-t", good, "-"), "name\nx\n", 1, "standard input:1"),
            (("-t", good, "-"), "id\n", 1, "expected a sensor"),
            (("-t", good, "-"), "id,serial\na,1\nb\n", 1, "standard input:3"),
            (("-t", good, "-"), "id,serial\n,1\n", 1, "standard input:2"),
            (("-t", good, "-"), 'id,serial\na,"1"\n', 1, "standard input:2"),
            (("-t", good, "-"), "id,seriall\na,1\n", 1, "seriall"),
            (("-t", good, "-"), "id,a b\na,1\n", 1, "standard input:1"),
            (("-t", good, "-"), "id,\na,1\n", 1, "standard input:1"),
            (("-t", good, "-"), "id\na\nb\0\nc\n", 1, "zero byte"),
            (("-t", good, "-"), "id\nfirst\nfirst\n", 1, "first: is named"),
            (("-t", good, "a", "-o", "b"), None, 2, "usage"),
            (("-t", bad, "a"), None, 1, "nothing was written"),
            (("-t", good, "-"), "id\n" + "a" * 70 + "\n", 1, "id")):
        code, _, error = g.ctl("enroll", *arguments, text=text)
        check(code == status and words in error,
              f"{arguments} {text!r}: exit {code}, {error}")
        check(files_below(g.root) == before, f"{arguments} left files")
