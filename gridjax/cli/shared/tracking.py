"""Options of gridjax sweep, study and scan for experiment trackers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridjax.callbacks import RunCallback
from gridjax.errors import GridjaxError, Problem
from gridjax.io.text import did_you_mean

NAMES = ("wandb", "mlflow", "tensorboard")


def _known(names: list[str] | None) -> list[str] | None:
    """Return the trackers that --track names. Raises GridjaxError if one is unknown."""
    for name in names or ():
        if name not in NAMES:
            fix = did_you_mean(name, NAMES) or f"one of {', '.join(NAMES)}"
            raise GridjaxError(Problem(f"--track {name} is unknown", fix=fix))
    return names


Track = Annotated[
    list[str] | None,
    typer.Option(
        "--track",
        metavar="|".join(NAMES),
        callback=_known,
        help="Record the run in Weights & Biases, MLflow or TensorBoard. Needs the extra of the"
        " same name. May be repeated.",
    ),
]
TrackProject = Annotated[
    str | None,
    typer.Option(
        "--track-project",
        metavar="NAME",
        help="Project (Weights & Biases), experiment (MLflow) or folder (TensorBoard) of the"
        " record. Default: gridjax; for TensorBoard, the folder tensorboard in DIR.",
    ),
]
TrackNetworks = Annotated[
    bool,
    typer.Option(
        "--track-networks", help="At the end, also record each network as a separate run."
    ),
]


def tracker_callbacks(
    names: list[str] | None, project: str | None, per_network: bool
) -> list[RunCallback]:
    """Return the callback of each named tracker.

    Raises GridjaxError if a library is not installed, or if an option has no --track.
    """
    if not names:
        if project is not None or per_network:
            option = "--track-networks" if project is None else f"--track-project {project}"
            fix = f"add --track and one of {', '.join(NAMES)}"
            raise GridjaxError(Problem(f"{option} needs --track", fix=fix))
        return []
    from gridjax.trackers import MLflow, TensorBoard, WandB

    made: dict[str, RunCallback] = {}
    for name in names:
        if name == "tensorboard":
            folder = None if project is None else Path(project)
            made[name] = TensorBoard(folder, per_network=per_network)
        else:
            tracker = WandB if name == "wandb" else MLflow
            made[name] = tracker(project or "gridjax", per_network=per_network)
    return list(made.values())
