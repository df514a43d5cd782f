# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that a case starts: logged to a file, never left behind.

A Peer is started once, may be stopped and started again, and is ended when
its Env closes or the interpreter exits, whichever comes first. Everything is
done by process id; a peer is its own process group, so its children go too.
"""
import atexit
import os
import signal
import subprocess
import threading
import time

_running = set()


class Missing(Exception):
    """This machine lacks something: the case is skipped, or fails in CI."""


class Failed(Exception):
    """A check did not hold."""


def check(condition, why):
    """Fails the case with `why` unless `condition` holds."""
    if not condition:
        raise Failed(why)


def wait_until(what, condition, seconds=10.0, every=0.02):
    """Polls `condition` until it gives something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise Failed(f"waited {seconds:g} s in vain for {what}")
        time.sleep(every)


def _end_all():
    for peer in list(_running):
        peer.kill()


atexit.register(_end_all)


class Peer:
    """One process. `name` names its log; `line` hooks get every output line."""

    def __init__(self, name, argv, directory, cwd=None, environment=None,
                 merge=True):
        self.name = name
        self.argv = [str(a) for a in argv]
        self.log_path = os.path.join(directory, name + ".log")
        self.cwd = cwd or directory
        self.environment = environment
        self.merge = merge
        self.process = None
        self.lines = []
        self.condition = threading.Condition()
        self.readers = []

    def start(self, ready=None, seconds=30.0):
        """Starts it and waits for a line that holds `ready`, if given."""
        mark = len(self.lines)
        try:
            self.process = subprocess.Popen(
                self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if self.merge else subprocess.PIPE,
                cwd=self.cwd, env=self.environment, start_new_session=True)
        except FileNotFoundError as e:
            raise Missing(f"no program {e.filename}") from None
        _running.add(self)
        streams = [self.process.stdout]
        if not self.merge:
            streams.append(self.process.stderr)
        self.readers = [threading.Thread(target=self._read, args=(s,),
                                         daemon=True) for s in streams]
        for reader in self.readers:
            reader.start()
        if ready is not None:
            self.wait_line(ready, seconds, since=mark)
        return self

    def _read(self, stream):
        with open(self.log_path, "ab") as log:
            for raw in stream:
                log.write(raw)
                log.flush()
                text = raw.decode("utf-8", "replace").rstrip("\n")
                with self.condition:
                    self.lines.append(text)
                    self.condition.notify_all()
                self.on_line(text)

    def on_line(self, text):
        """For those who parse output; runs on the reader's thread."""

    def wait_line(self, part, seconds=10.0, since=0):
        """The first line from `since` on that holds `part` (or for which the
        function `part` is true)."""
        fits = part if callable(part) else lambda line: part in line
        end = time.monotonic() + seconds
        at = since
        with self.condition:
            while True:
                while at < len(self.lines):
                    if fits(self.lines[at]):
                        return self.lines[at]
                    at += 1
                if self.process.poll() is not None and not self._reading():
                    raise Failed(f"{self.name} ended with "
                                 f"{self.process.returncode} before it said "
                                 f"{part!r}")
                left = end - time.monotonic()
                if left <= 0:
                    raise Failed(f"{self.name} did not say {part!r} in "
                                 f"{seconds:g} s")
                self.condition.wait(min(left, 0.2))

    def _reading(self):
        return any(r.is_alive() for r in self.readers)

    def write(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def wait(self, seconds=10.0):
        """Waits for its end and returns the exit code."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} did not end in {seconds:g} s") from None
        for reader in self.readers:
            reader.join(2)
        _running.discard(self)
        return code

    def stop(self, seconds=10.0):
        """Asks it to end (SIGTERM) and returns the exit code."""
        if self.alive():
            os.kill(self.pid, signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        """Ends it at once, with all that it started."""
        if self.process is None:
            return
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            pass
        try:
            self.process.stdin.close()
        except OSError:
            pass
        _running.discard(self)

    def tail(self, count=25):
        return "\n".join(self.lines[-count:])


def run(argv, seconds=20.0, text=None, cwd=None, environment=None):
    """Runs a command to its end: (exit code, stdout, stderr) as text."""
    try:
        done = subprocess.run([str(a) for a in argv], timeout=seconds,
                              input=text if text is not None else "",
                              capture_output=True, text=True,
                              errors="replace", cwd=cwd, env=environment)
    except FileNotFoundError as e:
        raise Missing(f"no program {e.filename}") from None
    except subprocess.TimeoutExpired:
        raise Failed(f"{argv[0]} did not end in {seconds:g} s") from None
    return done.returncode, done.stdout, done.stderr
