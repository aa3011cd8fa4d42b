"""The part of a run that its blocks share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gridjax.run.checkpointing.block_checkpointer import CheckpointPolicy
from gridjax.sweep.settings.run_settings import Settings


@dataclass(frozen=True)
class Job:
    """The part of a run that is the same for all its blocks."""

    folder: Path
    settings: Settings
    policy: CheckpointPolicy
