"""Reads files one after the other, each in a child of its own that is limited and watched.

Run as a script: a line of JSON with what to read comes in, a line of JSON with what became of it
goes out. The child may take 300 MB beside what Python and the imports take, does nothing but read,
and ends after ten seconds.
"""

import json
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

MEGABYTES = 300
_HANGS_AFTER = 10  # seconds
_NEVER = (
    *("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "subprocess.Popen"),
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.link", "os.symlink"),
    *("pickle.find_class", "socket.connect", "socket.bind", "shutil.rmtree", "ctypes.dlopen"),
)
"""What Python tells of (its audit events) and no reader of a file has any business to do."""


def watch(event, arguments):
    """End the child that would change or start anything: no except clause can hide it."""
    writes = False
    if event == "open":
        path, mode, _ = arguments
        writes = not isinstance(path, int) and bool(set(mode or "r") & set("wax+"))
    if writes or event in _NEVER:
        os.write(2, f"{event} {arguments!r}\n".encode())
        os._exit(99)


def status(name):
    """A number of /proc/self/status: bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith(f"{name}:")]
    return int(line.split()[1]) * 1024


def read(what, path):
    """Read a sweep file or a run's manifest: how it ended."""
    from gridjax.errors import GridjaxError
    from gridjax.study.manifest import read_manifest
    from gridjax.study.sweep import Sweep

    try:
        if what == "manifest":
            n_networks = len(read_manifest(Path(path))["run_ids"])
        else:
            n_networks = len(Sweep.from_yaml(path, skip_invalid=what == "skipping").specs)
        return {"outcome": "accepted", "networks": n_networks}
    except GridjaxError as error:
        problems = [
            {"message": problem.message, "fix": problem.fix, "text": str(problem)}
            | dict(zip(("file", "line", "column"), place_of(problem), strict=True))
            for problem in error.problems
        ]
        return {"outcome": "refused", "problems": problems}
    except BaseException:
        return {"outcome": "broken", "error": traceback.format_exc(limit=-6)}


def place_of(problem):
    """File, line and column of a problem; None for what it does not know."""
    place = problem.place
    return (place.file, place.line, place.column) if place else (None, None, None)


def child(what, path, pipe):
    """Read under the limits and tell the parent."""
    most = status("VmSize") + (MEGABYTES << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    signal.alarm(_HANGS_AFTER)
    sys.addaudithook(watch)
    before, began = status("VmRSS"), time.process_time()
    result = read(what, path)
    result["seconds"] = time.process_time() - began
    result["megabytes"] = max(0, status("VmHWM") - before) / 2**20
    with os.fdopen(pipe, "wb") as out:
        out.write(json.dumps(result).encode())


def in_a_child(what, path):
    """Read in a new process: its result, or how it was ended."""
    source, sink = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(source)
        try:
            child(what, path, sink)
        finally:
            os._exit(0)
    os.close(sink)
    with os.fdopen(source, "rb") as pipe:
        told = pipe.read()
    _, ended = os.waitpid(pid, 0)
    if told:
        return json.loads(told)
    code = os.waitstatus_to_exitcode(ended)
    why = {99: "it did what no reader may do", -signal.SIGALRM: f"no end in {_HANGS_AFTER} s"}
    error = why.get(code, f"ended with {code}")
    return {"outcome": "broken", "error": error, "seconds": 0.0, "megabytes": 0.0}


def main():
    """Serve until the input ends; imported before any child: what children need."""
    import scipy.special  # noqa: F401

    import gridjax.study.manifest
    import gridjax.study.sweep  # noqa: F401

    for line in sys.stdin:
        print(json.dumps(in_a_child(*json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
