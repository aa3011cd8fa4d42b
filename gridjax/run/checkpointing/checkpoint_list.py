"""The format of one checkpoint on disk, and its verification.

A checkpoint is a folder ``checkpoints/BLOCK/STEPS``. It contains the folder ``arrays``, written by
orbax, and the file ``checkpoint.json``, called the list. The list contains the networks, their
steps, the sha256 of each array and of each small file, the size of each large file, and its own
sha256. A large file contains nothing but arrays, so that their sha256 covers it; it is not hashed a
second time.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gridjax.io.atomic_files import load_checksummed_json, read_regular
from gridjax.io.json_schema import check_schema
from gridjax.run.checkpointing.async_arrays import Leaves, read_arrays

LIST = "checkpoint.json"
ARRAYS = "arrays"
STEPS = re.compile("[0-9]{15}")
UNREADABLE = (OSError, ValueError, KeyError, TypeError, RecursionError)
"""Exceptions that can occur when a damaged checkpoint is read."""
_SMALL = 1 << 20
"""Bytes up to which a file is hashed as a whole."""
_SCHEMA = {
    **{"block": str, "block_steps": int, "networks": [str], "segment": int},
    **{"run_ids": [str], "steps": [int], "resumed": [bool], "seconds": [float | int]},
    **{"leaves": dict, "files": dict},
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
    """The state of the networks of a block that are in training, to be saved."""

    run_ids: Sequence[str]
    """the networks in training"""
    steps: Sequence[int]
    """gradient steps made, for each network"""
    leaves: Mapping[str, Any]
    """NumPy or JAX arrays by name, with a leading axis of these networks"""
    seconds: Sequence[float]
    segment: int
    resumed: Sequence[bool]
    networks: Sequence[str]
    """run_ids of all networks of the block, in the order of its list"""
    block_steps: int
    """gradient steps made by the block so far, those of finished networks included"""

    def listed(self, block: str) -> dict[str, Any]:
        """Return the entries of the list that do not describe arrays or files."""
        return {
            "block": block,
            "block_steps": int(self.block_steps),
            "networks": list(self.networks),
            "run_ids": list(self.run_ids),
            "steps": [int(steps) for steps in self.steps],
            "seconds": [float(seconds) for seconds in self.seconds],
            "segment": int(self.segment),
            "resumed": [bool(resumed) for resumed in self.resumed],
        }


@dataclass(frozen=True)
class Checkpoint:
    """One checkpoint on disk whose list is verified; ``read`` reads the arrays."""

    folder: Path
    run_ids: tuple[str, ...]
    """the networks in training"""
    steps: tuple[int, ...]
    """gradient steps of these networks"""
    networks: tuple[str, ...]
    """all networks of the block"""
    block_steps: int
    """gradient steps made by the block, those of finished networks included"""
    content: dict[str, Any]

    def steps_of(self, run_id: str) -> int:
        """Return the number of gradient steps of one network of the checkpoint."""
        return self.steps[self.run_ids.index(run_id)]

    def read(self) -> Leaves:
        """Read the arrays. Raises ValueError if a file or an array is damaged.

        Names, sizes and the sha256 of small files are compared before orbax parses any of them.
        """
        listed = self.content["leaves"]
        try:
            files = describe_files(self.folder / ARRAYS)
        except OSError as error:
            raise ValueError(f"{ARRAYS} cannot be read: {error.strerror}") from None
        for name in sorted(files.keys() | self.content["files"].keys()):
            if files.get(name) != self.content["files"].get(name):
                raise ValueError(f"{ARRAYS}/{name} differs from its list")
        arrays = read_arrays(self.folder / ARRAYS)
        if arrays.keys() != listed.keys():
            raise ValueError(f"{len(arrays)} arrays, not the {len(listed)} of its list")
        for name, description in listed.items():
            if arrays[name].dtype.hasobject or describe_array(arrays[name]) != description:
                raise ValueError(f"{name} has another sha256")
        return {name: arrays[name] for name in listed}

    def lanes(self, leaves: Leaves) -> dict[str, Lane]:
        """Return the state of each network, given the arrays of all networks."""
        return {
            run_id: Lane(
                steps=self.steps[number],
                leaves={name: array[number] for name, array in leaves.items()},
                seconds=self.content["seconds"][number],
                segment=self.content["segment"],
                resumed=self.content["resumed"][number],
            )
            for number, run_id in enumerate(self.run_ids)
        }


def read_list(path: Path) -> Checkpoint:
    """Read and verify the list of a checkpoint. Raises ValueError or OSError if it is damaged."""
    links = any(each.is_symlink() for each in (path, path / LIST, path / ARRAYS))
    if links or not STEPS.fullmatch(path.name):
        raise ValueError("is not a checkpoint of gridjax")
    content = load_checksummed_json(read_regular(path / LIST))
    check_schema(content, _SCHEMA, "its list")
    n_lanes = len(content["run_ids"])
    for name in ("steps", "resumed", "seconds"):
        if len(content[name]) != n_lanes:
            raise ValueError(f"its list has no {name} of {n_lanes} networks")
    if content["block_steps"] != int(path.name):
        raise ValueError(f"its list is that of step {content['block_steps']}")
    if content["block"] != path.parent.name:
        raise ValueError("its list is that of another block")
    return Checkpoint(
        folder=path,
        run_ids=tuple(content["run_ids"]),
        steps=tuple(content["steps"]),
        networks=tuple(content["networks"]),
        block_steps=content["block_steps"],
        content=content,
    )


def describe_array(array: np.ndarray) -> dict[str, Any]:
    """Return shape, dtype and sha256 of an array, in the format of the list of a checkpoint."""
    content = np.ascontiguousarray(array)
    sha = hashlib.sha256(content.reshape(-1).view(np.uint8).data).hexdigest()
    return {"shape": list(array.shape), "dtype": str(array.dtype), "sha256": sha}


def describe_files(folder: Path) -> dict[str, Any]:
    """Return size and, if it is small, sha256 of every file in a folder, by relative path.

    Links, pipes and the like are described as such, and not opened.
    """
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = "a link"
        elif path.is_dir():
            continue
        elif not path.is_file():
            found[name] = "no regular file"
        else:
            n_bytes = path.stat().st_size
            found[name] = {"bytes": n_bytes}
            if n_bytes <= _SMALL:
                found[name]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def check_shapes(leaves: Leaves, shapes: Mapping[str, Any], n_lanes: int) -> None:
    """Raise ValueError unless the arrays have these shapes and dtypes for ``n_lanes`` networks."""
    found = {name: (array.shape[1:], str(array.dtype)) for name, array in leaves.items()}
    wanted = {name: (tuple(each.shape), str(each.dtype)) for name, each in shapes.items()}
    if any(array.shape[:1] != (n_lanes,) for array in leaves.values()):
        raise ValueError("its arrays are of another number of networks")
    if found != wanted:
        raise ValueError("its arrays are those of another network")
