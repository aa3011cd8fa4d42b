"""gridjax: whole populations of path-integrating networks, trained, scored and compared.

The public names are imported when first used, so that ``import gridjax`` and the command line's
``--help`` start neither JAX nor pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gridjax.version import __version__

_HOME = {
    "Cell": "gridjax.model.cells",
    "Encoding": "gridjax.world.encodings",
    "GridjaxError": "gridjax.errors",
    "Loss": "gridjax.model.losses",
    "NetworkSpec": "gridjax.spec",
    "Sweep": "gridjax.study.sweep",
    "grid_score": "gridjax.measure.gridscore",
    "open_run": "gridjax.study.results",
    "rate_map": "gridjax.measure.recordings",
    "register_cell": "gridjax.model.cells",
    "register_encoding": "gridjax.world.encodings",
    "register_loss": "gridjax.model.losses",
    "simulate_trajectories": "gridjax.world.motion",
    "train": "gridjax.study.launch",
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
    from gridjax.measure.gridscore import grid_score
    from gridjax.measure.recordings import rate_map
    from gridjax.model.cells import Cell, register_cell
    from gridjax.model.losses import Loss, register_loss
    from gridjax.spec import NetworkSpec
    from gridjax.study.launch import train
    from gridjax.study.results import open_run
    from gridjax.study.sweep import Sweep
    from gridjax.world.encodings import Encoding, register_encoding
    from gridjax.world.motion import simulate_trajectories


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'gridjax' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
