"""Several processes and threads on one run folder: one writer, and readers of whole blocks."""

import json
import subprocess
import sys
import threading

import pytest
from torture.conftest import printed
from torture.sweeps import N_NETWORKS, promised, tortured

import gridjax as gj
from gridjax.io.folder_lock import locked
from gridjax.run.storage.integrity import verify
from gridjax.run.storage.manifest import MANIFEST
from gridjax.run.storage.run_folder import FolderStore
from gridjax.run.storage.status import status
from gridjax.run.storage.tables.schema import TABLES

N_PROCESSES, N_TURNS = 4, 5
TAKE_TURNS = """
import json, os, sys, time
from pathlib import Path
from gridjax.errors import GridjaxError
from gridjax.io.folder_lock import locked
folder, turns, refused = Path(sys.argv[1]), 0, set()
while turns < int(sys.argv[2]):
    try:
        with locked(folder):
            count = int((folder / "count").read_text())
            time.sleep(0.02)
            (folder / "count").write_text(str(count + 1))
            turns += 1
        time.sleep(0.01)
    except GridjaxError as error:
        refused.add(str(error).partition("(process ")[2].partition(" on ")[0])
print(json.dumps({"pid": os.getpid(), "refused": sorted(refused)}))
"""
HOLD = """
import sys, time
from pathlib import Path
from gridjax.io.folder_lock import locked
with locked(Path(sys.argv[1])):
    print("{}", flush=True)
    time.sleep(600)
"""


def start(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)


def test_four_processes_write_one_at_a_time(tmp_path):
    (tmp_path / "count").write_text("0")
    processes = [start(TAKE_TURNS, tmp_path, N_TURNS) for _ in range(N_PROCESSES)]
    lines = [json.loads(process.communicate()[0]) for process in processes]
    assert (tmp_path / "count").read_text() == str(N_PROCESSES * N_TURNS)
    pids = {str(line["pid"]) for line in lines}
    assert len(pids) == N_PROCESSES
    assert pids.issuperset(pid for line in lines for pid in line["refused"] if pid)


def test_a_killed_writer_frees_the_folder_at_once(tmp_path):
    holder = start(HOLD, tmp_path)
    assert json.loads(holder.stdout.readline()) == {}
    waiting = [start(HOLD, tmp_path) for _ in range(N_PROCESSES - 1)]
    for process in waiting:
        _, refusal = process.communicate()
        assert f"is being written by another gridjax sweep (process {holder.pid} on " in refusal
    holder.kill()
    holder.communicate()
    with locked(tmp_path):
        pass


class Reader(threading.Thread):
    """Reads all of a run repeatedly while it is written."""

    def __init__(self, folder):
        super().__init__()
        self.folder, self.done = folder, threading.Event()
        self.states, self.n_rows, self.n_reads, self.error = set(), [], 0, None

    def run(self):
        try:
            while not self.done.is_set():
                if (self.folder / MANIFEST).exists():
                    self.read()
        except Exception as error:
            self.error = error

    def read(self):
        self.states.add(status(self.folder)["state"])
        verify(self.folder)
        store = FolderStore.open(self.folder)
        rows = [len(store.table(name)) for name in TABLES]
        self.n_rows.append(rows[0])
        self.n_reads += 1


def check_reader(reader):
    assert reader.error is None, reader.error
    assert "running" in reader.states
    assert reader.states <= {"running", "finished", "stopped"}
    assert reader.n_rows == sorted(reader.n_rows)
    assert set(reader.n_rows) <= {0, 2, 4, N_NETWORKS}  # blocks of four and of two networks
    assert reader.n_reads > 5


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_reader_of_a_run_that_is_written_reads_whole_blocks(workers, quick_workers, tmp_path):
    quick_workers(tmp_path / "run")
    reader = Reader(tmp_path / "run")
    reader.start()
    gj.train(tortured(6), tmp_path / "run", workers=workers, checkpoint_every=0)
    reader.done.set()
    reader.join()
    check_reader(reader)


@pytest.mark.slow
def test_of_several_runs_that_start_in_one_folder_one_trains(untouched, victim, tmp_path):
    folder = tmp_path / "run"
    processes = [victim(folder, 6) for _ in range(3)]
    for process in processes:
        (last,) = [line for line in printed(process) if "points" in line or "error" in line]
        if process.returncode == 0:
            continue
        assert process.returncode == 2
        assert "is being written by another gridjax sweep" in last["error"]
    assert 0 in [process.returncode for process in processes]
    assert promised(folder) == promised(untouched(6))
    verify(folder)
