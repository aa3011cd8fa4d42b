"""A synthetic run folder with two finished networks, and checkpoints for it, to be damaged."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from synthetic import synthetic_run

from gridjax.io.atomic_files import dump_checksummed_json
from gridjax.run.checkpointing.block_folder import CHECKPOINTS, BlockFolder
from gridjax.run.checkpointing.checkpoint_list import Snapshot
from gridjax.run.planning.blocks import block_name
from gridjax.run.planning.plan import make_plan
from gridjax.run.storage.block_results import results_of
from gridjax.run.storage.manifest import make_manifest
from gridjax.run.storage.run_folder import FolderStore, commit_block
from gridjax.sweep.sweep import Sweep

from .forkedreader import HERE

DEVICE = {"platform": "cpu", "kind": "cpu", "threads": 1, "deterministic": False}
DRAWN = {
    "method": "random",
    "run_cap": 4,
    "parameters": {
        "Ng": {"min": 8, "max": 40},
        "Np": {"value": 32},
        "surround_scale": {"values": ["Uniform(2, 3)", 1, 2]},
        "n_place_fields_per_cell": {"values": ["Poisson(2)", 1]},
    },
    "gridjax": {"fidelity": "published", "keep_maps": "best:4"},
}
SWEEP = Sweep.from_dict(DRAWN, skip_invalid=True)
MANIFEST_CONTENT = make_manifest(SWEEP, make_plan(SWEEP.specs), DEVICE, "float32")


RUN_IDS = MANIFEST_CONTENT["run_ids"][2:]
"""The networks that are not finished: one block in training."""
FIRST_RUN_ID = min(MANIFEST_CONTENT["run_ids"][:2], key=lambda run_id: block_name([run_id]))
"""The network of the first shard by name."""


def block_folder(run: Path) -> BlockFolder:
    """The checkpoints of the block in training."""
    return BlockFolder(run / CHECKPOINTS / block_name(RUN_IDS))


def save(run: Path, steps: int, leaves=None) -> Path:
    """Save a checkpoint of the block in training; return its folder."""
    n = len(RUN_IDS)
    leaves = {"w": np.ones((n, 3), np.float32)} if leaves is None else leaves
    snapshot = Snapshot(RUN_IDS, [steps] * n, leaves, [1.0] * n, 0, [False] * n, RUN_IDS, steps)
    block = block_folder(run)
    block.save(snapshot)
    block.wait()
    return block.folder / f"{steps:015d}"


def make_run(folder):
    """Write the run, and beside its manifest that of the same sweep on another machine."""
    specs = SWEEP.specs[:2]
    networks = synthetic_run(specs, keep_maps="best:4", weights=False)._store.networks
    store = FolderStore.create(folder, MANIFEST_CONTENT, {})
    for network in networks:  # two blocks of one network each
        network = replace(network, weights={"params/W": np.ones((3, 4), np.float32)})
        commit_block(folder, results_of([network]))
    here = MANIFEST_CONTENT | {"device": DEVICE | {"threads": 7}}
    (folder / HERE).write_bytes(dump_checksummed_json(here))
    return store
