# SPDX-License-Identifier: GPL-3.0-or-later
"""A clean system of the running Debian release, in a chroot: what debootstrap
makes of the archive that this machine uses, and nothing else."""
import fcntl
import os
import re
import shutil
import subprocess
import tempfile

from .peer import Failed, Missing, run

# What lies in a mount of its own and goes with the process that made it.
SETUP = """mount --rbind /proc "$0/proc" && mount --rbind /dev "$0/dev" &&
           exec chroot "$0" "$@" """


def codename():
    with open("/etc/os-release", encoding="utf-8") as f:
        found = re.search(r'^VERSION_CODENAME="?(\w+)', f.read(), re.M)
    if not found or not shutil.which("apt-get"):
        raise Missing("this is no Debian with a code name")
    return found.group(1)


def archive(release):
    """The machine's own entries for the release: [(suite, URI, keyring)]."""
    code, out, why = run([
        "apt-get", "--no-release-info", "indextargets", "--format",
        "$(RELEASE)|$(COMPONENT)|$(REPO_URI)|$(SIGNED_BY)",
        "Created-By: Packages"])
    suites = (release, release + "-updates", release + "-security")
    found = {}
    for line in out.splitlines():
        suite, component, uri, keyring = line.split("|")
        if suite in suites and component == "main":
            found[suite] = (uri, keyring if keyring.startswith("/") else None)
    if code != 0 or release not in found:
        raise Missing(f"apt knows no archive of {release}: {why.strip()}")
    return [(suite, *found[suite]) for suite in suites if suite in found]


def apt_settings():
    """How this machine reaches the archive: proxies, and what it checks."""
    _, out, _ = run(["apt-config", "dump"])
    return "\n".join(line for line in out.splitlines()
                     if re.match(r"Acquire::(https?|Check-|AllowInsecure)",
                                 line)) + "\n"


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def make_base(base):
    """Bootstraps into `base`. What fails here is the machine's or the
    network's, not the gateway's."""
    release = codename()
    entries = archive(release)
    fresh = base + ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    _, uri, keyring = entries[0]
    argv = ["debootstrap", "--variant=minbase"]
    argv += [f"--keyring={keyring}"] if keyring else []
    try:
        code, out, why = run([*argv, release, fresh, uri], 500)
    except Failed as e:
        raise Missing(str(e)) from None
    if code != 0:
        tail = (out + why).strip().splitlines()[-3:]
        raise Missing(f"debootstrap ended with {code}: {' / '.join(tail)}")
    lines = ""
    for suite, uri, keyring in entries:
        option = f"[signed-by={keyring}] " if keyring else ""
        lines += f"deb {option}{uri} {suite} main\n"
        if keyring:
            os.makedirs(fresh + os.path.dirname(keyring), exist_ok=True)
            shutil.copy(keyring, fresh + keyring)
    write(fresh + "/etc/apt/sources.list", lines)
    write(fresh + "/etc/apt/apt.conf.d/99machine", apt_settings())
    os.rename(fresh, base)


def base_for(build):
    """The bootstrapped system, made once for a build directory."""
    base = os.path.join(build, "chroot-" + codename())
    with open(base + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(base):
            make_base(base)
    return base


class Chroot:
    """A copy to spoil. It lies in the build directory, since the gateway
    refuses to keep readings in memory, where /tmp may be."""

    def __init__(self, build):
        if os.geteuid() != 0:
            raise Missing("a chroot needs root")
        for program in ("debootstrap", "unshare", "setpriv"):
            if not shutil.which(program):
                raise Missing(f"no program {program}")
        base = base_for(build)
        self.room = tempfile.mkdtemp(prefix="chroot-run-", dir=build)
        self.root = os.path.join(self.room, "root")
        subprocess.run(["cp", "-a", base, self.root], check=True)
        for name in ("hosts", "resolv.conf", "ssl/certs/ca-certificates.crt"):
            if os.path.exists("/etc/" + name):
                path = self.path("/etc/" + name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                shutil.copy("/etc/" + name, path)

    def path(self, inside):
        """Where a file of the chroot is from outside."""
        return self.root + inside

    def argv(self, *argv, user=None):
        """A command as it must be written to run in there."""
        if user:
            argv = ("setpriv", f"--reuid={user}", f"--regid={user}",
                    "--init-groups", "--no-new-privs", *argv)
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                SETUP, self.root, *map(str, argv)]

    def run(self, *argv, user=None, seconds=120.0, text=None):
        """Runs it to its end: (exit code, stdout, stderr)."""
        keep = ("http_proxy", "https_proxy", "no_proxy")
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
            **{k: v for k, v in os.environ.items() if k.lower() in keep}}
        return run(self.argv(*argv, user=user), seconds, text,
                   environment=environment)

    def service(self, unit):
        """What runs the service of this unit file, by its rules."""
        python, script = "/usr/bin/python3", os.path.join(
            os.path.dirname(os.path.abspath(__file__)), "service.py")
        code, _, why = run([python, "-c", "import seccomp"])
        if code != 0 or not shutil.which("systemd-analyze"):
            raise Missing("python3-seccomp and systemd are needed, to run a "
                          "service as its unit says")
        return ["unshare", "--mount", "--propagation", "private", python,
                script, self.path(unit), self.root]

    def files(self):
        """Every path of its own, but what programs write as they go."""
        skip = {"proc", "dev", "sys", "tmp", "run", "var/log", "var/cache",
                "var/lib/apt", "var/lib/dpkg"}
        found = set()
        for folder, folders, names in os.walk(self.root):
            inside = os.path.relpath(folder, self.root)
            folders[:] = [d for d in folders
                          if os.path.normpath(f"{inside}/{d}") not in skip]
            found.update(os.path.normpath(f"/{inside}/{n}")
                         for n in folders + names)
        return found

    def close(self):
        shutil.rmtree(self.room, ignore_errors=True)
