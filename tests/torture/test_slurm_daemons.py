"""The job array under SLURM's own daemons: cancelled, preempted, out of time, a node lost."""

import os
import shlex
import stat
import sys

import pytest
from commands import QUICKLY, in_this_process
from tiny import CARTESIAN, sweep_content, write_sweep
from torture import slurm_daemons
from torture.slurm_daemons import SILENT_S, SlurmDaemons, wait_for
from torture.sweeps import promised

import gridjax as gj
from gridjax.run.storage.integrity import verify
from gridjax.run.storage.status import status

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not slurm_daemons.is_installed(),
        reason=f"needs SLURM's daemons: {', '.join(slurm_daemons.PROGRAMS)}",
    ),
]
SHORT, LONG = 60_000, 300_000
"""Gradient steps of each network; the long ones of a part train for more than a minute."""
OPTIONS = ("--parts", 2, "--workers", 1, "--checkpoint-every", 0)


@pytest.fixture
def slurm(tmp_path):
    cluster = SlurmDaemons(tmp_path / "slurm")
    yield cluster
    cluster.close()


@pytest.fixture
def sweep(tmp_path, monkeypatch, request):
    """Return a folder with a sweep of four networks; ``gridjax`` evaluates them in no time."""
    program = tmp_path / "bin" / "gridjax"
    program.parent.mkdir()
    words = [sys.executable, "-c", QUICKLY + "from gridjax.cli import main; main()"]
    program.write_text(f'#!/bin/bash\nexec {shlex.join(words)} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", os.pathsep.join([str(program.parent), os.environ["PATH"]]))
    monkeypatch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    parameters = {
        "n_grad_steps_per_epoch": {"value": getattr(request, "param", SHORT)},
        "seed": {"values": [0, 1, 2, 3]},
    }
    content = sweep_content(**CARTESIAN | parameters)
    content["gridjax"] = content["gridjax"] | {"lane_width": 1}
    write_sweep(tmp_path, "sweep.yaml", content)
    return tmp_path


def script(folder, *options):
    done = in_this_process(
        folder, "sweep", "sweep.yaml", "--out", "run", *OPTIONS, "--print-slurm", *options
    )
    assert done.returncode == 0, done.stderr
    path = folder / "job.sh"
    path.write_text(done.stdout)
    return path


def submit(slurm, folder, *words):
    """Submit the array; return its number."""
    return slurm.submit(*words, "--chdir", folder, "--output", folder / "task-%a.log", "job.sh")


def wait_for_checkpoints(run, parts):
    """Wait until each of the parts, such as [1, 2], has saved a network in training."""

    def have_saved():
        if not (run / "manifest.json").exists():
            return False
        workers = [each for each in status(run)["workers"] if each["part"] in parts]
        blocks = {each["block"] for each in workers if each["block"]}
        saved = {path.parents[1].name for path in run.glob("checkpoints/*/*/checkpoint.json")}
        return len(workers) == len(parts) == len(blocks & saved)

    wait_for(have_saved, f"checkpoints of {parts}", 300)


def finish(slurm, folder, whole):
    """Wait for the end of all tasks; check their results against those of an undisturbed run."""

    def is_over():
        slurm.start_pending()
        return not slurm.tasks()

    wait_for(is_over, "the end of all tasks", 900)
    run = folder / "run"
    assert gj.open_run(run).is_finished, logs(folder)
    assert len(gj.open_run(run).networks) == 4
    verify(run)
    assert promised(run) == promised(whole)


def logs(folder):
    return "".join(path.read_text() for path in sorted(folder.glob("task-*.log")))


@pytest.fixture
def whole(sweep):
    """Return the folder of an undisturbed run of the same command."""
    done = in_this_process(sweep, "sweep", "sweep.yaml", "--out", "whole", "--workers", 1)
    assert done.returncode == 0, done.stderr
    return sweep / "whole"


def test_a_task_that_is_cancelled_does_not_run_again_and_the_others_go_on(slurm, sweep, whole):
    script(sweep)
    array = submit(slurm, sweep)
    wait_for_checkpoints(sweep / "run", ["1/2", "2/2"])
    cancelled, other = f"{array}_2", f"{array}_1"
    slurm.command("scancel", cancelled)
    wait_for(lambda: cancelled not in slurm.tasks(), "the end of the cancelled task", 60)
    wait_for(lambda: status(sweep / "run")["parts"]["running"] == [1], "the end of its part", 60)
    assert slurm.tasks() == {other: "RUNNING"}
    assert "stopped by SIGTERM" in logs(sweep)
    submit(slurm, sweep, "--array=2")  # as gridjax status says
    finish(slurm, sweep, whole)


@pytest.mark.parametrize("sweep", [LONG], indirect=True)
def test_a_task_at_its_time_limit_saves_and_is_put_into_the_queue_alone(slurm, sweep, whole):
    script(sweep, "--time", "3")
    array = submit(slurm, sweep)
    wait_for_checkpoints(sweep / "run", ["1/2", "2/2"])
    slurm.command("scontrol", "update", f"JobId={array}_1", "TimeLimit=UNLIMITED")
    wait_for(lambda: slurm.tasks().get(f"{array}_2") == "PENDING", "the requeued task", 300)
    assert slurm.tasks()[f"{array}_1"] == "RUNNING"
    assert "stopped by SIGUSR1" in logs(sweep)
    assert list((sweep / "run").glob("checkpoints/*/*/checkpoint.json"))
    slurm.command("scontrol", "update", f"JobId={array}_2", "TimeLimit=UNLIMITED")
    finish(slurm, sweep, whole)


def test_a_task_that_is_preempted_saves_and_is_put_into_the_queue_by_slurm(slurm, sweep, whole):
    script(sweep)
    array = submit(slurm, sweep)
    wait_for_checkpoints(sweep / "run", ["1/2", "2/2"])
    urgent = slurm.submit("--partition=high", "--output=/dev/null", "--wrap=sleep 20")
    wait_for(lambda: slurm.tasks().get(urgent) == "RUNNING", "the urgent job", 120)
    states = slurm.tasks()
    assert sorted(states[f"{array}_{n}"] for n in (1, 2)) == ["PENDING", "RUNNING"]
    assert logs(sweep).count("stopped by SIGTERM") == 1
    finish(slurm, sweep, whole)


def test_the_tasks_of_a_lost_node_are_run_again(slurm, sweep, whole):
    script(sweep)
    array = submit(slurm, sweep)
    wait_for_checkpoints(sweep / "run", ["1/2", "2/2"])
    slurm.kill_node("n1")
    wait_for(
        lambda: "PENDING" in [slurm.tasks().get(f"{array}_{n}") for n in (1, 2)],
        "the task of the lost node",
        10 * SILENT_S,
    )
    slurm.start_node("n1")
    finish(slurm, sweep, whole)
