# SPDX-License-Identifier: GPL-3.0-or-later
"""Thousands of sensors in one daemon; ten thousand with --long."""
import os
import sys

from lib.peer import check, wait_until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.dirname(os.path.abspath(__file__)))), "bench"))

from gateways import Sallyport  # noqa: E402

BAD = ("console_too_slow", "order_lost", "no_bus", "no_descriptor",
       "too_few_descriptors")


def supervisor_descriptors(site):
    return len(os.listdir(f"/proc/{site.gateway.pid}/fd"))


def limited(env, files):
    """A wrapper that allows so many open files, and no right to raise that."""
    env.need("prlimit", "setpriv")
    return ("prlimit", f"--nofile={files}:{files}", "setpriv",
            "--bounding-set=-sys_resource", "--inh-caps=-sys_resource", "--")


def case_thousands(env):
    """300 sensors, 10,000 with --long: all register, every reading is
    acknowledged and seen upstream, the console lists each of them, and no
    process needs more than one descriptor for each."""
    count = 10000 if env.long else 300
    env.program("tests/bench/load")
    site = Sallyport(env, count, wrap=limited(env, count + 100))
    site.gateway.group["gateway"]["memory_limit_mb"] = 64 + count // 16
    site.start(200).connect()
    row = site.run(2000, 3 * count / 2000)
    check(row["published"] == row["acknowledged"] and row["lost"] == 0,
          f"{row['published']} published, {row['acknowledged']} acknowledged, "
          f"{row['seen']} upstream")
    held = supervisor_descriptors(site)
    check(held < 100, f"the supervisor holds {held} descriptors")
    sensors = site.gateway.ctl_json("sensors")
    names = {s["id"] for s in sensors if "id" in s}
    check(names == {f"s{n}" for n in range(count)},
          f"{len(names)} of {count} sensors listed")
    for s in sensors:
        if "id" in s:
            check(s["messages"] > 0 and s["online"] and
                  s["accounts"][0]["state"] == "registered" and
                  s["accounts"][0]["delivered"] > 0, f"{s}")
    told = [e for e in site.gateway.events() if e["event"] in BAD]
    check(not told, f"{told[:3]}")
    site.gateway.stop(30)


case_thousands.long_seconds = 280


def case_few_descriptors(env):
    """A limit of open files that is too low for the sensors is told at start,
    by each door, with what to change; where it is hit, once more."""
    count, limit = 100, 90
    site = Sallyport(env, count, wrap=limited(env, limit))
    site.server.start()
    site.gateway.start()
    told = [e for e in site.gateway.events()
            if e["event"] == "too_few_descriptors"]
    check({e["role"] for e in told} == {"outer", "inner"}, f"told: {told}")
    check(all(e["limit"] == str(limit) and "LimitNOFILE=" in e["why"]
              for e in told), f"told: {told}")
    wait_until("a socket that cannot be had", lambda: any(
        e["event"] == "no_descriptor" and e["role"] == "inner"
        for e in site.gateway.events()), 20)
    site.gateway.stop(30)
