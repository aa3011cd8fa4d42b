"""A sweep of one network, and what a run of it has on the disk."""

from tiny import CARTESIAN, sweep_content

import gridjax as gj
from gridjax.run.checkpointing.block_folder import block_folders

STEPS = {"n_grad_steps_per_epoch": {"value": 400}}


def sweep():
    return gj.Sweep.from_dict(sweep_content(**CARTESIAN | STEPS))


def checkpoints(folder):
    """Return the checkpoints of a run with one block in training, newest first."""
    return [each for block in block_folders(folder)[0] for each in block.listed()]


def steps_saved(folder):
    return [sum(each.steps) for each in checkpoints(folder)]


def one_shard(folder):
    (shard,) = (folder / "shards").iterdir()
    return shard
