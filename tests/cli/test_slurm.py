"""The printed script of a SLURM job array, run under bash without SLURM."""

import os
import shlex
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import QUICKLY, in_this_process
from tiny import CARTESIAN, sweep_content, write_sweep

import gridjax as gj
from gridjax.cli.shared.slurm import script_of_this_command
from gridjax.errors import GridjaxError
from gridjax.run.execution.job_arrays.slurm_script import slurm_script, without_options
from gridjax.run.storage.status import status

STUB = """#!/bin/bash
exec {python} -c {program} "$@"
"""
SCONTROL = """#!/bin/bash
echo "$@" >> {log}
"""
PROGRAM = QUICKLY + "from gridjax.cli import main; main()"
SAVER = """
import pathlib, signal, sys, time
def stop(number, frame):
    pathlib.Path("signals").open("a").write(signal.Signals(number).name + "\\n")
    sys.exit(75)
for name in ("SIGUSR1", "SIGTERM"):
    signal.signal(getattr(signal, name), stop)
pathlib.Path("started").touch()
time.sleep(60)
"""
"""A program that saves on a signal, as gridjax does."""


def executable(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A folder with a space in its name, with ``gridjax`` and ``scontrol`` on the path."""
    folder = tmp_path / "my folder"
    folder.mkdir()
    words = {"python": shlex.quote(sys.executable), "program": shlex.quote(PROGRAM)}
    executable(tmp_path / "bin dir" / "gridjax", STUB.format(**words))
    log = shlex.quote(str(tmp_path / "requeued"))
    executable(tmp_path / "bin dir" / "scontrol", SCONTROL.format(log=log))
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "bin dir"), os.environ["PATH"]]))
    return folder


def task(script, number):
    """Start the script as a task of an array."""
    variables = {"SLURM_ARRAY_JOB_ID": "417", "SLURM_ARRAY_TASK_ID": str(number)}
    environment = os.environ | variables | {"SLURM_JOB_ID": "417"}
    pipe = subprocess.PIPE
    command = ["bash", str(script)]
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)


def printed(folder, *arguments):
    done = in_this_process(folder, "sweep", *arguments, "--print-slurm")
    assert done.returncode == 0, done.stderr
    script = folder / "job.sh"
    script.write_text(done.stdout)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    return script


def test_the_script_has_the_command_and_the_directives(cluster):
    write_sweep(cluster, "a sweep.yaml", sweep_content(**CARTESIAN))
    options = ("--gres", "gpu:1", "--time=4:00:00", "--parts", 3, "--set", "seed=[0, 1]")
    text = printed(cluster, "a sweep.yaml", "--out", "it's out", *options).read_text()
    lines = text.splitlines()
    assert lines[0] == "#!/bin/bash"
    directives = {line for line in lines if line.startswith("#SBATCH")}
    assert directives == {
        *("#SBATCH --job-name=gridjax", "#SBATCH --array=1-3", "#SBATCH --time=4:00:00"),
        *("#SBATCH --gres=gpu:1", "#SBATCH --signal=B:USR1@120", "#SBATCH --open-mode=append"),
        "#SBATCH --requeue",
    }
    (command,) = (line for line in lines if line.endswith(" &"))
    program, *words = shlex.split(command.removesuffix(" &"))
    assert program == str(cluster.parent / "bin dir" / "gridjax")
    expected = ["sweep", "a sweep.yaml", "--out", "it's out", "--set", "seed=[0, 1]"]
    assert words == [*expected, "--part", "auto/3"]
    assert f"cd -- {shlex.quote(str(cluster))} || exit 2" in lines


def test_python_with_a_module_is_a_program_too(cluster, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/gridjax/__main__.py", "sweep", "x.yaml"])
    lines = script_of_this_command(2, None, None, None).splitlines()
    assert f"{sys.executable} -m gridjax sweep x.yaml --part auto/2 &" in lines


def test_without_cards_each_task_has_the_cores_of_its_workers(cluster):
    write_sweep(cluster, "sweep.yaml", sweep_content(**CARTESIAN))
    arguments = ("sweep.yaml", "--out", "run", "--workers", 8)
    text = printed(cluster, *arguments).read_text()
    assert "#SBATCH --cpus-per-task=8\n" in text
    assert "#SBATCH --array=1-16\n" in text
    assert "cpus-per-task" not in printed(cluster, *arguments, "--gres", "gpu:8").read_text()


REFUSED = [
    (("--parts", "4"), "--parts is an option of the script of --print-slurm"),
    (("--gres", "gpu:1"), "--gres is an option of the script of --print-slurm"),
    (("--time", "1:00"), "--time is an option of the script of --print-slurm"),
    (("--print-slurm", "--part", "1/2"), "the script runs all parts"),
    (("--print-slurm", "--gres", "gpu:1\n#SBATCH --x"), "cannot stand in a script of SLURM"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_options_that_do_not_go_together_are_refused(options, message, cluster):
    write_sweep(cluster, "sweep.yaml", sweep_content(**CARTESIAN))
    done = in_this_process(cluster, "sweep", "sweep.yaml", "--out", "run", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert not (cluster / "run").exists()


def test_options_are_taken_out_of_a_command():
    words = ["sweep", "--parts", "3", "x", "--time=1", "--time-limit", "2h", "--print-slurm"]
    left = without_options(words, ["--print-slurm"], ["--parts", "--time"])
    assert left == ["sweep", "x", "--time-limit", "2h"]
    with pytest.raises(GridjaxError, match="--time '1 h' cannot stand"):
        slurm_script(["true"], Path("/"), 2, time="1 h")


def fake_job(cluster, program):
    """The script of another program than gridjax."""
    script = cluster / "job.sh"
    script.write_text(slurm_script([sys.executable, "-c", program], cluster, 2))
    return script


@pytest.mark.parametrize(
    ("name", "requeued"),
    [
        ("SIGUSR1", "requeue 417_2\n"),  # before the time limit
        ("SIGTERM", None),  # by scancel, or SLURM requeues the task itself
    ],
)
def test_a_signal_reaches_the_program_and_at_the_time_limit_the_task_is_requeued(
    name, requeued, cluster
):
    process = task(fake_job(cluster, SAVER), 2)
    deadline = time.monotonic() + 60
    while not (cluster / "started").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (75, "")
    assert (cluster / "signals").read_text() == f"{name}\n"
    log = cluster.parent / "requeued"
    assert (log.read_text() if log.exists() else None) == requeued


@pytest.mark.parametrize(("program", "code"), [("", 0), ("raise SystemExit(3)", 3)])
def test_a_job_that_ends_by_itself_is_not_requeued(program, code, cluster):
    process = task(fake_job(cluster, program), 1)
    process.communicate(timeout=60)
    assert process.returncode == code
    assert not (cluster.parent / "requeued").exists()


@pytest.mark.slow
def test_two_tasks_of_the_script_make_a_complete_run_also_after_a_signal(cluster):
    parameters = CARTESIAN | {
        "seed": {"values": [0, 1, 2, 3]},
        "n_grad_steps_per_epoch": {"value": 3_000},
    }
    write_sweep(cluster, "sweep.yaml", sweep_content(**parameters))
    options = ("--parts", 2, "--workers", 1, "--checkpoint-every", 0)
    script = printed(cluster, "sweep.yaml", "--out", "my run", *options)
    run, codes = cluster / "my run", []
    first = task(script, 1)
    deadline = time.monotonic() + 300
    while not list(run.glob("checkpoints/*/0*")):
        assert time.monotonic() < deadline, first.communicate()
        time.sleep(0.02)
    first.send_signal(signal.SIGUSR1)
    first.communicate(timeout=120)
    codes.append(first.returncode)
    assert codes == [75]
    assert (cluster.parent / "requeued").read_text() == "requeue 417_1\n"
    assert status(run)["parts"]["missing"] == [1, 2]
    for process in [task(script, number) for number in (1, 2)]:  # at the same time
        out, err = process.communicate(timeout=400)
        assert process.returncode == 0, out + err
    assert gj.open_run(run).is_finished
    assert status(run)["parts"]["finished"] == [1, 2]
