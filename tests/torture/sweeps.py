"""The sweep that is tortured, and what a run of it promises to the bit."""

from tiny import CARTESIAN, sweep_content

import gridjax as gj
from gridjax.run.checkpointing.checkpoints import Checkpoints
from gridjax.run.storage.run_folder import FolderStore
from gridjax.run.storage.schema import TABLES

N_NETWORKS = 4


def tortured(n_steps):
    """Two blocks of two networks, one of which diverges; the weights of the best are kept."""
    parameters = {
        "n_grad_steps_per_epoch": {"value": n_steps},
        "seed": {"values": [0, 3]},
        "learning_rate": {"values": [2e-3, 1e30]},
    }
    content = sweep_content(**CARTESIAN | parameters)
    content["gridjax"] = content["gridjax"] | {"lane_width": 2, "keep_weights": "best:1"}
    return gj.Sweep.from_dict(content)


TIMED = ("timings.parquet", "shard.json")
"""Wall-clock times, and the sha256 of them: no two runs have the same"""


def promised(folder):
    """Return the bytes of every file that is the same whatever happened to a run on its way."""
    tables = {name: (folder / f"{name}.parquet") for name in TABLES if name != "timings"}
    return {name: path.read_bytes() for name, path in tables.items()} | shards(folder)


def shards(folder):
    """Return the bytes of every network's files, by run_id and name."""
    return {
        shard.name: {
            path.name: path.read_bytes() for path in shard.iterdir() if path.name not in TIMED
        }
        for shard in (folder / "shards").iterdir()
    }


def steps_kept(folder, n_steps):
    """Return the gradient steps that need not be made again, over all networks."""
    if not (folder / "manifest.json").exists():
        return 0
    committed = FolderStore.open(folder).committed()
    newest = {}
    for checkpoint in Checkpoints(folder).listed():
        for run_id, steps in zip(checkpoint.run_ids, checkpoint.steps, strict=True):
            newest[run_id] = max(steps, newest.get(run_id, 0))
    in_training = [steps for run_id, steps in newest.items() if run_id not in committed]
    return n_steps * len(committed) + sum(in_training)
