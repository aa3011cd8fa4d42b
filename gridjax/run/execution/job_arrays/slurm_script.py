"""Batch script of SLURM for the parts of a run: a job array whose tasks are requeued until done."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from gridjax.errors import GridjaxError, Problem

_VALUE = re.compile(r"[\w.,:=()*%@+-]+")
_NOTICE_S = 120
"""Seconds before the time limit at which SLURM sends the signal to stop. A checkpoint of large
networks takes some seconds."""

_SCRIPT = """\
#!/bin/bash
# gridjax in {n_parts} parts. Submit it with sbatch; some parts alone with sbatch --array=3,7-9.
{directives}

cd -- {folder} || exit 2

child=
requeue=0
pass_on() {{
    passed=1
    if [ -n "$child" ]; then kill -s "$1" "$child" 2>/dev/null; fi
}}
# USR1 comes before the time limit. TERM comes from scancel, after which the task must not run
# again, and from a preemption, after which SLURM itself puts the task into the queue.
trap 'requeue=1; pass_on USR1' USR1
trap 'pass_on TERM' TERM

{command} &
child=$!

# A signal ends the wait, not gridjax, which saves its networks and ends with exit code 75.
passed=1
while [ "$passed" = 1 ]; do
    passed=0
    wait "$child"
    status=$?
done

# 138: the signal came before gridjax had started. The job of the last task to start has the number
# of the whole array, all of which would be put into the queue: the task is named by both numbers.
case "$requeue $status" in
    "1 75" | "1 138") scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID" ;;
esac
exit "$status"
"""


def slurm_script(
    command: Sequence[str],
    folder: Path,
    n_parts: int,
    gres: str | None = None,
    time: str | None = None,
    cpus: int | None = None,
) -> str:
    """Return the script of a job array with one task for each part.

    A task that is preempted or reaches its time limit saves its networks and is requeued.

    Args:
        command: the words of the command of one part.
        folder: the folder in which it is run.
        n_parts: number of parts.
        gres: generic resources of each task, such as ``gpu:1``.
        time: time limit of each task in the form of SLURM, such as ``4:00:00``.
        cpus: CPU cores of each task; None: the default of the cluster.

    Raises GridjaxError if a value cannot stand in a directive of SLURM.
    """
    options = {
        "job-name": "gridjax",
        "array": f"1-{n_parts}",
        "time": time,
        "gres": gres,
        "cpus-per-task": None if cpus is None else str(cpus),
        "signal": f"B:USR1@{_NOTICE_S}",
        "open-mode": "append",
    }
    given = {name: value for name, value in options.items() if value is not None}
    for name, value in given.items():
        if not _VALUE.fullmatch(value):
            message = f"--{name} {value!r} cannot stand in a script of SLURM"
            raise GridjaxError(Problem(message, fix="write it as for sbatch, without spaces"))
    directives = [f"#SBATCH --{name}={value}" for name, value in given.items()]
    return _SCRIPT.format(
        n_parts=n_parts,
        directives="\n".join([*directives, "#SBATCH --requeue"]),
        folder=shlex.quote(str(folder)),
        command=shlex.join(command),
    )


def without_options(
    words: Sequence[str], flags: Sequence[str], options: Sequence[str]
) -> list[str]:
    """Return the words of a command line without flags, and without options and their values."""
    left: list[str] = []
    is_value = False
    for word in words:
        if is_value:
            is_value = False
        elif word in options:
            is_value = True
        elif word not in flags and word.partition("=")[0] not in options:
            left.append(word)
    return left
