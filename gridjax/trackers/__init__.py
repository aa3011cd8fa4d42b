"""Experiment trackers as callbacks: one tracker run for each population.

Each callback needs its library, which an extra of gridjax installs.
"""

from gridjax.trackers.mlflow_tracker import MLflow
from gridjax.trackers.tensorboard_tracker import TensorBoard
from gridjax.trackers.tracker import Tracker
from gridjax.trackers.wandb_tracker import WandB

__all__ = ["MLflow", "TensorBoard", "Tracker", "WandB"]
