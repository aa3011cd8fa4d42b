"""A Ray cluster of several nodes on this machine, and the runs on it."""

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from torture.conftest import IN_WORKERS, TESTS, is_alive, wait_until

ACTOR = b"ray::RayWorker"


class Nodes:
    """A cluster; its head has no CPU, and each other node has one."""

    def __init__(self, **head):
        from ray.cluster_utils import Cluster

        head |= {"num_cpus": 0, "include_dashboard": False}
        self.cluster = in_time(lambda: Cluster(initialize_head=True, head_node_args=head))
        self.nodes = []

    @property
    def address(self):
        return self.cluster.address

    def add(self, **environment):
        """Add a node with one CPU; ``environment`` are variables of its processes."""
        node = in_time(lambda: self.cluster.add_node(num_cpus=1, env_vars=environment or None))
        self.nodes.append(node)
        return node

    def remove(self, node):
        """Kill all processes of a node."""
        self.nodes.remove(node)
        self.cluster.remove_node(node, allow_graceful=False)

    def actors(self):
        """Return the processes of the actors of this cluster."""
        raylets = {self._raylet(node) for node in self.nodes}
        return [pid for pid in _pids() if _name(pid).startswith(ACTOR) and _parent(pid) in raylets]

    def actors_of(self, node):
        """Return the processes of the actors on one node."""
        raylet = self._raylet(node)
        return [pid for pid in self.actors() if _parent(pid) == raylet]

    def close(self):
        self.cluster.shutdown()

    @staticmethod
    def _raylet(node):
        return node.all_processes["raylet"][0].process.pid


class RayRun:
    """The process of a run on a cluster."""

    def __init__(self, folder, n_steps, address, *accept):
        self.n_steps, self.remarks, self.last = 0, [], {}
        environment = os.environ | {"PYTHONPATH": python_path()}
        command = [sys.executable, "-m", "torture.ray_victim", folder, n_steps, address]
        command += accept
        self.process = subprocess.Popen(
            [*map(str, command)], stdout=subprocess.PIPE, env=environment, text=True
        )
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            if line.endswith("}\n"):
                self.last = json.loads(line)
                self.n_steps += self.last.get("steps", 0)
                if "remark" in self.last:
                    self.remarks.append(self.last["remark"])

    def wait(self, seconds=900.0):
        """Wait for the end; return the exit code."""
        wait_until(lambda: self.process.poll() is not None, seconds)
        self.reader.join()
        return self.process.returncode

    def told(self, text):
        """Return the remarks that contain a text."""
        return [remark for remark in self.remarks if text in remark]

    def end(self):
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()


def in_time(start):
    """Start a part of a cluster, again if the machine is too busy for the time limits of Ray."""
    for _ in range(4):
        try:
            return start()
        except Exception as error:
            if "timed out" not in str(error):
                raise
            last = error
    raise last


def python_path():
    """Return the path with which processes of a cluster find the tests and this package."""
    return os.pathsep.join([str(IN_WORKERS), str(TESTS), str(TESTS.parent)])


def workers_of_actors(pids):
    """Return the worker processes of actors."""
    return [pid for pid in _pids() if _parent(pid) in set(pids) and b"worker_process" in _name(pid)]


def _pids():
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _name(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _parent(pid):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[1]) if is_alive(pid) else 0
