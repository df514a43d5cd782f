# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that tells what happens as lines of JSON and takes commands as
lines."""
import json

from .peer import Failed, Peer, wait_until


class Talker(Peer):
    def start(self, ready='"ready"', seconds=60.0):
        return super().start(ready, seconds)

    def events(self, what, since=0):
        with self.condition:
            lines = self.lines[since:]
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [e for e in found if e["event"] == what]

    def mark(self):
        with self.condition:
            return len(self.lines)

    def wait(self, what, hold, seconds=10.0, since=0):
        """The first event of this name that `hold` is true for."""
        return wait_until(
            f"{what} at {self.name}",
            lambda: next((e for e in self.events(what, since) if hold(e)),
                         None), seconds)

    def ask(self, line, seconds=20.0):
        """One command, and the answer to it."""
        mark = self.mark()
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        got = wait_until(f"an answer to {line}", lambda: (
            self.events("answer", mark) + self.events("failed", mark)),
            seconds)[0]
        if got["event"] == "failed":
            raise Failed(f"{self.name}: {got['why']}")
        return got
