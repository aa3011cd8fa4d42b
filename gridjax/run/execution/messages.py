"""Messages between a run and its worker processes: one line of JSON each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from gridjax import callbacks, errors
from gridjax.callbacks import RunEvent
from gridjax.errors import GridjaxError, Place, Problem
from gridjax.run.checkpointing.block_checkpointer import CheckpointPolicy
from gridjax.run.execution.child_process import Message
from gridjax.run.planning.blocks import Block
from gridjax.run.planning.merging import bucket_shape
from gridjax.run.worker.worker import Job
from gridjax.spec.network import NetworkSpec
from gridjax.spec.place_maps import PlaceMaps
from gridjax.sweep.settings.run_settings import EvaluationSettings, Settings


def message_of_job(job: Job) -> Message:
    """Return the part of a run that all its blocks share as a message."""
    return {
        "folder": str(job.folder),
        "settings": job.settings.to_dict(),
        "policy": dataclasses.asdict(job.policy),
    }


def job_of(message: Message) -> Job:
    """Return the job of a message."""
    settings = dict(message["settings"])
    evaluation = EvaluationSettings(**settings.pop("evaluation"))
    return Job(
        folder=Path(message["folder"]),
        settings=Settings(evaluation=evaluation, **settings),
        policy=CheckpointPolicy(**message["policy"]),
    )


def message_of_block(block: Block) -> Message:
    """Return a block as a message; measured place cells are named by their sha256 alone."""
    rows = [
        [spec.to_sparse_dict(), [row.to_sparse_dict() for row in own]]
        for spec, own in block.rows.items()
    ]
    return {"lane_width": block.lane_width, "rows": rows}


def block_of(message: Message, merge: bool, place_maps: Mapping[str, str]) -> Block:
    """Return the block of a message.

    ``merge`` is the setting of the run. ``place_maps`` are .npy files of measured place cells by
    their sha256.
    """
    rows = {
        _spec_of(spec, place_maps): tuple(_spec_of(row, place_maps) for row in own)
        for spec, own in message["rows"]
    }
    static = bucket_shape(merge)(next(iter(rows)))
    return Block(static, message["lane_width"], rows)


def write_place_maps(specs: Iterable[NetworkSpec], folder: Path) -> tuple[tuple[str, str], ...]:
    """Write the measured place cells of networks to files; return (sha256, file) of each."""
    maps = {spec.place_maps.digest: spec.place_maps.maps for spec in specs if spec.place_maps}
    files = []
    for digest, array in maps.items():
        path = folder / f"{digest}.npy"
        np.save(path, np.asarray(array), allow_pickle=False)
        files.append((digest, str(path)))
    return tuple(files)


def _spec_of(values: Message, place_maps: Mapping[str, str]) -> NetworkSpec:
    spec = NetworkSpec.from_dict(values)
    if spec.place_maps is None:
        return spec
    digest = spec.place_maps.digest
    maps = np.load(place_maps[digest], allow_pickle=False)
    return dataclasses.replace(spec, place_maps=PlaceMaps(digest, maps))


def message_of_event(event: RunEvent) -> Message:
    """Return an event of a run as a message."""
    return {"event": type(event).__name__, "values": dataclasses.asdict(event)}


def event_of(message: Message) -> RunEvent:
    """Return the event of a message."""
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in message["values"].items()
    }
    event: RunEvent = getattr(callbacks, message["event"])(**values)
    return event


def message_of_error(error: GridjaxError) -> Message:
    """Return an error for the user as a message."""
    problems = [dataclasses.asdict(problem) for problem in error.problems]
    return {"error": type(error).__name__, "problems": problems}


def error_of(message: Message) -> GridjaxError:
    """Return the error of a message."""
    problems = []
    for each in message["problems"]:
        place = None if each["place"] is None else Place(**each["place"])
        problems.append(Problem(each["message"], place, each["fix"]))
    error: GridjaxError = getattr(errors, message["error"])(problems)
    return error


def exception_of(message: Message) -> Exception:
    """Return the exception that another process reports: an error for the user, or a traceback."""
    if "error" in message:
        return error_of(message)
    return RuntimeError(f"a worker process failed:\n{message['failure']}")
