"""gridjax: whole populations of path-integrating networks, trained, scored and compared.

The public names are imported when first used, so that ``import gridjax`` and the command line's
``--help`` start neither JAX nor pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gridjax.version import __version__

_HOME = {
    "Cell": "gridjax.model.cells",
    "Encoding": "gridjax.task.target_codes",
    "GridjaxError": "gridjax.errors",
    "Loss": "gridjax.model.losses",
    "NetworkSpec": "gridjax.spec.parameters",
    "Sweep": "gridjax.sweep.sweep",
    "grid_score": "gridjax.metrics.gridscore.grid_score",
    "open_run": "gridjax.run.storage.run_reader",
    "rate_map": "gridjax.metrics.ratemaps.rate_map",
    "register_cell": "gridjax.model.cells",
    "register_encoding": "gridjax.task.target_codes",
    "register_loss": "gridjax.model.losses",
    "simulate_trajectories": "gridjax.task.motion",
    "train": "gridjax.run.execution.train",
}

__all__ = [
    "Cell",
    "Encoding",
    "GridjaxError",
    "Loss",
    "NetworkSpec",
    "Sweep",
    "__version__",
    "grid_score",
    "open_run",
    "rate_map",
    "register_cell",
    "register_encoding",
    "register_loss",
    "simulate_trajectories",
    "train",
]

if TYPE_CHECKING:
    from gridjax.errors import GridjaxError
    from gridjax.metrics.gridscore.grid_score import grid_score
    from gridjax.metrics.ratemaps.rate_map import rate_map
    from gridjax.model.cells import Cell, register_cell
    from gridjax.model.losses import Loss, register_loss
    from gridjax.run.execution.train import train
    from gridjax.run.storage.run_reader import open_run
    from gridjax.spec.network import NetworkSpec
    from gridjax.sweep.sweep import Sweep
    from gridjax.task.motion import simulate_trajectories
    from gridjax.task.target_codes import Encoding, register_encoding


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'gridjax' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
