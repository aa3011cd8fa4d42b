"""The format of one checkpoint on disk, and its verification.

A checkpoint is a folder ``checkpoints/BLOCK/STEPS``. It contains the arrays, written by orbax, and
the file ``checkpoint.json``, called the list. The list contains the networks, their steps, the
sha256 of each array and each file, and its own sha256.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gridjax.io.atomic_files import load_checksummed_json, read_regular
from gridjax.io.json_schema import check_schema
from gridjax.run.checkpointing.array_files import Leaves, file_digests, load_arrays

LIST = "checkpoint.json"
ARRAYS = "arrays"
STEPS = re.compile("[0-9]{15}")
_SCHEMA = {
    **{"run_ids": [str], "steps": [int], "resumed": [bool], "seconds": [float | int]},
    **{"segment": int, "leaves": dict, "files": dict},
}


class Lane(NamedTuple):
    """The saved state of one network in training."""

    steps: int
    """gradient steps made"""
    leaves: Leaves
    """its arrays by name"""
    seconds: float
    """wall-clock time spent on it so far"""
    segment: int
    """number of the segment of the run in which it was saved"""
    resumed: bool
    """whether it was resumed earlier under conditions that can change the last bits"""


class Snapshot(NamedTuple):
    """The state of a block of networks in training, to be saved."""

    run_ids: Sequence[str]
    steps: Sequence[int]
    """gradient steps made, for each network"""
    leaves: Leaves
    """arrays by name, with a leading axis of lanes"""
    seconds: Sequence[float]
    segment: int
    resumed: Sequence[bool]


@dataclass(frozen=True)
class Checkpoint:
    """One checkpoint on disk whose list is verified; ``read`` reads the arrays."""

    folder: Path
    run_ids: tuple[str, ...]
    steps: tuple[int, ...]
    content: dict[str, Any]

    def steps_of(self, run_id: str) -> int:
        """Return the number of gradient steps of one network of the checkpoint."""
        return self.steps[self.run_ids.index(run_id)]

    def read(self) -> Leaves:
        """Read the arrays. Raises ValueError if a file or an array is damaged.

        The sha256 of every file is compared before orbax parses any of them.
        """
        listed = self.content["leaves"]
        try:
            files = file_digests(self.folder / ARRAYS)
        except OSError as error:
            raise ValueError(f"{ARRAYS} cannot be read: {error.strerror}") from None
        for name in sorted(files.keys() | self.content["files"].keys()):
            if files.get(name) != self.content["files"].get(name):
                raise ValueError(f"{ARRAYS}/{name} has another sha256")
        arrays = load_arrays(self.folder / ARRAYS)
        if len(arrays) != len(listed):
            raise ValueError(f"{len(arrays)} arrays, not {len(listed)}")
        leaves = {}
        for number, (name, description) in enumerate(listed.items()):
            array = arrays.get(array_name(number))
            if array is None or array.dtype.hasobject:
                raise ValueError(f"{name} is missing")
            if describe(array) != description:
                raise ValueError(f"{name} has another sha256")
            leaves[name] = array
        return leaves

    def lane(self, run_id: str, leaves: Leaves) -> Lane:
        """Return the state of one network, taken from the arrays of all networks."""
        number = self.run_ids.index(run_id)
        return Lane(
            steps=self.steps[number],
            leaves={name: array[number] for name, array in leaves.items()},
            seconds=self.content["seconds"][number],
            segment=self.content["segment"],
            resumed=self.content["resumed"][number],
        )


def read_list(path: Path) -> Checkpoint:
    """Read and verify the list of a checkpoint. Raises ValueError or OSError if it is damaged."""
    links = any(each.is_symlink() for each in (path, path / LIST, path / ARRAYS))
    if links or not STEPS.fullmatch(path.name):
        raise ValueError("is not a checkpoint of gridjax")
    content = load_checksummed_json(read_regular(path / LIST))
    _check_list(content)
    checkpoint = Checkpoint(path, tuple(content["run_ids"]), tuple(content["steps"]), content)
    if sum(checkpoint.steps) != int(path.name):
        raise ValueError(f"its list is that of step {sum(checkpoint.steps)}")
    if block_name(checkpoint.run_ids) != path.parent.name:
        raise ValueError("its list is that of other networks")
    return checkpoint


def _check_list(content: dict[str, Any]) -> None:
    """Raise ValueError unless a list has its schema, with one entry for each network."""
    check_schema(content, _SCHEMA, "its list")
    n_lanes = len(content["run_ids"])
    for name in ("steps", "resumed", "seconds"):
        if len(content[name]) != n_lanes:
            raise ValueError(f"its list has no {name} of {n_lanes} networks")


def block_name(run_ids: Sequence[str]) -> str:
    """Return the folder name of a block of networks."""
    return hashlib.sha256(" ".join(run_ids).encode()).hexdigest()[:16]


def array_name(number: int) -> str:
    """Return the name of an array in the files of orbax; such a name must not contain slashes."""
    return f"leaf_{number:04d}"


def describe(array: np.ndarray) -> dict[str, Any]:
    """Return shape, dtype and sha256 of an array, in the format of the list of a checkpoint."""
    content = np.ascontiguousarray(array)
    sha = hashlib.sha256(content.reshape(-1).view(np.uint8).data).hexdigest()
    return {"shape": list(array.shape), "dtype": str(array.dtype), "sha256": sha}


def check_shapes(leaves: Leaves, shapes: dict[str, Any], n_lanes: int) -> None:
    """Raise ValueError unless the arrays have these shapes and dtypes for ``n_lanes`` networks."""
    found = {name: (array.shape[1:], str(array.dtype)) for name, array in leaves.items()}
    wanted = {name: (tuple(each.shape), str(each.dtype)) for name, each in shapes.items()}
    if any(array.shape[:1] != (n_lanes,) for array in leaves.values()):
        raise ValueError("its arrays are of another number of networks")
    if found != wanted:
        raise ValueError("its arrays are those of another network")
