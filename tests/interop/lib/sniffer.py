# SPDX-License-Identifier: GPL-3.0-or-later
"""A third one that listens: tshark on a port of loopback, given the keys."""
import os
import signal

from .peer import Missing, run


class Sniffer:
    def __init__(self, env, port, stream):
        env.need("tshark", "dumpcap")
        self.kind = "tcp" if stream else "udp"
        self.port = port
        self.file = os.path.join(env.directory, "wire.pcapng")
        self.peer = env.peer("dumpcap", [
            "dumpcap", "-q", "-i", "lo", "-f", f"{self.kind} port {port}",
            "-w", self.file])
        self.peer.start()
        if not self._ready():
            raise Missing(f"dumpcap: {self.peer.tail(3)}")

    def _ready(self):
        try:
            self.peer.wait_line("File:", 10)
        except Exception:
            return False
        return True

    def queries(self, *keys):
        """Ends it, and gives what tshark finds of Uri-Query options with these
        preferences."""
        os.kill(self.peer.pid, signal.SIGINT)
        self.peer.wait(10)
        under = "tls" if self.kind == "tcp" else "dtls"
        code, out, why = run([
            "tshark", "-r", self.file, "-d", f"{self.kind}.port=={self.port},"
            f"{under}", "-d", f"{under}.port=={self.port},coap",
            *[word for key in keys for word in ("-o", key)],
            "-T", "fields", "-e", "coap.opt.uri_query"], 60)
        if code != 0:
            raise Missing(f"tshark: {why.strip()[-300:]}")
        return out
