"""The part of a run that a task of a job array trains, from the variables of the batch system."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from gridjax.errors import GridjaxError, Problem
from gridjax.run.planning.parts import Part

AUTO = "auto"
_PART = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")
_AUTO_OF = re.compile(r"auto/([1-9][0-9]{0,5})")
_SLURM = "SLURM_ARRAY_TASK_ID"
_INDEX = (_SLURM, "PBS_ARRAY_INDEX", "PBS_ARRAYID", "LSB_JOBINDEX", "AWS_BATCH_JOB_ARRAY_INDEX")
_FROM_ZERO = ("AWS_BATCH_JOB_ARRAY_INDEX",)
"""Variables whose first value is always 0."""


def read_part(text: str) -> Part:
    """Return the part that a text such as ``3/16`` names.

    Raises GridjaxError for any other text.
    """
    found = _PART.fullmatch(text)
    part = Part(int(found[1]), int(found[2])) if found else Part(0, 0)
    if not 1 <= part.number <= part.n_parts:
        fix = "write NUMBER/COUNT with a number from 1 to the count, such as 3/16, or auto"
        raise GridjaxError(Problem(f"--part {text} is not a part", fix=fix))
    return part


def part_named(text: str, environment: Mapping[str, str] = os.environ) -> Part:
    """Return the part that an option names: ``3/16``, ``auto/16`` or ``auto``.

    With ``auto/16``, the batch system gives the number of the part, and with ``auto`` also how many
    parts there are: SLURM and LSF tell this to their tasks, PBS and AWS Batch do not.

    Args:
        text: the option.
        environment: variables of the process: SLURM_ARRAY_TASK_ID with _MIN, _MAX, _COUNT and
            _STEP, PBS_ARRAY_INDEX, PBS_ARRAYID, LSB_JOBINDEX with _END, or
            AWS_BATCH_JOB_ARRAY_INDEX.

    Raises GridjaxError if the text names no part, or the process is no task of a job array with
    such a part.
    """
    count = _AUTO_OF.fullmatch(text)
    if text != AUTO and count is None:
        return read_part(text)
    name = next((each for each in _INDEX if environment.get(each, "") not in _ABSENT[each]), None)
    if name is None:
        message = f"--part {text}: this process is no task of a job array"
        fix = f"none of {', '.join(_INDEX)} is set; write --part NUMBER/COUNT, such as 3/16"
        raise GridjaxError(Problem(message, fix=fix))
    number = _number(environment, name) + (name in _FROM_ZERO)
    if count is not None:
        part = Part(number, int(count[1]))
        fix = f"number the tasks from 1 to {part.n_parts}"
    elif name == _SLURM:
        return _part_of_slurm(number, environment)
    elif name == "LSB_JOBINDEX" and "LSB_JOBINDEX_END" in environment:
        part = Part(number, _number(environment, "LSB_JOBINDEX_END"))
        fix = f"number the tasks from 1 to {part.n_parts}"
    else:
        message = f"--part auto: {name}={number} does not tell how many parts there are"
        raise GridjaxError(Problem(message, fix="write --part auto/COUNT, such as auto/16"))
    if not 1 <= part.number <= part.n_parts:
        message = f"--part {text}: {name}={environment[name]} is no part of {part.n_parts}"
        raise GridjaxError(Problem(message, fix=fix))
    return part


_ABSENT = dict.fromkeys(_INDEX, ("",)) | {"LSB_JOBINDEX": ("", "0")}
"""Values of each variable outside of an array; LSF sets it to 0."""


def _part_of_slurm(number: int, environment: Mapping[str, str]) -> Part:
    first, last, count = (
        _number(environment, f"SLURM_ARRAY_TASK_{name}") for name in ("MIN", "MAX", "COUNT")
    )
    step = (last - first) // max(count - 1, 1) or 1
    part = Part((number - first) // step + 1, count)
    is_regular = last - first == (count - 1) * step and (number - first) % step == 0
    if not is_regular or not 1 <= part.number <= count:
        message = f"--part auto: the tasks {first} to {last} of this array are not evenly numbered"
        fix = "write --part auto/COUNT with the number of parts of the first array"
        raise GridjaxError(Problem(message, fix=fix))
    return part


def _number(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name, "")
    if not re.fullmatch(r"[0-9]{1,9}", text):
        message = f"--part auto: {name}={text} is not a number"
        raise GridjaxError(Problem(message, fix="write --part NUMBER/COUNT, such as 3/16"))
    return int(text)
