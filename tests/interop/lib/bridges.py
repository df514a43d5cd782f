# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of (D)TLS that know nothing above it: what each decrypts, and how it
is made to say something back."""
import glob
import os
import shlex
import subprocess
import tarfile

from . import coap, net
from .oracle import tcp_port_open, udp_port_bound
from .peer import Missing, Peer, run, wait_until

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CSM = b"\x00\xe1"


def compiled(env, name, *arguments):
    """A program of ours that stands on somebody else's library."""
    program = os.path.join(env.directory, name + "-server")
    where = os.path.join(HERE, "peers")
    code, _, why = run(["cc", "-std=gnu11", "-O1", "-Wall", "-o", program,
                        os.path.join(where, name + ".c"),
                        os.path.join(where, "bridge.c"), *arguments], 60)
    if code != 0:
        raise Missing(f"{name}'s server was not compiled: "
                      f"{why.strip()[:300]}")
    return program


def package(name):
    code, out, _ = run(["pkg-config", "--cflags", "--libs", name])
    if code != 0:
        raise Missing(f"no package {name}")
    return shlex.split(out)


def wolfssl_arguments(env, *sources):
    where = os.path.join(env.sources, ".deps", "wolfssl")
    return ["-I" + os.path.join(where, "include"), *sources,
            os.path.join(where, "lib", "libwolfssl.a"), "-lm"]


class Oracle:
    """A server on a port of its own, `stream` or not. argv_of(seen) says how to
    run it so that what it decrypts is in the file `seen`; what is written to
    its standard input it says to the client."""

    def __init__(self, env, stream, argv_of=None, environment=None):
        self.env, self.stream, self.argv_of = env, stream, argv_of
        self.port = net.free_tcp_port() if stream else net.free_port()
        self.environment = environment
        self.starts, self.peer, self.seen = 0, None, None

    def start(self):
        self.starts += 1
        self.seen = os.path.join(self.env.directory,
                                 f"seen{self.port}-{self.starts}")
        argv = self.argv_of(self.seen)
        self.peer = self.env.add(Peer(
            f"{os.path.basename(argv[0])}-{self.port}-{self.starts}", argv,
            self.env.directory,
            environment={**os.environ, **(self.environment or {})}))
        self.peer.start()
        bound = tcp_port_open if self.stream else udp_port_bound
        wait_until(f"{self.peer.name}'s port",
                   lambda: bound(self.port) or not self.peer.alive(), 20)
        if self.stream:
            self.say(CSM)

    def say(self, data):
        self.peer.process.stdin.write(data)
        self.peer.process.stdin.flush()

    def leave(self):
        """Ends the session with a word, and the process: some would wait for
        another client."""
        self.peer.process.stdin.close()
        try:
            self.peer.process.wait(0.5)
        except subprocess.TimeoutExpired:
            self.peer.kill()

    def register(self):
        """Waits for a whole Register: a message as in coap.decode(). A stream
        begins with our CSM."""
        def whole():
            if not os.path.exists(self.seen):
                return None
            with open(self.seen, "rb") as f:
                data = f.read()
            found = (list(coap.frames(data)) if self.stream else
                     [coap.decode(data)] if data else [])
            if self.stream and found and found[0][1] != 0xe1:
                return None
            return next((m for m in found if m and m[1] >> 5 == 0), None)
        return wait_until("a decrypted Register", whole, 40, 0.05)

    def accept(self, message):
        """Says 2.01 to a Register."""
        _, _, mid, token, _, _ = message
        options = [(8, b"rd"), (8, b"a")]
        if self.stream:
            self.say(coap.frame(0x41, token, options))
        else:
            self.say(coap.encode(coap.ACK, 0x41, mid, token, options))


# ---- whose server it is

def openssl(env, stream, *arguments):
    """s_server, which is given the rest of its arguments."""
    env.need("openssl")
    oracle = Oracle(env, stream)
    oracle.argv_of = lambda seen: [
        "sh", "-c", 'out=$1; shift; exec "$@" >"$out"', "sh", seen, "openssl",
        "s_server", "-accept", f"127.0.0.1:{oracle.port}", "-quiet",
        *arguments]
    return oracle


def bridge(env, stream, program, *arguments):
    oracle = Oracle(env, stream)
    oracle.argv_of = lambda seen: [
        program, "over=" + ("tcp" if stream else "udp"),
        f"port={oracle.port}", f"seen={seen}", *arguments]
    return oracle


def gnutls(env, version, *arguments):
    program = compiled(env, "gnutls", *package("gnutls"))
    return bridge(env, True, program, f"version={version}", *arguments)


def mbedtls(env, stream, *arguments):
    program = compiled(env, "mbedtls", "-lmbedtls", "-lmbedx509",
                       "-lmbedcrypto")
    return bridge(env, stream, program, *arguments)


def nss(env, stream, version, *arguments):
    program = compiled(env, "nss", *package("nss"))
    return bridge(env, stream, program, f"version={version}", *arguments)


def nss_database(env, keys):
    """A directory with the server's certificate and the root that vouches for
    clients."""
    env.need("certutil", "pk12util")
    where = os.path.join(env.directory, "nss")
    bundle = os.path.join(env.directory, "server.p12")
    os.mkdir(where)
    for argv in (
            ["certutil", "-N", "-d", "sql:" + where, "--empty-password"],
            ["openssl", "pkcs12", "-export", "-inkey", keys.server.key, "-in",
             keys.chain, "-name", "server", "-passout", "pass:x", "-out",
             bundle],
            ["pk12util", "-i", bundle, "-d", "sql:" + where, "-W", "x", "-K",
             ""],
            ["certutil", "-A", "-d", "sql:" + where, "-n", "root", "-t",
             "CT,,", "-i", keys.root.certificate]):
        code, out, why = run(argv)
        if code != 0:
            raise Missing(f"{argv[0]} {argv[1]}: {out}{why}")
    return "sql:" + where


def wolfssl_raw(env, keys):
    program = compiled(env, "wolfssl", *wolfssl_arguments(env))
    return bridge(env, False, program, f"key={keys.server.key}",
                  f"chain={keys.server.path('pub.der')}",
                  f"raw={keys.client.path('pub.der')}")


def wolfssl_example(env):
    """The example server of the private wolfSSL's sources, built with it; it
    wants to stand where their directory of certificates is."""
    found = sorted(glob.glob(os.path.join(env.sources, ".deps", "src",
                                          "wolfssl_*.orig.tar.gz")))
    if not found:
        raise Missing("no sources of wolfSSL in .deps/src")
    wanted = ("examples/server/server.c", "examples/server/server.h",
              "wolfssl/test.h")
    with tarfile.open(found[-1]) as tar:
        for member in tar:
            name = member.name.partition("/")[2]
            if name in wanted:
                target = os.path.join(env.directory, name)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with open(target, "wb") as out:
                    out.write(tar.extractfile(member).read())
    os.mkdir(os.path.join(env.directory, "certs"))
    with open(os.path.join(env.directory, "certs", "dh2048.pem"), "wb"):
        pass
    program = os.path.join(env.directory, "wolfssl-server")
    options = os.path.join(env.sources, ".deps", "wolfssl", "include",
                           "wolfssl", "options.h")
    code, _, why = run(["cc", "-O1", "-w", "-include", options, "-I",
                        env.directory, "-o", program,
                        *wolfssl_arguments(env, os.path.join(
                            env.directory, wanted[0]))], 90)
    if code != 0:
        raise Missing(f"wolfSSL's server was not compiled: "
                      f"{why.strip()[:300]}")
    return program
