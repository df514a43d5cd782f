#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a service in a chroot under the rules of its systemd unit, where there
is no systemd to do it: mounts, user, limits, capabilities, system calls. The
mount namespace is the caller's to make.

  lib/service.py UNITFILE ROOT

Debian's Python runs this, for its module `seccomp`."""
import ctypes
import os
import pwd
import re
import resource
import socket
import subprocess
import sys

import seccomp

PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_MDWE = 24, 38, 65
EPERM = 1


def read_unit(path):
    """{key: [values]} of the section Service, in the order of its lines."""
    unit, section = {}, ""
    with open(path, encoding="utf-8") as f:
        for line in f:
            line = line.strip()
            if line.startswith("["):
                section = line
            elif section == "[Service]" and "=" in line and line[0] != "#":
                key, value = line.split("=", 1)
                unit.setdefault(key, []).append(value)
    return unit


def syscall_groups():
    """{"@group": [members]} as systemd has them."""
    out = subprocess.run(["systemd-analyze", "syscall-filter"], check=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         encoding="utf-8").stdout
    groups, name = {}, None
    for line in out.splitlines():
        line = re.sub(r"\x1b\[[0-9;]*m", "", line)
        if line.startswith("@"):
            name = line.strip()
            groups[name] = []
        elif name and line.strip() and not line.strip().startswith("#"):
            groups[name].append(line.strip())
    return groups


def members(names, groups):
    found = set()
    for name in names:
        found |= members(groups[name], groups) if name in groups else {name}
    return found


def allowed_calls(lines):
    """The allow-list that the SystemCallFilter= lines come to."""
    groups, allowed = syscall_groups(), {"@default"}
    allowed = members(allowed, groups)
    for line in lines:
        if line.startswith("~"):
            allowed -= members(line[1:].split(), groups)
        else:
            allowed |= members(line.split(), groups)
    return allowed


def filter_of(unit):
    """Other calls fail with EPERM, sockets of other families too."""
    f = seccomp.SyscallFilter(seccomp.ERRNO(EPERM))
    allowed = allowed_calls(unit["SystemCallFilter"]) - {"socket"}
    for name in sorted(allowed):
        try:
            f.add_rule(seccomp.ALLOW, name)
        except (RuntimeError, ValueError, OSError):
            pass  # a call that this machine does not have
    for family in unit["RestrictAddressFamilies"][0].split():
        f.add_rule(seccomp.ALLOW, "socket",
                   seccomp.Arg(0, seccomp.EQ, int(getattr(socket, family))))
    return f


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def hide(unit, root):
    """ProtectSystem=strict, PrivateTmp, PrivateDevices and what the service
    may see of /proc: everything is read-only but the folders it asks for."""
    mount("--bind", root, root)
    for folder in ("var/lib/" + unit["StateDirectory"][0],
                   "run/" + unit["RuntimeDirectory"][0]):
        mount("--bind", f"{root}/{folder}", f"{root}/{folder}")
    mount("-t", "tmpfs", "none", root + "/tmp")
    mount("-t", "tmpfs", "none", root + "/dev")
    for device in ("null", "zero", "full", "random", "urandom"):
        open(f"{root}/dev/{device}", "w", encoding="ascii").close()
        mount("--bind", "/dev/" + device, f"{root}/dev/{device}")
    mount("-t", "proc", "-o", f"subset={unit['ProcSubset'][0]},"
          f"hidepid={unit['ProtectProc'][0]}", "none", root + "/proc")
    mount("-o", "remount,bind,ro", root)


def prctl(*arguments):
    return ctypes.CDLL(None, use_errno=True).prctl(*arguments, 0, 0, 0)


def main():
    unit, root = read_unit(sys.argv[1]), sys.argv[2]
    rules = filter_of(unit)
    hide(unit, root)
    os.chroot(root)
    os.chdir("/")
    user = pwd.getpwnam(unit["User"][0])
    for key, limit in (("LimitNOFILE", resource.RLIMIT_NOFILE),
                       ("LimitCORE", resource.RLIMIT_CORE)):
        number = int(unit[key][0])
        hard = resource.getrlimit(limit)[1]
        if hard != resource.RLIM_INFINITY:
            number = min(number, hard)
        resource.setrlimit(limit, (number, number))
    if unit["CapabilityBoundingSet"] == [""]:
        capability = 0
        while prctl(PR_CAPBSET_DROP, capability) == 0:
            capability += 1
    os.umask(int(unit["UMask"][0], 8))
    os.setgroups([user.pw_gid])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    if unit["MemoryDenyWriteExecute"] == ["yes"]:
        prctl(PR_SET_MDWE, 1)  # kernels before 6.3 have none
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    rules.load()
    argv = unit["ExecStart"][0].split()
    os.execv(argv[0], argv)


if __name__ == "__main__":
    main()
