# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix of peers and mechanisms: cells that run side by side, one line for
each, and a table of them all.

A case gives its cells to run(). Each is a function of (env, cell) that calls
cell.did(step) for what it has seen work, and has to do all of the case's steps.
What came out is written where SALLYPORT_MATRIX names a directory, from which
tests/interop/run puts the tables of all cases together.
"""
import copy
import json
import os
import threading
import time
import traceback

from .peer import Failed, Missing, check

HOW = ("PSK", "RPK", "X.509", "OSCORE", "none")
MARKS = {"passed": "yes", "failed": "FAILED", "skipped": "skipped"}


class Cell:
    """One peer and one way to protect what is said to it. `over` is what is
    below CoAP, as in "DTLS 1.2"; `ours`: there is no peer but wolfSSL, which we
    use ourselves, so it proves less and is counted apart."""

    def __init__(self, peer, over, how, function, ours=False):
        self.peer, self.over, self.how, self.ours = peer, over, how, ours
        self.function = function
        self.steps, self.notes = [], []
        self.verdict, self.why, self.seconds = "failed", "", 0.0

    @property
    def name(self):
        return f"{self.peer}, {self.over}, {self.how}"

    def did(self, step):
        if step not in self.steps:
            self.steps.append(step)

    def note(self, text):
        """Goes into the cell's line: a figure, a suite."""
        self.notes.append(text)

    def line(self):
        told = "; ".join([", ".join(self.steps)] * bool(self.steps) +
                         self.notes + [self.why] * bool(self.why))
        return (f"     {MARKS[self.verdict]:7} {self.name} "
                f"({self.seconds:.1f} s): {told}")

    def row(self):
        return {k: getattr(self, k) for k in (
            "peer", "over", "how", "ours", "verdict", "steps", "why")}


class Together:
    """Cells that share a peer: once all of them wait here, `action` is done by
    one of them, and each goes on with what it gave."""

    def __init__(self, parties, action):
        self.parties, self.action, self.waiting = parties, action, 0
        self.condition, self.done, self.result = threading.Condition(), False, 0

    def meet(self):
        with self.condition:
            self.waiting += 1
            self._go_on()
            check(self.condition.wait_for(lambda: self.done, 60),
                  "the cells beside this one never came that far")
            return self.result

    def leave(self):
        """For each at its end, however it ends: nobody waits for it."""
        with self.condition:
            self.parties -= 1
            self.waiting -= self.done
            self._go_on()

    def _go_on(self):
        if not self.done and self.waiting >= self.parties > 0:
            self.result, self.done = self.action(), True
            self.condition.notify_all()


def part_of(env, number):
    """A case's world for one cell alone: its own directory and peers."""
    part = copy.copy(env)
    part.peers, part.closers = [], []
    part.directory = os.path.join(env.directory, f"cell{number}")
    os.mkdir(part.directory)
    os.chmod(part.directory, 0o755)
    return part


def end(part):
    for peer in reversed(part.peers):
        peer.kill()
    for thing in reversed(part.closers):
        thing.close()


def run_cell(env, cell, number, steps, told):
    started, part = time.monotonic(), part_of(env, number)
    tails = ""
    try:
        cell.function(part, cell)
        missed = [s for s in steps if s not in cell.steps]
        check(not missed, f"it did not do: {', '.join(missed)}")
        cell.verdict = "passed"
    except Missing as e:
        cell.verdict = ("failed" if os.environ.get("CI") == "true"
                        else "skipped")
        cell.why = f"missing: {e}"
    except Failed as e:
        cell.why, tails = str(e), part.tails()
    except Exception as e:  # a fault of the cell itself is a failure, too
        cell.why = f"{type(e).__name__}: {e}"
        tails = traceback.format_exc() + part.tails()
    finally:
        end(part)
    cell.seconds = time.monotonic() - started
    lines = [cell.line(), *(line[:300] for line in tails.splitlines())]
    with told:
        print("\n".join(lines), flush=True)


