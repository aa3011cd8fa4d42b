"""Files that are no measured place cells: refused, whatever they hold, and nothing executed."""

import os
import struct

import numpy as np
import pytest
from sweep_files import problems_of, write

from gridjax.errors import GridjaxError
from gridjax.recordings.readers import read_inputs
from gridjax.sweep.files.place_map_files import read_maps
from gridjax.sweep.sweep import Sweep

PLAIN = "'fortran_order': False, 'shape': (3, 8, 8)}"


def npy(header):
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(3 * 8 * 8 * 8)


def refusal(path):
    with pytest.raises(GridjaxError) as caught:
        read_maps(path)
    (problem,) = caught.value.problems
    assert str(problem).isascii()
    assert len(str(problem)) < 500
    return problem.message


@pytest.mark.parametrize(
    "header",
    [
        "",
        "{[]: 1}",
        "(((((",
        "[" * 9000,
        "-" * 9000 + "1",
        "'''",
        "  x\n y",
        "{1: 2, 'a': 3}",
        f"{{'descr': '<08', {PLAIN}",
        f"{{'descr': ',f8', {PLAIN}",
        f"{{'descr': '|O', {PLAIN}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (True, 2, 2)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-3, 2, 2)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999, 2, 2)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4)}",
    ],
)
def test_damaged_headers_are_refused(tmp_path, header):
    path = tmp_path / "maps.npy"
    path.write_bytes(npy(header))
    assert "cannot be read" in refusal(path)
    (problem,) = problems_of(read_inputs, [path])  # as an input of gridjax score
    assert "cannot be read" in problem.message


def test_objects_are_never_unpickled(tmp_path):
    marker = tmp_path / "executed"

    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(marker),)

    np.save(tmp_path / "maps.npy", np.array([Attack()], object), allow_pickle=True)
    assert "cannot be read" in refusal(tmp_path / "maps.npy")
    assert not marker.exists()


def test_pipes_devices_folders_and_far_too_long_files_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.npy")  # to open it would wait for ever
    with (tmp_path / "long.npy").open("wb") as file:
        file.truncate(1 << 40)
    for path, what in [
        (tmp_path / "pipe.npy", "regular file"),
        ("/dev/zero", "regular file"),
        (tmp_path, "regular file"),
        (tmp_path / "long.npy", "is longer than"),
        (tmp_path / "no.npy", "No such file"),
    ]:
        sweep = f"parameters: {{}}\ngridjax: {{place_maps: {path}}}\n"
        problems = problems_of(Sweep.from_yaml, write(tmp_path, sweep))
        assert what in problems[0].message
        assert problems[0].place.line == 2
