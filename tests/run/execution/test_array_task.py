"""The part of a task of a job array, from the variables of each batch system."""

import pytest

from gridjax.errors import GridjaxError
from gridjax.run.execution.job_arrays.array_task import part_named, read_part
from gridjax.run.planning.parts import Part


def slurm(index, first, last, count):
    names = ("ID", "MIN", "MAX", "COUNT")
    values = (index, first, last, count)
    pairs = zip(names, values, strict=True)
    return {f"SLURM_ARRAY_TASK_{name}": str(value) for name, value in pairs}


TASKS = [
    ("3/16", {}, (3, 16)),
    ("auto", slurm(3, 1, 16, 16), (3, 16)),
    ("auto", slurm(0, 0, 15, 16), (1, 16)),
    ("auto", slurm(15, 0, 15, 16), (16, 16)),
    ("auto", slurm(5, 1, 7, 4), (3, 4)),  # --array=1-7:2
    ("auto", slurm(9, 9, 9, 1), (1, 1)),
    ("auto/16", slurm(9, 3, 9, 3), (9, 16)),  # --array=3,7,9 of the script for 16 parts
    ("auto/16", {"PBS_ARRAY_INDEX": "16"}, (16, 16)),
    ("auto/16", {"PBS_ARRAYID": "1"}, (1, 16)),
    ("auto", {"LSB_JOBINDEX": "2", "LSB_JOBINDEX_END": "4"}, (2, 4)),
    ("auto/4", {"LSB_JOBINDEX": "2"}, (2, 4)),
    ("auto/16", {"AWS_BATCH_JOB_ARRAY_INDEX": "0"}, (1, 16)),
    ("auto/16", {"AWS_BATCH_JOB_ARRAY_INDEX": "15"}, (16, 16)),
    ("auto/2", {"LSB_JOBINDEX": "0", "AWS_BATCH_JOB_ARRAY_INDEX": "1"}, (2, 2)),
]


@pytest.mark.parametrize(("text", "environment", "part"), TASKS)
def test_the_part_of_a_task(text, environment, part):
    assert part_named(text, environment) == part


REFUSED = [
    ("auto", {}, "no task of a job array", "SLURM_ARRAY_TASK_ID, PBS_ARRAY_INDEX"),
    ("auto/4", {"LSB_JOBINDEX": "0"}, "no task of a job array", "NUMBER/COUNT"),
    ("auto", {"PBS_ARRAY_INDEX": "3"}, "does not tell how many parts", "auto/16"),
    ("auto", {"AWS_BATCH_JOB_ARRAY_INDEX": "3"}, "does not tell how many parts", "auto/16"),
    ("auto/16", slurm(0, 0, 15, 16), "SLURM_ARRAY_TASK_ID=0 is no part of 16", "from 1 to 16"),
    ("auto/16", {"PBS_ARRAYID": "17"}, "PBS_ARRAYID=17 is no part of 16", "from 1 to 16"),
    ("auto", slurm(7, 3, 9, 3) | {"SLURM_ARRAY_TASK_ID": "7"}, "not evenly numbered", "auto/COUNT"),
    ("auto", {"SLURM_ARRAY_TASK_ID": "3"}, "SLURM_ARRAY_TASK_MIN= is not a number", "3/16"),
    ("auto/4", {"PBS_ARRAY_INDEX": "x"}, "PBS_ARRAY_INDEX=x is not a number", "3/16"),
    ("auto/0", {}, "is not a part", "auto"),
    ("3 of 16", {}, "is not a part", "3/16"),
]


@pytest.mark.parametrize(("text", "environment", "message", "fix"), REFUSED)
def test_what_names_no_part_is_refused_with_what_to_write(text, environment, message, fix):
    with pytest.raises(GridjaxError, match=message) as caught:
        part_named(text, environment)
    (problem,) = caught.value.problems
    assert fix in (problem.fix or "")


def test_parts_are_read():
    assert read_part("3/16") == Part(3, 16)
    assert str(Part(3, 16)) == "3/16"
    for text in ("", "3", "0/4", "5/4", "-1/4", "1/4 ", "a/b", "1/4/2", "1.0/4"):
        with pytest.raises(GridjaxError, match="is not a part"):
            read_part(text)