def run(env, case, cells, steps, threads=6):
    """Runs all cells, that many at a time, in their order; then prints the
    table. Fails if one failed, is Missing if all were skipped."""
    waiting, told = list(enumerate(cells)), threading.Lock()

    def work():
        while waiting:
            try:
                number, cell = waiting.pop(0)
            except IndexError:
                return
            run_cell(env, cell, number, steps, told)
    workers = [threading.Thread(target=work, daemon=True)
               for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    rows = [cell.row() for cell in cells]
    keep(case, rows, steps)
    print(table(rows), flush=True)
    bad = [c.name for c in cells if c.verdict == "failed"]
    check(not bad, f"{len(bad)} of {len(cells)} cells failed: "
                   f"{'; '.join(bad)}")
    if all(c.verdict == "skipped" for c in cells):
        raise Missing("every cell's peer: " + cells[0].why)


# ---- what came out

def keep(case, rows, steps):
    where = os.environ.get("SALLYPORT_MATRIX")
    if where:
        with open(os.path.join(where, case + ".json"), "w",
                  encoding="utf-8") as f:
            json.dump({"steps": list(steps), "rows": rows}, f)


def kept(where):
    """What all cases left there: [(case, rows, steps)]."""
    found = []
    for name in sorted(os.listdir(where)):
        with open(os.path.join(where, name), encoding="utf-8") as f:
            got = json.load(f)
        found.append((name[:-len(".json")], got["rows"], got["steps"]))
    return found


def mark(rows, peer, over, how):
    found = [r for r in rows if (r["peer"], r["over"], r["how"]) ==
             (peer, over, how)]
    if not found:
        return ""
    return MARKS[found[0]["verdict"]] + (" (own)" if found[0]["ours"] else "")


def grid(rows):
    """The table's lines, the first one its heads; a row for each peer and what
    is below CoAP, a column for each credential."""
    hows = [h for h in HOW if any(r["how"] == h for r in rows)]
    hows += sorted({r["how"] for r in rows} - set(hows))
    pairs = sorted({(r["ours"], r["peer"], r["over"]) for r in rows})
    lines = [["peer", "over", *hows]]
    for _, peer, over in pairs:
        lines.append([peer, over, *(mark(rows, peer, over, h) for h in hows)])
    return lines


def counts(rows):
    def count(some):
        passed = sum(r["verdict"] == "passed" for r in some)
        skipped = sum(r["verdict"] == "skipped" for r in some)
        return (f"{passed} of {len(some)} cells passed" +
                (f", {skipped} skipped" if skipped else ""))
    others = [r for r in rows if not r["ours"]]
    own = [r for r in rows if r["ours"]]
    text = f"against software of others: {count(others)}"
    return text + (f"; against wolfSSL's own only: {count(own)}" if own else "")


def table(rows):
    """As text, for a terminal."""
    lines = grid(rows)
    width = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = ["     " + "  ".join(w.ljust(n) for w, n in
                                zip(line, width)).rstrip()
            for line in lines]
    return "\n".join([*text, "     " + counts(rows)])


def markdown(found):
    """doc/interop.md, of what kept() gave."""
    out = ["# Interoperability", "",
           "Written by `tests/interop/run --matrix doc/interop.md`, which runs "
           "each cell;\nCI runs them, too. A cell that says \"(own)\" has no "
           "peer but wolfSSL, which\nSallyport uses itself, and is counted "
           "apart."]
    for _, rows, steps in found:
        lines = grid(rows)
        out += ["", "Each cell: " + ", ".join(steps) + ".", ""]
        out += ["| " + " | ".join(line) + " |" for line in lines[:1]]
        out += ["|" + "---|" * len(lines[0])]
        out += ["| " + " | ".join(line) + " |" for line in lines[1:]]
    every = [row for _, rows, _ in found for row in rows]
    return "\n".join([*out, "", "That is: " + counts(every) + ".", ""])
