"""SLURM's own daemons on this machine: a controller and two nodes of one CPU core each.

They need the programs slurmctld, slurmd and munged (Debian: slurmctld, slurmd, slurm-client,
munge), run as the user of the tests and keep all of their files in one folder.
"""

import getpass
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "scontrol", "squeue", "scancel")
NODES = ("n1", "n2")
SILENT_S = 10
"""Seconds after which the controller takes a node that does not answer for lost."""
CONFIGURATION = """\
ClusterName=gridjax
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_min_interval=0,bf_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmdTimeout={silent_s}
ReturnToService=2
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1
PartitionName=low Nodes=ALL Default=YES PriorityTier=1
PartitionName=high Nodes=ALL PriorityTier=10
"""


def is_installed():
    return all(shutil.which(program) for program in PROGRAMS)


class SlurmDaemons:
    """A cluster of two nodes; its commands are run by :meth:`command`."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf")}
        self.started = {}
        for name in ("state", *(f"spool-{node}" for node in NODES)):
            (folder / name).mkdir(parents=True)
        words = {"host": socket.gethostname(), "user": getpass.getuser(), "silent_s": SILENT_S}
        text = CONFIGURATION.format(folder=folder, ports=free_ports(3), **words)
        (folder / "slurm.conf").write_text(text)
        key = folder / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        files = {"socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        options = [f"--{name}={folder}/munge.{end}" for name, end in files.items()]
        self.start("munged", "--foreground", "--force", f"--key-file={key}", *options)
        wait_for((folder / "munge.socket").exists, "munged", 30)
        self.start("slurmctld", "-D", "-c")
        for node in NODES:
            self.start_node(node)
        wait_for(lambda: self.command("sinfo", "-h", "-o", "%T") == "idle", "idle nodes", 60)

    def start(self, *words, name=None):
        log = (self.folder / f"{name or words[0]}.out").open("a")
        with log:
            self.started[name or words[0]] = subprocess.Popen(
                words, env=os.environ | self.environment, stdout=log, stderr=log
            )

    def start_node(self, node):
        self.start("slurmd", "-D", "-N", node, name=node)

    def kill_node(self, node):
        """Kill the daemon of a node and all processes of its jobs, as a loss of power does."""
        self.started[node].kill()
        self.started[node].wait()
        pids = processes_on(node)
        for pid in [*{parent(pid) for pid in pids if is_step(parent(pid))}, *pids]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def command(self, *words):
        """Return what a command of SLURM prints, or an empty text if it fails."""
        done = subprocess.run(
            words, env=os.environ | self.environment, capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    def submit(self, *words):
        """Submit a job; return its number."""
        return self.command("sbatch", "--parsable", *map(str, words))

    def tasks(self):
        """Return the state of each task in the queue: ``{"1_2": "RUNNING"}``."""
        lines = self.command("squeue", "-h", "-r", "-o", "%i %T").splitlines()
        return dict(line.split() for line in lines)

    def start_pending(self):
        """Start what waits for the two minutes after which SLURM starts a requeued task."""
        for task, state in self.tasks().items():
            if state == "PENDING":
                self.command("scontrol", "update", f"JobId={task}", "StartTime=now")

    def close(self):
        self.command("scancel", "--user", getpass.getuser())
        with suppress(TimeoutError):
            wait_for(lambda: not self.tasks(), "the end of all jobs", 60)
        for process in reversed(self.started.values()):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def free_ports(n):
    """Return ports that nothing uses now."""
    sockets = [socket.socket() for _ in range(n)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def processes_on(node):
    """Return the processes of jobs on a node, by a variable that they inherit."""
    entry = f"SLURMD_NODENAME={node}".encode()
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid for pid in pids if entry in read(pid, "environ").split(b"\0")]


def parent(pid):
    """Return the parent of a process, 1 if it has ended."""
    found = re.search(rb"^PPid:\s*(\d+)", read(pid, "status"), re.MULTILINE)
    return int(found[1]) if found else 1


def is_step(pid):
    """Return whether a process is SLURM's own for a step of a job."""
    return read(pid, "cmdline").startswith(b"slurmstepd")


def read(pid, name):
    """Return a file of a process, nothing if it has ended."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def wait_for(condition, what, seconds):
    """Wait until a condition holds; raise TimeoutError if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.2)
