"""Reads files one after the other, each in a child of its own that is limited and watched.

Run as a script: a line of JSON with what to read comes in, a line of JSON with what became of it
goes out. The child may take 300 MB beside what Python and the imports take, does nothing but read,
and ends after ten seconds.
"""

import gc
import json
import os
import resource
import signal
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path

MEGABYTES = 300
HERE = "here.json"
"""Beside the manifest of a run: that of the sweep that would go on with it."""
_HANGS_AFTER = 10  # seconds
_NEVER = (
    *("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "subprocess.Popen"),
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.link", "os.symlink"),
    *("pickle.find_class", "socket.connect", "socket.bind", "shutil.rmtree", "ctypes.dlopen"),
)
"""What Python tells of (its audit events) and no reader of a file has any business to do."""
_NEEDED = (
    *(
        "scipy.special",
        "pandas",
        "pyarrow.dataset",
        "rich.box",
        "rich.table",
        "gridjax.sweep.sweep",
    ),
    *("gridjax.run.storage.status", "gridjax.run.storage.integrity"),
)
"""Imported before any child is made."""
OFF_LIMITS = "off-limits"
"""Name of a folder that no reader may look into."""
_LOOKS = ("open", "os.listdir", "os.scandir")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def watch(event, arguments):
    """End the child that would change or start anything: no except clause can hide it."""
    wrong = event in _NEVER
    if event in _LOOKS and not isinstance(arguments[0], int | None):
        mode, flags = (*arguments[1:], None, 0)[:2]
        writes = bool(set(mode or "r") & set("wax+")) or bool((flags or 0) & _WRITES)
        wrong = writes or OFF_LIMITS in os.path.realpath(os.fsdecode(arguments[0]))
    if wrong:
        os.write(2, f"{event} {arguments!r}\n".encode())
        os._exit(99)


def status(name):
    """A number of /proc/self/status: bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith(f"{name}:")]
    return int(line.split()[1]) * 1024


def read(what, path):
    """Read a sweep file or a run's folder: how it ended."""
    from gridjax.errors import GridjaxError
    from gridjax.sweep.sweep import Sweep

    try:
        if what == "run":
            n_networks = len(look_at_run(Path(path))["run_ids"])
        else:
            options = {"skip_invalid": what != "sweep", "first": 20 if what == "first" else None}
            n_networks = len(Sweep.from_yaml(path, **options).specs)
        return {"outcome": "accepted", "networks": n_networks}
    except GridjaxError as error:
        problems = [
            {"message": problem.message, "fix": problem.fix, "text": str(problem)}
            | dict(zip(("file", "line", "column"), place_of(problem), strict=True))
            for problem in error.problems
        ]
        return {"outcome": "refused", "problems": problems, "exit_code": error.exit_code}
    except BaseException:
        return {"outcome": "broken", "error": traceback.format_exc(limit=-6)}


def look_at_run(folder):
    """Do all that looks at a run folder without a device: its manifest."""
    from gridjax.io.atomic_files import load_checksummed_json
    from gridjax.run.storage.integrity import verify
    from gridjax.run.storage.resume_policy import ACCEPTABLE, merge_manifests
    from gridjax.run.storage.run_folder import FolderStore
    from gridjax.run.storage.status import status, status_lines, status_table

    store = FolderStore.open(folder)
    told = status(folder)
    status_lines(told)
    status_table(told)
    verify(folder)
    committed = store.committed()
    for run_id in committed:
        store.maps(run_id)
        store.weights(run_id)
    store.table("units")
    here = load_checksummed_json((folder / HERE).read_bytes())
    merge_manifests(store.manifest, here, folder, ACCEPTABLE, committed)
    merge_manifests(store.manifest, here, folder, (), committed)
    return store.manifest


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
    """Serve until the input ends."""
    for name in _NEEDED:
        import_module(name)
    gc.freeze()  # children need not copy what a collection would touch
    for line in sys.stdin:
        print(json.dumps(in_a_child(*json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
