# SPDX-License-Identifier: GPL-3.0-or-later
"""What a case is given: where things are, and a place whose contents are
stopped and closed when the case is over, however it ends."""
import os
import shutil
import sys
import tempfile

from . import aiocoap, coap, leshan, mqtt, net, shim
from .gateway import Gateway
from .peer import Missing, Peer
from .relay import Relay
from .server import Server


class Env:
    """One case's world. Everything started through it is ended by close()."""

    def __init__(self, build, sources, long=False, keep=False):
        self.build, self.sources = build, sources
        self.long, self.keep = long, keep
        self.harness = os.path.dirname(os.path.dirname(
            os.path.abspath(__file__)))
        self.peers, self.closers = [], []
        base = os.environ.get("TMPDIR", "/tmp")
        self.directory = tempfile.mkdtemp(prefix="sallyport-", dir=base)
        os.chmod(self.directory, 0o755)

    def add(self, peer):
        self.peers.append(peer)
        return peer

    def closing(self, thing):
        """Calls thing.close() at the end of the case."""
        self.closers.append(thing)
        return thing

    def program(self, name):
        """A program of the build; the case is skipped if it is not built."""
        path = os.path.join(self.build, name)
        if not os.access(path, os.X_OK):
            path = os.path.join(self.build, "tests", "server", name)
        if not os.access(path, os.X_OK):
            raise Missing(f"no {name} in {self.build}")
        return path

    def need(self, *programs):
        for name in programs:
            if not shutil.which(name):
                raise Missing(f"no program {name}")

    # ---- peers

    def gateway(self, server_uri, **more):
        return self.add(Gateway(os.path.dirname(self.program("sallyportd")),
                                self.sources, self.directory, server_uri,
                                **more))

    def server(self, keys=None, name="server"):
        return self.add(Server(self.program("sallyport-server"),
                               self.directory,
                               os.path.join(self.sources, "conf", "objects"),
                               keys, name))

    def leshan(self, **more):
        return self.add(leshan.Leshan(self.directory, **more))

    def aiocoap(self, keys, **more):
        return self.add(aiocoap.Aiocoap(self.directory, keys, **more))

    def leshan_oscore(self, *arguments):
        return self.add(leshan.LeshanOscore(self.directory, *arguments))

    def leshan_bootstrap(self, **more):
        return self.add(leshan.LeshanBootstrap(self.directory, **more))

    def leshan_client(self, *arguments, **more):
        return self.add(leshan.LeshanClient(self.directory, *arguments, **more))

    def peer(self, name, argv, **more):
        return self.add(Peer(name, argv, self.directory, **more))

    def mosquitto_sub(self, port, topics, user=None, password=None, **more):
        self.need("mosquitto_sub", "stdbuf")
        return self.add(mqtt.MosquittoSub(self.directory, "127.0.0.1", port,
                                          topics, user, password, **more))

    def coap_sensor(self, address, port=5683):
        return self.closing(coap.Sensor(address, port))

    def relay(self, port, **more):
        return self.closing(Relay(("127.0.0.1", port), **more))

    def shim(self):
        return self.closing(shim.Shim(self.build, self.directory))

    def namespaces(self):
        self.need("ip")
        return self.closing(net.Namespaces())

    # ---- the end

    def close(self, failed=False):
        for peer in reversed(self.peers):
            peer.kill()
        for thing in reversed(self.closers):
            thing.close()
        if self.keep or (failed and os.environ.get("SALLYPORT_KEEP")):
            print(f"     kept {self.directory}", file=sys.stderr)
        else:
            shutil.rmtree(self.directory, ignore_errors=True)

    def tails(self):
        """The end of every peer's output, for a failed case."""
        return "\n".join(f"---- {p.name}\n{p.tail()}" for p in self.peers)
