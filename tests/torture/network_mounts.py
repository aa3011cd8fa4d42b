"""A folder seen by two hosts: two mounts over sshfs, each of which sees new files late.

Each mount remembers names, absent names and sizes for LATE_S seconds, as NFS does, and keeps its
file locks for itself. It needs sshfs, socat and the sftp-server of OpenSSH, and the right to mount.
"""

import shutil
import socket
import subprocess
import time
from pathlib import Path

LATE_S = 5
SERVER = "/usr/lib/openssh/sftp-server"
NAMES = ("host1", "host2")


def is_installed():
    programs = all(shutil.which(name) for name in ("sshfs", "socat", "fusermount3"))
    return programs and Path(SERVER).exists() and Path("/dev/fuse").exists()


class NetworkMounts:
    """Two mounts of the folder ``stored``; ``hosts`` are their paths."""

    def __init__(self, folder):
        self.stored = folder / "stored"
        self.stored.mkdir()
        self.hosts = [folder / name for name in NAMES]
        port = free_port()
        address = f"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr"
        self.server = subprocess.Popen(["socat", address, f"EXEC:{SERVER}"])
        time.sleep(1)
        names = ("entry_timeout", "negative_timeout", "attr_timeout")
        caches = [f"{name}={LATE_S}" for name in names]
        options = ",".join([f"directport={port}", "dir_cache=no", *caches])
        for host in self.hosts:
            host.mkdir()
            subprocess.run(["sshfs", "-o", options, f"localhost:{self.stored}", host], check=True)

    def close(self):
        for host in self.hosts:
            subprocess.run(["fusermount3", "-u", "-z", host], check=False)
        self.server.terminate()
        self.server.wait(20)


def free_port():
    """Return a port that nothing uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
