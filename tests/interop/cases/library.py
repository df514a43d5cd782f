# SPDX-License-Identifier: GPL-3.0-or-later
"""The library as somebody else's program has it: installed, found with
pkg-config, compiled against with the example that comes with it."""
import glob
import os
import shutil

from lib.peer import Peer, check, run
from lib.pki import Pair

KEY = "00112233445566778899aabbccddeeff"
SECRET = "ffeeddccbbaa99887766554433221100"


def install(env):
    """Where it is, and the environment in which it is found."""
    root = os.path.join(env.directory, "root")
    code, _, error = run(["make", "-C", env.build, "install-exec",
                          "install-data", "DESTDIR=" + root], 300)
    check(code == 0, f"make install: {error[-500:]}")
    found = glob.glob(root + "/**/pkgconfig/sallyport.pc", recursive=True)
    check(len(found) == 1, f"not one sallyport.pc in {root}: {found}")
    folder = os.path.dirname(found[0])
    return dict(os.environ, PKG_CONFIG_PATH=folder,
                PKG_CONFIG_SYSROOT_DIR=root,
                LD_LIBRARY_PATH=os.path.dirname(folder)), root


def write(place, name, content):
    with open(os.path.join(place, name), "wb") as f:
        f.write(content)


def case_library_example(env):
    """The example compiles against the installed library alone, and one and
    the same program registers, answers and sends with each account."""
    env.need("make", "pkg-config", "cc")
    settings, root = install(env)
    place = os.path.join(env.directory, "example")
    shutil.copytree(os.path.join(env.sources, "doc", "example"), place)
    code, _, error = run(["make", "-C", place], 120, environment=settings)
    check(code == 0 and "warning" not in error, f"make: {error}")
    for header in glob.glob(root + "/**/include/sallyport/**/*.h",
                            recursive=True):
        if header.endswith("_state.h"):
            continue  # the inside of another one, as its first lines say
        code, _, error = run(["cc", "-std=c11", "-fsyntax-only", "-I",
                              header[:header.index("/sallyport/") + 10],
                              header], 60)
        check(code == 0, f"{header} does not stand alone: {error}")
    own, peer = Pair(place, "own"), Pair(place, "peer")
    write(place, "psk", bytes.fromhex(KEY))
    code, _, error = run([os.path.join(place, "device")], environment=settings)
    check(code == 2 and "usage" in error, f"exit {code}: {error}")
    write(place, "secret", bytes.fromhex(SECRET))
    server = env.server({"device-psk": KEY})
    server.protect(key=peer, raw={"device-rpk": own}, oscore={
        "device-oscore": {"sender_id": "01", "recipient_id": "02",
                          "secret": SECRET}})
    server.start()
    for name, uri, account in (
            ("nosec", server.plain_uri, ["mode=nosec"]),
            ("psk", server.uri, ["mode=psk", "identity=device-psk",
                                 "key_file=psk"]),
            ("rpk", server.uri, ["mode=rpk", "key_file=own.key.der",
                                 "server_key_file=peer.pub.der"]),
            ("oscore", f"coap://127.0.0.1:{server.oscore_port}",
             ["mode=nosec", "oscore=1", "secret_file=secret", "sender_id=01",
              "recipient_id=02"])):
        endpoint = "device-" + name
        device = env.add(Peer(endpoint, [os.path.join(place, "device"), uri,
                                         endpoint, *account], place,
                              environment=settings))
        device.start("sent: success", 20)
        came = server.wait_registered(endpoint)
        check(came["secure"] == {"nosec": "none",
                                 "oscore": "none"}.get(name, name)
              and came.get("oscore", 0) == (name == "oscore"),
              f"{name}: it came in as {came}")
        server.wait_record(endpoint, "/3303/0/5700", 21.5)
        answer = server.ask("read", endpoint, "/3303/0/5700")
        check("21.5" in str(answer), f"{name}: read gave {answer}")
        device.stop()
        server.wait_event("deregister", lambda e: e["ep"] == endpoint)
