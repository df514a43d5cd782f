# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine whose first process is systemd, in namespaces of this one: its
files over those of this machine, in memory, with a network, processes and
control groups of its own."""
import os
import shutil

from .peer import Failed, Missing, run

SYSTEMD = "/lib/systemd/systemd"

# $0 is the room: files/ is what the machine has beside what is here, result/
# what it leaves. Its control groups are taken away again.
OUTER = """
set -e
fs=$0/fs; mkdir "$fs"; mount -t tmpfs none "$fs"; cd "$fs"
mkdir cg up work root; mount -t cgroup2 none cg
mount -t overlay none -o lowerdir=/,upperdir=up,workdir=work root
cp -a "$0/files/." root/
mkdir root/result; mount --bind "$0/result" root/result
mkdir "cg/sallyport-$$"; echo $$ > "cg/sallyport-$$/cgroup.procs"
echo made > "$0/result/made"
timeout --signal=KILL "$3" unshare --cgroup --pid --ipc --uts --net --mount \
    --fork --kill-child sh -c "$1" root "$2" || true
echo $$ > cg/cgroup.procs
find "cg/sallyport-$$" -depth -type d -exec rmdir {} +
"""

# systemd hands mounts to its services, so they are shared from here on.
INNER = """
set -e
cd "$0"
mount -t proc proc proc; mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for at in run tmp dev; do mount -t tmpfs none $at; done
for at in null zero full random urandom tty console; do touch dev/$at; done
for at in null zero full random urandom tty; do
    mount --bind /dev/$at dev/$at
done
mount --bind result/console dev/console
mkdir dev/pts dev/shm; ln -s pts/ptmx dev/ptmx
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs none dev/shm
mkdir old; pivot_root . old; umount -l old; mount --make-rshared /
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    "$1" --system --log-target=console --show-status=no --unit=try.target
"""

TARGET = "[Unit]\nWants=try.service\n"
SERVICE = """[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
StandardOutput=append:/result/said
StandardError=append:/result/said
ExecStart=/bin/sh /try
ExecStopPost=/bin/systemctl exit --force
"""


class Machine:
    def __init__(self, env):
        env.need("unshare", "systemctl")
        if os.geteuid() != 0 or not os.path.exists(SYSTEMD):
            raise Missing(f"this needs root and {SYSTEMD}")
        self.room = os.path.join(env.directory, "machine")
        for folder in ("files", "result"):
            os.makedirs(os.path.join(self.room, folder))
        self.write("/result/console", "", "")
        self.write("/etc/systemd/system/try.target", TARGET)
        self.write("/etc/systemd/system/try.service", SERVICE)

    def write(self, path, text, folder="files", mode=0o644):
        """A file of the machine."""
        path = os.path.join(self.room, folder, path.lstrip("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)

    def install(self, source, path):
        """One of the files that are built, or of the sources."""
        to = os.path.join(self.room, "files", path.lstrip("/"))
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copy(source, to)

    def result(self, name):
        """What it has written to /result/NAME."""
        path = os.path.join(self.room, "result", name)
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def run(self, script, seconds=40):
        """Starts it, runs the script of a shell in it, and stops it. What the
        script said."""
        self.write("/try", script)
        _, out, why = run(["unshare", "--mount", "--propagation", "private",
                           "sh", "-c", OUTER, self.room, INNER, SYSTEMD,
                           str(seconds)], seconds + 10)
        if not self.result("made"):
            raise Missing(f"no such namespaces here: {why.strip()}")
        if not self.result("said"):
            raise Failed(f"systemd did not get there: {out}{why}"
                         f"{self.result('console')}")
        return self.result("said")
