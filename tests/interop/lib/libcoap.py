# SPDX-License-Identifier: GPL-3.0-or-later
"""libcoap's example server: Debian's own, and a newer one that knows OSCORE,
which get-libcoap fetches."""
import os
import re

from . import net
from .oracle import tcp_port_open, udp_port_bound
from .peer import Missing, Peer, check, run, wait_until

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def newer_libcoap(program):
    """The path of its "server" or "client"; fetches them if needed."""
    where = os.environ.get("SALLYPORT_LIBCOAP_DIR",
                           os.path.join(HERE, "..", "..", ".deps", "libcoap"))
    code, _, why = run([os.path.join(HERE, "get-libcoap"), where], 300)
    if code != 0:
        raise Missing(why.strip().splitlines()[-1] if why else "get-libcoap")
    return os.path.join(os.path.abspath(where), f"coap-{program}")


def version(program):
    _, out, why = run([program, "-h"])
    return (out + why).split(" v", 1)[1].split()[0]


class Libcoap(Peer):
    def __init__(self, env, program, over, more):
        env.need(program)
        self.secure = over.endswith(("TLS", "1.2"))
        self.bound = (tcp_port_open if over in ("TCP", "TLS")
                      else udp_port_bound)
        port = net.free_pair()
        self.port = port + self.secure
        super().__init__("libcoap", [
            program, "-A", "127.0.0.1", "-p", str(port), "-d", "10", "-v", "7",
            *more], env.directory)

    def start(self, *_):
        super().start()
        wait_until("libcoap's port", lambda: self.bound(self.port))
        return self

    def restart(self):
        self.kill()
        self.start()


def check_protected(lines):
    """Whatever libcoap received or sent carried OSCORE, below DTLS or not;
    returns how many messages that were."""
    count, wire = 0, False
    for line in lines:
        wire = wire or " netif: " in line
        if not line.startswith("v:") or not wire:
            continue
        wire = False
        if re.search(r" c:(0\.00|[A-Z]+) ", line) and "Oscore" not in line \
                and not re.search(r" c:(GET|PUT|POST|FETCH) ", line):
            continue  # empty, or signalling as in CSM
        check("Oscore:" in line, f"without protection: {line}")
        count += 1
    return count
